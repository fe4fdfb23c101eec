"""``kill -9`` of a training of NEAT and of its workers, again and again, costs nothing and leaves nothing behind."""

import contextlib
import os
import random
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
KILLS = 4

NEAT = (
    "neat", "--population", "30", "--generations", "60", "--opponents", "random,tracker", "--pairs", "5", "--points", "1",
    "--finalists", "3", "--final-pairs", "1", "--evaluate-every", "4", "--evaluation-pairs", "2", "--hindsight-steps", "3",
    "--hindsight-rows", "128", "--hindsight-pairs", "1", "--checkpoint-steps", "3", "--workers", "2", "--seed", "5",
)  # fmt: skip
BACKPROP = (
    "neat-backprop", "--population", "24", "--generations", "100", "--opponents", "random,tracker", "--match-pairs", "5",
    "--teacher", "tracker", "--num-hidden", "3", "--steps", "10", "--elite-steps", "10", "--rows", "500",
    "--checkpoint-steps", "3", "--eval-workers", "2", "--executor", "serial", "--seed", "5",
)  # fmt: skip
PROCESSES = (*BACKPROP, "--backend", "process", "--restart-every", "1000")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc and /dev/shm"),
]


def command(home: Path, *arguments: str) -> list[str]:
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


def folder(home: Path, trainer: str) -> RunFolder:
    return RunFolder(home / "runs" / f"{trainer}-1")


def history(home: Path, trainer: str) -> list[Any]:
    """Return everything of a run that must not depend on how often it was stopped."""
    run = folder(home, trainer)
    rows = [(row.step, dict(row.values), dict(row.work)) for row in run.metrics()]
    return [rows, [(champion.step, champion.hash) for champion in run.champions()], run.details()]


def wait_for_steps(home: Path, trainer: str, than: int, process: subprocess.Popen[str]) -> int:
    """Return the number of kept steps once it is above ``than``."""
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
    """Return the shared memory that processes map."""
    found = set()
    for process in processes:
        with contextlib.suppress(OSError):
            lines = Path(f"/proc/{process.pid}/maps").read_text(encoding="utf-8").splitlines()
            found |= {Path(line.split()[-1]) for line in lines if f"{SEGMENTS}/" in line}
    return found


def workers(process: subprocess.Popen[str]) -> list[psutil.Process]:
    children = psutil.Process(process.pid).children()
    return [child for child in children if "resource_tracker" not in " ".join(child.cmdline())]


@pytest.fixture(scope="module", params=[NEAT, BACKPROP, PROCESSES], ids=["neat", "neat-backprop", "processes"])
def unbroken(request, tmp_path_factory) -> tuple[tuple[str, ...], list[Any]]:
    home = tmp_path_factory.mktemp("whole")
    finish(home, *request.param)
    return request.param, history(home, request.param[0])


def test_kills_change_neither_metrics_nor_champions_and_leave_no_segment(tmp_path, unbroken):
    arguments, expected = unbroken
    trainer, chance, steps = arguments[0], random.Random(20), 0
    seen: set[Path] = set()
    for session in range(KILLS):
        more = arguments if session == 0 else (trainer, "--resume")
        with training(tmp_path, *more) as process:
            wait_for_steps(tmp_path, trainer, steps + chance.randrange(8), process)
            family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
            held = set().union(*(segments(family) for _ in range(20)))
            process.kill()
            process.wait()
            assert not wait_for_end(family[1:])
            steps = len(folder(tmp_path, trainer).metrics())
        assert not [segment for segment in held if segment.exists()]
        seen |= held
    assert len(seen) >= {NEAT: 1, BACKPROP: 0, PROCESSES: 6}[arguments], "no segment was held when the kill came"
    assert len(folder(tmp_path, trainer).metrics()) < len(expected[0]), "the run must be longer than the kills"
    finish(tmp_path, trainer, "--resume")
    assert history(tmp_path, trainer) == expected


@pytest.mark.parametrize("arguments", [NEAT, PROCESSES], ids=["neat", "processes"])
def test_killed_workers_cost_a_second_try(tmp_path, unbroken, arguments):
    if unbroken[0] is not arguments:
        pytest.skip("compared with its own unbroken run")
    trainer, kills = arguments[0], 0
    with training(tmp_path, *arguments) as process:
        for step in (1, 15, 30):
            wait_for_steps(tmp_path, trainer, step, process)
            for worker in workers(process)[:1]:
                worker.kill()
                kills += 1
        _, said = process.communicate(timeout=10 * DEADLINE_S)
    assert process.returncode == 0, said
    assert kills == 3
    assert "Traceback" not in said
    assert history(tmp_path, trainer) == unbroken[1]
