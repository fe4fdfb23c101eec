"""A sum tree: draws places with probability in proportion to their priority, in logarithmic time.

Source: T. Schaul et al.: "Prioritized Experience Replay", ICLR 2016, section B.2.1.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from game import seeding
from game.jit import entry, kernel

_SHIFT: Final = np.uint64(11)
_UNIT: Final = 2.0**-53


@kernel
def _raise_sums(tree: NDArray[np.float64], first: int, last: int) -> None:
    """Sum up the parents of the leaves ``first`` to ``last``, level by level."""
    low, high = first // 2, last // 2
    while low >= 1:
        for node in range(low, high + 1):
            tree[node] = tree[2 * node] + tree[2 * node + 1]
        low, high = low // 2, high // 2


@entry
def set_range(tree: NDArray[np.float64], first: int, count: int, priority: float) -> None:
    """Give ``count`` places from ``first`` on the same priority."""
    leaf = len(tree) // 2 + first
    for at in range(leaf, leaf + count):
        tree[at] = priority
    if count > 0:
        _raise_sums(tree, leaf, leaf + count - 1)


@entry
def set_places(tree: NDArray[np.float64], places: NDArray[np.int64], priorities: NDArray[np.float64]) -> None:
    """Give places their priorities; one that has none stays without: it may not be drawn."""
    leaves = len(tree) // 2
    for i in range(len(places)):
        at = leaves + places[i]
        if tree[at] > 0.0:
            tree[at] = priorities[i]
            at //= 2
            while at >= 1:
                tree[at] = tree[2 * at] + tree[2 * at + 1]
                at //= 2


@entry
def draw(
    tree: NDArray[np.float64], rng: NDArray[np.uint64], places: NDArray[np.int64], shares: NDArray[np.float64]
) -> None:
    """Draw a place from each of as many equal strata as there are ``places``; ``shares`` become their probabilities."""
    leaves = len(tree) // 2
    count = len(places)
    for i in range(count):
        rng[0] = seeding.advance_state(rng[0])
        unit = np.float64(seeding.mix(rng[0]) >> _SHIFT) * _UNIT
        left = (i + unit) / count * tree[1]
        at = 1
        while at < leaves:
            at *= 2
            if left >= tree[at] and tree[at + 1] > 0.0:
                left -= tree[at]
                at += 1
        places[i] = at - leaves
        shares[i] = tree[at] / tree[1]


def new_tree(places: int) -> NDArray[np.float64]:
    """Return a tree of at least ``places`` leaves without priority: node 1 is the sum, the children of n are 2n and 2n + 1."""
    return np.zeros(2 * (1 << max(1, (places - 1).bit_length())), np.float64)
