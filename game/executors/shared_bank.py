"""A bank in shared memory: packed once by the parent, mapped by every worker."""

import contextlib
import errno
import logging
import os
import weakref
from dataclasses import dataclass
from multiprocessing import shared_memory

import numpy as np
from numpy.typing import NDArray

from game.executors.segments import attached_segment, buffer_of, has_room, new_segment, remove_stale_segments
from game.policies.bank import Bank, read_only

logger = logging.getLogger(__name__)


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


class SharedBank:
    """Owner of a bank's segment: made by the parent, unlinked by ``close``."""

    def __init__(self, bank: Bank) -> None:
        remove_stale_segments()
        content = _content(bank)
        segment: shared_memory.SharedMemory | None = None
        name, copy = "", b""
        try:
            if not has_room(len(content)):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            segment = new_segment(len(content))
            buffer_of(segment)[: len(content)] = content.tobytes()
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
        self._segment = attached_segment(address.segment)
        self._bank = read_only(_views(buffer_of(self._segment), address))

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
