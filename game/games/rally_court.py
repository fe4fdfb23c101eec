"""The court of Rally: its numbers, and where each quantity of a match lies in the block's arrays.

Row offsets index flat arrays: ``court.reals[BALL_X + lane]``. See ``game.games.rally`` for what the numbers mean.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from game.jit import LANES

TICK: Final = np.float32(1.0 / 60.0)
ZERO: Final = np.float32(0.0)
HALF: Final = np.float32(0.5)
ONE: Final = np.float32(1.0)
TWO: Final = np.float32(2.0)

HALF_WIDTH: Final = np.float32(0.8)
HALF_HEIGHT: Final = np.float32(0.45)
BALL_RADIUS: Final = np.float32(0.012)
BALL_TOP: Final = np.float32(0.438)  # HALF_HEIGHT - BALL_RADIUS
PADDLE_LINE: Final = np.float32(0.74)
PADDLE_HALF: Final = np.float32(0.075)
PADDLE_TOP: Final = np.float32(0.375)  # HALF_HEIGHT - PADDLE_HALF
REACH: Final = np.float32(0.087)  # PADDLE_HALF + BALL_RADIUS
PADDLE_SPEED: Final = np.float32(0.6)
PADDLE_ACCELERATION: Final = np.float32(6.0)
PADDLE_STEP: Final = np.float32(PADDLE_ACCELERATION * TICK)

MAGNUS: Final = np.float32(0.3)
MAGNUS_TICK: Final = np.float32(MAGNUS * TICK)
SPIN_DECAY: Final = np.float32(0.996)
SPIN_LIMIT: Final = np.float32(3.0)
SPIN_KEPT: Final = np.float32(0.3)
SPIN_GAIN: Final = np.float32(4.0)
WALL_GRIP: Final = np.float32(0.07)
LEAST_VX: Final = np.float32(0.35)
CONTACT_SLOPE: Final = np.float32(1.1)
PACE_GAIN: Final = np.float32(1.1)
PACE_LIMIT: Final = np.float32(2.9)

SERVE_TICKS: Final = 40
SERVE_PACE: Final = np.float32(1.0)
SERVE_SLOPE: Final = np.float32(0.7)
SERVE_Y: Final = np.float32(0.25)
RALLY_TICKS: Final = 1800
MATCH_TICKS_A_POINT: Final = 3600

N_OBSERVATIONS: Final = 8
# The observation's scales: products, because a division costs five times as much.
PER_HALF_WIDTH: Final = np.float32(1.0 / 0.8)
PER_HALF_HEIGHT: Final = np.float32(1.0 / 0.45)
PER_PACE_LIMIT: Final = np.float32(1.0 / 2.9)
PER_SPIN_LIMIT: Final = np.float32(1.0 / 3.0)
PER_PADDLE_SPEED: Final = np.float32(1.0 / 0.6)

# Rows of the float32 array.
BALL_X: Final = 0 * LANES
BALL_Y: Final = 1 * LANES
BALL_VX: Final = 2 * LANES
BALL_VY: Final = 3 * LANES
SPIN: Final = 4 * LANES
PACE: Final = 5 * LANES
LEFT_Y: Final = 6 * LANES
LEFT_V: Final = 7 * LANES
RIGHT_Y: Final = 8 * LANES
RIGHT_V: Final = 9 * LANES
# The positions one tick ago: for the sweep, and for a screen that interpolates.
OLD_X: Final = 10 * LANES
OLD_Y: Final = 11 * LANES
FREE_Y: Final = 12 * LANES  # where the ball would be now without the walls
OLD_LEFT_Y: Final = 13 * LANES
OLD_RIGHT_Y: Final = 14 * LANES
LEFT_DISTANCE: Final = 15 * LANES
RIGHT_DISTANCE: Final = 16 * LANES
LEFT_OFFSETS: Final = 17 * LANES  # sum of |contact offset|
RIGHT_OFFSETS: Final = 18 * LANES
LEFT_MISS_OFFSETS: Final = 19 * LANES  # sum of |contact offset| at misses
RIGHT_MISS_OFFSETS: Final = 20 * LANES
N_REALS: Final = 21

# Rows of the int32 array.
TICKS: Final = 0 * LANES
WAIT: Final = 1 * LANES  # ticks until the serve leaves; 0 in play
RALLY_AGE: Final = 2 * LANES  # ticks of this rally
EVENT: Final = 3 * LANES  # something more than free flight happens in this tick
AWAITING: Final = 4 * LANES  # seat + 1 whose reaction to the approaching ball is awaited, 0 none
HELD_ACTION: Final = 5 * LANES  # that side's action when the ball was sent
SENT_AT: Final = 6 * LANES
REACTED_AT: Final = 7 * LANES  # tick of the reaction, 0 none yet
RECEIVER: Final = 8 * LANES  # seat + 1 that the ball approaches
SERVER: Final = 9 * LANES  # seat that serves this rally
RALLY_HITS: Final = 10 * LANES
RALLIES: Final = 11 * LANES
LETS: Final = 12 * LANES
LONGEST: Final = 13 * LANES
MIRRORED: Final = 14 * LANES
POINTS_TO_WIN: Final = 15 * LANES
END: Final = 16 * LANES  # MatchEnd once the match is over
LEFT_POINTS: Final = 17 * LANES  # from here on two rows each: left, right
LEFT_HITS: Final = 19 * LANES
LEFT_MISSES: Final = 21 * LANES
LEFT_ACES: Final = 23 * LANES
LEFT_REACTIONS: Final = 25 * LANES
LEFT_REACTION_TICKS: Final = 27 * LANES
TICK_LIMIT: Final = 29 * LANES
N_INTEGERS: Final = 30

# Rows of the uint64 array.
RANDOM: Final = 0 * LANES
HASH: Final = 1 * LANES
N_WORDS: Final = 2


class RallyCourt(NamedTuple):
    """A block of ``LANES`` matches: flat arrays of ``N_REALS``, ``N_INTEGERS`` and ``N_WORDS`` rows."""

    reals: NDArray[np.float32]
    integers: NDArray[np.int32]
    words: NDArray[np.uint64]


def new_court() -> RallyCourt:
    """Return an empty block; every lane must be started before it is played."""
    return RallyCourt(
        np.zeros(N_REALS * LANES, np.float32),
        np.zeros(N_INTEGERS * LANES, np.int32),
        np.zeros(N_WORDS * LANES, np.uint64),
    )
