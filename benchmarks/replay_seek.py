"""How soon any tick of a long match is on the screen: the scan that leaves keyframes, and seeks after it."""

import functools
import statistics
import time
from collections.abc import Callable
from typing import Final

import numpy as np

from benchmarks.field import GAME, dense, graph
from benchmarks.suite import Row, at_most, seconds_of
from game.policies.bank import Policy
from game.policies.scripted import ScriptedPolicy
from game.tape import Tape
from game.timeline import LiveMatch, Timeline

_POINTS: Final = 21
_LONG_TICKS: Final = 18_000  # five minutes
_SEEKS: Final = 2_000


class _ReplaySeek:
    title = "Replays: a match to 21 points, some five minutes"

    def rows(self, *, is_quick: bool) -> list[Row]:
        """Scan once more for each figure, seek at random; a tape is scanned step by step."""
        seeks = _SEEKS // 4 if is_quick else _SEEKS
        rows: list[Row] = []
        for name, policies in _pairings().items():
            seed = _long_seed(policies)
            rows += _rows(name, functools.partial(Timeline, GAME, policies, seed, _POINTS), seeks, 100.0)
            from_tape = functools.partial(Timeline, GAME, policies, seed, _POINTS, _tape(policies, seed))
            rows += _rows(f"{name}, from tape", from_tape, seeks, 1000.0)
        return rows


def _rows(name: str, make: Callable[[], Timeline], seeks: int, most_scan_ms: float) -> list[Row]:
    timeline = make()
    timeline.result()
    scan_s = seconds_of(lambda: make().result())
    times = _seek_times_ms(timeline, seeks)
    return [
        Row(f"{name}: ticks", timeline.length or 0, ""),
        at_most(f"{name}: scan of the whole match", scan_s * 1e3, "ms", most_scan_ms),
        Row(f"{name}: seek to a random tick, median", statistics.median(times), "ms"),
        at_most(f"{name}: seek to a random tick, 99 % under", float(np.quantile(times, 0.99)), "ms", 5.0),
    ]


def _tape(policies: tuple[Policy, Policy], seed: int) -> Tape:
    live = LiveMatch(GAME, policies, seed, _POINTS)
    while live.step():
        pass
    return live.tape


def _pairings() -> dict[str, tuple[Policy, Policy]]:
    aimer, predictor = (ScriptedPolicy.of(GAME, name) for name in ("aimer", "predictor"))
    return {"scripted bots": (aimer, predictor), "dense against graph": (dense(1), graph(1))}


def _long_seed(policies: tuple[Policy, Policy]) -> int:
    """Return the first seed on which a match is about five minutes long, or else the longest of some."""
    lengths = {}
    for seed in range(24):
        timeline = Timeline(GAME, policies, seed, _POINTS)
        timeline.result()
        lengths[seed] = timeline.length or 0
        if lengths[seed] >= _LONG_TICKS:
            return seed
    return max(lengths, key=lambda seed: lengths[seed])


def _seek_times_ms(timeline: Timeline, seeks: int) -> list[float]:
    ticks = np.random.default_rng(1).integers(0, timeline.length or 1, seeks).tolist()
    times = []
    for tick in ticks:
        begin = time.perf_counter()
        timeline.seek(tick)
        timeline.picture()
        times.append((time.perf_counter() - begin) * 1e3)
    return times


BENCHMARK: Final = _ReplaySeek()
