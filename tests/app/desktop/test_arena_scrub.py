"""The scrub bar: what a place on it means, and how it seeks."""

import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from app.desktop.arena.scrub import ScrubBar, Span, clock_text
from app.desktop.context import Desktop
from game.spec import Seat
from game.timeline import Mark

MARKS = (Mark(200, 1, 0, Seat.LEFT, 3), Mark(500, 1, 0, None, 0), Mark(900, 1, 1, Seat.RIGHT, 8))
SPAN = Span(tick=300, scanned=1200, length=1200, marks=MARKS, is_seekable=True)


@pytest.fixture
def bar(desktop: Desktop, qtbot: QtBot) -> ScrubBar:
    made = ScrubBar(desktop.theme)
    qtbot.addWidget(made)
    made.resize(416, made.sizeHint().height())
    made.show_span(SPAN)
    made.show()
    return made


def test_the_score_at_a_tick_is_that_of_the_last_mark() -> None:
    assert [SPAN.score_at(tick) for tick in (0, 199, 200, 600, 900, 1200)] == [
        (0, 0),
        (0, 0),
        (1, 0),
        (1, 0),
        (1, 1),
        (1, 1),
    ]
    assert SPAN.text_at(900) == "0:15.0   1 : 1"


@pytest.mark.parametrize(("seconds", "text"), [(0.0, "0:00.0"), (59.96, "1:00.0"), (75.25, "1:15.2"), (600, "10:00.0")])
def test_times_are_minutes_and_seconds(seconds: float, text: str) -> None:
    assert clock_text(seconds) == text


def test_an_unknown_length_leaves_room_for_what_is_to_come() -> None:
    assert Span(tick=10, scanned=10).total == 1800
    assert Span(tick=4000, scanned=4000).total == 5000
    assert SPAN.tick_at(-1.0) == 0
    assert SPAN.tick_at(2.0) == 1200


def test_click_and_drag_seek(bar: ScrubBar, qtbot: QtBot) -> None:
    sought: list[int] = []
    bar.sought.connect(sought.append)
    qtbot.mousePress(bar, Qt.MouseButton.LeftButton, pos=QPoint(208, 17))
    qtbot.mouseMove(bar, QPoint(408, 17))
    qtbot.mouseRelease(bar, Qt.MouseButton.LeftButton, pos=QPoint(408, 17))
    qtbot.mouseMove(bar, QPoint(8, 17))
    assert sought == [600, 1200]


def test_keys_seek(bar: ScrubBar, qtbot: QtBot) -> None:
    sought: list[int] = []
    bar.sought.connect(sought.append)
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Left, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown, Qt.Key.Key_A):
        qtbot.keyClick(bar, key)
    assert sought == [420, 180, 900, 0]


def test_a_match_of_people_cannot_be_sought_in(bar: ScrubBar, qtbot: QtBot) -> None:
    sought: list[int] = []
    bar.sought.connect(sought.append)
    bar.show_span(Span(tick=300, scanned=300, marks=MARKS))
    qtbot.mouseClick(bar, Qt.MouseButton.LeftButton, pos=QPoint(100, 17))
    qtbot.keyClick(bar, Qt.Key.Key_Right)
    assert sought == []


def test_points_are_drawn_in_both_seats_colours_and_shapes(bar: ScrubBar) -> None:
    image = bar.grab().toImage()
    y = image.height() // 2 + 9
    blue, orange = image.pixelColor(8 + 400 * 200 // 1200, y), image.pixelColor(8 + 400 * 900 // 1200, y)
    assert blue.blue() > blue.red() + 60
    assert orange.red() > orange.blue() + 60

    def filled(middle: int) -> int:
        """Return how many pixels around a mark have its colour in full."""
        area = [(middle + dx, y + dy) for dx in range(-4, 5) for dy in range(-4, 5)]
        return sum(image.pixelColor(*place).saturation() > 150 for place in area)

    assert filled(8 + 300) >= filled(8 + 66) + 5  # a square against a disc of the same width
