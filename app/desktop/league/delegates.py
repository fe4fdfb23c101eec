"""Cells that draw: a rating with its error bar, and a curve the size of a word."""

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QApplication, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app.desktop.league.rows_model import ROW_ROLE, Index
from app.desktop.league.table import TableLine
from app.desktop.theme import ThemeStore

_CURVE_POINTS: Final = 48


class RatingDelegate(QStyledItemDelegate):
    """The rating as a number, and its interval as a bar on a scale that all lines share."""

    def __init__(self, theme: ThemeStore, span: Callable[[], tuple[float, float]], parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._span = span

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw the cell."""
        line = index.data(ROW_ROLE)
        _paint_ground(painter, option)
        if not isinstance(line, TableLine):
            return
        number = option.fontMetrics.horizontalAdvance("8888")
        gap = self._theme.px(4)
        place = QRectF(option.rect).adjusted(gap, 0, -gap, 0)
        painter.save()
        painter.setPen(QPen(_ink(self._theme, option)))
        painter.setFont(option.font)
        painter.drawText(
            QRectF(place.left(), place.top(), number, place.height()),
            Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter,
            f"{line.rating:.0f}",
        )
        self._paint_bar(painter, option, line, place.adjusted(number + 2 * gap, 0, 0, 0))
        painter.restore()

    def _paint_bar(self, painter: QPainter, option: QStyleOptionViewItem, line: TableLine, place: QRectF) -> None:
        low, high = self._span()
        if place.width() < 8:
            return

        def x(rating: float) -> float:
            share = (min(max(rating, low), high) - low) / max(high - low, 1.0)
            return place.left() + share * place.width()

        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        ink = _ink(self._theme, option)
        middle, half, tick = place.center().y(), self._theme.px(4), self._theme.px(2)
        if not line.too_few:
            band = QColor(ink if _is_selected(option) else self._theme.theme.colour("accent"))
            band.setAlpha(130)
            painter.setBrush(band)
            reach = QRectF(x(line.low), middle - half / 2, max(x(line.high) - x(line.low), 1.0), half)
            painter.drawRoundedRect(reach, half / 2, half / 2)
        painter.setBrush(ink)
        painter.drawRect(QRectF(x(line.rating) - tick / 2, middle - half, tick, 2 * half))


class CurveDelegate(QStyledItemDelegate):
    """The live ratings of a line as a curve; its own lowest and highest value fill the cell."""

    def __init__(self, theme: ThemeStore, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw the cell."""
        line = index.data(ROW_ROLE)
        _paint_ground(painter, option)
        if not isinstance(line, TableLine) or len(line.trend) < 2:
            return
        gap = self._theme.px(4)
        points = curve(line.trend, QRectF(option.rect).adjusted(gap, gap, -gap, -gap))
        theme = self._theme.theme
        colour = theme.colour("good" if line.trend[-1] >= line.trend[0] else "bad")
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(_ink(self._theme, option) if _is_selected(option) else colour, 1.2))
        painter.drawPolyline(points)
        painter.restore()


def curve(values: tuple[float, ...], place: QRectF) -> QPolygonF:
    """Return ``values`` as a line through ``place``, thinned to what a cell can show; a constant is in the middle."""
    step = max(1, len(values) // _CURVE_POINTS)
    shown = [*values[:-1:step], values[-1]]
    low, high = min(shown), max(shown)
    scale = place.height() / (high - low) if high > low else 0.0
    across = place.width() / max(1, len(shown) - 1)
    base = place.bottom() if scale else place.center().y()
    return QPolygonF(
        [QPointF(place.left() + i * across, base - (value - low) * scale) for i, value in enumerate(shown)]
    )


def _paint_ground(painter: QPainter, option: QStyleOptionViewItem) -> None:
    """Draw the cell without its text: selection, hover and focus as the style has them."""
    style = option.widget.style() if option.widget is not None else QApplication.style()
    style.drawControl(QStyle.ControlElement.CE_ItemViewItem, option, painter, option.widget)


def _is_selected(option: QStyleOptionViewItem) -> bool:
    return bool(option.state & QStyle.StateFlag.State_Selected)


def _ink(theme: ThemeStore, option: QStyleOptionViewItem) -> QColor:
    return theme.theme.colour("on_accent" if _is_selected(option) else "text")
