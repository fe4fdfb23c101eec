"""Jobs as real processes: started, steered, killed and left, they lose nothing and leave nothing behind."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from app.jobs.client import MAIN, JobClient
from app.jobs.message import Message
from app.session import open_league
from league.config import SeasonConfig
from league.library import default_field
from league.season import Season
from tests.doubles import wait_for_end
from tests.league.processes import ROOT, start

pytestmark = pytest.mark.slow
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no SIGKILL")
DEADLINE_S = 120.0
PAIRS = 300
MATCHES = 28 * 2 * PAIRS

STARTER = """
import sys
from app.jobs.client import JobClient
client = JobClient.start(sys.argv[2:])
print(client.pid, flush=True)
while True:
    message = client._events.take(None)
    if message["event"] == "progress" and message["played"] > 100:
        break
if sys.argv[1] == "detach":
    client.detach()
print("playing", flush=True)
if sys.argv[1] != "detach":
    sys.stdin.read()
"""
MODULES = """
import sys
from app.cli import run
code = run(sys.argv[1:])
loaded = [name for name in ("PySide6", "pyqtgraph", "pygame", "torch", "matplotlib") if name in sys.modules]
sys.stderr.write(f"code {code}, loaded {loaded}")
"""


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What the season of these tests comes to on the command line."""
    return finish(new_season(tmp_path_factory.mktemp("whole")))


def new_season(home: Path) -> Path:
    with open_league(str(home)) as league:
        players = tuple(player.hash for player in default_field(league.library.players(), "rally"))
        Season.create(league.store, SeasonConfig(players=players, pairs=PAIRS, points=2, resamples=100), "long")
    return home


def finish(home: Path) -> dict[str, object]:
    """Play season 1 to its end on the command line; return what ``--json`` printed."""
    command = [sys.executable, str(MAIN), "--home", str(home), "--no-visuals", "--json", "--resume", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    result: dict[str, object] = json.loads(done.stdout)
    return result


def assert_same(result: dict[str, object], unbroken: dict[str, object]) -> None:
    for key in ("matches", "standings", "rows_sha256", "faults", "ticks"):
        assert result[key] == unbroken[key], key


def job_arguments(home: Path, *more: str) -> list[str]:
    return ["--home", str(home), "play", "--season", "1", "--workers", "1", *more, "--events"]


def stored(home: Path) -> int:
    with open_league(str(home)) as league:
        return league.store.count_matches(1)


def hear(client: JobClient, until: Callable[[Message], bool]) -> list[Message]:
    """Return what the job says up to the event that ``until`` waits for, or its end."""
    heard: list[Message] = []
    end = time.monotonic() + DEADLINE_S
    while time.monotonic() < end:
        message = client._events.take(0.1)
        if message is not None:
            heard.append(message)
            if until(message):
                return heard
        elif not client.is_running:
            return heard
    raise AssertionError(f"the job has not said it within {DEADLINE_S} s: {heard[-3:]}")


def is_playing(message: Message) -> bool:
    return message["event"] == "progress" and int(str(message["played"])) > 100


def has_ended(message: Message) -> bool:
    return message["event"] == "ended"


def family(pid: int) -> list[psutil.Process]:
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def test_a_season_through_the_job_switched_again_and_again_equals_that_of_the_command_line(
    tmp_path: Path, unbroken: dict[str, object]
) -> None:
    chance = random.Random(7)
    counts = {"switches": 0, "show": 0, "stored": 0}
    client = JobClient.start(job_arguments(new_season(tmp_path), "--visuals"))

    def answer(message: Message) -> bool:
        event = message["event"]
        if event in counts:
            counts[str(event)] += 1
        if event == "show" and chance.random() < 0.8:
            client.send("shown", match=message["match"])
        elif event in ("show", "progress"):
            counts["switches"] += 1
            client.send("visuals", on=event == "progress")
        return has_ended(message)

    try:
        heard = hear(client, answer)
    finally:
        client.end(DEADLINE_S)
    assert heard[-1]["state"] == "complete", client.detail
    assert client.exit_code == 0
    assert counts["switches"] > 10
    assert counts["show"] >= counts["stored"] > 10
    assert_same(finish(tmp_path), unbroken)


@POSIX
def test_kill_9_of_the_window_stops_the_job_and_loses_nothing(tmp_path: Path, unbroken: dict[str, object]) -> None:
    window = start(STARTER, "stay", *job_arguments(new_season(tmp_path)))
    assert window.stdout is not None
    job = int(window.stdout.readline())
    assert window.stdout.readline() == "playing\n"
    jobs = family(job)
    assert len(jobs) >= 2  # the pool is up
    window.kill()
    window.communicate()
    assert not wait_for_end(jobs, DEADLINE_S)
    assert 100 < stored(tmp_path) <= MATCHES
    assert_same(finish(tmp_path), unbroken)


@POSIX
def test_kill_9_of_the_job_is_told_in_a_sentence_and_the_season_goes_on(
    tmp_path: Path, unbroken: dict[str, object]
) -> None:
    client = JobClient.start(job_arguments(new_season(tmp_path)))
    hear(client, is_playing)
    jobs = family(client.pid)
    os.kill(client.pid, signal.SIGKILL)
    assert not any(has_ended(message) for message in hear(client, has_ended))
    assert client.exit_code == -signal.SIGKILL
    assert client.reason.startswith("the job's process was killed (SIGKILL)")
    assert not wait_for_end(jobs, DEADLINE_S)
    client.close(DEADLINE_S)
    assert_same(finish(tmp_path), unbroken)


def test_a_detached_job_plays_to_the_end_without_a_window(tmp_path: Path, unbroken: dict[str, object]) -> None:
    window = start(STARTER, "detach", *job_arguments(new_season(tmp_path)))
    assert window.stdout is not None
    jobs = [psutil.Process(int(window.stdout.readline()))]
    _, err = window.communicate()
    assert (window.returncode, err) == (0, "")
    assert not wait_for_end(jobs, DEADLINE_S)
    assert stored(tmp_path) == MATCHES
    assert_same(finish(tmp_path), unbroken)


def test_a_window_that_closes_ends_its_job_with_everything_stored(tmp_path: Path, unbroken: dict[str, object]) -> None:
    client = JobClient.start(job_arguments(new_season(tmp_path)))
    hear(client, is_playing)
    jobs = family(client.pid)
    client.end(DEADLINE_S)
    assert client.take(DEADLINE_S)[-1]["event"] == "ended"
    assert client.exit_code in (0, 130)
    assert not wait_for_end(jobs, DEADLINE_S)
    assert_same(finish(tmp_path), unbroken)


def test_a_second_job_on_the_league_is_refused(tmp_path: Path) -> None:
    first = JobClient.start(job_arguments(new_season(tmp_path), "--visuals"))
    try:
        hear(first, lambda message: message["event"] == "show")
        second = JobClient.start(job_arguments(tmp_path))
        ended = hear(second, has_ended)[-1]
        second.end(DEADLINE_S)
    finally:
        first.end(DEADLINE_S)
    assert (ended["state"], second.exit_code) == ("failed", 2)
    assert f"is being written by process {first.pid}" in str(ended["reason"])
    assert second.reason == ended["reason"]
    assert "Traceback" not in second.detail


def test_a_season_job_loads_neither_qt_nor_pygame_nor_torch(tmp_path: Path) -> None:
    job = start(MODULES, *job_arguments(new_season(tmp_path), "--visuals"))
    out, err = job.communicate(timeout=DEADLINE_S)  # stdin ends: it stops
    assert json.loads(out.splitlines()[-1])["state"] == "stopped"
    assert err == "code 130, loaded []"
