"""The first thing a worker process runs. It imports nothing heavy before the thread counts are set."""

import os
import signal
from multiprocessing.connection import Connection

from game.one_thread import use_one_thread


def enter(pipe: Connection, parent: int, kernel_cache: str) -> None:
    """Set the worker's environment, then serve; see ``game.executors.worker``."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is the parent's to handle
    use_one_thread()
    os.environ["RALLY_KERNEL_CACHE"] = kernel_cache
    from game.executors.worker import serve  # numpy reads the variables above when it is imported

    serve(pipe, parent)
