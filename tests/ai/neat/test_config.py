"""The configuration refuses what cannot be trained, with one sentence."""

from typing import get_args

import pytest

from ai.errors import TrainingError
from ai.neat import MAX_MATCHES, TRAINER, NeatConfig
from ai.neat.config import MAX_POPULATION, Function
from ai.neat.functions import ACTIVATIONS, FUNCTION_CODES, FUNCTIONS, SCALES


def test_the_functions_of_the_configuration_are_those_of_the_genomes():
    assert set(get_args(Function)) == set(FUNCTION_CODES)
    assert [FUNCTION_CODES[function.name] for function in FUNCTIONS] == list(range(len(FUNCTIONS)))
    assert SCALES.tolist() == pytest.approx([function.scale for function in FUNCTIONS])
    assert ACTIVATIONS.tolist() == [int(function.activation) for function in FUNCTIONS]


def test_codes_of_functions_stay_what_they_are():
    """They are in checkpoints."""
    assert list(FUNCTION_CODES)[:7] == ["tanh", "sigmoid", "relu", "identity", "clamped", "abs", "rational"]


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"population": 1}, "population is 1; it must be at least 2"),
        ({"population": 10**6}, f"population is 1000000; it must be at most {MAX_POPULATION}"),
        ({"weight_mutate_rate": 1.5}, "weight_mutate_rate is 1.5; it must be at most 1"),
        ({"conn_add_prob": -0.1}, "conn_add_prob is -0.1; it must be at least 0"),
        ({"generations": 0}, "generations is 0"),
        ({"opponents": ("tracker", "tracker")}, "each opponent can be there once"),
        ({"opponents": ()}, "opponents is .*; it must have at least 1"),
        ({"population": 10_000, "pairs": 1000}, f"a generation would have .* matches, at most {MAX_MATCHES:,} are allowed"),
        (
            {"mode": "self_play", "rivals": 100, "population": 5000, "pairs": 10},
            f"a generation would have .* matches, at most {MAX_MATCHES:,} are allowed",
        ),
        (dict.fromkeys(("points_weight", "hits_weight", "aim_weight"), 0.0), "the fitness has no term: give one of"),
        ({"weight_min_value": 2.0, "weight_max_value": 1.0}, "weight_min_value is 2.0; weight_max_value allows at most 1.0"),
        ({"species_target": 50.0}, "species_target is 50.0; species_target_min and species_target_max allow 4.0 to 20.0"),
        ({"species_target_min": 9.0, "species_target_max": 8.0}, "species_target_min is 9.0; species_target_max allows"),
        ({"compatibility_threshold": 60.0}, "compatibility_threshold is 60.0; threshold_min and threshold_max allow"),
        ({"elitism": 900}, "min_species_size is .* and elitism 900; a population of"),
        ({"activation_default": "clamped", "activation_options": ("tanh",)}, "activation_default is clamped; activation_options"),
        ({"activation_options": ("tanh", "softplus")}, "activation_options.1 is 'softplus'"),
        ({"mode": "arena"}, "mode is 'arena'"),
        ({"popsize": 3}, "popsize"),
        ({"weight_init_mean": float("nan")}, "weight_init_mean is nan"),
    ],
)  # fmt: skip
def test_impossible_configurations_are_refused(values, says):
    with pytest.raises(TrainingError, match=says) as caught:
        TRAINER.configure(values)
    assert "\n" not in str(caught.value)


def test_a_fixed_threshold_asks_for_no_target():
    config = TRAINER.configure(
        {"species_target_mode": "fixed", "compatibility_threshold": 60.0, "species_target": 50.0}
    )
    assert isinstance(config, NeatConfig)


def test_lists_may_come_as_one_text():
    config = TRAINER.configure({"opponents": "tracker, aimer", "activation_options": "tanh,relu"})
    assert isinstance(config, NeatConfig)
    assert config.opponents == ("tracker", "aimer")
    assert config.activation_options == ("tanh", "relu")
