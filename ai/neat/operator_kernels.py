"""The compiled code of ``ai.neat.operators``: one file, since a cached kernel does not see changes of kernels in others."""

from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ai.neat.genomes import Genomes
from ai.neat.rates import FloatGene, Rates
from game.jit import entry, kernel

_STILL_DISABLED: Final = 0.75
"""Chance that a gene disabled in either parent is disabled in the child: the paper, section 4.1."""

# Columns of the table of this generation's innovations
_SOURCE: Final = 0
_TARGET: Final = 1
_NODE: Final = 2  # the node that a split has made, -1 for a new connection
_INNOVATION: Final = 3  # of the new connection, or of the first of a split's two
_COLUMNS: Final = 4

NODES: Final = 0
CONNECTIONS: Final = 1


class _Draft(NamedTuple):
    """A child while it is made: arrays with room for what mutations add."""

    size: NDArray[np.int64]
    """How many nodes and connections there are."""
    node: NDArray[np.int32]
    bias: NDArray[np.float32]
    response: NDArray[np.float32]
    function: NDArray[np.int32]
    source: NDArray[np.int32]
    target: NDArray[np.int32]
    innovation: NDArray[np.int32]
    weight: NDArray[np.float32]
    enabled: NDArray[np.bool_]


_Innovations: TypeAlias = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]
"""This generation's table, how many rows it has, and the counters."""


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
    first, end = 0, draft.size[CONNECTIONS]
    while first < end:
        middle = (first + end) // 2
        if draft.target[middle] < target or (draft.target[middle] == target and draft.source[middle] < source):
            first = middle + 1
        else:
            end = middle
    return first


@kernel
def _has_connection(draft: _Draft, place: int, source: int, target: int) -> bool:
    if place >= draft.size[CONNECTIONS]:
        return False
    is_it: bool = draft.source[place] == source and draft.target[place] == target
    return is_it


@kernel
def _insert_connection(
    draft: _Draft,
    source: int,
    target: int,
    innovation: int,
    weight: float,
    is_enabled: bool,  # noqa: FBT001  # a kernel has no keywords
) -> None:
    place = _connection(draft, source, target)
    for c in range(draft.size[CONNECTIONS], place, -1):
        draft.source[c] = draft.source[c - 1]
        draft.target[c] = draft.target[c - 1]
        draft.innovation[c] = draft.innovation[c - 1]
        draft.weight[c] = draft.weight[c - 1]
        draft.enabled[c] = draft.enabled[c - 1]
    draft.source[place] = source
    draft.target[place] = target
    draft.innovation[place] = innovation
    draft.weight[place] = weight
    draft.enabled[place] = is_enabled
    draft.size[CONNECTIONS] += 1


@kernel
def _keep_connections(draft: _Draft, without: int, node: int) -> None:
    """Remove the connection at ``without`` (-1: none) and all from or to ``node`` (-1: none; inputs are below that)."""
    kept = 0
    for c in range(draft.size[CONNECTIONS]):
        if c == without or (node >= 0 and (draft.source[c] == node or draft.target[c] == node)):
            continue
        draft.source[kept] = draft.source[c]
        draft.target[kept] = draft.target[c]
        draft.innovation[kept] = draft.innovation[c]
        draft.weight[kept] = draft.weight[c]
        draft.enabled[kept] = draft.enabled[c]
        kept += 1
    draft.size[CONNECTIONS] = kept


@kernel
def _makes_cycle(draft: _Draft, source: int, target: int, marks: NDArray[np.int32], mark: int) -> bool:
    """Whether ``target`` reaches ``source`` by any connections; ``marks`` by place of the node, older than ``mark``."""
    if source == target:
        return True
    if source < 0:
        return False
    nodes = draft.size[NODES]
    marks[_node(draft, target)] = mark
    has_changed = True
    while has_changed:
        has_changed = False
        for c in range(draft.size[CONNECTIONS]):
            if draft.source[c] < 0:
                continue
            i, o = _node(draft, draft.source[c]), _node(draft, draft.target[c])
            if i < nodes and marks[i] == mark and marks[o] != mark:
                if draft.target[c] == source:
                    return True
                marks[o] = mark
                has_changed = True
    return False


@kernel
def _node(draft: _Draft, key: int) -> int:
    """Return the place of the node called ``key``."""
    first, end = 0, draft.size[NODES]
    while first < end:
        middle = (first + end) // 2
        if draft.node[middle] < key:
            first = middle + 1
        else:
            end = middle
    return first


@kernel
def _innovation(
    innovations: _Innovations,
    source: int,
    target: int,
    is_split: bool,  # noqa: FBT001  # a kernel has no keywords
) -> int:
    """Return the row of this generation's table for a new connection or a split, which is added if it is not there."""
    table, size, numbers = innovations
    for row in range(size[0]):
        if table[row, _SOURCE] == source and table[row, _TARGET] == target and (table[row, _NODE] >= 0) == is_split:
            return row
    new: int = size[0]
    size[0] += 1
    table[new, _SOURCE] = source
    table[new, _TARGET] = target
    table[new, _NODE] = numbers[0] if is_split else -1
    table[new, _INNOVATION] = numbers[1]
    numbers[0] += 1 if is_split else 0
    numbers[1] += 2 if is_split else 1
    return new


@kernel
def _add_node(
    draft: _Draft,
    rates: Rates,
    innovations: _Innovations,
    marks: NDArray[np.int32],
    rng: np.random.Generator,
) -> None:
    connections = draft.size[CONNECTIONS]
    if connections == 0:
        if rates.is_structural_surer:
            _add_connection(draft, rates, innovations, marks, rng)
        return
    if draft.size[NODES] >= rates.max_nodes or connections + 2 > rates.max_connections:
        return
    table = innovations[0]
    split = _choice(connections, rng)
    source, target, weight = draft.source[split], draft.target[split], draft.weight[split]
    row = _innovation(innovations, source, target, True)  # noqa: FBT003  # a kernel has no keywords
    node = table[row, _NODE]
    draft.enabled[split] = False
    place = draft.size[NODES]  # the newest key is the largest
    draft.node[place] = node
    draft.bias[place] = 0.0
    draft.response[place] = _first_value(rates.response, rng)
    draft.function[place] = (
        rates.functions[_choice(len(rates.functions), rng)] if rates.function < 0 else rates.function
    )
    draft.size[NODES] += 1
    _insert_connection(draft, source, node, table[row, _INNOVATION], 1.0, True)  # noqa: FBT003  # as above
    _insert_connection(draft, node, target, table[row, _INNOVATION] + 1, weight, True)  # noqa: FBT003  # as above


@kernel
def _delete_node(draft: _Draft, rates: Rates, rng: np.random.Generator) -> None:
    hidden = draft.size[NODES] - rates.n_outputs
    if hidden <= 0:
        return
    place = rates.n_outputs + _choice(hidden, rng)
    _keep_connections(draft, -1, draft.node[place])
    for i in range(place, draft.size[NODES] - 1):
        draft.node[i] = draft.node[i + 1]
        draft.bias[i] = draft.bias[i + 1]
        draft.response[i] = draft.response[i + 1]
        draft.function[i] = draft.function[i + 1]
    draft.size[NODES] -= 1


@kernel
def _add_connection(
    draft: _Draft,
    rates: Rates,
    innovations: _Innovations,
    marks: NDArray[np.int32],
    rng: np.random.Generator,
) -> None:
    hidden = draft.size[NODES] - rates.n_outputs
    target = draft.node[_choice(draft.size[NODES], rng)]
    drawn = _choice(hidden + rates.n_inputs, rng)
    source = draft.node[rates.n_outputs + drawn] if drawn < hidden else hidden - drawn - 1
    place = _connection(draft, source, target)
    if _has_connection(draft, place, source, target):
        if rates.is_structural_surer:
            draft.enabled[place] = True
        return
    if draft.size[CONNECTIONS] >= rates.max_connections:
        return
    marks[len(marks) - 1] += 1  # a mark that no node has yet
    if rates.is_feed_forward and _makes_cycle(draft, source, target, marks, marks[len(marks) - 1]):
        return
    row = _innovation(innovations, source, target, False)  # noqa: FBT003  # a kernel has no keywords
    weight = _first_value(rates.weight, rng)
    _insert_connection(draft, source, target, innovations[0][row, _INNOVATION], weight, rates.is_enabled)


@kernel
def _mutate_structure(
    draft: _Draft,
    rates: Rates,
    innovations: _Innovations,
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
    if (drawn if is_single else rng.random()) < rates.conn_delete and draft.size[CONNECTIONS] > 0:
        _keep_connections(draft, _choice(draft.size[CONNECTIONS], rng), -1)


@kernel
def _mutate_genes(draft: _Draft, rates: Rates, rng: np.random.Generator) -> None:
    """Mutate the attributes of every gene."""
    for c in range(draft.size[CONNECTIONS]):
        draft.weight[c] = _mutated(draft.weight[c], rates.weight, rng)
        rate = rates.enabled_mutate + (rates.enabled_to_false if draft.enabled[c] else rates.enabled_to_true)
        if rate > 0.0 and rng.random() < rate:
            draft.enabled[c] = rng.random() < 0.5  # a fair coin
    for i in range(draft.size[NODES]):
        draft.bias[i] = _mutated(draft.bias[i], rates.bias, rng)
        draft.response[i] = _mutated(draft.response[i], rates.response, rng)
        is_fixed = rates.is_linear_output and i < rates.n_outputs
        if not is_fixed and rates.function_mutate > 0.0 and rng.random() < rates.function_mutate:
            draft.function[i] = rates.functions[_choice(len(rates.functions), rng)]


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
        draft.node[i] = parents.node[n]
        draft.bias[i] = parents.bias[m] if is_shared and rng.random() <= 0.5 else parents.bias[n]
        draft.response[i] = parents.response[m] if is_shared and rng.random() <= 0.5 else parents.response[n]
        draft.function[i] = parents.function[m] if is_shared and rng.random() <= 0.5 else parents.function[n]
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
        draft.source[i] = source
        draft.target[i] = target
        draft.innovation[i] = parents.innovation[c]
        draft.weight[i] = parents.weight[c]
        draft.enabled[i] = parents.enabled[c]
        if is_shared:
            if rng.random() <= 0.5:
                draft.weight[i] = parents.weight[d]
            if rng.random() <= 0.5:
                draft.enabled[i] = parents.enabled[d]
            if not (parents.enabled[c] and parents.enabled[d]) and rng.random() < _STILL_DISABLED:
                draft.enabled[i] = False
    draft.size[NODES] = n1 - n0
    draft.size[CONNECTIONS] = c1 - c0


@entry
def make(
    parents: Genomes,
    pairs: NDArray[np.int64],
    rates: Rates,
    children: Genomes,
    counts: tuple[NDArray[np.int64], NDArray[np.int64]],
    rng: np.random.Generator,
) -> None:
    """Write the children; ``counts`` are (the counters, room for the genes of one child)."""
    numbers, room = counts
    draft = _Draft(
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
        for i in range(draft.size[NODES]):
            children.node[n + i] = draft.node[i]
            children.bias[n + i] = draft.bias[i]
            children.response[n + i] = draft.response[i]
            children.function[n + i] = draft.function[i]
        for i in range(draft.size[CONNECTIONS]):
            children.source[c + i] = draft.source[i]
            children.target[c + i] = draft.target[i]
            children.innovation[c + i] = draft.innovation[i]
            children.weight[c + i] = draft.weight[i]
            children.enabled[c + i] = draft.enabled[i]
        children.node_row[child + 1] = n + draft.size[NODES]
        children.conn_row[child + 1] = c + draft.size[CONNECTIONS]
