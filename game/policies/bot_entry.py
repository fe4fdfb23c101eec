"""The process of one Python bot: it runs the user's file and answers observations with actions.

It imports only the standard library, so that a bot starts fast and with all its memory. Answers are bytes of a letter
and a text, which the other side reads with ``decode``; nothing that a bot sends is ever unpickled.
"""

import contextlib
import math
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from numbers import Integral, Real
from types import CodeType
from typing import Final

from game.one_thread import use_one_thread

MEMORY_LIMIT_BYTES: Final = 2 * 2**30
"""Address space of a bot's process on Linux; what does not fit raises ``MemoryError`` in the bot."""

READY: Final = b"r"
LOADED: Final = b"n"
INTEGER: Final = b"i"
NOT_A_NUMBER: Final = b"f"
RAISED: Final = b"e"
OTHER: Final = b"o"

MAX_ANSWER_BYTES: Final = 4096
_DETAIL_LENGTH: Final = 300
_FILE: Final = "bot.py"
_MOST_INHERITED: Final = 256
_PARENT_CHECK_S: Final = 0.5
_PR_SET_PDEATHSIG: Final = 1


def serve(pipe: Connection, source: str, parent: int) -> None:
    """Answer until the pipe closes: None with a fresh ``Bot()``, a list of floats with its decision. Does not return."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _die_with_parent(parent)
    use_one_thread()
    _limit_memory()
    _silence()
    _close_others(pipe)
    code = 1
    try:
        pipe.send_bytes(READY)
        _answer_all(pipe, source)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        os._exit(code & 0xFF)  # threads and exit handlers of the bot must not hold it up


def _answer_all(pipe: Connection, source: str) -> None:
    bot: object = None
    compiled: CodeType | None = None
    while True:
        try:
            message: Sequence[float] | None = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            if message is None:
                compiled = compiled or compile(source, _FILE, "exec")
                bot = _fresh_bot(compiled)
                answer = LOADED
            else:
                answer = _encode(bot.decide(message))  # type: ignore[attr-defined]
        except Exception as error:  # noqa: BLE001  # a worker's border: whatever a bot raises is its forfeit
            answer = RAISED + _describe(error)
        pipe.send_bytes(answer[:MAX_ANSWER_BYTES])


def _fresh_bot(compiled: CodeType) -> object:
    """Run the bot's file anew, so that no match depends on which ones were played before in this process."""
    namespace: dict[str, object] = {"__name__": "bot", "__file__": _FILE}
    exec(compiled, namespace)  # noqa: S102  # the user allowed this bot
    if "Bot" not in namespace:
        raise LookupError("the file defines no class named Bot")
    return namespace["Bot"]()  # type: ignore[operator]


def _encode(answer: object) -> bytes:
    """Return an integer, NaN, or a line about anything else."""
    if isinstance(answer, bool) or answer is None:
        return OTHER + repr(answer).encode()
    if isinstance(answer, Integral):
        return INTEGER + str(max(-(2**31), min(int(answer), 2**31))).encode()
    if isinstance(answer, Real):
        return NOT_A_NUMBER if math.isnan(answer) else OTHER + repr(float(answer)).encode()
    text = repr(str(answer[:40])) if isinstance(answer, str) else f"an object of type {type(answer).__name__}"
    return OTHER + text.encode(errors="backslashreplace")


def _describe(error: Exception) -> bytes:
    """Return the error and the line of the bot's file that raised it, as one line of text."""
    line = None
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == _FILE:
            line = trace.tb_lineno
        trace = trace.tb_next
    try:
        text = " ".join(f"{type(error).__name__}: {error}".split())
    except Exception:  # noqa: BLE001  # a bot's exception whose text raises
        text = type(error).__name__
    where = "" if line is None else f" ({_FILE}, line {line})"
    return (text.removesuffix(": ")[:_DETAIL_LENGTH] + where).encode(errors="backslashreplace")


def _silence() -> None:
    """Let what the bot prints go nowhere, and give it nothing to read."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nowhere, number)
    os.close(nowhere)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115  # for the life of the process
    sys.stdout = sys.stderr = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115  # as above


def _close_others(pipe: Connection) -> None:
    """Close what multiprocessing has handed down, so that the bot cannot write into it."""
    if sys.platform != "win32":
        os.closerange(3, pipe.fileno())
        os.closerange(pipe.fileno() + 1, _MOST_INHERITED)


def _limit_memory() -> None:
    if sys.platform != "linux":  # elsewhere the limit is not kept, or does not exist
        return
    import resource  # not on every platform

    with contextlib.suppress(ValueError, OSError):  # a tighter limit is in force already
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT_BYTES, MEMORY_LIMIT_BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _die_with_parent(parent: int) -> None:
    """End this process when the one that started it ends, however that ends.

    Linux does it even to a bot that never lets go of the interpreter; elsewhere a thread looks now and then.
    A process group of its own lets the parent end what the bot has forked together with the bot.
    """
    if sys.platform != "win32":
        os.setsid()
    if sys.platform == "linux":
        import ctypes  # needed here only

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    threading.Thread(target=_watch, args=(parent,), daemon=True, name="parent-watch").start()


def _watch(parent: int) -> None:
    if sys.platform == "win32":
        process = multiprocessing.parent_process()
        assert process is not None  # noqa: S101  # it was started by multiprocessing
        process.join()
    else:
        while os.getppid() == parent:
            time.sleep(_PARENT_CHECK_S)
    os._exit(1)
