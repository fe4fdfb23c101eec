"""What an executor is, what it is given, and what it gives back."""

import importlib
import pkgutil
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, Literal, Protocol, TypeAlias

import numpy as np
import psutil
from numpy.typing import NDArray

import game.executors
from game.batch import MATCH_DTYPE
from game.errors import ExecutorError, UnknownNameError
from game.policies.bank import Policy
from game.policies.python_bot import TimeLimits
from game.spec import RESULT_DTYPE, GameSpec, MatchSpec, Results, Seat, Termination

MatchRows: TypeAlias = NDArray[np.void]
"""Matches to play, rows of ``MATCH_DTYPE``."""

MAX_WORKERS: Final = 256
MAX_BATCH_SIZE: Final = 1_000_000


@dataclass(frozen=True)
class FaultReport:
    """Why one side forfeited one match."""

    match_id: int
    seat: Seat
    termination: Termination
    detail: str


@dataclass(frozen=True)
class PlayedChunk:
    """Some finished matches, rows of ``RESULT_DTYPE``, with the faults among them."""

    results: Results
    faults: tuple[FaultReport, ...] = ()


@dataclass(frozen=True)
class Matches:
    """Matches between ``policies`` of ``game``: what ``Executor.run`` plays.

    ``rows`` name policies by their index. The rows of equal pairings are best kept together.
    """

    game: GameSpec
    policies: tuple[Policy, ...]
    rows: MatchRows

    @classmethod
    def of(cls, game: GameSpec, policies: Sequence[Policy], specs: Iterable[MatchSpec]) -> "Matches":
        """Return the matches of ``specs``."""
        rows = np.array([(m.match_id, m.left, m.right, m.seed, m.points) for m in specs], MATCH_DTYPE)
        return cls(game, tuple(policies), rows)


class RunState(Enum):
    """What the holder of a ``RunControl`` wants of a running executor."""

    RUNNING = "running"
    PAUSED = "paused"
    STOPPING = "stopping"
    """Start nothing new, finish what is running."""
    CANCELLED = "cancelled"
    """Return at once; what is running is dropped."""


class RunControl:
    """The handle by which another thread pauses, resumes, stops or cancels a run."""

    def __init__(self) -> None:
        self._state = RunState.RUNNING
        self._changed = threading.Condition()

    @property
    def state(self) -> RunState:
        """What is wanted now."""
        return self._state

    @property
    def is_cancelled(self) -> bool:
        """Whether the run is to return at once."""
        return self._state is RunState.CANCELLED

    def set(self, state: RunState) -> None:
        """Ask for ``state``; a run that is stopping or cancelled cannot be resumed."""
        with self._changed:
            final = {RunState.STOPPING: {RunState.CANCELLED}, RunState.CANCELLED: set()}
            if state in final.get(self._state, set(RunState)):
                self._state = state
                self._changed.notify_all()

    def wait_while_paused(self, timeout_s: float) -> None:
        """Return when the run is not paused any more, at the latest after ``timeout_s``."""
        with self._changed:
            self._changed.wait_for(lambda: self._state is not RunState.PAUSED, timeout_s)


@dataclass(frozen=True)
class ExecutorSettings:
    """How to play, handed to every worker explicitly.

    ``workers`` None is physical cores - 1, at least 1; "auto" follows the load of the machine. ``batch_size`` None
    lets chunks grow to 20-50 ms of play.
    """

    workers: int | Literal["auto"] | None = None
    batch_size: int | None = None
    limits: TimeLimits = field(default_factory=TimeLimits)

    def __post_init__(self) -> None:
        """Refuse impossible numbers with ``ExecutorError``."""
        if self.workers not in (None, "auto") and not _is_whole(self.workers, MAX_WORKERS):
            raise ExecutorError(f"workers is {self.workers!r}: 1 to {MAX_WORKERS} are allowed, or 'auto'")
        if self.batch_size is not None and not _is_whole(self.batch_size, MAX_BATCH_SIZE):
            raise ExecutorError(f"batch size is {self.batch_size!r}: 1 to {MAX_BATCH_SIZE:,} are allowed")


def _is_whole(value: object, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= most


class Executor(Protocol):
    """Plays matches. A context manager; usable for any number of runs until it is closed."""

    @property
    def workers(self) -> int:
        """Processes that play at the same time."""
        ...

    def play(
        self, game: GameSpec, policies: Sequence[Policy], rows: Iterable[MatchRows], control: RunControl | None = None
    ) -> Iterator[PlayedChunk]:
        """Play all ``rows`` and yield finished matches in any order; the iterable is pulled as workers get free.

        One run at a time: it ends with its last match, or when its iterator is closed.

        Raises
        ------
        ExecutorError
            If the executor is closed or playing already, if a match names a policy that is not there or asks for
            impossible points, if a policy does not fit the game, or if no worker process can be kept up.
        """
        ...

    def run(self, matches: Matches) -> Results:
        """Play ``matches`` and return their results in the order of the rows."""
        ...

    def close(self) -> None:
        """End the workers and free what is shared."""
        ...

    def __enter__(self) -> "Executor": ...

    def __exit__(self, *_: object) -> None: ...


def in_order(matches: Matches, chunks: Iterable[PlayedChunk]) -> Results:
    """Return the results of ``chunks`` in the order of ``matches``; ``ExecutorError`` if two share a match id."""
    ids, counts = np.unique(matches.rows["match_id"], return_counts=True)
    if len(ids) < len(matches.rows):
        raise ExecutorError(f"match id {ids[counts > 1][0]} occurs twice: the ids of one run must differ")
    results = np.concatenate([chunk.results for chunk in chunks] or [np.zeros(0, RESULT_DTYPE)])
    by_id = results[np.argsort(results["match_id"], kind="stable")]
    places = np.searchsorted(by_id["match_id"], matches.rows["match_id"])
    ordered: Results = by_id[places]
    return ordered


def usable_cores() -> int:
    """Return the physical cores that this process may use, at least 1."""
    physical = psutil.cpu_count(logical=False) or 1
    allowed = len(psutil.Process().cpu_affinity()) if hasattr(psutil.Process, "cpu_affinity") else physical
    return max(1, min(physical, allowed))


def default_workers() -> int:
    """Return physical cores - 1, at least 1: one core stays free for the window, the store and the ratings."""
    return max(1, usable_cores() - 1)


def executors() -> dict[str, type]:
    """Return every registered executor class by name."""
    found: dict[str, type] = {}
    for info in pkgutil.iter_modules(game.executors.__path__):
        module = importlib.import_module(f"{game.executors.__name__}.{info.name}")
        found.update(getattr(module, "EXECUTORS", {}))
    return found


def make_executor(name: str, settings: ExecutorSettings) -> Executor:
    """Return a new executor; ``UnknownNameError`` if none is called ``name``."""
    known = executors()
    if name not in known:
        raise UnknownNameError(f"there is no executor '{name}': {', '.join(sorted(known))} are known")
    executor: Executor = known[name](settings=settings)
    return executor
