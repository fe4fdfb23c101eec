"""The (1+lambda) evolution strategy: one parent, many mutated children, the best of all goes on."""

from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from ai.trainer import Learner, MetricSpec, Preset, TrainContext, Trainer, TrainerConfig

MAX_MATCHES: Final = 1_000_000
"""Matches that one generation may have."""

Width = Annotated[int, Field(ge=1, le=256)]
PlayerName = Annotated[str, Field(min_length=1, max_length=128)]


class EsConfig(TrainerConfig):
    """The numbers of the strategy."""

    opponents: tuple[PlayerName, ...] = Field(
        ("tracker", "predictor"),
        min_length=1,
        max_length=64,
        description="Players of the league to train against, by name or hash.",
    )
    generations: int = Field(150, ge=1, le=1_000_000, description="Generations to train.")
    children: int = Field(32, ge=2, le=4096, description="Children of the parent in a generation (lambda).")
    hidden: tuple[Width, ...] = Field((16,), max_length=4, description="Width of each hidden layer of the network.")
    pairs: int = Field(6, ge=1, le=1000, description="Pairs of matches of each child against each opponent.")
    finalists: int = Field(4, ge=1, le=256, description="Best children that meet the parent once more, on new seeds.")
    final_pairs: int = Field(24, ge=1, le=1000, description="Pairs of each finalist against each opponent.")
    points: int = Field(3, ge=1, le=21, description="Points that win a match of the training.")
    step_size: float = Field(0.4, gt=0.0, le=10.0, description="Standard deviation of the first mutations.")
    max_step_size: float = Field(1.0, gt=0.0, le=10.0, description="The step size never grows beyond this.")
    contact_weight: float = Field(
        0.2, ge=0.0, le=10.0, description="Weight of the balls that were hit in the fitness; points weigh 1."
    )
    evaluate_every: int = Field(10, ge=1, le=100_000, description="Generations between two evaluations of the parent.")
    evaluation_pairs: int = Field(
        50, ge=1, le=10_000, description="Pairs of an evaluation against each opponent, to the game's own points."
    )

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        if len(set(self.opponents)) < len(self.opponents):
            raise ValueError(f"opponents is {', '.join(self.opponents)}; each opponent can be there once")
        if self.finalists > self.children:
            raise ValueError(f"finalists is {self.finalists}; with {self.children} children it can be at most that")
        if self.step_size > self.max_step_size:
            raise ValueError(f"step_size is {self.step_size}; max_step_size allows at most {self.max_step_size}")
        each = (self.children + 1) * self.pairs + (self.finalists + 1) * self.final_pairs + self.evaluation_pairs
        matches = 2 * len(self.opponents) * each
        if matches > MAX_MATCHES:
            raise ValueError(
                f"a generation would have {matches:,} matches, at most {MAX_MATCHES:,} are allowed; "
                "choose fewer children, pairs or opponents"
            )
        return self


def _start(config: EsConfig, context: TrainContext) -> Learner:
    from ai.es.learner import EsLearner  # the kernels are not needed to list trainers

    return EsLearner(config, context)


TRAINER: Final = Trainer(
    name="es",
    title="Evolution strategy",
    description=(
        "Mutates all weights of a small dense network, lets the children and their parent play the same matches, and goes "
        "on from the best. Simple, needs no gradients, and beats the tracker within half a minute."
    ),
    version=1,
    config_class=EsConfig,
    presets={
        "quick": Preset("Quick", "Beats the tracker; good for a first look.", 30.0, {"generations": 200}),
        "standard": Preset(
            "Standard",
            "More children and pairs, for a solid player.",
            300.0,
            {"generations": 500, "children": 48, "pairs": 8, "final_pairs": 40, "hidden": (24,)},
        ),
        "thorough": Preset(
            "Thorough",
            "A larger network and many pairs, as far as this method goes.",
            1800.0,
            {
                "generations": 1500,
                "children": 64,
                "pairs": 12,
                "final_pairs": 80,
                "hidden": (32,),
                "opponents": ("tracker", "novice predictor", "predictor"),
                "evaluate_every": 25,
                "evaluation_pairs": 100,
            },
        ),
    },
    metrics=(
        MetricSpec("best", "Best child", "Fitness", "Fitness of the best child on this generation's seeds."),
        MetricSpec("mean", "Mean of the children", "Fitness", "Mean fitness of all children of this generation."),
        MetricSpec(
            "parent", "Parent", "Fitness", "Fitness of the parent on the same seeds as its children.", is_headline=True
        ),
        MetricSpec(
            "score",
            "Score",
            "Score",
            "Mean score of the parent over all opponents, on seeds kept for this.",
            is_headline=True,
        ),
        MetricSpec(
            "score_against",
            "Score against",
            "Score",
            "Share of the evaluation matches that the parent wins against one opponent; a draw counts half.",
            is_family=True,
        ),
        MetricSpec(
            "step_size",
            "Step size",
            "Mutation",
            "Standard deviation of the mutations of one generation.",
            is_headline=True,
        ),
        MetricSpec(
            "success_rate", "Success rate", "Mutation", "Share of the children that are better than the parent."
        ),
        MetricSpec("matches_per_s", "Matches", "Throughput", "Matches played a second.", "matches/s"),
        MetricSpec("ticks_per_s", "Ticks", "Throughput", "Ticks of matches played a second.", "ticks/s"),
    ),
    start=_start,
    step_unit="generations",
)
