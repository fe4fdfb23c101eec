"""Dense networks: any number of layers, one activation in the hidden layers, linear outputs, argmax as action."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from game.errors import PlayerFileError
from game.jit import FEW_LANES, LANES, kernel
from game.policies.activation import Activation, activate, activate_one
from game.policies.bank import Kind, PackedPolicy

MAX_LAYERS: Final = 8
MAX_WIDTH: Final = 1024

_NORMALISED: Final = 256
"""Added to the activation's number in the packed form."""

_NORM_EPSILON: Final = np.float32(1e-5)
_ONE_FLOAT: Final = np.float32(1.0)
_LANES: Final = np.uint64(LANES)
_ONE: Final = np.uint64(1)
_FOUR: Final = np.uint64(4)


@dataclass(frozen=True)
class DensePolicy:
    """A fully connected network.

    ``weights[i]`` is float32[outputs, inputs] of layer ``i``, ``biases[i]`` float32[outputs]. With ``is_normalised`` the sums of
    each hidden layer are normalised before their activation: less their mean, by the root of their variance + 1e-5 (J. L. Ba et
    al.: "Layer Normalization", 2016, without gain and bias).
    """

    weights: tuple[NDArray[np.float32], ...]
    biases: tuple[NDArray[np.float32], ...]
    activation: Activation = Activation.RATIONAL
    is_normalised: bool = False

    def __post_init__(self) -> None:
        """Refuse shapes that do not fit together, with ``PlayerFileError``."""
        if not 1 <= len(self.weights) <= MAX_LAYERS or len(self.weights) != len(self.biases):
            raise PlayerFileError(
                f"a dense network has {len(self.weights)} weight and {len(self.biases)} bias arrays: "
                f"it needs equally many, 1 to {MAX_LAYERS}"
            )
        width = self.weights[0].shape[-1] if self.weights[0].ndim == 2 else 0
        for index, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            if weight.ndim != 2 or weight.shape[1] != width or bias.shape != weight.shape[:1]:
                raise PlayerFileError(
                    f"layer {index} has weights {weight.shape} and biases {bias.shape}: "
                    f"it needs (outputs, {width}) and (outputs,)"
                )
            width = weight.shape[0]
            if not 1 <= width <= MAX_WIDTH:
                raise PlayerFileError(f"layer {index} is {width} wide: 1 to {MAX_WIDTH} are allowed")

    @property
    def kind(self) -> Kind:
        """``Kind.DENSE``."""
        return Kind.DENSE

    @property
    def sizes(self) -> tuple[int, ...]:
        """Width of the input and of every layer."""
        return (self.weights[0].shape[1], *(weight.shape[0] for weight in self.weights))

    def pack(self) -> PackedPolicy:
        """Integers: layer count, activation (and ``_NORMALISED``), sizes. Reals: per layer the weights row by row, the biases."""
        sizes = self.sizes
        parts = [part.ravel() for pair in zip(self.weights, self.biases, strict=True) for part in pair]
        return PackedPolicy(
            Kind.DENSE,
            np.array([len(self.weights), self.activation | _NORMALISED * self.is_normalised, *sizes], np.int32),
            np.concatenate(parts).astype(np.float32, copy=False),
            memory_rows=0,
            scratch_rows=2 * max(sizes) + 2 * self.is_normalised,
        )


@kernel
def affine(
    reals: NDArray[np.float32],
    at: np.uint64,
    rows: tuple[np.uint64, np.uint64, np.uint64, np.uint64],
    scratch: NDArray[np.float32],
    n: np.uint64,
) -> None:
    """Compute one layer's sums for ``n`` lanes; ``rows`` = (source row, inputs, target row, outputs).

    The sum runs over the inputs in order, starting at the bias; lanes are vectorised, never the sum. Unsigned
    indices spare the compiler the check for negative ones, and four inputs a pass spare loads and stores of the sum.
    """
    source, inputs, target, outputs = rows
    biases = at + inputs * outputs
    for o in range(outputs):
        y = (target + o) * _LANES
        w = at + o * inputs
        bias = reals[biases + o]
        for i in range(n):
            scratch[y + i] = bias
        k = np.uint64(0)
        while k + _FOUR <= inputs:
            x0 = (source + k) * _LANES
            x1 = x0 + _LANES
            x2 = x1 + _LANES
            x3 = x2 + _LANES
            w0 = reals[w + k]
            w1 = reals[w + k + _ONE]
            w2 = reals[w + k + _ONE + _ONE]
            w3 = reals[w + k + _ONE + _ONE + _ONE]
            for i in range(n):
                scratch[y + i] = (
                    ((scratch[y + i] + w0 * scratch[x0 + i]) + w1 * scratch[x1 + i]) + w2 * scratch[x2 + i]
                ) + w3 * scratch[x3 + i]
            k += _FOUR
        while k < inputs:
            x0 = (source + k) * _LANES
            w0 = reals[w + k]
            for i in range(n):
                scratch[y + i] = scratch[y + i] + w0 * scratch[x0 + i]
            k += _ONE


@kernel
def affine_lane(
    reals: NDArray[np.float32],
    at: np.uint64,
    rows: tuple[np.uint64, np.uint64, np.uint64, np.uint64],
    scratch: NDArray[np.float32],
    lane: np.uint64,
) -> None:
    """Compute one layer's sums for one lane, as ``affine`` does: the same sums in the same order, the same bits.

    For a few lanes the loops over lanes cost more than what they compute; here four sums run side by side.
    """
    source, inputs, target, outputs = rows
    biases = at + inputs * outputs
    first = source * _LANES + lane
    o = np.uint64(0)
    while o + _FOUR <= outputs:
        w0 = at + o * inputs
        w1 = w0 + inputs
        w2 = w1 + inputs
        w3 = w2 + inputs
        s0 = reals[biases + o]
        s1 = reals[biases + o + _ONE]
        s2 = reals[biases + o + _ONE + _ONE]
        s3 = reals[biases + o + _ONE + _ONE + _ONE]
        for k in range(inputs):
            x = scratch[first + k * _LANES]
            s0 = s0 + reals[w0 + k] * x
            s1 = s1 + reals[w1 + k] * x
            s2 = s2 + reals[w2 + k] * x
            s3 = s3 + reals[w3 + k] * x
        y = (target + o) * _LANES + lane
        scratch[y] = s0
        scratch[y + _LANES] = s1
        scratch[y + _LANES + _LANES] = s2
        scratch[y + _LANES + _LANES + _LANES] = s3
        o += _FOUR
    while o < outputs:
        w0 = at + o * inputs
        s0 = reals[biases + o]
        for k in range(inputs):
            s0 = s0 + reals[w0 + k] * scratch[first + k * _LANES]
        scratch[(target + o) * _LANES + lane] = s0
        o += _ONE


@kernel
def _activate_layer(code: int, scratch: NDArray[np.float32], target: int, outputs: int, n: int) -> None:
    """Activate the first ``n`` lanes of ``outputs`` rows from row ``target`` on.

    Rows of a full block are activated in one go: that costs less than a call a row.
    """
    if n == LANES:
        activate(code, scratch, target * LANES, outputs * LANES)
    elif n < FEW_LANES:
        for row in range(target, target + outputs):
            for lane in range(n):
                scratch[row * LANES + lane] = activate_one(code, scratch[row * LANES + lane])
    else:
        for row in range(target, target + outputs):
            activate(code, scratch, row * LANES, n)


@kernel
def _normalise_layer(scratch: NDArray[np.float32], target: int, outputs: int, spare: int, n: int) -> None:
    """Normalise ``outputs`` rows from row ``target`` on, each lane by itself; sums run over the rows in order.

    Two rows from row ``spare`` on are work space.
    """
    mean = scratch[spare * LANES : spare * LANES + n]
    scale = scratch[(spare + 1) * LANES : (spare + 1) * LANES + n]
    count = np.float32(outputs)
    for i in range(n):
        mean[i] = np.float32(0.0)
        scale[i] = np.float32(0.0)
    for row in range(target, target + outputs):
        sums = scratch[row * LANES : row * LANES + n]
        for i in range(n):
            mean[i] = mean[i] + sums[i]
    for i in range(n):
        mean[i] = mean[i] / count
    for row in range(target, target + outputs):
        sums = scratch[row * LANES : row * LANES + n]
        for i in range(n):
            sums[i] = sums[i] - mean[i]
            scale[i] = scale[i] + sums[i] * sums[i]
    for i in range(n):
        scale[i] = _ONE_FLOAT / np.sqrt(scale[i] / count + _NORM_EPSILON)
    for row in range(target, target + outputs):
        sums = scratch[row * LANES : row * LANES + n]
        for i in range(n):
            sums[i] = sums[i] * scale[i]


@kernel
def forward_dense(
    integers: NDArray[np.int32],
    reals: NDArray[np.float32],
    scratch: NDArray[np.float32],
    n: int,
) -> int:
    """Run the packed network on ``n`` lanes; return the scratch row at which its outputs begin.

    The observation is in the first rows of ``scratch``; layers are written to its two halves in turn.
    """
    layers = integers[0]
    width = 0
    for layer in range(layers + 1):
        width = max(width, integers[2 + layer])
    source, target, spare = 0, width, 2 * width
    at = 0
    for layer in range(layers):
        inputs, outputs = integers[2 + layer], integers[3 + layer]
        rows = (np.uint64(source), np.uint64(inputs), np.uint64(target), np.uint64(outputs))
        if n < FEW_LANES:
            for lane in range(n):
                affine_lane(reals, np.uint64(at), rows, scratch, np.uint64(lane))
        else:
            affine(reals, np.uint64(at), rows, scratch, np.uint64(n))
        if layer < layers - 1:
            if integers[1] >= _NORMALISED:
                _normalise_layer(scratch, target, outputs, spare, n)
            _activate_layer(integers[1] & (_NORMALISED - 1), scratch, target, outputs, n)
        at += inputs * outputs + outputs
        source, target = target, source
    return source
