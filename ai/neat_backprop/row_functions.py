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
    load,
    mantissa,
    store,
    times_power,
)
from game.jit import entry, kernel
from game.policies.activation import Activation

SOURCES_DIGEST: Final = "f8105c5311938d780543a6493cc05c7b52a34e3a964a959aeeb28b432fa71aff"
"""SHA-256 of ``rows.py``: see there."""

_RELU: Final = int(Activation.RELU)
_RATIONAL: Final = int(Activation.RATIONAL)
_CLAMPED: Final = int(Activation.CLAMPED)
_TANH: Final = int(Activation.TANH)
_SIGMOID: Final = int(Activation.SIGMOID)
_ABS: Final = int(Activation.ABS)

_ZERO: Final = np.float32(0)
_ONE: Final = np.float32(1)
_HALF: Final = np.float32(0.5)

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
def tanh(x: Row) -> Row:
    """Return ``game.policies.activation.tanh``, bit for bit."""
    x = choose(_TANH_LIMIT, x, _TANH_LIMIT, x)
    x = choose(x, -_TANH_LIMIT, -_TANH_LIMIT, x)
    s = x * x
    p = (s * (s * (s * (s * (s * (s * _A13 + _A11) + _A9) + _A7) + _A5) + _A3)) + _A1
    q = s * (s * (s * _B6 + _B4) + _B2) + _B0
    return x * p / q


@kernel
def activated(code: int, x: Row) -> Row:
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
        x = choose(x, -_ONE, -_ONE, x)
        return choose(_ONE, x, _ONE, x)
    return absolute(x) if code == _ABS else x


@kernel
def through_activation(code: int, delta: Row, values: Reals, slopes: Reals, at: Index) -> Row:
    """Return the gradient with respect to a node's sum; ``delta`` is that with respect to its value."""
    value = load(values, at)
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
        return choose(-_ONE, value, choose(value, _ONE, delta, _ZERO), _ZERO)
    if code == _ABS:
        total = load(slopes, at)
        return choose(_ZERO, total, delta, choose(total, _ZERO, _ZERO - delta, _ZERO))
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
