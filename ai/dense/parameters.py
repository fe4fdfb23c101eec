"""Dense networks as flat vectors of parameters: what evolution works on, and what scales the steps of gradients."""

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


def step_scales(size: int, first_width: int, magnitudes: NDArray[np.float32] | None) -> NDArray[np.float32]:
    """Return what the steps of ``size`` parameters are multiplied by, float32[size]: 1 / magnitude for an observation's weights.

    The parameters begin with the weights [first_width, observations] of the first layer; ``magnitudes`` are the root mean squares
    of the observations. For an optimiser whose steps do not depend on the size of the gradient, as Adam, this and the same factor
    on the first parameters are learning from observations of magnitude 1; and yet the network takes the observations as they are.
    """
    scales = np.ones(size, np.float32)
    if magnitudes is not None:
        scales[: len(magnitudes) * first_width] = np.tile(np.float32(1.0) / magnitudes, first_width)
    return scales
