"""stable-baselines3's DQN and PPO as they are installed, on our environment.

Their own defaults, but for: two hidden layers of ReLU as the task has them (PPO's default is tanh), and what stands below.
"""

from collections.abc import Mapping
from typing import Any, Final

from stable_baselines3 import DQN, PPO
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.vec_env import DummyVecEnv
from torch import nn

from benchmarks.outside.single_file_dqn import policy_of
from benchmarks.outside.watch import MakeEnv, Peer, Task, Watch
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
