"""The trend line: golden expected scores, one fold by hand, and what must not change the sum."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from league.ratings.elo import expected_score, fold


@pytest.mark.parametrize(
    ("opponent", "expected"), [(1609, 0.506), (1477, 0.686), (1388, 0.785), (1586, 0.539), (1720, 0.351)]
)
def test_expected_scores_are_those_of_wikipedias_example(opponent: float, expected: float) -> None:
    """Wikipedia, "Elo rating system", "Mathematical details": a player of 1613 against five others."""
    assert expected_score(1613.0 - opponent) == pytest.approx(expected, abs=5e-4)


def test_matches_are_folded_in_order_each_on_the_ratings_left_by_the_one_before() -> None:
    ratings = np.array([1500.0, 1500.0, 1700.0])
    fold(ratings, np.array([0, 2], np.int32), np.array([1, 0], np.int32), np.array([1, -1], np.int8), 16.0)
    after_first = 1508.0
    gain = 16.0 / (1.0 + 10.0 ** ((after_first - 1700.0) / 400.0))
    assert ratings == pytest.approx([after_first + gain, 1492.0, 1700.0 - gain], abs=1e-9)


def test_a_draw_moves_the_stronger_down() -> None:
    ratings = np.array([1600.0, 1400.0])
    fold(ratings, np.array([0], np.int32), np.array([1], np.int32), np.array([0], np.int8), 20.0)
    assert ratings == pytest.approx([1600 - 20 * 0.2597, 1400 + 20 * 0.2597], abs=1e-3)


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_compiled_and_plain_agree_and_the_mean_stays(seed: int) -> None:
    rng = np.random.default_rng(seed)
    left, right = rng.integers(0, 4, 30).astype(np.int32), rng.integers(4, 8, 30).astype(np.int32)
    outcome = rng.integers(-1, 2, 30).astype(np.int8)
    compiled, plain = np.full(8, 1500.0), np.full(8, 1500.0)
    fold(compiled, left, right, outcome, 24.0)
    fold.py_func(plain, left, right, outcome, 24.0)
    assert compiled == pytest.approx(plain, abs=1e-9)
    assert compiled.mean() == pytest.approx(1500.0, abs=1e-9)
