"""Proximal policy optimisation on self-play.

Source: J. Schulman et al.: "Proximal Policy Optimization Algorithms", 2017; the details that matter, by their numbers in S. Huang
et al.: "The 37 Implementation Details of Proximal Policy Optimization", ICLR blog track 2022: vectorised courts (1), orthogonal
first weights (2), Adam's epsilon (3), a falling step size (4), generalised advantage estimation (5), minibatches without
replacement (6), advantages normalised by minibatch (7), clipped surrogate (8), entropy bonus (10), gradients clipped to a norm
(11). Both seats of a court can be learners; their rewards sum to zero but for shaping. Deviations:

- The loss of the value is not clipped: M. Andrychowicz et al. ("What Matters In On-Policy Reinforcement Learning?", 2021, 3.2)
  find that it hurts.
- Actor and critic share all layers but the last, which are normalised (``ai.selfplay.network``).
- It learns as if from observations scaled to a root mean square of 1 (``ActorCritic.step_scales``).
- The entropy bonus falls with the step size.
- The value of the state behind a truncated step is that of the state before it.
"""

from collections.abc import Mapping
from concurrent.futures import Executor
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ai.errors import TrainingError
from ai.selfplay import SelfPlayConfig, kernels
from ai.selfplay.algorithm import Arrays, Courts, LearnStats, check_finite, learning_rate, linear
from ai.selfplay.compiled_engine import CompiledEngine
from ai.selfplay.engine import LossSettings, Minibatch, PolicyEngine, UpdateStats
from ai.selfplay.network import ActorCritic, Parameters
from ai.selfplay.rollout import CourtGroup, RolloutStats
from ai.trainer import Json, rng_state, set_rng_state
from game.policies.bank import Policy
from game.policies.dense import DensePolicy

_NAMES: Final = ("policy_loss", "value_loss", "entropy", "kl", "clipped", "gradient_norm")
"""What the numbers of ``UpdateStats`` are called as metrics."""


def network_of(config: SelfPlayConfig, courts: Courts) -> ActorCritic:
    """Return the network that is to be trained."""
    game = courts.game
    return ActorCritic(game.n_observations, config.hidden, game.n_actions, config.layer_norm)


class Ppo:
    """``ai.selfplay.algorithm.Algorithm`` by policy gradients."""

    def __init__(self, config: SelfPlayConfig, courts: Courts, rng: np.random.Generator, pool: Executor) -> None:
        self._config, self._courts, self._rng = config, courts, rng
        self._network = network = network_of(config, courts)
        self._sizes = np.array(network.sizes, np.int64)
        self._scales = network.step_scales(courts.magnitudes)
        self._engine = _engine(config, network, network.initial(rng, courts.magnitudes), self._scales, pool)
        self._parameters = self._engine.parameters
        self._value_steps = 0
        agents, steps, shape = (
            courts.agents,
            config.rollout_steps,
            (courts.groups, config.rollout_steps + 1, courts.agents),
        )
        self._samples = Minibatch(
            np.zeros((*shape, network.observations), np.float32),
            np.zeros(shape, np.uint8),
            np.zeros(shape, np.float32),
            np.zeros(shape, np.float32),
            np.zeros(shape, np.float32),
        )
        self._rewards = np.zeros((courts.groups, steps, agents), np.float32)
        self._flags = np.zeros((courts.groups, steps, agents), np.uint8)
        self._values = np.zeros(shape, np.float32)
        samples = self._samples
        self._flat = Minibatch(
            samples.observations.reshape(-1, network.observations),
            samples.actions.reshape(-1),
            samples.log_probabilities.reshape(-1),
            samples.advantages.reshape(-1),
            samples.returns.reshape(-1),
        )
        self._work = [
            (
                np.zeros(agents * sum(network.sizes[1:]), np.float32),
                np.zeros(network.norms_size(agents), np.float32),
                np.zeros(agents, np.int32),
                np.zeros(network.actions, np.float32),
            )
            for _ in range(courts.groups)
        ]
        inner = np.arange(steps * agents)  # the row behind the last step is nobody's sample
        self._places = (np.arange(courts.groups)[:, None] * shape[1] * agents + inner).ravel()

    @property
    def parameters(self) -> Parameters:
        """A copy of the parameters."""
        return self._parameters.copy()

    def policy(self, parameters: Parameters) -> DensePolicy:
        """See ``Algorithm.policy``."""
        return self._network.policy(parameters)

    def begin(self, done: float) -> None:
        """See ``Algorithm.begin``: the policy explores by itself."""

    def collect(self, group: int, courts: CourtGroup, shaping: tuple[float, float]) -> RolloutStats:
        """See ``Algorithm.collect``."""
        config, env = self._config, courts.env
        seen, taken, log_probabilities, found, returns = (array[group] for array in self._samples)
        steps, rewards, flags, values = (
            config.rollout_steps,
            self._rewards[group],
            self._flags[group],
            self._values[group],
        )
        seen[0] = env.observations
        by_opponent, sums = np.zeros((len(env.bank.table), 3), np.int64), np.zeros(3)
        kernels.collect(
            env.courts,
            env.bank,
            (np.float32(shaping[0]), np.float32(shaping[1])),
            (self._parameters, self._network.head(self._parameters), self._sizes),
            courts.randoms,
            (seen, taken[:steps], rewards, flags, log_probabilities[:steps], values),
            env.outcome,
            (env.work, *self._work[group]),
            (by_opponent, sums),
        )
        env.observations[:] = seen[steps]
        rates = (np.float32(config.gamma**config.frame_skip), np.float32(config.trace_lambda))
        kernels.advantages(rewards, flags, values, rates, found[:steps], returns[:steps])
        reward_sum, episodes, ticks = sums.tolist()
        return RolloutStats(steps * self._courts.agents, int(episodes), reward_sum, int(ticks), by_opponent)

    def learn(self, done: float) -> LearnStats:
        """See ``Algorithm.learn``."""
        config, size = self._config, self._config.minibatch_size
        rate, entropy = learning_rate(config, done), linear(config.entropy_weight, config.entropy_weight_end, done)
        made: list[UpdateStats] = []
        self._learn_value_only()
        for _ in range(config.epochs):
            order = self._places[self._rng.permutation(len(self._places))]
            some = len(made)
            for part in range(len(order) // size):
                made.append(self._engine.update_rows(self._flat, order[part * size : (part + 1) * size], rate, entropy))
                check_finite(
                    policy_loss=made[-1].policy_loss, value_loss=made[-1].value_loss, gradient=made[-1].grad_norm
                )
            if 0.0 < config.target_kl < np.mean([stats.kl for stats in made[some:]]):
                break
        self._parameters = self._engine.parameters
        means = np.mean(made, axis=0).tolist()
        return LearnStats(dict(zip(_NAMES, means, strict=True)), len(made))

    def restart(self, parameters: Parameters | None) -> None:
        """See ``Algorithm.restart``."""
        network = self._network
        if parameters is None:
            parameters = network.initial(self._rng, self._courts.magnitudes)
        zeros = np.zeros(network.size, np.float32)
        self._engine.restore(
            {"parameters": parameters, "moment_1": zeros, "moment_2": zeros, "updates": np.zeros(1, np.int64)}
        )
        self._parameters = self._engine.parameters

    def begin_with(self, policy: Policy, name: str) -> None:
        """Begin with the network of the player ``name``; as it has no value, only that is learned for ``value_steps`` steps.

        Raises
        ------
        TrainingError
            If it is another network.
        """
        self.restart(_parameters_of(policy, self._network, name))
        self._value_steps = self._config.value_steps

    def _learn_value_only(self) -> None:
        """Count the steps in which the policy stays as it is: there, only the parameters of the value take steps."""
        network = self._network
        scales = self._scales
        if self._value_steps > 0:
            scales = np.zeros_like(scales)
            width, head = network.sizes[-2], network.head(scales)
            head[network.actions * width : (network.actions + 1) * width] = 1.0
            head[-1] = 1.0
        self._engine.set_scales(scales)
        self._value_steps = max(0, self._value_steps - len(self._places))

    def state(self) -> tuple[dict[str, NDArray[np.generic]], dict[str, Json]]:
        """See ``Algorithm.state``."""
        return self._engine.state(), {"rng": rng_state(self._rng), "value_steps": self._value_steps}

    def restore(self, arrays: Arrays, numbers: Mapping[str, Json]) -> None:
        """See ``Algorithm.restore``."""
        self._engine.restore(arrays)
        self._parameters = self._engine.parameters
        set_rng_state(self._rng, numbers.get("rng"))
        self._value_steps = int(str(numbers.get("value_steps", 0)))

    def close(self) -> None:
        """See ``Algorithm.close``."""
        self._engine.close()


def _engine(
    config: SelfPlayConfig, network: ActorCritic, parameters: Parameters, scales: Parameters, pool: Executor
) -> PolicyEngine:
    """Return the engine of ``config``."""
    settings = LossSettings(
        clip_range=config.clip_range,
        value_weight=config.value_weight,
        max_grad_norm=config.max_grad_norm,
        is_normalising=config.normalise_advantages,
    )
    if config.engine == "torch" or config.device == "cuda":
        from ai.selfplay.torch_engine import TorchEngine  # torch takes more than a second

        device = "cuda" if config.device == "cuda" else "cpu"
        return TorchEngine(network, parameters, settings, scales=scales, device=device)
    return CompiledEngine(network, parameters, settings, scales=scales, pool=pool)


def _parameters_of(policy: Policy, network: ActorCritic, name: str) -> Parameters:
    """Return parameters with which ``network`` plays as ``policy``, its value at 0."""
    wanted = network.policy(np.zeros(network.size, np.float32))
    if not isinstance(policy, DensePolicy) or (
        [weight.shape for weight in policy.weights] != [weight.shape for weight in wanted.weights]
        or (policy.activation, policy.is_normalised) != (wanted.activation, wanted.is_normalised)
    ):
        raise TrainingError(
            f"player '{name}' is no network of layers {', '.join(map(str, network.sizes[:-1]))} and {network.actions} actions "
            f"with{'' if network.is_normalised else 'out'} layer normalisation: start from a self-play player, or set hidden and "
            "layer_norm to its own"
        )
    parts = [part.ravel() for layer in zip(policy.weights, policy.biases, strict=True) for part in layer]
    zeros = np.zeros(network.sizes[-2], np.float32)
    return np.concatenate([*parts[:-1], zeros, parts[-1], np.zeros(1, np.float32)]).astype(np.float32)
