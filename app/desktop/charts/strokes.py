"""Pens of curves: a colour and a pattern of dashes for each slot, so that colour is never the only sign."""

from typing import Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPen, QPixmap

from app.desktop.charts.colours import curve_colour, mix
from app.desktop.charts.model import Curve
from app.desktop.theme import Theme

_DASHES: Final[tuple[tuple[float, ...], ...]] = (
    (),
    (6, 3),
    (2, 3),
    (9, 3, 2, 3),
    (12, 4),
    (4, 2),
    (6, 3, 2, 3, 2, 3),
    (2, 6),
)
_REFERENCE_DASHES: Final = (1.0, 4.0)
_STACK_BASE: Final = 0.25  # of the background in the colour of an area, which is less loud than a line


def pen(curve: Curve, theme: Theme) -> QPen:
    """Return the pen of ``curve``: one pixel wide whatever the scale, since wider lines cost many times as much."""
    made = QPen(QColor(curve_colour(curve.slot, theme)), 1)
    made.setCosmetic(True)
    dashes = _REFERENCE_DASHES if curve.is_reference else _DASHES[curve.slot % len(_DASHES)]
    if dashes:
        made.setDashPattern(list(dashes))
    return made


def area_colour(slot: int, theme: Theme) -> QColor:
    """Return the colour of a part of a stack."""
    return QColor(mix(curve_colour(slot, theme), theme.base, _STACK_BASE))


def block(curve: Curve, theme: Theme, size: QSize, ratio: float) -> QIcon:
    """Return a piece of the curve's area for the legend of a stack; ``ratio`` is device pixels a pixel."""
    pixmap = _empty(size, ratio)
    painter = QPainter(pixmap)
    try:
        painter.fillRect(size.width() - size.height(), 0, size.height(), size.height(), area_colour(curve.slot, theme))
    finally:
        painter.end()
    return QIcon(pixmap)


def _empty(size: QSize, ratio: float) -> QPixmap:
    pixmap = QPixmap(size * ratio)
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    return pixmap


def swatch(curve: Curve, theme: Theme, size: QSize, ratio: float) -> QIcon:
    """Return a piece of the curve's line for a legend; ``ratio`` is device pixels a pixel."""
    pixmap = _empty(size, ratio)
    painter = QPainter(pixmap)
    try:
        line = pen(curve, theme)
        line.setWidth(2)
        line.setDashPattern([part / 2 for part in line.dashPattern()])
        painter.setPen(line)
        painter.drawLine(0, size.height() // 2, size.width(), size.height() // 2)
    finally:
        painter.end()
    return QIcon(pixmap)
