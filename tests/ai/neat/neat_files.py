"""Configurations and genomes of neat-python, made by neat-python itself."""

import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import neat

COMPLETE = """\
[NEAT]
fitness_criterion      = max
fitness_threshold      = 3.9
pop_size               = 140
reset_on_extinction    = False
no_fitness_termination = False

[DefaultGenome]
num_inputs                 = 8
num_outputs                = 3
num_hidden                 = 2
feed_forward               = True
initial_connection         = partial_direct 0.75
single_structural_mutation = true
structural_mutation_surer  = yes

conn_add_prob    = 0.51
conn_delete_prob = 0.43
node_add_prob    = 0.22
node_delete_prob = 0.21

compatibility_disjoint_coefficient = 1.1
compatibility_weight_coefficient   = 0.6

activation_default     = random
activation_options     = sigmoid tanh relu identity clamped abs sin gauss
activation_mutate_rate = 0.125

aggregation_default     = sum
aggregation_options     = sum
aggregation_mutate_rate = 0.0

bias_init_mean    = 0.01
bias_init_stdev   = 1.02
bias_init_type    = gaussian
bias_max_value    = 29.0
bias_min_value    = -28.0
bias_mutate_power = 0.53
bias_mutate_rate  = 0.74
bias_replace_rate = 0.15

response_init_mean    = 1.06
response_init_stdev   = 0.07
response_init_type    = uniform
response_max_value    = 27.0
response_min_value    = -26.0
response_mutate_power = 0.08
response_mutate_rate  = 0.09
response_replace_rate = 0.11

weight_init_mean    = 0.12
weight_init_stdev   = 1.13
weight_init_type    = normal
weight_max_value    = 25
weight_min_value    = -24
weight_mutate_power = 0.54
weight_mutate_rate  = 0.81
weight_replace_rate = 0.16

enabled_default           = True
enabled_mutate_rate       = 0.017
enabled_rate_to_true_add  = 0.018
enabled_rate_to_false_add = 0.019

[DefaultSpeciesSet]
compatibility_threshold = 3.3

[DefaultStagnation]
species_fitness_func = median
max_stagnation       = 21
species_elitism      = 3

[DefaultReproduction]
elitism            = 4
survival_threshold = 0.24
min_species_size   = 5
"""
"""Every key of neat-python 2.0.0 but ``seed`` and those of CTRNNs, each with a value that nothing else has."""


def changed(text: str, **values: str | None) -> str:
    """Return ``text`` with other values; None takes the key out."""
    for key, value in values.items():
        line = re.compile(rf"^{key} *=.*\n", re.MULTILINE)
        assert line.search(text), key
        text = line.sub("" if value is None else f"{key} = {value}\n", text)
    return text


def neat_config(path: Path) -> neat.Config:
    """Return what neat-python itself reads at ``path``."""
    return neat.Config(
        neat.DefaultGenome, neat.DefaultReproduction, neat.DefaultSpeciesSet, neat.DefaultStagnation, str(path)
    )


def config_of(folder: Path, **values: str | None) -> neat.Config:
    """Return neat-python's configuration from ``COMPLETE`` with other values."""
    path = folder / "neat.ini"
    path.write_text(changed(COMPLETE, **values))
    return neat_config(path)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Let neat-python draw from ``seed`` for a while: its random numbers are Python's own."""
    before = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(before)


def random_genomes(config: neat.Config, count: int, mutations: int, seed: int) -> list[neat.DefaultGenome]:
    """Return genomes that neat-python has made and mutated."""
    tracker = config.genome_config.innovation_tracker = neat.InnovationTracker()
    config.genome_config.node_indexer = None
    genomes = []
    with seeded(seed):
        for key in range(1, count + 1):
            genome = neat.DefaultGenome(key)
            genome.configure_new(config.genome_config)
            for _ in range(mutations):
                tracker.reset_generation()
                genome.mutate(config.genome_config)
            genomes.append(genome)
    return genomes
