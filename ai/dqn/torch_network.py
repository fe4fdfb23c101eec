"""The Q-network in torch, out of the same flat parameters as everywhere."""

import itertools
from math import prod
from typing import Protocol, TypeAlias

import torch
from torch import Tensor
from torch.nn.functional import layer_norm, linear

from ai.dense.kernels import NORM_EPSILON
from ai.dqn.network import Network

Layers: TypeAlias = tuple[tuple[Tensor, Tensor], ...]
"""Weights [outputs, inputs] and biases [outputs] of the dense layers, the head folded."""


class Forward(Protocol):
    """What computes Q-values, differentiably."""

    def layers(self, parameters: Tensor) -> Layers:
        """Return the layers of flat parameters f32[P]."""
        ...

    def values(self, layers: Layers, observations: Tensor) -> Tensor:
        """Return the Q-values f32[B, A] of observations f32[B, d]."""
        ...


class TorchNetwork:
    """The ``Forward`` of ``network``, its products in bfloat16 if asked, everything else in float32.

    A dueling head is folded into one dense layer first, as ``Network`` says: gradients go back through the fold. The flat
    vector is split once, so that its gradient comes back as one vector too, in one concatenation.
    """

    def __init__(self, network: Network, device: torch.device, *, is_bfloat16: bool = False) -> None:
        self._shapes = _shapes(network)
        self._lengths = [prod(shape) for shape in self._shapes]
        self._is_dueling = network.is_dueling
        self._is_normalised = network.is_normalised
        self._is_bfloat16 = is_bfloat16
        actions = network.sizes[-1]
        self._centring = torch.eye(actions, device=device) - 1.0 / actions

    def layers(self, parameters: Tensor) -> Layers:
        """Return the layers, see ``Forward``."""
        flat = parameters.split_with_sizes(self._lengths)
        parts = [part.view(shape) for part, shape in zip(flat, self._shapes, strict=True)]
        hidden = len(parts) - (4 if self._is_dueling else 2)
        layers = tuple((parts[k], parts[k + 1]) for k in range(0, hidden, 2))
        weight, bias = parts[-2:]
        if self._is_dueling:
            value_weight, value_bias = parts[-4:-2]
            weight = torch.cat([value_weight.expand(len(weight), -1), self._centring @ weight], 1)
            bias = torch.addmv(value_bias, self._centring, bias)
        return (*layers, (weight, bias))

    def values(self, layers: Layers, observations: Tensor) -> Tensor:
        """Return the values, see ``Forward``."""
        if not self._is_bfloat16:
            return self._values(layers, observations)
        # No cache of casts: one made during a capture would be dead at the replay.
        with torch.autocast(observations.device.type, torch.bfloat16, cache_enabled=False):
            return self._values(layers, observations).float()

    def _values(self, layers: Layers, observations: Tensor) -> Tensor:
        *hidden_layers, head = layers
        hidden = observations
        for weight, bias in hidden_layers:
            hidden = linear(hidden, weight, bias)
            if self._is_normalised:
                hidden = layer_norm(hidden, bias.shape, eps=float(NORM_EPSILON))
            hidden = hidden.relu()
        return linear(hidden, *head)


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
