"""Where experience lies: columns over time, a ring for each group of courts."""

from collections.abc import Callable
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

GROUP_COURTS: Final = 128
"""Courts that one actor steps together: whoever works on a group gets the same bits, so results do not depend on who does."""

TERMINATED: Final = np.uint8(1)
TRUNCATED: Final = np.uint8(2)

Allocate: TypeAlias = Callable[[tuple[int, ...], DTypeLike], NDArray[np.generic]]
"""Makes an array of zeros of a shape and type."""


class Columns(NamedTuple):
    """Experience of all groups: [groups, rows, agents], a row a step, as a ring in time.

    A collection of T steps at ``row`` writes rows ``row`` to ``row + T - 1`` of all four arrays, and the observation behind them
    at ``row + T``; all modulo the number of rows.
    """

    observations: NDArray[np.float32]
    """[groups, rows, agents, n_observations]."""
    actions: NDArray[np.uint8]
    rewards: NDArray[np.float32]
    flags: NDArray[np.uint8]
    """``TERMINATED`` and ``TRUNCATED``."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Groups, rows, agents."""
        groups, rows, agents = self.actions.shape
        return groups, rows, agents


def columns_layout(shape: tuple[int, int, int], n_observations: int) -> tuple[tuple[tuple[int, ...], DTypeLike], ...]:
    """Return shape and type of each array of ``Columns`` of ``shape`` (groups, rows, agents)."""
    return (((*shape, n_observations), np.float32), (shape, np.uint8), (shape, np.float32), (shape, np.uint8))


def new_columns(shape: tuple[int, int, int], n_observations: int, allocate: Allocate = np.zeros) -> Columns:
    """Return empty columns; ``allocate`` decides where they lie."""
    return Columns(*(allocate(size, dtype) for size, dtype in columns_layout(shape, n_observations)))  # type: ignore[arg-type]


def group_sizes(courts: int) -> tuple[int, int]:
    """Return (groups, courts of each) for ``courts``: a multiple of ``GROUP_COURTS``, or fewer than that."""
    if courts <= GROUP_COURTS:
        return 1, courts
    return courts // GROUP_COURTS, GROUP_COURTS
