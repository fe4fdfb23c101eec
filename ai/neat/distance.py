"""The compatibility distance of packed genomes and the partition into species, compiled.

The same numbers and the same partition as neat-python 2.0.0 (``DefaultGenome.distance``, ``DefaultSpeciesSet.speciate``).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ai.neat.genomes import Genomes
from game.jit import entry, kernel


class Coefficients(NamedTuple):
    """Weights of the distance: of a gene that only one genome has, and of the difference between two of the same gene."""

    disjoint: float
    weight: float


class Partition(NamedTuple):
    """Genomes in species, which are numbered old ones first, in their order, then new ones."""

    species: NDArray[np.int64]
    """Species of each genome, [n]."""
    representatives: NDArray[np.int64]
    """Place of each species' new representative."""


def distances(one: Genomes, others: Genomes, coefficients: Coefficients) -> NDArray[np.float64]:
    """Return the distances of every genome of ``one`` to every one of ``others``, [one.size, others.size]."""
    found = np.zeros((one.size, others.size))
    _distances(one, others, coefficients, found)
    return found


def speciate(genomes: Genomes, representatives: Genomes, threshold: float, coefficients: Coefficients) -> Partition:
    """Put ``genomes``, sorted by key, into species: those of the old ``representatives`` first, new ones as needed.

    An old species takes the genome that is nearest to its representative as its new representative; every other genome goes
    to the species whose new representative is nearest, if it is nearer than ``threshold``, or founds its own. With fewer
    genomes than old species the last of these end; their representative is -1.
    """
    species = np.full(genomes.size, -1, np.int64)
    places = np.full(genomes.size + representatives.size, -1, np.int64)
    count = _speciate(genomes, representatives, threshold, coefficients, species, places)
    return Partition(species, places[:count])


@kernel
def _distance(a: Genomes, i: int, b: Genomes, j: int, coefficients: Coefficients) -> float:
    """Return the distance of genome ``i`` of ``a`` to genome ``j`` of ``b``."""
    n, n1 = a.node_row[i], a.node_row[i + 1]
    m, m1 = b.node_row[j], b.node_row[j + 1]
    most_nodes = max(n1 - n, m1 - m)
    different, disjoint = 0.0, 0
    while n < n1 or m < m1:
        if m >= m1 or (n < n1 and a.node[n] < b.node[m]):
            disjoint += 1
            n += 1
        elif n >= n1 or b.node[m] < a.node[n]:
            disjoint += 1
            m += 1
        else:
            gap = abs(np.float64(a.bias[n]) - np.float64(b.bias[m])) + abs(
                np.float64(a.response[n]) - np.float64(b.response[m])
            )
            different += gap + (1.0 if a.function[n] != b.function[m] else 0.0)
            n += 1
            m += 1
    distance = 0.0
    if most_nodes > 0:
        distance = (coefficients.weight * different + coefficients.disjoint * disjoint) / most_nodes
    c, c1 = a.conn_row[i], a.conn_row[i + 1]
    d, d1 = b.conn_row[j], b.conn_row[j + 1]
    most_connections = max(c1 - c, d1 - d)
    different, disjoint = 0.0, 0
    while c < c1 and d < d1:
        if a.target[c] == b.target[d] and a.source[c] == b.source[d]:
            different += abs(np.float64(a.weight[c]) - np.float64(b.weight[d])) + (
                1.0 if a.enabled[c] != b.enabled[d] else 0.0
            )
            c += 1
            d += 1
        elif a.target[c] < b.target[d] or (a.target[c] == b.target[d] and a.source[c] < b.source[d]):
            disjoint += 1
            c += 1
        else:
            disjoint += 1
            d += 1
    disjoint += (c1 - c) + (d1 - d)
    if most_connections > 0:
        distance += (coefficients.weight * different + coefficients.disjoint * disjoint) / most_connections
    return distance


@entry
def _distances(one: Genomes, others: Genomes, coefficients: Coefficients, found: NDArray[np.float64]) -> None:
    for i in range(len(one.keys)):
        for j in range(len(others.keys)):
            found[i, j] = _distance(one, i, others, j, coefficients)


@entry
def _speciate(  # noqa: C901  # one kernel: both of its steps are the partition
    genomes: Genomes,
    old: Genomes,
    threshold: float,
    coefficients: Coefficients,
    species: NDArray[np.int64],
    representatives: NDArray[np.int64],
) -> int:
    """Write ``species`` and ``representatives`` (see ``speciate``); return how many species there are."""
    count = len(old.keys)
    for s in range(count):
        nearest, best = -1, np.inf
        for g in range(len(genomes.keys)):
            if species[g] < 0:
                distance = _distance(old, s, genomes, g, coefficients)
                if distance < best:
                    nearest, best = g, distance
        representatives[s] = nearest
        if nearest >= 0:
            species[nearest] = s
    for g in range(len(genomes.keys)):
        if species[g] >= 0:
            continue
        nearest, best = -1, threshold
        for s in range(count):
            if representatives[s] >= 0:
                distance = _distance(genomes, representatives[s], genomes, g, coefficients)
                if distance < best:
                    nearest, best = s, distance
        if nearest < 0:
            nearest = count
            representatives[count] = g
            count += 1
        species[g] = nearest
    return count
