"""The Network panel: whose network it shows, that it shows what is decided next, and that it rests when nobody looks."""

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest

from app.desktop.context import Contender, MatchRequest, OnScreen
from app.desktop.network.presenter import NetworkPresenter
from app.desktop.network.view import NetworkView
from app.desktop.panels import network
from game.games.rally import GAME
from game.policies.python_bot import PythonPolicy
from game.spec import Seat
from game.timeline import Hand, LiveMatch, Timeline
from tests.app.desktop.test_charts_elo import player
from tests.game.networks import bot, dense, graph

RNG = np.random.default_rng(5)
NET, GRAPH, BOT = dense(RNG, (6,)), graph(RNG, nodes=9, is_recurrent=True), bot("tracker")


def on_screen(left, right, hashes=("", "")):
    request = MatchRequest(Contender("one", left, hashes[0]), Contender("two", right, hashes[1]), 3, 2)
    if left is None or right is None:
        sides = tuple(Hand(1) if policy is None else policy for policy in (left, right))
        return OnScreen(request, LiveMatch(GAME, sides, 3, 2))
    return OnScreen(request, Timeline(GAME, (left, right), 3, 2))


@pytest.fixture
def presenter():
    return NetworkPresenter()


@pytest.mark.parametrize("policy", [NET, GRAPH], ids=["dense", "recurrent"])
def test_what_is_shown_now_is_what_is_played_next(presenter, policy):
    screen = on_screen(policy, BOT)
    presenter.show(screen)
    for tick in range(200):
        if tick == 90:
            screen.course.seek(30)
        moment = presenter.moment()
        assert moment.tick == screen.course.tick
        screen.course.step()
        assert screen.course.actions[Seat.LEFT] == moment.action


def test_the_side_with_a_network_is_shown_and_then_that_of_the_selected_player(presenter):
    presenter.show(on_screen(BOT, NET))
    assert presenter.seat is Seat.RIGHT
    presenter.show(on_screen(NET, GRAPH, ("aa", "bb")))
    assert presenter.seat is Seat.RIGHT
    presenter.follow("aa")
    assert presenter.seat is Seat.LEFT
    presenter.show(on_screen(GRAPH, NET, ("bb", "aa")))
    assert presenter.seat is Seat.RIGHT
    presenter.follow("")
    presenter.choose(Seat.LEFT)
    assert presenter.drawing.net.is_recurrent


@pytest.mark.parametrize(
    ("policy", "words"),
    [(BOT, "one is a scripted bot"), (PythonPolicy("class Bot: ..."), "Python bot"), (None, "A person plays here")],
    ids=["bot", "python", "person"],
)
def test_without_a_network_a_sentence_says_why(presenter, policy, words):
    request = MatchRequest(Contender("one", policy), Contender("two", BOT), 3, 2)
    presenter.show(OnScreen(request, on_screen(None, BOT).course))
    presenter.choose(Seat.LEFT)
    assert words in presenter.sentence
    assert presenter.moment().action is None
    presenter._screen.course.step()
    moment = presenter.moment()
    assert moment.action == 1
    assert len(moment.observation) == GAME.n_observations
    assert len(moment.values) == 0


def test_without_a_match_there_is_a_hint(presenter):
    assert "arena" in presenter.sentence
    assert presenter.moment() is None


def test_what_is_left_out_is_said(presenter):
    presenter.show(on_screen(NET, BOT))
    assert presenter.summary == "9 nodes, 66 connections"
    presenter.show(on_screen(dense(RNG, (100,)), BOT))
    assert presenter.summary == "35 of 103 nodes, 352 of 1,100 connections"


@pytest.fixture
def view(desktop, qtbot):
    view = network.PANEL.create(desktop)
    assert isinstance(view, NetworkView)
    qtbot.addWidget(view)
    view.resize(320, 280)
    view.show()
    return view


def test_an_empty_panel_says_what_to_do(view):
    assert view.sentence.isVisible()
    assert not view.canvas.isVisible()
    assert not view.seats[Seat.LEFT].isEnabled()
    assert not view._timer.isActive()


def test_it_follows_the_arena_while_it_is_seen(view, desktop, qtbot):
    screen = on_screen(NET, BOT)
    desktop.hub.match_started.emit(screen)
    assert view._timer.isActive()
    assert not view.sentence.isVisible()
    screen.course.step()
    qtbot.waitUntil(lambda: view.canvas._moment.tick == 1)
    view.hide()
    assert not view._timer.isActive()


def test_a_closing_window_stops_it(view, desktop):
    desktop.hub.match_started.emit(on_screen(NET, BOT))
    desktop.hub.closing.emit()
    assert not view._timer.isActive()


def test_it_rests_while_the_window_is_minimised(view, desktop):
    desktop.hub.match_started.emit(on_screen(NET, BOT))
    desktop.hub.minimised.emit(True)
    assert not view._timer.isActive()
    desktop.hub.match_started.emit(on_screen(NET, BOT))
    assert not view._timer.isActive()
    desktop.hub.minimised.emit(False)
    assert view._timer.isActive()


def test_the_same_tick_is_painted_once(view, desktop):
    desktop.hub.match_started.emit(on_screen(NET, BOT))
    shown = view.canvas._moment
    view.refresh()
    assert view.canvas._moment is shown


def test_buttons_choose_the_side(view, desktop):
    desktop.hub.match_started.emit(on_screen(NET, BOT))
    QTest.mouseClick(view.seats[Seat.RIGHT], Qt.MouseButton.LeftButton)
    assert "two is a scripted bot" in view.sentence.text()
    assert view.seats[Seat.RIGHT].isChecked()
    assert view.canvas._moment.values.size == 0
    QTest.mouseClick(view.seats[Seat.LEFT], Qt.MouseButton.LeftButton)
    assert not view.sentence.isVisible()


def test_the_selected_player_is_followed(view, desktop):
    desktop.hub.match_started.emit(on_screen(NET, GRAPH, ("aa", player(1).hash)))
    assert view.presenter.seat is Seat.LEFT
    desktop.hub.player_selected.emit(player(1))
    assert view.presenter.seat is Seat.RIGHT
    desktop.hub.player_selected.emit(None)


def test_pointing_at_a_node_and_a_connection_reads_them_out(view, desktop):
    screen = on_screen(NET, BOT)
    desktop.hub.match_started.emit(screen)
    view.canvas.repaint()
    scene = view.canvas._scene
    QTest.mouseMove(view.canvas, scene.centres[2].toPoint())
    view.canvas._point(scene.centres[2])
    value = screen.course.match.observation(Seat.LEFT)[2]
    assert view._pointed == f"ball vx: {value:.3f}"
    view.canvas._point((scene.centres[0] + scene.centres[8]) / 2)
    assert view._pointed == f"ball x \N{RIGHTWARDS ARROW} node 1: weight {NET.weights[0][0, 0]:.3g}"
    view.canvas._point(QPointF(scene.centres[0].x(), 1e6))
    assert view._pointed == "9 nodes, 66 connections"


def test_arrow_keys_go_from_node_to_node(view, desktop):
    desktop.hub.match_started.emit(on_screen(NET, BOT))
    view.canvas.repaint()
    QTest.keyClick(view.canvas, Qt.Key.Key_Down)
    QTest.keyClick(view.canvas, Qt.Key.Key_Down)
    assert view._pointed.startswith("ball y: ")
    QTest.keyClick(view.canvas, Qt.Key.Key_Up)
    QTest.keyClick(view.canvas, Qt.Key.Key_Up)
    assert view._pointed.startswith("down: ")
    assert "down: " in view.canvas.accessibleDescription()


@pytest.mark.parametrize("theme", ["dark", "light", "contrast"])
@pytest.mark.parametrize("policy", [NET, GRAPH, BOT], ids=["dense", "graph", "bot"])
def test_every_theme_paints_every_kind(view, desktop, theme, policy):
    desktop.hub.match_started.emit(on_screen(policy, BOT))
    view.choose(Seat.LEFT)
    desktop.theme.use(theme)
    try:
        image = view.canvas.grab().toImage()
    finally:
        desktop.theme.use("dark")
    colours = {image.pixelColor(x, y).name() for x in range(0, image.width(), 2) for y in range(0, image.height(), 2)}
    assert len(colours) > 4
    assert desktop.theme.theme.name == "dark"
