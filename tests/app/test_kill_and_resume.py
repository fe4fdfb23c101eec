"""``kill -9`` of the program and of its workers, at random moments and again and again, costs nothing."""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from league.errors import MissingDatabaseError
from league.store import Store

ROOT = Path(__file__).resolve().parents[2]
SESSIONS = 11
PAIRS = 1500
DEADLINE_S = 60.0


def command(home: Path, *more: str) -> list[str]:
    return [sys.executable, str(ROOT / "main.py"), "--home", str(home), "--no-visuals", "--workers", "1", *more]


def finish(home: Path, *more: str) -> dict[str, object]:
    """Run to the end and return what ``--json`` printed."""
    done = subprocess.run(command(home, "--json", *more), capture_output=True, text=True, check=True, cwd=ROOT)
    result: dict[str, object] = json.loads(done.stdout)
    return result


def stored(home: Path) -> int:
    try:
        with Store.open(home / "league.db", create=False) as store:
            season = store.latest_season()
            return store.count_matches(season.id) if season else 0
    except MissingDatabaseError:
        return 0


def wait_for_more(home: Path, than: int, process: subprocess.Popen[bytes]) -> int:
    """Return the number of stored matches once it is above ``than``, or when the process has ended."""
    end = time.monotonic() + DEADLINE_S
    while time.monotonic() < end:
        count = stored(home)
        if count > than or process.poll() is not None:
            return count
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.02)  # leaves the processor to the season
    raise AssertionError(f"no match was stored within {DEADLINE_S} s")


def kill_a_worker(process: subprocess.Popen[bytes]) -> bool:
    """Kill one worker of ``process``; return whether there was one."""
    for child in psutil.Process(process.pid).children():
        if "resource_tracker" not in " ".join(child.cmdline()):
            child.kill()
            return True
    return False


def assert_nothing_is_left(children: list[psutil.Process]) -> None:
    """Every worker ends by itself after its parent was killed."""
    _, alive = psutil.wait_procs(children, timeout=DEADLINE_S)
    assert not alive


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows knows no SIGKILL")
def test_twenty_kills_change_neither_rows_nor_table(tmp_path: Path) -> None:
    unbroken = finish(tmp_path / "whole", "--pairs", str(PAIRS))
    home = tmp_path / "broken"
    chance = random.Random(20)
    kills = {"parent": 0, "worker": 0}
    count = 0
    for session in range(SESSIONS):
        more = ("--pairs", str(PAIRS)) if session == 0 else ("--resume",)
        process = subprocess.Popen(command(home, *more), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT)
        try:
            count = wait_for_more(home, count, process)
            if kill_a_worker(process):
                kills["worker"] += 1
            count = wait_for_more(home, count, process)
            for _ in range(chance.randrange(4)):
                stored(home)  # a random while
            children = psutil.Process(process.pid).children(recursive=True)
            assert process.poll() is None, "the season must be longer than the kills"
        finally:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        kills["parent"] += 1
        assert_nothing_is_left(children)
        assert stored(home) >= count
        count = stored(home)
    resumed = finish(home, "--resume")
    assert sum(kills.values()) >= 20, kills
    assert kills["worker"] >= 8, kills
    assert count < int(str(unbroken["matches"]))
    for key in ("matches", "standings", "rows_sha256", "faults", "ticks"):
        assert resumed[key] == unbroken[key], key


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="POSIX signals")
def test_ctrl_c_says_what_is_stored_and_how_to_go_on(tmp_path: Path) -> None:
    process = subprocess.Popen(
        command(tmp_path, "--pairs", str(PAIRS)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    )
    try:
        wait_for_more(tmp_path, 0, process)  # type: ignore[arg-type]
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=DEADLINE_S)
    finally:
        process.kill()
    assert process.returncode == 130
    assert "stopping after the running matches" in err
    assert "interrupted:" in out
    assert "--resume 1" in out
    assert "Traceback" not in out + err
    assert 0 < stored(tmp_path) < 84_000
