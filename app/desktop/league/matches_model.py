"""The list of matches as a model: 100,000 rows of which those on the screen are read."""

from typing import Any, Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QFont

from app.desktop.league.match_lines import COLUMNS, LEFT, LENGTH, MATCH, RALLY, RIGHT, UPSET, MatchLine, MatchPages
from app.desktop.league.rows_model import ROW_ROLE, Index, alignment, head

_WAITING: Final = "\N{HORIZONTAL ELLIPSIS}"
SORTED_BY: Final = {LENGTH: "ticks", RALLY: "longest_rally", UPSET: "upset", MATCH: "match"}
"""The columns that the store can sort by, and the keys of ``MatchOrder``."""


class MatchesModel(QAbstractTableModel):
    """Shows ``MatchPages``; asks for one page at a time, the one on the screen first."""

    page_wanted = Signal(int)
    """Read this page and hand its lines to ``put``."""
    order_wanted = Signal(str, bool)
    """A key of ``MatchOrder``, and whether the largest come first."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pages = MatchPages()
        self._is_waiting = False
        self._asking = QTimer(self)
        self._asking.setSingleShot(True)
        self._asking.setInterval(0)
        self._asking.timeout.connect(self._ask)

    def show(self, pages: MatchPages) -> None:
        """Show another list; one that only goes on keeps its place."""
        self._is_waiting = False
        old = self._pages
        if len(old) and old.is_begin_of(pages.ids):
            grown = old.grown(pages.ids)
            if len(grown) > len(old):
                self.beginInsertRows(QModelIndex(), len(old), len(grown) - 1)
                self._pages = grown
                self.endInsertRows()
            if grown.wanted() is not None:
                self._asking.start()
            return
        self.beginResetModel()
        self._pages = pages
        self.endResetModel()

    def clear(self) -> None:
        """Show nothing, whatever was there."""
        self.beginResetModel()
        self._pages, self._is_waiting = MatchPages(), False
        self.endResetModel()

    def pages(self) -> MatchPages:
        """Return what is shown."""
        return self._pages

    def put(self, page: int, lines: list[MatchLine]) -> None:
        """Take the lines of a page that was asked for."""
        self._is_waiting = False
        rows = self._pages.put(page, lines)
        if rows:
            self.dataChanged.emit(self.index(rows[0], 0), self.index(rows[-1], len(COLUMNS) - 1))
        if self._pages.wanted() is not None:
            self._asking.start()

    def give_up(self) -> None:
        """Take note that a page could not be read; the next look asks again."""
        self._is_waiting = False

    def line(self, row: int) -> MatchLine | None:
        """Return what a row shows; None if it is being read."""
        found = self._pages.line(row)
        if found is None and not self._asking.isActive():
            self._asking.start()
        return found

    def _ask(self) -> None:
        page = self._pages.wanted()
        if page is not None and not self._is_waiting:
            self._is_waiting = True
            self.page_wanted.emit(page)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008, N802  # Qt's name and default
        """Return the number of matches."""
        return 0 if parent.isValid() else len(self._pages)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008, N802  # Qt's name and default
        """Return the number of columns."""
        return 0 if parent.isValid() else len(COLUMNS)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a cell shows or says."""
        if not index.isValid():
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return alignment(COLUMNS[index.column()])
        if role not in (
            Qt.ItemDataRole.DisplayRole,
            Qt.ItemDataRole.FontRole,
            Qt.ItemDataRole.ToolTipRole,
            ROW_ROLE,
        ):
            return None
        line = self.line(index.row())
        if line is None:
            return _WAITING if role == Qt.ItemDataRole.DisplayRole else None
        if role == Qt.ItemDataRole.FontRole:
            return _bold() if line.winner() == {LEFT: 0, RIGHT: 1}.get(index.column(), -1) else None
        if role == Qt.ItemDataRole.ToolTipRole:
            return describe(line)
        return line if role == ROW_ROLE else COLUMNS[index.column()].text(line)

    def headerData(  # noqa: N802  # Qt's name
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Return a column's head and what it means."""
        return head(COLUMNS, section, orientation, role)

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Ask for the list in another order, where the store can sort by that column."""
        if column in SORTED_BY:
            self.order_wanted.emit(SORTED_BY[column], order is Qt.SortOrder.DescendingOrder)


def describe(line: MatchLine) -> str:
    """Return a match in words."""
    winner = line.winner()
    result = "A draw" if winner is None else f"{line.names[winner]} has won"
    text = f"{line.names[0]} (left) against {line.names[1]} (right)\n{result}, {line.score} by {line.end}\n"
    text += f"{line.time} min of play, longest rally {line.longest_rally:,} contacts"
    if line.upset is not None:
        text += f"\nUpset: the loser is rated {line.upset:.0f} Elo higher"
    return f"{text}\nMatch {line.match_id:,}, seed {line.seed}"


def _bold() -> QFont:
    font = QFont()
    font.setBold(True)
    return font
