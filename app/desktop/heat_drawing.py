"""How a heat map is drawn: cells first, then marks, and the names above what is scrolled."""

from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QPoint, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen

from app.desktop.heat_grid import HeatGrid, is_dark, score_colour
from app.desktop.heat_layout import HeatLayout
from app.desktop.theme import ThemeStore

_ROOM_FOR_LINES: Final = 64
_LEAST_SHARE: Final = 0.005


@dataclass(frozen=True)
class Marks:
    """The cell under the mouse and the current cell, by row and column."""

    hover: tuple[int, int] | None
    current: tuple[int, int] | None
    has_focus: bool


@dataclass(frozen=True)
class HeatDrawing:
    """One look at a heat map whose viewport is ``scrolled``."""

    grid: HeatGrid
    layout: HeatLayout
    store: ThemeStore
    font: QFont
    scrolled: QPoint

    def draw(self, painter: QPainter, area: QRect, marks: Marks) -> None:
        """Draw what of it is in ``area``."""
        painter.setFont(self.font)
        for row in range(self.layout.players):
            for column in range(self.layout.players):
                place = self._place(row, column)
                if place.intersects(area):
                    self._draw_cell(painter, row, column, place)
        self._draw_marks(painter, marks)
        self._draw_row_heads(painter, area, marks)
        self._draw_column_heads(painter, area, marks)

    def _place(self, row: int, column: int) -> QRect:
        return self.layout.cell(row, column).translated(-self.scrolled)

    def _draw_cell(self, painter: QPainter, row: int, column: int, place: QRect) -> None:
        theme = self.store.theme
        inside = QRectF(place).adjusted(0.5, 0.5, -0.5, -0.5)
        score = self.grid.score(row, column)
        if score is None:
            painter.fillRect(inside, theme.colour("window" if row == column else "panel"))
            if row != column:
                painter.setPen(theme.colour("quiet"))
                painter.drawText(inside, Qt.AlignmentFlag.AlignCenter, "\N{MIDDLE DOT}")
            return
        neutral = theme.colour("panel")
        colour = score_colour(score, (neutral.red(), neutral.green(), neutral.blue()))
        painter.fillRect(inside, QColor(*colour))
        painter.setPen(QColor("#ffffff" if is_dark(colour) else "#000000"))
        self._draw_lines(painter, inside, self.grid.lines(row, column, room=self._room_for_lines(place)))

    def _draw_lines(self, painter: QPainter, place: QRectF, lines: list[str]) -> None:
        first, small = QFont(self.font), QFont(self.font)
        first.setBold(True)
        small.setPointSizeF(max(6.0, 0.8 * self.font.pointSizeF()))
        if QFontMetrics(first).horizontalAdvance(lines[0]) > place.width():
            first = small
        fonts = [first, *[small] * (len(lines) - 1)]
        heights = [QFontMetrics(font).height() for font in fonts]
        y = place.center().y() - sum(heights) / 2
        for line, height, font in zip(lines, heights, fonts, strict=True):
            painter.setFont(font)
            if QFontMetrics(font).horizontalAdvance(line) <= place.width() or line is lines[0]:
                painter.drawText(QRectF(place.left(), y, place.width(), height), Qt.AlignmentFlag.AlignCenter, line)
            y += height
        painter.setFont(self.font)

    def _room_for_lines(self, place: QRect) -> int:
        if place.width() < self.store.px(_ROOM_FOR_LINES):
            return 1
        line = QFontMetrics(self.font).height()
        return 1 + max(0, int((place.height() - line) / (0.85 * line)))

    def _draw_marks(self, painter: QPainter, marks: Marks) -> None:
        """Draw lines around the row and the column under the mouse, and a frame around the current cell."""
        theme, last = self.store.theme, self.layout.players - 1
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if marks.hover is not None:
            painter.setPen(QPen(theme.colour("text"), 1))
            row, column = marks.hover
            painter.drawRect(self._place(row, 0).united(self._place(row, last)))
            painter.drawRect(self._place(0, column).united(self._place(last, column)))
        if marks.current is not None:
            painter.setPen(QPen(theme.colour("accent" if marks.has_focus else "quiet"), self.store.px(3)))
            painter.drawRect(self._place(*marks.current).adjusted(1, 1, -2, -2))

    def _draw_row_heads(self, painter: QPainter, area: QRect, marks: Marks) -> None:
        """Draw the names, and the bars beside them, over the scrolled cells."""
        theme, left, top = self.store.theme, self.layout.left, self.layout.top
        column = QRect(0, top, left, max(0, area.bottom() + 1 - top))
        painter.fillRect(column, theme.colour("panel"))
        metrics, gap = QFontMetrics(self.font), self.store.px(6)
        width = self.layout.names - 2 * gap
        painter.save()
        painter.setClipRect(column)
        for row, name in enumerate(self.grid.names):
            place = self._place(row, 0)
            painter.setPen(theme.colour("accent" if marks.hover is not None and marks.hover[0] == row else "text"))
            text = metrics.elidedText(f"{row + 1}  {name}", Qt.TextElideMode.ElideRight, width)
            painter.drawText(QRect(gap, place.y(), width, place.height()), Qt.AlignmentFlag.AlignVCenter, text)
            if self.grid.shares:
                self._draw_share(painter, self.grid.shares[row], place)
        painter.restore()

    def _draw_share(self, painter: QPainter, share: float, place: QRect) -> None:
        theme, number = self.store.theme, self.layout.number
        gap = self.store.px(4)
        whole = QRectF(self.layout.names, place.y(), self.layout.bars - number - 2 * gap, place.height())
        height = min(whole.height() - 4, self.store.px(10))
        bar = QRectF(whole.x(), whole.center().y() - height / 2, whole.width(), height)
        painter.fillRect(bar, theme.colour("line" if theme.line != theme.text else "lit"))
        bar.setWidth(bar.width() * min(max(share, 0.0), 1.0))
        painter.fillRect(bar, theme.colour("accent"))
        if number and share >= _LEAST_SHARE:
            painter.setPen(theme.colour("text"))
            text = QRect(self.layout.left - number - gap, place.y(), number, place.height())
            painter.drawText(text, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, f"{100 * share:.0f} %")

    def _draw_column_heads(self, painter: QPainter, area: QRect, marks: Marks) -> None:
        theme, left, top = self.store.theme, self.layout.left, self.layout.top
        painter.fillRect(QRect(0, 0, max(area.right() + 1, left), top), theme.colour("panel"))
        metrics = QFontMetrics(self.font)
        if self.grid.shares:
            painter.setPen(theme.colour("quiet"))
            place = QRect(self.layout.names, 0, self.layout.bars, top)
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, self.grid.share_title)
        painter.save()
        painter.setClipRect(QRect(left, 0, max(0, area.right() + 1 - left), top))
        for column, name in enumerate(self.grid.names):
            is_marked = marks.hover is not None and marks.hover[1] == column
            painter.setPen(theme.colour("accent" if is_marked else "text"))
            place = QRect(self._place(0, column).x(), 0, self.layout.side, top)
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, self._column_head(metrics, column, name))
        painter.restore()

    def _column_head(self, metrics: QFontMetrics, column: int, name: str) -> str:
        """Return the number with the name, or, where names have no room, the number alone."""
        if self.layout.side < self.store.px(_ROOM_FOR_LINES):
            return str(column + 1)
        return metrics.elidedText(f"{column + 1}  {name}", Qt.TextElideMode.ElideRight, self.layout.side - 4)
