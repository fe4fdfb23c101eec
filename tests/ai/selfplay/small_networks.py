"""Networks small enough for tests, and samples whose ratios lie within the clip range and beyond it on both sides."""

import numpy as np

from ai.selfplay.engine import Minibatch
from ai.selfplay.network import ActorCritic
from tests.ai.selfplay import oracles

NETWORKS = [
    ActorCritic(4, (6,), 3),
    ActorCritic(4, (5,), 2, is_normalised=False),
    ActorCritic(5, (9, 17), 3),
    ActorCritic(5, (8, 6), 4, is_normalised=False),
    ActorCritic(3, (5, 17, 6), 3),
]
"""Of one to three hidden layers, normalised or not."""

SMALL = NETWORKS[2]


def parameters_of(network, seed=1):
    """Return parameters whose probabilities are uneven."""
    rng = np.random.default_rng(seed)
    return (network.initial(rng) + rng.normal(0, 0.3, network.size)).astype(np.float32)


def samples_of(network, size, seed=3, parameters=None):
    """Return samples of a policy that is near that of ``parameters``."""
    rng = np.random.default_rng(seed)
    parameters = parameters_of(network) if parameters is None else parameters
    observations = rng.normal(0, 1, (size, network.observations)).astype(np.float32)
    actions = rng.integers(0, network.actions, size).astype(np.uint8)
    now = oracles.log_probabilities_of(network, parameters, observations)[np.arange(size), actions]
    return Minibatch(
        observations,
        actions,
        (now - rng.normal(0, 0.3, size)).astype(np.float32),
        rng.normal(0.7, 2.0, size).astype(np.float32),
        rng.normal(0, 1, size).astype(np.float32),
    )


def same_state(state, other):
    assert state.keys() == other.keys()
    for name, array in state.items():
        assert array.tobytes() == other[name].tobytes(), name
