"""What the frames cost: how many a second, and milliseconds a frame. No Qt here."""

from collections import deque
from dataclasses import dataclass
from typing import Final

_PERIOD_S: Final = 1.0


@dataclass(frozen=True)
class FrameStatistics:
    """Frames of one second."""

    per_second: float
    median_ms: float
    p99_ms: float
    longest_gap_ms: float
    """Longest time from one frame to the next."""


class FrameCounter:
    """Collects the frames of a second."""

    def __init__(self) -> None:
        self._begin: float | None = None
        self._last = 0.0
        self._costs_ms: deque[float] = deque()
        self._longest_s = 0.0

    def add(self, now: float, cost_ms: float) -> FrameStatistics | None:
        """Count a frame that was done at ``now`` seconds; once a second, return its statistics."""
        if self._begin is None:
            self._begin = self._last = now
            return None
        self._costs_ms.append(cost_ms)
        self._longest_s = max(self._longest_s, now - self._last)
        self._last = now
        if now - self._begin < _PERIOD_S:
            return None
        statistics = self._statistics(now)
        self.reset()
        self._begin = self._last = now
        return statistics

    def reset(self) -> None:
        """Begin anew: frames were not wanted for a while."""
        self._begin = None
        self._costs_ms.clear()
        self._longest_s = 0.0

    def _statistics(self, now: float) -> FrameStatistics:
        assert self._begin is not None  # noqa: S101  # a second has passed since
        costs = sorted(self._costs_ms)
        return FrameStatistics(
            per_second=len(costs) / (now - self._begin),
            median_ms=costs[len(costs) // 2],
            p99_ms=costs[min(len(costs) - 1, int(0.99 * len(costs)))],
            longest_gap_ms=self._longest_s * 1000,
        )
