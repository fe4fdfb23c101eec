"""Antialiased sprites: shapes given by the distance of every pixel to their edge."""

import math
from typing import TypeAlias

import numpy as np
import pygame
from numpy.typing import NDArray

from game.render.style import Colour
from game.render.view import Place

Field: TypeAlias = NDArray[np.float64]


def grid(size: tuple[int, int]) -> tuple[Field, Field]:
    """Return x and y of the pixels' middles, each float64[height, width]."""
    x, y = np.meshgrid(np.arange(size[0]) + 0.5, np.arange(size[1]) + 0.5)
    return x, y


def covered(distance: Field) -> Field:
    """Return how much of each pixel is covered by a shape whose edge is ``distance`` pixels away, negative inside."""
    share: Field = np.clip(0.5 - distance, 0.0, 1.0)
    return share


def box_distance(size: tuple[int, int], middle: Place, box: tuple[float, float], radius: float) -> Field:
    """Return the distance of the pixels of a picture of ``size`` to a box with rounded corners."""
    x, y = grid(size)
    over_x = np.abs(x - middle[0]) - box[0] / 2 + radius
    over_y = np.abs(y - middle[1]) - box[1] / 2 + radius
    outside = np.hypot(np.maximum(over_x, 0), np.maximum(over_y, 0))
    distance: Field = outside + np.minimum(np.maximum(over_x, over_y), 0) - radius
    return distance


def painted(alpha: Field, colour: Colour | Field) -> pygame.Surface:
    """Return a sprite of ``colour`` (one, or float64[height, width, 3]) with ``alpha`` float64[height, width] of 0 to 1."""
    height, width = alpha.shape
    pixels = np.empty((height, width, 4), np.uint8)
    pixels[..., :3] = np.asarray(colour)[..., ::-1]
    pixels[..., 3] = np.round(255 * alpha)
    return pygame.image.frombuffer(pixels.tobytes(), (width, height), "BGRA").copy()


def disc(radius: float, colour: Colour, alpha: float) -> pygame.Surface:
    """Return a filled circle."""
    side = 2 * math.ceil(radius) + 3
    x, y = grid((side, side))
    return painted(alpha * covered(np.hypot(x - side / 2, y - side / 2) - radius), colour)


def ring(radius: float, width: float, colour: Colour, alpha: float) -> pygame.Surface:
    """Return a circle's line of ``width``."""
    side = 2 * math.ceil(radius + width) + 3
    x, y = grid((side, side))
    return painted(alpha * covered(np.abs(np.hypot(x - side / 2, y - side / 2) - radius) - width / 2), colour)


def halo(radius: float, colour: Colour, alpha: float) -> pygame.Surface:
    """Return a light that is ``alpha`` in the middle and fades to nothing at ``radius``."""
    side = 2 * math.ceil(radius) + 1
    x, y = grid((side, side))
    share = np.clip(1 - np.hypot(x - side / 2, y - side / 2) / radius, 0.0, 1.0)
    return painted(alpha * share**2, colour)
