"""What trains a Q-network: given a batch, one step of gradient descent. There are a compiled engine and one on torch."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ai.errors import TrainingError

STATE_NAMES: Final = ("parameters", "target", "moment_1", "moment_2")


class Batch(NamedTuple):
    """Transitions of n steps, B of them."""

    observations: NDArray[np.float32]
    """[B, observations]."""
    actions: NDArray[np.int32]
    returns: NDArray[np.float32]
    """Discounted sum of the n rewards."""
    discounts: NDArray[np.float32]
    """What the value of the next state counts: gamma to the n, or 0 where the episode has ended."""
    next_observations: NDArray[np.float32]
    weights: NDArray[np.float32]
    """Importance of each transition: 1 where all are drawn alike."""


class UpdateStats(NamedTuple):
    """What one update has come to."""

    loss: float
    mean_q: float
    """Mean value of the actions that were taken."""
    grad_norm: float
    """Before clipping."""
    errors: NDArray[np.float32]
    """Temporal difference errors [B], value less target; the engine's own, written anew by the next update."""


@dataclass(frozen=True)
class EngineSettings:
    """The numbers of an update.

    ``micro_batches`` is gradient accumulation: a batch is worked through in that many parts, whose gradients add up to the
    gradient of the whole.
    """

    is_double: bool = True
    huber_delta: float = 1.0
    max_grad_norm: float = 10.0
    adam_epsilon: float = 1e-5
    micro_batches: int = 1


class Engine(Protocol):
    """Holds a network's parameters, its target network and the optimiser."""

    @property
    def parameters(self) -> NDArray[np.float32]:
        """A copy of the parameters, flat; see ``Network``."""
        ...

    def values(self, observations: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the values [N, actions] of ``observations`` [N, n_observations]; the engine's own until the next call."""
        ...

    def update(self, batch: Batch, learning_rate: float) -> UpdateStats:
        """Make one step on transitions: the target is returns + discounts * Q(next), by the target network.

        With ``is_double`` the online network chooses the next action (H. van Hasselt et al.: "Deep Reinforcement Learning with
        Double Q-learning", AAAI 2016, equation 4).
        """
        ...

    def fit(
        self,
        observations: NDArray[np.float32],
        actions: NDArray[np.int32],
        targets: NDArray[np.float32],
        learning_rate: float,
    ) -> UpdateStats:
        """Make one step of the same loss towards given ``targets`` [B]."""
        ...

    def sync_target(self, tau: float = 1.0) -> None:
        """Move the target network by the share ``tau`` towards the parameters."""
        ...

    def state(self) -> dict[str, NDArray[np.generic]]:
        """Return copies of ``STATE_NAMES``, float32 [parameters], and ``updates``, int64 [1]."""
        ...

    def restore(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Go back to ``state``; ``TrainingError`` if it is of another network."""
        ...

    def close(self) -> None:
        """Free what is held."""
        ...


def checked_state(arrays: Mapping[str, NDArray[np.generic]], size: int) -> dict[str, NDArray[np.generic]]:
    """Return the arrays of an engine's state; ``TrainingError`` if they are not those of a network of ``size`` parameters."""
    for name in STATE_NAMES:
        array = arrays.get(name)
        if array is None or array.shape != (size,) or array.dtype != np.float32:
            found = "missing" if array is None else f"{array.dtype}{list(array.shape)}"
            raise TrainingError(
                f"the checkpoint's '{name}' is {found}, this network has {size:,} parameters: resume with the network that the "
                "run began with, or start a new run"
            )
    if "updates" not in arrays or arrays["updates"].shape != (1,):
        raise TrainingError("the checkpoint does not say how many updates were made: resume from another one")
    return {name: arrays[name] for name in (*STATE_NAMES, "updates")}
