"""A table of whole rows for narrow docks: columns give way in a stated order instead of being cut off."""

from collections.abc import Sequence
from typing import Any, Final

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QPoint, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QApplication, QHeaderView, QTableView, QWidget

from app.desktop.league.columns import Column, fitting, widths
from app.desktop.league.rows_model import ROW_ROLE
from app.desktop.theme import ThemeStore

_ARROW: Final = (
    "QHeaderView::up-arrow, QHeaderView::down-arrow { subcontrol-position: top center; width: 9px; height: 5px; }"
)
"""Where the heads stand right, the arrow of the style sheet's header would stand on their text."""


class RowTable(QTableView):
    """A table of whole rows that hides columns, least important first, rather than cutting them off."""

    chosen = Signal(object)
    """The value of the row that was made the current one, or None."""
    activated_row = Signal(object)
    """The value of the row that was double-clicked or entered."""
    activated_cell = Signal(object, int)
    """The same with the column."""
    removal_wanted = Signal()
    """Delete was pressed."""

    def __init__(
        self, theme: ThemeStore, columns: Sequence[Column[Any]], name: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._columns = columns
        self._is_fitting = False
        self.setObjectName(name.lower().replace(" ", "_"))
        self.setAccessibleName(name)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setAlternatingRowColors(True)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setMinimumHeight(theme.px(80))
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setMinimumSectionSize(theme.px(20))
        header.setStyleSheet(_ARROW)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.doubleClicked.connect(self._activate)
        theme.changed.connect(self._restyle)
        self._restyle()

    def setModel(self, model: QAbstractItemModel | None) -> None:  # noqa: N802  # Qt's name
        """Show ``model``."""
        super().setModel(model)
        if model is not None:
            self.selectionModel().currentRowChanged.connect(self._current)
            self._fit()

    def rows_selected(self) -> list[Any]:
        """Return the values of the selected rows, in the order of the table."""
        indexes = sorted(self.selectionModel().selectedRows(), key=lambda index: index.row())
        return [index.data(ROW_ROLE) for index in indexes]

    def shown_columns(self) -> list[int]:
        """Return the columns that are not hidden."""
        return [column for column in range(len(self._columns)) if not self.isColumnHidden(column)]

    def as_text(self) -> str:
        """Return the table as lines with tabs, as spreadsheets take it."""
        model = self.model()
        lines = ["\t".join(column.title for column in self._columns)]
        for row in range(model.rowCount()):
            cells = (model.index(row, column).data() for column in range(len(self._columns)))
            lines.append("\t".join("" if cell is None else str(cell) for cell in cells))
        return "\n".join(lines)

    def copy(self) -> None:
        """Put the table on the clipboard."""
        QApplication.clipboard().setText(self.as_text())

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802  # Qt's name
        """Enter does what a double click does, Delete asks for removal."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._activate(self.currentIndex())
        elif event.matches(QKeySequence.StandardKey.Delete):
            self.removal_wanted.emit()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802  # Qt's name
        """Show what fits now."""
        super().resizeEvent(event)
        self._fit()

    def _restyle(self) -> None:
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + self._theme.px(9))
        self._fit()

    def _fit(self) -> None:
        """Give the columns their widths, once more if a scroll bar has come or gone meanwhile."""
        if self.model() is None or self._is_fitting:
            return
        self._is_fitting = True
        before = self.viewport().width()
        self._fit_now()
        if self.viewport().width() != before:
            self._fit_now()
        self._is_fitting = False

    def _fit_now(self) -> None:
        available = self.viewport().width() * 100 // self._theme.zoom
        shown = fitting(self._columns, available)
        chosen = widths(self._columns, shown, available)
        with QSignalBlocker(self.horizontalHeader()):
            for place in range(len(self._columns)):
                self.setColumnHidden(place, place not in shown)
                self.setColumnWidth(place, self._theme.px(chosen.get(place, 0)))
        self.updateGeometries()
        self.viewport().update()

    def _current(self, index: QModelIndex) -> None:
        self.chosen.emit(index.data(ROW_ROLE) if index.isValid() else None)

    def _activate(self, index: QModelIndex) -> None:
        if index.isValid():
            self.activated_row.emit(index.data(ROW_ROLE))
            self.activated_cell.emit(index.data(ROW_ROLE), index.column())

    def accept_challenges(self) -> None:
        """Let players be dragged onto each other."""
        self.setDragEnabled(True)
        self.setAcceptDrops(True)
        self.setDropIndicatorShown(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragDrop)

    def sort_by_click(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a click on a head, now by ``column``."""
        self.setSortingEnabled(True)
        self.sortByColumn(column, order)

    def menu_place(self) -> QPoint:
        """Return where a menu of the current row opens, for the keyboard."""
        place = self.visualRect(self.currentIndex()).center()
        return self.viewport().mapToGlobal(place)
