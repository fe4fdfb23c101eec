"""The renderer: one frame after the other, at one size."""

import pygame

from game.render.ball import ball_place, draw_ball, draw_path, draw_trail
from game.render.canvas import Canvas
from game.render.court import CourtLayer
from game.render.overlays import draw_message, draw_overlays, draw_values
from game.render.paddles import draw_paddle, draw_ripple
from game.render.style import Style
from game.render.view import Place, View
from game.spec import CourtShape, Seat


class Renderer:
    """Draws views of one game's court in one style. ``resize`` first, then ``draw``; ``surface`` holds the frame.

    ``scale`` is the display's pixels a logical pixel. ``small`` leaves out what cannot be read on a tile: ratings, points
    to win, rally counter, overlays.
    """

    def __init__(self, shape: CourtShape, style: Style, *, small: bool = False) -> None:
        pygame.font.init()
        self.style = style
        self.small = small
        self._shape = shape
        self.resize(960, 540, 1.0)

    def resize(self, width_px: int, height_px: int, scale: float) -> None:
        """Draw ``width_px`` x ``height_px`` device pixels from now on; makes a new ``surface``."""
        size = max(1, width_px), max(1, height_px)
        self._canvas = Canvas(self._shape, self.style, size, scale)
        self._court = CourtLayer(self._canvas, small=self.small)

    @property
    def surface(self) -> pygame.Surface:
        """The frame that was drawn last."""
        return self._canvas.surface

    def rgb(self) -> bytes:
        """Return the frame as RGB, three bytes a pixel, row by row."""
        return pygame.image.tobytes(self.surface, "RGB")

    def court_place(self, x_px: float, y_px: float) -> Place:
        """Return where in the court a pixel lies, a pointer's say; beyond the walls it is outside."""
        return self._canvas.court_place(x_px, y_px)

    def draw(self, view: View) -> None:
        """Draw ``view`` onto ``surface``."""
        canvas = self._canvas
        self._court.draw(view)
        if not self.small:
            draw_values(canvas, view)
            draw_path(canvas, view.path)
        ball = ball_place(canvas.shape, view)
        draw_trail(canvas, view, ball)
        for ripple in view.ripples:
            draw_ripple(canvas, ripple)
        for seat in Seat:
            draw_paddle(canvas, view, seat)
        draw_ball(canvas, view, ball)
        if not self.small:
            draw_overlays(canvas, view)
        draw_message(canvas, view, small=self.small)
