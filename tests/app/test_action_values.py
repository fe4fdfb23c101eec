"""What a network answers is what the kernels decide by: the same bits, for every kind of network."""

from dataclasses import replace

import numpy as np
import pytest

from app.action_values import ActionValues, action_values
from game.games.rally import GAME
from game.match import compiled_players
from game.policies.activation import Activation
from game.policies.dense import DensePolicy
from game.policies.graph import GraphPolicy
from game.policies.scripted import ScriptedPolicy
from game.spec import Seat
from tests.doubles import broken_network


def dense(*hidden: int) -> DensePolicy:
    rng = np.random.default_rng(len(hidden))
    sizes = (GAME.n_observations, *hidden, GAME.n_actions)
    shapes = list(zip(sizes[1:], sizes[:-1], strict=True))
    return DensePolicy(
        tuple(rng.standard_normal(shape).astype(np.float32) for shape in shapes),
        tuple(rng.standard_normal(shape[0]).astype(np.float32) for shape in shapes),
        Activation.RELU,
    )


def graph(*, is_recurrent: bool) -> GraphPolicy:
    """A graph of five nodes; its outputs are a node, an input and that node once more."""
    rng = np.random.default_rng(5)
    n, nodes = GAME.n_observations, 5
    source = [rng.integers(0, n + (nodes if is_recurrent else node), 4) for node in range(nodes)]
    return GraphPolicy(
        n,
        np.arange(0, 4 * nodes + 1, 4, dtype=np.int32),
        np.concatenate(source).astype(np.int32),
        rng.standard_normal(4 * nodes).astype(np.float32),
        rng.standard_normal(nodes).astype(np.float32),
        np.full(nodes, Activation.TANH, np.int32),
        np.array([n + 3, 1, n + 4], np.int32),
        is_recurrent,
    )


NETWORKS = {
    "one layer": dense(),
    "two layers": dense(16),
    "three layers": dense(64, 5),
    "narrower than its outputs": dense(2, 2),
    "normalised layers": replace(dense(16, 9), is_normalised=True),
    "graph": graph(is_recurrent=False),
    "recurrent graph": graph(is_recurrent=True),
}


@pytest.mark.parametrize("policy", NETWORKS.values(), ids=NETWORKS)
def test_the_largest_answer_is_the_decision(policy):
    player, _ = compiled_players(GAME, (policy, policy), 3)
    asked = action_values(GAME, policy, Seat.LEFT)
    rng = np.random.default_rng(1)
    taken = set()
    for _ in range(200):
        observation = rng.uniform(-1, 1, GAME.n_observations).astype(np.float32)
        values = asked.answer(observation, player)
        assert np.array_equal(values, asked.answer(observation, player))  # asking changes nothing
        action = player.decide(observation)
        assert action == int(np.argmax(values))
        begin = asked._rows.start - 1
        left = player.values[begin : begin + GAME.n_actions]  # the kernel's own, but for the first
        assert left[0] == values.max()
        assert np.array_equal(left[1:], values[1:])
        taken.add(action)
    assert len(taken) > 1


def test_the_first_answer_is_what_plain_arithmetic_says():
    policy = dense(16)
    player, _ = compiled_players(GAME, (policy, policy), 3)
    observation = np.linspace(-1, 1, GAME.n_observations, dtype=np.float32)
    hidden = np.maximum(policy.weights[0] @ observation + policy.biases[0], 0)
    expected = policy.weights[1] @ hidden + policy.biases[1]
    np.testing.assert_allclose(ActionValues(GAME, policy, Seat.LEFT).answer(observation, player), expected, rtol=1e-5)


def test_a_bar_is_full_at_the_largest_difference_so_far():
    policy = DensePolicy((np.eye(3, GAME.n_observations, dtype=np.float32),), (np.zeros(3, np.float32),))
    player, _ = compiled_players(GAME, (policy, policy), 3)
    asked = ActionValues(GAME, policy, Seat.LEFT)

    def valued(*first: float):
        return asked.valuation(np.array([*first, 0, 0, 0, 0, 0], np.float32), player)

    found = valued(0.0, 0.5, 0.25)
    assert (found.values, found.chosen, found.spread) == ([0.0, 0.5, 0.25], 1, 0.5)
    assert valued(1.0, 0.0, 0.0).spread == 1.0
    assert valued(0.0, 0.0, 0.125).spread == 1.0
    assert valued(100.0, 100.0, 100.0).spread == pytest.approx(5.0)  # nothing differs: no bar may grow long


def test_an_answer_that_is_no_number_is_shown_and_nothing_chosen():
    policy = broken_network()
    player, _ = compiled_players(GAME, (policy, policy), 3)
    found = ActionValues(GAME, policy, Seat.LEFT).valuation(np.zeros(GAME.n_observations, np.float32), player)
    assert np.isnan(found.values).any()
    assert found.chosen is None


def test_who_has_no_network_has_no_values():
    assert action_values(GAME, None, Seat.LEFT) is None
    assert action_values(GAME, ScriptedPolicy.of(GAME, "aimer"), Seat.RIGHT) is None
