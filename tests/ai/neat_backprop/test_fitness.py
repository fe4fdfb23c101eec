"""The fitness of genomes that learn: what it is made of, and that it depends on nothing else."""

import itertools
import math
import pickle
from dataclasses import replace

import numpy as np
import pytest

from ai.neat.config import EvolutionConfig
from ai.neat.genomes import to_arrays
from ai.neat.networks import express
from ai.neat.population import Population
from ai.neat_backprop.backprop import BackpropSettings, block_points, scores, train_population, with_learned
from ai.neat_backprop.fitness import GENOMES, ROWS, FitnessBackpropShared
from ai.neat_backprop.tasks import circles

DATA = circles(200, 0.05, np.random.default_rng(1))
CONFIG = EvolutionConfig(
    population=9, num_hidden=3, node_add_prob=0.5, conn_add_prob=0.5, enabled_mutate_rate=0.2, activation_default="random",
    activation_options=("tanh", "relu", "sin"),
)  # fmt: skip
FITNESS = FitnessBackpropShared(n_inputs=2, n_classes=2, steps=12, lr=0.02)


@pytest.fixture(scope="module")
def genomes():
    """A population of different sizes for two features and two classes."""
    population = Population(CONFIG, 2, 2, np.random.default_rng(4))
    luck = np.random.default_rng(5)
    for _ in range(6):
        population.reproduce(luck.random(population.genomes.size))
    assert len(set(population.genomes.hidden_counts(2).tolist())) > 2
    assert not population.genomes.enabled.all()
    return population.genomes


def judged(fitness, genomes, rows=(), part=None, data=DATA.arrays):
    generation = {**to_arrays(genomes, GENOMES), ROWS: np.array(rows, np.int64)}
    return fitness(data, generation, part or range(genomes.size))


def assert_same(one, other):
    assert one.keys() == other.keys()
    assert {name: array.tobytes() for name, array in one.items()} == {
        name: array.tobytes() for name, array in other.items()
    }


def test_genomes_learn_from_training_rows_and_are_judged_on_validation_rows(genomes):
    networks = express(genomes, 2, 2)
    points = block_points(DATA.x_train, DATA.y_train, 2)
    settings = BackpropSettings(steps=12, lr=0.02, l2=1e-4, clip=5.0)
    learned = with_learned(genomes, train_population(genomes, networks, points, settings))
    wanted = scores(learned, networks, block_points(DATA.x_validation, DATA.y_validation, 2))
    found = judged(FITNESS, genomes)
    assert found["loss"].tobytes() == wanted.cross_entropy.tobytes()
    assert found["accuracy"].tobytes() == wanted.accuracy.tobytes()
    assert found["weight"].tobytes() == learned.weight.tobytes()
    assert found["bias"].tobytes() == learned.bias.tobytes()
    assert (learned.weight != genomes.weight).any()


def test_the_fitness_is_1_less_the_loss_in_units_of_guessing_and_the_size(genomes):
    free = judged(replace(FITNESS, alpha_nodes=0.0, alpha_edges=0.0), genomes)
    assert free["fitness"] == pytest.approx(1.0 - free["loss"] / math.log(2))
    nodes, edges = genomes.hidden_counts(2), genomes.enabled_counts()
    for alpha_nodes, alpha_edges in ((0.1, 0.0), (0.0, 0.01), (0.2, 0.03)):
        paid = judged(replace(FITNESS, alpha_nodes=alpha_nodes, alpha_edges=alpha_edges), genomes)
        assert free["fitness"] - paid["fitness"] == pytest.approx(alpha_nodes * nodes + alpha_edges * edges)
        assert paid["loss"].tobytes() == free["loss"].tobytes()


def test_who_always_guesses_is_worth_nothing(genomes):
    blank = genomes._replace(weight=np.zeros_like(genomes.weight), bias=np.zeros_like(genomes.bias))
    found = judged(replace(FITNESS, steps=0, alpha_nodes=0.0, alpha_edges=0.0), blank)
    assert found["fitness"] == pytest.approx(np.zeros(genomes.size), abs=1e-6)


def test_what_is_said_of_a_genome_does_not_depend_on_its_part(genomes):
    whole = judged(FITNESS, genomes)
    for cuts in ((0, 1, 9), (0, 4, 5, 9), tuple(range(10))):
        parts = [judged(FITNESS, genomes, part=range(begin, end)) for begin, end in itertools.pairwise(cuts)]
        assert_same({name: np.concatenate([part[name] for part in parts]) for name in whole}, whole)


def test_drawn_rows_are_all_that_is_learned_from(genomes):
    rows = [3, 7, 11, 12, 50, 51, 52, 90]
    few = {**DATA.arrays, "x_train": DATA.x_train[rows], "y_train": DATA.y_train[rows]}
    found = judged(FITNESS, genomes, rows)
    assert_same(found, judged(FITNESS, genomes, data=few))
    assert found["weight"].tobytes() != judged(FITNESS, genomes)["weight"].tobytes()


def test_batches_are_taken_in_the_order_of_the_rows(genomes):
    fitness = replace(FITNESS, batch=16, steps=3)
    rows = np.random.default_rng(3).permutation(len(DATA.y_train))
    found = judged(fitness, genomes, rows)
    assert_same(found, judged(fitness, genomes, [*rows[:48], *rows[48:][::-1]]))  # three steps of 16 rows
    assert found["weight"].tobytes() != judged(fitness, genomes, rows[::-1])["weight"].tobytes()
    assert_same(judged(replace(fitness, batch=10**6), genomes), judged(replace(fitness, batch=0), genomes))


def test_without_steps_nothing_is_learned(genomes):
    found = judged(replace(FITNESS, steps=0), genomes)
    assert found["weight"].tobytes() == genomes.weight.tobytes()
    assert found["bias"].tobytes() == genomes.bias.tobytes()


def test_outputs_that_overflow_are_as_bad_as_any(genomes):
    wild = genomes._replace(weight=np.full_like(genomes.weight, 3e38), bias=np.full_like(genomes.bias, 3e38))
    found = judged(replace(FITNESS, steps=0, alpha_nodes=0.0, alpha_edges=0.0), wild)
    assert np.isinf(found["loss"]).any()
    assert found["fitness"].min() == pytest.approx(1.0 - 100.0 / math.log(2))


def test_other_names_of_the_data_are_found(genomes):
    data = {f"my {name}": array for name, array in DATA.arrays.items()}
    keys = tuple(f"my {name}" for name in FITNESS.keys)
    assert_same(judged(replace(FITNESS, keys=keys), genomes, data=data), judged(FITNESS, genomes))


def test_it_travels_to_other_processes(genomes):
    there = pickle.loads(pickle.dumps(FITNESS))  # noqa: S301  # as it travels
    assert there == FITNESS
    assert_same(judged(there, genomes), judged(FITNESS, genomes))
