"""How soon Q-learning beats the predictor with its standard preset, and whether all modes learn alike, seed by seed."""

import statistics
import sys
import time
from functools import partial
from typing import Final

import numpy as np

from ai.dqn import TRAINER, DqnConfig
from ai.dqn.learner import DqnLearner
from benchmarks.field import GAME
from benchmarks.learners import learner_of
from benchmarks.neat_learning import confirmed, pairs_won
from benchmarks.suite import Row, at_least, at_most
from game.policies.scripted import ScriptedPolicy

_BOT: Final = "predictor"
_SHARE: Final = 0.75
_TARGET_S: Final = 600.0
_LOOK_S: Final = 2.0
_NEVER: Final = 10**12
_MODES: Final = (("single", 1), ("ultra", 1), ("ultra", 2))
_WORST: Final = -0.1
"""Difference between the modes' mean shares of pairs that counts as alike: three seeds of one mode differ by as much."""


class _Learning:
    title = (
        "Q-learning from scratch: seconds of training until 75 % of 100 pairs are won against predictor, twice; modes"
    )

    def rows(self, *, is_quick: bool) -> list[Row]:
        """Train the standard preset until the bot is beaten, then the quick preset to its end in every mode."""
        seeds = (1,) if is_quick else (1, 2, 3)
        times = [seconds_to_beat(seed) for seed in seeds]
        rows = [Row(f"standard, {_BOT}, seed {seed}", each, "s") for seed, each in zip(seeds, times, strict=True)]
        rows.append(at_most(f"standard, {_BOT}, median", statistics.median(times), "s", _TARGET_S))
        shares = {}
        for mode, workers in _MODES:
            found = [share_won("quick", mode, workers, seed) for seed in seeds]
            name = mode if mode == "single" else f"{mode}, {workers} actors"
            rows += [
                Row(f"quick to its end, {name}, seed {seed}: pairs won", share, "")
                for seed, share in zip(seeds, found, strict=True)
            ]
            shares[mode, workers] = statistics.mean(found)
        for mode, workers in _MODES[1:]:
            difference = shares[mode, workers] - shares["single", 1]
            rows.append(at_least(f"{mode}, {workers} actors less single: mean", difference, "", _WORST))
        rows.append(at_least("parallel, 2 actors: same parameters as single", float(_is_same()), "", 1.0))
        return rows


def seconds_to_beat(seed: int) -> float:
    """Return the seconds of training until 75 % of 100 pairs are won against the bot, twice; inf beyond the target.

    Looks at the network cost no training time, and use seeds that training never sees.
    """
    bots = {_BOT: ScriptedPolicy.of(GAME, _BOT)}
    with learner_of(GAME, partial(DqnLearner, _config("standard", "parallel")), seed) as learner:
        learner.step()  # a process starts, and kernels are loaded
        seconds = looked = 0.0
        while seconds < _TARGET_S:
            begin = time.perf_counter()
            report = learner.step()
            seconds += time.perf_counter() - begin
            if seconds - looked >= _LOOK_S or report.step == report.expected:
                looked = seconds
                share = confirmed(learner.policy, bots)[_BOT]
                sys.stderr.write(f"  seed {seed}, {seconds:.0f} s: {share:.0%}\n")
                if share >= _SHARE:
                    return seconds
            if report.step == report.expected:
                break
    return float("inf")


def share_won(preset: str, mode: str, workers: int, seed: int) -> float:
    """Return the mean share of 100 pairs won against tracker and predictor after the whole training."""
    bots = {name: ScriptedPolicy.of(GAME, name) for name in ("tracker", _BOT)}
    with learner_of(GAME, partial(DqnLearner, _config(preset, mode)), seed, workers) as learner:
        _train(learner)
        return statistics.mean(pairs_won(learner.policy, bots).values())


def _is_same() -> bool:
    """Whether two actors in processes come to the same network as none, bit for bit, after a million steps."""
    found = []
    for mode, workers in (("single", 1), ("parallel", 2)):
        make = partial(DqnLearner, _config("quick", mode, steps=1_000_000))
        with learner_of(GAME, make, 1, workers) as learner:
            _train(learner)
            found.append(learner.policy)
    return all(np.array_equal(one, other) for one, other in zip(found[0].weights, found[1].weights, strict=True))


def _train(learner: DqnLearner) -> None:
    while True:
        report = learner.step()
        if report.step == report.expected:
            return


def _config(preset: str, mode: str, **values: object) -> DqnConfig:
    config = TRAINER.configure({"mode": mode, "evaluate_steps": _NEVER, **values}, preset)
    assert isinstance(config, DqnConfig)
    return config


BENCHMARK = _Learning()
