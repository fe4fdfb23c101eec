"""What cannot be trained is refused before anything is played, with one sentence that says what is allowed."""

import pytest

from ai.dqn import TRAINER, DqnConfig
from ai.errors import TrainingError


@pytest.mark.parametrize("preset", [None, *TRAINER.presets])
@pytest.mark.parametrize("algorithm", ["dqn", "pqn"])
def test_the_defaults_go_together(preset, algorithm):
    config = TRAINER.configure({"algorithm": algorithm}, preset)
    assert isinstance(config, DqnConfig)


@pytest.mark.parametrize(
    ("values", "parts"),
    [
        ({"batch_size": 4096, "buffer_size": 2000, "courts": 1, "learning_starts": 0}, ["4,096", "at most 2,000"]),
        (
            {"batch_size": 4096, "gradient_accumulation": 100},
            ["batch_size is 4,096", "100 parts", "409,600", "262,144"],
        ),
        ({"courts": 130}, ["courts is 130", "up to 128 or a multiple of 128"]),
        ({"courts": 0}, ["courts", "0", "1"]),
        ({"courts": 65_664}, ["courts", "65664", "65536"]),
        ({"learning_rate": -1}, ["learning_rate", "-1", "0"]),
        ({"learning_rate": 0}, ["learning_rate", "0"]),
        ({"learning_rate": float("nan")}, ["learning_rate"]),
        (
            {"learning_rate": 1e-3, "learning_rate_end": 1e-2},
            ["learning_rate_end is 0.01", "at most learning_rate, 0.001"],
        ),
        ({"epsilon_start": 0.1, "epsilon_end": 0.2}, ["epsilon_end is 0.2", "at most epsilon_start, 0.1"]),
        ({"epsilon_start": 1.5}, ["epsilon_start", "1.5", "1"]),
        ({"algorithm": "pqn", "courts": 4, "rollout_steps": 2, "minibatches": 9}, ["minibatches is 9", "8 steps"]),
        ({"algorithm": "sarsa"}, ["algorithm", "sarsa", "dqn", "pqn"]),
        ({"mode": "turbo"}, ["mode", "turbo", "single", "parallel", "ultra"]),
        ({"engine": "jax"}, ["engine", "jax", "compiled", "torch"]),
        ({"device": "tpu"}, ["device", "tpu", "cpu", "cuda"]),
        ({"courts": 1024, "rollout_steps": 256, "buffer_size": 20_000}, ["buffer_size is 20,000", "at least 532,480"]),
        ({"learning_starts": 300_000}, ["learning_starts is 300,000", "at most buffer_size, 262,144"]),
        ({"opponents": "tracker,tracker"}, ["opponents is tracker, tracker", "once"]),
        ({"opponents": ""}, ["opponents"]),
        ({"ladder": ("aimer", "aimer")}, ["ladder is aimer, aimer", "once"]),
        ({"hidden": ""}, ["hidden"]),
        ({"hidden": "64,1"}, ["hidden", "1", "2"]),
        ({"hidden": "8,8,8,8,8"}, ["hidden", "4"]),
        ({"frame_skip": 17}, ["frame_skip", "17", "16"]),
        ({"gamma": 1.01}, ["gamma", "1.01", "1"]),
        ({"n_step": 0}, ["n_step", "0", "1"]),
        ({"steps": 0}, ["steps", "0", "1"]),
        ({"episodes": -1}, ["episodes", "-1", "0"]),
        ({"evaluation_pairs": 0}, ["evaluation_pairs", "0", "1"]),
        ({"batchsize": 5}, ["batchsize", "batch_size"]),
    ],
)
def test_what_is_not_allowed_is_said_in_one_sentence(values, parts):
    with pytest.raises(TrainingError) as caught:
        TRAINER.configure(values)
    message = str(caught.value)
    assert "\n" not in message
    for part in parts:
        assert part in message, message
    assert len(message) < 300


@pytest.mark.parametrize(
    ("values", "algorithm"),
    [
        ({"batch_size": 1_000_000, "buffer_size": 500_000}, "pqn"),
        ({"learning_starts": 1_000_000}, "pqn"),
        ({"courts": 1, "rollout_steps": 1, "minibatches": 1000}, "dqn"),
        ({"courts": 61}, "dqn"),
        ({"courts": 128}, "dqn"),
        ({"courts": 384}, "pqn"),
    ],
)
def test_numbers_of_the_other_algorithm_are_not_looked_at(values, algorithm):
    config = TRAINER.configure({**values, "algorithm": algorithm})
    for name, value in values.items():
        assert getattr(config, name) == value


def test_lists_may_be_given_as_one_text():
    config = TRAINER.configure({"hidden": "32, 16", "opponents": "tracker,aimer"})
    assert isinstance(config, DqnConfig)
    assert (config.hidden, config.opponents) == ((32, 16), ("tracker", "aimer"))
