"""The activations: exact IEEE arithmetic, near the functions that they are named after."""

import numpy as np
import pytest

from game.jit import LANES, entry
from game.policies import activation as kernels
from game.policies.activation import Activation
from tests.oracle.policies import plain_activation

GRID = np.linspace(-12, 12, 20001, dtype=np.float32)
SPECIAL = np.array([0.0, -0.0, 1, -1, 1e-30, -1e-30, 3e38, -3e38, np.inf, -np.inf], np.float32)


@entry
def activate(code, values):
    kernels.activate(code, values, 0, len(values))


def activated(code, values):
    found = values.copy()
    activate(int(code), found)
    return found


def test_tanh_is_near():
    error = np.abs(activated(Activation.TANH, GRID) - np.tanh(GRID.astype(np.float64)))
    assert error.max() < 4e-7


def test_sigmoid_is_near():
    error = np.abs(activated(Activation.SIGMOID, GRID) - 1 / (1 + np.exp(-GRID.astype(np.float64))))
    assert error.max() < 4e-7


def test_sin_is_near_within_its_range():
    grid = np.linspace(-60, 60, 200_001).astype(np.float32)
    assert np.abs(activated(Activation.SIN, grid) - np.sin(grid.astype(np.float64))).max() < 3e-7


def test_gauss_is_near():
    wide = GRID.astype(np.float64)
    assert np.abs(activated(Activation.GAUSS, GRID) - np.exp(-wide * wide)).max() < 4e-7


def test_square_is_exact_up_to_its_limit():
    limited = np.clip(GRID, np.float32(-1000), np.float32(1000))
    assert activated(Activation.SQUARE, GRID).tolist() == (limited * limited).tolist()
    assert activated(Activation.SQUARE, np.array([np.inf, -1e30], np.float32)).tolist() == [1e6, 1e6]


@pytest.mark.parametrize(
    ("code", "formula"),
    [
        (Activation.IDENTITY, lambda x: x),
        (Activation.RELU, lambda x: np.maximum(x, np.float32(0))),
        (Activation.RATIONAL, lambda x: x / (np.float32(1) + np.abs(x))),
        (Activation.CLAMPED, lambda x: np.clip(x, np.float32(-1), np.float32(1))),
        (Activation.ABS, np.abs),
    ],
)
def test_the_others_are_exact(code, formula):
    finite = np.concatenate([GRID, SPECIAL[np.abs(SPECIAL) < 1e38]])
    expected = formula(finite)
    assert expected.dtype == np.float32
    assert activated(code, finite).tolist() == expected.tolist()


@pytest.mark.parametrize("code", Activation)
def test_equal_to_the_plain_form_bit_for_bit(code):
    values = np.concatenate([GRID[::40], SPECIAL[:8]])
    plain = np.array([plain_activation(code, value) for value in values], np.float32)
    assert activated(code, values).view(np.uint32).tolist() == plain.view(np.uint32).tolist()


@pytest.mark.parametrize(
    "code", [Activation.TANH, Activation.SIGMOID, Activation.CLAMPED, Activation.SIN, Activation.GAUSS]
)
def test_bounded_even_at_infinity(code):
    found = activated(code, SPECIAL)
    assert np.abs(found).max() <= 1 + 4e-7
    assert np.isfinite(found).all()


@pytest.mark.parametrize("code", [Activation.TANH, Activation.RATIONAL, Activation.CLAMPED, Activation.IDENTITY])
def test_odd_functions_are_odd_bit_for_bit(code):
    assert activated(code, -GRID).tolist() == (-activated(code, GRID)).tolist()


@pytest.mark.parametrize("code", Activation)
def test_a_nan_stays_seen_or_is_refused_alike(code):
    """Plain and compiled agree on NaN, so that a network answers NaN on both faces or on neither."""
    nan = np.array([np.nan], np.float32)
    assert np.isnan(activated(code, nan)[0]) == np.isnan(plain_activation(code, nan[0]))


@entry
def activate_part(code, values, at, n):
    kernels.activate(code, values, at, n)


def test_only_the_named_lanes_change():
    values = np.full(3 * LANES, -2, np.float32)
    activate_part(int(Activation.ABS), values, LANES, 5)
    assert np.flatnonzero(values > 0).tolist() == list(range(LANES, LANES + 5))
