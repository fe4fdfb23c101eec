"""A generation's evaluation in the pool against serial."""

import time
from typing import Final

import numpy as np

from ai.neat.genomes import Genomes
from benchmarks.field import GAME
from benchmarks.neat_field import BOT, OPPONENT, PAIRS, POINTS, Generations, evolved, first_rows, policies_of
from benchmarks.suite import Row, at_least
from game.executors.base import ExecutorSettings, Matches
from game.executors.pool import PoolExecutor
from game.executors.serial import SerialExecutor

_GENOMES: Final = 300
_WORKERS: Final = 2
_ROUNDS: Final = 9


class _NeatPool:
    title = (
        f"NEAT: {_GENOMES} genomes x {2 * PAIRS} matches to {POINTS} points against '{OPPONENT}', pool against serial"
    )

    def rows(self, *, is_quick: bool) -> list[Row]:
        """Alternate serial and pool on the same generation; report the median of the paired ratios."""
        genomes = evolved(_GENOMES, 6 if is_quick else 25).population.genomes
        matches = Matches(GAME, (*policies_of(genomes), BOT), first_rows(_GENOMES))
        serially, pooled = [], []
        with SerialExecutor() as serial, PoolExecutor(settings=ExecutorSettings(workers=_WORKERS)) as pool:
            is_same = serial.run(matches).tobytes() == pool.run(matches).tobytes()
            for _ in range(_ROUNDS):
                serially.append(_seconds(Generations(serial), genomes))
                pooled.append(_seconds(Generations(pool), genomes))
        ratios = np.array(serially) / np.array(pooled)
        return [
            Row("generation, serial", 1e3 * float(np.median(serially)), "ms"),
            Row(f"generation, pool of {_WORKERS}", 1e3 * float(np.median(pooled)), "ms"),
            at_least(f"pool of {_WORKERS} / serial", float(np.median(ratios)), "x", 1.7),
            at_least("results identical", float(is_same), "", 1.0),
        ]


def _seconds(generations: Generations, genomes: Genomes) -> float:
    """Return the seconds of a generation: networks, matches, fitness."""
    begin = time.perf_counter()
    generations.fitness(genomes)
    return time.perf_counter() - begin


BENCHMARK: Final = _NeatPool()
