"""A genome as a drawing: names, layers, what is disabled, and genomes that are odd."""

from typing import Any

import numpy as np
import pytest

from app.desktop.network.genome import drawing_of, genome_of, is_genome
from app.desktop.network.layout import MOST_IN_COLUMN
from game.policies.activation import Activation
from tests.app.desktop.evolution_samples import INPUTS, OUTPUTS, genome

N = len(INPUTS)


def small(*connections: tuple[int, int, float, bool], recurrent: bool = False) -> dict[str, Any]:
    """Two inputs, one output, hidden nodes 1, 2 and 3."""
    return {
        "id": 7,
        "generation": 3,
        "fitness": 0.5,
        "is_recurrent": recurrent,
        "inputs": ["a", "b"],
        "outputs": ["y"],
        "nodes": [{"id": at, "bias": at / 2, "response": 1.0, "activation": "tanh"} for at in range(4)],
        "connections": [
            {"from": one, "to": other, "weight": weight, "enabled": is_on, "innovation": at}
            for at, (one, other, weight, is_on) in enumerate(connections)
        ],
    }


CHAIN = small((-1, 2, 1.0, True), (2, 1, 2.0, True), (1, 0, -3.0, True), (-2, 0, 0.5, False))


def layers(value: dict[str, Any]) -> dict[str, int]:
    drawing = drawing_of(genome_of(value), with_disabled=True)
    assert drawing.net is not None
    return {drawing.name(at): int(layer) for at, layer in enumerate(drawing.net.layer)}


def test_nodes_stand_behind_what_feeds_them_whatever_their_ids() -> None:
    assert layers(CHAIN) == {"a": 0, "b": 0, "node 2": 1, "node 1": 2, "node 3": 1, "y": 3}


def test_disabled_connections_make_no_layers_and_are_left_out_if_that_is_wanted() -> None:
    value = small((-1, 1, 1.0, True), (1, 2, 1.0, False), (2, 0, 1.0, True))
    assert layers(value)["node 2"] == 1
    with_them = drawing_of(genome_of(value), with_disabled=True)
    assert (len(with_them.net.weight), with_them.off) == (3, frozenset({1}))  # type: ignore[union-attr]
    without = drawing_of(genome_of(value), with_disabled=False)
    assert (len(without.net.weight), without.off) == (2, frozenset())  # type: ignore[union-attr]


def test_a_disabled_connection_closes_no_circle() -> None:
    found = layers(small((-1, 2, 1.0, True), (2, 1, 1.0, True), (1, 2, 1.0, False), (1, 0, 1.0, True)))
    assert (found["node 2"], found["node 1"], found["y"]) == (1, 2, 3)


def test_circles_are_cut_somewhere_and_drawn() -> None:
    value = small(
        (-1, 1, 1.0, True), (1, 2, 1.0, True), (2, 1, 1.0, True), (3, 3, 1.0, True), (0, 1, 1.0, True), recurrent=True
    )
    found = layers(value)
    assert found["node 1"] < found["node 2"] < found["y"]
    drawing = drawing_of(genome_of(value), with_disabled=True)
    assert drawing.layout is not None
    assert set(drawing.layout.edges) == set(range(5))


def test_what_is_read_out_of_nodes_and_connections() -> None:
    drawing = drawing_of(genome_of(CHAIN), with_disabled=True)
    value = {drawing.name(at): at for at in range(6)}
    assert drawing.node_text(value["node 1"], None) == "node 1, tanh, bias 0.5, response 1\n1 in: node 2 2\n1 out: y -3"
    assert drawing.node_text(value["b"], None) == "b (input)\n1 out: y 0.5 disabled"
    assert drawing.node_text(value["y"], None).startswith(
        "y (0), tanh, bias 0, response 1\n2 in: node 1 -3, b 0.5 disabled"
    )
    assert drawing.edge_text(3) == "b \N{RIGHTWARDS ARROW} y: weight 0.5, innovation 3, disabled"


def test_of_many_connections_the_heaviest_are_told() -> None:
    value = small(*((-1, 1, weight, True) for weight in range(1, 10)))
    drawing = drawing_of(genome_of(value), with_disabled=True)
    text = drawing.node_text(next(at for at in range(6) if drawing.name(at) == "node 1"), None)
    assert "9 in: a 9, a 8, a 7, a 6, a 5, a 4, 3 more" in text


def test_what_it_consists_of_is_said() -> None:
    assert genome_of(CHAIN).facts() == (
        "genome 7 of generation 3",
        "fitness 0.5000, 3 hidden nodes",
        "4 connections (1 disabled)",
    )
    assert "recurrent" in genome_of(small(recurrent=True)).facts()[1]


def test_a_realistic_genome_has_its_names_functions_and_biases() -> None:
    read = genome_of(genome())  # type: ignore[arg-type]
    drawing = drawing_of(read, with_disabled=True)
    net = drawing.net
    assert net is not None
    assert (net.n_inputs, len(read.hidden), len(net.weight)) == (N, 12, 45)
    assert [drawing.name(value) for value in range(N)] == list(INPUTS)
    assert [drawing.name(value) for value in net.outputs] == list(OUTPUTS)
    assert Activation.RATIONAL in net.activation
    place = next(at for at in range(net.n_values) if drawing.name(at) == "node 5")
    assert net.bias[place - N] == pytest.approx(next(node.bias for node in read.nodes if node.id == 5))
    assert (net.layer[list(net.outputs)] == net.layer.max()).all()


def test_genes_that_name_nobody_are_left_out_and_outputs_need_no_gene() -> None:
    value = {**small((-1, 9, 1.0, True), (-5, 1, 1.0, True), (-1, 0, 1.0, True), (1, -2, 1.0, True)), "nodes": []}
    drawing = drawing_of(genome_of(value), with_disabled=True)
    assert drawing.net is not None
    assert (drawing.net.n_values, len(drawing.net.weight)) == (3, 1)


@pytest.mark.parametrize(
    "broken",
    [
        {"nodes": [{"bias": 1.0}]},
        {"nodes": ["a"]},
        {"nodes": [{"id": 1, "bias": float("nan")}]},
        {"connections": [{"from": "a", "to": 0}]},
        {"connections": [{"to": 0}]},
    ],
)
def test_what_cannot_be_read_is_one_sentence(broken: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="this genome cannot be drawn"):
        genome_of({**CHAIN, **broken})


def test_a_huge_genome_is_cut_to_what_can_be_seen() -> None:
    drawing = drawing_of(genome_of(genome(hidden=600, connections=2_000)), with_disabled=True)  # type: ignore[arg-type]
    assert drawing.layout is not None
    columns = np.unique([place.x for place in drawing.layout.places.values()], return_counts=True)[1]
    assert columns.max() <= MOST_IN_COLUMN


def test_shapes_are_told_apart() -> None:
    assert is_genome(CHAIN)
    assert not is_genome({**CHAIN, "nodes": 3})
    assert not is_genome([1])
    assert not is_genome({"nodes": [], "connections": []})
