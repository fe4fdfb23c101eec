"""The library: every player of the league, brought in, looked at, exported, archived."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLineEdit, QStackedLayout, QVBoxLayout, QWidget

from app.desktop.context import Desktop
from app.desktop.league.columns import Column, has_words
from app.desktop.league.importing import Importing
from app.desktop.league.player_actions import PlayerActions
from app.desktop.league.roster import Roster
from app.desktop.league.row_table import RowTable
from app.desktop.league.rows_model import RowsModel, Sorting
from app.desktop.reader import Ticket
from app.desktop.widgets import IconButton, hint_label

if TYPE_CHECKING:  # the window paints before the store and the kernels are imported
    from app.session import League
    from league.store import PlayerRow

_Record: TypeAlias = tuple[int, int, int, int]
"""Seasons, wins, draws and losses of a player."""

HINT: Final = "No player is here: import a player file, or train one."


@dataclass(frozen=True)
class LibraryLine:
    """A player with its record over all seasons."""

    player: "PlayerRow"
    seasons: int
    wins: int
    draws: int
    losses: int

    @property
    def trainer(self) -> str:
        """The method that has trained it, where it says so."""
        return trainer_of(self.player.training_json)

    @property
    def record(self) -> str:
        """Wins, draws and losses in one word."""
        return f"{self.wins:,}-{self.draws:,}-{self.losses:,}" if self.seasons else ""


def trainer_of(training_json: str) -> str:
    """Return the trainer that a player's training data names; empty if they name none."""
    training: Any = json.loads(training_json)
    return str(training.get("trainer", "")) if isinstance(training, dict) else ""


COLUMNS: Final[tuple[Column[LibraryLine], ...]] = (
    Column("Player", "Name", 110, lambda line: line.player.name, is_number=False, stretch=3),
    Column("Kind", "Scripted, dense or graph network, Python bot", 66, lambda line: line.player.kind, is_number=False),
    Column(
        "W-D-L",
        "Matches won, drawn and lost in all seasons",
        90,
        lambda line: line.record,
        lambda line: line.wins - line.losses,
        gives_way=1,
    ),
    Column(
        "Seasons",
        "Seasons in which it plays",
        62,
        lambda line: str(line.seasons or ""),
        lambda line: line.seasons,
        gives_way=3,
    ),
    Column("Trainer", "What has trained it", 66, lambda line: line.trainer, gives_way=4, is_number=False, stretch=1),
    Column("Author", "Who made it", 90, lambda line: line.player.author, gives_way=6, is_number=False, stretch=2),
    Column("Created", "Day on which it was made", 82, lambda line: line.player.created[:10], gives_way=5),
    Column(
        "Hash",
        "Begin of its content hash",
        92,
        lambda line: line.player.hash[:10],
        gives_way=7,
        is_number=False,
    ),
)


class PlayersTab(QWidget):
    """Lists the library with every player's record over all seasons."""

    def __init__(self, desktop: Desktop, roster: Roster, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desktop = desktop
        self._roster = roster
        self._records: dict[int, _Record] = {}
        self._ticket: Ticket | None = None
        self.actions_of = PlayerActions(desktop, self)
        self.importing = Importing(desktop, self)
        self._make_view()
        self._lay_out()
        roster.changed.connect(self._show)
        roster.changed.connect(self._ask_records)
        desktop.hub.seasons_changed.connect(self._ask_records)
        self._show()

    def _make_view(self) -> None:
        self.model: RowsModel[LibraryLine] = RowsModel(
            COLUMNS,
            identify=lambda line: line.player.hash,
            describe=_describe,
            player=lambda line: line.player.hash,
            is_other=lambda line: line.player.archived,
            parent=self,
        )
        self.sorting = Sorting(_is_found, self)
        self.sorting.setSourceModel(self.model)
        self.view = RowTable(self._desktop.theme, COLUMNS, "Players")
        self.view.setModel(self.sorting)
        self.view.accept_challenges()
        self.view.sort_by_click(0)
        self.view.chosen.connect(self._choose)
        self.view.activated_row.connect(lambda line: self.actions_of.show_profile(line.player))
        self.model.challenged.connect(self._challenge)
        self.view.removal_wanted.connect(self._archive_selected)

    def _lay_out(self) -> None:
        theme = self._desktop.theme
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search players")
        self.search.setAccessibleName("Search players")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self.sorting.search)
        self.add = IconButton(theme, "import", "Import player files", self.importing.choose, text="Import")
        self.add.setObjectName("import_players")
        self.archived = QCheckBox("Show archived")
        self.archived.setToolTip("Archived players keep their results and can be brought back")
        self.archived.toggled.connect(self._show)
        self.hint = hint_label(HINT, margin=theme.px(16))
        row = QHBoxLayout()
        row.addWidget(self.search, 1)
        row.addWidget(self.add)
        self._pages = QStackedLayout()
        self._pages.addWidget(self.hint)
        self._pages.addWidget(self.view)
        layout = QVBoxLayout(self)
        margin = theme.px(6)
        layout.setContentsMargins(margin, margin, margin, margin)
        layout.addLayout(row)
        layout.addLayout(self._pages, 1)
        layout.addWidget(self.archived)

    def _show(self) -> None:
        shown = [player for player in self._roster.players if self.archived.isChecked() or not player.archived]
        lines = [LibraryLine(player, *self._records.get(player.id, (0, 0, 0, 0))) for player in shown]
        self.model.show(lines)
        self._pages.setCurrentIndex(1 if lines else 0)

    def _ask_records(self) -> None:
        if self._ticket is not None:
            self._ticket.cancel()
        self._ask_next([player.id for player in self._roster.players])

    def _ask_next(self, ids: Sequence[int]) -> None:
        """Ask for one player after the other: a record reads every match, and others have questions too."""
        if not ids:
            self._show()
            return

        take = partial(self._take_record, ids)
        self._ticket = self._desktop.reader.ask(lambda league: _record(league, ids[0]), take)

    def _take_record(self, ids: Sequence[int], record: _Record) -> None:
        self._records[ids[0]] = record
        self._ask_next(ids[1:])

    # What is done with it

    def players_selected(self) -> "list[PlayerRow]":
        """Return the selected players."""
        return [line.player for line in self.view.rows_selected()]

    def _choose(self, line: LibraryLine | None) -> None:
        if line is not None:
            self._desktop.hub.player_selected.emit(line.player)

    def _challenge(self, first: str, second: str) -> None:
        players = self._roster.find(first), self._roster.find(second)
        if players[0] is not None and players[1] is not None:
            self.actions_of.challenge(players[0], players[1])

    def _archive_selected(self) -> None:
        players = [player for player in self.players_selected() if not player.archived]
        if players:
            self.actions_of.archive(players)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802  # Qt's name
        """Open the menu of the selected players."""
        players = self.players_selected()
        if players:
            is_keyboard = event.reason() is QContextMenuEvent.Reason.Keyboard
            self.actions_of.open_menu(players, self.view.menu_place() if is_keyboard else event.globalPos())


def _is_found(line: LibraryLine, text: str) -> bool:
    player = line.player
    return has_words(text, f"{player.name} {player.kind} {player.author} {player.hash} {line.trainer}")


def _describe(line: LibraryLine) -> str:
    player = line.player
    parts = [f"{player.name} ({player.kind})", f"Hash {player.hash}"]
    if player.author:
        parts.append(f"By {player.author}")
    if line.trainer:
        parts.append(f"Trained by {line.trainer}")
    if line.seasons:
        parts.append(f"{line.record} (won, drawn, lost) in {line.seasons} seasons")
    if player.notes:
        parts.append(player.notes)
    if player.archived:
        parts.append("Archived")
    return "\n".join(parts)


def _record(league: "League", player_id: int) -> _Record:
    """Return a player's seasons, wins, draws and losses."""
    record = league.store.player_record(player_id)
    return (
        len(league.store.player_seasons(player_id)),
        sum(each.wins for each in record),
        sum(each.draws for each in record),
        sum(each.losses for each in record),
    )
