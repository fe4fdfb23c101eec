"""How many steps a second a mode will make, from what an actor and the learner can do by themselves."""

import math
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Mode: TypeAlias = Literal["single", "parallel", "ultra"]

MODES: Final[tuple[Mode, ...]] = ("single", "parallel", "ultra")

_ENOUGH: Final = 0.97
"""Workers are added only while they bring more than the rest of it."""


@dataclass(frozen=True)
class Rates:
    """Steps a second: what one actor plays on a core of its own, and what the learner can learn from."""

    actor: float
    learner: float


@dataclass(frozen=True)
class Forecast:
    """What a mode will do."""

    mode: Mode
    workers: int
    """Those that have something to do."""
    steps_per_s: float
    limit: str
    """Which part is the limit."""


def forecast(mode: Mode, workers: int, rates: Rates, cores: int, groups: int) -> Forecast:
    """Return the steps a second of ``workers`` actors beside a learner, on ``cores`` that they share.

    In the mode ``parallel`` a round ends with the actor that has the most groups.
    """
    alone = 1.0 / (1.0 / rates.actor + 1.0 / rates.learner)
    if mode == "single":
        slower = "the learner" if rates.learner < rates.actor else "the environment"
        return Forecast(mode, 1, alone, f"one core for both; {slower} takes most of it")
    busy = min(workers, groups)
    actors = rates.actor * (groups / math.ceil(groups / busy) if mode == "parallel" else busy)
    found = {"the learner": rates.learner, "the actors": actors, "the cores": cores * alone}
    limit = min(found, key=lambda name: found[name])
    return Forecast(mode, busy, found[limit], limit)


def best_workers(mode: Mode, most: int, rates: Rates, cores: int, groups: int) -> Forecast:
    """Return the forecast with the fewest workers, of up to ``most``, that is about as good as any."""
    all_of_them = [forecast(mode, workers, rates, cores, groups) for workers in range(1, max(1, most) + 1)]
    best = max(each.steps_per_s for each in all_of_them)
    return next(each for each in all_of_them if each.steps_per_s >= _ENOUGH * best)
