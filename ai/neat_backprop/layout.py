"""What the kernels of backpropagation read and write: packed graphs, points in blocks, scratch, results."""

from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ai.neat_backprop.rows import POINTS, Reals

ROWS: Final = 4
"""Rows of a value in a block."""

BLOCK: Final = ROWS * POINTS
"""Points of a block."""

Integers: TypeAlias = NDArray[np.int64]
Numbers: TypeAlias = NDArray[np.float64]


class Graphs(NamedTuple):
    """The networks of genomes, see ``ai.neat.networks``, and the genes that they express, see ``ai.neat.genomes``."""

    node_row: Integers
    gene: Integers
    edge_row: Integers
    source: NDArray[np.int32]
    edge_gene: Integers
    output: NDArray[np.int32]
    weight: Reals
    bias: Reals
    response: Reals
    function: NDArray[np.int32]
    activations: NDArray[np.int32]
    """What a function computes, by its code."""
    scales: Reals
    """The factor of a function's argument, by its code."""


class Blocks(NamedTuple):
    """Points in blocks: column ``c`` of block ``b`` begins at ``(b * columns + c) * BLOCK``.

    An incomplete block is filled up with copies of a point.
    """

    inputs: int
    classes: int
    x: Reals
    """Columns of inputs."""
    is_class: Reals
    """Columns of classes: 1 where a point has the class, else 0."""
    share: Reals
    """One column: what a point counts in the mean of its batch, 0 for copies."""
    batch_row: Integers
    """Batch ``i`` has the blocks ``batch_row[i]:batch_row[i + 1]``."""
    batch_share: Numbers
    """What a batch counts in the mean of all points."""


class Rules(NamedTuple):
    """The numbers of a training."""

    steps: int
    lr: float
    l2: float
    clip: float
    patience: int
    min_gain: float


class Work(NamedTuple):
    """Scratch of one thread, with room for its largest graph; columns are ``BLOCK`` numbers long."""

    values: Reals
    """Columns of node values."""
    slopes: Reals
    """Columns of sums, of the nodes whose derivative is not known from their value."""
    deltas: Reals
    """Columns of gradients of the loss with respect to values."""
    odds: Reals
    """Rows of exp(output - largest output), one a class, and their sum."""
    sums: Reals
    """Partial sums of the gradient by parameter, then of the loss."""
    code: Integers
    """Activation by node."""
    first: Integers
    """Node ``m`` sums the edges ``first[m]:first[m + 1]``."""
    output: Integers
    """Where the columns of the outputs begin among the values."""
    place: Integers
    """Where the column of an edge's source begins among the values, or -1 - where it begins among a block's inputs."""
    state: Reals
    """``STATES`` vectors with one number a parameter: edges first, then nodes."""


class Learned(NamedTuple):
    """What a training writes: new genes, and a row for each chosen genome."""

    weight: Reals
    bias: Reals
    loss: Reals
    steps: NDArray[np.int32]
    is_finite: NDArray[np.bool_]


class Share(NamedTuple):
    """What one call does: the networks ``chosen[first:last]``."""

    chosen: Integers
    first: int
    last: int
