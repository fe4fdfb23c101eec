"""Getting the kernels ready: loaded in a thread, compiled by a job where they are not there."""

import threading
from collections.abc import Callable

from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from app.desktop.arena.kernels import Kernels, kernels_of
from app.desktop.context import Desktop
from tests.app.desktop.doubles import FakeClock, FakeJobBoard


def kernels(desktop: Desktop, *, is_compiled: bool, load: Callable[[], None] = lambda: None) -> Kernels:
    return Kernels(desktop, desktop.hub, is_compiled=lambda: is_compiled, load=load)


def test_compiled_kernels_are_loaded_outside_the_windows_thread(desktop: Desktop, qtbot: QtBot) -> None:
    loaded_in: list[threading.Thread] = []
    made = kernels(desktop, is_compiled=True, load=lambda: loaded_in.append(threading.current_thread()))
    with qtbot.waitSignal(made.ready):
        made.start()
    assert made.is_ready
    assert made.note == ""
    assert loaded_in[0] is not threading.main_thread()
    made.start()
    assert len(loaded_in) == 1


def test_where_none_are_there_a_job_compiles_them_behind_a_note(
    desktop: Desktop, jobs: FakeJobBoard, clock: FakeClock, qtbot: QtBot
) -> None:
    loads: list[bool] = []
    made = kernels(desktop, is_compiled=False, load=lambda: loads.append(True))
    made.start()
    qtbot.waitUntil(lambda: bool(jobs.started))
    job = jobs.last("warm")
    assert job.arguments == ["warm", "--events"]
    assert "once on this machine" in made.note
    assert made.is_compiling
    clock.tick(4.0)
    assert made.elapsed_s == 4.0
    assert not loads
    with qtbot.waitSignal(made.ready):
        jobs.ends(job.id)
    assert loads == [True]


def test_a_job_that_fails_is_said_and_can_be_tried_again(desktop: Desktop, jobs: FakeJobBoard, qtbot: QtBot) -> None:
    made = kernels(desktop, is_compiled=False)
    made.start()
    qtbot.waitUntil(lambda: bool(jobs.started))
    jobs.ends(jobs.last("warm").id, is_ok=False, reason="the disk is full")
    assert made.note == "the match kernels cannot be compiled: the disk is full"
    assert desktop.toasts.texts() == [made.note]
    again = next(each for each in desktop.toasts._window.findChildren(QPushButton) if each.text() == "Try again")
    again.click()
    qtbot.waitUntil(lambda: len(jobs.started) == 2)
    assert not made.is_ready


def test_an_error_in_the_thread_is_a_sentence(desktop: Desktop, qtbot: QtBot) -> None:
    def load() -> None:
        raise RuntimeError("no such kernel")

    made = kernels(desktop, is_compiled=True, load=load)
    made.start()
    qtbot.waitUntil(lambda: bool(desktop.toasts.texts()))
    assert made.note == "the match kernels cannot be loaded: RuntimeError: no such kernel"
    assert not made.is_ready


def test_arena_and_wall_share_their_kernels(desktop: Desktop) -> None:
    assert kernels_of(desktop) is kernels_of(desktop)


def test_closing_waits_for_the_thread(desktop: Desktop) -> None:
    gate = threading.Event()
    made = kernels(desktop, is_compiled=True, load=lambda: gate.wait(10))  # type: ignore[arg-type,return-value]
    made.start()
    gate.set()
    desktop.hub.closing.emit()
    assert not [thread for thread in threading.enumerate() if thread.name == "kernels"]
