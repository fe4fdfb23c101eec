"""The numbers of Adam that never change, and those of one update."""

from typing import Final

BETA_1: Final = 0.9
BETA_2: Final = 0.999
"""Decay of Adam's two moments (D. P. Kingma, J. Ba: "Adam: A Method for Stochastic Optimization", 2015)."""


def adam_steps(learning_rate: float, updates: int) -> tuple[float, float]:
    """Return the step size and the factor of the second moment's root in update number ``updates``, the first being 1.

    They hold learning rate and bias correction. The host computes them in double precision, 1 - 0.999 in float32 being wrong in
    its fourth digit, and sends them along: a captured graph follows any schedule.
    """
    return learning_rate / (1.0 - BETA_1**updates), (1.0 - BETA_2**updates) ** -0.5
