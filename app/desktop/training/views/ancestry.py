"""The line of a champion's ancestors."""

from PySide6.QtWidgets import QVBoxLayout

from ai.trainer import Detail, Json
from app.desktop.context import Desktop
from app.desktop.training.ancestry import COLUMNS, GENERATION, KEYS, Ancestor, line_of
from app.desktop.training.detail_view import DetailBody, DetailView
from app.desktop.training.record_table import RecordLook, RecordTable
from app.desktop.training.records import is_records

_LOOK = RecordLook(COLUMNS, lambda each: (each.id, each.generation), Ancestor.describe, sorted_by=GENERATION)


class AncestryBody(DetailBody):
    """The ancestors, the newest on top."""

    def __init__(self, desktop: Desktop, name: str) -> None:
        super().__init__()
        self.table = RecordTable(desktop.theme, _LOOK, name)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.table)

    def show_detail(self, detail: Detail) -> None:
        """Show the line of the present champion."""
        if not is_records(detail.value):
            raise ValueError("this line of ancestors is no list of objects")
        self.table.show_rows(line_of(detail.value))

    def as_text(self) -> str:
        """Return the table, tab separated."""
        return self.table.as_text()


def _suits(_name: str, value: Json) -> bool:
    return is_records(value) and all(each.keys() >= KEYS for each in value)


VIEW = DetailView(2, _suits, AncestryBody)
