"""The clock of a measured training: it stops while the learner is looked at, and says when the learner is good enough."""

import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

import gymnasium
import numpy as np
from numpy.typing import NDArray

from benchmarks.field import GAME
from benchmarks.neat_learning import pairs_won
from game.policies.activation import Activation
from game.policies.dense import DensePolicy
from game.policies.scripted import ScriptedPolicy

BOT: Final = "tracker"
SHARE: Final = 0.9
"""Of 100 pairs, to the game's own points, on seeds that training never sees."""

_LOOK_SHARE: Final = 0.04
_LEAST_LOOK_S: Final = 0.1


Env: TypeAlias = gymnasium.Env[NDArray[np.float32], np.int64]
MakeEnv: TypeAlias = Callable[[], Env]


@dataclass(frozen=True)
class Task:
    """What everybody trains on: the options of the environment, and the hidden layers of the network."""

    frame_skip: int = 4
    points: int = 1
    hit_reward: float = 0.0
    miss_penalty: float = 0.0
    hidden: tuple[int, ...] = (64, 64)


class Watch:
    """Counts the seconds of one training; the first one begins with ``start``.

    Looks are a fixed share of the training apart, for everybody alike, so that nobody has more chances to be lucky.
    """

    def __init__(
        self, limit_s: float, tell: Callable[[str], None], clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self.limit_s = limit_s
        self.spent_s = 0.0
        """Of training, until the last look."""
        self.has_reached = False
        self.best = 0.0
        """Largest share of pairs that was seen."""
        self._tell = tell
        self._clock = clock
        self._begin = clock()
        self._bots = {BOT: ScriptedPolicy.of(GAME, BOT)}

    def start(self) -> None:
        """Start the clock: what came before is not training."""
        self._begin = self._clock()

    def is_over(self, policy: Callable[[], DensePolicy], steps: int) -> bool:
        """Look at the learner if it is time to, and return whether its training is over: it is good enough, or late."""
        seconds = self._clock() - self._begin
        is_late = seconds >= self.limit_s
        if not is_late and seconds - self.spent_s < max(_LEAST_LOOK_S, _LOOK_SHARE * seconds):
            return False
        share = pairs_won(policy(), self._bots)[BOT]
        if share > self.best or is_late:
            self._tell(f"{seconds:.1f} s, {steps:,} steps: {share:.0%}")
        self.best, self.spent_s = max(self.best, share), seconds
        self.has_reached = share >= SHARE
        self._begin = self._clock() - seconds
        return is_late or self.has_reached


class Train(Protocol):
    """Trains on one or more environments until the watch ends it."""

    def __call__(self, make: MakeEnv, task: Task, seed: int, watch: Watch) -> None:
        """Train a network with the hidden layers of ``task``; every random number follows from ``seed``."""
        ...


@dataclass(frozen=True)
class Peer:
    """A learner of others, and how many times sooner than it ours is to be there."""

    name: str
    train: Train
    factor: float


def relu_policy(layers: Sequence[tuple[NDArray[np.float32], NDArray[np.float32]]]) -> DensePolicy:
    """Return the player of a network with ReLU between its ``layers``, each of weights [outputs, inputs] and biases [outputs]."""
    weights, biases = (
        tuple(np.ascontiguousarray(part, np.float32) for part in parts) for parts in zip(*layers, strict=True)
    )
    return DensePolicy(weights, biases, Activation.RELU)


def sizes(task: Task) -> tuple[tuple[int, int], ...]:
    """Return (inputs, outputs) of every layer of the network of ``task``."""
    return tuple(itertools.pairwise((GAME.n_observations, *task.hidden, GAME.n_actions)))
