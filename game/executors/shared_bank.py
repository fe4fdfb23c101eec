"""A bank in shared memory: packed once by the parent, mapped by every worker."""

import contextlib
import errno
import logging
import os
import shutil
import sys
import weakref
from dataclasses import dataclass
from multiprocessing import shared_memory
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from game.policies.bank import Bank, read_only

logger = logging.getLogger(__name__)

_SEGMENTS: Final = Path("/dev/shm")  # noqa: S108  # where Linux keeps them


@dataclass(frozen=True)
class BankAddress:
    """Where a worker finds a bank: a segment's name, or the bytes themselves where there is no shared memory."""

    segment: str
    content: bytes
    rows: int
    integers: int
    reals: int


def _views(buffer: memoryview | bytes, address: BankAddress) -> Bank:
    columns = 5
    table = np.frombuffer(buffer, np.int64, address.rows * columns).reshape(-1, columns)
    integers = np.frombuffer(buffer, np.int32, address.integers, table.nbytes)
    reals = np.frombuffer(buffer, np.float32, address.reals, table.nbytes + integers.nbytes)
    return Bank(table, integers, reals)


def _content(bank: Bank) -> NDArray[np.uint8]:
    return np.concatenate([np.ascontiguousarray(array).reshape(-1).view(np.uint8) for array in bank])


def _buffer(segment: shared_memory.SharedMemory) -> memoryview:
    buffer = segment.buf
    assert buffer is not None  # noqa: S101  # it is open
    return buffer


def _has_room(size: int, folder: Path = _SEGMENTS) -> bool:
    """Whether a segment of ``size`` bytes can be filled: Linux makes one that is too large, and kills who writes to it."""
    return not folder.is_dir() or shutil.disk_usage(folder).free > size


class SharedBank:
    """Owner of a bank's segment: made by the parent, unlinked by ``close``."""

    def __init__(self, bank: Bank) -> None:
        content = _content(bank)
        segment: shared_memory.SharedMemory | None = None
        name, copy = "", b""
        try:
            if not _has_room(len(content)):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            segment = shared_memory.SharedMemory(create=True, size=max(len(content), 1))
            _buffer(segment)[: len(content)] = content.tobytes()
            name = segment.name
        except OSError as error:
            logger.warning("no shared memory for the policies (%s): every worker gets a copy", error)
            copy = content.tobytes()
        self._free = weakref.finalize(self, _free, segment)
        self.address = BankAddress(name, copy, len(bank.table), len(bank.integers), len(bank.reals))

    def close(self) -> None:
        """Free the segment; workers that still map it keep it until they let go."""
        self._free()


def _free(segment: shared_memory.SharedMemory | None) -> None:
    if segment is not None:
        segment.close()
        segment.unlink()


class MappedBank:
    """A worker's read-only view of a ``SharedBank``."""

    def __init__(self, address: BankAddress) -> None:
        self._segment: shared_memory.SharedMemory | None = None
        if not address.segment:
            self._bank: Bank | None = _views(address.content, address)
            return
        if sys.version_info >= (3, 13):
            self._segment = shared_memory.SharedMemory(name=address.segment, track=False)
        else:  # the resource tracker is the parent's: it counts the name once, and the parent's unlink clears it
            self._segment = shared_memory.SharedMemory(name=address.segment)
        self._bank = read_only(_views(_buffer(self._segment), address))

    @property
    def bank(self) -> Bank:
        """The bank; not to be used after ``close``."""
        assert self._bank is not None  # noqa: S101  # our bug, not the caller's input
        return self._bank

    def close(self) -> None:
        """Let go of the segment."""
        self._bank = None
        if self._segment is not None:
            with contextlib.suppress(BufferError):  # a view is still held: then the mapping ends with the process
                self._segment.close()
