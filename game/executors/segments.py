"""Segments of shared memory, whose names tell their owners: what a killed program has left is found, and removed by the next.

``multiprocessing``'s resource tracker frees the segments of a program that was killed. It is a process itself, and dies with
a whole group of processes that is killed; then the names are what is left to go by.
"""

import contextlib
import itertools
import os
import re
import shutil
import sys
from multiprocessing import shared_memory
from pathlib import Path
from typing import Final

import psutil

SEGMENTS: Final = Path("/dev/shm")  # noqa: S108  # where Linux keeps them

_PREFIX: Final = "rally"
_NAME: Final = re.compile(rf"{_PREFIX}-(\d+)-(\d+)-\d+")  # the owner's process namespace and id, a running number

_running_numbers: Final = itertools.count()


def new_segment(size: int) -> shared_memory.SharedMemory:
    """Return a new segment of at least ``size`` bytes, whose name tells its owner."""
    while True:
        name = f"{_PREFIX}-{process_namespace()}-{os.getpid()}-{next(_running_numbers)}"
        with contextlib.suppress(FileExistsError):  # left by a dead owner that had this id
            return shared_memory.SharedMemory(name, create=True, size=max(size, 1))


def attached_segment(name: str) -> shared_memory.SharedMemory:
    """Return another process's segment, which stays its own."""
    if sys.version_info >= (3, 13):
        return shared_memory.SharedMemory(name=name, track=False)
    # the resource tracker is the parent's: it counts the name once, and the parent's unlink clears it
    return shared_memory.SharedMemory(name=name)


def buffer_of(segment: shared_memory.SharedMemory) -> memoryview:
    """Return the bytes of an open segment."""
    buffer = segment.buf
    assert buffer is not None  # noqa: S101  # it is open
    return buffer


def has_room(size: int, folder: Path = SEGMENTS) -> bool:
    """Whether a segment of ``size`` bytes can be filled: Linux makes one that is too large, and kills who writes to it."""
    return not folder.is_dir() or shutil.disk_usage(folder).free > size


def process_namespace() -> int:
    """Return within what process ids mean something: containers may share their segments, but not their ids."""
    try:
        return Path("/proc/self/ns/pid").stat().st_ino
    except OSError:  # not Linux
        return 0


def remove_stale_segments(folder: Path = SEGMENTS) -> None:
    """Remove the segments in ``folder`` whose owner, a process of this machine and user, is dead. Does nothing but on Linux."""
    if sys.platform != "linux":
        return
    namespace = process_namespace()
    for path in folder.glob(f"{_PREFIX}-*"):
        name = _NAME.fullmatch(path.name)
        if name and int(name[1]) == namespace and not psutil.pid_exists(int(name[2])):
            with contextlib.suppress(OSError):  # another user's, or somebody else was quicker
                path.unlink()
