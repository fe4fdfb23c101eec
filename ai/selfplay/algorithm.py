"""What learns from rollouts: policy gradients (``ppo``) or values (``pqn``), on the same courts against the same opponents."""

import math
from collections.abc import Mapping
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ai.errors import RunFailedError
from ai.selfplay import SelfPlayConfig
from ai.selfplay.rollout import CourtGroup, RolloutStats
from ai.trainer import Json
from game.policies.dense import DensePolicy
from game.spec import GameSpec

Arrays = Mapping[str, NDArray[np.generic]]
Floats = NDArray[np.float32]


class Courts(NamedTuple):
    """The courts that an algorithm learns on."""

    game: GameSpec
    groups: int
    agents: int
    """Of each group."""
    magnitudes: Floats
    """Root mean square of each observation."""


class LearnStats(NamedTuple):
    """What a round of learning has come to: metrics by name, and how many updates were made."""

    values: Mapping[str, float]
    updates: int


class Algorithm(Protocol):
    """Holds a network, its optimiser, and the rollouts that it is to learn from."""

    @property
    def parameters(self) -> Floats:
        """A copy of the parameters, flat."""
        ...

    def policy(self, parameters: Floats) -> DensePolicy:
        """Return the player that a network of these parameters is."""
        ...

    def begin(self, done: float) -> None:
        """Get ready for a rollout, when the share ``done`` of the training is over."""
        ...

    def collect(self, group: int, courts: CourtGroup, shaping: tuple[float, float]) -> RolloutStats:
        """Play a rollout of a group; several threads may do so for different groups.

        ``shaping`` = (reward of a contact, penalty for missing).
        """
        ...

    def learn(self, done: float) -> LearnStats:
        """Learn from the rollouts of all groups.

        Raises
        ------
        RunFailedError
            If a loss is no number.
        """
        ...

    def restart(self, parameters: Floats | None) -> None:
        """Begin again, with these parameters or first ones."""
        ...

    def state(self) -> tuple[dict[str, NDArray[np.generic]], dict[str, Json]]:
        """Return what changes between two rounds: arrays and numbers."""
        ...

    def restore(self, arrays: Arrays, numbers: Mapping[str, Json]) -> None:
        """Go back to ``state``; ``TrainingError`` if it is of another network."""
        ...

    def close(self) -> None:
        """Free what is held."""
        ...


def linear(start: float, end: float, done: float) -> float:
    """Return what lies the share ``done`` of the way from ``start`` to ``end``."""
    return start + done * (end - start)


def learning_rate(config: SelfPlayConfig, done: float) -> float:
    """Return the step size of the optimiser."""
    return linear(config.learning_rate, config.learning_rate_end, done)


def check_finite(**numbers: float) -> None:
    """Raise ``RunFailedError`` if one of ``numbers`` is not finite."""
    for name, value in numbers.items():
        if not math.isfinite(value):
            raise RunFailedError(
                f"the {name.replace('_', ' ')} is {value}: training has diverged; the last checkpoint before it is kept; start "
                "a new run with a smaller learning_rate or max_grad_norm"
            )
