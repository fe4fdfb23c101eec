"""Networks and genomes go to neat-python and come back: what plays is what it computes, and bad files say what is wrong."""

import dataclasses
import json
import math
from dataclasses import replace
from pathlib import Path

import neat
import numpy as np
import pytest
from neat.export import export_network_json

from ai.errors import TrainingError
from ai.neat.functions import FUNCTION_CODES, FUNCTIONS
from ai.neat.genomes import Genomes
from ai.neat.interchange import (
    InterchangeError,
    genome_to_neat,
    genomes_from_json,
    genomes_from_neat,
    network_of,
    player_from_json,
    player_to_json,
    policy_from_json,
    policy_to_json,
    rational_activation,
)
from ai.neat.network_json import MAX_FILE_BYTES
from ai.neat.networks import express, graph_policies
from game.executors.base import Matches
from game.executors.serial import SerialExecutor
from game.games.rally import GAME
from game.match import match_array
from game.policies.activation import Activation
from game.policies.file import PlayerFile
from game.policies.graph import MAX_CONNECTIONS, MAX_NODES, GraphPolicy
from game.spec import MatchSpec
from tests.ai.neat.neat_files import config_of, random_genomes
from tests.game.networks import bot, graph
from tests.oracle.policies import PlainGraph

OBSERVATIONS = np.random.default_rng(4).uniform(-1.2, 1.2, (60, GAME.n_observations)).astype(np.float32)
ARRAYS = ("row", "source", "weight", "bias", "activation", "outputs")

pytestmark = pytest.mark.filterwarnings(
    "ignore:datetime.datetime.utcnow:DeprecationWarning"
)  # neat-python's own export


def outputs_of(policy: GraphPolicy) -> np.ndarray:
    """Return what ``policy`` answers to the observations, one after the other."""
    network = PlainGraph(policy)
    return np.array([network.outputs(observation) for observation in OBSERVATIONS])


def activated(network) -> np.ndarray:
    return np.array([network.activate(observation.tolist()) for observation in OBSERVATIONS])


def agree(policy: GraphPolicy, network) -> int:
    """Hold ``policy`` against neat-python's network: its values, and its action wherever that is not decided by rounding."""
    ours, theirs = outputs_of(policy), activated(network)
    scale = 1.0 + np.abs(theirs).max()
    np.testing.assert_allclose(ours, theirs, atol=3e-5 * scale, rtol=3e-5)
    ordered = np.sort(theirs, axis=1)
    is_clear = ordered[:, -1] - ordered[:, -2] > 1e-4 * scale
    assert np.array_equal(ours.argmax(axis=1)[is_clear], theirs.argmax(axis=1)[is_clear])
    return int(is_clear.sum())


def assert_same(first: GraphPolicy, second: GraphPolicy) -> None:
    for name in ARRAYS:
        array, other = getattr(first, name), getattr(second, name)
        assert array.dtype == other.dtype
        assert np.array_equal(array, other), name
    assert (first.n_inputs, first.is_recurrent) == (second.n_inputs, second.is_recurrent)


SMALL = {
    "weight_init_stdev": "0.15", "weight_max_value": "0.3", "weight_min_value": "-0.3", "conn_delete_prob": "0.2",
    "node_delete_prob": "0.05",
}  # fmt: skip
"""Weights with which recurrent networks do not grow beyond all bounds, and networks of some size."""


def create(genome, config):
    kind = neat.nn.FeedForwardNetwork if config.genome_config.feed_forward else neat.nn.RecurrentNetwork
    return kind.create(genome, config)


@pytest.mark.parametrize("is_recurrent", [False, True])
@pytest.mark.parametrize("seed", range(8))
def test_a_policy_comes_back_from_json_bit_for_bit(seed, is_recurrent):
    rng = np.random.default_rng(seed)
    policy = graph(rng, nodes=3 + 4 * seed, is_recurrent=is_recurrent)
    back = policy_from_json(policy_to_json(policy))
    order = [*back.outputs - GAME.n_observations]
    assert order == list(policy.outputs - GAME.n_observations)
    assert_same(back, policy)


@pytest.mark.parametrize("is_recurrent", [False, True])
def test_outputs_that_share_a_node_or_show_an_input_survive(is_recurrent):
    rng = np.random.default_rng(11)
    policy = replace(graph(rng, nodes=6, is_recurrent=is_recurrent), outputs=np.array([9, 2, 9], np.int32))
    assert np.array_equal(outputs_of(policy_from_json(policy_to_json(policy))), outputs_of(policy))
    none = GraphPolicy(
        8, np.zeros(1, np.int32), np.zeros(0, np.int32), np.zeros(0, np.float32), np.zeros(0, np.float32),
        np.zeros(0, np.int32), np.array([5, 0, 5], np.int32), is_recurrent,
    )  # fmt: skip
    assert np.array_equal(outputs_of(policy_from_json(policy_to_json(none))), outputs_of(none))


@pytest.mark.parametrize("is_recurrent", [False, True])
def test_what_comes_back_plays_the_same_match(is_recurrent):
    policy = graph(np.random.default_rng(3), nodes=9, is_recurrent=is_recurrent, follows=2.0)
    policies = (policy, policy_from_json(policy_to_json(policy)), bot("tracker"))
    rows = match_array([MatchSpec(0, 0, 2, 5, 3), MatchSpec(1, 1, 2, 5, 3)])
    results = SerialExecutor().run(Matches(GAME, policies, rows))
    assert results["state_hash"][0] == results["state_hash"][1]
    assert results["hits"][0].sum() > 0


@pytest.mark.parametrize("is_recurrent", [False, True])
def test_neat_python_computes_what_an_exported_policy_plays(is_recurrent):
    for seed in range(6):
        policy = graph(np.random.default_rng(seed), nodes=10, is_recurrent=is_recurrent)
        if is_recurrent:  # squares of squares overflow, and rounding grows in chaotic networks, tick by tick
            wild = np.isin(policy.activation, [Activation.SQUARE, Activation.SIN, Activation.GAUSS])
            tame = np.where(wild, Activation.TANH, policy.activation)
            policy = dataclasses.replace(policy, activation=tame.astype(np.int32))
        network = network_of(policy)
        assert type(network).__name__ == ("RecurrentNetwork" if is_recurrent else "FeedForwardNetwork")
        agree(policy, network)


@pytest.mark.parametrize("feed_forward", ["True", "False"])
def test_a_network_that_neat_python_exports_plays_as_it_activates(tmp_path, feed_forward):
    config = config_of(tmp_path, feed_forward=feed_forward, **SMALL)
    clear, used = 0, set()
    for genome in random_genomes(config, count=40, mutations=25, seed=7):
        text = export_network_json(create(genome, config))
        used |= {node["activation"]["name"] for node in json.loads(text)["nodes"]}
        clear += agree(policy_from_json(text), create(genome, config))
    assert clear > 40 * len(OBSERVATIONS) / 2
    assert used == {function.name for function in FUNCTIONS if function.is_in_neat_python} - {"square"}  # it explodes


@pytest.mark.parametrize("feed_forward", ["True", "False"])
def test_an_imported_genome_expresses_the_network_that_was_exported(tmp_path, feed_forward):
    config = config_of(tmp_path, feed_forward=feed_forward, **SMALL)
    is_recurrent = feed_forward == "False"
    for genome in random_genomes(config, count=12, mutations=20, seed=8):
        text = export_network_json(create(genome, config))
        genomes = genomes_from_json(text)
        assert len(genomes.keys) == 1
        assert np.array_equal(genomes.innovation, np.arange(1, len(genomes.source) + 1))
        networks = express(genomes, 8, 3, is_recurrent=is_recurrent)
        (policy,) = graph_policies(genomes, networks, 8, is_recurrent=is_recurrent)
        agree(policy, create(genome, config))


@pytest.mark.parametrize("is_recurrent", [False, True])
def test_an_imported_policy_of_ours_is_a_genome_too(is_recurrent):
    for seed in range(6):
        policy = graph(np.random.default_rng(seed), nodes=10, is_recurrent=is_recurrent)
        genomes = genomes_from_json(policy_to_json(policy))
        networks = express(genomes, 8, 3, is_recurrent=is_recurrent)
        (back,) = graph_policies(genomes, networks, 8, is_recurrent=is_recurrent)
        np.testing.assert_allclose(outputs_of(back), outputs_of(policy), atol=1e-4, rtol=1e-4)


def test_genomes_go_to_neat_python_and_back(tmp_path):
    config = config_of(tmp_path)
    made = random_genomes(config, count=25, mutations=15, seed=2)
    packed = genomes_from_neat(made)
    assert np.array_equal(packed.keys, [genome.key for genome in made])
    for index, genome in enumerate(made):
        back = genome_to_neat(packed, index)
        assert back.key == genome.key
        assert {key: gene.innovation for key, gene in back.connections.items()} == {
            key: gene.innovation for key, gene in genome.connections.items()
        }
        assert {key: gene.enabled for key, gene in back.connections.items()} == {
            key: gene.enabled for key, gene in genome.connections.items()
        }
        assert {key: gene.activation for key, gene in back.nodes.items()} == {
            key: gene.activation for key, gene in genome.nodes.items()
        }
        assert back.distance(genome, config.genome_config) < 1e-5
        assert back.size() == genome.size()
    assert any(not gene.enabled for genome in made for gene in genome.connections.values())
    again = genomes_from_neat([genome_to_neat(packed, index) for index in range(len(packed.keys))])
    for name in Genomes._fields:
        array, other = getattr(packed, name), getattr(again, name)
        assert array.dtype == other.dtype
        assert np.array_equal(array, other), name


def test_packed_genomes_are_sorted_as_they_must_be(tmp_path):
    packed = genomes_from_neat(random_genomes(config_of(tmp_path), count=10, mutations=20, seed=5))
    for index in range(len(packed.keys)):
        nodes, connections = packed.nodes_of(index), packed.connections_of(index)
        assert np.all(np.diff(packed.node[nodes]) > 0)
        pairs = list(zip(packed.target[connections].tolist(), packed.source[connections].tolist(), strict=True))
        assert pairs == sorted(set(pairs))


def test_no_genomes_are_genomes_too():
    packed = genomes_from_neat([])
    assert len(packed.keys) == 0
    assert packed.node_row.tolist() == [0]


def test_the_function_that_neat_python_lacks_is_marked_as_custom():
    policy = graph(np.random.default_rng(1), nodes=30)
    nodes = json.loads(policy_to_json(policy))["nodes"]
    custom = {node["activation"]["name"] for node in nodes if node["activation"]["custom"]}
    assert custom == {"rational"}
    genome = genome_to_neat(genomes_from_json(policy_to_json(policy)), 0)
    assert "rational" in {gene.activation for gene in genome.nodes.values()}
    assert rational_activation(-3.0) == -0.75


def test_metadata_go_into_the_file_and_the_player(tmp_path):
    policy = graph(np.random.default_rng(1))
    player = PlayerFile(
        "My net", GAME.name, GAME.version, policy, "Ann", created="2026-01-02", training={"fitness": 2.5}
    )
    path = tmp_path / "net.json"
    path.write_text(player_to_json(player))
    assert json.loads(path.read_text())["metadata"]["fitness"] == 2.5
    back = player_from_json(path, GAME)
    assert (back.name, back.author, back.created, back.hash) == ("My net", "Ann", "2026-01-02", player.hash)
    assert back.training["fitness"] == 2.5
    assert str(back.training["neat_python_version"]) == neat.__version__


def test_a_network_without_our_metadata_is_called_as_its_file(tmp_path):
    path = tmp_path / "winner.json"
    path.write_text(policy_to_json(graph(np.random.default_rng(1)), {"fitness": math.nan, "name": "a\nb", "deep": [1]}))
    player = player_from_json(path, GAME)
    assert player.name == "winner"
    assert "fitness" not in player.training
    assert "deep" not in player.training


def test_only_graphs_can_be_exported():
    with pytest.raises(
        InterchangeError, match=r"player 'Tim' is of kind scripted, .* export it as a .safetensors file"
    ):
        player_to_json(PlayerFile("Tim", GAME.name, GAME.version, bot("tracker")))


def test_a_network_of_other_inputs_or_of_another_game_is_no_player(tmp_path):
    path = tmp_path / "xor.json"
    evaluations = [(0, neat.activations.tanh_activation, neat.aggregations.sum_aggregation, 0.0, 1.0, [(-1, 1.0)])]
    export_network_json(neat.nn.FeedForwardNetwork([-1, -2], [0], evaluations), str(path))
    assert policy_from_json(path).n_inputs == 2
    with pytest.raises(InterchangeError, match="2 inputs and 1 outputs, and rally has 8 observations and 3 actions"):
        player_from_json(path, GAME)
    for notes, says in (({"game": "pong"}, "pong version 1"), ({"game_version": 99}, "rally version 99")):
        path.write_text(policy_to_json(graph(np.random.default_rng(1)), notes))
        with pytest.raises(InterchangeError, match=f"it was made for {says}, and this program plays rally version"):
            player_from_json(path, GAME)


def document() -> dict:
    """A feed-forward network with one hidden node, 7."""

    def node(key, kind, **changes):
        function = {"activation": {"name": "tanh", "custom": False}, "aggregation": {"name": "sum", "custom": False}}
        return {"id": key, "type": kind, **function, "bias": 0.5, "response": 1.5} | changes

    def link(source, target, weight):
        return {"from": source, "to": target, "weight": weight, "enabled": True}

    return {
        "format_version": "1.0",
        "network_type": "feedforward",
        "metadata": {},
        "topology": {"num_inputs": 2, "num_outputs": 1, "input_keys": [-1, -2], "output_keys": [0]},
        "nodes": [node(7, "hidden"), node(0, "output"), node(-1, "input"), node(-2, "input")],
        "connections": [link(-1, 7, 1.0), link(7, 0, -2.0), link(-2, 0, 0.25)],
    }


def test_scale_and_response_are_folded_in():
    policy = policy_from_json(json.dumps(document()))
    assert policy.weight.tolist() == [2.5 * 1.5 * weight for weight in (1.0, -2.0, 0.25)]
    assert policy.bias.tolist() == [1.25, 1.25]
    assert policy.source.tolist() == [0, 2, 1]
    assert policy.outputs.tolist() == [3]


def test_nodes_may_come_in_any_order_and_disabled_connections_do_not_count():
    text = document()
    text["nodes"].reverse()
    text["connections"].append({"from": 0, "to": 7, "weight": 9.0, "enabled": False})
    first, second = policy_from_json(json.dumps(text)), policy_from_json(json.dumps(document()))
    assert_same(first, second)


def test_an_output_that_is_no_node_is_0():
    text = document()
    text["topology"] |= {"num_outputs": 2, "output_keys": [0, 1]}
    policy = policy_from_json(json.dumps(text))
    assert PlainGraph(policy).outputs([1.0, 1.0])[1] == 0


def test_a_recurrent_source_that_nobody_feeds_is_0(tmp_path):
    config = config_of(tmp_path, feed_forward="False", num_hidden="0", initial_connection="full_direct")
    (genome,) = random_genomes(config, 1, 0, 3)
    genome.nodes[5] = neat.DefaultNodeGene(5)
    vars(genome.nodes[5]).update({**vars(genome.nodes[0]), "key": 5, "bias": 3.0})
    gene = genome.connections[5, 0] = neat.DefaultConnectionGene((5, 0), innovation=99)
    gene.weight, gene.enabled = 8.0, True
    text = export_network_json(create(genome, config))
    assert 5 not in [node["id"] for node in json.loads(text)["nodes"]]
    agree(policy_from_json(text), create(genome, config))
    assert 8.0 not in genomes_from_json(text).weight


@pytest.mark.parametrize("name", ["max", "min", "maxabs", "median", "mean", "product"])
def test_aggregations_that_are_sums_of_what_is_there_are_taken(name):
    text = document()
    text["nodes"][0]["aggregation"]["name"] = name  # of one connection
    assert_same(policy_from_json(json.dumps(text)), policy_from_json(json.dumps(document())))
    text["nodes"][1]["aggregation"]["name"] = name  # of two
    with pytest.raises(
        InterchangeError, match=f"node 0 has the aggregation '{name}' of 2 connections, and players know sum"
    ):
        policy_from_json(json.dumps(text))


def test_a_product_of_nothing_is_1_and_no_sum():
    text = document()
    text["connections"].pop(0)
    text["nodes"][0]["aggregation"]["name"] = "max"
    policy_from_json(json.dumps(text))
    text["nodes"][0]["aggregation"]["name"] = "product"
    with pytest.raises(InterchangeError, match="aggregation 'product' of 0 connections"):
        policy_from_json(json.dumps(text))


NOT_JSON = ["", "{", "\0", "[" * 100_000, "9" * 5000]
OTHERS = ["lelu", "selu", "softplus", "elu", "cube", "mine"]


@pytest.mark.parametrize("text", NOT_JSON)
def test_what_is_no_json_says_so(text):
    with pytest.raises(
        InterchangeError, match=r"the network's JSON cannot be used: it is no JSON that can be read \(.*\); exp"
    ):
        policy_from_json(text)


@pytest.mark.parametrize("name", OTHERS)
def test_functions_that_players_lack_are_named(name):
    text = document()
    text["nodes"][0]["activation"]["name"] = name
    known = ", ".join(FUNCTION_CODES)
    with pytest.raises(InterchangeError, match=f"node 7 has the activation '{name}', and players know {known}$"):
        policy_from_json(json.dumps(text))
    text["nodes"][0]["activation"]["custom"] = True
    with pytest.raises(InterchangeError, match=f"node 7 has the custom activation '{name}'"):
        policy_from_json(json.dumps(text))


@pytest.mark.parametrize("kind", ["ctrnn", "iznn"])
def test_networks_of_neat_python_that_no_player_can_be(kind):
    sum_of = neat.aggregations.sum_aggregation
    if kind == "ctrnn":
        node = neat.ctrnn.CTRNNNodeEval(1.0, neat.activations.tanh_activation, sum_of, 0.0, 1.0, [(-1, 1.0)])
        text = export_network_json(neat.ctrnn.CTRNN([-1], [0], {0: node}))
    else:
        neuron = neat.iznn.IZNeuron(0.0, 0.02, 0.2, -65.0, 8.0, [(-1, 1.0)])
        text = export_network_json(neat.iznn.IZNN({0: neuron}, [-1], [0]))
    with pytest.raises(
        InterchangeError, match=f"network_type is '{kind}', and only feedforward and recurrent networks"
    ):
        policy_from_json(text)


def damage(path: str, value: object) -> str:
    """Return the document with ``value`` at ``path``; without the last key of the path where it is ``...``."""
    text = document()
    *way, last = path.split(".")
    place = text
    for key in way:
        place = place[int(key) if isinstance(place, list) else key]
    last = int(last) if isinstance(place, list) else last
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return json.dumps(text)


DAMAGES = [
    ("format_version", ..., "the network has no 'format_version'"),
    ("format_version", "2.0", "its format_version is '2.0', and only '1.0' is known"),
    ("network_type", ..., "the network has no 'network_type'"),
    ("network_type", 3, "its network_type is 3"),
    ("topology", ..., "the network has no 'topology'"),
    ("topology", [], "its topology is [], and a JSON object is needed"),
    ("topology.num_inputs", ..., "its topology has no 'num_inputs'"),
    ("topology.num_inputs", 3, "its num_inputs is 3, but there are 2 input_keys"),
    ("topology.output_keys", "0", "its output_keys are '0', and a list is needed"),
    ("topology.output_keys", [0.5], "its output_keys hold 0.5, and a whole number is needed"),
    ("topology.input_keys", [-1, -1], "its input_keys and output_keys hold a key twice"),
    ("topology.input_keys", [-1, 0], "its input_keys and output_keys hold a key twice"),
    ("nodes", ..., "it has no 'nodes'"),
    ("nodes", {}, "its nodes are {}, and a list is needed"),
    ("nodes.0", 4, "node 0 is 4, and a JSON object is needed"),
    ("nodes.0.id", ..., "node 0 has no 'id'"),
    ("nodes.0.id", True, "node 0 has the id True, and a whole number is needed"),
    ("nodes.0.id", 0, "node 0 is of type 'hidden', but by its topology it is output"),
    ("nodes.1.type", "hidden", "node 0 is of type 'hidden', but by its topology it is output"),
    ("nodes.2.type", "hidden", "node -1 is of type 'hidden', but by its topology it is input"),
    ("nodes.0.bias", ..., "node 7 has no 'bias'"),
    ("nodes.0.bias", "0.5", "node 7 has the bias '0.5', and a finite number is needed"),
    ("nodes.0.bias", math.nan, "node 7 has the bias nan, and a finite number is needed"),
    ("nodes.0.response", math.inf, "node 7 has the response inf"),
    ("nodes.0.response", 10**400, "node 7 has the response 1000000"),
    ("nodes.0.response", 1e39, "its weights go beyond float32"),
    ("nodes.0.bias", 1e39, "its biases go beyond float32"),
    ("nodes.0.activation", ..., "node 7 has no 'activation'"),
    ("nodes.0.activation", "tanh", "the activation of node 7 is 'tanh', and a JSON object is needed"),
    ("nodes.0.activation.name", 5, "the activation of node 7 is {'name': 5, 'custom': False}, and 'name' and 'custom'"),
    ("nodes.0.aggregation.custom", "no", "the aggregation of node 7 is {'name': 'sum', 'custom': 'no'}, and 'name'"),
    ("nodes.0.aggregation.custom", True, "node 7 has the custom aggregation 'sum'"),
    ("connections", None, "its connections are None, and a list is needed"),
    ("connections.0", [], "connection 0 is [], and a JSON object is needed"),
    ("connections.0.from", ..., "connection 0 has no 'from'"),
    ("connections.0.from", 8, "connection 0 comes from 8, which is no input or node"),
    ("connections.0.to", 8, "connection 0 leads to 8, which is no hidden or output node"),
    ("connections.0.to", -2, "connection 0 leads to -2, which is no hidden or output node"),
    ("connections.0.weight", ..., "connection 0 has no 'weight'"),
    ("connections.0.weight", math.nan, "connection 0 has the weight nan, and a finite number is needed"),
    ("connections.0.weight", None, "connection 0 has the weight None, and a finite number is needed"),
    ("connections.0.enabled", 1, "connection 0 has 'enabled' 1, and true or false is needed"),
    ("connections.0.from", 0, "it is said to be feedforward, but node 7 is behind a cycle of connections"),
    ("connections.0.from", 7, "it is said to be feedforward, but node 7 is behind a cycle of connections"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "value", "says"), DAMAGES, ids=[f"{path}={value!r:.20}" for path, value, _ in DAMAGES]
)
def test_damage_is_said_in_one_sentence(path, value, says):
    with pytest.raises(InterchangeError) as caught:
        policy_from_json(damage(path, value))
    message = str(caught.value)
    assert says in message
    assert message.startswith(("the network's JSON cannot be used: ", "the network cannot be used: "))
    assert message.isprintable()
    assert isinstance(caught.value, TrainingError)


def test_a_document_that_is_no_object_says_so():
    with pytest.raises(InterchangeError, match="the network is 3, and a JSON object is needed"):
        policy_from_json("3")
    twice = document()
    twice["nodes"].append(twice["nodes"][0])
    with pytest.raises(InterchangeError, match="node 7 is there twice"):
        policy_from_json(json.dumps(twice))


def test_a_network_that_is_too_large_is_refused():
    text = document()
    text["nodes"] += [text["nodes"][0] | {"id": key} for key in range(10, 10 + MAX_NODES)]
    with pytest.raises(InterchangeError, match=r"it has 4,100 nodes, and at most 4,096 and the inputs are allowed"):
        policy_from_json(json.dumps(text))
    text = document()
    text["connections"] += text["connections"][:1] * MAX_CONNECTIONS
    with pytest.raises(InterchangeError, match=r"it has 65,539 connections, and at most 65,536 are allowed"):
        policy_from_json(json.dumps(text))


def test_a_file_that_cannot_be_read_says_why(tmp_path):
    cases: list[tuple[Path, str]] = [
        (tmp_path / "none.json", "it cannot be read (No such file"),
        (tmp_path, "it is no file"),
    ]
    binary, large = tmp_path / "binary.json", tmp_path / "large.json"
    binary.write_bytes(b"\xff\xfe\x00")
    with large.open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    cases += [(binary, "it is no JSON text"), (large, "it has 33,554,433 bytes, and at most 33,554,432 are allowed")]
    for path, says in cases:
        with pytest.raises(InterchangeError) as caught:
            policy_from_json(path)
        assert str(caught.value).startswith(f"{path} cannot be used: {says}")


def test_genomes_that_no_player_can_be_are_refused(tmp_path):
    config = config_of(tmp_path)

    def refused(says, change):
        (genome,) = random_genomes(config, 1, 0, 3)
        change(genome)
        with pytest.raises(InterchangeError, match=says):
            genomes_from_neat([genome])

    def first(genome):
        return next(iter(genome.connections.values()))

    refused(
        "node 0 of genome 1 has the activation 'elu', and players know tanh",
        lambda g: vars(g.nodes[0]).update(activation="elu"),
    )
    refused("node 0 of genome 1 has the aggregation 'max'", lambda g: vars(g.nodes[0]).update(aggregation="max"))
    refused("node 1 of genome 1 has the number nan", lambda g: vars(g.nodes[1]).update(bias=math.nan))
    refused("of genome 1 has the number inf", lambda g: vars(first(g)).update(weight=math.inf))
    refused("of genome 1 has the number 1e[+]39", lambda g: vars(first(g)).update(weight=1e39))
    refused("of genome 1 has the key 2147483648", lambda g: vars(first(g)).update(innovation=2**31))
    refused(
        "the connection from -[0-9]+ to [0-9] of genome 1 has no node at one end",
        lambda g: g.nodes.pop(first(g).key[1]),
    )
