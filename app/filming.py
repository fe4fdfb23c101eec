"""``replay`` with a file: one picture or film, made with progress on stderr, or as a job of the window."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, Never, TypeAlias

import click
from tqdm import tqdm

from app.export import ExportProgress, Film, Look, Report, save_gif, save_mp4, save_png
from app.jobs.channel import Channel
from app.progress import progress_bar
from app.scene import Cast, Overlays
from game.executors.base import RunControl
from game.fault import Cancelled
from game.timeline import Timeline
from league.errors import LeagueError

_DONE: Final = 0
_FAILED: Final = 1
_INTERRUPTED: Final = 130
_EVENT_S: Final = 0.1

Kind: TypeAlias = Literal["png", "gif", "mp4"]
KINDS: Final[tuple[Kind, ...]] = ("png", "gif", "mp4")

_DEFAULTS: Final[Mapping[Kind, Look]] = {"png": Look((1280, 720)), "gif": Look(), "mp4": Look((1280, 720), 60)}


@dataclass(frozen=True)
class Shot:
    """What to write where; ``size`` and ``fps`` None are the kind's defaults."""

    kind: Kind
    path: Path
    at_s: float = 0.0
    size: tuple[int, int] | None = None
    fps: int | None = None
    style: str = "dark"
    has_overlays: bool = False
    is_job: bool = False
    as_json: bool = False

    @property
    def look(self) -> Look:
        """How it will look; ``ExportError`` if it cannot look like that."""
        default = _DEFAULTS[self.kind]
        overlays = Overlays(path=self.has_overlays, sight=self.has_overlays, actions=self.has_overlays)
        return Look(
            default.size if self.size is None else self.size,
            default.fps if self.fps is None else self.fps,
            self.style,
            overlays,
        )


def film_match(timeline: Timeline, names: tuple[str, str], shot: Shot) -> int:
    """Write ``shot`` of a match; return the exit code."""
    if shot.is_job:
        with Channel() as channel:
            return _as_job(timeline, names, shot, channel)
    film = Film(timeline, Cast(names), shot.look)
    with _bar(shot.path.name) as report:
        _write(film, shot, RunControl(), report)
    size = shot.path.stat().st_size
    if shot.as_json:
        written = {"file": str(shot.path), "bytes": size, "size": film.look.size, "seconds": round(film.seconds, 2)}
        click.echo(json.dumps(written))
    else:
        click.echo(f"{shot.path}: {'x'.join(map(str, film.look.size))} pixels, {size / 1e3:,.0f} kB")
    return _DONE


def _as_job(
    timeline: Timeline,
    names: tuple[str, str],
    shot: Shot,
    channel: Channel,
    clock: Callable[[], float] = time.monotonic,
) -> int:
    """Write ``shot``; ``progress`` and at last ``ended`` go out as events, commands stop it."""
    sent = -_EVENT_S

    def report(progress: ExportProgress) -> None:
        nonlocal sent
        if clock() - sent >= _EVENT_S or progress.done == progress.expected:
            sent = clock()
            channel.send("progress", done=progress.done, expected=progress.expected, eta_s=progress.eta_s)

    state, reason, code = "complete", "", _DONE
    try:
        _write(Film(timeline, Cast(names), shot.look), shot, channel.control, report)
    except Cancelled:
        state, reason, code = "stopped", "the export was stopped: nothing is written", _INTERRUPTED
    except LeagueError as error:
        state, reason, code = "failed", str(error), _FAILED
    channel.send("ended", state=state, file=str(shot.path), reason=reason)
    return code


def _write(film: Film, shot: Shot, control: RunControl, report: Report) -> None:
    if shot.kind == "png":
        save_png(film, shot.path, shot.at_s)
        report(ExportProgress(1, 1, 0.0))
    elif shot.kind == "gif":
        save_gif(film, shot.path, control, report)
    else:
        save_mp4(film, shot.path, control, report)


@contextmanager
def _bar(name: str) -> Iterator[Report]:
    """Give a report that moves a bar on stderr; there is none before the first frame."""
    bars: list[tqdm[Never]] = []

    def report(progress: ExportProgress) -> None:
        if not bars:
            bars.append(progress_bar(name, "frames", total=progress.expected, initial=0))
        bars[0].update(progress.done - bars[0].n)

    try:
        yield report
    finally:
        for bar in bars:
            bar.close()
