"""The activation functions of networks, as exact IEEE arithmetic: no libm, the same bits on every machine."""

from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from game.jit import kernel


class Activation(IntEnum):
    """How a node turns its weighted sum into its value."""

    IDENTITY = 0
    RELU = 1
    RATIONAL = 2
    """x / (1 + |x|)."""
    CLAMPED = 3
    """x limited to [-1, 1]."""
    TANH = 4
    """Within 4e-7 of tanh."""
    SIGMOID = 5
    """(1 + tanh(x / 2)) / 2."""
    ABS = 6
    SIN = 7
    """Within 3e-7 of sin(x) for |x| up to 60; x is limited to that."""
    SQUARE = 8
    """x * x, of x limited to [-1000, 1000]."""
    GAUSS = 9
    """Within 4e-7 of exp(-x * x)."""


_RELU: Final = int(Activation.RELU)
_RATIONAL: Final = int(Activation.RATIONAL)
_CLAMPED: Final = int(Activation.CLAMPED)
_TANH: Final = int(Activation.TANH)
_SIGMOID: Final = int(Activation.SIGMOID)
_ABS: Final = int(Activation.ABS)
_SIN: Final = int(Activation.SIN)
_SQUARE: Final = int(Activation.SQUARE)
_GAUSS: Final = int(Activation.GAUSS)

_ZERO: Final = np.float32(0.0)
_HALF: Final = np.float32(0.5)
_ONE: Final = np.float32(1.0)
_SIN_LIMIT: Final = np.float32(60.0)
_PER_PI: Final = np.float32(0.318309886)
_PI_HIGH: Final = np.float32(3.140625)  # pi in three parts: products of the first two with small integers are exact
_PI_MIDDLE: Final = np.float32(9.67502593994140625e-4)
_PI_LOW: Final = np.float32(1.50995799e-7)
_S3: Final = np.float32(-1.66666597127914429e-01)
_S5: Final = np.float32(8.33307858556509018e-03)
_S7: Final = np.float32(-1.98106907191686332e-04)
_S9: Final = np.float32(2.60831598097867809e-06)
_SQUARE_LIMIT: Final = np.float32(1000.0)
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


@kernel
def tanh(x: np.float32) -> np.float32:
    """Return tanh(x) by the 13/6 rational minimax approximation.

    Source: the coefficients of Eigen's ``generic_fast_tanh_float`` (MPL 2.0).
    """
    x = _TANH_LIMIT if x > _TANH_LIMIT else x
    x = -_TANH_LIMIT if x < -_TANH_LIMIT else x
    s = x * x
    p = s * (s * (s * (s * (s * (s * _A13 + _A11) + _A9) + _A7) + _A5) + _A3) + _A1
    q = s * (s * (s * _B6 + _B4) + _B2) + _B0
    return x * p / q


@kernel
def relu(x: np.float32) -> np.float32:
    """Return x if it is positive, else 0, as (x + |x|) / 2: exact below 1.7e38, and NaN stays NaN.

    A conditional would be compiled to a conditional store, which is not vectorised: nine times slower.
    """
    return (x + abs(x)) * _HALF


@kernel
def rational(x: np.float32) -> np.float32:
    """Return x / (1 + |x|)."""
    return x / (_ONE + abs(x))


@kernel
def clamped(x: np.float32) -> np.float32:
    """Return x limited to [-1, 1]."""
    x = -_ONE if x < -_ONE else x
    return _ONE if x > _ONE else x


@kernel
def sigmoid(x: np.float32) -> np.float32:
    """Return (1 + tanh(x / 2)) / 2."""
    return _HALF + _HALF * tanh(_HALF * x)


@kernel
def sin(x: np.float32) -> np.float32:
    """Return sin(x): x less the nearest multiple of pi, then a minimax polynomial of degree 9.

    Source: reduction and coefficients of SLEEF's ``sinf`` (N. Shibata, F. Petrogalli: "SLEEF: A Portable Vectorized Library of C
    Standard Mathematical Functions", 2020; Boost licence). Deviation: pi in three parts, which is enough up to 60.
    """
    x = _SIN_LIMIT if x > _SIN_LIMIT else x
    x = -_SIN_LIMIT if x < -_SIN_LIMIT else x
    turns = np.floor(x * _PER_PI + _HALF)
    x = ((x - turns * _PI_HIGH) - turns * _PI_MIDDLE) - turns * _PI_LOW
    half = turns * _HALF
    sign = _ONE - np.float32(4.0) * (half - np.floor(half))  # 1 for an even number of half turns, -1 for an odd one
    s = x * x
    sine: np.float32 = sign * (x + x * s * (s * (s * (s * _S9 + _S7) + _S5) + _S3))
    return sine


@kernel
def square(x: np.float32) -> np.float32:
    """Return x * x, at most a million."""
    x = -_SQUARE_LIMIT if x < -_SQUARE_LIMIT else x
    x = _SQUARE_LIMIT if x > _SQUARE_LIMIT else x
    return x * x


@kernel
def gauss(x: np.float32) -> np.float32:
    """Return exp(-x * x) as (1 - t) / (1 + t) with t = tanh(x * x / 2)."""
    t = tanh(_HALF * square(x))
    return (_ONE - t) / (_ONE + t)


@kernel
def activate_one(  # noqa: PLR0911  # one branch a function of the enumeration
    code: int, x: np.float32
) -> np.float32:
    """Return activation ``code`` of ``x``."""
    if code == _RELU:
        return relu(x)
    if code == _RATIONAL:
        return rational(x)
    if code == _CLAMPED:
        return clamped(x)
    if code == _TANH:
        return tanh(x)
    if code == _SIGMOID:
        return sigmoid(x)
    if code == _SIN:
        return sin(x)
    if code == _SQUARE:
        return square(x)
    if code == _GAUSS:
        return gauss(x)
    return abs(x) if code == _ABS else x


@kernel
def activate(  # noqa: C901, PLR0912  # one branch a function of the enumeration
    code: int, values: NDArray[np.float32], at: int, n: int
) -> None:
    """Replace the ``n`` sums from ``at`` on by their activation ``code``: ``activate_one`` of each.

    In place on one array: with a source and a target array the compiler's overlap check would send it down the
    scalar path. The branch stands outside the loops so that each of them is vectorised.
    """
    row = values[at : at + n]
    if code == _RELU:
        for i in range(n):
            row[i] = relu(row[i])
    elif code == _RATIONAL:
        for i in range(n):
            row[i] = rational(row[i])
    elif code == _CLAMPED:
        for i in range(n):
            row[i] = clamped(row[i])
    elif code == _TANH:
        for i in range(n):
            row[i] = tanh(row[i])
    elif code == _SIGMOID:
        for i in range(n):
            row[i] = sigmoid(row[i])
    elif code == _ABS:
        for i in range(n):
            row[i] = abs(row[i])
    elif code == _SIN:
        for i in range(n):
            row[i] = sin(row[i])
    elif code == _SQUARE:
        for i in range(n):
            row[i] = square(row[i])
    elif code == _GAUSS:
        for i in range(n):
            row[i] = gauss(row[i])
