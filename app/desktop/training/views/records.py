"""Any list of objects: a row each, sorted by a click on a head."""

from PySide6.QtWidgets import QVBoxLayout

from ai.trainer import Detail, Json
from app.desktop.context import Desktop
from app.desktop.training.detail_view import DetailBody, DetailView
from app.desktop.training.details import MAX_ROWS
from app.desktop.training.record_table import UNSORTED, RecordLook, RecordTable
from app.desktop.training.records import Row, columns_of, described, is_records


class RecordsBody(DetailBody):
    """A table whose columns are the keys of its entries; it is made anew when they are others."""

    def __init__(self, desktop: Desktop, name: str) -> None:
        super().__init__()
        self._theme = desktop.theme
        self._name = name
        self._heads: tuple[str, ...] = ()
        self.table: RecordTable[Row] | None = None
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)

    def show_detail(self, detail: Detail) -> None:
        """Show the first entries of a list of objects."""
        if not is_records(detail.value):
            raise ValueError("this is no list of objects")
        records = detail.value[:MAX_ROWS]
        self._table(records).show_rows([Row(place, record) for place, record in enumerate(records)])

    def _table(self, records: list[dict[str, Json]]) -> RecordTable[Row]:
        columns = columns_of(records)
        heads = tuple(column.title for column in columns)
        if self.table is None or heads != self._heads:
            if self.table is not None:
                self._layout.removeWidget(self.table)
                self.table.deleteLater()
            look = RecordLook(columns, lambda row: row.place, lambda row: described(row.record), sorted_by=UNSORTED)
            self._heads, self.table = heads, RecordTable(self._theme, look, self._name)
            self._layout.addWidget(self.table)
        return self.table

    def as_text(self) -> str:
        """Return the table, tab separated."""
        return "" if self.table is None else self.table.as_text()


VIEW = DetailView(10, lambda _name, value: is_records(value), RecordsBody)
