"""What every trainer with NEAT genomes does around judging them: what it says, and what it hands to the species' control."""

import numpy as np
import pytest

from ai.neat.evolution import Evolution, quartile_range
from game.games.rally import GAME
from tests.ai.neat.evolution import SMALL, learner_of, steps_of

NAMES = (GAME.observations, GAME.actions)


def evolution_of(say, **values) -> Evolution:
    return Evolution(SMALL.model_copy(update=values), NAMES, np.random.default_rng(1), say)


def test_it_announces_only_what_is_yet_to_be_compiled():
    steps_of(learner_of(SMALL), 1)  # leaves the kernels compiled, as every run does
    lines: list[str] = []
    evolution_of(lines.append)
    assert lines == []


def test_the_range_of_the_quartiles():
    assert quartile_range(np.array([0.0, 1.0, 2.0, 3.0, 100.0])) == 2.0


def test_the_threshold_is_the_control_s_in_the_next_generation():
    evolution = evolution_of(print, species_target_mode="pid", species_target=8.0, compatibility_threshold=20.0)
    fitness = np.random.default_rng(2).random(SMALL.population)
    assert evolution.values(fitness, evolution.genomes.take([0]))["threshold"] == 20.0
    evolution.breed(fitness, None, 1.0)
    told = evolution.values(fitness, evolution.genomes.take([0]))["threshold"]
    assert told == evolution.population.threshold
    assert told < 20.0  # one species is too few


def test_it_tells_where_those_who_live_on_were_before():
    evolution = evolution_of(print, elitism=2)
    before = evolution.genomes
    places = evolution.breed(np.random.default_rng(3).random(before.size), None, 1.0)
    after = evolution.genomes
    stayed = np.flatnonzero(places >= 0)
    assert 0 < len(stayed) < after.size
    assert before.keys[places[stayed]].tolist() == after.keys[stayed].tolist()
    assert not np.isin(after.keys[places < 0], before.keys).any()


@pytest.mark.parametrize("mode", ["fixed", "pid"])
def test_only_a_control_has_a_target_to_show(mode):
    evolution = evolution_of(print, species_target_mode=mode, species_target=5.0)
    values = evolution.values(np.zeros(SMALL.population), evolution.genomes.take([0]))
    assert ("species_target" in values) == (mode != "fixed")
