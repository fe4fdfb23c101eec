"""The arena as a whole: a match by itself, transport, requests of other panels, verification, faults, full screen."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.desktop.arena.panel import ArenaPanel
from app.desktop.arena.playback import HOLD_S, MAX, Phase
from app.desktop.arena.screening import open_course
from app.desktop.context import Contender, Desktop, MatchRequest, OnScreen
from app.session import open_league
from game.policies.dense import DensePolicy
from league.home import Home
from league.store import PlayerRow
from tests.app.desktop.arena_matches import request_of
from tests.app.desktop.doubles import FakeClock
from tests.app.desktop.test_human_hands import FakePads


class Told:
    """What the arena has told the other panels."""

    def __init__(self, desktop: Desktop) -> None:
        self.started: list[OnScreen] = []
        self.ended: list[tuple[MatchRequest, np.void]] = []
        self.dismissed: list[MatchRequest] = []
        self.frames: list[tuple[float, float]] = []
        desktop.hub.match_started.connect(self.started.append)
        desktop.hub.match_ended.connect(lambda request, record: self.ended.append((request, record)))
        desktop.hub.match_dismissed.connect(self.dismissed.append)
        desktop.hub.arena_frame.connect(lambda *frame: self.frames.append(frame))


@pytest.fixture
def told(desktop: Desktop) -> Told:
    return Told(desktop)


@pytest.fixture
def arena(desktop: Desktop, told: Told, qtbot: QtBot) -> Iterator[ArenaPanel]:
    """The arena with its first exhibition on the screen."""
    panel = ArenaPanel(desktop, pads=FakePads(), load_sounds=dict)
    qtbot.addWidget(panel)
    panel.resize(800, 560)
    panel.show()
    qtbot.waitUntil(lambda: bool(told.started), timeout=60_000)
    yield panel
    desktop.hub.closing.emit()


@pytest.fixture
def frames(arena: ArenaPanel, clock: FakeClock) -> Callable[[float], None]:
    """Let seconds pass, frame by frame."""

    def pass_by(seconds: float) -> None:
        for _ in range(round(seconds * 60)):
            clock.tick(1 / 60)
            arena.stage.next_frame()

    return pass_by


def tick_of(arena: ArenaPanel) -> int:
    assert arena.stage.screening is not None
    return arena.stage.screening.course.tick


def show(desktop: Desktop, request: MatchRequest) -> MatchRequest:
    desktop.hub.show_match.emit(request)
    return request


def test_a_match_between_good_players_runs_by_itself_and_another_after_it(
    arena: ArenaPanel, told: Told, frames: Callable[[float], None], qtbot: QtBot
) -> None:
    first = told.started[0].request
    assert first.title == "Exhibition"
    assert {first.left.name, first.right.name}.isdisjoint({"random", "still"})
    frames(1.0)
    assert tick_of(arena) == pytest.approx(60, abs=1)
    arena.stage.to_end()
    frames(HOLD_S + 0.2)
    qtbot.waitUntil(lambda: len(told.started) == 2)
    second = told.started[1].request
    assert {second.left.hash, second.right.hash} != {first.left.hash, first.right.hash}
    assert told.ended[0][0] is first


def test_next_match_shows_another_at_once(arena: ArenaPanel, told: Told, qtbot: QtBot) -> None:
    qtbot.mouseClick(arena.stage.heading.next, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(told.started) == 2)


def test_keys_on_the_court_work_the_transport(
    arena: ArenaPanel, desktop: Desktop, home: Home, frames: Callable[[float], None], qtbot: QtBot
) -> None:
    show(desktop, request_of(home, points=5))
    stage = arena.stage
    assert stage.screening is not None
    playback = stage.screening.playback
    stage.canvas.setFocus()
    press = lambda key: qtbot.keyClick(stage.canvas, key)  # noqa: E731
    press(Qt.Key.Key_Space)
    assert playback.phase is Phase.PAUSED
    press(Qt.Key.Key_Period)
    press(Qt.Key.Key_Period)
    press(Qt.Key.Key_Comma)
    assert tick_of(arena) == 1
    press(Qt.Key.Key_Right)
    assert tick_of(arena) == 121
    press(Qt.Key.Key_Left)
    assert tick_of(arena) == 1
    press(Qt.Key.Key_End)
    assert tick_of(arena) == playback.timeline.length  # type: ignore[union-attr]
    press(Qt.Key.Key_Home)
    assert tick_of(arena) == 0
    press(Qt.Key.Key_Plus)
    assert playback.speed == 2.0
    press(Qt.Key.Key_Minus)
    press(Qt.Key.Key_Minus)
    assert playback.speed == 0.5
    press(Qt.Key.Key_Space)
    assert playback.phase is Phase.PLAYING


def test_the_buttons_do_what_the_keys_do(arena: ArenaPanel, desktop: Desktop, home: Home, qtbot: QtBot) -> None:
    show(desktop, request_of(home, points=5))
    bar, stage = arena.stage.transport, arena.stage
    assert stage.screening is not None
    playback = stage.screening.playback
    click = lambda button: qtbot.mouseClick(button, Qt.MouseButton.LeftButton)  # noqa: E731
    assert bar.play.accessibleName() == "Pause (Space)"
    click(bar.play)
    assert playback.phase is Phase.PAUSED
    assert bar.play.accessibleName() == "Play (Space)"
    click(bar.forward_button)
    assert tick_of(arena) == 1
    click(bar.back_button)
    assert tick_of(arena) == 0
    click(bar.live)
    assert playback.course.is_over
    click(bar.start)
    assert tick_of(arena) == 0
    bar.scrub.sought.emit(33)
    assert tick_of(arena) == 33
    bar.speed.box.activated.emit(10)
    assert playback.speed == MAX
    for button in (bar.play, bar.forward_button, bar.back_button, bar.live, bar.start, bar.mute, bar.full, bar.more):
        assert button.accessibleName()
        assert button.toolTip()


def test_target_and_true_speed_are_shown(
    arena: ArenaPanel, desktop: Desktop, home: Home, frames: Callable[[float], None]
) -> None:
    show(desktop, request_of(home, "predictor", "predictor", points=21))
    arena.stage.set_speed(4.0)
    frames(1.5)
    speed = arena.stage.transport.speed
    assert speed.box.currentText() == "4\N{MULTIPLICATION SIGN}"
    assert float(speed.true.text().rstrip("\N{MULTIPLICATION SIGN}")) == pytest.approx(4.0, abs=0.2)


def test_tab_held_is_turbo_and_a_short_tab_moves_the_focus(
    arena: ArenaPanel, clock: FakeClock, desktop: Desktop, home: Home
) -> None:
    show(desktop, request_of(home))
    stage = arena.stage
    arena.activateWindow()
    stage.canvas.setFocus()
    assert stage.screening is not None
    QTest.keyPress(stage.canvas, Qt.Key.Key_Tab)
    assert stage.screening.playback.is_turbo
    clock.tick(1.0)
    QTest.keyRelease(stage.canvas, Qt.Key.Key_Tab)
    assert not stage.screening.playback.is_turbo
    assert stage.canvas.hasFocus()
    QTest.keyPress(stage.canvas, Qt.Key.Key_Tab)
    QTest.keyRelease(stage.canvas, Qt.Key.Key_Tab)
    assert not stage.canvas.hasFocus()


def test_a_stored_match_is_verified_once_its_end_is_known(
    arena: ArenaPanel, desktop: Desktop, home: Home, frames: Callable[[float], None]
) -> None:
    request = request_of(home)
    record = open_course(request).result(3)
    show(desktop, replace(request, stored=record, season_id=1, match_id=3))
    frames(0.2)
    badge = arena.stage.heading.badge
    assert badge.text() == "✓ verified"
    assert arena.stage.heading.title.toolTip() == "Challenge · seed 7"
    other = record.copy()
    other["state_hash"] += 1
    show(desktop, replace(request, stored=other, season_id=1, match_id=3))
    frames(0.2)
    assert "differs" in badge.text()
    assert "state_hash" in badge.toolTip()
    show(desktop, request)
    assert badge.isHidden()


def test_the_matches_of_a_season_are_shown_one_after_another(
    arena: ArenaPanel, told: Told, desktop: Desktop, home: Home, frames: Callable[[float], None]
) -> None:
    season = [replace(request_of(home, seed=seed), is_season_live=True, match_id=seed) for seed in (1, 2)]
    for each in season:
        show(desktop, each)
    assert told.started[-1].request is season[0]
    arena.stage.to_end()
    assert told.ended[-1][0] is season[0]
    assert told.ended[-1][1]["match_id"] == 1
    assert told.ended[-1][1]["state_hash"] == open_course(season[0]).result()["state_hash"]
    frames(HOLD_S + 0.2)
    assert told.started[-1].request is season[1]
    assert told.dismissed == []


def test_a_season_does_not_wait_for_who_looks_elsewhere(
    arena: ArenaPanel, told: Told, desktop: Desktop, home: Home
) -> None:
    live = replace(request_of(home, seed=1), is_season_live=True, season_id=3, match_id=1)
    show(desktop, live)
    arena.hide()
    assert told.dismissed == [live]
    show(desktop, live)
    assert told.dismissed == [live, live]
    arena.show()
    show(desktop, live)
    show(desktop, request_of(home, seed=2))
    assert told.dismissed == [live, live, live]


def test_a_seasons_match_brings_the_arena_up(arena: ArenaPanel, told: Told, desktop: Desktop, home: Home) -> None:
    desktop.hub.panel_wanted.connect(lambda name: arena.setVisible(name == "arena"))
    arena.hide()
    live = show(desktop, replace(request_of(home, seed=1), is_season_live=True, season_id=3, match_id=1))
    assert arena.isVisible()
    assert told.started[-1].request is live
    assert told.dismissed == []


def test_a_request_that_cannot_be_shown_is_said_and_holds_up_nobody(
    arena: ArenaPanel, told: Told, desktop: Desktop, home: Home
) -> None:
    request = replace(request_of(home), left=Contender("somebody"), is_season_live=True, match_id=4)
    show(desktop, request)
    assert told.dismissed == [request]
    assert "cannot be shown" in desktop.toasts.texts()[0]


def test_a_challenge_is_a_match_between_both_players(
    arena: ArenaPanel, told: Told, desktop: Desktop, qtbot: QtBot
) -> None:
    rows: list[PlayerRow] = []
    desktop.reader.ask(lambda league: [league.library.find("still"), league.library.find("random")], rows.extend)
    qtbot.waitUntil(lambda: bool(rows))
    desktop.hub.challenge.emit(*rows)
    qtbot.waitUntil(lambda: told.started[-1].request.title == "Challenge")
    assert (told.started[-1].request.left.name, told.started[-1].request.right.name) == ("still", "random")


def test_frames_are_counted_only_while_something_moves(
    arena: ArenaPanel, told: Told, frames: Callable[[float], None]
) -> None:
    frames(2.2)
    assert [round(per_second) for per_second, _ in told.frames] == [60, 60]
    arena.stage.pause()
    assert told.frames[-1] == (0.0, 0.0)
    assert not arena.stage._timer.isActive()
    arena.stage.play()
    assert arena.stage._timer.isActive()
    arena.hide()
    assert not arena.stage._timer.isActive()


def test_the_arena_is_described_for_those_who_do_not_see_it(
    arena: ArenaPanel, desktop: Desktop, home: Home, frames: Callable[[float], None]
) -> None:
    show(desktop, request_of(home, "predictor", "still"))
    text = arena.stage.canvas.accessibleDescription()
    assert text.startswith("predictor (left) against still (right): 0 to 0; ")
    arena.stage.to_end()
    frames(1.2)
    assert arena.stage.canvas.accessibleDescription().endswith("predictor has won")


def test_overlays_are_drawn_and_remembered(arena: ArenaPanel, desktop: Desktop, home: Home) -> None:
    show(desktop, request_of(home))
    arena.stage.pause()
    arena.stage.seek(100)
    for name in ("path", "sight", "actions"):
        arena.stage.transport.overlay_action(name).trigger()
    view = arena.stage.canvas.view
    assert view is not None
    assert view.sight is not None
    assert view.actions is not None
    assert view.path
    assert view.trail
    arena.stage.transport.overlay_action("trail").trigger()
    assert arena.stage.canvas.view is not None
    assert not arena.stage.canvas.view.trail
    assert desktop.settings.get("arena/overlay_path", default=False)
    assert not desktop.settings.get("arena/overlay_trail", default=True)


def test_the_values_of_a_networks_actions_can_be_shown_by_key_and_menu(
    arena: ArenaPanel, desktop: Desktop, home: Home, qtbot: QtBot
) -> None:
    show(desktop, request_of(home, "quick-dense", "tracker"))
    arena.stage.pause()
    canvas, action = arena.stage.canvas, arena.stage.transport.overlay_action("values")
    assert canvas.view is not None
    assert canvas.view.values == (None, None)
    canvas.setFocus()
    qtbot.keyClick(canvas, Qt.Key.Key_3)
    assert action.isChecked()
    left, right = canvas.view.values
    assert right is None
    assert left is not None
    assert len(left.values) == 3
    arena.stage.step_forward()
    assert arena.stage.screening is not None
    assert left.chosen == arena.stage.screening.course.actions[0]
    action.trigger()
    assert canvas.view.values == (None, None)
    assert not desktop.settings.get("arena/overlay_values", default=True)


def test_mute_is_remembered_and_without_a_device_the_button_says_so(arena: ArenaPanel, desktop: Desktop) -> None:
    mute = arena.stage.transport.mute
    assert not mute.isEnabled()
    assert "no audio device" in mute.accessibleName()
    desktop.actions.action("arena-mute").trigger()
    assert desktop.settings.get("arena/is_muted", default=False)


def test_full_screen_and_back(arena: ArenaPanel, desktop: Desktop) -> None:
    desktop.actions.action("arena-fullscreen").trigger()
    assert arena.stage.isFullScreen()
    assert arena.stage.parent() is None
    desktop.actions.action("arena-fullscreen").trigger()
    assert arena.stage.parent() is arena
    assert arena.stage.isVisible()


def test_a_league_without_players_says_what_to_do(desktop: Desktop, home: Home, qtbot: QtBot, told: Told) -> None:
    with open_league(str(home.folder)) as league:
        for row in league.library.players()[1:]:
            league.store.set_archived(row.id, archived=True)
    panel = ArenaPanel(desktop, pads=FakePads(), load_sounds=dict)
    qtbot.addWidget(panel)
    panel.show()
    qtbot.waitUntil(lambda: panel.stage.canvas.note.startswith("Nobody to watch"), timeout=60_000)
    assert "Import a player" in panel.stage.canvas.note
    assert not told.started
    desktop.hub.closing.emit()


def test_requests_that_come_before_the_kernels_are_shown_first(
    desktop: Desktop, home: Home, qtbot: QtBot, told: Told
) -> None:
    request = request_of(home)
    panel = ArenaPanel(desktop, pads=FakePads(), load_sounds=dict)
    qtbot.addWidget(panel)
    show(desktop, request)
    panel.show()
    qtbot.waitUntil(lambda: bool(told.started), timeout=60_000)
    assert told.started[0].request is request
    desktop.hub.closing.emit()


def test_a_fault_of_drawing_pauses_with_a_note(
    arena: ArenaPanel, desktop: Desktop, caplog: pytest.LogCaptureFixture, frames: Callable[[float], None]
) -> None:
    screening = arena.stage.screening
    assert screening is not None
    view = screening.view
    screening.view = lambda *a, **k: replace(view(*a, **k), names=())  # type: ignore[method-assign,assignment,arg-type]
    frames(0.05)
    assert screening.playback.phase is Phase.PAUSED
    assert "cannot be drawn" in arena.stage.canvas.note
    assert len(desktop.toasts.texts()) == 1


def test_a_season_does_not_wait_for_a_window_that_is_minimised(
    arena: ArenaPanel, told: Told, desktop: Desktop, home: Home
) -> None:
    live = replace(request_of(home, seed=1), is_season_live=True, season_id=3, match_id=1)
    show(desktop, live)
    arena.showMinimized()
    desktop.hub.minimised.emit(True)
    assert told.dismissed == [live]
    show(desktop, live)
    assert told.dismissed == [live, live]
    arena.showNormal()
    assert arena.stage.is_seen


def test_a_match_that_is_forfeited_before_its_first_tick_comes_to_its_end(
    arena: ArenaPanel, told: Told, desktop: Desktop, home: Home, frames: Callable[[float], None]
) -> None:
    whole = request_of(home)
    broken = DensePolicy((np.full((3, 8), np.nan, np.float32),), (np.zeros(3, np.float32),))
    request = show(desktop, replace(whole, left=Contender("broken", broken)))
    frames(0.2)
    assert told.ended[-1][0] is request
    assert told.ended[-1][1]["outcome"] < 0
    assert arena.stage.canvas.view is not None
    assert arena.stage.canvas.view.message == "tracker wins"
    assert desktop.toasts.texts() == ["broken forfeits: it answered NaN"]
