"""The canvas: a pygame surface that Qt shows without a copy; notes; faults of drawing."""

import sys
from dataclasses import replace

import pytest
from pytestqt.qtbot import QtBot

from app.desktop.arena.canvas import Canvas
from app.desktop.context import Desktop
from app.scene import Cast, Scene
from game.games import game as game_named
from game.policies.scripted import ScriptedPolicy
from game.render import View
from game.timeline import Timeline

GAME = game_named("rally")


def view() -> View:
    bot = ScriptedPolicy.of(GAME, "tracker")
    return Scene(Timeline(GAME, (bot, bot), 1, 5), Cast(("left", "right"))).view()


@pytest.fixture
def canvas(desktop: Desktop, qtbot: QtBot) -> Canvas:
    made = Canvas(desktop.theme)
    qtbot.addWidget(made)
    made.resize(480, 270)
    made.show()
    return made


def test_a_frame_is_shown_without_a_copy(canvas: Canvas) -> None:
    canvas.show_view(view(), GAME.shape)
    image = canvas.image
    assert image is not None
    ratio = canvas.devicePixelRatioF()
    assert (image.width(), image.height()) == (round(480 * ratio), round(270 * ratio))
    surface = canvas._renderer.surface  # type: ignore[union-attr]
    surface.set_at((5, 5), (12, 200, 34))
    assert image.pixelColor(5, 5).getRgb()[:3] == (12, 200, 34)
    assert not surface.get_locked()
    canvas.show_view(view(), GAME.shape)
    assert canvas.image is image


def test_another_size_makes_another_frame(canvas: Canvas) -> None:
    canvas.show_view(view(), GAME.shape)
    canvas.resize(600, 300)
    assert canvas.image is not None
    assert canvas.image.width() == round(600 * canvas.devicePixelRatioF())


def test_another_theme_draws_in_its_colours(canvas: Canvas, desktop: Desktop) -> None:
    canvas.show_view(view(), GAME.shape)
    dark = canvas.grab().toImage().pixelColor(150, 180).lightness()
    desktop.theme.use("light")
    assert canvas.grab().toImage().pixelColor(150, 180).lightness() > dark + 100


def test_a_fault_of_drawing_is_a_note_and_told(canvas: Canvas, caplog: pytest.LogCaptureFixture) -> None:
    told: list[str] = []
    canvas.broke.connect(told.append)
    canvas.show_view(view(), GAME.shape)
    canvas.show_view(replace(view(), picture={}), GAME.shape)
    assert told == [canvas.note]
    assert canvas.note.startswith("The court cannot be drawn: KeyError")
    canvas.grab()
    canvas.show_view(view(), GAME.shape)
    assert canvas.note == ""


def test_a_pointers_row_is_a_height_of_the_court(canvas: Canvas) -> None:
    canvas.show_view(view(), GAME.shape)
    assert canvas.court_y(135) == pytest.approx(0.0, abs=0.01)
    assert canvas.court_y(20) > 0.3
    assert canvas.court_y(250) < -0.3


def test_repainting_keeps_every_reference_to_none(canvas: Canvas) -> None:
    canvas.show_view(view(), GAME.shape)
    canvas.repaint()
    before = sys.getrefcount(None)
    for _ in range(200):
        canvas.repaint()
    assert abs(sys.getrefcount(None) - before) < 50
