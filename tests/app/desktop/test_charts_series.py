"""The numbers behind a curve: growing columns, thinning that loses no spike, a moving average that starts unbiased."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from app.desktop.charts.colours import LEAST_CONTRAST, contrast, curve_colour, mix
from app.desktop.charts.series import Series
from app.desktop.charts.slots import Slots
from app.desktop.charts.smoothing import smooth
from app.desktop.charts.thinning import thin, window
from app.desktop.theme import SERIES, THEMES

numbers = st.floats(-1e6, 1e6)
values = st.one_of(numbers, st.just(math.nan))


def columns(least: int = 0, most: int = 400):
    return st.integers(least, most).flatmap(lambda n: arrays(float, n, elements=values))


@given(st.lists(st.lists(numbers, max_size=50), max_size=12))
def test_points_come_out_as_they_were_appended(parts):
    series, expected = Series(), []
    for part in parts:
        xs = np.arange(len(expected), len(expected) + len(part), dtype=float)
        series.extend(xs, np.array(part, float))
        expected += part
    assert series.y.tolist() == expected
    assert series.x.tolist() == list(range(len(expected)))
    assert not series.has_interval


def test_a_point_before_the_last_is_refused():
    series = Series()
    series.append(3.0, 1.0)
    with pytest.raises(ValueError, match="order"):
        series.append(2.5, 1.0)
    assert len(series) == 1


def test_the_columns_cannot_be_written():
    series = Series()
    series.append(1.0, 2.0, 1.5, 2.5)
    assert series.has_interval
    with pytest.raises(ValueError, match="read-only"):
        series.y[0] = 7.0


@given(st.integers(0, 300), st.integers(-5, 305))
def test_dropping_cuts_at_a_place_of_x(n, cut):
    end, begin = Series(), Series()
    for series in (end, begin):
        series.extend(np.arange(n, dtype=float), np.arange(n, dtype=float) ** 2)
    end.drop_from(cut)
    begin.drop_before(cut)
    assert end.x.tolist() == [x for x in range(n) if x < cut]
    assert begin.x.tolist() == [x for x in range(n) if x >= cut]
    assert begin.y.tolist() == [x * x for x in range(n) if x >= cut]


def test_every_change_has_a_version():
    series, seen = Series(), set()
    for change in (lambda: series.append(1, 1), lambda: series.append(2, 2), lambda: series.drop_from(2), series.clear):
        change()
        seen.add(series.version)
    assert len(seen) == 4


def test_the_nearest_point_is_found():
    series = Series()
    assert series.at(1.0) is None
    series.extend(np.array([0.0, 10.0, 20.0]), np.zeros(3))
    assert [series.at(x) for x in (-5, 4, 6, 14.9, 99)] == [0, 0, 1, 1, 2]


@given(columns(), st.integers(5, 60))
def test_thinning_keeps_ends_extremes_gaps_and_the_limit(y, limit):
    kept = thin(y, limit)
    assert len(kept) <= max(limit, 5)
    assert kept.tolist() == sorted(set(kept.tolist()))
    assert len(y) == 0 or {0, len(y) - 1} <= set(kept.tolist())
    assert bool(np.isnan(y).any()) == bool(np.isnan(y[kept]).any())
    if np.isfinite(y).any():
        assert np.nanmin(y[kept]) == np.nanmin(y)
        assert np.nanmax(y[kept]) == np.nanmax(y)


def test_thinning_leaves_few_points_alone_and_every_spike_of_many():
    y = np.zeros(100_000)
    spikes = np.arange(500, 100_000, 1_000)
    y[spikes] = 1.0
    assert thin(np.arange(2_000.0)).tolist() == list(range(2_000))
    assert set(spikes) <= set(thin(y).tolist())


@given(st.lists(st.integers(-50, 50), max_size=60), st.integers(-60, 60), st.integers(0, 60))
def test_a_window_has_what_lies_in_it_and_one_neighbour(xs, low, length):
    x = np.array(sorted(xs), float)
    part = window(x, low, low + length)
    inside = [i for i in range(len(x)) if low <= x[i] <= low + length]
    shown = list(range(*part.indices(len(x))))
    assert set(inside) <= set(shown)
    assert len(shown) <= len(inside) + 2


@given(columns(most=200), st.sampled_from([0.5, 1.0, 7.0, 40.0]))
def test_smoothing_is_the_weighted_mean_of_the_points_so_far(y, half_life):
    smoothed = smooth(y, half_life)
    assert np.array_equal(np.isnan(smoothed), np.isnan(y))
    known = y[np.isfinite(y)]
    for t, found in enumerate(smoothed[np.isfinite(y)]):
        weights = 2.0 ** (-(t - np.arange(t + 1)) / half_life)
        assert found == pytest.approx((weights * known[: t + 1]).sum() / weights.sum(), rel=1e-6, abs=1e-6)


def test_smoothing_starts_at_the_first_value_and_keeps_a_constant():
    assert smooth(np.full(5_000, 3.0), 20.0) == pytest.approx(3.0)
    assert smooth(np.array([8.0, 0.0]), 1.0)[0] == 8.0
    assert smooth(np.array([1.0, 5.0]), 0.0).tolist() == [1.0, 5.0]


@pytest.mark.parametrize("theme", THEMES.values(), ids=lambda theme: theme.name)
def test_every_curve_is_told_from_the_background_and_from_the_others(theme):
    colours = [curve_colour(slot, theme) for slot in range(len(SERIES))]
    assert len(set(colours)) == len(SERIES)
    assert all(contrast(colour, theme.base) >= LEAST_CONTRAST for colour in colours)


@pytest.mark.parametrize("theme", THEMES.values(), ids=lambda theme: theme.name)
def test_hundreds_of_numbers_have_colours_of_their_own(theme):
    colours = [curve_colour(slot, theme) for slot in range(300)]
    assert all(contrast(colour, theme.base) >= LEAST_CONTRAST for colour in colours)
    assert len(set(colours)) > 290
    near = [far_apart(colours[one], colours[two]) for one in range(150) for two in range(one + 1, one + 25)]
    assert min(near) >= 12


def far_apart(one, other):
    """Return how different two colours are, as the largest difference of their parts, 0 to 255."""
    return max(abs(int(one[at : at + 2], 16) - int(other[at : at + 2], 16)) for at in (1, 3, 5))


def test_contrast_is_that_of_the_standard():
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)  # WCAG's well-known example
    assert mix("#000000", "#ffffff", 0.5) == "#808080"


def test_a_curve_keeps_its_slot_and_free_ones_are_used_again():
    slots = Slots()
    assert slots.assign(["a", "b", "c"]) == {"a": 0, "b": 1, "c": 2}
    assert slots.assign(["c", "d"]) == {"c": 2, "d": 0}
    assert slots.assign(["d", "e", "f", "c"]) == {"d": 0, "e": 1, "f": 3, "c": 2}
