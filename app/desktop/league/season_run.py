"""A season that is being played in a process of its own, as its messages tell it. No Qt here."""

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Any

from app.desktop.league.words import count, duration, rate

if TYPE_CHECKING:  # the window paints before the store and the kernels are imported
    from app.jobs.message import Message
    from league.store import SeasonRow


class Phase(Enum):
    """What the season's process has last been told to do."""

    STARTING = "starting"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPING = "stopping"
    CANCELLING = "cancelling"


@dataclass(frozen=True, slots=True)
class SeasonRun:
    """How far a running season is. ``shown`` is the match that its process waits for, to be watched to its end.

    ``note`` is what the process does before the first match.
    """

    season_id: int
    job: str
    has_visuals: bool
    workers: int
    phase: Phase = Phase.STARTING
    done: int = 0
    expected: int | None = None
    is_exact: bool = True
    matches_per_s: float | None = None
    eta_s: float | None = None
    faults: int = 0
    shown: int | None = None
    note: str = ""

    def after(self, message: "Message") -> "SeasonRun":
        """Return the run after one message of its process."""
        told: Any = message
        match message.get("event"):
            case "season_started":
                started = replace(self, expected=told["expected"], is_exact=told["exact"], workers=told["workers"])
                return replace(started, phase=Phase.RUNNING, note="") if self.phase is Phase.STARTING else started
            case "compiling":
                return replace(self, note=told["text"])
            case "progress":
                return replace(
                    self,
                    done=told["done"],
                    expected=told["expected"],
                    is_exact=told["exact"],
                    matches_per_s=told["matches_per_s"] if told["played"] else self.matches_per_s,
                    eta_s=told["eta_s"],
                    faults=told["faults"],
                    workers=told["workers"],
                    phase=self._phase(told["state"]),
                )
            case "show":
                return replace(self, shown=told["match"])
            case "stored":
                return replace(self, shown=None) if told["match"] == self.shown else self
        return self

    def _phase(self, state: str) -> Phase:
        """Return the phase as the process tells it; who stops at once says no more than that it stops."""
        if self.phase is Phase.CANCELLING:
            return self.phase
        return {"paused": Phase.PAUSED, "stopping": Phase.STOPPING}.get(state, Phase.RUNNING)

    @property
    def share(self) -> float | None:
        """How much of the season is played, 0 to 1; None as long as nobody knows."""
        return min(1.0, self.done / self.expected) if self.expected else None

    @property
    def is_ending(self) -> bool:
        """Whether it was told to stop."""
        return self.phase in {Phase.STOPPING, Phase.CANCELLING}

    def sentence(self) -> str:
        """Return what the season is doing, in a line."""
        if self.phase is Phase.STARTING:
            return self.note or "Starting\N{HORIZONTAL ELLIPSIS}"
        if self.phase is Phase.CANCELLING:
            return "Stopping now\N{HORIZONTAL ELLIPSIS}"
        if self.phase is Phase.STOPPING:
            return "Stopping after the running matches\N{HORIZONTAL ELLIPSIS}"
        if self.phase is Phase.PAUSED:
            return "Paused"
        if self.has_visuals:
            return "Playing in the arena, match by match"
        return f"Playing with {count(self.workers, 'worker')}"

    def numbers(self) -> str:
        """Return progress, speed, time left and faults, in a line."""
        if self.expected is None:
            return ""
        most = "" if self.is_exact else "at most "
        parts = [f"{self.done:,} of {most}{self.expected:,} matches"]
        if self.phase is Phase.RUNNING and not self.has_visuals:
            parts += [rate(self.matches_per_s), f"{duration(self.eta_s)} left"]
        if self.faults:
            parts.append(count(self.faults, "fault"))
        return " \N{MIDDLE DOT} ".join(parts)


def season_label(row: "SeasonRow", *, is_running: bool) -> str:
    """Return a season for a list: number, name, and what is not as expected about it."""
    if is_running:
        state = "running"
    elif row.state == "complete":
        state = ""
    else:
        state = "unfinished"
    return f"{row.id} ({state}): {row.name}" if state else f"{row.id}: {row.name}"


def season_sentence(row: "SeasonRow", matches: int) -> str:
    """Return the state of a season that is not running here."""
    if row.state == "complete":
        return f"Complete: {count(matches, 'match', 'matches')}"
    planned = f" of {row.planned_matches:,}" if row.planned_matches else ""
    return f"Unfinished: {matches:,}{planned} matches are stored"


class Proofs:
    """Compares what was seen of a match with what was stored, whichever is known first."""

    def __init__(self) -> None:
        self._seen: dict[int, int] = {}
        self._stored: dict[int, int] = {}

    def saw(self, match_id: int, state_hash: int) -> bool:
        """Take the hash of a match as the arena played it; return whether it contradicts the stored one."""
        self._seen[match_id] = state_hash
        return self._contradicts(match_id)

    def stored(self, match_id: int, state_hash: int) -> bool:
        """Take the hash of a match as it was stored; return whether it contradicts the one that was seen."""
        self._stored[match_id] = state_hash
        return self._contradicts(match_id)

    def _contradicts(self, match_id: int) -> bool:
        if match_id not in self._seen or match_id not in self._stored:
            self._forget_before(match_id)
            return False
        return self._seen.pop(match_id) != self._stored.pop(match_id)

    def _forget_before(self, match_id: int) -> None:
        """Drop what can no longer be compared: a season shows its matches in order, one at a time."""
        for known in (self._seen, self._stored):
            for old in [each for each in known if each < match_id - 1]:
                del known[old]
