"""Arrays in shared memory that both sides write."""

from collections.abc import Callable
from multiprocessing import shared_memory
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ai.dqn.columns import Columns
from ai.shared_data import Arrays, ArraysAddress, SharedArrays
from game.executors.segments import attached_segment, buffer_of

_still_used: Final[list[shared_memory.SharedMemory]] = []
"""Mappings whose owner has let go of them while somebody held a view: they end with the process."""


class WritableViews:
    """A process's own views of shared arrays, by name; others see at once what is written."""

    def __init__(self, address: ArraysAddress) -> None:
        self._segment = attached_segment(address.segment)
        buffer = buffer_of(self._segment)
        self._views: dict[str, NDArray[np.generic]] = {
            place.name: np.ndarray(place.shape, place.dtype, buffer, place.offset) for place in address.places
        }

    def __getitem__(self, name: str) -> NDArray[np.generic]:
        return self._views[name]

    def columns(self) -> Columns:
        """Return the columns that were shared under their names."""
        return Columns(**self._views)  # type: ignore[arg-type]  # they are what was shared

    def close(self) -> None:
        """Let go of the segment, or leave it to who still holds a view."""
        self._views.clear()
        try:
            self._segment.close()
        except BufferError:
            _still_used.append(self._segment)


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
