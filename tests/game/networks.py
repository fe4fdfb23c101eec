"""Random networks and bots for the tests of the game."""

import itertools

import numpy as np

from game.games.rally import GAME
from game.policies.activation import Activation
from game.policies.dense import DensePolicy
from game.policies.graph import GraphPolicy
from game.policies.scripted import ScriptedPolicy

N_INPUTS, N_OUTPUTS = GAME.n_observations, GAME.n_actions
_BALL_Y, _OWN_Y = 1, 5
_FOLLOW = np.zeros((2, N_INPUTS), np.float32)
_FOLLOW[:, [_BALL_Y, _OWN_Y]] = [[1, -1], [-1, 1]]


FIRST_ACTIVATIONS = 7  # activations that came later leave the random networks of the tests as they were


def dense(rng, hidden=(16,), activation=Activation.RATIONAL, scale=1.0, inputs=N_INPUTS, outputs=N_OUTPUTS, **rest):
    """Return a dense network of random weights."""
    sizes = (inputs, *hidden, outputs)
    shapes = [(after, before) for before, after in itertools.pairwise(sizes)]
    weights = tuple(rng.normal(0, scale, shape).astype(np.float32) for shape in shapes)
    biases = tuple(rng.normal(0, scale / 2, shape[0]).astype(np.float32) for shape in shapes)
    return DensePolicy(weights, biases, activation, **rest)


def linear(rng):
    """Return weights and biases of a single layer that goes after the ball's height."""
    weights = np.stack([2 * _FOLLOW[0], np.zeros(N_INPUTS, np.float32), 2 * _FOLLOW[1]])
    return ((weights + rng.normal(0, 0.1, weights.shape)).astype(np.float32),), (np.zeros(N_OUTPUTS, np.float32),)


def follower(rng, width=6, activation=Activation.RATIONAL):
    """Return a network of one hidden layer that goes after the ball's height, more or less: its rallies have contacts."""
    random = dense(rng, (width,), activation, scale=0.1)
    first, last = random.weights
    first[:2] += 4 * _FOLLOW
    last[:, :2] += np.array([[1, -1], [0, 0], [-1, 1]], np.float32)
    return random


def graph(rng, nodes=8, fan_in=3, *, is_recurrent=False, scale=1.0, follows=0.0):
    """Return a graph of random connections, about ``fan_in`` a node, each node with an activation of its own.

    ``follows`` is the weight with which up and down go after the ball's height.
    """
    known = [N_INPUTS + (nodes if is_recurrent else node) for node in range(nodes)]
    edges = [_edges(rng, most, int(rng.integers(0, 2 * fan_in + 1)), scale) for most in known]
    activations = rng.integers(0, FIRST_ACTIVATIONS, nodes).astype(np.int32)
    if follows:
        for node, sign in ((nodes - 3, 1), (nodes - 1, -1)):
            edges[node] += [(_BALL_Y, sign * follows), (_OWN_Y, -sign * follows)]
            activations[node] = Activation.IDENTITY
    return GraphPolicy(
        n_inputs=N_INPUTS,
        row=np.cumsum([0, *map(len, edges)]).astype(np.int32),
        source=np.array([source for node in edges for source, _ in node], np.int32),
        weight=np.array([weight for node in edges for _, weight in node], np.float32),
        bias=rng.normal(0, scale / 4, nodes).astype(np.float32),
        activation=activations,
        outputs=np.arange(N_INPUTS + nodes - N_OUTPUTS, N_INPUTS + nodes, dtype=np.int32),
        is_recurrent=is_recurrent,
    )


def _edges(rng, values, count, scale):
    return [(int(rng.integers(0, values)), float(rng.normal(0, scale))) for _ in range(count)]


def bot(name, **parameters):
    """Return a scripted bot of Rally."""
    return ScriptedPolicy.of(GAME, name, **parameters)


def random_bot(rng, name):
    """Return bot ``name`` with random parameters, kept where it still plays."""
    ranges = {"delay": (0, 20), "noise": (0, 1.5), "hold": (1, 40)}
    chosen = {each.name: float(rng.uniform(*ranges[each.name])) for each in GAME.bot(name).parameters}
    return bot(name, **chosen)
