"""What follows from a night alone: seeds, names, seasons, whether another cycle begins, how long it all takes."""

from collections.abc import Iterable, Mapping
from typing import Final

from app.overnight.config import OvernightConfig
from app.overnight.state import Cycle, Night
from game.seeding import pair_seed
from league.config import SeasonConfig

LEADERS: Final = 6
"""The best of the last season who are trained against."""

START_FROM: Final = "start_from"
OPPONENTS: Final = "opponents"
"""Fields that a trainer's configuration may have: whom a run begins with, and against whom it learns."""

_GATES: Final = 2**40
_SEASONS: Final = 2**41
_HOUR_S: Final = 3600.0


def run_seed(night: Night, cycle: int) -> int:
    """Return the seed of a cycle's training run."""
    return pair_seed(night.seed, cycle)


def gate_seed(night: Night, cycle: int) -> int:
    """Return the seed of the pairs of a cycle's gate."""
    return pair_seed(night.seed, _GATES + cycle)


def season_config(night: Night, cycle: int, players: Iterable[str], game: str) -> SeasonConfig:
    """Return the season of a cycle between ``players`` (content hashes); ``ValidationError`` if there cannot be one."""
    seed = pair_seed(night.seed, _SEASONS + cycle)
    return SeasonConfig(game=game, players=tuple(players), pairs=night.config.pairs, seed=seed)


def cycle_name(name: str, cycle: int) -> str:
    """Return what the run and the champion of a cycle are called."""
    return f"{name} {cycle}"


def is_name_of(name: str, other: str) -> bool:
    """Whether ``other`` is what a cycle of a night called ``name`` would call its champion."""
    return other.startswith(f"{name} ") and other[len(name) + 1 :].isdecimal()


def without_refused(
    settings: Mapping[str, str | tuple[str, ...]], start_name: str, sentence: str
) -> dict[str, str | tuple[str, ...]] | None:
    """Return the ``settings`` of a cycle's run without whom ``sentence`` names, with which a run was refused.

    ``start_name`` is what ``start_from`` is called. None if nobody is named: then something else is the matter.
    """
    left = dict(settings)
    if START_FROM in left and any(each in sentence for each in (START_FROM, str(left[START_FROM]), f"'{start_name}'")):
        del left[START_FROM]
        return left
    opponents = left.pop(OPPONENTS, ())
    kept = tuple(name for name in opponents if f"'{name}'" not in sentence)
    if len(kept) == len(opponents):
        return None
    return {**left, OPPONENTS: kept} if kept else left


def is_over(config: OvernightConfig, night: Night) -> bool:
    """Whether no further cycle begins; one that has begun is finished first."""
    if config.cycles:
        return len(night.cycles) >= config.cycles
    return night.seconds >= config.hours * _HOUR_S


def eta_s(night: Night, cycle: Cycle, rest_of_phase_s: float | None) -> float | None:
    """Return the seconds until the night is over, None while nothing is known to tell it from.

    A cycle takes as long as those before it; the first one as long as what it has taken and its phase is still to take.
    """
    whole = [done.seconds for done in night.done if not done.failure]
    if whole:
        a_cycle = sum(whole) / len(whole)
        rest = max(rest_of_phase_s or 0.0, a_cycle - cycle.seconds)
    elif rest_of_phase_s is not None:
        a_cycle = cycle.seconds + rest_of_phase_s
        rest = rest_of_phase_s
    else:
        return None
    config = night.config
    if config.cycles:
        return rest + a_cycle * max(0, config.cycles - cycle.number)
    return max(rest, config.hours * _HOUR_S - night.seconds)
