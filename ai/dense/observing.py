"""How large each observation is: found out by playing at random before anything is learned."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from game.policies.bank import Bank
from game.spec import GameSpec
from game.vector import VectorEnv

_COURTS: Final = 64
_TICKS: Final = 1200
_HOLD: Final = 8
_LEAST: Final = 0.05
"""No observation is magnified more than twenty times."""


def observed_magnitudes(game: GameSpec, bank: Bank, frame_skip: int, seed: int) -> NDArray[np.float32]:
    """Return the root mean square of each observation, [n_observations], in play at random against the policies of ``bank``."""
    opponents = (np.arange(_COURTS) * len(bank.table) // _COURTS).astype(np.int32)
    env = VectorEnv(game, bank, opponents, seed, frame_skip=frame_skip)
    rng = np.random.default_rng(seed)
    squares = np.zeros(game.n_observations)
    steps = _TICKS // frame_skip
    actions = np.zeros(_COURTS, np.int32)
    for step in range(steps):
        if step % _HOLD == 0:
            actions = rng.integers(0, game.n_actions, _COURTS).astype(np.int32)
        env.step(actions)
        squares += np.square(env.observations, dtype=np.float64).mean(axis=0)
    roots: NDArray[np.float32] = np.maximum(np.sqrt(squares / steps), _LEAST).astype(np.float32)
    return roots
