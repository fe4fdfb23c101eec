"""Fewer points that look the same."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.desktop.charts.series import Column

MOST_POINTS: Final = 2_000
"""Points of a curve that are drawn: more cost time and no pixel shows them."""

_KEPT_A_BUCKET: Final = 5  # first, least, greatest, last, and a gap


def thin(y: Column, limit: int = MOST_POINTS) -> NDArray[np.intp]:
    """Return the ascending indices of at most ``limit`` points (at least 5) that draw the same line as all of ``y``.

    The points fall into buckets of equal count; of each the first, the least, the greatest and the last stay, so no
    spike is lost.

    Source: U. Jugel et al., "M4: A Visualization-Oriented Time Series Data Aggregation", VLDB 2014. Deviations: buckets
    are of equal count and not of equal width, and one NaN of a bucket stays too, so that gaps remain gaps.
    """
    n = len(y)
    if n <= limit:
        return np.arange(n)
    width = -(-n // max(limit // _KEPT_A_BUCKET, 1))
    firsts = np.arange(0, n, width)
    lasts = np.minimum(firsts + width, n) - 1
    rows = np.full(len(firsts) * width, np.nan)
    rows[:n] = y
    table = rows.reshape(len(firsts), width)
    is_gap = np.isnan(table)
    is_gap[-1, n - firsts[-1] :] = False  # the padding is no gap of the curve
    least = firsts + np.where(np.isnan(table), np.inf, table).argmin(axis=1)
    greatest = firsts + np.where(np.isnan(table), -np.inf, table).argmax(axis=1)
    gaps = (firsts + is_gap.argmax(axis=1))[is_gap.any(axis=1)]
    return np.unique(np.concatenate([firsts, least, greatest, lasts, gaps]))


def window(x: Column, low: float, high: float) -> slice:
    """Return the points from ``low`` to ``high``, and one more on each side so that the line goes on to the edge."""
    first = int(np.searchsorted(x, low, side="left")) - 1
    last = int(np.searchsorted(x, high, side="right")) + 1
    return slice(max(first, 0), min(last, len(x)))
