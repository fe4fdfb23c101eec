"""The pool executor: matches in spawned worker processes that stay up from batch to batch.

The parent cuts the stream of matches into chunks of 20-50 ms of play, keeps two chunks with every worker so that none
waits, and takes results as they come. A worker that dies costs its chunk one more try: match by match on new workers; the
match that kills a second worker is reported against its players.
"""

import logging
import multiprocessing
import os
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
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
from game.executors.chunk import Chunker
from game.executors.serial import SerialExecutor
from game.executors.shared_bank import SharedBank
from game.executors.worker import Load, Play, Played
from game.executors.worker_entry import enter
from game.jit import cache_folder
from game.policies.bank import Policy, build_bank
from game.policies.python_bot import PythonPolicy
from game.spec import RESULT_DTYPE, GameSpec, MatchEnd, Results, Seat, Termination

logger = logging.getLogger(__name__)

SHORT_JOB: Final = 256
"""Matches up to which a job without a running pool is played in the calling process: a worker takes longer to start."""

_QUEUED: Final = 2
_WAIT_S: Final = 0.1
_LOAD_CHECK_S: Final = 2.0
_JOIN_S: Final = 1.0


@dataclass
class _Chunk:
    number: int
    rows: MatchRows
    deaths: int = 0


@dataclass
class _Worker:
    process: BaseProcess
    pipe: Connection
    generation: int = 0
    chunks: deque[_Chunk] = field(default_factory=deque)


class PoolExecutor:
    """Plays in ``max_workers`` spawned processes. A context manager; workers start with the first long job."""

    def __init__(
        self, max_workers: int | Literal["auto"] | None = None, *, settings: ExecutorSettings | None = None
    ) -> None:
        self._settings = settings or ExecutorSettings(workers=max_workers)
        self._auto = self._settings.workers == "auto"
        wanted = self._settings.workers
        self._wanted = wanted if isinstance(wanted, int) else default_workers()
        self._workers: list[_Worker] = []
        self._bank: SharedBank | None = None
        self._loaded: tuple[GameSpec, tuple[Policy, ...]] | None = None
        self._load: Load | None = None
        self._generation = 0
        self._numbers = 0
        self._is_closed = False
        self._load_checked = time.monotonic()
        self.worker_deaths = 0

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
        self._wanted = ExecutorSettings(workers=count).workers or 1  # type: ignore[assignment]  # an int was given
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
    ) -> Iterator[PlayedChunk]:
        """Play all ``rows``; see ``Executor.play``. A short job without a running pool is played here."""
        if self._is_closed:
            raise ExecutorError("this executor is closed: make a new one")
        control = control or RunControl()
        bots = [i for i, policy in enumerate(policies) if isinstance(policy, PythonPolicy)]
        stream = iter(rows)
        if not self._workers and not bots:
            held, is_all = _take(stream, SHORT_JOB)
            if is_all:
                yield from SerialExecutor(self._settings).play(game, policies, held, control)
                return
            stream = _chain(held, stream)
        self._prepare(game, tuple(policies))
        yield from self._play_chunks(Chunker(stream, bots, self._settings.batch_size), control)

    def close(self) -> None:
        """End the workers and free the bank; calling it again does nothing."""
        self._is_closed = True
        for worker in self._workers:
            worker.pipe.close()
        for worker in self._workers:
            worker.process.join(0 if worker.chunks else _JOIN_S)
            if worker.process.is_alive():
                worker.process.kill()
            worker.process.join()
        self._workers.clear()
        if self._bank is not None:
            self._bank.close()
            self._bank = None

    def _prepare(self, game: GameSpec, policies: tuple[Policy, ...]) -> None:
        """Pack the policies once; workers load them with their next chunk."""
        same = self._loaded is not None and self._loaded[0] is game and len(self._loaded[1]) == len(policies)
        if same and all(a is b for a, b in zip(self._loaded[1], policies, strict=True)):  # type: ignore[index]
            return
        if self._bank is not None:
            self._bank.close()
        self._bank = SharedBank(build_bank(policies))
        self._generation += 1
        self._loaded = (game, policies)
        bots = tuple((i, policy) for i, policy in enumerate(policies) if isinstance(policy, PythonPolicy))
        self._load = Load(self._generation, game.name, self._bank.address, bots, len(policies), self._settings.limits)

    def _start_worker(self) -> _Worker:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        cache = str(Path(cache_folder()).parent)
        process = context.Process(target=enter, args=(theirs, os.getpid(), cache), name="match-worker")
        process.start()
        theirs.close()
        worker = _Worker(process, ours)
        self._workers.append(worker)
        return worker

    def _play_chunks(self, chunks: Chunker, control: RunControl) -> Iterator[PlayedChunk]:
        waiting: deque[_Chunk] = deque()
        is_exhausted = False
        try:
            while True:
                if control.state is RunState.CANCELLED:
                    self._drop_running()
                    return
                self._adapt_to_load()
                if control.state is RunState.RUNNING:
                    is_exhausted = self._feed(chunks, waiting, is_exhausted=is_exhausted)
                if not any(worker.chunks for worker in self._workers):
                    if control.state is RunState.STOPPING or (is_exhausted and not waiting):
                        return
                    control.wait_while_paused(_WAIT_S)
                    continue
                yield from self._collect(chunks, waiting)
        except GeneratorExit:
            self._drop_running()
            raise

    def _feed(self, chunks: Chunker, waiting: deque[_Chunk], *, is_exhausted: bool) -> bool:
        """Give every worker its two chunks, the least busy first; return whether the stream has ended."""
        while len(self._workers) < self._wanted and (waiting or not is_exhausted):
            self._start_worker()
        for depth in range(_QUEUED):
            for worker in self._workers[: self._wanted]:
                if len(worker.chunks) > depth:
                    continue
                if waiting:
                    chunk = waiting.popleft()
                else:
                    rows = next(chunks, None)
                    if rows is None:
                        return True
                    self._numbers += 1
                    chunk = _Chunk(self._numbers, rows)
                self._send(worker, chunk)
        return is_exhausted

    def _send(self, worker: _Worker, chunk: _Chunk) -> None:
        worker.chunks.append(chunk)
        try:
            if worker.generation != self._generation:
                worker.pipe.send(self._load)
                worker.generation = self._generation
            worker.pipe.send(Play(chunk.number, chunk.rows.tobytes()))
        except OSError:
            logger.debug("worker %s is gone; its chunks are played elsewhere", worker.process.pid)

    def _collect(self, chunks: Chunker, waiting: deque[_Chunk]) -> Iterator[PlayedChunk]:
        """Wait for answers and deaths, and yield what has been played."""
        handles: dict[object, _Worker] = {}
        for worker in self._workers:
            handles[worker.pipe] = worker
            handles[worker.process.sentinel] = worker
        ready = wait([*(w.pipe for w in self._workers), *(w.process.sentinel for w in self._workers)], _WAIT_S)
        for worker in {id(handles[handle]): handles[handle] for handle in ready}.values():
            try:
                while worker.pipe.poll():
                    yield self._take_answer(worker, worker.pipe.recv(), chunks)
                is_alive = worker.process.is_alive()
            except (EOFError, OSError):
                is_alive = False
            if not is_alive:
                yield from self._bury(worker, waiting)

    def _take_answer(self, worker: _Worker, answer: Played, chunks: Chunker) -> PlayedChunk:
        chunk = worker.chunks.popleft()
        if answer.error or answer.chunk_id != chunk.number:
            raise ExecutorError(f"a worker failed by an error of this program, please report it:\n{answer.error}")
        chunks.measured(chunk.rows, answer.seconds)
        return PlayedChunk(np.frombuffer(answer.results, RESULT_DTYPE), answer.faults)

    def _bury(self, worker: _Worker, waiting: deque[_Chunk]) -> Iterator[PlayedChunk]:
        """Remove a dead worker; play its first chunk again match by match, the others as they are."""
        self.worker_deaths += 1
        worker.process.join()
        logger.warning("worker %s died (exit code %s)", worker.process.pid, worker.process.exitcode)
        self._workers.remove(worker)
        worker.pipe.close()
        for place, chunk in enumerate(worker.chunks):
            blame = 1 if place == 0 else 0
            if chunk.deaths + blame >= 2:
                yield _died(chunk.rows)
            elif blame:
                for row in range(len(chunk.rows)):
                    self._numbers += 1
                    waiting.append(_Chunk(self._numbers, chunk.rows[row : row + 1], deaths=1))
            else:
                waiting.append(chunk)

    def _drop_running(self) -> None:
        """Forget what is running: workers with chunks are ended, the idle ones stay."""
        for worker in [worker for worker in self._workers if worker.chunks]:
            worker.process.kill()
            worker.process.join()
            worker.pipe.close()
            self._workers.remove(worker)

    def _adapt_to_load(self) -> None:
        """With ``auto``: leave to other programs the cores that they keep busy."""
        now = time.monotonic()
        if not self._auto or now - self._load_checked < _LOAD_CHECK_S:
            return
        self._load_checked = now
        busy = psutil.cpu_percent() / 100.0 * (psutil.cpu_count() or 1)
        ours = sum(bool(worker.chunks) for worker in self._workers)
        self._wanted = max(1, min(usable_cores(), round(usable_cores() - max(0.0, busy - ours))))


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
