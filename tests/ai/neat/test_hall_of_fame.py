"""The hall of fame draws whom it should, keeps who is hard to beat, and survives a checkpoint."""

import numpy as np
import pytest

from ai.errors import TrainingError
from ai.neat.genomes import Genomes
from ai.neat.hall_of_fame import UNIFORM_SHARE, HallOfFame
from tests.ai.neat.evolution import VARIED, flat, population_of, same_bits

GENOMES = population_of(VARIED).genomes


def champion(place: int) -> Genomes:
    return GENOMES.take([place])


def hall_of(rates: list[float], weighting="hard", size=32) -> HallOfFame:
    """Return a hall whose members are beaten at about ``rates``."""
    hall = HallOfFame(size, weighting)
    for place in range(len(rates)):
        hall.add(champion(place), place)
    hall.record(np.arange(len(rates)), np.array(rates), 10**6)
    return hall


def mixed(weights: list[float]) -> list[float]:
    chances = np.array(weights) / sum(weights)
    return (UNIFORM_SHARE / len(weights) + (1.0 - UNIFORM_SHARE) * chances).tolist()


@pytest.mark.parametrize(
    ("weighting", "weights"),
    [
        ("hard", [1.0, 0.5625, 0.25, 0.0]),  # (1 - x)^2
        ("variance", [0.0, 0.1875, 0.25, 0.0]),  # x (1 - x)
        ("uniform", [1.0, 1.0, 1.0, 1.0]),
    ],
)
def test_the_chances_are_those_of_prioritised_fictitious_self_play(weighting, weights):
    chances = hall_of([0.0, 0.25, 0.5, 1.0], weighting).chances()
    assert chances == pytest.approx(mixed(weights), abs=1e-4)
    assert chances.sum() == pytest.approx(1.0)


@pytest.mark.parametrize("weighting", ["hard", "variance"])
def test_everybody_is_drawn_alike_while_every_weight_is_nothing(weighting, monkeypatch):
    hall = hall_of([1.0, 1.0, 1.0], weighting)
    monkeypatch.setattr(HallOfFame, "win_rates", np.ones(3))
    assert hall.chances().tolist() == [1 / 3] * 3
    assert hall.draw(3, np.random.default_rng(1)).tolist() == [0, 1, 2]


def test_who_is_always_beaten_is_not_forgotten():
    assert hall_of([1.0, 1.0, 1.0, 0.0]).chances()[:3].min() > 0.04


def test_draws_are_different_members_as_often_as_their_chances_say():
    hall, rng = hall_of([0.0, 0.5, 0.9]), np.random.default_rng(2)
    firsts = np.bincount([int(hall.draw(1, rng)[0]) for _ in range(4000)], minlength=3) / 4000
    assert firsts == pytest.approx(hall.chances(), abs=0.03)
    for count in (2, 3, 9):
        drawn = hall.draw(count, rng).tolist()
        assert len(drawn) == len(set(drawn)) == min(count, 3)


def test_a_win_rate_begins_at_a_half_and_old_matches_count_less():
    hall = HallOfFame(4, "hard")
    hall.add(champion(0), 0)
    assert hall.win_rates.tolist() == [0.5]
    hall.record(np.array([0]), np.array([1.0]), 9)
    assert hall.win_rates[0] == pytest.approx((9 + 0.5) / 10)
    hall.record(np.array([0]), np.array([0.0]), 9)
    assert hall.win_rates[0] == pytest.approx((8.1 + 0.5) / (8.1 + 9 + 1))  # old matches count 90 %
    for _ in range(60):
        hall.record(np.array([0]), np.array([0.0]), 9)
    assert hall.win_rates[0] < 0.02
    assert hall.win_rates[0] > 0.0


def test_a_full_hall_loses_whom_the_population_beats_most():
    hall = hall_of([0.2, 0.9, 0.6], size=3)
    hall.add(champion(7), 40)
    assert len(hall) == 3
    assert hall.born.tolist() == [0, 2, 40]
    assert hall.genomes is not None
    assert same_bits(hall.genomes, GENOMES.take([0, 2, 7]))
    assert hall.win_rates.tolist() == pytest.approx([0.2, 0.6, 0.5], abs=1e-3)


def test_it_survives_a_checkpoint():
    hall = hall_of([0.2, 0.9, 0.6])
    arrays = hall.to_arrays()
    again = HallOfFame(32, "hard")
    again.restore(arrays)
    assert flat(again.to_arrays()) == flat(arrays)
    assert again.chances().tolist() == hall.chances().tolist()
    empty = HallOfFame(32, "hard")
    again.restore(empty.to_arrays())
    assert len(again) == 0
    assert again.genomes is None


@pytest.mark.parametrize("name", ["hall/games", "hall/born", "hall/weight"])
def test_a_damaged_checkpoint_is_refused(name):
    arrays = hall_of([0.2, 0.9]).to_arrays()
    for broken in ({**arrays, name: arrays[name][:-1]}, {key: each for key, each in arrays.items() if key != name}):
        with pytest.raises(TrainingError, match="checkpoint"):
            HallOfFame(32, "hard").restore(broken)
