"""The first genomes of a population: connected as neat-python's ``initial_connection`` says."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ai.errors import TrainingError
from ai.neat.config import EvolutionConfig
from ai.neat.functions import IDENTITY
from ai.neat.genomes import Genomes
from ai.neat.operators import Counters
from ai.neat.rates import FloatGene, Rates

_Pairs: TypeAlias = list[tuple[int, int]]


def first_genomes(
    config: EvolutionConfig, rates: Rates, keys: NDArray[np.int64], rng: np.random.Generator
) -> tuple[Genomes, Counters]:
    """Return new genomes called ``keys`` and the counters behind them; the same connection has the same innovation number.

    Raises
    ------
    TrainingError
        If they would be larger than genomes may grow.
    """
    count, nodes = len(keys), rates.n_outputs + config.num_hidden
    pairs = sorted(_connections(config, rates), key=lambda pair: (pair[1], pair[0]))
    is_there = _chosen(config, rates, pairs, count, rng)
    sizes = is_there.sum(axis=1)
    _check_limits(rates, nodes, int(sizes.max(initial=0)))
    node = np.arange(nodes, dtype=np.int32)
    source, target = (np.array([pair[side] for pair in pairs], np.int32) for side in (0, 1))
    function = _functions(rates, (count, nodes), rng)
    if rates.is_linear_output:
        function[:, : rates.n_outputs] = IDENTITY
    made = int(sizes.sum())
    genomes = Genomes(
        keys,
        np.arange(count + 1, dtype=np.int64) * nodes,
        np.tile(node, count),
        _values(rates.bias, count * nodes, rng),
        _values(rates.response, count * nodes, rng),
        function.reshape(-1),
        np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        np.tile(source, (count, 1))[is_there],
        np.tile(target, (count, 1))[is_there],
        np.tile(np.arange(len(pairs), dtype=np.int32), (count, 1))[is_there],
        _values(rates.weight, made, rng),
        np.full(made, rates.is_enabled),
    )
    return genomes, Counters(nodes, len(pairs))


def _check_limits(rates: Rates, nodes: int, connections: int) -> None:
    for name, made, most in (
        ("max_nodes", nodes, rates.max_nodes),
        ("max_connections", connections, rates.max_connections),
    ):
        if made > most:
            raise TrainingError(
                f"{name} is {most}, and the first genomes would have {made}: allow more, or let them begin with less by "
                "num_hidden and initial_connection"
            )


def _connections(config: EvolutionConfig, rates: Rates) -> _Pairs:
    """Return all (source, target) that a first genome may have."""
    inputs = range(-rates.n_inputs, 0)
    outputs = range(rates.n_outputs)
    hidden = range(rates.n_outputs, rates.n_outputs + config.num_hidden)
    scheme = config.initial_connection
    if scheme == "unconnected":
        return []
    if scheme.startswith("fs_neat"):
        targets = [*outputs, *hidden] if scheme == "fs_neat_hidden" else [*outputs]
        return [(source, target) for source in inputs for target in targets]
    pairs = [(source, target) for source in inputs for target in hidden]
    pairs += [(source, target) for source in hidden for target in outputs]
    if not hidden or scheme.endswith("_direct"):
        pairs += [(source, target) for source in inputs for target in outputs]
    if not config.feed_forward:
        pairs += [(node, node) for node in (*outputs, *hidden)]
    return pairs


def _chosen(
    config: EvolutionConfig, rates: Rates, pairs: _Pairs, count: int, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Return which of ``pairs`` each of ``count`` genomes has, [count, pairs]."""
    if config.initial_connection.startswith("fs_neat"):
        source = -1 - rng.integers(rates.n_inputs, size=count)
        has_source: NDArray[np.bool_] = np.array([pair[0] for pair in pairs])[None, :] == source[:, None]
        return has_source
    is_there = np.ones((count, len(pairs)), bool)
    if config.initial_connection.startswith("partial"):
        kept = round(len(pairs) * config.connection_fraction)
        order = np.argsort(rng.random((count, len(pairs))), axis=1, kind="stable")
        np.put_along_axis(is_there, order[:, kept:], values=False, axis=1)
    return is_there


def _values(gene: FloatGene, count: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return ``count`` first values of an attribute."""
    if gene.is_uniform:
        low = max(gene.low, gene.init_mean - 2.0 * gene.init_stdev)
        high = min(gene.high, gene.init_mean + 2.0 * gene.init_stdev)
        return rng.uniform(low, high, count).astype(np.float32)
    return np.clip(rng.normal(gene.init_mean, gene.init_stdev, count), gene.low, gene.high).astype(np.float32)


def _functions(rates: Rates, shape: tuple[int, int], rng: np.random.Generator) -> NDArray[np.int32]:
    if rates.function >= 0:
        return np.full(shape, rates.function, np.int32)
    return rates.functions[rng.integers(len(rates.functions), size=shape)]
