"""Which players of a league can play just now."""

from collections.abc import Callable, Iterable

from app.session import League
from game.spec import GameSpec
from league.errors import LeagueError
from league.library import default_field
from league.store import PlayerRow


class Roster:
    """The players of ``game`` in ``league``; of those that cannot play ``say`` is told why."""

    def __init__(self, league: League, game: GameSpec, say: Callable[[str], None]) -> None:
        self._league = league
        self._game = game
        self._say = say
        self._checked: dict[str, bool] = {}

    def known(self, content_hash: str) -> PlayerRow | None:
        """Return the player with this content; None if it is not in the league or cannot play."""
        row = self._league.store.player_by_hash(content_hash)
        return row if row is not None and self._can_play(row) else None

    def active(self, content_hash: str) -> PlayerRow | None:
        """Return the player with this content; None if it is not in the league, is archived, or cannot play."""
        row = self.known(content_hash)
        if row is not None and row.archived:
            self._say(f"left out: player '{row.name}' is archived")
            return None
        return row

    def first(self, content_hashes: Iterable[str]) -> PlayerRow | None:
        """Return the first of these players that is active; None if none is."""
        return next((row for each in content_hashes if (row := self.active(each)) is not None), None)

    def field(self) -> list[PlayerRow]:
        """Return everybody who plays when nobody is named, and can."""
        rows = default_field(self._league.library.players(), self._game.name)
        return [row for row in rows if self._can_play(row)]

    def _can_play(self, row: PlayerRow) -> bool:
        if row.hash not in self._checked:
            problem = self._problem(row)
            self._checked[row.hash] = not problem
            if problem:
                self._say(f"left out: {problem}")
        return self._checked[row.hash]

    def _problem(self, row: PlayerRow) -> str:
        if row.game != self._game.name:
            return f"player '{row.name}' plays {row.game}, not {self._game.name}"
        if row.game_version != self._game.version:
            return (
                f"player '{row.name}' plays {row.game} version {row.game_version}, "
                f"this program plays version {self._game.version}"
            )
        try:
            self._league.library.read(row)
        except LeagueError as error:
            return str(error)
        return ""
