"""Stand-ins for the effects of the window: a clock that is told the time, jobs that start no process."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from PySide6.QtCore import QObject, Signal


class FakeClock:
    """Seconds that pass only when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def tick(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


@dataclass(frozen=True)
class FakeCard:
    """What a panel sees of a job."""

    id: str
    kind: str
    title: str
    state: str = "running"
    progress: float | None = None
    eta_s: float | None = None
    detail: str = ""
    is_work: bool = True
    arguments: tuple[str, ...] = ()

    @property
    def is_running(self) -> bool:
        """Whether the job has not ended."""
        return self.state in {"running", "paused", "stopping"}


@dataclass
class Started:
    """A job that a test's window has started."""

    id: str
    title: str
    arguments: list[str]
    kind: str
    sent: list[dict[str, Any]] = field(default_factory=list)

    def commands(self) -> list[str]:
        """The names of the commands that were sent, in order."""
        return [message["command"] for message in self.sent]


class FakeJobBoard(QObject):
    """The face of ``app.desktop.jobs.JobBoard`` without processes: tests say what the jobs answer."""

    event = Signal(str, object)
    ended = Signal(str, bool, str)
    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.started: list[Started] = []
        self._cards: dict[str, FakeCard] = {}
        self.closed_with: object = None

    def start(self, title: str, arguments: Sequence[str], kind: str, *, is_work: bool = True) -> str:
        """Take note of a job."""
        job = f"job-{len(self.started) + 1}"
        self.started.append(Started(job, title, list(arguments), kind))
        self._cards[job] = FakeCard(job, kind, title, is_work=is_work, arguments=tuple(arguments))
        self.changed.emit()
        return job

    def send(self, job: str, command: str, **data: object) -> None:
        """Take note of a command."""
        next(each for each in self.started if each.id == job).sent.append({"command": command, **data})

    def details(self, job: str) -> str:
        """The last lines of a job's log."""
        return f"log of {job}"

    def jobs(self) -> list[FakeCard]:
        """The cards, as they were started."""
        return list(self._cards.values())

    def running(self) -> list[FakeCard]:
        """The cards of the jobs that have not ended."""
        return [card for card in self._cards.values() if card.is_running and card.is_work]

    def close_all(self, choice: object, done: Callable[[], None]) -> None:
        """Take note of what is to become of the jobs, and end them at once."""
        self.closed_with = choice
        for job, card in self._cards.items():
            self._cards[job] = replace(card, state="complete")
        done()

    # What tests use to play the jobs' part.

    def says(self, job: str, event: str, **data: object) -> None:
        """Let ``job`` send an event."""
        self.event.emit(job, {"event": event, **data})

    def ends(self, job: str, *, is_ok: bool = True, reason: str = "") -> None:
        """Let ``job`` end."""
        self._cards[job] = replace(self._cards[job], state="complete" if is_ok else "failed", detail=reason)
        self.ended.emit(job, is_ok, reason)
        self.changed.emit()

    def shows(self, job: str, **changes: Any) -> None:
        """Let the card of ``job`` change."""
        self._cards[job] = replace(self._cards[job], **changes)
        self.changed.emit()

    def last(self, kind: str) -> Started:
        """The job of ``kind`` that was started last."""
        return [each for each in self.started if each.kind == kind][-1]
