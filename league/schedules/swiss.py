"""Winners meet winners, losers meet losers, and nobody meets the same player twice while that can be avoided."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from league.schedules.base import PairCounts, Pairing, Record, Schedule, is_complete, margin, round_count
from league.schedules.matching import pair_up

if TYPE_CHECKING:
    from league.config import SeasonConfig


@dataclass(frozen=True)
class Swiss:
    """In each round players of equal score meet, the upper half of a score group against its lower half.

    An encounter counts 1, 1/2 or 0, whatever its margin. With an odd number one player a round has a bye,
    which counts 1: the last in rank of those who had the fewest. Equal scores are ranked by the sum of the opponents'
    scores (Buchholz; a bye adds nothing), then by won less lost matches, then by position. If everybody has met
    everybody, rematches go on with the next seeds.
    """

    name: str = "swiss"
    title: str = "Swiss: in each round, players of equal score meet"
    order_matters: bool = False
    allows_sprt: bool = False
    settings: tuple[str, ...] = ("rounds",)

    def rounds(self, n: int, config: "SeasonConfig", record: Record) -> Iterator[Iterable[Pairing]]:
        """Yield ``config.rounds`` rounds, or ceil(log2 n) if it is 0."""
        return _rounds(_Table(n), config, record)

    def planned_pairs(self, n: int, config: "SeasonConfig") -> int:
        """Return the exact number of pairs."""
        return round_count(n, config) * (n // 2) * config.pairs

    def most_pairs(self, n: int, config: "SeasonConfig") -> int:
        """Return the exact number of pairs."""
        return self.planned_pairs(n, config)

    def placement(self, n: int, config: "SeasonConfig", record: Record) -> list[int] | None:
        """Return the players by score and Buchholz; None before the last round is complete."""
        table = _Table(n)
        for pairings in _rounds(table, config, record):
            if not all(is_complete(pairing, record) for pairing in pairings):
                return None
        return table.ranking()[:n]


def _rounds(table: "_Table", config: "SeasonConfig", record: Record) -> Iterator[list[Pairing]]:
    for _ in range(round_count(table.n, config)):
        drawn = pair_up(table.ranking(), table.meetings, table.prefer)
        pairings = [table.pairing(first, second, config.pairs) for first, second in drawn if second < table.n]
        yield pairings
        for first, second in drawn:
            table.meetings[[first, second], [second, first]] += 1
            if second >= table.n:
                table.half_points[first] += 2
        for pairing in pairings:
            table.add(pairing, record.counts(pairing))


class _Table:
    """The standings of a season so far. With odd ``n`` the bye is one more player, number ``n``, always last."""

    def __init__(self, n: int) -> None:
        self.n = n
        places = n + n % 2
        self.meetings: NDArray[np.int32] = np.zeros((places, places), dtype=np.int32)
        self.half_points: NDArray[np.int64] = np.zeros(places, dtype=np.int64)
        self.margin: NDArray[np.int64] = np.zeros(places, dtype=np.int64)
        self.half_points[n:] = -1

    def ranking(self) -> list[int]:
        """Return all positions, best first, the bye last."""
        n = self.n
        buchholz = self.meetings[:, :n].astype(np.int64) @ self.half_points[:n]
        return sorted(
            range(len(self.meetings)),
            key=lambda place: (-self.half_points[place], -buchholz[place], -self.margin[place], place),
        )

    def prefer(self, first: int, rest: list[int]) -> list[int]:
        """Order ``rest``, sorted by rank, by how well each suits ``first``, who ranks above all of them.

        First who was met least, then the closest score, then the head of the score group's lower half,
        those below it, those above it.
        """
        gaps = self.half_points[first] - self.half_points[rest]
        in_group = int(np.count_nonzero(gaps == 0))
        half = (in_group + 1) // 2 - 1
        places = np.arange(len(rest))
        places[: max(half, 0)] += in_group
        order = np.lexsort((places, gaps, self.meetings[first, rest]))
        return [rest[place] for place in order]

    def pairing(self, first: int, second: int, pairs: int) -> Pairing:
        """Return the next encounter of two players, on the seeds they have not played yet."""
        return Pairing(first, second, int(self.meetings[first, second]) * pairs, pairs)

    def add(self, pairing: Pairing, counts: PairCounts) -> None:
        """Add the result of one encounter."""
        won = margin(counts)
        self.half_points[pairing.first] += 1 + (won > 0) - (won < 0)
        self.half_points[pairing.second] += 1 - (won > 0) + (won < 0)
        self.margin[pairing.first] += won
        self.margin[pairing.second] -= won


SCHEDULES: Final[tuple[Schedule, ...]] = (Swiss(),)
