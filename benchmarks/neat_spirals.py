"""How well NEAT with backpropagation tells two spirals apart on points that it has never seen, seed by seed."""

import sys
import time
from collections.abc import Mapping
from typing import Final

from ai.neat_backprop import TRAINER
from ai.trainer import Opponent, TrainContext
from benchmarks.field import GAME
from benchmarks.suite import Row, at_least, at_most
from game.executors.base import RunControl, usable_cores
from game.executors.serial import SerialExecutor
from game.policies.scripted import ScriptedPolicy

_LEAST: Final = 0.98
_LIMIT_S: Final = 60.0


class _NeatSpirals:
    title = (
        "Two spirals, preset 'spirals', threads on all cores: the champion of the validation points on the test points"
    )

    def rows(self, *, is_quick: bool) -> list[Row]:
        """Train every seed to the end; only then is the champion, chosen without them, held against the test points."""
        rows, slowest, worst = [], 0.0, 1.0
        for seed in (1, 2) if is_quick else (1, 2, 3, 4, 5):
            values, seconds = trained(seed)
            shown = ", ".join(f"{name} {values[name]:.3f}" for name in ("validation", "accuracy", "champion_nodes"))
            sys.stderr.write(f"  seed {seed}: {seconds:.0f} s, {shown}\n")
            rows += [
                at_least(f"seed {seed}: test points", 100 * values["accuracy"], "%", 100 * _LEAST),
                Row(f"seed {seed}: hidden nodes", values["champion_nodes"], ""),
                Row(f"seed {seed}: training", seconds, "s"),
            ]
            slowest, worst = max(slowest, seconds), min(worst, values["accuracy"])
        return [*rows, at_least("worst", 100 * worst, "%", 100 * _LEAST), at_most("slowest", slowest, "s", _LIMIT_S)]


def trained(seed: int, values: Mapping[str, object] | None = None) -> tuple[Mapping[str, float], float]:
    """Return the last metrics of a run with the preset, and its seconds; those of compiling are not counted."""
    config = TRAINER.configure({"eval_workers": usable_cores(), **(values or {})}, "spirals")
    context = TrainContext(
        game=GAME,
        seed=seed,
        executor=SerialExecutor(),
        opponent=lambda name: Opponent(name, name, ScriptedPolicy.of(GAME, name)),
        control=RunControl(),
        clock=time.perf_counter,
        say=lambda _: None,
    )
    learner = TRAINER.start(config, context)
    try:
        report = learner.step()
        begin = time.perf_counter()
        while report.expected is not None and report.step < report.expected:
            report = learner.step()
        return report.values, time.perf_counter() - begin
    finally:
        learner.close()


BENCHMARK: Final = _NeatSpirals()
