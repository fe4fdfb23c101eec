"""Draws the lines of a chart with pyqtgraph, which only this module and ``stack`` load: import it after the first paint.

Painting is what costs: lines are one pixel wide and not antialiased, there is no grid, and what is drawn was thinned.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QObject, QPointF, Qt, Signal
from PySide6.QtGui import QBrush, QColor, QPen
from PySide6.QtWidgets import QGraphicsPathItem, QVBoxLayout, QWidget

from app.desktop.charts.model import ChartModel, Line
from app.desktop.charts.series import Column
from app.desktop.charts.stack import Stack, area
from app.desktop.charts.strokes import pen
from app.desktop.theme import Theme, ThemeStore

MOST_BANDS: Final = 3
"""Curves whose intervals are drawn as a band at a time."""

_BAND_ALPHA: Final = 60
_DOT_PX: Final = 6
_MARGIN: Final = 0.06
_LEAST_HEIGHT_FOR_TITLES: Final = 150
_LEFT_AXIS_PX: Final = 46
_TITLE_PX: Final = 16
_BOTTOM_PX: Final = 56
_MILLION: Final = 1e6


class Plot(QWidget):
    """The lines of a chart between two axes, with a cross hair. x is panned and zoomed, y fits what is in view."""

    viewed = Signal(float, float)
    """The user has panned or zoomed to this part of x."""
    pointed = Signal(object)
    """Where the mouse is on x; None when it has left."""

    def __init__(self, theme: ThemeStore, *, is_clock: bool = False) -> None:
        super().__init__()
        self._theme = theme
        self._items: list[Any] = []
        self._widget = pg.GraphicsView()
        self._box = pg.ViewBox(enableMenu=False)
        bottom = pg.DateAxisItem if is_clock else pg.AxisItem
        self._axes = {"left": _ValueAxis("left"), "bottom": bottom("bottom")}
        self._hair = pg.InfiniteLine(angle=90, movable=False)
        self._arrange()
        theme.changed.connect(self._retouch)
        self._retouch()

    def _arrange(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._widget)
        grid = pg.GraphicsLayout()  # not a PlotItem: its menus and forms take longer to make than everything else here
        grid.layout.setSpacing(0)
        grid.layout.setContentsMargins(0, 6, 8, 0)  # room for half of the outermost numbers
        for name, row, column in (("left", 0, 0), ("bottom", 1, 1)):
            self._axes[name].linkToView(self._box)
            grid.addItem(self._axes[name], row, column)
        grid.addItem(self._box, 0, 1)
        self._widget.setCentralItem(grid)
        self._box.setMouseEnabled(x=True, y=False)
        self._box.disableAutoRange()
        self._box.setDefaultPadding(0.0)
        self._box.sigRangeChangedManually.connect(self._tell_view)
        self._hair.setVisible(False)
        self._box.addItem(self._hair, ignoreBounds=True)
        self._widget.scene().sigMouseMoved.connect(self._point)
        self._widget.installEventFilter(self)
        self._widget.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def draw(self, model: ChartModel) -> None:
        """Show what ``model`` shows now."""
        lines = model.lines()
        for item in self._items:
            self._box.removeItem(item)
        self._items = self._made(lines, is_stacked=model.frame.is_stacked)
        for item in self._items:
            self._box.addItem(item, ignoreBounds=True)
        self._axes["left"].setLogMode(y=model.is_log)
        self._title(model)
        span = model.span()
        if span is not None:
            low, high = _reach(lines, from_zero=model.frame.is_stacked)
            self._box.setRange(xRange=(span.low, span.high), yRange=(low, high), padding=0, disableAutoRange=True)

    def _made(self, lines: Sequence[Line], *, is_stacked: bool) -> list[Any]:
        theme = self._theme.theme
        if is_stacked:
            return [Stack(lines, theme)]
        bars = [bar for line in lines if (bar := _bars(line, theme)) is not None]
        banded = sorted((line for line in lines if _is_banded(line)), key=lambda line: not line.curve.is_marked)
        bands = [self._band(line, line.low, line.high, _BAND_ALPHA) for line in banded[:MOST_BANDS]]
        dots = [dot for line in lines if (dot := _dot(line, theme)) is not None]
        return [*bands, *bars, *(_curve(line, theme) for line in lines), *dots]

    def _band(self, line: Line, low: Column | None, high: Column | None, alpha: int) -> QGraphicsPathItem:
        assert low is not None  # noqa: S101  # only lines with intervals get here
        assert high is not None  # noqa: S101  # as above
        colour = QColor(pen(line.curve, self._theme.theme).color())
        colour.setAlpha(alpha)
        item = QGraphicsPathItem(area(line.x, low, high))
        item.setPen(QPen(Qt.PenStyle.NoPen))
        item.setBrush(QBrush(colour))
        return item

    def _title(self, model: ChartModel) -> None:
        has_room = self.height() >= self._theme.px(_LEAST_HEIGHT_FOR_TITLES)
        for side, axis in (("bottom", model.frame.x), ("left", model.frame.y)):
            shown = self._axes[side]
            if has_room:
                shown.setLabel(self._cut(axis.label) if side == "left" else axis.label)
                shown.resizeEvent()  # which alone puts the title into the middle: it may be longer than the last one
            shown.showLabel(has_room)
        width = _LEFT_AXIS_PX + (_TITLE_PX if has_room else 0)
        self._axes["left"].setWidth(self._theme.px(width))

    def _cut(self, label: str) -> str:
        """Return as much of the upright title as there is height for."""
        return self.fontMetrics().elidedText(
            label, Qt.TextElideMode.ElideRight, self.height() - self._theme.px(_BOTTOM_PX)
        )

    def show_hair(self, x: float | None) -> None:
        """Put the cross hair to ``x``, or take it away."""
        self._hair.setVisible(x is not None)
        if x is not None:
            self._hair.setPos(x)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802  # Qt's name
        """Follow a change of the font."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._retouch()

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:  # noqa: N802  # Qt's name
        """Take the cross hair away when the mouse leaves."""
        if event.type() == QEvent.Type.Leave:
            self.pointed.emit(None)
        return False

    def _retouch(self) -> None:
        theme = self._theme.theme
        self._widget.setBackground(theme.base)
        self._hair.setPen(pg.mkPen(theme.quiet, width=1, style=Qt.PenStyle.DashLine))
        for axis in self._axes.values():
            axis.setPen(pg.mkPen(theme.line))
            axis.setTextPen(pg.mkPen(theme.quiet))
            axis.setTickFont(self.font())
            axis.enableAutoSIPrefix(enable=False)
            axis.setStyle(tickLength=self._theme.px(4), maxTickLevel=0)

    def _tell_view(self) -> None:
        (low, high), _ = self._box.viewRange()
        self.viewed.emit(float(low), float(high))

    def _point(self, where: QPointF) -> None:
        is_inside = self._box.sceneBoundingRect().contains(where)
        self.pointed.emit(float(self._box.mapSceneToView(where).x()) if is_inside else None)


class _ValueAxis(pg.AxisItem):  # type: ignore[misc]  # pyqtgraph has no types
    """An axis that says 5M where pyqtgraph says 5e+06."""

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:  # noqa: N802  # pyqtgraph's
        """Return what stands at ``values``."""
        if self.logMode or max((abs(value) for value in values), default=0.0) < _MILLION:
            found: list[str] = super().tickStrings(values, scale, spacing)
            return found
        return [f"{value / _MILLION:g}M" for value in values]


def _curve(line: Line, theme: Theme) -> Any:
    """Return the line as an item; pyqtgraph has no types."""
    return pg.PlotCurveItem(line.x, line.y, pen=pen(line.curve, theme), connect="finite", antialias=False)


def _dot(line: Line, theme: Theme) -> Any:
    """Return the only point of a line as a dot, since one point makes no line; None if it has none, or more."""
    at = np.flatnonzero(np.isfinite(line.y))
    if len(at) != 1:
        return None
    colour = pen(line.curve, theme).color()
    return pg.ScatterPlotItem(line.x[at], line.y[at], size=_DOT_PX, pen=None, brush=colour)


def _is_banded(line: Line) -> bool:
    """Whether the line's intervals are so many that they make a band."""
    return line.low is not None and int(np.isfinite(line.low).sum()) > 1


def _bars(line: Line, theme: Theme) -> Any:
    """Return the only interval of a line as a bar; None if it has none, or more."""
    if line.low is None or line.high is None or _is_banded(line):
        return None
    at = np.flatnonzero(np.isfinite(line.low))
    if not len(at):
        return None
    stroke = QPen(pen(line.curve, theme).color(), 3)
    stroke.setCosmetic(True)
    ends = np.concatenate([line.low[at], line.high[at]])
    return pg.PlotCurveItem(np.repeat(line.x[at], 2), ends, pen=stroke)


def _reach(lines: Sequence[Line], *, from_zero: bool) -> tuple[float, float]:
    """Return the part of y that shows all of ``lines``, with a margin."""
    columns = [column for line in lines for column in (line.y, line.low, line.high) if column is not None]
    values = np.concatenate(columns) if columns else np.empty(0)
    values = values[np.isfinite(values)]
    if not len(values):
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    margin = (high - low) * _MARGIN or abs(high) * _MARGIN or 1.0
    return (0.0 if from_zero else low - margin), high + margin
