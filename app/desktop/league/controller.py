"""Which season is shown, and the one that is being played: what the user tells it, and what its process tells."""

import base64
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from app.desktop.context import Desktop, MatchRequest
from app.desktop.league.replays import contender
from app.desktop.league.season_run import Phase, Proofs, SeasonRun
from app.desktop.league.table_keeper import TableKeeper
from app.desktop.league.words import count
from app.desktop.reader import Ticket
from app.desktop.toasts import Level, Remedy

if TYPE_CHECKING:  # the window paints before the store and the kernels are imported
    from app.session import League
    from league.config import SeasonConfig
    from league.store import SeasonRow

KIND: Final = "season"
NO_SEASON: Final = -1
_GROWTH_MS: Final = 1000
_COMMANDS: Final = {
    "pause": Phase.PAUSED,
    "resume": Phase.RUNNING,
    "stop": Phase.STOPPING,
    "cancel": Phase.CANCELLING,
}


@dataclass(frozen=True, slots=True)
class _Seasons:
    rows: "tuple[SeasonRow, ...]"
    matches: dict[int, int]


class SeasonController(QObject):
    """Seasons are played by jobs, one at a time; the store and the hub tell everybody else what has changed."""

    seasons_read = Signal()
    """The list of seasons is new."""
    changed = Signal()
    """The season shown, or what the running one does."""

    def __init__(self, desktop: Desktop, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desktop = desktop
        self._ticket: Ticket | None = None
        self._rows: dict[int, SeasonRow] = {}
        self._matches: dict[int, int] = {}
        self._selected = NO_SEASON
        self._wanted = NO_SEASON
        self._is_asked_for = False  # the next match that is shown: the user has just switched pictures on
        self._run: SeasonRun | None = None
        self._end_state = ""
        self._end_reason = ""
        self._proofs = Proofs()
        self._ratings: list[float] = []
        self.tables = TableKeeper(desktop, self)
        self._growth = QTimer(self)
        self._growth.setSingleShot(True)
        self._growth.setInterval(_GROWTH_MS)
        self._growth.timeout.connect(self._tell_growth)
        desktop.jobs.event.connect(self._take)
        desktop.jobs.ended.connect(self._end)
        desktop.hub.match_ended.connect(self._match_ended)
        desktop.hub.match_dismissed.connect(self._match_dismissed)
        desktop.hub.seasons_changed.connect(self.reload)
        desktop.hub.season_grew.connect(self._note_growth)

    # What is there

    @property
    def seasons(self) -> "tuple[SeasonRow, ...]":
        """Every season, the newest first."""
        return tuple(self._rows.values())

    @property
    def selected(self) -> "SeasonRow | None":
        """The season that is shown."""
        return self._rows.get(self._selected)

    @property
    def matches(self) -> int:
        """How many matches of the shown season were stored when the list was read."""
        return self._matches.get(self._selected, 0)

    @property
    def run(self) -> SeasonRun | None:
        """The season that is being played here."""
        return self._run

    @property
    def can_pause(self) -> bool:
        """Whether a season is being played."""
        return self._run is not None and self._run.phase in {Phase.RUNNING, Phase.STARTING}

    @property
    def can_resume(self) -> bool:
        """Whether a season is paused, or the shown one has matches left and nothing else is played."""
        if self._run is not None:
            return self._run.phase is Phase.PAUSED
        return self.selected is not None and self.selected.state != "complete"

    def reload(self) -> None:
        """Read the list of seasons again."""
        if self._ticket is not None:
            self._ticket.cancel()
        self._ticket = self._desktop.reader.ask(_read_seasons, self._take_seasons)

    def select(self, season_id: int) -> None:
        """Show a season."""
        if season_id == self._selected or season_id not in self._rows:
            return
        self._selected = season_id
        self._desktop.settings.put("league/season", season_id)
        self._desktop.hub.season_selected.emit(season_id)
        self.tables.want(season_id, at_once=True)
        self.changed.emit()

    # What the user does

    @property
    def has_visuals(self) -> bool:
        """Whether a season's matches are shown in the arena."""
        return self._desktop.settings.get("league/visuals", default=True)

    @property
    def workers(self) -> int:
        """How many processes play; 0 when the user has not said."""
        return self._desktop.settings.get("league/workers", 0)

    @property
    def speed(self) -> float | None:
        """Matches a second as measured last; None before the first season."""
        return self._desktop.settings.get("league/matches_per_s", 0.0) or None

    def create(self, config: "SeasonConfig", done: Callable[[], object] = lambda: None) -> None:
        """Store a new season and play it; ``done`` is called when it is stored."""

        def question(league: "League") -> int:
            from app.tournament import season_name
            from league.season import Season

            return Season.create(league.store, config, season_name(config)).row.id

        def answer(season_id: int) -> None:
            done()
            self._wanted = season_id
            self._desktop.hub.seasons_changed.emit()
            self.play(season_id)

        self._desktop.reader.ask(question, answer)

    def play(self, season_id: int) -> None:
        """Begin a season, or go on with it."""
        if self._run is not None:
            self._desktop.toasts.show(
                f"Season {self._run.season_id} is running: one season is played at a time. Stop it first.",
                Level.WARNING,
            )
            return
        arguments = ["play", "--season", str(season_id), "--home", str(self._desktop.home.folder)]
        if self.workers:
            arguments += ["--workers", str(self.workers)]
        if self.has_visuals:
            arguments.append("--visuals")
        job = self._desktop.jobs.start(f"Season {season_id}", [*arguments, "--events"], KIND)
        self._end_state, self._end_reason, self._ratings, self._proofs = "", "", [], Proofs()
        self._run = SeasonRun(season_id, job, has_visuals=self.has_visuals, workers=self.workers or 1)
        self._wanted = season_id
        self._is_asked_for = True
        self.select(season_id)
        self.changed.emit()

    def pause(self) -> None:
        """Hold the running season after what is being played."""
        self._command("pause")

    def resume(self) -> None:
        """Let the paused season go on, or play the rest of the shown one."""
        if self._run is not None:
            self._command("resume")
        elif self.selected is not None and self.selected.state != "complete":
            self.play(self._selected)

    def stop(self) -> None:
        """End the running season after the matches that are being played."""
        self._command("stop")
        self._release()

    def cancel(self) -> None:
        """End the running season at once; matches that are not over are played again when it goes on."""
        self._command("cancel")
        self._release()

    def set_visuals(self, *, is_on: bool) -> None:
        """Show the season's matches, or let it play without; from the next match on."""
        self._desktop.settings.put("league/visuals", is_on)
        if self._run is not None and self._run.has_visuals != is_on:
            self._run = replace(self._run, has_visuals=is_on, shown=self._run.shown if is_on else None)
            self._is_asked_for = is_on
            self._desktop.jobs.send(self._run.job, "visuals", on=is_on)
        self.changed.emit()

    def set_workers(self, workers: int) -> None:
        """Play with ``workers`` processes, at once."""
        self._desktop.settings.put("league/workers", workers)
        if self._run is not None:
            self._desktop.jobs.send(self._run.job, "workers", count=workers)
        self.changed.emit()

    def _command(self, command: str) -> None:
        if self._run is not None:
            self._run = replace(self._run, phase=_COMMANDS[command])
            self._desktop.jobs.send(self._run.job, command)
            self.changed.emit()

    def _release(self) -> None:
        """Let the process go on that waits for the match on the screen: it has been told to end."""
        if self._run is not None and self._run.shown is not None:
            self._send_shown()

    # What the store and the process say

    def _take_seasons(self, found: _Seasons) -> None:
        self._rows = {row.id: row for row in found.rows}
        self._matches = found.matches
        wanted, self._wanted = self._wanted, NO_SEASON
        newest = next(iter(self._rows), NO_SEASON)
        self.seasons_read.emit()
        if wanted in self._rows:
            self.select(wanted)
        elif self._selected not in self._rows:
            remembered = self._desktop.settings.get("league/season", NO_SEASON)
            self.select(remembered if remembered in self._rows else newest)
        if not self._rows:
            self._desktop.hub.season_selected.emit(NO_SEASON)
        self.changed.emit()

    def _take(self, job: str, message: dict[str, Any]) -> None:
        if self._run is None or job != self._run.job:
            return
        self._run = self._run.after(message)
        event = message.get("event")
        if event == "show":
            self._show(message)
        elif event == "stored":
            self._check(self._proofs.stored(message["match"], int(message["state_hash"], 16)), message["match"])
        elif event == "ratings":
            self._ratings = message["ratings"]
        elif event == "progress":
            self._note_progress(self._run)
        elif event == "ended":
            self._end_state, self._end_reason = message["state"], message.get("reason") or ""
        if event in {"stored", "progress"} and not self._growth.isActive():
            self._growth.start()
        self.changed.emit()

    def _note_progress(self, run: SeasonRun) -> None:
        status = self._desktop.hub.status.emit
        status("workers", count(run.workers, "worker"))
        status("saved", f"season {run.season_id}: {count(run.done, 'match', 'matches')}")
        if run.matches_per_s and not run.has_visuals:
            self._desktop.settings.put("league/matches_per_s", float(run.matches_per_s))
            status("matches", f"{run.matches_per_s:,.0f} matches/s")

    def _tell_growth(self) -> None:
        if self._run is not None:
            self._desktop.hub.season_grew.emit(self._run.season_id)

    def _note_growth(self, season_id: int) -> None:
        if season_id == self._selected:
            self.tables.want(season_id)

    def _end(self, job: str, is_ok: bool, reason: str) -> None:  # noqa: FBT001  # the signal's arguments
        if self._run is None or job != self._run.job:
            return
        run, self._run = self._run, None
        self._growth.stop()
        hub = self._desktop.hub
        hub.status.emit("workers", "")
        hub.status.emit("matches", "")
        if not is_ok or self._end_state == "failed":
            self._desktop.toasts.show(
                f"Season {run.season_id} has stopped: {self._end_reason or reason}",
                Level.ERROR,
                remedy=Remedy("Resume", lambda: self.play(run.season_id)),
            )
        elif self._end_state == "complete":
            self._desktop.toasts.info(f"Season {run.season_id} is complete.")
        hub.seasons_changed.emit()
        hub.season_grew.emit(run.season_id)
        if run.season_id == self._selected:
            self.tables.want(run.season_id, at_once=True)
        self.changed.emit()

    # Matches in the arena

    def _show(self, message: dict[str, Any]) -> None:
        run = self._run
        if run is None or not run.has_visuals:
            return
        ratings = self._ratings

        def answer(request: MatchRequest) -> None:
            if self._run is not None and self._run.job == run.job and self._run.shown == request.match_id:
                is_asked_for, self._is_asked_for = self._is_asked_for, False
                self._desktop.hub.show_match.emit(replace(request, is_asked_for=is_asked_for))

        self._desktop.reader.ask(lambda league: _request(league, message, ratings), answer, failed=self._cannot_show)

    def _cannot_show(self, sentence: str) -> None:
        """Go on without pictures: a match that cannot be shown must not hold the season up."""
        self._desktop.toasts.error(f"The season's matches cannot be shown, it goes on without: {sentence}")
        self.set_visuals(is_on=False)

    def _awaits(self, request: MatchRequest) -> bool:
        run = self._run
        return (
            run is not None
            and request.is_season_live
            and request.season_id == run.season_id
            and request.match_id == run.shown
        )

    def _match_ended(self, request: MatchRequest, record: np.void) -> None:
        if self._awaits(request) and request.match_id is not None:
            self._check(self._proofs.saw(request.match_id, int(record["state_hash"])), request.match_id)
            self._send_shown()

    def _match_dismissed(self, request: MatchRequest) -> None:
        """Play on out of sight: who wants to see something else must not be called back by the next match."""
        if self._awaits(request):
            self._send_shown()
            self.set_visuals(is_on=False)
            self._desktop.toasts.show(
                "The season goes on in the background.",
                remedy=Remedy("Show its matches", lambda: self.set_visuals(is_on=True)),
            )

    def _send_shown(self) -> None:
        if self._run is not None:
            self._desktop.jobs.send(self._run.job, "shown", match=self._run.shown)
            self._run = replace(self._run, shown=None)

    def _check(self, is_contradiction: bool, match_id: int) -> None:  # noqa: FBT001  # what the proofs say
        if is_contradiction and self._run is not None:
            self._desktop.toasts.error(
                f"Match {match_id} of season {self._run.season_id} was stored otherwise than it was shown: "
                f"check it with 'replay {self._run.season_id}:{match_id} --verify' and report it."
            )


def _read_seasons(league: "League") -> _Seasons:
    rows = tuple(reversed(league.store.seasons()))
    return _Seasons(rows, {row.id: league.store.count_matches(row.id) for row in rows})


def _request(league: "League", message: dict[str, Any], ratings: list[float]) -> MatchRequest:
    """Return the match that a season's process wants to be shown."""
    from game.tape import Tape

    season_id = message["season"]
    season, players = league.store.season(season_id), league.store.season_players(season_id)
    left, right = (
        contender(league, players[position], ratings[position] if position < len(ratings) else None)
        for position in (message["left"], message["right"])
    )
    tape = message.get("tape")
    return MatchRequest(
        left,
        right,
        seed=message["seed"],
        points=message["points"],
        title=f"Season {season_id}, match {message['match']}",
        game=season.game,
        tape=Tape.from_bytes(base64.b64decode(tape)) if tape else None,
        season_id=season_id,
        match_id=message["match"],
        is_season_live=True,
    )
