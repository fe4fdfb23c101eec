"""The sum tree draws as a plain list of running sums would, and in proportion to the priorities."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai.dqn import priorities
from game import seeding

PLACES = st.integers(1, 70)


def leaves(tree):
    return tree[len(tree) // 2 :]


def assert_sums(tree):
    """Every node is the sum of its two children."""
    half = len(tree) // 2
    children = tree[2 * np.arange(1, half)] + tree[2 * np.arange(1, half) + 1]
    assert tree[1:half] == pytest.approx(children, rel=1e-12, abs=1e-300)


def units(seed, count):
    """Return the numbers in [0, 1) that a draw uses, from the reference generator's 53 highest bits."""
    mask, state, out = (1 << 64) - 1, seed, []
    for _ in range(count):
        state = (state + 0x9E3779B97F4A7C15) & mask
        z = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        out.append(((z ^ (z >> 31)) >> 11) / 2**53)
    return np.array(out)


def drawn(tree, count, seed=3):
    places, shares = np.zeros(count, np.int64), np.zeros(count)
    priorities.draw(tree, np.array([seed], np.uint64), places, shares)
    return places, shares


@pytest.mark.parametrize(("places", "size"), [(1, 2), (2, 2), (3, 4), (4, 4), (5, 8), (1000, 1024)])
def test_a_tree_has_a_leaf_for_each_place(places, size):
    assert len(leaves(priorities.new_tree(places))) == size


@settings(max_examples=50, deadline=None)
@given(
    places=PLACES,
    ranges=st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0, 10)), min_size=1, max_size=12),
)
def test_ranges_are_set_as_in_a_list(places, ranges):
    tree, expected = priorities.new_tree(places), np.zeros(places)
    for begin, end, priority in ranges:
        first, last = sorted((int(begin * places), int(end * places)))
        priorities.set_range(tree, first, last - first, priority)
        expected[first:last] = priority
        assert leaves(tree)[:places].tolist() == expected.tolist()
        assert tree[1] == pytest.approx(expected.sum())
        assert_sums(tree)


@settings(max_examples=50, deadline=None)
@given(places=PLACES, seed=st.integers(0, 10_000))
def test_places_are_set_as_in_a_list_but_for_those_without_priority(places, seed):
    rng = np.random.default_rng(seed)
    tree = priorities.new_tree(places)
    expected = np.where(rng.random(places) < 0.7, 1.0, 0.0)
    for place in np.flatnonzero(expected).tolist():
        priorities.set_range(tree, place, 1, 1.0)
    for _ in range(5):
        chosen, new = rng.integers(0, places, 9), rng.uniform(0.01, 5, 9)
        priorities.set_places(tree, chosen, new)
        for place, priority in zip(chosen.tolist(), new.tolist(), strict=True):
            if expected[place] > 0:
                expected[place] = priority
        assert leaves(tree)[:places].tolist() == expected.tolist()
        assert_sums(tree)


@settings(max_examples=60, deadline=None)
@given(places=PLACES, seed=st.integers(0, 10_000), count=st.integers(1, 40))
def test_draws_are_those_of_running_sums(places, seed, count):
    """Against ``searchsorted`` in the cumulative sum, one place from each of equal strata."""
    rng = np.random.default_rng(seed)
    weights = np.where(rng.random(places) < 0.6, rng.integers(1, 100, places), 0).astype(np.float64)
    weights[rng.integers(0, places)] = 7.0
    tree = priorities.new_tree(places)
    for place, weight in enumerate(weights.tolist()):
        priorities.set_range(tree, place, 1, weight)
    found, shares = drawn(tree, count, seed)
    wanted = (np.arange(count) + units(seed, count)) / count * weights.sum()
    expected = np.searchsorted(np.cumsum(weights), wanted, side="right")
    is_edge = np.abs(wanted[:, None] - np.cumsum(weights)).min(axis=1) < 1e-9
    assert (found == expected)[~is_edge].all()
    assert (weights[found] > 0).all()
    assert shares == pytest.approx(weights[found] / weights.sum())


def test_a_place_is_drawn_as_often_as_its_priority_says():
    weights = np.array([1.0, 0.0, 4.0, 2.0, 0.5, 0.0, 2.5])
    tree = priorities.new_tree(7)
    for place, weight in enumerate(weights.tolist()):
        priorities.set_range(tree, place, 1, weight)
    state, count = np.array([1], np.uint64), np.zeros(7)
    places, shares = np.zeros(5, np.int64), np.zeros(5)
    for _ in range(4000):
        priorities.draw(tree, state, places, shares)
        count += np.bincount(places, minlength=7)
    assert count / count.sum() == pytest.approx(weights / weights.sum(), abs=0.01)
    assert count[[1, 5]].tolist() == [0, 0]


def before(bits):
    """Return the state of the generator whose next number has these ``bits``: its finaliser backwards."""
    mask, z = (1 << 64) - 1, bits
    z ^= (z >> 31) ^ (z >> 62)
    z = (z * pow(0x94D049BB133111EB, -1, 1 << 64)) & mask
    z ^= (z >> 27) ^ (z >> 54)
    z = (z * pow(0xBF58476D1CE4E5B9, -1, 1 << 64)) & mask
    z ^= (z >> 30) ^ (z >> 60)
    return (z - 0x9E3779B97F4A7C15) & mask


@pytest.mark.parametrize("places", [1, 5, 16, 33])
def test_rounding_never_leads_to_a_place_without_priority(places):
    """The largest random number in the last stratum is rounded to the sum of all: what lies behind has no priority."""
    tree = priorities.new_tree(64)
    priorities.set_range(tree, 0, places, 0.1)
    state = (before((1 << 64) - 1) - 2 * 0x9E3779B97F4A7C15) % (1 << 64)
    assert units(state, 3)[2] == 1 - 2.0**-53
    found, shares = drawn(tree, 3, state)
    assert found[2] == places - 1
    assert (shares > 0).all()


def test_the_state_of_the_generator_goes_on():
    tree = priorities.new_tree(8)
    priorities.set_range(tree, 0, 8, 1.0)
    state = np.array([9], np.uint64)
    places, shares = np.zeros(4, np.int64), np.zeros(4)
    priorities.draw(tree, state, places, shares)
    again = np.uint64((9 + 4 * 0x9E3779B97F4A7C15) % 2**64)
    assert state[0] == again
    assert seeding.stream_state(np.uint64(1), np.uint64(2)) != 0
