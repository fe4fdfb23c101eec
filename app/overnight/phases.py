"""The phases of a night in a league: training runs, gates, champions and seasons as everybody makes them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from pydantic import ValidationError

from ai.errors import TrainingError
from ai.runs import Run, Runs
from ai.trainer import Trainer
from ai.training import LINEAGE_KEPT, OnEvent, RunEnded, RunStarted, TrainEvent, TrainProgress
from app.overnight.cycles import Desk, NightStopped
from app.overnight.planning import (
    LEADERS,
    OPPONENTS,
    START_FROM,
    cycle_name,
    gate_seed,
    run_seed,
    season_config,
    without_refused,
)
from app.overnight.roster import Roster
from app.overnight.state import Cycle, GateRecord, OvernightError, Standing
from app.session import League
from app.training import TrainRequest, run_training
from game.executors.base import ExecutorSettings, RunControl, default_workers, make_executor, usable_cores
from game.policies.bank import Kind
from game.policies.file import PlayerFile, read_player
from game.spec import GameSpec
from game.warmup import warm_up
from league.config import first_error_sentence
from league.gate import GateInterrupted, Verdict, gate_pairs, judge, play_through
from league.library import PlayerError
from league.season import Progress, Season
from league.store import PlayerRow
from league.summary import Summary, summarise


@dataclass(frozen=True)
class Machine:
    """How matches are played; it changes no result. ``workers`` None: as training and seasons have it by themselves."""

    executor: str = "pool"
    workers: int | Literal["auto"] | None = None
    spare_cores: int = 0
    """Cores that somebody else needs: a window."""

    @property
    def settings(self) -> ExecutorSettings:
        """Of gates and seasons."""
        return ExecutorSettings(workers=self.workers)

    def train_settings(self, trainer: Trainer) -> ExecutorSettings:
        """Of runs: one worker a core that nobody else needs, unless the trainer has advice of its own."""
        if self.workers is not None or trainer.advise is not None:
            return self.settings
        return ExecutorSettings(workers=default_workers() if self.spare_cores else usable_cores())


class _TrainView:
    """A training run's view, which hands on what the night wants to know."""

    def __init__(self, cycle: Cycle, desk: Desk, unit: str) -> None:
        self.cycle = cycle
        self.control: RunControl = desk.control
        self._desk = desk
        self._unit = unit

    @property
    def on_event(self) -> OnEvent:
        """Takes what happens."""
        return self._take

    def say(self, line: str) -> None:
        """Take a line for people."""
        self._desk.say(line)

    def _take(self, event: TrainEvent) -> None:
        if isinstance(event, RunStarted):
            self.cycle = self._desk.keep(self.cycle.model_copy(update={"run": event.run.id}))
            self._desk.begin(run=event.run.id)
        elif isinstance(event, TrainProgress):
            self._desk.progress(event.done, event.expected, self._unit, event.eta_s)


class LeaguePhases:
    """Trains, judges and plays in ``league``. ``Phases`` says what each method does."""

    def __init__(self, league: League, trainer: Trainer, game: GameSpec, machine: Machine) -> None:
        self._league = league
        self._trainer = trainer
        self._game = game
        self._machine = machine
        self._runs = Runs(league.home, league.store)
        self._told: set[str] = set()

    # Training

    def plan(self, cycle: Cycle, desk: Desk) -> Cycle:
        """Decide against whom and from whom on the run is to learn, where its trainer can be told."""
        roster = self._roster(desk)
        parent = self._reigning(desk)
        known, config = self._trainer.config_class.model_fields, desk.night.config
        wanted: dict[str, str | tuple[str, ...]] = {}
        if parent is not None and not desk.night.champions:
            desk.say(f"'{parent.name}' reigns since an earlier night")
        has_chosen = START_FROM in config.settings and not desk.night.champions
        if parent is not None and START_FROM in known and not has_chosen:
            wanted[START_FROM] = parent.hash
        if desk.night.leaders and OPPONENTS in known and OPPONENTS not in config.settings:
            wanted[OPPONENTS] = _best_and_bots(desk.night.leaders, roster)
        settings: dict[str, str | tuple[str, ...]] = {}
        for name, value in wanted.items():
            try:
                self._trainer.configure({**config.settings, **settings, name: value}, config.preset)
                settings[name] = value
            except TrainingError as error:
                desk.say(f"{name.replace('_', ' ')} stays as it is: {error}")
        return cycle.model_copy(update={"settings": settings, "parent": parent.hash if parent else None})

    def train(self, cycle: Cycle, desk: Desk) -> Cycle:
        """Train the cycle's run, or go on with it."""
        run_id = cycle.run or self._orphan(cycle, desk)
        view = _TrainView(cycle, desk, self._trainer.step_unit)
        if run_id is not None:
            view.cycle = desk.keep(cycle.model_copy(update={"run": run_id}))
            desk.begin(run=run_id)
        if run_id is None or self._runs.row(run_id).state != "complete":
            run, ended = self._trained(view, desk, run_id)
            if ended.state != "complete":
                raise NightStopped
        else:
            run = self._runs.find(run_id)
        champions = run.folder.champions()
        if not champions:
            desk.say(f"run {run.id} has no champion: nobody new enters the league")
        return view.cycle.model_copy(update={"candidate": champions[-1].hash if champions else None})

    def _trained(self, view: _TrainView, desk: Desk, run_id: str | None) -> tuple[Run, RunEnded]:
        """Train the cycle's run; whom the trainer refuses to begin with or to play is told and left out."""
        while True:
            try:
                return run_training(self._league, self._train_request(view.cycle, desk, run_id), view)
            except (TrainingError, PlayerError) as error:
                is_made = view.cycle.run or self._orphan(view.cycle, desk)
                settings = None if is_made else self._without_refused(view.cycle, str(error))
                if settings is None:
                    raise
                desk.say(f"left out of training: {error}")
                view.cycle = desk.keep(view.cycle.model_copy(update={"settings": settings}))

    def _without_refused(self, cycle: Cycle, sentence: str) -> dict[str, str | tuple[str, ...]] | None:
        parent = self._league.store.player_by_hash(cycle.parent) if cycle.parent is not None else None
        return without_refused(cycle.settings or {}, parent.name if parent is not None else "", sentence)

    def _train_request(self, cycle: Cycle, desk: Desk, run_id: str | None) -> TrainRequest:
        machine, config = self._machine, desk.night.config
        request = TrainRequest(
            trainer=self._trainer,
            executor=machine.executor,
            settings=machine.train_settings(self._trainer),
            spare_cores=machine.spare_cores,
        )
        if run_id is not None:
            return replace(request, resume=run_id)
        return replace(
            request,
            fields={**config.settings, **(cycle.settings or {})},
            preset=config.preset,
            seed=run_seed(desk.night, cycle.number),
            name=cycle_name(desk.night.name, cycle.number),
        )

    def _orphan(self, cycle: Cycle, desk: Desk) -> str | None:
        """Return the run of this cycle that was made just before a kill, and is not in the night's file yet."""
        name, seed = cycle_name(desk.night.name, cycle.number), run_seed(desk.night, cycle.number)
        for row in self._league.store.runs():
            if (row.trainer, row.name, row.seed) == (self._trainer.name, name, seed):
                return row.id
        return None

    # The gate

    def judge(self, cycle: Cycle, desk: Desk) -> GateRecord | None:
        """Hold the candidate against the champion that reigns; the same player again is no better."""
        reigning = self._reigning(desk)
        if reigning is None:
            return None
        if reigning.hash == cycle.candidate:
            desk.say(f"the champion of run {cycle.run} is '{reigning.name}' itself")
            return GateRecord(is_better=False, decision="same player", pairs=0, counts=(0,) * 5, llr=0.0, score=0.5)
        candidate, champion = self._candidate(cycle), self._league.library.read(reigning)
        config = desk.night.config.gate
        warm_up(desk.say)
        with make_executor(self._machine.executor, self._machine.settings) as executor:
            play = gate_pairs(
                play_through(executor, self._game, desk.control),
                candidate.policy,
                champion.policy,
                seed=gate_seed(desk.night, cycle.number),
                points=self._game.default_points,
            )
            try:
                verdict = judge(play, config, on_progress=_pairs_told(desk, config.max_pairs))
            except GateInterrupted:
                raise NightStopped from None
        return GateRecord.model_validate(verdict.record())

    def enter(self, cycle: Cycle, desk: Desk) -> Cycle:
        """Bring the candidate into the league if it is better."""
        row = self._entered(cycle, desk) if cycle.is_better else self._reigning(desk)
        update = {"champion": row.hash if row else None, "champion_name": row.name if row else None}
        return cycle.model_copy(update=update)

    def _entered(self, cycle: Cycle, desk: Desk) -> PlayerRow:
        library = self._league.library
        player = self._candidate(cycle)
        known = self._league.store.player_by_hash(player.hash)
        if known is not None:  # added just before a kill, or by somebody else
            return library.restore(known) if known.archived else known
        name = self._free_name(cycle_name(desk.night.name, cycle.number))
        return library.add(replace(player, lineage=self._lineage(player, cycle)), name=name)

    def _lineage(self, player: PlayerFile, cycle: Cycle) -> tuple[str, ...]:
        """Return the ancestors of a champion: the run's own, and whom the run began with and theirs."""
        parent = cycle.parent
        if parent is None or START_FROM not in (cycle.settings or {}) or parent in player.lineage:
            return player.lineage
        row = self._league.store.player_by_hash(parent)
        before = self._league.library.read(row).lineage if row is not None else ()
        return (*player.lineage, parent, *before)[:LINEAGE_KEPT]

    def _free_name(self, name: str) -> str:
        """Return ``name``, with a number behind it where somebody else is called that."""
        taken = {row.name for row in self._league.library.players(include_archived=True)}
        names = (name, *(f"{name} ({number})" for number in range(2, len(taken) + 3)))
        return next(each for each in names if each not in taken)

    def _candidate(self, cycle: Cycle) -> PlayerFile:
        run = self._runs.find(cycle.run or "")
        for champion in reversed(run.folder.champions()):
            if champion.hash == cycle.candidate:
                return read_player(champion.path)
        raise PlayerError(
            f"the champion of run {run.id} is not in {run.folder.path} any more: nobody enters the league"
        )

    def _reigning(self, desk: Desk) -> PlayerRow | None:
        """Return the last champion, of the night or from before it, that can still play."""
        return self._roster(desk).first(desk.night.succession)

    # The season

    def season(self, cycle: Cycle, desk: Desk) -> Cycle:
        """Play the cycle's season, or go on with it."""
        cycle, season = self._season(cycle, desk)
        desk.begin(season=season.row.id)
        if season.is_complete:
            season.replay_stored()
        else:
            policies = self._league.library.policies(season.players)
            warm_up(desk.say)
            with make_executor(self._machine.executor, self._machine.settings) as executor:
                if not season.run(executor, policies, control=desk.control, on_progress=_matches_told(desk)):
                    raise NightStopped
        summary = summarise(self._league.store, season)
        for line in summary.fault_lines:
            desk.say(f"fault: {line}")
        return cycle.model_copy(update={"standing": _standing(summary, cycle.champion)})

    def _season(self, cycle: Cycle, desk: Desk) -> tuple[Cycle, Season]:
        """Return the season that was begun, if its players are still there; else a new one, kept before it is made."""
        store, roster = self._league.store, self._roster(desk)
        if cycle.season is not None:
            season = Season.load(store, cycle.season)
            missing = [row for row in season.players if roster.known(row.hash) is None]
            if season.is_complete or not missing:
                return cycle, season
            desk.say(f"season {season.row.id} cannot go on without all of its players: another one is played")
            cycle = cycle.model_copy(update={"season": None, "players": ()})
        if not cycle.players:
            cycle = desk.keep(cycle.model_copy(update={"players": tuple(row.hash for row in roster.field())}))
        try:
            config = season_config(desk.night, cycle.number, cycle.players, self._game.name)
        except ValidationError as error:
            raise OvernightError(f"there can be no season: {first_error_sentence(error)}") from error
        stored = store.find_season(config.key())
        name = f"{desk.night.name}, cycle {cycle.number}"
        season = Season.create(store, config, name) if stored is None else Season.load(store, stored.id)
        return desk.keep(cycle.model_copy(update={"season": season.row.id, "players": ()})), season

    def _roster(self, desk: Desk) -> Roster:
        """Return who can play now; who cannot is told once in a session."""

        def tell(line: str) -> None:
            if line not in self._told:
                self._told.add(line)
                desk.say(line)

        return Roster(self._league, self._game, tell)


def _best_and_bots(leaders: Sequence[str], roster: Roster) -> tuple[str, ...]:
    """Return the names of those of ``leaders`` (content hashes) that can still play, and of the scripted bots."""
    best = [row for each in leaders if (row := roster.active(each)) is not None]
    bots = [row for row in roster.field() if row.kind == Kind.SCRIPTED.name.lower()]
    return tuple(dict.fromkeys(row.name for row in (*best, *bots)))


def _pairs_told(desk: Desk, most: int) -> Callable[[Verdict], None]:
    return lambda verdict: desk.progress(verdict.pairs, most, "pairs")


def _matches_told(desk: Desk) -> Callable[[Progress], None]:
    return lambda progress: desk.progress(progress.done, progress.expected, "matches", progress.eta_s)


def _standing(summary: Summary, champion: str | None) -> Standing:
    """Return what ``summary`` says of ``champion`` and of the best."""
    line = next((line for line in summary.lines if line.player.hash == champion), None)
    compiled = [line.player.hash for line in summary.lines if line.player.kind != Kind.PYTHON.name.lower()]
    return Standing(
        rating=round(line.standing.rating, 2) if line is not None else None,
        rank=line.standing.rank if line is not None else None,
        players=len(summary.players),
        rows_sha256=summary.rows_sha256,
        leaders=tuple(compiled[:LEADERS]),
    )
