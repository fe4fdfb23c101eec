"""Learners small enough for tests, and what they need."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ai.dqn import TRAINER, DqnConfig
from ai.dqn.learner import DqnLearner
from ai.trainer import Opponent, StepReport, TrainContext
from game.executors.base import RunControl
from game.executors.serial import SerialExecutor
from game.games.rally import GAME
from tests.ai.fakes import FakeClock, find_opponent

SMALL: Mapping[str, object] = {
    "mode": "single",
    "engine": "compiled",
    "device": "cpu",
    "steps": 12_000,
    "courts": 20,
    "hidden": (8,),
    "buffer_size": 6_000,
    "batch_size": 32,
    "learning_starts": 300,
    "n_step": 3,
    "gamma": 0.99,
    "trace_lambda": 0.9,
    "frame_skip": 4,
    "epsilon_share": 0.1,
    "steps_per_update": 40,
    "target_every": 20,
    "rollout_steps": 8,
    "minibatches": 4,
    "report_steps": 800,
    "evaluate_steps": 2_000,
    "evaluation_pairs": 1,
    "snapshot_steps": 1_000,
    "opponents": ("tracker", "random"),
    "ladder": ("still", "tracker"),
}
"""Some thousand steps a second of one core's are enough."""


def config_of(**changes: object) -> DqnConfig:
    """Return a small configuration."""
    config = TRAINER.configure({**SMALL, **changes})
    assert isinstance(config, DqnConfig)
    return config


def context_of(
    seed: int = 3, find: Callable[[str], Opponent] = find_opponent, control: RunControl | None = None
) -> TrainContext:
    """Return a context without processes, clock or terminal."""
    said: list[str] = []
    return TrainContext(GAME, seed, SerialExecutor(), find, control or RunControl(), FakeClock(), said.append)


def learner_of(seed: int = 3, **changes: object) -> DqnLearner:
    """Return a learner of a small configuration."""
    return DqnLearner(config_of(**changes), context_of(seed))


def steps_of(learner: DqnLearner, count: int) -> list[StepReport]:
    """Return the reports of ``count`` steps."""
    return [learner.step() for _ in range(count)]


def essence(reports: Sequence[StepReport]) -> list[object]:
    """Return everything of reports that must not depend on how often a run was stopped."""
    return [
        (each.step, each.expected, dict(each.values), dict(each.work), champion_bits(each), dict(each.details))
        for each in reports
    ]


def champion_bits(report: StepReport) -> bytes | None:
    """Return the numbers of a report's champion."""
    return None if report.champion is None else report.champion.policy.pack().reals.tobytes()


def same_arrays(one: Mapping[str, NDArray[np.generic]], other: Mapping[str, NDArray[np.generic]]) -> bool:
    """Whether two states hold the same bits."""
    return one.keys() == other.keys() and all(
        (one[name].dtype, one[name].shape, one[name].tobytes())
        == (other[name].dtype, other[name].shape, other[name].tobytes())
        for name in one
    )
