"""One writer to a league at a time: a lock that the operating system takes back when its holder dies."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from league.errors import ReadOnlyDatabaseError, SecondWriterError

LOCK_NAME: Final = "league.lock"


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
    lock = FileLock(path, blocking=False, fallback_to_soft=False, thread_local=False, on_acquired=_write_holder)
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
        lock.release()


def _write_holder(descriptor: int) -> None:
    """Leave this process's id in the lock file, after its first byte: Windows locks that one against reading."""
    os.lseek(descriptor, 0, os.SEEK_SET)
    os.ftruncate(descriptor, 0)
    os.write(descriptor, f" {os.getpid()}\n".encode())


def _holder(path: Path) -> str:
    try:
        with path.open("rb", buffering=0) as file:
            file.seek(1)
            text = file.read(32) or b""
    except OSError:
        return "another process"
    return f"process {int(text)}" if text.strip().isdigit() else "another process"
