"""The two algorithms: deep Q-networks on a replay buffer, and Q(lambda) on rollouts.

DQN. Source: V. Mnih et al.: "Human-level control through deep reinforcement learning", Nature 518, 2015; double: H. van
Hasselt et al. 2016; dueling: Z. Wang et al. 2016; n-step: M. Hessel et al.: "Rainbow", AAAI 2018; prioritised: T. Schaul et al.
2016; many actors with an epsilon each: D. Horgan et al. 2018. Deviations:

- Adam (epsilon 1e-5) instead of RMSProp; layer normalisation; rewards are not clipped; n-step returns are not corrected for what
  was random or old in them.
- The dueling streams share all layers but the last, whose halves they are, and their gradient is not rescaled.
- A round is played with the parameters of its beginning while updates are made: up to ``rollout_steps`` steps of lag, in mode
  ``ultra`` more.
- The next state of a truncated episode is not kept: its transitions end at the state before.
- Priorities are those of the n-step error; new transitions get the highest that has occurred.

PQN. Source: M. Gallici et al.: "Simplifying Deep Temporal Difference Learning", 2024. Deviations: Adam instead of RAdam; the loss
is Huber's; layer normalisation without gain and bias; lambda returns are computed once for all epochs of a rollout, whose actions
were chosen by the network of one round before; and the targets of actions that are not the best are pushed down, by the share
``action_gap`` of what they are worse (M. G. Bellemare et al.: "Increasing the Action Gap", AAAI 2016, equation 10, with the
advantage of the online network): an action that is held for a few ticks changes little, its advantage would drown in noise.

Both learn as if from observations scaled to a root mean square of 1 (``Network.step_scales``), from rewards that may be shaped,
with a step size that falls.
"""

import math
from collections.abc import Mapping
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from ai.dqn import DqnConfig, sampling, schedules
from ai.dqn.collectors.base import Chunk
from ai.dqn.columns import TRUNCATED, Columns
from ai.dqn.engine import Engine, UpdateStats
from ai.dqn.replay import Replay
from ai.errors import RunFailedError
from ai.trainer import Json, rng_state, set_rng_state


class LearnStats:
    """Sums over updates."""

    def __init__(self) -> None:
        self.updates = 0
        self.samples = 0
        self._sums = np.zeros(3)

    def add(self, stats: UpdateStats, samples: int, steps: int) -> None:
        """Take an update in; ``RunFailedError`` if its loss is no number."""
        if not (math.isfinite(stats.loss) and math.isfinite(stats.grad_norm)):
            raise RunFailedError(
                f"the loss is {stats.loss} and the gradient's norm {stats.grad_norm} at step {steps:,}: training has diverged; "
                "the last checkpoint before it is kept; start a new run with a smaller learning_rate or max_grad_norm"
            )
        self.updates += 1
        self.samples += samples
        self._sums += (stats.loss, stats.mean_q, stats.grad_norm)

    def values(self) -> dict[str, float]:
        """Return the means as metrics; empty without updates."""
        if not self.updates:
            return {}
        names = ("loss", "mean_q", "gradient_norm")
        return dict(zip(names, (self._sums / self.updates).tolist(), strict=True))


class Learning(Protocol):
    """An algorithm between collections."""

    @property
    def owed(self) -> float:
        """Updates that are due."""
        ...

    def row(self) -> int:
        """Return the row of the columns at which the next round of all groups begins."""
        ...

    def accept(self, group: int, chunk: Chunk | None) -> None:
        """Take note that a round of ``group`` lies in the columns, or copy ``chunk`` there."""
        ...

    def learn(self, stats: LearnStats, done: float, steps: int, *, most: int) -> None:
        """Make the updates that are due, at most ``most``; ``done`` is the share of the training that is over."""
        ...

    @property
    def buffered(self) -> int:
        """Steps that are kept to learn from."""
        ...

    def state(self) -> tuple[dict[str, NDArray[np.generic]], dict[str, Json]]:
        """Return what changes, beside the engine: arrays and numbers."""
        ...

    def restore(self, arrays: Mapping[str, NDArray[np.generic]], numbers: Mapping[str, Json]) -> None:
        """Go back to ``state``."""
        ...


ALL: Final = 1 << 62


class ReplayLearning:
    """DQN: an update for every ``steps_per_update`` steps, on transitions drawn from the replay buffer."""

    def __init__(self, config: DqnConfig, engine: Engine, replay: Replay) -> None:
        self._config = config
        self._engine = engine
        self._replay = replay
        self._owed = 0.0
        self._updates = 0
        self._round = config.rollout_steps * replay.columns.shape[2]
        self._batch = config.batch_size * config.gradient_accumulation
        self._accepted = 0

    @property
    def owed(self) -> float:
        """See ``Learning``."""
        return self._owed

    @property
    def buffered(self) -> int:
        """See ``Learning``."""
        return self._replay.filled

    def row(self) -> int:
        """See ``Learning``."""
        return self._replay.row()

    def accept(self, group: int, chunk: Chunk | None) -> None:
        """See ``Learning``."""
        if chunk is not None:
            row = self._replay.row(group)
            if not chunk.continues:
                _truncate(self._replay.columns, group, row - 1)
            _copy(chunk, self._replay.columns, group, row)
        self._replay.extend(group, self._config.rollout_steps)
        self._accepted += self._round
        if self._accepted >= self._config.learning_starts and self._replay.kept > 0:
            self._owed += self._round / self._config.steps_per_update

    def learn(self, stats: LearnStats, done: float, steps: int, *, most: int) -> None:
        """See ``Learning``."""
        config = self._config
        rate, correction = schedules.learning_rate(config, done), schedules.correction(config, done)
        while self._owed >= 1.0 and most > 0:
            batch, places = self._replay.draw(self._batch, correction)
            result = self._engine.update(batch, rate)
            stats.add(result, self._batch, steps)
            self._replay.learn_priorities(places, result.errors)
            self._updates += 1
            if self._updates % config.target_every == 0:
                self._engine.sync_target(config.target_tau)
            self._owed -= 1.0
            most -= 1

    def state(self) -> tuple[dict[str, NDArray[np.generic]], dict[str, Json]]:
        """See ``Learning``."""
        arrays = self._replay.state(with_rows=self._config.checkpoint_buffer)
        is_kept = self._config.checkpoint_buffer
        owed, accepted = (self._owed, self._accepted) if is_kept else (0.0, 0)
        return arrays, {"owed": owed, "learning_updates": self._updates, "accepted": accepted}

    def restore(self, arrays: Mapping[str, NDArray[np.generic]], numbers: Mapping[str, Json]) -> None:
        """See ``Learning``."""
        self._replay.restore(arrays)
        self._owed = float(str(numbers["owed"]))
        self._updates = int(str(numbers["learning_updates"]))
        self._accepted = int(str(numbers["accepted"]))


class RolloutLearning:
    """PQN: epochs over each rollout towards its lambda returns, then it is forgotten.

    The columns hold two rollouts, each with the row of what was seen behind it: while one is learned from, the next is played.
    """

    def __init__(self, config: DqnConfig, engine: Engine, columns: Columns, rng: np.random.Generator) -> None:
        self._config = config
        self._engine = engine
        self._columns = columns
        self._rng = rng
        self._groups, self._rows, self._agents = columns.shape
        self._targets = np.zeros(columns.shape, np.float32)
        self._row = 0
        self._waiting = 0
        samples = self._groups * config.rollout_steps * self._agents
        self._size = samples // config.minibatches
        width = columns.observations.shape[-1]
        self._batch = (
            np.zeros((self._size, width), np.float32),
            np.zeros(self._size, np.int32),
            np.zeros(self._size, np.float32),
        )

    @property
    def owed(self) -> float:
        """See ``Learning``."""
        return float(self._waiting // self._groups * self._config.epochs * self._config.minibatches)

    @property
    def buffered(self) -> int:
        """See ``Learning``."""
        return self._waiting * self._config.rollout_steps * self._agents

    def row(self) -> int:
        """See ``Learning``."""
        return self._row

    def accept(self, group: int, chunk: Chunk | None) -> None:  # noqa: ARG002  # groups are all alike
        """See ``Learning``; a chunk that is copied takes the next free place, whoever made it."""
        if chunk is not None:
            _copy(chunk, self._columns, self._waiting, self._row)
        self._waiting += 1
        if self._waiting == self._groups:
            self._row = (self._row + self._config.rollout_steps + 1) % self._rows

    def learn(self, stats: LearnStats, done: float, steps: int, *, most: int) -> None:  # noqa: ARG002  # a rollout is learned whole
        """See ``Learning``."""
        if self._waiting < self._groups:
            return
        self._waiting = 0
        config = self._config
        begin = (self._row - config.rollout_steps - 1) % self._rows
        self._set_targets(begin)
        rate = schedules.learning_rate(config, done)
        places = self._places(begin)
        width = self._columns.observations.shape[-1]
        rows = (
            self._columns.observations.reshape(-1, width),
            self._columns.actions.reshape(-1),
            self._targets.reshape(-1),
        )
        for _ in range(config.epochs):
            order = places[self._rng.permutation(len(places))]
            for part in range(config.minibatches):
                some = order[part * self._size : (part + 1) * self._size]
                sampling.gather_rows(some, *rows, self._batch)
                stats.add(self._engine.fit(*self._batch, rate), self._size, steps)

    def _set_targets(self, begin: int) -> None:
        """Compute the lambda returns of the rollout that begins at row ``begin``."""
        config, columns = self._config, self._columns
        steps, end = config.rollout_steps, begin + config.rollout_steps
        width = columns.observations.shape[-1]
        gamma = np.float32(config.gamma**config.frame_skip)
        for group in range(self._groups):
            seen = columns.observations[group, begin : begin + steps].reshape(-1, width)
            inner = self._engine.values(seen).reshape(steps, self._agents, -1)
            values = np.empty((steps + 1, *inner.shape[1:]), np.float32)
            values[:steps] = inner
            values[steps] = self._engine.values(columns.observations[group, end])
            some = slice(begin, begin + steps)
            sampling.trace_targets(
                values,
                columns.actions[group, some],
                columns.rewards[group, some],
                columns.flags[group, some],
                (gamma, np.float32(config.trace_lambda), np.float32(config.action_gap)),
                self._targets[group, some],
            )

    def _places(self, begin: int) -> NDArray[np.int64]:
        """Return the places of the rollout's samples in the flat columns."""
        groups = np.arange(self._groups)[:, None] * self._rows * self._agents
        inner = np.arange(begin * self._agents, (begin + self._config.rollout_steps) * self._agents)
        places: NDArray[np.int64] = (groups + inner).ravel()
        return places

    def state(self) -> tuple[dict[str, NDArray[np.generic]], dict[str, Json]]:
        """See ``Learning``."""
        arrays: dict[str, NDArray[np.generic]] = {name: array.copy() for name, array in self._columns._asdict().items()}
        return arrays, {"row": self._row, "waiting": self._waiting, "rng": rng_state(self._rng)}

    def restore(self, arrays: Mapping[str, NDArray[np.generic]], numbers: Mapping[str, Json]) -> None:
        """See ``Learning``."""
        for name, target in self._columns._asdict().items():
            target[...] = arrays[name]
        self._row, self._waiting = int(str(numbers["row"])), int(str(numbers["waiting"]))
        set_rng_state(self._rng, numbers["rng"])


def _truncate(columns: Columns, group: int, row: int) -> None:
    """End the episodes of a group at ``row``, where they have not ended: what follows is not what came of them."""
    flags = columns.flags[group, row % columns.shape[1]]
    flags[flags == 0] = TRUNCATED


def _copy(chunk: Chunk, columns: Columns, group: int, row: int) -> None:
    """Copy a chunk to the rows of a group from ``row`` on."""
    rows, steps = columns.shape[1], len(chunk.actions)
    places = np.arange(row, row + steps + 1) % rows
    columns.observations[group, places] = chunk.observations
    columns.actions[group, places[:steps]] = chunk.actions
    columns.rewards[group, places[:steps]] = chunk.rewards
    columns.flags[group, places[:steps]] = chunk.flags
