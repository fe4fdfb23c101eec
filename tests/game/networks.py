"""Random networks and bots for the tests of the game."""

import numpy as np

from game.games.rally import GAME
from game.policies.activation import Activation
from game.policies.dense import DensePolicy
from game.policies.graph import GraphPolicy
from game.policies.scripted import ScriptedPolicy

N_INPUTS, N_OUTPUTS = GAME.n_observations, GAME.n_actions


def dense(rng, hidden=(16,), activation=Activation.RATIONAL, scale=1.0, inputs=N_INPUTS, outputs=N_OUTPUTS):
    """Return a dense network of random weights."""
    sizes = (inputs, *hidden, outputs)
    shapes = [(after, before) for before, after in zip(sizes[:-1], sizes[1:], strict=True)]
    weights = tuple(rng.normal(0, scale, shape).astype(np.float32) for shape in shapes)
    biases = tuple(rng.normal(0, scale / 2, shape[0]).astype(np.float32) for shape in shapes)
    return DensePolicy(weights, biases, activation)


def graph(rng, nodes=8, fan_in=3, *, is_recurrent=False, scale=1.0):
    """Return a graph of random connections, about ``fan_in`` a node, each node with an activation of its own."""
    counts = rng.integers(0, 2 * fan_in + 1, nodes)
    counts[-N_OUTPUTS:] = np.maximum(counts[-N_OUTPUTS:], 2)
    known = [N_INPUTS + (nodes if is_recurrent else node) for node in range(nodes)]
    sources = [rng.integers(0, most, count) for most, count in zip(known, counts, strict=True)]
    return GraphPolicy(
        n_inputs=N_INPUTS,
        row=np.concatenate([[0], np.cumsum(counts)]).astype(np.int32),
        source=np.concatenate(sources).astype(np.int32),
        weight=rng.normal(0, scale, counts.sum()).astype(np.float32),
        bias=rng.normal(0, scale / 4, nodes).astype(np.float32),
        activation=rng.integers(0, len(Activation), nodes).astype(np.int32),
        outputs=np.arange(N_INPUTS + nodes - N_OUTPUTS, N_INPUTS + nodes, dtype=np.int32),
        is_recurrent=is_recurrent,
    )


def bot(name, **parameters):
    """Return a scripted bot of Rally."""
    return ScriptedPolicy.of(GAME, name, **parameters)


def random_bot(rng, name):
    """Return bot ``name`` with random parameters, kept where it still plays."""
    ranges = {"delay": (0, 20), "noise": (0, 1.5), "hold": (1, 40)}
    chosen = {each.name: float(rng.uniform(*ranges[each.name])) for each in GAME.bot(name).parameters}
    return bot(name, **chosen)
