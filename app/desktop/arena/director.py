"""The director: brings matches onto the stage, tells the other panels, and never leaves the stage empty."""

import logging
import secrets
from collections import deque
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer

from app.desktop.arena.casting import Draw, exhibitions, match_of
from app.desktop.arena.kernels import COMPILE_S, Kernels
from app.desktop.arena.programme import Change, Programme, Standing, standing_of
from app.desktop.arena.stage import Stage
from app.desktop.context import Desktop, MatchRequest, OnScreen
from app.desktop.toasts import Level
from game.errors import GameError

if TYPE_CHECKING:  # the window paints before the kernels are imported
    from app.desktop.arena.screening import Bots, Screening
    from app.session import League
    from game.timeline import LiveMatch, Timeline
    from league.store import PlayerRow

logger = logging.getLogger(__name__)

_RECENT: Final = 12
_BAR_MS: Final = 250
_FULL_BAR: Final = 0.97  # it may take longer than usual
_NOBODY: Final = (
    "Nobody to watch yet: the league has fewer than two players for the arena. Import a player, or train one."
)


class Director(QObject):
    """Decides what is on the stage: asked for by panels, a season's, or an exhibition."""

    def __init__(self, desktop: Desktop, stage: Stage, kernels: Kernels, *, draw: Draw = secrets.randbelow) -> None:
        super().__init__(stage)
        self._desktop = desktop
        self._stage = stage
        self._kernels = kernels
        self._draw = draw
        self._programme = Programme()
        self.is_closed = False
        """Whether the window closes: what comes now is not shown any more."""
        self._early: list[MatchRequest] = []  # asked for before the kernels were ready
        self._recent: deque[frozenset[str]] = deque(maxlen=_RECENT)
        hub = desktop.hub
        hub.show_match.connect(self.put)
        hub.challenge.connect(self._challenge)
        stage.heading.next_wanted.connect(self.next_match)
        stage.hidden.connect(self._leave_season)
        self._bar_timer = QTimer(self)
        self._bar_timer.setInterval(_BAR_MS)
        self._bar_timer.timeout.connect(self._show_preparation)
        hub.closing.connect(self._bar_timer.stop)
        hub.closing.connect(self._close)
        kernels.ready.connect(self._begin)
        kernels.changed.connect(self._show_preparation)
        self._show_preparation()

    @property
    def programme(self) -> Programme:
        """What is shown and what waits."""
        return self._programme

    def put(self, request: MatchRequest) -> None:
        """Take in a match that a panel wants to be seen."""
        if not self._kernels.is_ready:
            self._early.append(request)
        elif request.is_season_live and not self._is_watched():
            self._desktop.hub.match_dismissed.emit(request)
        else:
            self._apply(self._programme.put(request))

    def _is_watched(self) -> bool:
        """Whether a season's match will be seen; the arena comes up for it, but not from a window that is minimised."""
        if not self._stage.isVisible():
            self._desktop.hub.panel_wanted.emit("arena")
        return self._stage.is_seen

    def show_live(self, request: MatchRequest, course: "LiveMatch", bots: "Bots") -> "Screening":
        """Put a match that people play onto the stage; ``bots`` are the Python bots in it."""
        change = self._programme.put(request)
        self._dismiss(change)
        return self._screen(request, course, bots)

    def next_match(self) -> None:
        """Leave this match for the season's next one, or for an exhibition."""
        change = self._programme.advance()
        if change.show is not None:
            self._apply(change)
        elif self._kernels.is_ready:
            self._ask_exhibition(is_wanted=True)

    def _begin(self) -> None:
        early, self._early = self._early, []
        for request in early:
            self.put(request)
        if self._programme.is_idle:
            self._ask_exhibition(is_wanted=False)

    def _ask_exhibition(self, *, is_wanted: bool) -> None:
        recent, draw = tuple(self._recent), self._draw

        def show(found: list[MatchRequest]) -> None:
            if self.is_closed or (not is_wanted and not self._programme.is_idle):
                return  # something else has come meanwhile
            if found:
                self._recent.append(frozenset(side.hash for side in (found[0].left, found[0].right)))
                self._apply(self._programme.put(found[0]))
            elif self._programme.current is None:
                self._stage.show_note(_NOBODY)

        self._desktop.reader.ask(lambda league: exhibitions(league, 1, draw, recent), show)

    def _challenge(self, left: "PlayerRow | None", right: "PlayerRow | None") -> None:
        """Let two players of the league meet; a person is somebody else's business."""
        if left is None or right is None:
            self._desktop.hub.play_against.emit(left or right)
            return
        draw = self._draw

        def question(league: "League") -> MatchRequest:
            return match_of(league, left, right, draw)

        self._desktop.reader.ask(question, self._desktop.hub.show_match.emit, failed=self._desktop.toasts.error)

    def _apply(self, change: Change) -> None:
        self._dismiss(change)
        if change.show is not None:
            self._open(change.show)

    def _dismiss(self, change: Change) -> None:
        for request in change.dismissed:
            self._desktop.hub.match_dismissed.emit(request)

    def _open(self, request: MatchRequest) -> None:
        from app.desktop.arena.screening import needs_bots, open_course, open_live

        try:
            course, bots = open_live(request) if needs_bots(request) else (open_course(request), {})
        except (GameError, ValueError) as error:
            self._desktop.toasts.error(f"this match cannot be shown: {error}")
            self._give_up(request)
            return
        self._screen(request, course, bots)

    def _give_up(self, request: MatchRequest) -> None:
        """Go on without a match that cannot be shown; a season must not wait for it."""
        if request.is_season_live:
            self._desktop.hub.match_dismissed.emit(request)
        self._programme.note_end()
        self._apply(self._programme.note_finish())

    def _screen(self, request: MatchRequest, course: "Timeline | LiveMatch", bots: "Bots") -> "Screening":
        from app.desktop.arena.screening import Screening

        if self._stage.screening is not None:
            self._stage.screening.close()
        screening = Screening(
            request,
            course,
            self._desktop.clock,
            ended=lambda: self._end(screening),
            finished=lambda: self._finish(request),
            bots=bots,
        )
        if request.begin_tick:
            screening.playback.seek(request.begin_tick)
        self._stage.show_screening(screening)
        self._desktop.hub.match_started.emit(OnScreen(request, course))
        return screening

    def _end(self, screening: "Screening") -> None:
        screening.close()
        if self._programme.current is screening.request:
            self._programme.note_end()
            forfeits = screening.forfeits()
            if forfeits and not screening.request.is_season_live:  # a season counts its faults and lists them
                self._desktop.toasts.show(forfeits, Level.WARNING)
            self._desktop.hub.match_ended.emit(screening.request, screening.record())

    def _finish(self, request: MatchRequest) -> None:
        if self._programme.current is not request:
            return
        self._apply(self._programme.note_finish())
        if self._programme.is_idle:
            self._ask_exhibition(is_wanted=False)

    def _leave_season(self) -> None:
        """Nobody looks any more: a season does not wait."""
        current = self._programme.current
        if current is not None and standing_of(current) is Standing.SEASON:
            self._dismiss(Change(dismissed=self._programme.leave()))

    def _close(self) -> None:
        self.is_closed = True
        if self._stage.screening is not None:
            self._stage.screening.close(is_awaited=True)

    def _show_preparation(self) -> None:
        """Say what is waited for; while kernels are compiled, a bar goes by the usual time."""
        kernels = self._kernels
        if kernels.is_compiling and not self._bar_timer.isActive():
            self._bar_timer.start()
        elif not kernels.is_compiling:
            self._bar_timer.stop()
        if not kernels.is_ready:
            share = min(kernels.elapsed_s / COMPILE_S, _FULL_BAR) if kernels.is_compiling else None
            self._stage.show_note(kernels.note, share)
