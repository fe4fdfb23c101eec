"""Where the nodes of a network stand: columns by layer, and an order within each that crosses few connections. No Qt."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from app.desktop.network.net import Net

MOST_IN_COLUMN: Final = 32
MOST_COLUMNS: Final = 10
MOST_EDGES: Final = 400
_SWEEPS: Final = 6


@dataclass(frozen=True)
class Place:
    """Where a value stands, both 0 to 1: ``x`` from the inputs to the outputs, ``y`` from the top down."""

    x: float
    y: float


@dataclass(frozen=True)
class Layout:
    """What is shown of a net: the place of each shown value, and the numbers of the shown connections, weakest first.

    ``column_size`` is the most values above each other.
    """

    places: dict[int, Place]
    edges: tuple[int, ...]
    column_size: int


def lay_out(net: Net) -> Layout:
    """Return the layout of ``net``.

    Of a column that is too long the values with the strongest connections are shown, and of too many connections the
    strongest.

    Source: K. Sugiyama, S. Tagawa, M. Toda, "Methods for Visual Understanding of Hierarchical System Structures", 1981:
    layers by longest path, barycentre sweeps.
    """
    columns = _columns(net)
    columns = [_strongest(net, column) for column in columns]
    shown = [value for column in columns for value in column]
    inside = np.flatnonzero(np.isin(net.source, shown) & np.isin(net.target, shown))
    inside = inside[np.argsort(np.abs(net.weight[inside]), kind="stable")]
    edges = tuple(int(edge) for edge in inside[-MOST_EDGES:])
    columns = _ordered(columns, [(int(net.source[e]), int(net.target[e])) for e in edges])
    places = {
        value: Place(at / max(len(columns) - 1, 1), (row + 0.5) / len(column))
        for at, column in enumerate(columns)
        for row, value in enumerate(column)
    }
    return Layout(places, edges, max(len(column) for column in columns))


def crossings(columns: list[list[int]], edges: list[tuple[int, int]]) -> int:
    """Return how many pairs of connections between neighbouring columns cross."""
    spot = {value: (at, row) for at, column in enumerate(columns) for row, value in enumerate(column)}
    count = 0
    for at in range(len(columns) - 1):
        ends = sorted(
            (spot[source][1], spot[target][1])
            for source, target in edges
            if spot[source][0] == at and spot[target][0] == at + 1
        )
        rights = np.array([right for _, right in ends])
        lefts = np.array([left for left, _ in ends])
        if len(ends):
            is_before = lefts[:, None] < lefts
            count += int((is_before & (rights[:, None] > rights)).sum())
    return count


def _columns(net: Net) -> list[list[int]]:
    """Return the values by layer; neighbouring layers share a column where there are too many."""
    layers, ranks = np.unique(net.layer, return_inverse=True)
    if len(layers) > MOST_COLUMNS:
        inner = 1 + (ranks - 1) * (MOST_COLUMNS - 2) // (len(layers) - 2)
        ranks = np.where(ranks == 0, 0, np.where(ranks == len(layers) - 1, MOST_COLUMNS - 1, inner))
    columns = [[int(value) for value in np.flatnonzero(ranks == rank)] for rank in np.unique(ranks)]
    last = [value for value in dict.fromkeys(net.outputs) if value >= net.n_inputs]
    if last and set(columns[-1]) == set(last):
        columns[-1] = last  # in the order of the actions
    return columns


def _strongest(net: Net, column: list[int]) -> list[int]:
    """Return the values of a column in their order, without those whose connections are the weakest."""
    if len(column) <= MOST_IN_COLUMN:
        return column
    strength = np.zeros(net.n_values)
    np.add.at(strength, net.source, np.abs(net.weight))
    np.add.at(strength, net.target, np.abs(net.weight))
    kept = sorted(column, key=lambda value: (-strength[value], value))[:MOST_IN_COLUMN]
    return sorted(kept)


def _ordered(columns: list[list[int]], edges: list[tuple[int, int]]) -> list[list[int]]:
    """Return the columns, the inner ones sorted by the mean place of their neighbours; the best of some sweeps."""
    best, fewest = columns, crossings(columns, edges)
    for sweep in range(_SWEEPS):
        inner = range(1, len(columns) - 1)
        for at in inner if sweep % 2 == 0 else reversed(inner):
            beside = columns[at - 1] if sweep % 2 == 0 else columns[at + 1]
            columns = [*columns[:at], _by_barycentre(columns[at], beside, edges), *columns[at + 1 :]]
        count = crossings(columns, edges)
        if count < fewest:
            best, fewest = columns, count
    return best


def _by_barycentre(column: list[int], beside: list[int], edges: list[tuple[int, int]]) -> list[int]:
    row = {value: (at + 0.5) / len(beside) for at, value in enumerate(beside)}
    seen: dict[int, list[float]] = {value: [] for value in column}
    for source, target in edges:
        for one, other in ((source, target), (target, source)):
            if one in seen and other in row:
                seen[one].append(row[other])
    own = {value: (at + 0.5) / len(column) for at, value in enumerate(column)}
    return sorted(column, key=lambda value: sum(seen[value]) / len(seen[value]) if seen[value] else own[value])
