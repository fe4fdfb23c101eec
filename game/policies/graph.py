"""NEAT graphs: any acyclic graph, in evaluation order; recurrent graphs too, with a state of their own.

Values are numbered inputs first, then nodes in evaluation order. A feed-forward node reads inputs and earlier nodes of
the same tick. In a recurrent graph every node reads the inputs of this tick and all nodes' values of the tick before.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from game.errors import PlayerFileError
from game.jit import FEW_LANES, LANES, kernel
from game.policies.activation import Activation, activate, activate_one
from game.policies.bank import Kind, PackedPolicy

MAX_NODES: Final = 4096
MAX_CONNECTIONS: Final = 65536

_ACTIVATIONS: Final = frozenset(int(code) for code in Activation)
_HEADER: Final = 5  # inputs, nodes, outputs, recurrent, connections


@dataclass(frozen=True)
class GraphPolicy:
    """A graph in compressed sparse rows.

    Node ``j`` sums ``bias[j]`` and, for ``e`` in ``row[j]..row[j + 1]``, ``weight[e]`` times value ``source[e]``, in
    that order, and applies ``activation[j]``. ``outputs`` are value numbers. Dtypes: ``row``, ``source``, ``outputs`` and
    ``activation`` int32, ``weight`` and ``bias`` float32.
    """

    n_inputs: int
    row: NDArray[np.int32]
    source: NDArray[np.int32]
    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    activation: NDArray[np.int32]
    outputs: NDArray[np.int32]
    is_recurrent: bool = False

    def __post_init__(self) -> None:
        """Refuse what is no such graph, with ``PlayerFileError``."""
        nodes, connections = len(self.bias), len(self.source)
        if not 0 <= nodes <= MAX_NODES or connections > MAX_CONNECTIONS:
            raise PlayerFileError(
                f"a graph has {nodes} nodes and {connections} connections: "
                f"at most {MAX_NODES} and {MAX_CONNECTIONS} are allowed"
            )
        if (
            self.row.shape != (nodes + 1,)
            or self.weight.shape != self.source.shape
            or self.activation.shape != (nodes,)
        ):
            raise PlayerFileError(
                "the arrays of a graph do not fit together: row needs nodes + 1, weight as many as source"
            )
        if self.row[0] != 0 or self.row[-1] != connections or (self.row[1:] < self.row[:-1]).any():
            raise PlayerFileError(f"the rows of a graph must rise from 0 to its {connections} connections")
        self._check_values(nodes)

    def _check_values(self, nodes: int) -> None:
        values = self.n_inputs + nodes
        for name, numbers in (("source", self.source), ("outputs", self.outputs)):
            if len(numbers) and not (numbers.min() >= 0 and numbers.max() < values):
                raise PlayerFileError(f"'{name}' of a graph names a value outside 0 to {values - 1}")
        if not _ACTIVATIONS.issuperset(self.activation.tolist()):
            known = sorted(_ACTIVATIONS)
            raise PlayerFileError(f"a graph has an unknown activation: {known[0]} to {known[-1]} are known")
        if self.is_recurrent:
            return
        reader = np.repeat(np.arange(self.n_inputs, values), np.diff(self.row))
        late = np.flatnonzero(self.source >= reader)
        if len(late):
            raise PlayerFileError(
                f"the graph is said to be acyclic, but node {int(reader[late[0]])} reads value "
                f"{int(self.source[late[0]])}, which is not computed before it: sort the nodes or mark it recurrent"
            )

    @property
    def kind(self) -> Kind:
        """``Kind.GRAPH``."""
        return Kind.GRAPH

    def pack(self) -> PackedPolicy:
        """Integers: five counts, then row, source, activation, outputs. Reals: biases, then weights."""
        nodes = len(self.bias)
        header = [self.n_inputs, nodes, len(self.outputs), int(self.is_recurrent), len(self.source)]
        return PackedPolicy(
            Kind.GRAPH,
            np.concatenate([np.array(header, np.int32), self.row, self.source, self.activation, self.outputs]),
            np.concatenate([self.bias, self.weight]),
            memory_rows=nodes if self.is_recurrent else 0,
            scratch_rows=self.n_inputs + 2 * nodes + len(self.outputs),
        )


@kernel
def _sum_node(  # noqa: PLR0913, PLR0917  # a kernel takes its arrays apart
    integers: NDArray[np.int32],
    weights: NDArray[np.float32],
    edges: tuple[int, int],
    bias: np.float32,
    values: NDArray[np.float32],
    target: int,
    n: int,
) -> None:
    """Write ``bias`` plus the weighted sources of connections ``edges`` = (first, past the last) to row ``target``.

    The sum runs over the connections in order. Up to four of them go in one pass over the lanes, and the first pass
    starts from the bias: a node of few connections costs one or two passes.
    """
    e, end = np.uint64(edges[0]), np.uint64(edges[1])
    one, lanes, count = np.uint64(1), np.uint64(LANES), np.uint64(n)
    two, four = one + one, one + one + one + one
    y = np.uint64(target) * lanes
    if e + two > end:
        for i in range(count):
            values[y + i] = bias
    else:
        w0, w1 = weights[e], weights[e + one]
        x0, x1 = np.uint64(integers[e]) * lanes, np.uint64(integers[e + one]) * lanes
        for i in range(count):
            values[y + i] = (bias + w0 * values[x0 + i]) + w1 * values[x1 + i]
        e += two
    while e + four <= end:
        w0, w1, w2, w3 = weights[e], weights[e + one], weights[e + two], weights[e + two + one]
        x0, x1 = np.uint64(integers[e]) * lanes, np.uint64(integers[e + one]) * lanes
        x2, x3 = np.uint64(integers[e + two]) * lanes, np.uint64(integers[e + two + one]) * lanes
        for i in range(count):
            values[y + i] = (
                ((values[y + i] + w0 * values[x0 + i]) + w1 * values[x1 + i]) + w2 * values[x2 + i]
            ) + w3 * values[x3 + i]
        e += four
    if e + two <= end:
        w0, w1 = weights[e], weights[e + one]
        x0, x1 = np.uint64(integers[e]) * lanes, np.uint64(integers[e + one]) * lanes
        for i in range(count):
            values[y + i] = (values[y + i] + w0 * values[x0 + i]) + w1 * values[x1 + i]
        e += two
    if e < end:
        w0 = weights[e]
        x0 = np.uint64(integers[e]) * lanes
        for i in range(count):
            values[y + i] = values[y + i] + w0 * values[x0 + i]


@kernel
def _sum_node_lane(
    integers: NDArray[np.int32],
    weights: NDArray[np.float32],
    edges: tuple[int, int],
    bias: np.float32,
    values: NDArray[np.float32],
    lane: int,
) -> np.float32:
    """Return what ``_sum_node`` writes to one lane: the same sum in the same order, without the loops over lanes."""
    lanes, offset = np.uint64(LANES), np.uint64(lane)
    total = bias
    for e in range(np.uint64(edges[0]), np.uint64(edges[1])):
        total = total + weights[e] * values[np.uint64(integers[e]) * lanes + offset]
    return total


@kernel
def forward_graph(  # noqa: C901  # a kernel: calls cost time
    integers: NDArray[np.int32],
    reals: NDArray[np.float32],
    memory: NDArray[np.float32],
    scratch: NDArray[np.float32],
    n: int,
) -> int:
    """Run the packed graph on ``n`` lanes; return the scratch row at which its outputs begin.

    Scratch rows: the observation, the nodes' values that nodes read, (recurrent) their new values, the outputs.
    """
    inputs, nodes, outputs, recurrent, connections = integers[0], integers[1], integers[2], integers[3], integers[4]
    rows = integers[_HEADER : _HEADER + nodes + 1]
    sources = integers[_HEADER + nodes + 1 :]
    activations = integers[_HEADER + nodes + 1 + connections :]
    output_values = integers[_HEADER + 2 * nodes + 1 + connections :]
    weights = reals[nodes:]
    new_at = inputs + nodes if recurrent == 1 else inputs
    outputs_at = inputs + 2 * nodes
    if recurrent == 1:
        for row in range(nodes):
            for i in range(n):
                scratch[(inputs + row) * LANES + i] = memory[row * LANES + i]
    for node in range(nodes):
        target = new_at + node
        edges = (rows[node], rows[node + 1])
        if n < FEW_LANES:
            for lane in range(n):
                total = _sum_node_lane(sources, weights, edges, reals[node], scratch, lane)
                scratch[target * LANES + lane] = activate_one(activations[node], total)
        else:
            _sum_node(sources, weights, edges, reals[node], scratch, target, n)
            activate(activations[node], scratch, target * LANES, n)
    if recurrent == 1:
        for row in range(nodes):
            for i in range(n):
                memory[row * LANES + i] = scratch[(new_at + row) * LANES + i]
    for o in range(outputs):
        value = output_values[o]
        row = value if value < inputs else value - inputs + new_at
        for i in range(n):
            scratch[(outputs_at + o) * LANES + i] = scratch[row * LANES + i]
    return int(outputs_at)
