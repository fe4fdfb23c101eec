"""Learners of any trainer as the benchmarks run them: against scripted bots, with so many workers."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import TypeVar

from ai.trainer import Learner, Opponent, TrainContext
from game.executors.base import Executor, RunControl
from game.executors.serial import SerialExecutor
from game.policies.scripted import ScriptedPolicy
from game.spec import GameSpec

LearnerT = TypeVar("LearnerT", bound=Learner)


class _Workers(SerialExecutor):
    """Plays evaluation matches in this process, and allows for so many actor processes or threads."""

    def __init__(self, workers: int) -> None:
        super().__init__()
        self._count = workers

    @property
    def workers(self) -> int:
        return self._count


@contextmanager
def learner_of(
    game: GameSpec, make: Callable[[TrainContext], LearnerT], seed: int, workers: int = 1
) -> Iterator[LearnerT]:
    """Yield the learner that ``make`` makes, and close it."""
    with closing(make(context_of(game, seed, _Workers(workers)))) as learner:
        yield learner


def context_of(game: GameSpec, seed: int, executor: Executor) -> TrainContext:
    """Return a context whose league has the scripted bots, and no run."""
    bots = {bot.name: ScriptedPolicy.of(game, bot.name) for bot in game.bots}
    return TrainContext(
        game=game,
        seed=seed,
        executor=executor,
        opponent=lambda name: Opponent(name, name, bots[name]),
        control=RunControl(),
        clock=time.perf_counter,
        say=lambda _: None,
    )
