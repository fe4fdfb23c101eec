"""Where a league is kept on disk, and how its files are written."""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from league.errors import LeagueError


class HomeError(LeagueError):
    """The folder of the league cannot be used."""


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
    """Write ``content`` to ``path``: all of it or, whatever happens, the file as it was.

    Raises
    ------
    HomeError
        If the folder cannot be written or the disk is full.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise HomeError(f"{path} cannot be written: {error.strerror}") from error
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise HomeError(f"{path} cannot be written: {error.strerror}") from error
