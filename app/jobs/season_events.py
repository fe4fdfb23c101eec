"""What a season job tells: how far it is, the ratings, the matches to show, the faults; no more often than a person reads."""

import base64
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol, TypeAlias

import numpy as np

from app.jobs.message import Json
from game.executors.base import RunControl, RunState
from game.spec import Results, Seat
from game.tape import Tape
from league.season import Progress, Season
from league.store import FaultRow

Clock: TypeAlias = Callable[[], float]

PROGRESS_S: Final = 0.1
RATINGS_S: Final = 0.25
FAULTS_PER_S: Final = 10
"""Faults told in a second; the first of each player and kind always is, and all are counted in the progress."""

_RATE_S: Final = 5.0
_STATES: Final = {
    RunState.RUNNING: "running",
    RunState.PAUSED: "paused",
    RunState.STOPPING: "stopping",
    RunState.CANCELLED: "stopping",
}


class Send(Protocol):
    """Sends an event to whoever watches; never waits."""

    def __call__(self, event: str, **data: Json) -> None:
        """Send ``event`` with ``data``."""
        ...


class SeasonEvents:
    """The events of one season. ``log`` and ``state_changed`` may be called from another thread."""

    def __init__(self, season_id: int, send: Send, control: RunControl) -> None:
        self._season_id = season_id
        self._send = send
        self._control = control
        self._last_progress: dict[str, Json] = {}

    def log(self, text: str, level: str = "info") -> None:
        """Tell a line for people."""
        self._send("log", level=level, text=text.strip())

    def compiling(self, text: str) -> None:
        """Tell that the kernels are being compiled, in words."""
        self._send("compiling", season=self._season_id, text=text)

    def started(self, season: Season, workers: int, *, is_on_screen: bool) -> None:
        """Tell that the season is about to be played."""
        self._send(
            "season_started",
            season=self._season_id,
            name=season.row.name,
            expected=2 * season.config.most_pairs(),
            exact=season.config.planned_pairs() is not None,
            workers=workers,
            visuals=is_on_screen,
        )

    def show(self, row: np.void, tape: Tape | None) -> None:
        """Ask the window to show a match, a row of ``MATCH_DTYPE``."""
        self._send(
            "show",
            season=self._season_id,
            match=int(row["match_id"]),
            left=int(row["left"]),
            right=int(row["right"]),
            seed=int(row["seed"]),
            points=int(row["points"]),
            tape=None if tape is None else base64.b64encode(tape.to_bytes()).decode("ascii"),
        )

    def shown_match_stored(self, row: np.void) -> None:
        """Tell what came of a match that was shown, a record of ``RESULT_DTYPE``."""
        self._send(
            "stored",
            season=self._season_id,
            match=int(row["match_id"]),
            outcome=int(row["outcome"]),
            state_hash=f"{int(row['state_hash']):016x}",
            score=[int(points) for points in row["points"]],
        )

    def fault(self, fault: FaultRow, player: str) -> None:
        """Tell of a player's forfeit."""
        self._send(
            "fault",
            season=self._season_id,
            match=int(fault.match_id),
            seat=Seat(fault.seat).name.lower(),
            player=player,
            text=f"{fault.termination.text}: {fault.detail}",
        )

    def ratings(self, season: Season) -> None:
        """Tell the live ratings by position."""
        rounded = [round(float(rating), 2) for rating in season.live.ratings]
        self._send("ratings", season=self._season_id, match=season.live.next_match - 1, ratings=list[Json](rounded))

    def progress(self, data: dict[str, Json]) -> None:
        """Tell how far the season is."""
        self._last_progress = data
        self._send_progress()

    def state_changed(self) -> None:
        """Tell that the season has been paused, say: nothing else may happen for long."""
        if self._last_progress:
            self._send_progress()

    def ended(self, state: str, reason: str) -> None:
        """Tell that this was all, and why."""
        self._send("ended", season=self._season_id, state=state, reason=reason)

    def _send_progress(self) -> None:
        state = _STATES[self._control.state]
        self._send("progress", season=self._season_id, **{**self._last_progress, "state": state})


@dataclass(frozen=True)
class _Sums:
    """What some legs of a run have come to."""

    played: int = 0
    ticks: int = 0
    seconds: float = 0.0
    faults: int = 0

    def and_leg(self, leg: Progress) -> "_Sums":
        """Return the sums with another leg added."""
        played, ticks = self.played + leg.played, self.ticks + leg.ticks
        return _Sums(played, ticks, self.seconds + leg.seconds, self.faults + leg.faults)


class SeasonWatch:
    """Turns what a season reports while it is played, leg after leg, into events."""

    def __init__(self, season: Season, events: SeasonEvents, *, clock: Clock = time.monotonic) -> None:
        self._season = season
        self._events = events
        self._clock = clock
        self._is_on_screen = False
        self._sums = _Sums()
        self._leg: Progress | None = None
        self._rate: deque[tuple[float, _Sums]] = deque()
        self._progress_due = self._ratings_due = 0.0
        self._told_match = -1
        self._told_faults: set[tuple[int, int]] = set()
        self._fault_times: deque[float] = deque(maxlen=FAULTS_PER_S)

    def begin_leg(self, *, is_on_screen: bool) -> None:
        """Take note that another executor goes on."""
        self._is_on_screen = is_on_screen
        if self._leg is not None:
            self._sums = self._sums.and_leg(self._leg)
            self._leg = replace(self._leg, played=0, ticks=0, seconds=0.0, faults=0)

    def end(self) -> None:
        """Tell where the season stands at last."""
        self._tell_ratings()
        if self._leg is not None:
            self._tell_progress(self._leg)

    def progressed(self, leg: Progress) -> None:
        """Take note of a leg's progress; it is told at most every ``PROGRESS_S``."""
        self._leg = leg
        if self._clock() >= self._progress_due:
            self._tell_progress(leg)

    def stored(self, rows: Results, faults: Sequence[FaultRow]) -> None:
        """Take note of stored matches."""
        if self._is_on_screen:
            for row in rows:
                self._events.shown_match_stored(row)
        for fault in faults:
            self._tell_fault(fault)
        if self._clock() >= self._ratings_due:
            self._tell_ratings()

    def _tell_progress(self, leg: Progress) -> None:
        now = self._clock()
        self._progress_due = now + PROGRESS_S
        sums = self._sums.and_leg(leg)
        matches_per_s, ticks_per_s = self._recent_rates(now, sums)
        self._events.progress(
            {
                "done": leg.done,
                "expected": leg.expected,
                "exact": leg.is_exact,
                "played": sums.played,
                "ticks": sums.ticks,
                "seconds": round(sums.seconds, 3),
                "matches_per_s": round(matches_per_s, 2),
                "ticks_per_s": round(ticks_per_s),
                "eta_s": round((leg.expected - leg.done) / matches_per_s, 1) if matches_per_s else None,
                "faults": sums.faults,
                "workers": leg.workers,
                "visuals": self._is_on_screen,
            }
        )

    def _recent_rates(self, now: float, sums: _Sums) -> tuple[float, float]:
        """Return matches and ticks a second over the last seconds: after a switch or a pause the mean would mislead."""
        self._rate.append((now, sums))
        while len(self._rate) > 2 and now - self._rate[0][0] > _RATE_S:
            self._rate.popleft()
        begin, before = self._rate[0]
        seconds = now - begin
        if seconds <= 0.0:
            return 0.0, 0.0
        return (sums.played - before.played) / seconds, (sums.ticks - before.ticks) / seconds

    def _tell_ratings(self) -> None:
        self._ratings_due = self._clock() + RATINGS_S
        match_id = self._season.live.next_match - 1
        if match_id > self._told_match:  # at the start of a leg the season adds up again what it has told
            self._told_match = match_id
            self._events.ratings(self._season)

    def _tell_fault(self, fault: FaultRow) -> None:
        now, kind = self._clock(), (fault.position, int(fault.termination))
        times = self._fault_times
        is_new = kind not in self._told_faults
        if is_new or len(times) < FAULTS_PER_S or now - times[0] >= 1.0:
            times.append(now)
            self._told_faults.add(kind)
            self._events.fault(fault, self._season.players[fault.position].name)
