"""A dense network or a graph as nodes and connections, and what each of them is worth on an observation. No Qt.

Values are numbered as in ``game.policies.graph``: the inputs first, then the nodes. The forward pass here is for looking at;
the match is decided by the kernels, to which a test compares it. It is not read from ``CompiledPlayer.values``: there
later layers are written over earlier ones, and the largest output over the first.
"""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from game.policies.activation import Activation
from game.policies.bank import Policy
from game.policies.dense import DensePolicy
from game.policies.graph import GraphPolicy

Floats: TypeAlias = NDArray[np.float32]
Indices: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True)
class Net:
    """The nodes and connections of a network.

    Connection ``e`` goes from value ``source[e]`` to value ``target[e]`` (int64) with ``weight[e]`` (float32). ``bias`` and
    ``activation`` are by node. ``layer`` is int64 by value: 0 for the inputs. ``outputs`` are value numbers. In a
    recurrent net connections from nodes carry the values of the tick before.
    """

    n_inputs: int
    source: Indices
    target: Indices
    weight: Floats
    bias: Floats
    activation: tuple[Activation, ...]
    layer: Indices
    outputs: tuple[int, ...]
    is_recurrent: bool = False
    is_normalised: bool = False
    """Whether the sums of each hidden layer are normalised before their activation; see ``DensePolicy``."""

    @property
    def n_values(self) -> int:
        """Inputs and nodes."""
        return self.n_inputs + len(self.bias)

    def trace(self, observation: Floats, memory: Floats) -> Floats:
        """Return every value on ``observation``, float32[n_values].

        ``memory`` are the nodes' values of the tick before, float32[nodes]; only a recurrent net reads it.
        """
        values = np.zeros(self.n_values, np.float32)
        values[: self.n_inputs] = observation
        if self.is_recurrent:
            values[self.n_inputs :] = memory
            values[self.n_inputs :] = self._nodes(values, np.arange(len(self.bias)), slice(None))
            return values
        for nodes, edges in self._passes:
            values[self.n_inputs + nodes] = self._nodes(values, nodes, edges)
        return values

    @cached_property
    def _passes(self) -> list[tuple[Indices, Indices]]:
        """Return the nodes of each depth and the connections into them: all of one depth can be computed at once."""
        depth = _depths(self.n_inputs, len(self.bias), self.source, self.target)
        into = depth[self.target]
        return [
            (np.flatnonzero(depth[self.n_inputs :] == each), np.flatnonzero(into == each))
            for each in range(1, int(depth.max(initial=0)) + 1)
        ]

    def _nodes(self, values: Floats, nodes: Indices, edges: "Indices | slice") -> Floats:
        sums = np.zeros(len(self.bias), np.float32)
        np.add.at(sums, self.target[edges] - self.n_inputs, self.weight[edges] * values[self.source[edges]])
        totals = sums[nodes] + self.bias[nodes]
        if self.is_normalised and nodes[0] < len(self.bias) - len(self.outputs):
            totals = (totals - totals.mean()) / np.sqrt(totals.var() + np.float32(1e-5))
        result = totals.copy()
        codes = np.array([self.activation[node] for node in nodes], np.int64)
        for code in np.unique(codes):
            result[codes == code] = ACTIVATE[Activation(code)](totals[codes == code])
        return result


def net_of(policy: Policy | None) -> Net | None:
    """Return the network of ``policy``; None if it is a scripted bot, a Python bot or a person."""
    if isinstance(policy, DensePolicy):
        return _dense(policy)
    return _graph(policy) if isinstance(policy, GraphPolicy) else None


def _dense(policy: DensePolicy) -> Net:
    sizes = policy.sizes
    starts = np.cumsum([0, *sizes])
    source, target = [], []
    for layer, (inputs, outputs) in enumerate(itertools.pairwise(sizes)):
        source.append(np.tile(np.arange(inputs), outputs) + starts[layer])
        target.append(np.repeat(np.arange(outputs), inputs) + starts[layer + 1])
    hidden = sum(sizes[1:-1])
    return Net(
        n_inputs=sizes[0],
        source=np.concatenate(source),
        target=np.concatenate(target),
        weight=np.concatenate([weight.ravel() for weight in policy.weights]),
        bias=np.concatenate(policy.biases),
        activation=(policy.activation,) * hidden + (Activation.IDENTITY,) * sizes[-1],
        layer=np.repeat(np.arange(len(sizes)), sizes),
        outputs=tuple(range(int(starts[-2]), int(starts[-1]))),
        is_normalised=policy.is_normalised,
    )


def _graph(policy: GraphPolicy) -> Net:
    nodes = len(policy.bias)
    source = policy.source.astype(np.int64)
    target = np.repeat(np.arange(nodes), np.diff(policy.row)) + policy.n_inputs
    outputs = tuple(int(value) for value in policy.outputs)
    layer = place_in_layers(policy.n_inputs, nodes, source, target, outputs)
    return Net(
        policy.n_inputs, source, target, policy.weight, policy.bias,
        tuple(Activation(int(code)) for code in policy.activation), layer, outputs, policy.is_recurrent,
    )  # fmt: skip


def place_in_layers(n_inputs: int, nodes: int, source: Indices, target: Indices, outputs: tuple[int, ...]) -> Indices:
    """Return the layer of each value, int64: its depth, and for all outputs side by side the one behind everything else.

    ``source`` and ``target`` are the values that connections go from and to; one to an earlier value counts for nothing.
    """
    layer = _depths(n_inputs, nodes, source, target)
    ends = [value for value in outputs if value >= n_inputs]
    inner = np.ones(len(layer), bool)
    inner[ends] = False
    layer[ends] = max(int(layer[inner].max(initial=0)), 0) + 1
    return layer


def _depths(n_inputs: int, nodes: int, source: Indices, target: Indices) -> Indices:
    """Return how far each value is from the inputs, by its longest path; connections to earlier values do not count."""
    depth = np.zeros(n_inputs + nodes, np.int64)
    depth[n_inputs:] = 1
    is_forward = source < target
    source, target = source[is_forward], target[is_forward]
    while True:  # a pass a layer, since values are numbered in the order they are computed
        before = depth.copy()
        np.maximum.at(depth, target, before[source] + 1)
        if np.array_equal(depth, before):
            return depth


def _tanh(x: Floats) -> Floats:
    return np.tanh(x).astype(np.float32, copy=False)


def _sigmoid(x: Floats) -> Floats:
    return np.float32(0.5) + np.float32(0.5) * _tanh(np.float32(0.5) * x)


def _rational(x: Floats) -> Floats:
    return (x / (np.float32(1.0) + np.abs(x))).astype(np.float32, copy=False)


def _clamped(x: Floats) -> Floats:
    return np.minimum(np.maximum(x, np.float32(-1.0)), np.float32(1.0))


def _sin(x: Floats) -> Floats:
    return np.sin(np.clip(x, np.float32(-60.0), np.float32(60.0)))


def _square(x: Floats) -> Floats:
    return np.square(np.clip(x, np.float32(-1000.0), np.float32(1000.0)))


ACTIVATE: Final[Mapping[Activation, Callable[[Floats], Floats]]] = {
    Activation.IDENTITY: lambda x: x,
    Activation.RELU: lambda x: np.maximum(x, np.float32(0.0)),
    Activation.RATIONAL: _rational,
    Activation.CLAMPED: _clamped,
    Activation.TANH: _tanh,
    Activation.SIGMOID: _sigmoid,
    Activation.ABS: np.abs,
    Activation.SIN: _sin,
    Activation.SQUARE: _square,
    Activation.GAUSS: lambda x: np.exp(-x * x),
}
