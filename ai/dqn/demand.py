"""What a training takes of a machine: memory, shared memory, file handles, memory of a GPU. Estimates, a little too high."""

from typing import Final

from ai.dqn import DqnConfig
from ai.dqn.collectors.base import ProcessSettings
from ai.dqn.columns import group_sizes
from ai.dqn.making import network_of
from ai.machine import MIB
from game.spec import GameSpec

WORKER_BYTES: Final = 320 * MIB
"""An actor process and one that plays evaluation matches: Python, numpy and the kernels take 80 to 160 MiB each."""

TORCH_BYTES: Final = 600 * MIB
"""What a process takes more once torch works in it."""

CUDA_BYTES: Final = 900 * MIB
"""What CUDA's context, its libraries and captured graphs take of a GPU before the first batch."""

HANDLES_PER_WORKER: Final = 8
HANDLES_KEPT: Final = 24
"""For the store, checkpoints, logs and whatever else opens a file."""

_RING_ROUNDS: Final = ProcessSettings.slots
"""Rounds of every group that lie between actors and learner where nobody waits."""

_CHECKPOINT_COPIES: Final = 2
"""Of the replay buffer while a checkpoint is written: what is to be kept, and the file in memory."""

_ACTIVATIONS: Final = 6
"""How often an update holds what all layers give: three passes forwards, and what goes back."""


def groups_of(config: DqnConfig) -> int:
    """Return how many groups of courts there are: more actors than that have nothing to do."""
    return group_sizes(config.courts)[0]


def step_bytes(game: GameSpec) -> int:
    """Return what one step of one agent takes in columns."""
    return 4 * game.n_observations + 4 + 1 + 1


def experience_bytes(config: DqnConfig, game: GameSpec, buffer_size: int | None = None) -> int:
    """Return what the experience takes in memory: the replay buffer with its priorities, or the rollouts."""
    if config.algorithm == "pqn":
        return 2 * config.courts * (config.rollout_steps + 1) * step_bytes(game)
    size = (config.buffer_size if buffer_size is None else buffer_size) + config.courts * config.rollout_steps
    tree = 16 << (size - 1).bit_length() if config.replay == "prioritised" else 0
    return size * step_bytes(game) + tree


def keeps_buffer(config: DqnConfig) -> bool:
    """Return whether checkpoints hold the replay buffer."""
    return config.algorithm == "dqn" and config.checkpoint_buffer


def buffer_bytes(config: DqnConfig, game: GameSpec, buffer_size: int | None = None) -> int:
    """Return what the experience takes in memory at most: with its copies, while a checkpoint is written."""
    copies = _CHECKPOINT_COPIES if keeps_buffer(config) else 0
    return (1 + copies) * experience_bytes(config, game, buffer_size)


def shared_bytes(config: DqnConfig, game: GameSpec, mode: str) -> int:
    """Return the shared memory of a mode: all columns, or the ring between actors and learner; and the parameters."""
    parameters = 8 * network_of(config, game).size
    if mode == "single":
        return 0
    if mode == "parallel":
        return experience_bytes(config, game) + parameters
    return _RING_ROUNDS * config.courts * (config.rollout_steps + 1) * step_bytes(game) + parameters


def least_buffer(config: DqnConfig) -> int:
    """Return the smallest replay buffer that the rest of the configuration allows."""
    return max(
        config.batch_size * config.gradient_accumulation,
        config.courts * (2 * config.rollout_steps + config.n_step + 2),
        config.learning_starts,
    )


def update_bytes(config: DqnConfig, game: GameSpec, batch: int) -> int:
    """Return what an update of ``batch`` samples takes where it is computed."""
    network = network_of(config, game)
    per_sample = 4 * (2 * game.n_observations + _ACTIVATIONS * sum(network.sizes[1:]) + 8)
    return batch * per_sample + 6 * 4 * network.size


def learned_at_once(config: DqnConfig) -> int:
    """Return the samples of one gradient."""
    if config.algorithm == "pqn":
        return max(1, config.courts * config.rollout_steps // config.minibatches)
    return config.batch_size * config.gradient_accumulation
