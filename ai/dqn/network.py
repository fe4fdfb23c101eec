"""The Q-network: its parameters in one flat vector, and the dense player that it is.

Source of the dueling architecture: Z. Wang et al.: "Dueling Network Architectures for Deep Reinforcement Learning", ICML 2016,
equation 9. The two streams are the halves of the last hidden layer. Behind them, state value and advantages are linear, so that
Q = V + A - mean(A) is one dense layer, too: the *folded* head. Learner and actors compute with the folded head, and so does the
player: the network that has learned is the network that plays.
"""

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ai.dense.parameters import step_scales
from game.policies.activation import Activation
from game.policies.dense import DensePolicy

Parameters = NDArray[np.float32]


@dataclass(frozen=True)
class Network:
    """The shape of a Q-network: ReLU in the hidden layers, one value an action.

    Flat parameters: for each hidden layer the weights [outputs, inputs] row by row, then the biases; then the head, not dueling
    weights [actions, h] and biases [actions]. Dueling: the first h // 2 of the last h hidden units feed the state value, weights
    [h // 2] and bias [1]; the others feed the advantages, weights [actions, h - h // 2] and biases [actions].
    """

    sizes: tuple[int, ...]
    """Observations, hidden layers, actions."""
    is_dueling: bool = True
    is_normalised: bool = True
    """Whether the sums of each hidden layer are normalised before its ReLU (layer normalisation, without gain and bias)."""

    def __post_init__(self) -> None:
        """Refuse what is no network, with ``ValueError``."""
        if len(self.sizes) < 3 or min(self.sizes) < 1:
            raise ValueError(
                f"a Q-network of layers {self.sizes} is not possible: it needs a hidden layer, each of 1 at least"
            )
        if self.is_dueling and self.sizes[-2] < 2:
            raise ValueError(f"the last hidden layer has {self.sizes[-2]} unit: two streams need 2 at least")

    @property
    def hidden_size(self) -> int:
        """Number of parameters of the hidden layers."""
        return sum(outputs * (inputs + 1) for inputs, outputs in itertools.pairwise(self.sizes[:-1]))

    @property
    def head_size(self) -> int:
        """Number of parameters of the head as it is learned."""
        width, actions = self.sizes[-2:]
        if not self.is_dueling:
            return actions * (width + 1)
        return width // 2 + 1 + actions * (width - width // 2 + 1)

    @property
    def folded_size(self) -> int:
        """Number of parameters of the folded head: weights [actions, h] row by row, then biases."""
        return self.sizes[-1] * (self.sizes[-2] + 1)

    @property
    def size(self) -> int:
        """Number of parameters."""
        return self.hidden_size + self.head_size

    def norms_size(self, batch: int) -> int:
        """Return how many numbers the normalised sums of ``batch`` observations and their factors take."""
        return batch * sum(width + 1 for width in self.sizes[1:-1]) if self.is_normalised else 0

    def initial(self, rng: np.random.Generator, magnitudes: Parameters | None = None) -> Parameters:
        """Return first parameters: uniform weights and biases within 1 / sqrt(inputs), as in torch's ``nn.Linear``.

        ``magnitudes`` are the root mean squares of the observations, if they are known: see ``step_scales``.
        """
        layers = list(itertools.pairwise(self.sizes[:-1]))
        width, actions = self.sizes[-2:]
        layers += [(width // 2, 1), (width - width // 2, actions)] if self.is_dueling else [(width, actions)]
        parts = [rng.uniform(-1.0, 1.0, outputs * (inputs + 1)) / np.sqrt(inputs) for inputs, outputs in layers]
        return np.concatenate(parts).astype(np.float32) * self.step_scales(magnitudes)

    def step_scales(self, magnitudes: Parameters | None) -> Parameters:
        """Return what the optimiser's steps are multiplied by; see ``ai.dense.parameters.step_scales``."""
        return step_scales(self.size, self.sizes[1], magnitudes)

    def folded_head(self, parameters: Parameters) -> tuple[Parameters, Parameters]:
        """Return weights [actions, h] and biases [actions] of the folded head."""
        width, actions = self.sizes[-2:]
        head = parameters[self.hidden_size :]
        if not self.is_dueling:
            return head[: actions * width].reshape(actions, width).copy(), head[actions * width :].copy()
        half = width // 2
        rest = width - half
        advantage = head[half + 1 : half + 1 + actions * rest].reshape(actions, rest)
        biases = head[half + 1 + actions * rest :]
        weights = np.empty((actions, width), np.float32)
        weights[:, :half] = head[:half]
        weights[:, half:] = advantage - _mean(advantage)
        return weights, head[half] + (biases - _mean(biases))

    def policy(self, parameters: Parameters) -> DensePolicy:
        """Return the player whose outputs are the values of the actions."""
        weights, biases, at = [], [], 0
        for inputs, outputs in itertools.pairwise(self.sizes[:-1]):
            weights.append(parameters[at : at + outputs * inputs].reshape(outputs, inputs).copy())
            at += outputs * inputs
            biases.append(parameters[at : at + outputs].copy())
            at += outputs
        head = self.folded_head(parameters)
        return DensePolicy((*weights, head[0]), (*biases, head[1]), Activation.RELU, self.is_normalised)


def _mean(rows: Parameters) -> Parameters:
    """Return the mean of the rows, summed from the first to the last: as the kernels do it, bit for bit."""
    total = rows[0].copy()
    for row in rows[1:]:
        total = total + row
    mean: Parameters = total * np.float32(1.0 / len(rows))
    return mean
