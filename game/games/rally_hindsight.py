"""What a side of Rally should have done: read off afterwards, from where the ball came to its line.

The labels are no player's: whoever has played, however badly, can learn from them where the ball will be. Source of the idea of
learning from what happened in place of what was wanted: M. Andrychowicz et al.: "Hindsight Experience Replay", 2017.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from game.games.rally_court import HALF_HEIGHT, HALF_WIDTH, PADDLE_ACCELERATION, PADDLE_LINE, PADDLE_SPEED

UP: Final = 0
DOWN: Final = 2
UNKNOWN: Final = -1

_MARGIN: Final = 0.01  # court units within which a paddle is where it should be
_BALL_X, _BALL_Y, _BALL_VX, _OWN_Y, _OWN_V = 0, 1, 2, 5, 6


def right_actions(observations: NDArray[np.float32]) -> NDArray[np.int32]:
    """Return the right action, int32[ticks], on what one side saw in a match, float32[ticks, observations] in the order of time.

    While the ball comes: towards the height at which it will reach this side's line. While it does not: towards the middle.
    -1 where the paddle, its braking path counted in, is there already, and where the match ended before the ball arrived.
    """
    x = observations[:, _BALL_X] * HALF_WIDTH
    comes = (observations[:, _BALL_VX] < 0) & (x > -PADDLE_LINE)
    arrivals = np.flatnonzero(comes[:-1] & ~comes[1:])
    if not len(arrivals):
        return np.full(len(observations), UNKNOWN, np.int32)
    next_one = np.searchsorted(arrivals, np.arange(len(observations)))
    arrival = arrivals[np.minimum(next_one, len(arrivals) - 1)]
    velocity = observations[:, _OWN_V] * PADDLE_SPEED
    rest = observations[:, _OWN_Y] * HALF_HEIGHT + velocity * np.abs(velocity) / (2 * PADDLE_ACCELERATION)
    gap = np.where(comes, observations[arrival, _BALL_Y] * HALF_HEIGHT, 0.0) - rest
    actions = np.where(gap > 0, UP, DOWN).astype(np.int32)
    actions[(np.abs(gap) <= _MARGIN) | (next_one == len(arrivals))] = UNKNOWN
    return actions
