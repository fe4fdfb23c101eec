"""The SQL of the matches of people."""

from dataclasses import replace

import numpy as np
from sqlalchemy import Connection, LargeBinary, RowMapping, literal, or_, select
from sqlalchemy.dialects.sqlite import insert

from game.spec import RESULT_DTYPE, Seat
from league.errors import UnknownRowError
from league.schema import PERSON_MATCHES, PERSON_RESULT, STORED_DTYPE, PersonMatchRow, from_stored, to_stored

_OWN = ("id", "person", "opponent_hash", "opponent_person", "game", "game_version", "points_to_win", "created", "tape")
"""The fields of a row that are columns as they are."""


def add_person_match(connection: Connection, row: PersonMatchRow) -> PersonMatchRow:
    """Insert ``row`` and return it with its id."""
    values: dict[str, object] = {name: getattr(row, name) for name in _OWN if name != "id"}
    stored = to_stored(np.array([row.result], RESULT_DTYPE))[0]
    values |= {name: stored[name].item() for name in PERSON_RESULT}
    store = insert(PERSON_MATCHES).values(seat=int(row.seat), **values).returning(PERSON_MATCHES.c.id)
    return replace(row, id=connection.execute(store).scalar_one())


def read_person_match(connection: Connection, match_id: int) -> PersonMatchRow:
    """Return one match with its tape; ``UnknownRowError`` if there is none."""
    query = select(PERSON_MATCHES).where(PERSON_MATCHES.c.id == match_id)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise UnknownRowError(f"there is no match {match_id} of a person: the numbers are in the list of matches")
    return _person_match(row)


def read_person_matches(connection: Connection, person: str | None) -> list[PersonMatchRow]:
    """Return the matches of ``person`` on either side, or of everybody, without tapes, in the order they came."""
    matches = PERSON_MATCHES.c
    without_tape = (column for column in matches if column is not matches.tape)
    query = select(*without_tape, literal(b"", LargeBinary).label("tape")).order_by(matches.id)
    if person is not None:
        query = query.where(or_(matches.person == person, matches.opponent_person == person))
    return [_person_match(row) for row in connection.execute(query).mappings()]


def read_person_names(connection: Connection) -> list[str]:
    """Return the name of everybody who has a match, in alphabetical order."""
    matches = PERSON_MATCHES.c
    seconds = select(matches.opponent_person).where(matches.opponent_person.is_not(None))
    return sorted(connection.scalars(select(matches.person).union(seconds)))


def _person_match(row: RowMapping) -> PersonMatchRow:
    stored = np.zeros(1, STORED_DTYPE)
    stored["right"] = 1
    for name in PERSON_RESULT:
        stored[name] = np.nan if row[name] is None else row[name]
    own = {name: row[name] for name in _OWN}
    return PersonMatchRow(seat=Seat(row["seat"]), result=from_stored(stored)[0], **own)
