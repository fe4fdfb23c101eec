"""Arrays in shared memory that both sides write."""

import math
import weakref
from collections.abc import Callable
from multiprocessing import shared_memory

import numpy as np
from numpy.typing import NDArray

from ai.dqn.columns import Columns
from ai.shared_data import ArrayPlace, Arrays, ArraysAddress, SharedArrays
from game.executors.segments import attached_segment, buffer_of


class WritableViews:
    """A process's own views of shared arrays, by name; others see at once what is written."""

    def __init__(self, address: ArraysAddress) -> None:
        segment = attached_segment(address.segment)
        # unlike an array that is laid over the buffer, these keep the segment from being unmapped while they are used
        whole = np.frombuffer(buffer_of(segment), np.uint8)
        self._views = {place.name: _view(whole, place) for place in address.places}
        self._free = weakref.finalize(self, _let_go, segment)

    def __getitem__(self, name: str) -> NDArray[np.generic]:
        return self._views[name]

    def columns(self) -> Columns:
        """Return the columns that were shared under their names."""
        return Columns(**self._views)  # type: ignore[arg-type]  # they are what was shared

    def close(self) -> None:
        """Let go of the segment; calling it again does nothing."""
        self._views.clear()
        self._free()


def _let_go(segment: shared_memory.SharedMemory) -> None:
    try:
        segment.close()
    except BufferError:  # somebody holds a view: the mapping ends with the last one
        segment.close = _nothing  # type: ignore[method-assign]  # it would try again when it is freed, and complain


def _nothing() -> None:
    pass


def _view(whole: NDArray[np.uint8], place: ArrayPlace) -> NDArray[np.generic]:
    dtype = np.dtype(place.dtype)
    end = place.offset + math.prod(place.shape) * dtype.itemsize
    view: NDArray[np.generic] = whole[place.offset : end].view(dtype).reshape(place.shape)
    return view


class OwnedArrays:
    """Owner of arrays that were shared; ``views`` are its own. Where there is no room for them, ``hindrance`` says why."""

    def __init__(self, arrays: Arrays, has_room: Callable[[int], bool]) -> None:
        self._shared = SharedArrays(arrays, has_room=has_room)
        self.hindrance = self._shared.hindrance
        self.address = None if self.hindrance else self._shared.address
        self.views = None if self.address is None else WritableViews(self.address)

    def close(self) -> None:
        """Free the segment; calling it again does nothing."""
        if self.views is not None:
            self.views.close()
            self.views = None
        self._shared.close()
