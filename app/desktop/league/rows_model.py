"""Rows of frozen values as a model; players among them can be dragged onto each other."""

from collections.abc import Callable, Sequence
from typing import Any, Final, Generic, TypeVar

from PySide6.QtCore import (
    QAbstractTableModel,
    QMimeData,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
    Signal,
)
from PySide6.QtGui import QFont

from app.desktop.league.columns import Column

T = TypeVar("T")
Index = QModelIndex | QPersistentModelIndex

SORT_ROLE: Final = Qt.ItemDataRole.UserRole + 1
"""The value that a column is sorted by."""
ROW_ROLE: Final = Qt.ItemDataRole.UserRole + 2
"""What a row stands for: the frozen value that its model shows."""

PLAYER_MIME: Final = "application/x-rally-player"
"""Drag data: the content hash of a player."""

_ALIGNMENT: Final = {
    True: Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter,
    False: Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter,
}


class RowsModel(QAbstractTableModel, Generic[T]):
    """Shows rows through ``columns``.

    ``identify`` names a row, so that a selection survives an update; ``describe`` is its tooltip; ``player`` the content
    hash of the player that it stands for, empty for none; ``is_other`` sets it in italics.
    """

    challenged = Signal(str, str)
    """Content hashes of the player that was dragged and of the one it was dropped on."""

    def __init__(
        self,
        columns: Sequence[Column[T]],
        *,
        identify: Callable[[T], object],
        describe: Callable[[T], str] = lambda _: "",
        player: Callable[[T], str] = lambda _: "",
        is_other: Callable[[T], bool] = lambda _: False,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.columns = columns
        self._identify = identify
        self._describe = describe
        self._player = player
        self._is_other = is_other
        self._rows: list[T] = []

    def show(self, rows: Sequence[T]) -> None:
        """Show ``rows``; if they are the same ones with other contents, their places are kept."""
        if [self._identify(row) for row in rows] == [self._identify(row) for row in self._rows]:
            self._rows = list(rows)
            if rows:
                self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, len(self.columns) - 1))
            return
        self.beginResetModel()
        self._rows = list(rows)
        self.endResetModel()

    def rows(self) -> list[T]:
        """Return what is shown."""
        return list(self._rows)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008, N802  # Qt's name and default
        """Return the number of rows."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008, N802  # Qt's name and default
        """Return the number of columns."""
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a cell shows, is sorted by or says."""
        if not index.isValid():
            return None
        row, column = self._rows[index.row()], self.columns[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.text(row)
        if role == SORT_ROLE:
            return column.sort_key(row)
        if role == ROW_ROLE:
            return row
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _ALIGNMENT[column.is_number]
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleDescriptionRole):
            return self._describe(row)
        return _italics() if role == Qt.ItemDataRole.FontRole and self._is_other(row) else None

    def headerData(  # noqa: N802  # Qt's name
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Return a column's head and what it means."""
        return head(self.columns, section, orientation, role)

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Players can be dragged and dropped on."""
        flags = super().flags(index)
        if index.isValid() and self._player(self._rows[index.row()]):
            flags |= Qt.ItemFlag.ItemIsDragEnabled | Qt.ItemFlag.ItemIsDropEnabled
        return flags

    def mimeTypes(self) -> list[str]:  # noqa: N802  # Qt's name
        """Return what can be dropped here."""
        return [PLAYER_MIME]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:  # noqa: N802  # Qt's name
        """Return the drag data of the first row's player."""
        data = QMimeData()
        if indexes:
            data.setData(PLAYER_MIME, self._player(self._rows[indexes[0].row()]).encode())
        return data

    def canDropMimeData(  # noqa: N802  # Qt's name
        self,
        data: QMimeData,
        _action: Qt.DropAction,
        _row: int,
        _column: int,
        parent: Index,
    ) -> bool:
        """Whether the drop is a challenge: one player on another."""
        return bool(_dragged(data)) and parent.isValid() and self._target(parent) not in {_dragged(data), ""}

    def dropMimeData(  # noqa: N802  # Qt's name
        self, data: QMimeData, action: Qt.DropAction, row: int, column: int, parent: Index
    ) -> bool:
        """Challenge; nothing moves in the table."""
        if self.canDropMimeData(data, action, row, column, parent):
            self.challenged.emit(_dragged(data), self._target(parent))
        return False

    def _target(self, index: Index) -> str:
        return self._player(self._rows[index.row()])


class Sorting(QSortFilterProxyModel):
    """Sorts by ``SORT_ROLE`` and keeps the rows that ``accepts`` for a search text."""

    def __init__(self, accepts: Callable[[Any, str], bool], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._accepts = accepts
        self._text = ""
        self.setSortRole(SORT_ROLE)

    def search(self, text: str) -> None:
        """Show the rows that ``text`` finds."""
        self._text = text.strip()
        self.invalidate()

    def filterAcceptsRow(self, row: int, parent: Index) -> bool:  # noqa: N802  # Qt's name
        """Whether the row is found."""
        return not self._text or self._accepts(self.sourceModel().index(row, 0, parent).data(ROW_ROLE), self._text)


def head(columns: Sequence[Column[Any]], section: int, orientation: Qt.Orientation, role: int) -> Any:
    """Return the head of a column, or what it means."""
    if orientation is not Qt.Orientation.Horizontal or not 0 <= section < len(columns):
        return None
    column = columns[section]
    if role == Qt.ItemDataRole.TextAlignmentRole:
        return _ALIGNMENT[column.is_number]
    return {Qt.ItemDataRole.DisplayRole: column.title, Qt.ItemDataRole.ToolTipRole: column.tip}.get(
        Qt.ItemDataRole(role)
    )


def alignment(column: Column[Any]) -> Qt.AlignmentFlag:
    """Return where the text of a column stands."""
    return _ALIGNMENT[column.is_number]


def _dragged(data: QMimeData) -> str:
    return bytes(data.data(PLAYER_MIME).data()).decode() if data.hasFormat(PLAYER_MIME) else ""


def _italics() -> QFont:
    font = QFont()
    font.setItalic(True)
    return font
