"""The engine on torch, for CUDA and for larger networks; in small ones on the CPU the compiled engine is faster."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import log_softmax

from ai.dense.adam import BETA_1, BETA_2, adam_steps
from ai.dense.torch_device import check_device, first_line, to_host
from ai.dqn.network import Network
from ai.dqn.torch_network import TorchNetwork
from ai.errors import RunFailedError, TrainingError
from ai.selfplay.engine import (
    STATE_NAMES,
    LossSettings,
    Minibatch,
    UpdateStats,
    checked_parameters,
    checked_state,
    normalisation,
)
from ai.selfplay.network import ActorCritic, Parameters

_NORM_EPSILON: Final = 1e-6
"""What is added to the norm before dividing by it, as in ``torch.nn.utils.clip_grad_norm_``."""


class TorchEngine:
    """See ``ai.selfplay.engine.PolicyEngine``; numbers are the compiled engine's up to rounding.

    - ``scales``: see ``ActorCritic.step_scales``; ``device``: one of ``ai.dense.torch_device.DEVICES``.
    - float32 is float32: TF32 stays off, so that every device learns the same. With ``precision`` bfloat16 the products are, and
      nothing else.
    - Effects on the process: torch gets one thread (two on busy cores are far slower than one), and TF32 is switched off.

    Raises
    ------
    TrainingError
        Unknown device or precision; no CUDA; parameters of another network.
    """

    def __init__(
        self,
        network: ActorCritic,
        parameters: Parameters,
        settings: LossSettings,
        *,
        scales: Parameters | None = None,
        device: str = "cpu",
        precision: str = "float32",
    ) -> None:
        check_device(device, precision)
        scales = np.ones_like(parameters) if scales is None else scales
        numbers = checked_parameters("parameters", parameters, network), checked_parameters("scales", scales, network)
        torch.set_num_threads(1)
        torch.set_float32_matmul_precision("highest")
        self._network, self._settings, self._device = network, settings, torch.device(device)
        self._updates = 0
        dense = Network(network.sizes, is_dueling=False, is_normalised=network.is_normalised)
        try:
            self._forward = TorchNetwork(dense, self._device, is_bfloat16=precision == "bfloat16")
            start, self._scales = (torch.tensor(values, device=self._device) for values in numbers)
            self._parameters = start.requires_grad_()
            self._moments = torch.zeros_like(start), torch.zeros_like(start)
        except RuntimeError as error:
            raise TrainingError(
                f"device '{device}' cannot hold the network ({first_line(error)}): free its memory, or choose device 'cpu'"
            ) from error

    @property
    def parameters(self) -> Parameters:
        """A copy of the parameters."""
        return to_host(self._parameters)

    def update(self, batch: Minibatch, learning_rate: float, entropy_weight: float) -> UpdateStats:
        """Make one step on ``batch``, see ``PolicyEngine``.

        Raises
        ------
        RunFailedError
            The device has not the memory for it.
        """
        try:
            loss, stats = self._loss(batch, entropy_weight)
            gradient = torch.autograd.grad(loss, self._parameters)[0]
            norm = self._step(gradient, learning_rate)
            policy_loss, value_loss, entropy, kl, clipped, norms = torch.stack([*stats, norm]).tolist()
        except torch.OutOfMemoryError as error:
            raise RunFailedError(
                f"device '{self._device.type}' has not the memory for {len(batch.actions):,} samples at once: free memory there, "
                "or choose smaller minibatches or device 'cpu', then resume the run"
            ) from error
        return UpdateStats(policy_loss, value_loss, entropy, kl, clipped, norms)

    def update_rows(
        self, samples: Minibatch, places: NDArray[np.int64], learning_rate: float, entropy_weight: float
    ) -> UpdateStats:
        """Make one step on the samples at ``places``, see ``PolicyEngine``; raises as ``update`` does."""
        return self.update(samples.rows(places), learning_rate, entropy_weight)

    def set_scales(self, scales: Parameters) -> None:
        """Multiply the steps by ``scales`` from now on, see ``PolicyEngine``."""
        self._scales = torch.tensor(checked_parameters("scales", scales, self._network), device=self._device)

    def state(self) -> dict[str, NDArray[np.generic]]:
        """Return copies of everything that an update reads, see ``PolicyEngine``."""
        kept: dict[str, NDArray[np.generic]] = {name: to_host(tensor) for name, tensor in self._tensors().items()}
        return {**kept, "updates": np.array([self._updates], np.int64)}

    @torch.no_grad()
    def restore(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Go back to ``state``, see ``PolicyEngine``."""
        found = checked_state(arrays, len(self._parameters))
        for name, tensor in self._tensors().items():
            tensor.copy_(torch.tensor(found[name]))
        self._updates = int(found["updates"][0])

    def close(self) -> None:
        """Nothing is held."""

    def _loss(self, batch: Minibatch, entropy_weight: float) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Return the loss, and all of ``UpdateStats`` but the norm.

        J. Schulman et al. 2017, equations 7 and 9; the KL divergence as (r - 1) - log r.
        """
        settings = self._settings
        observations, actions, old_logs, _, returns = (torch.from_numpy(column).to(self._device) for column in batch)
        outputs = self._forward.values(self._forward.layers(self._parameters), observations)
        logs = log_softmax(outputs[:, :-1], 1)
        change = logs.gather(1, actions.long()[:, None])[:, 0] - old_logs
        ratio = change.exp()
        gains = self._gains(batch.advantages)
        low, high = 1.0 - settings.clip_range, 1.0 + settings.clip_range
        policy_loss = -torch.minimum(ratio * gains, ratio.clamp(low, high) * gains).mean()
        value_loss = 0.5 * (outputs[:, -1] - returns).square().mean()
        entropy = -(logs.exp() * logs).sum(1).mean()
        loss = policy_loss + settings.value_weight * value_loss - entropy_weight * entropy
        kl = (ratio - 1.0 - change).mean()
        clipped = ((ratio - 1.0).abs() > settings.clip_range).float().mean()
        return loss, tuple(part.detach() for part in (policy_loss, value_loss, entropy, kl, clipped))

    def _gains(self, advantages: NDArray[np.float32]) -> Tensor:
        mean, factor = normalisation(advantages, is_normalising=self._settings.is_normalising)
        return torch.from_numpy((advantages - mean) * factor).to(self._device)

    @torch.no_grad()
    def _step(self, gradient: Tensor, learning_rate: float) -> Tensor:
        """Clip the gradient by its norm, make one step of Adam, and return the norm."""
        self._updates += 1
        step, root = adam_steps(learning_rate, self._updates)
        norm: Tensor = torch.linalg.vector_norm(gradient)
        gradient = gradient * (self._settings.max_grad_norm / (norm + _NORM_EPSILON)).clamp(max=1.0)
        first, second = self._moments
        first.lerp_(gradient, 1.0 - BETA_1)
        second.mul_(BETA_2).addcmul_(gradient, gradient, value=1.0 - BETA_2)
        divisor = second.sqrt().mul_(root).add_(self._settings.adam_epsilon)
        self._parameters.sub_(self._scales * step * first / divisor)
        return norm

    def _tensors(self) -> dict[str, Tensor]:
        """Return the tensors of ``STATE_NAMES``."""
        return dict(zip(STATE_NAMES, (self._parameters, *self._moments), strict=True))
