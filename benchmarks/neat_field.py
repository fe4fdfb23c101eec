"""The populations that the benchmarks of NEAT share, how they are judged, and the same ones as neat-python's objects."""

import itertools
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import neat
import numpy as np
from numpy.typing import NDArray

from ai.evaluation import pair_rows
from ai.neat import WEIGHTS, NeatConfig
from ai.neat.config import EvolutionConfig
from ai.neat.evolution import control_settings
from ai.neat.fitness import Weights
from ai.neat.genomes import Genomes, from_arrays
from ai.neat.ini import write_ini
from ai.neat.interchange import genome_to_neat
from ai.neat.judging import Judge
from ai.neat.networks import express, graph_policies
from ai.neat.population import Population
from ai.neat.rivals import Rivals
from ai.neat.species_control import SpeciesControl
from ai.trainer import LearnerState, Opponent, TrainContext
from benchmarks.field import GAME
from game.executors.base import Executor, MatchRows, RunControl
from game.executors.serial import SerialExecutor
from game.policies.graph import GraphPolicy
from game.policies.scripted import ScriptedPolicy
from game.seeding import pair_seeds

OPPONENT: Final = "tracker"
POINTS: Final = 5
PAIRS: Final = 5
"""Pairs of matches of a genome in a generation."""

BOT: Final = ScriptedPolicy.of(GAME, OPPONENT)

_SPECIES: Final = 10.0
_SEED: Final = 1

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class Evolved:
    """A population that has evolved for some generations, its fitness, and its state to go back to."""

    population: Population
    fitness: Vector
    state: LearnerState

    def rewind(self) -> Population:
        """Return the population as it was."""
        self.population.restore(self.state.arrays, self.state.numbers)
        return self.population


def policies_of(genomes: Genomes) -> list[GraphPolicy]:
    """Return what ``genomes`` express."""
    networks = express(genomes, GAME.n_observations, GAME.n_actions)
    return graph_policies(genomes, networks, GAME.n_observations)


class Generations:
    """The trainer's own judging of genomes against the bot: networks, matches, fitness."""

    def __init__(self, executor: Executor, pairs: int = PAIRS, points: int = POINTS) -> None:
        config = NeatConfig(opponents=(OPPONENT,), pairs=pairs, points=points)
        context = TrainContext(GAME, _SEED, executor, _opponent, RunControl(), time.monotonic, print)
        self._judge = Judge(config, context, Weights(*(getattr(config, name) for name in WEIGHTS)))
        self._rivals = Rivals((BOT,), np.array([-1]))

    def fitness(self, genomes: Genomes, *, is_first: bool = True) -> Vector:
        """Return the genomes' fitness on the first seeds of all, or on the next ones."""
        if is_first:
            self._judge.seeds_used = 0
        return self._judge.against([*policies_of(genomes)], self._rivals, self._judge.config.pairs).evidence.mean()


def first_rows(count: int) -> MatchRows:
    """Return the matches of ``Generations.fitness`` of ``count`` genomes on the first seeds; the bot is behind them."""
    return pair_rows(count, 1, pair_seeds(_SEED, 0, PAIRS), POINTS)


def _opponent(name: str) -> Opponent:
    raise KeyError(name)  # the judge is given its rivals


def evolved(count: int, generations: int, *, pairs: int = 1, points: int = 3) -> Evolved:
    """Return ``count`` genomes after ``generations`` of ``2 * pairs`` matches each, in ten species or more."""
    config = EvolutionConfig(
        population=count,
        species_target_mode="pid",
        species_target=_SPECIES,
        species_target_min=_SPECIES,
        species_target_max=_SPECIES,
    )
    population = Population(config, GAME.n_observations, GAME.n_actions, np.random.default_rng(1))
    control = SpeciesControl(control_settings(config))
    with SerialExecutor() as serial:
        played = Generations(serial, pairs, points)
        for _ in range(generations):
            control.update(len(population.species), None, 0.0, np.random.default_rng(_SEED))
            population.threshold = control.threshold
            population.reproduce(played.fitness(population.genomes, is_first=False))
        fitness = played.fitness(population.genomes, is_first=False)
    return Evolved(population, fitness, population.state())


def neat_config(config: EvolutionConfig) -> neat.Config:
    """Return ``config`` as neat-python's own, read by neat-python from its own format."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "neat.ini"
        write_ini(config, path, GAME.n_observations, GAME.n_actions)
        return neat.Config(
            neat.DefaultGenome, neat.DefaultReproduction, neat.DefaultSpeciesSet, neat.DefaultStagnation, str(path)
        )


def neat_genomes(genomes: Genomes) -> list[neat.DefaultGenome]:
    """Return ``genomes`` as neat-python's."""
    return [genome_to_neat(genomes, place) for place in range(genomes.size)]


class NeatPopulation:
    """An evolved population in neat-python's hands: its genomes, species, counters, and what reproduces them."""

    def __init__(self, evolution: Evolved) -> None:
        population = evolution.rewind()
        numbers: Any = evolution.state.numbers
        self.config = neat_config(EvolutionConfig(population=population.genomes.size))
        self.config.species_set_config.compatibility_threshold = population.threshold
        reporters = neat.reporting.ReporterSet()
        stagnation = neat.DefaultStagnation(self.config.stagnation_config, reporters)
        self._reproduction = neat.DefaultReproduction(self.config.reproduction_config, reporters, stagnation)
        self._reproduction.genome_indexer = itertools.count(numbers["next_key"])
        self._reproduction.innovation_tracker = neat.InnovationTracker(numbers["next_innovation"] - 1)
        self.config.genome_config.node_indexer = itertools.count(numbers["next_node"])
        self.generation = population.generation + 1
        genomes = neat_genomes(population.genomes)
        for genome, fitness in zip(genomes, evolution.fitness.tolist(), strict=True):
            genome.fitness = fitness
        self.species = neat.DefaultSpeciesSet(self.config.species_set_config, reporters)
        self.species.indexer = itertools.count(numbers["next_species"])
        representatives = from_arrays(evolution.state.arrays, "representatives").keys
        self._put_into_species(population, genomes, representatives.tolist())

    def _put_into_species(
        self, population: Population, genomes: Sequence[neat.DefaultGenome], representatives: Sequence[int]
    ) -> None:
        by_key = {genome.key: genome for genome in genomes}
        for ours, representative in zip(population.species, representatives, strict=True):
            species = neat.species.Species(ours.key, ours.created)
            species.last_improved, species.fitness_history = ours.last_improved, list(ours.fitness_history)
            members = {genomes[place].key: genomes[place] for place in ours.places.tolist()}
            species.update(by_key[representative], members)
            self.species.species[ours.key] = species

    def reproduce(self) -> dict[int, neat.DefaultGenome]:
        """Make the next generation and put it into species, as ``neat.Population.run`` does; return it."""
        count = self.config.pop_size
        children: dict[int, neat.DefaultGenome] = self._reproduction.reproduce(
            self.config, self.species, count, self.generation
        )
        self.species.speciate(self.config, children, self.generation)
        return children
