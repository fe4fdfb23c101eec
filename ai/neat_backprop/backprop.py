"""Backpropagation through a population of NEAT graphs: their genes learn from labelled points.

Every genome is trained on its own graph, unpadded: softmax cross-entropy of the output values, Adam, clipped gradients (the
equations are those of ``ai.neat_backprop.kernels``). Weights and biases learn; responses stay, because a response does what the
weights of its node can do together. What a genome learns depends on its own genes, the points and the settings only: not on the
other genomes of the call, not on the threads.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ai.neat.functions import ACTIVATIONS, SCALES
from ai.neat.genomes import Genomes
from ai.neat.networks import Networks
from ai.neat_backprop import kernels
from ai.neat_backprop.layout import BLOCK, Blocks, Graphs, Learned, Rules, Share, Work
from ai.neat_backprop.rows import PARTS, POINTS

A = TypeVar("A", bound=NDArray[np.generic])

_CHUNKS_PER_THREAD: Final = 4
_ALIGNMENT: Final = 64  # bytes: a row then begins at a cache line


@dataclass(frozen=True)
class BackpropSettings:
    """How genomes learn."""

    steps: int = 40
    """Gradient steps."""
    lr: float = 5e-3
    """Step size of Adam."""
    l2: float = 1e-4
    """The loss grows by ``l2 / 2`` times the sum of the squared weights; biases are free."""
    clip: float = 5.0
    """Largest norm of a genome's gradient; 0: any."""
    patience: int = 0
    """A genome stops after so many steps without a gain; 0: never."""
    min_gain: float = 1e-4
    """The cross-entropy must fall by more than this to count as a gain."""


class LearnedGenes(NamedTuple):
    """What genomes have learned.

    ``weight`` and ``bias`` are new arrays of all genomes of the call. Genes that are not expressed and genes of genomes that were
    not chosen have their old values in them, bit for bit. The other arrays have a row for each chosen genome.
    """

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    loss: NDArray[np.float32]
    """Cross-entropy of all points with the new genes, without the l2 term."""
    steps: NDArray[np.int32]
    """Steps that the genes have gone."""
    is_finite: NDArray[np.bool_]
    """False where the loss or its gradient became infinite or NaN: the genes are those from before the step that did it."""


class Scores(NamedTuple):
    """How well genomes classify points; a row for each chosen genome."""

    accuracy: NDArray[np.float64]
    """Share of the points whose largest output, the first of equals, is their class."""
    cross_entropy: NDArray[np.float64]
    """Mean over the points; infinite where outputs overflow."""


def block_points(
    x: ArrayLike,
    y: ArrayLike,
    n_classes: int,
    *,
    batch: int | None = None,
    rng: np.random.Generator | None = None,
) -> Blocks:
    """Return the points ``x`` float[n, d] of classes ``y`` int[n] as the kernels read them: copies, made once for many calls.

    Training goes through batches of ``batch`` points in turn, a step each; all points without it. Batches that are no multiple of
    ``BLOCK`` cost as much as the next multiple. ``rng`` shuffles the points first, once: blocks made anew shuffle anew.

    Raises
    ------
    ValueError
        There are no points, or ``x`` and ``y`` do not fit together, or a class is not one of ``0`` to ``n_classes - 1``.
    """
    x, y = np.asarray(x, np.float32), np.asarray(y)
    if x.ndim != 2 or y.shape != (len(x),) or not len(x):
        raise ValueError(f"x is {x.shape} and y is {y.shape}: they must be [n, d] and [n], with at least one point")
    if y.min() < 0 or y.max() >= n_classes:
        raise ValueError(f"classes go from {y.min()} to {y.max()}: 0 to {n_classes - 1} are allowed")
    n = len(x)
    size = n if batch is None else max(1, min(batch, n))
    order = np.arange(n) if rng is None else rng.permutation(n)
    starts = np.arange(0, n, size)
    counts = np.minimum(size, n - starts)
    batch_row = np.concatenate([[0], np.cumsum(-(-counts // BLOCK))]).astype(np.int64)
    is_copy = np.ones(batch_row[-1] * BLOCK, np.bool_)
    place = np.arange(n) + np.repeat(batch_row[:-1] * BLOCK - starts, counts)
    is_copy[place] = False
    points = np.full(len(is_copy), order[0])
    points[place] = order
    share = np.where(is_copy, 0.0, np.repeat(1.0 / counts, np.diff(batch_row) * BLOCK))
    is_class = (y[points][:, None] == np.arange(n_classes)) & ~is_copy[:, None]
    return Blocks(
        x.shape[1],
        n_classes,
        _in_blocks(x[points]),
        _in_blocks(is_class),
        _in_blocks(share[:, None]),
        batch_row,
        counts / n,
    )


def train_population(
    genomes: Genomes,
    networks: Networks,
    points: Blocks,
    settings: BackpropSettings,
    *,
    chosen: ArrayLike | None = None,
    threads: int = 1,
) -> LearnedGenes:
    """Train the genomes at the places ``chosen`` (all without it) on ``points``; nothing of the arguments is written to.

    ``networks`` are the feed-forward ones of ``genomes``. To go on from what was learned, pass
    ``with_learned(genomes, learned)``; the moments of Adam begin anew.

    Raises
    ------
    ValueError
        The networks are recurrent, or do not fit the points.
    """
    places = _places(networks, chosen)
    graphs = _graphs(genomes, networks, points)
    n = len(places)
    learned = LearnedGenes(
        genomes.weight.copy(),
        genomes.bias.copy(),
        np.empty(n, np.float32),
        np.empty(n, np.int32),
        np.empty(n, np.bool_),
    )
    s = settings
    rules = Rules(int(s.steps), float(s.lr), float(s.l2), float(s.clip), int(s.patience), float(s.min_gain))
    outcome = Learned(*learned)

    def train(first: int, last: int, work: Work) -> None:
        kernels.train(graphs, Share(places, first, last), points, rules, work, outcome)

    _in_threads(train, networks, places, points, threads)
    return learned


def with_learned(genomes: Genomes, learned: LearnedGenes) -> Genomes:
    """Return ``genomes`` with the learned weights and biases."""
    return genomes._replace(weight=learned.weight, bias=learned.bias)


def scores(
    genomes: Genomes, networks: Networks, points: Blocks, *, chosen: ArrayLike | None = None, threads: int = 1
) -> Scores:
    """Return how well the genomes at the places ``chosen`` (all without it) classify ``points``.

    Raises
    ------
    ValueError
        The networks are recurrent, or do not fit the points.
    """
    places = _places(networks, chosen)
    graphs = _graphs(genomes, networks, points)
    hits, loss = np.empty(len(places)), np.empty(len(places))

    def score(first: int, last: int, work: Work) -> None:
        kernels.score(graphs, Share(places, first, last), points, work, hits, loss)

    _in_threads(score, networks, places, points, threads)
    n_points = np.count_nonzero(points.share)
    return Scores(hits / n_points, np.where(np.isfinite(loss), loss, np.inf))


def _in_blocks(columns: NDArray[np.generic]) -> NDArray[np.float32]:
    """Return ``columns`` [blocks * BLOCK, columns] as flat columns of blocks."""
    blocked = columns.reshape(-1, BLOCK, columns.shape[1]).transpose(0, 2, 1)
    flat = _aligned(blocked.size)
    flat[:] = blocked.ravel()
    return flat


def _aligned(size: int) -> NDArray[np.float32]:
    """Return room for ``size`` numbers that begins at a cache line."""
    spare = _ALIGNMENT // 4
    room = np.empty(size + spare, np.float32)
    first = -(room.ctypes.data // 4) % spare
    return room[first : first + size]


def _places(networks: Networks, chosen: ArrayLike | None) -> NDArray[np.int64]:
    if chosen is None:
        return np.arange(networks.size)
    places = np.ascontiguousarray(chosen, np.int64)
    if len(places) and not (places.min() >= 0 and places.max() < networks.size):
        raise ValueError(f"chosen goes from {places.min()} to {places.max()}: 0 to {networks.size - 1} are allowed")
    return places


def _graphs(genomes: Genomes, networks: Networks, points: Blocks) -> Graphs:
    if networks.output.shape[1] != points.classes:
        raise ValueError(f"the networks have {networks.output.shape[1]} outputs: {points.classes} classes need as many")
    nodes = np.arange(len(networks.gene)) - np.repeat(networks.node_row[:-1], np.diff(networks.node_row))
    reader = np.repeat(nodes, np.diff(networks.edge_row)) + points.inputs
    if np.any(networks.source >= reader) or np.any(networks.output < points.inputs):
        raise ValueError(f"the networks must be feed-forward and have at most {points.inputs} inputs")
    return Graphs(
        _writable(networks.node_row),
        _writable(networks.gene),
        _writable(networks.edge_row),
        _writable(networks.source),
        _writable(networks.edge_gene),
        _writable(networks.output),
        _writable(genomes.weight),
        _writable(genomes.bias),
        _writable(genomes.response),
        _writable(genomes.function),
        _writable(ACTIVATIONS),
        _writable(SCALES),
    )


def _writable(array: A) -> A:
    """Return ``array``, or a copy if it is read-only: numba would compile the kernels anew for read-only arrays."""
    return array if array.flags.writeable and array.flags.c_contiguous else array.copy()


def _in_threads(
    work_on: Callable[[int, int, Work], None],
    networks: Networks,
    places: NDArray[np.int64],
    points: Blocks,
    threads: int,
) -> None:
    """Call ``work_on(first, last, scratch)`` for chunks of ``places`` of about the same work each."""
    if not len(places):
        return
    nodes = np.diff(networks.node_row)[places]
    edges = np.diff(networks.edge_row[networks.node_row])[places]
    if threads <= 1:
        work_on(0, len(places), _scratch(int(nodes.max()), int((nodes + edges).max()), points))
        return
    cost = np.cumsum(edges + 2 * nodes + 1)
    bounds = np.searchsorted(cost, np.linspace(0, cost[-1], threads * _CHUNKS_PER_THREAD + 1)[1:-1])
    bounds = np.unique(np.concatenate([[0], bounds, [len(places)]]))

    def run(first: int, last: int) -> None:
        part = slice(first, last)
        work_on(first, last, _scratch(int(nodes[part].max()), int((nodes + edges)[part].max()), points))

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(run, bounds[:-1].tolist(), bounds[1:].tolist()))


def _scratch(nodes: int, parameters: int, points: Blocks) -> Work:
    width = -(-parameters // POINTS) * POINTS
    return Work(
        _aligned(nodes * BLOCK),
        _aligned(nodes * BLOCK),
        _aligned(nodes * BLOCK),
        _aligned((points.classes + 1) * POINTS),
        _aligned((parameters + 2) * PARTS),
        np.empty(nodes, np.int64),
        np.empty(nodes + 1, np.int64),
        np.empty(points.classes, np.int64),
        np.empty(parameters, np.int64),
        _aligned(kernels.STATES * width),
    )
