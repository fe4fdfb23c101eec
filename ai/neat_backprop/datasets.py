"""What a network can be trained on: labelled rows of numbers, split for training, validation and test."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ai.errors import TrainingError

MAX_CLASSES: Final = 64
MAX_FEATURES: Final = 1024
LEAST_PER_CLASS: Final = 5
"""Rows that every class needs to be split 60:20:20."""

_HELD_OUT: Final = 0.2


@dataclass(frozen=True, eq=False)
class Dataset:
    """Rows with a class each, in three parts. The arrays are read-only.

    A feature is ``(raw - mean) / scale``, where ``mean`` and ``scale`` are those of the training part alone; where the raw
    numbers themselves are the features, ``mean`` is 0 and ``scale`` 1.
    """

    x_train: NDArray[np.float32]
    """[rows, features]."""
    y_train: NDArray[np.int32]
    """The class of each row, 0 to ``n_classes - 1``."""
    x_validation: NDArray[np.float32]
    y_validation: NDArray[np.int32]
    x_test: NDArray[np.float32]
    y_test: NDArray[np.int32]
    n_classes: int
    feature_names: tuple[str, ...]
    class_names: tuple[str, ...]
    title: str
    mean: NDArray[np.float32]
    scale: NDArray[np.float32]

    @property
    def n_features(self) -> int:
        """Length of a row."""
        return len(self.feature_names)

    @property
    def is_standardised(self) -> bool:
        """Whether the features are not the raw numbers."""
        return bool(self.mean.any() or (self.scale != 1).any())

    @property
    def arrays(self) -> Mapping[str, NDArray[np.generic]]:
        """The rows and classes of all parts, by name."""
        names = ("x_train", "y_train", "x_validation", "y_validation", "x_test", "y_test")
        return {name: getattr(self, name) for name in names}

    def features(self, raw: NDArray[np.generic]) -> NDArray[np.float32]:
        """Return the features of ``raw`` rows, numbers as they were before the dataset was made."""
        return _standardised(np.asarray(raw, np.float64), self.mean, self.scale)

    def digest(self) -> str:
        """Return a text that differs when any number of the dataset differs."""
        digest = hashlib.sha256()
        for array in (*self.arrays.values(), self.mean, self.scale):
            digest.update(f"{array.shape}{array.dtype.str}".encode())
            digest.update(array.tobytes())
        return digest.hexdigest()


@dataclass(frozen=True, eq=False)
class Rows:
    """Raw rows with the class of each: x float[rows, features], y int[rows]."""

    x: NDArray[np.generic]
    y: NDArray[np.int32]

    def take(self, places: NDArray[np.int64]) -> "Rows":
        """Return the rows at ``places``."""
        return Rows(self.x[places], self.y[places])


@dataclass(frozen=True)
class Names:
    """What a dataset and its parts are called."""

    title: str
    features: tuple[str, ...]
    classes: tuple[str, ...]


def split_dataset(rows: Rows, names: Names, rng: np.random.Generator) -> Dataset:
    """Return ``rows`` split 60:20:20, each class in these shares, and standardised.

    Raises
    ------
    TrainingError
        If there are no rows, one class, too many, or too few rows of one.
    """
    check_classes(rows.y, names)
    train, validation, test = split_rows(rows, (1 - 2 * _HELD_OUT, _HELD_OUT, _HELD_OUT), rng)
    return standardised_dataset(train, validation, test, names)


def check_classes(y: NDArray[np.int32], names: Names) -> None:
    """Raise ``TrainingError`` unless rows of the classes ``y`` can be learned and split."""
    if not len(y):
        raise TrainingError(f"{names.title} has no rows: at least {LEAST_PER_CLASS} of each class are needed")
    if len(names.classes) < 2:
        raise TrainingError(f"{names.title} has one class only, '{names.classes[0]}': there is nothing to tell apart")
    if len(names.classes) > MAX_CLASSES:
        raise TrainingError(
            f"{names.title} has {len(names.classes):,} different labels, at most {MAX_CLASSES} are allowed: "
            "labels must be classes, not measured numbers"
        )
    counts = np.bincount(y, minlength=len(names.classes))
    least = int(counts.argmin())
    if counts[least] < LEAST_PER_CLASS:
        raise TrainingError(
            f"class '{names.classes[least]}' of {names.title} has {counts[least]} rows: "
            f"at least {LEAST_PER_CLASS} of each class are needed to split them"
        )


def split_rows(rows: Rows, shares: Sequence[float], rng: np.random.Generator) -> list[Rows]:
    """Return ``rows`` in parts of about these shares, at random; every class has its share, at least one row, in each.

    The classes need at least as many rows as there are parts; the first part takes what rounding leaves.
    """
    order = rng.permutation(len(rows.y))
    places: list[list[NDArray[np.int64]]] = [[] for _ in shares]
    for label in range(int(rows.y.max()) + 1):
        mine = order[rows.y[order] == label]
        sizes = [max(1, round(share * len(mine))) for share in shares[1:]]
        ends = np.cumsum([len(mine) - sum(sizes), *sizes])[:-1]
        for part, chosen in zip(places, np.split(mine, ends), strict=True):
            part.append(chosen)
    return [rows.take(rng.permutation(np.concatenate(part))) for part in places]


def standardised_dataset(train: Rows, validation: Rows, test: Rows, names: Names) -> Dataset:
    """Return the parts as a dataset whose features have mean 0 and standard deviation 1 in the training part.

    A feature that is the same everywhere becomes 0. Raw numbers are finite and fit float32.
    """
    raw = np.asarray(train.x, np.float64)
    mean = raw.mean(axis=0).astype(np.float32)
    spread = raw.std(axis=0)
    scale = np.where(spread > np.finfo(np.float32).tiny, spread, 1.0).astype(np.float32)
    return _assembled((train, validation, test), names, mean, scale)


def raw_dataset(train: Rows, validation: Rows, test: Rows, names: Names) -> Dataset:
    """Return the parts as a dataset whose features are the raw numbers."""
    features = len(names.features)
    return _assembled((train, validation, test), names, np.zeros(features, np.float32), np.ones(features, np.float32))


def _assembled(
    parts: tuple[Rows, Rows, Rows], names: Names, mean: NDArray[np.float32], scale: NDArray[np.float32]
) -> Dataset:
    xs = [_standardised(np.asarray(part.x, np.float64), mean, scale) for part in parts]
    ys = [part.y.astype(np.int32) for part in parts]
    for array in (*xs, *ys, mean, scale):
        array.setflags(write=False)
    n_classes = len(names.classes)
    return Dataset(
        xs[0], ys[0], xs[1], ys[1], xs[2], ys[2], n_classes, names.features, names.classes, names.title, mean, scale
    )


def _standardised(
    raw: NDArray[np.float64], mean: NDArray[np.float32], scale: NDArray[np.float32]
) -> NDArray[np.float32]:
    features: NDArray[np.float32] = np.ascontiguousarray((raw - mean) / scale, np.float32)
    return features
