"""Reproduction and speciation of whole populations against neat-python's, from the same population."""

import random
import time
from typing import Final

import numpy as np

from benchmarks.neat_field import Evolved, Generations, NeatPopulation, evolved
from benchmarks.suite import Row, at_most
from game.executors.serial import SerialExecutor

_ROUNDS: Final = 5
_SEED: Final = 1


class _NeatReproduction:
    title = "NEAT: reproduction and speciation of one generation, evolved genomes"

    def rows(self, *, is_quick: bool) -> list[Row]:
        """Alternate ours and neat-python's on the same population; report the median of the paired ratios."""
        rows: list[Row] = []
        for count, generations, rounds in ((150, 20, 3), (1000, 8, 1)) if is_quick else ((150, 40, 9), (1000, 15, 5)):
            evolution = evolved(count, generations)
            ours, theirs = _paired(evolution, rounds)
            rows += _table(evolution, ours, theirs)
            if count == 150:
                rows.append(_share(evolution, ours))
        return rows


def _paired(evolution: Evolved, rounds: int) -> tuple[list[float], list[float]]:
    """Return the seconds of ours and of neat-python's, each from the same state; ours has been compiled before."""
    evolution.rewind().reproduce(evolution.fitness)
    ours, theirs = [], []
    for _ in range(rounds):
        population = evolution.rewind()
        begin = time.perf_counter()
        population.reproduce(evolution.fitness)
        ours.append(time.perf_counter() - begin)
        theirs.append(_seconds_of_neat(evolution))
    return ours, theirs


def _seconds_of_neat(evolution: Evolved) -> float:
    """Return the seconds of neat-python's; its random numbers are Python's own."""
    population = NeatPopulation(evolution)
    before = random.getstate()
    random.seed(_SEED)
    try:
        begin = time.perf_counter()
        children = population.reproduce()
        seconds = time.perf_counter() - begin
    finally:
        random.setstate(before)
    if len(children) != len(evolution.fitness):
        raise RuntimeError(f"neat-python made {len(children)} genomes of {len(evolution.fitness)}")
    return seconds


def _table(evolution: Evolved, ours: list[float], theirs: list[float]) -> list[Row]:
    population = evolution.rewind()
    genomes = population.genomes
    connections = len(genomes.weight) / genomes.size
    name = f"{genomes.size:,} genomes"
    own = 1e3 * float(np.median(ours))
    return [
        Row(f"{name}: species", len(population.species), ""),
        Row(f"{name}: mean connections", connections, ""),
        at_most(f"{name}: ours", own, "ms", 60.0) if genomes.size == 1000 else Row(f"{name}: ours", own, "ms"),
        Row(f"{name}: neat-python", 1e3 * float(np.median(theirs)), "ms"),
        Row(f"{name}: ratio", float(np.median(np.array(theirs) / np.array(ours))), "x"),
    ]


def _share(evolution: Evolved, ours: list[float]) -> Row:
    """Return reproduction's and speciation's share of a generation of ten matches a genome, played serially."""
    genomes, playing = evolution.rewind().genomes, []
    with SerialExecutor() as serial:
        generations = Generations(serial)
        for _ in range(_ROUNDS):
            begin = time.perf_counter()
            generations.fitness(genomes)
            playing.append(time.perf_counter() - begin)
    own = float(np.median(ours))
    share = own / (own + float(np.median(playing)))
    return at_most(f"{genomes.size} genomes: share of a generation", 100 * share, "%", 50.0)


BENCHMARK: Final = _NeatReproduction()
