"""Who is told what a night does: a person at a terminal, or the window at the other end of a channel."""

import sys
from types import TracebackType
from typing import Final, Never

from tqdm import tqdm

from app.jobs.channel import Channel
from app.jobs.message import Json, Message
from app.overnight.events import (
    CycleDone,
    GateHeld,
    NightEnded,
    NightEvent,
    NightStarted,
    PhaseProgress,
    PhaseStarted,
)
from app.overnight.report import cycle_text, cycles_text
from app.overnight.state import Night, Phase
from app.progress import progress_bar
from game.executors.base import RunControl, RunState

_WORDS: Final = {Phase.TRAIN: "training", Phase.GATE: "gate", Phase.SEASON: "season"}
_STATES: Final = {
    RunState.RUNNING: "running",
    RunState.PAUSED: "paused",
    RunState.STOPPING: "stopping",
    RunState.CANCELLED: "stopping",
}


class TerminalNight:
    """A line a cycle, and a bar a phase on stderr. A context manager."""

    def __init__(self) -> None:
        self.control = RunControl()
        self._cycles = 0
        self._label = ""
        self._bar: tqdm[Never] | None = None

    def __enter__(self) -> "TerminalNight":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end_bar()

    def say(self, line: str) -> None:
        """Show a line above the bar."""
        tqdm.write(line, file=sys.stderr)

    def tell(self, event: NightEvent) -> None:
        """Show an event."""
        match event:
            case NightStarted():
                self._started(event)
            case PhaseStarted():
                self._end_bar()
                self._label = f"cycle {event.cycle}, {_WORDS[event.phase]}"
            case PhaseProgress():
                self._progress(event)
            case CycleDone():
                self._end_bar()
                self.say(cycle_text(event.cycle, self._cycles))
            case GateHeld() | NightEnded():
                self._end_bar()

    def _started(self, event: NightStarted) -> None:
        night = event.night
        self._cycles = night.config.cycles
        begin = f"goes on with cycle {event.cycle}, {_WORDS[event.phase]}" if night.cycles else "begins"
        until = cycles_text(night.config.cycles) if night.config.cycles else f"{night.config.hours:g} hours"
        self.say(f"overnight {night.id} {begin}: trainer {night.config.trainer}, {until}, seed {night.seed}")

    def _progress(self, event: PhaseProgress) -> None:
        if self._bar is None:
            self._bar = progress_bar(self._label, event.unit, total=event.expected, initial=event.done)
        if event.eta_s is not None:
            self._bar.set_postfix_str(f"night {tqdm.format_interval(event.eta_s)} left", refresh=False)
        self._bar.update(event.done - self._bar.n)

    def _end_bar(self) -> None:
        if self._bar is not None:
            self._bar.close()
        self._bar = None


class ChannelNight:
    """Events on a channel, as docs/formats.md lists them."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._last_progress: dict[str, Json] = {}
        self._has_ended = False

    @property
    def control(self) -> RunControl:
        """What the other end wants."""
        return self._channel.control

    def say(self, line: str) -> None:
        """Send a line for people."""
        self._channel.send("line", text=line.strip())

    def obey(self, _command: Message) -> None:
        """Answer a command that has acted on the control: nothing else may happen for long."""
        if self._last_progress:
            self._send_progress()

    def fail(self, reason: str) -> None:
        """Send the end of a night that has not begun or has not sent it itself."""
        if not self._has_ended:
            self.tell(NightEnded("failed", reason))

    def tell(self, event: NightEvent) -> None:
        """Send an event."""
        match event:
            case NightStarted():
                self._started(event.night, event)
            case PhaseStarted():
                given = {"run": event.run, "season": event.season}
                named: dict[str, Json] = {name: value for name, value in given.items() if value is not None}
                self._channel.send("phase", cycle=event.cycle, phase=event.phase.value, **named)
            case PhaseProgress():
                eta_s = None if event.eta_s is None else round(event.eta_s, 1)
                self._last_progress = {**vars(event), "phase": event.phase.value, "eta_s": eta_s}
                self._send_progress()
            case GateHeld():
                self._gate(event)
            case CycleDone():
                self._cycle(event)
            case NightEnded():
                self._has_ended = True
                self._channel.send("ended", state=event.state, reason=event.reason)

    def _started(self, night: Night, event: NightStarted) -> None:
        config = night.config
        self._channel.send(
            "started",
            id=night.id,
            name=night.name,
            cycles=config.cycles or None,
            hours=None if config.cycles else config.hours,
            seed=night.seed,
            cycle=event.cycle,
            phase=event.phase.value,
        )

    def _send_progress(self) -> None:
        self._channel.send("progress", **{**self._last_progress, "state": _STATES[self.control.state]})

    def _gate(self, event: GateHeld) -> None:
        cycle, gate = event.cycle, event.cycle.gate
        self._channel.send(
            "gate",
            cycle=cycle.number,
            pairs=gate.pairs if gate else None,
            score=gate.score if gate else None,
            llr=gate.llr if gate else None,
            is_better=bool(cycle.is_better),
        )

    def _cycle(self, event: CycleDone) -> None:
        cycle, standing, gate = event.cycle, event.cycle.standing, event.cycle.gate
        self._channel.send(
            "cycle",
            cycle=cycle.number,
            run=cycle.run,
            champion=cycle.champion_name,
            is_better=cycle.is_better,
            pairs=gate.pairs if gate else None,
            score=gate.score if gate else None,
            rating=standing.rating if standing else None,
            rank=standing.rank if standing else None,
            players=standing.players if standing else None,
            season=cycle.season,
            seconds=round(cycle.seconds, 3),
            failure=cycle.failure,
        )
