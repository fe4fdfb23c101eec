"""The pool executor: matches in spawned worker processes that stay up from batch to batch.

The parent cuts the stream of matches into chunks of 20-50 ms of play, keeps two chunks with every worker so that none
waits, and takes results as they come. A worker that dies costs its chunk one more try: match by match on new workers; the
match that kills a second worker is reported against its players.
"""

import atexit
import functools
import logging
import os
import time
import weakref
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from multiprocessing.connection import wait
from typing import Final, Literal

import numpy as np
import psutil

from game.batch import MATCH_DTYPE
from game.errors import ExecutorError
from game.executors.base import (
    ExecutorSettings,
    FaultReport,
    Matches,
    MatchRows,
    PlayedChunk,
    RunControl,
    RunState,
    default_workers,
    in_order,
    usable_cores,
)
from game.executors.chunk import Chunker, checked_bank, checked_rows, first_sizes
from game.executors.crew import Chunk, Worker
from game.executors.serial import SerialExecutor
from game.executors.shared_bank import SharedBank
from game.executors.worker import Begun, Load, Played, Ready
from game.games import game as game_named
from game.policies.bank import Policy
from game.policies.python_bot import PythonPolicy
from game.spec import RESULT_DTYPE, GameSpec, MatchEnd, Results, Seat, Termination

logger = logging.getLogger(__name__)

SHORT_JOB: Final = 256
"""Matches up to which a job without a running pool is played in the calling process: a worker takes longer to start."""

_QUEUED: Final = 2
_FAILED_STARTS: Final = 2
_WAIT_S: Final = 0.1
_DROP_S: Final = 0.25
_LOAD_CHECK_S: Final = 2.0


class PoolExecutor:
    """Plays in ``max_workers`` spawned processes. A context manager; workers start with the first long job.

    It belongs to one thread; another one may use the ``RunControl`` of a run and ``set_workers``.
    """

    def __init__(
        self, max_workers: int | Literal["auto"] | None = None, *, settings: ExecutorSettings | None = None
    ) -> None:
        self._settings = settings or ExecutorSettings(workers=max_workers)
        self._auto = self._settings.workers == "auto"
        wanted = self._settings.workers
        self._wanted = wanted if isinstance(wanted, int) else default_workers()
        self._workers: list[Worker] = []
        self._bank: SharedBank | None = None
        self._loaded: tuple[GameSpec, tuple[Policy, ...]] | None = None
        self._load: Load | None = None
        self._generation = 0
        self._numbers = 0
        self._failed_starts = 0
        self._sizes = first_sizes()
        self._is_playing = False
        self._is_closed = False
        self._load_checked = time.monotonic()
        self.worker_deaths = 0
        # multiprocessing waits for all children at the end of the program, and they for their pipes to close.
        self._at_exit = functools.partial(_close_forgotten, weakref.ref(self), os.getpid())
        atexit.register(self._at_exit)

    def __enter__(self) -> "PoolExecutor":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def workers(self) -> int:
        """Processes that play at the same time."""
        return self._wanted

    def set_workers(self, count: int) -> None:
        """Use ``count`` workers from now on, also within a run: more start at once, fewer as chunks end."""
        if ExecutorSettings(workers=count).workers is not None:
            self._wanted = count
            self._auto = False

    @property
    def worker_pids(self) -> tuple[int, ...]:
        """Process ids of the workers that are up."""
        return tuple(worker.process.pid or 0 for worker in self._workers)

    def run(self, matches: Matches) -> Results:
        """Play ``matches``; see ``Executor.run``."""
        return in_order(matches, self.play(matches.game, matches.policies, [matches.rows]))

    def play(
        self, game: GameSpec, policies: Sequence[Policy], rows: Iterable[MatchRows], control: RunControl | None = None
    ) -> Generator[PlayedChunk, None, None]:
        """Play all ``rows``; see ``Executor.play``. A short job without a running pool is played here."""
        self._check_open()
        return self._play(game, tuple(policies), rows, control or RunControl())

    def close(self) -> None:
        """End the workers and free the bank; calling it again does nothing."""
        self._is_closed = True
        atexit.unregister(self._at_exit)
        for worker in self._workers:
            worker.pipe.close()
        for worker in self._workers:
            worker.end()
        self._workers.clear()
        self._loaded = self._load = None
        if self._bank is not None:
            self._bank.close()
            self._bank = None

    def _check_open(self) -> None:
        if self._is_closed:
            raise ExecutorError("this executor is closed: make a new one")

    def _play(
        self, game: GameSpec, policies: tuple[Policy, ...], rows: Iterable[MatchRows], control: RunControl
    ) -> Generator[PlayedChunk, None, None]:
        self._check_open()
        if self._is_playing:
            raise ExecutorError("this executor is playing already: end that run, or close its iterator, first")
        self._is_playing = True
        try:
            bots = [i for i, policy in enumerate(policies) if isinstance(policy, PythonPolicy)]
            stream = checked_rows(rows, game, len(policies))
            if not self._workers and not bots:
                held, is_all = _take(stream, SHORT_JOB)
                if is_all:
                    yield from SerialExecutor(self._settings).play(game, policies, held, control)
                    return
                stream = _chain(held, stream)
            self._prepare(game, policies)
            yield from self._play_chunks(Chunker(stream, bots, self._settings.batch_size, self._sizes), control)
        finally:
            self._drop_running()
            self._is_playing = False

    def _prepare(self, game: GameSpec, policies: tuple[Policy, ...]) -> None:
        """Pack the policies once; workers load them with their next chunk."""
        if game_named(game.name) is not game:
            raise ExecutorError(f"this is not the registered game '{game.name}': workers play that one, by its name")
        same = self._loaded is not None and self._loaded[0] is game and len(self._loaded[1]) == len(policies)
        if same and all(a is b for a, b in zip(self._loaded[1], policies, strict=True)):  # type: ignore[index]
            return
        bank = SharedBank(checked_bank(game, policies))
        if self._bank is not None:
            self._bank.close()
        self._bank = bank
        self._generation += 1
        self._sizes = first_sizes()  # what the last policies took says nothing about these
        self._loaded = (game, policies)
        bots = tuple((i, policy) for i, policy in enumerate(policies) if isinstance(policy, PythonPolicy))
        self._load = Load(self._generation, game.name, bank.address, bots, len(policies), self._settings.limits)

    def _play_chunks(self, chunks: Chunker, control: RunControl) -> Iterator[PlayedChunk]:
        waiting: deque[Chunk] = deque()
        is_exhausted = False
        for worker in [worker for worker in self._workers if worker.has_ended]:
            yield from self._bury(worker, waiting)  # it died while it was idle: no match is to blame
        while control.state is not RunState.CANCELLED:
            self._check_open()
            self._adapt_to_load()
            self._retire_surplus()
            if control.state is RunState.RUNNING:
                is_exhausted = self._feed(chunks, waiting)
            if any(worker.chunks for worker in self._workers):
                yield from self._collect(chunks, waiting)
            elif control.state is RunState.STOPPING or (is_exhausted and not waiting):
                return
            else:
                control.wait_while_paused(_WAIT_S)

    def _feed(self, chunks: Chunker, waiting: deque[Chunk]) -> bool:
        """Give every worker its two chunks, the least busy first, and start those it takes; return whether the stream ended."""
        assert self._load is not None  # noqa: S101  # _prepare has made it
        for depth in range(_QUEUED):
            for place in range(self._wanted):
                if place < len(self._workers) and not self._workers[place].has_room(depth):
                    continue
                chunk = waiting.popleft() if waiting else self._next_chunk(chunks)
                if chunk is None:
                    return True
                if place == len(self._workers):
                    self._workers.append(Worker.start())
                self._workers[place].give(chunk, self._load)
        return False

    def _next_chunk(self, chunks: Chunker) -> Chunk | None:
        rows = next(chunks, None)
        self._numbers += 1
        return None if rows is None else Chunk(self._numbers, rows, chunks.is_slow(rows))

    def _collect(self, chunks: Chunker, waiting: deque[Chunk]) -> list[PlayedChunk]:
        """Wait for answers and deaths, and return what has been played."""
        handles: dict[object, Worker] = {}
        for worker in self._workers:
            handles[worker.pipe] = worker
            handles[worker.process.sentinel] = worker
        ready = wait([*(w.pipe for w in self._workers), *(w.process.sentinel for w in self._workers)], _WAIT_S)
        played: list[PlayedChunk] = []
        for worker in {id(handles[handle]): handles[handle] for handle in ready}.values():
            has_ended = worker.has_ended  # first: what it has sent is then all in the pipe
            try:
                while worker.pipe.poll():
                    self._take_message(worker, worker.pipe.recv(), chunks, played)
            except (EOFError, OSError):
                has_ended = True
            if has_ended:
                played += self._bury(worker, waiting)
        return played

    def _take_message(
        self, worker: Worker, message: Ready | Begun | Played, chunks: Chunker, played: list[PlayedChunk]
    ) -> None:
        if isinstance(message, Ready):
            worker.begin(self._load)
            return
        chunk = worker.chunks[0]
        if isinstance(message, Begun):
            self._failed_starts = 0
            chunk.is_begun = True
            return
        if message.error or message.chunk_id != chunk.number:
            raise ExecutorError(f"a worker cannot play: {message.error or 'it has answered out of turn'}")
        worker.chunks.popleft()
        if not chunk.deaths:
            chunks.measured(chunk.rows, message.seconds)
        played.append(PlayedChunk(np.frombuffer(message.results, RESULT_DTYPE).copy(), message.faults))

    def _bury(self, worker: Worker, waiting: deque[Chunk]) -> Iterator[PlayedChunk]:
        """Remove a dead worker; play the chunk it had begun again match by match, the others as they are."""
        self._workers.remove(worker)
        lost = list(worker.chunks)
        worker.end()
        self.worker_deaths += 1
        logger.warning("worker %s died (exit code %s)", worker.process.pid, worker.process.exitcode)
        if lost and lost[0].is_begun:
            blamed = lost.pop(0)
            if blamed.deaths:
                yield _died(blamed.rows)
            else:
                waiting.extend(self._singles(blamed))
        elif lost:
            self._count_failed_start(worker)
        waiting.extend(lost)

    def _singles(self, chunk: Chunk) -> Iterator[Chunk]:
        """Yield the matches of a chunk that has killed its worker, each on its own and on probation."""
        for row in range(len(chunk.rows)):
            self._numbers += 1
            yield Chunk(self._numbers, chunk.rows[row : row + 1], chunk.is_slow, deaths=chunk.deaths + 1)

    def _count_failed_start(self, worker: Worker) -> None:
        """Take note that a worker has died before it has begun anything; too many in a row are no accident."""
        self._failed_starts += 1
        if self._failed_starts >= _FAILED_STARTS + self._wanted:
            count, self._failed_starts = self._failed_starts, 0
            raise ExecutorError(
                f"{count} worker processes have died while they started (the last with exit code "
                f"{worker.process.exitcode}): start the program from a file, below 'if __name__ == \"__main__\":'"
            )

    def _drop_running(self) -> None:
        """Forget what is running: workers that do not get through with it at once are ended."""
        is_slow = self._load is not None and bool(self._load.bots)
        end = time.monotonic() + (0.0 if is_slow else _DROP_S)
        for worker in [worker for worker in self._workers if worker.chunks and not worker.drop(end)]:
            self._workers.remove(worker)
            worker.end()

    def _retire_surplus(self) -> None:
        """End idle workers above the wanted number; with ``auto`` they stay, for they may be wanted again soon."""
        if not self._auto:
            for worker in self._workers[self._wanted :]:
                if not worker.chunks and worker.is_ready:
                    self._workers.remove(worker)
                    worker.end()

    def _adapt_to_load(self) -> None:
        """With ``auto``: leave to other programs the cores that they keep busy."""
        now = time.monotonic()
        if not self._auto or now - self._load_checked < _LOAD_CHECK_S:
            return
        self._load_checked = now
        busy = psutil.cpu_percent() / 100.0 * (psutil.cpu_count() or 1)
        ours = sum(bool(worker.chunks) for worker in self._workers)
        self._wanted = max(1, min(usable_cores(), round(usable_cores() - max(0.0, busy - ours))))


def _close_forgotten(executor: "weakref.ref[PoolExecutor]", owner: int) -> None:
    left = executor()
    if left is not None and os.getpid() == owner:  # a fork of the program must not end its workers
        left.close()


def _take(stream: Iterator[MatchRows], count: int) -> tuple[list[MatchRows], bool]:
    """Take at least ``count`` matches from ``stream``; return them and whether they were all."""
    held: list[MatchRows] = []
    total = 0
    for rows in stream:
        held.append(rows)
        total += len(rows)
        if total > count:
            return held, False
    return held, True


def _chain(held: list[MatchRows], stream: Iterator[MatchRows]) -> Iterator[MatchRows]:
    yield from held
    yield from stream


def _died(rows: MatchRows) -> PlayedChunk:
    """Return the result of matches that have killed two workers: both sides forfeit."""
    results = np.zeros(len(rows), RESULT_DTYPE)
    for name in MATCH_DTYPE.names or ():
        if name in (RESULT_DTYPE.names or ()) and name != "points":
            results[name] = rows[name]
    results["end"] = MatchEnd.FORFEIT
    results["termination"] = Termination.WORKER_DIED
    detail = "two worker processes died while they played this match"
    faults = tuple(
        FaultReport(int(row["match_id"]), seat, Termination.WORKER_DIED, detail) for row in rows for seat in Seat
    )
    return PlayedChunk(results, faults)


EXECUTORS: Final = {"pool": PoolExecutor}
