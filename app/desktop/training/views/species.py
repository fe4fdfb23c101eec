"""The species of a population, each with the colour that it has in the chart."""

from PySide6.QtGui import QColor
from PySide6.QtWidgets import QVBoxLayout

from ai.trainer import Detail, Json
from app.desktop.charts.strokes import area_colour
from app.desktop.context import Desktop
from app.desktop.theme import Theme
from app.desktop.training.detail_view import DetailBody, DetailView
from app.desktop.training.record_table import RecordLook, RecordTable
from app.desktop.training.records import Record, described, is_records, whole
from app.desktop.training.species import COLUMNS, KEYS, SIZE


def _chip(record: Record, theme: Theme) -> QColor:
    return area_colour(whole(record, "id"), theme)


_LOOK = RecordLook(COLUMNS, lambda record: whole(record, "id"), described, _chip, SIZE)


class SpeciesBody(DetailBody):
    """The table of species."""

    def __init__(self, desktop: Desktop, name: str) -> None:
        super().__init__()
        self.table = RecordTable(desktop.theme, _LOOK, name)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.table)

    def show_detail(self, detail: Detail) -> None:
        """Show the species of a generation."""
        if not is_records(detail.value):
            raise ValueError("this table of species is no list of objects")
        self.table.show_rows(detail.value)

    def as_text(self) -> str:
        """Return the table, tab separated."""
        return self.table.as_text()


def _suits(name: str, value: Json) -> bool:
    return name == "species" and is_records(value) and all(each.keys() >= KEYS for each in value)


VIEW = DetailView(0, _suits, SpeciesBody)
