"""Trainings in processes of their own that tests kill, and what must not depend on it."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from ai.run_folder import RunFolder
from game.executors.segments import SEGMENTS
from tests.doubles import wait_for_end

ROOT = Path(__file__).resolve().parents[2]
DEADLINE_S = 120.0

ONLY_ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc and /dev/shm")


def command(home: Path, *arguments: str) -> list[str]:
    """Return the command that trains."""
    return [sys.executable, str(ROOT / "main.py"), "--home", str(home), "train", *arguments]


@contextlib.contextmanager
def training(home: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Train in a process group of its own, which does not outlive the block."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command(home, *arguments), cwd=ROOT, text=True, start_new_session=True, **pipes) as process:  # type: ignore[call-overload]
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def finish(home: Path, *arguments: str) -> str:
    """Train to the end and return what was said."""
    done = subprocess.run(
        command(home, *arguments), capture_output=True, text=True, cwd=ROOT, timeout=10 * DEADLINE_S, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def folder(home: Path, trainer: str, number: int = 1) -> RunFolder:
    """Return the folder of a run of ``trainer``."""
    return RunFolder(home / "runs" / f"{trainer}-{number}")


def history(home: Path, trainer: str, number: int = 1) -> list[Any]:
    """Return everything of a run that must not depend on how often it was stopped."""
    run = folder(home, trainer, number)
    rows = [(row.step, dict(row.values), dict(row.work)) for row in run.metrics()]
    return [rows, [(champion.step, champion.hash) for champion in run.champions()], run.details()]


def wait_for_steps(home: Path, trainer: str, than: int, process: subprocess.Popen[str]) -> int:
    """Return the number of kept steps of a training in progress once it is above ``than``."""
    end = time.monotonic() + DEADLINE_S
    while time.monotonic() < end:
        path = folder(home, trainer).metrics_path
        count = path.read_bytes().count(b"\n") if path.exists() else 0
        if count > than:
            return count
        assert process.poll() is None, process.stderr.read() if process.stderr else ""
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.02)  # leaves the processor to the training
    raise AssertionError(f"no step was kept within {DEADLINE_S} s")


def segments(processes: list[psutil.Process]) -> set[Path]:
    """Return the shared memory that processes map and that has a name: without one it ends with them."""
    found = set()
    for process in processes:
        with contextlib.suppress(OSError):
            lines = Path(f"/proc/{process.pid}/maps").read_text(encoding="utf-8").splitlines()
            found |= {Path(line.split()[-1]) for line in lines if f"{SEGMENTS}/rally-" in line}
    return found


def workers(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """Return the processes that work for a training."""
    children = psutil.Process(process.pid).children()
    return [child for child in children if "resource_tracker" not in " ".join(child.cmdline())]


def killed(process: subprocess.Popen[str]) -> set[Path]:
    """Kill a training, see that nothing of it is left, and return the shared memory that it held."""
    family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    held = set().union(*(segments(family) for _ in range(20)))
    process.kill()
    process.wait()
    assert not wait_for_end(family[1:])
    assert not [segment for segment in held if segment.exists()]
    return held
