"""Checkpoints: one safetensors file each, whose metadata hold a JSON object. Nothing is ever unpickled.

docs/formats.md describes the format.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from ai.errors import TrainingError
from ai.trainer import Detail, LearnerState

FORMAT: Final = 1
_METADATA_KEY: Final = "checkpoint"


class DamagedCheckpointError(TrainingError):
    """A checkpoint file cannot be read."""


@dataclass(frozen=True)
class Origin:
    """What a checkpoint belongs to; every part must agree before it is used."""

    run: str
    trainer: str
    trainer_version: int
    game: str
    game_version: int


@dataclass(frozen=True)
class Checkpoint:
    """A run after ``step`` of ``expected``.

    ``opponents`` are the hashes of whom it has looked up, by the name it used; ``details`` the newest of each name.
    """

    origin: Origin
    step: int
    expected: int | None
    state: LearnerState
    opponents: Mapping[str, str] = field(default_factory=dict)
    details: Mapping[str, Detail] = field(default_factory=dict)


def to_bytes(checkpoint: Checkpoint) -> bytes:
    """Return the file of ``checkpoint``."""
    header = {
        "format": FORMAT,
        **vars(checkpoint.origin),
        "step": checkpoint.step,
        "expected": checkpoint.expected,
        "opponents": dict(checkpoint.opponents),
        "details": {name: vars(detail) for name, detail in checkpoint.details.items()},
        "numbers": dict(checkpoint.state.numbers),
    }
    arrays = {name: np.asarray(array, order="C") for name, array in checkpoint.state.arrays.items()}
    return save(arrays, {_METADATA_KEY: json.dumps(header, sort_keys=True, allow_nan=False)})


def read_checkpoint(path: Path, origin: Origin) -> Checkpoint:
    """Return the checkpoint in the file at ``path``, which must be of ``origin``.

    Raises
    ------
    DamagedCheckpointError
        If the file is truncated, damaged or no checkpoint.
    TrainingError
        If it belongs to something else.
    """
    try:
        with safe_open(str(path), framework="numpy") as file:
            header = json.loads((file.metadata() or {})[_METADATA_KEY])
            arrays = {name: np.array(file.get_tensor(name)) for name in file.keys()}  # noqa: SIM118  # no mapping
        found = Origin(*(header[name] for name in Origin.__dataclass_fields__))
        written, step, expected = (header[key] for key in ("format", "step", "expected"))
        state, opponents = LearnerState(arrays, header["numbers"]), dict(header["opponents"])
        details = {name: Detail(**fields) for name, fields in header.get("details", {}).items()}
    except (SafetensorError, OSError, ValueError, TypeError, KeyError, AttributeError, MemoryError) as error:
        line = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise DamagedCheckpointError(
            f"checkpoint {path} is truncated, damaged or no checkpoint ({line}): delete it, then resume again"
        ) from error
    if written != FORMAT:
        raise TrainingError(f"checkpoint {path} is of format {written!r}: this program reads format {FORMAT}")
    for name, wanted in vars(origin).items():
        value = getattr(found, name)
        if value != wanted:
            raise TrainingError(
                f"checkpoint {path} belongs to {name.replace('_', ' ')} {value!r}, not {wanted!r}: "
                "put the run's own file back, or start a new run"
            )
    return Checkpoint(origin, step, expected, state, opponents, details)
