"""Champions on their way out of a run: into the arena, again and again if wanted, and into the league."""

import functools
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QInputDialog, QWidget

from app.desktop.arena.casting import Draw
from app.desktop.context import Desktop, MatchRequest
from app.desktop.toasts import Remedy
from app.desktop.training import champion
from app.desktop.training.cards import RunBook, RunCard

if TYPE_CHECKING:  # the window paints before these are imported
    from app.session import League
    from league.schema import PlayerRow


class Showing(QObject):
    """Shows the champions of the runs in ``book``, and brings them into the league."""

    changed = Signal()
    """Another run is followed, or none."""

    def __init__(self, desktop: Desktop, book: RunBook, draw: Draw, parent: QWidget) -> None:
        super().__init__(parent)
        self._desktop = desktop
        self._book = book
        self._draw = draw
        self._window = parent
        self._is_putting = False
        self.followed = ""
        """The run whose newest champion is shown whenever a match of it ends; empty for none."""
        desktop.hub.match_ended.connect(self._after_match)
        desktop.hub.match_dismissed.connect(self._after_dismissal)

    def watch(self, run: str) -> None:
        """Put the newest champion of ``run`` into the arena."""
        self._desktop.reader.ask(
            lambda league: champion.champion_match(league, run, self._draw),
            self._put,
            failed=self._desktop.toasts.error,
        )

    def _put(self, request: MatchRequest) -> None:
        self._is_putting = True  # what the arena dismisses for it, the user has not turned away from
        self._desktop.hub.show_match.emit(request)
        self._is_putting = False

    def follow(self, card: RunCard | None) -> None:
        """Keep showing the champions of a run; None ends that."""
        self.followed = "" if card is None else card.run
        if card is not None and card.champion is not None:
            self.watch(card.run)
        self.changed.emit()

    def ask_name(self, card: RunCard) -> None:
        """Ask what the champion of a run is to be called, and bring it into the league."""

        def ask(names: list[str]) -> None:
            dialog = QInputDialog(self._window)
            dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            dialog.setWindowTitle("Add to league")
            dialog.setLabelText(f"Name of the champion of {card.name} in the league:")
            dialog.setTextValue(champion.free_name(card.name, names))
            dialog.textValueSelected.connect(functools.partial(self.add, card.run))
            dialog.open()

        self._desktop.reader.ask(_names, ask)

    def add(self, run: str, name: str) -> None:
        """Bring the newest champion of ``run`` into the league."""
        self._desktop.reader.ask(
            lambda league: champion.add_champion(league, run, name.strip()),
            self._say_added,
            failed=self._desktop.toasts.error,
        )

    def _say_added(self, row: "PlayerRow") -> None:
        hub = self._desktop.hub

        def show() -> None:
            hub.player_selected.emit(row)
            hub.panel_wanted.emit("inspector")

        hub.players_changed.emit()
        self._desktop.toasts.show(f"{row.name} is in the league.", remedy=Remedy("Show player", show))

    def _after_match(self, request: MatchRequest, _result: object) -> None:
        """Show the next champion, or this one again while more may come."""
        if not self.followed or champion.run_of(request) != self.followed:
            return
        card = self._book.card(self.followed)
        is_new = card is not None and card.champion is not None and card.champion.hash != request.left.hash
        if card is not None and (is_new or card.phase.is_active):
            self.watch(card.run)
        else:
            self.follow(None)

    def _after_dismissal(self, request: MatchRequest) -> None:
        if self.followed and champion.run_of(request) == self.followed and not self._is_putting:
            self.follow(None)


def _names(league: "League") -> list[str]:
    return [player.name for player in league.library.players(include_archived=True)]
