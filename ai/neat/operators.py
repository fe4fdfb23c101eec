"""Crossover and mutation of packed genomes, compiled: all children of a generation in one call.

They do what neat-python 2.0.0 does (``neat/genome.py``, ``neat/genes.py``, ``neat/attributes.py``), gene by gene with the same
probabilities. Two deviations: when several children of a generation split the same connection they get the same node and
innovation numbers, as in K. Stanley, R. Miikkulainen: "Evolving Neural Networks through Augmenting Topologies", 2002, section 3.2
(neat-python numbers the nodes anew, so that these genes never meet); and genomes do not grow beyond ``max_nodes`` and
``max_connections``.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ai.neat.genomes import CONNECTION_FIELDS, NODE_FIELDS, Genomes
from ai.neat.operator_kernels import make
from ai.neat.rates import Rates

_MORE_NODES: Final = 1  # the most that the mutations of one child can add
_MORE_CONNECTIONS: Final = 3


class Counters(NamedTuple):
    """What the next new gene is called."""

    node: int
    innovation: int


def make_children(
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
    make(parents, pairs, rates, children, (numbers, np.array(room, np.int64)), rng)
    return _trimmed(children), Counters(int(numbers[0]), int(numbers[1]))


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


def _trimmed(genomes: Genomes) -> Genomes:
    """Return ``genomes`` without the unused room at the end of their arrays."""
    nodes, connections = int(genomes.node_row[-1]), int(genomes.conn_row[-1])
    columns = {name: getattr(genomes, name)[:nodes].copy() for name in NODE_FIELDS}
    columns.update({name: getattr(genomes, name)[:connections].copy() for name in CONNECTION_FIELDS})
    return genomes._replace(**columns)
