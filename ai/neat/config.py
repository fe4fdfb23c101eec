"""The numbers of evolution that every trainer with NEAT genomes has; named as in neat-python where it has them."""

from typing import Annotated, Final, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from ai.trainer import TrainerConfig

Rate = Annotated[float, Field(ge=0.0, le=1.0)]
Function: TypeAlias = Literal[
    "tanh", "sigmoid", "relu", "identity", "clamped", "abs", "rational", "sin", "square", "gauss"
]
"""The functions of ``ai.neat.functions``; a test holds the two lists against each other."""

InitialConnection: TypeAlias = Literal[
    "unconnected",
    "fs_neat_nohidden",
    "fs_neat_hidden",
    "full_nodirect",
    "full_direct",
    "partial_nodirect",
    "partial_direct",
]

MAX_POPULATION: Final = 10_000


class EvolutionConfig(TrainerConfig):
    """Population, structure, mutation, species. The defaults suit small networks that play Rally."""

    generations: int = Field(100, ge=1, le=1_000_000, description="Generations to train.")
    population: int = Field(150, ge=2, le=MAX_POPULATION, description="Genomes of a generation.")
    feed_forward: bool = Field(default=True, description="Networks without cycles; otherwise recurrent ones.")
    initial_connection: InitialConnection = Field("full_direct", description="How the first genomes are connected.")
    connection_fraction: Rate = Field(0.5, description="Share of the connections that 'partial_...' makes.")
    num_hidden: int = Field(0, ge=0, le=256, description="Hidden nodes of the first genomes.")
    linear_outputs: bool = Field(default=True, description="Outputs are plain sums: their largest is the action.")
    max_nodes: int = Field(128, ge=4, le=4096, description="Nodes, outputs included, beyond which no genome grows.")
    max_connections: int = Field(1024, ge=1, le=65_536, description="Connections beyond which no genome grows.")

    conn_add_prob: Rate = Field(0.3, description="Chance that a child gets a new connection.")
    conn_delete_prob: Rate = Field(0.1, description="Chance that a child loses a connection.")
    node_add_prob: Rate = Field(0.15, description="Chance that a child gets a new node within a connection.")
    node_delete_prob: Rate = Field(0.05, description="Chance that a child loses a hidden node.")
    crossover_prob: Rate = Field(1.0, description="Share of the children that have two parents; neat-python: all.")
    single_structural_mutation: bool = Field(default=False, description="At most one of these four changes a child.")
    structural_mutation_surer: Literal["default", "true", "false"] = Field(
        "default", description="Whether a change that is not possible becomes a similar one; 'default': if single."
    )

    weight_init_mean: float = Field(0.0, ge=-100.0, le=100.0, description="Mean of new weights.")
    weight_init_stdev: float = Field(1.0, ge=0.0, le=100.0, description="Standard deviation of new weights.")
    weight_init_type: Literal["gaussian", "uniform"] = Field("gaussian", description="Distribution of new weights.")
    weight_min_value: float = Field(-30.0, ge=-1e6, le=1e6, description="Smallest weight.")
    weight_max_value: float = Field(30.0, ge=-1e6, le=1e6, description="Largest weight.")
    weight_mutate_rate: Rate = Field(0.3, description="Chance that a weight is changed.")
    weight_mutate_power: float = Field(0.4, ge=0.0, le=100.0, description="Standard deviation of that change.")
    weight_replace_rate: Rate = Field(0.02, description="Chance that a weight is drawn anew.")

    bias_init_mean: float = Field(0.0, ge=-100.0, le=100.0, description="Mean of new biases.")
    bias_init_stdev: float = Field(0.5, ge=0.0, le=100.0, description="Standard deviation of new biases.")
    bias_init_type: Literal["gaussian", "uniform"] = Field("gaussian", description="Distribution of new biases.")
    bias_min_value: float = Field(-30.0, ge=-1e6, le=1e6, description="Smallest bias.")
    bias_max_value: float = Field(30.0, ge=-1e6, le=1e6, description="Largest bias.")
    bias_mutate_rate: Rate = Field(0.2, description="Chance that a bias is changed.")
    bias_mutate_power: float = Field(0.2, ge=0.0, le=100.0, description="Standard deviation of that change.")
    bias_replace_rate: Rate = Field(0.02, description="Chance that a bias is drawn anew.")

    response_init_mean: float = Field(1.0, ge=-100.0, le=100.0, description="Mean of new responses (gain of a node).")
    response_init_stdev: float = Field(0.0, ge=0.0, le=100.0, description="Standard deviation of new responses.")
    response_init_type: Literal["gaussian", "uniform"] = Field("gaussian", description="Distribution of new responses.")
    response_min_value: float = Field(-30.0, ge=-1e6, le=1e6, description="Smallest response.")
    response_max_value: float = Field(30.0, ge=-1e6, le=1e6, description="Largest response.")
    response_mutate_rate: Rate = Field(0.0, description="Chance that a response is changed.")
    response_mutate_power: float = Field(0.0, ge=0.0, le=100.0, description="Standard deviation of that change.")
    response_replace_rate: Rate = Field(0.0, description="Chance that a response is drawn anew.")

    enabled_default: bool = Field(default=True, description="Whether new connections are enabled.")
    enabled_mutate_rate: Rate = Field(0.01, description="Chance that a connection is enabled or disabled at random.")
    enabled_rate_to_true_add: Rate = Field(0.0, description="Added to that chance for disabled connections.")
    enabled_rate_to_false_add: Rate = Field(0.0, description="Added to that chance for enabled connections.")

    activation_default: Function | Literal["random"] = Field("tanh", description="Function of new nodes.")
    activation_options: tuple[Function, ...] = Field(
        ("tanh", "relu", "abs"), min_length=1, max_length=10, description="Functions that a node may get."
    )
    activation_mutate_rate: Rate = Field(0.05, description="Chance that a node's function is drawn anew.")

    compatibility_threshold: float = Field(
        3.0, gt=0.0, le=1000.0, description="Genomes nearer than this are of one species (to begin with)."
    )
    compatibility_disjoint_coefficient: float = Field(
        1.0, ge=0.0, le=1000.0, description="Weight of genes that one of two genomes lacks in their distance."
    )
    compatibility_weight_coefficient: float = Field(
        0.5, ge=0.0, le=1000.0, description="Weight of the differences of genes that both have."
    )

    species_fitness_func: Literal["max", "mean", "median", "median2", "min"] = Field(
        "max", description="What of its members' fitness a species is judged by."
    )
    max_stagnation: int = Field(15, ge=1, le=1_000_000, description="Generations without progress that end a species.")
    species_elitism: int = Field(2, ge=0, le=1000, description="Best species that stagnation does not end.")
    elitism: int = Field(1, ge=0, le=1000, description="Best genomes of a species that live on unchanged.")
    survival_threshold: float = Field(0.2, gt=0.0, le=1.0, description="Share of a species that has children.")
    min_species_size: int = Field(2, ge=1, le=1000, description="Genomes that a living species has at least.")
    reset_on_extinction: bool = Field(
        default=True, description="When all species have died out, begin anew instead of failing."
    )

    species_target_mode: Literal["fixed", "pid", "hill", "auto"] = Field(
        "auto",
        description="Who sets the number of species: nobody, a PID controller, hill climbing, or a bandit of the two.",
    )
    species_target: float = Field(10.0, ge=1.0, le=1000.0, description="Number of species to begin with.")
    species_target_min: float = Field(4.0, ge=1.0, le=1000.0, description="Least number of species aimed at.")
    species_target_max: float = Field(20.0, ge=1.0, le=1000.0, description="Largest number of species aimed at.")
    pid_kp: float = Field(0.35, ge=0.0, le=10.0, description="Proportional gain of the controllers.")
    pid_ki: float = Field(0.02, ge=0.0, le=10.0, description="Integral gain of the controllers.")
    pid_kd: float = Field(0.10, ge=0.0, le=10.0, description="Derivative gain of the controllers.")
    threshold_min: float = Field(0.1, gt=0.0, le=1000.0, description="Least compatibility threshold.")
    threshold_max: float = Field(50.0, gt=0.0, le=1000.0, description="Largest compatibility threshold.")

    @model_validator(mode="after")
    def _check_evolution(self) -> Self:
        for low, high in (
            ("weight_min_value", "weight_max_value"),
            ("bias_min_value", "bias_max_value"),
            ("response_min_value", "response_max_value"),
            ("species_target_min", "species_target_max"),
            ("threshold_min", "threshold_max"),
        ):
            if getattr(self, low) > getattr(self, high):
                raise ValueError(f"{low} is {getattr(self, low)}; {high} allows at most {getattr(self, high)}")
        if self.species_target_mode != "fixed":
            if not self.species_target_min <= self.species_target <= self.species_target_max:
                raise ValueError(
                    f"species_target is {self.species_target}; species_target_min and species_target_max allow "
                    f"{self.species_target_min} to {self.species_target_max}"
                )
            if not self.threshold_min <= self.compatibility_threshold <= self.threshold_max:
                raise ValueError(
                    f"compatibility_threshold is {self.compatibility_threshold}; threshold_min and threshold_max allow "
                    f"{self.threshold_min} to {self.threshold_max}"
                )
        if max(self.min_species_size, self.elitism) > self.population:
            raise ValueError(
                f"min_species_size is {self.min_species_size} and elitism {self.elitism}; a population of {self.population} "
                "allows at most that many"
            )
        if self.activation_default != "random" and self.activation_default not in self.activation_options:
            raise ValueError(
                f"activation_default is {self.activation_default}; activation_options allows "
                f"{', '.join(self.activation_options)} or random"
            )
        return self
