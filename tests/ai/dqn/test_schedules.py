"""What changes over a training goes from its first value to its last, and stays there."""

import numpy as np
import pytest

from ai.dqn import schedules
from ai.dqn.columns import group_sizes
from tests.ai.dqn.learners import config_of

LADDER = [1, 2, 3, 60, 61, 67, 122, 127, 128, 256, 1024, 7808, 8576, 65_536]
LARGE = {"buffer_size": 50_000_000}


def test_epsilon_falls_in_its_share_of_the_training_and_stays():
    config = config_of(epsilon_start=0.9, epsilon_end=0.1, epsilon_share=0.5)
    means = [schedules.epsilons(config, (2, 5), done) for done in (0.0, 0.25, 0.5, 0.75, 1.0)]
    assert [each.shape for each in means] == [(2, 5)] * 5
    assert [each.dtype for each in means] == [np.float32] * 5
    for each, expected in zip(means, (0.9, 0.5, 0.1, 0.1, 0.1), strict=True):
        assert each == pytest.approx(np.full((2, 5), expected))


@pytest.mark.parametrize("courts", LADDER)
def test_the_ladder_of_epsilons_is_that_of_ape_x_a_rung_a_court(courts):
    """Horgan et al. 2018, section 4.1: 0.4 ** (1 + 7 i / (N - 1)), dealt out in some order, the same all the time."""
    config = config_of(exploration="ladder", courts=courts, **LARGE)
    shape = group_sizes(courts)
    ladder = schedules.epsilons(config, shape, 0.0)
    expected = 0.4 ** (1 + 7 * np.arange(courts) / max(1, courts - 1))
    assert ladder.shape == shape
    assert np.allclose(np.sort(ladder.ravel())[::-1], expected, rtol=1e-5)
    assert schedules.epsilons(config, shape, 0.9).tobytes() == ladder.tobytes()


@pytest.mark.parametrize("courts", [128, 256, 512, 1024])
@pytest.mark.parametrize("players", [2, 4])
def test_every_opponent_meets_the_whole_ladder(courts, players):
    """Neighbours play the same opponent: each run of courts has bold and careful agents alike."""
    ladder = schedules.epsilons(config_of(exploration="ladder", courts=courts, **LARGE), group_sizes(courts), 0.0)
    for run in np.split(np.log(ladder), players, axis=1):
        assert run.mean() == pytest.approx(np.log(ladder).mean(), abs=0.4)
        assert run.max() > -1.5
        assert run.min() < -6.5


def test_the_step_size_falls_linearly():
    config = config_of(learning_rate=0.01, learning_rate_end=0.002)
    assert [schedules.learning_rate(config, done) for done in (0, 0.5, 1)] == pytest.approx([0.01, 0.006, 0.002])


def test_shaping_goes_linearly_to_its_end():
    config = config_of(hit_reward=0.2, miss_penalty=0.4, shaping_end=0.5)
    found = [schedules.shaping(config, done) for done in (0.0, 0.5, 1.0)]
    assert found == [pytest.approx((0.2, 0.4)), pytest.approx((0.15, 0.3)), pytest.approx((0.1, 0.2))]
    assert schedules.shaping(config_of(shaping_end=0.0), 1.0) == (0.0, 0.0)


def test_the_correction_of_priorities_grows_to_one():
    config = config_of(priority_correction=0.4)
    assert [schedules.correction(config, done) for done in (0, 0.5, 1)] == pytest.approx([0.4, 0.7, 1.0])
