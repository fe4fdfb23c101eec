"""The SQL of the live ratings: a season's history, a player's, and the latest of everybody."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, and_, func, select

from league.schema import PLAYERS, RATING_HISTORY, SEASON_PLAYERS, RatingPoint


class SeasonRating(NamedTuple):
    """A player's live rating (Elo) after a match of a season."""

    season_id: int
    match_id: int
    rating: float


class RatingSeries(NamedTuple):
    """A season's live ratings as columns.

    ``match_ids`` is int64[m], ascending; ``ratings`` is float64[m, players], Elo. A player without a point at a match
    has that of the point before, and NaN before its first.
    """

    match_ids: NDArray[np.int64]
    ratings: NDArray[np.float64]


_IS_SAME_PLACE = and_(
    SEASON_PLAYERS.c.season_id == RATING_HISTORY.c.season_id, SEASON_PLAYERS.c.position == RATING_HISTORY.c.position
)


def read_history(connection: Connection, season_id: int, position: int | None = None) -> list[RatingPoint]:
    """Return a season's rating points in match order, of one player or of all (then by position)."""
    history = RATING_HISTORY.c
    query = select(history.match_id, history.position, history.rating).where(history.season_id == season_id)
    if position is not None:
        query = query.where(history.position == position)
    return [RatingPoint(*row) for row in connection.execute(query.order_by(history.match_id, history.position))]


def read_series(connection: Connection, season_id: int) -> RatingSeries:
    """Return a season's live ratings as columns; none of an unknown season."""
    places = select(func.count()).select_from(SEASON_PLAYERS).where(SEASON_PLAYERS.c.season_id == season_id)
    n_players = connection.scalar(places) or 0
    points = read_history(connection, season_id)
    match_ids, rows = np.unique(np.array([point.match_id for point in points], np.int64), return_inverse=True)
    ratings = np.full((len(match_ids), n_players), np.nan)
    ratings[rows, [point.position for point in points]] = [point.rating for point in points]
    return RatingSeries(match_ids, _carried_forward(ratings))


def _carried_forward(ratings: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ``ratings`` (float64[m, n]) with every NaN replaced by the last number above it, if there is one."""
    rows = np.where(np.isnan(ratings), 0, np.arange(len(ratings))[:, None])
    last = np.maximum.accumulate(rows, axis=0)
    carried: NDArray[np.float64] = np.take_along_axis(ratings, last, axis=0)
    return carried


def read_player_ratings(connection: Connection, player_id: int) -> list[SeasonRating]:
    """Return every point of a player's rating history, by season and then match."""
    history = RATING_HISTORY.c
    query = (
        select(history.season_id, history.match_id, history.rating)
        .join(SEASON_PLAYERS, _IS_SAME_PLACE)
        .where(SEASON_PLAYERS.c.player_id == player_id)
        .order_by(history.season_id, history.match_id)
    )
    return [SeasonRating(*row) for row in connection.execute(query)]


def read_latest_ratings(connection: Connection) -> dict[str, float]:
    """Return, by content hash, each player's last point of the latest season in which it has one."""
    history = RATING_HISTORY.c
    last = (
        select(history.season_id, history.position, func.max(history.match_id).label("match_id"))
        .group_by(history.season_id, history.position)
        .subquery()
    )
    is_last = and_(
        history.season_id == last.c.season_id,
        history.position == last.c.position,
        history.match_id == last.c.match_id,
    )
    query = (
        select(PLAYERS.c.hash, history.rating)
        .select_from(RATING_HISTORY)
        .join(last, is_last)
        .join(SEASON_PLAYERS, _IS_SAME_PLACE)
        .join(PLAYERS)
        .order_by(history.season_id)
    )
    return dict(connection.execute(query).all())
