"""The log as a table: time, level, source, text."""

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor

from app.desktop.log.lines import LogBook, LogFilter, LogLine, Severity
from app.desktop.theme import Theme, ThemeStore

_COLUMNS: Final = ("Time", "Level", "Source", "Message")
_NO_PARENT: Final = QModelIndex()


class LogModel(QAbstractTableModel):
    """Shows the lines that the filter of ``book`` admits."""

    def __init__(self, book: LogBook, theme: ThemeStore, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._book = book
        self._theme = theme

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = _NO_PARENT) -> int:  # noqa: N802  # Qt's name
        """Return the number of lines that are shown."""
        return 0 if parent.isValid() else len(self._book.shown)

    def columnCount(self, parent: QModelIndex | QPersistentModelIndex = _NO_PARENT) -> int:  # noqa: N802  # Qt's name
        """Return the number of columns."""
        return 0 if parent.isValid() else len(_COLUMNS)

    def headerData(  # noqa: N802  # Qt's name
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        """Return the title of a column."""
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return _COLUMNS[section]
        return None

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return a cell's text, colour or tooltip."""
        if not index.isValid():
            return None
        line = self._book.shown[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return _cell(line, index.column())
        if role == Qt.ItemDataRole.ForegroundRole:
            return _colour(line, index.column(), self._theme.theme)
        if role == Qt.ItemDataRole.ToolTipRole:
            return line.text
        return None

    def line(self, row: int) -> LogLine:
        """Return the line in ``row``."""
        return self._book.shown[row]

    def add(self, lines: Sequence[LogLine]) -> None:
        """Show more lines; the oldest go when there are too many."""
        overflow = self._book.overflow(len(lines))
        if overflow:
            self.beginRemoveRows(_NO_PARENT, 0, overflow - 1)
        self._book.make_room(len(lines))
        if overflow:
            self.endRemoveRows()
        at, count = len(self._book.shown), self._book.admitted(lines)
        if count:
            self.beginInsertRows(_NO_PARENT, at, at + count - 1)
        self._book.add(lines)
        if count:
            self.endInsertRows()

    def choose(self, wanted: LogFilter) -> None:
        """Show what ``wanted`` admits."""
        self.beginResetModel()
        self._book.choose(wanted)
        self.endResetModel()

    def clear(self) -> None:
        """Forget every line."""
        self.beginResetModel()
        self._book.clear()
        self.endResetModel()


def _cell(line: LogLine, column: int) -> str:
    return (f"{line.time:%H:%M:%S}", line.severity.word, line.source, line.text)[column]


def _colour(line: LogLine, column: int, theme: Theme) -> QColor | None:
    if line.severity is Severity.INFO:
        return theme.colour("quiet") if column < 3 else None
    name = "bad" if line.severity is Severity.ERROR else "warning"
    return theme.colour(name) if column == 1 else None
