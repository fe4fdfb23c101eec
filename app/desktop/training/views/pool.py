"""The players that a run learns against."""

from PySide6.QtWidgets import QVBoxLayout

from ai.trainer import Detail, Json
from app.desktop.context import Desktop
from app.desktop.training.detail_view import DetailBody, DetailView
from app.desktop.training.pool import COLUMNS, KEYS
from app.desktop.training.record_table import UNSORTED, RecordLook, RecordTable
from app.desktop.training.records import described, is_records

_LOOK = RecordLook(COLUMNS, lambda record: record.get("name"), described, sorted_by=UNSORTED)


class PoolBody(DetailBody):
    """The table of the pool, fixed players first, then the snapshots, the oldest first."""

    def __init__(self, desktop: Desktop, name: str) -> None:
        super().__init__()
        self.table = RecordTable(desktop.theme, _LOOK, name)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.table)

    def show_detail(self, detail: Detail) -> None:
        """Show the members of a pool."""
        if not is_records(detail.value):
            raise ValueError("this pool is no list of objects")
        self.table.show_rows(detail.value)

    def as_text(self) -> str:
        """Return the table, tab separated."""
        return self.table.as_text()


def _suits(name: str, value: Json) -> bool:
    return name == "pool" and is_records(value) and all(each.keys() >= KEYS for each in value)


VIEW = DetailView(4, _suits, PoolBody)
