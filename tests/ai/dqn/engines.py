"""Engines, batches for them, and a short training; torch is imported when it is asked for."""

import numpy as np

from ai.dqn.engine import Batch, EngineSettings
from ai.dqn.network import Network

SMALL = Network((5, 16, 12, 3))


def torch_engine(network=SMALL, settings=None, seed=0, **options):
    from ai.dqn.torch_engine import TorchEngine

    return TorchEngine(network, first_parameters(network, seed), settings or EngineSettings(), **options)


def first_parameters(network, seed=0):
    return network.initial(np.random.default_rng(seed))


def batches(network, count, updates, seed=1, scale=3.0):
    """Return batches whose errors lie on both sides of Huber's delta; one in ten samples is the last of its episode."""
    rng = np.random.default_rng(seed)
    width, actions = network.sizes[0], network.sizes[-1]
    return [
        Batch(
            rng.standard_normal((count, width), np.float32),
            rng.integers(0, actions, count).astype(np.int32),
            scale * rng.standard_normal(count, np.float32),
            np.where(rng.random(count) < 0.1, 0.0, 0.95).astype(np.float32),
            rng.standard_normal((count, width), np.float32),
            rng.uniform(0.2, 1.0, count).astype(np.float32),
        )
        for _ in range(updates)
    ]


def rate(k):
    """Return the learning rate of update number ``k``: a schedule."""
    return 3e-3 / (1 + 0.1 * k)


def trained(engine, some_batches):
    """Train with a learning rate that changes and a target network that follows; return the stats without their errors."""
    stats = []
    for k, batch in enumerate(some_batches):
        stats.append(engine.update(batch, rate(k))[:3])
        if k % 8 == 7:
            engine.sync_target(1.0 if k % 16 == 7 else 0.3)
    return np.array(stats)


def same_state(state, other):
    assert state.keys() == other.keys()
    for name, array in state.items():
        assert array.tobytes() == other[name].tobytes(), name
