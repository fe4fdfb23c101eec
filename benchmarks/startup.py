"""How soon the first match is over: a new process, a worker, and the cold compiler."""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from benchmarks.field import GAME, league_field, pairing
from benchmarks.suite import Row, at_most
from game.executors.base import ExecutorSettings, Matches
from game.executors.pool import SHORT_JOB, PoolExecutor

_ROOT: Final = Path(__file__).resolve().parent.parent
_REPEATS: Final = 5


class _Startup:
    title = "Start-up"

    def rows(self, *, is_quick: bool) -> list[Row]:
        """Measure warm starts as the least of five, the cold compile once."""
        rows = [
            at_most("main.py --no-visuals, warm, to the first finished match", _first_match_s(), "s", 2.0),
            at_most("worker: spawn to its first result, warm", _worker_s(), "s", 1.0),
        ]
        if not is_quick:
            rows.append(at_most("cold compile of all kernels", _cold_s(), "s", 15.0))
        return rows


def _run(code: str, environment: Mapping[str, str] | None = None) -> float:
    """Return the seconds that a new Python process takes for ``code``."""
    begin = time.perf_counter()
    command = [sys.executable, "-c", code]
    subprocess.run(command, cwd=_ROOT, env={**os.environ, **(environment or {})}, check=True, capture_output=True)
    return time.perf_counter() - begin


def _first_match_s() -> float:
    """Return the time from the start of ``main.py --no-visuals`` until progress shows the first matches as done."""
    best = float("inf")
    for seed in range(_REPEATS):
        with tempfile.TemporaryDirectory() as home:
            _run("pass", {"RALLY_HOME": home})
            command = [sys.executable, "main.py", "--home", home, "players", "list"]
            subprocess.run(
                command, cwd=_ROOT, check=True, capture_output=True
            )  # the league exists, as on any later start
            command = [sys.executable, "main.py", "--home", home, "--no-visuals", "--seed", str(seed)]
            begin = time.perf_counter()
            with subprocess.Popen(
                command, cwd=_ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
            ) as run:
                assert run.stderr is not None
                text = ""
                while not re.search(r"\| *[1-9][\d.]*k?/", text):
                    text += run.stderr.read(1)
                best = min(best, time.perf_counter() - begin)
                run.stderr.read()
    return best


def _worker_s() -> float:
    matches = Matches(GAME, league_field(3), pairing(0, 1, SHORT_JOB))
    best = float("inf")
    for _ in range(_REPEATS):
        with PoolExecutor(settings=ExecutorSettings(workers=1, batch_size=2)) as pool:
            begin = time.perf_counter()
            chunks = pool.play(matches.game, matches.policies, [matches.rows])
            next(chunks)
            best = min(best, time.perf_counter() - begin)
    return best


def _cold_s() -> float:
    """Return what an empty kernel cache adds to a process that makes sure of its kernels."""
    code = "from game.warmup import warm_up; warm_up(lambda line: None)"
    with tempfile.TemporaryDirectory() as cache:
        cold = _run(code, {"RALLY_KERNEL_CACHE": cache})
        return cold - _run(code, {"RALLY_KERNEL_CACHE": cache})


BENCHMARK: Final = _Startup()
