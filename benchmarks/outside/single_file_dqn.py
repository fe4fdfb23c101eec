"""A plain DQN in one file: torch, one environment, one process; its numbers are the defaults that CleanRL publishes for its own.

Written here, after the paper and CleanRL's documentation (https://docs.cleanrl.dev/rl-algorithms/dqn/), as a stand-in for
CleanRL's single-file DQN; it is not CleanRL's file. What both do: one environment, stable-baselines3's replay buffer, Adam
without clipping, the mean squared error to r + gamma * max Q_target(s'), a hard copy to the target network, an epsilon that falls
linearly, and the numbers of ``Settings``. What is not CleanRL's default:

- the hidden layers are the task's (64, 64), not 120 and 84;
- ``learning_starts`` and the steps in which epsilon falls are the same shares, 2 % and 50 %, of a budget of 100,000 steps instead
  of 500,000; after it, training goes on with the last epsilon until it is ended;
- nothing is logged, saved or filmed, and no wrapper counts statistics.

Source: V. Mnih et al.: "Human-level control through deep reinforcement learning", Nature 518, 2015.
"""

import itertools
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3.common.buffers import ReplayBuffer
from torch import nn

from benchmarks.outside.watch import Env, MakeEnv, Peer, Task, Watch, relu_policy, sizes
from game.policies.dense import DensePolicy


@dataclass(frozen=True)
class Settings:
    """The numbers of the algorithm."""

    learning_rate: float = 2.5e-4
    buffer_size: int = 10_000
    gamma: float = 0.99
    target_every: int = 500
    batch_size: int = 128
    epsilon_start: float = 1.0
    epsilon_end: float = 0.05
    epsilon_steps: int = 50_000
    learning_starts: int = 2_000
    train_every: int = 10


class _Learner:
    """Two networks, the optimiser of one of them, and the replay buffer."""

    def __init__(self, env: Env, task: Task, settings: Settings) -> None:
        self.online, self.target = _network(task), _network(task)
        self.buffer = ReplayBuffer(
            settings.buffer_size, env.observation_space, env.action_space, "cpu", handle_timeout_termination=False
        )
        self._settings = settings
        self._optimizer = torch.optim.Adam(self.online.parameters(), lr=settings.learning_rate)
        self.sync()

    def greedy(self, observation: NDArray[np.float32]) -> int:
        """Return the action of the largest value."""
        with torch.no_grad():
            return int(self.online(torch.from_numpy(observation)).argmax())

    def update(self) -> None:
        """Take one gradient step."""
        batch = self.buffer.sample(self._settings.batch_size)
        with torch.no_grad():
            best = self.target(batch.next_observations).amax(dim=1, keepdim=True)
            goal = batch.rewards + self._settings.gamma * (1.0 - batch.dones) * best
        loss = nn.functional.mse_loss(self.online(batch.observations).gather(1, batch.actions), goal)
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch's own lacks types
        self._optimizer.step()

    def sync(self) -> None:
        """Copy the network to the target network."""
        self.target.load_state_dict(self.online.state_dict())


def train(make: MakeEnv, task: Task, seed: int, watch: Watch, settings: Settings | None = None) -> None:
    """Train until ``watch`` ends it; see ``benchmarks.outside.watch.Train``."""
    env, settings = make(), settings or Settings()
    rng = np.random.default_rng(seed)
    np.random.seed(seed)  # noqa: NPY002  # stable-baselines3's buffer draws from it
    torch.manual_seed(seed)
    learner = _Learner(env, task, settings)
    n_actions = sizes(task)[-1][1]
    watch.start()
    observation, _ = env.reset(seed=seed)
    for step in itertools.count():
        is_random = rng.random() < _epsilon(settings, step)
        action = np.int64(rng.integers(n_actions) if is_random else learner.greedy(observation))
        following, reward, is_terminated, is_truncated, _ = env.step(action)
        learner.buffer.add(
            observation, following, np.array([action]), np.array([reward]), np.array([is_terminated]), [{}]
        )
        observation = env.reset()[0] if is_terminated or is_truncated else following
        if step > settings.learning_starts and step % settings.train_every == 0:
            learner.update()
        if step > settings.learning_starts and step % settings.target_every == 0:
            learner.sync()
        if watch.is_over(lambda: policy_of(learner.online), step):
            return


def _network(task: Task) -> nn.Sequential:
    layers: list[nn.Module] = []
    for inputs, outputs in sizes(task):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def _epsilon(settings: Settings, step: int) -> float:
    fallen = min(1.0, step / settings.epsilon_steps)
    return settings.epsilon_start + fallen * (settings.epsilon_end - settings.epsilon_start)


def policy_of(network: nn.Module) -> DensePolicy:
    """Return the player of the linear layers of ``network``, with ReLU between them."""
    linear = [layer for layer in network.modules() if isinstance(layer, nn.Linear)]
    return relu_policy([(layer.weight.detach().numpy(), layer.bias.detach().numpy()) for layer in linear])


SINGLE_FILE_DQN: Final = Peer("single-file DQN, CleanRL's defaults", train, 8.0)
