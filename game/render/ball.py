"""The ball: where it is, its trail, how it turns, when it is served, and its path ahead."""

import itertools
import math
from collections.abc import Sequence
from typing import Final

import numpy as np
import pygame

from game.games.rally_court import SERVE_TICKS
from game.render.canvas import PHASES, Canvas
from game.render.shapes import covered, disc, grid, halo, painted
from game.render.style import mixed
from game.render.view import Place, View
from game.spec import CourtShape

_ANGLES: Final = 32
_SPIN_LEVELS: Final = 6  # shades of the trail, each way
_TRAIL_LEVELS: Final = 24
_RING_STEPS: Final = 40
_MOST_JUMP: Final = 0.2  # of the court's half width in one tick: farther, the ball was put there and did not fly


def ball_place(shape: CourtShape, view: View) -> Place:
    """Return the ball's place in court coordinates; a ball that was put somewhere is there at once."""
    picture = view.picture
    old, now = (picture["old_ball_x"], picture["old_ball_y"]), (picture["ball_x"], picture["ball_y"])
    if math.dist(old, now) > _MOST_JUMP * shape.half_width:
        return now
    part = min(max(view.between, 0.0), 1.0)
    return old[0] + (now[0] - old[0]) * part, old[1] + (now[1] - old[1]) * part


def draw_path(canvas: Canvas, path: Sequence[Place]) -> None:
    """Draw where the ball will go as dots of equal distance."""
    if not path:
        return
    dot = canvas.sprite("path", lambda: disc(max(0.3 * canvas.ball_px, 1.1), canvas.style.text, 0.55))
    pitch, gone = 2.2 * canvas.ball_px, 0.0
    for before, after in itertools.pairwise(path):
        gone += math.dist(before, after) * canvas.unit
        if gone >= pitch:
            gone %= pitch
            canvas.put(dot, canvas.x(after[0]), canvas.y(after[1]))


def draw_trail(canvas: Canvas, view: View, ball: Place) -> None:
    """Draw the comet: soft dots so close that they flow together, thinner and paler towards the end."""
    points = [*view.trail, (*ball, view.picture["spin"])]
    if len(points) < 2:
        return
    dots: list[tuple[pygame.Surface, Place]] = []
    pitch = max(canvas.ball_px * 0.55, 1.0)
    for number in range(1, len(points)):
        (x0, y0, spin), (x1, y1, _) = points[number - 1], points[number]
        steps = max(1, math.ceil(math.dist((x0, y0), (x1, y1)) * canvas.unit / pitch))
        for step in range(steps):
            part = step / steps
            life = (number - 1 + part) / (len(points) - 1)
            dot = _trail_dot(canvas, life, spin)
            half = dot.get_width() / 2
            x, y = canvas.x(x0 + (x1 - x0) * part), canvas.y(y0 + (y1 - y0) * part)
            dots.append((dot, (x - half, y - half)))
    canvas.surface.fblits(dots)


def _trail_dot(canvas: Canvas, life: float, spin: float) -> pygame.Surface:
    """Return a dot of the trail: ``life`` 0 at its end, 1 at the ball; ``spin`` tints it."""
    level = int(life * (_TRAIL_LEVELS - 1))
    shade = round(_SPIN_LEVELS * min(max(spin / canvas.shape.spin_limit, -1.0), 1.0))

    def make() -> pygame.Surface:
        share = (level + 1) / _TRAIL_LEVELS
        radius = canvas.ball_px * (0.25 + 0.7 * share)
        towards = canvas.style.spins[1 if shade > 0 else 0]
        colour = mixed(canvas.style.ball, towards, min(1.0, 1.5 * abs(shade) / _SPIN_LEVELS))
        return halo(1.7 * radius, colour, 0.42 * share**1.4)

    return canvas.sprite(("trail", level, shade), make)


def draw_ball(canvas: Canvas, view: View, ball: Place) -> None:
    """Draw the ball at ``ball``, with the ring that runs out until it is served."""
    x, y = canvas.x(ball[0]), canvas.y(ball[1])
    style = canvas.style
    if style.glow:
        canvas.put(canvas.sprite("halo", lambda: halo(3.2 * canvas.ball_px, style.ball, 0.22 * style.glow)), x, y)
    angle = round(view.turn / (2 * math.pi) * _ANGLES) % _ANGLES
    places = [math.floor(each * PHASES) / PHASES for each in (x, y)]
    phases = tuple(round((each - math.floor(each)) * PHASES) for each in places)
    sprite = canvas.sprite(("ball", angle, phases), lambda: _ball_sprite(canvas, angle, (phases[0], phases[1])))
    half = sprite.get_width() // 2
    canvas.surface.blit(sprite, (math.floor(places[0]) - half, math.floor(places[1]) - half))
    wait = view.picture["serve_in"]
    if wait > 0:
        step = math.ceil(_RING_STEPS * min(wait / SERVE_TICKS, 1.0))
        canvas.put(canvas.sprite(("serve", step), lambda: _serve_ring(canvas, step / _RING_STEPS)), x, y)


def _ball_sprite(canvas: Canvas, angle: int, phases: tuple[int, int]) -> pygame.Surface:
    """Return the ball; a dark crescent on one side shows how it turns."""
    radius = canvas.ball_px
    side = 2 * math.ceil(radius) + 4
    x, y = grid((side, side))
    x, y = x - side / 2 - phases[0] / PHASES, y - side / 2 - phases[1] / PHASES
    alpha = covered(np.hypot(x, y) - radius)
    turn = 2 * math.pi * angle / _ANGLES
    away = np.hypot(x - 0.5 * radius * math.cos(turn), y + 0.5 * radius * math.sin(turn))
    crescent = np.clip(0.5 + away - 1.02 * radius, 0.0, 1.0) * 0.75
    colour = np.empty((side, side, 3))
    colour[:] = canvas.style.ball
    colour += (np.array(canvas.style.seam) - colour) * crescent[..., None]
    return painted(alpha, colour)


def _serve_ring(canvas: Canvas, share: float) -> pygame.Surface:
    """Return the ring around a ball at rest, of which ``share`` is left until the serve."""
    radius, width = 2.6 * canvas.ball_px, max(0.34 * canvas.ball_px, 1.2)
    side = 2 * math.ceil(radius + width) + 2
    x, y = grid((side, side))
    x, y = x - side / 2, y - side / 2
    ring = covered(np.abs(np.hypot(x, y) - radius) - width / 2)
    passed = (np.arctan2(x, -y) % (2 * math.pi)) / (2 * math.pi)  # clockwise from the top
    return painted(ring * np.where(passed <= share, 0.95, 0.18), canvas.style.text)
