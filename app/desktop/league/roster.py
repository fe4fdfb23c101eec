"""The league's players as the panels know them: read in one piece, again whenever they change."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.desktop.context import Desktop
from app.desktop.reader import Ticket

if TYPE_CHECKING:  # the window paints before the store and the kernels are imported
    from app.session import League
    from league.store import PlayerRow


class Roster(QObject):
    """Every player of the league, archived ones too, in the order in which they came."""

    changed = Signal()

    def __init__(self, desktop: Desktop, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._reader = desktop.reader
        self._ticket: Ticket | None = None
        self._by_hash: dict[str, PlayerRow] = {}
        desktop.hub.players_changed.connect(self.reload)

    @property
    def players(self) -> "tuple[PlayerRow, ...]":
        """Every player."""
        return tuple(self._by_hash.values())

    def find(self, content_hash: str) -> "PlayerRow | None":
        """Return the player with this content; None if it is not known (yet)."""
        return self._by_hash.get(content_hash)

    def reload(self) -> None:
        """Read the players again."""
        if self._ticket is not None:
            self._ticket.cancel()
        self._ticket = self._reader.ask(_all_players, self._take)

    def _take(self, players: "list[PlayerRow]") -> None:
        self._by_hash = {player.hash: player for player in players}
        self.changed.emit()


def _all_players(league: "League") -> "list[PlayerRow]":
    return league.library.players(include_archived=True)
