"""The functions that a node of a genome may have, named and scaled as in neat-python.

A node's value is ``activation(scale * (bias + response * sum(weight * value)))``. Source: ``neat/activations.py`` of neat-python
2.0.0, whose ``tanh`` is tanh(2.5 z) and whose ``sigmoid`` is 1 / (1 + exp(-5 z)).
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from game.policies.activation import Activation


class NodeFunction(NamedTuple):
    """A function of nodes: its name, what the match kernel computes, and the factor that its argument is scaled by."""

    name: str
    activation: Activation
    scale: float
    is_in_neat_python: bool = True


FUNCTIONS: Final = (
    NodeFunction("tanh", Activation.TANH, 2.5),
    NodeFunction("sigmoid", Activation.SIGMOID, 5.0),
    NodeFunction("relu", Activation.RELU, 1.0),
    NodeFunction("identity", Activation.IDENTITY, 1.0),
    NodeFunction("clamped", Activation.CLAMPED, 1.0),
    NodeFunction("abs", Activation.ABS, 1.0),
    NodeFunction("rational", Activation.RATIONAL, 1.0, is_in_neat_python=False),
    NodeFunction("sin", Activation.SIN, 5.0),
    NodeFunction("square", Activation.SQUARE, 1.0),
    NodeFunction("gauss", Activation.GAUSS, 5.0**0.5),
)
"""By their code in genomes. Codes are in checkpoints: append, never reorder."""

FUNCTION_CODES: Final[Mapping[str, int]] = {function.name: code for code, function in enumerate(FUNCTIONS)}

IDENTITY: Final = FUNCTION_CODES["identity"]

ACTIVATIONS: Final[NDArray[np.int32]] = np.array([function.activation for function in FUNCTIONS], np.int32)
"""The kernel's activation by function code."""

SCALES: Final[NDArray[np.float32]] = np.array([function.scale for function in FUNCTIONS], np.float32)
"""The scale by function code."""
