"""Dense networks and graphs: the compiled forward pass is the documented sum, and wrong shapes are refused in words."""

import numpy as np
import pytest

from game.errors import PlayerFileError
from game.games.rally import GAME
from game.jit import LANES, entry
from game.match import CompiledPlayer
from game.policies import dense as dense_kernels
from game.policies import graph as graph_kernels
from game.policies.activation import Activation
from game.policies.bank import build_bank
from game.policies.dense import MAX_LAYERS, MAX_WIDTH, DensePolicy
from game.policies.graph import GraphPolicy
from game.policies.scripted import ScriptedPolicy
from game.spec import Seat
from tests.game import networks
from tests.oracle.policies import NeatPlayer, NumpyDense, PlainDense, PlainGraph, neat_network


@entry
def forward_dense(integers, reals, scratch, n):
    return dense_kernels.forward_dense(integers, reals, scratch, n)


@entry
def forward_graph(integers, reals, memory, scratch, n):
    return graph_kernels.forward_graph(integers, reals, memory, scratch, n)


class Compiled:
    """A policy's outputs, by the kernels that decide in a match."""

    def __init__(self, policy):
        self._policy, self._packed = policy, policy.pack()
        self._memory = np.zeros(self._packed.memory_rows * LANES, np.float32)

    def outputs(self, observations):
        """Return float32[n, outputs] for float32[n, inputs]."""
        packed, n = self._packed, len(observations)
        scratch = np.full((packed.scratch_rows, LANES), 77, np.float32)
        scratch[: observations.shape[1], :n] = observations.T
        scratch = scratch.reshape(-1)
        if isinstance(self._policy, DensePolicy):
            at, count = forward_dense(packed.integers, packed.reals, scratch, n), self._policy.sizes[-1]
        else:
            at = forward_graph(packed.integers, packed.reals, self._memory, scratch, n)
            count = len(self._policy.outputs)
        return scratch.reshape(-1, LANES)[at : at + count, :n].T


def observations(rng, n, inputs=networks.N_INPUTS):
    return rng.uniform(-1, 1, (n, inputs)).astype(np.float32)


def bits(values):
    return np.array(values, np.float32).view(np.uint32).tolist()


@pytest.mark.parametrize("is_normalised", [False, True])
@pytest.mark.parametrize("n", [1, 7, LANES])
@pytest.mark.parametrize("hidden", [(), (1,), (5,), (16,), (9, 4), (3, 3, 3, 3)])
def test_dense_outputs_are_the_documented_sum_bit_for_bit(hidden, n, is_normalised):
    rng = np.random.default_rng(len(hidden) * 100 + n)
    for activation in (Activation.RATIONAL, Activation.TANH, Activation.RELU):
        policy = networks.dense(rng, hidden, activation, is_normalised=is_normalised)
        seen = observations(rng, n)
        plain = PlainDense(policy)
        checked = slice(0, n, max(1, n // 8))
        found = Compiled(policy).outputs(seen)[checked]
        assert bits(found) == bits([plain.outputs(each) for each in seen[checked]])


@pytest.mark.parametrize("inputs", range(1, 10))
def test_dense_of_every_width_modulo_four(inputs):
    rng = np.random.default_rng(inputs)
    policy = networks.dense(rng, (inputs,), inputs=inputs, outputs=10 - inputs)
    seen = observations(rng, 3, inputs)
    plain = PlainDense(policy)
    assert bits(Compiled(policy).outputs(seen)) == bits([plain.outputs(each) for each in seen])


@pytest.mark.parametrize("is_normalised", [False, True])
@pytest.mark.parametrize("activation", Activation)
def test_numpy_and_kernels_agree_up_to_rounding(activation, is_normalised):
    rng = np.random.default_rng(3)
    policy = networks.dense(rng, (16, 8), activation, is_normalised=is_normalised)
    seen = observations(rng, LANES)
    expected = [NumpyDense(policy).outputs(each) for each in seen]
    assert np.allclose(Compiled(policy).outputs(seen), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("is_recurrent", [False, True])
@pytest.mark.parametrize("n", [1, LANES])
def test_graph_outputs_are_the_documented_sum_bit_for_bit(is_recurrent, n):
    rng = np.random.default_rng(8)
    for nodes in (3, 6, 17):
        policy = networks.graph(rng, nodes, 4, is_recurrent=is_recurrent)
        compiled = Compiled(policy)
        lanes = [0, n - 1]
        plain = {lane: PlainGraph(policy) for lane in lanes}
        for _ in range(4):
            seen = observations(rng, n)
            found = compiled.outputs(seen)
            for lane in set(lanes):
                assert bits(found[lane]) == bits(plain[lane].outputs(seen[lane]))


def test_neat_python_agrees_up_to_rounding():
    rng = np.random.default_rng(12)
    for nodes in (3, 9, 20):
        policy = networks.graph(rng, nodes, 3)
        seen = observations(rng, 40)
        expected = [neat_network(policy).activate(each.tolist()) for each in seen]
        assert np.allclose(Compiled(policy).outputs(seen), expected, rtol=1e-4, atol=1e-4)


def test_players_decide_as_their_plain_forms():
    rng = np.random.default_rng(13)
    cases = [(networks.follower(rng), NumpyDense), (networks.follower(rng), PlainDense)]
    cases += [(networks.graph(rng, 9), NeatPlayer), (networks.graph(rng, 9, is_recurrent=True), PlainGraph)]
    for policy, player_class in cases:
        compiled = CompiledPlayer(GAME, build_bank([policy]), 0, seat=Seat.LEFT, seed=0)
        plain = player_class(policy)
        seen = observations(rng, 60)
        actions = [compiled.decide(each) for each in seen]
        assert actions == [plain.decide(each.tolist()) for each in seen]
        assert len(set(actions)) > 1


def test_equal_outputs_mean_the_first_action():
    zero = DensePolicy((np.zeros((3, 8), np.float32),), (np.zeros(3, np.float32),))
    player = CompiledPlayer(GAME, build_bank([zero]), 0, seat=Seat.LEFT, seed=0)
    assert player.decide(np.ones(8, np.float32)) == 0


def test_an_output_may_be_an_input():
    graph = GraphPolicy(8, *empty_graph(), outputs=np.array([5, 1, 0], np.int32))
    player = CompiledPlayer(GAME, build_bank([graph]), 0, seat=Seat.LEFT, seed=0)
    for place, value in enumerate((5, 1, 0)):
        seen = np.zeros(8, np.float32)
        seen[value] = 0.5
        assert player.decide(seen) == place


def empty_graph():
    integers, reals = np.zeros(0, np.int32), np.zeros(0, np.float32)
    return np.zeros(1, np.int32), integers, reals, reals, integers


def zeros(*shape):
    return np.zeros(shape, np.float32)


@pytest.mark.parametrize(
    ("weights", "biases", "sentence"),
    [
        ((zeros(4, 8), zeros(3, 5)), (zeros(4), zeros(3)), r"layer 1 has weights \(3, 5\).*needs \(outputs, 4\)"),
        ((zeros(4, 8),), (zeros(3),), r"layer 0 has weights \(4, 8\) and biases \(3,\)"),
        ((zeros(8),), (zeros(8),), r"layer 0 has weights \(8,\)"),
        ((zeros(3, 8),), (), r"1 weight and 0 bias arrays.*1 to 8"),
        ((), (), r"0 weight and 0 bias arrays"),
        ((zeros(3, 3),) * (MAX_LAYERS + 1), (zeros(3),) * (MAX_LAYERS + 1), r"9 weight and 9 bias arrays"),
        ((zeros(MAX_WIDTH + 1, 8),), (zeros(MAX_WIDTH + 1),), r"layer 0 is 1025 wide: 1 to 1024"),
        ((zeros(0, 8),), (zeros(0),), r"layer 0 is 0 wide"),
    ],
)
def test_dense_shapes_that_do_not_fit_are_refused(weights, biases, sentence):
    with pytest.raises(PlayerFileError, match=sentence):
        DensePolicy(weights, biases)


def graph_with(**changes):
    """Return a graph of two nodes and three connections, changed."""
    arrays = {
        "row": np.array([0, 1, 3], np.int32),
        "source": np.array([0, 2, 8], np.int32),
        "weight": zeros(3),
        "bias": zeros(2),
        "activation": np.zeros(2, np.int32),
        "outputs": np.array([8, 9, 9], np.int32),
    }
    made = {name: np.asarray(changes.get(name, array), array.dtype) for name, array in arrays.items()}
    return GraphPolicy(n_inputs=8, is_recurrent=changes.get("is_recurrent", False), **made)


def test_the_unchanged_graph_is_allowed():
    assert graph_with().pack().scratch_rows == 8 + 2 * 2 + 3


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"row": [0, 3]}, "row needs nodes \\+ 1"),
        ({"row": [0, 2, 1]}, "rise from 0 to its 3 connections"),
        ({"row": [0, -(2**31) + 2, 3]}, "rise from 0 to its 3 connections"),  # the difference overflows int32
        ({"row": [0, 4, 3]}, "rise from 0 to its 3 connections"),
        ({"row": [1, 2, 3]}, "rise from 0 to its 3 connections"),
        ({"weight": [0, 0]}, "weight as many as source"),
        ({"source": [0, 2, 10]}, "'source' of a graph names a value outside 0 to 9"),
        ({"source": [0, -1, 8]}, "'source' of a graph names a value outside 0 to 9"),
        ({"outputs": [8, 9, 10]}, "'outputs' of a graph names a value outside 0 to 9"),
        ({"activation": [0, 10]}, "unknown activation: 0 to 9"),
        ({"activation": [0]}, "do not fit together"),
        ({"source": [0, 2, 9]}, "node 9 reads value 9, which is not computed before it"),
        ({"source": [9, 2, 8]}, "node 8 reads value 9"),
        ({"bias": zeros(5000), "row": [0]}, "5000 nodes and 3 connections: at most 4096"),
    ],
)
def test_what_is_no_graph_is_refused(changes, sentence):
    with pytest.raises(PlayerFileError, match=sentence):
        graph_with(**changes)


def test_a_recurrent_graph_may_read_any_node():
    assert graph_with(source=[9, 2, 9], is_recurrent=True).pack().memory_rows == 2


def test_neat_python_has_no_such_network_for_a_recurrent_graph():
    with pytest.raises(ValueError, match="recurrent"):
        neat_network(graph_with(is_recurrent=True))


@pytest.mark.parametrize(
    ("name", "parameters", "sentence"),
    [
        ("tracker", {"delay": -1}, "parameter 'delay' of bot 'tracker' is -1: 0.0 to 60.0"),
        ("aimer", {"noise": 4.5}, "parameter 'noise' of bot 'aimer' is 4.5: 0.0 to 4.0"),
        ("random", {"hold": float("nan")}, "parameter 'hold' of bot 'random' is nan"),
        ("still", {"delay": 1}, "bot 'still' has no parameter 'delay'"),
    ],
)
def test_parameters_out_of_their_ranges_are_refused(name, parameters, sentence):
    with pytest.raises(PlayerFileError, match=sentence):
        ScriptedPolicy.of(GAME, name, **parameters)


def test_the_number_of_parameters_must_fit():
    with pytest.raises(PlayerFileError, match="got 1 parameters: it needs 2"):
        ScriptedPolicy(GAME.bot("aimer"), (1.0,), GAME.memory_rows)
