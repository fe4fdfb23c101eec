"""A detail that is a list of objects whose keys are known, shown as a table."""

from PySide6.QtWidgets import QVBoxLayout

from ai.trainer import Detail
from app.desktop.context import Desktop
from app.desktop.training.detail_view import DetailBody
from app.desktop.training.record_table import RecordLook, RecordTable
from app.desktop.training.records import Record, is_records


class KnownRecordsBody(DetailBody):
    """The table of one detail; ``look`` says what it shows, and in which order."""

    def __init__(self, desktop: Desktop, name: str, look: RecordLook[Record]) -> None:
        super().__init__()
        self._name = name
        self.table = RecordTable(desktop.theme, look, name)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.table)

    def show_detail(self, detail: Detail) -> None:
        """Show the objects of a detail."""
        if not is_records(detail.value):
            raise ValueError(f"the detail '{self._name}' is no list of objects")
        self.table.show_rows(detail.value)

    def as_text(self) -> str:
        """Return the table, tab separated."""
        return self.table.as_text()
