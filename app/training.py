"""One training run from the command line: made or found, trained, and told about."""

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Final, Protocol

from ai.advice import Advice, Wish
from ai.runs import Plan, Run, Runs
from ai.trainer import Opponent, TrainContext, Trainer, TrainerConfig
from ai.training import OnEvent, RunEnded, Training
from app.run_plots import PlotsAtEnd
from app.session import League
from app.tournament import DEFAULT_GAME, UsageError, interruptible, new_seed
from game.executors.base import ExecutorSettings, RunControl, make_executor
from game.games import game as game_named
from game.spec import GameSpec
from game.warmup import warm_up
from league.library import PlayerError

MAX_SEED: Final = 2**63 - 1

LATEST: Final = ""
"""``TrainRequest.resume`` for the latest run that is not complete."""


@dataclass(frozen=True)
class TrainRequest:
    """What the user asked for: fields of the trainer's configuration that were given, and how to play."""

    trainer: Trainer
    fields: Mapping[str, object] = field(default_factory=dict)
    preset: str | None = None
    seed: int | None = None
    name: str | None = None
    resume: str | None = None
    """A run to go on with, or ``LATEST``."""
    executor: str = "pool"
    settings: ExecutorSettings = field(default_factory=ExecutorSettings)
    """``workers`` None: left to the trainer's advice, where it gives any."""
    spare_cores: int = 0
    """Cores that somebody else needs: a window."""
    is_forced: bool = False
    """Whether what was asked for is to be done also where the machine cannot carry it well."""


class View(Protocol):
    """Who is told what happens."""

    @property
    def control(self) -> RunControl:
        """What its owner wants of the run."""
        ...

    @property
    def on_event(self) -> OnEvent:
        """Takes what happens."""
        ...

    def say(self, line: str) -> None:
        """Take a line for people."""
        ...


def run_training(league: League, request: TrainRequest, view: View) -> tuple[Run, RunEnded]:
    """Train what ``request`` describes; return the run and how it ended.

    Raises
    ------
    LeagueError, GameError
        With one sentence for the user; up to the last checkpoint everything is kept.
    """
    runs = Runs(league.home, league.store)
    start = _new(runs, request) if request.resume is None else _resumed(runs, request)
    if start.is_complete:
        run = start.run(start.config)
        view.say(f"run {run.id} is complete: nothing is left to train; leave --resume out to start another one")
        return run, RunEnded("complete", "")
    warm_up(view.say)
    start, settings = _advised(start, request, view.say)
    with (
        make_executor(request.executor, settings) as executor,
        interruptible(view.say, view.control, ends_with="this step") as control,
    ):
        context = TrainContext(
            game=start.game,
            seed=start.seed,
            executor=executor,
            opponent=_lookup(league, start.game),
            control=control,
            clock=perf_counter,
            say=view.say,
        )
        with closing(Training(request.trainer, start.config, context)) as training:
            run = start.run(start.config)
            return run, training.run(run, runs, PlotsAtEnd(view))


def check_machine(request: TrainRequest, say: Callable[[str], None]) -> Advice:
    """Return the trainer's advice for the run that ``request`` describes, with everything measured; make no run.

    Raises
    ------
    LeagueError, GameError
        With one sentence for the user.
    """
    trainer = request.trainer
    if trainer.advise is None:
        raise UsageError(f"trainer '{trainer.name}' gives no advice: leave --check-only out")
    if request.resume is not None:
        raise UsageError("--check-only looks at a run that is still to be made: leave --resume out, or --check-only")
    start = _Start(trainer.configure(request.fields, request.preset), game_named(DEFAULT_GAME), 0, _no_run)
    warm_up(say)
    return trainer.advise(replace(_wish(start, request), is_thorough=True), say)


@dataclass(frozen=True)
class _Start:
    """What is to be trained; ``run`` finds the run, or makes it once it is sure that it can be trained."""

    config: TrainerConfig
    game: GameSpec
    seed: int
    run: Callable[[TrainerConfig], Run]
    is_complete: bool = False
    is_stored: bool = False


def _no_run(_config: TrainerConfig) -> Run:
    raise AssertionError("a check makes no run")


def _advised(start: _Start, request: TrainRequest, say: Callable[[str], None]) -> tuple[_Start, ExecutorSettings]:
    """Return what is to be trained once the trainer's advice has settled what was left open, and how to play.

    A run that is there already keeps its manifest: what is advised for it holds until this process ends.
    """
    trainer = request.trainer
    if trainer.advise is None:
        return start, request.settings
    advice = trainer.advise(_wish(start, request), say)
    for line in (*advice.summary, *advice.warnings):
        say(line)
    settings = replace(request.settings, workers=advice.workers)
    if not advice.values:
        return start, settings
    return replace(start, config=trainer.configure({**start.config.model_dump(), **advice.values})), settings


def _wish(start: _Start, request: TrainRequest) -> Wish:
    workers = request.settings.workers
    return Wish(
        config=start.config,
        given=frozenset(request.fields),
        workers=workers if isinstance(workers, int) else None,
        game=start.game,
        spare_cores=request.spare_cores,
        is_forced=request.is_forced,
        is_resumed=start.is_stored,
    )


def _new(runs: Runs, request: TrainRequest) -> _Start:
    seed = request.seed if request.seed is not None else new_seed()
    if not 0 <= seed <= MAX_SEED:
        raise UsageError(f"seed is {seed}: 0 to {MAX_SEED} are allowed")
    config = request.trainer.configure(request.fields, request.preset)
    game = game_named(DEFAULT_GAME)

    def create(settled: TrainerConfig) -> Run:
        return runs.create(Plan(request.trainer, settled, game, seed, request.name, request.preset))

    return _Start(config, game, seed, create)


def _resumed(runs: Runs, request: TrainRequest) -> _Start:
    """Return the run to go on with: it is what it is, so nothing that was asked for may differ."""
    trainer = request.trainer
    run = runs.find(request.resume) if request.resume else runs.latest_unfinished(trainer.name)
    manifest = run.manifest
    if manifest.trainer != trainer.name:
        raise UsageError(
            f"run {run.id} is of trainer '{manifest.trainer}': python main.py train {manifest.trainer} --resume {run.id}"
        )
    config = runs.config(run)
    asked = trainer.configure({**config.model_dump(), **request.fields})
    stored = {**config.model_dump(), "name": manifest.name, "seed": manifest.seed, "preset": manifest.preset}
    given = {"name": request.name, "seed": request.seed, "preset": request.preset}
    wanted = {**asked.model_dump(), **{name: value for name, value in given.items() if value is not None}}
    differences = [f"{name} is {stored[name]}, not {value}" for name, value in wanted.items() if stored[name] != value]
    if differences:
        raise UsageError(
            f"run {run.id} goes on as it is: {'; '.join(differences)}. Leave these options out, or --resume"
        )
    is_complete = runs.row(run.id).state == "complete"
    return _Start(config, runs.game(run), manifest.seed, lambda _: run, is_complete, is_stored=True)


def _lookup(league: League, game: GameSpec) -> Callable[[str], Opponent]:
    """Return the lookup of opponents: players of the league that play ``game``."""

    def find(name: str) -> Opponent:
        row = league.library.find(name)
        if row.game != game.name or row.game_version != game.version:
            raise PlayerError(
                f"player '{row.name}' plays {row.game} version {row.game_version}: "
                f"an opponent must play {game.name} version {game.version}"
            )
        if row.archived:
            raise PlayerError(f"player '{row.name}' is archived: 'players archive --undo' brings it back")
        return Opponent(row.name, row.hash, league.library.read(row).policy)

    return find
