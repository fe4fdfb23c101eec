"""People at the arena: dialog, countdown, keys, pause on leaving, result card, rematch and what follows."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.desktop.arena.hands import Device
from app.desktop.arena.panel import ArenaPanel
from app.desktop.arena.people import Opponent, Setup
from app.desktop.arena.play_dialog import PlayDialog
from app.desktop.arena.playback import Phase
from app.desktop.context import Desktop
from game.spec import Seat
from league.store import PlayerRow
from tests.app.desktop.test_arena_panel import Told, arena, frames, told
from tests.app.desktop.test_human_hands import FakePad

__all__ = ["arena", "frames", "told"]

Frames = Callable[[float], None]


def row(desktop: Desktop, qtbot: QtBot, name: str) -> PlayerRow:
    found: list[PlayerRow] = []
    desktop.reader.ask(lambda league: league.library.find(name), found.append)
    qtbot.waitUntil(lambda: bool(found))
    return found[0]


def begin(arena: ArenaPanel, qtbot: QtBot, setup: Setup) -> None:
    arena.room.begin(setup)
    qtbot.waitUntil(lambda: arena.room.game is not None)


@pytest.fixture
def against_still(desktop: Desktop, qtbot: QtBot) -> Setup:
    return Setup(opponent=Opponent.PLAYER, player=row(desktop, qtbot, "still"), points=1)


def open_dialog(arena: ArenaPanel, qtbot: QtBot) -> PlayDialog:
    qtbot.mouseClick(arena.stage.heading.person, Qt.MouseButton.LeftButton)
    dialog = arena.room.dialog
    assert dialog is not None
    qtbot.waitUntil(lambda: dialog.opponent.count() > 3)
    return dialog


def test_the_dialog_offers_players_devices_and_how_one_stands(
    arena: ArenaPanel, qtbot: QtBot, desktop: Desktop
) -> None:
    arena.room._pads.found.append(FakePad())  # type: ignore[attr-defined]
    dialog = open_dialog(arena, qtbot)
    assert arena.stage.screening is not None
    assert arena.stage.screening.playback.phase is Phase.PAUSED
    offered = [dialog.opponent.itemText(place) for place in range(dialog.opponent.count())]
    assert offered[:2] == ["Someone of my strength", "A second person, here"]
    assert "aimer" in offered
    devices = [dialog.device.itemData(place) for place in range(dialog.device.count())]
    assert devices == [Device.KEYS, Device.LETTER_KEYS, Device.ARROW_KEYS, Device.MOUSE, Device.FIRST_PAD]
    assert dialog.standing.text().startswith("Not rated yet")
    assert not dialog.second.isVisible()
    dialog.opponent.setCurrentIndex(1)
    assert dialog.second.isVisible()
    assert (dialog.device.currentData(), dialog.second_device.currentData()) == (Device.LETTER_KEYS, Device.ARROW_KEYS)
    assert dialog.play.isEnabled()
    dialog.device.setCurrentIndex(0)
    assert "cannot share a device" in dialog.problem.text()
    assert not dialog.play.isEnabled()
    dialog.reject()


def test_a_player_can_be_chosen_from_elsewhere(arena: ArenaPanel, qtbot: QtBot, desktop: Desktop) -> None:
    desktop.hub.challenge.emit(None, row(desktop, qtbot, "tracker"))
    dialog = arena.room.dialog
    assert dialog is not None
    qtbot.waitUntil(lambda: dialog.opponent.currentText().startswith("tracker"))
    dialog.reject()
    qtbot.waitUntil(lambda: arena.room.dialog is None)


def test_play_begins_with_a_countdown_and_keys_move_the_paddle(
    arena: ArenaPanel, told: Told, frames: Frames, qtbot: QtBot
) -> None:
    dialog = open_dialog(arena, qtbot)
    dialog.points.setValue(1)
    dialog.opponent.setCurrentIndex(dialog.opponent.findText("still"))
    qtbot.mouseClick(dialog.play, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: arena.room.game is not None)
    game, stage = arena.room.game, arena.stage
    assert game is not None
    assert told.started[-1].request.left.is_person
    frames(2.5)
    assert game.course.tick == 0
    assert stage.canvas.view is not None
    assert stage.canvas.view.message == "1"
    frames(1.0)
    assert game.course.tick > 20
    QTest.keyPress(stage.canvas, Qt.Key.Key_W)
    frames(0.05)
    assert game.course.actions[Seat.LEFT] == 0
    QTest.keyRelease(stage.canvas, Qt.Key.Key_W)
    frames(0.05)
    assert game.course.actions[Seat.LEFT] == 1


def test_people_play_at_the_speed_of_the_game(
    arena: ArenaPanel, frames: Frames, qtbot: QtBot, against_still: Setup
) -> None:
    arena.stage.set_speed(16.0)
    begin(arena, qtbot, against_still)
    assert arena.stage.screening is not None
    assert arena.stage.screening.playback.speed == 1.0
    arena.stage.change_speed(3)
    arena.stage.set_turbo(is_on=True)
    assert arena.stage.screening.playback.target_speed == 1.0
    assert not arena.stage.transport.scrub.span.is_seekable


def test_the_mouse_is_followed(arena: ArenaPanel, frames: Frames, qtbot: QtBot, against_still: Setup) -> None:
    from dataclasses import replace

    begin(arena, qtbot, replace(against_still, device=Device.MOUSE))
    frames(3.1)
    canvas = arena.stage.canvas
    place = QPointF(40.0, canvas.height() * 0.2)
    move = QMouseEvent(
        QEvent.Type.MouseMove,
        place,
        canvas.mapToGlobal(place),
        Qt.MouseButton.NoButton,
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(canvas, move)
    frames(1.0)
    assert arena.room.game is not None
    assert arena.room.game.course.picture()["left_y"] > 0.15


def test_losing_the_keyboard_pauses_and_play_counts_down_again(
    arena: ArenaPanel, frames: Frames, qtbot: QtBot, against_still: Setup
) -> None:
    begin(arena, qtbot, against_still)
    frames(3.2)
    assert arena.stage.screening is not None
    playback = arena.stage.screening.playback
    assert playback.phase is Phase.PLAYING
    QTest.keyPress(arena.stage.canvas, Qt.Key.Key_W)
    arena.stage.focus_lost.emit()
    assert playback.phase is Phase.PAUSED
    arena.stage.toggle()
    assert playback.phase is Phase.COUNTING
    frames(2.1)
    assert arena.room.game is not None
    assert arena.room.game.course.actions[Seat.LEFT] == 1


def test_the_result_is_stored_and_shown_with_what_can_follow(
    arena: ArenaPanel, frames: Frames, qtbot: QtBot, desktop: Desktop, against_still: Setup
) -> None:
    begin(arena, qtbot, against_still)
    frames(60.0)
    card = arena.room.card
    assert card is not None
    assert "1" in card.title.text()
    qtbot.waitUntil(lambda: card.rating.text().startswith("You: rated"))
    counted: list[int] = []
    desktop.reader.ask(lambda league: len(league.store.person_matches("You")), counted.append)
    qtbot.waitUntil(lambda: counted == [1])
    qtbot.mouseClick(card.buttons["Swap sides"], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: arena.room.game is not None)
    game = arena.room.game
    assert game is not None
    assert game.played.setup.seat is Seat.RIGHT
    assert game.played.request.left.name == "still"
    assert arena.room.card is None


def test_next_opponent_suits_and_rematch_is_the_same(
    arena: ArenaPanel, frames: Frames, qtbot: QtBot, against_still: Setup
) -> None:
    begin(arena, qtbot, against_still)
    frames(60.0)
    assert arena.room.card is not None
    arena.room.card.buttons["Rematch"].click()
    qtbot.waitUntil(lambda: arena.room.game is not None)
    assert arena.room.game is not None
    assert arena.room.game.played.request.right.name == "still"
    frames(60.0)
    assert arena.room.card is not None
    arena.room.card.buttons["Next opponent"].click()
    qtbot.waitUntil(lambda: arena.room.game is not None)
    assert arena.room.game.played.player is not None
    assert arena.room.game.played.request.right.name != "still"


def test_two_people_get_no_rating_and_no_ladder(arena: ArenaPanel, frames: Frames, qtbot: QtBot) -> None:
    setup = Setup("Ada", Seat.LEFT, Device.LETTER_KEYS, Opponent.PERSON, None, "Bob", Device.ARROW_KEYS, 1)
    begin(arena, qtbot, setup)
    frames(60.0)
    assert arena.room.card is not None
    assert set(arena.room.card.buttons) == {"Rematch", "Swap sides", "Close"}
    assert "not rated" in arena.room.card.rating.text()
    arena.room.card.buttons["Close"].click()
    assert arena.room.card is None


def test_a_match_that_is_left_is_not_stored(
    arena: ArenaPanel, told: Told, frames: Frames, qtbot: QtBot, desktop: Desktop, against_still: Setup
) -> None:
    begin(arena, qtbot, against_still)
    frames(4.0)
    arena.director.next_match()
    qtbot.waitUntil(lambda: told.started[-1].request.title == "Exhibition")
    assert arena.room.game is None
    counted: list[int] = []
    desktop.reader.ask(lambda league: len(league.store.person_matches("You")), counted.append)
    qtbot.waitUntil(lambda: counted == [0])


def test_a_window_that_is_minimised_pauses(
    arena: ArenaPanel, frames: Frames, qtbot: QtBot, desktop: Desktop, against_still: Setup
) -> None:
    begin(arena, qtbot, against_still)
    frames(3.2)
    assert arena.stage.screening is not None
    desktop.hub.minimised.emit(True)
    assert arena.stage.screening.playback.phase is Phase.PAUSED
    desktop.hub.minimised.emit(False)
    assert arena.stage.screening.playback.phase is Phase.PAUSED
