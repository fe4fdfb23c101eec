"""The surface of one size and style that everything is drawn on: where places of the court lie, sprites and letters."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Final

import pygame

from game.render.shapes import box_distance, covered, painted
from game.render.style import Colour, Style
from game.render.view import Place
from game.spec import CourtShape

MASKS: Final = (0xFF0000, 0xFF00, 0xFF, 0)
"""Of 32-bit pixels as QImage.Format_RGB32 has them."""

PHASES: Final = 4
"""Sub-pixel positions of a sprite that moves smoothly, each way."""

_SPRITES_KEPT: Final = 3000
_TEXT_DETAIL: Final = 4  # letters are drawn this much larger: their spacing is then not bound to whole pixels
_ANY_WIDTH: Final = 1e6


class Canvas:
    """A surface of ``size`` device pixels with the court in its middle; ``scale`` is device pixels a logical pixel.

    Sprites and texts are kept: each is drawn once a size.
    """

    def __init__(self, shape: CourtShape, style: Style, size: tuple[int, int], scale: float) -> None:
        self.shape = shape
        self.style = style
        self.scale = scale
        self.surface = pygame.Surface(size, 0, 32, MASKS)
        pad = max(3 * scale, 0.022 * min(size))
        fit = (size[0] - 2 * pad) / (2 * shape.half_width), (size[1] - 2 * pad) / (2 * shape.half_height)
        self.unit = max(min(fit), 1.0)
        """Pixels a court unit."""
        self._centre = size[0] / 2, size[1] / 2
        self.court = pygame.Rect(
            0, 0, round(2 * shape.half_width * self.unit), round(2 * shape.half_height * self.unit)
        )
        self.court.center = (size[0] // 2, size[1] // 2)
        self.ball_px = max(shape.ball_radius * self.unit, 2.2 * scale)
        """Radius of the ball."""
        self.paddle_px = max(0.026 * self.unit, 3.5 * scale), 2 * shape.paddle_half * self.unit
        """Width and height of a paddle."""
        self._sprites: OrderedDict[Hashable, pygame.Surface] = OrderedDict()
        self._fonts: dict[int, pygame.font.Font] = {}

    def x(self, x: float) -> float:
        """Return the pixel of a court coordinate."""
        return self._centre[0] + x * self.unit

    def y(self, y: float) -> float:
        """Return the pixel of a court coordinate, which counts upwards."""
        return self._centre[1] - y * self.unit

    def court_place(self, x_px: float, y_px: float) -> Place:
        """Return where in the court a pixel lies."""
        return (x_px - self._centre[0]) / self.unit, (self._centre[1] - y_px) / self.unit

    def put(self, sprite: pygame.Surface, x: float, y: float) -> None:
        """Place the middle of ``sprite`` at pixel (x, y)."""
        self.surface.blit(sprite, (round(x - sprite.get_width() / 2), round(y - sprite.get_height() / 2)))

    def sprite(self, key: Hashable, make: Callable[[], pygame.Surface]) -> pygame.Surface:
        """Return the sprite kept as ``key``, made by ``make`` when it is not there."""
        sprite = self._sprites.get(key)
        if sprite is None:
            sprite = self._sprites[key] = make()
            if len(self._sprites) > _SPRITES_KEPT:
                self._sprites.popitem(last=False)
        return sprite

    def box(self, width: float, height: float, radius: float, colour: Colour, alpha: float) -> pygame.Surface:
        """Return a rounded, filled box."""
        size = max(1, round(width)), max(1, round(height))
        return self.sprite(
            ("box", size, radius, colour, alpha),
            lambda: painted(covered(box_distance(size, (size[0] / 2, size[1] / 2), size, radius)) * alpha, colour),
        )

    def font_px(self, share: float, least: float) -> int:
        """Return a text height that is ``share`` of the court's, at least ``least`` logical pixels."""
        return max(1, round(max(share * self.court.height, least * self.scale)))

    def text(self, text: str, height: int, colour: Colour, width: float = _ANY_WIDTH) -> pygame.Surface:
        """Return ``text`` in a line of ``height`` pixels, shortened to ``width`` where it is longer."""

        def make() -> pygame.Surface:
            font = self._font(height * _TEXT_DETAIL)
            large = font.render(_shortened(_printable(text), font, width * _TEXT_DETAIL), True, colour)  # noqa: FBT003
            size = round(large.get_width() / _TEXT_DETAIL), round(large.get_height() / _TEXT_DETAIL)
            return pygame.transform.smoothscale(large, size)

        return self.sprite(("text", text, height, colour, round(width)), make)

    def _font(self, height: int) -> pygame.font.Font:
        font = self._fonts.get(height)
        if font is None:
            font = self._fonts[height] = pygame.font.Font(None, max(2, height))
        return font


def _printable(text: str) -> str:
    """Return ``text`` without what a font cannot draw: control characters, halves of surrogate pairs."""
    return "".join(letter if letter.isprintable() else "\N{WHITE SQUARE}" for letter in text)


def _shortened(text: str, font: pygame.font.Font, width: float) -> str:
    """Return ``text``, cut and ended by an ellipsis where it is wider than ``width``."""
    if font.size(text)[0] <= width:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if font.size(text[:middle].rstrip() + "…")[0] <= width:
            low = middle
        else:
            high = middle - 1
    return text[:low].rstrip() + "…" if low else ""
