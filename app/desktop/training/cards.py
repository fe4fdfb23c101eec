"""What the Training dock knows of each run: the league's row, and what the run's job says meanwhile. No Qt."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, Final, TypeAlias

from league.schema import RunRow

Message: TypeAlias = Mapping[str, Any]
"""An event of a training job; the names of its fields are those of ``train --events``."""


class Phase(Enum):
    """What a run is doing."""

    STARTING = "starting"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPING = "stopping"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"
    COMPLETE = "complete"
    FAILED = "failed"

    @property
    def is_active(self) -> bool:
        """Whether a process works on the run."""
        return self in _ACTIVE


_ACTIVE: Final = frozenset({Phase.STARTING, Phase.RUNNING, Phase.PAUSED, Phase.STOPPING})
_RESUMABLE: Final = frozenset({Phase.STOPPED, Phase.INTERRUPTED, Phase.FAILED})
_PHASES: Final = {phase.value: phase for phase in Phase}


@dataclass(frozen=True)
class ChampionMark:
    """The best player of a run so far."""

    hash: str
    step: int
    fitness: float


@dataclass(frozen=True)
class RunCard:
    """One run as its card shows it. ``run`` is the job's id until the run has a name of its own.

    ``job`` is the job of this window that trains it: without one, an active run belongs to another program, or to the night
    called ``night``.
    """

    run: str
    name: str
    trainer: str
    phase: Phase
    job: str | None = None
    is_stored: bool = False
    seed: int | None = None
    config: Mapping[str, object] = field(default_factory=dict)
    folder: str = ""
    step: int = 0
    expected: int | None = None
    seconds: float = 0.0
    eta_s: float | None = None
    values: Mapping[str, float] = field(default_factory=dict)
    champion: ChampionMark | None = None
    reason: str = ""
    workers: int = 0
    night: str = ""

    @property
    def progress(self) -> float | None:
        """How far the run is, 0 to 1; None while its end is not known."""
        if self.phase is Phase.COMPLETE:
            return 1.0
        return min(self.step / self.expected, 1.0) if self.expected else None

    @property
    def is_elsewhere(self) -> bool:
        """Whether another program trains it, which alone can pause or stop it."""
        return self.phase.is_active and self.job is None

    @property
    def can_pause(self) -> bool:
        """Whether it can be paused from here."""
        return self.phase is Phase.RUNNING and self.job is not None

    @property
    def can_resume(self) -> bool:
        """Whether it can go on: after a pause, or in a new job once its last one is gone and has let go of the run."""
        if self.job is not None:
            return self.phase is Phase.PAUSED
        return self.is_stored and self.phase in _RESUMABLE

    @property
    def can_stop(self) -> bool:
        """Whether it can be stopped from here."""
        return self.job is not None and self.phase in (Phase.STARTING, Phase.RUNNING, Phase.PAUSED)


class RunBook:
    """Every run, from two sources: rows of the league, and messages of the jobs that this window has started."""

    def __init__(self) -> None:
        self._cards: dict[str, RunCard] = {}
        self._run_of: dict[str, str] = {}
        self._reasons: dict[str, str] = {}

    def cards(self) -> list[RunCard]:
        """Return the cards: active runs first, then the newest first."""
        newest_first = list(reversed(self._cards.values()))
        return sorted(newest_first, key=lambda card: not card.phase.is_active)

    def card(self, run: str) -> RunCard | None:
        """Return the card of ``run``; None if there is none."""
        return self._cards.get(run)

    def run_of(self, job: str) -> str | None:
        """Return the run that a job of this window trains; None if it trains none."""
        return self._run_of.get(job)

    def workers(self) -> int:
        """Return how many workers the jobs of this window have."""
        return sum(card.workers for card in self._cards.values() if card.job is not None and card.phase.is_active)

    def set_rows(self, rows: Iterable[RunRow]) -> None:
        """Take the league's rows, in the order they were created; what a job of this window trains stays live."""
        stored = {row.id: self._merged(row) for row in rows}
        others = {run: card for run, card in self._cards.items() if run not in stored}
        ours = {run: card for run, card in others.items() if card.job is not None or not card.is_stored}
        self._cards = {**stored, **ours}

    def begin(self, job: str, run: str | None, *, name: str, trainer: str, workers: int) -> str:
        """Take note of a job that was started for a new run or to resume ``run``; return the card's run."""
        before = self._cards.get(run) if run is not None else None
        base = before or RunCard(job, name, trainer, Phase.STARTING)
        self._run_of[job] = base.run
        self._reasons.pop(base.run, None)
        self._put(replace(base, phase=Phase.STARTING, job=job, workers=workers, reason="", eta_s=None))
        return base.run

    def take(self, job: str, message: Message) -> str | None:
        """Take an event of a job; return the run it is about, None if that is none of this window's."""
        if job not in self._run_of:
            return None
        if message.get("event") == "run_started":
            self._start(job, message)
        card = self._cards[self._run_of[job]]
        change = _CHANGES.get(str(message.get("event")))
        if change is not None:
            self._put(change(card, message))
        return card.run

    def end(self, job: str, reason: str, *, is_ok: bool) -> str | None:
        """Take note that a job is over, with or without a last word; return its run."""
        run = self._run_of.pop(job, None)
        if run is None:
            return None
        card = self._cards[run]
        if card.phase.is_active:
            phase = Phase.STOPPED if is_ok else Phase.FAILED
            card = replace(card, phase=phase, reason=reason)
        if card.reason:
            self._reasons[run] = card.reason
        self._put(replace(card, job=None, eta_s=None))
        return run

    def want(self, run: str, phase: Phase) -> None:
        """Show what the user has asked a running job for, until it answers otherwise."""
        self._put(replace(self._cards[run], phase=phase))

    def forget(self, run: str) -> None:
        """Drop the card of a run that never came to be."""
        if run in self._cards and not self._cards[run].is_stored:
            del self._cards[run]

    def _start(self, job: str, message: Message) -> None:
        """Give the card of a new run its own name in place of the job's."""
        run = str(message["run"])
        before = self._cards.pop(self._run_of[job])
        self._run_of[job] = run
        self._cards[run] = replace(
            before,
            run=run,
            name=str(message.get("name") or before.name),
            seed=message.get("seed", before.seed),
            config=message.get("config") or before.config,
            folder=str(message.get("folder") or before.folder),
            phase=Phase.RUNNING,
            step=int(message.get("step") or before.step),
            is_stored=True,
        )

    def _merged(self, row: RunRow) -> RunCard:
        card = card_of(row)
        before = self._cards.get(row.id)
        if before is not None and before.job is not None:
            return replace(
                before, name=card.name, seed=card.seed, config=card.config, folder=card.folder, is_stored=True
            )
        return card if card.reason or card.phase.is_active else replace(card, reason=self._reasons.get(row.id, ""))

    def _put(self, card: RunCard) -> None:
        self._cards[card.run] = card


def card_of(row: RunRow) -> RunCard:
    """Return the card of a stored run; a summary that cannot be read counts as empty."""
    summary = _object(row.summary_json)
    champion = summary.get("champion")
    return RunCard(
        run=row.id,
        name=row.name,
        trainer=row.trainer,
        phase=_PHASES.get(row.state, Phase.STOPPED),
        is_stored=True,
        seed=row.seed,
        config=_object(row.config_json),
        folder=row.folder,
        step=int(summary.get("step") or 0),
        expected=summary.get("expected"),
        seconds=float(summary.get("seconds") or 0.0),
        values=summary.get("metrics") or {},
        champion=ChampionMark(champion["hash"], champion["step"], champion["fitness"]) if champion else None,
        reason=str(summary.get("reason") or ""),
    )


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _metrics(card: RunCard, message: Message) -> RunCard:
    values = {**card.values, **message.get("values", {})}
    return replace(card, step=int(message.get("step", card.step)), values=values)


def _progress(card: RunCard, message: Message) -> RunCard:
    return replace(
        card,
        step=int(message.get("done", card.step)),
        expected=message.get("expected"),
        eta_s=message.get("eta_s"),
        seconds=float(message.get("seconds", card.seconds)),
    )


def _champion(card: RunCard, message: Message) -> RunCard:
    mark = ChampionMark(str(message["hash"]), int(message["step"]), float(message["fitness"]))
    return replace(card, champion=mark)


def _ended(card: RunCard, message: Message) -> RunCard:
    phase = _PHASES.get(str(message.get("state")), Phase.STOPPED)
    return replace(card, phase=phase, reason=str(message.get("reason") or ""))


_CHANGES: Final = {"metrics": _metrics, "progress": _progress, "champion": _champion, "ended": _ended}
