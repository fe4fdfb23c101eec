"""The players and matches that the benchmarks share: fixed, and made without training."""

import itertools

import numpy as np
from numpy.typing import NDArray

from game.batch import MATCH_DTYPE
from game.games import game
from game.policies.activation import Activation
from game.policies.bank import Policy
from game.policies.dense import DensePolicy
from game.policies.graph import GraphPolicy
from game.policies.scripted import ScriptedPolicy
from game.seeding import pair_seed

GAME = game("rally")


def dense(seed: int, sizes: tuple[int, ...] = (8, 16, 3)) -> DensePolicy:
    """Return a random dense network."""
    rng = np.random.default_rng(seed)
    weights = tuple(rng.standard_normal((o, i)).astype(np.float32) for i, o in itertools.pairwise(sizes))
    biases = tuple((0.1 * rng.standard_normal(o)).astype(np.float32) for o in sizes[1:])
    return DensePolicy(weights, biases, Activation.RATIONAL)


def graph(seed: int) -> GraphPolicy:
    """Return a random feed-forward graph of 20 connections: 4 hidden nodes with 2, 3 outputs with 4 each."""
    rng = np.random.default_rng(seed)
    sources = [np.sort(rng.choice(8, 2, replace=False)) for _ in range(4)]
    sources += [np.sort(rng.choice(12, 4, replace=False)) for _ in range(3)]
    source = np.concatenate(sources).astype(np.int32)
    return GraphPolicy(
        n_inputs=8,
        row=np.cumsum([0, *(len(s) for s in sources)]).astype(np.int32),
        source=source,
        weight=rng.standard_normal(len(source)).astype(np.float32),
        bias=(0.1 * rng.standard_normal(7)).astype(np.float32),
        activation=np.array([Activation.RATIONAL] * 4 + [Activation.IDENTITY] * 3, np.int32),
        outputs=np.array([12, 13, 14], np.int32),
    )


def league_field(n: int) -> tuple[Policy, ...]:
    """Return ``n`` different players: bots of graded skill, dense networks and graphs in turn."""
    names = ("tracker", "predictor", "aimer")
    makers = (
        lambda i: ScriptedPolicy.of(GAME, names[i % 3], delay=float(i % 30), noise=0.2 + 0.02 * i),
        dense,
        graph,
    )
    return tuple(makers[i % 3](i) for i in range(n))


def pairing(left: int, right: int, pairs: int, first_id: int = 0) -> NDArray[np.void]:
    """Return ``pairs`` pairs of matches between two players, seats swapped in every second match."""
    rows = np.zeros(2 * pairs, MATCH_DTYPE)
    rows["match_id"] = first_id + np.arange(2 * pairs)
    rows["left"][0::2], rows["right"][0::2] = left, right
    rows["left"][1::2], rows["right"][1::2] = right, left
    rows["seed"] = np.repeat([pair_seed(1, index) for index in range(pairs)], 2)
    rows["points"] = 5
    return rows


def round_robin(n: int, matches: int) -> NDArray[np.void]:
    """Return about ``matches`` matches of a round robin of ``n`` players."""
    pairings = [(i, j) for i in range(n) for j in range(i)]
    pairs = max(1, matches // (2 * len(pairings)))
    return np.concatenate([pairing(i, j, pairs, 2 * pairs * k) for k, (i, j) in enumerate(pairings)])
