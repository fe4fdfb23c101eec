"""A scripted bot of Rally in plain Python: what its kernel is proved against, and a plain-Python opponent."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from tests.oracle.rally import NumberType, Real, advance, mix, stream_state

UP: Final = 0
STAY: Final = 1
DOWN: Final = 2


class PlainTracker:
    """The bot ``tracker`` on ``seat`` of the match on ``seed``: it follows the ball's height, late and with an error.

    With ``number=np.float32`` it takes the very actions of the kernel.
    """

    def __init__(  # the bot's parameters and the match's, as the registry has them
        self, seed: int, seat: int, number: NumberType = np.float32, *, delay: float = 6.0, noise: float = 0.3
    ) -> None:
        self._state = stream_state(seed >> 1, 1 + (seat ^ (seed & 1)))
        self._number = number
        self._delay: Real = number(delay)
        self._spread: Real = number(noise) * number(0.087)
        self._tick: Real = number(1 / 60)
        self._half_height: Real = number(0.45)
        self._pace_limit: Real = number(2.9)
        self._speed: Real = number(0.6)
        self._twice_acceleration: Real = number(2) * number(6)
        self._dead_zone: Real = number(0.008)
        self._error: Real = number(0)
        self._is_coming = False

    def decide(self, observation: Sequence[Real]) -> int:
        """Return the action on an observation."""
        is_coming = bool(observation[2] < 0)
        if is_coming and not self._is_coming:
            self._error = self._spread * self._bell()
        self._is_coming = is_coming
        seen = observation[1] * self._half_height - observation[3] * self._pace_limit * self._delay * self._tick
        velocity = observation[6] * self._speed
        rest = observation[5] * self._half_height + velocity * abs(velocity) / self._twice_acceleration
        miss = seen + self._error - rest
        if miss > self._dead_zone:
            return UP
        return DOWN if miss < -self._dead_zone else STAY

    def _bell(self) -> Real:
        """Return the sum of three random numbers, of mean 0 and standard deviation 1."""
        total = self._uniform() + self._uniform() + self._uniform()
        return self._number(2) * (total - self._number(1.5))

    def _uniform(self) -> Real:
        self._state = advance(self._state)
        return self._number((mix(self._state) >> 40) / 2**24)
