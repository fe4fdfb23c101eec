"""A trainer that is quick and honest, one for each way to fail, and what they need to run."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from pydantic import Field

from ai.dense.parameters import dense_builder
from ai.runs import Plan, Run, Runs
from ai.trainer import (
    Champion,
    Json,
    Learner,
    LearnerState,
    MetricSpec,
    Opponent,
    StepReport,
    TrainContext,
    Trainer,
    TrainerConfig,
    rng_state,
    set_rng_state,
)
from ai.training import RunEnded, TrainEvent, Training
from game.executors.base import RunControl, RunState
from game.executors.serial import SerialExecutor
from game.games.rally import GAME
from game.policies.file import read_player
from game.policies.scripted import ScriptedPolicy
from league.home import Home
from league.store import Store

BUILD, SIZE = dense_builder((GAME.n_observations, GAME.n_actions))


class WalkConfig(TrainerConfig):
    """A random walk of some steps."""

    steps: int = Field(12, ge=1, le=1000, description="Steps to walk.")
    champion_every: int = Field(3, ge=1, le=1000, description="Steps between two champions.")
    opponents: tuple[str, ...] = Field(("tracker",), description="Players of the league.")


class WalkLearner:
    """Walks at random; the state is where it is, and its generator."""

    def __init__(self, config: WalkConfig, context: TrainContext) -> None:
        context.opponents(config.opponents)
        self.config = config
        self.context = context
        self.rng = np.random.default_rng(context.seed)
        self.place = np.zeros(SIZE)
        self.walked = 0
        self.is_closed = False

    def step(self) -> StepReport:
        self.place += self.rng.standard_normal(SIZE)
        self.walked += 1
        champion = None
        if self.walked % self.config.champion_every == 0:
            champion = Champion(BUILD(self.place.astype(np.float32)), float(self.place[0]))
        values = {"place": float(self.place[0])}
        details: dict[str, Json] = {"path": [self.walked, float(self.place[0])]}
        if self.walked % 5 == 0:
            details["rest"] = {"at": self.walked}
        return StepReport(self.walked, self.config.steps, values, {"strides": 2}, champion, details)

    def state(self) -> LearnerState:
        return LearnerState({"place": self.place.copy()}, {"walked": self.walked, "rng": rng_state(self.rng)})

    def restore(self, state: LearnerState) -> None:
        self.place = state.arrays["place"].astype(np.float64)
        self.walked = int(str(state.numbers["walked"]))
        set_rng_state(self.rng, state.numbers["rng"])

    def close(self) -> None:
        self.is_closed = True


def trainer(start: Callable[[WalkConfig, TrainContext], Learner] = WalkLearner) -> Trainer:
    return Trainer(
        name="walk",
        title="Random walk",
        description="Walks at random.",
        version=1,
        config_class=WalkConfig,
        presets={},
        metrics=(
            MetricSpec("place", "Place", "Walk", "Where it is."),
            MetricSpec("strides_per_s", "Strides", "Throughput", "Strides a second."),
        ),
        start=start,
    )


class FakeClock:
    """Goes on by a tenth of a second whenever it is asked."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 0.1
        return self.now


def find_opponent(name: str) -> Opponent:
    return Opponent(name, f"hash of {name}", ScriptedPolicy.of(GAME, name))


class Killed(BaseException):
    """The process is gone: nobody tidies up."""


@dataclass
class Stage:
    """A league's home in which fake runs are trained."""

    runs: Runs
    home: Path
    said: list[str] = field(default_factory=list)

    def context(self, **changes: object) -> TrainContext:
        context = TrainContext(GAME, 7, SerialExecutor(), find_opponent, RunControl(), FakeClock(), self.said.append)
        return replace(context, **changes)  # type: ignore[arg-type]

    def create(self, **values: object) -> Run:
        chosen = trainer()
        return self.runs.create(Plan(chosen, chosen.configure(values), GAME, 7))

    def train(
        self,
        run: Run,
        on_event: Callable[[TrainEvent], None] = lambda event: None,
        context: TrainContext | None = None,
        start: Callable[[WalkConfig, TrainContext], Learner] = WalkLearner,
    ) -> RunEnded:
        config = WalkConfig.model_validate(run.manifest.config)
        return Training(trainer(start), config, context or self.context()).run(run, self.runs, on_event)

    def stop_at(self, run: Run, step: int, state: RunState = RunState.STOPPING) -> RunEnded:
        context = self.context()

        def watch(event: TrainEvent) -> None:
            if getattr(event, "step", 0) == step and hasattr(event, "values"):
                context.control.set(state)

        return self.train(run, watch, context)


@contextmanager
def open_stage(home: Path) -> Iterator[Stage]:
    with Store.open(home / "league.db") as store:
        yield Stage(Runs(Home(home), store), home)


def history(run: Run) -> list[object]:
    """Return everything of a run that must not depend on how often it was stopped."""
    rows = [(row.step, dict(row.values), dict(row.work)) for row in run.folder.metrics()]
    champions = [(each.step, each.hash, read_player(each.path).lineage) for each in run.folder.champions()]
    return [rows, champions, run.folder.details()]
