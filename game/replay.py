"""The proof of a replay: the match as played again, compared bit for bit with what was stored."""

from dataclasses import dataclass

import numpy as np

from game.spec import RESULT_DTYPE


@dataclass(frozen=True)
class Verification:
    """Whether a replay is the stored match, and the columns in which it differs."""

    is_same: bool
    differences: tuple[str, ...]


def compare(again: np.void, stored: np.void) -> Verification:
    """Compare two records of ``RESULT_DTYPE``, bit for bit."""
    names = RESULT_DTYPE.names or ()
    different = tuple(name for name in names if again[name].tobytes() != stored[name].tobytes())
    return Verification(not different, different)
