"""Dense networks as flat vectors of parameters: what evolution works on."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from game.policies.activation import Activation
from game.policies.bank import Policy
from game.policies.dense import DensePolicy

Build: TypeAlias = Callable[[NDArray[np.float32]], Policy]
"""Makes a policy of float32 parameters."""


def dense_builder(sizes: Sequence[int]) -> tuple[Build, int]:
    """Return a builder of dense networks of layer ``sizes`` from flat parameters, and how many it takes.

    Weights are scaled by 1 / sqrt(inputs) and biases by 0.3, so that a step of one size suits every layer.
    """
    shapes = list(zip(sizes[1:], sizes[:-1], strict=True))

    def build(parameters: NDArray[np.float32]) -> Policy:
        weights, biases, at = [], [], 0
        for outputs, inputs in shapes:
            weights.append(
                parameters[at : at + outputs * inputs].reshape(outputs, inputs) / np.float32(np.sqrt(inputs))
            )
            at += outputs * inputs
            biases.append(parameters[at : at + outputs] * np.float32(0.3))
            at += outputs
        return DensePolicy(tuple(weights), tuple(biases), Activation.RATIONAL)

    return build, sum(outputs * (inputs + 1) for outputs, inputs in shapes)
