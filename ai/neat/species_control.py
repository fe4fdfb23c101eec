"""How many species there are: one loop moves the compatibility threshold to a target, another one moves the target.

The inner loop is a PID controller in logarithms: the threshold is a length, so equal ratios are equal steps. The outer loop
looks at progress on a yardstick that stays the same from generation to generation: where there is little, more species are to
look elsewhere. A PID controller, a hill climber, or an epsilon-greedy bandit of the two moves the target. The control keeps
diversity where it is wanted; that it makes better players is not proven.
"""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias, TypeVar

import numpy as np
from pydantic import TypeAdapter

from ai.errors import TrainingError
from ai.trainer import Json

Mode: TypeAlias = Literal["fixed", "pid", "hill", "auto"]
Arm: TypeAlias = Literal["pid", "hill"]

UPDATE_GENERATIONS: Final = 5
"""Generations between two moves of the target, at least."""

EXPECTED_PROGRESS: Final = 0.02
"""Progress a generation, as a part of the population's spread, at which the number of species is right."""

EPSILON: Final = 0.10
"""Share of the moves for which the bandit tosses a coin."""

_MAX_STEP: Final = 0.15  # of the threshold's logarithm, in a generation
_MAX_THRESHOLD_INTEGRAL: Final = 10.0
_MAX_TARGET_INTEGRAL: Final = 5.0
_MIN_TARGET: Final = 1.0
_LEAST_GENOMES: Final = 6.0  # of a species on average, at the largest target
_SETTLING_UPDATES: Final = 2
_LARGE_JUMP: Final = 0.2  # of the target: the inner loop gets time to settle
_WORSE: Final = 0.05  # by which the reward falls when a hill climber turns round
_WORTH_STEP: Final = 0.15
_FORGETTING: Final = 0.98
_SMOOTHING: Final = 0.3
_TINY: Final = 1e-6

_ARMS: Final[Mapping[str, Arm]] = {"pid": "pid", "hill": "hill"}

_Loop = TypeVar("_Loop", "_ThresholdLoop", "_TargetLoop")


@dataclass(frozen=True)
class ControlSettings:
    """The numbers of the control; both loops have the same gains.

    ``target`` and its range are numbers of species; no target leaves fewer than six genomes of ``population`` to a species on
    average, unless ``target_min`` asks for it. Equal ``target_min`` and ``target_max`` are a plain set-point.
    """

    mode: Mode
    target: float
    target_min: float
    target_max: float
    kp: float
    ki: float
    kd: float
    threshold: float
    threshold_min: float
    threshold_max: float
    population: int

    @property
    def highest_target(self) -> float:
        """The largest target that is ever set."""
        return max(self.target_min, min(self.target_max, self.population / _LEAST_GENOMES))

    def within(self, target: float) -> float:
        """Return ``target`` limited to what is allowed."""
        return _limited(target, max(self.target_min, _MIN_TARGET), max(self.highest_target, _MIN_TARGET))


@dataclass
class _ThresholdLoop:
    """The inner loop's state."""

    threshold: float
    integral: float = 0.0
    slope: float = 0.0
    error: float | None = None

    def update(self, species: int, target: float, settings: ControlSettings) -> None:
        """Move the threshold so that the number of species comes nearer to ``target``.

        With N species and target T: e = ln(N / T), d = (d + e - e_prev) / 2, threshold *= exp(kp e + ki I + kd d), at most 15 %
        a generation. I grows only while that is not limited, or where it leads back.
        """
        error = math.log(max(species, 1) / target)
        self.slope = 0.5 * self.slope + 0.5 * (error - (error if self.error is None else self.error))
        wanted = settings.kp * error + settings.ki * self.integral + settings.kd * self.slope
        step = _limited(wanted, -_MAX_STEP, _MAX_STEP)
        raised = self.threshold * math.exp(step)
        threshold = _limited(raised, settings.threshold_min, settings.threshold_max)
        is_limited = step != wanted or threshold != raised
        if not is_limited or _sign(wanted) != _sign(error):
            self.integral = _limited(self.integral + error, -_MAX_THRESHOLD_INTEGRAL, _MAX_THRESHOLD_INTEGRAL)
        self.threshold = threshold
        self.error = error


@dataclass
class _TargetLoop:
    """The outer loop's state."""

    target: float
    generations: int = 0  # since the last move
    settling: int = 0  # generations until the next move is allowed
    best: float | None = None  # of the yardstick since the last move
    best_before: float | None = None
    spread: float | None = None  # moving average
    progress: float = 0.0  # moving average of the reward
    reward: float | None = None
    integral: float = 0.0
    error: float | None = None
    direction: float = 1.0
    arm: Arm | None = None  # who has moved the target last
    worth: dict[str, float] = field(default_factory=lambda: {"pid": 0.0, "hill": 0.0})
    moves: dict[str, int] = field(default_factory=lambda: {"pid": 0, "hill": 0})

    def update(
        self, yardstick: float | None, spread: float, settings: ControlSettings, rng: np.random.Generator
    ) -> None:
        """Take in one generation, and move the target when it is time and something was measured."""
        self.generations += 1
        self.settling = max(0, self.settling - 1)
        if math.isfinite(spread):
            self.spread = spread if self.spread is None else self.spread + _SMOOTHING * (spread - self.spread)
        if yardstick is not None and math.isfinite(yardstick):
            self.best = yardstick if self.best is None else max(self.best, yardstick)
        if self.best is None or self.generations < UPDATE_GENERATIONS or self.settling > 0:
            return
        if self.best_before is not None:
            self._move(self.best - self.best_before, settings, rng)
        self.generations, self.best_before, self.best = 0, self.best, None

    def _move(self, gain: float, settings: ControlSettings, rng: np.random.Generator) -> None:
        """Move the target after the yardstick's best has risen by ``gain`` since the last move.

        The reward is the progress in units of the expected one; its moving average is of limited rewards, so that one great
        leap does not count for ever.
        """
        unit = max(self.spread or 0.0, 0.0) + _TINY
        reward = _limited(gain / (self.generations * unit * EXPECTED_PROGRESS), -1.0, 2.0)
        self._credit(reward)
        self.progress += _SMOOTHING * (reward - self.progress)
        arm = self._choose(settings.mode, rng)
        change = self._pid_change(settings) if arm == "pid" else self._hill_change(reward, settings)
        target = settings.within(self.target + change)
        if abs(target - self.target) > _LARGE_JUMP * self.target:
            self.settling = _SETTLING_UPDATES * UPDATE_GENERATIONS
        self.target, self.arm, self.reward = target, arm, reward
        self.moves[arm] += 1

    def _credit(self, reward: float) -> None:
        """Give ``reward`` to the arm whose move has led to it: the one before this. Its first rewards are averaged."""
        if self.arm is None:
            return
        step = max(_WORTH_STEP, 1.0 / self.moves[self.arm])
        for arm in self.worth:
            self.worth[arm] *= 1.0 - step if arm == self.arm else _FORGETTING
        self.worth[self.arm] += step * reward

    def _choose(self, mode: Mode, rng: np.random.Generator) -> Arm:
        """Return who moves the target: as the mode says, else an untried arm, now and then any, else the better one."""
        if mode in _ARMS:
            return _ARMS[mode]
        is_random, is_pid = rng.random() < EPSILON, rng.random() < 0.5
        if self.moves["pid"] == 0 or self.moves["hill"] == 0:
            return "pid" if self.moves["pid"] == 0 else "hill"
        if not is_random:
            is_pid = self.worth["pid"] >= self.worth["hill"]
        return "pid" if is_pid else "hill"

    def _pid_change(self, settings: ControlSettings) -> float:
        """Return how a PID controller changes the target: less progress than expected asks for more species."""
        error = _limited(1.0 - self.progress, -1.0, 1.0)
        slope = error - (error if self.error is None else self.error)
        wanted = (settings.kp * error + settings.ki * self.integral + settings.kd * slope) * 0.15 * self.target
        most = max(1.0, 0.1 * self.target)
        change = _limited(wanted, -most, most)
        is_limited = change != wanted or settings.within(self.target + change) != self.target + change
        if not is_limited or _sign(wanted) != _sign(error):
            self.integral = _limited(self.integral + error, -_MAX_TARGET_INTEGRAL, _MAX_TARGET_INTEGRAL)
        self.error = error
        return change

    def _hill_change(self, reward: float, settings: ControlSettings) -> float:
        """Return how a hill climber changes the target: on, and back where it got worse or the range ends."""
        if self.reward is not None and reward < self.reward - _WORSE:
            self.direction = -self.direction
        step = max(0.5, 0.05 * self.target)
        if settings.within(self.target + self.direction * step) == self.target:
            self.direction = -self.direction
        return self.direction * step


class SpeciesControl:
    """Keeps the number of species at a target that follows the progress; called once a generation."""

    def __init__(self, settings: ControlSettings) -> None:
        self._settings = settings
        self._inner = _ThresholdLoop(settings.threshold)
        self._outer = _TargetLoop(settings.target if settings.mode == "fixed" else settings.within(settings.target))

    @property
    def threshold(self) -> float:
        """The compatibility threshold of the next generation."""
        return self._inner.threshold

    @property
    def target(self) -> float:
        """The number of species that is aimed at."""
        return self._outer.target

    @property
    def arm(self) -> Literal["pid", "hill", "fixed"]:
        """Who has set the target last; "fixed": the configuration."""
        return self._outer.arm or "fixed"

    def update(self, species: int, yardstick: float | None, spread: float, rng: np.random.Generator) -> None:
        """Take in a generation that has been put into ``species`` species.

        ``yardstick`` is how good the population is against what does not change, None where that was not measured; ``spread``
        is the population's own, in the same unit (its interquartile range). Both loops stand still with mode "fixed".
        """
        if self._settings.mode == "fixed":
            return
        self._outer.update(yardstick, spread, self._settings, rng)
        self._inner.update(species, self._outer.target, self._settings)

    def state(self) -> Mapping[str, Json]:
        """Return everything that the next updates depend on, exactly."""
        return {"inner": dataclasses.asdict(self._inner), "outer": dataclasses.asdict(self._outer)}

    def restore(self, state: Mapping[str, Json]) -> None:
        """Go back to ``state``; ``TrainingError`` if it is none of such a control."""
        inner = _restored(_ThresholdLoop, state.get("inner"))
        self._outer = _restored(_TargetLoop, state.get("outer"))
        self._inner = inner


def _restored(kind: type[_Loop], state: Json) -> _Loop:
    names = {each.name for each in dataclasses.fields(kind)}
    try:
        if not isinstance(state, dict) or set(state) != names:
            raise ValueError(f"it needs {', '.join(sorted(names))}")
        return TypeAdapter(kind).validate_python(state)
    except ValueError as error:
        raise TrainingError("the checkpoint's species control cannot be used: resume from another one") from error


def _limited(value: float, low: float, high: float) -> float:
    return max(low, min(high, value))


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)
