"""What the arena and the wall cost: a frame, offscreen, with everything that a frame of the window does."""

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from benchmarks.field import GAME
from benchmarks.suite import Row, at_least, at_most
from game.policies.scripted import ScriptedPolicy

if TYPE_CHECKING:  # the other benchmarks do without Qt
    from app.desktop.context import MatchRequest

_FRAMES: Final = 600
_QUICK_FRAMES: Final = 150
_SIZE: Final = (960, 640)  # of which the court takes 540 rows
_TILES: Final = 16
_MAX_FRAMES: Final = 40


class _Arena:
    title = "The arena: a frame of one match at 960x540, and of sixteen on the wall (offscreen, one core)"

    def rows(self, *, is_quick: bool) -> list[Row]:
        """Measure frames that follow each other without a pause; the clock of the match runs at 60 frames a second."""
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
        frames = _QUICK_FRAMES if is_quick else _FRAMES
        with _window() as measure:
            return [*measure.arena(frames), *measure.wall(frames // 4)]


class _Time:
    """The clock of the matches: it goes a frame further when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class _Measure:
    def __init__(self, home: str) -> None:
        from PySide6.QtWidgets import QMainWindow

        from app.desktop.actions import Actions
        from app.desktop.context import Desktop
        from app.desktop.hub import Hub
        from app.desktop.jobs import JobBoard
        from app.desktop.reader import Reader
        from app.desktop.settings import Settings
        from app.desktop.theme import ThemeStore
        from app.desktop.toasts import Toasts
        from league.home import Home

        place = Home.find(home)
        self._window = QMainWindow()
        settings = Settings(place.folder)
        theme = ThemeStore(settings)
        theme.apply()
        self._clock = _Time()
        self._desktop = Desktop(
            home=place,
            reader=Reader(home),
            jobs=JobBoard(),
            hub=Hub(),
            settings=settings,
            theme=theme,
            toasts=Toasts(self._window, theme),
            actions=Actions(self._window),
            clock=self._clock,
        )

    def arena(self, frames: int) -> list[Row]:
        from app.desktop.arena.playback import MAX
        from app.desktop.arena.screening import Screening, open_course
        from app.desktop.arena.sound import Sounds
        from app.desktop.arena.stage import Stage

        stage = Stage(self._desktop, Sounds(dict, is_muted=True))
        stage.resize(*_SIZE)
        stage.show()
        screening = Screening(self._request(), open_course(self._request()), self._clock)
        stage.show_screening(screening)

        def frame() -> None:
            stage.next_frame()
            stage.canvas.repaint()

        plain = self._cost_ms(frame, frames, 1 / 60)
        for name in ("path", "sight", "actions"):
            stage.transport.overlay_action(name).setChecked(True)
        full = self._cost_ms(frame, frames, 1 / 60)
        length = int(screening.course.result()["ticks"])
        seeks = self._cost_ms(lambda: stage.seek(round(self._clock.now * 997) % length), frames // 4, 1 / 60)
        fastest = Screening(self._request(), open_course(self._request()), time.perf_counter)
        fastest.playback.set_speed(MAX)
        begin = time.perf_counter()
        ticks = sum(fastest.frame() for _ in range(_MAX_FRAMES))
        rate = ticks / (time.perf_counter() - begin)
        stage.close()
        return [
            at_most("a frame, median", statistics.median(plain), "ms", 3.0),
            at_most("a frame, 99th percentile", _p99(plain), "ms", 25.0),
            at_most("a frame with all overlays, median", statistics.median(full), "ms", 4.0),
            at_most("a seek with its picture, 99th percentile", _p99(seeks), "ms", 50.0),
            at_least("Max: ticks a second", rate, "ticks/s", 3840.0),
        ]

    def wall(self, frames: int) -> list[Row]:
        from app.desktop.arena.tiles import Tiles
        from app.desktop.arena.wall import Wall

        wall = Wall(self._desktop)
        wall.resize(1280, 760)
        wall.set_side(4)
        wall.show()
        wall._tiles = tiles = Tiles(self._clock, lambda _number: None)  # noqa: SLF001  # no league answers here
        tiles.resize(_TILES)
        wall.watch([self._request(seed) for seed in range(_TILES)])

        def frame() -> None:
            wall.next_frame()
            for widget in wall.widgets:
                widget.canvas.repaint()

        costs = self._cost_ms(frame, frames, 1 / 30)
        wall.close()
        return [at_most("sixteen matches on the wall, a frame, median", statistics.median(costs), "ms", 16.0)]

    def _request(self, seed: int = 3) -> "MatchRequest":
        from app.desktop.context import Contender, MatchRequest

        bot = ScriptedPolicy.of(GAME, "aimer")
        return MatchRequest(Contender("aimer", bot), Contender("another aimer", bot), seed, GAME.max_points)

    def _cost_ms(self, frame: Callable[[], None], count: int, gap_s: float) -> list[float]:
        costs = []
        for _ in range(count):
            self._clock.now += gap_s
            begin = time.perf_counter()
            frame()
            costs.append((time.perf_counter() - begin) * 1000)
        return costs[count // 10 :]  # sprites are made in the first frames


def _p99(costs: list[float]) -> float:
    return sorted(costs)[int(0.99 * (len(costs) - 1))]


@contextmanager
def _window() -> Iterator[_Measure]:
    from PySide6.QtWidgets import QApplication

    app = QApplication.instance() or QApplication([])
    with tempfile.TemporaryDirectory() as home:
        yield _Measure(home)
        app.processEvents()


BENCHMARK: Final = _Arena()
