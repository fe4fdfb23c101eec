"""Species that are near each other become one, and with that a control of their number works on real populations."""

from collections.abc import Callable

import numpy as np
import pytest

from ai.neat import population as population_module
from ai.neat.config import EvolutionConfig
from ai.neat.distance import Coefficients, distances, speciate
from ai.neat.functions import FUNCTIONS
from ai.neat.genomes import Genomes
from ai.neat.networks import express
from ai.neat.population import Population
from ai.neat.species_control import ControlSettings, SpeciesControl
from ai.neat.species_merging import merged

COEFFICIENTS = Coefficients(1.0, 0.5)
SQUARE = np.array([[0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]])
XOR = np.array([0.0, 1.0, 1.0, 0.0])
FUNCTION: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0.0),
    "abs": np.abs,
    "identity": lambda z: z,
}


def evolved(generations: int, seed: int = 2) -> Population:
    """A population that has drifted apart, without any selection."""
    config = EvolutionConfig(population=60, compatibility_threshold=0.5, species_target_mode="fixed")
    rng = np.random.default_rng(seed)
    population = Population(config, 2, 1, rng)
    for _ in range(generations):
        population.reproduce(rng.random(60))
    return population


def test_what_is_near_is_merged_and_nothing_else():
    genomes = evolved(6).genomes
    partition = speciate(genomes, genomes.take([]), 0.5, COEFFICIENTS)
    assert merged(genomes, partition, 0.5, COEFFICIENTS).species.tolist() == partition.species.tolist()
    counts = []
    for threshold in (0.6, 1.0, 2.0, 100.0):
        found = merged(genomes, partition, threshold, COEFFICIENTS)
        living = np.flatnonzero(found.representatives >= 0)
        counts.append(len(living))
        assert set(found.species.tolist()) == set(living.tolist())
        those = genomes.take(found.representatives[living])
        between = distances(those, those, COEFFICIENTS) + 1e9 * np.eye(len(living))
        assert between.min() >= threshold or len(living) == 1
        for before, after in zip(partition.species.tolist(), found.species.tolist(), strict=True):
            assert after <= before
        same = partition.species[:, None] == partition.species[None]
        assert np.all((found.species[:, None] == found.species[None])[same])
    assert len(partition.representatives) > counts[0] >= counts[1] >= counts[2] > counts[3] == 1


def test_species_without_genomes_stay_so():
    genomes = evolved(3).genomes
    few = genomes.take([0, 1])
    partition = speciate(few, genomes.take(range(5)), 0.1, COEFFICIENTS)
    assert (partition.representatives < 0).sum() == 3
    found = merged(few, partition, 1e9, COEFFICIENTS)
    assert found.representatives.tolist() == [partition.representatives[0], -1, -1, -1, -1]
    assert found.species.tolist() == [0, 0]
    nobody = genomes.take([])
    empty = merged(nobody, speciate(nobody, nobody, 1.0, COEFFICIENTS), 1.0, COEFFICIENTS)
    assert len(empty.species) == len(empty.representatives) == 0


def xor_fitness(genomes: Genomes) -> np.ndarray:
    """Return 4 minus the squared errors on XOR, for each genome."""
    networks = express(genomes, 2, 1)
    found = np.zeros(len(genomes.keys))
    for genome in range(len(genomes.keys)):
        values = [*SQUARE]
        for node in range(networks.node_row[genome], networks.node_row[genome + 1]):
            gene, total = networks.gene[node], np.zeros(4)
            for edge in range(networks.edge_row[node], networks.edge_row[node + 1]):
                total += genomes.weight[networks.edge_gene[edge]] * values[networks.source[edge]]
            function = FUNCTIONS[genomes.function[gene]]
            argument = genomes.bias[gene] + genomes.response[gene] * total
            values.append(FUNCTION[function.name](function.scale * argument))
        answers = np.clip(values[networks.output[genome, 0]], -3.0, 3.0)
        found[genome] = 4.0 - np.sum((answers - XOR) ** 2)
    return found


def species_of_a_run(target: float, *, is_controlled: bool, seed: int) -> np.ndarray:
    """Evolve on XOR; return the number of species of each generation."""
    mode = "pid" if is_controlled else "fixed"
    config = EvolutionConfig(
        population=150,
        species_target_mode=mode,
        species_target=target,
        species_target_min=target,
        species_target_max=target,
    )
    rng = np.random.default_rng(seed)
    population = Population(config, 2, 1, rng)
    settings = ControlSettings(
        mode, target, target, target, config.pid_kp, config.pid_ki, config.pid_kd,
        config.compatibility_threshold, config.threshold_min, config.threshold_max, config.population,
    )  # fmt: skip
    control = SpeciesControl(settings)
    counts = []
    for _ in range(90):
        control.update(len(population.species), None, 1.0, rng)
        population.threshold = control.threshold
        population.reproduce(xor_fitness(population.genomes))
        counts.append(len(population.species))
    return np.array(counts)


@pytest.fixture
def merging(monkeypatch):
    """Let populations merge their species."""
    monkeypatch.setattr(
        population_module, "speciate", lambda genomes, old, threshold, coefficients: merged(
            genomes, speciate(genomes, old, threshold, coefficients), threshold, coefficients
        )
    )  # fmt: skip


@pytest.mark.parametrize("target", [6.0, 10.0, 20.0])
def test_the_number_of_species_of_a_real_run_reaches_and_holds_a_target(merging, target):
    for seed in (1, 2):
        held = species_of_a_run(target, is_controlled=True, seed=seed)[40:]
        assert abs(held.mean() / target - 1.0) < 0.15
        assert np.abs(held - target).mean() < 0.35 * target
        fixed = species_of_a_run(target, is_controlled=False, seed=seed)[40:]
        assert abs(fixed.mean() / target - 1.0) > 0.35
