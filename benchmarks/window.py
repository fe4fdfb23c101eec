"""The window as a user meets it: first picture, answers while a season runs, memory over many seasons, and its end.

Each figure comes from a window in a process of its own (offscreen where there is no display), driven by ``_drive``.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from benchmarks.suite import Row, at_least, at_most

_ROOT: Final = Path(__file__).resolve().parent.parent
_REPEATS: Final = 5
_SEASON_S: Final = 20.0
_QUICK_SEASON_S: Final = 6.0
_LONG_S: Final = 600.0


class _Window:
    title = "The window"

    def rows(self, *, is_quick: bool) -> list[Row]:
        """Measure the first picture as the least of five; everything else in windows that play a season in the pool."""
        rows = [at_most("main.py, warm, to the first picture", _first_paint_s(), "s", 1.5)]
        busy = _driven("busy", _QUICK_SEASON_S if is_quick else _SEASON_S)
        rows += [
            at_least("arena beside a season of a million matches: frames a second", busy["fps"], "fps", 60.0),
            at_most("  a frame, 99th percentile of the time between two", busy["frame_p99_ms"], "ms", 25.0),
            at_most("  a frame drawn, median", busy["draw_ms"], "ms", 3.0),
            at_most("  answer to an input, 99th percentile", busy["answer_p99_ms"], "ms", 50.0),
            at_most("  answer to an input, longest", busy["answer_max_ms"], "ms", 50.0),
            at_most("  closing while it runs", busy["close_s"], "s", 3.0),
            at_most(
                "  that season when it was closed: share that was played", busy["done"] / busy["expected"], "", 0.999
            ),
            Row("  that season's speed, in a pool of one", busy["matches_per_s"], "matches/s"),
        ]
        if not is_quick:
            long = _driven("long", _LONG_S)
            rows.append(at_most("memory: growth over ten minutes of seasons", long["growth_mib"], "MiB", 20.0))
        return rows


def _environment() -> dict[str, str]:
    environment = dict(os.environ)
    if not environment.get("DISPLAY") and not environment.get("WAYLAND_DISPLAY"):
        environment["QT_QPA_PLATFORM"] = "offscreen"
    return environment


def _first_paint_s() -> float:
    """Return the time from the start of the process until the window has been painted, the least of some."""
    best = float("inf")
    with tempfile.TemporaryDirectory() as home:
        for _ in range(_REPEATS):
            begin = time.perf_counter()
            command = [sys.executable, "-m", "benchmarks.drive_window", "first", home, "0"]
            with subprocess.Popen(command, cwd=_ROOT, env=_environment(), stdout=subprocess.PIPE, text=True) as window:
                assert window.stdout is not None
                window.stdout.readline()
                best = min(best, time.perf_counter() - begin)
                window.communicate()
    return best


def _driven(what: str, seconds: float) -> dict[str, float]:
    """Return what a window measured of itself during ``seconds``."""
    with tempfile.TemporaryDirectory() as home:
        command = [sys.executable, "-m", "benchmarks.drive_window", what, home, str(seconds)]
        done = subprocess.run(command, cwd=_ROOT, env=_environment(), check=True, capture_output=True, text=True)
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


BENCHMARK: Final = _Window()
