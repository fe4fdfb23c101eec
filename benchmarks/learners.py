"""Learners of the trainer dqn as the benchmarks run them: against scripted bots, with so many workers."""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

from ai.dqn import DqnConfig
from ai.dqn.learner import DqnLearner
from ai.trainer import Opponent, TrainContext
from game.executors.base import RunControl
from game.executors.serial import SerialExecutor
from game.policies.scripted import ScriptedPolicy
from game.spec import GameSpec


class _Workers(SerialExecutor):
    """Plays evaluation matches in this process, and allows for so many actor processes."""

    def __init__(self, workers: int) -> None:
        super().__init__()
        self._count = workers

    @property
    def workers(self) -> int:
        return self._count


@contextmanager
def learner_of(game: GameSpec, config: DqnConfig, seed: int, workers: int = 1) -> Iterator[DqnLearner]:
    """Yield a learner, and close it."""
    bots = {bot.name: ScriptedPolicy.of(game, bot.name) for bot in game.bots}
    context = TrainContext(
        game=game,
        seed=seed,
        executor=_Workers(workers),
        opponent=lambda name: Opponent(name, name, bots[name]),
        control=RunControl(),
        clock=time.perf_counter,
        say=lambda _: None,
    )
    with closing(DqnLearner(config, context)) as learner:
        yield learner
