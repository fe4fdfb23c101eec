"""The actor processes as the learner sees them: started, listened to, and started again when they have died.

The learner never waits without end: not for a process that is dead, nor for one that is stopped, nor in a run that is cancelled.
"""

import contextlib
import logging
import multiprocessing
import os
import pickle
import selectors
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Final

from ai.actor_link import ALIVE, PING, LearnerEnd, enter
from ai.dqn.actor_process import ActorSetup, Failed
from ai.dqn.collectors.base import ProcessSettings
from ai.errors import RunFailedError, TrainingCancelled
from game.executors.crew import interrupts_held  # the same care for Ctrl+C as with workers that play matches
from game.jit import cache_folder

logger = logging.getLogger(__name__)

CANCEL_CHECK_S: Final = 0.1

_START_S: Final = 120.0
"""How long a new process may be silent at least: it imports, on a machine that may be busy."""

_JOIN_S: Final = 1.0


@dataclass
class Worker:
    """One actor process. Until it ``is_ready`` nothing is sent; ``known`` is what it has been told of the plan."""

    index: int
    process: BaseProcess
    link: LearnerEnd
    heard: float
    asked: float | None = None
    is_ready: bool = False
    is_awaited: bool = False
    known: dict[str, bytes] = field(default_factory=dict)

    def send(self, message: object) -> None:
        """Send a message; where the process has died, the crew will notice."""
        with contextlib.suppress(OSError):
            self.link.send(pickle.dumps(message, pickle.HIGHEST_PROTOCOL))

    def ask(self) -> None:
        """Ask for a sign of life."""
        self.asked = time.monotonic()
        with contextlib.suppress(OSError):
            self.link.send(PING)

    def end(self) -> None:
        """End the process, whatever it is doing."""
        self.link.close()
        self.process.join(_JOIN_S if self.is_ready and self.asked is None else 0)
        if self.process.is_alive():
            self.process.kill()
        self.process.join()


class Crew:
    """The workers of a collector, which says what each is started with. Used by one thread."""

    def __init__(
        self,
        setup: Callable[[int], ActorSetup],
        settings: ProcessSettings,
        *,
        say: Callable[[str], None],
        is_cancelled: Callable[[], bool],
    ) -> None:
        self._setup = setup
        self._settings = settings
        self._say = say
        self._is_cancelled = is_cancelled
        self._failures = [0] * settings.workers
        self._lines = selectors.DefaultSelector()
        self.deaths = 0
        self.workers: list[Worker] = []
        try:
            for index in range(settings.workers):
                self.workers.append(self._start(index))
        except BaseException:
            self.close()
            raise

    def receive(self, timeout_s: float) -> Iterator[tuple[Worker, object]]:
        """Yield the messages that have come, waiting at most ``timeout_s`` for the first; start again whoever has died.

        Raises
        ------
        TrainingCancelled
            If the run was cancelled.
        RunFailedError
            If a worker says that it failed, or has died too often without delivering anything.
        """
        if self._is_cancelled():
            raise TrainingCancelled
        ready = {key.data for key, _ in self._lines.select(timeout_s)}
        for worker in tuple(self.workers):
            yield from self._listen(worker, is_ready=worker.index in ready)

    def delivered(self, worker: Worker) -> None:
        """Take note that ``worker`` has got something done: its deaths are counted anew."""
        self._failures[worker.index] = 0

    def close(self) -> None:
        """End all processes; calling it again does nothing."""
        for worker in self.workers:
            worker.link.close()
        for worker in self.workers:
            worker.end()
        self.workers.clear()
        self._lines.close()

    def _start(self, index: int) -> Worker:
        context = multiprocessing.get_context("spawn")
        setup = pickle.dumps(self._setup(index), pickle.HIGHEST_PROTOCOL)
        cache = str(Path(cache_folder()).parent)
        try:
            ours, theirs = socket.socketpair()
            with theirs, contextlib.ExitStack() as undo:
                undo.enter_context(ours)
                process = context.Process(
                    target=enter, args=(theirs, os.getpid(), cache, setup), name="actor", daemon=True
                )
                with interrupts_held():
                    process.start()
                undo.pop_all()
        except OSError as error:
            raise RunFailedError(
                f"no actor process can be started ({error}): take fewer workers or the mode 'single', and resume the run"
            ) from error
        self._lines.register(ours, selectors.EVENT_READ, index)
        return Worker(index, process, LearnerEnd(ours), time.monotonic())

    def _listen(self, worker: Worker, *, is_ready: bool) -> Iterator[tuple[Worker, object]]:
        """Yield what ``worker`` has sent: if its line has ended, that is all that there will ever be."""
        has_ended = False
        try:
            worker.link.flush()
            if is_ready and worker.link.read():
                worker.heard, worker.asked = time.monotonic(), None
        except (EOFError, OSError):
            has_ended = True
        for content in worker.link.messages():
            if content == ALIVE:
                continue
            message: object = pickle.loads(content)  # noqa: S301  # our own process has packed it
            if isinstance(message, Failed):
                logger.error("an actor process failed:\n%s", message.trace)
                raise RunFailedError(message.reason)
            yield worker, message
        if has_ended:
            self._replace(worker, "an actor process died (exit code {})")
        elif self._is_silent(worker):
            self._replace(worker, f"an actor process gave no sign of life for {self._settings.silence_s:g} s")

    def _is_silent(self, worker: Worker) -> bool:
        """Whether a worker that was asked for a sign of life has given none; ask it if it has long been silent."""
        limit = self._settings.silence_s if worker.is_ready else max(self._settings.silence_s, _START_S)
        now = time.monotonic()
        if worker.asked is not None:
            return now - worker.asked > limit / 2
        if now - worker.heard > limit / 2:
            worker.ask()
        return False

    def _replace(self, dead: Worker, reason: str) -> None:
        self._lines.unregister(dead.link.socket)
        dead.end()
        what = reason.format(dead.process.exitcode)
        self.deaths += 1
        self._failures[dead.index] += 1
        if self._failures[dead.index] >= self._settings.most_deaths:
            raise RunFailedError(
                f"{what}, {self._failures[dead.index]} in a row before anything was delivered, perhaps for want of memory: "
                "take fewer workers or courts, or the mode 'single', and resume the run"
            )
        self._say(f"{what}: it is started again")
        self.workers[dead.index] = self._start(dead.index)
