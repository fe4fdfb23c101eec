"""Encounters known from the start, played at full length or in blocks until a sequential test decides."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from league.ratings.sprt import SprtConfig, SprtDecision, decide
from league.schedules.base import PairCounts, Pairing, Record

if TYPE_CHECKING:
    from league.config import SeasonConfig


def rounds_of(
    encounters: Iterable[tuple[int, int]], config: "SeasonConfig", record: Record
) -> Iterator[Iterable[Pairing]]:
    """Yield one lazy round of all ``encounters``, or with ``config.sprt`` one round a block.

    A block is the next ``config.sprt_block`` pairs of every encounter still undecided, so that when a test
    looks at its results depends on no worker and no clock. ``config.pairs`` is the most an encounter gets.
    """
    if config.sprt is None:
        yield (Pairing(first, second, 0, config.pairs) for first, second in encounters)
        return
    undecided = list(encounters)
    played = 0
    while undecided and played < config.pairs:
        block = min(config.sprt_block, config.pairs - played)
        yield [Pairing(first, second, played, block) for first, second in undecided]
        played += block
        undecided = [
            (first, second)
            for first, second in undecided
            if _is_open(config.sprt, record.counts(Pairing(first, second, 0, played)))
        ]


@lru_cache(maxsize=2**16)
def _is_open(test: SprtConfig, counts: PairCounts) -> bool:
    """Whether ``test`` wants more pairs. Kept, since it takes milliseconds and short encounters often end alike."""
    return decide(test, counts) is SprtDecision.CONTINUE


def planned(n_encounters: int, config: "SeasonConfig") -> int | None:
    """Return the pairs of ``n_encounters`` encounters, None where a sequential test may end them early."""
    return n_encounters * config.pairs if config.sprt is None else None
