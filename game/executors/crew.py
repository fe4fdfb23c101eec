"""The worker processes of a pool, as the parent sees them: started, given chunks, ended."""

import contextlib
import multiprocessing
import os
import signal
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Final

from game.errors import ExecutorError
from game.executors.base import MatchRows
from game.executors.worker import Load, Play, Played
from game.executors.worker_entry import enter
from game.jit import cache_folder

_JOIN_S: Final = 1.0


@dataclass
class Chunk:
    """Matches on their way to a worker; ``deaths`` is how many workers have died playing them.

    One of Python bots ``is_slow``: nothing waits behind it in the queue of a worker. It ``is_begun`` once a worker has
    said that it plays it.
    """

    number: int
    rows: MatchRows
    is_slow: bool
    deaths: int = 0
    is_begun: bool = False


@dataclass
class Worker:
    """One worker process. Until it ``is_ready`` its chunks wait here; the first of them is the one it plays."""

    process: BaseProcess
    pipe: Connection
    generation: int = 0
    is_ready: bool = False
    chunks: deque[Chunk] = field(default_factory=deque)

    @classmethod
    def start(cls) -> "Worker":
        """Start a process; ``ExecutorError`` if the system refuses it."""
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        cache = str(Path(cache_folder()).parent)
        process = context.Process(target=enter, args=(theirs, os.getpid(), cache), name="match-worker")
        try:
            with interrupts_held():
                process.start()
        except OSError as error:
            ours.close()
            raise ExecutorError(f"no worker process can be started: {error}") from error
        finally:
            theirs.close()
        return cls(process, ours)

    @property
    def has_ended(self) -> bool:
        """Whether the process has ended, also if somebody else has waited for it already."""
        return bool(wait([self.process.sentinel], 0))

    def has_room(self, depth: int) -> bool:
        """Whether it may get a chunk for place number ``depth`` of its queue."""
        return len(self.chunks) <= depth and not any(chunk.is_slow for chunk in self.chunks)

    def give(self, chunk: Chunk, load: Load) -> None:
        """Have ``chunk`` played, with the policies of ``load``."""
        self.chunks.append(chunk)
        if self.is_ready:
            self._send(chunk, load)

    def begin(self, load: Load | None) -> None:
        """Take note that the process has started, and send it what has waited for that."""
        self.is_ready = True
        for chunk in self.chunks:
            assert load is not None  # noqa: S101  # there are chunks, so a run has loaded its policies
            self._send(chunk, load)

    def _send(self, chunk: Chunk, load: Load) -> None:
        with contextlib.suppress(OSError):  # it has died: its sentinel says so, and the chunk is played elsewhere
            if self.generation != load.generation:
                self.pipe.send(load)
                self.generation = load.generation
            self.pipe.send(Play(chunk.number, chunk.rows.tobytes()))

    def drop(self, end: float) -> bool:
        """Forget all chunks, whose answers are awaited until ``time.monotonic()`` is ``end``; return whether they came."""
        if not self.is_ready:
            self.chunks.clear()  # they have not been sent
        try:
            while self.chunks and self.pipe.poll(max(0.0, end - time.monotonic())):
                message = self.pipe.recv()
                if isinstance(message, Played):
                    if message.error:
                        return False
                    self.chunks.popleft()
        except (EOFError, OSError):
            return False
        return not self.chunks

    def end(self) -> None:
        """End the process: an idle one gets a moment to clean up, one that plays gets none."""
        self.pipe.close()
        self.process.join(0 if self.chunks or not self.is_ready else _JOIN_S)
        if self.process.is_alive():
            self.process.kill()
        self.process.join()


@contextlib.contextmanager
def interrupts_held() -> Iterator[None]:
    """Let a process that is started here never see Ctrl+C, also before its first line; ours sees it afterwards."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
