"""Perfect matchings of a general graph: who can meet whom without leaving others over.

Source: J. Edmonds, "Paths, trees, and flowers", Canadian Journal of Mathematics 17 (1965), 449-467. A search grows
alternating trees from one exposed vertex and shrinks odd cycles (blossoms) to their base.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

_NOBODY = -1


def pair_up(
    order: Sequence[int], meetings: NDArray[np.int32], prefer: Callable[[int, list[int]], Iterable[int]]
) -> list[tuple[int, int]]:
    """Pair everybody in ``order``, the first of it choosing first, with as few repeated meetings as can be.

    ``meetings`` is symmetric, (m, m) for an even m, ``order`` a permutation of range(m). Let k be the smallest number
    such that everybody can be paired with somebody met at most k times: only such meetings are allowed. The
    first of the order gets the first allowed partner of ``prefer(first, rest)`` that leaves a complete pairing
    of the others, and so on.
    """
    matching = _least_met_matching(meetings)
    rest = list(order)
    pairs = []
    while rest:
        first = rest.pop(0)
        second = next(other for other in prefer(first, rest) if matching.take(first, other))
        rest.remove(second)
        pairs.append((first, second))
    return pairs


def _least_met_matching(meetings: NDArray[np.int32]) -> "Matching":
    for most in np.unique(meetings):
        matching = Matching(meetings <= most)
        if matching.is_perfect():
            return matching
    raise ValueError(f"{len(meetings)} players cannot be paired: their number must be even")


class Matching:
    """A maximum matching of the graph ``allowed`` (n, n, bool, symmetric; its diagonal is ignored)."""

    def __init__(self, allowed: NDArray[np.bool_]) -> None:
        self._allowed = allowed.copy()
        np.fill_diagonal(self._allowed, val=False)
        self._mate = [_NOBODY] * len(allowed)
        self._here = np.ones(len(allowed), dtype=np.bool_)
        self._match_greedily()
        for vertex in range(len(allowed)):
            if self._mate[vertex] == _NOBODY:
                self._augment(vertex)

    def is_perfect(self) -> bool:
        """Whether nobody is left over."""
        return _NOBODY not in self._mate

    def mates(self) -> list[int]:
        """Return each vertex's partner, -1 for none."""
        return list(self._mate)

    def take(self, first: int, second: int) -> bool:
        """Remove ``first`` and ``second`` as a pair if the others then still match perfectly; else change nothing.

        The matching must be perfect on what is left of the graph.
        """
        if not self._allowed[first, second]:
            return False
        widow, widower = self._mate[first], self._mate[second]
        self._here[[first, second]] = False
        if widow == second:
            return True
        if self._allowed[widow, widower]:
            self._mate[widow], self._mate[widower] = widower, widow
            return True
        self._mate[widow] = self._mate[widower] = _NOBODY
        if self._augment(widow):
            return True
        self._here[[first, second]] = True
        self._mate[widow], self._mate[widower] = first, second
        return False

    def _match_greedily(self) -> None:
        for vertex, mate in enumerate(self._mate):
            if mate != _NOBODY:
                continue
            for other in self._neighbours(vertex):
                if self._mate[other] == _NOBODY:
                    self._mate[vertex], self._mate[other] = other, vertex
                    break

    def _neighbours(self, vertex: int) -> list[int]:
        found: list[int] = np.flatnonzero(self._allowed[vertex] & self._here).tolist()
        return found

    def _augment(self, root: int) -> bool:
        """Match the exposed ``root`` along an augmenting path, if there is one."""
        tree = _Tree(root, self._mate)
        while tree.queue:
            vertex = tree.queue.popleft()
            for other in self._neighbours(vertex):
                if tree.reach(vertex, other):
                    self._flip(other, tree.parent)
                    return True
        return False

    def _flip(self, end: int, parent: list[int]) -> None:
        """Exchange matched and unmatched edges on the path from ``end`` back to the root."""
        while end != _NOBODY:
            before = parent[end]
            following = self._mate[before]
            self._mate[end], self._mate[before] = before, end
            end = following


class _Tree:
    """The alternating tree of one search; ``parent`` holds the unmatched edge by which a vertex was reached."""

    def __init__(self, root: int, mate: list[int]) -> None:
        self.queue = deque([root])
        self.parent = [_NOBODY] * len(mate)
        self._root = root
        self._mate = mate
        self._base = list(range(len(mate)))
        self._is_outer = [False] * len(mate)
        self._is_outer[root] = True

    def reach(self, vertex: int, other: int) -> bool:
        """Follow the edge from the outer ``vertex`` to ``other``; True if it ends an augmenting path."""
        if self._base[vertex] == self._base[other] or self._mate[vertex] == other:
            return False
        if self._is_outer[other]:
            self._shrink(vertex, other)
            return False
        if self.parent[other] != _NOBODY:
            return False
        self.parent[other] = vertex
        if self._mate[other] == _NOBODY:
            return True
        self._push(self._mate[other])
        return False

    def _push(self, vertex: int) -> None:
        self._is_outer[vertex] = True
        self.queue.append(vertex)

    def _shrink(self, vertex: int, other: int) -> None:
        """Make one blossom of the odd cycle that the edge between two outer vertices closes."""
        base = self._common_base(vertex, other)
        in_blossom: set[int] = set()
        self._mark(vertex, base, other, in_blossom)
        self._mark(other, base, vertex, in_blossom)
        for member, its_base in enumerate(self._base):
            if its_base in in_blossom:
                self._base[member] = base
                if not self._is_outer[member]:
                    self._push(member)

    def _mark(self, vertex: int, base: int, child: int, in_blossom: set[int]) -> None:
        """Walk from ``vertex`` down to ``base``, turning the parents so that the cycle can be left either way."""
        while self._base[vertex] != base:
            inner = self._mate[vertex]
            in_blossom |= {self._base[vertex], self._base[inner]}
            self.parent[vertex] = child
            child = inner
            vertex = self.parent[inner]

    def _common_base(self, vertex: int, other: int) -> int:
        """Return the last base that the two vertices' ways to the root share."""
        passed = {self._base[vertex]}
        while self._base[vertex] != self._base[self._root]:
            vertex = self.parent[self._mate[self._base[vertex]]]
            passed.add(self._base[vertex])
        while self._base[other] not in passed:
            other = self.parent[self._mate[self._base[other]]]
        return self._base[other]
