"""The packed form of policies, and the bank that holds many of them in three flat arrays.

Every compiled policy is a kind, some integers and some float32 numbers. A bank is what the match kernel and all
worker processes read: it is packed once, and its arrays may lie in shared memory.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray


class Kind(IntEnum):
    """What a policy is."""

    SCRIPTED = 0
    DENSE = 1
    GRAPH = 2
    PYTHON = 3
    """A user's file; played step by step in a process of its own, never by the compiled kernel."""


KIND: Final = 0
INTEGERS_AT: Final = 1
REALS_AT: Final = 2
MEMORY_ROWS: Final = 3
SCRATCH_ROWS: Final = 4
_COLUMNS: Final = 5


class Bank(NamedTuple):
    """Packed policies: ``table`` int64[n, 5] of (kind, offsets, rows needed), their ``integers`` and ``reals``."""

    table: NDArray[np.int64]
    integers: NDArray[np.int32]
    reals: NDArray[np.float32]


@dataclass(frozen=True)
class PackedPolicy:
    """One policy as the kernel runs it.

    ``memory_rows`` float32 rows keep its state between the ticks of a match, ``scratch_rows`` rows are its work space.
    """

    kind: Kind
    integers: NDArray[np.int32]
    reals: NDArray[np.float32]
    memory_rows: int
    scratch_rows: int


@runtime_checkable
class Policy(Protocol):
    """What decides for a side: a scripted bot, a network, a user's bot."""

    @property
    def kind(self) -> Kind:
        """What it is."""
        ...

    def pack(self) -> PackedPolicy:
        """Return the form that the match kernel runs."""
        ...


def build_bank(policies: Sequence[Policy]) -> Bank:
    """Pack ``policies``; their order is their index in matches. The arrays are read-only, as in shared memory."""
    packed = [policy.pack() for policy in policies]
    table = np.zeros((len(packed), _COLUMNS), np.int64)
    integers_at = reals_at = 0
    for row, policy in zip(table, packed, strict=True):
        row[:] = (policy.kind, integers_at, reals_at, policy.memory_rows, policy.scratch_rows)
        integers_at += len(policy.integers)
        reals_at += len(policy.reals)
    integers = np.concatenate([policy.integers for policy in packed] or [np.zeros(0, np.int32)])
    reals = np.concatenate([policy.reals for policy in packed] or [np.zeros(0, np.float32)])
    return read_only(Bank(table, integers, reals))


def read_only(bank: Bank) -> Bank:
    """Protect the arrays of ``bank``. Kernels are compiled for protected ones; others would be compiled anew."""
    for array in bank:
        array.flags.writeable = False
    return bank
