"""The first thing an evaluating process runs. It imports nothing heavy before the thread counts are set."""

import multiprocessing
import os
import signal
import threading

from game.one_thread import use_one_thread


def enter(content: bytes) -> None:
    """Set the process up and load the pickled session ``content``; see ``ai.evaluation_worker``.

    A forked process has its parent's libraries, and their threads.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is the parent's to handle
    use_one_thread()
    threading.Thread(target=_end_with_parent, daemon=True, name="parent-watch").start()
    from ai.evaluation_worker import load  # numpy reads the variables above when it is imported

    load(content)


def _end_with_parent() -> None:
    """End when the parent has: each worker holds the other end of its own queue, so a killed parent does not close it."""
    parent = multiprocessing.parent_process()
    assert parent is not None  # noqa: S101  # this is a worker
    parent.join()
    os._exit(1)
