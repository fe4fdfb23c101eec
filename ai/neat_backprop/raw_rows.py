"""Rows as a file holds them, before they are classes and features."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ai.errors import TrainingError
from ai.neat_backprop.datasets import MAX_FEATURES

LARGEST: Final = 1e30
"""Numbers of this size and their differences are well within float32."""

Labels: TypeAlias = NDArray[np.float64] | NDArray[np.str_]


@dataclass(frozen=True, eq=False)
class RawRows:
    """Numbers [rows, features] with a label each, a number or a text."""

    x: NDArray[np.float64]
    labels: Labels
    features: tuple[str, ...]

    def checked(self, path: Path, row_name: Callable[[int], str]) -> "RawRows":
        """Return these rows; ``TrainingError``, which calls a row by ``row_name``, if no network can learn from them."""
        if not len(self.x):
            raise TrainingError(f"{path} has no rows of data")
        if not 1 <= len(self.features) <= MAX_FEATURES:
            raise TrainingError(f"{path} has {len(self.features)} features: 1 to {MAX_FEATURES} are allowed")
        bad = ~(np.abs(self.x) <= LARGEST)  # NaN too is not at most that
        if bad.any():
            row, column = np.argwhere(bad)[0].tolist()
            raise TrainingError(
                f"{row_name(row)} of {path} has {self.x[row, column]:g} as '{self.features[column]}': "
                f"finite numbers up to {LARGEST:g} are needed, {bad.any(axis=1).sum():,} rows have others"
            )
        if self.labels.dtype.kind == "f" and not np.isfinite(self.labels).all():
            row = int(np.flatnonzero(~np.isfinite(self.labels))[0])
            raise TrainingError(f"{row_name(row)} of {path} has {self.labels[row]:g} as its label: a class is needed")
        return self


def encode_labels(labels: Labels) -> tuple[NDArray[np.int32], tuple[str, ...]]:
    """Return the class of each label, and the classes' names: numbers in their order, or texts in theirs."""
    found, classes = np.unique(labels, return_inverse=True)
    return classes.reshape(-1).astype(np.int32), tuple(
        " ".join(name.split()) if isinstance(name, str) else f"{name:g}" for name in found.tolist()
    )
