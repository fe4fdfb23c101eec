"""What changes over a training: exploration, step size, shaping."""

import numpy as np
from numpy.typing import NDArray

from ai.dqn import DqnConfig

_LADDER_BASE = 0.4
_LADDER_POWER = 7.0
"""0.4 ** (1 + 7 i / (N - 1)). Source: D. Horgan et al.: "Distributed Prioritized Experience Replay", ICLR 2018, section 4.1."""


def epsilons(config: DqnConfig, shape: tuple[int, int], done: float) -> NDArray[np.float32]:
    """Return the share of random actions on each court, [groups, courts], when the share ``done`` of the training is over."""
    if config.exploration == "linear":
        part = min(1.0, done / config.epsilon_share)
        epsilon = config.epsilon_start + part * (config.epsilon_end - config.epsilon_start)
        return np.full(shape, epsilon, np.float32)
    courts = shape[0] * shape[1]
    # neighbours play the same opponent: the ladder is dealt out to them in turn, so that each opponent sees all of it
    order = np.arange(courts).reshape(shape[1], shape[0]).T.ravel() if courts > 1 else np.zeros(1)
    stride = next(stride for stride in _STRIDES if courts % stride)
    rung = (order * stride) % courts / max(1, courts - 1)
    ladder = _LADDER_BASE ** (1.0 + _LADDER_POWER * rung)
    return ladder.reshape(shape).astype(np.float32)


_STRIDES = (61, 67)
"""Primes: each is prime to all numbers of courts but its multiples, and none that is allowed is a multiple of both."""


def learning_rate(config: DqnConfig, done: float) -> float:
    """Return the step size."""
    return config.learning_rate + done * (config.learning_rate_end - config.learning_rate)


def shaping(config: DqnConfig, done: float) -> tuple[float, float]:
    """Return the reward of a contact and the penalty for missing."""
    share = 1.0 + done * (config.shaping_end - 1.0)
    return share * config.hit_reward, share * config.miss_penalty


def correction(config: DqnConfig, done: float) -> float:
    """Return how much the bias of prioritised replay is corrected (beta), which grows to 1."""
    return config.priority_correction + done * (1.0 - config.priority_correction)
