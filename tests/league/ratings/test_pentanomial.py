"""Golden estimates of fastchess, and the regularised form on every small sample."""

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from league.ratings.pentanomial import EloEstimate, elo_of_score, estimate_games, estimate_pairs


def _check(estimate: EloEstimate, expected: Sequence[float]) -> None:
    score, elo, elo_error, nelo, nelo_error, los = expected
    assert estimate.score == pytest.approx(score, abs=5e-7)
    assert [estimate.elo, estimate.elo_error] == pytest.approx([elo, elo_error], abs=5e-3)
    assert [estimate.nelo, estimate.nelo_error] == pytest.approx([nelo, nelo_error], abs=5e-3)
    assert 100.0 * estimate.los == pytest.approx(los, abs=5e-3)


@pytest.mark.parametrize(
    ("wins", "draws", "losses", "expected"),
    [
        (76, 123, 89, (0.477431, -15.69, 30.46, -20.76, 40.13, 15.53)),
        (136, 111, 96, (0.558309, 40.70, 30.43, 49.77, 36.77, 99.60)),
    ],
)
def test_games_are_estimated_as_by_fastchess(wins: int, draws: int, losses: int, expected: Sequence[float]) -> None:
    """fastchess 1.8.2, tests of its Elo from games."""
    estimate = estimate_games(wins, draws, losses)
    assert estimate.n == wins + draws + losses
    _check(estimate, expected)


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((332, 433, 498, 333, 334), (0.487565, -8.64, 10.33, -9.17, 10.96, 5.05)),
        ((379, 10170, 21828, 10640, 343), (0.502295, 1.59, 1.21, 3.05, 2.31, 99.51)),
    ],
)
def test_pairs_are_estimated_as_by_fastchess(counts: tuple[int, ...], expected: Sequence[float]) -> None:
    """fastchess 1.8.2, tests of its Elo from pairs (pentanomial)."""
    estimate = estimate_pairs(counts)
    assert estimate.n == sum(counts)
    _check(estimate, expected)
    assert estimate_pairs(np.array(counts)) == estimate


@settings(deadline=None)
@given(st.lists(st.integers(0, 30), min_size=5, max_size=5), st.booleans())
def test_regularised_estimates_are_finite_and_mirror(counts: list[int], as_games: bool) -> None:
    if as_games:
        one = estimate_games(counts[0], counts[1], counts[2], regularise=True)
        other = estimate_games(counts[2], counts[1], counts[0], regularise=True)
    else:
        one, other = estimate_pairs(counts, regularise=True), estimate_pairs(counts[::-1], regularise=True)
    assert all(math.isfinite(value) for value in dataclasses.astuple(one))
    assert one.elo_error > 0
    assert one.nelo_error > 0
    assert [one.elo, one.nelo, one.los] == pytest.approx([-other.elo, -other.nelo, 1.0 - other.los], abs=1e-9)
    assert one.elo_error == pytest.approx(other.elo_error, abs=1e-9)


def test_half_a_count_is_added_to_each_class() -> None:
    regularised = estimate_pairs((0, 2, 7, 3, 0), regularise=True)
    by_hand = estimate_pairs((1, 5, 15, 7, 1))  # twice the counts, so twice the samples
    assert regularised.elo == pytest.approx(by_hand.elo)
    assert regularised.nelo_error == pytest.approx(by_hand.nelo_error * math.sqrt(2.0))
    assert regularised.score == pytest.approx((2 * 0.25 + 7 * 0.5 + 3 * 0.75) / 12)
    assert regularised.n == 12


def test_ten_drawn_pairs_are_neither_certain_nor_undefined() -> None:
    assert 20 < estimate_pairs((0, 0, 10, 0, 0), regularise=True).elo_error < 100


def test_few_samples_are_called_too_few() -> None:
    assert estimate_pairs((0, 0, 0, 0, 4), regularise=True).too_few
    assert not estimate_pairs((0, 0, 0, 0, 5), regularise=True).too_few
    assert estimate_games(9, 0, 0, regularise=True).too_few
    assert not estimate_games(10, 0, 0, regularise=True).too_few


def test_the_plain_form_is_infinite_where_the_sample_is() -> None:
    assert estimate_pairs((0, 0, 0, 0, 3)).elo == math.inf
    assert estimate_pairs((3, 0, 0, 0, 0)).los == 0.0
    assert estimate_pairs((0, 0, 3, 0, 0)).los == 0.5
    assert [elo_of_score(0.0), elo_of_score(0.5), elo_of_score(1.0)] == [-math.inf, 0.0, math.inf]


def test_impossible_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="five classes"):
        estimate_pairs((1, 2, 3))
    with pytest.raises(ValueError, match="negative"):
        estimate_games(-1, 2, 3)
    with pytest.raises(ValueError, match="all be zero"):
        estimate_games(0, 0, 0)
