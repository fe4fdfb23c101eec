"""What happens in a night, and who is told."""

from dataclasses import dataclass
from typing import Protocol, TypeAlias

from app.overnight.state import Cycle, Night, NightState, Phase
from game.executors.base import RunControl


@dataclass(frozen=True)
class NightStarted:
    """A night begins, or goes on with ``cycle`` at ``phase``."""

    night: Night
    cycle: int
    phase: Phase


@dataclass(frozen=True)
class PhaseStarted:
    """A phase begins or goes on; its run or season is named as soon as it is known, then once more."""

    cycle: int
    phase: Phase
    run: str | None = None
    season: int | None = None


@dataclass(frozen=True)
class PhaseProgress:
    """How far the phase at hand is, in ``unit``; ``eta_s`` is until the end of the night."""

    cycle: int
    phase: Phase
    done: int
    expected: int | None
    eta_s: float | None
    unit: str


@dataclass(frozen=True)
class GateHeld:
    """It is decided who reigns; the cycle's ``gate`` is None where nobody reigned, or the run has made no candidate."""

    cycle: Cycle


@dataclass(frozen=True)
class CycleDone:
    """A cycle is done, or was broken off for the reason in it."""

    cycle: Cycle


@dataclass(frozen=True)
class NightEnded:
    """A night has ended for now; ``reason`` is empty or one sentence."""

    state: NightState
    reason: str


NightEvent: TypeAlias = NightStarted | PhaseStarted | PhaseProgress | GateHeld | CycleDone | NightEnded


class NightView(Protocol):
    """Who is told what happens."""

    @property
    def control(self) -> RunControl:
        """What its owner wants of the night."""
        ...

    def tell(self, event: NightEvent) -> None:
        """Take what happens."""
        ...

    def say(self, line: str) -> None:
        """Take a line for people."""
        ...
