"""Curves on top of each other. Of hundreds that live one after the other each costs what its own life is long. No Qt."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.desktop.charts.series import Column, Series
from app.desktop.charts.thinning import MOST_POINTS, thin, window

_FULL_CURVES: Final = 8
"""A stack has as many points as this number of curves, however many it consists of."""


class Layer(NamedTuple):
    """One part: which curve it is, and its lower and upper edge where it is more than nothing, and one point beyond."""

    curve: int
    x: Column
    floor: Column
    top: Column


class _Points(NamedTuple):
    """The points of all curves, curve by curve: whose, at which index of x, and how much."""

    curve: NDArray[np.intp]
    at: NDArray[np.intp]
    y: Column


def stack(curves: Sequence[Series], low: float, high: float) -> list[Layer]:
    """Return what is seen of ``curves`` from ``low`` to ``high``, thinned; where a curve has no point it is nothing."""
    if not curves:
        return []
    every = np.concatenate([series.x for series in curves])
    xs = np.unique(every)
    first = window(xs, low, high)
    points = _seen(curves, every, xs, first)
    xs = xs[first]
    whole: Column = np.bincount(points.at, points.y, len(xs)).astype(np.float64, copy=False)
    kept = thin(whole, _room(len(points.at), len(xs)))
    place = np.full(len(xs), -1)
    place[kept] = np.arange(len(kept))
    is_kept = place[points.at] >= 0
    return _layers(_Points(points.curve[is_kept], place[points.at[is_kept]], points.y[is_kept]), xs[kept])


def _seen(curves: Sequence[Series], every: Column, xs: Column, view: slice) -> _Points:
    """Return the points in ``view`` that are more than nothing; ``every`` are the curves' x, one after the other."""
    whose = np.repeat(np.arange(len(curves)), [len(series) for series in curves])
    at = np.searchsorted(xs, every)
    y = np.concatenate([series.y for series in curves])
    is_seen = (at >= view.start) & (at < view.stop) & (y > 0)  # a gap is nothing too
    return _Points(whose[is_seen], at[is_seen] - view.start, y[is_seen])


def _room(points: int, places: int) -> int:
    """Return how many places of x are drawn of ``places`` on which ``points`` lie."""
    at_once = max(-(-points // max(places, 1)), 1)
    return min(MOST_POINTS, max(MOST_POINTS * _FULL_CURVES // at_once, 5))


def _layers(points: _Points, xs: Column) -> list[Layer]:
    """Return the layers, the first curve's at the bottom."""
    found: list[Layer] = []
    level = np.zeros(len(xs))
    whose, begins = np.unique(points.curve, return_index=True)
    for curve, begin, end in zip(whose, begins, [*begins[1:], len(points.curve)], strict=True):
        at = points.at[begin:end]
        seen = slice(max(int(at[0]) - 1, 0), int(at[-1]) + 2)
        floor = level[seen].copy()
        top = floor.copy()
        top[at - seen.start] = floor[at - seen.start] + points.y[begin:end]
        level[seen] = top
        found.append(Layer(int(curve), xs[seen], floor, top))
    return found
