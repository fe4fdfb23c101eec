"""The network that is looked at computes what the network that plays computes."""

import numpy as np
import pytest

from app.desktop.network.layout import MOST_COLUMNS, MOST_EDGES, MOST_IN_COLUMN, crossings, lay_out
from app.desktop.network.net import ACTIVATE, net_of
from game.games.rally import GAME
from game.match import CompiledPlayer
from game.policies.activation import Activation
from game.policies.bank import build_bank
from game.policies.graph import GraphPolicy
from game.spec import Seat
from tests.game.networks import N_INPUTS, N_OUTPUTS, bot, dense, graph

DENSE = [(), (16,), (32, 32), (5, 4, 3), (20, 7)]
CLOSE = {"rel": 1e-4, "abs": 1e-5}


def player_of(policy):
    return CompiledPlayer(GAME, build_bank([policy]), 0, seat=Seat.LEFT, seed=1)


def observations(rng, count=40):
    return rng.uniform(-1, 1, (count, N_INPUTS)).astype(np.float32)


@pytest.mark.parametrize("is_normalised", [False, True])
@pytest.mark.parametrize("activation", Activation)
@pytest.mark.parametrize("hidden", DENSE, ids=str)
def test_a_dense_network_decides_and_computes_as_the_kernel(hidden, activation, is_normalised):
    rng = np.random.default_rng(7)
    policy = dense(rng, hidden, activation, is_normalised=is_normalised)
    player, net = player_of(policy), net_of(policy)
    for observation in observations(rng):
        action = player.decide(observation)
        values = net.trace(observation, np.zeros(len(net.bias), np.float32))
        outputs = values[list(net.outputs)]
        assert np.isclose(outputs.max(), outputs[action], rtol=1e-4, atol=1e-5)
        assert_surviving_rows_agree(policy, player.values, values)


def assert_surviving_rows_agree(policy, rows, values):
    """Compare the rows of the last two layers that the kernel has not written over: it fills two halves in turn."""
    sizes, half = policy.sizes, max(policy.sizes)
    starts = np.cumsum([0, *sizes])
    at = half if (len(sizes) - 1) % 2 else 0
    assert rows[at] == pytest.approx(values[starts[-2] :].max(), **CLOSE)  # the argmax leaves the largest there
    last = values[starts[-2] + 1 : starts[-1]]
    assert rows[at + 1 : at + sizes[-1]] == pytest.approx(last, **CLOSE)
    before = (half - at, sizes[-2])
    assert rows[before[0] : before[0] + before[1]] == pytest.approx(values[starts[-3] : starts[-2]], **CLOSE)


@pytest.mark.parametrize("seed", range(12))
def test_a_feed_forward_graph_computes_as_the_kernel(seed):
    rng = np.random.default_rng(seed)
    policy = graph(rng, nodes=4 + seed, fan_in=3)
    player, net = player_of(policy), net_of(policy)
    for observation in observations(rng, 10):
        player.decide(observation)
        values = net.trace(observation, np.zeros(len(net.bias), np.float32))
        assert player.values[: net.n_values] == pytest.approx(values, **CLOSE)


@pytest.mark.parametrize("seed", range(8))
def test_a_recurrent_graph_computes_as_the_kernel_tick_by_tick(seed):
    rng = np.random.default_rng(seed)
    policy = graph(rng, nodes=9, is_recurrent=True)
    player, net = player_of(policy), net_of(policy)
    for observation in observations(rng, 20):
        memory = player.keyframe()[0]
        player.decide(observation)
        values = net.trace(observation, memory)
        nodes = len(net.bias)
        assert player.values[N_INPUTS + nodes : N_INPUTS + 2 * nodes] == pytest.approx(values[N_INPUTS:], **CLOSE)
        assert player.keyframe()[0] == pytest.approx(values[N_INPUTS:], **CLOSE)


def test_every_activation_is_known():
    assert set(ACTIVATE) == set(Activation)
    assert all(function(np.zeros(1, np.float32)).dtype == np.float32 for function in ACTIVATE.values())


def test_an_input_can_be_an_output():
    empty = np.zeros(0, np.int32)
    policy = GraphPolicy(
        N_INPUTS, np.zeros(1, np.int32), empty, np.zeros(0, np.float32), np.zeros(0, np.float32), empty,
        np.array([2, 0, 1], np.int32),
    )  # fmt: skip
    net = net_of(policy)
    values = net.trace(np.arange(N_INPUTS, dtype=np.float32), np.zeros(0, np.float32))
    assert values[list(net.outputs)].tolist() == [2.0, 0.0, 1.0]
    assert len(lay_out(net).places) == N_INPUTS


@pytest.mark.parametrize("policy", [None, bot("tracker")], ids=["a person", "a bot"])
def test_who_has_no_network_has_none(policy):
    assert net_of(policy) is None


def test_outputs_stand_in_a_column_of_their_own_in_the_order_of_the_actions():
    net = net_of(graph(np.random.default_rng(3), nodes=12))
    places = lay_out(net).places
    assert {places[value].x for value in net.outputs} == {1.0}
    heights = [places[value].y for value in net.outputs]
    assert heights == sorted(heights)
    assert [places[value].x for value in range(N_INPUTS)] == [0.0] * N_INPUTS


@pytest.mark.parametrize("seed", range(6))
def test_a_connection_goes_to_a_later_layer(seed):
    net = net_of(graph(np.random.default_rng(seed), nodes=15))
    inner = ~np.isin(net.source, net.outputs)
    assert (net.layer[net.source] < net.layer[net.target])[inner].all()


@pytest.mark.parametrize("seed", range(6))
def test_sorting_crosses_no_more_connections_than_before(seed):
    net = net_of(graph(np.random.default_rng(seed), nodes=20, fan_in=2))
    layout = lay_out(net)
    edges = [(int(net.source[edge]), int(net.target[edge])) for edge in layout.edges]
    columns = sorted({place.x for place in layout.places.values()})
    plain = [sorted(v for v, place in layout.places.items() if place.x == x) for x in columns]
    ordered = [sorted(column, key=lambda v: layout.places[v].y) for column in plain]
    assert crossings(ordered, edges) <= crossings(plain, edges)


def test_crossings_are_counted():
    columns = [[0, 1], [2, 3]]
    assert crossings(columns, [(0, 2), (1, 3)]) == 0
    assert crossings(columns, [(0, 3), (1, 2)]) == 1
    assert crossings(columns, [(0, 2), (0, 3), (1, 2), (1, 3)]) == 1
    assert crossings([[0, 1], [2, 3], [4]], [(0, 4), (1, 2)]) == 0


def test_scrambled_nodes_are_put_straight():
    reads = [3, 0, 4, 1, 2]  # node j reads input reads[j], and the output reads all nodes
    source = np.array([*reads, *range(5, 10)], np.int32)
    policy = GraphPolicy(
        5, np.array([0, 1, 2, 3, 4, 5, 10], np.int32), source, np.ones(10, np.float32), np.zeros(6, np.float32),
        np.zeros(6, np.int32), np.array([10], np.int32),
    )  # fmt: skip
    places = lay_out(net_of(policy)).places
    assert sorted(range(5, 10), key=lambda value: places[value].y) == [6, 8, 9, 5, 7]


def test_of_a_large_network_the_strongest_part_is_shown():
    policy = dense(np.random.default_rng(1), (128, 64))
    policy.weights[0][17] = 50.0
    net, layout = net_of(policy), lay_out(net_of(policy))
    assert layout.column_size == MOST_IN_COLUMN
    assert len(layout.edges) == MOST_EDGES
    assert N_INPUTS + 17 in layout.places
    assert len(layout.places) == N_INPUTS + 2 * MOST_IN_COLUMN + N_OUTPUTS
    weakest = abs(net.weight[layout.edges[0]])
    assert all(abs(net.weight[edge]) >= weakest for edge in layout.edges)


def test_a_long_chain_shares_columns():
    nodes = 40
    policy = GraphPolicy(
        1, np.arange(nodes + 1, dtype=np.int32), np.arange(nodes, dtype=np.int32), np.ones(nodes, np.float32),
        np.zeros(nodes, np.float32), np.zeros(nodes, np.int32), np.array([nodes], np.int32),
    )  # fmt: skip
    places = lay_out(net_of(policy)).places
    assert len({place.x for place in places.values()}) == MOST_COLUMNS
    assert [places[value].x for value in range(nodes + 1)] == sorted(places[value].x for value in range(nodes + 1))
