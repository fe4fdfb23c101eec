"""Value learning: deep Q-networks (DQN) and Q(lambda) on rollouts (PQN), on thousands of courts at once."""

from collections.abc import Callable, Mapping
from typing import Annotated, ClassVar, Final, Literal, Self

from pydantic import Field, model_validator

from ai.advice import Advice, Wish
from ai.trainer import Learner, MetricSpec, Preset, TrainContext, Trainer, TrainerConfig

MAX_TRANSITIONS: Final = 50_000_000

Width = Annotated[int, Field(ge=2, le=1024)]
PlayerName = Annotated[str, Field(min_length=1, max_length=128)]


class DqnConfig(TrainerConfig):
    """The numbers of value learning. "Step" is one decision of one agent."""

    sections: ClassVar[Mapping[str, str]] = {
        "algorithm": "Method and machine",
        "steps": "Length",
        "courts": "Matches",
        "hidden": "Network",
        "n_step": "Learning",
        "batch_size": "Replay (dqn)",
        "target_every": "Target network (dqn)",
        "huber_delta": "Loss",
        "exploration": "Exploration",
        "rollout_steps": "Rollouts",
        "trace_lambda": "Traces (pqn)",
        "hit_reward": "Reward",
        "opponents": "Opponents and evaluation",
        "checkpoint_buffer": "Checkpoints",
    }
    """Headings of a form, each above the field it names."""

    algorithm: Literal["dqn", "pqn"] = Field(
        "dqn", description="dqn learns from a replay buffer, pqn from whole rollouts at once (faster a step)."
    )
    mode: Literal["auto", "single", "parallel", "ultra"] = Field(
        "auto",
        description="single: one process. parallel: actor processes, same result as single. ultra: actors that wait for nobody. "
        "auto: measured.",
    )
    engine: Literal["auto", "compiled", "torch"] = Field(
        "auto", description="What computes gradients: kernels of our own on one core, or torch. auto: measured."
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        "auto", description="Where torch computes. auto: a GPU if it is faster."
    )
    precision: Literal["float32", "bfloat16"] = Field(
        "float32", description="Numbers in products of the engine torch; weights and optimiser are float32 always."
    )
    steps: int = Field(3_000_000, ge=1, le=10**12, description="Steps of all agents together to train for.")
    episodes: int = Field(0, ge=0, le=10**12, description="Episodes after which to end instead; 0 to go by steps.")
    courts: int = Field(
        256, ge=1, le=65_536, description="Matches played at the same time: up to 128, or a multiple of it."
    )
    frame_skip: int = Field(8, ge=1, le=16, description="Ticks for which a decision is held in training.")
    episode_points: int = Field(1, ge=1, le=21, description="Points that end an episode.")
    hidden: tuple[Width, ...] = Field(
        (64, 64), min_length=1, max_length=4, description="Width of each hidden layer of the network."
    )
    dueling: bool = Field(True, description="Learn state value and advantages apart.")
    layer_norm: bool = Field(True, description="Normalise the sums of each hidden layer.")
    double: bool = Field(
        True, description="Choose the next action by the online network, judge it by the target network (dqn)."
    )
    n_step: int = Field(6, ge=1, le=64, description="Rewards that a transition sums up (dqn).")
    gamma: float = Field(0.99, gt=0.0, le=1.0, description="Discount of a tick.")
    learning_rate: float = Field(2e-3, gt=0.0, le=1.0, description="Step size of Adam at the beginning.")
    learning_rate_end: float = Field(2e-5, ge=0.0, le=1.0, description="Step size at the end; linear in between.")
    batch_size: int = Field(512, ge=1, le=1_048_576, description="Transitions of a part of an update (dqn).")
    gradient_accumulation: int = Field(
        1,
        ge=1,
        le=256,
        description="Parts of an update whose gradients are summed: the batch is that many times as large (dqn).",
    )
    buffer_size: int = Field(
        262_144, ge=1, le=MAX_TRANSITIONS, description="Transitions that the replay buffer keeps (dqn)."
    )
    replay: Literal["uniform", "prioritised"] = Field(
        "uniform", description="Draw all transitions alike, or those with a large error more often (dqn)."
    )
    priority_exponent: float = Field(
        0.6, ge=0.0, le=1.0, description="Weight of the error in prioritised replay (alpha)."
    )
    priority_correction: float = Field(
        0.4, ge=0.0, le=1.0, description="Correction for it at the beginning (beta); it grows to 1."
    )
    learning_starts: int = Field(
        8_000, ge=0, le=MAX_TRANSITIONS, description="Steps played before the first update (dqn)."
    )
    steps_per_update: int = Field(256, ge=1, le=1_000_000, description="Steps played for each update (dqn).")
    target_every: int = Field(
        100, ge=1, le=1_000_000, description="Updates between two moves of the target network (dqn)."
    )
    target_tau: float = Field(1.0, gt=0.0, le=1.0, description="Share of the way that the target network moves.")
    huber_delta: float = Field(1.0, gt=0.0, le=1000.0, description="Error up to which the loss is quadratic.")
    max_grad_norm: float = Field(10.0, gt=0.0, le=1e6, description="Longer gradients are clipped to this norm.")
    exploration: Literal["ladder", "linear"] = Field(
        "linear",
        description="ladder: each court keeps an epsilon of its own. linear: all go from epsilon_start to epsilon_end.",
    )
    epsilon_start: float = Field(1.0, ge=0.0, le=1.0, description="Share of random actions at the beginning (linear).")
    epsilon_end: float = Field(0.02, ge=0.0, le=1.0, description="Share of random actions in the end (linear).")
    epsilon_share: float = Field(
        0.04, gt=0.0, le=1.0, description="Share of the training in which epsilon falls (linear)."
    )
    rollout_steps: int = Field(8, ge=1, le=1024, description="Steps of every court between two looks at the network.")
    trace_lambda: float = Field(0.95, ge=0.0, le=1.0, description="Weight of longer returns (pqn).")
    action_gap: float = Field(
        0.0,
        ge=0.0,
        lt=1.0,
        description="Advantage learning: how much actions that are not the best are pushed down (pqn).",
    )
    epochs: int = Field(2, ge=1, le=64, description="Times that a rollout is learned from (pqn).")
    minibatches: int = Field(32, ge=1, le=1024, description="Updates of an epoch (pqn).")
    hit_reward: float = Field(0.5, ge=0.0, le=10.0, description="Reward of a contact; a point is 1.")
    miss_penalty: float = Field(0.0, ge=0.0, le=10.0, description="Penalty for each reach by which a ball is missed.")
    shaping_end: float = Field(
        1.0, ge=0.0, le=1.0, description="Share of these two that is left at the end; linear in between."
    )
    opponents: tuple[PlayerName, ...] = Field(
        ("tracker", "predictor"),
        min_length=1,
        max_length=64,
        description="Players of the league to train against, by name or hash; courts are shared out evenly.",
    )
    past_share: float = Field(
        0.0, ge=0.0, le=1.0, description="Share of the courts on which a past self is the opponent."
    )
    snapshot_steps: int = Field(
        1_000_000,
        ge=1,
        le=10**12,
        description="Steps between two past selves that are kept, where past_share is not 0.",
    )
    ladder: tuple[PlayerName, ...] = Field(
        ("random", "tracker", "predictor", "aimer"),
        min_length=1,
        max_length=64,
        description="Players against whom the network is evaluated.",
    )
    evaluate_steps: int = Field(500_000, ge=1, le=10**12, description="Steps between two evaluations.")
    evaluation_pairs: int = Field(
        30, ge=1, le=10_000, description="Pairs of an evaluation against each player, to the game's own points."
    )
    report_steps: int = Field(131_072, ge=1, le=10**9, description="Steps of a report: an iteration.")
    checkpoint_buffer: bool = Field(
        True,
        description="Keep the replay buffer in checkpoints (dqn): without it a resumed run fills it anew, and differs.",
    )

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        if self.courts > 128 and self.courts % 128:
            raise ValueError(f"courts is {self.courts}; up to 128 or a multiple of 128 is allowed")
        if self.learning_rate_end > self.learning_rate:
            raise ValueError(
                f"learning_rate_end is {self.learning_rate_end}; at most learning_rate, {self.learning_rate}, is allowed"
            )
        if self.epsilon_end > self.epsilon_start:
            raise ValueError(
                f"epsilon_end is {self.epsilon_end}; at most epsilon_start, {self.epsilon_start}, is allowed"
            )
        for name in ("opponents", "ladder"):
            players = getattr(self, name)
            if len(set(players)) < len(players):
                raise ValueError(f"{name} is {', '.join(players)}; each player can be there once")
        self._check_buffer() if self.algorithm == "dqn" else self._check_rollout()
        return self

    def _check_buffer(self) -> None:
        batch = self.batch_size * self.gradient_accumulation
        if batch > self.buffer_size:
            raise ValueError(
                f"batch_size is {self.batch_size:,}, in {self.gradient_accumulation} parts {batch:,} transitions; buffer_size "
                f"allows at most {self.buffer_size:,}"
            )
        least = self.courts * (2 * self.rollout_steps + self.n_step + 2)
        if self.buffer_size < least:
            raise ValueError(
                f"buffer_size is {self.buffer_size:,}; with {self.courts} courts, rollout_steps {self.rollout_steps} and n_step "
                f"{self.n_step} at least {least:,} is needed"
            )
        if self.learning_starts > self.buffer_size:
            raise ValueError(
                f"learning_starts is {self.learning_starts:,}; at most buffer_size, {self.buffer_size:,}, is allowed"
            )

    def _check_rollout(self) -> None:
        rollout = self.courts * self.rollout_steps
        if self.minibatches > rollout:
            raise ValueError(
                f"minibatches is {self.minibatches}; a rollout of {rollout:,} steps allows at most that many"
            )


def _start(config: DqnConfig, context: TrainContext) -> Learner:
    from ai.dqn.learner import DqnLearner  # the kernels are not needed to list trainers

    return DqnLearner(config, context)


def _advise(wish: Wish, say: Callable[[str], None]) -> Advice:
    from ai.dqn.launcher import advise  # the kernels are not needed to list trainers

    return advise(wish, say)


_ROLLOUTS: Final[Mapping[str, object]] = {
    "algorithm": "pqn",
    "courts": 512,
    "rollout_steps": 32,
    "learning_rate": 1e-3,
    "learning_rate_end": 1e-5,
    "action_gap": 0.5,
    "epsilon_share": 0.01,
    "epochs": 1,
    "evaluate_steps": 1_000_000,
    "report_steps": 262_144,
}
"""What the fast variant learns best with."""

_REPLAY: Final[Mapping[str, object]] = {
    "courts": 512,
    "buffer_size": 524_288,
    "replay": "prioritised",
    "epsilon_share": 0.02,
}
"""What a longer training with a replay buffer learns best with."""

TRAINER: Final = Trainer(
    name="dqn",
    title="Q-learning (DQN)",
    description=(
        "Learns what each action is worth, from millions of steps on hundreds of courts: double and dueling networks, n-step "
        "returns and a replay buffer, or lambda returns without one. Beats the tracker within seconds."
    ),
    version=1,
    config_class=DqnConfig,
    presets={
        "quick": Preset("Quick", "DQN: beats the tracker within seconds; good for a first look.", 15.0),
        "standard": Preset(
            "Standard", "DQN with prioritised replay: beats the predictor.", 80.0, {**_REPLAY, "steps": 12_000_000}
        ),
        "fast": Preset("Fast", "PQN: the most steps a second.", 150.0, {**_ROLLOUTS, "steps": 50_000_000}),
        "thorough": Preset(
            "Thorough",
            "DQN against tracker, predictor, aimer, and its own past.",
            1800.0,
            {
                **_REPLAY,
                "steps": 150_000_000,
                "opponents": ("tracker", "predictor", "aimer"),
                "past_share": 0.25,
                "snapshot_steps": 5_000_000,
                "evaluate_steps": 2_000_000,
            },
        ),
    },
    metrics=(
        MetricSpec("reward", "Reward", "Reward", "Rewards of this iteration by the episodes that ended in it."),
        MetricSpec(
            "win_rate",
            "Win rate against",
            "Win rate",
            "Share of the evaluation matches won against one player of the ladder; a draw counts half.",
            is_family=True,
        ),
        MetricSpec("score", "Score", "Win rate", "Mean of the win rates.", is_headline=True),
        MetricSpec(
            "training_win_rate",
            "Won in training against",
            "Training",
            "Share of training episodes won.",
            is_family=True,
        ),
        MetricSpec(
            "elo", "Elo", "Elo", "Rating on the ladder's own scale, whose first player has 1,000.", is_headline=True
        ),
        MetricSpec("loss", "Loss", "Loss", "Mean Huber loss of the iteration's updates.", is_headline=True),
        MetricSpec("mean_q", "Mean value", "Values", "Mean value of the actions that were learned from."),
        MetricSpec("gradient_norm", "Gradient norm", "Loss", "Mean norm of the gradients, before clipping."),
        MetricSpec("coverage", "Coverage", "Exploration", "Share of the cells of ball and paddle states ever visited."),
        MetricSpec("epsilon", "Epsilon", "Exploration", "Mean share of random actions."),
        MetricSpec("episode_s", "Length of an episode", "Episodes", "Mean length of an episode.", "s"),
        MetricSpec("total_steps", "All steps", "Progress", "Steps of all agents since the beginning."),
        MetricSpec("buffer", "Replay buffer", "Progress", "Transitions in the replay buffer."),
        MetricSpec("replay_ratio", "Replay ratio", "Actors and learner", "Samples learned from, a step played."),
        MetricSpec(
            "lag", "Lag", "Actors and learner", "Updates between an actor's network and the learner's, on average."
        ),
        MetricSpec("restarts", "Restarted actors", "Actors and learner", "Actor processes that died in this session."),
        MetricSpec(
            "dropped", "Dropped chunks", "Actors and learner", "Rounds that found no room in this session (ultra)."
        ),
        MetricSpec("steps_per_s", "Steps", "Throughput", "Steps played a second.", "steps/s", is_headline=True),
        MetricSpec("episodes_per_s", "Episodes", "Throughput", "Episodes that ended a second.", "episodes/s"),
        MetricSpec("updates_per_s", "Updates", "Throughput", "Gradient steps a second.", "updates/s"),
    ),
    start=_start,
    step_unit="iterations",
    advise=_advise,
)
