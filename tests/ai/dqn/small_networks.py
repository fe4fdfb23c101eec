"""Networks small enough for finite differences, and batches for them."""

import numpy as np

from ai.dqn.engine import Batch
from ai.dqn.network import Network

NETWORKS = [
    Network((4, 6, 3), True, False),
    Network((4, 5, 3), False, False),
    Network((5, 6, 7, 3), True, False),
    Network((5, 4, 6, 2), False, False),
    Network((3, 5, 4, 6, 3), True, False),
    Network((3, 4, 5, 3, 4), False, False),
    Network((4, 11, 3), True, True),
    Network((5, 9, 6, 3), True, True),
    Network((3, 5, 17, 6, 4), False, True),
]
"""Of one to three hidden layers, dueling or not, normalised or not."""

SIZE = 11


def parameters_of(network, seed=1):
    return (2 * network.initial(np.random.default_rng(seed))).astype(np.float32)


def batch_of(network, size=SIZE, seed=3):
    rng = np.random.default_rng(seed)
    inputs, actions = network.sizes[0], network.sizes[-1]
    return Batch(
        rng.normal(0, 1, (size, inputs)).astype(np.float32),
        rng.integers(0, actions, size).astype(np.int32),
        rng.normal(0, 1, size).astype(np.float32),
        (rng.random(size) * (rng.random(size) > 0.3)).astype(np.float32),
        rng.normal(0, 1, (size, inputs)).astype(np.float32),
        rng.uniform(0.1, 1, size).astype(np.float32),
    )
