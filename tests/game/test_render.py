"""The picture of a match: things are where the state says, texts stay inside, styles and sizes all work."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pygame
import pytest

from game.games.rally import GAME
from game.render import STYLES, Renderer, Ripple, Sight, Valuation, View

ROOT = Path(__file__).resolve().parents[2]
SHAPE = GAME.shape
PICTURE = {
    "ball_x": 0.3, "ball_y": 0.1, "old_ball_x": 0.27, "old_ball_y": 0.09, "ball_vx": 1.8, "ball_vy": 0.6, "spin": 0.0,
    "left_y": 0.2, "old_left_y": 0.2, "right_y": -0.25, "old_right_y": -0.25,
    "left_points": 1.0, "right_points": 2.0, "rally_hits": 0.0, "tick": 100.0, "serve_in": 0.0,
}  # fmt: skip
VIEW = View(picture=PICTURE, names=("Left", "Right"), points_to_win=5, ratings=("1500 ± 20", "1600 ± 20"))
SIGHT = Sight(GAME.observations, [1.0, -1.0, 0.5, -0.5, 0.0, 0.2, 2.0, -3.0])
VALUES = Valuation([0.25, -1.5, 0.5], 2, 2.0)
SIZES = [(200, 120, 1.0), (240, 135, 1.0), (480, 270, 1.0), (960, 540, 1.0), (1920, 1080, 2.0), (500, 700, 1.5)]


def changed(view, **fields):
    return replace(view, picture={**view.picture, **fields})


def drawn(view, style="dark", size=(960, 540, 1.0), *, small=False):
    renderer = Renderer(SHAPE, STYLES[style], small=small)
    renderer.resize(*size)
    renderer.draw(view)
    return renderer


def pixels(renderer):
    """Return the frame as int32[height, width, 3]."""
    return pygame.surfarray.array3d(renderer.surface).swapaxes(0, 1).astype(np.int32)


def place_of(one, other):
    """Return the box (left, top, right, bottom) of the pixels in which two frames differ clearly."""
    rows, columns = np.nonzero(np.abs(one - other).max(axis=2) > 40)
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


def unit_of(size):
    """Return pixels a court unit, as the renderer's documented padding makes it."""
    pad = max(3 * size[2], 0.022 * min(size[:2]))
    return min((size[0] - 2 * pad) / (2 * SHAPE.half_width), (size[1] - 2 * pad) / (2 * SHAPE.half_height))


def test_the_surface_is_what_qimage_takes_without_a_copy():
    surface = drawn(VIEW).surface
    assert surface.get_bitsize() == 32
    assert surface.get_masks() == (0xFF0000, 0xFF00, 0xFF, 0)
    assert surface.get_size() == (960, 540)
    assert not surface.get_locked()
    assert pygame.display.get_surface() is None


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize(("side", "column"), [("left", 0), ("right", 1)])
def test_a_paddle_is_where_the_state_says(size, side, column):
    middle = size[1] / 2
    unit = unit_of(size)
    high, low = (drawn(changed(VIEW, **{f"{side}_y": y, f"old_{side}_y": y}), size=size) for y in (0.3, -0.3))
    left, top, right, bottom = place_of(pixels(high), pixels(low))
    half = SHAPE.paddle_half
    assert top == pytest.approx(middle - (0.3 + half) * unit, abs=1.6)
    assert bottom == pytest.approx(middle + (0.3 + half) * unit, abs=1.6)
    face = (size[0] / 2 - SHAPE.paddle_line * unit, size[0] / 2 + SHAPE.paddle_line * unit)[column]
    assert (right, left)[column] == pytest.approx(face, abs=1.6)


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("between", [0.0, 0.5, 1.0])
def test_the_ball_is_between_its_old_and_its_new_place(size, between):
    unit = unit_of(size)
    view = replace(changed(VIEW, old_ball_x=-0.4, ball_x=-0.3, old_ball_y=-0.3, ball_y=-0.2), between=between)
    away = changed(VIEW, old_ball_x=0.5, ball_x=0.5, old_ball_y=-0.4, ball_y=-0.4)
    renderer = drawn(view, "contrast", size)
    frame, without = pixels(renderer), pixels(drawn(away, "contrast", size))
    half = size[0] // 2
    left, top, right, bottom = place_of(frame[:, :half], without[:, :half])
    assert (left + right) / 2 == pytest.approx(size[0] / 2 + (-0.4 + 0.1 * between) * unit, abs=1.5)
    assert (top + bottom) / 2 == pytest.approx(size[1] / 2 - (-0.3 + 0.1 * between) * unit, abs=1.5)


def test_a_ball_that_was_put_back_to_the_middle_does_not_fly_there():
    view = changed(VIEW, old_ball_x=0.79, ball_x=0.0, old_ball_y=0.4, ball_y=-0.2)
    half_way, there = (pixels(drawn(replace(view, between=between))) for between in (0.5, 1.0))
    assert np.array_equal(half_way, there)


def test_left_and_right_are_mirror_images_but_for_colour_and_shape():
    view = changed(
        VIEW, left_y=0.1, old_left_y=0.1, right_y=0.1, old_right_y=0.1, left_points=2.0, ball_x=0.0, old_ball_x=0.0
    )
    frame = pixels(drawn(replace(view, names=("", ""), ratings=("", "")), "contrast"))
    is_drawn = frame.max(axis=2) > 60
    court = is_drawn[:, 30:930]
    top = court[int(0.4 * 540) :]  # below the score
    assert np.mean(top != top[:, ::-1]) < 0.002
    left, right = frame[:, 30:80], frame[:, 880:930]
    assert not np.array_equal(left, right[:, ::-1])


def test_the_seats_differ_without_colour():
    """The right paddle is striped: along its middle, brightness changes; along the left one's, it does not."""
    frame = pixels(drawn(changed(VIEW, left_y=0.0, old_left_y=0.0, right_y=0.0, old_right_y=0.0))).sum(axis=2)
    unit = unit_of((960, 540, 1.0))
    x = round((SHAPE.paddle_line + 0.013) * unit)
    rows = slice(270 - round(0.06 * unit), 270 + round(0.06 * unit))
    assert np.ptp(frame[rows, 480 - x]) < 10
    top, inner = 270 - round(SHAPE.paddle_half * unit) + 1, round(SHAPE.paddle_line * unit) + 1
    assert frame[top, 480 - inner - 1] < frame[270, 480 - x] / 2  # a round corner
    assert frame[top, 480 + inner + 1] > frame[270, 480 + x] / 2  # a square one
    assert np.ptp(frame[rows, 480 + x]) > 100


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("small", [False, True], ids=["full", "small"])
def test_long_names_stay_in_their_half_of_the_court(size, small):
    unit = unit_of(size)
    edge = size[0] / 2 - SHAPE.half_width * unit
    plain = replace(VIEW, names=("", ""), ratings=("-", "-"))
    without = pixels(drawn(plain, size=size, small=small))
    for seat in (0, 1):
        names, ratings = ["", ""], ["-", "-"]
        names[seat], ratings[seat] = "A name of more letters than anybody can read " * 4, "1234 ± 56 and more " * 9
        view = replace(plain, names=tuple(names), ratings=tuple(ratings))
        left, _, right, bottom = place_of(pixels(drawn(view, size=size, small=small)), without)
        assert left >= (edge, size[0] / 2)[seat]
        assert right <= (size[0] / 2, size[0] - edge)[seat]
        assert bottom < size[1] / 2


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_a_long_message_stays_inside_the_court(size):
    message = "The winner is somebody with a name that never ends " * 3
    left, _, right, _ = place_of(
        pixels(drawn(replace(VIEW, message=message), size=size)), pixels(drawn(VIEW, size=size))
    )
    unit = unit_of(size)
    assert left >= size[0] / 2 - SHAPE.half_width * unit
    assert right <= size[0] / 2 + SHAPE.half_width * unit


@pytest.mark.parametrize("name", ["", "a\0b", "\ud800", "tab\tand\nline", "Ünïcödé 球 🏓"])
def test_any_name_can_be_drawn(name):
    drawn(replace(VIEW, names=(name, name), message=name))


def test_the_styles_differ():
    frames = [drawn(VIEW, style).rgb() for style in STYLES]
    assert set(STYLES) == {"dark", "light", "contrast"}
    assert len(set(frames)) == 3
    dark, light, contrast = (np.frombuffer(frame, np.uint8).mean() for frame in frames)
    assert contrast < dark < 80
    assert light > 200


@pytest.mark.parametrize("style", STYLES)
def test_texts_are_readable_on_their_court(style):
    """WCAG 2.1, 1.4.3: contrast of at least 4.5 for texts, 3 for large ones."""
    chosen = STYLES[style]
    for colour, least in ((chosen.text, 4.5), (chosen.quiet, 4.5), (chosen.seats[0], 3), (chosen.seats[1], 3)):
        assert contrast_of(colour, chosen.court) >= least


def contrast_of(one, other):
    def luminance(colour):
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in np.array(colour) / 255]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


LATER = {
    "trail": {"trail": [(0.1, 0.0, 0.0), (0.2, 0.05, 0.0), (0.27, 0.09, 0.0)]},
    "flash": {"flashes": (1.0, 0.0)},
    "ripple": {"ripples": (Ripple(0.74, 0.1, 0.2, seat=None), Ripple(0.0, 0.45, 0.2))},
    "path": {"path": [(0.3 + 0.02 * step, 0.1) for step in range(20)]},
    "sight": {"sight": (SIGHT, SIGHT)},
    "values": {"values": (VALUES, None)},
    "values of the other side": {"values": (None, VALUES)},
    "values that are no numbers": {"values": (Valuation([float("nan"), float("inf"), -1e30], None, 0.0), None)},
    "actions": {"actions": (0, 2)},
    "message": {"message": "Point"},
    "pause": {"is_paused": True},
}


@pytest.mark.parametrize("name", LATER)
def test_everything_asked_for_is_drawn_and_leaves_no_trace(name):
    renderer = drawn(VIEW)
    before = renderer.rgb()
    renderer.draw(replace(VIEW, **LATER[name]))
    assert renderer.rgb() != before
    renderer.draw(VIEW)
    assert renderer.rgb() == before


def test_spin_shows_in_the_trail_and_turning_in_the_ball():
    trails = [[(0.1, 0.0, spin), (0.2, 0.05, spin), (0.27, 0.09, spin)] for spin in (-3.0, 0.0, 3.0)]
    frames = {drawn(replace(VIEW, trail=trail)).rgb() for trail in trails}
    assert len(frames) == 3
    assert drawn(replace(VIEW, turn=1.5)).rgb() != drawn(VIEW).rgb()


def test_the_score_rally_and_serve_are_shown():
    frames = [VIEW, changed(VIEW, left_points=2.0), changed(VIEW, rally_hits=7.0), changed(VIEW, serve_in=20.0)]
    renderer = drawn(VIEW)
    shown = []
    for view in frames:  # one after the other: a score that has changed is written anew
        renderer.draw(view)
        shown.append(renderer.rgb())
    assert len(set(shown)) == 4
    rings = {drawn(changed(VIEW, serve_in=float(ticks))).rgb() for ticks in (40, 20, 1)}
    assert len(rings) == 3


def values_box(values, *, seat=0):
    """Return the box of the pixels that values change, and the frame with them."""
    frame = pixels(drawn(replace(VIEW, values=(values, None) if seat == 0 else (None, values)), "contrast"))
    return place_of(frame, pixels(drawn(VIEW, "contrast"))), frame


def test_values_are_drawn_beside_the_paddle_whose_they_are():
    for seat, half in ((0, range(480)), (1, range(480, 960))):
        (left, top, right, bottom), _ = values_box(VALUES, seat=seat)
        assert left in half
        assert right - 1 in half
        assert 150 < top < bottom < 350


def test_the_bar_of_a_value_is_as_long_as_it_is_above_the_lowest():
    lengths = []
    for second in (-1.5, -0.5, 0.5):
        _, frame = values_box(Valuation([-1.5, second, 0.5], 1, 2.0))
        _, without = values_box(Valuation([-1.5, second, 0.5], None, 2.0))
        seat = (frame == STYLES["contrast"].seats[0]).all(axis=2) & ~(without == STYLES["contrast"].seats[0]).all(
            axis=2
        )
        lengths.append(seat.sum(axis=1).max())
    low, middle, high = lengths
    assert low <= 2
    assert middle == pytest.approx(high / 2, abs=2)
    assert high > 50


def test_the_ball_flies_over_the_values():
    (left, top, right, bottom), _ = values_box(VALUES)
    unit, x, y = unit_of((960, 540, 1.0)), (left + right) // 2, (top + bottom) // 2
    there = {"ball_x": (x - 480) / unit, "ball_y": (270 - y) / unit}
    view = changed(VIEW, **there, old_ball_x=there["ball_x"], old_ball_y=there["ball_y"])
    plain, valued = (pixels(drawn(replace(view, values=(values, None)), "contrast")) for values in (None, VALUES))
    around = np.s_[y - 3 : y + 4, x - 3 : x + 4]
    assert np.array_equal(plain[around], valued[around])


def test_a_tile_shows_no_overlays():
    busy = replace(VIEW, sight=(SIGHT, SIGHT), values=(VALUES, VALUES), actions=(0, 1), path=LATER["path"]["path"])
    size = (240, 135, 1.0)
    assert drawn(busy, size=size, small=True).rgb() == drawn(VIEW, size=size, small=True).rgb()


@pytest.mark.parametrize("size", [(1, 1, 1.0), (40, 400, 1.0), (3840, 2160, 2.0)], ids=str)
def test_any_size_works(size):
    busy = replace(
        VIEW,
        sight=(SIGHT, SIGHT),
        values=(VALUES, VALUES),
        actions=(0, 1),
        message="Point",
        flashes=(1, 1),
        points_to_win=21,
    )
    assert drawn(busy, size=size).surface.get_size() == size[:2]


def test_the_same_view_is_the_same_frame_on_any_renderer_and_after_a_resize():
    renderer = drawn(replace(VIEW, message="x"), size=(480, 270, 1.0))
    renderer.resize(960, 540, 1.0)
    renderer.draw(VIEW)
    assert renderer.rgb() == drawn(VIEW).rgb()


def test_pygame_opens_no_window_and_says_nothing():
    code = "import game.render, pygame, os; print(os.environ['SDL_VIDEODRIVER'], pygame.display.get_init())"
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("SDL_", "PYGAME_"))}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["dummy", "False"]
