"""A population keeps its size, its best and its species, and goes back to any state bit for bit."""

import json
from dataclasses import replace
from types import SimpleNamespace

import neat
import numpy as np
import pytest

from ai.errors import TrainingError
from ai.neat.config import EvolutionConfig
from ai.neat.distance import Coefficients, distances
from ai.neat.genomes import check_structure, from_arrays, to_arrays
from ai.neat.population import Population, exact_spawn
from ai.trainer import LearnerState
from tests.ai.neat.evolution import (
    INPUTS,
    OUTPUTS,
    VARIED,
    evolved,
    flat,
    genome_of,
    pairs_of,
    population_of,
    same_bits,
    their_config,
    their_genomes,
)

COEFFICIENTS = Coefficients(1.0, 0.5)


@pytest.fixture
def luck() -> np.random.Generator:
    return np.random.default_rng(8)


def varied(**values: object) -> EvolutionConfig:
    return EvolutionConfig.model_validate({**VARIED.model_dump(), **values})


@pytest.mark.parametrize("size", [2, 3, 17, 60])
@pytest.mark.parametrize("mode", ["fixed", "pid"])
@pytest.mark.parametrize("threshold", [0.1, 0.9, 30.0])
def test_every_generation_has_the_size_that_was_asked_for(size, mode, threshold, luck):
    config = varied(population=size, species_target_mode=mode, compatibility_threshold=threshold, max_stagnation=3)
    population = population_of(config)
    for generation in range(12):
        genomes = population.genomes
        assert population.generation == generation
        assert genomes.size == size
        assert (np.diff(genomes.keys) > 0).all()
        members = np.sort(np.concatenate([species.places for species in population.species]))
        assert members.tolist() == list(range(size))  # everybody is in one species
        for species in population.species:
            assert (population.species_of[species.places] == species.key).all()
        assert [species.key for species in population.species] == sorted({each.key for each in population.species})
        birth = population.reproduce(luck.random(size))
        assert birth.parents.shape == (size, 2)


@pytest.mark.parametrize("elitism", [0, 1, 3])
def test_the_best_of_each_species_live_on_unchanged(elitism, luck):
    config = varied(elitism=elitism, min_species_size=2, compatibility_threshold=2.0)
    population = evolved(config, 4)
    assert len(population.species) > 1
    before, fitness = population.genomes, luck.random(60)
    best = [
        before.keys[species.places[np.argsort(-fitness[species.places])[:elitism]]] for species in population.species
    ]
    birth = population.reproduce(fitness)
    elites = sorted(np.concatenate(best).tolist()) if elitism else []
    after = population.genomes
    assert [key for key in after.keys.tolist() if key in set(before.keys.tolist())] == elites
    kept, were = np.flatnonzero(np.isin(after.keys, elites)), np.flatnonzero(np.isin(before.keys, elites))
    assert same_bits(after.take(kept), before.take(were))
    assert (birth.parents[kept] == -1).all()


def test_of_equals_the_youngest_lives_on_and_parents_are_the_best_of_their_species():
    config = varied(population=40, compatibility_threshold=30.0, survival_threshold=0.1)
    population = population_of(config)
    keys, fitness = population.genomes.keys.copy(), np.zeros(40)
    fitness[[5, 30]] = 1.0
    fitness[[2, 11]] = 0.5
    birth = population.reproduce(fitness)
    assert population.genomes.keys[0] == keys[30]
    used = set(birth.parents[1:].ravel().tolist())
    assert used == set(keys[[5, 30, 2, 11]].tolist())
    worth = dict(zip(keys.tolist(), fitness.tolist(), strict=True))
    assert all(worth[fit] >= worth[other] for fit, other in birth.parents[1:].tolist())
    assert any(worth[fit] > worth[other] for fit, other in birth.parents[1:].tolist())


def test_species_have_as_many_children_as_in_neat_python(luck):
    config = varied(population=50, compatibility_threshold=2.0, elitism=1)
    population = evolved(config, 3)
    assert len(population.species) > 2
    fitness = luck.random(50) * 5.0
    sizes = [len(species.places) for species in population.species]
    means = np.array([fitness[species.places].mean() for species in population.species])
    adjusted = (means - fitness.min()) / max(1.0, fitness.max() - fitness.min())
    wanted = neat.DefaultReproduction.compute_spawn(adjusted.tolist(), sizes, 50, config.min_species_size)
    theirs = their_config(config)
    reporters = neat.reporting.ReporterSet()
    reproduction = neat.DefaultReproduction(
        theirs.reproduction_config, reporters, neat.DefaultStagnation(theirs.stagnation_config, reporters)
    )
    wanted = reproduction._adjust_spawn_exact(wanted, 50, config.min_species_size)
    owner = {int(key): species.key for species in population.species for key in population.genomes.keys[species.places]}
    keys = [species.key for species in population.species]
    birth = population.reproduce(fitness)
    children = [owner[int(fitter)] for fitter in birth.parents[:, 0] if fitter >= 0]
    assert [children.count(key) + config.elitism for key in keys] == wanted


@pytest.mark.parametrize(
    ("spawn", "count", "least", "expected"),
    [
        ([5, 5, 5], 15, 2, [5, 5, 5]),
        ([7, 3, 5], 17, 2, [7, 4, 6]),
        ([7, 3, 5], 19, 2, [8, 5, 6]),
        ([7, 3, 5], 12, 2, [6, 2, 4]),
        ([2, 9, 2, 2], 12, 2, [2, 6, 2, 2]),  # neat-python gives up here
    ],
)
def test_spawn_counts_add_up(spawn, count, least, expected):
    assert exact_spawn(spawn, count, least) == expected


def test_spawn_counts_are_those_of_neat_python_where_it_finds_any(luck):
    reproduction, found = neat.DefaultReproduction.__new__(neat.DefaultReproduction), 0
    for _ in range(500):
        least = int(luck.integers(1, 4))
        spawn = luck.integers(least, 12, int(luck.integers(1, 9))).tolist()
        count = int(luck.integers(least * len(spawn), 80))
        ours = exact_spawn(spawn, count, least)
        assert sum(ours) == count
        assert min(ours) >= least
        try:
            theirs = reproduction._adjust_spawn_exact(list(spawn), count, least)
        except RuntimeError:
            continue
        assert ours == theirs
        found += 1
    assert 250 < found < 500


def test_species_without_progress_end_but_the_best_are_kept():
    config = varied(population=50, compatibility_threshold=2.0, max_stagnation=4, species_elitism=1)
    population = evolved(config, 2)
    first = {species.key for species in population.species}
    assert len(first) > 2
    ends = []
    for _ in range(12):
        fitness = -np.abs(population.species_of - population.species[0].key).astype(
            float
        )  # the oldest is best; no progress
        population.reproduce(fitness)
        ends.append(first - {species.key for species in population.species})
    assert ends[1] == set()
    assert len(ends[-1]) == len(first) - 1
    assert min(first) not in ends[-1]


def test_progress_keeps_a_species_alive():
    config = varied(population=30, compatibility_threshold=30.0, max_stagnation=2, species_elitism=0)
    population = population_of(config)
    for step in range(9):
        population.reproduce(np.full(30, float(step)))
    assert [species.key for species in population.species] == [1]
    assert population.species[0].last_improved == 8


def test_a_population_that_has_died_out_begins_anew():
    config = varied(population=20, max_stagnation=2, species_elitism=0, reset_on_extinction=True)
    population = population_of(config)
    births = [population.reproduce(np.zeros(20)) for _ in range(5)]
    extinct = [birth.is_extinct for birth in births]
    assert extinct.index(True) > 0
    place = extinct.index(True)
    assert (births[place].parents == -1).all()
    assert population.genomes.size == 20
    again = population_of(config)
    seen = [set(again.genomes.keys.tolist())]
    for _ in range(place + 1):
        again.reproduce(np.zeros(20))
        seen.append(set(again.genomes.keys.tolist()))
    assert seen[-1].isdisjoint(seen[-2])  # nobody has lived on, and no key comes back
    assert again.genomes.hidden_counts(OUTPUTS).max() == 0
    assert min(species.key for species in again.species) > 1


def test_a_population_that_may_not_begin_anew_says_so():
    config = varied(population=20, max_stagnation=2, species_elitism=0, reset_on_extinction=False)
    population = population_of(config)
    for _ in range(2):
        population.reproduce(np.zeros(20))
    with pytest.raises(TrainingError, match=r"every species has died out in generation 3: .* max_stagnation"):
        population.reproduce(np.zeros(20))


def test_more_species_than_there_is_room_for_lose_the_worst():
    config = varied(population=20, compatibility_threshold=0.1, min_species_size=4)
    population = population_of(config)
    assert len(population.species) > 5
    fitness = np.arange(20.0)
    best = sorted(population.species, key=lambda species: -fitness[species.places].max())[:5]
    population.reproduce(fitness)
    assert {species.key for species in best} <= {species.key for species in population.species}
    assert population.genomes.size == 20


# Control of the number of species


def raised(mode: str) -> tuple[Population, int]:
    """Return a population after its threshold went up, and how many species it had before."""
    population = evolved(varied(compatibility_threshold=0.9, species_target_mode=mode), 6)
    before = len(population.species)
    population.threshold = 1.4
    population.reproduce(np.random.default_rng(8).random(60))
    return population, before


def test_under_control_species_nearer_than_the_threshold_join_the_older_one():
    population, before = raised("pid")
    assert len(population.species) < before
    fixed, _ = raised("fixed")
    assert len(population.species) < len(fixed.species)
    keys = [species.key for species in population.species]
    assert keys == sorted(keys)
    assert keys[0] == fixed.species[0].key


def test_species_are_joined_by_their_old_representatives():
    population = evolved(varied(compatibility_threshold=0.9, species_target_mode="pid"), 6)
    old, keys = population._representatives, [species.key for species in population.species]
    near = distances(old, old, COEFFICIENTS) < 1.2
    kept: list[int] = []
    for place in range(len(keys)):
        if not near[place, kept].any():
            kept.append(place)
    population.threshold = 1.2
    population.species, expected = list(population.species), [keys[place] for place in kept]
    left = population._merged(old, COEFFICIENTS)
    assert [species.key for species in population.species] == expected
    assert left.keys.tolist() == old.keys[kept].tolist()
    assert 1 < len(expected) < len(keys)


# State


def play_on(population: Population, generations: int) -> list[object]:
    luck = np.random.default_rng(5)
    seen = []
    for _ in range(generations):
        population.reproduce(luck.random(population.genomes.size))
        seen.append([(species.key, species.last_improved, species.places.tolist()) for species in population.species])
    state = population.state()
    return [seen, flat(dict(state.arrays)), json.loads(json.dumps(state.numbers))]


@pytest.mark.parametrize("mode", ["fixed", "pid"])
def test_a_state_restored_goes_on_bit_for_bit(mode):
    config = varied(compatibility_threshold=1.1, species_target_mode=mode, max_stagnation=5)
    population = evolved(config, 7)
    state = population.state()
    kept = json.loads(json.dumps(state.numbers))
    whole = play_on(population, 6)
    other = population_of(config, seed=99)
    other.restore(state.arrays, kept)
    assert play_on(other, 6) == whole


def test_a_state_is_not_changed_by_what_comes_after():
    population = evolved(VARIED, 3)
    state = population.state()
    before = flat(dict(state.arrays)), json.dumps(state.numbers)
    play_on(population, 2)
    assert (flat(dict(state.arrays)), json.dumps(state.numbers)) == before


def without(state: LearnerState, name: str) -> LearnerState:
    return LearnerState(
        {key: value for key, value in state.arrays.items() if key != name},
        {key: value for key, value in state.numbers.items() if key != name},
    )


NUMBERS = ("generation", "threshold", "next_key", "next_species", "next_node", "next_innovation", "rng")
ARRAYS = ("genomes/weight", "genomes/conn_row", "genomes/keys", "representatives/node", "species")


@pytest.mark.parametrize("name", [*NUMBERS, *ARRAYS])
def test_a_state_that_lacks_something_is_refused(name):
    population = evolved(VARIED, 2)
    state = without(population.state(), name)
    with pytest.raises(TrainingError, match="checkpoint"):
        population_of(VARIED).restore(state.arrays, state.numbers)


def changed_array(name, change):
    def damage(state: LearnerState) -> LearnerState:
        return replace(state, arrays={**state.arrays, name: change(state.arrays[name])})

    return damage


def changed_number(name, value):
    def damage(state: LearnerState) -> LearnerState:
        return replace(state, numbers={**state.numbers, name: value})

    return damage


@pytest.mark.parametrize(
    "damage",
    [
        changed_array("species", lambda array: array + 1000),
        changed_array("species", lambda array: array[:-1]),
        changed_array("genomes/weight", lambda array: array[:-1]),
        changed_array("genomes/weight", lambda array: array.astype(np.float64)),
        changed_array("genomes/function", lambda array: array + 100),
        changed_array("genomes/node_row", lambda array: array[::-1]),
        changed_array("genomes/node_row", lambda array: array + 1),
        changed_array("genomes/source", lambda array: array + 10_000),
        changed_array("genomes/target", lambda array: array - 1),
        changed_array("genomes/target", lambda array: array[::-1]),
        changed_array("genomes/node", lambda array: array[::-1]),
        changed_array("genomes/weight", lambda array: array * np.float32(np.nan)),
        changed_array("representatives/keys", lambda array: array[:-1]),
        changed_number("species", None),
        changed_number("species", [{"key": 1}]),
        changed_number("species", []),
        changed_number("generation", "two"),
        changed_number("threshold", None),
        changed_number("rng", {"bit_generator": "MT19937"}),
    ],
)
def test_a_state_that_is_damaged_is_refused(damage):
    state = damage(evolved(VARIED, 4).state())
    with pytest.raises(TrainingError, match="checkpoint"):
        population_of(VARIED).restore(state.arrays, state.numbers)


def test_a_state_of_another_size_is_refused():
    state = evolved(VARIED, 2).state()
    with pytest.raises(TrainingError, match="the checkpoint has 60 genomes: the configuration needs 61"):
        population_of(varied(population=61)).restore(state.arrays, state.numbers)


def test_packed_genomes_survive_a_checkpoint():
    genomes = evolved(VARIED, 4).genomes
    arrays = to_arrays(genomes, "x")
    assert same_bits(from_arrays(arrays, "x"), genomes)
    assert all(not np.shares_memory(array, getattr(genomes, name.split("/")[1])) for name, array in arrays.items())
    with pytest.raises(TrainingError, match="lacks 'y/keys'"):
        from_arrays(arrays, "y")


# A beginning from given genomes

SEED = genome_of(
    [(0, 0.0, 1.0, "identity"), (1, 0.0, 1.0, "identity"), (2, 0.0, 1.0, "identity"), (3, 0.1, 1.0, "tanh")],
    [(-1, 3, 0.5, True), (3, 0, 1.0, True), (-2, 1, 0.25, True)],
)


def test_a_population_begins_with_a_given_genome_and_its_children():
    population = population_of(varied(population=30, node_add_prob=0.5, conn_delete_prob=0.0, node_delete_prob=0.0))
    population.begin_with(SEED)
    genomes = population.genomes
    assert genomes.size == 30
    assert same_bits(genomes.take([0])._replace(keys=SEED.keys), SEED)
    assert (np.diff(genomes.keys) > 0).all()
    for place in range(30):
        assert set(pairs_of(genomes, place)) >= set(pairs_of(SEED, 0))
    new = genomes.node[genomes.node > 3]
    assert new.size > 0
    fresh = ~np.isin(genomes.innovation, SEED.innovation)
    assert genomes.innovation[fresh].min() > SEED.innovation.max()
    assert {species.key for species in population.species} != set()
    play_on(population, 3)


def test_genes_that_join_a_given_genome_are_new_ones():
    seed = SEED._replace(innovation=SEED.innovation + 1000)
    population = population_of(varied(population=30, node_add_prob=0.5))
    population.begin_with(seed)
    genomes = population.genomes
    check_structure(genomes, INPUTS, OUTPUTS)  # no node is there twice
    fresh = ~np.isin(genomes.innovation, seed.innovation)
    assert genomes.innovation[fresh].min() > seed.innovation.max()


def test_more_given_genomes_than_places_fill_the_population():
    seeds = evolved(varied(population=10), 3).genomes
    population = population_of(varied(population=4))
    population.begin_with(seeds)
    assert population.genomes.size == 4
    assert same_bits(
        population.genomes._replace(keys=seeds.keys[:4]), seeds.take([0, 1, 2, 3])._replace(keys=seeds.keys[:4])
    )
    assert len(their_genomes(population.genomes)) == 4
    assert INPUTS == 8


@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_a_share_of_the_children_has_two_parents(share, luck):
    population = population_of(varied(population=400, compatibility_threshold=30.0, crossover_prob=share))
    birth = population.reproduce(luck.random(400))
    has_two = birth.parents[1:, 0] != birth.parents[1:, 1]  # with 80 parents, 1 of 80 pairs is one twice
    assert has_two.mean() == pytest.approx(share * 79 / 80, abs=0.08)
    assert has_two.any() == (share > 0.0)


def parents_drawn(population, fitness):
    """Return the places of everybody who is drawn as a parent of one species in a hundred generations."""
    for species in population.species:
        species.fitnesses = fitness[species.places]
    drawn = [population._parents(population.species, fitness)[1] for _ in range(100)]
    return sorted(set(np.concatenate(drawn).ravel().tolist()))


@pytest.mark.parametrize(("share", "survivors"), [(0.5, 16), (0.2, 7), (0.01, 2)])
def test_the_best_share_of_a_species_has_children_but_at_least_two(share, survivors):
    population = population_of(varied(population=31, compatibility_threshold=1000.0, survival_threshold=share))
    assert len(population.species) == 1
    fitness = np.arange(31.0)
    assert parents_drawn(population, fitness) == list(range(31 - survivors, 31))  # ceil(share * 31), as in neat-python


@pytest.mark.parametrize(
    ("fitness", "expected"),
    [([0.5, 0.2, 0.3], [0.2, 0.0]), ([4.2, 0.2, 2.2], [0.75, 0.0])],
)
def test_mean_fitness_is_adjusted_by_the_range_of_all_but_at_least_1(fitness, expected):
    """As ``reproduce`` of neat-python 2.0.0: (mean - min) / max(1, max - min)."""
    living = [SimpleNamespace(places=np.array([0, 2])), SimpleNamespace(places=np.array([1]))]
    means = [(fitness[0] + fitness[2]) / 2.0, fitness[1]]
    assert Population._adjusted(means, np.array(fitness), living) == pytest.approx(expected)
