"""A population of NEAT graphs that learns by gradient steps: compiled against one genome at a time in NumPy."""

import time
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ai.neat.genomes import Genomes
from ai.neat.networks import Networks, express
from ai.neat_backprop.backprop import BackpropSettings, block_points, train_population
from ai.neat_backprop.layout import Blocks
from ai.neat_backprop.rows import POINTS, Reals, load, store
from benchmarks.suite import Row, at_least, seconds_of
from tests.oracle.backprop import NumpyGraph, random_genomes, train

_GENOMES: Final = 64
_POINTS: Final = 1000
_ROUNDS: Final = 5
_REPEATS: Final = 20
_SETTINGS: Final = BackpropSettings()

# Additions, multiplications, comparisons and divisions for a point, as the kernels do them.
_NODE: Final = 23 + 3  # tanh and its derivative
_INPUT_EDGE: Final = 4
_NODE_EDGE: Final = 6
_CLASS: Final = 36  # exponential, comparison, its gradient
_POINT: Final = 32  # logarithm, division


class _NeatBackprop:
    title = f"{_GENOMES} NEAT graphs, {_POINTS} points of two inputs and two classes, {_SETTINGS.steps} gradient steps"

    def rows(self, *, is_quick: bool) -> list[Row]:
        """Alternate the compiled population and NumPy; report medians of times and of the paired ratios."""
        rng = np.random.default_rng(1)
        genomes = random_genomes(_GENOMES, (2, 2), rng)
        networks = express(genomes, 2, 2)
        x = rng.normal(size=(_POINTS, 2)).astype(np.float32)
        y = (x[:, 0] * x[:, 1] > 0).astype(np.int32)
        points = block_points(x, y, 2)
        names = ("one thread", "two threads", "NumPy, float32", "NumPy, float64")
        times: NDArray[np.float64] = np.array(
            [_round(genomes, networks, points, (x, y)) for _ in range(1 if is_quick else _ROUNDS)]
        )
        numpy = times[:, 2:].min(axis=1)
        operations = _operations(networks)
        rate = operations / float(np.median(times[:, 0]))
        return [
            Row("connections a genome, mean", len(networks.source) / _GENOMES, ""),
            Row("hidden nodes a genome, mean", len(networks.gene) / _GENOMES - 2, ""),
            *(Row(name, 1e3 * float(np.median(column)), "ms") for name, column in zip(names, times.T, strict=True)),
            Row("one thread: ratio to the faster NumPy", float(np.median(numpy / times[:, 0])), "x"),
            at_least("two threads: ratio to the faster NumPy", float(np.median(numpy / times[:, 1])), "x", 20.0),
            Row("one thread: arithmetic", rate / 1e9, "GFLOP/s"),
            Row("one thread: share of multiply-adds in registers", 100 * rate / _multiply_add_rate(), "%"),
        ]


def _round(
    genomes: Genomes, networks: Networks, points: Blocks, data: tuple[NDArray[np.float32], NDArray[np.int32]]
) -> list[float]:
    """Return the seconds of one and two threads, of NumPy in float32 and float64."""
    seconds = [_compiled(genomes, networks, points, threads) for threads in (1, 2)]
    for dtype in (np.float32, np.float64):
        graphs = [NumpyGraph(genomes, networks, g, 2, dtype) for g in range(_GENOMES)]
        x = np.ascontiguousarray(data[0].T, dtype)
        begin = time.perf_counter()
        for graph in graphs:
            train(graph, x, data[1])
        seconds.append(time.perf_counter() - begin)
    return seconds


def _compiled(genomes: Genomes, networks: Networks, points: Blocks, threads: int) -> float:
    """Return the mean seconds of a population, over about as long as NumPy takes: other work on the machine slows both."""
    train_population(genomes, networks, points, BackpropSettings(steps=1), threads=threads)
    begin = time.perf_counter()
    for _ in range(_REPEATS):
        train_population(genomes, networks, points, _SETTINGS, threads=threads)
    return (time.perf_counter() - begin) / _REPEATS


def _operations(networks: Networks) -> float:
    """Return the arithmetic operations of a population's steps."""
    is_input = int(np.count_nonzero(networks.source < 2))
    edges = _INPUT_EDGE * is_input + _NODE_EDGE * (len(networks.source) - is_input)
    hidden = len(networks.gene) - 2 * _GENOMES
    return float(_SETTINGS.steps * _POINTS * (edges + _NODE * hidden + _GENOMES * (2 * _CLASS + _POINT)))


@njit(error_model="numpy")
def _multiply_adds(x: Reals, repeats: int) -> None:
    """Two rows, each a chain of multiplications and additions, not fused: what the kernels do, without memory."""
    a, b = load(x, 0), load(x, POINTS)
    factor, step = load(x, 2 * POINTS), load(x, 3 * POINTS)
    for _ in range(repeats):
        a = a * factor + step
        b = b * factor + step
    store(x, 0, a + b)


def _multiply_add_rate() -> float:
    """Return multiplications and additions a second of one core."""
    x, repeats = np.full(4 * POINTS, 0.5, np.float32), 2_000_000
    _multiply_adds(x, 1)
    return 4 * POINTS * repeats / seconds_of(lambda: _multiply_adds(x, repeats))


BENCHMARK: Final = _NeatBackprop()
