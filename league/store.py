"""The league's one SQLite file: players, seasons, matches, faults, ratings, training runs, and people's matches.

What is here is the transactions; their SQL is in ``bulk_sql`` and the modules called ``..._queries``.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Concatenate, Final, ParamSpec, Self, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from game.spec import Results
from league import (
    fault_queries,
    match_queries,
    person_queries,
    player_queries,
    rating_queries,
    run_queries,
    season_queries,
)
from league.bulk_sql import as_stored, duplicate_match_id, insert_matches, read_page, upsert_ratings
from league.database import Database
from league.errors import ConflictError, DuplicateMatchError
from league.match_filter import MatchFilter, MatchOrder
from league.player_queries import Appearance, Record
from league.rating_queries import RatingSeries, SeasonRating
from league.schema import FaultRow, PersonMatchRow, PlayerRow, RatingPoint, RunRow, SeasonRow, SeasonState
from league.writer_lock import writer_lock

__all__ = [
    "Appearance",
    "FaultRow",
    "MatchFilter",
    "MatchOrder",
    "PersonMatchRow",
    "PlayerRow",
    "RatingPoint",
    "RatingSeries",
    "Record",
    "RunRow",
    "SeasonRating",
    "SeasonRow",
    "SeasonState",
    "Store",
    "writer_lock",
]

P = ParamSpec("P")
T = TypeVar("T")
Clock: TypeAlias = Callable[[], datetime]

DEFAULT_BUSY_TIMEOUT_S: Final = 5.0
DEFAULT_PAGE: Final = 10_000

_EVERY_MATCH: Final = MatchFilter()
_MATCH_ORDER: Final = MatchOrder()


def utc_now() -> datetime:
    """Return the time of the system's clock, in UTC."""
    return datetime.now(UTC)


class Store:
    """The league's database. Every call is one transaction: all of it is stored, or an error is raised and none is.

    Any number of processes may read while one writes; ``writer_lock`` keeps a second season away. A call that
    fails raises a ``StoreError``; its subclass says why. Threads may share a store.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        create: bool = True,
        busy_timeout_s: float = DEFAULT_BUSY_TIMEOUT_S,
        clock: Clock = utc_now,
    ) -> Self:
        """Open the database file at ``path``, bring it to the newest revision, and create it if ``create``.

        Raises
        ------
        MissingDatabaseError
            There is no file, and ``create`` is false.
        CorruptDatabaseError
            The file is damaged or is something else.
        NewerDatabaseError
            A newer version of the program wrote it.
        LockedDatabaseError
            Another process held it for longer than ``busy_timeout_s`` seconds.
        """
        return cls(Database(path, create=create, busy_timeout_s=busy_timeout_s), clock)

    @property
    def path(self) -> Path:
        """The database file."""
        return self._database.path

    def data_version(self) -> int:
        """Return a number that changes when anything is stored, by any process: for polling, some microseconds.

        Comparable only with what this same store returned before.
        """
        return self._database.data_version()

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # Players

    def add_player(self, player: PlayerRow) -> PlayerRow:
        """Store a new player and return it with its id.

        Raises
        ------
        DuplicatePlayerError
            The name is taken, or the same content is already there; archived players count.
        """
        row = replace(player, created=player.created or self._now())
        return self._write(player_queries.add_player, row)

    def players(self, *, include_archived: bool = False) -> list[PlayerRow]:
        """Return the players in the order they were added."""
        return self._read(player_queries.read_players, include_archived=include_archived)

    def player_by_name(self, name: str) -> PlayerRow | None:
        """Return the player called ``name``, archived or not; None if there is none."""
        return self._read(player_queries.find_player, "name", name)

    def player_by_hash(self, content_hash: str) -> PlayerRow | None:
        """Return the player with this content, archived or not; None if there is none."""
        return self._read(player_queries.find_player, "hash", content_hash)

    def set_archived(self, player_id: int, *, archived: bool) -> PlayerRow:
        """Take a player out of the lists, or put it back, and return it; ``UnknownRowError`` if there is none."""
        return self._write(player_queries.change_player, player_id, {"archived": archived})

    def set_notes(self, player_id: int, notes: str) -> PlayerRow:
        """Replace the notes on a player and return it; ``UnknownRowError`` if there is none."""
        return self._write(player_queries.change_player, player_id, {"notes": notes})

    def rename_player(self, player_id: int, name: str) -> PlayerRow:
        """Give a player another name and return it.

        Raises
        ------
        DuplicatePlayerError
            Another player has the name; archived players count.
        UnknownRowError
            There is no such player.
        """
        return self._write(player_queries.rename_player, player_id, name)

    # A player over all seasons

    def player_seasons(self, player_id: int) -> list[Appearance]:
        """Return the seasons that a player is in, in the order they were created."""
        return self._read(player_queries.read_appearances, player_id)

    def player_record(self, player_id: int) -> list[Record]:
        """Return a player's record against everybody it has met in any season, by opponent id."""
        return self._read(player_queries.read_records, player_id)

    def player_ratings(self, player_id: int) -> list[SeasonRating]:
        """Return every point of a player's live rating, by season and then match."""
        return self._read(rating_queries.read_player_ratings, player_id)

    def player_faults(self, player_id: int) -> list[FaultRow]:
        """Return a player's faults in every season, by season and then match."""
        return self._read(fault_queries.read_faults, player_id=player_id)

    # Seasons

    def create_season(self, season: SeasonRow, players: Sequence[PlayerRow]) -> SeasonRow:
        """Store a new season of stored ``players``, in the order of their positions, and return it with its id.

        An ``edition`` of 0 becomes the next of its key. ``ConflictError`` if the edition is there already,
        ``UnknownRowError`` if a player is not stored.
        """
        now = self._now()
        row = replace(season, created=season.created or now, updated=now)
        return self._write(season_queries.add_season, row, players)

    def seasons(self) -> list[SeasonRow]:
        """Return every season in the order they were created."""
        return self._read(season_queries.read_seasons)

    def season(self, season_id: int) -> SeasonRow:
        """Return a season; ``UnknownRowError`` if there is none."""
        return self._read(season_queries.read_season, season_id)

    def find_season(self, key: str, edition: int | None = None) -> SeasonRow | None:
        """Return the season of a key and edition, by default the highest; None if there is none."""
        return self._read(season_queries.read_edition, key, edition)

    def latest_season(self) -> SeasonRow | None:
        """Return the season created last; None if there is none."""
        return self._read(season_queries.read_last_season)

    def latest_unfinished(self) -> SeasonRow | None:
        """Return the season created last of those that are not complete; None if there is none."""
        return self._read(season_queries.read_last_unfinished_season)

    def set_season_state(self, season_id: int, state: SeasonState, planned_matches: int | None = None) -> None:
        """Set a season's state, and its number of planned matches unless that is None.

        ``UnknownRowError`` if there is no such season, ``ConflictError`` if there is no such state.
        """
        values: dict[str, object] = {"state": state, "updated": self._now()}
        if planned_matches is not None:
            values["planned_matches"] = planned_matches
        self._write(season_queries.change_season, season_id, values)

    def season_players(self, season_id: int) -> list[PlayerRow]:
        """Return the players of a season; the index is the position that matches name; none of an unknown season."""
        return self._read(season_queries.read_season_players, season_id)

    # Matches

    def add_matches(self, season_id: int, rows: Results, faults: Sequence[FaultRow] = ()) -> None:
        """Store a batch of matches with their faults, all or none.

        Every bit of a row comes back, but a float's negative zero as zero and any NaN as the one NaN: SQLite
        knows no other. ``UNSTORED_COLUMNS`` come back as NaN.

        Parameters
        ----------
        rows
            ``RESULT_DTYPE``, shape (n,); match ids not negative, in any order.
        faults
            Their ``season_id`` and ``id`` are not looked at.

        Raises
        ------
        DuplicateMatchError
            A match is already stored, or stands twice in ``rows``.
        UnknownRowError
            There is no such season.
        ValueError
            ``rows`` is not such an array.
        """
        stored = as_stored(rows)
        try:
            with self._database.writing() as connection:
                insert_matches(connection, season_id, stored)
                fault_queries.add_faults(connection, season_id, faults)
        except ConflictError as error:
            self.season(season_id)
            duplicate = self._read(duplicate_match_id, season_id, stored["match_id"])
            if duplicate < 0:
                raise
            raise DuplicateMatchError(
                f"match {duplicate} of season {season_id} is stored already or stands twice in the batch: "
                "store each match once; nothing of this batch was stored"
            ) from error

    def find_match_ids(
        self,
        season_id: int,
        wanted: MatchFilter = _EVERY_MATCH,
        order: MatchOrder = _MATCH_ORDER,
        *,
        ratings: Sequence[float] = (),
    ) -> NDArray[np.int64]:
        """Return the ids of those of a season's matches that are ``wanted``, in ``order``, shape (n,).

        ``ratings`` are the players', in Elo by position: only upsets ask for them. ``ValueError`` if those are too few.
        """
        return self._read(match_queries.find_match_ids, season_id, wanted, order, ratings)

    def match_rows(self, season_id: int, match_ids: NDArray[np.int64]) -> Results:
        """Return the matches of ``match_ids``, ``RESULT_DTYPE``, in that order; ``UnknownRowError`` if one is missing."""
        return self._read(match_queries.read_match_rows, season_id, match_ids)

    def match_pages(self, season_id: int, *, page: int = DEFAULT_PAGE, after: int = -1) -> Iterator[Results]:
        """Yield a season's matches in match order, ``RESULT_DTYPE`` arrays of 1 to ``page`` rows.

        Starts after match ``after``. Each page is a transaction of its own, so a slow reader never holds up the
        writer; matches stored meanwhile are seen if they lie ahead.
        """
        while True:
            rows = self._read(read_page, season_id, after, page)
            if not len(rows):
                return
            yield rows
            after = int(rows["match_id"][-1])

    def match_row(self, season_id: int, match_id: int) -> np.void:
        """Return one match, a ``RESULT_DTYPE`` record; ``UnknownRowError`` if it is not stored."""
        return self._read(match_queries.read_match_row, season_id, match_id)

    def count_matches(self, season_id: int) -> int:
        """Return how many matches of a season are stored."""
        return self._read(match_queries.count_matches, season_id)

    def rows_sha256(self, season_id: int) -> str:
        """Return SHA-256 in hexadecimal of a season's rows, ``STORED_RESULT_DTYPE`` packed little-endian, in match order.

        Holds no clock time and no id of the database, so the same season has the same digest wherever and however
        often interrupted it was played. One state of the database is read, a page at a time.
        """
        return self._read(match_queries.read_rows_sha256, season_id)

    def faults(self, season_id: int) -> list[FaultRow]:
        """Return a season's faults in match order, left seat first."""
        return self._read(fault_queries.read_faults, season_id=season_id)

    # Ratings

    def add_rating_points(self, season_id: int, points: Iterable[RatingPoint]) -> None:
        """Store points of the rating history; one that is there already is replaced.

        ``UnknownRowError`` if there is no such season.
        """
        try:
            self._write(upsert_ratings, season_id, points)
        except ConflictError:
            self.season(season_id)
            raise

    def rating_history(self, season_id: int, position: int | None = None) -> list[RatingPoint]:
        """Return a season's rating points in match order, of one player or of all (then by position)."""
        return self._read(rating_queries.read_history, season_id, position)

    def rating_series(self, season_id: int) -> RatingSeries:
        """Return a season's rating points as columns, ready to be drawn; none of an unknown season."""
        return self._read(rating_queries.read_series, season_id)

    def latest_ratings(self) -> dict[str, float]:
        """Return, by content hash, each player's last rating point of the latest season in which it has one."""
        return self._read(rating_queries.read_latest_ratings)

    # People

    def add_person_match(self, match: PersonMatchRow) -> PersonMatchRow:
        """Store a match of a person and return it with its id."""
        return self._write(person_queries.add_person_match, replace(match, created=match.created or self._now()))

    def person_match(self, match_id: int) -> PersonMatchRow:
        """Return one match of a person with its tape; ``UnknownRowError`` if there is none."""
        return self._read(person_queries.read_person_match, match_id)

    def person_matches(self, person: str | None = None) -> list[PersonMatchRow]:
        """Return the matches of ``person`` on either side, or of everybody, without tapes, in the order they came."""
        return self._read(person_queries.read_person_matches, person)

    def person_names(self) -> list[str]:
        """Return the name of everybody who has played a match, in alphabetical order."""
        return self._read(person_queries.read_person_names)

    # Training runs

    def save_run(self, run: RunRow) -> RunRow:
        """Store a training run, or replace what was stored under its id, and return it with its times."""
        now = self._now()
        return self._write(run_queries.save_run, replace(run, created=run.created or now, updated=now))

    def runs(self) -> list[RunRow]:
        """Return every training run, in the order they were created."""
        return self._read(run_queries.read_runs)

    def run(self, run_id: str) -> RunRow:
        """Return a training run; ``UnknownRowError`` if there is none."""
        return self._read(run_queries.read_run, run_id)

    def _read(self, query: Callable[Concatenate[Connection, P], T], *values: P.args, **named: P.kwargs) -> T:
        """Answer ``query`` from one state of the database."""
        with self._database.reading() as connection:
            return query(connection, *values, **named)

    def _write(self, change: Callable[Concatenate[Connection, P], T], *values: P.args, **named: P.kwargs) -> T:
        """Make ``change``: all of it is stored, or none."""
        with self._database.writing() as connection:
            return change(connection, *values, **named)

    def _now(self) -> str:
        return self._clock().astimezone(UTC).isoformat(timespec="seconds")
