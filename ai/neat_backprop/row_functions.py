"""Functions of rows: the activations and their derivatives, exponential and logarithm.

The activations are those of ``game.policies.activation``, bit for bit, which handles one number at a time. A row is faster: the
compiler interleaves its registers, where a loop over points waits for one chain of operations after the other.
"""

from typing import Final

import numpy as np

from ai.neat_backprop.rows import (
    POINTS,
    Index,
    Reals,
    Row,
    absolute,
    choose,
    exponent,
    floor,
    load,
    mantissa,
    store,
    times_power,
)
from game.jit import entry, kernel
from game.policies.activation import Activation

SOURCES_DIGEST: Final = "b41e5c422b52e88ba30d2449531c5b48e2792e78bac93b71bb181a42dd9a93d9"
"""SHA-256 of ``rows.py``: see there."""

_RELU: Final = int(Activation.RELU)
_RATIONAL: Final = int(Activation.RATIONAL)
_CLAMPED: Final = int(Activation.CLAMPED)
_TANH: Final = int(Activation.TANH)
_SIGMOID: Final = int(Activation.SIGMOID)
_ABS: Final = int(Activation.ABS)
_SIN: Final = int(Activation.SIN)
_SQUARE: Final = int(Activation.SQUARE)
_GAUSS: Final = int(Activation.GAUSS)

_ZERO: Final = np.float32(0)
_ONE: Final = np.float32(1)
_HALF: Final = np.float32(0.5)
_TWO: Final = np.float32(2)
_FOUR: Final = np.float32(4)

_SIN_LIMIT: Final = np.float32(60.0)
_PER_PI: Final = np.float32(0.318309886)
_HALF_PI: Final = np.float32(1.57079632679)
_PI_HIGH: Final = np.float32(3.140625)
_PI_MIDDLE: Final = np.float32(9.67502593994140625e-4)
_PI_LOW: Final = np.float32(1.50995799e-7)
_S3: Final = np.float32(-1.66666597127914429e-01)
_S5: Final = np.float32(8.33307858556509018e-03)
_S7: Final = np.float32(-1.98106907191686332e-04)
_S9: Final = np.float32(2.60831598097867809e-06)
_SQUARE_LIMIT: Final = np.float32(1000.0)
_GAUSS_LIMIT: Final = np.float32(3.976)
"""From here on gauss is flat, because its tanh is."""

_TANH_LIMIT: Final = np.float32(7.90531110763549805)
_A1: Final = np.float32(4.89352455891786e-03)
_A3: Final = np.float32(6.37261928875436e-04)
_A5: Final = np.float32(1.48572235717979e-05)
_A7: Final = np.float32(5.12229709037114e-08)
_A9: Final = np.float32(-8.60467152213735e-11)
_A11: Final = np.float32(2.00018790482477e-13)
_A13: Final = np.float32(-2.76076847742355e-16)
_B0: Final = np.float32(4.89352518554385e-03)
_B2: Final = np.float32(2.26843463243900e-03)
_B4: Final = np.float32(1.18534705686654e-04)
_B6: Final = np.float32(1.19825839466702e-06)

_SHIFT: Final = np.float32(1.5 * 2**23)
"""Added to a small number it leaves the nearest whole number in the lowest bits."""
_LOG2_E: Final = np.float32(1.44269504088896341)
_LN2_HIGH: Final = np.float32(0.693359375)
_LN2_LOW: Final = np.float32(-2.12194440e-4)
_LEAST_EXPONENT: Final = np.float32(-40)
_E0: Final = np.float32(1.9875691500e-4)
_E1: Final = np.float32(1.3981999507e-3)
_E2: Final = np.float32(8.3334519073e-3)
_E3: Final = np.float32(4.1665795894e-2)
_E4: Final = np.float32(1.6666665459e-1)
_E5: Final = np.float32(5.0000001201e-1)
_INFINITY: Final = np.float32(np.inf)
_L0: Final = np.float32(7.0376836292e-2)
_L1: Final = np.float32(-1.1514610310e-1)
_L2: Final = np.float32(1.1676998740e-1)
_L3: Final = np.float32(-1.2420140846e-1)
_L4: Final = np.float32(1.4249322787e-1)
_L5: Final = np.float32(-1.6668057665e-1)
_L6: Final = np.float32(2.0000714765e-1)
_L7: Final = np.float32(-2.4999993993e-1)
_L8: Final = np.float32(3.3333331174e-1)


@kernel
def exponential(x: Row) -> Row:
    """Return exp(x) of x <= 0, within 2e-7 of its size; 0 below -40, where it is lost beside 1 and could make subnormal products.

    Source: ``expf`` of the Cephes library, S. Moshier.
    """
    shifted = x * _LOG2_E + _SHIFT
    n = shifted - _SHIFT
    r = x - n * _LN2_HIGH - n * _LN2_LOW
    p = ((((_E0 * r + _E1) * r + _E2) * r + _E3) * r + _E4) * r + _E5
    return choose(x, _LEAST_EXPONENT, _ZERO, times_power(p * (r * r) + r + _ONE, shifted))


@kernel
def logarithm(x: Row) -> Row:
    """Return the natural logarithm of x >= 1, within 2e-7 of its size or of 1; infinity and NaN stay.

    Source: ``logf`` of the Cephes library, S. Moshier.
    """
    n = exponent(x)
    f = mantissa(x) - _ONE
    square = f * f
    p = (((((((_L0 * f + _L1) * f + _L2) * f + _L3) * f + _L4) * f + _L5) * f + _L6) * f + _L7) * f + _L8
    finite = f + ((p * f) * square + n * _LN2_LOW - square * _HALF) + n * _LN2_HIGH
    return choose(x, _INFINITY, finite, x)


@kernel
def _limited(x: Row, limit: np.float32) -> Row:
    """Return x limited to [-limit, limit]."""
    x = choose(x, -limit, -limit, x)
    return choose(limit, x, limit, x)


@kernel
def tanh(x: Row) -> Row:
    """Return ``game.policies.activation.tanh``, bit for bit."""
    x = _limited(x, _TANH_LIMIT)
    s = x * x
    p = (s * (s * (s * (s * (s * (s * _A13 + _A11) + _A9) + _A7) + _A5) + _A3)) + _A1
    q = s * (s * (s * _B6 + _B4) + _B2) + _B0
    return x * p / q


@kernel
def _sine(x: Row) -> Row:
    """Return sin(x), the reduction and the polynomial of ``game.policies.activation.sin``, bit for bit."""
    turns = floor(x * _PER_PI + _HALF)
    x = ((x - turns * _PI_HIGH) - turns * _PI_MIDDLE) - turns * _PI_LOW
    half = turns * _HALF
    sign = _ONE - _FOUR * (half - floor(half))
    s = x * x
    return sign * (x + x * s * (s * (s * (s * _S9 + _S7) + _S5) + _S3))


@kernel
def _squared(x: Row) -> Row:
    """Return ``game.policies.activation.square``, bit for bit."""
    x = _limited(x, _SQUARE_LIMIT)
    return x * x


@kernel
def activated(code: int, x: Row) -> Row:  # noqa: PLR0911  # one branch a function of the enumeration
    """Return ``game.policies.activation.activate_one``, bit for bit."""
    if code == _TANH:
        return tanh(x)
    if code == _SIGMOID:
        return _HALF + _HALF * tanh(_HALF * x)
    if code == _RELU:
        return (x + absolute(x)) * _HALF
    if code == _RATIONAL:
        return x / (_ONE + absolute(x))
    if code == _CLAMPED:
        return _limited(x, _ONE)
    if code == _SIN:
        return _sine(_limited(x, _SIN_LIMIT))
    if code == _SQUARE:
        return _squared(x)
    if code == _GAUSS:
        t = tanh(_HALF * _squared(x))
        return (_ONE - t) / (_ONE + t)
    return absolute(x) if code == _ABS else x


@kernel
def _slope(code: int, value: Row, x: Row) -> Row:
    """Return the derivative of an activation whose sum x is kept; 0 where x is beyond the limit of its function."""
    size = absolute(x)
    if code == _SIN:
        return choose(size, _SIN_LIMIT, _sine(x + _HALF_PI), _ZERO)
    if code == _SQUARE:
        return choose(size, _SQUARE_LIMIT, _TWO * x, _ZERO)
    if code == _GAUSS:
        return choose(size, _GAUSS_LIMIT, -_TWO * x * value, _ZERO)
    return choose(_ZERO, x, _ONE, choose(x, _ZERO, -_ONE, _ZERO))


@kernel
def is_sum_kept(code: int) -> bool:
    """Whether the derivative of an activation needs the sum, because the value does not tell it."""
    return code == _ABS or code == _SIN or code == _SQUARE or code == _GAUSS  # noqa: PLR1714  # no sets in kernels


@kernel
def through_activation(code: int, delta: Row, value: Row, slopes: Reals, at: Index) -> Row:
    """Return the gradient with respect to a node's sum; ``delta`` is that with respect to its ``value``.

    The sum is at ``slopes[at]`` where ``is_sum_kept``.
    """
    if code == _TANH:
        return delta * (_ONE - value * value)
    if code == _SIGMOID:
        return delta * (value * (_ONE - value))
    if code == _RELU:
        return choose(_ZERO, value, delta, _ZERO)
    if code == _RATIONAL:
        rest = _ONE - absolute(value)
        return delta * (rest * rest)
    if code == _CLAMPED:
        return choose(absolute(value), _ONE, delta, _ZERO)
    if is_sum_kept(code):
        return delta * _slope(code, value, load(slopes, at))
    return delta


@entry
def exponentials(x: Reals) -> None:
    """Replace ``x``, whole rows, by the exponentials."""
    for at in range(0, len(x), POINTS):
        store(x, at, exponential(load(x, at)))


@entry
def logarithms(x: Reals) -> None:
    """Replace ``x``, whole rows, by the logarithms."""
    for at in range(0, len(x), POINTS):
        store(x, at, logarithm(load(x, at)))


@entry
def activations(code: int, x: Reals) -> None:
    """Replace ``x``, whole rows, by the activations ``code``."""
    for at in range(0, len(x), POINTS):
        store(x, at, activated(code, load(x, at)))
