"""The actor-critic network: one trunk, an output for each action and one for the state's value."""

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ai.dense.parameters import step_scales
from game.policies.activation import Activation
from game.policies.dense import DensePolicy

Parameters = NDArray[np.float32]

_HIDDEN_GAIN = float(np.sqrt(2.0))
_POLICY_GAIN = 0.01
"""First probabilities are nearly even. Source: S. Huang et al.: "The 37 Implementation Details of Proximal Policy Optimization",
ICLR blog track 2022, detail 2; the gain of the value is 1."""


@dataclass(frozen=True)
class ActorCritic:
    """The shape of a network with ReLU in its hidden layers, each of whose sums may be normalised.

    Flat parameters: for each layer the weights [outputs, inputs] row by row, then the biases; the last layer is the head, with a
    row for the logit of each action and behind them one for the value.
    """

    observations: int
    hidden: tuple[int, ...]
    actions: int
    is_normalised: bool = True

    @property
    def sizes(self) -> tuple[int, ...]:
        """Observations, hidden layers, actions and the value."""
        return (self.observations, *self.hidden, self.actions + 1)

    @property
    def size(self) -> int:
        """Number of parameters."""
        return sum(outputs * (inputs + 1) for inputs, outputs in itertools.pairwise(self.sizes))

    @property
    def head_begin(self) -> int:
        """Where the parameters of the head begin."""
        return self.size - self.sizes[-1] * (self.sizes[-2] + 1)

    def norms_size(self, batch: int) -> int:
        """Return how many numbers the normalised sums of ``batch`` observations and their factors take."""
        return batch * sum(width + 1 for width in self.hidden) if self.is_normalised else 0

    def initial(self, rng: np.random.Generator, magnitudes: Parameters | None = None) -> Parameters:
        """Return first parameters: orthogonal weights, biases 0.

        ``magnitudes`` are the root mean squares of the observations, if they are known: see ``step_scales``.
        """
        parts = []
        for inputs, outputs in itertools.pairwise(self.sizes[:-1]):
            parts += [_HIDDEN_GAIN * _orthogonal(rng, outputs, inputs).ravel(), np.zeros(outputs)]
        width = self.sizes[-2]
        parts += [_POLICY_GAIN * _orthogonal(rng, self.actions, width).ravel(), _orthogonal(rng, 1, width).ravel()]
        parts.append(np.zeros(self.actions + 1))
        return np.concatenate(parts).astype(np.float32) * self.step_scales(magnitudes)

    def step_scales(self, magnitudes: Parameters | None) -> Parameters:
        """Return what the optimiser's steps are multiplied by; see ``ai.dense.parameters.step_scales``."""
        return step_scales(self.size, self.sizes[1], magnitudes)

    def head(self, parameters: Parameters) -> Parameters:
        """Return the part of ``parameters`` that is the head; a view."""
        return parameters[self.head_begin :]

    def policy(self, parameters: Parameters) -> DensePolicy:
        """Return the player that takes the most probable action."""
        weights, biases, at = [], [], 0
        for inputs, outputs in itertools.pairwise(self.sizes):
            weights.append(parameters[at : at + outputs * inputs].reshape(outputs, inputs).copy())
            at += outputs * inputs
            biases.append(parameters[at : at + outputs].copy())
            at += outputs
        weights[-1], biases[-1] = weights[-1][: self.actions], biases[-1][: self.actions]
        return DensePolicy(tuple(weights), tuple(biases), Activation.RELU, self.is_normalised)


def _orthogonal(rng: np.random.Generator, rows: int, columns: int) -> NDArray[np.float64]:
    """Return [rows, columns] with orthonormal rows or columns, whichever are fewer.

    Source: A. M. Saxe et al.: "Exact solutions to the nonlinear dynamics of learning in deep linear neural networks", 2014.
    """
    tall = rng.standard_normal((max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(tall)
    q = q * np.sign(np.diag(r))
    return q if rows >= columns else q.T
