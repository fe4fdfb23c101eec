"""Messages in the corner: what they say, what they offer, and when they go."""

import pytest
from PySide6.QtWidgets import QLabel, QMainWindow, QPlainTextEdit, QPushButton, QToolButton
from pytestqt.qtbot import QtBot

from app.desktop.settings import Settings
from app.desktop.theme import ThemeStore
from app.desktop.toasts import Level, Remedy, Toasts
from league.home import Home


@pytest.fixture
def window(qtbot: QtBot) -> QMainWindow:
    made = QMainWindow()
    made.resize(800, 600)
    qtbot.addWidget(made)
    made.show()
    return made


@pytest.fixture
def toasts(window: QMainWindow, home: Home) -> Toasts:
    return Toasts(window, ThemeStore(Settings(home.folder)))


def _cards(window: QMainWindow) -> list[QToolButton]:
    return [each for each in window.findChildren(QToolButton) if each.accessibleName() == "close this message"]


def test_a_message_is_shown_and_told_to_the_log(toasts: Toasts, window: QMainWindow, qtbot: QtBot) -> None:
    with qtbot.waitSignal(toasts.shown) as told:
        toasts.show("the disk is full", Level.WARNING)
    assert told.args == ["warning", "the disk is full"]
    assert toasts.texts() == ["the disk is full"]
    assert "the disk is full" in [label.text() for label in window.findChildren(QLabel)]
    _cards(window)[0].click()
    assert toasts.texts() == []


def test_messages_lie_within_the_window_and_not_upon_each_other(toasts: Toasts, window: QMainWindow) -> None:
    for number in range(3):
        toasts.show(f"message {number} " + "long " * 40)
    frames = [card.parentWidget() for card in _cards(window)]
    rectangles = [frame.geometry() for frame in frames if frame is not None]
    assert len(rectangles) == 3
    assert all(window.rect().contains(each) for each in rectangles)
    assert not any(a.intersects(b) for i, a in enumerate(rectangles) for b in rectangles[:i])


def test_only_the_newest_four_are_kept(toasts: Toasts) -> None:
    for number in range(6):
        toasts.info(str(number))
    assert toasts.texts() == ["2", "3", "4", "5"]
    for _ in range(4):
        toasts._cards[0].close_card()


def test_an_error_stays_and_an_information_goes_by_itself(toasts: Toasts, qtbot: QtBot) -> None:
    toasts.error("bad")
    toasts.info("fine")
    error, information = toasts._cards
    assert not error._timer.isActive()
    assert information._timer.isActive()
    information._timer.timeout.emit()
    assert toasts.texts() == ["bad"]
    error.close_card()


def test_the_remedy_is_run_and_the_message_goes(toasts: Toasts, window: QMainWindow) -> None:
    done: list[str] = []
    toasts.show("archived", remedy=Remedy("Undo", lambda: done.append("undone")))
    next(button for button in window.findChildren(QPushButton) if button.text() == "Undo").click()
    assert done == ["undone"]
    assert toasts.texts() == []


def test_details_open_on_request(toasts: Toasts, window: QMainWindow, qtbot: QtBot) -> None:
    toasts.error("it failed", details="Traceback: line 1")
    assert window.findChild(QPlainTextEdit) is None
    next(button for button in window.findChildren(QPushButton) if button.text() == "Details").click()
    text = window.findChild(QPlainTextEdit)
    assert text is not None
    assert text.toPlainText() == "Traceback: line 1"
    text.window().close()
    toasts._cards[0].close_card()
