"""What a heat map shows: everybody against everybody, in words and colours. No Qt."""

from collections.abc import Sequence
from typing import Final, Protocol

Rgb = tuple[int, int, int]

WIN: Final[Rgb] = (0x00, 0x72, 0xB2)
LOSS: Final[Rgb] = (0xD5, 0x5E, 0x00)
"""Blue and vermilion of M. Okabe and K. Ito, "Color Universal Design", 2008: apart for every kind of colour vision."""


class HeatGrid(Protocol):
    """Rows against columns, the same players in the same order; rows and columns are counted from 0."""

    @property
    def names(self) -> Sequence[str]:
        """Who is shown, each by another name."""
        ...

    @property
    def shares(self) -> Sequence[float]:
        """A share of one for each player, shown as a bar beside its name; none at all for no bars."""
        ...

    @property
    def share_title(self) -> str:
        """What stands above the bars."""
        ...

    def score(self, row: int, column: int) -> float | None:
        """Return the score of the row against the column, 0 to 1; None if they have not met."""
        ...

    def lines(self, row: int, column: int, *, room: int) -> list[str]:
        """Return what a cell with a score and with room for ``room`` lines shows, the most important first."""
        ...

    def sentence(self, row: int, column: int) -> str:
        """Return a cell in words."""
        ...

    def described(self, place: int) -> str:
        """Return a player in words: what its name's tooltip says."""
        ...


def score_colour(score: float, neutral: Rgb) -> Rgb:
    """Return the colour of a score in [0, 1]: ``neutral`` for a half, blue above, vermilion below."""
    share = min(1.0, abs(2.0 * score - 1.0))
    end = WIN if score >= 0.5 else LOSS
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(neutral, end, strict=True))
    return red, green, blue


def is_dark(colour: Rgb) -> bool:
    """Whether white text is read better on ``colour`` than black (relative luminance of WCAG 2)."""
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (c / 255 for c in colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.179
