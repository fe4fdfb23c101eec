"""The paddles, and the light where something was touched."""

import math
from typing import Final

import numpy as np
import pygame

from game.render.canvas import PHASES, Canvas
from game.render.shapes import box_distance, covered, grid, painted, ring
from game.render.style import mixed
from game.render.view import Ripple, View
from game.spec import Seat

_GLOW_LEVELS: Final = 8
_RIPPLE_LEVELS: Final = 16


def draw_paddle(canvas: Canvas, view: View, seat: Seat) -> None:
    """Draw one seat's paddle, which lights up after a contact."""
    side = seat.name.lower()
    old, now = view.picture[f"old_{side}_y"], view.picture[f"{side}_y"]
    y = canvas.y(old + (now - old) * min(max(view.between, 0.0), 1.0))
    outwards = 1.0 if seat is Seat.RIGHT else -1.0
    x = canvas.x(outwards * canvas.shape.paddle_line) + outwards * canvas.paddle_px[0] / 2
    level = round(_GLOW_LEVELS * min(max(view.flashes[seat], 0.0), 1.0))
    flash = level / _GLOW_LEVELS
    if level and canvas.style.glow:
        canvas.put(canvas.sprite(("glow", seat, level), lambda: _paddle_glow(canvas, seat, flash)), x, y)
    top = math.floor(y * PHASES) / PHASES
    phase = round((top - math.floor(top)) * PHASES)
    sprite = canvas.sprite(("paddle", seat, phase, level), lambda: _paddle_sprite(canvas, seat, phase, flash))
    canvas.surface.blit(sprite, (round(x - sprite.get_width() / 2), math.floor(top) - sprite.get_height() // 2))


def _paddle_sprite(canvas: Canvas, seat: Seat, phase: int, flash: float) -> pygame.Surface:
    """Return a paddle that lies ``phase`` quarters of a pixel below the middle: round, or square with stripes."""
    width, height = canvas.paddle_px
    size = math.ceil(width) + 2, 2 * math.ceil(height / 2) + 4
    middle = size[0] / 2, size[1] / 2 + phase / PHASES
    radius = width / 2 if seat is Seat.LEFT else width / 8
    alpha = covered(box_distance(size, middle, (width, height), radius))
    colour = np.empty((size[1], size[0], 3))
    colour[:] = mixed(canvas.style.seats[seat], canvas.style.text, 0.3 * flash)
    if seat is Seat.RIGHT:
        _, y = grid(size)
        stripe = covered(np.abs(np.abs(y - middle[1]) - height / 6) - max(height / 40, 1.0))
        colour += (np.array(canvas.style.court) - colour) * 0.8 * stripe[..., None]
    return painted(alpha, colour)


def _paddle_glow(canvas: Canvas, seat: Seat, strength: float) -> pygame.Surface:
    """Return the light around a paddle, ``strength`` 0 to 1."""
    reach = canvas.paddle_px[0] * 1.4
    size = round(canvas.paddle_px[0] + 6 * reach), round(canvas.paddle_px[1] + 6 * reach)
    distance = box_distance(size, (size[0] / 2, size[1] / 2), canvas.paddle_px, canvas.paddle_px[0] / 2)
    alpha = 0.6 * canvas.style.glow * strength * np.exp(-((np.maximum(distance, 0) / reach) ** 2))
    return painted(alpha, canvas.style.seats[seat])


def draw_ripple(canvas: Canvas, ripple: Ripple) -> None:
    """Draw a ring that widens where a paddle was touched, or a spark along a wall."""
    level = min(int(ripple.age * _RIPPLE_LEVELS), _RIPPLE_LEVELS - 1)
    share = (level + 0.5) / _RIPPLE_LEVELS
    if ripple.seat is None:
        sprite = canvas.sprite(("spark", level), lambda: _spark(canvas, share))
    else:
        colour = canvas.style.seats[ripple.seat]
        radius = canvas.ball_px * (1.4 + 5.0 * math.sqrt(share))
        width = max(canvas.ball_px * 0.45 * (1 - share), 0.8)
        sprite = canvas.sprite(
            ("ripple", ripple.seat, level), lambda: ring(radius, width, colour, 0.75 * (1 - share) ** 1.3)
        )
    canvas.put(sprite, canvas.x(ripple.x), canvas.y(ripple.y))


def _spark(canvas: Canvas, share: float) -> pygame.Surface:
    """Return the light along a wall where the ball has met it."""
    long, thin = canvas.ball_px * (2.0 + 5.0 * share), canvas.ball_px * 0.55
    size = round(4 * long) + 1, round(6 * thin) + 1
    x, y = grid(size)
    alpha = 0.8 * (1 - share) * np.exp(-(((x - size[0] / 2) / long) ** 2) - ((y - size[1] / 2) / thin) ** 2)
    return painted(alpha, canvas.style.ball)
