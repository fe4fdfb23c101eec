"""The payoff matrix of a training run as text."""

from typing import Final

from ai.trainer import Json
from app.tables import CROSSTABLE_PLAYERS, aligned

DETAIL: Final = "payoffs"
"""The name under which runs report their matrix; docs/formats.md describes it."""


def payoff_lines(value: Json) -> list[str]:
    """Return the matrix as lines: what the row scored against the column, and its Nash share, in percent."""
    if not isinstance(value, dict):
        return []
    players, scores, nash = value.get("players"), value.get("score"), value.get("nash")
    if not (isinstance(players, list) and isinstance(scores, list) and isinstance(nash, list)):
        return []
    if not 2 <= len(players) <= CROSSTABLE_PLAYERS:
        return [f"payoffs of {len(players)} players: --json has them"] if players else []
    head = ["", "payoffs, % against", *(str(place) for place in range(1, len(players) + 1)), "Nash share"]
    rows = [
        [str(place), str(name), *(_percent(score) for score in row), _percent(share)]
        for place, (name, row, share) in enumerate(zip(players, _rows(scores), nash, strict=True), start=1)
    ]
    return aligned([head, *rows], left=(1,))


def _rows(scores: list[Json]) -> list[list[Json]]:
    return [row for row in scores if isinstance(row, list)]


def _percent(score: Json) -> str:
    return f"{100.0 * score:.0f}" if isinstance(score, int | float) else "-"
