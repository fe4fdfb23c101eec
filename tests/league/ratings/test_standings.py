"""The lines of the table, their bands, and one player against another."""

import itertools

import numpy as np
import pytest

from league.ratings.bradley_terry import PairTable, RatingsError
from league.ratings.pentanomial import estimate_games, estimate_pairs
from league.ratings.standings import head_to_head, standings


def _table(n: int, rows: dict[tuple[int, int], dict[tuple[int, int], int]]) -> PairTable:
    """A table of ``{(first, second): {(outcome as left, outcome as right): pairs}}``."""
    counts = np.zeros((len(rows), 3, 3), np.int64)
    for row, cells in enumerate(rows.values()):
        for cell, pairs in cells.items():
            counts[row][cell] = pairs
    first, second = (np.array(side, np.int32) for side in zip(*rows, strict=True))
    return PairTable(n, first, second, counts)


def _league() -> PairTable:
    """0 is far above 1 and 2, which are level; 3 and 4 are an island; 5 has two pairs; 6 has not played."""
    clear = {(2, 2): 30, (2, 1): 3, (0, 2): 5}
    level = {(2, 2): 10, (0, 0): 10, (2, 0): 7, (1, 1): 1}
    rows = {(0, 1): clear, (0, 2): clear, (1, 2): level, (3, 4): {(0, 0): 20, (0, 1): 2}, (2, 5): {(2, 2): 2}}
    return _table(7, rows)


def test_lines_are_ordered_counted_and_banded() -> None:
    lines = {line.player: line for line in standings(_league(), rng=np.random.default_rng(0), resamples=300)}
    ordered = sorted(lines.values(), key=lambda line: line.rank)
    assert [line.rank for line in ordered] == list(range(1, 8))
    assert all(one.rating >= other.rating for one, other in itertools.pairwise(ordered))
    assert all(line.low <= line.rating <= line.high for line in ordered)
    best, level, other_level = lines[0], lines[1], lines[2]
    assert (best.games, best.wins, best.draws, best.losses) == (152, 136, 6, 10)
    assert (level.wins, level.draws, level.losses) == (5 + 27, 3 + 2, 30 * 2 + 3 + 5 + 27)
    assert (best.best_rank, best.worst_rank) == (1, 5)
    assert (level.best_rank, level.worst_rank) == (other_level.best_rank, other_level.worst_rank) == (2, 7)


def test_islands_newcomers_and_guests_are_never_surely_better_or_worse() -> None:
    lines = {line.player: line for line in standings(_league(), rng=np.random.default_rng(0), resamples=300)}
    assert [lines[player].island for player in range(7)] == [0, 0, 0, 1, 1, 0, 2]
    assert (lines[4].best_rank, lines[4].worst_rank) == (1, 6)  # only 3 is surely worse
    assert (lines[3].best_rank, lines[3].worst_rank) == (2, 7)
    for player in (5, 6):
        assert lines[player].too_few
        assert (lines[player].best_rank, lines[player].worst_rank) == (1, 7)
    assert not lines[0].too_few


def test_only_neighbours_that_are_surely_apart_are_not_tied() -> None:
    rows = {(0, 1): {(2, 2): 40, (0, 0): 5}, (1, 2): {(2, 2): 20, (0, 0): 19}, (0, 2): {(2, 2): 40, (0, 0): 5}}
    lines = standings(_table(3, rows), rng=np.random.default_rng(0), resamples=300)
    assert [(line.player, line.tied_with_next) for line in lines] == [(0, False), (1, True), (2, False)]


def test_standings_depend_on_the_seed_alone() -> None:
    one, same = (standings(_league(), rng=np.random.default_rng(4), resamples=50) for _ in range(2))
    assert one == same


def test_a_league_without_matches_has_a_table() -> None:
    empty = np.zeros(0, np.int32)
    table = PairTable(2, empty, empty, np.zeros((0, 3, 3), np.int64))
    lines = standings(table, rng=np.random.default_rng(0), resamples=10)
    assert [(line.player, line.rating, line.games, line.too_few) for line in lines] == [
        (0, 1500.0, 0, True),
        (1, 1500.0, 0, True),
    ]


def test_head_to_head_counts_every_match_and_estimates_from_pairs() -> None:
    table = _table(3, {(0, 2): {(2, 2): 6, (2, 1): 3, (1, 1): 1, (0, 2): 2, (0, 1): 4, (0, 0): 5}})
    table.single[0, 1] = [1, 2, 4]
    record = head_to_head(table, 0, 2)
    assert (record.wins, record.draws, record.losses) == (12 + 3 + 2 + 4, 3 + 2 + 4 + 2, 2 + 4 + 10 + 1)
    assert record.score == pytest.approx((21 + 5.5) / 49)
    assert record.estimate == estimate_pairs((5, 4, 3, 3, 6), regularise=True)
    other = head_to_head(table, 2, 0)
    assert (other.wins, other.draws, other.losses) == (record.losses, record.draws, record.wins)
    assert other.estimate.los == pytest.approx(1 - record.estimate.los)


def test_head_to_head_without_pairs() -> None:
    table = _table(3, {(0, 2): {}})
    table.single[0, 0] = [0, 1, 12]
    assert head_to_head(table, 2, 0).estimate == estimate_games(0, 1, 12, regularise=True)
    strangers = head_to_head(table, 0, 1)
    assert (strangers.score, strangers.estimate.elo, strangers.estimate.too_few) == (0.5, 0.0, True)
    with pytest.raises(RatingsError, match="two different players"):
        head_to_head(table, 1, 1)
    with pytest.raises(RatingsError, match="two different players"):
        head_to_head(table, 0, 3)


def test_a_few_won_pairs_do_not_make_anyone_surely_better() -> None:
    lines = standings(_table(2, {(0, 1): {(2, 2): 4}}), rng=np.random.default_rng(0), resamples=50)
    assert [(line.best_rank, line.worst_rank) for line in lines] == [(1, 2), (1, 2)]
    guest = {(0, 1): {(2, 2): 4}, (1, 2): {(2, 2): 15, (0, 0): 15}}
    lines = standings(_table(3, guest), rng=np.random.default_rng(0), resamples=50)
    assert (lines[0].player, lines[0].best_rank, lines[0].worst_rank) == (0, 1, 3)
