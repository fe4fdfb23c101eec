"""What a chart shows: curves, which of them are hidden, the part of x in view, smoothing, and what is drawn of all that."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from app.desktop.charts.series import Column, Series
from app.desktop.charts.smoothing import smooth
from app.desktop.charts.stacking import stack
from app.desktop.charts.thinning import MOST_POINTS, thin, window

MOST_CURVES: Final = 8
"""Curves that are drawn at a time: there are no more colours that can be told apart."""


MOST_LISTED: Final = 16
"""Curves of a chart that its legend lists at a time."""

_NEAR: Final = 0.02
"""How far beyond the end of a curve it is still read, as a share of all of x."""


@dataclass(frozen=True)
class Axis:
    """What an axis measures. A clock's numbers are seconds of the epoch."""

    title: str
    unit: str = ""
    is_clock: bool = False

    @property
    def label(self) -> str:
        """Title and unit, as they stand beside the axis."""
        return f"{self.title} ({self.unit})" if self.unit else self.title


@dataclass(frozen=True)
class Frame:
    """A chart without its curves: axes, how curves are put together, and what to say while there are none."""

    x: Axis
    y: Axis
    hint: str
    is_stacked: bool = False
    can_be_log: bool = False


@dataclass(frozen=True)
class Curve:
    """A line of a chart; ``slot`` chooses its colour and dashes.

    A reference is dotted, and never smoothed. Intervals are drawn of the marked curves first. ``label`` is what the legend
    lists, where the chart says the rest; empty for the title.
    """

    key: str
    title: str
    series: Series
    slot: int
    is_reference: bool = False
    is_marked: bool = False
    label: str = ""

    @property
    def listed(self) -> str:
        """What the legend lists."""
        return self.label or self.title


@dataclass(frozen=True)
class Span:
    """The part of x that is in view."""

    low: float
    high: float


@dataclass(frozen=True)
class Line:
    """A curve as it is drawn: at most ``MOST_POINTS`` points; ``low`` and ``high`` are None where it has no intervals.

    In a stacked chart ``low`` is what it stands on and ``y`` its upper edge.
    """

    curve: Curve
    x: Column
    y: Column
    low: Column | None = None
    high: Column | None = None


@dataclass(frozen=True)
class Reading:
    """The value of a curve at the cross hair."""

    curve: Curve
    x: float
    y: float
    low: float = np.nan
    high: float = np.nan


class ChartModel:
    """The state of one chart. ``version`` differs whenever something else has to be drawn."""

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        self.half_life = 0.0
        """Points in which a point's weight in the smoothed curve halves; 0 smooths nothing."""
        self.recent: float | None = None
        """How much of x is followed, from its end back; None for all of it."""
        self.is_log = False
        self.is_following = True
        self._curves: tuple[Curve, ...] = ()
        self._hidden: set[str] = set()
        self._view: Span | None = None
        self._changes = 0

    @property
    def version(self) -> tuple[object, ...]:
        """Differs whenever something else has to be drawn."""
        return (
            self._changes, self.half_life, self.recent, self.is_log, self.is_following, self._view,
            *((curve.key, curve.series.version) for curve in self._curves),
        )  # fmt: skip

    @property
    def curves(self) -> tuple[Curve, ...]:
        """Every curve, hidden ones too."""
        return self._curves

    @property
    def visible(self) -> tuple[Curve, ...]:
        """The curves that are drawn: the first ``MOST_CURVES`` that are not hidden; of a stack all, lest its sum be wrong."""
        wanted = self._wanted
        return wanted if self.frame.is_stacked else wanted[:MOST_CURVES]

    @property
    def left_out(self) -> int:
        """Curves that are neither hidden nor drawn, because there are too many."""
        return len(self._wanted) - len(self.visible)

    @property
    def _wanted(self) -> tuple[Curve, ...]:
        return tuple(curve for curve in self._curves if curve.key not in self._hidden)

    @property
    def is_empty(self) -> bool:
        """Whether no curve has a point."""
        return not any(len(curve.series) for curve in self._curves if not curve.is_reference)

    def set_curves(self, curves: Iterable[Curve]) -> None:
        """Show ``curves``; a key that was hidden stays hidden."""
        self._curves = tuple(curves)
        self._changes += 1

    def set_frame(self, frame: Frame) -> None:
        """Change the axes."""
        self.frame = frame
        self.is_log = self.is_log and frame.can_be_log
        self._changes += 1

    def is_hidden(self, key: str) -> bool:
        """Whether the curve was hidden."""
        return key in self._hidden

    def toggle(self, key: str) -> None:
        """Hide a curve, or show it again."""
        self._hidden ^= {key}
        self._changes += 1

    def look_at(self, low: float, high: float) -> None:
        """Look at a part of x, and stay there whatever comes."""
        if high > low:
            self.is_following = False
            self._view = Span(low, high)

    def follow(self) -> None:
        """Look at the newest points, and go along with them."""
        self.is_following = True
        self._view = None

    def extent(self) -> Span | None:
        """Return where the points of the drawn curves lie; None if there is none."""
        ends = [
            (float(curve.series.x[0]), float(curve.series.x[-1]))
            for curve in self.visible
            if len(curve.series) and not curve.is_reference
        ]
        return Span(min(low for low, _ in ends), max(high for _, high in ends)) if ends else None

    def span(self) -> Span | None:
        """Return the part of x that is in view; None without a point."""
        extent = self.extent()
        if extent is None or (self._view is not None and not self.is_following):
            return extent and self._view
        low = extent.low if self.recent is None else max(extent.low, extent.high - self.recent)
        if extent.high > low:
            return Span(low, extent.high)
        return Span(min(0.0, low), low) if low else Span(0.0, 1.0)  # one point: seen from the beginning

    def lines(self) -> list[Line]:
        """Return what is drawn, thinned."""
        span = self.span()
        if span is None:
            return []
        if self.frame.is_stacked:
            return self._stacked(span)
        return [self._line(curve, span) for curve in self.visible if len(curve.series)]

    def readings(self, x: float) -> list[Reading]:
        """Return the value of every drawn curve at its point nearest to ``x``, smoothed as drawn.

        A curve that has ended before, or begins later, has none; nor has a part of a stack that is nothing there.
        """
        extent = self.extent()
        reach = _NEAR * (extent.high - extent.low) if extent is not None else 0.0
        found = [reading for curve in self.visible if (reading := self._reading(curve, x, reach)) is not None]
        if not self.frame.is_stacked or not found:
            return found
        nearest = min((abs(reading.x - x), reading.x) for reading in found)[1]
        return [reading for reading in found if reading.x == nearest and reading.y > 0]

    def listed(self, readings: Sequence[Reading]) -> tuple[Curve, ...]:
        """Return the curves that a legend lists, in their order, where ``readings`` are read.

        All of a few; of many those that were hidden, and of the others the first ones, or in a stack the largest ones there.
        """
        if len(self._curves) <= MOST_LISTED:
            return self._curves
        keys = [curve.key for curve in self._curves if curve.key in self._hidden]
        if self.frame.is_stacked:
            keys += [reading.curve.key for reading in sorted(readings, key=lambda each: -each.y)]
        else:
            keys += [curve.key for curve in self._wanted]
        chosen = set(keys[:MOST_LISTED])
        return tuple(curve for curve in self._curves if curve.key in chosen)

    def to_csv(self) -> str:
        """Return every point of every curve, not smoothed and not thinned: a row a value of x."""
        xs = _union([curve.series.x for curve in self._curves if not curve.is_reference])
        columns: list[tuple[str, Column]] = []
        for curve in self._curves:
            columns.append((curve.title, _lookup(curve, curve.series.y, xs)))
            if curve.series.has_interval:
                columns.append((f"{curve.title} low", _lookup(curve, curve.series.low, xs)))
                columns.append((f"{curve.title} high", _lookup(curve, curve.series.high, xs)))
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([self.frame.x.label, *(title for title, _ in columns)])
        for row, x in enumerate(xs):
            writer.writerow([_plain(x), *(_plain(values[row]) for _, values in columns)])
        return text.getvalue()

    def _line(self, curve: Curve, span: Span) -> Line:
        series = curve.series
        if curve.is_reference:
            level = series.y[-1:]
            return self._on_scale(Line(curve, np.array([span.low, span.high]), np.repeat(level, 2)))
        part = window(series.x, span.low, span.high)
        y = self._smoothed(curve)[part]
        kept = thin(y, MOST_POINTS)
        line = Line(curve, series.x[part][kept], y[kept])
        if series.has_interval and self.half_life == 0:
            line = replace(line, low=series.low[part][kept], high=series.high[part][kept])
        return self._on_scale(line)

    def _smoothed(self, curve: Curve) -> Column:
        y = curve.series.y
        return y if self.half_life == 0 or curve.is_reference else smooth(y, self.half_life)

    def _on_scale(self, line: Line) -> Line:
        """Return the line with logarithms for values, where the chart has a logarithmic axis."""
        if not self.is_log:
            return line
        low, high = (None if values is None else _log10(values) for values in (line.low, line.high))
        return replace(line, y=_log10(line.y), low=low, high=high)

    def _stacked(self, span: Span) -> list[Line]:
        """Return the parts that are in view, each where it is more than nothing and one point beyond."""
        curves = [curve for curve in self.visible if len(curve.series) and not curve.is_reference]
        return [
            Line(curves[at], x, top, low=floor)
            for at, x, floor, top in stack([curve.series for curve in curves], span.low, span.high)
        ]

    def _reading(self, curve: Curve, x: float, reach: float) -> Reading | None:
        series = curve.series
        index = len(series) - 1 if curve.is_reference and len(series) else series.at(x)
        if index is None:
            return None
        is_beyond = x > series.x[-1] + reach or x < series.x[0] - reach
        if is_beyond and not curve.is_reference:
            return None
        y = float(self._smoothed(curve)[index])
        is_raw = self.half_life == 0
        low, high = (float(series.low[index]), float(series.high[index])) if is_raw else (np.nan, np.nan)
        return Reading(curve, float(series.x[index]), y, low, high)


def _union(columns: Sequence[Column]) -> Column:
    return np.unique(np.concatenate(columns)) if columns else np.empty(0)


def _lookup(curve: Curve, values: Column, xs: Column) -> Column:
    """Return the curve's values at ``xs``, NaN where it has no point; of points at one x, the last."""
    if not len(values):
        return np.full(len(xs), np.nan)
    if curve.is_reference:
        return np.full(len(xs), values[-1])
    index = np.clip(np.searchsorted(curve.series.x, xs, side="right") - 1, 0, None)
    return np.where(curve.series.x[index] == xs, values[index], np.nan)


def _log10(values: Column) -> Column:
    """Return logarithms; what has none is a gap."""
    return np.log10(np.where(values > 0, values, np.nan))


def _plain(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.10g}"
