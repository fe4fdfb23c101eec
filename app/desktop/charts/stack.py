"""The areas of a stack as one item of a plot: hundreds of items would each cost what they are, and never show more."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPolygonF
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from app.desktop.charts.model import Line
from app.desktop.charts.series import Column
from app.desktop.charts.strokes import area_colour
from app.desktop.theme import Theme

_LEAST_PARTED: Final = 300
"""Square pixels of a part, on average, from which on there is a line between it and the next: between smaller ones there would
be no room left for areas."""


class Stack(QGraphicsItem):
    """Draws the parts of a stack on each other, parted by lines in the colour of the background."""

    def __init__(self, lines: Sequence[Line], theme: Theme) -> None:
        super().__init__()
        self._areas = [(_outline(line), area_colour(line.curve.slot, theme)) for line in lines]
        self._pen = QPen(QColor(theme.base), 1)
        self._pen.setCosmetic(True)
        self._bounds = QRectF()
        for outline, _ in self._areas:
            self._bounds |= outline.boundingRect()

    def boundingRect(self) -> QRectF:  # noqa: N802  # Qt's name
        """Return the room that the areas take, in the units of the plot."""
        return self._bounds

    def paint(self, painter: QPainter, _option: QStyleOptionGraphicsItem, _widget: QWidget | None = None) -> None:
        """Draw the areas."""
        shown = painter.worldTransform().mapRect(self._bounds)
        is_parted = shown.width() * shown.height() >= _LEAST_PARTED * len(self._areas)
        painter.setPen(self._pen if is_parted else Qt.PenStyle.NoPen)
        for outline, colour in self._areas:
            painter.setBrush(colour)
            painter.drawPolygon(outline)


def _outline(line: Line) -> QPolygonF:
    assert line.low is not None  # noqa: S101  # every part of a stack stands on something
    x, y = np.concatenate([line.x, line.x[::-1]]), np.concatenate([line.y, line.low[::-1]])
    outline: QPolygonF = pg.functions.arrayToQPolygonF(x, y)
    return outline


def area(x: Column, low: Column, high: Column) -> QPainterPath:
    """Return the area between two edges; a gap in either parts it."""
    path = QPainterPath()
    is_known = np.isfinite(low) & np.isfinite(high)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], is_known, [False]])))
    for begin, end in zip(edges[0::2], edges[1::2], strict=True):
        around = np.concatenate([x[begin:end], x[begin:end][::-1]])
        outline = np.concatenate([high[begin:end], low[begin:end][::-1]])
        path.addPath(pg.arrayToQPath(around, outline, connect="all"))
    return path
