"""The standings: the shown season's table, the person's own line in it, and what can be done with its players."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QContextMenuEvent, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QMenu, QStackedLayout, QVBoxLayout, QWidget

from app.desktop.context import Desktop
from app.desktop.league.delegates import CurveDelegate, RatingDelegate
from app.desktop.league.files import save_as
from app.desktop.league.player_actions import PlayerActions
from app.desktop.league.roster import Roster
from app.desktop.league.row_table import RowTable
from app.desktop.league.rows_model import RowsModel, Sorting
from app.desktop.league.standings_columns import COLUMNS, RATING, TREND, describe, is_found, span
from app.desktop.league.table import PERSON, SeasonTable, TableLine, read_table, with_live_ratings
from app.desktop.reader import Ticket
from app.desktop.widgets import IconButton, hint_label

if TYPE_CHECKING:  # the window paints before the store and the kernels are imported
    from app.session import League
    from league.people import PersonStanding
    from league.store import PlayerRow

_LIVE_MS: Final = 500
_EXPORT_KIND: Final = "report"
HINT: Final = "The table appears here once a season has been played: press New above."


class StandingsTab(QWidget):
    """Lines of the table; the selected player is told to everybody."""

    ratings_ready = Signal(object)
    """Elo by content hash, as the table has them."""

    def __init__(self, desktop: Desktop, roster: Roster, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desktop = desktop
        self._roster = roster
        self._table: SeasonTable | None = None
        self._person: TableLine | None = None
        self._season = -1
        self._live: Sequence[float] = ()
        self._ticket: Ticket | None = None
        self._exports: dict[str, Path] = {}
        self.actions_of = PlayerActions(desktop, self)
        self._make_view()
        self._lay_out()
        self._live_timer = QTimer(self)
        self._live_timer.setSingleShot(True)
        self._live_timer.setInterval(_LIVE_MS)
        self._live_timer.timeout.connect(self._show)
        hub = desktop.hub
        hub.season_selected.connect(self._select_season)
        hub.table_ready.connect(self._take)
        hub.players_changed.connect(self._ask_person)
        desktop.jobs.event.connect(self._follow)
        desktop.jobs.ended.connect(self._exported)
        self._show()

    # What it is made of

    def _make_view(self) -> None:
        self.model: RowsModel[TableLine] = RowsModel(
            COLUMNS,
            identify=lambda line: line.hash,
            describe=describe,
            player=lambda line: line.hash,
            is_other=lambda line: line.is_person,
            parent=self,
        )
        self.sorting = Sorting(is_found, self)
        self.sorting.setSourceModel(self.model)
        self.view = RowTable(self._desktop.theme, COLUMNS, "Standings")
        self.view.setModel(self.sorting)
        self.view.accept_challenges()
        self.view.sort_by_click(RATING, Qt.SortOrder.DescendingOrder)
        theme = self._desktop.theme
        self.view.setItemDelegateForColumn(RATING, RatingDelegate(theme, lambda: span(self.model.rows()), self.view))
        self.view.setItemDelegateForColumn(TREND, CurveDelegate(theme, self.view))
        self.view.chosen.connect(self._choose)
        self.view.activated_row.connect(self._open_profile)
        self.model.challenged.connect(self._challenge)

    def _lay_out(self) -> None:
        theme = self._desktop.theme
        self.search = QLineEdit()
        self.search.setPlaceholderText("Filter by name or kind")
        self.search.setAccessibleName("Filter the standings")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self.sorting.search)
        self.export = IconButton(theme, "export", "Copy or export the table", self._open_exports)
        self.export.setObjectName("export_table")
        self.hint = hint_label(HINT, margin=theme.px(16))
        row = QHBoxLayout()
        row.addWidget(self.search, 1)
        row.addWidget(self.export)
        self._pages = QStackedLayout()
        self._pages.addWidget(self.hint)
        self._pages.addWidget(self.view)
        layout = QVBoxLayout(self)
        margin = theme.px(6)
        layout.setContentsMargins(margin, margin, margin, margin)
        layout.addLayout(row)
        layout.addLayout(self._pages, 1)

    # What it shows

    @property
    def table(self) -> SeasonTable | None:
        """The table that is shown."""
        return self._table

    def _select_season(self, season_id: int) -> None:
        self._season = season_id
        if self._table is None or self._table.season_id != season_id:
            self._table, self._live = None, ()
            self._show()

    def _take(self, message: Any) -> None:
        if message["season"] != self._season:
            return
        self._table = read_table(message)
        self._live_timer.stop()
        self.ratings_ready.emit({line.hash: line.rating for line in self._table.lines})
        self._ask_person()
        self._show()

    def _follow(self, _job: str, message: dict[str, Any]) -> None:
        if message.get("event") == "ratings" and message.get("season") == self._season:
            self._live = message["ratings"]
            if not self._live_timer.isActive():
                self._live_timer.start()

    def _show(self) -> None:
        table = self._table
        if table is not None and self._live:
            table = with_live_ratings(table, self._live)
        lines = list(table.lines) if table is not None else []
        if lines and self._person is not None:
            lines.append(self._person)
        self.model.show(lines)
        self.hint.setText(self._hint())
        self._pages.setCurrentIndex(1 if lines else 0)
        self.export.setEnabled(bool(lines))

    def _hint(self) -> str:
        if self._season < 0:
            return HINT
        if self._table is None:
            return "Adding up the table\N{HORIZONTAL ELLIPSIS}"
        problem = self._table.problem
        return f"{problem[:1].upper()}{problem[1:]}." if problem else "No match of this season is stored yet."

    def _ask_person(self) -> None:
        if self._ticket is not None:
            self._ticket.cancel()
        ratings = {line.hash: line.rating for line in self._table.lines} if self._table is not None else {}
        self._ticket = self._desktop.reader.ask(lambda league: _person(league, ratings), self._take_person)

    def _take_person(self, standing: "PersonStanding | None") -> None:
        self._person = None if standing is None else person_line(standing)
        self._show()

    # What is done with it

    def players_selected(self) -> "list[PlayerRow]":
        """Return the players of the selected lines."""
        found = (self._roster.find(line.hash) for line in self.view.rows_selected())
        return [player for player in found if player is not None]

    def _choose(self, line: TableLine | None) -> None:
        player = self._roster.find(line.hash) if line is not None else None
        if player is not None:
            self._desktop.hub.player_selected.emit(player)

    def _open_profile(self, line: TableLine) -> None:
        player = self._roster.find(line.hash)
        if player is not None:
            self.actions_of.show_profile(player)

    def _challenge(self, first: str, second: str) -> None:
        players = self._roster.find(first), self._roster.find(second)
        if players[0] is not None and players[1] is not None:
            self.actions_of.challenge(players[0], players[1])

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802  # Qt's name
        """Open the menu of the selected players."""
        players = self.players_selected()
        if players:
            is_keyboard = event.reason() is QContextMenuEvent.Reason.Keyboard
            self.actions_of.open_menu(players, self.view.menu_place() if is_keyboard else event.globalPos())

    def _open_exports(self) -> None:
        menu = self.export_menu()
        menu.popup(self.export.mapToGlobal(QPoint(0, self.export.height())))

    def export_menu(self) -> QMenu:
        """Return the menu of the ways to take the table along."""
        menu = QMenu(self)
        menu.setObjectName("export_menu")
        menu.aboutToHide.connect(menu.deleteLater)
        menu.addAction("Copy as text", self.view.copy).setShortcut(QKeySequence.StandardKey.Copy)
        dots = "\N{HORIZONTAL ELLIPSIS}"
        menu.addAction(f"Export as CSV{dots}", lambda: self._ask_file("csv", "CSV (*.csv)"))
        menu.addAction(f"Report as a web page{dots}", lambda: self._ask_file("html", "Web page (*.html)"))
        return menu

    def _ask_file(self, suffix: str, kinds: str) -> None:
        name = f"season-{self._season}.{suffix}"
        save_as(self, f"Export season {self._season}", name, kinds, lambda path: self._write(suffix, path))

    def _write(self, suffix: str, path: Path) -> None:
        """Let a process write the file: the same writer as the command line's."""
        home = str(self._desktop.home.folder)
        arguments = ["report", "--season", str(self._season), "--home", home, f"--{suffix}", str(path)]
        self._exports[self._desktop.jobs.start(f"Export of season {self._season}", arguments, _EXPORT_KIND)] = path

    def _exported(self, job: str, is_ok: bool, reason: str) -> None:  # noqa: FBT001  # the signal's arguments
        path = self._exports.pop(job, None)
        if path is None:
            return
        if is_ok:
            self._desktop.toasts.info(f"The season is written to {path}.")
        else:
            self._desktop.toasts.error(f"{path} cannot be written: {reason}")


def person_line(standing: "PersonStanding") -> TableLine:
    """Return a person's line of the standings; it has no rank, since nobody's rating moves by its matches."""
    return TableLine(
        position=PERSON,
        rank=0,
        band="",
        name=standing.name,
        hash="",
        kind="person",
        rating=standing.rating,
        low=standing.low,
        high=standing.high,
        too_few=False,
        games=standing.matches,
        wins=standing.wins,
        draws=standing.draws,
        losses=standing.losses,
        score=(standing.wins + 0.5 * standing.draws) / standing.matches,
        faults=0,
    )


def _person(league: "League", ratings: dict[str, float]) -> "PersonStanding | None":
    """Return how the person at this computer stands; None before the first match."""
    from league.people import YOU, opponent_ratings, person_standing

    standing = person_standing(YOU, league.store.person_matches(YOU), opponent_ratings(league.store) | ratings)
    return standing if standing.matches else None
