"""Whatever has no view of its own: a plain table."""

import json

from PySide6.QtWidgets import QAbstractItemView, QTableWidget, QTableWidgetItem, QVBoxLayout

from ai.trainer import Detail, Json
from app.desktop.context import Desktop
from app.desktop.training.detail_view import DetailBody, DetailView
from app.desktop.training.details import DetailTable, table_of
from app.desktop.widgets import quiet_label


class TableBody(DetailBody):
    """A table of texts."""

    def __init__(self, _desktop: Desktop, name: str) -> None:
        super().__init__()
        self._name = name
        self._value: Json = None
        self._shown: DetailTable | None = None
        self.table = _empty_table(name)
        self.left_out = quiet_label()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.table)
        layout.addWidget(self.left_out)

    def show_detail(self, detail: Detail) -> None:
        """Show any detail."""
        self._value = detail.value
        table = self._shown = table_of(self._name, detail)
        _fill(self.table, table)
        self.left_out.setVisible(bool(table.left_out))
        self.left_out.setText(f"{table.left_out:,} more rows are in the run's folder")

    def as_text(self) -> str:
        """Return the table, tab separated; of an object the whole JSON: its cells may have been cut."""
        if isinstance(self._value, dict):
            return json.dumps(self._value, indent=1)
        return "" if self._shown is None else self._shown.as_text()


def _empty_table(name: str) -> QTableWidget:
    widget = QTableWidget()
    widget.setAccessibleName(name)
    widget.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    widget.setTabKeyNavigation(False)
    widget.verticalHeader().hide()
    widget.horizontalHeader().setStretchLastSection(True)
    return widget


def _fill(widget: QTableWidget, table: DetailTable) -> None:
    """Show ``table``; cells that are the same are left as they are, and so is what is selected and scrolled to."""
    is_new = widget.columnCount() != len(table.head)
    widget.setColumnCount(len(table.head))
    widget.setHorizontalHeaderLabels(list(table.head))
    widget.setRowCount(len(table.rows))
    for row, cells in enumerate(table.rows):
        for column, text in enumerate(cells):
            item = widget.item(row, column)
            if item is None:
                widget.setItem(row, column, QTableWidgetItem(text))
            elif item.text() != text:
                item.setText(text)
    if is_new:
        widget.resizeColumnsToContents()


VIEW = DetailView(100, lambda _name, _value: True, TableBody)
