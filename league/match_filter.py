"""Which matches of a season a list shows, and in what order."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from game.spec import MatchEnd, Results, Termination

PlayerOutcome: TypeAlias = Literal["won", "drawn", "lost"]
"""The outcome of a match as one of its players sees it."""

SortKey: TypeAlias = Literal["match", "ticks", "longest_rally", "upset"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchFilter:
    """What a match must be to be listed: everything that is given must hold; nothing given lists every match.

    ``player`` and ``opponent`` are positions in the season, on either seat; ``outcome`` is as ``player`` sees it.
    ``faults_only`` wants a side that forfeited, ``termination`` one that did so in this way. ``upset_by`` wants a
    winner rated at least that many Elo below the loser. The limits of ticks and of contacts in the longest rally
    are inclusive. Raises ``ValueError`` for an opponent or a won or lost match without a player, and for a
    negative upset.
    """

    player: int | None = None
    opponent: int | None = None
    outcome: PlayerOutcome | None = None
    end: MatchEnd | None = None
    faults_only: bool = False
    termination: Termination | None = None
    upset_by: float | None = None
    min_ticks: int | None = None
    max_ticks: int | None = None
    min_longest_rally: int | None = None
    max_longest_rally: int | None = None

    def __post_init__(self) -> None:
        if self.player is None and (self.opponent is not None or self.outcome in {"won", "lost"}):
            raise ValueError("an opponent, or a won or a lost match, is one player's: name the player too")
        if self.upset_by is not None and not self.upset_by >= 0.0:
            raise ValueError(f"an upset is by 0 Elo or more, not {self.upset_by}")


@dataclass(frozen=True, slots=True)
class MatchOrder:
    """How a list of matches is sorted; matches with equal keys stay in match order.

    The key ``upset`` is the loser's rating less the winner's, 0 for a draw.
    """

    key: SortKey = "match"
    is_descending: bool = False


def upset_sizes(rows: Results, ratings: Sequence[float]) -> NDArray[np.float64]:
    """Return float64[n]: by how many Elo the loser of each match is rated above the winner; 0 for a draw.

    ``ratings`` are in Elo, by position in the season. ``ValueError`` if they do not reach to every position.
    """
    return upsets(rows["left"], rows["right"], rows["outcome"], ratings)


def upsets(
    left: NDArray[np.integer],
    right: NDArray[np.integer],
    outcome: NDArray[np.integer],
    ratings: Sequence[float],
) -> NDArray[np.float64]:
    """Return what ``upset_sizes`` does, of columns."""
    by_position = np.asarray(ratings, np.float64)
    highest = max(left.max(initial=-1), right.max(initial=-1))
    if highest >= len(by_position):
        raise ValueError(f"upsets need the rating of every player: position {highest} is not among {len(by_position)}")
    sizes: NDArray[np.float64] = outcome * (by_position[right] - by_position[left])
    return sizes
