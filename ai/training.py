"""One run in training: stepped, kept, paused, stopped, cancelled and resumed without loss.

Resuming goes back to the latest checkpoint, takes back whatever was written behind it, and goes on: the same metrics and the
same champions as if it had never stopped.
"""

import json
import logging
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from ai.checkpoint import Checkpoint
from ai.errors import TrainingCancelled, TrainingError, failure_reason
from ai.run_folder import ChampionFile, MetricRow
from ai.runs import Run, Runs
from ai.trainer import (
    FAMILY,
    Champion,
    Detail,
    Json,
    Learner,
    Opponent,
    StepReport,
    TrainContext,
    Trainer,
    TrainerConfig,
)
from game.executors.base import RunState
from game.policies.file import PlayerFile, read_player
from league.errors import LockedDatabaseError, StoreError
from league.store import writer_lock

logger = logging.getLogger(__name__)

LINEAGE_KEPT: Final = 256
"""Ancestors that a champion's file names, the nearest first; each of those is in the file of its own."""

_PAUSE_CHECK_S: Final = 0.2
_PROGRESS_S: Final = 0.1
_DETAILS_S: Final = 1.0
_RATE_STEPS: Final = 20

EndState: TypeAlias = Literal["complete", "stopped", "failed"]


@dataclass(frozen=True)
class StepDone:
    """A step is done and its metrics are kept; ``values`` are the metrics with rates."""

    step: int
    values: Mapping[str, float]


@dataclass(frozen=True)
class TrainProgress:
    """How far a run is; ``seconds`` is the time of all its steps, also of earlier sessions."""

    done: int
    expected: int | None
    eta_s: float | None
    seconds: float


@dataclass(frozen=True)
class ChampionKept:
    """A champion's file is written."""

    file: ChampionFile
    fitness: float


@dataclass(frozen=True)
class RunStarted:
    """A run begins, or goes on after ``step`` with the ``champion`` that it had then."""

    run: Run
    step: int
    champion: ChampionKept | None = None


@dataclass(frozen=True)
class DetailsKept:
    """Details that were reported since the last such event, by name, are in the run's folder."""

    step: int
    details: Mapping[str, Json]


@dataclass(frozen=True)
class RunEnded:
    """A run has ended for now; ``reason`` is empty or one sentence."""

    state: EndState
    reason: str


TrainEvent: TypeAlias = RunStarted | StepDone | TrainProgress | ChampionKept | DetailsKept | RunEnded
OnEvent: TypeAlias = Callable[[TrainEvent], None]


class Training:
    """A learner and what it was made of: started before its run is, so that a run that cannot be leaves nothing behind.

    Whoever makes one closes it.

    Raises
    ------
    LeagueError
        If the configuration names what is not there.
    """

    def __init__(self, trainer: Trainer, config: TrainerConfig, context: TrainContext) -> None:
        self.trainer = trainer
        self.config = config
        self.context = context
        self.opponents = _KnownOpponents(context.opponent)
        self.learner: Learner = trainer.start(config, replace(context, opponent=self.opponents))

    def run(self, run: Run, runs: Runs, on_event: OnEvent) -> RunEnded:
        """Train ``run`` from where it is until it is complete or its control stops it; return how it ended.

        Raises
        ------
        LeagueError, GameError
            With one sentence for the user; up to the last checkpoint everything is kept.
        """
        with writer_lock(run.folder.path):
            return _Session(self, run, runs, on_event).train()

    def close(self) -> None:
        """Free what the learner holds."""
        self.learner.close()


class _KnownOpponents:
    """The context's lookup, which remembers whom it has handed out, and refuses one that is not what it was."""

    def __init__(self, lookup: Callable[[str], Opponent]) -> None:
        self._lookup = lookup
        self.hashes: dict[str, str] = {}

    def __call__(self, name: str) -> Opponent:
        opponent = self._lookup(name)
        self._check(name, self.hashes.setdefault(name, opponent.hash), opponent.hash)
        return opponent

    def expect(self, hashes: Mapping[str, str]) -> None:
        """Hold those of a checkpoint against what was handed out and will be."""
        for name, known in hashes.items():
            self._check(name, known, self.hashes.setdefault(name, known))

    @staticmethod
    def _check(name: str, known: str, found: str) -> None:
        if known != found:
            raise TrainingError(
                f"opponent '{name}' is another player now ({found[:12]}, it was {known[:12]}): give that name back to the old "
                "one, or start a new run"
            )


class _Session:
    """One process's part of a run, under its lock."""

    def __init__(self, training: Training, run: Run, runs: Runs, on_event: OnEvent) -> None:
        self._training = training
        self._context = training.context
        self._run = run
        self._runs = runs
        self._on_event = on_event
        self._step = 0
        self._expected: int | None = None
        self._seconds = 0.0
        self._recent: deque[float] = deque(maxlen=_RATE_STEPS)
        self._values: dict[str, float] = {}
        self._champion: PlayerFile | None = None
        self._champion_kept: ChampionKept | None = None
        self._details: dict[str, Detail] = {}
        self._new_details: dict[str, Json] = {}
        self._checkpoint_step = 0
        self._checkpoint_s = self._progress_s = self._details_s = self._context.clock()

    def train(self) -> RunEnded:
        """Go back to the latest checkpoint and train; see ``Training.run``. A run that cannot go back is left as it is."""
        self._go_back()
        try:
            self._save("running")
            self._on_event(RunStarted(self._run, self._step, self._champion_kept))
            ended = self._steps()
        except TrainingCancelled:
            ended = RunEnded("stopped", f"cancelled: it goes on from step {self._checkpoint_step}")
        except Exception as error:
            self._fail(error)
            raise
        self._save(ended.state, ended.reason)
        self._on_event(ended)
        return ended

    def _go_back(self) -> None:
        """Bring learner, folder and counters to the state of the latest checkpoint, or to the start."""
        folder = self._run.folder
        checkpoint = folder.load_checkpoint(self._run.manifest.origin, self._context.say)
        if checkpoint is not None:
            self._training.opponents.expect(checkpoint.opponents)
            self._training.learner.restore(checkpoint.state)
            self._step = self._checkpoint_step = checkpoint.step
            self._expected = checkpoint.expected
            self._details.update(checkpoint.details)
        for row in folder.cut(self._step):
            self._count(row)
        folder.write_details(self._details)
        champions = folder.champions()
        if champions:
            self._champion = read_player(champions[-1].path)
            self._champion_kept = ChampionKept(champions[-1], _fitness(self._champion))

    def _steps(self) -> RunEnded:
        control = self._context.control
        while self._expected is None or self._step < self._expected:
            if control.state is RunState.PAUSED:
                self._pause()
            if control.state in (RunState.STOPPING, RunState.CANCELLED):
                self._checkpoint()
                return RunEnded("stopped", "")
            self._one_step()
            if self._is_checkpoint_due():
                self._checkpoint()
        self._checkpoint()
        self._progress(is_last=True)
        return RunEnded("complete", "")

    def _one_step(self) -> None:
        begin = self._context.clock()
        report = self._training.learner.step()
        seconds = self._context.clock() - begin
        if report.step != self._step + 1:
            raise TrainingError(
                f"trainer '{self._training.trainer.name}' has made step {report.step} of {self._step + 1}"
            )
        row = MetricRow.of(report, seconds)
        self._run.folder.append(row)
        self._step, self._expected = report.step, report.expected
        self._count(row)
        self._on_event(StepDone(row.step, row.all_values))
        if report.champion is not None:
            self._keep(report, report.champion)
        self._take_details(report)
        self._progress()

    def _count(self, row: MetricRow) -> None:
        self._seconds += row.seconds
        self._recent.append(row.seconds)
        parts = {spec.name for spec in self._training.trainer.metrics if spec.is_part}
        lasting = {name: value for name, value in self._values.items() if name.split(FAMILY, 1)[0] not in parts}
        self._values = {
            **lasting,
            **row.all_values,
        }  # a part of a whole that is not reported any more is not there any more

    def _keep(self, report: StepReport, champion: Champion) -> None:
        """Write the champion's file, with its lineage and what the run wants to be read about it."""
        manifest, before = self._run.manifest, self._champion
        lineage = champion.lineage
        if lineage is None:
            lineage = (before.hash, *before.lineage) if before is not None else ()
        facts: dict[str, str | int | float | bool | None] = {
            **{name: _fact(value) for name, value in manifest.config.items()},
            "trainer": manifest.trainer,
            "run": manifest.run,
            "seed": manifest.seed,
            "step": report.step,
            "fitness": champion.fitness,
        }
        player = PlayerFile(
            manifest.name,
            manifest.game,
            manifest.game_version,
            champion.policy,
            author="Rally League",
            lineage=lineage[:LINEAGE_KEPT],
            training=facts,
        )
        self._champion = player
        self._champion_kept = ChampionKept(self._run.folder.add_champion(player, report.step), champion.fitness)
        self._on_event(self._champion_kept)

    def _take_details(self, report: StepReport) -> None:
        """Take over what the step tells in detail; it is written and told about now and then."""
        self._details.update({name: Detail(report.step, value) for name, value in report.details.items()})
        self._new_details.update(report.details)
        if self._context.clock() - self._details_s >= _DETAILS_S:
            self._keep_details()

    def _keep_details(self) -> None:
        """Write the details and tell the new ones, if there are any."""
        self._details_s = self._context.clock()
        if self._new_details:
            self._run.folder.write_details(self._details)
            self._on_event(DetailsKept(self._step, self._new_details))
            self._new_details = {}

    def _pause(self) -> None:
        self._checkpoint()
        self._save("paused")
        while self._context.control.state is RunState.PAUSED:
            self._context.control.wait_while_paused(_PAUSE_CHECK_S)
        self._save("running")

    def _is_checkpoint_due(self) -> bool:
        config = self._training.config
        is_step = config.checkpoint_steps > 0 and self._step - self._checkpoint_step >= config.checkpoint_steps
        return is_step or self._context.clock() - self._checkpoint_s >= config.checkpoint_s

    def _checkpoint(self) -> None:
        """Write a checkpoint and the run's row, unless nothing has happened since the last."""
        if self._step > self._checkpoint_step:
            self._keep_details()
            training = self._training
            checkpoint = Checkpoint(
                origin=self._run.manifest.origin,
                step=self._step,
                expected=self._expected,
                state=training.learner.state(),
                opponents=dict(training.opponents.hashes),
                details=self._details,
            )
            self._run.folder.save_checkpoint(checkpoint)
            self._checkpoint_step = self._step
            self._save("running")
        self._checkpoint_s = self._context.clock()

    def _progress(self, *, is_last: bool = False) -> None:
        now = self._context.clock()
        if not is_last and now - self._progress_s < _PROGRESS_S:
            return
        self._progress_s = now
        left = None if self._expected is None else self._expected - self._step
        eta_s = None if left is None or not self._recent else left * sum(self._recent) / len(self._recent)
        self._on_event(TrainProgress(self._step, self._expected, eta_s, self._seconds))

    def _fail(self, error: Exception) -> None:
        """Say in row and event why the run has ended; what stands in the way of that is not the reason to show."""
        reason = failure_reason(error)
        try:
            self._save("failed", reason)
        except StoreError as hindrance:
            logger.warning("the row of run %s is not up to date: %s", self._run.id, hindrance)
        self._on_event(RunEnded("failed", reason))

    def _save(self, state: str, reason: str = "") -> None:
        """Save the run's row; while another process holds the database for long, that can wait for the next time."""
        champion = self._champion_kept
        summary: dict[str, Json] = {
            "step": self._step,
            "expected": self._expected,
            "seconds": round(self._seconds, 3),
            "metrics": dict(self._values),
            "champion": None,
            "reason": reason,
        }
        if champion is not None:
            kept = champion.file
            file = kept.path.relative_to(self._run.folder.path).as_posix()
            summary["champion"] = {"hash": kept.hash, "step": kept.step, "file": file, "fitness": champion.fitness}
        try:
            self._runs.save(self._run, state, champion.file if champion is not None else None, summary)
        except LockedDatabaseError as hindrance:
            logger.warning("the row of run %s is not up to date: %s", self._run.id, hindrance)


def _fact(value: Json) -> str | int | float | bool | None:
    """Return a configuration value as a player file keeps it."""
    if isinstance(value, dict):
        return json.dumps(value, sort_keys=True)
    return ",".join(str(part) for part in value) if isinstance(value, list) else value


def _fitness(champion: PlayerFile) -> float:
    """Return what a kept champion's file says of its fitness."""
    fitness = champion.training.get("fitness")
    return float(fitness) if isinstance(fitness, int | float) else 0.0
