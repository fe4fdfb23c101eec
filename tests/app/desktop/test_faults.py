"""What ends from outside costs nothing: a season's process, a run's process, the window itself. With real processes."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from app.desktop.close_dialog import CloseChoice, CloseDialog
from app.desktop.context import Desktop
from app.desktop.jobs import JobBoard
from app.desktop.league.controller import SeasonController
from app.desktop.main_window import MainWindow
from app.desktop.training.cards import Phase, RunCard
from app.desktop.training.dock import TrainingDock
from app.session import open_league
from league.home import Home
from league.store import Store
from tests.app.desktop.season_window import season_of

ROOT = Path(__file__).resolve().parents[3]
PATIENCE_S = 120.0  # the kernels may have to be compiled first
PATIENCE_MS = round(1000 * PATIENCE_S)
PAIRS = 300

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows knows no SIGKILL"),
]


def processes_of(home: Home) -> list[psutil.Process]:
    """Return every process that was started for the league at ``home``, and their children."""
    found: dict[int, psutil.Process] = {}
    for process in psutil.process_iter(["cmdline"]):
        if str(home.folder) in (process.info["cmdline"] or []):
            family = [process, *process.children(recursive=True)]
            found.update({each.pid: each for each in family})
    return list(found.values())


def stored(home: Home) -> int:
    with Store.open(home.database) as store:
        season = store.latest_season()
        return store.count_matches(season.id) if season is not None else 0


def command_line(home: Home, *arguments: str) -> dict[str, object]:
    line = [sys.executable, "main.py", "--home", str(home.folder), *arguments, "--json"]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=True)
    found: dict[str, object] = json.loads(done.stdout)
    return found


@pytest.fixture
def unbroken(tmp_path: Path) -> dict[str, object]:
    """The same season as the window's, played by the command line in one go."""
    home = Home.find(str(tmp_path / "unbroken"))
    command_line(home, "--no-visuals", "--pairs", str(PAIRS))
    return command_line(home, "standings")


def assert_same_season(found: dict[str, object], unbroken: dict[str, object]) -> None:
    for key in ("rows_sha256", "standings", "matches", "ticks", "faults"):
        assert found[key] == unbroken[key], key


def kill_job(board: JobBoard, home: Home, command: str) -> None:
    """Kill the process of the job that runs ``command``, as the system does when memory runs out."""
    assert [card for card in board.running() if card.arguments[0] == command]
    (victim,) = [each for each in psutil.Process().children() if command in each.cmdline()]
    assert str(home.folder) in victim.cmdline()
    victim.kill()


def resume_by_toast(desktop: Desktop) -> None:
    """Press the button of the message that says what has ended."""
    window = desktop.toasts.parent()
    assert window is not None
    (button,) = [each for each in window.findChildren(QPushButton) if each.text() == "Resume"]
    button.click()


def test_a_killed_window_leaves_no_process_and_loses_nothing(
    home: Home, unbroken: dict[str, object], tmp_path: Path
) -> None:
    window = subprocess.Popen(
        [sys.executable, "-m", "tests.app.desktop.season_window", str(home.folder), str(PAIRS)],
        cwd=ROOT,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert window.stdout is not None
    try:
        assert window.stdout.readline() == "playing\n"
        family = [each for each in processes_of(home) if each.pid != window.pid]
        assert any("play" in each.cmdline() for each in family)
        assert len(family) >= 2, "the season has a worker of its own"
        before = stored(home)
    finally:
        window.kill()
        window.wait()
        window.stdout.close()
    _, alive = psutil.wait_procs(family, timeout=PATIENCE_S)
    assert alive == []
    assert processes_of(home) == []
    assert 0 < before <= stored(home)
    command_line(home, "--no-visuals", "--resume")
    assert_same_season(command_line(home, "standings"), unbroken)


@pytest.fixture
def real(desktop: Desktop) -> Iterator[Desktop]:
    """A desktop whose jobs are processes."""
    board = JobBoard()
    yield dataclasses.replace(desktop, jobs=board)
    closed: list[bool] = []
    board.close_all(CloseChoice.STOP, lambda: closed.append(True))
    while not closed:
        board.drain()


def test_a_killed_season_says_so_and_goes_on(
    real: Desktop, home: Home, unbroken: dict[str, object], qtbot: QtBot
) -> None:
    controller = SeasonController(real)
    controller.set_visuals(is_on=False)
    with open_league(str(home.folder)) as league:
        controller.create(season_of(league, PAIRS))
    qtbot.waitUntil(lambda: controller.run is not None and controller.run.done > 0, timeout=PATIENCE_MS)
    kill_job(real.jobs, home, "play")
    qtbot.waitUntil(lambda: controller.run is None, timeout=PATIENCE_MS)
    assert real.toasts.texts()[-1].startswith("Season 1 has stopped: the job's process was killed (SIGKILL)")
    assert 0 < stored(home) < int(str(unbroken["matches"]))

    resume_by_toast(real)
    assert controller.run is not None
    qtbot.waitUntil(lambda: controller.run is None, timeout=PATIENCE_MS)
    assert real.toasts.texts()[-1] == "Season 1 is complete."
    controller.deleteLater()
    assert_same_season(command_line(home, "standings"), unbroken)


def begin_training(dock: TrainingDock, qtbot: QtBot) -> Callable[[], RunCard]:
    """Start a run that takes longer than any test, and wait for its first steps."""
    qtbot.waitUntil(lambda: dock.form.fields is not None, timeout=PATIENCE_MS)
    assert dock.form.fields is not None
    dock.form.fields.set_values({"generations": 100_000, "children": 4, "evaluate_every": 5, "points": 1})
    dock.form.start.click()

    def card() -> RunCard:
        return dock.book.cards()[0]

    qtbot.waitUntil(lambda: card().step >= 2, timeout=PATIENCE_MS)
    return card


def test_a_killed_run_says_so_and_goes_on(real: Desktop, home: Home, qtbot: QtBot) -> None:
    dock = TrainingDock(real)
    qtbot.addWidget(dock)
    dock.show()
    card = begin_training(dock, qtbot)
    kill_job(real.jobs, home, "train")
    qtbot.waitUntil(lambda: card().can_resume, timeout=PATIENCE_MS)
    assert "the job's process was killed (SIGKILL)" in real.toasts.texts()[-1]
    reached = card().step
    resume_by_toast(real)
    qtbot.waitUntil(lambda: card().phase is Phase.RUNNING and card().step > reached, timeout=PATIENCE_MS)
    dock.cards.wanted.emit(card().run, "stop")
    qtbot.waitUntil(lambda: card().phase is Phase.STOPPED and card().job is None, timeout=PATIENCE_MS)


def test_the_window_closes_within_three_seconds_while_it_trains(home: Home, qtbot: QtBot) -> None:
    window = MainWindow(home)
    with qtbot.waitSignal(window.filled, timeout=PATIENCE_MS):
        window.show()
    dock = window.panel("training")
    assert isinstance(dock, TrainingDock)
    card = begin_training(dock, qtbot)
    run = card().run
    window.close()
    (dialog,) = window.findChildren(CloseDialog)
    begun = time.monotonic()
    dialog.buttons[CloseChoice.PAUSE].click()
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=PATIENCE_MS)
    took_s = time.monotonic() - begun
    window.deleteLater()
    assert processes_of(home) == []
    assert took_s < 3.0
    with Store.open(home.database) as store:
        assert store.run(run).state == "stopped"
