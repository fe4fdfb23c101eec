"""A queue that never makes its writer wait: beyond its limit the oldest item that a later one replaces is dropped."""

import threading
from collections import deque
from typing import Final, Generic, TypeVar

T = TypeVar("T")

REPLACEABLE: Final = frozenset({"progress", "ratings"})
"""Events of which only the newest matters: a reader that is too slow misses older ones, and never any other."""


class EventQueue(Generic[T]):
    """First in, first out, between threads. An item that is not replaceable is never dropped."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._items: deque[tuple[T, bool]] = deque()
        self._changed = threading.Condition()
        self._is_closed = False

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: T, *, is_replaceable: bool) -> None:
        """Append ``item``; after ``close`` it is lost."""
        with self._changed:
            if self._is_closed:
                return
            self._items.append((item, is_replaceable))
            if len(self._items) > self._limit:
                self._drop_one()
            self._changed.notify_all()

    def take(self, timeout_s: float | None = 0.0) -> T | None:
        """Return the oldest item; None if there is none within ``timeout_s`` (None waits), or the queue is closed and empty."""
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._is_closed, timeout_s)
            return self._items.popleft()[0] if self._items else None

    def close(self) -> None:
        """Take nothing more in; what is there can still be taken."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def _drop_one(self) -> None:
        for place, (_, is_replaceable) in enumerate(self._items):
            if is_replaceable:
                del self._items[place]
                return
