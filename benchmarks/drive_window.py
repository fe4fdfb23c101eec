"""A window that measures itself: ``python -m benchmarks.drive_window first|busy|long HOME SECONDS`` prints one JSON line."""

import itertools
import json
import os
import statistics
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import psutil
from PySide6.QtCore import QEvent, QObject, QTimer, Signal
from PySide6.QtWidgets import QApplication

from app.desktop.application import open_desktop
from app.desktop.arena.panel import ArenaPanel
from app.desktop.close_dialog import CloseChoice
from app.desktop.main_window import MainWindow
from app.session import League
from league.config import SeasonConfig
from league.season import Season

_POKE_S: Final = 0.02
_SETTLE_S: Final = 6.0
_SAMPLE_S: Final = 5.0
_SEASON_MATCHES: Final = 1_000_000


class _Pokes(QObject):
    """Pokes the window from another thread, as an input does, and notes how long each answer takes."""

    poked = Signal(float)

    def __init__(self) -> None:
        super().__init__()
        self.answers_s: list[float] = []
        self._is_over = threading.Event()
        self.poked.connect(lambda at: self.answers_s.append(time.perf_counter() - at))
        self._thread = threading.Thread(target=self._poke, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._is_over.set()
        self._thread.join()

    def _poke(self) -> None:
        while not self._is_over.wait(_POKE_S):
            self.poked.emit(time.perf_counter())


class _Paints(QObject):
    """Notes when a widget is painted."""

    def __init__(self, watched: QObject) -> None:
        super().__init__()
        self.times_s: list[float] = []
        watched.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802  # Qt's name
        if event.type() is QEvent.Type.Paint:
            self.times_s.append(time.perf_counter())
        return super().eventFilter(watched, event)


class _Driver(QObject):
    def __init__(self, window: MainWindow, what: str, seconds: float) -> None:
        super().__init__(window)
        self._window = window
        self._seconds = seconds
        self._pokes = _Pokes()
        self._draws_ms: list[float] = []
        self._memory: list[float] = []
        self._progress: dict[str, float] = {}
        window.desktop.jobs.event.connect(self._take)
        window.painted.connect({"first": self._print_and_quit}.get(what, lambda: None))
        if what != "first":
            window.filled.connect(lambda: _after(_SETTLE_S, self._begin))
        self._what = what

    def _print_and_quit(self) -> None:
        sys.stdout.write("painted\n")
        sys.stdout.flush()
        self._window.close()

    def _begin(self) -> None:
        self._start_season(1)
        _after(_SETTLE_S, self._measure)

    def _take(self, _job: str, message: dict[str, object]) -> None:
        if message.get("event") == "progress" and "matches_per_s" in message:
            self._progress = {name: float(str(message[name])) for name in ("done", "expected", "matches_per_s")}

    def _start_season(self, seed: int) -> None:
        """Make a season and run it as a job, as the season card does."""
        desktop = self._window.desktop

        def create(league: League) -> int:
            players = tuple(sorted(row.hash for row in league.library.players()))
            pairings = len(players) * (len(players) - 1) // 2
            pairs = -(-_SEASON_MATCHES // (2 * pairings)) if self._what == "busy" else 200
            config = SeasonConfig(players=players, pairs=pairs, seed=seed)
            return Season.create(league.store, config, f"season {seed}").row.id

        def play(season_id: int) -> None:
            arguments = ["play", "--season", str(season_id), "--home", str(desktop.home.folder), "--events"]
            self._job = desktop.jobs.start(f"season {season_id}", arguments, "season")
            desktop.hub.season_selected.emit(season_id)
            desktop.hub.seasons_changed.emit()

        desktop.reader.ask(create, play)
        self._seed = seed

    def _measure(self) -> None:
        if self._what == "long":
            self._window.desktop.jobs.ended.connect(self._next_season)
            self._sampler = QTimer(self)
            self._sampler.timeout.connect(self._sample)
            self._sampler.start(int(_SAMPLE_S * 1000))
        else:
            arena = self._window.panel("arena")
            assert isinstance(arena, ArenaPanel)
            self._paints = _Paints(arena.stage.canvas)
            self._window.desktop.hub.arena_frame.connect(lambda _fps, ms: self._draws_ms.append(ms))
            self._pokes.start()
        _after(self._seconds, self._end)

    def _next_season(self, job: str, _is_ok: bool, _reason: str) -> None:  # noqa: FBT001  # a signal's arguments
        if job == self._job:
            self._start_season(self._seed + 1)

    def _sample(self) -> None:
        self._memory.append(psutil.Process().memory_info().rss / 2**20)

    def _end(self) -> None:
        figures: dict[str, float] = {}
        if self._what == "long":
            self._sampler.stop()
            tenth = max(1, len(self._memory) // 10)
            figures["growth_mib"] = statistics.median(self._memory[-tenth:]) - statistics.median(self._memory[:tenth])
            figures["seasons"] = self._seed
        else:
            self._pokes.stop()
            figures |= self._busy_figures()
        self._closing_since = time.perf_counter()
        QApplication.instance().aboutToQuit.connect(lambda: self._report(figures))  # type: ignore[union-attr]
        self._window.close_with(CloseChoice.PAUSE)

    def _busy_figures(self) -> dict[str, float]:
        times = self._paints.times_s
        gaps = sorted(b - a for a, b in itertools.pairwise(times))
        answers = sorted(self._pokes.answers_s)
        return {
            "fps": len(gaps) / (times[-1] - times[0]),
            "frame_p99_ms": 1e3 * gaps[int(0.99 * len(gaps))],
            "draw_ms": statistics.median(self._draws_ms),
            "answer_p99_ms": 1e3 * answers[int(0.99 * len(answers))],
            "answer_max_ms": 1e3 * answers[-1],
            **self._progress,
        }

    def _report(self, figures: dict[str, float]) -> None:
        figures["close_s"] = time.perf_counter() - self._closing_since
        sys.stdout.write(json.dumps(figures) + "\n")
        sys.stdout.flush()


def _after(seconds: float, run: Callable[[], None]) -> None:
    QTimer.singleShot(int(seconds * 1000), run)


if __name__ == "__main__":
    os.chdir(Path(__file__).resolve().parent.parent)
    _what, _home, _seconds = sys.argv[1:]
    sys.exit(
        open_desktop(_home, on_window=lambda window: setattr(window, "driver", _Driver(window, _what, float(_seconds))))
    )
