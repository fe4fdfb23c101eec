"""What trains an actor-critic network: given samples, one step of gradient descent. Engines: compiled, and on torch."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ai.errors import TrainingError
from ai.selfplay.network import ActorCritic, Parameters

STATE_NAMES: Final = ("parameters", "moment_1", "moment_2")

_LEAST_DEVIATION: Final = 1e-8


class Minibatch(NamedTuple):
    """Samples of rollouts, B of them, contiguous; also all samples of an iteration, of which an update takes some."""

    observations: NDArray[np.float32]
    """[B, observations]."""
    actions: NDArray[np.uint8]
    log_probabilities: NDArray[np.float32]
    """Of the actions, by the policy that has chosen them."""
    advantages: NDArray[np.float32]
    """As they were estimated: an update that is to normalise them does."""
    returns: NDArray[np.float32]
    """What the values are to reach."""

    def rows(self, places: NDArray[np.int64]) -> "Minibatch":
        """Return a copy of the samples at ``places``."""
        return Minibatch(
            self.observations[places],
            self.actions[places],
            self.log_probabilities[places],
            self.advantages[places],
            self.returns[places],
        )


class UpdateStats(NamedTuple):
    """What one update has come to, before its step: means over the samples, and the norm of the gradient before clipping."""

    policy_loss: float
    value_loss: float
    """Half of the squared error."""
    entropy: float
    """Of the probabilities of actions, in nats."""
    kl: float
    """Estimated divergence of the policy from the one that has played, in nats."""
    clipped: float
    """The share of samples whose ratio of probabilities lies beyond the clip range."""
    grad_norm: float


@dataclass(frozen=True)
class LossSettings:
    """The numbers of an update; those that follow a schedule are its arguments.

    Source: J. Schulman et al.: "Proximal Policy Optimization Algorithms", 2017, equations 7 and 9. Normalised advantages, clipped
    gradients, Adam's epsilon: S. Huang et al.: "The 37 Implementation Details of Proximal Policy Optimization", ICLR blog track
    2022, details 7, 11 and 3. The loss of the value is not clipped (detail 9 finds no gain).
    """

    clip_range: float = 0.2
    value_weight: float = 0.5
    max_grad_norm: float = 0.5
    adam_epsilon: float = 1e-5
    is_normalising: bool = True
    """Whether the advantages of an update are shifted and scaled to mean 0 and deviation 1."""


class PolicyEngine(Protocol):
    """Holds a network's parameters and the optimiser."""

    @property
    def parameters(self) -> Parameters:
        """A copy of the parameters, flat; see ``ActorCritic``."""
        ...

    def update(self, batch: Minibatch, learning_rate: float, entropy_weight: float) -> UpdateStats:
        """Make one step on all samples of ``batch``; what is not finite is returned as it is."""
        ...

    def update_rows(
        self, samples: Minibatch, places: NDArray[np.int64], learning_rate: float, entropy_weight: float
    ) -> UpdateStats:
        """Make the step that ``update`` makes on the samples at ``places``, without a copy of them by the caller."""
        ...

    def set_scales(self, scales: Parameters) -> None:
        """Multiply the steps of the parameters by ``scales`` from now on; those at 0 stay as they are."""
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


def normalisation(advantages: NDArray[np.float32], *, is_normalising: bool) -> tuple[np.float32, np.float32]:
    """Return the mean and 1 / deviation by which advantages [B] are to be normalised: 0 and 1 if they are not."""
    if not is_normalising:
        return np.float32(0.0), np.float32(1.0)
    deviation = advantages.std(dtype=np.float64)
    return np.float32(advantages.mean(dtype=np.float64)), np.float32(1.0 / (deviation + _LEAST_DEVIATION))


def checked_parameters(name: str, values: Parameters, network: ActorCritic) -> Parameters:
    """Return ``values``, one for each parameter; ``TrainingError`` if they are of another network."""
    if values.shape != (network.size,) or values.dtype != np.float32:
        raise TrainingError(
            f"{name} are {values.dtype}{list(values.shape)}: the network of layers {network.sizes} needs float32[{network.size}]"
        )
    return values


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
    updates = arrays.get("updates")
    if updates is None or updates.shape != (1,) or updates.dtype != np.int64:
        raise TrainingError("the checkpoint does not say how many updates were made: resume from another one")
    return {name: arrays[name] for name in (*STATE_NAMES, "updates")}
