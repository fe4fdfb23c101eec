"""The contract of a schedule: a pure generator of the encounters of a season."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:  # the configuration asks the schedules for their names
    from league.config import SeasonConfig

PairCounts: TypeAlias = tuple[int, int, int, int, int]
"""How many pairs of matches ended LL, LD, WL or DD, WD, WW for the first player."""


@dataclass(frozen=True, slots=True)
class Pairing:
    """One encounter: pairs ``first_pair`` to ``first_pair + pairs - 1`` of two entrants.

    ``first`` and ``second`` are positions in the season's list of players, in either order. A pair is two
    matches on one seed with seats swapped; its number counts from 0 within the encounter's two players.
    """

    first: int
    second: int
    first_pair: int
    pairs: int


class Record(Protocol):
    """What has been played, as far as a schedule may know it."""

    def counts(self, pairing: Pairing) -> PairCounts:
        """Return the results of those pairs of ``pairing`` that were played, from ``pairing.first``'s view.

        Only these pairs count, however much more the two have played: so a season that is run again over
        everything it has stored asks the same questions and hears the same answers.
        """


class Schedule(Protocol):
    """Who plays whom: a season's encounters as a pure function of its configuration and its results."""

    @property
    def name(self) -> str:
        """The ``format`` of a ``SeasonConfig``."""

    @property
    def title(self) -> str:
        """One line for menus and help."""

    @property
    def order_matters(self) -> bool:
        """Whether the order of the players is part of the configuration; otherwise they are sorted."""

    @property
    def allows_sprt(self) -> bool:
        """Whether an encounter may end early by ``SeasonConfig.sprt``."""

    @property
    def settings(self) -> tuple[str, ...]:
        """The fields of ``SeasonConfig`` that this format reads and others do not."""

    def rounds(self, n: int, config: "SeasonConfig", record: Record) -> Iterator[Iterable[Pairing]]:
        """Yield the rounds of a season of ``n`` players; no pair of two players is ever produced twice.

        All of a round must be in ``record`` before the next one is asked for. A round may be lazy, is meant
        to be iterated once, and does not change while it is being played.
        """

    def planned_pairs(self, n: int, config: "SeasonConfig") -> int | None:
        """Return the exact number of pairs of a season, None where results decide it."""

    def most_pairs(self, n: int, config: "SeasonConfig") -> int:
        """Return the number of pairs that a season cannot exceed."""

    def placement(self, n: int, config: "SeasonConfig", record: Record) -> list[int] | None:
        """Return all positions, best first, where the format itself ranks; None before the end of the season."""


def margin(counts: PairCounts) -> int:
    """Return won less lost matches of the first player, a pair being two matches."""
    return 2 * (counts[4] - counts[0]) + counts[3] - counts[1]


def is_complete(pairing: Pairing, record: Record) -> bool:
    """Whether every pair of ``pairing`` has been played."""
    return sum(record.counts(pairing)) == pairing.pairs


def round_count(n: int, config: "SeasonConfig") -> int:
    """Return ``config.rounds``, or the rounds that single out one of ``n`` players, ceil(log2 n), where it is 0."""
    return config.rounds or (n - 1).bit_length()
