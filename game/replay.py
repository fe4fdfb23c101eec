"""The proof of a replay: the match as played again, compared bit for bit with what was stored."""

from dataclasses import dataclass

import numpy as np

from game.spec import RESULT_DTYPE, UNSTORED_COLUMNS


@dataclass(frozen=True)
class Verification:
    """Whether a replay is the stored match, and the columns in which it differs."""

    is_same: bool
    differences: tuple[str, ...]


def compare(again: np.void, stored: np.void) -> Verification:
    """Compare two records of ``RESULT_DTYPE``, bit for bit, in all columns that ``stored`` knows."""
    unknown = {name for name in UNSTORED_COLUMNS if np.isnan(stored[name]).all()}
    names = [name for name in RESULT_DTYPE.names or () if name not in unknown]
    different = tuple(name for name in names if again[name].tobytes() != stored[name].tobytes())
    return Verification(not different, different)
