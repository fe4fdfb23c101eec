"""What nobody caught is written down and told, from any thread; the next session hears of a fatal end."""

import sys
import threading

import pytest
from pytestqt.qtbot import QtBot

from app.desktop.application import unfit_qt
from app.desktop.crash import FILE_NAME, CrashReports
from league.home import Home


@pytest.fixture
def reports(home: Home):  # type: ignore[no-untyped-def]  # a generator of one
    made = CrashReports(home.folder)
    made.install()
    yield made
    made.remove()


def test_an_error_that_nobody_caught_is_told_with_its_traceback(
    reports: CrashReports, home: Home, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(reports.caught) as told:
        try:
            raise RuntimeError("the reason")
        except RuntimeError:
            sys.excepthook(*sys.exc_info())  # type: ignore[arg-type]
    sentence, details = told.args
    assert "RuntimeError" in sentence
    assert "\n" not in sentence
    assert "the reason" in details
    assert "the reason" in (home.folder / FILE_NAME).read_text()


def test_an_error_in_a_thread_is_told_too(reports: CrashReports, qtbot: QtBot) -> None:
    def fail() -> None:
        raise ValueError("in a thread")

    with qtbot.waitSignal(reports.caught) as told:
        thread = threading.Thread(target=fail)
        thread.start()
        thread.join()
    assert "in a thread" in told.args[1]


def test_ctrl_c_is_no_fault(reports: CrashReports, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(reports.caught):
        sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)


def test_hooks_are_given_back(home: Home) -> None:
    before = (sys.excepthook, threading.excepthook)
    reports = CrashReports(home.folder)
    reports.install()
    assert sys.excepthook is not before[0]
    reports.remove()
    assert (sys.excepthook, threading.excepthook) == before


def test_a_fatal_end_is_told_by_the_next_session_once(home: Home) -> None:
    (home.folder / FILE_NAME).write_text("old line\nFatal Python error: Segmentation fault\n\nThread 1\n")
    for expected in ("Fatal Python error: Segmentation fault\n\nThread 1\n", ""):
        reports = CrashReports(home.folder)
        assert reports.install() == expected
        reports.remove()


@pytest.mark.parametrize(
    ("version", "python", "is_fit"),
    [
        ("6.11.3", (3, 11), True),
        ("6.12.0", (3, 11), False),
        ("6.12.0", (3, 13), True),
        ("6.11.1", (3, 13), False),
        ("6.8.0", (3, 11), False),
        ("6.8.3", (3, 11), True),
    ],
)
def test_versions_of_qt_that_break_the_window_are_refused(version: str, python: tuple[int, int], is_fit: bool) -> None:
    problem = unfit_qt(version, python)
    assert (problem == "") == is_fit
    assert is_fit or version in problem
