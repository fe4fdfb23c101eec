"""The errors of ``league/``: each says what, the value, what is allowed, and what to do."""


class LeagueError(Exception):
    """Root of everything that ``league/`` raises on purpose."""


class StoreError(LeagueError):
    """The league's database cannot do what was asked; nothing of that call was stored."""


class MissingDatabaseError(StoreError):
    """There is no database at the path, and the caller did not ask to create one."""


class CorruptDatabaseError(StoreError):
    """The file is no SQLite database, is damaged, or holds something other than a league."""


class NewerDatabaseError(StoreError):
    """The database was written by a version of the program that knows more than this one."""


class ReadOnlyDatabaseError(StoreError):
    """The database file or its folder may be read but not written."""


class LockedDatabaseError(StoreError):
    """Another process holds the database's write lock for longer than the busy timeout."""


class DiskFullError(StoreError):
    """The disk that holds the database is full."""


class ConflictError(StoreError):
    """The database's own constraints refuse a row."""


class DuplicatePlayerError(StoreError):
    """A player's name or its content is already in the league."""


class DuplicateMatchError(StoreError):
    """A match is already stored, or stands twice in one batch: evidence is never counted twice."""


class UnknownRowError(StoreError):
    """Nothing is stored under the id or the name that was asked for."""


class SecondWriterError(StoreError):
    """Another process already writes to this league."""


class SeasonError(LeagueError):
    """A season cannot be played: what is stored does not belong to it, or its configuration has changed."""
