"""How soon NEAT beats the scripted ladder from scratch, with its standard preset, seed by seed."""

import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Final

import numpy as np

from ai.evaluation import CandidateSides, pair_rows
from ai.neat import TRAINER
from ai.trainer import Opponent, TrainContext
from benchmarks.field import GAME
from benchmarks.suite import Row, at_most
from game.batch import play_batch
from game.executors.base import ExecutorSettings, RunControl, usable_cores
from game.executors.pool import PoolExecutor
from game.policies.bank import Policy, build_bank
from game.policies.scripted import ScriptedPolicy
from game.seeding import pair_seeds

TARGETS: Final[Mapping[str, float]] = {"tracker": 60.0, "predictor": 300.0}
"""Seconds in which each bot is to be beaten, in the median of the seeds; every seed in twice that."""

_SHARE: Final = 0.75
_PAIRS: Final = 100
_TEST_SEED: Final = 2**41
_LOOK_S: Final = 1.0
_EVOLUTION_S: Final = 120.0


class _Learning:
    title = "NEAT from scratch, standard preset, pool of all cores: seconds of training until it wins 75 % of 100 pairs, twice"

    def rows(self, *, is_quick: bool) -> list[Row]:
        """Train one seed after the other until both bots are beaten, at most for twice the target."""
        seeds = (1, 2) if is_quick else (1, 2, 3, 4, 5)
        limits = {name: 2.0 * seconds for name, seconds in TARGETS.items()}
        found = [seconds_to_beat(seed, limits, _tell) for seed in seeds]
        rows = []
        for name, target in TARGETS.items():
            times = [result[name] for result in found]
            rows += [Row(f"{name}, seed {seed}", seconds, "s") for seed, seconds in zip(seeds, times, strict=True)]
            rows.append(at_most(f"{name}, median", statistics.median(times), "s", target))
            rows.append(at_most(f"{name}, slowest", max(times), "s", 2.0 * target))
        if not is_quick:
            won = won_after(1, "evolution", _EVOLUTION_S, "predictor")
            rows.append(
                Row(f"evolution alone, seed 1: pairs won against predictor after {_EVOLUTION_S:.0f} s", won, "")
            )
        return rows


def seconds_to_beat(seed: int, limits: Mapping[str, float], tell: Callable[[str], None]) -> dict[str, float]:
    """Return the seconds of training until the champion wins 75 % of 100 pairs, twice, against each bot; inf beyond its limit.

    Looks at the champion cost no training time, and use seeds that training never sees.
    """
    beaten: dict[str, float] = {}
    for seconds, generation, won in _trained(seed, "standard", limits):
        tell(
            f"seed {seed}, {seconds:.0f} s, generation {generation}: {', '.join(f'{n} {w:.0%}' for n, w in won.items())}"
        )
        for name, share in won.items():
            if share >= _SHARE and seconds < limits[name]:
                beaten.setdefault(name, seconds)
        if all(name in beaten or seconds >= limit for name, limit in limits.items()):
            break
    return {name: beaten.get(name, float("inf")) for name in limits}


def won_after(seed: int, preset: str, seconds: float, bot: str) -> float:
    """Return the share of pairs that the champion of ``preset`` wins against ``bot`` after that much training."""
    won = 0.0
    for _, _, shares in _trained(seed, preset, {bot: seconds}):
        won = shares[bot]
    return won


def _trained(seed: int, preset: str, limits: Mapping[str, float]) -> Iterator[tuple[float, int, dict[str, float]]]:
    """Train until the largest limit; yield seconds, generation and pairs won of each new champion, about once a second."""
    bots = {bot.name: ScriptedPolicy.of(GAME, bot.name) for bot in GAME.bots}
    with PoolExecutor(settings=ExecutorSettings(workers=usable_cores())) as pool:
        context = TrainContext(
            game=GAME,
            seed=seed,
            executor=pool,
            opponent=lambda name: Opponent(name, name, bots[name]),
            control=RunControl(),
            clock=time.perf_counter,
            say=lambda _: None,
        )
        learner = TRAINER.start(TRAINER.configure({"generations": 1_000_000}, preset), context)
        seconds = looked = 0.0
        champion: Policy | None = None
        while seconds < max(limits.values()):
            begin = time.perf_counter()
            report = learner.step()
            seconds += time.perf_counter() - begin
            champion = report.champion.policy if report.champion is not None else champion
            if champion is not None and seconds - looked >= _LOOK_S:
                yield seconds, report.step, confirmed(champion, {name: bots[name] for name in limits})
                looked, champion = seconds, None
        learner.close()


def confirmed(policy: Policy, bots: Mapping[str, Policy]) -> dict[str, float]:
    """Return the lesser share of two times 100 pairs: who was lucky in the first is so again by chance alone."""
    looks = [pairs_won(policy, bots, first) for first in (0, _PAIRS)]
    return {name: min(look[name] for look in looks) for name in bots}


def pairs_won(policy: Policy, bots: Mapping[str, Policy], first: int = 0) -> dict[str, float]:
    """Return the share of 100 pairs, to the game's own points, of which ``policy`` wins more than half against each bot."""
    rows = pair_rows(1, len(bots), pair_seeds(_TEST_SEED, first, _PAIRS), GAME.default_points)
    results = play_batch(GAME, build_bank([policy, *bots.values()]), rows)
    is_won = CandidateSides.of(results, 1, len(bots)).score[0].sum(axis=2) > 1.0
    return dict(zip(bots, np.asarray(is_won.mean(axis=1)).tolist(), strict=True))


def _tell(line: str) -> None:
    sys.stderr.write(f"  {line}\n")


BENCHMARK = _Learning()
