"""``doctor``: what this machine has, what is missing, and which settings fit it."""

import importlib.metadata
import importlib.util
import json
import os
import platform
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing import shared_memory
from pathlib import Path

import click
import psutil

from app.command_options import events_option, home_option, json_option
from app.display import missing_display
from game import jit
from game.executors.base import default_workers, usable_cores
from game.warmup import BATCH_KERNELS
from league.errors import LeagueError
from league.home import Home
from league.store import Store

_NEEDED = ("numpy", "numba", "scipy", "SQLAlchemy", "alembic", "pydantic", "safetensors", "click", "psutil", "filelock")
_DESKTOP = ("PySide6_Essentials", "pygame-ce", "pyqtgraph")
_LEARNING = ("torch", "neat-python")
_FREE_BYTES = 200 * 2**20


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. ``is_needed`` says that nothing works without it."""

    name: str
    text: str
    is_ok: bool = True
    is_needed: bool = True


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@home_option
@json_option
@events_option
@click.pass_context
def doctor(ctx: click.Context, *, home: str | None, as_json: bool, is_job: bool) -> None:
    """Say what this machine has and which settings are recommended; exit code 1 if something needed is missing."""
    findings = [*_machine(), *_packages(), _kernels(), _shared_memory(), _display(), *_league(home)]
    recommended = {"workers": default_workers(), "executor": "pool" if usable_cores() > 1 else "serial"}
    is_ok = all(finding.is_ok or not finding.is_needed for finding in findings)
    if is_job:
        _send(findings, recommended)
    elif as_json:
        rows = [{"name": f.name, "text": f.text, "ok": f.is_ok, "needed": f.is_needed} for f in findings]
        click.echo(json.dumps({"ok": is_ok, "findings": rows, "recommended": recommended}))
    else:
        for line in _lines(findings, recommended):
            click.echo(line)
    ctx.exit(0 if is_ok else 1)


def _lines(findings: Sequence[Finding], recommended: Mapping[str, object]) -> Iterator[str]:
    """Yield what a person reads."""
    for finding in findings:
        mark = "ok  " if finding.is_ok else ("FAIL" if finding.is_needed else "note")
        yield f"{mark}  {finding.name}: {finding.text}"
    yield f"recommended: --executor {recommended['executor']} --workers {recommended['workers']}"
    missing = "; ".join(f"{f.name}: {f.text}" for f in findings if not f.is_ok and f.is_needed)
    if missing:
        yield f"something is missing: {missing}"


def _send(findings: Sequence[Finding], recommended: Mapping[str, object]) -> None:
    """Send the same lines as the job of a window."""
    from app.jobs.channel import Channel

    with Channel() as channel:
        for line in _lines(findings, recommended):
            channel.send("line", text=line)
        channel.send("ended", state="complete", reason="")


def _machine() -> list[Finding]:
    version = platform.python_version()
    memory = psutil.virtual_memory()
    return [
        Finding("python", f"{version} on {platform.system()} {platform.machine()}", sys.version_info >= (3, 11)),
        Finding("cores", f"{usable_cores()} physical, {psutil.cpu_count()} logical"),
        Finding(
            "memory",
            f"{memory.total / 2**30:.1f} GiB, {memory.available / 2**30:.1f} free",
            memory.available > _FREE_BYTES,
        ),
    ]


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _packages() -> list[Finding]:
    findings = []
    for names, is_needed, purpose in (
        (_NEEDED, True, ""),
        (_DESKTOP, False, " (for the desktop)"),
        (_LEARNING, False, " (for learning)"),
    ):
        for name in names:
            version = _version(name)
            text = f"{version}{purpose}" if version else f"not installed{purpose}: pip install -r requirements.txt"
            findings.append(Finding(name, text, version is not None, is_needed))
    return findings


def _kernels() -> Finding:
    if jit.is_compiled(*BATCH_KERNELS):
        return Finding("kernels", f"compiled, in {jit.cache_folder()}")
    return Finding(
        "kernels", "not compiled yet: the first match takes some 15 seconds more", is_ok=False, is_needed=False
    )


def _shared_memory() -> Finding:
    try:
        segment = shared_memory.SharedMemory(create=True, size=4096)
    except OSError as error:
        return Finding("shared memory", f"not to be had ({error}): workers get copies", is_ok=False, is_needed=False)
    segment.close()
    segment.unlink()
    folder = Path("/dev/shm")  # noqa: S108  # looked at, not written
    return Finding(
        "shared memory", f"{shutil.disk_usage(folder).free / 2**20:,.0f} MiB free" if folder.exists() else "works"
    )


def _display() -> Finding:
    reason = missing_display()
    if reason:
        return Finding("display", f"{reason}: --no-visuals works", is_ok=False, is_needed=False)
    return Finding("display", os.environ.get("WAYLAND_DISPLAY") or os.environ.get("DISPLAY") or "there")


def _league(home: str | None) -> list[Finding]:
    try:
        place = Home.find(home)
        free = shutil.disk_usage(place.folder).free
        with Store.open(place.database) as store:
            text = f"{place.folder}: {len(store.players())} players, {len(store.seasons())} seasons"
    except LeagueError as error:
        return [Finding("league", str(error), is_ok=False)]
    return [
        Finding("league", text),
        Finding("disk", f"{free / 2**30:,.1f} GiB free for the league", free > _FREE_BYTES),
    ]


COMMAND = doctor
