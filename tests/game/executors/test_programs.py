"""Programs that use the pool: what their workers are like, and what is left when the program ends, however it ends."""

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from game.executors.segments import SEGMENTS
from tests.doubles import wait_for_end

ROOT = Path(__file__).parents[3]


@contextlib.contextmanager
def script(source, *arguments):
    """Start ``source`` as a program of its own, from a command line; it does not outlive the block."""
    command = [sys.executable, "-c", source, *map(str, arguments)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
        try:
            yield program
        finally:
            program.kill()


def test_one_is_light_single_threaded_and_deaf_to_interrupts(tmp_path):
    source = (
        "import sys; from pathlib import Path; from tests.doubles import *; from game.executors.base import *\n"
        "from game.executors.pool import PoolExecutor\n"
        "policies = (*scripted_field(), Spy(STILL, Path(sys.argv[1])))\n"
        "with PoolExecutor(1) as executor: executor.run(Matches(GAME, policies, matches(300, 3)))"
    )
    report = tmp_path / "report.json"
    with script(source, report) as program:
        assert program.communicate(timeout=120) == ("", "")
    seen = json.loads(report.read_text(encoding="utf-8"))
    heavy = {"torch", "pygame", "PySide6", "pyqtgraph", "neat", "sqlalchemy", "pytest", "league", "ai", "app"}
    assert heavy.isdisjoint(seen["modules"])
    assert {"numba", "game.batch"} <= set(seen["modules"])
    assert set(seen["environment"].values()) == {"1"}
    assert seen["threads"] == seen["python_threads"] == 3  # it plays, it reads its messages, it watches its parent
    assert seen["ignores_interrupts"]


@pytest.mark.slow
def test_a_program_without_its_guard_is_told_so_and_does_not_fork_for_ever(tmp_path):
    program = tmp_path / "unguarded.py"
    program.write_text(
        "from tests.doubles import *; from game.executors.base import *\n"
        "from game.executors.pool import PoolExecutor\n"
        "with PoolExecutor(1) as executor: executor.run(Matches(GAME, scripted_field(), matches(300, 3)))\n",
        encoding="utf-8",
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, program], check=False, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert "3 worker processes have died while they started (the last with exit code 1)" in last
    assert "__main__" in last


HOLDER = """
import sys
from tests.doubles import *; from game.executors.base import *
from game.executors.pool import PoolExecutor
sleeps = PythonPolicy(deciding("time.sleep(3600)", head="import time"))
rows = matches(400, 3)
rows["left"][-2:] = 3
executor = PoolExecutor(settings=ExecutorSettings(workers=2, limits=TimeLimits(3600, 3600)))
for chunk in executor.play(GAME, (*scripted_field(), sleeps), [rows]):
    print(executor._bank.address.segment, flush=True)
"""


def wait_for_bots(parent):
    """Return when both bots of ``HOLDER`` are up: their workers have started them, which shows as grandchildren."""
    for _ in range(100_000):
        workers = [child for child in parent.children() if len(child.children())]
        if len(workers) == 2:
            return
        psutil.wait_procs([parent], timeout=0.05)
    raise AssertionError("no bots were started")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc and /dev/shm")
def test_a_killed_parent_leaves_no_process_and_no_memory_behind():
    with script(HOLDER) as program:
        segment = program.stdout.readline().strip()
        parent = psutil.Process(program.pid)
        wait_for_bots(parent)
        family = parent.children(recursive=True)
        assert Path(SEGMENTS, segment).exists()
        parent.kill()
    assert not wait_for_end(family)
    assert not Path(SEGMENTS, segment).exists()


@pytest.mark.parametrize("ending", ["", "raise SystemExit(0)", "del executor"])
def test_a_program_that_forgets_to_close_ends_nevertheless(ending):
    source = (
        "from tests.doubles import *; from game.executors.base import *\n"
        "from game.executors.pool import PoolExecutor\n"
        "executor = PoolExecutor(1)\n"
        f"executor.run(Matches(GAME, scripted_field(), matches(300, 3)))\n{ending}"
    )
    with script(source) as program:
        assert program.communicate(timeout=120) == ("", "")
        assert program.returncode == 0
