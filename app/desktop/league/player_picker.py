"""Who plays: a list to tick, with a search and quick choices; its order is the order of the seats in some formats."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.desktop.league.columns import has_words
from app.desktop.league.season_plan import strongest
from app.desktop.league.words import count
from app.desktop.theme import ThemeStore
from app.desktop.widgets import quiet_label

if TYPE_CHECKING:  # the window paints before the store and the kernels are imported
    from league.store import PlayerRow

_HASH = Qt.ItemDataRole.UserRole
_TOP = 8
_CHECK = {True: Qt.CheckState.Checked, False: Qt.CheckState.Unchecked}


class PlayerPicker(QWidget):
    """Players with a tick each; ``changed`` when another set, or another order, is chosen."""

    changed = Signal()

    def __init__(self, theme: ThemeStore, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._players: tuple[PlayerRow, ...] = ()
        self._ratings: Mapping[str, float] = {}
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search players")
        self.search.setAccessibleName("Search players")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._filter)
        self.list = QListWidget()
        self.list.setAccessibleName("Players of the season")
        self.list.setToolTip("Tick who plays; drag to change the order, which gauntlets, knockouts and ladders go by")
        self.list.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.list.itemChanged.connect(self._tell)
        self.list.model().rowsMoved.connect(self._tell)
        self.chosen_text = quiet_label()
        buttons = QHBoxLayout()
        buttons.setSpacing(theme.px(4))
        for text, tip, run in (
            ("All", "Tick every player", self._choose_all),
            ("None", "Tick nobody", lambda: self.choose(())),
            (f"Top {_TOP}", f"Tick the {_TOP} players rated highest", self._choose_top),
        ):
            button = QPushButton(text)
            button.setToolTip(tip)
            button.setObjectName(f"pick_{text.split()[0].lower()}")
            button.setAutoDefault(False)
            button.clicked.connect(lambda _checked=False, run=run: run())
            buttons.addWidget(button)
        buttons.addStretch(1)
        buttons.addWidget(self.chosen_text)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.search)
        layout.addWidget(self.list, 1)
        layout.addLayout(buttons)

    def show_players(self, players: "Sequence[PlayerRow]", ratings: Mapping[str, float]) -> None:
        """Offer ``players``, all ticked; ``ratings`` are Elo by content hash."""
        self._players, self._ratings = tuple(players), ratings
        with QSignalBlocker(self.list):
            self.list.clear()
            for player in players:
                item = _item(player, ratings.get(player.hash))
                item.setSizeHint(QSize(0, self.list.fontMetrics().height() + self._theme.px(9)))
                self.list.addItem(item)
        self._filter(self.search.text())
        self._tell()

    def chosen(self) -> tuple[str, ...]:
        """Return the content hashes of the ticked players, in the order of the list."""
        return tuple(item.data(_HASH) for item in self._items() if item.checkState() is Qt.CheckState.Checked)

    def choose(self, hashes: Iterable[str]) -> None:
        """Tick exactly these players."""
        wanted = set(hashes)
        with QSignalBlocker(self.list):
            for item in self._items():
                item.setCheckState(_CHECK[item.data(_HASH) in wanted])
        self._tell()

    def _choose_all(self) -> None:
        self.choose(player.hash for player in self._players)

    def _choose_top(self) -> None:
        self.choose(strongest(self._players, self._ratings, _TOP))

    def _items(self) -> list[QListWidgetItem]:
        return [self.list.item(row) for row in range(self.list.count())]

    def _filter(self, text: str) -> None:
        for item in self._items():
            item.setHidden(not has_words(text, item.text()))

    def _tell(self, *_: object) -> None:
        self.chosen_text.setText(f"{len(self.chosen())} of {count(self.list.count(), 'player')}")
        self.changed.emit()


def _item(player: "PlayerRow", rating: float | None) -> QListWidgetItem:
    item = QListWidgetItem(f"{player.name}   {player.kind}")
    item.setData(_HASH, player.hash)
    item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
    item.setCheckState(Qt.CheckState.Checked)
    item.setToolTip(f"{player.name}, {player.kind}" + (f", rated {rating:.0f}" if rating is not None else ""))
    return item
