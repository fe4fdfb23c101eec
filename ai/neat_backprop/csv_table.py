"""CSV tables: a row a line, with or without a header, one column of labels."""

import csv
from pathlib import Path
from typing import Final

import numpy as np

from ai.errors import TrainingError
from ai.neat_backprop.raw_rows import Labels, RawRows

LABEL: Final = "label"
"""Name of the column that holds the labels, in any case of letters; without it the last one does."""

_DELIMITERS: Final = ",;\t"

Line = tuple[int, list[str]]


def read_table(path: Path) -> RawRows:
    """Return the rows of a CSV file, whose cells are separated by commas, semicolons or tabs.

    Raises
    ------
    OSError
        If the file cannot be read.
    TrainingError
        If it is no such table.
    """
    lines = _read_lines(path)
    if not lines:
        raise TrainingError(f"{path} has no rows of data")
    first = [" ".join(cell.split()) for cell in lines[0][1]]
    if len(first) < 2:
        raise TrainingError(
            f"{path} has one column: at least one feature and the label are needed, separated by commas"
        )
    named = [cell.lower() for cell in first]
    label = named.index(LABEL) if LABEL in named else len(first) - 1
    features = [place for place in range(len(first)) if place != label]
    has_header = LABEL in named or not any(not first[place] or _is_number(first[place]) for place in features)
    names = tuple(first[place] if has_header else f"column {place + 1}" for place in features)
    return _rows(path, lines[1:] if has_header else lines, (names, features, label))


def _read_lines(path: Path) -> list[Line]:
    """Return the lines that are not empty, each with its number."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            head = file.readline()
            file.seek(0)
            delimiter = max(_DELIMITERS, key=head.count)
            reader = csv.reader(file, delimiter=delimiter, skipinitialspace=True)
            return [(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise TrainingError(f"{path} is no CSV table in UTF-8: {error}") from error


def _rows(path: Path, lines: list[Line], columns: tuple[tuple[str, ...], list[int], int]) -> RawRows:
    names, features, label = columns
    width = len(features) + 1
    x = np.zeros((len(lines), len(features)))
    labels = []
    for row, (number, cells) in enumerate(lines):
        if len(cells) != width:
            raise TrainingError(f"line {number} of {path} has {len(cells)} columns, the first line has {width}")
        try:
            x[row] = [float(cells[place]) for place in features]
        except ValueError as error:
            place = next(place for place in features if not _is_number(cells[place]))
            raise TrainingError(
                f"line {number} of {path} has {cells[place]!r:.60} in column {place + 1}: a number is needed"
            ) from error
        labels.append(cells[label].strip())
        if not labels[-1]:
            raise TrainingError(f"line {number} of {path} has no label: every row needs one")
    return RawRows(x, _as_numbers(labels), names).checked(path, lambda row: f"line {lines[row][0]}")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _as_numbers(labels: list[str]) -> Labels:
    """Return ``labels`` as numbers if all are: 1 and 1.0 are then one class."""
    if all(map(_is_number, labels)):
        return np.array(labels, np.float64)
    return np.array(labels, np.str_)
