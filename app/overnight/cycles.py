"""The state machine of a night: which phase comes next, what is kept when, and what ends it.

Everything that must not be done twice is kept before the next thing begins, and everything that may be repeated comes to the
same result again: so a night that was killed at any moment and resumed is the night that was never killed.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Final, Protocol

from ai.errors import RunFailedError, failure_reason
from app.overnight.events import (
    CycleDone,
    GateHeld,
    NightEnded,
    NightEvent,
    NightStarted,
    NightView,
    PhaseProgress,
    PhaseStarted,
)
from app.overnight.planning import eta_s, is_over
from app.overnight.state import Cycle, GateRecord, Night, NightState, Phase
from game.errors import GameError
from game.executors.base import RunControl, RunState
from league.errors import DiskFullError, LeagueError

MAX_FAILURES: Final = 3
"""Cycles in a row that may be broken off before the night is."""

_PAUSE_CHECK_S: Final = 0.2
_KEEP_S: Final = 30.0


class NightStopped(Exception):  # noqa: N818  # no error: somebody asked for it
    """The night is to stop; what is not kept is repeated when it is resumed."""


class Desk(Protocol):
    """What a phase has to do with the night that it belongs to."""

    @property
    def night(self) -> Night:
        """The night so far."""
        ...

    @property
    def control(self) -> RunControl:
        """What its owner wants of it."""
        ...

    def keep(self, cycle: Cycle) -> Cycle:
        """Write what is known of the cycle at hand, and return it with the time that it has taken."""
        ...

    def begin(self, run: str | None = None, season: int | None = None) -> None:
        """Tell which run or season the phase at hand is about."""
        ...

    def progress(self, done: int, expected: int | None, unit: str, rest_s: float | None = None) -> None:
        """Tell how far the phase at hand is; ``rest_s`` are the seconds that it still takes, where that is known."""
        ...

    def say(self, line: str) -> None:
        """Take a line for people."""
        ...


class Keeper(Protocol):
    """Where a night is kept; as ``NightFolder``."""

    def write(self, night: Night) -> None:
        """Keep ``night`` in place of what was kept of it; all of it or nothing."""
        ...


class Phases(Protocol):
    """What a cycle does. Each may be called again after a kill, with what was kept; each raises ``NightStopped`` to stop."""

    def plan(self, cycle: Cycle, desk: Desk) -> Cycle:
        """Return the cycle with ``settings`` and ``parent``: what its run is given."""
        ...

    def train(self, cycle: Cycle, desk: Desk) -> Cycle:
        """Return the cycle with its ``run``, kept as soon as it is known, and ``candidate``: None if it has made none."""
        ...

    def judge(self, cycle: Cycle, desk: Desk) -> GateRecord | None:
        """Return how the candidate did against the reigning champion; None if nobody reigns."""
        ...

    def enter(self, cycle: Cycle, desk: Desk) -> Cycle:
        """Return the cycle with ``champion`` and its name: the candidate in the league if it is better, else who reigns."""
        ...

    def season(self, cycle: Cycle, desk: Desk) -> Cycle:
        """Return the cycle with its ``standing`` after its ``season``, which is kept as soon as it is known."""
        ...


class NightShift:
    """One process's part of a night. ``clock`` gives seconds, monotonic; only ``hours`` and what is shown depend on it."""

    def __init__(
        self, keeper: Keeper, night: Night, phases: Phases, view: NightView, clock: Callable[[], float]
    ) -> None:
        self.night = night
        self._keeper = keeper
        self._phases = phases
        self._view = view
        self._clock = clock
        self._kept_s = clock()
        self._failures = 0

    def run(self) -> NightEnded:
        """Go on from where the night is until it is over, or its control stops it; return how it ended.

        Raises
        ------
        LeagueError, GameError
            With one sentence for the user; what was kept stays kept.
        """
        self._set_state("running")
        self._tell_start()
        try:
            while self.night.open_cycle is not None or not is_over(self.night.config, self.night):
                self._cycle(self.night.open_cycle or Cycle(number=len(self.night.cycles) + 1))
            self._check_success()
        except NightStopped:
            ended = NightEnded("stopped", "")
        except Exception as error:
            self._fail(error)
            raise
        else:
            ended = NightEnded("complete", "")
        self._end(ended)
        return ended

    # What phases see

    @property
    def control(self) -> RunControl:
        """See ``Desk``."""
        return self._view.control

    def keep(self, cycle: Cycle) -> Cycle:
        """See ``Desk``."""
        now = self._clock()
        known = self.night.cycles[cycle.number - 1].seconds if cycle.number <= len(self.night.cycles) else 0.0
        cycle = cycle.model_copy(update={"seconds": known + now - self._kept_s})
        self._kept_s = now
        self.night = self.night.with_cycle(cycle)
        self._keeper.write(self.night)
        return cycle

    def begin(self, run: str | None = None, season: int | None = None) -> None:
        """See ``Desk``."""
        cycle = self._at_hand
        self._view.tell(PhaseStarted(cycle.number, cycle.phase, run, season))

    def progress(self, done: int, expected: int | None, unit: str, rest_s: float | None = None) -> None:
        """See ``Desk``."""
        cycle = self._at_hand
        since_s = self._clock() - self._kept_s
        if since_s >= _KEEP_S:  # a kill may cost the night's hours that much
            cycle, since_s = self.keep(cycle), 0.0
        lived = cycle.model_copy(update={"seconds": cycle.seconds + since_s})
        left = eta_s(self.night.with_cycle(lived), lived, rest_s)
        self._view.tell(PhaseProgress(cycle.number, cycle.phase, done, expected, left, unit))

    def say(self, line: str) -> None:
        """See ``Desk``."""
        self._view.say(line)

    # The machine

    @property
    def _at_hand(self) -> Cycle:
        cycle = self.night.open_cycle
        if cycle is None:
            raise RuntimeError("no cycle is open")
        return cycle

    def _tell(self, event: NightEvent) -> None:
        self._view.tell(event)

    def _tell_start(self) -> None:
        cycle = self.night.open_cycle or Cycle(number=len(self.night.cycles) + 1)
        self._tell(NightStarted(self.night, cycle.number, cycle.phase))

    def _cycle(self, cycle: Cycle) -> None:
        """Take one cycle to its end; what goes wrong in it breaks it off, and the next one is tried."""
        self._heed()
        self._kept_s = self._clock()
        cycle = self.keep(cycle)
        try:
            while cycle.phase is not Phase.DONE:
                cycle = self._phase(cycle)
                self._heed_unless_done(cycle)
        except DiskFullError:
            raise
        except (LeagueError, GameError) as error:
            self._break_off(error)
        else:
            self._failures = 0
            self._tell(CycleDone(cycle))

    def _phase(self, cycle: Cycle) -> Cycle:
        if cycle.phase is Phase.TRAIN:
            if cycle.settings is None:
                cycle = self.keep(self._phases.plan(cycle, self))
            return self._next(self._phases.train(cycle, self), Phase.GATE)
        if cycle.phase is Phase.GATE:
            return self._next(self._gate(cycle), Phase.SEASON)
        return self._next(self._phases.season(cycle, self), Phase.DONE)

    def _next(self, cycle: Cycle, phase: Phase) -> Cycle:
        return self.keep(cycle.model_copy(update={"phase": phase}))

    def _gate(self, cycle: Cycle) -> Cycle:
        if cycle.is_better is None:
            self.begin(run=cycle.run)
            record = self._phases.judge(cycle, self) if cycle.candidate is not None else None
            is_better = record.is_better if record is not None else cycle.candidate is not None
            cycle = self.keep(cycle.model_copy(update={"gate": record, "is_better": is_better}))
        cycle = self._phases.enter(cycle, self)
        self._tell(GateHeld(cycle))
        return cycle

    def _break_off(self, error: LeagueError | GameError) -> None:
        """Keep why the cycle at hand was broken off; the third in a row ends the night."""
        cycle = self._at_hand
        if cycle.number == 1 and cycle.run is None:  # what was asked for cannot be: no other cycle could do better
            raise error
        self._failures += 1
        reason = failure_reason(error)
        cycle = self.keep(cycle.model_copy(update={"phase": Phase.DONE, "failure": reason}))
        self._tell(CycleDone(cycle))
        if self._failures >= MAX_FAILURES:
            raise RunFailedError(
                f"{MAX_FAILURES} cycles in a row were broken off, the last one because: {reason.rstrip('.')}. "
                f"Everything is kept: --resume {self.night.id} tries the next"
            ) from error

    def _check_success(self) -> None:
        """Raise ``RunFailedError`` if the night is over and every one of its cycles was broken off."""
        if self.night.has_failed_throughout:
            reason = self.night.done[-1].failure
            raise RunFailedError(
                f"every cycle was broken off, the last one because: {reason.rstrip('.')}. Everything is kept: "
                f"--resume {self.night.id} with more --cycles or --hours tries the next"
            )

    def _heed_unless_done(self, cycle: Cycle) -> None:
        if cycle.phase is not Phase.DONE:
            self._heed()

    def _heed(self) -> None:
        """Wait while the night is paused; raise ``NightStopped`` if it is to stop."""
        while self.control.state is RunState.PAUSED:
            self.control.wait_while_paused(_PAUSE_CHECK_S)
        if self.control.state is not RunState.RUNNING:
            raise NightStopped

    # How it ends

    def _end(self, ended: NightEnded) -> None:
        if self.night.open_cycle is not None:
            self.keep(self.night.open_cycle)
        self._set_state(ended.state, ended.reason)
        self._tell(ended)

    def _fail(self, error: Exception) -> None:
        """Say in file and event why the night has ended; what stands in the way of that is not the reason to show."""
        reason = failure_reason(error)
        with suppress(LeagueError):
            self._set_state("failed", reason)
        self._tell(NightEnded("failed", reason))

    def _set_state(self, state: NightState, reason: str = "") -> None:
        self.night = self.night.model_copy(update={"state": state, "reason": reason})
        self._keeper.write(self.night)
