"""A moving average that forgets."""

import math
from typing import Final

import numpy as np

from app.desktop.charts.series import Column

_LEAST_SCALE: Final = 1e-12  # weights within a block fall to this, far from underflow


def smooth(y: Column, half_life: float) -> Column:
    """Return the exponential moving average of ``y`` in which a point's weight halves every ``half_life`` points.

    It is the weighted mean of the points so far: weights ``a**k`` of the point ``k`` before, ``a = 2**(-1 / half_life)``,
    divided by their sum, so that the first values are not drawn towards 0. NaN stays NaN and counts for nothing. A half-life
    of 0 smooths nothing.

    Source: bias correction as in D. Kingma, J. Ba, "Adam", ICLR 2015, section 3.
    """
    if half_life <= 0:
        return y.copy()
    is_number = np.isfinite(y)
    known = y[is_number]
    smoothed = np.full(len(y), np.nan)
    smoothed[is_number] = _decaying_sum(known, half_life) / _decaying_sum(np.ones(len(known)), half_life)
    return smoothed


def _decaying_sum(values: Column, half_life: float) -> Column:
    """Return ``s[t] = 2**(-1 / half_life) * s[t - 1] + values[t]``, block by block so that no power leaves the range."""
    decay = 2.0 ** (-1.0 / half_life)
    block = max(1, int(math.log(_LEAST_SCALE) / math.log(decay)))
    powers = decay ** np.arange(min(block, len(values)))
    sums = np.empty(len(values))
    before = 0.0
    for begin in range(0, len(values), block):
        part = values[begin : begin + block]
        scale = powers[: len(part)]
        sums[begin : begin + len(part)] = (before * decay + np.cumsum(part / scale)) * scale
        before = float(sums[begin + len(part) - 1])
    return sums
