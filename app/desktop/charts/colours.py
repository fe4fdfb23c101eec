"""The colours of curves on any background. No Qt here."""

import colorsys
import functools
from collections.abc import Sequence
from typing import Final

from app.desktop.theme import SERIES, Theme

LEAST_CONTRAST: Final = 3.0
"""Of a line against its background: WCAG 2.2, success criterion 1.4.11."""

_STEPS: Final = 20
_HUE_STEP: Final = 0.618034  # the golden section: hues that follow each other lie far apart, whatever their number
_LIGHTNESSES: Final = {True: (0.4, 0.62, 0.48, 0.74, 0.55), False: (0.42, 0.24, 0.36, 0.18, 0.3)}
"""On dark and on light; five of them: no hue that is nearly the same comes back with the same one within fifty."""
_SATURATION: Final = 0.6

Rgb = tuple[float, float, float]


@functools.lru_cache(maxsize=8192)
def curve_colour(slot: int, theme: Theme) -> str:
    """Return the colour of the curve in ``slot``, moved towards the text's until it is told from the background.

    The first slots have colours that can be told apart by everybody; those behind them have hues and lightnesses of their own.
    """
    colour = SERIES[slot] if 0 <= slot < len(SERIES) else _generated(slot, _LIGHTNESSES[theme.is_dark])
    return legible(colour, theme.base, theme.text)


def _generated(slot: int, lightnesses: Sequence[float]) -> str:
    lightness = lightnesses[slot % len(lightnesses)]
    parts = colorsys.hls_to_rgb(slot * _HUE_STEP % 1.0, lightness, _SATURATION)
    return "#" + "".join(f"{round(255 * part):02x}" for part in parts)


def legible(colour: str, background: str, text: str) -> str:
    """Return ``colour``, mixed with as much of ``text`` as ``LEAST_CONTRAST`` against ``background`` takes."""
    for step in range(_STEPS):
        mixed = mix(colour, text, step / _STEPS)
        if contrast(mixed, background) >= LEAST_CONTRAST:
            return mixed
    return text


def mix(one: str, other: str, share: float) -> str:
    """Return ``one`` with a ``share`` (0 to 1) of ``other``."""
    parts = (round(255 * (a + (b - a) * share)) for a, b in zip(_rgb(one), _rgb(other), strict=True))
    return "#" + "".join(f"{part:02x}" for part in parts)


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in _rgb(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _rgb(colour: str) -> Rgb:
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue
