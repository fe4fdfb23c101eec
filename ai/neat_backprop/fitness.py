"""The fitness of a genome that learns: how well it does on validation rows after gradient steps on training rows."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ai.neat.genomes import Genomes, from_arrays
from ai.neat.networks import express
from ai.neat_backprop.backprop import BackpropSettings, block_points, scores, train_population, with_learned
from ai.shared_data import Arrays

GENOMES: Final = "genomes"
"""Prefix of the arrays of a generation."""

ROWS: Final = "rows"
"""Places of the training rows of this generation, in the arrays of a generation."""


@dataclass(frozen=True)
class FitnessBackpropShared:
    """Trains genomes on shared data; picklable: a process gets it once, and finds the data by the names of ``keys``.

    ``keys`` are the names of training rows and classes, validation rows and classes. The fitness is 1 less the validation's
    cross-entropy in units of that of guessing, less ``alpha_nodes`` a hidden node and ``alpha_edges`` an enabled connection.
    """

    n_inputs: int
    n_classes: int
    keys: tuple[str, str, str, str] = ("x_train", "y_train", "x_validation", "y_validation")
    steps: int = 40
    lr: float = 5e-3
    l2: float = 1e-4
    clip: float = 5.0
    batch: int = 0
    """Rows of one gradient step, taken in their order; 0 for all."""
    alpha_nodes: float = 1e-4
    alpha_edges: float = 5e-5

    def __call__(self, data: Arrays, generation: Arrays, part: range) -> Mapping[str, NDArray[np.generic]]:
        """Return fitness, accuracy and loss of each genome of ``part``, and the weights and biases that they have learned."""
        everybody = from_arrays(generation, GENOMES)
        genomes = everybody.take(np.arange(part.start, part.stop))
        networks = express(genomes, self.n_inputs, self.n_classes)
        rows = generation[ROWS]
        x_train, y_train, x_validation, y_validation = (data[key] for key in self.keys)
        if len(rows):
            x_train, y_train = x_train[rows], y_train[rows]
        if self.steps:
            settings = BackpropSettings(steps=self.steps, lr=self.lr, l2=self.l2, clip=self.clip)
            points = block_points(x_train, y_train, self.n_classes, batch=self.batch or None)
            genomes = with_learned(genomes, train_population(genomes, networks, points, settings))
        judged = scores(genomes, networks, block_points(x_validation, y_validation, self.n_classes))
        return {
            "fitness": self._fitness(genomes, judged.cross_entropy),
            "accuracy": judged.accuracy,
            "loss": judged.cross_entropy,
            "weight": genomes.weight,
            "bias": genomes.bias,
        }

    def _fitness(self, genomes: Genomes, loss: NDArray[np.float64]) -> NDArray[np.float64]:
        size = self.alpha_nodes * genomes.hidden_counts(self.n_classes) + self.alpha_edges * genomes.enabled_counts()
        limited = np.minimum(loss, _WORST_LOSS)
        fitness: NDArray[np.float64] = 1.0 - limited / math.log(self.n_classes) - size
        return fitness


_WORST_LOSS: Final = 100.0
"""Cross-entropy beyond which a genome is as bad as any; outputs that overflow give infinity."""
