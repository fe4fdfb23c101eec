"""How soon self-play is better than the strongest bot, from scratch with its long preset, seed by seed."""

import math
import statistics
import sys
from typing import Final

from benchmarks.selfplay_learning import Course, trained
from benchmarks.suite import Row, at_most

_TARGET_S: Final = 900.0
_LOOK_S: Final = 20.0


class _Strength:
    title = "Self-play from scratch, preset long: seconds of training until better than aimer by two SPRTs at 5 %"

    def rows(self, *, is_quick: bool) -> list[Row]:
        """Train each seed until it is better, or to its end."""
        seeds = (1,) if is_quick else (1, 2, 3)
        found = [trained("long", seed, _LOOK_S, _tell, _is_better).strong_s for seed in seeds]
        rows = [Row(f"seed {seed}", seconds, "s") for seed, seconds in zip(seeds, found, strict=True)]
        return [*rows, at_most("median", statistics.median(found), "s", _TARGET_S)]


def _is_better(course: Course) -> bool:
    return not math.isinf(course.strong_s)


def _tell(line: str) -> None:
    sys.stderr.write(f"  {line}\n")


BENCHMARK = _Strength()
