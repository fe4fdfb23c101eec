"""What a run reports beside its metrics, in a window of its own that stays fresh while the run goes on."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QDialog,
    QDialogButtonBox,
    QStackedLayout,
    QTableWidget,
    QTableWidgetItem,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from app.desktop.context import Desktop
from app.desktop.training.details import DetailTable, read_details
from app.desktop.widgets import hint_label, quiet_label

if TYPE_CHECKING:  # the window paints before these are imported
    from app.desktop.reader import Ticket

_HINT: Final = "This run has reported no details. A trainer that has any reports them every few seconds."


class DetailsDialog(QDialog):
    """Shows the details of ``run``, a tab each."""

    def __init__(self, desktop: Desktop, run: str, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._desktop = desktop
        self._run = run
        self._ticket: Ticket | None = None
        self._tables: dict[str, QTableWidget] = {}
        self._shown: list[DetailTable] = []
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(f"Details of {name}")
        self.resize(desktop.theme.px(640), desktop.theme.px(420))
        self._build()
        desktop.hub.run_message.connect(self._take)
        self.refresh()

    def _build(self) -> None:
        self.tabs = QTabWidget()
        self.tabs.currentChanged.connect(self._say_step)
        self.step = quiet_label()
        self.hint = hint_label(_HINT)
        self._pages = QStackedLayout()
        self._pages.addWidget(self.hint)
        self._pages.addWidget(self.tabs)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.copy_button = buttons.addButton("Copy table", QDialogButtonBox.ButtonRole.ActionRole)
        self.copy_button.setToolTip("Copy the table that is shown, for a spreadsheet")
        self.copy_button.clicked.connect(self._copy)
        buttons.rejected.connect(self.close)
        layout = QVBoxLayout(self)
        layout.addLayout(self._pages, 1)
        layout.addWidget(self.step)
        layout.addWidget(buttons)

    def refresh(self) -> None:
        """Read the run's details again."""
        if self._ticket is not None:
            self._ticket.cancel()
        run = self._run
        self._ticket = self._desktop.reader.ask(
            lambda league: read_details(league, run), self._show, failed=self._cannot_read
        )

    def _take(self, message: Mapping[str, object]) -> None:
        if message.get("event") == "details" and message.get("run") == self._run:
            self.refresh()

    def _show(self, tables: list[DetailTable]) -> None:
        self._shown = tables
        for table in tables:
            if table.title not in self._tables:
                self._tables[table.title] = _empty_table(table.title)
                self.tabs.addTab(self._tables[table.title], table.title)
            _fill(self._tables[table.title], table)
        self._pages.setCurrentIndex(1 if tables else 0)
        self.copy_button.setEnabled(bool(tables))
        self._say_step()

    def _cannot_read(self, sentence: str) -> None:
        self.hint.setText(sentence)
        self._pages.setCurrentIndex(0)
        self.copy_button.setEnabled(False)

    def _current(self) -> DetailTable | None:
        title = self.tabs.tabText(self.tabs.currentIndex()) if self.tabs.count() else ""
        return next((table for table in self._shown if table.title == title), None)

    def _say_step(self) -> None:
        table = self._current()
        more = f"; {table.left_out:,} more rows are in the run's folder" if table is not None and table.left_out else ""
        self.step.setText("" if table is None else f"As of step {table.step:,}{more}.")

    def _copy(self) -> None:
        table = self._current()
        if table is not None:
            QApplication.clipboard().setText(table.as_text())


def _empty_table(title: str) -> QTableWidget:
    widget = QTableWidget()
    widget.setAccessibleName(title)
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
