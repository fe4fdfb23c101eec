"""What the Training dock knows of each night: the night's file, and what its job says meanwhile. No Qt."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from app.desktop.training.cards import Phase, RunCard

if TYPE_CHECKING:  # the window paints before these are imported
    from app.overnight.state import Cycle, Night
    from app.session import League

Message: TypeAlias = Mapping[str, Any]
"""An event of a night's job; the names of its fields are those of ``overnight --events``."""

_RESUMABLE: Final = frozenset({Phase.STOPPED, Phase.INTERRUPTED, Phase.FAILED})
_PHASES: Final = {phase.value: phase for phase in Phase}
_JOB_STATES: Final = {"running": Phase.RUNNING, "paused": Phase.PAUSED, "stopping": Phase.STOPPING}
_ENDED: Final = frozenset({Phase.STOPPED, Phase.COMPLETE, Phase.FAILED})


@dataclass(frozen=True)
class CycleLine:
    """A cycle that is done, or was broken off for the reason in ``failure``; of the one at hand, what is known already.

    ``champion`` reigns after it. ``is_better`` is the gate's verdict, None before it; ``pairs``, ``llr`` and ``score`` are
    its evidence, None where nobody reigned or the run has made no champion.
    """

    number: int
    run: str = ""
    champion: str = ""
    is_better: bool | None = None
    pairs: int | None = None
    llr: float | None = None
    score: float | None = None
    rating: float | None = None
    rank: int | None = None
    season: int | None = None
    seconds: float = 0.0
    failure: str = ""
    is_done: bool = True


@dataclass(frozen=True)
class Stage:
    """What the cycle at hand is at: ``train``, ``gate`` or ``season``, how far that is, and until when the night takes."""

    cycle: int = 1
    name: str = "train"
    run: str = ""
    season: int | None = None
    done: int = 0
    expected: int | None = None
    unit: str = ""
    eta_s: float | None = None


@dataclass(frozen=True)
class NightCard:
    """One night as its card shows it. ``night`` is the job's id until the night has an id of its own.

    ``job`` is the job of this window that works on it: without one, an active night belongs to another program. ``cycles``
    is how many there are to be, 0 if it goes on for ``hours``.
    """

    night: str
    name: str
    phase: Phase
    job: str | None = None
    is_stored: bool = False
    trainer: str = ""
    cycles: int = 0
    hours: float = 0.0
    seconds: float = 0.0
    stage: Stage = field(default_factory=Stage)
    lines: tuple[CycleLine, ...] = ()
    said: str = ""
    """The last line for people."""
    reason: str = ""
    can_be_read: bool = True

    @property
    def progress(self) -> float | None:
        """How far the whole night is, 0 to 1; None while that is not known."""
        if self.phase is Phase.COMPLETE:
            return 1.0
        if self.cycles:
            return min(sum(line.is_done for line in self.lines) / self.cycles, 1.0)
        left = self.stage.eta_s
        if self.phase.is_active and left is not None and self.hours:
            return max(0.0, 1.0 - left / (3600.0 * self.hours))
        return min(self.seconds / (3600.0 * self.hours), 1.0) if self.hours else None

    @property
    def is_elsewhere(self) -> bool:
        """Whether another program works on it, which alone can pause or stop it."""
        return self.phase.is_active and self.job is None

    def trains(self, run: str) -> bool:
        """Whether it is at the training of ``run``."""
        return bool(run) and self.phase.is_active and self.stage.name == "train" and self.stage.run == run

    @property
    def can_pause(self) -> bool:
        """Whether it can be paused from here."""
        return self.phase is Phase.RUNNING and self.job is not None

    @property
    def can_resume(self) -> bool:
        """Whether it can go on: after a pause, or in a new job once its last one is gone."""
        if self.job is not None:
            return self.phase is Phase.PAUSED
        return self.is_stored and self.can_be_read and self.phase in _RESUMABLE

    @property
    def can_stop(self) -> bool:
        """Whether it can be stopped from here."""
        return self.job is not None and self.phase in (Phase.STARTING, Phase.RUNNING, Phase.PAUSED)

    @property
    def can_cancel(self) -> bool:
        """Whether it can be ended at once from here."""
        return self.job is not None and self.phase.is_active


class NightBook:
    """Every night, from two sources: files of the league, and messages of the jobs that this window has started."""

    def __init__(self) -> None:
        self._cards: dict[str, NightCard] = {}
        self._night_of: dict[str, str] = {}
        self._dismissed: set[str] = set()

    def cards(self) -> list[NightCard]:
        """Return the cards: active nights first, then the newest first; of those that are complete only the newest."""
        shown = [card for card in reversed(self._cards.values()) if card.night not in self._dismissed]
        complete = [card.night for card in shown if card.phase is Phase.COMPLETE]
        shown = [card for card in shown if card.night not in complete[1:]]
        return sorted(shown, key=lambda card: not card.phase.is_active)

    def card(self, night: str) -> NightCard | None:
        """Return the card of ``night``; None if there is none."""
        return self._cards.get(night)

    def night_of(self, job: str) -> str | None:
        """Return the night that a job of this window works on; None if it is none's."""
        return self._night_of.get(job)

    def with_night(self, run: RunCard) -> RunCard:
        """Return the card of a run as the active night tells it that trains it; as it is, if none does."""
        night = next((card for card in self._cards.values() if card.trains(run.run)), None)
        if night is None or run.job is not None or not run.phase.is_active:
            return run
        stage = night.stage
        phase = night.phase if night.job is not None else run.phase
        step = max(run.step, stage.done)
        return replace(run, night=night.name, phase=phase, step=step, expected=stage.expected or run.expected)

    def set_stored(self, stored: Iterable[NightCard]) -> None:
        """Take the league's nights, in the order they were begun; what a job of this window works on stays live."""
        found = {card.night: card for card in stored}
        live = {night: card for night, card in self._cards.items() if card.job is not None or not card.is_stored}
        self._cards = {**found, **live}

    def begin(self, job: str, night: str | None, *, name: str, trainer: str = "") -> str:
        """Take note of a job that was started for a new night or to resume ``night``; return the card's night."""
        before = self._cards.get(night) if night is not None else None
        base = before or NightCard(job, name, Phase.STARTING, trainer=trainer)
        self._night_of[job] = base.night
        self._dismissed.discard(base.night)
        stage = replace(base.stage, eta_s=None)
        self._cards[base.night] = replace(base, phase=Phase.STARTING, job=job, reason="", said="", stage=stage)
        return base.night

    def take(self, job: str, message: Message) -> str | None:
        """Take an event of a job; return the night it is about, None if that is none of this window's."""
        night = self._night_of.get(job)
        if night is None:
            return None
        change = _CHANGES.get(str(message.get("event")))
        if change is not None:
            card = change(self._cards.pop(night), message)
            self._cards[card.night] = card
            self._night_of[job] = card.night
        return self._night_of[job]

    def end(self, job: str, reason: str, *, is_ok: bool) -> str | None:
        """Take note that a job is over, with or without a last word; return its night."""
        night = self._night_of.pop(job, None)
        if night is None:
            return None
        card = self._cards[night]
        if card.phase.is_active:
            card = replace(card, phase=Phase.STOPPED if is_ok else Phase.FAILED, reason=reason)
        self._cards[night] = replace(card, job=None, stage=replace(card.stage, eta_s=None))
        return night

    def want(self, night: str, phase: Phase) -> None:
        """Show what the user has asked a running job for, until it answers otherwise."""
        self._cards[night] = replace(self._cards[night], phase=phase)

    def dismiss(self, night: str) -> None:
        """Show a night no longer, until the next start of the program."""
        self._dismissed.add(night)


def stored_nights(league: "League") -> list[NightCard]:
    """Return the nights of the league in the order they were begun. Asked in the reader's thread.

    Whoever works on a night holds the league's lock and has written the night's file since: a process that began after
    that works on something else.
    """
    from app.overnight.state import OvernightError, nights
    from league.writer_lock import running_writer

    writer = running_writer(league.home.folder)
    found = []
    for folder in nights(league.home.folder):
        try:
            night = folder.read()
            is_running = writer is not None and folder.file.stat().st_mtime >= writer.started_s
        except (OvernightError, OSError) as error:
            found.append(_unreadable(folder.id, str(error)))
        else:
            found.append(card_of(night, is_running=is_running))
    return found


def card_of(night: "Night", *, is_running: bool) -> NightCard:
    """Return the card of a stored night; one that says it is running while no process is has been interrupted."""
    phase = _PHASES.get(night.state, Phase.STOPPED)
    if phase is Phase.RUNNING and not is_running:
        phase = Phase.INTERRUPTED
    open_cycle = night.open_cycle
    stage = Stage(cycle=len(night.cycles) + 1)
    if open_cycle is not None:
        stage = Stage(open_cycle.number, open_cycle.phase.value, open_cycle.run or "", open_cycle.season)
    return NightCard(
        night=night.id,
        name=night.name,
        phase=phase,
        is_stored=True,
        trainer=night.config.trainer,
        cycles=night.config.cycles,
        hours=night.config.hours,
        seconds=night.seconds,
        stage=stage,
        lines=tuple(
            _line_of(cycle) for cycle in night.cycles if cycle.phase.value == "done" or cycle.is_better is not None
        ),
        reason=night.reason,
    )


def _unreadable(night: str, reason: str) -> NightCard:
    return NightCard(night, night, Phase.FAILED, is_stored=True, reason=reason, can_be_read=False)


def _line_of(cycle: "Cycle") -> CycleLine:
    gate, standing = cycle.gate, cycle.standing
    return CycleLine(
        number=cycle.number,
        run=cycle.run or "",
        champion=cycle.champion_name or "",
        is_better=cycle.is_better,
        pairs=None if gate is None else gate.pairs,
        llr=None if gate is None else gate.llr,
        score=None if gate is None else gate.score,
        rating=None if standing is None else standing.rating,
        rank=None if standing is None else standing.rank,
        season=cycle.season,
        seconds=cycle.seconds,
        failure=cycle.failure,
        is_done=cycle.phase.value == "done",
    )


def _started(card: NightCard, message: Message) -> NightCard:
    return replace(
        card,
        night=str(message["id"]),
        name=str(message.get("name") or card.name),
        cycles=int(message.get("cycles") or 0),
        hours=float(message.get("hours") or card.hours),
        stage=Stage(int(message.get("cycle") or 1), str(message.get("phase") or "train")),
        phase=Phase.RUNNING if card.phase is Phase.STARTING else card.phase,
        is_stored=True,
    )


def _phase(card: NightCard, message: Message) -> NightCard:
    cycle, name = int(message["cycle"]), str(message["phase"])
    same = card.stage if (card.stage.cycle, card.stage.name) == (cycle, name) else Stage(eta_s=card.stage.eta_s)
    run, season = str(message.get("run") or same.run), message.get("season") or same.season
    is_same = same is card.stage
    return replace(
        card,
        stage=replace(same, cycle=cycle, name=name, run=run, season=season),
        said=card.said if is_same else "",
    )


def _progress(card: NightCard, message: Message) -> NightCard:
    if "done" not in message:
        return card
    stage = _phase(card, {**message, "run": None, "season": None}).stage if "phase" in message else card.stage
    stage = replace(
        stage,
        done=int(message["done"]),
        expected=message.get("expected"),
        eta_s=message.get("eta_s"),
        unit=str(message.get("unit") or stage.unit),
    )
    phase = _JOB_STATES.get(str(message.get("state")), card.phase)
    return replace(card, stage=stage, phase=card.phase if card.phase is Phase.STOPPING else phase)


def _gate(card: NightCard, message: Message) -> NightCard:
    told = {key: message.get(key) for key in ("is_better", "pairs", "llr", "score")}
    return _with_line(card, int(message["cycle"]), {**told, "is_done": False})


def _cycle(card: NightCard, message: Message) -> NightCard:
    keys = ("champion", "is_better", "rating", "rank", "season", "seconds", "failure", "run")
    told = {key: message[key] for key in keys if message.get(key) is not None}
    return _with_line(card, int(message["cycle"]), {**told, "is_done": True})


def _with_line(card: NightCard, number: int, told: Mapping[str, Any]) -> NightCard:
    """Return ``card`` with what is ``told`` in the line of a cycle."""
    lines = {line.number: line for line in card.lines}
    lines[number] = replace(lines.get(number, CycleLine(number)), **told)
    return replace(card, lines=tuple(lines[key] for key in sorted(lines)))


def _line(card: NightCard, message: Message) -> NightCard:
    return replace(card, said=str(message.get("text") or "").strip())


def _ended(card: NightCard, message: Message) -> NightCard:
    phase = _PHASES.get(str(message.get("state")), Phase.STOPPED)
    phase = phase if phase in _ENDED else Phase.STOPPED
    return replace(card, phase=phase, reason=str(message.get("reason") or ""))


_CHANGES: Final = {
    "started": _started,
    "phase": _phase,
    "progress": _progress,
    "gate": _gate,
    "cycle": _cycle,
    "line": _line,
    "log": _line,
    "ended": _ended,
}
