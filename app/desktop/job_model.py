"""The window's jobs as a table, the newest first."""

from collections.abc import Iterable
from typing import Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, QRectF, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.desktop.league.words import duration
from app.desktop.theme import ThemeStore
from app.jobs.card import JobCard

COLUMNS: Final = ("Job", "State", "Progress", "Time left", "Detail")
PROGRESS: Final = 2
_NO_PARENT: Final = QModelIndex()
_STATE_COLOURS: Final = {"running": "accent", "complete": "good", "failed": "bad", "paused": "warning"}


class JobModel(QAbstractTableModel):
    """Shows ``JobCard`` values; what the board forgets or the user clears goes from the table."""

    def __init__(self, theme: ThemeStore, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._cards: list[JobCard] = []
        self._cleared: set[str] = set()

    def show_cards(self, cards: Iterable[JobCard]) -> None:
        """Show ``cards``, given oldest first; of those that only serve the window, the ones that have failed."""
        listed = [card for card in cards if card.is_work or card.state == "failed"]
        wanted = [card for card in reversed(listed) if card.id not in self._cleared]
        before, after = [card.id for card in self._cards], [card.id for card in wanted]
        if before == after:
            self._change(wanted)
        elif after[len(after) - len(before) :] == before:
            self.beginInsertRows(_NO_PARENT, 0, len(after) - len(before) - 1)
            new = len(after) - len(before)
            self._cards = [*wanted[:new], *self._cards]
            self.endInsertRows()
            self._change(wanted)
        else:
            self.beginResetModel()
            self._cards = wanted
            self.endResetModel()

    def _change(self, wanted: list[JobCard]) -> None:
        for row, (before, after) in enumerate(zip(self._cards, wanted, strict=True)):
            if before != after:
                self._cards[row] = after
                self.dataChanged.emit(self.index(row, 0), self.index(row, len(COLUMNS) - 1))

    def clear_ended(self) -> None:
        """Leave every job out that has ended, from the next ``show_cards`` on."""
        self._cleared |= {card.id for card in self._cards if not card.is_running}

    def card(self, row: int) -> JobCard:
        """Return the job in ``row``."""
        return self._cards[row]

    def row_of(self, job: str) -> int:
        """Return the row of a job; -1 if it is not shown."""
        return next((row for row, card in enumerate(self._cards) if card.id == job), -1)

    def has_ended(self) -> bool:
        """Whether one of the jobs that are shown has ended."""
        return any(not card.is_running for card in self._cards)

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = _NO_PARENT) -> int:  # noqa: N802  # Qt's name
        """Return the number of jobs."""
        return 0 if parent.isValid() else len(self._cards)

    def columnCount(self, parent: QModelIndex | QPersistentModelIndex = _NO_PARENT) -> int:  # noqa: N802  # Qt's name
        """Return the number of columns."""
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(  # noqa: N802  # Qt's name
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        """Return the title of a column."""
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section]
        return None

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return a cell's text, colour or tooltip; in ``UserRole`` of the progress, the share."""
        if not index.isValid():
            return None
        card, column = self._cards[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return _cell(card, column)
        if role == Qt.ItemDataRole.UserRole and column == PROGRESS:
            return card.progress
        if role == Qt.ItemDataRole.ForegroundRole and column == 1:
            return QColor(str(getattr(self._theme.theme, _STATE_COLOURS.get(card.state, "text"))))
        if role == Qt.ItemDataRole.ToolTipRole:
            return card.detail or card.title
        return None


class ProgressDelegate(QStyledItemDelegate):
    """Paints a share from 0 to 1 as a bar with its percentage beside it."""

    def __init__(self, theme: ThemeStore, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Paint the bar; the text is painted as in any other cell."""
        super().paint(painter, option, index)
        share = index.data(Qt.ItemDataRole.UserRole)
        if isinstance(share, float):
            theme = self._theme.theme
            is_selected = bool(option.state & QStyle.StateFlag.State_Selected)
            painter.save()
            painter.setBrush(theme.colour("on_accent" if is_selected else "accent"))
            painter.setPen(theme.colour("on_accent" if is_selected else "line"))
            _paint_bar(painter, QRectF(option.rect), share, self._theme.px(44))
            painter.restore()


def _paint_bar(painter: QPainter, cell: QRectF, share: float, text_width: int) -> None:
    """Paint a frame with the painter's pen, and within it the share with its brush."""
    height = cell.height() / 4
    whole = QRectF(cell.left() + text_width, cell.center().y() - height / 2, cell.width() - text_width - 6, height)
    if whole.width() < height:
        return
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    fill = painter.brush()
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(whole, height / 2, height / 2)
    done = QRectF(whole.left(), whole.top(), whole.width() * min(max(share, 0.0), 1.0), height)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(fill)
    painter.drawRoundedRect(done, height / 2, height / 2)


def _cell(card: JobCard, column: int) -> str:
    share = "" if card.progress is None else f"{card.progress:.0%}"
    left = duration(card.eta_s) if card.eta_s is not None and card.state == "running" else ""
    return (card.title, card.state, share, left, card.detail)[column]
