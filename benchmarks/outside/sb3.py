"""stable-baselines3's DQN and PPO as they are installed, on our environment.

Their own defaults, but for: two hidden layers of ReLU as the task has them (PPO's default is tanh), and what stands below.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

import gymnasium
import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3 import DQN, PPO
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.vec_env import DummyVecEnv, VecEnv
from torch import nn

from benchmarks.outside.single_file_dqn import policy_of
from benchmarks.outside.watch import Env, MakeEnv, Peer, Task, Watch
from game.env import VectorMatchEnv
from game.policies.dense import DensePolicy

_ENDLESS: Final = 10**9
"""Steps of a training that the watch ends."""

_EPSILON_STEPS: Final = 50_000
"""In which epsilon falls: half of a budget of 100,000 steps, as for the single-file DQN."""

_PPO_ENVS: Final = 8
"""PPO plays on several environments at once, which takes it a third less time a step; together they play its own 2,048 steps."""

_ROLLOUT: Final = 2_048

Changes = Mapping[str, Any]  # of arguments of two classes


def train_dqn(make: MakeEnv, task: Task, seed: int, watch: Watch, changes: Changes | None = None) -> None:
    """Train DQN until ``watch`` ends it; see ``benchmarks.outside.watch.Train``."""
    own = {"exploration_fraction": _EPSILON_STEPS / _ENDLESS, **(changes or {})}
    _learn(DQN("MlpPolicy", make(), policy_kwargs=_network(task), seed=seed, device="cpu", **own), watch)


def train_ppo(make: MakeEnv, task: Task, seed: int, watch: Watch, changes: Changes | None = None) -> None:
    """Train PPO until ``watch`` ends it; see ``benchmarks.outside.watch.Train``."""
    own = {"n_steps": _ROLLOUT // _PPO_ENVS, **(changes or {})}
    envs = DummyVecEnv([make] * _PPO_ENVS)
    _learn(PPO("MlpPolicy", envs, policy_kwargs=_network(task), seed=seed, device="cpu", **own), watch)


def _learn(model: BaseAlgorithm, watch: Watch) -> None:
    def goes_on(_: dict[str, Any], __: dict[str, Any]) -> bool:
        return not watch.is_over(lambda: _policy(model), model.num_timesteps)

    watch.start()
    model.learn(_ENDLESS, callback=goes_on)


def _network(task: Task) -> dict[str, Any]:
    return {"net_arch": list(task.hidden), "activation_fn": nn.ReLU}


def _policy(model: BaseAlgorithm) -> DensePolicy:
    """Return the greedy player: of the values, or of the probabilities of actions."""
    if isinstance(model, DQN):
        return policy_of(model.q_net)
    policy = model.policy
    assert isinstance(policy, ActorCriticPolicy)
    return policy_of(nn.ModuleList([policy.mlp_extractor.policy_net, policy.action_net]))


SB3_DQN: Final = Peer("stable-baselines3 DQN", train_dqn, 20.0)
SB3_PPO: Final = Peer("stable-baselines3 PPO", train_ppo, 20.0)


# How fast it is


class Trunk(nn.Module):
    """Hidden layers for actor and critic together: each sum normalised, without gain and bias, then ReLU."""

    def __init__(self, space: gymnasium.spaces.Box, hidden: Sequence[int]) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inputs = space.shape[0]
        for width in hidden:
            layers += [nn.Linear(inputs, width), nn.LayerNorm(width, elementwise_affine=False), nn.ReLU()]
            inputs = width
        self.features_dim = inputs
        self._layers = nn.Sequential(*layers)

    def forward(self, observations: torch.Tensor) -> torch.Tensor:
        """Return what the heads see, [samples, features_dim]."""
        features: torch.Tensor = self._layers(observations)
        return features


class LockstepEnv(VecEnv):  # type: ignore[misc]  # its class is not there for the type check
    """Our vectorised environment as stable-baselines3 takes one: what it is told of a step is made where an episode has ended."""

    def __init__(self, env: VectorMatchEnv) -> None:
        self._env = env
        super().__init__(env.num_envs, env.single_observation_space, env.single_action_space)
        self._nothing: list[dict[str, Any]] = [{} for _ in range(env.num_envs)]

    def reset(self) -> NDArray[np.float32]:
        """Start a match on every court."""
        return self._env.reset(seed=self._seeds[0])[0]

    def step_async(self, actions: NDArray[np.int64]) -> None:
        """Take the actions of the next step."""
        self._actions = actions

    def step_wait(self) -> tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.bool_], list[dict[str, Any]]]:
        """Play the step."""
        observations, rewards, terminated, truncated, told = self._env.step(self._actions)
        is_over = terminated | truncated
        infos = self._nothing.copy()
        for court in np.flatnonzero(is_over).tolist():
            final = {"terminal_observation": told["final_obs"][court]}
            infos[court] = {**final, "TimeLimit.truncated": bool(truncated[court])}
        return observations, rewards, is_over, infos

    def close(self) -> None:
        """Free nothing: there is nothing held."""

    def get_attr(self, attr_name: str, indices: object = None) -> list[None]:  # noqa: ARG002  # its signature
        """Return None for every court: there is nothing to ask for."""
        return [None] * self._env.num_envs

    def set_attr(self, attr_name: str, value: object, indices: object = None) -> None:
        """Refuse: nothing here asks for it."""
        raise NotImplementedError(attr_name)

    def env_method(self, method_name: str, *arguments: object, indices: object = None, **options: object) -> list[Any]:
        """Refuse: nothing here asks for it."""
        raise NotImplementedError(method_name)

    def env_is_wrapped(self, wrapper_class: object, indices: object = None) -> list[bool]:  # noqa: ARG002  # as above
        """Return False for every court."""
        return [False] * self._env.num_envs


def ppo_steps_per_s(env: Env | VecEnv, hidden: Sequence[int], seconds: float, changes: Changes | None = None) -> float:
    """Return the steps a second of PPO, playing and learning, with one trunk for both heads; of whole iterations alone.

    The first one, in which torch makes itself at home, does not count; then some are measured, for ``seconds`` at least.
    """
    kwargs = {"features_extractor_class": Trunk, "features_extractor_kwargs": {"hidden": hidden}, "net_arch": []}
    model = PPO("MlpPolicy", env, policy_kwargs=kwargs, seed=1, device="cpu", **(changes or {}))
    marks: list[tuple[float, int]] = []

    def goes_on(_: dict[str, Any], __: dict[str, Any]) -> bool:
        begins = model.num_timesteps % (model.n_steps * model.n_envs) == model.n_envs % (model.n_steps * model.n_envs)
        if begins:
            marks.append((time.perf_counter(), model.num_timesteps))
        return len(marks) < 3 or not begins or marks[-1][0] - marks[1][0] < seconds

    model.learn(_ENDLESS, callback=goes_on)
    (begin, first), (end, last) = marks[1], marks[-1]
    return float((last - first) / (end - begin))
