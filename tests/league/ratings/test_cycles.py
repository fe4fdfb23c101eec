"""Golden mixtures and weights, clones, and the 3-cycles of a planted table."""

from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from league.ratings.bradley_terry import PairTable, RatingsError
from league.ratings.cycles import PfspMode, nash_average, pfsp_weights, significant_cycles

ROCK_PAPER_SCISSORS = np.array([[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]])


def test_rock_paper_scissors_is_mixed_evenly() -> None:
    """OpenSpiel 2.0.2, nash_averaging_test."""
    average = nash_average(ROCK_PAPER_SCISSORS)
    assert average.p == pytest.approx([1 / 3] * 3, abs=1e-6)
    assert average.skill == pytest.approx([0, 0, 0], abs=1e-6)


def test_the_best_of_a_transitive_game_takes_all() -> None:
    """OpenSpiel 2.0.2, nash_averaging_test."""
    average = nash_average(np.array([[0.0, -1, -1], [1, 0, -1], [1, 1, 0]]))
    assert average.p == pytest.approx([0, 0, 1], abs=1e-6)
    assert average.skill == pytest.approx([-1, -1, 0], abs=1e-6)


def test_an_unequal_cycle_has_the_textbook_mixture() -> None:
    """The generalised game with stakes a (0 over 1), b (1 over 2), c (2 over 0) is mixed as b : c : a (any text)."""
    a, b, c = 1.0, 2.0, 5.0
    average = nash_average(np.array([[0, a, -c], [-a, 0, b], [c, -b, 0]]))
    assert average.p == pytest.approx(np.array([b, c, a]) / (a + b + c), abs=1e-6)


def test_win_rates_and_their_antisymmetric_part_are_the_same_game() -> None:
    rates = np.array([[0.5, 0.9, 0.2], [0.1, 0.5, 0.7], [0.8, 0.3, 0.5]])
    one, other = nash_average(rates), nash_average(rates - 0.5)
    assert one.p == pytest.approx(other.p)
    assert one.skill == pytest.approx(other.skill)


def test_a_clone_shares_its_twins_weight_and_changes_nothing_else() -> None:
    clones = [0, 1, 2, 2]
    average = nash_average(ROCK_PAPER_SCISSORS[np.ix_(clones, clones)])
    assert average.p == pytest.approx([1 / 3, 1 / 3, 1 / 6, 1 / 6], abs=1e-6)
    assert average.skill == pytest.approx(np.zeros(4), abs=1e-6)


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 25), st.integers(1, 60), st.integers(0, 2**32 - 1))
def test_every_game_has_an_average_that_nobody_beats_and_clones_share(distinct: int, n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    game = rng.normal(size=(distinct, distinct)).round(int(rng.integers(0, 4)))
    of = rng.integers(0, distinct, n)
    matrix = (game - game.T)[np.ix_(of, of)]
    average = nash_average(matrix)
    assert average.p.min() >= 0
    assert average.p.sum() == pytest.approx(1.0)
    assert average.skill.max() <= 1e-5 * max(1.0, np.abs(matrix).max())
    for player in range(distinct):
        shares = average.p[of == player]
        assert shares.size == 0 or np.ptp(shares) < 1e-4


def test_equal_players_and_a_single_one() -> None:
    assert nash_average(np.full((4, 4), 0.5)).p == pytest.approx([0.25] * 4)
    assert nash_average(np.zeros((1, 1))).p == pytest.approx([1.0])


@pytest.mark.parametrize("matrix", [np.zeros((2, 3)), np.zeros((0, 0)), np.array([[0.0, np.nan], [0.0, 0.0]])])
def test_what_is_no_game_is_refused(matrix: np.ndarray) -> None:
    with pytest.raises(RatingsError, match="payoff matrix"):
        nash_average(matrix)


def _table(n: int, edges: dict[tuple[int, int], tuple[int, int]]) -> PairTable:
    """A table with so many pairs won twice and lost twice by the lower number of each edge."""
    counts = np.zeros((len(edges), 3, 3), np.int64)
    for row, (won, lost) in enumerate(edges.values()):
        counts[row, 2, 2], counts[row, 0, 0] = won, lost
    first, second = (np.array(side, np.int32) for side in zip(*edges, strict=True))
    return PairTable(n, first, second, counts)


def test_only_cycles_whose_every_edge_is_sure_are_named() -> None:
    table = _table(
        5,
        {
            (0, 1): (30, 5),  # 0 > 1 > 3 > 0 is planted
            (1, 3): (25, 5),
            (0, 3): (5, 40),
            (0, 2): (30, 2),  # 0 > 2 > 3 > 0 has a weak edge 2 > 3
            (2, 3): (11, 9),
            (1, 2): (20, 20),
            (0, 4): (4, 0),  # 0 > 4 > 3 > 0 has too few pairs
            (3, 4): (0, 20),
        },
    )
    (cycle,) = significant_cycles(table)
    assert cycle.players == (0, 1, 3)
    assert min(cycle.los) > 0.95
    assert {found.players for found in significant_cycles(table, level=0.6)} == {(0, 1, 3), (0, 2, 3)}


def test_a_cycle_is_found_in_either_direction_and_the_surest_comes_first() -> None:
    edges = {(0, 1): (5, 30), (1, 2): (5, 30), (0, 2): (30, 5), (3, 4): (20, 8), (4, 5): (20, 8), (3, 5): (8, 20)}
    cycles = significant_cycles(_table(6, edges))
    assert [cycle.players for cycle in cycles] == [(0, 2, 1), (3, 4, 5)]


def test_pfsp_weights_are_alphastars() -> None:
    """f_hard, f_var and the pseudocode's linear weights of AlphaStar (Nature 575, 2019), worked out for three win rates."""
    x = np.array([0.1, 0.5, 0.9])
    assert pfsp_weights(x, "hard") == pytest.approx([0.757, 0.2336, 0.0093], abs=5e-5)
    assert pfsp_weights(x, "variance") == pytest.approx([0.2093, 0.5814, 0.2093], abs=5e-5)
    assert pfsp_weights(x, "linear") == pytest.approx([0.6, 0.3333, 0.0667], abs=5e-5)


def test_pfsp_falls_back_to_uniform() -> None:
    assert pfsp_weights(np.ones(4), "hard") == pytest.approx([0.25] * 4)
    assert pfsp_weights(np.array([0.0, 1.0]), "variance") == pytest.approx([0.5, 0.5])
    assert pfsp_weights(np.ones(3), "linear") == pytest.approx([1 / 3] * 3)
    assert pfsp_weights(np.array([])).size == 0


@settings(deadline=None)
@given(st.lists(st.floats(), min_size=1, max_size=20), st.sampled_from(get_args(PfspMode)))
def test_pfsp_weights_are_always_chances(rates: list[float], mode: PfspMode) -> None:
    weights = pfsp_weights(np.array(rates), mode)
    assert weights.min() >= 0
    assert weights.sum() == pytest.approx(1.0)


def test_nan_counts_as_an_even_match() -> None:
    assert pfsp_weights(np.array([np.nan, 0.9]), "hard") == pytest.approx(np.array([25, 1]) / 26)


def test_a_clear_order_has_no_cycles() -> None:
    assert significant_cycles(_table(3, {(0, 1): (30, 0), (0, 2): (30, 0), (1, 2): (30, 0)})) == []
