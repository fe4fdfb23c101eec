"""Datasets from files: CSV tables and NumPy's NPZ archives. A file that cannot be used gets one sentence that says why."""

from pathlib import Path
from typing import Final

import numpy as np

from ai.errors import TrainingError
from ai.neat_backprop.csv_table import read_table
from ai.neat_backprop.datasets import (
    Dataset,
    Names,
    Rows,
    check_classes,
    split_dataset,
    split_rows,
    standardised_dataset,
)
from ai.neat_backprop.npz_archive import read_archive
from ai.neat_backprop.raw_rows import RawRows, encode_labels

MAX_BYTES: Final = 512 * 2**20

_TABLES: Final = (".csv", ".tsv", ".txt")
_ARCHIVE: Final = ".npz"
_HELD_OUT: Final = 0.25  # of the training rows, for a part that a file does not have


def read_dataset(path: Path, rng: np.random.Generator) -> Dataset:
    """Return the dataset of a CSV or NPZ file.

    A CSV table has a row a line, with or without a header; the column ``label``, or else the last, holds the class, as a number
    or a word. An NPZ archive holds ``x`` [rows, ...] and ``y`` [rows], or the same as ``x_train``, ``y_train``, ``x_validation``,
    ``x_test``, ..., already split. What is not split is, by ``rng``: 60 % to train, 20 % each to validate and to test; where a
    file has only one of these two, a quarter of its training rows makes up the other.

    Raises
    ------
    TrainingError
        If there is no such file, or it holds no such data.
    """
    suffix = path.suffix.lower()
    if suffix not in (*_TABLES, _ARCHIVE):
        raise TrainingError(f"{path} is no dataset: a name that ends in {', '.join(_TABLES)} or {_ARCHIVE} is needed")
    try:
        size = path.stat().st_size
        if not size:
            raise TrainingError(f"{path} is empty")
        if size > MAX_BYTES:
            raise TrainingError(f"{path} has {size >> 20:,} MiB: at most {MAX_BYTES >> 20} are allowed")
        parts = read_archive(path, MAX_BYTES) if suffix == _ARCHIVE else {"all": read_table(path)}
    except OSError as error:
        raise TrainingError(f"{path} cannot be read: {error.strerror or error}") from error
    return _dataset(path, parts, rng)


def _dataset(path: Path, parts: dict[str, RawRows], rng: np.random.Generator) -> Dataset:
    """Return the dataset of the parts that a file has: "all", or "train" and perhaps others."""
    if len({rows.labels.dtype.kind for rows in parts.values()}) > 1:
        raise TrainingError(f"{path} has numbers as labels in one part and texts in another: one kind is needed")
    labels, classes = encode_labels(np.concatenate([rows.labels for rows in parts.values()]))
    ends = np.cumsum([len(rows.labels) for rows in parts.values()])
    ys = np.split(labels, ends[:-1])
    encoded = {part: Rows(rows.x, y) for (part, rows), y in zip(parts.items(), ys, strict=True)}
    names = Names(path.name, next(iter(parts.values())).features, classes)
    if "all" in encoded:
        return split_dataset(encoded["all"], names, rng)
    check_classes(encoded["train"].y, names)
    if len(encoded) == 1:
        return split_dataset(encoded["train"], names, rng)
    for part in ("validation", "test"):
        if part not in encoded:
            encoded["train"], encoded[part] = split_rows(encoded["train"], (1 - _HELD_OUT, _HELD_OUT), rng)
    return standardised_dataset(encoded["train"], encoded["validation"], encoded["test"], names)
