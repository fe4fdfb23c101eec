"""The SQL of faults."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection, and_, select
from sqlalchemy.dialects.sqlite import insert

from game.spec import Seat, Termination
from league.schema import FAULTS, SEASON_PLAYERS, FaultRow, row_values


def add_faults(connection: Connection, season_id: int, faults: Sequence[FaultRow]) -> None:
    """Insert ``faults`` as those of a season."""
    if faults:
        connection.execute(insert(FAULTS), [{**row_values(fault), "season_id": season_id} for fault in faults])


def read_faults(
    connection: Connection, *, season_id: int | None = None, player_id: int | None = None
) -> list[FaultRow]:
    """Return the faults of a season, of a player in any season, or of both, by season, match and seat."""
    faults, places = FAULTS.c, SEASON_PLAYERS.c
    query = select(FAULTS).order_by(faults.season_id, faults.match_id, faults.seat, faults.id)
    if season_id is not None:
        query = query.where(faults.season_id == season_id)
    if player_id is not None:
        is_there = and_(places.season_id == faults.season_id, places.position == faults.position)
        query = query.join(SEASON_PLAYERS, is_there).where(places.player_id == player_id)
    rows = [FaultRow(**row) for row in connection.execute(query).mappings()]
    return [replace(row, seat=Seat(row.seat), termination=Termination(row.termination)) for row in rows]
