"""What a trainer is, what it is given, and what it gives back.

A trainer is a package of ``ai/`` that has a ``TRAINER``; it is found by being there. Its ``__init__`` imports nothing heavy:
listing trainers must not load what only training needs. ``ai.runs`` drives it, keeps what it learns, and resumes it.
"""

import difflib
import functools
import importlib
import json
import math
import pkgutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol, TypeAlias, get_origin

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

import ai
from ai.advice import Advise
from ai.errors import RunFailedError, TrainingCancelled, TrainingError
from game.executors.base import Executor, Matches, MatchRows, RunControl, RunState, in_order
from game.policies.bank import Policy
from game.spec import GameSpec, Results, Termination
from league.config import first_error_sentence

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"
"""What JSON can hold."""

FAMILY: Final = "/"
"""Stands between the name of a family of metrics and that of one of its members: ``win_rate/tracker``."""

RATE_SUFFIX: Final = "_per_s"
"""A metric ``matches_per_s`` is what a learner reports as work ``matches``, by the seconds of the step."""


class TrainerConfig(BaseModel):
    """What every trainer's configuration has; a trainer's own class adds its numbers, with ranges and descriptions."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    checkpoint_steps: int = Field(
        0, ge=0, le=1_000_000, description="Steps between two checkpoints; 0 to go by time alone."
    )
    checkpoint_s: float = Field(
        10.0, ge=0.1, le=86_400.0, description="Seconds after which a checkpoint is due; it changes no result."
    )

    @field_validator("*", mode="before")
    @classmethod
    def _split_lists(cls, value: object, info: Any) -> object:  # pydantic's own type of info is generic over Any
        """Let a list be given as one text, its entries separated by commas, as on the command line."""
        if isinstance(value, str) and get_origin(cls.model_fields[info.field_name].annotation) is tuple:
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value


@dataclass(frozen=True)
class Preset:
    """A named choice of configuration values; fields that it does not name keep their defaults."""

    title: str
    sentence: str
    """What it is for."""
    expected_s: float
    """About how long it takes on two cores."""
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class MetricSpec:
    """One line of a chart; with ``is_family`` one line for each ``name/member`` that is reported."""

    name: str
    title: str
    group: str
    """Metrics of one group share a chart."""
    explanation: str
    unit: str = ""
    is_family: bool = False
    is_headline: bool = False
    """Whether it belongs to the few that one line of progress shows."""
    is_part: bool = False
    """Whether the group's lines are parts of one whole, and are drawn on top of each other."""


@dataclass(frozen=True)
class Champion:
    """The best player that a learner has, worth keeping.

    ``lineage`` are the content hashes of its ancestors, the nearest first; None means: the run's champions before it.
    """

    policy: Policy
    fitness: float
    lineage: tuple[str, ...] | None = None


@dataclass(frozen=True)
class StepReport:
    """What one step came to.

    ``step`` counts from 1; the run is complete when it reaches ``expected`` (None: no end is known). ``values`` are metrics
    by name, a pure function of configuration and seed where the trainer is; what was not measured is left out. ``work`` counts
    what was done in this step (matches, updates): the run makes rates of it. ``details`` are what no number says, by name (a
    table of species, a matrix of payoffs): the run keeps the newest of each, and whoever reports one does not change it later.
    """

    step: int
    expected: int | None
    values: Mapping[str, float]
    work: Mapping[str, int] = field(default_factory=dict)
    champion: Champion | None = None
    details: Mapping[str, Json] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what no run can keep, with ``RunFailedError``: the training has gone astray, and says where."""
        for name, value in self.values.items():
            if not math.isfinite(value):
                raise RunFailedError(
                    f"step {self.step} gave {name} = {value}: the training has diverged; resume it from its last "
                    "checkpoint, or start it again with smaller steps"
                )
        try:
            json.dumps(self.details, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise RunFailedError(
                f"step {self.step} gave details that JSON cannot hold ({error}): this is a fault of the trainer"
            ) from error


@dataclass(frozen=True)
class Detail:
    """The newest value of one of a run's details, and the step that has reported it."""

    step: int
    value: Json


@dataclass(frozen=True)
class LearnerState:
    """Everything that a learner needs to go on, bit for bit: arrays by name, and numbers and texts as JSON."""

    arrays: Mapping[str, NDArray[np.generic]] = field(default_factory=dict)
    numbers: Mapping[str, Json] = field(default_factory=dict)


class Learner(Protocol):
    """A training in progress. ``ai.runs.train`` calls it from one thread."""

    def step(self) -> StepReport:
        """Train one generation or one bunch of updates: a part of a second to a few seconds.

        Raises
        ------
        TrainingCancelled
            If ``TrainContext.control`` was cancelled meanwhile.
        """
        ...

    def state(self) -> LearnerState:
        """Return the state between two steps; the arrays are the caller's to keep."""
        ...

    def restore(self, state: LearnerState) -> None:
        """Go back to ``state``, so that the next step is what it would have been then.

        Raises
        ------
        TrainingError
            If the state does not fit the configuration.
        """
        ...

    def close(self) -> None:
        """Free what the learner holds (processes, shared memory); called once, whatever happened."""
        ...


@dataclass(frozen=True)
class Opponent:
    """A player of the league to train against."""

    name: str
    hash: str
    policy: Policy


class _CancelOnly(RunControl):
    """The part of a run's control that an executor may see within a step: a step is ended, never cut in two."""

    def __init__(self, control: RunControl) -> None:
        super().__init__()
        self._run = control

    @property
    def state(self) -> RunState:
        return RunState.CANCELLED if self._run.is_cancelled else RunState.RUNNING

    @property
    def is_cancelled(self) -> bool:
        return self._run.is_cancelled


@dataclass(frozen=True)
class TrainContext:
    """The effects that a learner may have, and where its randomness comes from."""

    game: GameSpec
    seed: int
    """In [0, 2**63); every random number of the run follows from it."""
    executor: Executor
    opponent: Callable[[str], Opponent]
    """Looks a player of the league up by name or hash; raises ``LeagueError`` if there is none."""
    control: RunControl
    clock: Callable[[], float]
    """Seconds; monotonic. For measuring only: no result may depend on it."""
    say: Callable[[str], None]
    """Takes a line for people."""

    @property
    def workers(self) -> int:
        """Processes that may work at the same time."""
        return self.executor.workers

    def play(self, policies: Sequence[Policy], rows: MatchRows) -> Results:
        """Play ``rows`` between ``policies`` through the executor and return the results in their order.

        Raises
        ------
        TrainingCancelled
            If the run was cancelled meanwhile.
        RunFailedError
            If worker processes die again and again: no result may depend on who has killed them.
        """
        results = self._played(policies, rows)
        lost = _lost(results)
        if lost.any():
            self.say(f"{lost.sum()} matches were lost with their worker processes: they are played once more")
            results[lost] = self._played(policies, rows[lost])
            if _lost(results).any():
                raise RunFailedError(
                    "worker processes die again and again, perhaps for want of memory: make room, or take fewer workers, and "
                    "resume the run"
                )
        return results

    def _played(self, policies: Sequence[Policy], rows: MatchRows) -> Results:
        chunks = list(self.executor.play(self.game, policies, [rows], _CancelOnly(self.control)))
        if self.control.is_cancelled:
            raise TrainingCancelled
        faults = [
            fault for chunk in chunks for fault in chunk.faults if fault.termination is not Termination.WORKER_DIED
        ]
        if faults:
            first = min(faults, key=lambda fault: (fault.match_id, fault.seat))
            self.say(f"{len(faults)} sides forfeited their match, the first one because it {first.termination.text}")
        return in_order(Matches(self.game, tuple(policies), rows), chunks)

    def opponents(self, names: Iterable[str]) -> tuple[Opponent, ...]:
        """Return the players called ``names``, in their order."""
        return tuple(self.opponent(name) for name in names)


def _lost(results: Results) -> NDArray[np.bool_]:
    """Return which matches have no result but that worker processes died: compiled players do not kill any."""
    lost: NDArray[np.bool_] = (results["termination"] == Termination.WORKER_DIED).any(axis=1)
    return lost


@dataclass(frozen=True)
class ConfigFile:
    """Configuration files of another program that a trainer understands."""

    sentence: str
    """What they are, for ``--help``."""
    read: Callable[[Path, GameSpec], Mapping[str, object]]
    """Returns fields of the configuration, for a training on a game; ``TrainingError`` with one sentence if it cannot."""


@dataclass(frozen=True)
class Trainer:
    """A method of training, as everything outside its package sees it."""

    name: str
    """On the command line and in run folders: lower-case letters, digits and dashes."""
    title: str
    description: str
    """One paragraph for people."""
    version: int
    """A checkpoint of another version is refused: raise it when the meaning of configuration or state changes."""
    config_class: type[TrainerConfig]
    presets: Mapping[str, Preset]
    metrics: tuple[MetricSpec, ...]
    start: Callable[[Any, TrainContext], Learner]
    """Makes a learner for a configuration of ``config_class``; imports what is heavy."""
    step_unit: str = "steps"
    """What a step is called, in the plural."""
    config_file: ConfigFile | None = None
    advise: Advise | None = None
    """Looks at the machine before a run is made, and settles what the user has left open; imports what is heavy."""

    def metric(self, name: str) -> MetricSpec | None:
        """Return what is said about a reported metric, None if the trainer has not declared it."""
        family = name.split(FAMILY, 1)[0]
        for spec in self.metrics:
            if spec.name == (family if spec.is_family else name):
                return spec
        return None

    def configure(self, values: Mapping[str, object], preset: str | None = None) -> TrainerConfig:
        """Return the configuration of ``preset`` with ``values`` in place of its own.

        Raises
        ------
        TrainingError
            With one sentence, if there is no such preset or field, or a value is not allowed.
        """
        if preset is not None and preset not in self.presets:
            raise TrainingError(f"trainer '{self.name}' has no preset '{preset}'{_hint(preset, self.presets)}")
        base = self.presets[preset].values if preset is not None else {}
        try:
            return self.config_class.model_validate({**base, **values})
        except ValidationError as error:
            raise TrainingError(first_error_sentence(error, self.config_class)) from error


def rng_state(rng: np.random.Generator) -> Json:
    """Return the state of a generator as a checkpoint keeps it."""
    state: Json = _plain(rng.bit_generator.state)
    return state


def set_rng_state(rng: np.random.Generator, state: Json) -> None:
    """Put ``rng`` into ``state``; ``TrainingError`` if that is no state of such a generator."""
    try:
        rng.bit_generator.state = state  # type: ignore[assignment]  # it checks what it is given
    except (TypeError, ValueError, KeyError) as error:
        raise TrainingError(
            f"the checkpoint's random state cannot be used ({error}): resume from another one"
        ) from error


def _plain(value: Any) -> Any:  # NumPy types a generator's state as a mapping of Any
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items()}
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value


@functools.cache
def trainers() -> tuple[Trainer, ...]:
    """Return every trainer, by name."""
    packages = (info.name for info in pkgutil.iter_modules(ai.__path__) if info.ispkg)
    modules = (importlib.import_module(f"{ai.__name__}.{name}") for name in packages)
    found = [module.TRAINER for module in modules if isinstance(getattr(module, "TRAINER", None), Trainer)]
    return tuple(sorted(found, key=lambda trainer: trainer.name))


def trainer(name: str) -> Trainer:
    """Return the trainer called ``name``; ``TrainingError`` if there is none, with the nearest."""
    known = {each.name: each for each in trainers()}
    if name not in known:
        raise TrainingError(f"there is no trainer '{name}'{_hint(name, known)}")
    return known[name]


def _hint(name: str, known: Iterable[str]) -> str:
    names = list(known)
    near = difflib.get_close_matches(name, names, n=1)
    return f": did you mean '{near[0]}'?" if near else f": there are {', '.join(names)}"
