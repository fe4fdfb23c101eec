"""The control of the number of species: it reaches and holds set-points on plants and populations, and moves them by progress."""

import json
import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from ai.errors import TrainingError
from ai.neat.config import EvolutionConfig
from ai.neat.functions import FUNCTIONS
from ai.neat.genomes import Genomes
from ai.neat.networks import express
from ai.neat.population import Population
from ai.neat.species_control import EXPECTED_PROGRESS, UPDATE_GENERATIONS, ControlSettings, SpeciesControl

SETTINGS = ControlSettings(
    mode="pid", target=10.0, target_min=10.0, target_max=10.0, kp=0.35, ki=0.02, kd=0.10,
    threshold=3.0, threshold_min=0.1, threshold_max=50.0, population=150,
)  # fmt: skip
FREE = replace(SETTINGS, target_min=2.0, target_max=25.0)


class Plant:
    """A population whose species come at once and go slowly; their number falls with the threshold."""

    def __init__(self, seed: int, drift: float = 1.0) -> None:
        self.rng = np.random.default_rng(seed)
        self.scale, self.drift = 60.0, drift
        self.species = 1.0

    def __call__(self, threshold: float) -> int:
        wanted = self.scale / threshold**1.3
        self.scale *= self.drift
        self.species += (wanted - self.species) * (1.0 if wanted > self.species else 0.3)
        return max(1, round(self.species + self.rng.normal(0.0, 0.5)))


def drive(control: SpeciesControl, plant: Plant, generations: int) -> list[int]:
    rng = np.random.default_rng(0)
    counts = []
    for _ in range(generations):
        counts.append(plant(control.threshold))
        control.update(counts[-1], None, 1.0, rng)
    return counts


def climb(control: SpeciesControl, progress: float, generations: int) -> list[float]:
    """Return the targets while the yardstick rises by ``progress`` of the spread a generation."""
    rng = np.random.default_rng(1)
    targets = []
    for generation in range(generations):
        control.update(round(control.target), generation * progress * 2.0, 2.0, rng)
        targets.append(control.target)
    return targets


@pytest.mark.parametrize("threshold", [0.2, 3.0, 40.0])
@pytest.mark.parametrize("target", [5.0, 10.0, 20.0])
@pytest.mark.parametrize("drift", [1.0, 1.01])  # genomes that keep moving apart need a threshold that keeps rising
def test_the_number_of_species_reaches_the_target_and_stays(threshold, target, drift):
    settings = replace(SETTINGS, threshold=threshold, target=target, target_min=target, target_max=target)
    control = SpeciesControl(settings)
    counts = drive(control, Plant(3, drift), 160)
    assert control.target == target
    assert abs(np.mean(counts[80:]) / target - 1.0) < 0.1
    assert np.mean(np.abs(np.array(counts[80:]) - target)) < 0.2 * target


def test_a_fixed_threshold_is_left_alone():
    control = SpeciesControl(replace(SETTINGS, mode="fixed", target=7.0))
    assert abs(np.mean(drive(control, Plant(3, 1.01), 100)[50:]) / 7.0 - 1.0) > 0.5
    assert (control.threshold, control.target, control.arm) == (3.0, 7.0, "fixed")


def test_a_new_set_point_is_followed():
    control = SpeciesControl(SETTINGS)
    plant = Plant(4)
    drive(control, plant, 60)
    state = json.loads(json.dumps(control.state()))
    for target in (20.0, 6.0):
        state["outer"]["target"] = target
        moved = SpeciesControl(replace(SETTINGS, target_min=target, target_max=target))
        moved.restore(state)
        assert abs(np.mean(drive(moved, plant, 80)[40:]) / target - 1.0) < 0.1


def test_no_step_is_greater_than_15_percent_and_the_threshold_keeps_its_range():
    control = SpeciesControl(replace(SETTINGS, threshold=0.5, threshold_max=2.0))
    rng = np.random.default_rng(0)
    thresholds = [control.threshold]
    for _ in range(40):
        control.update(150, None, 1.0, rng)
        thresholds.append(control.threshold)
    ratios = np.diff(np.log(thresholds))
    assert ratios.max() == pytest.approx(0.15)
    assert thresholds[-1] == 2.0


@pytest.mark.parametrize("limits", [{}, {"threshold_max": 4.0}])
def test_the_threshold_turns_round_at_once_after_a_long_saturation(limits):
    control = SpeciesControl(replace(SETTINGS, ki=0.2, **limits))
    rng = np.random.default_rng(0)
    for _ in range(300):
        control.update(150, None, 1.0, rng)
    before = control.threshold
    control.update(2, None, 1.0, rng)
    assert control.threshold < before


def test_stagnation_raises_the_target_and_progress_lowers_it():
    stagnant = climb(SpeciesControl(FREE), 0.0, 200)
    improving = climb(SpeciesControl(FREE), 2.0 * EXPECTED_PROGRESS, 200)
    assert np.all(np.diff(stagnant) >= 0)
    assert stagnant[-1] == 25.0
    assert improving[-1] == 2.0
    expected = climb(SpeciesControl(FREE), EXPECTED_PROGRESS, 200)
    assert 2.0 < expected[-1] < 25.0


def test_a_target_at_its_limit_comes_back_at_once_when_progress_does():
    control = SpeciesControl(FREE)
    climb(control, 0.0, 1000)
    assert control.target == 25.0
    assert climb(control, 3.0 * EXPECTED_PROGRESS, 8 * UPDATE_GENERATIONS)[-1] < 25.0


def test_the_target_moves_every_few_generations_and_only_on_a_measurement():
    control = SpeciesControl(FREE)
    rng = np.random.default_rng(0)
    moves = []
    for generation in range(1, 61):
        before = control.target
        control.update(10, 1.0 if generation % 8 == 0 else None, 1.0, rng)
        if control.target != before:
            moves.append(generation)
    assert moves == [16, 24, 32, 40, 48, 56]
    never = SpeciesControl(FREE)
    for _ in range(60):
        never.update(10, None, 1.0, rng)
    assert (never.target, never.arm) == (10.0, "fixed")


def test_after_a_jump_the_target_waits_for_the_inner_loop():
    control = SpeciesControl(replace(FREE, mode="hill", target=2.0, target_min=1.0))  # a step of 0.5 is a quarter of 2
    targets = climb(control, 0.0, 40)
    changes = [place for place in range(1, 40) if targets[place] != targets[place - 1]]
    assert changes[0] == 2 * UPDATE_GENERATIONS - 1
    assert changes[1] - changes[0] == 2 * UPDATE_GENERATIONS


def test_the_largest_target_leaves_six_genomes_to_a_species():
    assert climb(SpeciesControl(replace(FREE, population=60)), 0.0, 200)[-1] == 10.0
    assert SpeciesControl(replace(FREE, population=30)).target == 5.0
    assert SpeciesControl(replace(SETTINGS, population=30)).target == 10.0  # whoever asks for it gets it
    assert SpeciesControl(replace(FREE, population=2)).target == 2.0


def test_a_hill_climber_goes_on_while_it_helps_and_turns_round_when_it_does_not():
    control = SpeciesControl(replace(FREE, mode="hill"))
    rng = np.random.default_rng(0)
    best = 14.0  # species at which the yardstick rises most

    def run(generations: int) -> list[float]:
        targets, total = [], 0.0
        for _ in range(generations):
            total += max(0.0, 1.5 - 3.0 * abs(math.log(control.target / best))) * EXPECTED_PROGRESS
            control.update(round(control.target), total, 1.0, rng)
            targets.append(control.target)
        return targets

    assert abs(np.mean(run(400)[200:]) / best - 1.0) < 0.15


def test_a_hill_climber_does_not_stick_to_the_end_of_its_range():
    targets = climb(SpeciesControl(replace(FREE, mode="hill", target=24.0)), 0.0, 400)
    assert max(targets) == 25.0
    assert min(targets) < 10.0


def test_the_reward_goes_to_the_arm_that_has_moved_the_target_before():
    control = SpeciesControl(replace(FREE, mode="auto"))
    rng = np.random.default_rng(0)
    arms, worths, total = [], [], 0.0
    for _ in range(4):  # windows; the yardstick rises in the one that follows the move of "hill" alone
        total += 1.0 if control.arm == "hill" else 0.0
        for _ in range(UPDATE_GENERATIONS):
            control.update(10, total, 1.0, rng)
        arms.append(control.arm)
        worths.append(dict(control.state()["outer"]["worth"]))  # type: ignore[call-overload,arg-type,index]
    assert arms[:3] == ["fixed", "pid", "hill"]
    assert worths[2] == {"pid": 0.0, "hill": 0.0}
    assert worths[3] == {"pid": 0.0, "hill": 2.0}


@pytest.mark.parametrize("better", ["pid", "hill"])
def test_the_bandit_finds_the_better_arm(better):
    seeds, moves = 200, 40
    found = 0
    for seed in range(seeds):
        rng = np.random.default_rng([seed, 1])
        control = SpeciesControl(replace(FREE, mode="auto"))
        total, chosen = 0.0, []
        for _ in range(moves):
            reward = rng.normal(1.0 if control.arm == better else 0.3, 0.5)
            total += reward * EXPECTED_PROGRESS * UPDATE_GENERATIONS
            for _ in range(UPDATE_GENERATIONS):
                control.update(10, total, 1.0, rng)
            chosen.append(control.arm == better)
        found += sum(chosen[moves // 2 :]) > moves // 4
    assert found >= 0.8 * seeds


def test_one_great_leap_is_not_remembered_for_ever():
    control = SpeciesControl(FREE)
    rng = np.random.default_rng(0)
    for generation in range(200):
        control.update(10, 0.0 if generation < 20 else 1e9, 0.0, rng)
    assert control.target == 25.0


def test_values_that_are_no_numbers_count_as_not_measured():
    control = SpeciesControl(FREE)
    rng = np.random.default_rng(0)
    for generation in range(30):
        control.update(10, math.nan if generation % 2 else 1.0, math.inf if generation % 3 else 1.0, rng)
    assert math.isfinite(control.target)
    assert math.isfinite(control.threshold)


@pytest.mark.parametrize("mode", ["fixed", "pid", "hill", "auto"])
def test_a_restored_control_goes_on_as_if_never_stopped(mode):
    def run(control: SpeciesControl, rng: np.random.Generator, first: int, last: int) -> list[tuple[float, float, str]]:
        seen = []
        for generation in range(first, last):
            measured = math.sin(generation / 9.0) if generation % 3 == 0 else None
            control.update(3 + generation % 17, measured, 0.5 + 0.01 * (generation % 5), rng)
            seen.append((control.threshold, control.target, control.arm))
        return seen

    settings = replace(FREE, mode=mode)
    unbroken = run(SpeciesControl(settings), np.random.default_rng(5), 0, 200)
    rng = np.random.default_rng(5)
    control = SpeciesControl(settings)
    for first in range(0, 200, 7):
        assert run(control, rng, first, min(first + 7, 200)) == unbroken[first : first + 7]
        state = json.loads(json.dumps(control.state()))
        control = SpeciesControl(replace(settings, threshold=1.0))
        control.restore(state)
        assert control.state() == state


def test_a_state_is_a_copy():
    control = SpeciesControl(replace(FREE, mode="auto"))
    state = control.state()
    kept = json.dumps(state)
    other = SpeciesControl(replace(FREE, mode="auto"))
    other.restore(state)
    for each in (control, other):
        climb(each, 0.01, 50)
    assert json.dumps(state) == kept


@pytest.mark.parametrize("damage", ["inner", "outer"])
@pytest.mark.parametrize("with_", [None, 3, {}, {"threshold": "much"}])
def test_a_damaged_state_is_refused_and_changes_nothing(damage, with_):
    control = SpeciesControl(FREE)
    before = control.state()
    with pytest.raises(TrainingError, match="species control cannot be used: resume from another"):
        control.restore({**before, damage: with_})
    assert control.state() == before
    wrong = json.loads(json.dumps(before))
    wrong["outer"]["arm"] = "bandit"
    with pytest.raises(TrainingError):
        control.restore(wrong)


SQUARE = np.array([[0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]])
XOR = np.array([0.0, 1.0, 1.0, 0.0])
FUNCTION: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0.0),
    "abs": np.abs,
    "identity": lambda z: z,
}


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


@pytest.mark.parametrize("target", [6.0, 10.0, 20.0])
def test_the_number_of_species_of_a_real_run_reaches_and_holds_a_target_that_a_fixed_threshold_misses(target):
    for seed in (1, 2):
        held = species_of_a_run(target, is_controlled=True, seed=seed)[40:]
        assert abs(held.mean() / target - 1.0) < 0.15
        assert np.abs(held - target).mean() < 0.35 * target
        fixed = species_of_a_run(target, is_controlled=False, seed=seed)[40:]
        assert abs(fixed.mean() / target - 1.0) > 0.35
