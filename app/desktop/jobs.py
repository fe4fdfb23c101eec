"""The window's jobs: child processes that play, train and add up, started, listened to and ended from here."""

import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final, Protocol, TypeAlias

from PySide6.QtCore import QObject, QTimer, Signal

from app.cli import DONE, INTERRUPTED
from app.desktop.close_dialog import CloseChoice
from app.jobs.card import JobCard
from app.jobs.client import JobClient
from app.jobs.message import Json, Message

MAX_CARDS: Final = 50

_ASKED: Final = {"pause": "paused", "resume": "running", "stop": "stopping", "cancel": "stopping"}
"""The state that a job is shown in once it was asked for."""

_DRAIN_MS: Final = 100
_BUDGET_S: Final = 0.004
_CLOSE_MS: Final = 30
_TERMINATE_S: Final = 1.7
_KILL_S: Final = 2.4


class Client(Protocol):
    """The face of ``app.jobs.client.JobClient`` that the board uses; none of it waits."""

    @property
    def is_running(self) -> bool:
        """Whether it runs, or has something left to say."""
        ...

    @property
    def exit_code(self) -> int | None:
        """With what it has ended."""
        ...

    @property
    def reason(self) -> str:
        """Why it has ended, if it has failed."""
        ...

    @property
    def detail(self) -> str:
        """The end of its log."""
        ...

    def take(self, budget_s: float = 0.0) -> list[Message]:
        """Return what it has sent."""
        ...

    def send(self, command: str, **data: Json) -> None:
        """Send it a command."""
        ...

    def detach(self) -> None:
        """Let it go on alone."""
        ...

    def terminate(self) -> None:
        """Tell it to end at once."""
        ...

    def kill(self) -> None:
        """End it."""
        ...

    def close(self) -> None:
        """Let go of it once it has ended."""
        ...


Starter: TypeAlias = Callable[[Sequence[str]], Client]


class JobBoard(QObject):
    """Every job of one window. Events come in the window's thread, a tenth of a second after they were sent."""

    event = Signal(str, object)  # type: ignore[assignment]  # hides QObject's handler, which C++ still finds
    """A job's id and one of its messages, a mapping."""
    ended = Signal(str, bool, str)
    """A job's id, whether it has ended as it should (complete, or stopped as asked), and one sentence."""
    changed = Signal()
    """A card is new or different."""

    def __init__(
        self,
        start: Starter = JobClient.start,
        *,
        clock: Callable[[], float] = time.monotonic,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._start = start
        self._clock = clock
        self._numbers = itertools.count(1)
        self._clients: dict[str, Client] = {}
        self._cards: dict[str, JobCard] = {}
        self._details: dict[str, str] = {}
        self._closing: _Closing | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(_DRAIN_MS)
        self._timer.timeout.connect(self.drain)

    def start(self, title: str, arguments: Sequence[str], kind: str, *, is_work: bool = True) -> str:
        """Start ``python main.py`` with ``arguments`` as a job and return its id; one that cannot start has failed.

        A job that is no work serves the window: closing ends it without asking.
        """
        job = f"job-{next(self._numbers)}"
        self._cards[job] = JobCard(job, kind, title, is_work=is_work, arguments=tuple(arguments))
        if self._closing is not None:
            self._end_unstarted(job, "the window is closing", is_ok=True)
            return job
        try:
            self._clients[job] = self._start(arguments)
        except OSError as error:
            self._end_unstarted(job, f"{title} cannot start: {error.strerror or error}", is_ok=False)
        self._forget_old()
        self._timer.start()
        self.changed.emit()
        return job

    def _end_unstarted(self, job: str, reason: str, *, is_ok: bool) -> None:
        """Take note that a job never began; who has started it hears that later, as of any other end."""
        self._cards[job] = self._cards[job].ended(is_ok=is_ok, reason=reason)
        QTimer.singleShot(0, self, lambda: self.ended.emit(job, is_ok, reason))

    def send(self, job: str, command: str, **data: Json) -> None:
        """Send a command to a job; one that has ended does not hear it."""
        client = self._clients.get(job)
        if client is not None:
            client.send(command, **data)
            if command in _ASKED:
                self._change(replace(self._cards[job], state=_ASKED[command]))

    def jobs(self) -> list[JobCard]:
        """Return the cards of the jobs that run and of the last that have ended, oldest first."""
        return list(self._cards.values())

    def running(self) -> list[JobCard]:
        """Return the cards of the work that runs."""
        return [card for card in self._cards.values() if card.is_running and card.is_work]

    def details(self, job: str) -> str:
        """Return the last lines of a job's log."""
        client = self._clients.get(job)
        return client.detail if client is not None else self._details.get(job, "")

    def close_all(self, choice: CloseChoice, done: Callable[[], None]) -> None:
        """Let all jobs go, or end them within 2.5 s, then call ``done``; the window stays alive meanwhile."""
        if self._closing is not None:
            return
        for job, client in self._clients.items():
            if choice is CloseChoice.BACKGROUND and self._cards[job].is_work:
                client.detach()
                self._change(replace(self._cards[job], state="detached", detail="it goes on without the window"))
            else:
                self.send(job, "cancel" if choice is CloseChoice.STOP else "stop")
            if not self._cards[job].is_work:
                client.terminate()  # it has nothing to save
        for job in [job for job in self._clients if self._cards[job].state == "detached"]:
            del self._clients[job]
        self._closing = _Closing(self._clock(), done)
        self._timer.setInterval(_CLOSE_MS)
        self._timer.start()

    def drain(self) -> None:
        """Take what the jobs have sent, in turns and for some milliseconds, and see which have ended."""
        end = self._clock() + _BUDGET_S
        waiting = list(self._clients)
        while waiting:
            waiting = [job for job in waiting if self._take_one(job)]
            if self._clock() >= end:
                break
        for job, client in list(self._clients.items()):
            if not client.is_running:
                self._end(job, client)
        if self._closing is not None:
            self._go_on_closing(self._closing)
        if not self._clients:
            self._timer.stop()

    def _take_one(self, job: str) -> bool:
        client = self._clients.get(job)  # a slot may have let go of it meanwhile
        taken = client.take() if client is not None else []
        for message in taken:
            self._take(job, message)
        return bool(taken)

    def _take(self, job: str, message: Message) -> None:
        self._change(self._cards[job].after(message))
        self.event.emit(job, message)

    def _change(self, card: JobCard) -> None:
        if self._cards.get(card.id) != card:
            self._cards[card.id] = card
            self.changed.emit()

    def _end(self, job: str, client: Client) -> None:
        del self._clients[job]
        client.close()
        self._details[job] = client.detail
        said = self._cards[job]
        is_ok = _is_as_asked(said.state, client.exit_code) if said.is_running else said.state != "failed"
        reason = ("" if is_ok else client.reason) if said.is_running else said.detail
        self._change(said.ended(is_ok=is_ok, reason=reason))
        self.ended.emit(job, is_ok, reason)

    def _go_on_closing(self, closing: "_Closing") -> None:
        waited_s = self._clock() - closing.begun
        if waited_s >= _KILL_S:
            for client in self._clients.values():
                client.kill()
        elif waited_s >= _TERMINATE_S and not closing.is_terminated:
            closing.is_terminated = True
            for client in self._clients.values():
                client.terminate()
        if not self._clients:
            self._closing = None
            closing.done()

    def _forget_old(self) -> None:
        ended = [job for job, card in self._cards.items() if not card.is_running]
        for job in ended[: max(0, len(self._cards) - MAX_CARDS)]:
            del self._cards[job]
            self._details.pop(job, None)


def _is_as_asked(state: str, exit_code: int | None) -> bool:
    """Return whether a job that has not said how it ended has done what was asked of it."""
    if state == "stopping" and exit_code is not None:
        return exit_code in (DONE, INTERRUPTED) or exit_code < 0  # a signal: it was ours
    return exit_code == DONE


class _Closing:
    """Since when the jobs are being ended, and what comes then."""

    def __init__(self, begun: float, done: Callable[[], None]) -> None:
        self.begun = begun
        self.done = done
        self.is_terminated = False
