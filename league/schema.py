"""The tables of a league's database, and the typed rows that cross the store's border.

A change here needs a new script in ``migrations/versions`` and a new ``HEAD_REVISION``; a test compares the
two. Texts that end in ``_json`` are JSON objects that the store keeps and does not read.
"""

from dataclasses import asdict, dataclass
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    REAL,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Double,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)

from game.spec import RESULT_DTYPE, UNSTORED_COLUMNS, Results, Seat, Termination

HEAD_REVISION: Final = "0002"
"""The Alembic revision of the tables below."""

SeasonState: TypeAlias = Literal["running", "paused", "stopped", "complete"]
"""What a season was doing when its state was last set; anything but ``complete`` is unfinished and can go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayerRow:
    """A player of the league. ``id`` is 0 and ``created`` empty until it is stored."""

    name: str
    hash: str
    """Content hash of what plays, in hexadecimal."""
    kind: str
    game: str
    game_version: int
    path: str
    """Of the player's file, relative to the league's home, with forward slashes."""
    author: str = ""
    lineage_json: str = "{}"
    training_json: str = "{}"
    notes: str = ""
    archived: bool = False
    created: str = ""
    """ISO 8601, UTC; empty means the store's clock."""
    id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SeasonRow:
    """A season. ``id`` is 0 until it is stored."""

    key: str
    """SHA-256 of the configuration, in hexadecimal."""
    name: str
    config_json: str
    game: str
    game_version: int
    seed: int
    """In [0, 2**63)."""
    state: SeasonState = "running"
    planned_matches: int | None = None
    edition: int = 0
    """Counts the seasons of one key from 1; 0 means the next."""
    created: str = ""
    updated: str = ""
    """Clock time of the last change of state; ISO 8601, UTC."""
    id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultRow:
    """Why one side of a match forfeited. ``id`` and ``season_id`` are 0 until it is stored."""

    match_id: int
    seat: Seat
    position: int
    """The player's position in the season."""
    termination: Termination
    detail: str
    season_id: int = 0
    id: int = 0


@dataclass(frozen=True, slots=True)
class RatingPoint:
    """The rating of the player at ``position`` of a season after match ``match_id``."""

    match_id: int
    position: int
    rating: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """A training run."""

    id: str
    trainer: str
    game: str
    name: str
    seed: int
    """In [0, 2**63)."""
    config_json: str
    state: str
    folder: str
    """Relative to the league's home, with forward slashes."""
    best_player_hash: str | None = None
    summary_json: str = "{}"
    created: str = ""
    """ISO 8601, UTC; empty means the store's clock, and the first save's time stays."""
    updated: str = ""
    """Clock time of the last save."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonMatchRow:
    """A match of a person against a player of the league or against a second person. ``id`` is 0 until it is stored.

    Raises ``ValueError`` unless there is exactly one opponent, and one result.
    """

    person: str
    seat: Seat
    """Where ``person`` sat."""
    game: str
    game_version: int
    points_to_win: int
    result: np.void
    """A ``RESULT_DTYPE`` record; ``match_id`` and ``left`` are stored as 0 and ``right`` as 1."""
    opponent_hash: str | None = None
    """Content hash of the player on the other seat."""
    opponent_person: str | None = None
    """Name of the second person."""
    tape: bytes = b""
    """Every action of the match, in the bytes of ``game.tape``; empty in a list of matches."""
    created: str = ""
    """ISO 8601, UTC; empty means the store's clock."""
    id: int = 0

    def __post_init__(self) -> None:
        if (self.opponent_hash is None) == (self.opponent_person is None):
            raise ValueError("a person's match has one opponent: give opponent_hash or opponent_person")
        if self.result.dtype != RESULT_DTYPE:
            raise ValueError(f"the result must be a record of RESULT_DTYPE, not {self.result.dtype}")

    def outcome_of(self, person: str) -> int:
        """Return +1 if ``person`` won, 0 for a draw, -1 for a loss; whoever is not ``self.person`` is the opponent."""
        as_left = int(self.result["outcome"])
        of_self = as_left if self.seat == Seat.LEFT else -as_left
        return of_self if person == self.person else -of_self


def row_values(row: PlayerRow | SeasonRow | FaultRow | RunRow) -> dict[str, object]:
    """Return the values to store: without an id that the database is to choose, and plain numbers for NumPy's.

    SQLite's driver would take the bytes of a NumPy integer for a BLOB.
    """
    values = asdict(row)
    if values["id"] == 0:
        del values["id"]
    return {name: value.item() if isinstance(value, np.generic) else value for name, value in values.items()}


def _flat_dtype() -> np.dtype[np.void]:
    """Return ``STORED_RESULT_DTYPE`` with every pair split in two and unsigned 64 bits read as signed: the same bytes."""
    fields: list[tuple[str, np.dtype[np.generic]]] = []
    for name in STORED_RESULT_DTYPE.names or ():
        dtype = STORED_RESULT_DTYPE[name]
        if dtype.shape:
            fields += [(f"{name}_left", dtype.base), (f"{name}_right", dtype.base)]
        else:
            fields.append((name, np.dtype(np.int64) if dtype == np.uint64 else dtype))
    return np.dtype(fields)


_STORED_NAMES: Final = [name for name in RESULT_DTYPE.names or () if name not in UNSTORED_COLUMNS]

STORED_RESULT_DTYPE: Final = np.dtype([(name, RESULT_DTYPE[name]) for name in _STORED_NAMES])
"""``RESULT_DTYPE`` without ``UNSTORED_COLUMNS``."""

STORED_DTYPE: Final = _flat_dtype()
"""One scalar field a column of ``matches``: what is stored is a ``STORED_RESULT_DTYPE`` array viewed as this."""


def to_stored(rows: Results) -> NDArray[np.void]:
    """Return ``rows``, ``RESULT_DTYPE`` of shape (n,), as ``STORED_DTYPE``."""
    return rows[_STORED_NAMES].astype(STORED_RESULT_DTYPE).view(STORED_DTYPE)


def from_stored(stored: NDArray[np.void]) -> Results:
    """Return ``stored``, ``STORED_DTYPE`` of shape (n,), as ``RESULT_DTYPE``, with NaN where nothing is stored."""
    rows = np.empty(len(stored), RESULT_DTYPE)
    rows[_STORED_NAMES] = stored.view(STORED_RESULT_DTYPE)
    for name in UNSTORED_COLUMNS:
        rows[name] = np.nan
    return rows


_SQL_TYPE: Final = {"i1": SmallInteger, "u1": SmallInteger, "i4": Integer, "i8": BigInteger, "f4": REAL}


def _match_column(name: str) -> Column[float]:
    """Return the column of one field; only a float may be NULL, since SQLite has no other NaN."""
    dtype = STORED_DTYPE[name]
    return Column(name, _SQL_TYPE[dtype.str[1:]](), primary_key=name == "match_id", nullable=dtype.kind == "f")


METADATA: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

PLAYERS: Final = Table(
    "players",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("hash", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("game", Text, nullable=False),
    Column("game_version", Integer, nullable=False),
    Column("path", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("lineage_json", Text, nullable=False),
    Column("training_json", Text, nullable=False),
    Column("notes", Text, nullable=False),
    Column("archived", Boolean, nullable=False),
    Column("created", Text, nullable=False),
)

SEASONS: Final = Table(
    "seasons",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("key", Text, nullable=False),
    Column("edition", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("config_json", Text, nullable=False),
    Column("game", Text, nullable=False),
    Column("game_version", Integer, nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("planned_matches", BigInteger),
    Column("created", Text, nullable=False),
    Column("updated", Text, nullable=False),
    UniqueConstraint("key", "edition"),
    CheckConstraint("state IN ('running', 'paused', 'stopped', 'complete')", name="state"),
)

SEASON_PLAYERS: Final = Table(
    "season_players",
    METADATA,
    Column("season_id", ForeignKey("seasons.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("player_id", ForeignKey("players.id"), nullable=False),
)

# Clustered on its key: one tree to write, and a page of matches is read in the order it lies on the disk. pair_id
# takes no room. An index on (season_id, left) and one on (season_id, right) would add more than half to the time of
# an insert; who asks for the matches of one player scans the season, 10 ms for 100,000 matches (match_queries.py).
MATCHES: Final = Table(
    "matches",
    METADATA,
    Column("season_id", ForeignKey("seasons.id"), primary_key=True),
    *(_match_column(name) for name in STORED_DTYPE.names or ()),
    Column("pair_id", BigInteger, Computed("match_id / 2", persisted=False)),
    sqlite_with_rowid=False,
)

FAULTS: Final = Table(
    "faults",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("season_id", ForeignKey("seasons.id"), nullable=False, index=True),
    Column("match_id", BigInteger, nullable=False),
    Column("seat", SmallInteger, nullable=False),
    Column("position", Integer, nullable=False),
    Column("termination", SmallInteger, nullable=False),
    Column("detail", Text, nullable=False),
)

RATING_HISTORY: Final = Table(
    "rating_history",
    METADATA,
    Column("season_id", ForeignKey("seasons.id"), primary_key=True),
    Column("match_id", BigInteger, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("rating", Double, nullable=False),
    sqlite_with_rowid=False,
)

RUNS: Final = Table(
    "runs",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("trainer", Text, nullable=False),
    Column("game", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("config_json", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("folder", Text, nullable=False),
    Column("best_player_hash", Text),
    Column("summary_json", Text, nullable=False),
    Column("created", Text, nullable=False),
    Column("updated", Text, nullable=False),
)

PERSON_RESULT: Final = tuple(name for name in STORED_DTYPE.names or () if name not in {"match_id", "left", "right"})
"""The columns of ``matches`` that a person's match has too."""

PERSON_MATCHES: Final = Table(
    "person_matches",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("person", Text, nullable=False),
    Column("opponent_hash", Text),
    Column("opponent_person", Text),
    Column("seat", SmallInteger, nullable=False),
    Column("game", Text, nullable=False),
    Column("game_version", Integer, nullable=False),
    Column("points_to_win", Integer, nullable=False),
    *(_match_column(name) for name in PERSON_RESULT),
    Column("created", Text, nullable=False),
    Column("tape", LargeBinary, nullable=False),
    CheckConstraint("(opponent_hash IS NULL) <> (opponent_person IS NULL)", name="one_opponent"),
)
