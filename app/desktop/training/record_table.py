"""A table of one detail: sorted by a click, and as it was when newer rows come."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from PySide6.QtCore import QModelIndex, QSignalBlocker, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget

from app.desktop.league.columns import Column
from app.desktop.league.row_table import RowTable
from app.desktop.league.rows_model import Index, RowsModel, Sorting
from app.desktop.theme import Theme, ThemeStore

T = TypeVar("T")

UNSORTED: Final = -1
"""In place of a column: rows are in the order they come in."""

_NO_ROW: Final = QModelIndex()


@dataclass(frozen=True)
class RecordLook(Generic[T]):
    """How rows are shown: columns, what names a row among the others, its tooltip, and the colour of its chip, if any."""

    columns: Sequence[Column[T]]
    identify: Callable[[T], object]
    describe: Callable[[T], str]
    chip: Callable[[T, Theme], QColor | None] = lambda _row, _theme: None
    sorted_by: int = 0
    order: Qt.SortOrder = Qt.SortOrder.DescendingOrder


class _ChipModel(RowsModel[T]):
    """Rows with a chip in the first column."""

    def __init__(self, look: RecordLook[T], theme: ThemeStore, parent: QWidget) -> None:
        super().__init__(look.columns, identify=look.identify, describe=look.describe, parent=parent)
        self._chip = look.chip
        self._theme = theme

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a cell shows; the chip is a decoration."""
        if role == Qt.ItemDataRole.DecorationRole and index.isValid() and index.column() == 0:
            return self._chip(self.rows()[index.row()], self._theme.theme)
        return super().data(index, role)


class RecordTable(RowTable, Generic[T]):
    """Shows rows as ``look`` says."""

    def __init__(self, theme: ThemeStore, look: RecordLook[T], name: str) -> None:
        super().__init__(theme, look.columns, name)
        self._look = look
        self._model = _ChipModel(look, theme, self)
        self._sorting = Sorting(lambda _row, _text: True, self)
        self._sorting.setSourceModel(self._model)
        self.setModel(self._sorting)
        is_sorted = look.sorted_by != UNSORTED
        self.sort_by_click(look.sorted_by, look.order if is_sorted else Qt.SortOrder.AscendingOrder)
        theme.changed.connect(self.viewport().update)

    def show_rows(self, rows: Sequence[T]) -> None:
        """Show ``rows``; the selected row and the place that is scrolled to stay, if they are still there."""
        selected = {self._look.identify(row) for row in self.rows_selected()}
        place = self.verticalScrollBar().value()
        with QSignalBlocker(self.selectionModel()):
            self._model.show(rows)
            if selected and not self.selectionModel().hasSelection():
                self._select(selected)
        self.verticalScrollBar().setValue(place)

    def _select(self, wanted: set[object]) -> None:
        for at, row in enumerate(self._model.rows()):
            if self._look.identify(row) in wanted:
                self.selectRow(self._sorting.mapFromSource(self._model.index(at, 0, _NO_ROW)).row())
                return
