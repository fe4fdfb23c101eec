"""A genome as it is reported, as a drawing: named, in layers, with what is switched off. No Qt.

Nodes are known by their ids: inputs -1, -2, ..., outputs 0, 1, ..., hidden nodes above. Nothing is computed with what is drawn.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeGuard

import numpy as np

from ai.trainer import Json
from app.desktop.charts.text import number
from app.desktop.network.drawing import Drawing
from app.desktop.network.layout import lay_out
from app.desktop.network.net import Net, place_in_layers
from game.policies.activation import Activation

_TOLD: Final = 6
"""Connections of a node that are told one by one."""
_KEYS: Final = frozenset({"inputs", "outputs", "nodes", "connections"})
_ARROW: Final = "\N{RIGHTWARDS ARROW}"


@dataclass(frozen=True)
class NodeGene:
    """A node that is no input."""

    id: int
    bias: float
    response: float
    activation: str


@dataclass(frozen=True)
class ConnectionGene:
    """A connection between two ids."""

    source: int
    target: int
    weight: float
    is_enabled: bool
    innovation: int | None


@dataclass(frozen=True)
class Genome:
    """A network in the making. ``id``, ``generation`` and ``fitness`` are None where they are not known."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    nodes: tuple[NodeGene, ...]
    connections: tuple[ConnectionGene, ...]
    is_recurrent: bool = False
    id: int | None = None
    generation: int | None = None
    fitness: float | None = None

    @property
    def hidden(self) -> tuple[NodeGene, ...]:
        """The nodes that are no outputs."""
        return tuple(node for node in self.nodes if node.id >= len(self.outputs))

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to draw."""
        return not self.inputs or not self.outputs

    def size(self) -> tuple[str, str]:
        """Return how many hidden nodes and how many connections it has."""
        off = sum(not gene.is_enabled for gene in self.connections)
        disabled = f" ({off:,} disabled)" if off else ""
        return _count(len(self.hidden), "hidden node"), _count(len(self.connections), "connection") + disabled

    def facts(self) -> tuple[str, str, str]:
        """Return which genome it is, how good, and what it consists of, in three lines."""
        which = "genome" if self.id is None else f"genome {self.id:,}"
        when = "" if self.generation is None else f" of generation {self.generation:,}"
        known = [] if self.fitness is None else [f"fitness {number(self.fitness)}"]
        known += ["recurrent"] if self.is_recurrent else []
        nodes, connections = self.size()
        return which + when, ", ".join([*known, nodes]), connections


def is_genome(value: Json) -> TypeGuard[dict[str, Json]]:
    """Whether a detail has the shape of a genome."""
    return isinstance(value, dict) and value.keys() >= _KEYS and all(isinstance(value[key], list) for key in _KEYS)


def genome_of(value: Mapping[str, Json]) -> Genome:
    """Return a reported genome; genes that name no node of it are left out.

    Raises
    ------
    ValueError
        With one sentence, if it cannot be read.
    """
    try:
        return _read(value)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"this genome cannot be drawn: {type(error).__name__} {error}") from error


def _read(value: Mapping[str, Json]) -> Genome:
    inputs, outputs = (tuple(map(str, _list(value[key]))) for key in ("inputs", "outputs"))
    reported = [node for node in map(_node, _list(value["nodes"])) if node.id >= 0]
    nodes = {node.id: node for node in [*(NodeGene(at, 0.0, 1.0, "") for at in range(len(outputs))), *reported]}
    connections = [_connection(gene) for gene in _list(value["connections"])]
    sources = {*nodes, *range(-len(inputs), 0)}
    return Genome(
        inputs,
        outputs,
        tuple(nodes.values()),
        tuple(gene for gene in connections if gene.source in sources and gene.target in nodes),
        is_recurrent=bool(value.get("is_recurrent")),
        id=_optional_int(value.get("id")),
        generation=_optional_int(value.get("generation")),
        fitness=None if value.get("fitness") is None else _float(value["fitness"]),
    )


def drawing_of(genome: Genome, *, with_disabled: bool) -> Drawing:
    """Return ``genome`` as it is drawn; connections that are switched off only if that is wanted."""
    genes = [gene for gene in genome.connections if gene.is_enabled or with_disabled]
    order = _order(genome)
    place = {-1 - at: at for at in range(len(genome.inputs))}
    place |= {node.id: len(genome.inputs) + at for at, node in enumerate(order)}
    source = np.array([place[gene.source] for gene in genes], np.int64)
    target = np.array([place[gene.target] for gene in genes], np.int64)
    outputs = tuple(place[at] for at in range(len(genome.outputs)))
    is_on = np.array([gene.is_enabled for gene in genes], bool)
    net = Net(
        len(genome.inputs),
        source,
        target,
        np.array([gene.weight for gene in genes], np.float32),
        np.array([node.bias for node in order], np.float32),
        tuple(_ACTIVATIONS.get(node.activation, Activation.IDENTITY) for node in order),
        place_in_layers(len(genome.inputs), len(order), source[is_on], target[is_on], outputs),
        outputs,
        is_recurrent=genome.is_recurrent,
    )
    names = _names(genome)
    return Drawing(
        net,
        lay_out(net),
        genome.inputs,
        genome.outputs,
        names={place[node.id]: names[node.id] for node in order},
        about={place[node]: text for node, text in _texts(genome, names).items()},
        about_edges={edge: _gene_text(gene) for edge, gene in enumerate(genes)},
        off=frozenset(int(edge) for edge in np.flatnonzero(~is_on)),
    )


_ACTIVATIONS: Final = {activation.name.lower(): activation for activation in Activation}


def _order(genome: Genome) -> list[NodeGene]:
    """Return the nodes so that what feeds a node comes before it, as far as there are no circles; outputs as late as they can."""
    left = {node.id: node for node in sorted(genome.hidden, key=lambda node: node.id)}
    feeds: dict[int, set[int]] = {node: set() for node in left}
    fed: dict[int, set[int]] = {node: set() for node in left}
    for gene in genome.connections:
        if gene.is_enabled and gene.source in left and gene.target in left and gene.source != gene.target:
            feeds[gene.source].add(gene.target)
            fed[gene.target].add(gene.source)
    ready = [node for node in left if not fed[node]]
    order: list[NodeGene] = []
    while left:
        node = ready.pop(0) if ready else min(left, key=lambda each: (len(fed[each]), each))  # a circle is cut there
        order.append(left.pop(node))
        for target in sorted(feeds[node]):
            fed[target].discard(node)
            if not fed[target] and target in left and target not in ready:
                ready.append(target)
    return order + [node for node in genome.nodes if node.id < len(genome.outputs)]


def _names(genome: Genome) -> dict[int, str]:
    names = {-1 - at: name for at, name in enumerate(genome.inputs)}
    return names | {
        node.id: genome.outputs[node.id] if node.id < len(genome.outputs) else f"node {node.id}"
        for node in genome.nodes
    }


def _texts(genome: Genome, names: Mapping[int, str]) -> dict[int, str]:
    """Return what is read out of every input and node."""
    into: dict[int, list[ConnectionGene]] = {node: [] for node in names}
    out: dict[int, list[ConnectionGene]] = {node: [] for node in names}
    for gene in genome.connections:
        into[gene.target].append(gene)
        out[gene.source].append(gene)
    told = {node: f"{names[node]} (input)" for node in names if node < 0}
    for node in genome.nodes:
        words = [f"{names[node.id]} ({node.id})" if node.id < len(genome.outputs) else names[node.id]]
        words += [node.activation] if node.activation else []
        told[node.id] = ", ".join([*words, f"bias {node.bias:.3g}", f"response {node.response:.3g}"])
    for at in told:
        told[at] += _told("in", into[at], [names[gene.source] for gene in into[at]])
        told[at] += _told("out", out[at], [names[gene.target] for gene in out[at]])
    return told


def _told(word: str, genes: Sequence[ConnectionGene], others: Sequence[str]) -> str:
    """Return the connections of a node in words, the heaviest first."""
    if not genes:
        return ""
    pairs = sorted(zip(genes, others, strict=True), key=lambda pair: (not pair[0].is_enabled, -abs(pair[0].weight)))
    texts = [f"{other} {gene.weight:.2g}{'' if gene.is_enabled else ' disabled'}" for gene, other in pairs[:_TOLD]]
    more = [f"{len(pairs) - _TOLD} more"] if len(pairs) > _TOLD else []
    return f"\n{len(genes)} {word}: {', '.join([*texts, *more])}"


def _gene_text(gene: ConnectionGene) -> str:
    parts = [] if gene.innovation is None else [f"innovation {gene.innovation:,}"]
    return ", ".join([*parts, "enabled" if gene.is_enabled else "disabled"])


def _node(gene: Json) -> NodeGene:
    fields = _fields(gene)
    bias, response = _float(fields.get("bias", 0.0)), _float(fields.get("response", 1.0))
    return NodeGene(_int(fields["id"]), bias, response, str(fields.get("activation", "")))


def _connection(gene: Json) -> ConnectionGene:
    fields = _fields(gene)
    is_enabled = bool(fields.get("enabled", True))
    weight, innovation = _float(fields.get("weight", 0.0)), _optional_int(fields.get("innovation"))
    return ConnectionGene(_int(fields["from"]), _int(fields["to"]), weight, is_enabled, innovation)


def _list(value: Json) -> list[Json]:
    if not isinstance(value, list):
        raise TypeError(f"a list is wanted, not {value!r:.40}")
    return value


def _fields(value: Json) -> Mapping[str, Json]:
    if not isinstance(value, dict):
        raise TypeError(f"an object is wanted, not {value!r:.40}")
    return value


def _int(value: Json) -> int:
    if not isinstance(value, int):
        raise TypeError(f"a whole number is wanted, not {value!r:.40}")
    return value


def _optional_int(value: Json) -> int | None:
    return value if isinstance(value, int) else None


def _float(value: Json) -> float:
    if not isinstance(value, int | float) or not math.isfinite(value):
        raise TypeError(f"a number is wanted, not {value!r:.40}")
    return float(value)


def _count(number_of: int, noun: str) -> str:
    return f"{number_of:,} {noun}{'' if number_of == 1 else 's'}"
