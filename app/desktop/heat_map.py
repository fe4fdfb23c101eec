"""Everybody against everybody as a heat map, drawn at whatever size fits."""

from typing import Final

from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QFontMetrics,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QToolButton, QToolTip, QWidget

from app.desktop.heat_drawing import HeatDrawing, Marks
from app.desktop.heat_grid import HeatGrid
from app.desktop.heat_layout import ZOOMS, HeatLayout, layout_of
from app.desktop.theme import ThemeStore

_STEPS: Final = {
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
}
_ZOOM_BUTTONS: Final = (
    ("zoom_out", "\N{MINUS SIGN}", "Smaller cells", -1),
    ("zoom_in", "+", "Larger cells", 1),
    ("zoom_fit", "Fit", "Fit the cells to the window", 0),
)


class HeatMap(QAbstractScrollArea):
    """Shows a ``HeatGrid``, rows against columns. The current cell follows mouse clicks and arrow keys."""

    cell_chosen = Signal(int, int)
    """Row and column of two that have met."""
    hovered = Signal(str)
    """The cell under the mouse or the cursor, in words."""

    def __init__(self, theme: ThemeStore, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._grid: HeatGrid | None = None
        self._zoom = ZOOMS.index(1.0)
        self._hover: tuple[int, int] | None = None
        self._current: tuple[int, int] | None = None
        self._layout: HeatLayout | None = None
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFrameShape(QAbstractScrollArea.Shape.NoFrame)
        self.viewport().setMouseTracking(True)
        theme.changed.connect(self._resettle)

    def show_grid(self, grid: HeatGrid | None) -> None:
        """Show ``grid``; the current cell and the one under the mouse stay with their players."""
        self._current, self._hover = self._kept(self._current, grid), self._kept(self._hover, grid)
        self._grid = grid
        self._resettle()

    def _kept(self, cell: tuple[int, int] | None, grid: HeatGrid | None) -> tuple[int, int] | None:
        if cell is None or grid is None or self._grid is None:
            return None
        names = list(grid.names)
        row, column = (self._grid.names[place] for place in cell)
        return (names.index(row), names.index(column)) if row in names and column in names else None

    def zoom_by(self, steps: int) -> None:
        """Draw larger or smaller; 0 fits the window."""
        place = self._zoom + steps if steps else ZOOMS.index(1.0)
        self._zoom = min(max(place, 0), len(ZOOMS) - 1)
        self._resettle()

    def zoom_buttons(self) -> list[QToolButton]:
        """Return new buttons that draw smaller, larger, and as it fits."""
        made = []
        for name, text, tip, steps in _ZOOM_BUTTONS:
            button = QToolButton()
            button.setObjectName(name)
            button.setText(text)
            button.setToolTip(tip)
            button.setAccessibleName(tip)
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            button.clicked.connect(lambda _checked=False, steps=steps: self.zoom_by(steps))
            made.append(button)
        return made

    # Geometry

    @property
    def side(self) -> int:
        """Width of a cell in pixels."""
        return self._layout.side if self._layout is not None else 1

    def cell_rect(self, row: int, column: int) -> QRect:
        """Return where a cell is in the viewport."""
        return QRect() if self._layout is None else self._layout.cell(row, column).translated(-self._scrolled())

    def cell_at(self, place: QPoint) -> tuple[int, int] | None:
        """Return row and column at a place of the viewport; None beside the cells."""
        row, column = self._at(place)
        return None if row is None or column is None else (row, column)

    def _at(self, place: QPoint) -> tuple[int | None, int | None]:
        return (None, None) if self._layout is None else self._layout.at(place, self._scrolled())

    def _scrolled(self) -> QPoint:
        return QPoint(self.horizontalScrollBar().value(), self.verticalScrollBar().value())

    def sizeHint(self) -> QSize:  # noqa: N802  # Qt's name
        """Return a size that shows a small league."""
        return QSize(self._theme.px(560), self._theme.px(380))

    def _resettle(self) -> None:
        room = self.viewport().size()
        if self._grid is None:
            self._layout, whole, height = None, QSize(0, 0), 1
        else:
            zoom = ZOOMS[self._zoom]
            self._layout = layout_of(self._grid, self._theme, QFontMetrics(self.font()), room.width(), zoom)
            whole, height = self._layout.size, self._layout.height
        for bar, most, page, step in (
            (self.horizontalScrollBar(), whole.width() - room.width(), room.width(), self.side),
            (self.verticalScrollBar(), whole.height() - room.height(), room.height(), height),
        ):
            bar.setRange(0, max(0, most))
            bar.setPageStep(page)
            bar.setSingleStep(step)
        self.viewport().update()

    # Drawing

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802  # Qt's name
        """Draw what is on the screen."""
        painter = QPainter(self.viewport())
        try:
            self._draw(painter, event.rect(), self._scrolled())
        finally:
            painter.end()

    def picture(self) -> QPixmap:
        """Return the whole map as a picture, two pixels for one."""
        size = (QSize(0, 0) if self._layout is None else self._layout.size) + QSize(1, 1)
        pixmap = QPixmap(size * 2)
        pixmap.setDevicePixelRatio(2.0)
        painter = QPainter(pixmap)
        try:
            self._draw(painter, QRect(QPoint(0, 0), size), QPoint(0, 0))
        finally:
            painter.end()
        return pixmap

    def _draw(self, painter: QPainter, area: QRect, scrolled: QPoint) -> None:
        painter.fillRect(area, self._theme.theme.colour("base"))
        if self._grid is not None and self._layout is not None:
            drawing = HeatDrawing(self._grid, self._layout, self._theme, self.font(), scrolled)
            drawing.draw(painter, area, Marks(self._hover, self._current, has_focus=self.hasFocus()))

    # Mouse and keys

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802  # Qt's name
        """Fit the cells to the window."""
        super().resizeEvent(event)
        self._resettle()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802  # Qt's name
        """Fit the cells to a new font."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
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
            self.go_to(cell)
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
        if self._grid is None or not self._grid.names:
            super().keyPressEvent(event)
        elif key in _STEPS:
            n, (down, right) = len(self._grid.names), _STEPS[key]
            row, column = self._current or (0, 0)
            self.go_to((min(max(row + down, 0), n - 1), min(max(column + right, 0), n - 1)))
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._choose()
        elif event.text() in {"+", "-", "0"}:
            self.zoom_by({"+": 1, "-": -1, "0": 0}[event.text()])
        else:
            super().keyPressEvent(event)

    def viewportEvent(self, event: QEvent) -> bool:  # noqa: N802  # Qt's name
        """Say a cell, or whose row or column it is, in words as a tooltip."""
        if isinstance(event, QHelpEvent) and event.type() is QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), self.told_at(event.pos()), self)
            return True
        return super().viewportEvent(event)

    def told_at(self, place: QPoint) -> str:
        """Return what there is at a place of the viewport, in words; empty beside the map."""
        row, column = self._at(place)
        if self._grid is None or (row is None and column is None):
            return ""
        if row is not None and column is not None:
            return self._grid.sentence(row, column)
        return self._grid.described(row if row is not None else column or 0)

    def _sentence(self, cell: tuple[int, int]) -> str:
        return self._grid.sentence(*cell) if self._grid is not None else ""

    def _point_at(self, cell: tuple[int, int] | None) -> None:
        if cell != self._hover:
            self._hover = cell
            said = cell or self._current
            self.hovered.emit("" if said is None else self._sentence(said))
            self.viewport().update()

    def go_to(self, cell: tuple[int, int]) -> None:
        """Make ``cell`` the current one, and bring it into view."""
        self._current = cell
        sentence = self._sentence(cell)
        self.setAccessibleDescription(sentence)
        self.hovered.emit(sentence)
        self._scroll_to(cell)
        self.viewport().update()

    def _scroll_to(self, cell: tuple[int, int]) -> None:
        if self._layout is None:
            return
        place, room = self.cell_rect(*cell), QPointF(self.viewport().width(), self.viewport().height())
        for bar, low, high, begin, end in (
            (self.horizontalScrollBar(), place.left(), place.right(), self._layout.left, room.x()),
            (self.verticalScrollBar(), place.top(), place.bottom(), self._layout.top, room.y()),
        ):
            if low < begin:
                bar.setValue(bar.value() - (begin - low))
            elif high > end:
                bar.setValue(bar.value() + round(high - end) + 1)

    def _choose(self) -> None:
        cell = self._current
        if cell is not None and self._grid is not None and self._grid.score(*cell) is not None:
            self.cell_chosen.emit(*cell)
