"""Datasets: parts that hold every row once, and features that know nothing of what is held out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai.errors import TrainingError
from ai.neat_backprop.datasets import Names, Rows, raw_dataset, split_dataset, split_rows, standardised_dataset


def names(classes, features=1):
    return Names("rows", tuple(f"x{n}" for n in range(features)), tuple(f"c{n}" for n in range(classes)))


def numbered(counts):
    """Rows whose only number is their place; ``counts`` of each class."""
    y = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
    return Rows(np.arange(len(y), dtype=np.float64)[:, None], y)


@given(st.lists(st.integers(5, 60), min_size=2, max_size=5), st.integers(0, 1000))
def test_every_row_is_in_one_part_with_its_class_and_each_class_in_its_share(counts, seed):
    rows = numbered(counts)
    parts = split_rows(rows, (0.6, 0.2, 0.2), np.random.default_rng(seed))
    places = np.concatenate([part.x[:, 0] for part in parts]).astype(int)
    assert sorted(places.tolist()) == list(range(len(rows.y)))
    assert np.array_equal(np.concatenate([part.y for part in parts]), rows.y[places])
    for label, count in enumerate(counts):
        sizes = [(part.y == label).sum() for part in parts]
        assert all(abs(size - share * count) <= 1 for size, share in zip(sizes, (0.6, 0.2, 0.2), strict=True))


def test_a_split_is_its_generators_alone_and_mixes_the_classes():
    rows = numbered([50, 50])
    one, same, other = (split_dataset(rows, names(2), np.random.default_rng(seed)) for seed in (4, 4, 5))
    assert one.digest() == same.digest() != other.digest()
    assert 0 < (np.diff(one.y_train) != 0).sum() > 5


def test_features_are_standardised_by_the_training_part_alone():
    rng = np.random.default_rng(0)
    train, validation, test = (
        Rows(rng.normal(place, spread, (400, 2)), np.tile(np.arange(2, dtype=np.int32), 200))
        for place, spread in ((5.0, 3.0), (90.0, 1.0), (-70.0, 0.1))
    )
    data = standardised_dataset(train, validation, test, names(2, 2))
    assert data.is_standardised
    assert np.allclose(data.x_train.mean(axis=0), 0, atol=1e-5)
    assert np.allclose(data.x_train.std(axis=0), 1, atol=1e-5)
    assert np.allclose(data.mean, train.x.mean(axis=0))
    assert np.allclose(data.scale, train.x.std(axis=0))
    for raw, features in ((train.x, data.x_train), (validation.x, data.x_validation), (test.x, data.x_test)):
        assert np.array_equal(data.features(raw), features)
        assert np.allclose((raw - data.mean) / data.scale, features, rtol=1e-5)


def test_arrays_have_their_types_and_refuse_writing():
    data = split_dataset(numbered([20, 20]), names(2), np.random.default_rng(0))
    for name, array in {**data.arrays, "mean": data.mean, "scale": data.scale}.items():
        assert array.dtype == (np.int32 if name.startswith("y") else np.float32)
        assert array.flags.c_contiguous
        assert not array.flags.writeable
    assert (data.n_features, data.n_classes, data.class_names, data.title) == (1, 2, ("c0", "c1"), "rows")


def test_a_feature_that_never_changes_becomes_0():
    rows = numbered([20, 20])
    data = split_dataset(Rows(np.full((40, 1), 1e-40), rows.y), names(2), np.random.default_rng(0))
    assert not data.x_train.any()
    assert data.scale.tolist() == [1.0]


def test_raw_features_are_the_numbers_themselves():
    part = numbered([5, 5])
    data = raw_dataset(part, part, part, names(2))
    assert not data.is_standardised
    assert np.array_equal(data.x_test, part.x)
    assert np.array_equal(data.features(part.x), part.x)


@pytest.mark.parametrize(
    ("counts", "says"),
    [
        ([], "rows has no rows"),
        ([9], "rows has one class only, 'c0'"),
        ([9, 4], "class 'c1' of rows has 4 rows: at least 5"),
        ([9, 0], "class 'c1' of rows has 0 rows"),
        ([9] * 65, "rows has 65 different labels, at most 64"),
    ],
)
def test_what_cannot_be_learned_or_split_is_refused(counts, says):
    with pytest.raises(TrainingError, match=says):
        split_dataset(numbered(counts), names(len(counts)), np.random.default_rng(0))
