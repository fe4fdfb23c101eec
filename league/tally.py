"""What a season's results add up to, as they come in: outcomes by pair, the live ratings, and totals."""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from game.spec import Results
from league.ratings.bradley_terry import PairTable
from league.ratings.elo import fold
from league.schedules.base import PairCounts, Pairing

_UNPLAYED: Final = np.int8(9)

History: TypeAlias = list[tuple[int, NDArray[np.float64]]]
"""Live ratings of all players after some matches: (match id, float64[n_players])."""


class Encounters:
    """Outcomes of every pair of every two players: two bytes a pair.

    All is kept from the view of the lower position. It is the ``Record`` that adaptive schedules read.
    """

    def __init__(self, n_players: int) -> None:
        self._n_players = n_players
        self._outcomes: dict[tuple[int, int], NDArray[np.int8]] = {}

    def plan(self, pairing: Pairing) -> None:
        """Make room for the pairs of ``pairing``."""
        key = (min(pairing.first, pairing.second), max(pairing.first, pairing.second))
        held = self._outcomes.get(key)
        size = pairing.first_pair + pairing.pairs
        if held is None or held.shape[1] < size:
            grown = np.full((2, size), _UNPLAYED, np.int8)
            if held is not None:
                grown[:, : held.shape[1]] = held
            self._outcomes[key] = grown

    def add(self, pairing: Pairing, pairs: NDArray[np.int64], rows: Results) -> None:
        """Enter ``rows``, of pairs ``pairs`` (numbers within the encounter) of a planned ``pairing``."""
        low, high = min(pairing.first, pairing.second), max(pairing.first, pairing.second)
        right = (rows["left"] != low).astype(np.intp)
        self._outcomes[low, high][right, pairs] = np.where(right, -rows["outcome"], rows["outcome"])

    def counts(self, pairing: Pairing) -> PairCounts:
        """Return the five pair classes of those pairs of ``pairing`` that are complete, from ``pairing.first``'s view."""
        low, high = min(pairing.first, pairing.second), max(pairing.first, pairing.second)
        held = self._outcomes.get((low, high))
        if held is None:
            return (0, 0, 0, 0, 0)
        part = held[:, pairing.first_pair : pairing.first_pair + pairing.pairs]
        sums = part[:, (part != _UNPLAYED).all(axis=0)].sum(axis=0)
        sums = sums if pairing.first == low else -sums
        counted = np.bincount(sums + 2, minlength=5)
        return tuple(int(count) for count in counted)  # type: ignore[return-value]  # five of them

    def table(self) -> PairTable:
        """Return all results as the table that ratings are fitted to."""
        keys = list(self._outcomes)
        counts = np.zeros((len(keys), 3, 3), np.int64)
        single = np.zeros((len(keys), 2, 3), np.int64)
        for row, key in enumerate(keys):
            held = self._outcomes[key]
            played = held != _UNPLAYED
            both = held[:, played.all(axis=0)].astype(np.int64) + 1
            counts[row] = np.bincount(both[0] * 3 + both[1], minlength=9).reshape(3, 3)
            for seat in range(2):
                alone = held[seat, played[seat] & ~played[1 - seat]].astype(np.int64) + 1
                single[row, seat] = np.bincount(alone, minlength=3)
        first = np.array([low for low, _ in keys], np.int32)
        second = np.array([high for _, high in keys], np.int32)
        return PairTable(self._n_players, first, second, counts, single)


class LiveRatings:
    """Elo folded in match order, whatever order the results come in, with a history of some hundred points."""

    def __init__(self, n_players: int, *, initial: float, k_factor: float, history_step: int) -> None:
        self.ratings = np.full(n_players, initial, np.float64)
        self.next_match = 0
        self._k_factor = k_factor
        self._step = history_step
        self._waiting: list[tuple[int, Results]] = []

    def add(self, rows: Results) -> History:
        """Take results in; return the points of the history that are now complete."""
        ordered = rows[np.argsort(rows["match_id"], kind="stable")]
        breaks = np.flatnonzero(np.diff(ordered["match_id"]) != 1) + 1
        for run in np.split(ordered, breaks):
            if len(run):
                heapq.heappush(self._waiting, (int(run["match_id"][0]), run))
        points: History = []
        while self._waiting and self._waiting[0][0] == self.next_match:
            points += self._fold(heapq.heappop(self._waiting)[1])
        return points

    def _fold(self, run: Results) -> Iterator[tuple[int, NDArray[np.float64]]]:
        while len(run):
            to_point = self._step - self.next_match % self._step
            part, run = run[:to_point], run[to_point:]
            left, right, outcome = (np.ascontiguousarray(part[name]) for name in ("left", "right", "outcome"))
            fold(self.ratings, left, right, outcome, self._k_factor)
            self.next_match += len(part)
            if self.next_match % self._step == 0:
                yield self.next_match - 1, self.ratings.copy()


@dataclass
class Totals:
    """Sums over results: of a season, or of what one process has played of it."""

    matches: int = 0
    ticks: int = 0
    faults: int = 0
    draws: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)

    def add(self, rows: Results) -> None:
        """Count ``rows`` in."""
        self.matches += len(rows)
        self.ticks += int(rows["ticks"].sum())
        self.faults += int(np.count_nonzero(rows["termination"]))
        self.draws += int(np.count_nonzero(rows["outcome"] == 0))
        for seat, sign in (("left won", 1), ("draw", 0), ("right won", -1)):
            count = int(np.count_nonzero(rows["outcome"] == sign))
            self.outcomes[seat] = self.outcomes.get(seat, 0) + count
        for end, count in zip(*np.unique(rows["end"], return_counts=True), strict=True):
            key = f"end {int(end)}"
            self.outcomes[key] = self.outcomes.get(key, 0) + int(count)
