"""People's matches as the command line names them."""

from collections.abc import Mapping

from app.session import League
from game.spec import Seat
from league.store import PersonMatchRow


def player_names(league: League) -> dict[str, str]:
    """Return every player's name by content hash, archived ones too."""
    return {player.hash: player.name for player in league.library.players(include_archived=True)}


def seated_names(match: PersonMatchRow, players: Mapping[str, str]) -> tuple[str, str]:
    """Return who played on the left and on the right; ``players`` are names by content hash."""
    content_hash = match.opponent_hash or ""
    opponent = match.opponent_person or players.get(content_hash, f"player {content_hash[:12]}")
    return (match.person, opponent) if match.seat is Seat.LEFT else (opponent, match.person)
