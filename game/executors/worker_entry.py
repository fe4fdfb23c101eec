"""The first thing a worker process runs. It imports nothing heavy before the thread counts are set."""

import os
from multiprocessing.connection import Connection

ONE_THREAD = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
"""A worker is one thread: more of them on busy cores only get in each other's way."""


def enter(pipe: Connection, parent: int, kernel_cache: str) -> None:
    """Set the worker's environment, then serve; see ``game.executors.worker``."""
    for name in ONE_THREAD:
        os.environ[name] = "1"
    os.environ["RALLY_KERNEL_CACHE"] = kernel_cache
    from game.executors.worker import serve  # numpy reads the variables above when it is imported

    serve(pipe, parent)
