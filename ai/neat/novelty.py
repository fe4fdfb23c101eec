"""Novelty: how far a behaviour lies from those of the population and of an archive.

Source: J. Lehman, K. Stanley: "Abandoning Objectives: Evolution through the Search for Novelty Alone", 2011, equation 1.
Deviations: features are divided by the spread of the population's, and the archive takes the most novel behaviours of each
generation.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

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
