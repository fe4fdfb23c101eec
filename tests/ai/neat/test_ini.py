"""Configuration files of neat-python: what we read is what it reads, what we write it reads, and bad files say what is wrong."""

import io
from contextlib import redirect_stderr

import neat
import pytest

from ai.errors import TrainingError
from ai.neat.config import EvolutionConfig
from ai.neat.ini import read_ini, read_shape, write_ini
from game.games.rally import GAME
from tests.ai.neat.neat_files import COMPLETE, changed, neat_config, random_genomes

OTHER_PLACES = {"population": ("", "pop_size"), "reset_on_extinction": ("", "reset_on_extinction")}
OF_SPECIES = {"compatibility_threshold"}
OF_STAGNATION = {"species_fitness_func", "max_stagnation", "species_elitism"}
OF_REPRODUCTION = {"elitism", "survival_threshold", "min_species_size"}

XOR_0_92 = """\
# examples/xor/config-feedforward of neat-python 0.92
[NEAT]
fitness_criterion     = max
fitness_threshold     = 3.9
pop_size              = 150
reset_on_extinction   = False

[DefaultGenome]
activation_default      = sigmoid
activation_mutate_rate  = 0.0
activation_options      = sigmoid
aggregation_default     = sum
aggregation_mutate_rate = 0.0
aggregation_options     = sum
bias_init_mean          = 0.0
bias_init_stdev         = 1.0
bias_max_value          = 30.0
bias_min_value          = -30.0
bias_mutate_power       = 0.5
bias_mutate_rate        = 0.7
bias_replace_rate       = 0.1
compatibility_disjoint_coefficient = 1.0
compatibility_weight_coefficient   = 0.5
conn_add_prob           = 0.5
conn_delete_prob        = 0.5
enabled_default         = True
enabled_mutate_rate     = 0.01
feed_forward            = True
initial_connection      = full
node_add_prob           = 0.2
node_delete_prob        = 0.2
num_hidden              = 0
num_inputs              = 2
num_outputs             = 1
response_init_mean      = 1.0
response_init_stdev     = 0.0
response_max_value      = 30.0
response_min_value      = -30.0
response_mutate_power   = 0.0
response_mutate_rate    = 0.0
response_replace_rate   = 0.0
weight_init_mean        = 0.0
weight_init_stdev       = 1.0
weight_max_value        = 30
weight_min_value        = -30
weight_mutate_power     = 0.5
weight_mutate_rate      = 0.8
weight_replace_rate     = 0.1

[DefaultSpeciesSet]
compatibility_threshold = 3.0

[DefaultStagnation]
species_fitness_func = max
max_stagnation       = 20
species_elitism      = 2

[DefaultReproduction]
elitism            = 2
survival_threshold = 0.2
"""


@pytest.fixture
def ini(tmp_path):
    """A function that writes a configuration and returns its path."""

    def write(text: str = COMPLETE, **values: str | None):
        path = tmp_path / "neat.ini"
        path.write_text(changed(text, **values))
        return path

    return write


def read_by_neat(config: neat.Config, field: str) -> object:
    """Return the value of our ``field`` in what neat-python has read, in our words."""
    if field in OTHER_PLACES:
        return getattr(config, OTHER_PLACES[field][1])
    parts = {
        **dict.fromkeys(OF_SPECIES, config.species_set_config),
        **dict.fromkeys(OF_STAGNATION, config.stagnation_config),
        **dict.fromkeys(OF_REPRODUCTION, config.reproduction_config),
    }
    value = getattr(parts.get(field, config.genome_config), field)
    if field.endswith("_init_type"):
        return "uniform" if value == "uniform" else "gaussian"
    if field == "enabled_default":
        return value.lower() == "true"
    return tuple(value) if isinstance(value, list) else value


def test_every_value_is_what_neat_python_reads_in_the_same_file(ini):
    path = ini()
    config, fields = neat_config(path), read_ini(path, GAME)
    ours = {"species_target_mode": "fixed", "linear_outputs": False, "crossover_prob": 1.0}
    assert {name: fields.pop(name) for name in ours} == ours
    for field, value in fields.items():
        theirs = read_by_neat(config, field)
        assert value == theirs, field
        assert type(value) is type(theirs), field
    known_to_neat = {
        name for name in EvolutionConfig.model_fields
        if name in OTHER_PLACES or name in OF_SPECIES | OF_STAGNATION | OF_REPRODUCTION or hasattr(config.genome_config, name)
    }  # fmt: skip
    assert set(fields) == known_to_neat
    EvolutionConfig.model_validate(fields)


def test_no_two_values_of_that_file_are_the_same_by_accident(ini):
    fields = read_ini(ini())
    numbers = [value for value in fields.values() if isinstance(value, float) and not isinstance(value, bool)]
    assert len(set(numbers)) == len(numbers)
    defaults = {name: info.default for name, info in EvolutionConfig.model_fields.items()}
    ours = {"crossover_prob"}  # not in the file: as neat-python behaves
    same = {name for name, value in fields.items() if isinstance(value, float) and value == defaults[name]}
    assert same == ours


OPTIONAL = [
    "single_structural_mutation", "structural_mutation_surer", "initial_connection", "bias_init_type", "response_init_type",
    "weight_init_type", "activation_default", "aggregation_default", "enabled_rate_to_true_add", "enabled_rate_to_false_add",
    "species_fitness_func", "max_stagnation", "species_elitism", "elitism", "survival_threshold", "min_species_size",
]  # fmt: skip


def test_what_neat_python_lets_out_is_worth_the_same_here(ini):
    path = ini(**dict.fromkeys(OPTIONAL))
    config, fields = neat_config(path), read_ini(path)
    for field in OPTIONAL:
        if field not in {"aggregation_default", "initial_connection"}:
            theirs = read_by_neat(config, field)
            assert fields[field] == (
                {"true": True, "false": False}.get(theirs, theirs) if field.startswith("single") else theirs
            )
    assert fields["initial_connection"] == config.genome_config.initial_connection == "unconnected"


@pytest.mark.parametrize("key", [line.split()[0] for line in COMPLETE.splitlines() if "=" in line])
def test_what_neat_python_needs_is_needed_here_and_named(ini, key):
    path = ini(**{key: None})
    try:
        random_genomes(neat_config(path), count=1, mutations=0, seed=1)
    except Exception:  # noqa: BLE001  # neat-python raises what it likes
        with pytest.raises(TrainingError, match=rf"neat.ini cannot be used: \[\w+\] has no {key}, .*add "):
            read_ini(path)
    else:
        read_ini(path)


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("full", "full_nodirect"), ("fs_neat", "fs_neat_nohidden"), ("full_direct", "full_direct"),
        ("unconnected", "unconnected"), ("fs_neat_hidden", "fs_neat_hidden"), ("partial 0.25", "partial_nodirect"),
    ],
)  # fmt: skip
def test_short_names_of_the_first_connections_mean_what_neat_python_does(ini, given, meant):
    path = ini(initial_connection=given)
    fields = read_ini(path)
    assert fields["initial_connection"] == meant
    assert fields.get("connection_fraction") == (0.25 if "partial" in given else None)
    genomes = []
    for name in (given, meant + given.removeprefix("partial") if "partial" in given else meant):
        config = neat_config(ini(initial_connection=name))
        config.genome_config.innovation_tracker = neat.InnovationTracker()
        genome = neat.DefaultGenome(1)
        with redirect_stderr(io.StringIO()):  # where it warns that the short name is ambiguous
            genome.configure_new(config.genome_config)
        genomes.append(set(genome.connections) if "full" in given else len(genome.connections))
    assert genomes[0] == genomes[1]


VARIANTS = [
    {}, {"feed_forward": False, "initial_connection": "partial_direct", "connection_fraction": 0.3},
    {"activation_default": "random", "activation_options": ("abs", "clamped"), "bias_init_type": "uniform"},
    {"single_structural_mutation": True, "structural_mutation_surer": "true", "enabled_default": False, "num_hidden": 3},
]  # fmt: skip


@pytest.mark.parametrize("values", VARIANTS)
def test_what_we_write_neat_python_and_we_read(tmp_path, values):
    config = EvolutionConfig.model_validate({"weight_init_mean": 0.1 + 0.2, "species_target_mode": "fixed", **values})
    path = tmp_path / "out.ini"
    write_ini(config, path, 8, 3)
    theirs = neat_config(path)
    assert (theirs.genome_config.num_inputs, theirs.genome_config.num_outputs, theirs.no_fitness_termination) == (
        8,
        3,
        True,
    )
    fields = read_ini(path, GAME)
    for name, value in fields.items():
        if name != "linear_outputs":
            assert value == getattr(config, name), name
    neat.Population(theirs)


def test_the_shape_of_networks_is_read_whatever_else_is_there(ini):
    path = ini(feed_forward="False", activation_options="sin gauss", activation_default="sin", num_inputs="2")
    assert read_shape(path) == (2, 3, False)
    with pytest.raises(
        TrainingError, match=r"neat.ini cannot be used: \[DefaultGenome\] num_inputs is 'two', and a whole"
    ):
        read_shape(ini(num_inputs="two"))


def refusal(path) -> str:
    with pytest.raises(TrainingError) as caught:
        read_ini(path, GAME)
    message = str(caught.value)
    assert message.startswith(f"{path} cannot be used: ")
    assert message.isprintable()
    return message.removeprefix(f"{path} cannot be used: ")


def test_a_configuration_of_0_92_says_what_is_missing_and_how_to_complete_it(ini):
    path = ini(XOR_0_92)
    assert refusal(path) == (
        "[NEAT] has no no_fitness_termination, as in files of neat-python 0.92; to complete it for 2.0, add "
        "'no_fitness_termination = False' to [NEAT] and 'min_species_size = 2' to [DefaultReproduction]"
    )
    completed = path.read_text().replace("[DefaultGenome]", "no_fitness_termination = False\n[DefaultGenome]")
    completed += "min_species_size = 2\n"
    path.write_text(completed)
    neat_config(path)
    assert read_ini(path)["min_species_size"] == 2
    assert refusal(path) == "[DefaultGenome] num_inputs is 2, and rally has 8 observations: 8 is needed"


BAD_VALUES = [
    ("pop_size", "many", "[NEAT] pop_size is 'many', and a whole number is needed"),
    ("pop_size", "1", "[NEAT] pop_size is 1; it must be at least 2"),
    ("pop_size", "1000000", "[NEAT] pop_size is 1000000; it must be at most 10000"),
    ("fitness_criterion", "mean", "[NEAT] fitness_criterion is mean, and only max is possible here: the best genome counts"),
    ("fitness_threshold", "high", "[NEAT] fitness_threshold is 'high', and a number is needed"),
    ("reset_on_extinction", "perhaps", "[NEAT] reset_on_extinction is 'perhaps', and True or False is needed"),
    ("num_outputs", "2", "[DefaultGenome] num_outputs is 2, and rally has 3 actions: 3 is needed"),
    ("feed_forward", "yes", "[DefaultGenome] feed_forward is 'yes', and True or False is needed"),
    ("conn_add_prob", "1.5", "[DefaultGenome] conn_add_prob is 1.5; it must be at most 1"),
    ("conn_add_prob", "-0.1", "[DefaultGenome] conn_add_prob is -0.1; it must be at least 0"),
    ("weight_mutate_rate", "nan", "[DefaultGenome] weight_mutate_rate is nan; it must be"),
    ("weight_max_value", "inf", "[DefaultGenome] weight_max_value is inf; it must be"),
    ("weight_max_value", "-25", "weight_min_value is -24.0; weight_max_value allows at most -25.0"),
    ("bias_init_type", "cauchy", "[DefaultGenome] bias_init_type is 'cauchy', and gaussian or uniform is needed"),
    ("activation_options", "tanh elu", "[DefaultGenome] activation_options is tanh elu, and elu cannot be played; there"),
    ("activation_options", "tanh,relu", "[DefaultGenome] activation_options is tanh,relu, and tanh,relu cannot be played"),
    ("activation_options", "", "[DefaultGenome] activation_options is empty, and at least one is needed; there are tanh"),
    ("activation_default", "elu", "[DefaultGenome] activation_default is elu, and elu cannot be played; there are tanh"),
    ("activation_default", "rational", "activation_default is rational; activation_options allows"),
    ("aggregation_options", "sum max", "[DefaultGenome] aggregation_options is sum max, and only sum can be played"),
    ("aggregation_default", "mean", "[DefaultGenome] aggregation_default is mean, and only sum can be played"),
    ("structural_mutation_surer", "often", "[DefaultGenome] structural_mutation_surer is 'often', and default, true or f"),
    ("initial_connection", "star", "[DefaultGenome] initial_connection is 'star'; it must be 'unconnected'"),
    ("initial_connection", "partial", "[DefaultGenome] initial_connection is 'partial', and a share is needed after partial"),
    ("initial_connection", "full 0.5", "[DefaultGenome] initial_connection is 'full 0.5', and a share is needed after part"),
    ("initial_connection", "partial x", "[DefaultGenome] initial_connection is 'partial x', and the share must be a number"),
    ("initial_connection", "partial 2", "connection_fraction is 2.0; it must be at most 1"),
    ("enabled_default", "random", "[DefaultGenome] enabled_default is 'random', and True or False is needed: connections"),
    ("compatibility_threshold", "0", "[DefaultSpeciesSet] compatibility_threshold is 0.0; it must be greater than 0"),
    ("species_fitness_func", "best", "[DefaultStagnation] species_fitness_func is 'best'; it must be 'max', 'mean'"),
    ("survival_threshold", "%", "it is no INI file of neat-python ('%' must be followed by"),
]  # fmt: skip


@pytest.mark.parametrize(("key", "value", "says"), BAD_VALUES, ids=[f"{key}={value}" for key, value, _ in BAD_VALUES])
def test_a_bad_value_names_its_section_key_value_and_what_is_allowed(ini, key, value, says):
    assert refusal(ini(**{key: value})).startswith(says)


ADDITIONS = [
    ("[NEAT]", "seed = 42", "[NEAT] seed is 42, and a run has its seed from --seed: take the line out and give that"),
    ("[NEAT]", "popsize = 3", "[NEAT] has popsize, which neat-python does not know: did you mean pop_size?"),
    ("[NEAT]", "elitism = 3", "[NEAT] has elitism, which belongs into [DefaultReproduction]"),
    ("[NEAT]", "pop_size = 3", "it is no INI file of neat-python (While reading from '<string>'"),
    ("[DefaultGenome]", "zz = 3", "[DefaultGenome] has zz, which neat-python does not know; there are num_inputs, "),
    ("[DefaultGenome]", "time_constant_mutate_rate = 0.1", "[DefaultGenome] time_constant_mutate_rate is 0.1, and only 0 is"),
    ("[DefaultGenome]", "time_constant_init_stdev = x", "[DefaultGenome] time_constant_init_stdev is 'x', and a number is"),
    ("[NEAT]", "[Default]", "[Default] is no section of neat-python"),
    ("[NEAT]", "[DefaultSpecies]", "[DefaultSpecies] is no section of neat-python: did you mean DefaultSpeciesSet?"),
    ("[NEAT]", "without a value", "it is no INI file of neat-python (Source contains parsing errors"),
]  # fmt: skip


@pytest.mark.parametrize(("after", "line", "says"), ADDITIONS, ids=[line for _, line, _ in ADDITIONS])
def test_what_does_not_belong_there_is_named(ini, after, line, says):
    text = COMPLETE.replace(f"{after}\n", f"{after}\n{line}\n" if line[0] != "[" else f"{line}\n{after}\n")
    assert refusal(ini(text)).startswith(says)


def test_a_time_constant_that_stays_is_none_of_our_business(ini):
    read_ini(ini(COMPLETE.replace("[DefaultGenome]\n", "[DefaultGenome]\ntime_constant_init_mean = 2.0\n")))


def test_what_is_no_configuration_says_so(tmp_path, ini):
    empty, section, binary = tmp_path / "empty.ini", tmp_path / "section.ini", tmp_path / "binary.ini"
    empty.write_text("")
    section.write_text(COMPLETE.split("[DefaultStagnation]")[0])
    binary.write_bytes(b"\xff\x00")
    assert refusal(empty) == "it has no section [NEAT]; there are none"
    assert refusal(section) == "it has no section [DefaultStagnation]; there are NEAT, DefaultGenome, DefaultSpeciesSet"
    assert refusal(binary).startswith("it is no INI file of neat-python ('utf-8' codec")
    assert refusal(tmp_path / "none.ini") == "it cannot be read (No such file or directory)"
    assert refusal(tmp_path).startswith("it cannot be read (")
    missing = ini(conn_add_prob=None, bias_init_mean=None)
    assert (
        refusal(missing)
        == "[DefaultGenome] has no conn_add_prob, bias_init_mean, and neat-python 2.0 needs that; add it"
    )
