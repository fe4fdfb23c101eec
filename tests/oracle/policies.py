"""Networks in plain Python and NumPy: what the compiled policies are proved against, and measured against.

``PlainDense`` and ``PlainGraph`` add up in the order that ``game.policies`` documents (the bias, then the inputs in
order), one float32 at a time: their outputs are the kernels' very bits. ``NumpyDense`` and neat-python's own network
are how such players are usually run: the same function up to rounding.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

import numpy as np
from neat.aggregations import sum_aggregation
from neat.nn import FeedForwardNetwork
from numpy.typing import NDArray

from game.policies.activation import Activation
from game.policies.dense import DensePolicy
from game.policies.graph import GraphPolicy
from tests.oracle.rally import Real

Array = NDArray[np.float32]

# Coefficients of x, x^3, ... above and of 1, x^2, ... below the line of tanh's rational approximation.
_TANH_ABOVE: Final = (
    4.89352455891786e-03,
    6.37261928875436e-04,
    1.48572235717979e-05,
    5.12229709037114e-08,
    -8.60467152213735e-11,
    2.00018790482477e-13,
    -2.76076847742355e-16,
)
_TANH_BELOW: Final = (4.89352518554385e-03, 2.26843463243900e-03, 1.18534705686654e-04, 1.19825839466702e-06)
_PER_PI: Final = 0.318309886
_PI_PARTS: Final = (3.140625, 9.67502593994140625e-4, 1.50995799e-7)
_SINE: Final = (-1.66666597127914429e-01, 8.33307858556509018e-03, -1.98106907191686332e-04, 2.60831598097867809e-06)
_TANH_LIMIT: Final = 7.90531110763549805


class Decider(Protocol):
    """Whoever answers an observation with an action."""

    def decide(self, observation: Sequence[float]) -> int:
        """Return the action on an observation."""
        ...


def plain_tanh(x: np.float32) -> np.float32:
    """Return tanh(x) to within 4e-7, in float32 arithmetic, both polynomials by Horner's scheme."""
    limit = np.float32(_TANH_LIMIT)
    x = min(max(x, -limit), limit)
    square = x * x
    above, below = (_horner(square, coefficients) for coefficients in (_TANH_ABOVE, _TANH_BELOW))
    return x * above / below


def _horner(x: np.float32, coefficients: Sequence[float]) -> np.float32:
    total = np.float32(coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        total = x * total + np.float32(coefficient)
    return total


def plain_sin(x: np.float32) -> np.float32:
    """Return sin(x) to within 3e-7 for x within 60, in float32 arithmetic: a remainder of pi, then Horner's scheme."""
    x = min(max(x, np.float32(-60)), np.float32(60))
    turns = np.floor(x * np.float32(_PER_PI) + np.float32(0.5))
    for part in _PI_PARTS:
        x = x - turns * np.float32(part)
    sine = x + x * (x * x) * _horner(x * x, _SINE)
    return sine if turns % 2 == 0 else -sine


def plain_square(x: np.float32) -> np.float32:
    """Return the square of x, which is limited to 1000."""
    x = min(max(x, np.float32(-1000)), np.float32(1000))
    return x * x


def plain_activation(code: int, x: np.float32) -> np.float32:  # noqa: PLR0911  # one case a function
    """Return the value of a node whose sum is ``x``, in float32 arithmetic."""
    half, one = np.float32(0.5), np.float32(1)
    match Activation(code):
        case Activation.RELU:
            with np.errstate(over="ignore", invalid="ignore"):  # beyond 1.7e38 the sum overflows, as in the kernel
                return np.float32((x + abs(x)) * half)
        case Activation.RATIONAL:
            return x / (one + abs(x))
        case Activation.CLAMPED:
            return min(max(x, -one), one)
        case Activation.TANH:
            return plain_tanh(x)
        case Activation.SIGMOID:
            return half + half * plain_tanh(half * x)
        case Activation.ABS:
            return abs(x)
        case Activation.SIN:
            return plain_sin(x)
        case Activation.SQUARE:
            return plain_square(x)
        case Activation.GAUSS:
            t = plain_tanh(half * plain_square(x))
            return (one - t) / (one + t)
        case _:
            return x


def first_largest(outputs: Sequence[Real]) -> int:
    """Return the place of the largest output, the first of several."""
    best = 0
    for place in range(1, len(outputs)):
        if outputs[place] > outputs[best]:
            best = place
    return best


class PlainDense:
    """A dense network, one float32 at a time in the documented order."""

    def __init__(self, policy: DensePolicy) -> None:
        self._policy = policy

    def outputs(self, observation: Sequence[float]) -> list[np.float32]:
        """Return the network's outputs, linear in the last layer."""
        policy = self._policy
        values = [np.float32(value) for value in observation]
        for layer, (weights, biases) in enumerate(zip(policy.weights, policy.biases, strict=True)):
            sums = [_weighted_sum(bias, row, values) for bias, row in zip(biases, weights, strict=True)]
            is_last = layer == len(policy.weights) - 1
            if policy.is_normalised and not is_last:
                sums = _normalised(sums)
            values = sums if is_last else [plain_activation(policy.activation, total) for total in sums]
        return values

    def decide(self, observation: Sequence[float]) -> int:
        """Return the action on an observation."""
        return first_largest(self.outputs(observation))


def _normalised(sums: Sequence[np.float32]) -> list[np.float32]:
    """Return the sums less their mean, by the root of their variance + 1e-5; sums run in order."""
    count, mean, squares = np.float32(len(sums)), np.float32(0), np.float32(0)
    for value in sums:
        mean = mean + value
    mean = mean / count
    rest = [value - mean for value in sums]
    for value in rest:
        squares = squares + value * value
    scale = np.float32(1) / np.sqrt(squares / count + np.float32(1e-5))
    return [value * scale for value in rest]


class PlainGraph:
    """A graph, feed-forward or recurrent, one float32 at a time in the documented order."""

    def __init__(self, policy: GraphPolicy) -> None:
        self._policy = policy
        self._remembered = [np.float32(0)] * len(policy.bias)

    def outputs(self, observation: Sequence[float]) -> list[np.float32]:
        """Return the graph's outputs; a recurrent graph moves on by one tick."""
        policy = self._policy
        inputs = [np.float32(value) for value in observation]
        nodes: list[np.float32] = []
        for node, bias in enumerate(policy.bias):
            known = inputs + (self._remembered if policy.is_recurrent else nodes)
            edges = slice(policy.row[node], policy.row[node + 1])
            read = [known[source] for source in policy.source[edges]]
            total = _weighted_sum(bias, policy.weight[edges], read)
            nodes.append(plain_activation(int(policy.activation[node]), total))
        self._remembered = nodes
        values = inputs + nodes
        return [values[number] for number in policy.outputs]

    def decide(self, observation: Sequence[float]) -> int:
        """Return the action on an observation."""
        return first_largest(self.outputs(observation))


def _weighted_sum(bias: np.float32, weights: Array, values: Sequence[np.float32]) -> np.float32:
    total = bias
    for weight, value in zip(weights, values, strict=True):
        total = total + weight * value
    return total


_HALF: Final = np.float32(0.5)
_NUMPY_ACTIVATIONS: Final[Mapping[Activation, Callable[[Array], Array]]] = {
    Activation.IDENTITY: lambda x: x,
    Activation.RELU: lambda x: np.maximum(x, np.float32(0)),
    Activation.RATIONAL: lambda x: x / (1 + np.abs(x)),
    Activation.CLAMPED: lambda x: np.clip(x, -1, 1),
    Activation.TANH: np.tanh,
    Activation.SIGMOID: lambda x: _HALF + _HALF * np.tanh(_HALF * x),
    Activation.ABS: np.abs,
    Activation.SIN: np.sin,
    Activation.SQUARE: np.square,
    Activation.GAUSS: lambda x: np.exp(-x * x),
}


class NumpyDense:
    """A dense network as one matrix product a layer, float32: how a NumPy program would run it, a decision a call."""

    def __init__(self, policy: DensePolicy) -> None:
        self._layers = list(zip(policy.weights, policy.biases, strict=True))
        self._activation = _NUMPY_ACTIVATIONS[policy.activation]
        self._is_normalised = policy.is_normalised

    def outputs(self, observation: Sequence[float]) -> Array:
        """Return the network's outputs, float32[outputs]."""
        values: Array = np.asarray(observation, np.float32)
        for weights, biases in self._layers[:-1]:
            sums = weights @ values + biases
            if self._is_normalised:
                sums = (sums - sums.mean()) / np.sqrt(sums.var() + np.float32(1e-5))
            values = self._activation(sums)
        weights, biases = self._layers[-1]
        outputs: Array = weights @ values + biases
        return outputs

    def decide(self, observation: Sequence[float]) -> int:
        """Return the action on an observation."""
        return int(self.outputs(observation).argmax())


_NEAT_ACTIVATIONS: Final[Mapping[Activation, Callable[[float], float]]] = {
    Activation.IDENTITY: lambda x: x,
    Activation.RELU: lambda x: max(x, 0.0),
    Activation.RATIONAL: lambda x: x / (1.0 + abs(x)),
    Activation.CLAMPED: lambda x: max(-1.0, min(1.0, x)),
    Activation.TANH: math.tanh,
    Activation.SIGMOID: lambda x: 0.5 + 0.5 * math.tanh(0.5 * x),
    Activation.ABS: abs,
    Activation.SIN: math.sin,
    Activation.SQUARE: lambda x: x * x,
    Activation.GAUSS: lambda x: math.exp(-x * x),
}


def neat_network(policy: GraphPolicy) -> FeedForwardNetwork:
    """Return ``policy``, which must be feed-forward, as neat-python's own network; inputs are its keys -1, -2, ..."""
    if policy.is_recurrent:
        raise ValueError("a recurrent graph is no feed-forward network: hand in an acyclic one")

    def key(value: int) -> int:
        return -1 - value if value < policy.n_inputs else value - policy.n_inputs

    evaluations = []
    for node, bias in enumerate(policy.bias):
        edges = slice(policy.row[node], policy.row[node + 1])
        weights = policy.weight[edges].tolist()
        links = [(key(source), weight) for source, weight in zip(policy.source[edges].tolist(), weights, strict=True)]
        activation = _NEAT_ACTIVATIONS[Activation(int(policy.activation[node]))]
        evaluations.append((node, activation, sum_aggregation, float(bias), 1.0, links))
    inputs = [key(value) for value in range(policy.n_inputs)]
    return FeedForwardNetwork(inputs, [key(value) for value in policy.outputs.tolist()], evaluations)


class NeatPlayer:
    """neat-python's network as a player."""

    def __init__(self, policy: GraphPolicy) -> None:
        self._network = neat_network(policy)

    def decide(self, observation: Sequence[float]) -> int:
        """Return the action on an observation."""
        return first_largest(self._network.activate(observation))
