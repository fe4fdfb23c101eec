"""Q(lambda) on rollouts of self-play: the learner of the trainer ``dqn``'s fast variant, on these courts.

Source and deviations: ``ai.dqn.learning``. Exploration is by random actions; opponents are played greedily by all.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ai.dense import kernels as dense
from ai.dqn import DqnConfig, schedules
from ai.dqn import kernels as dqn_kernels
from ai.dqn.columns import new_columns
from ai.dqn.compiled_engine import CompiledEngine
from ai.dqn.learning import ALL, RolloutLearning
from ai.dqn.learning import LearnStats as DqnStats
from ai.dqn.making import engine_settings, network_of
from ai.errors import TrainingError
from ai.selfplay import SelfPlayConfig
from ai.selfplay.algorithm import Arrays, Courts, Floats, LearnStats
from ai.selfplay.rollout import CourtGroup, RolloutStats
from ai.trainer import Json
from game.policies.dense import DensePolicy

_SHARED = (
    "hidden", "layer_norm", "gamma", "frame_skip", "rollout_steps", "epochs", "max_grad_norm", "trace_lambda", "action_gap",
    "learning_rate", "learning_rate_end", "epsilon_start", "epsilon_end", "epsilon_share", "steps",
)  # fmt: skip
"""Fields that mean the same in both configurations."""


def dqn_config(config: SelfPlayConfig, courts: Courts) -> DqnConfig:
    """Return what these numbers are to the trainer ``dqn``."""
    samples = courts.groups * courts.agents * config.rollout_steps
    most = min(1024, config.courts * config.rollout_steps)
    return DqnConfig(
        algorithm="pqn",
        courts=config.courts,
        minibatches=min(most, max(1, samples // config.minibatch_size)),
        **{name: getattr(config, name) for name in _SHARED},
    )


class Pqn:
    """``ai.selfplay.algorithm.Algorithm`` by values of actions."""

    def __init__(self, config: SelfPlayConfig, courts: Courts, rng: np.random.Generator) -> None:
        self._courts, self._rng = courts, rng
        self._config = dqn_config(config, courts)
        self._network = network = network_of(self._config, courts.game)
        start = network.initial(rng, courts.magnitudes)
        self._engine = CompiledEngine(
            network, start, engine_settings(self._config), network.step_scales(courts.magnitudes)
        )
        steps, agents = config.rollout_steps, courts.agents
        self._columns = new_columns((courts.groups, 2 * (steps + 1), agents), network.sizes[0])
        self._learning = RolloutLearning(self._config, self._engine, self._columns, rng)
        self._sizes = np.array(network.sizes, np.int64)
        self._parameters = self._engine.parameters
        self._head = np.zeros(network.folded_size, np.float32)
        self._epsilon = 1.0
        self._work = [
            (
                np.zeros(agents * sum(network.sizes[1:]), np.float32),
                np.zeros(network.norms_size(agents), np.float32),
                np.zeros(agents, np.int32),
            )
            for _ in range(courts.groups)
        ]

    @property
    def parameters(self) -> Floats:
        """A copy of the parameters."""
        return self._parameters.copy()

    def policy(self, parameters: Floats) -> DensePolicy:
        """See ``Algorithm.policy``."""
        return self._network.policy(parameters)

    def begin(self, done: float) -> None:
        """See ``Algorithm.begin``."""
        self._epsilon = float(schedules.epsilons(self._config, (1, 1), done)[0, 0])
        dense.fold_head(self._parameters, self._sizes, int(self._network.is_dueling), self._head)

    def collect(self, group: int, courts: CourtGroup, shaping: tuple[float, float]) -> RolloutStats:
        """See ``Algorithm.collect``; a drawn episode counts as one that was not won."""
        env, agents, row = courts.env, self._courts.agents, self._learning.row()
        mine = (
            self._columns.observations[group],
            self._columns.actions[group],
            self._columns.rewards[group],
            self._columns.flags[group],
        )
        steps, rows = self._config.rollout_steps, self._columns.shape[1]
        mine[0][row] = env.observations
        won_and_played, sums = np.zeros((len(env.bank.table), 2), np.int64), np.zeros(3)
        dqn_kernels.collect(
            env.courts,
            env.bank,
            (np.float32(shaping[0]), np.float32(shaping[1])),
            (self._parameters, self._head, self._sizes),
            (np.full(agents, self._epsilon, np.float32), courts.randoms),
            mine,
            (row, steps),
            env.outcome,
            (env.work, *self._work[group]),
            (won_and_played, sums),
        )
        env.observations[:] = mine[0][(row + steps) % rows]
        by_opponent = np.insert(won_and_played, 1, 0, axis=1)
        reward_sum, episodes, ticks = sums.tolist()
        return RolloutStats(steps * agents, int(episodes), reward_sum, int(ticks), by_opponent)

    def learn(self, done: float) -> LearnStats:
        """See ``Algorithm.learn``."""
        for group in range(self._courts.groups):
            self._learning.accept(group, None)
        stats = DqnStats()
        self._learning.learn(stats, done, round(done * self._config.steps), most=ALL)
        self._parameters = self._engine.parameters
        found = stats.values()
        values = {"value_loss": found["loss"], "gradient_norm": found["gradient_norm"], "epsilon": self._epsilon}
        return LearnStats(values, stats.updates)

    def restart(self, parameters: Floats | None) -> None:
        """See ``Algorithm.restart``."""
        network = self._network
        if parameters is None:
            parameters = network.initial(self._rng, self._courts.magnitudes)
        zeros = np.zeros(network.size, np.float32)
        fresh: Arrays = {
            "parameters": parameters,
            "target": parameters,
            "moment_1": zeros,
            "moment_2": zeros,
            "updates": np.zeros(1, np.int64),
        }
        self._engine.restore(fresh)
        self._parameters = self._engine.parameters

    def state(self) -> tuple[dict[str, NDArray[np.generic]], dict[str, Json]]:
        """See ``Algorithm.state``."""
        columns, numbers = self._learning.state()
        return {**self._engine.state(), **{f"columns-{name}": array for name, array in columns.items()}}, numbers

    def restore(self, arrays: Arrays, numbers: Mapping[str, Json]) -> None:
        """See ``Algorithm.restore``."""
        self._engine.restore(arrays)
        columns = {
            name.removeprefix("columns-"): array for name, array in arrays.items() if name.startswith("columns-")
        }
        try:
            for name, target in self._columns._asdict().items():
                if columns[name].shape != target.shape:
                    raise ValueError(f"{name} are {columns[name].shape}, not {target.shape}")
            self._learning.restore(columns, numbers)
        except (KeyError, ValueError) as error:
            raise TrainingError(f"the checkpoint does not fit this configuration ({error}): start a new run") from error
        self._parameters = self._engine.parameters

    def close(self) -> None:
        """See ``Algorithm.close``."""
        self._engine.close()
