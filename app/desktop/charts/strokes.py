"""Pens of curves: a colour and a pattern of dashes for each slot, so that colour is never the only sign."""

from typing import Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPen, QPixmap

from app.desktop.charts.colours import curve_colour
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


def pen(curve: Curve, theme: Theme) -> QPen:
    """Return the pen of ``curve``: one pixel wide whatever the scale, since wider lines cost many times as much."""
    made = QPen(QColor(curve_colour(curve.slot, theme)), 1)
    made.setCosmetic(True)
    dashes = _REFERENCE_DASHES if curve.is_reference else _DASHES[curve.slot % len(_DASHES)]
    if dashes:
        made.setDashPattern(list(dashes))
    return made


def swatch(curve: Curve, theme: Theme, size: QSize, ratio: float) -> QIcon:
    """Return a piece of the curve's line for a legend; ``ratio`` is device pixels a pixel."""
    pixmap = QPixmap(size * ratio)
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
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
