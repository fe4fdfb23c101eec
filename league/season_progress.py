"""How far a season is, and when that is reported."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

Clock: TypeAlias = Callable[[], float]

_PROGRESS_S: Final = 0.1


@dataclass(frozen=True)
class Progress:
    """How far a season is. Rates are of this run; ``expected`` counts the season's matches, an upper bound if not exact."""

    done: int
    expected: int
    is_exact: bool
    played: int
    ticks: int
    seconds: float
    faults: int
    workers: int

    @property
    def matches_per_s(self) -> float:
        """Matches played in this run, a second."""
        return self.played / self.seconds if self.seconds > 0 else 0.0

    @property
    def eta_s(self) -> float | None:
        """Seconds that the rest will take at this rate; None before the first match, or within the clock's first step."""
        return (self.expected - self.done) / self.matches_per_s if self.matches_per_s else None


ProgressCallback: TypeAlias = Callable[[Progress], None]


class Watch:
    """Reports what ``measure`` makes of the seconds since its begin, at most ten times a second."""

    def __init__(self, measure: Callable[[float], Progress], callback: ProgressCallback | None, clock: Clock) -> None:
        self._measure = measure
        self._callback = callback
        self._clock = clock
        self._begin = self._last = clock()

    def tick(self) -> None:
        """Report if the last report is old enough."""
        if self._clock() - self._last >= _PROGRESS_S:
            self.report()

    def report(self) -> None:
        """Report now."""
        self._last = self._clock()
        if self._callback is not None:
            self._callback(self._measure(self._last - self._begin))
