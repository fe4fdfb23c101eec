"""Counts of matches: rates are always in (0, 1), old matches fade by pairs, and a checkpoint brings back every bit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai.errors import TrainingError
from ai.selfplay.payoffs import Payoffs
from ai.trainer import LearnerState


def counts(*rows: tuple[int, int, int]):
    return np.array(rows, np.int64)


def test_nothing_is_known_in_the_beginning():
    row = Payoffs(2, 3, 0.99).row(1)
    assert row.rates.tolist() == [0.5] * 3
    assert row.games.tolist() == [0.0] * 3
    assert (row.current_rate, row.current_games) == (0.5, 0.0)


def test_a_rate_counts_draws_as_halves_and_begins_with_four_even_matches():
    payoffs = Payoffs(2, 2, 1.0)
    payoffs.record(0, counts((1, 0, 4), (6, 2, 10), (0, 0, 0)))
    row = payoffs.row(0)
    assert row.rates.tolist() == [(6 + 1 + 2) / 14, 0.5]
    assert row.games.tolist() == [10.0, 0.0]
    assert (row.current_rate, row.current_games) == ((1 + 2) / 8, 4.0)
    assert payoffs.rates(1).tolist() == [0.5, 0.5]
    assert payoffs.rates(0).tolist() == row.rates.tolist()


def test_matches_fade_with_the_newer_ones_of_their_own_pair():
    payoffs = Payoffs(1, 2, 0.9)
    payoffs.record(0, counts((0, 0, 0), (8, 0, 8), (8, 0, 8)))
    payoffs.record(0, counts((0, 0, 0), (0, 0, 3), (0, 0, 0)))
    kept = 8 * 0.9**3
    assert payoffs.row(0).games == pytest.approx([kept + 3, 8.0])
    assert payoffs.rates(0) == pytest.approx([(kept + 2) / (kept + 7), 10 / 12])


def test_the_number_of_matches_has_the_limit_that_the_decay_says():
    payoffs = Payoffs(1, 1, 0.98)
    for _ in range(2000):
        payoffs.record(0, counts((0, 0, 0), (1, 0, 1)))
    assert payoffs.row(0).games[0] == pytest.approx(1 / (1 - 0.98))


def test_members_come_and_go_for_all_learners():
    payoffs = Payoffs(2, 1, 1.0)
    payoffs.record(0, counts((5, 0, 5), (1, 0, 9)))
    payoffs.add_member()
    payoffs.add_member()
    payoffs.record(1, counts((0, 0, 0), (0, 0, 1), (0, 0, 2), (0, 0, 3)))
    payoffs.remove_members((1,))
    assert payoffs.n_members == 2
    assert payoffs.row(0).games.tolist() == [9.0, 0.0]
    assert payoffs.row(1).games.tolist() == [1.0, 3.0]
    assert payoffs.row(0).current_games == 5.0
    payoffs.remove_members(())
    assert payoffs.n_members == 2


def test_who_starts_again_has_no_past_and_the_others_keep_theirs():
    payoffs = Payoffs(2, 1, 1.0)
    for learner in (0, 1):
        payoffs.record(learner, counts((5, 0, 5), (1, 0, 9)))
    payoffs.reset(0)
    assert payoffs.row(0).games.tolist() == [0.0]
    assert payoffs.row(0).current_rate == 0.5
    assert payoffs.row(1).games.tolist() == [9.0]


def test_what_is_returned_is_the_callers():
    payoffs = Payoffs(1, 1, 1.0)
    payoffs.row(0).games[:] = 7.0
    assert payoffs.row(0).games.tolist() == [0.0]


played = st.lists(
    st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(0, 400)).map(lambda n: (n[0], n[1], sum(n))),
    min_size=4,
    max_size=4,
)


@settings(deadline=None)
@given(st.lists(played, max_size=8), st.floats(0.01, 1.0))
def test_rates_are_always_rates(records, decay):
    payoffs = Payoffs(1, 3, decay)
    for record in records:
        payoffs.record(0, counts(*record))
    row = payoffs.row(0)
    for rates in (row.rates, np.array([row.current_rate])):
        assert ((rates > 0.0) & (rates < 1.0)).all()
    assert (row.games >= 0.0).all()


@settings(deadline=None)
@given(st.lists(played, min_size=1, max_size=5))
def test_a_checkpoint_brings_back_every_bit(records):
    payoffs = Payoffs(1, 2, 0.97)
    payoffs.add_member()
    for record in records:
        payoffs.record(0, counts(*record))
    again, kept = Payoffs(1, 2, 0.97), payoffs.state()
    bits = kept.arrays["payoffs/counts"].tobytes()
    again.restore(kept, members=3)
    for each in (payoffs, again):
        each.record(0, counts(*records[0]))
    assert again.state().arrays["payoffs/counts"].tobytes() == payoffs.state().arrays["payoffs/counts"].tobytes()
    again.reset(0)
    payoffs.reset(0)
    assert kept.arrays["payoffs/counts"].tobytes() == bits


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((1, 4, 3)),
        np.zeros((2, 3, 3)),
        np.zeros((2, 4, 3), np.float32),
        np.full((2, 4, 3), np.nan),
        np.full((2, 4, 3), -1.0),
        None,
    ],
)
def test_a_damaged_checkpoint_is_refused_and_changes_nothing(array):
    payoffs = Payoffs(2, 3, 0.99)
    payoffs.record(0, counts(*[(1, 1, 2)] * 4))
    before = payoffs.row(0)
    with pytest.raises(TrainingError, match="checkpoint's payoffs"):
        payoffs.restore(LearnerState(arrays={} if array is None else {"payoffs/counts": array}), members=3)
    assert payoffs.row(0).rates.tolist() == before.rates.tolist()


@pytest.mark.parametrize("decay", [0.0, -0.1, 1.01, float("nan")])
def test_a_decay_that_is_none_is_refused(decay):
    with pytest.raises(ValueError, match="decay"):
        Payoffs(1, 1, decay)


@pytest.mark.parametrize(
    ("wrong", "match"),
    [
        (counts((0, 0, 0)), "shape"),
        (counts((2, 2, 3), (0, 0, 0)), "more matches"),
        (counts((-1, 0, 3), (0, 0, 0)), "more matches"),
    ],
)
def test_counts_that_cannot_be_are_refused(wrong, match):
    with pytest.raises(ValueError, match=match):
        Payoffs(1, 1, 0.99).record(0, wrong)
