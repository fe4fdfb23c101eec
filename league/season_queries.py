"""The SQL of seasons and of who plays in them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy import ColumnElement, Connection, func, select, update
from sqlalchemy.dialects.sqlite import insert

from league.errors import UnknownRowError
from league.player_queries import require_stored
from league.schema import PLAYERS, SEASON_PLAYERS, SEASONS, PlayerRow, SeasonRow, row_values


def add_season(connection: Connection, season: SeasonRow, players: Sequence[PlayerRow]) -> SeasonRow:
    """Insert ``season`` with its players and return it with its id; an edition of 0 becomes the next of its key."""
    require_stored(connection, players)
    if season.edition == 0:
        highest = connection.scalar(select(func.max(SEASONS.c.edition)).where(SEASONS.c.key == season.key))
        season = replace(season, edition=(highest or 0) + 1)
    store = insert(SEASONS).values(row_values(season)).returning(SEASONS.c.id)
    season = replace(season, id=connection.execute(store).scalar_one())
    places = [
        {"season_id": season.id, "position": position, "player_id": player.id}
        for position, player in enumerate(players)
    ]
    if places:
        connection.execute(insert(SEASON_PLAYERS), places)
    return season


def read_seasons(connection: Connection) -> list[SeasonRow]:
    """Return every season in the order they were created."""
    return [SeasonRow(**row) for row in connection.execute(select(SEASONS).order_by(SEASONS.c.id)).mappings()]


def read_season(connection: Connection, season_id: int) -> SeasonRow:
    """Return a season; ``UnknownRowError`` if there is none."""
    season = read_last_season(connection, SEASONS.c.id == season_id)
    if season is None:
        raise _unknown(season_id)
    return season


def read_edition(connection: Connection, key: str, edition: int | None) -> SeasonRow | None:
    """Return the season of a key and edition, of the highest if that is None; None if there is none."""
    query = select(SEASONS).where(SEASONS.c.key == key).order_by(SEASONS.c.edition.desc()).limit(1)
    if edition is not None:
        query = query.where(SEASONS.c.edition == edition)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else SeasonRow(**row)


def read_last_season(connection: Connection, *conditions: ColumnElement[bool]) -> SeasonRow | None:
    """Return the season created last of those that meet ``conditions``; None if there is none."""
    query = select(SEASONS).where(*conditions).order_by(SEASONS.c.id.desc()).limit(1)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else SeasonRow(**row)


def read_last_unfinished_season(connection: Connection) -> SeasonRow | None:
    """Return the season created last of those that are not complete; None if there is none."""
    return read_last_season(connection, SEASONS.c.state != "complete")


def change_season(connection: Connection, season_id: int, values: Mapping[str, object]) -> None:
    """Store new ``values`` of a season's columns; ``UnknownRowError`` if there is none."""
    change = update(SEASONS).where(SEASONS.c.id == season_id).values(**values)
    if connection.execute(change).rowcount == 0:
        raise _unknown(season_id)


def read_season_players(connection: Connection, season_id: int) -> list[PlayerRow]:
    """Return the players of a season by position; none of an unknown season."""
    query = select(PLAYERS).join(SEASON_PLAYERS).where(SEASON_PLAYERS.c.season_id == season_id)
    rows = connection.execute(query.order_by(SEASON_PLAYERS.c.position)).mappings()
    return [PlayerRow(**row) for row in rows]


def _unknown(season_id: int) -> UnknownRowError:
    return UnknownRowError(f"there is no season {season_id}: the numbers are in the list of seasons")
