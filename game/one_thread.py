"""One thread a process: many of them on busy cores only get in each other's way. Imports nothing that reads the settings."""

import os
from typing import Final

ONE_THREAD: Final = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
"""What the numeric libraries read, once, when they are imported."""


def use_one_thread() -> None:
    """Keep numpy's and numba's libraries to one thread, in this process and its children, if they are not loaded yet."""
    for name in ONE_THREAD:
        os.environ[name] = "1"
