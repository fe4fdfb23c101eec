"""A player's live ratings over all its seasons, as a small picture."""

from collections.abc import Mapping
from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from app.desktop.theme import ThemeStore

_POINTS: Final = 240
_HEIGHT: Final = 96


class RatingPlot(QWidget):
    """Draws one line a season, the seasons side by side; the lowest and the highest rating are written."""

    def __init__(self, theme: ThemeStore, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._seasons: Mapping[int, tuple[float, ...]] = {}
        self.setAccessibleName("Rating history")
        theme.changed.connect(self.update)

    def show_ratings(self, seasons: Mapping[int, tuple[float, ...]]) -> None:
        """Show live ratings (Elo) by season."""
        self._seasons = {season: ratings for season, ratings in seasons.items() if ratings}
        self.setToolTip(_sentence(self._seasons))
        self.setAccessibleDescription(_sentence(self._seasons))
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802  # Qt's name
        """Return a flat strip."""
        return QSize(self._theme.px(200), self._theme.px(_HEIGHT))

    def minimumSizeHint(self) -> QSize:  # noqa: N802  # Qt's name
        """Return the least that can be read."""
        return QSize(self._theme.px(80), self._theme.px(_HEIGHT))

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802  # Qt's name
        """Draw the lines."""
        painter = QPainter(self)
        try:
            self._draw(painter)
        finally:
            painter.end()

    def _draw(self, painter: QPainter) -> None:
        theme, gap = self._theme.theme, self._theme.px(6)
        painter.fillRect(self.rect(), theme.colour("base"))
        painter.setPen(theme.colour("quiet"))
        if not self._seasons:
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, "not rated yet")
            return
        every = [rating for ratings in self._seasons.values() for rating in ratings]
        low, high = min(every), max(every)
        left = painter.fontMetrics().horizontalAdvance("8888") + 2 * gap
        place = QRectF(left, gap, self.width() - left - gap, self.height() - 2 * gap)
        painter.drawText(QRectF(0, gap, left - gap, place.height()), _TOP_RIGHT, f"{high:.0f}")
        if high > low:
            painter.drawText(QRectF(0, gap, left - gap, place.height()), _BOTTOM_RIGHT, f"{low:.0f}")
        self._draw_seasons(painter, place, low, max(high - low, 1.0))

    def _draw_seasons(self, painter: QPainter, place: QRectF, low: float, span: float) -> None:
        theme = self._theme.theme
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        width = place.width() / len(self._seasons)
        for number, ratings in enumerate(self._seasons.values()):
            left = place.left() + number * width
            if number:
                painter.setPen(QPen(theme.colour("line"), 1))
                painter.drawLine(QPointF(left, place.top()), QPointF(left, place.bottom()))
            shown = ratings[:: max(1, len(ratings) // _POINTS)]
            step = width / max(1, len(shown) - 1)
            points = [
                QPointF(left + i * step, place.bottom() - (rating - low) / span * place.height())
                for i, rating in enumerate(shown)
            ]
            painter.setPen(QPen(theme.colour("accent"), 1.5))
            painter.drawPolyline(QPolygonF(points))


_TOP_RIGHT: Final = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop
_BOTTOM_RIGHT: Final = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignBottom


def _sentence(seasons: Mapping[int, tuple[float, ...]]) -> str:
    return "\n".join(
        f"Season {season}: {ratings[0]:.0f} to {ratings[-1]:.0f} Elo" for season, ratings in seasons.items()
    )
