"""Functions of rows: near the functions they are named after, and the activations of players, bit for bit."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from ai.neat_backprop import kernels, row_functions, rows
from ai.neat_backprop.rows import POINTS
from game.policies.activation import Activation
from tests.oracle.policies import plain_activation

FOLDER = Path(rows.__file__).parent


def in_rows(values):
    return np.resize(np.asarray(values, np.float32), -(-len(values) // POINTS) * POINTS)


def test_exponential_is_near():
    x = in_rows(np.linspace(-40, 0, 100_001))
    y = x.copy()
    row_functions.exponentials(y)
    assert np.abs(y / np.exp(x.astype(np.float64)) - 1).max() < 2e-7


def test_exponential_of_far_below_is_zero_and_nan_stays():
    y = in_rows([-40.001, -88, -1e4, -3e38, -np.inf])
    row_functions.exponentials(y)
    assert not y.any()
    y = in_rows([np.nan, 0.0])
    row_functions.exponentials(y)
    assert np.isnan(y[0])
    assert y[1] == 1


def test_logarithm_is_near():
    x = in_rows(np.concatenate([np.linspace(1, 3, 100_001), np.geomspace(3, 1e6, 10_001)]))
    y = x.copy()
    row_functions.logarithms(y)
    exact = np.log(x.astype(np.float64))
    assert (np.abs(y - exact) / np.maximum(exact, 1)).max() < 2e-7


def test_logarithm_keeps_infinity_and_nan():
    y = in_rows([np.nan, np.inf])
    row_functions.logarithms(y)
    assert np.isnan(y[0])
    assert y[1] == np.inf


@pytest.mark.parametrize("code", Activation)
def test_activations_are_those_of_players_bit_for_bit(code):
    special = [0.0, -0.0, 1, -1, 1e-30, -1e-30, 3e38, -3e38]
    x = in_rows(np.concatenate([np.linspace(-12, 12, 501, dtype=np.float32), np.array(special, np.float32)]))
    expected = np.array([plain_activation(code, value) for value in x], np.float32)
    row_functions.activations(int(code), x)
    assert x.view(np.uint32).tolist() == expected.view(np.uint32).tolist()


@pytest.mark.parametrize(
    ("module", "names"),
    [(row_functions, ["rows.py"]), (kernels, ["rows.py", "row_functions.py", "layout.py"])],
)
def test_kernels_are_compiled_anew_with_what_they_take_in(module, names):
    digest = hashlib.sha256(b"".join((FOLDER / name).read_bytes() for name in names)).hexdigest()
    assert digest == module.SOURCES_DIGEST, f"write SOURCES_DIGEST of {Path(module.__file__).name} anew: {digest}"
