"""What a league shows: the standings with rank bands, and one player against another."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from league.ratings.bradley_terry import BradleyTerryConfig, PairTable, RatingsError, bootstrap, fit, islands
from league.ratings.pentanomial import MIN_PAIRS, EloEstimate, estimate_games, estimate_pairs

_SURE: Final = 0.975
"""Share of resamples in which a player must be ahead to be called better (one side of a 95 % interval)."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One line of the table.

    ``rating`` is Elo, ``low`` to ``high`` its 95 % interval from the bootstrap. ``rank`` is 1 for the highest rating;
    ``best_rank`` to ``worst_rank`` are those that the evidence leaves open: above are only players that are surely
    better, below only those surely worse. ``tied_with_next``: the next line is not surely worse. ``island`` numbers
    the groups of players (0 the largest) between which nothing can be compared. ``too_few``: the rating is a guess.
    """

    player: int
    rank: int
    rating: float
    low: float
    high: float
    best_rank: int
    worst_rank: int
    tied_with_next: bool
    games: int
    wins: int
    draws: int
    losses: int
    island: int
    too_few: bool


@dataclass(frozen=True, slots=True)
class HeadToHead:
    """One player against another: all their matches, ``score`` in [0, 1], and a regularised estimate from the pairs.

    The likelihood of superiority is ``estimate.los``. Without any pair the estimate is from single matches.
    """

    wins: int
    draws: int
    losses: int
    score: float
    estimate: EloEstimate


def standings(
    table: PairTable,
    *,
    rng: np.random.Generator,
    resamples: int = 1000,
    config: BradleyTerryConfig | None = None,
) -> list[Standing]:
    """Return the players, highest rating first; the same for the same table and state of ``rng``.

    Nobody is surely better or worse than a player of another island or with fewer than five pairs (ten matches).
    Raises ``RatingsError`` as ``fit_scores`` does.
    """
    config = config or BradleyTerryConfig()
    ratings = fit(table, config).ratings
    samples = bootstrap(table, rng=rng, resamples=resamples, config=config)
    low, high = np.percentile(samples, [2.5, 97.5], axis=0) if resamples else np.stack([ratings, ratings])
    results, island = _results(table), _island_of(table)
    too_few = results.sum(axis=1) < 2 * MIN_PAIRS
    better = _surely_better(samples, island, too_few)
    order = np.lexsort((np.arange(table.n_players), -ratings))
    followers = [*order[1:], None]
    return [
        Standing(
            player=int(player),
            rank=rank,
            rating=float(ratings[player]),
            low=float(low[player]),
            high=float(high[player]),
            best_rank=1 + int(better[:, player].sum()),
            worst_rank=table.n_players - int(better[player].sum()),
            tied_with_next=follower is not None and not better[player, follower],
            games=int(results[player].sum()),
            wins=int(results[player, 2]),
            draws=int(results[player, 1]),
            losses=int(results[player, 0]),
            island=int(island[player]),
            too_few=bool(too_few[player]),
        )
        for rank, (player, follower) in enumerate(zip(order, followers, strict=True), start=1)
    ]


def head_to_head(table: PairTable, player: int, opponent: int) -> HeadToHead:
    """Return the record of ``player`` against ``opponent``; ``RatingsError`` if they are not two of the table."""
    if player == opponent or not (min(player, opponent) >= 0 and max(player, opponent) < table.n_players):
        raise RatingsError(f"need two different players of 0 to {table.n_players - 1}, got {player} and {opponent}")
    row = (table.first == min(player, opponent)) & (table.second == max(player, opponent))
    turn = 1 if player < opponent else -1
    return _head_to_head(table.outcomes()[row].sum(axis=(0, 1))[::turn], table.pentanomial()[row].sum(axis=0)[::turn])


def heads_to_heads(table: PairTable) -> list[HeadToHead]:
    """Return the record of every row of ``table``, from its first player's view."""
    counted = zip(table.outcomes().sum(axis=1), table.pentanomial(), strict=True)
    return [_head_to_head(outcomes, pairs) for outcomes, pairs in counted]


def _head_to_head(outcomes: NDArray[np.int64], pairs: NDArray[np.int64]) -> HeadToHead:
    """Return the record of ``outcomes`` int64[3] (losses, draws, wins) in ``pairs`` int64[5] of the classes LL to WW."""
    losses, draws, wins = (int(count) for count in outcomes)
    games = wins + draws + losses
    return HeadToHead(
        wins=wins,
        draws=draws,
        losses=losses,
        score=(wins + 0.5 * draws) / games if games else 0.5,
        estimate=estimate_pairs(pairs, regularise=True)
        if pairs.any()
        else estimate_games(wins, draws, losses, regularise=True),
    )


def _results(table: PairTable) -> NDArray[np.int64]:
    """Return int64[n_players, 3]: every player's losses, draws and wins."""
    results = np.zeros((table.n_players, 3), np.int64)
    outcomes = table.outcomes().sum(axis=1)
    np.add.at(results, table.first, outcomes)
    np.add.at(results, table.second, outcomes[:, ::-1])
    return results


def _island_of(table: PairTable) -> NDArray[np.int32]:
    labels = np.zeros(table.n_players, np.int32)
    for number, group in enumerate(islands(table)):
        labels[list(group)] = number
    return labels


def _surely_better(
    samples: NDArray[np.float64], island: NDArray[np.int32], too_few: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Return bool[n, n]: whether the row's player is surely better than the column's."""
    n = samples.shape[1]
    better = np.empty((n, n), np.bool_)
    needed = max(1, _SURE * len(samples))
    for player in range(n):
        better[player] = (samples[:, player, None] > samples).sum(axis=0) >= needed
    sure: NDArray[np.bool_] = better & (island[:, None] == island) & ~too_few & ~too_few[:, None]
    return sure
