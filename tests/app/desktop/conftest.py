"""Fixtures of the window's tests: a desktop on a temporary league, and guards against what a test leaves behind."""

import gc
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
os.environ.setdefault("SDL_AUDIODRIVER", "dummy")

import psutil
import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QTimer, SignalInstance
from PySide6.QtWidgets import QApplication, QMainWindow
from pytestqt.qtbot import QtBot

from app.desktop.actions import Actions
from app.desktop.context import Desktop
from app.desktop.hub import Hub
from app.desktop.reader import Reader
from app.desktop.settings import Settings
from app.desktop.theme import ThemeStore
from app.desktop.toasts import Toasts
from app.session import open_league
from league.home import Home
from tests.app.desktop.doubles import FakeClock, FakeJobBoard

_PATIENCE_MS: Final = 60_000


class PatientBot(QtBot):
    """Waits long before it gives up: on a busy machine a process takes its time, and a test that passes waits for nothing."""

    def waitUntil(self, callback: Callable[[], object], *, timeout: int = _PATIENCE_MS) -> None:  # noqa: N802  # its name
        super().waitUntil(callback, timeout=timeout)

    def waitSignal(self, signal: SignalInstance, *, timeout: int = _PATIENCE_MS, **options: Any) -> Any:  # noqa: N802
        return super().waitSignal(signal, timeout=timeout, **options)


@pytest.fixture
def qtbot(qapp: QApplication, request: pytest.FixtureRequest) -> PatientBot:
    return PatientBot(request)


@pytest.fixture(scope="session")
def league_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A league with the starter players, made once."""
    folder = tmp_path_factory.mktemp("template") / "league"
    with open_league(str(folder)):
        pass
    return folder


@pytest.fixture
def home(tmp_path: Path, league_template: Path) -> Home:
    """A league of its own for one test."""
    shutil.copytree(league_template, tmp_path / "league")
    return Home.find(str(tmp_path / "league"))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def jobs(qapp: QApplication) -> FakeJobBoard:
    return FakeJobBoard()


@pytest.fixture
def desktop(qapp: QApplication, home: Home, jobs: FakeJobBoard, clock: FakeClock) -> Iterator[Desktop]:
    """The services of a window, on a temporary league; jobs start no process."""
    window = QMainWindow()
    settings = Settings(home.folder)
    theme = ThemeStore(settings)
    reader = Reader(str(home.folder))
    reader.start()
    yield Desktop(
        home=home,
        reader=reader,
        jobs=jobs,  # type: ignore[arg-type]  # the same face
        hub=Hub(),
        settings=settings,
        theme=theme,
        toasts=Toasts(window, theme),
        actions=Actions(window),
        clock=clock,
    )
    reader.close()
    window.close()
    window.deleteLater()
    _finish_deletions()


@pytest.fixture(autouse=True)
def _leaves_nothing_behind(qapp: QApplication) -> Iterator[None]:
    """Fail a test that leaves a running timer, a thread, a process or a top-level widget."""
    threads = set(threading.enumerate())
    children = {child.pid for child in psutil.Process().children(recursive=True)}
    widgets = set(map(id, QApplication.topLevelWidgets()))
    timers = {id(timer) for timer in _active_timers()}
    yield
    _finish_deletions()
    left = {
        "threads": [thread.name for thread in threading.enumerate() if thread not in threads and thread.is_alive()],
        "processes": [child.name() for child in psutil.Process().children(recursive=True) if child.pid not in children],
        "top-level widgets": [repr(each) for each in QApplication.topLevelWidgets() if id(each) not in widgets],
        "timers": [repr(timer.parent()) for timer in _active_timers() if id(timer) not in timers],
    }
    assert not any(left.values()), f"the test has left behind: {left}"


def _finish_deletions() -> None:
    """Delete what waits for it: Qt's deferred deletions and Python's cycles."""
    gc.collect()
    for _ in range(3):
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        QCoreApplication.processEvents()


def _active_timers() -> list[QTimer]:
    found = []
    for each in gc.get_objects():
        try:
            if issubclass(type(each), QTimer) and each.isActive():
                found.append(each)
        except (ReferenceError, RuntimeError):  # its C++ half is gone
            continue
    return found
