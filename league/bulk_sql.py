"""The SQL of the large tables, matches and rating history: statements compiled once, rows moved in bulk."""

import json
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import repeat
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, bindparam, func, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from game.spec import RESULT_DTYPE, Results
from league.schema import MATCHES, RATING_HISTORY, STORED_DTYPE, RatingPoint, from_stored, to_stored

_FIELDS: Final = STORED_DTYPE.names or ()


def as_stored(rows: Results) -> NDArray[np.void]:
    """Return ``rows``, ``RESULT_DTYPE`` of shape (n,), as ``STORED_DTYPE``; ``ValueError`` if they are not that."""
    if rows.dtype != RESULT_DTYPE or rows.ndim != 1:
        raise ValueError(f"rows must be one-dimensional of RESULT_DTYPE, not {rows.ndim}-dimensional of {rows.dtype}")
    if len(rows) and rows["match_id"].min() < 0:
        raise ValueError(f"match ids must not be negative, but {rows['match_id'].min()} is")
    return to_stored(rows)


def insert_matches(connection: Connection, season_id: int, stored: NDArray[np.void]) -> None:
    """Insert ``stored``, ``STORED_DTYPE`` of shape (n,)."""
    if len(stored):
        columns = [stored[name].tolist() for name in _FIELDS]
        connection.exec_driver_sql(_insert_statement(), list(zip(repeat(season_id), *columns, strict=False)))


def read_page(connection: Connection, season_id: int, after: int, page: int) -> Results:
    """Return the first ``page`` matches of a season behind match ``after``, in match order."""
    return from_stored(_read(connection, _page_statement(), (season_id, after, page, 0), STORED_DTYPE))


def read_matches(connection: Connection, season_id: int, match_ids: NDArray[np.int64]) -> Results:
    """Return those of ``match_ids`` that a season has, each once, in match order."""
    values = (season_id, json.dumps(match_ids.tolist()))
    return from_stored(_read(connection, _matches_statement(), values, STORED_DTYPE))


def read_pages(connection: Connection, season_id: int, page: int) -> Iterator[Results]:
    """Yield a season's matches in match order, up to ``page`` at a time, in the transaction of ``connection``."""
    after = -1
    while len(rows := read_page(connection, season_id, after, page)):
        yield rows
        after = int(rows["match_id"][-1])


def duplicate_match_id(connection: Connection, season_id: int, match_ids: NDArray[np.int64]) -> int:
    """Return the lowest of ``match_ids`` that is stored already or stands there twice; -1 if none is."""
    query = select(MATCHES.c.match_id).where(
        MATCHES.c.season_id == season_id, MATCHES.c.match_id.between(int(match_ids.min()), int(match_ids.max()))
    )
    stored = np.array(connection.scalars(query).all(), np.int64)
    unique, counts = np.unique(match_ids, return_counts=True)
    duplicates = unique[(counts > 1) | np.isin(unique, stored)]
    return int(duplicates[0]) if len(duplicates) else -1


def upsert_ratings(connection: Connection, season_id: int, points: Iterable[RatingPoint]) -> None:
    """Insert ``points``; one that is there already gets the new rating."""
    values = [(season_id, int(point.match_id), int(point.position), float(point.rating)) for point in points]
    if values:
        connection.exec_driver_sql(_upsert_rating_statement(), values)


def _read(
    connection: Connection, statement: str, values: tuple[int | str, ...], dtype: np.dtype[np.void]
) -> NDArray[np.void]:
    """Return the rows of a query; by the driver's own cursor, since NumPy wants tuples and not SQLAlchemy's rows."""
    cursor = connection.connection.cursor()
    try:
        cursor.execute(statement, values)
        return np.fromiter(iter(cursor.fetchone, None), dtype)
    finally:
        cursor.close()


@cache
def _insert_statement() -> str:
    """Return the insertion whose values are the season's id and then the fields of ``STORED_DTYPE``."""
    columns = [MATCHES.c["season_id"], *(MATCHES.c[name] for name in _FIELDS)]
    statement = insert(MATCHES).values({column: bindparam(None, type_=column.type) for column in columns})
    return str(statement.compile(dialect=SQLiteDialect_pysqlite()))


@cache
def _page_statement() -> str:
    """Return the query whose values are the season's id, the match id to start behind, the row limit, and 0."""
    query = (
        select(*(MATCHES.c[name] for name in _FIELDS))
        .where(MATCHES.c.season_id == bindparam(None), MATCHES.c.match_id > bindparam(None))
        .order_by(MATCHES.c.match_id)
        .limit(bindparam(None))
        .offset(bindparam(None))
    )
    return str(query.compile(dialect=SQLiteDialect_pysqlite()))


@cache
def _matches_statement() -> str:
    """Return the query whose values are the season's id and the match ids, as one JSON array: any number of them."""
    wanted = select(func.json_each(bindparam(None)).table_valued("value").c.value)
    query = (
        select(*(MATCHES.c[name] for name in _FIELDS))
        .where(MATCHES.c.season_id == bindparam(None), MATCHES.c.match_id.in_(wanted))
        .order_by(MATCHES.c.match_id)
    )
    return str(query.compile(dialect=SQLiteDialect_pysqlite()))


@cache
def _upsert_rating_statement() -> str:
    """Return the insertion whose values are the season's id, match id, position and rating."""
    statement = insert(RATING_HISTORY)
    upsert = statement.on_conflict_do_update(
        index_elements=["season_id", "match_id", "position"], set_={"rating": statement.excluded.rating}
    )
    return str(upsert.compile(dialect=SQLiteDialect_pysqlite()))
