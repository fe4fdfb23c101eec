"""What a process of ``ai.evaluation_pool`` does: it holds the fitness function and the data, and evaluates parts."""

import pickle
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ai.errors import TrainingError
from ai.shared_data import Arrays, ArraysAddress, SharedViews


class Evaluate(Protocol):
    """A fitness function. A pool of processes needs one that can be pickled: an object of a module's class, say."""

    def __call__(self, data: Arrays, generation: Arrays, part: range) -> Arrays:
        """Return what became of the members ``part`` of a generation.

        ``data`` is the same in every generation; both are read-only. What is returned for several parts is joined along the
        first axis, name by name, in the order of the parts. It may depend on nothing but the arguments, and what is said of a
        member not on the part that it came in: then no result depends on the number of workers.
        """
        ...


@dataclass(frozen=True)
class Task:
    """Message to a worker: evaluate the members ``begin`` to ``end - 1`` of this generation."""

    generation: int
    address: ArraysAddress
    begin: int
    end: int


@dataclass
class _Session:
    """What a worker keeps from task to task: what it was started with, and the generation at hand."""

    evaluate: Evaluate
    data: SharedViews
    generation: int
    members: SharedViews


_session: _Session | str = "no fitness function was sent"
"""This process's session, or why it has none."""


def dump(evaluate: Evaluate, addresses: Sequence[ArraysAddress]) -> bytes:
    """Return what ``load`` reads in the worker; raises what pickle raises where ``evaluate`` cannot be pickled."""
    return pickle.dumps((evaluate, tuple(addresses)))


def load(content: bytes) -> None:
    """Begin this process's session; a failure is kept for the first task to tell."""
    global _session  # noqa: PLW0603  # an initialiser of a pool has no other place
    try:
        evaluate, addresses = pickle.loads(content)  # noqa: S301  # it comes from the parent process
        _session = _Session(evaluate, SharedViews(addresses), -1, SharedViews(()))
    except Exception:  # noqa: BLE001  # a worker's border: what went wrong is for the parent to hear
        _session = traceback.format_exc(limit=-1).strip().splitlines()[-1]


def evaluate_part(task: Task) -> Arrays:
    """Evaluate a part; ``TrainingError`` if the session could not begin."""
    session = _session
    if isinstance(session, str):
        raise TrainingError(
            f"a worker process cannot load the fitness function ({session}): "
            "define it in a module, or choose the backend 'thread'"
        )
    if task.generation != session.generation:
        session.members.close()
        session.members = SharedViews([task.address])
        session.generation = task.generation
    return session.evaluate(session.data, session.members, range(task.begin, task.end))
