"""The pool against serial play, and what dispatch costs."""

import time
from typing import Final

import numpy as np

from benchmarks.field import GAME, league_field, round_robin
from benchmarks.suite import Row, at_least, at_most
from game.executors.base import ExecutorSettings, Matches, usable_cores
from game.executors.pool import PoolExecutor
from game.executors.serial import SerialExecutor

_PLAYERS: Final = 12
_ROUNDS: Final = 5


class _Pool:
    title = "Pool against serial, the same matches alternating in one run"

    def rows(self, *, is_quick: bool) -> list[Row]:
        """Alternate serial and pool with 1 to all cores' workers; report the median of the paired ratios."""
        count = 5_000 if is_quick else 20_000
        matches = Matches(GAME, league_field(_PLAYERS), round_robin(_PLAYERS, count))
        rows: list[Row] = []
        with SerialExecutor() as serial:
            expected = serial.run(matches)
            for workers in range(1, usable_cores() + 1):
                with PoolExecutor(settings=ExecutorSettings(workers=workers)) as pool:
                    if not np.array_equal(pool.run(matches), expected):
                        raise RuntimeError("the pool's results differ from the serial ones")
                    ratios, rate = _paired(serial, pool, matches)
                rows.append(Row(f"matches/s, pool of {workers}", rate, "1/s"))
                name = f"pool of {workers} / ({workers} x serial), {len(matches.rows):,} matches"
                rows.append(at_least(name, float(np.median(ratios)) / workers, "", 0.9))
        rows.append(_dispatch(matches))
        return rows


def _paired(serial: SerialExecutor, pool: PoolExecutor, matches: Matches) -> tuple[list[float], float]:
    ratios, best = [], float("inf")
    for _ in range(_ROUNDS):
        begin = time.perf_counter()
        serial.run(matches)
        middle = time.perf_counter()
        pool.run(matches)
        end = time.perf_counter()
        ratios.append((middle - begin) / (end - middle))
        best = min(best, end - middle)
    return ratios, len(matches.rows) / best


def _dispatch(matches: Matches) -> Row:
    """Processor time of the parent while one worker plays, as a share of the time that the worker plays."""
    with PoolExecutor(settings=ExecutorSettings(workers=1)) as pool:
        pool.run(matches)
        shares = []
        for _ in range(_ROUNDS):
            cpu, wall = time.process_time(), time.perf_counter()
            for _ in pool.play(matches.game, matches.policies, [matches.rows]):
                pass
            shares.append((time.process_time() - cpu) / (time.perf_counter() - wall))
    return at_most("dispatch: parent's processor time / play", 100 * float(np.median(shares)), "%", 2.0)


BENCHMARK: Final = _Pool()
