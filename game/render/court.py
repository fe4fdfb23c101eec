"""What stands still: the empty court, and on it the names, ratings and points."""

from collections.abc import Hashable
from typing import Final

import numpy as np
import pygame

from game.render.canvas import MASKS, Canvas
from game.render.shapes import box_distance, covered, painted
from game.render.style import Style
from game.render.view import View
from game.spec import Seat

_NET_DASHES: Final = 15
_LARGE_PX: Final = 1_500_000


class CourtLayer:
    """The court with its texts as one layer, drawn anew only when a text has changed.

    ``small`` leaves out ratings and points to win.
    """

    def __init__(self, canvas: Canvas, *, small: bool) -> None:
        self._canvas = canvas
        self._small = small
        self._empty = _empty_court(canvas)
        self._layer = self._empty.copy()
        self._shown: Hashable = None

    def draw(self, view: View) -> None:
        """Cover the whole surface with the court of ``view``."""
        points = int(view.picture["left_points"]), int(view.picture["right_points"])
        texts = (view.names, view.ratings, points, view.points_to_win)
        if texts != self._shown:
            self._shown = texts
            self._write(view, points)
        self._canvas.surface.blit(self._layer, (0, 0))

    def _write(self, view: View, points: tuple[int, int]) -> None:
        self._layer.blit(self._empty, (0, 0))
        for seat in Seat:
            if self._small:
                self._write_small_head(seat, view.names[seat], points[seat])
            else:
                self._write_head(seat, view, points[seat])

    def _write_small_head(self, seat: Seat, name: str, points: int) -> None:
        """Write one side's score beside the net and its name in the corner."""
        canvas, court, style = self._canvas, self._canvas.court, self._canvas.style
        score = canvas.text(str(points), canvas.font_px(0.24, 16), style.seats[seat])
        gap = 0.03 * court.width
        inner = court.centerx + (gap if seat else -gap - score.get_width())
        top = court.top + 0.05 * court.height
        self._layer.blit(score, (round(inner), round(top)))
        edge = 0.045 * court.width
        room = court.width / 2 - edge - 2 * gap - score.get_width()
        text = canvas.text(name, canvas.font_px(0.105, 11), style.text, room)
        outer = court.right - edge - text.get_width() if seat else court.left + edge
        self._layer.blit(text, (round(outer), round(top + 0.02 * court.height)))

    def _write_head(self, seat: Seat, view: View, points: int) -> None:
        """Write one side's score, name, rating and points to win beside the net."""
        canvas, court, style = self._canvas, self._canvas.court, self._canvas.style
        gap = 0.028 * court.width
        room = 0.40 * court.width
        top = court.top + 0.045 * court.height
        name = canvas.text(view.names[seat], canvas.font_px(0.055, 13), style.text, room)
        rating = canvas.text(view.ratings[seat], canvas.font_px(0.042, 11), style.quiet, room)
        score = canvas.text(str(points), canvas.font_px(0.2, 24), style.seats[seat])
        heights = 0.9, 1.08, 1.08 if any(view.ratings) else 0.0
        for text, height in zip((score, name, rating), heights, strict=True):
            left = court.centerx + (gap if seat else -gap - text.get_width())
            self._layer.blit(text, (round(left), round(top)))
            top += text.get_height() * height
        self._draw_pips(seat, points, view.points_to_win, top + 0.012 * court.height)

    def _draw_pips(self, seat: Seat, points: int, points_to_win: int, top: float) -> None:
        """Draw a pip for each point to win, filled for those that are won: round on the left, square on the right."""
        court, style = self._canvas.court, self._canvas.style
        size = max(3, round(min(0.02 * court.height, 0.36 * court.width / max(points_to_win, 1) / 1.7)))
        for number in range(points_to_win):
            is_won = number < points
            colour = style.seats[seat] if is_won else style.quiet
            pip = self._canvas.box(
                size, size, size / 2 if seat is Seat.LEFT else size / 8, colour, 1.0 if is_won else 0.28
            )
            step = 0.03 * court.width + number * 1.7 * size
            left = court.centerx + (step if seat else -step - size)
            self._layer.blit(pip, (round(left), round(top)))


def _empty_court(canvas: Canvas) -> pygame.Surface:
    """Return the empty court: a calm gradient, a rounded border, a dashed net."""
    style, court = canvas.style, canvas.court
    picture = pygame.Surface(canvas.surface.get_size(), 0, 32, MASKS)
    picture.fill(style.outside)
    size = court.size
    shaped = pygame.transform.smoothscale(_gradient(style, size), size)
    distance = box_distance(size, (size[0] / 2, size[1] / 2), size, 0.03 * court.height)
    pygame.surfarray.pixels_alpha(shaped)[:] = (255 * covered(distance)).astype(np.uint8).T
    picture.blit(shaped, court)
    line = max(1.0, 0.0045 * court.height * style.line_width)
    border = covered(np.abs(distance + line / 2) - line / 2)
    picture.blit(painted(border, style.line), court)
    _draw_net(picture, court, line, style)
    return picture


def _draw_net(picture: pygame.Surface, court: pygame.Rect, line: float, style: Style) -> None:
    """Draw a dashed line of twice the width ``line`` down the middle."""
    pitch = court.height / _NET_DASHES
    size = max(2, round(2 * line)), max(2, round(pitch * 0.5))
    dash = painted(0.75 * covered(box_distance(size, (size[0] / 2, size[1] / 2), size, size[0] / 2)), style.line)
    for number in range(_NET_DASHES):
        top = court.top + (number + 0.5) * pitch - size[1] / 2
        picture.blit(dash, (round(court.centerx - size[0] / 2), round(top)))


def _gradient(style: Style, size: tuple[int, int]) -> pygame.Surface:
    """Return the court's colours, lighter in the middle; noise below one shade keeps bands from showing.

    Of a large court in half the size, which takes a quarter of the time.
    """
    parts = 2 if size[0] * size[1] > _LARGE_PX else 1
    width, height = max(1, size[0] // parts), max(1, size[1] // parts)
    x = (np.arange(width, dtype=np.float32) / width - 0.5) * 1.3
    y = (np.arange(height, dtype=np.float32) / height - 0.42) * 1.5
    part = np.minimum(x[None, :] ** 2 + y[:, None] ** 2, 1.0)[..., None]
    pixels = np.empty((height, width, 4), np.uint8)
    pixels[..., 3] = 255
    middle, edge = (np.array(colour[::-1], np.float32) for colour in (style.court, style.court_edge))
    noise = np.random.default_rng(0).random((height, width, 1), np.float32)  # the same at every start
    pixels[..., :3] = middle + (edge - middle) * part + noise * (0.99 if style.glow else 0.0)
    return pygame.image.frombuffer(pixels.tobytes(), (width, height), "BGRA")
