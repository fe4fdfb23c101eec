"""The colours of each theme."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

Colour: TypeAlias = tuple[int, int, int]


@dataclass(frozen=True)
class Style:
    """The colours of one theme. The seats differ in shape as well: left is round, right is square and striped."""

    name: str
    outside: Colour
    court: Colour
    court_edge: Colour
    line: Colour
    text: Colour
    quiet: Colour
    ball: Colour
    seam: Colour
    """Of the crescent that shows how the ball turns."""
    panel: Colour
    seats: tuple[Colour, Colour]
    spins: tuple[Colour, Colour]
    """Of a trail with spin: clockwise, counter-clockwise."""
    glow: float
    """Strength of glows, 0 to 1; at 0 the court is of flat colours."""
    line_width: float = 1.0


STYLES: Final[Mapping[str, Style]] = {
    style.name: style
    for style in (
        # Seats and spins are of the palette of M. Okabe and K. Ito, "Color Universal Design", 2008.
        Style(
            name="dark",
            outside=(13, 16, 22),
            court=(27, 34, 46),
            court_edge=(19, 24, 33),
            line=(74, 88, 109),
            text=(230, 235, 242),
            quiet=(143, 156, 175),
            ball=(250, 251, 253),
            seam=(120, 132, 152),
            panel=(12, 15, 21),
            seats=((86, 180, 233), (230, 159, 0)),
            spins=((204, 121, 167), (0, 190, 140)),
            glow=1.0,
        ),
        Style(
            name="light",
            outside=(226, 231, 238),
            court=(252, 253, 254),
            court_edge=(240, 243, 247),
            line=(176, 187, 201),
            text=(26, 34, 48),
            quiet=(88, 100, 118),
            ball=(38, 47, 63),
            seam=(168, 178, 194),
            panel=(255, 255, 255),
            seats=((0, 114, 178), (201, 104, 0)),
            spins=((176, 70, 130), (0, 140, 100)),
            glow=0.55,
        ),
        Style(
            name="contrast",
            outside=(0, 0, 0),
            court=(0, 0, 0),
            court_edge=(0, 0, 0),
            line=(255, 255, 255),
            text=(255, 255, 255),
            quiet=(255, 255, 255),
            ball=(255, 255, 255),
            seam=(110, 110, 110),
            panel=(34, 34, 34),
            seats=((86, 180, 233), (255, 176, 0)),
            spins=((255, 130, 200), (0, 230, 170)),
            glow=0.0,
            line_width=2.0,
        ),
    )
}


def mixed(one: Colour, other: Colour, part: float) -> Colour:
    """Return the colour ``part`` of the way from ``one`` to ``other``."""
    red, green, blue = (round(a + (b - a) * part) for a, b in zip(one, other, strict=True))
    return red, green, blue
