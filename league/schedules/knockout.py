"""The loser goes home."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from league.schedules.base import Pairing, Record, Schedule, is_complete, margin

if TYPE_CHECKING:
    from league.config import SeasonConfig


@dataclass(frozen=True)
class Knockout:
    """A seeded bracket: the order of the players is their seeding, the best seeds get the byes.

    A tied encounter is played on a pair at a time, at most ``config.tiebreak_pairs`` of them; if it is still
    tied, the better seed has won. There is no match for third place: who leaves in the same round is ranked
    by seed.
    """

    name: str = "knockout"
    title: str = "Knockout: a seeded bracket, the loser goes home"
    order_matters: bool = True
    allows_sprt: bool = False
    settings: tuple[str, ...] = ("tiebreak_pairs",)

    def rounds(self, n: int, config: "SeasonConfig", record: Record) -> Iterator[Iterable[Pairing]]:
        """Yield the rounds of the bracket, each followed by the extra pairs of its tied encounters."""
        return _rounds(n, config, record, [])

    def planned_pairs(self, n: int, config: "SeasonConfig") -> int | None:
        """Return None, or the exact number of pairs if ``config.tiebreak_pairs`` is 0."""
        return None if config.tiebreak_pairs else (n - 1) * config.pairs

    def most_pairs(self, n: int, config: "SeasonConfig") -> int:
        """Return the number of pairs that a season cannot exceed."""
        return (n - 1) * (config.pairs + config.tiebreak_pairs)

    def placement(self, n: int, config: "SeasonConfig", record: Record) -> list[int] | None:
        """Return the champion first, then the others by the round they left in; None before the final is over."""
        ranking: list[int] = []
        for pairings in _rounds(n, config, record, ranking):
            if not all(is_complete(pairing, record) for pairing in pairings):
                return None
        return ranking


def bracket(n: int) -> list[int]:
    """Return the seeds in bracket order: neighbours meet, the best two can meet only in the final.

    Length is the next power of two; numbers of ``n`` and above are byes.
    """
    order = [0]
    while len(order) < n:
        size = 2 * len(order)
        order = [place for seed in order for place in (seed, size - 1 - seed)]
    return order


def _rounds(n: int, config: "SeasonConfig", record: Record, ranking: list[int]) -> Iterator[list[Pairing]]:
    """Yield the rounds of the bracket and put whoever leaves, in the end everybody, at the head of ``ranking``."""
    alive = bracket(n)
    while len(alive) > 1:
        # the lower number, the better seed, is first; byes have the highest numbers
        drawn = [(min(two), max(two)) for two in zip(alive[::2], alive[1::2], strict=True)]
        margins: dict[tuple[int, int], int] = {}
        yield from _encounters([two for two in drawn if two[1] < n], config, record, margins)
        alive = [second if margins.get((first, second), 0) < 0 else first for first, second in drawn]
        ranking[:0] = sorted({seed for two in margins for seed in two} - set(alive))
    ranking[:0] = alive


def _encounters(
    drawn: list[tuple[int, int]], config: "SeasonConfig", record: Record, margins: dict[tuple[int, int], int]
) -> Iterator[list[Pairing]]:
    """Yield one round of the bracket and its extra pairs; leaves the final margin of each encounter in ``margins``."""
    tied = drawn
    first_pair, pairs = 0, config.pairs
    while tied and first_pair < config.pairs + config.tiebreak_pairs:
        pairings = [Pairing(first, second, first_pair, pairs) for first, second in tied]
        yield pairings
        for pairing, two in zip(pairings, tied, strict=True):
            margins[two] = margin(record.counts(pairing))  # an encounter played on was tied: only new pairs count
        tied = [two for two in tied if margins[two] == 0]
        first_pair, pairs = first_pair + pairs, 1


SCHEDULES: Final[tuple[Schedule, ...]] = (Knockout(),)
