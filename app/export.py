"""A match as a picture or a film: PNG, GIF, and MP4 where ffmpeg is found. No window, and one frame in memory at a time."""

import contextlib
import itertools
import math
import shutil
import struct
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import GifImagePlugin, Image

from app.scene import Cast, Overlays, Scene
from game.executors.base import RunControl, RunState
from game.fault import Cancelled
from game.render import STYLES, Renderer
from game.timeline import Timeline
from league.errors import LeagueError
from league.home import atomic_file

SIZES: Final = ((160, 90), (3840, 2160))
"""Least and most of both lengths of a frame, pixels."""

MOST_FPS: Final = 60
MOST_GIF_FPS: Final = 50  # viewers slow down what claims to be faster

_HOLD_S: Final = 1.5  # the last frame stays
_PALETTE_FRAMES: Final = 9
_UNCHANGED: Final = 255  # the colour of a GIF's pixels that show the frame before
_PAUSE_LOOK_S: Final = 0.5


class ExportError(LeagueError):
    """A film cannot be made."""


@dataclass(frozen=True)
class Look:
    """How a film looks: pixels, frames a second, one of ``STYLES``, what is drawn over the court."""

    size: tuple[int, int] = (480, 270)
    fps: int = 20
    style: str = "dark"
    overlays: Overlays = field(default_factory=Overlays)

    def __post_init__(self) -> None:
        """Refuse impossible numbers with ``ExportError``."""
        for length, least, most in zip(self.size, *SIZES, strict=True):
            if not least <= length <= most:
                low, high = (f"{width}x{height}" for width, height in SIZES)
                raise ExportError(f"size is {self.size[0]}x{self.size[1]}: {low} to {high} are allowed")
        if not 1 <= self.fps <= MOST_FPS:
            raise ExportError(f"fps is {self.fps}: 1 to {MOST_FPS} are allowed")
        if self.style not in STYLES:
            raise ExportError(f"there is no style '{self.style}': {', '.join(STYLES)} are known")


@dataclass(frozen=True)
class ExportProgress:
    """How far an export is, in frames; ``eta_s`` is None before it can be known."""

    done: int
    expected: int
    eta_s: float | None


Report = Callable[[ExportProgress], None]


class Film:
    """The frames of a match, drawn when they are asked for."""

    def __init__(self, timeline: Timeline, cast: Cast, look: Look) -> None:
        timeline.result()  # its length is known from now on
        self.look = look
        self._timeline = timeline
        self._scene = Scene(timeline, cast)
        self._renderer = Renderer(timeline.game.shape, STYLES[look.style])
        self._renderer.resize(*look.size, max(1.0, look.size[1] / 540))

    @property
    def seconds(self) -> float:
        """Length of the match."""
        return (self._timeline.length or 0) * self._timeline.game.tick_s

    @property
    def expected(self) -> int:
        """Number of frames."""
        return math.ceil((self.seconds + _HOLD_S) * self.look.fps)

    def frame(self, at_s: float) -> bytes:
        """Return the frame at ``at_s`` seconds, at most the last one: RGB, row by row."""
        ticks = self._ticks(at_s)
        self._scene.seek(math.ceil(ticks))
        return self._draw(ticks)

    def frames(self) -> Iterator[bytes]:
        """Yield every frame of the match: RGB, row by row."""
        self._scene.seek(0)
        for number in range(self.expected):
            ticks = self._ticks(number / self.look.fps)
            while self._timeline.tick < ticks and self._timeline.step():
                self._scene.follow()
            yield self._draw(ticks)

    def _ticks(self, at_s: float) -> float:
        # Sums of float64 are off by some 1e-16: whole ticks stay whole.
        return min(max(0.0, round(at_s / self._timeline.game.tick_s, 6)), float(self._timeline.length or 0))

    def _draw(self, ticks: float) -> bytes:
        """Draw the moment ``ticks``, which lies in the tick that the timeline has just played."""
        between = 1.0 - (math.ceil(ticks) - ticks)
        self._renderer.draw(self._scene.view(between=between, overlays=self.look.overlays))
        return self._renderer.rgb()


def save_png(film: Film, path: Path, at_s: float) -> None:
    """Write the frame at ``at_s`` seconds to ``path``; ``ExportError`` if there is none, ``HomeError`` as of a film."""
    if not 0 <= at_s <= film.seconds:
        raise ExportError(f"the match has no second {at_s:g}: 0 to {film.seconds:.2f} are allowed")
    with atomic_file(path) as file:
        Image.frombytes("RGB", film.look.size, film.frame(at_s)).save(file, "PNG")


def save_gif(film: Film, path: Path, control: RunControl, report: Report) -> None:
    """Write the match to ``path`` as a GIF with one palette, of which each frame holds what has changed.

    Raises
    ------
    ExportError
        If it has too many frames a second.
    HomeError
        If the file cannot be written.
    Cancelled
        If ``control`` was stopped or cancelled; nothing is written then.
    """
    fps = film.look.fps
    if fps > MOST_GIF_FPS:
        raise ExportError(f"fps is {fps}: a GIF can have 1 to {MOST_GIF_FPS}")
    palette = _palette(film)
    with atomic_file(path) as file:
        file.write(_gif_head(film.look.size, palette))
        shown = np.full(film.look.size[::-1], _UNCHANGED, np.uint8)
        for number, frame in enumerate(_wanted(film.frames(), film.expected, control, report)):
            picture = Image.frombytes("RGB", film.look.size, frame).quantize(palette=palette, dither=Image.Dither.NONE)
            now = np.asarray(picture)
            change, place = _change(shown, now)
            hundredths = round((number + 1) * 100 / fps) - round(number * 100 / fps)
            for part in GifImagePlugin.getdata(change, place, duration=10 * hundredths, transparency=_UNCHANGED):
                file.write(part)
            shown = now
        file.write(b";")


def save_mp4(
    film: Film, path: Path, control: RunControl, report: Report, find: Callable[[str], str | None] = shutil.which
) -> None:
    """Write the match to ``path`` as an H.264 film by ffmpeg, which ``find`` looks for.

    Raises
    ------
    ExportError
        If there is no ffmpeg, or it fails.
    HomeError
        If the file cannot be written.
    Cancelled
        If ``control`` was stopped or cancelled; nothing is written then.
    """
    program = find("ffmpeg")
    if program is None:
        raise ExportError("an MP4 needs ffmpeg, which is not found here: install it, or export a GIF")
    with atomic_file(path) as file, tempfile.TemporaryFile() as words:
        command = _ffmpeg_command(program, film.look, file.name)
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=words) as ffmpeg:  # noqa: S603
            try:
                assert ffmpeg.stdin is not None  # noqa: S101  # it is a pipe
                for frame in _wanted(film.frames(), film.expected, control, report):
                    ffmpeg.stdin.write(frame)
            except BrokenPipeError:
                pass  # ffmpeg has ended; its exit code and words say why
            except BaseException:
                ffmpeg.kill()
                raise
            with contextlib.suppress(BrokenPipeError):
                ffmpeg.communicate()
        if ffmpeg.returncode != 0:
            words.seek(0)
            said = words.read().decode(errors="replace").split("\n")
            reason = next((line.strip() for line in reversed(said) if line.strip()), f"exit code {ffmpeg.returncode}")
            raise ExportError(f"ffmpeg cannot write {path}: {reason}")


def _ffmpeg_command(program: str, look: Look, target: str) -> list[str]:
    width, height = look.size
    source = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", str(look.fps), "-i", "-"]
    even = ["-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2"]  # yuv420p, which every player shows, has no odd lengths
    codec = ["-c:v", "libx264", "-preset", "medium", "-crf", "18", "-pix_fmt", "yuv420p", "-movflags", "+faststart"]
    return [program, "-loglevel", "error", "-y", *source, *even, *codec, "-f", "mp4", target]


def _wanted(
    frames: Iterable[bytes],
    expected: int,
    control: RunControl,
    report: Report,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[bytes]:
    """Yield ``frames`` and report each, as long as ``control`` wants them; ``Cancelled`` when it does not."""
    begin = clock()
    for done, frame in enumerate(frames, start=1):
        while control.state is RunState.PAUSED:
            control.wait_while_paused(_PAUSE_LOOK_S)
        if control.state is not RunState.RUNNING:
            raise Cancelled
        yield frame
        report(ExportProgress(done, expected, (clock() - begin) / done * (expected - done)))


def _palette(film: Film) -> Image.Image:
    """Return an image with 255 colours: what suits frames from all over the match, and all of the style's own."""
    width, height = film.look.size
    sheet = Image.new("RGB", (width, height * _PALETTE_FRAMES))
    for number in range(_PALETTE_FRAMES):
        frame = film.frame(film.seconds * number / (_PALETTE_FRAMES - 1))
        sheet.paste(Image.frombytes("RGB", film.look.size, frame), (0, height * number))
    style = STYLES[film.look.style]
    own = (*style.seats, *style.spins, style.ball, style.seam, style.text, style.quiet, style.line, style.outside)
    found = (
        sheet.quantize(_UNCHANGED - len(own), method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).getpalette()
        or []
    )
    palette = Image.new("P", (1, 1))
    palette.putpalette([*itertools.chain.from_iterable(own), *found][: 3 * _UNCHANGED])
    return palette


def _gif_head(size: tuple[int, int], palette: Image.Image) -> bytes:
    """Return the head of a GIF 89a with 256 global colours that repeats for ever."""
    colours = bytes(palette.getpalette() or ())
    screen = struct.pack("<HHBBB", *size, 0b1111_0111, 0, 0)
    repeat = b"!\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"
    return b"GIF89a" + screen + colours.ljust(3 * 256, b"\0") + repeat


def _change(before: NDArray[np.uint8], now: NDArray[np.uint8]) -> tuple[Image.Image, tuple[int, int]]:
    """Return the part of a frame in which something has changed, transparent where nothing has, and its place."""
    different = before != now
    rows, columns = np.flatnonzero(different.any(axis=1)), np.flatnonzero(different.any(axis=0))
    if not len(rows):  # a frame needs a pixel
        return Image.new("P", (1, 1), _UNCHANGED), (0, 0)
    box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    pixels = np.where(different[box], now[box], np.uint8(_UNCHANGED))
    part = Image.frombytes("P", pixels.shape[::-1], pixels.tobytes())
    return part, (int(columns[0]), int(rows[0]))
