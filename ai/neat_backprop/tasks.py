"""Classic tasks that are made, not measured: two spirals, XOR, circles."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ai.errors import TrainingError
from ai.neat_backprop.datasets import LEAST_PER_CLASS, Dataset, Names, Rows, split_dataset, standardised_dataset

MAX_POINTS: Final = 1_000_000
SPIRAL_POINTS: Final = 97
SPIRAL_TURNS: Final = 3.0

_SPIRAL_RADIUS: Final = 6.5
_SPIRAL_RINGS: Final = 104  # the radius shrinks from 104 parts of it to 8
_FEATURES: Final = ("x", "y")
_BETWEEN: Final = (1 / 3, 2 / 3)  # where validation and test points lie on the way from one training point to the next


@dataclass(frozen=True)
class Task:
    """A task by name: ``make`` takes the points (of the training part, or of all parts), the noise and a generator."""

    title: str
    description: str
    points: int
    """Points by default."""
    noise: float
    """Standard deviation of the noise on both coordinates by default."""
    make: Callable[[int, float, np.random.Generator], Dataset]


def two_spirals(points: int, noise: float, rng: np.random.Generator, turns: float = SPIRAL_TURNS) -> Dataset:
    """Return two intertwined spirals: ``points`` on each arm to train, as many less one between them to validate and to test.

    Without noise, 97 points and 3 turns are the 194 training points of the source.

    Raises
    ------
    TrainingError
        If there are too few or too many points, or the noise or the turns make no sense.

    Source
    ------
    K. Lang, M. Witbrock: "Learning to Tell Two Spirals Apart", Proc. 1988 Connectionist Models Summer School.
    """
    _check(points, noise)
    if not 0 < turns <= 20:
        raise TrainingError(f"turns is {turns}: more than 0 and at most 20 are allowed")
    steps = np.arange(points, dtype=np.float64) / (points - 1)
    gap = 1.0 / (points - 1)
    places = (steps, *(steps[:-1] + share * gap for share in _BETWEEN))
    train, validation, test = (_spiral_rows(place, noise, turns, rng) for place in places)
    return standardised_dataset(train, validation, test, Names("two spirals", _FEATURES, ("first", "second")))


def _spiral_rows(place: NDArray[np.float64], noise: float, turns: float, rng: np.random.Generator) -> Rows:
    """Return points of both arms; ``place`` is 0 at the outer and 1 at the inner end."""
    angle = 2.0 * np.pi * turns * place
    radius = _SPIRAL_RADIUS * (1.0 - (SPIRAL_POINTS - 1) / _SPIRAL_RINGS * place)
    arm = np.stack([radius * np.sin(angle), radius * np.cos(angle)], axis=1)
    x = np.concatenate([arm, -arm])
    y = np.repeat(np.arange(2, dtype=np.int32), len(arm))
    return Rows(_noisy(x, noise, rng), y)


def xor(points: int, noise: float, rng: np.random.Generator) -> Dataset:
    """Return ``points`` of the square [-1, 1]^2, those whose coordinates differ in sign of the second class.

    Noise moves them after they got their class. ``TrainingError`` as ``two_spirals``.
    """
    _check(points, noise)
    x = rng.uniform(-1.0, 1.0, (points, 2))
    y = (x[:, 0] * x[:, 1] < 0).astype(np.int32)
    names = Names("XOR", _FEATURES, ("equal signs", "different signs"))
    return split_dataset(Rows(_noisy(x, noise, rng), y), names, rng)


def circles(points: int, noise: float, rng: np.random.Generator, factor: float = 0.5) -> Dataset:
    """Return ``points`` on two circles around one centre, the outer of radius 1 and the inner of radius ``factor``.

    Noise moves them after they got their class. ``TrainingError`` as ``two_spirals``.
    """
    _check(points, noise)
    if not 0 < factor < 1:
        raise TrainingError(f"factor is {factor}: more than 0 and less than 1 is allowed")
    y = (np.arange(points) % 2).astype(np.int32)
    angle = rng.uniform(0.0, 2.0 * np.pi, points)
    radius = np.where(y == 1, factor, 1.0)
    x = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    names = Names("circles", _FEATURES, ("outer", "inner"))
    return split_dataset(Rows(_noisy(x, noise, rng), y), names, rng)


def _check(points: int, noise: float) -> None:
    least = 4 * LEAST_PER_CLASS
    if not least <= points <= MAX_POINTS:
        raise TrainingError(f"points is {points}: {least} to {MAX_POINTS:,} are allowed")
    if not 0 <= noise <= 10:
        raise TrainingError(f"noise is {noise}: 0 to 10 is allowed")


def _noisy(x: NDArray[np.float64], noise: float, rng: np.random.Generator) -> NDArray[np.float64]:
    return x + noise * rng.standard_normal(x.shape)


TASKS: Final[Mapping[str, Task]] = {
    "two-spirals": Task(
        "Two spirals",
        "Two intertwined spirals of 97 points each; tested on the points between them. The hardest of the classics.",
        SPIRAL_POINTS,
        0.0,
        two_spirals,
    ),
    "xor": Task("XOR", "Four quarters of a square; opposite ones belong together.", 400, 0.0, xor),
    "circles": Task("Circles", "A circle within a circle.", 400, 0.05, circles),
}
