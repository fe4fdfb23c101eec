"""A few players meet everybody else."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from league.schedules.base import Pairing, Record, Schedule
from league.schedules.blocks import planned, rounds_of

if TYPE_CHECKING:
    from league.config import SeasonConfig


@dataclass(frozen=True)
class Gauntlet:
    """The first ``config.gauntlet_size`` players meet everybody else, each other included."""

    name: str = "gauntlet"
    title: str = "Gauntlet: the first players meet everybody else"
    order_matters: bool = True
    allows_sprt: bool = True
    settings: tuple[str, ...] = ("gauntlet_size",)

    def rounds(self, n: int, config: "SeasonConfig", record: Record) -> Iterator[Iterable[Pairing]]:
        """Yield one round, or with ``config.sprt`` one a block."""
        size = config.gauntlet_size
        encounters = ((first, second) for second in range(1, n) for first in range(min(size, second)))
        return rounds_of(encounters, config, record)

    def planned_pairs(self, n: int, config: "SeasonConfig") -> int | None:
        """Return the exact number of pairs, None with ``config.sprt``."""
        return planned(_encounters(n, config.gauntlet_size), config)

    def most_pairs(self, n: int, config: "SeasonConfig") -> int:
        """Return the number of pairs that a season cannot exceed."""
        return _encounters(n, config.gauntlet_size) * config.pairs

    def placement(self, n: int, config: "SeasonConfig", record: Record) -> None:
        """Return None: the ratings rank."""


def _encounters(n: int, size: int) -> int:
    return size * (n - size) + size * (size - 1) // 2


SCHEDULES: Final[tuple[Schedule, ...]] = (Gauntlet(),)
