"""Self-play: a population that learns by playing itself, its past and whoever else is in the league."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Final, Literal, Self

from pydantic import Field, model_validator

from ai.trainer import Learner, MetricSpec, Preset, TrainContext, Trainer, TrainerConfig

Width = Annotated[int, Field(ge=2, le=1024)]
PlayerName = Annotated[str, Field(min_length=1, max_length=128)]


class SelfPlayConfig(TrainerConfig):
    """The numbers of self-play. "Step" is one decision of one agent."""

    sections: ClassVar[Mapping[str, str]] = {
        "algorithm": "Method and machine",
        "steps": "Length",
        "courts": "Matches",
        "hidden": "Network",
        "learning_rate": "Learning",
        "clip_range": "Policy (ppo)",
        "action_gap": "Values (pqn)",
        "hit_reward": "Reward",
        "self_share": "Opponents",
        "pfsp": "Who is met how often",
        "main_exploiters": "Exploiters",
        "anchors": "Evaluation",
        "gate_elo": "Champion gate",
    }
    """Headings of a form, each above the field it names."""

    algorithm: Literal["ppo", "pqn"] = Field(
        "ppo", description="ppo learns probabilities of actions, pqn their values (see trainer dqn)."
    )
    engine: Literal["auto", "compiled", "torch"] = Field(
        "auto",
        description="What computes gradients of ppo: kernels of our own, or torch. auto: the kernels, torch on cuda.",
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        "auto", description="Where torch computes; auto is the processor. The kernels run there, too."
    )
    steps: int = Field(10_000_000, ge=1, le=10**12, description="Steps of all agents together to train for.")
    report_steps: int = Field(262_144, ge=1, le=10**9, description="Steps of a report: an iteration.")
    courts: int = Field(
        512, ge=1, le=65_536, description="Matches that a learner plays at a time: up to 128, or a multiple of it."
    )
    rollout_steps: int = Field(128, ge=1, le=1024, description="Steps of every court before each round of learning.")
    frame_skip: int = Field(4, ge=1, le=16, description="Ticks for which a decision is held in training.")
    episode_points: int = Field(1, ge=1, le=21, description="Points that end an episode.")
    hidden: tuple[Width, ...] = Field(
        (64, 64), min_length=1, max_length=4, description="Width of each hidden layer of the network."
    )
    layer_norm: bool = Field(True, description="Normalise the sums of each hidden layer.")
    start_from: str = Field(
        "",
        max_length=128,
        description="Player of the league whose network the main agent begins with (ppo); empty: none.",
    )
    value_steps: int = Field(
        500_000,
        ge=0,
        le=10**12,
        description="Steps in which only the value is learned after start_from, which knows none.",
    )
    learning_rate: float = Field(1e-3, gt=0.0, le=1.0, description="Step size of Adam at the beginning.")
    learning_rate_end: float = Field(2e-5, ge=0.0, le=1.0, description="Step size at the end; linear in between.")
    gamma: float = Field(0.99, gt=0.0, le=1.0, description="Discount of a tick.")
    trace_lambda: float = Field(0.97, ge=0.0, le=1.0, description="Weight of longer returns.")
    epochs: int = Field(2, ge=1, le=64, description="Times that a rollout is learned from.")
    minibatch_size: int = Field(2048, ge=1, le=1_048_576, description="Samples of an update.")
    average_steps: int = Field(
        1_500_000,
        ge=0,
        le=10**12,
        description="Steps over which the parameters are averaged for the player that comes of them; 0: as they are.",
    )
    max_grad_norm: float = Field(0.5, gt=0.0, le=1e6, description="Longer gradients are clipped to this norm.")
    clip_range: float = Field(
        0.2, gt=0.0, le=1.0, description="How far a probability may move, as a share, before its gain counts no more."
    )
    entropy_weight: float = Field(0.01, ge=0.0, le=1.0, description="Reward of undecided policies at the beginning.")
    entropy_weight_end: float = Field(0.001, ge=0.0, le=1.0, description="The same at the end; linear in between.")
    value_weight: float = Field(0.5, ge=0.0, le=100.0, description="Weight of the value's error in the loss.")
    normalise_advantages: bool = Field(True, description="Shift and scale the advantages of an update to deviation 1.")
    target_kl: float = Field(
        0.0, ge=0.0, le=10.0, description="A round of learning ends when the policy has moved so far (nats); 0: never."
    )
    action_gap: float = Field(
        0.5, ge=0.0, lt=1.0, description="Advantage learning: how much actions that are not the best are pushed down."
    )
    epsilon_start: float = Field(1.0, ge=0.0, le=1.0, description="Share of random actions at the beginning.")
    epsilon_end: float = Field(0.02, ge=0.0, le=1.0, description="Share of random actions later.")
    epsilon_share: float = Field(0.02, gt=0.0, le=1.0, description="Share of the training in which epsilon falls.")
    hit_reward: float = Field(0.5, ge=0.0, le=10.0, description="Reward of a contact; a point is 1.")
    miss_penalty: float = Field(0.0, ge=0.0, le=10.0, description="Penalty for each reach by which a ball is missed.")
    shaping_end: float = Field(
        0.0, ge=0.0, le=1.0, description="Share of these two that is left at the end; linear in between."
    )
    self_share: float = Field(
        0.4, ge=0.0, le=1.0, description="Share of the main agent's courts on which it plays both sides."
    )
    past_share: float = Field(
        0.45,
        ge=0.0,
        le=1.0,
        description="Share on which the pool plays: past selves, exploiters, and the opponents below.",
    )
    hard_share: float = Field(
        0.15,
        ge=0.0,
        le=1.0,
        description="Share for those of the pool that the main agent loses to; without any, as above.",
    )
    fixed_share: float = Field(0.0, ge=0.0, le=1.0, description="Share on which the opponents below play, all alike.")
    opponents: tuple[PlayerName, ...] = Field(
        (), max_length=64, description="Players of the league that join the pool, by name or hash."
    )
    snapshot_steps: int = Field(
        1_000_000, ge=1, le=10**12, description="Steps of the main agent between two of its snapshots."
    )
    pool_size: int = Field(32, ge=2, le=256, description="Snapshots that the pool keeps.")
    hold_decisions: bool = Field(
        False, description="Let learned opponents hold their decisions as the learners do: faster, and weaker."
    )
    pfsp: Literal["hard", "variance", "linear", "uniform"] = Field(
        "hard",
        description="Whom of the pool to meet: hard those that win, variance equals, linear in between, uniform all alike.",
    )
    uniform_share: float = Field(0.2, ge=0.0, le=1.0, description="Share of the draws that do not look at win rates.")
    latest_ratio: float = Field(0.2, ge=0.0, le=1.0, description="Share of the draws that take the newest snapshot.")
    min_games: int = Field(20, ge=0, le=1_000_000, description="Matches before a win rate counts.")
    decay: float = Field(
        0.999, gt=0.0, le=1.0, description="What a match counts after the next against the same opponent."
    )
    main_exploiters: int = Field(0, ge=0, le=8, description="Learners that train against the main agent alone.")
    league_exploiters: int = Field(0, ge=0, le=8, description="Learners that train against the whole pool.")
    exploiter_share: float = Field(
        0.15, ge=0.0, lt=1.0, description="Share of the steps that each exploiter gets; the main agent has the rest."
    )
    exploiter_start: Literal["scratch", "main"] = Field(
        "main", description="What an exploiter begins with, each time: nothing, or the main agent of today."
    )
    exploiter_steps: int = Field(
        3_000_000, ge=1, le=10**12, description="Steps after which an exploiter leaves a snapshot, however good it is."
    )
    anchors: tuple[PlayerName, ...] = Field(
        ("random", "tracker", "predictor", "aimer"),
        min_length=1,
        max_length=64,
        description="Players with fixed ratings, against whom the main agent is evaluated.",
    )
    evaluate_steps: int = Field(1_000_000, ge=1, le=10**12, description="Steps between two evaluations.")
    evaluation_pairs: int = Field(
        50, ge=1, le=10_000, description="Pairs of an evaluation against each anchor, to the game's own points."
    )
    gate_steps: int = Field(
        2_500_000,
        ge=1,
        le=10**12,
        description="Steps between two looks at the population: payoff matrix, champion gate.",
    )
    payoff_size: int = Field(
        12, ge=4, le=64, description="Players of the payoff matrix at most, if those that must be there are not more."
    )
    payoff_pairs: int = Field(10, ge=1, le=1000, description="Pairs of the payoff matrix between any two.")
    gate_elo: float = Field(
        50.0, ge=1.0, le=200.0, description="By how many nElo a new champion is to be better than the last."
    )
    gate_alpha: float = Field(0.05, gt=0.0, lt=0.5, description="Risk of a new champion that is no better.")
    gate_beta: float = Field(0.05, gt=0.0, lt=0.5, description="Risk of missing one that is better by gate_elo.")
    gate_pairs: int = Field(1000, ge=1, le=1_000_000, description="Pairs after which who is undecided is no champion.")

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        if self.courts > 128 and self.courts % 128:
            raise ValueError(f"courts is {self.courts}; up to 128 or a multiple of 128 is allowed")
        for end, start in _FALLING:
            high, low = getattr(self, start), getattr(self, end)
            if low > high:
                raise ValueError(f"{end} is {low}; at most {start}, {high}, is allowed")
        for name in ("opponents", "anchors"):
            players = getattr(self, name)
            if len(set(players)) < len(players):
                raise ValueError(f"{name} is {', '.join(players)}; each player can be there once")
        self._check_engine()
        self._check_shares()
        samples = self.rollout_steps * self.courts
        if self.minibatch_size > samples:
            raise ValueError(
                f"minibatch_size is {self.minibatch_size:,}; the {samples:,} steps of a rollout allow at most that many"
            )
        return self

    def _check_engine(self) -> None:
        if self.algorithm == "pqn" and self.engine == "torch":
            raise ValueError("engine is torch; algorithm pqn learns with the compiled engine alone, leave engine out")
        if self.device == "cuda" and (self.engine == "compiled" or self.algorithm == "pqn"):
            what = "engine compiled" if self.engine == "compiled" else "algorithm pqn"
            raise ValueError(f"device is cuda; {what} computes on the processor alone, leave device out")

    def _check_shares(self) -> None:
        total = self.self_share + self.past_share + self.hard_share + self.fixed_share
        if not 0.0 < total <= 1.0 + 1e-9:
            raise ValueError(
                f"self_share, past_share, hard_share and fixed_share are {total:g} together; more than 0, so that the opponent "
                "pool is not empty, and at most 1 is allowed"
            )
        if self.fixed_share > 0.0 and not self.opponents:
            raise ValueError(
                f"fixed_share is {self.fixed_share} and opponents is empty; name opponents, or set fixed_share to 0"
            )
        exploiters = self.main_exploiters + self.league_exploiters
        if exploiters * self.exploiter_share >= 1.0:
            raise ValueError(
                f"exploiter_share is {self.exploiter_share}; with {exploiters} exploiters less than {1 / exploiters:.3g} is "
                "allowed, so that steps are left for the main agent"
            )
        if self.start_from and self.algorithm == "pqn":
            raise ValueError(f"start_from is '{self.start_from}'; it works with algorithm ppo alone, leave it out")


_FALLING: Final = (
    ("learning_rate_end", "learning_rate"),
    ("entropy_weight_end", "entropy_weight"),
    ("epsilon_end", "epsilon_start"),
)


def _start(config: SelfPlayConfig, context: TrainContext) -> Learner:
    from ai.selfplay.learner import SelfPlayLearner  # the kernels are not needed to list trainers

    return SelfPlayLearner(config, context)


TRAINER: Final = Trainer(
    name="selfplay",
    title="Self-play (PPO)",
    description=(
        "Learns from nothing by playing itself, its own past and, if wished, players of the league: policy gradients (PPO), or "
        "values (PQN), opponents by how hard they are, exploiters that look for weaknesses, and a gate that takes a new champion "
        "only when it is better."
    ),
    version=1,
    config_class=SelfPlayConfig,
    presets={
        "quick": Preset(
            "Quick",
            "Beats the tracker within seconds; good for a first look.",
            30.0,
            {
                "steps": 4_000_000,
                "snapshot_steps": 500_000,
                "evaluate_steps": 1_000_000,
                "gate_steps": 2_000_000,
                "main_exploiters": 1,
                "exploiter_steps": 400_000,
            },
        ),
        "standard": Preset("Standard", "Beats the predictor, and its own past.", 90.0),
        "long": Preset(
            "Long",
            "In smaller steps, for longer: beats the aimer more often than not; its last selves are a match for it.",
            300.0,
            {
                "steps": 30_000_000,
                "learning_rate": 5e-4,
                "evaluate_steps": 2_000_000,
                "gate_steps": 5_000_000,
            },
        ),
        "league": Preset(
            "League",
            "Main agent, main exploiter and league exploiter, against each other and the scripted bots.",
            900.0,
            {
                "steps": 100_000_000,
                "main_exploiters": 1,
                "league_exploiters": 1,
                "opponents": ("tracker", "predictor", "aimer"),
                "past_share": 0.4,
                "fixed_share": 0.05,
                "evaluate_steps": 4_000_000,
                "gate_steps": 10_000_000,
            },
        ),
        "response": Preset(
            "Best response",
            "How well can a player be beaten? Learns against the opponents alone: name them.",
            120.0,
            {
                "steps": 15_000_000,
                "self_share": 0.0,
                "past_share": 0.0,
                "hard_share": 0.0,
                "fixed_share": 1.0,
                "opponents": ("aimer",),
                "anchors": ("aimer",),
            },
        ),
        "fast": Preset(
            "PQN",
            "Learns values instead of probabilities.",
            90.0,
            {"algorithm": "pqn", "epochs": 1, "learning_rate_end": 1e-5},
        ),
    },
    metrics=(
        MetricSpec(
            "elo", "Elo", "Elo", "Rating on the anchors' own scale, whose first player has 1,000.", is_headline=True
        ),
        MetricSpec(
            "win_rate",
            "Win rate against",
            "Win rate",
            "Share of the evaluation matches won against one anchor; a draw counts half.",
            is_family=True,
        ),
        MetricSpec("score", "Score", "Win rate", "Mean of the win rates.", is_headline=True),
        MetricSpec("reward", "Reward", "Reward", "Rewards of the left seats by the episodes that ended."),
        MetricSpec(
            "entropy", "Entropy", "Policy", "Mean entropy of the probabilities of actions.", "nats", is_headline=True
        ),
        MetricSpec("kl", "KL divergence", "Policy", "How far a round of learning has moved the policy.", "nats"),
        MetricSpec(
            "clipped", "Clipped", "Policy", "Share of samples whose probability has moved beyond the clip range."
        ),
        MetricSpec("epsilon", "Epsilon", "Policy", "Share of random actions (pqn)."),
        MetricSpec("policy_loss", "Policy loss", "Policy loss", "Mean clipped surrogate loss."),
        MetricSpec("value_loss", "Value loss", "Value loss", "Mean loss of the value."),
        MetricSpec("gradient_norm", "Gradient norm", "Gradient", "Mean norm of the gradients, before clipping."),
        MetricSpec(
            "mix",
            "Opponents",
            "Opponents' mix",
            "Share of the main agent's courts by who plays there.",
            is_family=True,
            is_part=True,
        ),
        MetricSpec(
            "training_win_rate",
            "Won in training against",
            "Training",
            "Win rate of the main agent in training, by the kind of opponent; a draw is half a win (pqn: none).",
            is_family=True,
        ),
        MetricSpec(
            "exploitability",
            "Exploitability",
            "Exploitability",
            "Score against the main agent of whom the payoff matrix says does best, on new seeds.",
        ),
        MetricSpec(
            "exploiter_win_rate",
            "Against the main agent",
            "Exploitability",
            "Win rate of each exploiter against the main agent of today, in training.",
            is_family=True,
        ),
        MetricSpec(
            "nash_support", "Nash support", "Population", "Players that the Nash mixture of the payoffs is made of."
        ),
        MetricSpec("cycles", "Cycles", "Population", "Significant circles of three in the payoffs."),
        MetricSpec("snapshots", "Snapshots", "Population", "Snapshots in the pool."),
        MetricSpec("champions", "Champions", "Population", "Champions that have passed the gate."),
        MetricSpec("gate_score", "Gate", "Champion gate", "Score of the newest candidate against the champion."),
        MetricSpec("gate_pairs", "Gate's pairs", "Length of the gate", "Pairs that the gate took to decide."),
        MetricSpec("episode_s", "Length of an episode", "Episodes", "Mean length of an episode.", "s"),
        MetricSpec("total_steps", "All steps", "Progress", "Steps of all agents since the beginning."),
        MetricSpec("steps_per_s", "Steps", "Throughput", "Steps played a second.", "steps/s", is_headline=True),
        MetricSpec("episodes_per_s", "Episodes", "Throughput", "Episodes that ended a second.", "episodes/s"),
        MetricSpec("updates_per_s", "Updates", "Throughput", "Gradient steps a second.", "updates/s"),
    ),
    start=_start,
    step_unit="iterations",
)
