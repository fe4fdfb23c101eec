"""What a training takes in memory. An estimate, a little too high."""

import psutil

from ai.dqn.columns import group_sizes
from ai.errors import TrainingError
from ai.machine import GIB, Places, memory_limit
from ai.selfplay import SelfPlayConfig
from game.spec import GameSpec

_NUMBERS_A_STEP = 6
"""Beside the observation: action and flags, reward, log probability, value, advantage, return."""

_COURT_BYTES = 4096
"""What a match in progress takes."""


def memory_bytes(config: SelfPlayConfig, game: GameSpec) -> int:
    """Return what the rollouts and the work space of all learners take."""
    learners = 1 + config.main_exploiters + config.league_exploiters
    groups, courts = group_sizes(config.courts)
    agents = learners * groups * courts * 2
    a_step = 4 * (game.n_observations + _NUMBERS_A_STEP)
    widths = 2 * sum(config.hidden) + game.n_actions + 2
    samples = learners * config.minibatch_size
    return agents * ((config.rollout_steps + 1) * a_step + 4 * widths + _COURT_BYTES) + 3 * 4 * samples * widths


def check_memory(config: SelfPlayConfig, game: GameSpec) -> None:
    """Raise ``TrainingError`` for a training that this machine has not the memory for."""
    need = memory_bytes(config, game)
    free = min(psutil.virtual_memory().available, memory_limit(Places())[1])
    if need > free:
        raise TrainingError(
            f"courts {config.courts:,} with rollout_steps {config.rollout_steps:,} take {need / GIB:.1f} GiB of memory, and "
            f"{free / GIB:.1f} GiB are free: choose fewer of them, or smaller hidden layers"
        )
