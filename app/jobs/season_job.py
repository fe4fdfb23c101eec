"""The season job: one season played for a window that watches, steers, and may be gone at any moment.

Legs in the pool and legs on the screen follow each other until the season is complete or is to stop. Each leg plays what
is not stored yet, so a switch between them loses, repeats and changes nothing.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from ai.errors import failure_reason
from app.jobs.channel import Channel
from app.jobs.message import Message
from app.jobs.screen_executor import ScreenExecutor
from app.jobs.season_events import SeasonEvents, SeasonWatch
from app.jobs.stage import Leg, Stage
from app.session import League, open_league
from app.tournament import interruptible
from game.errors import ExecutorError
from game.executors.base import ExecutorSettings
from game.executors.pool import PoolExecutor
from game.policies.bank import Policy
from game.policies.python_bot import TimeLimits
from game.warmup import warm_up
from league.season import STORE_S, Season
from league.store import writer_lock

Clock: TypeAlias = Callable[[], float]

_STORE_SHOWN_S: Final = 0.0


@dataclass(frozen=True)
class SeasonRequest:
    """Which season is to be played, and how it begins; ``workers`` and ``batch_size`` as in ``ExecutorSettings``."""

    season_id: int
    workers: int | Literal["auto"] | None = None
    batch_size: int | None = None
    limits: TimeLimits = field(default_factory=TimeLimits)
    is_on_screen: bool = False

    @property
    def settings(self) -> ExecutorSettings:
        """How the pool plays; ``ExecutorError`` if the numbers are impossible."""
        return ExecutorSettings(workers=self.workers, batch_size=self.batch_size, limits=self.limits)


def run_season_job(home: str | None, request: SeasonRequest, channel: Channel) -> bool:
    """Play the season that ``request`` names, steered through ``channel``; return whether it is complete.

    The last event is always ``ended``.

    Raises
    ------
    LeagueError, GameError
        After ``ended`` has said the same sentence; everything that was stored stays stored.
    """
    events = SeasonEvents(request.season_id, channel.send, channel.control)
    try:
        with (
            PoolExecutor(settings=request.settings) as pool,
            interruptible(events.log, channel.control),
            open_league(home) as league,
        ):
            job = SeasonJob(request, events, pool, Stage(channel.control, is_on_screen=request.is_on_screen))
            channel.hand_commands_to(job.obey)
            is_complete = job.play(league)
            stored = league.store.count_matches(request.season_id)
    except Exception as error:
        events.ended("failed", failure_reason(error))
        raise
    if is_complete:
        events.ended("complete", f"season {request.season_id} is complete: {stored:,} matches")
    else:
        events.ended("stopped", f"season {request.season_id} has stopped: {stored:,} matches are stored, it can go on")
    return is_complete


class SeasonJob:
    """Plays a season leg by leg. ``obey`` may be called from another thread."""

    def __init__(self, request: SeasonRequest, events: SeasonEvents, pool: PoolExecutor, stage: Stage) -> None:
        self._request = request
        self._events = events
        self._pool = pool
        self._stage = stage
        self._screen = ScreenExecutor(stage, events.show, request.settings)

    def play(self, league: League, *, clock: Clock = time.monotonic) -> bool:
        """Play what is not stored yet, until the season is complete or is to stop; return whether it is complete."""
        season = Season.load(league.store, self._request.season_id, clock=clock)
        if season.is_complete:
            self._events.started(season, self._pool.workers, is_on_screen=self._stage.is_on_screen)
            return True
        policies = league.library.policies(season.players)
        warm_up(self._events.compiling)
        with writer_lock(league.home.folder):
            self._events.started(season, self._pool.workers, is_on_screen=self._stage.is_on_screen)
            watch = SeasonWatch(season, self._events, clock=clock)
            while not season.is_complete and not self._stage.is_over:
                self._play_leg(season, policies, self._stage.begin_leg(), watch)
            watch.end()
        return season.is_complete

    def _play_leg(self, season: Season, policies: Sequence[Policy], leg: Leg, watch: SeasonWatch) -> None:
        watch.begin_leg(is_on_screen=leg.is_on_screen)
        season.run(
            self._screen if leg.is_on_screen else self._pool,
            policies,
            control=leg,
            on_progress=watch.progressed,
            on_stored=watch.stored,
            store_s=_STORE_SHOWN_S if leg.is_on_screen else STORE_S,
        )

    def obey(self, message: Message) -> None:
        """Do what a command of the window says; what it cannot mean is answered in the log."""
        match message:
            case {"command": "workers", "count": int(count)}:
                self._set_workers(count)
            case {"command": "visuals", "on": bool(is_on)}:
                self._stage.set_on_screen(is_on_screen=is_on)
            case {"command": "shown", "match": int(match_id)}:
                self._stage.set_shown(match_id)
            case {"command": "detach"}:
                self._stage.set_on_screen(is_on_screen=False)  # nobody is left to show a match to
            case {"command": "pause" | "resume" | "stop" | "cancel"}:
                self._events.state_changed()
            case _:
                self._events.log(f"{dict(message)} is no command of a season: it is ignored", level="warning")

    def _set_workers(self, count: int) -> None:
        try:
            self._pool.set_workers(count)
        except ExecutorError as error:
            self._events.log(str(error), level="warning")
