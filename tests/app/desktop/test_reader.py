"""The reader: answers in the window's thread, in order; errors become sentences."""

import sys
import threading
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot
from shiboken6 import delete

from app.desktop.context import Desktop
from app.desktop.reader import Reader
from app.session import League
from league.errors import LeagueError


def test_a_question_is_answered_in_the_windows_thread(desktop: Desktop, qtbot: QtBot) -> None:
    seen: list[tuple[str, bool]] = []
    asked_in: list[threading.Thread] = []

    def question(league: League) -> str:
        asked_in.append(threading.current_thread())
        return league.library.players()[0].name

    desktop.reader.ask(
        question, lambda name: seen.append((name, threading.current_thread() is threading.main_thread()))
    )
    qtbot.waitUntil(lambda: bool(seen))
    assert seen == [("aimer", True)]
    assert asked_in[0] is not threading.main_thread()


def test_answers_come_in_the_order_of_the_questions(desktop: Desktop, qtbot: QtBot) -> None:
    seen: list[int] = []
    for number in range(20):
        desktop.reader.ask(lambda _league, n=number: n, seen.append)  # type: ignore[misc]
    qtbot.waitUntil(lambda: len(seen) == 20)
    assert seen == list(range(20))


def test_a_cancelled_question_is_neither_asked_nor_answered(desktop: Desktop, qtbot: QtBot) -> None:
    gate = threading.Event()
    seen: list[str] = []
    asked: list[str] = []
    desktop.reader.ask(lambda _league: gate.wait(10), lambda _: seen.append("first"))
    ticket = desktop.reader.ask(lambda _league: asked.append("second"), lambda _: seen.append("second"))
    desktop.reader.ask(lambda _league: None, lambda _: seen.append("third"))
    ticket.cancel()
    gate.set()
    qtbot.waitUntil(lambda: "third" in seen)
    assert seen == ["first", "third"]
    assert not asked


def test_an_expected_error_is_one_sentence_for_the_asker(desktop: Desktop, qtbot: QtBot) -> None:
    def question(_league: League) -> None:
        raise LeagueError("there is no such thing")

    told: list[str] = []
    desktop.reader.ask(question, lambda _: told.append("answered"), failed=told.append)
    qtbot.waitUntil(lambda: bool(told))
    assert told == ["there is no such thing"]


def test_a_fault_of_ours_is_said_and_the_reader_goes_on(desktop: Desktop, qtbot: QtBot) -> None:
    told: list[str] = []
    desktop.reader.failed.connect(told.append)
    desktop.reader.ask(lambda _league: 1 // 0, lambda _: None)
    desktop.reader.ask(lambda _league: "still here", told.append)
    qtbot.waitUntil(lambda: len(told) == 2)
    assert "ZeroDivisionError" in told[0]
    assert told[1] == "still here"


@pytest.mark.parametrize("content", [b"this is no database", b"SQLite format 3\0" + b"\xff" * 200])
def test_a_broken_database_is_one_sentence(tmp_path: Path, qtbot: QtBot, content: bytes) -> None:
    (tmp_path / "league.db").write_bytes(content)
    reader = Reader(str(tmp_path))
    with qtbot.waitSignal(reader.failed_to_open) as told:
        reader.start()
    reader.close()
    assert str(tmp_path) in told.args[0]
    assert "\n" not in told.args[0]


class _Asker(QObject):
    """Keeps what it is told."""

    def __init__(self, told: list[str]) -> None:
        super().__init__()
        self.told = told

    def take(self, text: str) -> None:
        self.told.append(text)


def test_the_answer_to_an_asker_that_was_deleted_meanwhile_is_dropped(desktop: Desktop, qtbot: QtBot) -> None:
    told: list[str] = []
    gone, there = _Asker(told), _Asker(told)
    gate = threading.Event()
    desktop.reader.ask(lambda _league: "first" * gate.wait(10), gone.take)
    desktop.reader.ask(lambda _league: "second", partial(gone.take))
    desktop.reader.ask(lambda _league: "third", there.take)
    delete(gone)
    gate.set()
    qtbot.waitUntil(lambda: bool(told))
    assert told == ["third"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps an open file at its place")
def test_a_database_that_is_removed_meanwhile_is_said_once(desktop: Desktop, qtbot: QtBot) -> None:
    told: list[str] = []
    answers: list[int] = []
    desktop.reader.lost.connect(told.append)
    desktop.reader.ask(lambda _league: 1, answers.append)
    qtbot.waitUntil(lambda: answers == [1])
    assert told == []
    desktop.home.database.rename(desktop.home.database.with_suffix(".away"))
    for number in (2, 3):
        desktop.reader.ask(lambda _league, n=number: n, answers.append)  # type: ignore[misc]
    qtbot.waitUntil(lambda: answers == [1, 2, 3])
    assert len(told) == 1
    assert str(desktop.home.database) in told[0]


def test_closing_does_not_wait_for_a_question_without_end(
    tmp_path: Path, qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    gate, asked = threading.Event(), threading.Event()
    reader = Reader(str(tmp_path))
    reader.start()
    reader.ask(lambda _league: (asked.set(), gate.wait(60)), lambda _: None)
    assert asked.wait(60)
    thread = next(each for each in threading.enumerate() if each.name == "league reader")
    reader.close()
    assert thread.is_alive()
    assert "takes longer" in caplog.text
    gate.set()
    thread.join(60)
