"""The compatibility distance and the partition into species are neat-python's."""

import neat
import numpy as np
import pytest

from ai.neat.distance import Coefficients, distances, speciate
from ai.neat.genomes import joined
from tests.ai.neat.evolution import VARIED, evolved, genome_of, population_of, same_bits, their_config, their_genomes

NO_NODES = [(0, 0.0, 1.0, "tanh"), (1, 0.0, 1.0, "tanh"), (2, 0.0, 1.0, "tanh")]


def their_distances(genomes, config) -> np.ndarray:
    theirs = their_genomes(genomes)
    return np.array([[one.distance(other, config.genome_config) for other in theirs] for one in theirs])


@pytest.mark.parametrize("is_feed_forward", [True, False], ids=["feed-forward", "recurrent"])
@pytest.mark.parametrize(("disjoint", "weight"), [(1.0, 0.5), (0.3, 2.0), (0.0, 1.0), (1.0, 0.0)])
def test_distances_are_those_of_neat_python(is_feed_forward, disjoint, weight):
    config = VARIED.model_copy(
        update={
            "feed_forward": is_feed_forward,
            "compatibility_disjoint_coefficient": disjoint,
            "compatibility_weight_coefficient": weight,
        }
    )
    genomes = evolved(config, 12).genomes
    ours = distances(genomes, genomes, Coefficients(disjoint, weight))
    theirs = their_distances(genomes, their_config(config))
    np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)
    assert len(np.unique(theirs)) > genomes.size  # they differ from each other
    assert (np.diag(ours) == 0.0).all()
    assert (ours == ours.T).all()


def test_genomes_without_connections_have_a_distance():
    config = VARIED.model_copy(update={"initial_connection": "unconnected"})
    genomes = population_of(config).genomes
    ours = distances(genomes, genomes, Coefficients(1.0, 0.5))
    np.testing.assert_allclose(ours, their_distances(genomes, their_config(config)), rtol=1e-12, atol=1e-12)


def test_a_distance_counted_by_hand():
    one = genome_of([*NO_NODES, (3, 0.5, 2.0, "relu")], [(-1, 0, 1.0, True), (-1, 3, 0.5, True), (3, 0, 1.0, False)])
    other = genome_of([*NO_NODES, (3, -0.5, 1.5, "abs")], [(-1, 0, 0.25, False), (3, 0, 1.0, False)])
    nodes = 0.5 * (1.0 + 0.5 + 1.0) / 4  # of node 3: bias, response, function; of four nodes
    connections = (0.5 * (0.75 + 1.0) + 1.0) / 3  # of -1 -> 0: weight, enabled; one disjoint; of three
    assert distances(one, other, Coefficients(1.0, 0.5))[0, 0] == pytest.approx(nodes + connections)


@pytest.mark.parametrize("threshold", [0.8, 1.5, 2.5])
def test_species_are_those_of_neat_python_generation_after_generation(threshold):
    config = VARIED.model_copy(update={"population": 40, "compatibility_threshold": threshold, "max_stagnation": 4})
    theirs = their_config(config)
    species_set = neat.DefaultSpeciesSet(theirs.species_set_config, neat.reporting.ReporterSet())
    population, luck = population_of(config), np.random.default_rng(3)
    counts = []
    for generation in range(14):
        members = {genome.key: genome for genome in their_genomes(population.genomes)}
        living = {each.key for each in population.species}
        species_set.species = {key: each for key, each in species_set.species.items() if key in living}
        species_set.speciate(theirs, members, generation)
        ours = dict(zip(population.genomes.keys.tolist(), population.species_of.tolist(), strict=True))
        assert ours == species_set.genome_to_species
        nearest = [each.representative.key for _, each in sorted(species_set.species.items())]
        assert population._representatives.keys.tolist() == nearest
        counts.append(len(population.species))
        population.reproduce(luck.random(40))
    assert max(counts) > 1
    assert min(counts) < 40


def test_a_species_that_nobody_is_left_for_ends():
    genomes = evolved(VARIED, 5).genomes
    few = genomes.take([0, 1])
    partition = speciate(few, genomes.take([5, 6, 7]), 1.0, Coefficients(1.0, 0.5))
    assert partition.representatives[2] == -1
    assert sorted(partition.species.tolist()) == [0, 1]


def test_nothing_is_changed_by_looking():
    genomes = evolved(VARIED, 5).genomes
    before = genomes.take(np.arange(genomes.size))
    speciate(genomes, genomes.take([1, 2]), 1.0, Coefficients(1.0, 0.5))
    distances(genomes, genomes, Coefficients(1.0, 0.5))
    assert same_bits(genomes, before)


def test_between_two_species_the_older_one_takes_a_genome():
    biases = (0.0, 2.0, 1.0, 1.0)
    genomes = joined([genome_of([(0, bias, 1.0, "tanh"), *NO_NODES[1:]], []) for bias in biases])
    genomes = genomes._replace(keys=np.arange(1, 5))
    gap = 0.5 / 3  # of a difference of 1 in one of three nodes
    partition = speciate(genomes, genomes.take([]), 1.5 * gap, Coefficients(1.0, 0.5))
    assert partition.species.tolist() == [0, 1, 0, 0]
    assert partition.representatives.tolist() == [0, 1]
    at_the_threshold = speciate(genomes, genomes.take([]), gap, Coefficients(1.0, 0.5))
    assert at_the_threshold.species.tolist() == [0, 1, 2, 2]
