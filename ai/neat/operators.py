"""Crossover and mutation of packed genomes, compiled: all children of a generation in one call.

They do what neat-python 2.0.0 does (``neat/genome.py``, ``neat/genes.py``, ``neat/attributes.py``), gene by gene with the same
probabilities. Two deviations: when several children of a generation split the same connection they get the same node and innovation
numbers, as in K. Stanley, R. Miikkulainen: "Evolving Neural Networks through Augmenting Topologies", 2002, section 3.2 (neat-python
numbers the nodes anew, so that these genes never meet); and genomes do not grow beyond ``max_nodes`` and ``max_connections``.
"""

from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ai.neat.genomes import Genomes
from game.jit import entry, kernel

_STILL_DISABLED: Final = (
    0.75  # chance that a gene disabled in either parent is disabled in the child: the paper, section 4.1
)

# Columns of the table of this generation's innovations.
_SOURCE: Final = 0
_TARGET: Final = 1
_NODE: Final = 2  # the node that a split has made, -1 for a new connection
_INNOVATION: Final = 3  # of the new connection, or of the first of a split's two
_COLUMNS: Final = 4

_MORE_NODES: Final = 1  # the most that the mutations of one child can add
_MORE_CONNECTIONS: Final = 3

NODES: Final = 0
CONNECTIONS: Final = 1


class FloatGene(NamedTuple):
    """How a real attribute begins and mutates; ``neat.attributes.FloatAttribute``."""

    init_mean: float
    init_stdev: float
    is_uniform: bool
    low: float
    high: float
    mutate_rate: float
    mutate_power: float
    replace_rate: float


class Rates(NamedTuple):
    """The numbers of the operators; ``functions`` are the codes to choose from, ``function`` the first one or -1 for any."""

    n_inputs: int
    n_outputs: int
    is_feed_forward: bool
    conn_add: float
    conn_delete: float
    node_add: float
    node_delete: float
    is_single_structural: bool
    is_structural_surer: bool
    weight: FloatGene
    bias: FloatGene
    response: FloatGene
    is_enabled: bool
    enabled_mutate: float
    enabled_to_true: float
    enabled_to_false: float
    function: int
    function_mutate: float
    functions: NDArray[np.int32]
    is_linear_output: bool
    max_nodes: int
    max_connections: int


_Draft: TypeAlias = tuple[
    NDArray[np.int64],  # how many nodes and connections there are
    NDArray[np.int32],  # node, bias, response, function
    NDArray[np.float32],
    NDArray[np.float32],
    NDArray[np.int32],
    NDArray[np.int32],  # source, target, innovation, weight, enabled
    NDArray[np.int32],
    NDArray[np.int32],
    NDArray[np.float32],
    NDArray[np.bool_],
]
"""A child while it is made: arrays with room for what mutations add."""


class Counters(NamedTuple):
    """What the next new gene is called."""

    node: int
    innovation: int


def make_children(  # the operands of one generation
    parents: Genomes,
    pairs: NDArray[np.int64],
    keys: NDArray[np.int64],
    rates: Rates,
    counters: Counters,
    rng: np.random.Generator,
) -> tuple[Genomes, Counters]:
    """Return a child called ``keys[i]`` of each pair of parents, and the counters behind it.

    ``pairs`` int64[n, 2] are places in ``parents``, the fitter parent first: the child has its structure.
    """
    node_sizes = np.diff(parents.node_row)[pairs[:, 0]] + _MORE_NODES
    conn_sizes = np.diff(parents.conn_row)[pairs[:, 0]] + _MORE_CONNECTIONS
    children = _empty(keys, int(node_sizes.sum()), int(conn_sizes.sum()))
    room = (int(node_sizes.max(initial=1)), int(conn_sizes.max(initial=1)))
    numbers = np.array(counters, np.int64)
    _make(parents, pairs, rates, children, (numbers, np.array(room, np.int64)), rng)
    return trimmed(children), Counters(int(numbers[0]), int(numbers[1]))


def _empty(keys: NDArray[np.int64], nodes: int, connections: int) -> Genomes:
    """Return genomes with room for that many genes."""
    return Genomes(
        keys,
        np.zeros(len(keys) + 1, np.int64),
        np.empty(nodes, np.int32),
        np.empty(nodes, np.float32),
        np.empty(nodes, np.float32),
        np.empty(nodes, np.int32),
        np.zeros(len(keys) + 1, np.int64),
        np.empty(connections, np.int32),
        np.empty(connections, np.int32),
        np.empty(connections, np.int32),
        np.empty(connections, np.float32),
        np.empty(connections, np.bool_),
    )


def trimmed(genomes: Genomes) -> Genomes:
    """Return ``genomes`` without the unused room at the end of their arrays."""
    nodes, connections = int(genomes.node_row[-1]), int(genomes.conn_row[-1])
    return Genomes(
        genomes.keys,
        genomes.node_row,
        *(array[:nodes].copy() for array in genomes.node_arrays),
        genomes.conn_row,
        *(array[:connections].copy() for array in genomes.connection_arrays),
    )


@kernel
def _first_value(gene: FloatGene, rng: np.random.Generator) -> float:
    if gene.is_uniform:
        low = max(gene.low, gene.init_mean - 2.0 * gene.init_stdev)
        high = min(gene.high, gene.init_mean + 2.0 * gene.init_stdev)
        return low + (high - low) * rng.random()
    return max(min(gene.init_mean + gene.init_stdev * rng.standard_normal(), gene.high), gene.low)


@kernel
def _mutated(value: float, gene: FloatGene, rng: np.random.Generator) -> float:
    if gene.mutate_rate + gene.replace_rate <= 0.0:
        return value
    r = rng.random()
    if r < gene.mutate_rate:
        return max(min(value + gene.mutate_power * rng.standard_normal(), gene.high), gene.low)
    return _first_value(gene, rng) if r < gene.mutate_rate + gene.replace_rate else value


@kernel
def _choice(count: int, rng: np.random.Generator) -> int:
    """Return a random number of 0 to ``count`` - 1."""
    return min(int(rng.random() * count), count - 1)


@kernel
def _connection(draft: _Draft, source: int, target: int) -> int:
    """Return the place at which the connection is, or would be inserted: connections are sorted by (target, source)."""
    first, end = 0, draft[0][CONNECTIONS]
    while first < end:
        middle = (first + end) // 2
        if draft[6][middle] < target or (draft[6][middle] == target and draft[5][middle] < source):
            first = middle + 1
        else:
            end = middle
    return first


@kernel
def _has_connection(draft: _Draft, place: int, source: int, target: int) -> bool:
    if place >= draft[0][CONNECTIONS]:
        return False
    is_it: bool = draft[5][place] == source and draft[6][place] == target
    return is_it


@kernel
def _insert_connection(  # a kernel takes its numbers apart
    draft: _Draft,
    source: int,
    target: int,
    innovation: int,
    weight: float,
    is_enabled: bool,  # noqa: FBT001
) -> None:
    place = _connection(draft, source, target)
    for c in range(draft[0][CONNECTIONS], place, -1):
        draft[5][c] = draft[5][c - 1]
        draft[6][c] = draft[6][c - 1]
        draft[7][c] = draft[7][c - 1]
        draft[8][c] = draft[8][c - 1]
        draft[9][c] = draft[9][c - 1]
    draft[5][place] = source
    draft[6][place] = target
    draft[7][place] = innovation
    draft[8][place] = weight
    draft[9][place] = is_enabled
    draft[0][CONNECTIONS] += 1


@kernel
def _keep_connections(draft: _Draft, without: int, node: int) -> None:
    """Remove the connection at ``without`` (-1: none) and all from or to ``node`` (-1: none; inputs are below that)."""
    kept = 0
    for c in range(draft[0][CONNECTIONS]):
        if c == without or (node >= 0 and (draft[5][c] == node or draft[6][c] == node)):
            continue
        draft[5][kept] = draft[5][c]
        draft[6][kept] = draft[6][c]
        draft[7][kept] = draft[7][c]
        draft[8][kept] = draft[8][c]
        draft[9][kept] = draft[9][c]
        kept += 1
    draft[0][CONNECTIONS] = kept


@kernel
def _makes_cycle(draft: _Draft, source: int, target: int, marks: NDArray[np.int32], mark: int) -> bool:
    """Whether ``target`` reaches ``source`` by any connections; ``marks`` by place of the node, older than ``mark``."""
    if source == target:
        return True
    if source < 0:
        return False
    nodes = draft[0][NODES]
    marks[_node(draft, target)] = mark
    has_changed = True
    while has_changed:
        has_changed = False
        for c in range(draft[0][CONNECTIONS]):
            if draft[5][c] < 0:
                continue
            i, o = _node(draft, draft[5][c]), _node(draft, draft[6][c])
            if i < nodes and marks[i] == mark and marks[o] != mark:
                if draft[6][c] == source:
                    return True
                marks[o] = mark
                has_changed = True
    return False


@kernel
def _node(draft: _Draft, key: int) -> int:
    """Return the place of the node called ``key``."""
    first, end = 0, draft[0][NODES]
    while first < end:
        middle = (first + end) // 2
        if draft[1][middle] < key:
            first = middle + 1
        else:
            end = middle
    return first


@kernel
def _innovation(  # a kernel takes its numbers apart
    table: NDArray[np.int64],
    size: NDArray[np.int64],
    numbers: NDArray[np.int64],
    source: int,
    target: int,
    is_split: bool,  # noqa: FBT001
) -> int:
    """Return the row of this generation's table for a new connection or a split, which is added if it is not there."""
    for row in range(size[0]):
        if table[row, _SOURCE] == source and table[row, _TARGET] == target and (table[row, _NODE] >= 0) == is_split:
            return row
    row = size[0]
    size[0] += 1
    table[row, _SOURCE] = source
    table[row, _TARGET] = target
    table[row, _NODE] = numbers[0] if is_split else -1
    table[row, _INNOVATION] = numbers[1]
    numbers[0] += 1 if is_split else 0
    numbers[1] += 2 if is_split else 1
    return row


@kernel
def _add_node(
    draft: _Draft,
    rates: Rates,
    innovations: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]],
    marks: NDArray[np.int32],
    rng: np.random.Generator,
) -> None:
    connections = draft[0][CONNECTIONS]
    if connections == 0:
        if rates.is_structural_surer:
            _add_connection(draft, rates, innovations, marks, rng)
        return
    if draft[0][NODES] >= rates.max_nodes or connections + 2 > rates.max_connections:
        return
    table, size, numbers = innovations
    split = _choice(connections, rng)
    source, target, weight = draft[5][split], draft[6][split], draft[8][split]
    row = _innovation(table, size, numbers, source, target, True)  # noqa: FBT003  # a kernel has no keywords
    node = table[row, _NODE]
    draft[9][split] = False
    place = draft[0][NODES]  # the newest key is the largest
    draft[1][place] = node
    draft[2][place] = 0.0
    draft[3][place] = _first_value(rates.response, rng)
    draft[4][place] = rates.functions[_choice(len(rates.functions), rng)] if rates.function < 0 else rates.function
    draft[0][NODES] += 1
    _insert_connection(draft, source, node, table[row, _INNOVATION], 1.0, True)  # noqa: FBT003
    _insert_connection(draft, node, target, table[row, _INNOVATION] + 1, weight, True)  # noqa: FBT003


@kernel
def _delete_node(draft: _Draft, rates: Rates, rng: np.random.Generator) -> None:
    hidden = draft[0][NODES] - rates.n_outputs
    if hidden <= 0:
        return
    place = rates.n_outputs + _choice(hidden, rng)
    _keep_connections(draft, -1, draft[1][place])
    for i in range(place, draft[0][NODES] - 1):
        draft[1][i] = draft[1][i + 1]
        draft[2][i] = draft[2][i + 1]
        draft[3][i] = draft[3][i + 1]
        draft[4][i] = draft[4][i + 1]
    draft[0][NODES] -= 1


@kernel
def _add_connection(
    draft: _Draft,
    rates: Rates,
    innovations: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]],
    marks: NDArray[np.int32],
    rng: np.random.Generator,
) -> None:
    hidden = draft[0][NODES] - rates.n_outputs
    target = draft[1][_choice(draft[0][NODES], rng)]
    drawn = _choice(hidden + rates.n_inputs, rng)
    source = draft[1][rates.n_outputs + drawn] if drawn < hidden else hidden - drawn - 1
    place = _connection(draft, source, target)
    if _has_connection(draft, place, source, target):
        if rates.is_structural_surer:
            draft[9][place] = True
        return
    if draft[0][CONNECTIONS] >= rates.max_connections:
        return
    marks[len(marks) - 1] += 1  # a mark that no node has yet
    if rates.is_feed_forward and _makes_cycle(draft, source, target, marks, marks[len(marks) - 1]):
        return
    table, size, numbers = innovations
    row = _innovation(table, size, numbers, source, target, False)  # noqa: FBT003
    weight = _first_value(rates.weight, rng)
    _insert_connection(draft, source, target, table[row, _INNOVATION], weight, rates.is_enabled)


@kernel
def _mutate_structure(
    draft: _Draft,
    rates: Rates,
    innovations: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]],
    marks: NDArray[np.int32],
    rng: np.random.Generator,
) -> None:
    """Add and delete nodes and connections; with a single structural mutation one of the four at most."""
    total = rates.node_add + rates.node_delete + rates.conn_add + rates.conn_delete
    scale = max(1.0, total)
    drawn = rng.random() * scale
    is_single = rates.is_single_structural
    if (drawn if is_single else rng.random()) < rates.node_add:
        _add_node(draft, rates, innovations, marks, rng)
        if is_single:
            return
    drawn -= rates.node_add
    if (drawn if is_single else rng.random()) < rates.node_delete:
        _delete_node(draft, rates, rng)
        if is_single:
            return
    drawn -= rates.node_delete
    if (drawn if is_single else rng.random()) < rates.conn_add:
        _add_connection(draft, rates, innovations, marks, rng)
        if is_single:
            return
    drawn -= rates.conn_add
    if (drawn if is_single else rng.random()) < rates.conn_delete and draft[0][CONNECTIONS] > 0:
        _keep_connections(draft, _choice(draft[0][CONNECTIONS], rng), -1)


@kernel
def _mutate_genes(draft: _Draft, rates: Rates, rng: np.random.Generator) -> None:
    """Mutate the attributes of every gene."""
    for c in range(draft[0][CONNECTIONS]):
        draft[8][c] = _mutated(draft[8][c], rates.weight, rng)
        rate = rates.enabled_mutate + (rates.enabled_to_false if draft[9][c] else rates.enabled_to_true)
        if rate > 0.0 and rng.random() < rate:
            draft[9][c] = rng.random() < 0.5  # a fair coin
    for i in range(draft[0][NODES]):
        draft[2][i] = _mutated(draft[2][i], rates.bias, rng)
        draft[3][i] = _mutated(draft[3][i], rates.response, rng)
        is_fixed = rates.is_linear_output and i < rates.n_outputs
        if not is_fixed and rates.function_mutate > 0.0 and rng.random() < rates.function_mutate:
            draft[4][i] = rates.functions[_choice(len(rates.functions), rng)]


@kernel
def _cross(parents: Genomes, one: int, other: int, draft: _Draft, rng: np.random.Generator) -> None:
    """Make the draft a child of ``one``, with attributes of ``other`` where both have the gene."""
    n0, n1 = parents.node_row[one], parents.node_row[one + 1]
    m, m1 = parents.node_row[other], parents.node_row[other + 1]
    for n in range(n0, n1):
        i = n - n0
        while m < m1 and parents.node[m] < parents.node[n]:
            m += 1
        is_shared = m < m1 and parents.node[m] == parents.node[n]
        draft[1][i] = parents.node[n]
        draft[2][i] = parents.bias[m] if is_shared and rng.random() <= 0.5 else parents.bias[n]
        draft[3][i] = parents.response[m] if is_shared and rng.random() <= 0.5 else parents.response[n]
        draft[4][i] = parents.function[m] if is_shared and rng.random() <= 0.5 else parents.function[n]
    c0, c1 = parents.conn_row[one], parents.conn_row[one + 1]
    d, d1 = parents.conn_row[other], parents.conn_row[other + 1]
    for c in range(c0, c1):
        i = c - c0
        target, source = parents.target[c], parents.source[c]
        while d < d1 and (parents.target[d] < target or (parents.target[d] == target and parents.source[d] < source)):
            d += 1
        is_shared = (
            d < d1
            and parents.target[d] == target
            and parents.source[d] == source
            and parents.innovation[d] == parents.innovation[c]
        )
        draft[5][i] = source
        draft[6][i] = target
        draft[7][i] = parents.innovation[c]
        draft[8][i] = parents.weight[c]
        draft[9][i] = parents.enabled[c]
        if is_shared:
            if rng.random() <= 0.5:
                draft[8][i] = parents.weight[d]
            if rng.random() <= 0.5:
                draft[9][i] = parents.enabled[d]
            if not (parents.enabled[c] and parents.enabled[d]) and rng.random() < _STILL_DISABLED:
                draft[9][i] = False
    draft[0][NODES] = n1 - n0
    draft[0][CONNECTIONS] = c1 - c0


@entry
def _make(  # the operands of one generation
    parents: Genomes,
    pairs: NDArray[np.int64],
    rates: Rates,
    children: Genomes,
    counts: tuple[NDArray[np.int64], NDArray[np.int64]],
    rng: np.random.Generator,
) -> None:
    """Write the children; ``counts`` are (the counters, room for the genes of one child)."""
    numbers, room = counts
    draft = (
        np.zeros(2, np.int64),
        np.empty(room[NODES], np.int32),
        np.empty(room[NODES], np.float32),
        np.empty(room[NODES], np.float32),
        np.empty(room[NODES], np.int32),
        np.empty(room[CONNECTIONS], np.int32),
        np.empty(room[CONNECTIONS], np.int32),
        np.empty(room[CONNECTIONS], np.int32),
        np.empty(room[CONNECTIONS], np.float32),
        np.empty(room[CONNECTIONS], np.bool_),
    )
    innovations = (np.zeros((2 * len(pairs) + 1, _COLUMNS), np.int64), np.zeros(1, np.int64), numbers)
    marks = np.zeros(room[NODES] + 1, np.int32)
    for child in range(len(pairs)):
        _cross(parents, pairs[child, 0], pairs[child, 1], draft, rng)
        _mutate_structure(draft, rates, innovations, marks, rng)
        _mutate_genes(draft, rates, rng)
        n, c = children.node_row[child], children.conn_row[child]
        for i in range(draft[0][NODES]):
            children.node[n + i] = draft[1][i]
            children.bias[n + i] = draft[2][i]
            children.response[n + i] = draft[3][i]
            children.function[n + i] = draft[4][i]
        for i in range(draft[0][CONNECTIONS]):
            children.source[c + i] = draft[5][i]
            children.target[c + i] = draft[6][i]
            children.innovation[c + i] = draft[7][i]
            children.weight[c + i] = draft[8][i]
            children.enabled[c + i] = draft[9][i]
        children.node_row[child + 1] = n + draft[0][NODES]
        children.conn_row[child + 1] = c + draft[0][CONNECTIONS]
