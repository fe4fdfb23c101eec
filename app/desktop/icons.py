"""The icons of the window, drawn in the theme's colours: Qt's own are black on dark."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPainterPath, QPen, QPixmap, QPixmapCache, QPolygonF

if TYPE_CHECKING:  # the theme's style sheet is made of these drawings
    from app.desktop.theme import Theme

_GRID: Final = 24.0
_SIZES: Final = (16, 24, 32, 48)

Draw = Callable[[QPainter], None]


def icon(name: str, theme: "Theme") -> QIcon:
    """Return the icon called ``name``; ``KeyError`` if there is none."""
    made = QIcon()
    for mode, colour in ((QIcon.Mode.Normal, theme.text), (QIcon.Mode.Disabled, theme.faint)):
        for size in _SIZES:
            made.addPixmap(picture(name, size, colour), mode)
    return made


def picture(name: str, size_px: int, colour: str) -> QPixmap:
    """Return the icon called ``name`` as one picture; Qt keeps it for the next who asks."""
    key, kept = f"icon/{name}/{size_px}/{colour}", QPixmap()
    if not QPixmapCache.find(key, kept):
        kept = _pixmap(_ICONS[name], size_px, QColor(colour))
        QPixmapCache.insert(key, kept)
    return kept


def names() -> list[str]:
    """Return the names of all icons."""
    return sorted(_ICONS)


def _pixmap(draw: Draw, size: int, colour: QColor) -> QPixmap:
    pixmap = QPixmap(size, size)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    try:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.scale(size / _GRID, size / _GRID)
        painter.setPen(QPen(colour, 2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        draw(painter)
    finally:
        painter.end()
    return pixmap


def _fill(painter: QPainter, *points: tuple[float, float]) -> None:
    painter.save()
    painter.setBrush(painter.pen().color())
    painter.setPen(
        QPen(painter.pen().color(), 1, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
    )
    painter.drawPolygon(QPolygonF([QPointF(x, y) for x, y in points]))
    painter.restore()


def _bar(painter: QPainter, x: float, width: float = 3.0) -> None:
    _fill(painter, (x, 5), (x + width, 5), (x + width, 19), (x, 19))


def _lines(painter: QPainter, *points: tuple[float, float]) -> None:
    path = QPainterPath(QPointF(*points[0]))
    for point in points[1:]:
        path.lineTo(QPointF(*point))
    painter.drawPath(path)


def _play(p: QPainter) -> None:
    _fill(p, (7, 4), (20, 12), (7, 20))


def _pause(p: QPainter) -> None:
    _bar(p, 6, 4)
    _bar(p, 14, 4)


def _step_forward(p: QPainter) -> None:
    _fill(p, (5, 5), (15, 12), (5, 19))
    _bar(p, 17)


def _step_back(p: QPainter) -> None:
    _fill(p, (19, 5), (9, 12), (19, 19))
    _bar(p, 4)


def _to_start(p: QPainter) -> None:
    _fill(p, (13, 5), (6, 12), (13, 19))
    _fill(p, (21, 5), (14, 12), (21, 19))
    _bar(p, 2, 2.5)


def _live(p: QPainter) -> None:
    _fill(p, (3, 5), (10, 12), (3, 19))
    _fill(p, (11, 5), (18, 12), (11, 19))
    _bar(p, 19.5, 2.5)


def _next(p: QPainter) -> None:
    _fill(p, (3, 5), (12, 12), (3, 19))
    _fill(p, (12, 5), (21, 12), (12, 19))


def _stop(p: QPainter) -> None:
    _fill(p, (6, 6), (18, 6), (18, 18), (6, 18))


def _fullscreen(p: QPainter) -> None:
    for sx, sy in ((1, 1), (-1, 1), (1, -1), (-1, -1)):
        _lines(p, *((12 + sx * x, 12 + sy * y) for x, y in ((3, 8), (8, 8), (8, 3))))


def _camera(p: QPainter) -> None:
    p.drawRoundedRect(QRectF(3, 7, 18, 13), 2, 2)
    _lines(p, (8, 7), (10, 4), (14, 4), (16, 7))
    p.drawEllipse(QPointF(12, 13.5), 3.5, 3.5)


def _film(p: QPainter) -> None:
    p.drawRoundedRect(QRectF(3, 5, 18, 14), 2, 2)
    for x in (7, 17):
        _lines(p, (x, 5), (x, 19))
    _lines(p, (3, 12), (7, 12))
    _lines(p, (17, 12), (21, 12))


def _speaker(p: QPainter) -> None:
    _fill(p, (3, 9.5), (7, 9.5), (12, 5), (12, 19), (7, 14.5), (3, 14.5))


def _sound(p: QPainter) -> None:
    _speaker(p)
    for radius in (4.0, 8.0):
        p.drawArc(QRectF(13 - radius, 12 - radius, 2 * radius, 2 * radius), -45 * 16, 90 * 16)


def _moon(painter: QPainter) -> None:
    whole, bite = QPainterPath(), QPainterPath()
    whole.addEllipse(QPointF(11.5, 12.5), 8.0, 8.0)
    bite.addEllipse(QPointF(16.0, 8.0), 7.0, 7.0)
    painter.drawPath(whole.subtracted(bite))


def _mute(p: QPainter) -> None:
    _speaker(p)
    _lines(p, (16, 9), (21, 15))
    _lines(p, (21, 9), (16, 15))


def _swap(p: QPainter) -> None:
    _lines(p, (4, 8), (20, 8))
    _lines(p, (16, 4), (20, 8), (16, 12))
    _lines(p, (20, 16), (4, 16))
    _lines(p, (8, 12), (4, 16), (8, 20))


def _person(p: QPainter) -> None:
    p.drawEllipse(QPointF(12, 8), 4, 4)
    p.drawArc(QRectF(4, 14, 16, 14), 0, 180 * 16)


def _flag(p: QPainter) -> None:
    _lines(p, (6, 21), (6, 4), (18, 4), (15, 8.5), (18, 13), (6, 13))


def _plus(p: QPainter) -> None:
    _lines(p, (12, 5), (12, 19))
    _lines(p, (5, 12), (19, 12))


def _refresh(p: QPainter) -> None:
    p.drawArc(QRectF(5, 5, 14, 14), 40 * 16, 280 * 16)
    _lines(p, (18, 3.5), (18, 8), (13.5, 8))


def _export(p: QPainter) -> None:
    _lines(p, (4, 15), (4, 20), (20, 20), (20, 15))
    _lines(p, (12, 15), (12, 4))
    _lines(p, (8, 8), (12, 4), (16, 8))


def _import(p: QPainter) -> None:
    _lines(p, (4, 15), (4, 20), (20, 20), (20, 15))
    _lines(p, (12, 4), (12, 15))
    _lines(p, (8, 11), (12, 15), (16, 11))


def _archive(p: QPainter) -> None:
    p.drawRect(QRectF(3, 4, 18, 5))
    _lines(p, (5, 9), (5, 20), (19, 20), (19, 9))
    _lines(p, (10, 13), (14, 13))


def _undo(p: QPainter) -> None:
    _lines(p, (8, 5), (4, 9), (8, 13))
    _lines(p, (4, 9), (14, 9))
    p.drawArc(QRectF(9, 9, 10, 10), -90 * 16, 180 * 16)


def _search(p: QPainter) -> None:
    p.drawEllipse(QPointF(10.5, 10.5), 6, 6)
    _lines(p, (15, 15), (20, 20))


def _settings(p: QPainter) -> None:
    p.drawEllipse(QPointF(12, 12), 3, 3)
    p.drawEllipse(QPointF(12, 12), 7, 7)
    for step in range(8):
        angle = step * math.pi / 4
        _lines(
            p,
            (12 + 7 * math.cos(angle), 12 + 7 * math.sin(angle)),
            (12 + 9.5 * math.cos(angle), 12 + 9.5 * math.sin(angle)),
        )


def _dice(p: QPainter) -> None:
    p.drawRoundedRect(QRectF(4, 4, 16, 16), 3, 3)
    for x, y in ((8.5, 8.5), (15.5, 15.5), (12, 12), (15.5, 8.5), (8.5, 15.5)):
        p.drawEllipse(QPointF(x, y), 0.6, 0.6)


def _copy(p: QPainter) -> None:
    p.drawRoundedRect(QRectF(8, 8, 12, 12), 2, 2)
    _lines(p, (16, 5), (16, 4), (4, 4), (4, 16), (5, 16))


def _folder(p: QPainter) -> None:
    _lines(p, (3, 19), (3, 5), (9, 5), (11, 8), (21, 8), (21, 19), (3, 19))


def _eye(p: QPainter) -> None:
    path = QPainterPath(QPointF(2, 12))
    path.quadTo(QPointF(12, 1), QPointF(22, 12))
    path.quadTo(QPointF(12, 23), QPointF(2, 12))
    p.drawPath(path)
    p.drawEllipse(QPointF(12, 12), 3, 3)


def _check(p: QPainter) -> None:
    _lines(p, (5, 13), (10, 18), (19, 7))


def _down(p: QPainter) -> None:
    _lines(p, (5, 9), (12, 16), (19, 9))


def _up(p: QPainter) -> None:
    _lines(p, (5, 15), (12, 8), (19, 15))


def _close(p: QPainter) -> None:
    _lines(p, (6, 6), (18, 18))
    _lines(p, (18, 6), (6, 18))


_ICONS: Final[dict[str, Draw]] = {
    "archive": _archive,
    "camera": _camera,
    "check": _check,
    "close": _close,
    "copy": _copy,
    "dice": _dice,
    "down": _down,
    "export": _export,
    "eye": _eye,
    "film": _film,
    "flag": _flag,
    "folder": _folder,
    "fullscreen": _fullscreen,
    "import": _import,
    "live": _live,
    "moon": _moon,
    "mute": _mute,
    "next": _next,
    "pause": _pause,
    "person": _person,
    "play": _play,
    "plus": _plus,
    "refresh": _refresh,
    "search": _search,
    "settings": _settings,
    "sound": _sound,
    "step-back": _step_back,
    "step-forward": _step_forward,
    "stop": _stop,
    "swap": _swap,
    "to-start": _to_start,
    "undo": _undo,
    "up": _up,
}
