"""The columns of the standings."""

from typing import Final

from app.desktop.league.columns import Column, has_words
from app.desktop.league.table import TableLine
from app.desktop.league.words import count, percent

_LAST: Final = float("inf")


def _change(line: TableLine) -> float:
    return line.trend[-1] - line.trend[0] if len(line.trend) > 1 else 0.0


COLUMNS: Final[tuple[Column[TableLine], ...]] = (
    Column("#", "Rank by rating", 26, lambda line: "" if line.is_person else str(line.rank), lambda line: -line.rating),
    Column("Player", "Name", 92, lambda line: line.name, is_number=False, stretch=2),
    Column(
        "Rating",
        "Elo from all results at once, with its 95 % interval",
        96,
        lambda line: f"{line.rating:.0f}",
        lambda line: line.rating,
        stretch=3,
    ),
    Column(
        "Trend",
        "Live Elo, match by match",
        50,
        lambda line: f"{_change(line):+.0f}" if line.trend else "",
        _change,
        gives_way=2,
        stretch=1,
    ),
    Column(
        "W-D-L",
        "Matches won, drawn and lost",
        86,
        lambda line: line.record,
        lambda line: line.wins - line.losses,
        gives_way=3,
    ),
    Column(
        "Score",
        "Share of the points, a draw being half of one",
        58,
        lambda line: percent(line.score),
        lambda line: line.score,
        gives_way=4,
    ),
    Column(
        "Band",
        "The ranks that the results leave open",
        46,
        lambda line: line.band,
        lambda line: -line.rating,
        gives_way=5,
    ),
    Column(
        "Live",
        "Elo after the last match; follows the season as it is played",
        46,
        lambda line: "" if line.live is None else f"{line.live:.0f}",
        lambda line: -_LAST if line.live is None else line.live,
        gives_way=6,
    ),
    Column(
        "Faults",
        "Matches forfeited by a fault of the player's program",
        52,
        lambda line: f"{line.faults:,}" if line.faults else "",
        lambda line: line.faults,
        gives_way=7,
    ),
    Column(
        "Place",
        "Place by the rules of the season's format, where it has some",
        48,
        lambda line: "" if line.place is None else str(line.place),
        lambda line: _LAST if line.place is None else line.place,
        gives_way=9,
    ),
    Column(
        "Kind",
        "What the player is: scripted, dense or graph network, Python bot",
        66,
        lambda line: line.kind,
        gives_way=8,
        is_number=False,
    ),
)
RATING, TREND = 2, 3


def span(lines: list[TableLine]) -> tuple[float, float]:
    """Return the lowest and the highest rating that an interval reaches: the scale of the error bars."""
    sure = [line for line in lines if not line.too_few] or lines
    if not sure:
        return (0.0, 1.0)
    return min(line.low for line in sure), max(line.high for line in sure)


def describe(line: TableLine) -> str:
    """Return a line of the standings in words."""
    text = f"{line.name} ({line.kind})\nRating {line.rating:.0f}, 95 % interval: {line.interval}\n"
    text += f"{count(line.games, 'match', 'matches')}: {line.record} (won, drawn, lost), {percent(line.score)}"
    if line.band:
        text += f"\nThe results leave ranks {line.band} open" if "-" in line.band else f"\nSurely rank {line.band}"
    if line.faults:
        text += f"\n{count(line.faults, 'match', 'matches')} forfeited by faults"
    return text


def is_found(line: TableLine, text: str) -> bool:
    """Whether a search for ``text`` finds the line, by name or kind."""
    return has_words(text, f"{line.name} {line.kind}")
