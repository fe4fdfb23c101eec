"""Arrays in shared memory: written once by their owner, read by every worker process without a copy.

No segment outlives its owner by more than a moment, however that ends: Python's resource tracker, a process of its own, unlinks
what a killed owner has left, once the owner's workers have ended too. A worker owns nothing, so nothing is left of one either.
Who kills the whole process group kills the tracker as well: a segment's name tells its owner, and the next one to share
something removes what dead owners have left.
"""

import contextlib
import errno
import logging
import os
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from multiprocessing import shared_memory
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ai.errors import TrainingError
from game.executors.segments import attached_segment, buffer_of, new_segment, remove_stale_segments
from game.executors.segments import has_room as segments_have_room

logger = logging.getLogger(__name__)

Arrays: TypeAlias = Mapping[str, NDArray[np.generic]]
"""Arrays by name."""

_ALIGNMENT: Final = 64  # bytes: a cache line, and more than any vector instruction asks for
_NUMBERS: Final = "biufc"  # kinds of numpy types without pointers in them


@dataclass(frozen=True)
class ArrayPlace:
    """Where one array lies in a segment; ``offset`` in bytes."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    offset: int


@dataclass(frozen=True)
class ArraysAddress:
    """Where a worker finds arrays: a segment's name, or the bytes themselves where there is no shared memory."""

    segment: str
    content: bytes
    places: tuple[ArrayPlace, ...]


def _layout(arrays: Arrays) -> tuple[tuple[ArrayPlace, ...], int]:
    """Return the places of ``arrays`` one behind the other, and the bytes that they take."""
    places = []
    end = 0
    for name, array in arrays.items():
        if array.dtype.kind not in _NUMBERS:
            raise TrainingError(f"'{name}' holds {array.dtype}: only numbers can be shared, convert it first")
        offset = -(-end // _ALIGNMENT) * _ALIGNMENT
        places.append(ArrayPlace(name, array.dtype.str, array.shape, offset))
        end = offset + array.nbytes
    return tuple(places), end


def _view(buffer: memoryview | bytes | bytearray, place: ArrayPlace) -> NDArray[np.generic]:
    view: NDArray[np.generic] = np.ndarray(place.shape, place.dtype, buffer, place.offset)
    return view


class SharedArrays:
    """Owner of one segment that holds copies of some arrays. A context manager: ``close`` unlinks the segment.

    Where none can be had, every worker gets the bytes, and ``hindrance`` says why.
    """

    def __init__(self, arrays: Arrays, *, has_room: Callable[[int], bool] = segments_have_room) -> None:
        places, size = _layout(arrays)
        segment: shared_memory.SharedMemory | None = None
        copy = bytearray()
        self.hindrance = ""
        try:
            if not has_room(size):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            segment = new_segment(size)
        except OSError as error:
            self.hindrance = str(error)
            copy = bytearray(size)
        buffer = copy if segment is None else buffer_of(segment)
        for place, array in zip(places, arrays.values(), strict=True):
            _view(buffer, place)[...] = array
        self._segment = segment
        self._free = weakref.finalize(self, _free, segment, os.getpid())
        self.address = ArraysAddress("" if segment is None else segment.name, bytes(copy), places)

    def __enter__(self) -> "SharedArrays":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def holds(self, arrays: Arrays) -> bool:
        """Whether the content is that of ``arrays``, bit for bit; not to be asked after ``close``."""
        buffer = self.address.content if self._segment is None else buffer_of(self._segment)
        places, _ = _layout(arrays)
        return places == self.address.places and all(
            _view(buffer, place).tobytes() == array.tobytes()
            for place, array in zip(places, arrays.values(), strict=True)
        )

    def close(self) -> None:
        """Free the segment; workers that still map it keep it until they let go. Calling it again does nothing."""
        self._free()


def _free(segment: shared_memory.SharedMemory | None, owner: int) -> None:
    if segment is not None and os.getpid() == owner:  # a forked worker has inherited the object, not the segment
        segment.close()
        segment.unlink()


class SharedDatasets:
    """Arrays in shared memory by name, counted: what was registered twice is freed with the second release.

    A context manager: leaving it releases everything. It belongs to one thread.
    """

    def __init__(self, *, has_room: Callable[[int], bool] = segments_have_room) -> None:
        self._has_room = has_room
        self._held: dict[str, SharedArrays] = {}
        self._counts: dict[str, int] = {}
        self._is_told = False
        remove_stale_segments()

    def __enter__(self) -> "SharedDatasets":
        return self

    def __exit__(self, *_: object) -> None:
        self.release_all()

    def register(self, name: str, array: NDArray[np.generic]) -> ArraysAddress:
        """Copy ``array`` into shared memory under ``name``, or count one use more if the same lies there already.

        Raises
        ------
        TrainingError
            If ``name`` stands for other numbers, or ``array`` holds objects or texts.
        """
        arrays = {name: array}
        if name not in self._held:
            self._held[name] = self.share(arrays)
        elif not self._held[name].holds(arrays):
            raise TrainingError(f"dataset '{name}' is registered with other numbers: release it, or take another name")
        self._counts[name] = self._counts.get(name, 0) + 1
        return self._held[name].address

    def share(self, arrays: Arrays) -> SharedArrays:
        """Return copies of ``arrays`` in one segment that is the caller's to close; ``TrainingError`` as ``register``."""
        shared = SharedArrays(arrays, has_room=self._has_room)
        if shared.hindrance and not self._is_told:
            self._is_told = True
            logger.warning("no shared memory for training data (%s): every worker gets copies", shared.hindrance)
        return shared

    def release(self, name: str) -> None:
        """Count one use of ``name`` less and free it with the last; ``TrainingError`` if it is not registered."""
        if name not in self._held:
            raise TrainingError(f"dataset '{name}' is not registered: {', '.join(self._held) or 'none'} is")
        self._counts[name] -= 1
        if not self._counts[name]:
            del self._counts[name]
            self._held.pop(name).close()

    def addresses(self) -> tuple[ArraysAddress, ...]:
        """Return what a worker needs to read everything that is registered; it can be pickled."""
        return tuple(held.address for held in self._held.values())

    def release_all(self) -> None:
        """Free everything, however often it was registered."""
        self._counts.clear()
        while self._held:
            self._held.popitem()[1].close()


class SharedViews(Mapping[str, NDArray[np.generic]]):
    """A worker's read-only views of what its parent has shared, by name. A context manager."""

    def __init__(self, addresses: Iterable[ArraysAddress]) -> None:
        self._segments: list[shared_memory.SharedMemory] = []
        self._views: dict[str, NDArray[np.generic]] = {}
        for address in addresses:
            buffer: bytes | memoryview = address.content
            if address.segment:
                self._segments.append(attached_segment(address.segment))
                buffer = buffer_of(self._segments[-1]).toreadonly()
            self._views.update({place.name: _view(buffer, place) for place in address.places})

    def __enter__(self) -> "SharedViews":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __getitem__(self, name: str) -> NDArray[np.generic]:
        return self._views[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._views)

    def __len__(self) -> int:
        return len(self._views)

    def close(self) -> None:
        """Let go of the segments; calling it again does nothing."""
        self._views.clear()
        while self._segments:
            with contextlib.suppress(BufferError):  # a view is still held: then the mapping ends with the process
                self._segments.pop().close()
