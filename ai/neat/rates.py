"""The numbers of the operators, as the compiled code takes them, from a configuration."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ai.neat.config import EvolutionConfig
from ai.neat.functions import FUNCTION_CODES


class FloatGene(NamedTuple):
    """How a real attribute begins and mutates; ``neat.attributes.FloatAttribute``."""

    init_mean: float
    init_stdev: float
    is_uniform: bool
    low: float
    high: float
    mutate_rate: float
    mutate_power: float
    replace_rate: float


class Rates(NamedTuple):
    """The numbers of the operators; ``functions`` are the codes to choose from, ``function`` the first one or -1 for any."""

    n_inputs: int
    n_outputs: int
    is_feed_forward: bool
    conn_add: float
    conn_delete: float
    node_add: float
    node_delete: float
    is_single_structural: bool
    is_structural_surer: bool
    weight: FloatGene
    bias: FloatGene
    response: FloatGene
    is_enabled: bool
    enabled_mutate: float
    enabled_to_true: float
    enabled_to_false: float
    function: int
    function_mutate: float
    functions: NDArray[np.int32]
    is_linear_output: bool
    max_nodes: int
    max_connections: int


def float_gene(config: EvolutionConfig, name: str) -> FloatGene:
    """Return how the attribute ``name`` (weight, bias, response) begins and mutates."""

    def value(field: str) -> float:
        return float(getattr(config, f"{name}_{field}"))

    return FloatGene(
        value("init_mean"),
        value("init_stdev"),
        getattr(config, f"{name}_init_type") == "uniform",
        value("min_value"),
        value("max_value"),
        value("mutate_rate"),
        value("mutate_power"),
        value("replace_rate"),
    )


def rates_of(config: EvolutionConfig, n_inputs: int, n_outputs: int) -> Rates:
    """Return the numbers of the operators for networks of that many inputs and outputs."""
    surer = config.structural_mutation_surer
    return Rates(
        n_inputs=n_inputs,
        n_outputs=n_outputs,
        is_feed_forward=config.feed_forward,
        conn_add=config.conn_add_prob,
        conn_delete=config.conn_delete_prob,
        node_add=config.node_add_prob,
        node_delete=config.node_delete_prob,
        is_single_structural=config.single_structural_mutation,
        is_structural_surer=config.single_structural_mutation if surer == "default" else surer == "true",
        weight=float_gene(config, "weight"),
        bias=float_gene(config, "bias"),
        response=float_gene(config, "response"),
        is_enabled=config.enabled_default,
        enabled_mutate=config.enabled_mutate_rate,
        enabled_to_true=config.enabled_rate_to_true_add,
        enabled_to_false=config.enabled_rate_to_false_add,
        function=-1 if config.activation_default == "random" else FUNCTION_CODES[config.activation_default],
        function_mutate=config.activation_mutate_rate,
        functions=np.array([FUNCTION_CODES[name] for name in config.activation_options], np.int32),
        is_linear_output=config.linear_outputs,
        max_nodes=max(config.max_nodes, n_outputs),
        max_connections=config.max_connections,
    )
