"""The SQL of players: which may be stored, and a player's profile over all seasons."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from sqlalchemy import Connection, func, or_, select, update
from sqlalchemy.dialects.sqlite import insert

from league.errors import DuplicatePlayerError, UnknownRowError
from league.schema import MATCHES, PLAYERS, SEASON_PLAYERS, SEASONS, PlayerRow, SeasonRow, row_values


@dataclass(frozen=True, slots=True)
class Record:
    """How one player did against another, as the first sees it."""

    opponent_id: int
    wins: int
    draws: int
    losses: int


@dataclass(frozen=True, slots=True)
class Appearance:
    """A season that a player is in, and its position there."""

    season: SeasonRow
    position: int


def add_player(connection: Connection, player: PlayerRow) -> PlayerRow:
    """Insert ``player`` and return it with its id; ``DuplicatePlayerError`` if its name or content is stored."""
    _require_new(connection, player)
    store = insert(PLAYERS).values(row_values(player)).returning(PLAYERS.c.id)
    return replace(player, id=connection.execute(store).scalar_one())


def read_players(connection: Connection, *, include_archived: bool) -> list[PlayerRow]:
    """Return the players in the order they were added."""
    query = select(PLAYERS).order_by(PLAYERS.c.id)
    if not include_archived:
        query = query.where(PLAYERS.c.archived.is_(False))
    return [PlayerRow(**row) for row in connection.execute(query).mappings()]


def find_player(connection: Connection, column: Literal["name", "hash"], value: str) -> PlayerRow | None:
    """Return the player with this name or content hash, archived or not; None if there is none."""
    row = connection.execute(select(PLAYERS).where(PLAYERS.c[column] == value)).mappings().one_or_none()
    return None if row is None else PlayerRow(**row)


def read_appearances(connection: Connection, player_id: int) -> list[Appearance]:
    """Return the seasons of a player in the order they were created."""
    query = (
        select(SEASONS, SEASON_PLAYERS.c.position)
        .join(SEASON_PLAYERS)
        .where(SEASON_PLAYERS.c.player_id == player_id)
        .order_by(SEASONS.c.id)
    )
    found = []
    for row in connection.execute(query).mappings():
        season = {name: value for name, value in row.items() if name != "position"}
        found.append(Appearance(SeasonRow(**season), row["position"]))
    return found


def read_records(connection: Connection, player_id: int) -> list[Record]:
    """Return a player's record against every opponent that it has met in any season, by opponent id."""
    counts: defaultdict[int, list[int]] = defaultdict(lambda: [0, 0, 0])
    for appearance in read_appearances(connection, player_id):
        _count_season(connection, appearance, counts)
    return [Record(opponent, wins, draws, losses) for opponent, (losses, draws, wins) in sorted(counts.items())]


def _count_season(connection: Connection, appearance: Appearance, counts: defaultdict[int, list[int]]) -> None:
    """Add one season's losses, draws and wins to ``counts``, by opponent id.

    One scan that the position narrows, a few hundred groups: a join of the positions to the matches takes ten times as
    long.
    """
    matches, position = MATCHES.c, appearance.position
    groups = (matches.left, matches.right, matches.outcome)
    query = (
        select(*groups, func.count())
        .where(matches.season_id == appearance.season.id, or_(matches.left == position, matches.right == position))
        .group_by(*groups)
    )
    members = select(SEASON_PLAYERS.c.position, SEASON_PLAYERS.c.player_id).where(
        SEASON_PLAYERS.c.season_id == appearance.season.id
    )
    player_ids: dict[int, int] = dict(connection.execute(members).all())
    for left, right, outcome, count in connection.execute(query):
        opponent, own_outcome = (right, outcome) if left == position else (left, -outcome)
        counts[player_ids[opponent]][own_outcome + 1] += count


def change_player(connection: Connection, player_id: int, values: Mapping[str, object]) -> PlayerRow:
    """Store new ``values`` of a player's columns and return the player; ``UnknownRowError`` if there is none."""
    change = update(PLAYERS).where(PLAYERS.c.id == player_id).values(**values).returning(PLAYERS)
    row = connection.execute(change).mappings().one_or_none()
    if row is None:
        raise UnknownRowError(f"no player has the id {player_id}: it was never stored in this league")
    return PlayerRow(**row)


def rename_player(connection: Connection, player_id: int, name: str) -> PlayerRow:
    """Store a player's new name and return the player; ``DuplicatePlayerError`` if another has that name."""
    same = select(PLAYERS.c.id).where(PLAYERS.c.name == name, PLAYERS.c.id != player_id)
    if connection.execute(same).first() is not None:
        raise DuplicatePlayerError(f"the name {name!r} is taken by another player: choose another name")
    return change_player(connection, player_id, {"name": name})


def _require_new(connection: Connection, player: PlayerRow) -> None:
    """Raise ``DuplicatePlayerError`` if the name or the content of ``player`` is stored."""
    same = select(PLAYERS.c.name, PLAYERS.c.hash).where(
        (PLAYERS.c.name == player.name) | (PLAYERS.c.hash == player.hash)
    )
    for name, content_hash in connection.execute(same):
        if content_hash == player.hash:
            raise DuplicatePlayerError(
                f"player {player.name!r} has the same content as {name!r} (hash {content_hash[:12]}): use that one"
            )
        raise DuplicatePlayerError(f"the name {name!r} is taken by a player with other content: choose another name")


def require_stored(connection: Connection, players: Sequence[PlayerRow]) -> None:
    """Raise ``UnknownRowError`` unless every one of ``players`` is stored."""
    stored = set(connection.scalars(select(PLAYERS.c.id)))
    for player in players:
        if player.id not in stored:
            raise UnknownRowError(f"player {player.name!r} (id {player.id}) is not stored: add it to the league first")
