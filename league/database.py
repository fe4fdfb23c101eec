"""The database file under the store: opening, migrating, transactions, and what its errors mean.

Write-ahead logging lets any number of processes read while one writes. ``synchronous=NORMAL`` means that a commit
is in the operating system's hands, so ``kill -9`` of the program loses nothing that was reported stored. A power
cut may take back the last commits, never half of one; a season plays those matches again, to the same result.
"""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, QueuePool, create_engine, event
from sqlalchemy.exc import DBAPIError

from league.errors import (
    ConflictError,
    CorruptDatabaseError,
    DiskFullError,
    LockedDatabaseError,
    MissingDatabaseError,
    NewerDatabaseError,
    ReadOnlyDatabaseError,
    StoreError,
)
from league.schema import HEAD_REVISION

MIGRATIONS: Final = Path(__file__).parent / "migrations"

_MAGIC: Final = b"SQLite format 3\0"
_WAL_FORMAT: Final = b"\x02\x02"  # bytes 18 and 19 of the file, https://sqlite.org/fileformat2.html section 1.3.3
_BEGIN: Final = "league_begin"  # the execution option that says how a connection's transactions start

_MEANING: Final[dict[int, tuple[type[StoreError], str]]] = {
    sqlite3.SQLITE_CORRUPT: (CorruptDatabaseError, "is damaged: put a backup in its place, or move it away"),
    sqlite3.SQLITE_NOTADB: (CorruptDatabaseError, "is no SQLite database: choose another file, or move it away"),
    sqlite3.SQLITE_READONLY: (ReadOnlyDatabaseError, "can only be read: allow writing to the file and to its folder"),
    sqlite3.SQLITE_BUSY: (LockedDatabaseError, "is locked by another process: wait until it is done, or end it"),
    sqlite3.SQLITE_LOCKED: (LockedDatabaseError, "is locked by this process: finish the other statement first"),
    sqlite3.SQLITE_FULL: (DiskFullError, "cannot grow, its disk is full: make room and resume"),
    sqlite3.SQLITE_CONSTRAINT: (ConflictError, "refuses the row"),
    sqlite3.SQLITE_CANTOPEN: (StoreError, "cannot be opened: check that its folder exists and may be written"),
}


@contextmanager
def store_errors(path: Path) -> Iterator[None]:
    """Raise what goes wrong in the database at ``path`` as a ``StoreError``: the one place that reads its codes."""
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:
        kind, text = _MEANING.get(_primary_code(error), (StoreError, "cannot do this"))
        raise kind(f"{path} {text} ({_driver_error(error)})") from error
    except OverflowError as error:
        raise StoreError(f"{path} cannot hold an integer outside of -2**63 to 2**63 - 1 ({error})") from error


def _driver_error(error: Exception) -> BaseException:
    original = error.orig if isinstance(error, DBAPIError) else None
    return original if original is not None else error


def _primary_code(error: Exception) -> int:
    """Return SQLite's primary result code, -1 where the driver itself raised."""
    code = getattr(_driver_error(error), "sqlite_errorcode", None)
    return -1 if code is None else int(code) & 0xFF


class Database:
    """One database file and its pool of connections, brought to ``HEAD_REVISION``; safe to share between threads.

    Parameters
    ----------
    path
        The file; it is created with its folder when ``create`` is true.
    busy_timeout_s
        How long a call waits for another process's lock.

    Raises
    ------
    StoreError
        The file cannot be used; the subclass says why.
    """

    def __init__(self, path: Path, *, create: bool, busy_timeout_s: float) -> None:
        self.path = path
        self._busy_timeout_s = busy_timeout_s
        self._is_open = True
        self._watcher: sqlite3.Connection | None = None
        self._watching = threading.Lock()
        header = _read_header(path)
        if header and not header.startswith(_MAGIC):
            raise CorruptDatabaseError(f"{path} is no SQLite database: choose another file, or move it away")
        if not header:
            _make_room(path, create=create)
        self.engine = create_engine("sqlite://", creator=self._connect, poolclass=QueuePool)
        self._writer = self.engine.execution_options(**{_BEGIN: "BEGIN IMMEDIATE"})
        event.listen(self.engine, "begin", _begin)
        try:
            self._bring_up_to_date(is_wal=header[18:20] == _WAL_FORMAT)
        except BaseException:
            self.close()
            raise

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Yield a connection in a transaction that sees one state of the database."""
        with store_errors(self.path), self._checked(self.engine).begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Yield a connection that holds the write lock from the start; commit at the end, or take all of it back."""
        with store_errors(self.path), self._checked(self._writer).begin() as connection:
            yield connection

    def data_version(self) -> int:
        """Return a number that changes when any connection of any process commits; comparable while this is open.

        SQLite answers it for one connection, about the others: hence one of its own, which never writes.
        """
        with store_errors(self.path), self._watching:
            self._checked(self.engine)
            self._watcher = self._watcher or self._connect()
            version: int = self._watcher.execute("PRAGMA data_version").fetchone()[0]
            return version

    def close(self) -> None:
        """Close every connection that is not in use; a second call does nothing."""
        self._is_open = False
        with self._watching:
            if self._watcher is not None:
                self._watcher.close()
                self._watcher = None
        self.engine.dispose()

    def _checked(self, engine: Engine) -> Engine:
        if not self._is_open:
            raise StoreError(f"{self.path} was closed: open the store again")
        return engine

    def _connect(self) -> sqlite3.Connection:
        try:
            return self._configured(str(self.path))
        except sqlite3.OperationalError as error:
            refused = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}
            if _primary_code(error) not in refused or not _is_frozen(self.path):
                raise
            return self._configured(f"{self.path.absolute().as_uri()}?mode=ro&immutable=1")

    def _configured(self, address: str) -> sqlite3.Connection:
        """Connect without the driver's own transactions, and read a little, so that a broken file is seen here."""
        connection = sqlite3.connect(
            address,
            timeout=self._busy_timeout_s,
            isolation_level=None,
            check_same_thread=False,
            uri=address.startswith("file:"),
        )
        try:
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute("PRAGMA foreign_keys=ON")
            connection.execute("SELECT count(*) FROM sqlite_master")
        except BaseException:
            connection.close()
            raise
        return connection

    def _bring_up_to_date(self, *, is_wal: bool) -> None:
        with store_errors(self.path):
            revision = self._revision()
        if revision != HEAD_REVISION:
            self._migrate()
        elif not is_wal:
            # A copy made by VACUUM INTO is not in WAL mode; where that cannot be changed now, it still works.
            with suppress(ReadOnlyDatabaseError, LockedDatabaseError):
                self._enter_wal()

    def _revision(self) -> str | None:
        """Return the stored Alembic revision, None if there is none."""
        with self.engine.connect() as connection:
            try:
                return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
            except DBAPIError as error:
                if _primary_code(error) != sqlite3.SQLITE_ERROR:  # anything but "no such table"
                    raise
                return None

    def _enter_wal(self) -> None:
        with store_errors(self.path), closing(self.engine.raw_connection()) as connection:
            connection.cursor().execute("PRAGMA journal_mode=WAL")

    def _migrate(self) -> None:
        """Upgrade to ``HEAD_REVISION`` in one transaction.

        The file lock is for processes that create one database at once: SQLite lets two of them that switch to WAL
        fail each other without waiting.
        """
        from filelock import FileLock, Timeout

        lock = FileLock(f"{self.path}.migration.lock", timeout=self._busy_timeout_s)
        try:
            with lock:
                self._enter_wal()
                with self.writing() as connection:
                    self._upgrade(connection)
        except Timeout as error:
            raise LockedDatabaseError(
                f"{self.path} is being migrated by another process: wait until it is done, or end it"
            ) from error
        except OSError as error:
            raise ReadOnlyDatabaseError(
                f"{self.path} must be migrated to revision {HEAD_REVISION}: allow writing to its folder ({error})"
            ) from error

    def _upgrade(self, connection: Connection) -> None:
        from alembic import command
        from alembic.config import Config
        from alembic.script import ScriptDirectory

        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        revision = self._revision()
        if revision is None:
            self._require_empty(connection)
        elif revision not in {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}:
            raise NewerDatabaseError(
                f"{self.path} has revision {revision}, this program knows up to {HEAD_REVISION}: use a newer program"
            )
        command.upgrade(config, HEAD_REVISION)

    def _require_empty(self, connection: Connection) -> None:
        tables = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").scalars().all()
        if tables:
            raise CorruptDatabaseError(
                f"{self.path} is a SQLite database, but not a league's (it has the table {tables[0]}): "
                "choose another file"
            )


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get(_BEGIN, "BEGIN"))


def _read_header(path: Path) -> bytes:
    """Return the first bytes of the file; none if it is empty, as SQLite leaves it at birth, or is not there."""
    try:
        with path.open("rb") as file:
            return file.read(100)
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise StoreError(f"{path} cannot be opened: choose a file that may be read ({error})") from error


def _make_room(path: Path, *, create: bool) -> None:
    if not create:
        raise MissingDatabaseError(f"{path} does not exist: check the path, or create a league there first")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ReadOnlyDatabaseError(f"{path} cannot be created: allow writing to its folder ({error})") from error


def _is_frozen(path: Path) -> bool:
    """Whether nobody can be writing: a folder that cannot be written, and no log of changes beside the file.

    SQLite then cannot keep its shared memory beside the file and refuses to read, unless told that nothing moves.
    """
    return path.exists() and not os.access(path.parent, os.W_OK) and not Path(f"{path}-wal").exists()
