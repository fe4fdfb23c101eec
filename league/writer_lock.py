"""One writer to a league at a time: a lock that the operating system takes back when its holder dies."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, NamedTuple

import psutil
from filelock import FileLock, Timeout

from league.errors import ReadOnlyDatabaseError, SecondWriterError

LOCK_NAME: Final = "league.lock"

_SAME_START_S: Final = 10.0
"""Two readings of when a process began may differ by this much: a system that sets its clock moves them."""


class Writer(NamedTuple):
    """A process that says it writes a league: its id, and when it began (seconds of the system's clock)."""

    process_id: int
    started_s: float


@contextmanager
def writer_lock(home: Path) -> Iterator[None]:
    """Hold the right to write seasons of the league in the folder ``home``; never waits.

    The file stays behind when the lock is released: to delete it would let two holders in.

    Raises
    ------
    SecondWriterError
        Another process, or another part of this one, holds it; the message names the process.
    ReadOnlyDatabaseError
        The lock file cannot be written.
    """
    path = home / LOCK_NAME
    held: list[int] = []

    def take(descriptor: int) -> None:
        _write_holder(descriptor)
        held.append(descriptor)

    lock = FileLock(path, blocking=False, fallback_to_soft=False, thread_local=False, on_acquired=take)
    try:
        home.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise SecondWriterError(
            f"{home} is being written by {_holder(path)}: wait until it is done, or stop it, then try again"
        ) from error
    except OSError as error:
        raise ReadOnlyDatabaseError(f"{path} cannot be locked: allow writing to its folder ({error})") from error
    try:
        yield
    finally:
        with suppress(OSError):  # a full disk: a name left behind is that of a process that has ended, or soon has
            os.ftruncate(held[0], 0)
        lock.release()


def running_writer(home: Path) -> Writer | None:
    """Return the process that holds ``writer_lock`` of the folder ``home``; None if nobody seems to.

    It reads what the holder wrote and looks for that process, and never touches the lock: a test of the lock itself
    could turn away a season that starts in the same instant. So it is for showing; who wants to write asks the lock.
    """
    writer = _read_holder(home / LOCK_NAME)
    if writer is None:
        return None
    try:
        started_s = psutil.Process(writer.process_id).create_time()
    except psutil.Error:  # ended, or another user's, who cannot hold this lock file either
        return None
    return writer if abs(started_s - writer.started_s) < _SAME_START_S else None


def _write_holder(descriptor: int) -> None:
    """Leave this process in the lock file, after its first byte: Windows locks that one against reading."""
    os.lseek(descriptor, 0, os.SEEK_SET)
    os.ftruncate(descriptor, 0)
    os.write(descriptor, f" {os.getpid()} {psutil.Process().create_time()}\n".encode())


def _read_holder(path: Path) -> Writer | None:
    try:
        with path.open("rb", buffering=0) as file:
            file.seek(1)
            process_id, started_s = (file.read(64) or b"").split()
        return Writer(int(process_id), float(started_s)) if process_id.isdigit() else None
    except (OSError, ValueError):
        return None


def _holder(path: Path) -> str:
    writer = _read_holder(path)
    return "another process" if writer is None else f"process {writer.process_id}"
