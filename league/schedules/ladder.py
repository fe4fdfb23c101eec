"""Matchmaking: players of about the same strength meet, those first who have met least."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from league.schedules.base import PairCounts, Pairing, Record, Schedule, margin, round_count

if TYPE_CHECKING:
    from league.config import SeasonConfig

NEIGHBOURS: Final = 8
"""How many places down (or up) the ladder an opponent is looked for."""

_PRIOR_ENCOUNTERS: Final = 1.0
"""Virtual draws of every player with an average one, in encounters: keeps the unbeaten finite."""

_ITERATIONS: Final = 20


@dataclass(frozen=True)
class Ladder:
    """In each round the players are sorted by what they have shown, and neighbours who have met least meet.

    Pairing goes down the ladder in even rounds and up in odd ones, so that nobody is always left with the last
    choice. With an odd number one player a round has a bye: one of those who had the fewest, the lowest.
    ``config.seed`` orders players of equal strength, all of them before the first round.
    """

    name: str = "ladder"
    title: str = "Ladder: matchmaking by strength"
    order_matters: bool = False
    allows_sprt: bool = False
    settings: tuple[str, ...] = ("rounds",)

    def rounds(self, n: int, config: "SeasonConfig", record: Record) -> Iterator[Iterable[Pairing]]:
        """Yield ``config.rounds`` rounds, or ceil(log2 n) if it is 0."""
        meetings: NDArray[np.int32] = np.zeros((n, n), dtype=np.int32)
        byes = [0] * n
        results = _Results(n)
        for number in range(round_count(n, config)):
            ladder = _ladder(results.strengths(), config.seed, number)
            if n % 2:
                resting = min(reversed(ladder), key=lambda player: byes[player])
                ladder.remove(resting)
                byes[resting] += 1
            pairings = [
                Pairing(first, second, int(meetings[first, second]) * config.pairs, config.pairs)
                for first, second in _draw(ladder if number % 2 == 0 else ladder[::-1], meetings)
            ]
            yield pairings
            for pairing in pairings:
                meetings[[pairing.first, pairing.second], [pairing.second, pairing.first]] += 1
                results.add(pairing, record.counts(pairing))

    def planned_pairs(self, n: int, config: "SeasonConfig") -> int:
        """Return the exact number of pairs."""
        return round_count(n, config) * (n // 2) * config.pairs

    def most_pairs(self, n: int, config: "SeasonConfig") -> int:
        """Return the exact number of pairs."""
        return self.planned_pairs(n, config)

    def placement(self, n: int, config: "SeasonConfig", record: Record) -> None:
        """Return None: the ratings rank."""


class _Results:
    """All encounters so far: who met whom and the share of the points that the first one got."""

    def __init__(self, n: int) -> None:
        self._n = n
        self._first: list[int] = []
        self._second: list[int] = []
        self._share: list[float] = []

    def add(self, pairing: Pairing, counts: PairCounts) -> None:
        """Add the result of one encounter."""
        self._first.append(pairing.first)
        self._second.append(pairing.second)
        self._share.append((margin(counts) + 2 * pairing.pairs) / (4 * pairing.pairs))

    def strengths(self) -> NDArray[np.float64]:
        """Return each player's Bradley-Terry strength (n,), 1 being average.

        A fixed number of minorise-maximise steps (Hunter, "MM algorithms for generalized Bradley-Terry models",
        Annals of Statistics 32, 2004, eq. 3), a draw being half a win. Only + * / in a fixed order and no logarithm:
        every machine finds the same bits and so the same neighbours.
        """
        first, second = np.array(self._first, dtype=np.intp), np.array(self._second, dtype=np.intp)
        share = np.array(self._share, dtype=np.float64)
        won = np.bincount(first, share, self._n) + np.bincount(second, 1.0 - share, self._n) + _PRIOR_ENCOUNTERS / 2
        strength = np.ones(self._n)
        for _ in range(_ITERATIONS):
            weight = 1.0 / (strength[first] + strength[second])
            met = np.bincount(first, weight, self._n) + np.bincount(second, weight, self._n)
            strength = won / (met + _PRIOR_ENCOUNTERS / (strength + 1.0))
        return strength


def _ladder(strength: NDArray[np.float64], seed: int, number: int) -> list[int]:
    """Return the players from the strongest, the equally strong in an order that ``seed`` gives round ``number``."""
    ties = np.random.PCG64([seed, number]).random_raw(len(strength))  # raw bits: the same in every numpy
    order: list[int] = np.lexsort((ties, -strength)).tolist()
    return order


def _draw(ladder: list[int], meetings: NDArray[np.int32]) -> Iterator[tuple[int, int]]:
    """Pair an even number of players from the head of ``ladder``, each with the nearest of those met least."""
    waiting = list(ladder)
    while waiting:
        first = waiting.pop(0)
        second = min(waiting[:NEIGHBOURS], key=lambda other: int(meetings[first, other]))
        waiting.remove(second)
        yield first, second


SCHEDULES: Final[tuple[Schedule, ...]] = (Ladder(),)
