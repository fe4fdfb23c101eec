"""What the actors have committed: the states that go into a checkpoint, and that a new process goes back to."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from ai.dqn.actor_process import Ready, Resume
from ai.dqn.collectors.base import States, joined_states, packed_states, unpacked_state
from ai.dqn.collectors.crew import Worker
from ai.shared_data import Arrays


class Commits:
    """The newest state that each group's actor has sent, or was told to go back to."""

    def __init__(self, groups: int, workers: int) -> None:
        self._groups = groups
        self._workers = workers
        self._states: States = {}

    @property
    def is_complete(self) -> bool:
        """Whether every group's state is known: the first comes with its worker's first message."""
        return len(self._states) == self._groups

    def commit(self, group: int, state: bytes) -> None:
        """Take note of a state."""
        self._states[group] = state

    def greet(self, worker: Worker, message: Ready) -> None:
        """Welcome a worker: it goes back to what was committed, or what it begins with is the first."""
        worker.is_ready = True
        if message.states.keys() <= self._states.keys():
            self._resume(worker)
        else:
            self._states.update(message.states)

    def restore(self, state: Arrays, workers: Iterable[Worker]) -> None:
        """Have ``workers`` go back to ``state``; ``TrainingError`` if it is of other groups."""
        self._states = packed_states(state, self._groups)
        for worker in workers:
            if worker.is_ready:
                self._resume(worker)

    def joined(self) -> dict[str, NDArray[np.generic]]:
        """Return the states of all groups, as ``group-0/name``."""
        return joined_states({group: unpacked_state(content) for group, content in self._states.items()})

    def _resume(self, worker: Worker) -> None:
        groups = share_of(worker.index, self._workers, self._groups)
        worker.send(Resume({group: self._states[group] for group in groups}))


def share_of(worker: int, workers: int, groups: int) -> tuple[int, ...]:
    """Return the groups of one of ``workers``."""
    return tuple(range(worker, groups, workers))
