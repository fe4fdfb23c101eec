"""Where a league is kept on disk, and how its files are written."""

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import platformdirs

from league.errors import DiskFullError, LeagueError


class HomeError(LeagueError):
    """The folder of the league, or a file that was asked for, cannot be used."""


class FullHomeError(HomeError, DiskFullError):
    """The disk that a file is written to is full."""


@dataclass(frozen=True)
class Home:
    """The folder that holds one league: ``league.db``, ``players/``, ``runs/``."""

    folder: Path

    @classmethod
    def find(cls, folder: str | None) -> "Home":
        """Return the home at ``folder``, else ``RALLY_HOME``, else the user's data folder; make it if needed.

        Raises
        ------
        HomeError
            If it is no folder or cannot be made.
        """
        path = Path(folder or os.environ.get("RALLY_HOME") or platformdirs.user_data_dir("rally-league")).expanduser()
        try:
            (path / "players").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise HomeError(
                f"the league's folder {path} cannot be used ({error.strerror}): name another one with --home"
            ) from error
        return cls(path.resolve())

    @property
    def database(self) -> Path:
        """The database file."""
        return self.folder / "league.db"

    @property
    def players(self) -> Path:
        """The folder of the player files."""
        return self.folder / "players"


def write_atomic(path: Path, content: bytes) -> None:
    """Write ``content`` to ``path``, in a new folder if need be: all of it or, whatever happens, the file as it was.

    Raises
    ------
    HomeError
        If it cannot be written; a ``FullHomeError`` if the disk is full.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(path, error) from error
    with atomic_file(path) as file:
        file.write(content)


@contextmanager
def atomic_file(path: Path) -> Iterator[IO[bytes]]:
    """Give a temporary file that becomes ``path`` at the end; whatever goes wrong, ``path`` stays as it was.

    Raises
    ------
    HomeError
        If the file cannot be written; a ``FullHomeError`` if the disk is full.
    """
    if path.is_dir():
        raise HomeError(f"{path} cannot be written: it is a folder; name a file in it")
    try:
        temporary = tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False)  # noqa: SIM115
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        with temporary:  # is closed before it is renamed or taken away
            yield temporary
            temporary.flush()
            os.fsync(temporary.fileno())
        Path(temporary.name).chmod(0o644)
        Path(temporary.name).replace(path)
    except BaseException as error:
        Path(temporary.name).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise _unwritable(path, error) from error
        raise


def _unwritable(path: Path, error: OSError) -> HomeError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return FullHomeError(f"{path} cannot be written, its disk is full: make room, or choose another folder")
    return HomeError(f"{path} cannot be written: {error.strerror or error}")
