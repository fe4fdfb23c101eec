"""Everybody meets everybody, once or twice."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from league.schedules.base import Pairing, Record, Schedule
from league.schedules.blocks import planned, rounds_of

if TYPE_CHECKING:
    from league.config import SeasonConfig


@dataclass(frozen=True)
class RoundRobin:
    """One round: every two players meet, in the order of the circle method, so that each plays evenly often."""

    name: str = "round_robin"
    title: str = "Round robin: everybody meets everybody"
    order_matters: bool = False
    allows_sprt: bool = True
    settings: tuple[str, ...] = ()

    def rounds(self, n: int, config: "SeasonConfig", record: Record) -> Iterator[Iterable[Pairing]]:
        """Yield one round, or with ``config.sprt`` one a block."""
        return rounds_of(circle(n), config, record)

    def planned_pairs(self, n: int, config: "SeasonConfig") -> int | None:
        """Return the exact number of pairs, None with ``config.sprt``."""
        return planned(n * (n - 1) // 2, config)

    def most_pairs(self, n: int, config: "SeasonConfig") -> int:
        """Return the number of pairs that a season cannot exceed."""
        return n * (n - 1) // 2 * config.pairs

    def placement(self, n: int, config: "SeasonConfig", record: Record) -> None:
        """Return None: the ratings rank."""


@dataclass(frozen=True)
class DoubleRoundRobin:
    """Two round robins, a round each; the second goes on with the next seeds, the two named the other way round."""

    name: str = "double_round_robin"
    title: str = "Double round robin: everybody meets everybody twice"
    order_matters: bool = False
    allows_sprt: bool = False
    settings: tuple[str, ...] = ()

    def rounds(self, n: int, config: "SeasonConfig", record: Record) -> Iterator[Iterable[Pairing]]:  # noqa: ARG002
        """Yield the two cycles."""
        yield (Pairing(first, second, 0, config.pairs) for first, second in circle(n))
        yield (Pairing(second, first, config.pairs, config.pairs) for first, second in circle(n))

    def planned_pairs(self, n: int, config: "SeasonConfig") -> int:
        """Return the exact number of pairs."""
        return n * (n - 1) * config.pairs

    def most_pairs(self, n: int, config: "SeasonConfig") -> int:
        """Return the exact number of pairs."""
        return self.planned_pairs(n, config)

    def placement(self, n: int, config: "SeasonConfig", record: Record) -> None:
        """Return None: the ratings rank."""


def circle(n: int) -> Iterator[tuple[int, int]]:
    """Yield every two of ``n`` players; each run of n // 2 encounters has everybody at most once.

    The first stays, the others move one place on after each run; for odd ``n`` the missing partner is a bye.
    """
    places = n + n % 2
    for turn in range(places - 1):
        seated = [0, *((place + turn) % (places - 1) + 1 for place in range(places - 1))]
        for place in range(places // 2):
            first, second = seated[place], seated[-1 - place]
            if max(first, second) < n:
                yield first, second


SCHEDULES: Final[tuple[Schedule, ...]] = (RoundRobin(), DoubleRoundRobin())
