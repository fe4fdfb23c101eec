"""What a walk through the window waits for."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Until:
    """A thing that the window shows sooner or later."""

    what: str
    is_so: Callable[[], object]
