"""NEAT: networks whose structure evolves together with their weights, judged by the matches they play."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from ai.neat.config import MAX_POPULATION, EvolutionConfig, Rate
from ai.trainer import ConfigFile, Learner, MetricSpec, Preset, TrainContext, Trainer
from game.spec import GameSpec

MAX_MATCHES: Final = 2_000_000
"""Matches that one generation may have."""

PlayerName = Annotated[str, Field(min_length=1, max_length=128)]
Weight = Annotated[float, Field(ge=0.0, le=100.0)]
Mode: TypeAlias = Literal["baseline", "competitive", "self_play", "curriculum"]


class NeatConfig(EvolutionConfig):
    """Evolution, and how genomes are judged."""

    population: int = Field(80, ge=2, le=MAX_POPULATION, description="Genomes of a generation.")
    num_hidden: int = Field(8, ge=0, le=256, description="Hidden nodes of the first genomes.")
    crossover_prob: Rate = Field(0.25, description="Share of the children that have two parents; neat-python: all.")
    weight_mutate_rate: Rate = Field(0.05, description="Chance that a weight is changed.")
    weight_mutate_power: float = Field(0.2, ge=0.0, le=100.0, description="Standard deviation of that change.")
    bias_mutate_rate: Rate = Field(0.05, description="Chance that a bias is changed.")

    mode: Mode = Field(
        "baseline",
        description="Against whom: chosen players; random genomes of the population; its own past; a ladder of players.",
    )
    opponents: tuple[PlayerName, ...] = Field(
        ("tracker", "predictor"),
        min_length=1,
        max_length=64,
        description="Players of the league, by name or hash: opponents, rungs of the ladder, and the yardstick of every mode.",
    )
    start_from: str = Field(
        "", max_length=128, description="A graph player of the league whose mutated copies are the first generation."
    )
    pairs: int = Field(3, ge=1, le=1000, description="Pairs of matches of each genome against each opponent.")
    points: int = Field(3, ge=1, le=21, description="Points that win a match of the training.")
    rivals: int = Field(6, ge=1, le=100, description="Opponents of each genome in competition and self-play.")
    hall_size: int = Field(32, ge=1, le=1000, description="Past champions that self-play remembers.")
    hall_share: float = Field(
        0.5, ge=0.0, le=1.0, description="Share of the rivals in self-play that are past champions."
    )
    hall_weighting: Literal["hard", "variance", "uniform"] = Field(
        "hard",
        description="Which past champions are drawn more often: those hard to beat, those beaten half the time, none.",
    )
    promotion_score: float = Field(
        0.75, gt=0.0, le=1.0, description="Score of the champion at which the curriculum goes on to the next rung."
    )

    result_weight: Weight = Field(0.0, description="Weight of the result of a match in the fitness.")
    points_weight: Weight = Field(1.0, description="Weight of the own share of the points.")
    hits_weight: Weight = Field(1.0, description="Weight of the share of balls that were hit.")
    rally_weight: Weight = Field(0.0, description="Weight of long rallies.")
    aim_weight: Weight = Field(0.5, description="Cost of missing balls by far.")
    distance_weight: Weight = Field(0.0, description="Cost of moving the paddle.")
    novelty_weight: Weight = Field(0.0, description="Weight of playing unlike the others, now and before.")
    novelty_neighbours: int = Field(15, ge=1, le=1000, description="Nearest behaviours that novelty is measured by.")

    hindsight_steps: int = Field(
        500,
        ge=0,
        le=10_000,
        description="Gradient steps by which a genome that is born learns what would have been right in recorded matches; "
        "0 for evolution alone.",
    )
    hindsight_lr: float = Field(0.01, gt=0.0, le=10.0, description="Step size of these steps (Adam).")
    hindsight_rows: int = Field(8192, ge=1, le=1_000_000, description="Recorded ticks that a generation learns from.")
    hindsight_batch: int = Field(256, ge=1, le=1_000_000, description="Recorded ticks of one gradient step.")
    hindsight_capacity: int = Field(
        100_000, ge=1, le=5_000_000, description="Recorded ticks that are kept, the newest."
    )
    hindsight_every: int = Field(2, ge=1, le=100_000, description="Generations between two recordings of the champion.")
    hindsight_pairs: int = Field(
        10, ge=1, le=1000, description="Pairs of matches against each opponent in a recording."
    )
    hindsight_rivals: int = Field(3, ge=1, le=100, description="Opponents of a recording, drawn anew for each.")
    hindsight_record_every: int = Field(3, ge=1, le=1000, description="Ticks between two that are kept.")

    finalists: int = Field(
        12, ge=1, le=256, description="Best genomes of a generation that play once more, on new seeds; at most all."
    )
    final_pairs: int = Field(10, ge=1, le=10_000, description="Pairs of each finalist against each opponent.")
    evaluate_every: int = Field(
        10, ge=1, le=100_000, description="Generations between two measurements of the champion."
    )
    evaluation_pairs: int = Field(
        50, ge=1, le=10_000, description="Pairs of a measurement against each opponent, to the game's own points."
    )

    @model_validator(mode="after")
    def _check_matches(self) -> Self:
        if len(set(self.opponents)) < len(self.opponents):
            raise ValueError(f"opponents is {', '.join(self.opponents)}; each opponent can be there once")
        if self.hindsight_steps and not self.feed_forward:
            raise ValueError(
                f"hindsight_steps is {self.hindsight_steps}; recurrent networks learn by evolution alone, with hindsight_steps 0"
            )
        is_mixed = self.mode in ("competitive", "self_play")
        rivals = self.rivals if is_mixed else len(self.opponents)
        finals = (min(self.finalists, self.population) + 1) * self.final_pairs
        matches = 2 * rivals * (self.population * self.pairs + finals)
        matches += 2 * len(self.opponents) * self.evaluation_pairs
        if matches > MAX_MATCHES:
            raise ValueError(
                f"a generation would have {matches:,} matches, at most {MAX_MATCHES:,} are allowed; "
                "choose fewer genomes, pairs or opponents"
            )
        weights = [getattr(self, name) for name in WEIGHTS]
        if not any(weights):
            raise ValueError(f"the fitness has no term: give one of {', '.join(WEIGHTS)} a weight above 0")
        return self


WEIGHTS: Final = (
    "result_weight",
    "points_weight",
    "hits_weight",
    "rally_weight",
    "aim_weight",
    "distance_weight",
    "novelty_weight",
)
"""The fields that weigh the terms of the fitness, in the order of ``ai.neat.fitness.Weights``."""


def _start(config: NeatConfig, context: TrainContext) -> Learner:
    from ai.neat.learner import NeatLearner  # the kernels are not needed to list trainers

    return NeatLearner(config, context)


def _read_config(path: Path, game: GameSpec) -> Mapping[str, object]:
    from ai.neat.ini import read_ini  # neat-python is not needed to list trainers

    return {**read_ini(path, game), "hindsight_steps": 0}  # neat-python's genomes do not learn


EVOLUTION_METRICS: Final = (
    MetricSpec("best", "Best genome", "Fitness", "Fitness of the best genome of the generation.", is_headline=True),
    MetricSpec("mean", "Mean", "Fitness", "Mean fitness of the generation.", is_headline=True),
    MetricSpec("sd", "Standard deviation", "Fitness", "Spread of the fitness in the generation."),
    MetricSpec(
        "species",
        "Species",
        "Species",
        "Genomes of each species, drawn on top of each other.",
        "genomes",
        is_family=True,
        is_part=True,
    ),
    MetricSpec(
        "species_count", "Number of species", "Number of species", "Species of the generation.", is_headline=True
    ),
    MetricSpec("species_target", "Target", "Number of species", "Number of species that the control aims at."),
    MetricSpec(
        "threshold", "Threshold", "Compatibility threshold", "Distance below which two genomes are of one species."
    ),
    MetricSpec("champion_nodes", "Champion's hidden nodes", "Complexity", "Hidden nodes of the champion."),
    MetricSpec("champion_connections", "Champion's connections", "Complexity", "Enabled connections of the champion."),
    MetricSpec("mean_nodes", "Mean hidden nodes", "Complexity", "Hidden nodes of a genome on average."),
    MetricSpec("mean_connections", "Mean connections", "Complexity", "Enabled connections of a genome on average."),
    MetricSpec("evaluations_per_s", "Genomes", "Throughput", "Genomes judged a second.", "genomes/s"),
)
"""What every trainer with NEAT genomes reports."""

_PLAIN: Final = {
    "hindsight_steps": 0,
    "population": 150,
    "num_hidden": 0,
    "crossover_prob": 1.0,
    "weight_mutate_rate": 0.3,
    "weight_mutate_power": 0.4,
    "bias_mutate_rate": 0.2,
    "pairs": 5,
    "finalists": 30,
    "final_pairs": 12,
}
"""Evolution of structure and weights, nothing else."""

TRAINER: Final = Trainer(
    name="neat",
    title="NEAT",
    description=(
        "Evolves the structure and the weights of small networks, in species, by the matches they play: against bots, each "
        "other or their own past. What is born also learns from what the champion should have done."
    ),
    version=1,
    config_class=NeatConfig,
    presets={
        "quick": Preset(
            "Quick", "Beats the tracker, then the predictor; good for a first look.", 60.0, {"generations": 80}
        ),
        "standard": Preset("Standard", "A strong player.", 300.0, {"generations": 400}),
        "thorough": Preset(
            "Thorough",
            "A larger population against the whole ladder.",
            1800.0,
            {"generations": 1200, "population": 150, "pairs": 4, "opponents": ("tracker", "predictor", "aimer")},
        ),
        "evolution": Preset(
            "Evolution alone",
            "NEAT as in the paper: nobody learns in a lifetime. Beats the tracker, not the predictor.",
            300.0,
            {"generations": 400, **_PLAIN},
        ),
        "competitive": Preset(
            "Competition",
            "Against random genomes of the population, rated by Elo inside each generation.",
            300.0,
            {"generations": 250, "mode": "competitive", "result_weight": 1.0},
        ),
        "self-play": Preset(
            "Self-play",
            "Against the population and its past champions, without looking at any other player.",
            300.0,
            {"generations": 400, "mode": "self_play"},
        ),
    },
    metrics=(
        *EVOLUTION_METRICS,
        MetricSpec(
            "score",
            "Score against",
            "Score",
            "Share of the matches of a measurement that the champion wins against one player; a draw counts half.",
            is_family=True,
        ),
        MetricSpec("mean_score", "Score", "Score", "Mean of these scores.", is_headline=True),
        MetricSpec("rung", "Rung", "Curriculum", "Opponents of the ladder that the curriculum has reached."),
        MetricSpec("hall", "Hall of fame", "Self-play", "Past champions that are remembered."),
        MetricSpec("hall_score", "Score against past champions", "Self-play", "Score against those drawn this time."),
        MetricSpec("matches_per_s", "Matches", "Throughput", "Matches played a second.", "matches/s"),
        MetricSpec("ticks_per_s", "Ticks", "Throughput", "Ticks of matches played a second.", "ticks/s"),
    ),
    start=_start,
    step_unit="generations",
    config_file=ConfigFile("Configuration of neat-python 2.0 (an INI file).", _read_config),
)
