"""The replay buffer: n-step transitions drawn from the columns of experience, uniformly or by priority."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ai.dqn import priorities, sampling
from ai.dqn.columns import Columns
from ai.dqn.engine import Batch
from ai.errors import TrainingError

_LEAST_PRIORITY: Final = 1e-3
"""Added to every error, so that each transition is drawn some day (Schaul et al. 2016, section 3.3: epsilon)."""


@dataclass(frozen=True)
class ReplaySettings:
    """How transitions are drawn."""

    n_step: int
    gamma: float
    """Discount of a step."""
    round_steps: int
    """Rows that a collection writes at once: so many of the oldest may be overwritten at any time."""
    is_prioritised: bool
    exponent: float


class Replay:
    """Draws batches from ``columns``, into which others write.

    Rows are numbered since the beginning; row r lies at r modulo the number of rows. Of what is kept, the last ``n_step`` rows
    cannot begin a transition, as what follows is not known, nor can the oldest, which the next collection overwrites.
    """

    def __init__(self, columns: Columns, settings: ReplaySettings, rng_state: int) -> None:
        groups, rows, agents = columns.shape
        self.columns = columns
        self._settings = settings
        self._rows = rows
        self._agents = agents
        self._heads = np.zeros(groups, np.int64)
        self._rng = np.array([rng_state], np.uint64)
        self._tree = priorities.new_tree(groups * rows * agents if settings.is_prioritised else 1)
        self._top = 1.0
        self._batches: dict[int, tuple[Batch, NDArray[np.int64], NDArray[np.float64]]] = {}

    @property
    def kept(self) -> int:
        """Transitions that can be drawn."""
        return int(self._window()[1].sum()) * self._agents

    @property
    def filled(self) -> int:
        """Steps in the buffer."""
        return int(np.minimum(self._heads, self._rows).sum()) * self._agents

    def row(self, group: int = 0) -> int:
        """Return the row at which the next collection of a group begins."""
        return int(self._heads[group] % self._rows)

    def extend(self, group: int, steps: int) -> None:
        """Take note that ``steps`` rows more of a group are there."""
        first, counts = self._window()
        before = (int(first[group]), int(counts[group]))
        self._heads[group] += steps
        if self._settings.is_prioritised:
            first, counts = self._window()
            self._set_rows(group, before[0], int(first[group]), 0.0)
            self._set_rows(group, before[0] + before[1], int(first[group] + counts[group]), self._top)

    def draw(self, count: int, correction: float) -> tuple[Batch, NDArray[np.int64]]:
        """Return ``count`` transitions and their places; they are written anew by the next call.

        ``correction`` is how much the bias of priorities is corrected by the weights (beta), 1 wholly.
        """
        if count not in self._batches:
            self._batches[count] = _new_batch(count, self.columns.observations.shape[-1])
        batch, places, shares = self._batches[count]
        if self._settings.is_prioritised:
            priorities.draw(self._tree, self._rng, places, shares)
            weights = (shares * self.kept) ** -correction
            batch.weights[:] = weights / weights.max()
        else:
            first, counts = self._window()
            sampling.draw_places(self._rng, first, counts, (self._rows, self._agents), places)
        sampling.gather_steps(
            (self.columns.observations, self.columns.actions, self.columns.rewards, self.columns.flags),
            places,
            self._settings.n_step,
            np.float32(self._settings.gamma),
            (batch.observations, batch.actions, batch.returns, batch.discounts, batch.next_observations),
        )
        return batch, places

    def learn_priorities(self, places: NDArray[np.int64], errors: NDArray[np.float32]) -> None:
        """Give transitions the priority of their errors."""
        if self._settings.is_prioritised:
            new = (np.abs(errors).astype(np.float64) + _LEAST_PRIORITY) ** self._settings.exponent
            self._top = max(self._top, float(new.max()))
            priorities.set_places(self._tree, places, new)

    def state(self, *, with_rows: bool) -> dict[str, NDArray[np.generic]]:
        """Return copies of everything that changes; without rows the buffer is empty after ``restore``."""
        kept: dict[str, NDArray[np.generic]] = {"rng": self._rng.copy()}
        if with_rows:
            kept.update({"heads": self._heads.copy(), "tree": self._tree.copy(), "top": np.array([self._top])})
            kept.update({name: getattr(self.columns, name).copy() for name in Columns._fields})
        return kept

    def restore(self, state: Mapping[str, NDArray[np.generic]]) -> None:
        """Go back to ``state``; ``TrainingError`` if it is of a buffer of another shape."""
        targets = {"rng": self._rng, "heads": self._heads, "tree": self._tree, **self.columns._asdict()}
        for name, target in targets.items():
            array = state.get(name)
            if array is None and name != "rng":
                continue
            if array is None or array.shape != target.shape or array.dtype != target.dtype:
                raise TrainingError(f"the checkpoint's replay buffer does not fit at '{name}': resume from another one")
            target[...] = array
        if "heads" not in state:
            self._heads[:] = 0
            self._tree[:] = 0.0
        self._top = float(state["top"][0]) if "top" in state else 1.0

    def _window(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return of each group the first row that may begin a transition, and how many may."""
        first = np.maximum(0, self._heads - (self._rows - self._settings.round_steps - 1))
        return first, np.maximum(0, self._heads - self._settings.n_step - first)

    def _set_rows(self, group: int, begin: int, end: int, priority: float) -> None:
        """Set the priority of rows ``begin`` to ``end`` - 1, numbered since the beginning."""
        while begin < end:
            row = begin % self._rows
            count = min(end - begin, self._rows - row)
            place = (group * self._rows + row) * self._agents
            priorities.set_range(self._tree, place, count * self._agents, priority)
            begin += count


def _new_batch(count: int, width: int) -> tuple[Batch, NDArray[np.int64], NDArray[np.float64]]:
    batch = Batch(
        np.zeros((count, width), np.float32),
        np.zeros(count, np.int32),
        np.zeros(count, np.float32),
        np.zeros(count, np.float32),
        np.zeros((count, width), np.float32),
        np.ones(count, np.float32),
    )
    return batch, np.zeros(count, np.int64), np.zeros(count, np.float64)
