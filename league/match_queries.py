"""The SQL of matches: which a list finds, in one scan whose columns cross to NumPy in one piece each, and their rows.

A scan of 100,000 matches takes 10 ms, and an index would cost every insert (see ``MATCHES``). What took the time was a
Python object for every row: SQLite joins a column into one text, and NumPy reads that, in a third of it.
"""

import hashlib
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from game.spec import Results
from league.bulk_sql import read_matches, read_pages
from league.errors import UnknownRowError
from league.match_filter import MatchFilter, MatchOrder, PlayerOutcome, upsets
from league.schema import MATCHES, STORED_RESULT_DTYPE, to_stored

_PAGE: Final = 10_000
_CANONICAL_DTYPE: Final = STORED_RESULT_DTYPE.newbyteorder("<")
_OUTCOME: Final[dict[PlayerOutcome, int]] = {"won": 1, "drawn": 0, "lost": -1}


def find_match_ids(
    connection: Connection, season_id: int, wanted: MatchFilter, order: MatchOrder, ratings: Sequence[float]
) -> NDArray[np.int64]:
    """Return the ids of a season's ``wanted`` matches in ``order``, int64[n]; ``ratings`` are Elo by position."""
    is_by_upset = wanted.upset_by is not None or order.key == "upset"
    names = ["match_id", *(["left", "right", "outcome"] if is_by_upset else [])]
    if order.key in {"ticks", "longest_rally"}:
        names.append(order.key)
    columns = _read_columns(connection, names, [MATCHES.c.season_id == season_id, *_conditions(wanted)])
    ids = columns["match_id"]
    keys: NDArray[np.int64 | np.float64] = columns.get(order.key, ids)
    if is_by_upset:
        sizes = upsets(columns["left"], columns["right"], columns["outcome"], ratings)
        keys = sizes if order.key == "upset" else keys
        if wanted.upset_by is not None:
            keep = sizes >= wanted.upset_by
            ids, keys = ids[keep], keys[keep]
    return _sorted(ids, keys, is_descending=order.is_descending)


def read_match_rows(connection: Connection, season_id: int, match_ids: NDArray[np.int64]) -> Results:
    """Return the matches of ``match_ids``, in that order; ``UnknownRowError`` if one is not stored."""
    found = read_matches(connection, season_id, match_ids)
    is_missing = np.isin(match_ids, found["match_id"], invert=True)
    if is_missing.any():
        missing = match_ids[is_missing][0]
        raise UnknownRowError(f"match {missing} of season {season_id} is not stored: it was not played yet")
    return found[np.searchsorted(found["match_id"], match_ids)]


def read_match_row(connection: Connection, season_id: int, match_id: int) -> np.void:
    """Return one match; ``UnknownRowError`` if it is not stored."""
    row: np.void = read_match_rows(connection, season_id, np.array([match_id], np.int64))[0]
    return row


def count_matches(connection: Connection, season_id: int) -> int:
    """Return how many matches of a season are stored."""
    return connection.scalar(select(func.count()).select_from(MATCHES).where(MATCHES.c.season_id == season_id)) or 0


def read_rows_sha256(connection: Connection, season_id: int) -> str:
    """Return SHA-256 in hexadecimal of a season's rows in match order, packed little-endian."""
    digest = hashlib.sha256()
    for rows in read_pages(connection, season_id, _PAGE):
        known = to_stored(rows).view(STORED_RESULT_DTYPE)
        digest.update(known.astype(_CANONICAL_DTYPE, copy=False).tobytes())
    return digest.hexdigest()


def _sorted(ids: NDArray[np.int64], keys: NDArray[np.int64 | np.float64], *, is_descending: bool) -> NDArray[np.int64]:
    """Return ``ids`` by ``keys``, those of equal keys ascending; fast where they are ascending already."""
    by_match = np.argsort(ids, kind="stable")
    ids, keys = ids[by_match], keys[by_match]
    return ids[np.argsort(-keys if is_descending else keys, kind="stable")]


def _read_columns(
    connection: Connection, names: Sequence[str], conditions: Sequence[ColumnElement[bool]]
) -> dict[str, NDArray[np.int64]]:
    """Return whole-numbered columns by name, int64[n] each; row k of one belongs to row k of the others.

    They are in no order that SQLite promises, but in one: an aggregate takes every row once, for all columns.
    """
    texts = select(*(func.group_concat(MATCHES.c[name]) for name in names)).where(*conditions)
    found = connection.execute(texts).one()
    return {
        name: np.fromstring(text, np.int64, sep=",") if text is not None else np.empty(0, np.int64)
        for name, text in zip(names, found, strict=True)
    }


def _conditions(wanted: MatchFilter) -> list[ColumnElement[bool]]:
    matches = MATCHES.c
    limits = (
        (matches.ticks, wanted.min_ticks, wanted.max_ticks),
        (matches.longest_rally, wanted.min_longest_rally, wanted.max_longest_rally),
    )
    conditions = [column >= low for column, low, _ in limits if low is not None]
    conditions += [column <= high for column, _, high in limits if high is not None]
    if wanted.player is not None:
        conditions.append(_is_of_player(wanted.player, wanted.opponent, wanted.outcome))
    elif wanted.outcome is not None:
        conditions.append(matches.outcome == _OUTCOME[wanted.outcome])
    if wanted.end is not None:
        conditions.append(matches.end == int(wanted.end))
    if wanted.faults_only:
        conditions.append(or_(matches.termination_left != 0, matches.termination_right != 0))
    if wanted.termination is not None:
        kind = int(wanted.termination)
        conditions.append(or_(matches.termination_left == kind, matches.termination_right == kind))
    if wanted.upset_by is not None:
        conditions.append(matches.outcome != 0)
    return conditions


def _is_of_player(player: int, opponent: int | None, outcome: PlayerOutcome | None) -> ColumnElement[bool]:
    """Return the condition that ``player`` sat on either seat, against ``opponent`` and with ``outcome`` if given."""
    seats = []
    for own, other, sign in ((MATCHES.c.left, MATCHES.c.right, 1), (MATCHES.c.right, MATCHES.c.left, -1)):
        seat = [own == player]
        if opponent is not None:
            seat.append(other == opponent)
        if outcome is not None:
            seat.append(MATCHES.c.outcome == sign * _OUTCOME[outcome])
        seats.append(and_(*seat))
    return or_(*seats)
