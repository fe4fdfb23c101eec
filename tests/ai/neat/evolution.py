"""Populations that have evolved without playing, their genomes in neat-python's hands, and learners small enough for tests."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import neat
import numpy as np
from numpy.typing import NDArray

from ai.neat import NeatConfig
from ai.neat.config import EvolutionConfig
from ai.neat.functions import FUNCTION_CODES, FUNCTIONS
from ai.neat.genomes import Genomes
from ai.neat.ini import write_ini
from ai.neat.interchange import genome_to_neat
from ai.neat.learner import NeatLearner
from ai.neat.population import Population
from ai.trainer import Opponent, StepReport, TrainContext
from game.executors.base import Executor, RunControl
from game.executors.serial import SerialExecutor
from game.games.rally import GAME
from tests.ai.fakes import FakeClock, find_opponent
from tests.ai.neat.neat_files import neat_config

INPUTS, OUTPUTS = 8, 3

THEIR_FUNCTIONS = tuple(function.name for function in FUNCTIONS if function.is_in_neat_python)
"""What neat-python can compute too."""

VARIED = EvolutionConfig(
    population=60,
    linear_outputs=False,
    species_target_mode="fixed",
    activation_default="random",
    activation_options=THEIR_FUNCTIONS,
    activation_mutate_rate=0.2,
    conn_add_prob=0.5,
    conn_delete_prob=0.3,
    node_add_prob=0.4,
    node_delete_prob=0.2,
    enabled_mutate_rate=0.1,
    initial_connection="partial_direct",
    weight_init_stdev=0.6,
    weight_min_value=-1.5,
    weight_max_value=1.5,
    bias_min_value=-1.0,
    bias_max_value=1.0,
    response_init_stdev=0.3,
    response_min_value=-1.5,
    response_max_value=1.5,
    response_mutate_rate=0.3,
    response_mutate_power=0.2,
    response_replace_rate=0.05,
)  # fmt: skip
"""Everything mutates; weights are small, so that no sum grows beyond what float32 tells apart."""

SMALL = NeatConfig(
    population=16, generations=9, opponents=("random", "tracker"), pairs=1, points=1, rivals=2, finalists=3, final_pairs=1,
    evaluate_every=3, evaluation_pairs=2, hindsight_steps=0,
)  # fmt: skip


def population_of(config: EvolutionConfig, seed: int = 1) -> Population:
    """Return a new population of networks with ``INPUTS`` and ``OUTPUTS``."""
    return Population(config, INPUTS, OUTPUTS, np.random.default_rng(seed))


def evolved(config: EvolutionConfig, generations: int, seed: int = 1) -> Population:
    """Return a population after ``generations`` of a fitness that means nothing."""
    population = population_of(config, seed)
    luck = np.random.default_rng(seed + 1000)
    for _ in range(generations):
        population.reproduce(luck.random(population.genomes.size))
    return population


def their_config(config: EvolutionConfig) -> neat.Config:
    """Return ``config`` as neat-python reads it from its own format."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "neat.ini"
        write_ini(config, path, INPUTS, OUTPUTS)
        return neat_config(path)


def their_genomes(genomes: Genomes) -> list[neat.DefaultGenome]:
    """Return ``genomes`` as neat-python's."""
    return [genome_to_neat(genomes, place) for place in range(genomes.size)]


def genome_of(
    nodes: Sequence[tuple[int, float, float, str]], connections: Sequence[tuple[int, int, float, bool]]
) -> Genomes:
    """Return one genome of nodes (key, bias, response, function) and connections (source, target, weight, enabled)."""
    nodes, connections = sorted(nodes), sorted(connections, key=lambda each: (each[1], each[0]))
    return Genomes(
        np.array([1]),
        np.array([0, len(nodes)]),
        np.array([node[0] for node in nodes], np.int32),
        np.array([node[1] for node in nodes], np.float32),
        np.array([node[2] for node in nodes], np.float32),
        np.array([FUNCTION_CODES[node[3]] for node in nodes], np.int32),
        np.array([0, len(connections)]),
        np.array([each[0] for each in connections], np.int32),
        np.array([each[1] for each in connections], np.int32),
        np.arange(len(connections), dtype=np.int32),
        np.array([each[2] for each in connections], np.float32),
        np.array([each[3] for each in connections], np.bool_),
    )


def pairs_of(genomes: Genomes, place: int) -> list[tuple[int, int]]:
    """Return the connections of a genome as (source, target), in their order."""
    genes = genomes.connections_of(place)
    return list(zip(genomes.source[genes].tolist(), genomes.target[genes].tolist(), strict=True))


def same_bits(one: Genomes, other: Genomes) -> bool:
    """Whether two packed populations are equal, bit for bit."""
    return all(a.dtype == b.dtype and a.tobytes() == b.tobytes() for a, b in zip(one, other, strict=True))


def context_of(seed: int = 1, executor: Executor | None = None, find=find_opponent) -> TrainContext:
    """Return what a learner is given in these tests."""
    return TrainContext(GAME, seed, executor or SerialExecutor(), find, RunControl(), FakeClock(), lambda line: None)


def learner_of(config: NeatConfig, seed: int = 1, executor: Executor | None = None) -> NeatLearner:
    """Return a new learner that plays against scripted bots."""
    return NeatLearner(config, context_of(seed, executor))


def steps_of(learner: NeatLearner, count: int) -> list[StepReport]:
    """Return the reports of the next ``count`` steps."""
    return [learner.step() for _ in range(count)]


def told(report: StepReport) -> tuple[object, ...]:
    """Return what a report says, to be compared."""
    champion = report.champion
    kept = None if champion is None else (champion.policy.pack().reals.tobytes(), champion.fitness, champion.lineage)
    return report.step, dict(report.values), dict(report.work), kept, dict(report.details)


def flat(state_arrays: dict[str, NDArray[np.generic]]) -> dict[str, tuple[str, bytes]]:
    """Return the arrays of a state as bytes."""
    return {name: (str(array.dtype), array.tobytes()) for name, array in state_arrays.items()}


def one_opponent(opponent: Opponent):
    """Return a look-up that knows ``opponent``, and the scripted bots."""
    return lambda name: opponent if name == opponent.name else find_opponent(name)
