"""What genomes express: networks, pruned and in evaluation order, and the policies that play matches.

Which nodes count, and what a node without inputs is worth, follows neat-python 2.0.0 (``neat/graphs.py``, ``neat/nn``): in a
feed-forward network it is ``activation(bias)``; in a recurrent one it stays 0.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ai.neat.functions import ACTIVATIONS, SCALES
from ai.neat.genomes import Genomes
from game.jit import entry, kernel
from game.policies.activation import Activation
from game.policies.graph import GraphPolicy

_CONSTANT: Final = -1


class Networks(NamedTuple):
    """Networks by their place: ``g`` has the nodes ``node_row[g]:node_row[g + 1]``; nodes and edges are numbered through."""

    node_row: NDArray[np.int64]
    gene: NDArray[np.int64]
    """Place of a node's gene in the genomes, -1 for a constant 0."""
    edge_row: NDArray[np.int64]
    """Node ``m`` sums the edges ``edge_row[m]:edge_row[m + 1]``."""
    source: NDArray[np.int32]
    """Value number in the edge's own network: the inputs first, then its nodes in evaluation order."""
    edge_gene: NDArray[np.int64]
    """Place of a connection's gene in the genomes."""
    output: NDArray[np.int32]
    """Value numbers of the outputs, [n, n_outputs]."""

    @property
    def size(self) -> int:
        """How many networks there are."""
        return len(self.node_row) - 1


def express(genomes: Genomes, n_inputs: int, n_outputs: int, *, is_recurrent: bool = False) -> Networks:
    """Return the networks of ``genomes``: what reaches an output by enabled connections.

    A feed-forward genome must have no cycle among its enabled connections; nodes on one are never ready, and are left out.
    """
    nodes = int(genomes.node_row[-1])
    node_row = np.zeros(genomes.size + 1, np.int64)
    gene = np.empty(nodes, np.int64)
    edge_row = np.zeros(nodes + 1, np.int64)
    source = np.empty(len(genomes.source), np.int32)
    edge_gene = np.empty(len(genomes.source), np.int64)
    output = np.empty((genomes.size, n_outputs), np.int32)
    _express(genomes, n_inputs, is_recurrent, (node_row, gene, edge_row, source, edge_gene, output))
    used = int(node_row[-1])
    edges = int(edge_row[used])
    return Networks(node_row, gene[:used], edge_row[: used + 1], source[:edges], edge_gene[:edges], output)


def graph_policies(
    genomes: Genomes, networks: Networks, n_inputs: int, *, is_recurrent: bool = False
) -> list[GraphPolicy]:
    """Return the networks as players: scale and response are folded into weights and biases, in float32.

    A node that is a constant 0 becomes one of bias 0 without inputs.
    """
    is_gene = networks.gene >= 0
    genes = np.where(is_gene, networks.gene, 0)
    function = genomes.function[genes]
    scale = np.where(is_gene, SCALES[function], np.float32(0)).astype(np.float32)
    bias = scale * genomes.bias[genes]
    activation = np.where(is_gene, ACTIVATIONS[function], np.int32(Activation.IDENTITY)).astype(np.int32)
    factor = np.repeat(scale * genomes.response[genes], np.diff(networks.edge_row))
    weight = factor * genomes.weight[networks.edge_gene]
    policies = []
    for first, last, outputs in zip(networks.node_row[:-1], networks.node_row[1:], networks.output, strict=True):
        begin, end = networks.edge_row[first], networks.edge_row[last]
        policies.append(
            GraphPolicy(
                n_inputs,
                (networks.edge_row[first : last + 1] - begin).astype(np.int32),
                networks.source[begin:end].copy(),
                weight[begin:end].copy(),
                bias[first:last].copy(),
                activation[first:last].copy(),
                outputs.copy(),
                is_recurrent,
            )
        )
    return policies


@kernel
def _place(nodes: NDArray[np.int32], first: int, last: int, key: int) -> int:
    """Return the place of ``key`` among the sorted ``nodes[first:last]``, -1 if it is not there."""
    end = last
    while first < end:
        middle = (first + end) // 2
        if nodes[middle] < key:
            first = middle + 1
        else:
            end = middle
    return first if first < last and nodes[first] == key else -1


@entry
def _express(  # noqa: C901, PLR0912, PLR0915  # one function on purpose: a kernel cannot hand slices of work arrays around
    genomes: Genomes,
    n_inputs: int,
    is_recurrent: bool,  # noqa: FBT001  # a kernel has no keywords
    networks: tuple[
        NDArray[np.int64],
        NDArray[np.int64],
        NDArray[np.int64],
        NDArray[np.int32],
        NDArray[np.int64],
        NDArray[np.int32],
    ],
) -> None:
    """Write the networks of ``genomes`` to the arrays of ``Networks``, which have room for every gene."""
    node_row, gene, edge_row, edge_source, edge_gene, output = networks
    n_outputs = output.shape[1]
    most = 1
    for g in range(len(genomes.keys)):
        most = max(most, genomes.node_row[g + 1] - genomes.node_row[g])
    is_required = np.zeros(most, np.bool_)  # whether an output depends on the node
    waits = np.zeros(most, np.int64)  # inputs of the node that are not computed yet
    value = np.zeros(most, np.int32)  # number of the node's value, -1 before it has one
    inputs = np.zeros(most + 1, np.int64)  # connections into node: inputs[node]:inputs[node + 1], from c0 on
    at = edges = 0
    for g in range(len(genomes.keys)):
        n0, n1 = genomes.node_row[g], genomes.node_row[g + 1]
        c0, c1 = genomes.conn_row[g], genomes.conn_row[g + 1]
        count = n1 - n0
        c = c0
        for i in range(count):  # connections are sorted by target, nodes by key
            is_required[i] = i < n_outputs
            value[i] = -1
            waits[i] = 0
            while c < c1 and genomes.target[c] < genomes.node[n0 + i]:
                c += 1
            inputs[i] = c
            while c < c1 and genomes.target[c] == genomes.node[n0 + i]:
                c += 1
            inputs[i + 1] = c
        has_changed = True
        while has_changed:
            has_changed = False
            for i in range(count):
                if is_required[i]:
                    for c in range(inputs[i], inputs[i + 1]):
                        if genomes.enabled[c] and genomes.source[c] >= 0:
                            j = _place(genomes.node, n0, n1, genomes.source[c]) - n0
                            if j >= 0 and not is_required[j]:
                                is_required[j] = True
                                has_changed = True
        for i in range(count):
            if is_required[i]:
                for c in range(inputs[i], inputs[i + 1]):
                    if genomes.enabled[c] and genomes.source[c] >= 0:
                        waits[i] += 1
        first = at
        has_changed = True
        while has_changed:  # a pass gives a number to every node whose inputs all have one
            has_changed = False
            for i in range(count):
                if not is_required[i] or value[i] >= 0:
                    continue
                is_ready = True
                if not is_recurrent and waits[i] > 0:
                    for c in range(inputs[i], inputs[i + 1]):
                        if genomes.enabled[c] and genomes.source[c] >= 0:
                            j = _place(genomes.node, n0, n1, genomes.source[c]) - n0
                            if j >= 0 and value[j] < 0:
                                is_ready = False
                if is_ready:
                    value[i] = np.int32(n_inputs + at - first)
                    gene[at] = n0 + i
                    at += 1
                    has_changed = True
        for m in range(first, at):
            i = gene[m] - n0
            edge_row[m] = edges
            for c in range(inputs[i], inputs[i + 1]):
                if not genomes.enabled[c]:
                    continue
                if genomes.source[c] < 0:
                    edge_source[edges] = np.int32(-genomes.source[c] - 1)
                else:
                    j = _place(genomes.node, n0, n1, genomes.source[c]) - n0
                    if j < 0 or value[j] < 0:
                        continue
                    edge_source[edges] = value[j]
                edge_gene[edges] = c
                edges += 1
            if is_recurrent and edges == edge_row[m]:
                gene[m] = _CONSTANT
        edge_row[at] = edges
        for o in range(n_outputs):
            output[g, o] = max(value[o], 0)
        node_row[g + 1] = at
