"""NumPy's NPZ archives: arrays of rows and labels, whole or already split. Nothing in them is ever unpickled."""

import lzma
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ai.errors import TrainingError
from ai.neat_backprop.raw_rows import Labels, RawRows

WHOLE: Final = (("x", "y"),)
PARTS: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "train": (("x_train", "y_train"), ("xtr", "ytr")),
    "validation": (("x_validation", "y_validation"), ("x_valid", "y_valid"), ("x_val", "y_val"), ("xva", "yva")),
    "test": (("x_test", "y_test"), ("xte", "yte")),
}
"""What arrays of rows and of labels are called, in any case of letters."""

_DAMAGE: Final = (
    ValueError,
    TypeError,
    LookupError,
    RuntimeError,  # encrypted, or of an unknown method
    EOFError,
    MemoryError,
    SyntaxError,
    OverflowError,
    struct.error,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
)
"""What a damaged archive makes zipfile and numpy raise."""


def read_archive(path: Path, max_bytes: int) -> dict[str, RawRows]:
    """Return the parts of an archive: train, validation and test as far as they are there, or all rows as "all".

    Raises
    ------
    OSError
        If the file cannot be read.
    TrainingError
        If it is no such archive, or would take more than ``max_bytes``.
    """
    arrays = _read_arrays(path, max_bytes)
    found = {part: pair for part, pairs in PARTS.items() if (pair := _pair(arrays, pairs)) is not None}
    if "train" not in found:
        whole = _pair(arrays, WHOLE)
        if whole is None:
            raise TrainingError(
                f"{path} holds {', '.join(arrays) or 'nothing'}: x and y are needed, or x_train, y_train, x_test, ..."
            )
        found = {"all": whole}
    parts = {part: _raw_rows(path, names, arrays) for part, names in found.items()}
    widths = {part: len(rows.features) for part, rows in parts.items()}
    if len(set(widths.values())) > 1:
        text = ", ".join(f"{width} to {part}" for part, width in widths.items())
        raise TrainingError(f"{path} has different numbers of features in its parts: {text}")
    return parts


def _pair(arrays: Mapping[str, object], names: tuple[tuple[str, str], ...]) -> tuple[str, str] | None:
    """Return the first of ``names`` of which both are there."""
    return next((pair for pair in names if set(pair) <= arrays.keys()), None)


def _read_arrays(path: Path, max_bytes: int) -> dict[str, NDArray[np.generic]]:
    """Return the arrays by their names in lower case; those that no dataset has are left out."""
    known = {name for pairs in (WHOLE, *PARTS.values()) for pair in pairs for name in pair}
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(info.file_size for info in archive.infolist())
        if size > max_bytes:
            raise TrainingError(f"{path} unpacks to {size >> 20:,} MiB: at most {max_bytes >> 20} are allowed")
        with np.load(path, allow_pickle=False) as content:
            return {name.lower(): content[name] for name in content.files if name.lower() in known}
    except _DAMAGE as error:
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise TrainingError(
            f"{path} is no NPZ archive of plain arrays ({reason[0]}): save arrays of numbers with numpy.savez"
        ) from error


def _raw_rows(path: Path, names: tuple[str, str], arrays: Mapping[str, NDArray[np.generic]]) -> RawRows:
    x, labels = (arrays[name] for name in names)
    if x.dtype.kind not in "biuf" or x.ndim == 0:
        raise TrainingError(f"'{names[0]}' of {path} holds {x.dtype}, {x.ndim} axes: rows of numbers are needed")
    if labels.shape not in ((len(x),), (len(x), 1)):
        raise TrainingError(
            f"'{names[1]}' of {path} has the shape {labels.shape}: ({len(x)},), a label a row, is needed"
        )
    width = int(np.prod(x.shape[1:]))
    features = tuple(f"x{place}" for place in range(width))
    rows = RawRows(x.reshape(len(x), width).astype(np.float64), _labels(path, names[1], labels.reshape(-1)), features)
    return rows.checked(path, lambda row: f"row {row} of '{names[0]}'")


def _labels(path: Path, name: str, labels: NDArray[np.generic]) -> Labels:
    if labels.dtype.kind == "U":
        return labels.astype(np.str_)
    if labels.dtype.kind in "biuf":
        return labels.astype(np.float64)
    raise TrainingError(f"'{name}' of {path} holds {labels.dtype}: numbers or texts are needed")
