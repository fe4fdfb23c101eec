"""What a mode is expected to do, and what a training takes of a machine."""

import pytest

from ai.dqn import TRAINER, DqnConfig
from ai.dqn.collectors.base import ProcessSettings
from ai.dqn.demand import (
    buffer_bytes,
    experience_bytes,
    groups_of,
    least_buffer,
    shared_bytes,
    step_bytes,
    update_bytes,
)
from ai.dqn.forecast import Rates, best_workers, forecast
from ai.dqn.making import network_of
from game.games.rally import GAME


def test_actors_learner_and_cores_each_can_be_the_limit():
    rates = Rates(actor=1e6, learner=2e6)
    assert forecast("single", 1, rates, 1, 4).steps_per_s == pytest.approx(2e6 / 3)
    one = forecast("parallel", 1, rates, 2, 4)
    assert (one.steps_per_s, one.limit) == (1e6, "the actors")
    two = forecast("parallel", 2, rates, 2, 4)
    assert (two.steps_per_s, two.limit) == (pytest.approx(4e6 / 3), "the cores")
    four = forecast("parallel", 4, rates, 8, 4)
    assert (four.steps_per_s, four.limit) == (2e6, "the learner")
    assert forecast("parallel", 3, rates, 8, 4).steps_per_s == 2e6
    assert forecast("parallel", 3, Rates(1e5, 1e9), 8, 4).steps_per_s == 2e5
    assert forecast("ultra", 3, Rates(1e5, 1e9), 8, 4).steps_per_s == pytest.approx(3e5)
    nine = forecast("ultra", 9, Rates(1e5, 1e9), 16, 4)
    assert (nine.steps_per_s, nine.workers) == (4e5, 4)
    assert best_workers("ultra", 8, Rates(1e6, 2e6), 8, 8).workers == 2
    assert best_workers("ultra", 0, rates, 2, 1).workers == 1


def test_demand_follows_the_configuration():
    config = TRAINER.configure({"courts": 1024, "buffer_size": 1_000_000, "rollout_steps": 16, "n_step": 3})
    assert isinstance(config, DqnConfig)
    assert (groups_of(config), step_bytes(GAME)) == (8, 4 * GAME.n_observations + 6)
    kept = (1_000_000 + 1024 * 16) * step_bytes(GAME)
    assert experience_bytes(config, GAME) == kept
    by_priority = config.model_copy(update={"replay": "prioritised"})
    assert experience_bytes(by_priority, GAME) == kept + 16 * 2**20
    assert shared_bytes(config, GAME, "single") == 0
    ring = ProcessSettings(workers=1).slots * 1024 * 17 * step_bytes(GAME)
    assert shared_bytes(config, GAME, "ultra") == ring + 8 * network_of(config, GAME).size
    assert shared_bytes(config, GAME, "parallel") > kept > shared_bytes(config, GAME, "ultra") > 0
    assert least_buffer(config) == 1024 * (2 * 16 + 3 + 2)
    assert update_bytes(config, GAME, 2000) > update_bytes(config, GAME, 1000) > 1000 * 4 * 6 * 128


def test_a_checkpoint_of_the_buffer_takes_two_copies_more():
    """What is kept is copied, and the file is made in memory; shared memory holds none of that."""
    config = TRAINER.configure({"courts": 1024, "buffer_size": 1_000_000, "rollout_steps": 16})
    assert isinstance(config, DqnConfig)
    kept = experience_bytes(config, GAME)
    assert buffer_bytes(config, GAME) == 3 * kept
    assert kept < shared_bytes(config, GAME, "parallel") < 2 * kept
    for change in ({"checkpoint_buffer": False}, {"algorithm": "pqn"}):
        other = config.model_copy(update=change)
        assert buffer_bytes(other, GAME) == experience_bytes(other, GAME)
