"""The cross table as a heat map: everybody against everybody, drawn at whatever size fits."""

from typing import Final

from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetrics,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QToolTip, QWidget

from app.desktop.league.cross_cells import cell_lines, cell_sentence, is_dark, score_colour
from app.desktop.league.table import SeasonTable
from app.desktop.theme import ThemeStore

_LEAST: Final = 34
_MOST: Final = 128
_ZOOMS: Final = (0.5, 0.7, 1.0, 1.4, 2.0, 2.8)
_STEPS: Final = {
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
}


class CrossView(QAbstractScrollArea):
    """Rows against columns in the order of the table. The current cell follows mouse clicks and arrow keys."""

    cell_chosen = Signal(int, int)
    """Positions of the row's and of the column's player, which have met."""
    hovered = Signal(str)
    """The cell under the mouse or the cursor, in words."""

    def __init__(self, theme: ThemeStore, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._table: SeasonTable | None = None
        self._zoom = _ZOOMS.index(1.0)
        self._hover: tuple[int, int] | None = None
        self._current: tuple[int, int] | None = None
        self.setObjectName("cross_view")
        self.setAccessibleName("Cross table")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFrameShape(QAbstractScrollArea.Shape.NoFrame)
        self.viewport().setMouseTracking(True)
        theme.changed.connect(self._resettle)

    def show_table(self, table: SeasonTable | None) -> None:
        """Show ``table``; the current cell stays with its players."""
        kept = self._players(self._current)
        self._table, self._hover, self._current = table, None, None
        if kept is not None and table is not None and max(kept) < len(table.names):
            self._current = table.order.index(kept[0]), table.order.index(kept[1])
        self._resettle()

    def zoom_by(self, steps: int) -> None:
        """Draw larger or smaller; 0 fits the window."""
        place = self._zoom + steps if steps else _ZOOMS.index(1.0)
        self._zoom = min(max(place, 0), len(_ZOOMS) - 1)
        self._resettle()

    # Geometry

    @property
    def side(self) -> int:
        """Width of a cell in pixels."""
        n = len(self._table.names) if self._table is not None else 1
        room = self.viewport().width() - self._left()
        fitting = max(self._theme.px(_LEAST), min(room // max(1, n), self._theme.px(_MOST)))
        return max(self._theme.px(18), round(fitting * _ZOOMS[self._zoom]))

    def _height(self) -> int:
        return min(self.side, max(round(0.62 * self.side), QFontMetrics(self.font()).height() + self._theme.px(4)))

    def _left(self) -> int:
        """Return the width of the names on the left."""
        if self._table is None:
            return 0
        metrics = QFontMetrics(self.font())
        widest = max((metrics.horizontalAdvance(f"00  {name}") for name in self._table.names), default=0)
        return min(widest + self._theme.px(14), max(self._theme.px(96), self.viewport().width() // 3))

    def _top(self) -> int:
        return QFontMetrics(self.font()).height() + self._theme.px(12)

    def _cell_rect(self, row: int, column: int) -> QRect:
        x = self._left() + column * self.side - self.horizontalScrollBar().value()
        y = self._top() + row * self._height() - self.verticalScrollBar().value()
        return QRect(x, y, self.side, self._height())

    def cell_at(self, place: QPoint) -> tuple[int, int] | None:
        """Return row and column at a place of the viewport; None beside the cells."""
        if self._table is None or place.x() < self._left() or place.y() < self._top():
            return None
        column = (place.x() - self._left() + self.horizontalScrollBar().value()) // self.side
        row = (place.y() - self._top() + self.verticalScrollBar().value()) // self._height()
        n = len(self._table.names)
        return (row, column) if row < n and column < n else None

    def sizeHint(self) -> QSize:  # noqa: N802  # Qt's name
        """Return a size that shows a small season."""
        return QSize(self._theme.px(560), self._theme.px(380))

    def _resettle(self) -> None:
        n = len(self._table.names) if self._table is not None else 0
        across = max(0, self._left() + n * self.side - self.viewport().width())
        down = max(0, self._top() + n * self._height() - self.viewport().height())
        for bar, most, page, step in (
            (self.horizontalScrollBar(), across, self.viewport().width(), self.side),
            (self.verticalScrollBar(), down, self.viewport().height(), self._height()),
        ):
            bar.setRange(0, most)
            bar.setPageStep(page)
            bar.setSingleStep(step)
        self.viewport().update()

    # Drawing

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802  # Qt's name
        """Draw what is on the screen."""
        painter = QPainter(self.viewport())
        try:
            self._draw(painter, event.rect())
        finally:
            painter.end()

    def picture(self) -> QPixmap:
        """Return the whole table as a picture, two pixels for one."""
        n = len(self._table.names) if self._table is not None else 0
        size = QSize(self._left() + n * self.side + 1, self._top() + n * self._height() + 1)
        pixmap = QPixmap(size * 2)
        pixmap.setDevicePixelRatio(2.0)
        bars = self.horizontalScrollBar(), self.verticalScrollBar()
        before = [bar.value() for bar in bars]
        for bar in bars:
            bar.setValue(0)
        painter = QPainter(pixmap)
        try:
            self._draw(painter, QRect(QPoint(0, 0), size))
        finally:
            painter.end()
        for bar, value in zip(bars, before, strict=True):
            bar.setValue(value)
        return pixmap

    def _draw(self, painter: QPainter, area: QRect) -> None:
        theme = self._theme.theme
        painter.fillRect(area, theme.colour("base"))
        painter.setFont(self.font())
        if self._table is None:
            return
        n = len(self._table.names)
        for row in range(n):
            for column in range(n):
                place = self._cell_rect(row, column)
                if place.intersects(area):
                    self._draw_cell(painter, row, column, place)
        self._draw_marks(painter)
        self._draw_heads(painter, area)

    def _draw_cell(self, painter: QPainter, row: int, column: int, place: QRect) -> None:
        theme = self._theme.theme
        inside = QRectF(place).adjusted(0.5, 0.5, -0.5, -0.5)
        assert self._table is not None  # noqa: S101  # _draw has looked
        cell = self._table.cell(self._table.order[row], self._table.order[column])
        if cell is None:
            painter.fillRect(inside, theme.colour("window" if row == column else "panel"))
            if row != column:
                painter.setPen(theme.colour("quiet"))
                painter.drawText(inside, Qt.AlignmentFlag.AlignCenter, "\N{MIDDLE DOT}")
            return
        neutral = theme.colour("panel")
        colour = score_colour(cell.score, (neutral.red(), neutral.green(), neutral.blue()))
        painter.fillRect(inside, QColor(*colour))
        painter.setPen(QColor("#ffffff" if is_dark(colour) else "#000000"))
        self._draw_lines(painter, inside, cell_lines(cell, rows=self._rows_in(place)))

    def _draw_lines(self, painter: QPainter, place: QRectF, lines: list[str]) -> None:
        first = QFont(self.font())
        first.setBold(True)
        small = QFont(self.font())
        small.setPointSizeF(max(6.0, 0.8 * self.font().pointSizeF()))
        heights = [QFontMetrics(first).height(), *[QFontMetrics(small).height()] * (len(lines) - 1)]
        y = place.center().y() - sum(heights) / 2
        for line, height, font in zip(lines, heights, [first, *[small] * (len(lines) - 1)], strict=True):
            painter.setFont(font)
            if QFontMetrics(font).horizontalAdvance(line) <= place.width() or line is lines[0]:
                painter.drawText(QRectF(place.left(), y, place.width(), height), Qt.AlignmentFlag.AlignCenter, line)
            y += height
        painter.setFont(self.font())

    def _rows_in(self, place: QRect) -> int:
        if place.width() < self._theme.px(64):
            return 1
        line = QFontMetrics(self.font()).height()
        return 1 + max(0, int((place.height() - line) / (0.85 * line)))

    def _draw_marks(self, painter: QPainter) -> None:
        """Draw lines around the row and the column under the mouse, and a frame around the current cell."""
        theme = self._theme.theme
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if self._hover is not None:
            painter.setPen(QPen(theme.colour("text"), 1))
            row, column = self._hover
            n = len(self._table.names) if self._table is not None else 0
            painter.drawRect(self._cell_rect(row, 0).united(self._cell_rect(row, n - 1)))
            painter.drawRect(self._cell_rect(0, column).united(self._cell_rect(n - 1, column)))
        if self._current is not None:
            painter.setPen(QPen(theme.colour("accent" if self.hasFocus() else "quiet"), self._theme.px(3)))
            painter.drawRect(self._cell_rect(*self._current).adjusted(1, 1, -2, -2))

    def _draw_heads(self, painter: QPainter, area: QRect) -> None:
        """Draw the names over the scrolled cells."""
        theme, left, top = self._theme.theme, self._left(), self._top()
        painter.fillRect(QRect(0, 0, max(area.right() + 1, left), top), theme.colour("panel"))
        painter.fillRect(QRect(0, top, left, max(0, area.bottom() + 1 - top)), theme.colour("panel"))
        assert self._table is not None  # noqa: S101  # _draw has looked
        metrics = QFontMetrics(self.font())
        gap = self._theme.px(6)
        painter.save()
        painter.setClipRect(QRect(0, top, left, max(0, area.bottom() + 1 - top)))
        for rank, position in enumerate(self._table.order):
            place = self._cell_rect(rank, 0)
            is_marked = self._hover is not None and self._hover[0] == rank
            painter.setPen(theme.colour("accent" if is_marked else "text"))
            text = metrics.elidedText(
                f"{rank + 1}  {self._table.names[position]}", Qt.TextElideMode.ElideRight, left - 2 * gap
            )
            painter.drawText(QRect(gap, place.y(), left - 2 * gap, place.height()), Qt.AlignmentFlag.AlignVCenter, text)
        painter.setClipRect(QRect(left, 0, max(0, area.right() + 1 - left), top))
        for rank, position in enumerate(self._table.order):
            place = self._cell_rect(0, rank)
            is_marked = self._hover is not None and self._hover[1] == rank
            painter.setPen(theme.colour("accent" if is_marked else "text"))
            text = self._column_head(metrics, rank, self._table.names[position])
            painter.drawText(QRect(place.x(), 0, self.side, top), Qt.AlignmentFlag.AlignCenter, text)
        painter.restore()

    def _column_head(self, metrics: QFontMetrics, rank: int, name: str) -> str:
        """Return the rank with the name, or, where names have no room, the rank alone."""
        if self.side < self._theme.px(64):
            return str(rank + 1)
        return metrics.elidedText(f"{rank + 1}  {name}", Qt.TextElideMode.ElideRight, self.side - 4)

    # Mouse and keys

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802  # Qt's name
        """Fit the cells to the window."""
        super().resizeEvent(event)
        self._resettle()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802  # Qt's name
        """Light up the row and the column under the mouse."""
        self._point_at(self.cell_at(event.position().toPoint()))

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802  # Qt's name
        """Put the light out."""
        super().leaveEvent(event)
        self._point_at(None)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802  # Qt's name
        """Choose a cell."""
        cell = self.cell_at(event.position().toPoint())
        if event.button() is Qt.MouseButton.LeftButton and cell is not None:
            self._go_to(cell)
            self._choose()

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802  # Qt's name
        """Zoom with Ctrl, else scroll."""
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoom_by(1 if event.angleDelta().y() > 0 else -1)
            event.accept()
        else:
            super().wheelEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802  # Qt's name
        """Move by arrows, choose by Enter, zoom by plus, minus and 0."""
        key = Qt.Key(event.key())
        if self._table is None:
            super().keyPressEvent(event)
        elif key in _STEPS:
            n, (down, right) = len(self._table.names), _STEPS[key]
            row, column = self._current or (0, 0)
            self._go_to((min(max(row + down, 0), n - 1), min(max(column + right, 0), n - 1)))
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._choose()
        elif event.text() in {"+", "-", "0"}:
            self.zoom_by({"+": 1, "-": -1, "0": 0}[event.text()])
        else:
            super().keyPressEvent(event)

    def viewportEvent(self, event: QEvent) -> bool:  # noqa: N802  # Qt's name
        """Say a cell in words as a tooltip."""
        if isinstance(event, QHelpEvent) and event.type() is QEvent.Type.ToolTip:
            cell = self.cell_at(event.pos())
            QToolTip.showText(event.globalPos(), self._sentence(cell) if cell is not None else "", self)
            return True
        return super().viewportEvent(event)

    def _players(self, cell: tuple[int, int] | None) -> tuple[int, int] | None:
        if cell is None or self._table is None:
            return None
        return self._table.order[cell[0]], self._table.order[cell[1]]

    def _sentence(self, cell: tuple[int, int]) -> str:
        players = self._players(cell)
        return cell_sentence(self._table, *players) if players is not None and self._table is not None else ""

    def _point_at(self, cell: tuple[int, int] | None) -> None:
        if cell != self._hover:
            self._hover = cell
            said = cell or self._current
            self.hovered.emit("" if said is None else self._sentence(said))
            self.viewport().update()

    def _go_to(self, cell: tuple[int, int]) -> None:
        self._current = cell
        sentence = self._sentence(cell)
        self.setAccessibleDescription(sentence)
        self.hovered.emit(sentence)
        self._scroll_to(cell)
        self.viewport().update()

    def _scroll_to(self, cell: tuple[int, int]) -> None:
        place, room = self._cell_rect(*cell), QPointF(self.viewport().width(), self.viewport().height())
        for bar, low, high, begin, end in (
            (self.horizontalScrollBar(), place.left(), place.right(), self._left(), room.x()),
            (self.verticalScrollBar(), place.top(), place.bottom(), self._top(), room.y()),
        ):
            if low < begin:
                bar.setValue(bar.value() - (begin - low))
            elif high > end:
                bar.setValue(bar.value() + round(high - end) + 1)

    def _choose(self) -> None:
        players = self._players(self._current)
        if players is not None and self._table is not None and self._table.cell(*players) is not None:
            self.cell_chosen.emit(*players)
