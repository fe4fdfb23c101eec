"""The headless tournament: find or make the season, play what is missing, say what came of it."""

import logging
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Final

import numpy as np
from pydantic import ValidationError

from app.progress import SeasonBar
from app.session import League
from game.executors.base import ExecutorSettings, RunControl, RunState, make_executor
from game.games import game as game_named
from game.warmup import warm_up
from league.config import SeasonConfig, first_error_sentence
from league.errors import LeagueError
from league.library import PlayerError, default_field
from league.season import Progress, Season
from league.store import PlayerRow, SeasonRow, writer_lock
from league.summary import Summary, summarise

logger = logging.getLogger(__name__)

DEFAULT_GAME: Final = "rally"


class UsageError(LeagueError):
    """The command line asks for something that cannot be."""


@dataclass(frozen=True)
class Request:
    """What the user asked for: fields of ``SeasonConfig`` that were given, and how to play.

    ``players`` are names or hashes, None for everybody. ``resume`` is the number of a season, 0 for the latest that is not
    complete, None for none.
    """

    fields: Mapping[str, object]
    players: tuple[str, ...] | None = None
    executor: str = "pool"
    settings: ExecutorSettings = field(default_factory=ExecutorSettings)
    resume: int | None = None
    is_new: bool = False


@dataclass(frozen=True)
class Outcome:
    """What a tournament came to: the season's summary and what this run has played of it."""

    summary: Summary
    played: int
    played_ticks: int
    seconds: float
    workers: int
    is_interrupted: bool


def run_tournament(league: League, request: Request, say: Callable[[str], None]) -> Outcome:
    """Play the season that ``request`` describes; ``say`` gets lines for people.

    Raises
    ------
    LeagueError, GameError
        With one sentence for the user; everything that was stored stays stored.
    """
    season = _season(league, request, say)
    if season.is_complete:
        say(f"season {season.row.id} is complete: nothing is left to play (--new plays a new one)")
        season.replay_stored()
        return Outcome(summarise(league.store, season), 0, 0, 0.0, 0, is_interrupted=False)
    policies = league.library.policies(season.players)
    warm_up(say)
    last: list[Progress] = []
    with (
        writer_lock(league.home.folder),
        make_executor(request.executor, request.settings) as executor,
        interruptible(say) as control,
        SeasonBar(f"season {season.row.id}") as bar,
    ):

        def report(progress: Progress) -> None:
            last[:] = [progress]
            bar.show(progress)

        is_complete = season.run(executor, policies, control=control, on_progress=report)
        workers = executor.workers
    seconds = last[0].seconds if last else 0.0
    summary = summarise(league.store, season)
    return Outcome(
        summary, season.played.matches, season.played.ticks, seconds, workers, is_interrupted=not is_complete
    )


@contextmanager
def interruptible(
    say: Callable[[str], None], control: RunControl | None = None, *, ends_with: str = "the running matches"
) -> Iterator[RunControl]:
    """Give ``control``, which Ctrl+C (or SIGTERM) tells to stop: once after what is running, twice at once."""
    control = control or RunControl()

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        if control.state in (RunState.RUNNING, RunState.PAUSED):
            control.set(RunState.STOPPING)
            say(f"\nstopping after {ends_with} (again: at once)")
        else:
            control.set(RunState.CANCELLED)

    signals = [signal.SIGINT, signal.SIGTERM]
    before = {number: signal.signal(number, interrupt) for number in signals}
    try:
        yield control
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _season(league: League, request: Request, say: Callable[[str], None]) -> Season:
    """Return the season to play: the one to resume, the same one if it is stored, or a new one."""
    if request.resume is not None:
        return _resumed(league, request)
    config = _config(league, request)
    stored = None if request.is_new else league.store.find_season(config.key())
    if stored is not None:
        season = Season.load(league.store, stored.id)
        if not season.is_complete:
            say(f"season {stored.id} is the same and not complete: it goes on where it was")
        return season
    return Season.create(league.store, config, season_name(config))


def season_name(config: SeasonConfig) -> str:
    """Return what a season of ``config`` is called, wherever it is made."""
    return f"{config.format.replace('_', ' ')}, {len(config.players)} players"


def _resumed(league: League, request: Request) -> Season:
    if request.is_new:
        raise UsageError("--resume and --new exclude each other: give one of them")
    row: SeasonRow | None
    if request.resume:
        row = league.store.season(request.resume)
    else:
        row = league.store.latest_unfinished()
        if row is None:
            raise UsageError("no season is unfinished: nothing can be resumed; leave --resume out to play one")
    season = Season.load(league.store, row.id)
    if request.fields or request.players is not None:
        stored = season.config
        players = _chosen(league, request.players) if request.players is not None else stored.players
        asked = _validated({**stored.model_dump(), **request.fields, "players": players})
        differences = stored.differences(asked)
        if differences:
            raise UsageError(
                f"season {row.id} cannot go on with another configuration: {'; '.join(differences)} "
                "(here: stored, there: asked for). Leave these options out, or --resume, which makes a new season"
            )
    return season


def _config(league: League, request: Request) -> SeasonConfig:
    fields = dict(request.fields)
    game = game_named(str(fields.get("game", DEFAULT_GAME)))
    if request.players is None:
        players = tuple(player.hash for player in default_field(league.library.players(), game.name))
    else:
        players = _chosen(league, request.players)
    if len(players) < 2:
        raise UsageError(
            f"{len(players)} player is given: a season needs at least 2; 'players list' shows who is there"
        )
    if request.is_new and "seed" not in fields:
        fields["seed"] = new_seed()
    return _validated({**fields, "players": players})


def new_seed() -> int:
    """Return a seed that nobody has chosen, of a season or a training run."""
    return int(np.random.default_rng().integers(2**31))


def _validated(fields: Mapping[str, object]) -> SeasonConfig:
    try:
        return SeasonConfig.model_validate(fields)
    except ValidationError as error:
        raise UsageError(first_error_sentence(error)) from error


def _chosen(league: League, names: Sequence[str]) -> tuple[str, ...]:
    rows: list[PlayerRow] = [league.library.find(name) for name in names]
    for row in rows:
        if sum(other.hash == row.hash for other in rows) > 1:
            raise PlayerError(f"player '{row.name}' is named twice: each player can be there once")
        if row.archived:
            raise PlayerError(f"player '{row.name}' is archived: 'players archive --undo' brings it back")
    return tuple(row.hash for row in rows)


def to_stderr(line: str) -> None:
    """Show a line for people; results go to stdout, everything else to stderr."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
