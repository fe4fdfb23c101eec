"""The real measurement, small: that it measures what it says."""

import pytest

from ai.dqn import TRAINER, DqnConfig, probe
from ai.dqn.probe import Candidate, Measurement, Refusal
from ai.errors import RunFailedError, TrainingError
from game.games.rally import GAME

COMPILED = Candidate("compiled", "cpu")


@pytest.mark.parametrize("values", [{}, {"replay": "prioritised", "gradient_accumulation": 2}, {"algorithm": "pqn"}])
def test_the_real_measurement_measures(values):
    small = {"courts": 16, "buffer_size": 4096, "learning_starts": 0, "batch_size": 32, "hidden": (8,), **values}
    config = TRAINER.configure(small)
    assert isinstance(config, DqnConfig)
    found = Measurement(seconds=0.02)(config, GAME, [(COMPILED, [32, 64])])
    assert found.actor_steps_per_s > 0
    assert [(each.candidate, each.samples) for each in found.updates] == [(COMPILED, 32), (COMPILED, 64)]
    assert all(each.seconds > 0 for each in found.updates)
    assert all((each.values_s > 0) == (config.algorithm == "pqn") for each in found.updates)


@pytest.mark.parametrize(
    "error", [TrainingError("cannot hold the network"), RunFailedError("no memory for one sample")]
)
def test_an_engine_that_refuses_is_told_and_the_others_are_measured(monkeypatch, error):
    cuda, make = Candidate("torch", "cuda"), probe.make_engine

    def refusing(config, *others):
        if config.device == "cuda":
            raise error
        return make(config, *others)

    monkeypatch.setattr(probe, "make_engine", refusing)
    config = TRAINER.configure(
        {"courts": 16, "buffer_size": 4096, "learning_starts": 0, "batch_size": 32, "hidden": (8,)}
    )
    assert isinstance(config, DqnConfig)
    found = Measurement(seconds=0.02)(config, GAME, [(cuda, [32]), (COMPILED, [32])])
    assert [each.candidate for each in found.updates] == [COMPILED]
    assert found.refusals == (Refusal(cuda, str(error)),)
