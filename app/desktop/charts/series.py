"""The points of one curve, as columns that grow."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.float64]

_COLUMNS: Final = 4
_X, _Y, _LOW, _HIGH = range(_COLUMNS)
_FIRST_CAPACITY: Final = 64


class Series:
    """Points (x, y) in the order of x, each with or without an interval (low, high).

    Points are appended, and dropped from the end; the cost of an append is constant on average. A ``y`` of NaN is a gap, an
    interval of NaN is none. The columns are views that the next append may leave behind: use them at once.
    """

    def __init__(self) -> None:
        self._data = np.empty((_COLUMNS, _FIRST_CAPACITY))
        self._count = 0
        self._version = 0

    def __len__(self) -> int:
        return self._count

    @property
    def version(self) -> int:
        """Differs after every change."""
        return self._version

    @property
    def x(self) -> Column:
        """Where the points lie, ascending."""
        return self._column(_X)

    @property
    def y(self) -> Column:
        """Their values."""
        return self._column(_Y)

    @property
    def low(self) -> Column:
        """Lower ends of their intervals."""
        return self._column(_LOW)

    @property
    def high(self) -> Column:
        """Upper ends of their intervals."""
        return self._column(_HIGH)

    @property
    def has_interval(self) -> bool:
        """Whether a point has an interval."""
        return bool(np.isfinite(self.low).any())

    def append(self, x: float, y: float, low: float = np.nan, high: float = np.nan) -> None:
        """Add one point; ``ValueError`` if it lies before the last."""
        self.extend(np.array([x]), np.array([y]), np.array([low]), np.array([high]))

    def extend(self, x: Column, y: Column, low: Column | None = None, high: Column | None = None) -> None:
        """Add points; ``ValueError`` if they are not in the order of x, or lie before the last."""
        if not len(x):
            return
        if np.isnan(x).any() or np.any(np.diff(x) < 0) or (self._count and x[0] < self._data[_X, self._count - 1]):
            raise ValueError("the points of a curve must come in the order of their x")
        end = self._count + len(x)
        self._reserve(end)
        for row, values in enumerate((x, y, low, high)):
            self._data[row, self._count : end] = np.nan if values is None else values
        self._count = end
        self._version += 1

    def drop_from(self, x: float) -> None:
        """Forget the points at ``x`` and after it."""
        kept = int(np.searchsorted(self.x, x, side="left"))
        if kept < self._count:
            self._count = kept
            self._version += 1

    def drop_before(self, x: float) -> None:
        """Forget the points before ``x``."""
        first = int(np.searchsorted(self.x, x, side="left"))
        if first:
            self._data[:, : self._count - first] = self._data[:, first : self._count].copy()
            self._count -= first
            self._version += 1

    def clear(self) -> None:
        """Forget every point."""
        self._count = 0
        self._version += 1

    def at(self, x: float) -> int | None:
        """Return the index of the point nearest to ``x``; None if there is no point."""
        if not self._count:
            return None
        after = int(np.searchsorted(self.x, x))
        nearest = [index for index in (after - 1, after) if 0 <= index < self._count]
        return min(nearest, key=lambda index: abs(float(self.x[index]) - x))

    def _column(self, row: int) -> Column:
        view = self._data[row, : self._count]
        view.flags.writeable = False
        return view

    def _reserve(self, capacity: int) -> None:
        if capacity <= self._data.shape[1]:
            return
        grown = np.empty((_COLUMNS, max(capacity, 2 * self._data.shape[1])))
        grown[:, : self._count] = self._data[:, : self._count]
        self._data = grown
