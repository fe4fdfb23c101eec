"""The matches of the shown season, and the person's own: filtered, sorted, replayed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QTimer
from PySide6.QtGui import QContextMenuEvent, QShowEvent
from PySide6.QtWidgets import QApplication, QComboBox, QHBoxLayout, QMenu, QStackedLayout, QVBoxLayout, QWidget

from app.desktop.context import Desktop
from app.desktop.league.files import save_as
from app.desktop.league.match_filter_bar import MatchFilterBar
from app.desktop.league.match_lines import COLUMNS, MATCH, MatchLine, MatchPages, Seats, match_lines, person_lines
from app.desktop.league.matches_model import MatchesModel
from app.desktop.league.replays import person_replay, season_replay
from app.desktop.league.roster import Roster
from app.desktop.league.row_table import RowTable
from app.desktop.league.table import read_table
from app.desktop.league.words import count
from app.desktop.reader import Ticket
from app.desktop.widgets import IconButton, hint_label, quiet_label

if TYPE_CHECKING:  # the window paints before the store and the kernels are imported
    from app.session import League

_GROWTH_MS: Final = 2000
_FILM_KIND: Final = "film"
_NO_ROW: Final = -1
SEASON, MINE, WON, DRAWN, LOST = range(5)
"""What is listed: the places in the list of sources."""

SOURCES: Final = ("Season's matches", "My matches", "My wins", "My draws", "My losses")
HINTS: Final = {
    SEASON: "No match is stored yet: press New above to play a season.",
    MINE: "You have not played yet: choose a player and Play against.",
}
_OUTCOMES: Final = {WON: 1, DRAWN: 0, LOST: -1}
"""What a person's match must have come to for the person."""

_MINE_KEYS: Final[dict[str, Callable[[MatchLine], float]]] = {
    "match": lambda line: line.match_id,
    "ticks": lambda line: line.seconds,
    "longest_rally": lambda line: line.longest_rally,
}


@dataclass(frozen=True)
class _Found:
    """The matches that the filter lets through."""

    ids: NDArray[np.int64]
    of: int
    seats: Seats


class MatchesTab(QWidget):
    """Lists matches; a double click or Enter shows one in the arena."""

    def __init__(self, desktop: Desktop, roster: Roster, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desktop = desktop
        self._roster = roster
        self._season = -1
        self._ratings: tuple[float, ...] = ()
        self._kept_row = _NO_ROW
        self._seats = Seats(())
        self._order: tuple[str, bool] = ("match", False)
        self._ticket: Ticket | None = None
        self._page_ticket: Ticket | None = None
        self._is_stale = True
        self._films: dict[str, Path] = {}
        self._make_view()
        self._lay_out()
        self._growth = QTimer(self)
        self._growth.setSingleShot(True)
        self._growth.setInterval(_GROWTH_MS)
        self._growth.timeout.connect(self.refresh)
        hub = desktop.hub
        hub.season_selected.connect(self._select_season)
        hub.season_grew.connect(self._grow)
        hub.table_ready.connect(self._take_table)
        hub.match_ended.connect(lambda *_: self._grow(self._season))
        desktop.jobs.ended.connect(self._filmed)
        self._tell(0, 0)

    # What it is made of

    def _make_view(self) -> None:
        self.model = MatchesModel(self)
        self.model.page_wanted.connect(self._read_page)
        self.view = RowTable(self._desktop.theme, COLUMNS, "Matches")
        self.view.setModel(self.model)
        self.view.sort_by_click(MATCH)
        self.model.order_wanted.connect(self._sort)
        self.view.activated_row.connect(self.replay)

    def _lay_out(self) -> None:
        theme = self._desktop.theme
        self.source = QComboBox()
        self.source.setObjectName("match_source")
        self.source.setAccessibleName("Which matches")
        self.source.setToolTip("The shown season's matches, or those that you have played yourself")
        self.source.addItems(SOURCES)
        self.source.currentIndexChanged.connect(self._change_source)
        self.filter_button = IconButton(theme, "search", "Show or hide the filter", self._toggle_filter, text="Filter")
        self.filter_button.setObjectName("filter_matches")
        self.filter_button.setCheckable(True)
        self.filter = MatchFilterBar(theme)
        self.filter.hide()
        self.filter.changed.connect(self._refilter)
        self.found = quiet_label()
        self.hint = hint_label(HINTS[SEASON], margin=theme.px(16))
        row = QHBoxLayout()
        row.addWidget(self.source, 1)
        row.addWidget(self.filter_button)
        self._pages = QStackedLayout()
        self._pages.addWidget(self.hint)
        self._pages.addWidget(self.view)
        layout = QVBoxLayout(self)
        margin = theme.px(6)
        layout.setContentsMargins(margin, margin, margin, margin)
        layout.addLayout(row)
        layout.addWidget(self.filter)
        layout.addLayout(self._pages, 1)
        layout.addWidget(self.found)

    def _toggle_filter(self) -> None:
        self.filter.setVisible(not self.filter.isVisible())
        self.filter_button.setChecked(self.filter.isVisible())

    def _change_source(self) -> None:
        is_season = self.source.currentIndex() == SEASON
        self.filter_button.setEnabled(is_season)
        self.filter.setVisible(is_season and self.filter_button.isChecked())
        self.model.clear()
        self.refresh()

    # What it lists

    def _select_season(self, season_id: int) -> None:
        if season_id != self._season:
            self._season, self._ratings = season_id, ()
            self._restart()

    def _take_table(self, message: Any) -> None:
        if message["season"] != self._season:
            return
        had_ratings, self._ratings = bool(self._ratings), read_table(message).ratings
        if not had_ratings:  # read again, for the upsets; the reader's place in the list stays
            self._kept_row = self.view.currentIndex().row()
            self._restart()

    def _sort(self, key: str, is_descending: bool) -> None:  # noqa: FBT001  # the signal's arguments
        if self._order != (key, is_descending):
            self._order = (key, is_descending)
            self._restart()

    def _refilter(self) -> None:
        rules = self.filter.count()
        self.filter_button.setText(f"Filter ({rules})" if rules else "Filter")
        self._restart()

    def _restart(self) -> None:
        self.model.clear()
        self.refresh()

    def _grow(self, season_id: int) -> None:
        if season_id == self._season and not self._growth.isActive():
            self._growth.start()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802  # Qt's name
        """Catch up on what has changed while nobody looked."""
        super().showEvent(event)
        if self._is_stale:
            self.refresh()

    def refresh(self) -> None:
        """Ask again which matches there are; a hidden list waits until it is shown."""
        self._is_stale = not self.isVisible()
        if self._is_stale:
            return
        if self._ticket is not None:
            self._ticket.cancel()
        reader = self._desktop.reader
        source = self.source.currentIndex()
        if source != SEASON:
            outcome = _OUTCOMES.get(source)
            self._ticket = reader.ask(lambda league: _my_matches(league, outcome), self._take_mine)
        elif self._season >= 0:
            season, ratings = self._season, self._ratings
            wanted, (key, is_descending) = self.filter.wanted(), self._order
            self._ticket = reader.ask(
                lambda league: _find(league, season, wanted, (key, is_descending), ratings), self._take_found
            )
        else:
            self._tell(0, 0)

    def _take_found(self, found: _Found) -> None:
        self._seats = found.seats
        self.filter.show_players(found.seats)
        self.model.show(MatchPages(found.ids))
        kept, self._kept_row = self._kept_row, _NO_ROW
        if 0 <= kept < len(found.ids):
            self.view.setCurrentIndex(self.model.index(kept, 0))
        self._tell(len(found.ids), found.of)

    def _take_mine(self, found: tuple[list[MatchLine], int]) -> None:
        lines, of = found
        key, is_descending = self._order
        if key in _MINE_KEYS and (key, is_descending) != ("match", False):  # they come with the newest first
            lines = sorted(lines, key=_MINE_KEYS[key], reverse=is_descending)
        self.model.show(MatchPages.of_lines(lines))
        self._tell(len(lines), of)

    def _tell(self, shown: int, of: int) -> None:
        total = count(of, "match", "matches")
        self.found.setText(total if shown == of else f"{shown:,} of {total}")
        is_filtered = of > 0 and shown == 0
        is_season = self.source.currentIndex() == SEASON
        remedy = "change or clear the filter" if is_season else "choose My matches for all of yours"
        self.hint.setText(f"No match is like that: {remedy}." if is_filtered else HINTS[SEASON if is_season else MINE])
        self._pages.setCurrentIndex(1 if shown else 0)

    def _read_page(self, page: int) -> None:
        if self._page_ticket is not None:
            self._page_ticket.cancel()
        pages, season, seats = self.model.pages(), self._season, self._seats
        ids = pages.ids_of(page)

        def question(league: "League") -> list[MatchLine]:
            return match_lines(league.store.match_rows(season, ids), seats)

        answer = partial(self._take_page, pages, page)
        self._page_ticket = self._desktop.reader.ask(question, answer, failed=self._cannot_read)

    def _take_page(self, pages: MatchPages, page: int, lines: list[MatchLine]) -> None:
        if self.model.pages() is pages:
            self.model.put(page, lines)

    def _cannot_read(self, sentence: str) -> None:
        self.model.give_up()
        self._desktop.toasts.error(f"The matches cannot be read: {sentence}")

    def show_pairing(self, player: int, opponent: int) -> None:
        """List the matches of two positions of the season."""
        self.source.setCurrentIndex(SEASON)
        self.filter.choose(player, opponent)

    # What is done with a match

    def replay(self, line: MatchLine | None) -> None:
        """Show a match in the arena."""
        if line is not None:
            self._replay(line.match_id, line.person_match)

    def _replay(self, match_id: int, person_match: int | None) -> None:
        season = self._season
        self._desktop.reader.ask(
            lambda league: (
                season_replay(league, season, match_id) if person_match is None else person_replay(league, person_match)
            ),
            self._desktop.hub.show_match.emit,
        )

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802  # Qt's name
        """Open the menu of the current match."""
        line = self.model.line(self.view.currentIndex().row()) if self.view.currentIndex().isValid() else None
        if line is not None:
            is_keyboard = event.reason() is QContextMenuEvent.Reason.Keyboard
            self.menu_of(line).popup(self.view.menu_place() if is_keyboard else event.globalPos())

    def menu_of(self, line: MatchLine) -> QMenu:
        """Return what can be done with a match."""
        menu = QMenu(self)
        menu.setObjectName("match_menu")
        menu.aboutToHide.connect(menu.deleteLater)
        copy = QApplication.clipboard().setText
        menu.addAction("Replay", lambda: self.replay(line))
        if line.person_match is None:
            link = f"{self._season}:{line.match_id}"
            menu.addAction(
                "Replay the pair's other match (seats swapped)", lambda: self._replay(line.match_id ^ 1, None)
            )
            menu.addSeparator()
            menu.addAction(f"Copy match number {link}", lambda: copy(link))
        menu.addAction("Copy seed", lambda: copy(str(line.seed)))
        menu.addSeparator()
        menu.addAction("Export as GIF\N{HORIZONTAL ELLIPSIS}", lambda: self._ask_film(line))
        return menu

    def _ask_film(self, line: MatchLine) -> None:
        if line.person_match is None:
            link = f"{self._season}:{line.match_id}"
            name, title, match = f"season-{self._season}-match-{line.match_id}", f"Film of match {link}", [link]
        else:
            number = str(line.person_match)
            name, title, match = f"my-match-{number}", f"Film of your match {number}", ["--person", number]
        film = partial(self._film, title, match)
        save_as(self, "Export match", f"{name}.gif", "Film (*.gif)", film)

    def _film(self, title: str, match: Sequence[str], path: Path) -> None:
        arguments = ["replay", *match, "--home", str(self._desktop.home.folder), "--gif", str(path), "--events"]
        self._films[self._desktop.jobs.start(title, arguments, _FILM_KIND)] = path

    def _filmed(self, job: str, is_ok: bool, reason: str) -> None:  # noqa: FBT001  # the signal's arguments
        path = self._films.pop(job, None)
        if path is not None and is_ok:
            self._desktop.toasts.info(f"The match is written to {path}.")
        elif path is not None:
            self._desktop.toasts.error(f"{path} cannot be written: {reason}")


def _find(league: "League", season_id: int, wanted: Any, order: tuple[str, bool], ratings: tuple[float, ...]) -> _Found:
    """Return the ids of the ``wanted`` matches, and whose they are."""
    from game.games import game as game_named
    from league.match_filter import MatchOrder

    key, is_descending = order
    by = MatchOrder(key if ratings or key != "upset" else "match", is_descending)  # type: ignore[arg-type]  # one of its keys
    names = tuple(player.name for player in league.store.season_players(season_id))
    tick_s = game_named(league.store.season(season_id).game).tick_s
    ids = league.store.find_match_ids(season_id, wanted, by, ratings=ratings)
    return _Found(ids, league.store.count_matches(season_id), Seats(names, ratings, tick_s))


def _my_matches(league: "League", outcome: int | None) -> tuple[list[MatchLine], int]:
    """Return the lines of the person's matches, of one outcome or of all, and how many matches there are."""
    from app.tournament import DEFAULT_GAME
    from game.games import game as game_named
    from league.people import YOU

    names = {player.hash: player.name for player in league.library.players(include_archived=True)}
    matches = league.store.person_matches(YOU)
    wanted = [match for match in matches if outcome is None or match.outcome_of(YOU) == outcome]
    return person_lines(wanted, names, game_named(DEFAULT_GAME).tick_s), len(matches)
