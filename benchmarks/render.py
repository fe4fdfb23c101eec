"""What one frame of a match costs, from the state to the finished surface."""

import time
from typing import Final

import numpy as np

from app.scene import Cast, Overlays, Scene
from benchmarks.field import GAME
from benchmarks.suite import Row, at_most
from game.policies.scripted import ScriptedPolicy
from game.render import STYLES, Renderer
from game.timeline import Timeline

_FRAMES: Final = 2_000
_CAST: Final = Cast(("aimer", "predictor"), ("1712 ± 24", "1598 ± 31"))
_ALL: Final = Overlays(path=True, sight=True, actions=True)


class _Render:
    title = "Frames of a match: one tick played, followed and drawn"

    def rows(self, *, is_quick: bool) -> list[Row]:
        """Draw consecutive ticks of one match at several sizes."""
        frames = _FRAMES // 4 if is_quick else _FRAMES
        plain, full = _frame_times_ms((960, 540), Overlays(), frames), _frame_times_ms((960, 540), _ALL, frames)
        rows = [
            at_most("960x540: median", float(np.median(plain)), "ms", 3.0),
            Row("960x540: 99 % under", float(np.quantile(plain, 0.99)), "ms"),
            Row("960x540 with overlays: median", float(np.median(full)), "ms"),
        ]
        for size in ((240, 135), (1920, 1080), (3840, 2160)):
            times = _frame_times_ms(size, Overlays(), frames)
            rows.append(Row(f"{size[0]}x{size[1]}: median", float(np.median(times)), "ms"))
        rows.append(Row("960x540: a resize", _resize_ms((960, 540)), "ms"))
        return rows


def _frame_times_ms(size: tuple[int, int], overlays: Overlays, frames: int) -> list[float]:
    left, right = (ScriptedPolicy.of(GAME, name) for name in _CAST.names)
    timeline = Timeline(GAME, (left, right), 7, 21)
    renderer = Renderer(GAME.shape, STYLES["dark"], small=size[0] < 300)
    renderer.resize(*size, 1.0)
    scene = Scene(timeline, _CAST)
    times = []
    for _ in range(frames):
        begin = time.perf_counter()
        timeline.step()
        scene.follow()
        renderer.draw(scene.view(between=0.5, overlays=overlays))
        times.append((time.perf_counter() - begin) * 1e3)
    return times


def _resize_ms(size: tuple[int, int]) -> float:
    renderer = Renderer(GAME.shape, STYLES["dark"])
    begin = time.perf_counter()
    renderer.resize(*size, 1.0)
    return (time.perf_counter() - begin) * 1e3


BENCHMARK: Final = _Render()
