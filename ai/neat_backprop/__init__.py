"""NEAT that learns from data: genomes are trained by gradient steps on their own graphs, and evolve."""

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from ai.neat import EVOLUTION_METRICS
from ai.neat.config import MAX_POPULATION, EvolutionConfig, Rate
from ai.trainer import Learner, MetricSpec, Preset, TrainContext, Trainer

PlayerName = Annotated[str, Field(min_length=1, max_length=128)]


class NeatBackpropConfig(EvolutionConfig):
    """Evolution, what is learned, and how genomes learn it."""

    population: int = Field(64, ge=2, le=MAX_POPULATION, description="Genomes of a generation.")
    num_hidden: int = Field(16, ge=0, le=256, description="Hidden nodes of the first genomes.")
    crossover_prob: Rate = Field(0.25, description="Share of the children that have two parents; neat-python: all.")
    weight_mutate_rate: Rate = Field(0.05, description="Chance that a weight is changed.")
    weight_mutate_power: float = Field(0.2, ge=0.0, le=100.0, description="Standard deviation of that change.")
    bias_mutate_rate: Rate = Field(0.05, description="Chance that a bias is changed.")

    task: Literal["two-spirals", "xor", "circles", "file", "imitation"] = Field(
        "imitation",
        description="What is learned: a classic task, the rows of a file, or what a player does in its matches.",
    )
    data_file: str = Field(
        "", max_length=4096, description="CSV or NPZ file with a label in each row, for the task 'file'."
    )
    task_points: int = Field(0, ge=0, le=1_000_000, description="Points of a classic task; 0 for its own number.")
    task_noise: float = Field(-1.0, ge=-1.0, le=10.0, description="Noise of a classic task; -1 for its own.")
    teacher: PlayerName = Field("predictor", description="Player of the league to imitate, by name or hash.")
    opponents: tuple[PlayerName, ...] = Field(
        ("tracker", "predictor"), min_length=1, max_length=64, description="Players that the teacher plays against."
    )
    match_pairs: int = Field(
        40, ge=5, le=10_000, description="Pairs of matches against each of them that are recorded."
    )
    record_every: int = Field(3, ge=1, le=1000, description="Ticks between two rows of the record.")

    disturbance: float = Field(
        0.6,
        ge=0.0,
        le=0.9,
        description="Share of the recorded ticks on which a random action takes the teacher's place.",
    )

    steps: int = Field(500, ge=0, le=100_000, description="Gradient steps of each genome in a generation.")
    lr: float = Field(1e-2, gt=0.0, le=10.0, description="Step size of Adam.")
    l2: float = Field(
        1e-4, ge=0.0, le=10.0, description="Weight decay: half of this times the squared weights joins the loss."
    )
    clip: float = Field(5.0, ge=0.0, le=1e6, description="Largest norm of a gradient; 0 for any.")
    batch: int = Field(256, ge=0, le=1_000_000, description="Rows of one gradient step, all in turn; 0 for all.")
    rows: int = Field(
        50_000, ge=0, le=10_000_000, description="Training rows drawn anew for each generation; 0 for all."
    )
    alpha_nodes: float = Field(1e-4, ge=0.0, le=10.0, description="Fitness that a node costs.")
    alpha_edges: float = Field(5e-5, ge=0.0, le=10.0, description="Fitness that a connection costs.")
    elite_share: Rate = Field(
        0.1, description="Best genomes of a generation that learn on, from what they have learned."
    )
    elite_steps: int = Field(1000, ge=0, le=100_000, description="Gradient steps that these learn on.")
    inheritance: Literal["lamarck", "baldwin"] = Field(
        "lamarck", description="Whether children inherit what was learned, or only the ability to learn it."
    )
    write_back: Rate = Field(0.8, description="Share of the genomes that keep what they have learned, with 'lamarck'.")

    backend: Literal["", "serial", "thread", "process"] = Field(
        "", description="Where genomes are trained; empty for NEAT_EVAL_BACKEND or threads."
    )
    eval_workers: int = Field(
        0, ge=0, le=256, description="Threads or processes; 0 for NEAT_EVAL_WORKERS or --workers."
    )
    start_method: Literal["", "spawn", "fork", "forkserver"] = Field(
        "", description="How processes begin; empty for NEAT_PROCESS_START_METHOD or spawn."
    )
    keepalive: Literal["", "yes", "no"] = Field(
        "", description="Whether processes stay for the next generation; empty for NEAT_POOL_KEEPALIVE or yes."
    )
    restart_every: int = Field(
        0,
        ge=0,
        le=1_000_000,
        description="Generations after which kept processes are replaced; 0 for NEAT_POOL_RESTART_EVERY or 25.",
    )

    @model_validator(mode="after")
    def _check_learning(self) -> Self:
        if not self.feed_forward:
            raise ValueError("feed_forward is False; gradients need networks without cycles: leave it True")
        if self.task == "file" and not self.data_file:
            raise ValueError("data_file is empty; the task 'file' needs a CSV or NPZ file")
        if self.task != "file" and self.data_file:
            raise ValueError(f"data_file is {self.data_file}; it needs the task 'file', not '{self.task}'")
        if len(set(self.opponents)) < len(self.opponents):
            raise ValueError(f"opponents is {', '.join(self.opponents)}; each opponent can be there once")
        return self


def _start(config: NeatBackpropConfig, context: TrainContext) -> Learner:
    from ai.neat_backprop.learner import NeatBackpropLearner  # the kernels are not needed to list trainers

    return NeatBackpropLearner(config, context)


TRAINER: Final = Trainer(
    name="neat-backprop",
    title="NEAT with backpropagation",
    description=(
        "Evolves the structure of small networks and trains their weights by gradient descent on labelled data: classic tasks, a "
        "CSV or NPZ file, or the matches of a player, whose ways it learns. What imitates a player becomes a player."
    ),
    version=1,
    config_class=NeatBackpropConfig,
    presets={
        "quick": Preset(
            "Quick",
            "A small network that imitates a player.",
            60.0,
            {"generations": 60},
        ),
        "standard": Preset(
            "Standard",
            "Imitates a player more closely.",
            180.0,
            {"generations": 250, "num_hidden": 24, "match_pairs": 80},
        ),
        "thorough": Preset(
            "Thorough",
            "A larger population and more matches.",
            1200.0,
            {"generations": 600, "population": 100, "num_hidden": 32, "match_pairs": 200},
        ),
        "spirals": Preset(
            "Two spirals",
            "The classic task of two intertwined spirals, solved on held-out points.",
            20.0,
            {
                "task": "two-spirals",
                "generations": 60,
                "num_hidden": 24,
                "activation_default": "random",
                "activation_options": ("sin", "gauss"),
                "weight_init_stdev": 1.5,
                "steps": 200,
                "elite_steps": 200,
                "lr": 0.02,
                "l2": 1e-3,
                "alpha_nodes": 1e-3,
                "alpha_edges": 5e-4,
            },
        ),
    },
    metrics=(
        *EVOLUTION_METRICS,
        MetricSpec(
            "accuracy",
            "Accuracy",
            "Accuracy",
            "Share of the held-out test rows whose class the champion names.",
            is_headline=True,
        ),
        MetricSpec(
            "validation", "Validation accuracy", "Accuracy", "The same on the rows by which genomes are compared."
        ),
        MetricSpec("loss", "Validation loss", "Loss", "Cross-entropy of the champion on those rows.", is_headline=True),
        MetricSpec("mean_loss", "Mean loss", "Loss", "Mean cross-entropy of the generation on those rows."),
        MetricSpec(
            "updates_per_s", "Gradient steps", "Throughput", "Gradient steps of all genomes a second.", "steps/s"
        ),
    ),
    start=_start,
    step_unit="generations",
)
