"""Novelty: how far a behaviour lies from those of the population and of an archive.

Source: J. Lehman, K. Stanley: "Abandoning Objectives: Evolution through the Search for Novelty Alone", 2011, equation 1.
Deviations: features are divided by the spread of the population's, and the archive takes the most novel behaviours of each
generation.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ai.errors import TrainingError
from ai.neat.fitness import FEATURES

_NAME: Final = "novelty"
_KEPT_A_GENERATION: Final = 3
_ARCHIVE: Final = 500


class NoveltyArchive:
    """Behaviours seen before, the newest ``500`` of those that were novel."""

    def __init__(self, neighbours: int) -> None:
        self._neighbours = neighbours
        self.behaviours: NDArray[np.float64] | None = None

    def novelty(self, behaviours: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the novelty of each row of ``behaviours``, about 0 to 1, and add the most novel of them to the archive.

        The mean distance to the k nearest behaviours d becomes d / (1 + d); distances are in standard deviations of the
        population's features.
        """
        spread = behaviours.std(axis=0)
        scale = np.where(spread > 0.0, spread, 1.0)
        known = behaviours if self.behaviours is None else np.concatenate([behaviours, self.behaviours])
        gaps = behaviours[:, None, :] / scale - known[None, :, :] / scale
        distance = np.sqrt((gaps**2).mean(axis=2))
        np.fill_diagonal(distance, np.inf)  # not one's own neighbour
        k = min(self._neighbours, known.shape[0] - 1)
        nearest = np.partition(distance, k - 1, axis=1)[:, :k].mean(axis=1)
        newest = behaviours[np.argsort(-nearest, kind="stable")[:_KEPT_A_GENERATION]]
        kept = newest if self.behaviours is None else np.concatenate([self.behaviours, newest])
        self.behaviours = kept[-_ARCHIVE:]
        novelty: NDArray[np.float64] = nearest / (1.0 + nearest)
        return novelty

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return the archive as arrays of a checkpoint."""
        return {} if self.behaviours is None else {_NAME: self.behaviours.copy()}

    def restore(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Go back to what ``to_arrays`` has written; ``TrainingError`` if it holds no behaviours."""
        behaviours = arrays.get(_NAME)
        if behaviours is not None and (behaviours.ndim != 2 or behaviours.shape[1] != len(FEATURES)):
            raise TrainingError(
                f"the checkpoint's '{_NAME}' is {behaviours.shape}: {len(FEATURES)} columns are needed; resume from another one"
            )
        self.behaviours = None if behaviours is None else behaviours.astype(np.float64)
