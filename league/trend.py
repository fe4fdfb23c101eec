"""How the fitted ratings moved in the course of a season: the same fit as the standings', after more and more matches."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from game.spec import Results
from league.ratings.bradley_terry import PairTable, RatingsError
from league.ratings.standings import standings
from league.season import Season
from league.store import Store

DEFAULT_POINTS: Final = 24
_RESAMPLES: Final = 200


@dataclass(frozen=True)
class TrendPoint:
    """The ratings after the first ``matches`` matches, by position; ``low`` to ``high`` is the 95 % interval.

    All are float64[n_players], Elo; NaN for a player that cannot be rated yet.
    """

    matches: int
    ratings: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def trend(store: Store, season: Season, points: int = DEFAULT_POINTS) -> Iterator[TrendPoint]:
    """Yield about ``points`` points of ``season``, the last one after all that is stored.

    Left out are the first matches, as long as some players cannot be compared with others.
    """
    pages = list(store.match_pages(season.row.id))
    if not pages:
        return
    rows = np.concatenate(pages)
    for count in _prefixes(len(rows), points):
        point = _point(season, pair_table(rows[:count], len(season.players)), count)
        if point is not None:
            yield point


def pair_table(rows: Results, n_players: int) -> PairTable:
    """Return ``rows`` as the table that ratings are fitted to; matches ``2 p`` and ``2 p + 1`` are pair ``p``."""
    low, high = np.minimum(rows["left"], rows["right"]), np.maximum(rows["left"], rows["right"])
    is_right = (rows["left"] != low).astype(np.intp)
    result = np.where(is_right == 1, -rows["outcome"], rows["outcome"]).astype(np.int64) + 1
    encounters, of_encounter = np.unique(low.astype(np.int64) * n_players + high, return_inverse=True)
    pairs, first_row, of_pair = np.unique(rows["match_id"] // 2, return_index=True, return_inverse=True)
    held = np.full((len(pairs), 2), -1)
    held[of_pair, is_right] = result
    of_encounter = of_encounter[first_row]
    is_whole = (held >= 0).all(axis=1)
    counts = np.zeros((len(encounters), 3, 3), np.int64)
    np.add.at(counts, (of_encounter[is_whole], held[is_whole, 0], held[is_whole, 1]), 1)
    single = np.zeros((len(encounters), 2, 3), np.int64)
    for seat in range(2):
        alone = ~is_whole & (held[:, seat] >= 0)
        np.add.at(single[:, seat], (of_encounter[alone], held[alone, seat]), 1)
    first, second = np.divmod(encounters, n_players)
    return PairTable(n_players, first.astype(np.int32), second.astype(np.int32), counts, single)


def _prefixes(matches: int, points: int) -> list[int]:
    """Return up to ``points`` numbers of matches, even ones but for the last, which is all of them."""
    marks = np.linspace(0, matches, points + 1)[1:]
    return sorted({*(2 * round(mark / 2) for mark in marks[:-1] if mark >= 1), matches} - {0})


def _point(season: Season, table: PairTable, matches: int) -> TrendPoint | None:
    rng = np.random.default_rng(season.config.seed)
    try:
        lines = standings(table, rng=rng, resamples=_RESAMPLES, config=season.rating_model)
    except RatingsError:
        return None
    if any(line.island for line in lines):
        return None
    ratings, low, high = (np.full(table.n_players, np.nan) for _ in range(3))
    for line in lines:
        if not line.too_few:
            ratings[line.player], low[line.player], high[line.player] = line.rating, line.low, line.high
    return TrendPoint(matches, ratings, low, high) if np.isfinite(ratings).any() else None
