"""The Q-network in torch, out of the same flat parameters as everywhere."""

import itertools
from collections.abc import Callable
from math import prod
from typing import TypeAlias

import torch
from torch import Tensor
from torch.nn.functional import linear

from ai.dqn.network import Network

Forward: TypeAlias = Callable[[Tensor, Tensor], Tensor]
"""Q-values f32[B, A] of flat parameters f32[P] and observations f32[B, d]; differentiable in the parameters."""


class TorchNetwork:
    """Computes the Q-values of ``network``, its products in bfloat16 if asked, everything else in float32.

    A dueling head is folded into one dense layer first, as ``Network`` says: gradients go back through the fold. The flat
    vector is split once, so that its gradient comes back as one vector too, in one concatenation.
    """

    def __init__(self, network: Network, *, is_bfloat16: bool = False) -> None:
        self._shapes = _shapes(network)
        self._lengths = [prod(shape) for shape in self._shapes]
        self._is_dueling = network.is_dueling
        self._is_bfloat16 = is_bfloat16

    def __call__(self, parameters: Tensor, observations: Tensor) -> Tensor:
        """Return the Q-values, see ``Forward``."""
        if not self._is_bfloat16:
            return self._values(parameters, observations)
        # No cache of casts: one made during a capture would be dead at the replay.
        with torch.autocast(observations.device.type, torch.bfloat16, cache_enabled=False):
            return self._values(parameters, observations).float()

    def _values(self, parameters: Tensor, observations: Tensor) -> Tensor:
        flat = parameters.split_with_sizes(self._lengths)
        parts = [part.view(shape) for part, shape in zip(flat, self._shapes, strict=True)]
        head = 4 if self._is_dueling else 2
        hidden = observations
        for k in range(0, len(parts) - head, 2):
            hidden = linear(hidden, parts[k], parts[k + 1]).relu()
        weight, bias = _folded(*parts[-4:]) if self._is_dueling else parts[-2:]
        return linear(hidden, weight, bias)


def _shapes(network: Network) -> list[tuple[int, ...]]:
    """Return the shapes of what lies in the flat vector, in order."""
    *widths, actions = network.sizes
    shapes: list[tuple[int, ...]] = []
    for inputs, outputs in itertools.pairwise(widths):
        shapes += [(outputs, inputs), (outputs,)]
    last = widths[-1]
    if not network.is_dueling:
        return [*shapes, (actions, last), (actions,)]
    return [*shapes, (last // 2,), (1,), (actions, last - last // 2), (actions,)]


def _folded(
    value_weight: Tensor, value_bias: Tensor, advantage_weight: Tensor, advantage_bias: Tensor
) -> tuple[Tensor, Tensor]:
    """Return weight and bias of the one layer that is V + A - mean(A)."""
    centred = advantage_weight - advantage_weight.mean(0)
    weight = torch.cat([value_weight.expand(len(centred), -1), centred], 1)
    return weight, value_bias + advantage_bias - advantage_bias.mean()
