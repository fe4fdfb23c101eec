"""Users' Python bots: a file with a class ``Bot``, run in a process of its own, with time limits.

```python
class Bot:
    def decide(self, observation):      # a list of floats, see the game's rule book
        return 1                        # the number of an action
```

The file is run anew and a new ``Bot()`` is made for every match; only what it has imported stays. Whatever it does -
raise, answer NaN, sleep, print, eat memory (2 GiB of address space on Linux), end its process - costs its own match, as
a forfeit, and nothing else. Its code runs with the rights of the user who allowed it.
"""

import contextlib
import logging
import multiprocessing
import os
import signal
import socket
import stat
import struct
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from game.errors import BotError
from game.fault import Cancelled, Fault
from game.policies import bot_entry
from game.policies.bank import Kind, PackedPolicy
from game.spec import Termination

logger = logging.getLogger(__name__)

MAX_SOURCE_BYTES: Final = 2**20
DECISION_LIMIT_S: Final = 0.25
MATCH_LIMIT_S: Final = 60.0
START_LIMIT_S: Final = 20.0
_PROCESS_LIMIT_S: Final = 120.0
_CANCEL_CHECK_S: Final = 0.1


@dataclass(frozen=True)
class TimeLimits:
    """Wall-clock limits of a Python bot, in seconds: for one decision, for all of a match, and for making ``Bot()``."""

    decision_s: float = DECISION_LIMIT_S
    match_s: float = MATCH_LIMIT_S
    start_s: float = START_LIMIT_S


@dataclass(frozen=True)
class PythonPolicy:
    """A user's bot: its source text."""

    source: str

    @property
    def kind(self) -> Kind:
        """``Kind.PYTHON``."""
        return Kind.PYTHON

    def pack(self) -> PackedPolicy:
        """Return an empty row: the kernel never runs it."""
        return PackedPolicy(Kind.PYTHON, np.zeros(1, np.int32), np.zeros(1, np.float32), 0, 0)


def read_source(path: Path) -> PythonPolicy:
    """Return the bot in ``path`` without running it; ``BotError`` if it is missing, too large or not Python."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise BotError(f"{path} is no file: a Python bot is one source file")
        if status.st_size > MAX_SOURCE_BYTES:
            raise BotError(f"{path} has {status.st_size:,} bytes: a Python bot has at most {MAX_SOURCE_BYTES:,}")
        source = path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise BotError(f"{path} cannot be read: {_one_line(error)}") from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Python thinks of the bot's style is not our caller's to hear
            compile(source, path.name, "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise BotError(f"{path} is no Python source: {_one_line(error)}") from error
    return PythonPolicy(source)


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__


class BotProcess:
    """The process in which one bot decides; started again after a fault. A context manager.

    ``is_cancelled`` is asked while an answer is awaited; once it says yes, ``Cancelled`` is raised.
    """

    def __init__(
        self, policy: PythonPolicy, limits: TimeLimits, *, is_cancelled: Callable[[], bool] = lambda: False
    ) -> None:
        self._policy = policy
        self._limits = limits
        self._is_cancelled = is_cancelled
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None
        self._spent_s = 0.0

    def __enter__(self) -> "BotProcess":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start_match(self) -> None:
        """Make a fresh ``Bot()`` for a new match; raise ``Fault`` if that fails, ``BotError`` if no process starts."""
        self._start_process()
        self._spent_s = 0.0
        self._send(None)
        if not self._is_answered(self._limits.start_s):
            self.close()
            raise Fault(Termination.NOT_LOADED, f"Bot() was not ready within {self._limits.start_s:g} s")
        kind, text = self._receive()
        if kind != bot_entry.LOADED:
            raise Fault(Termination.NOT_LOADED, text)

    def decide(self, observation: NDArray[np.float32]) -> int:
        """Return the bot's action; raise ``Fault`` if it raises, stalls, ends, or answers what is no action number."""
        left_s = max(self._limits.match_s - self._spent_s, 0.0)
        limit_s = min(self._limits.decision_s, left_s)
        begin = time.perf_counter()
        self._send([float(value) for value in observation])
        if left_s == 0.0 or not self._is_answered(limit_s):
            self.close()
            if limit_s < self._limits.decision_s:
                detail = f"its decisions took more than the {self._limits.match_s:g} s of a match"
                raise Fault(Termination.MATCH_TIMEOUT, detail)
            raise Fault(Termination.DECISION_TIMEOUT, f"no answer within {limit_s:g} s")
        kind, text = self._receive()
        self._spent_s += time.perf_counter() - begin
        return _action(kind, text)

    def close(self) -> None:
        """End the process, and what it has forked."""
        if self._pipe is not None:
            self._pipe.close()
        if self._process is not None:
            if sys.platform != "win32" and self._process.pid is not None:
                with contextlib.suppress(OSError):  # it has no group yet, or nobody is left in it
                    os.killpg(self._process.pid, signal.SIGKILL)
            self._process.kill()
            self._process.join()
            self._process.close()
        self._process, self._pipe = None, None

    def _start_process(self) -> None:
        """Start the process if it is not up, and wait until it is ready to run the bot's code."""
        if self._process is not None and self._process.is_alive():
            return
        self.close()
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        _bound_waiting(self._pipe)
        arguments = (theirs, self._policy.source, os.getpid())
        self._process = context.Process(target=bot_entry.serve, args=arguments, daemon=True, name="bot")
        try:
            self._process.start()
            theirs.close()
            is_ready = self._is_answered(_PROCESS_LIMIT_S) and self._pipe.recv_bytes(1) == bot_entry.READY
        except (OSError, EOFError):
            is_ready = False
        if not is_ready:
            code = self._end_code()
            raise BotError(
                f"no process can be started for a Python bot (it ended with exit code {code}): "
                "start the program from a file, below 'if __name__ == \"__main__\":'"
            )

    def _send(self, message: list[float] | None) -> None:
        assert self._pipe is not None  # noqa: S101  # start_match has made it
        try:
            self._pipe.send(message)
        except OSError as error:
            raise self._exited() from error

    def _is_answered(self, limit_s: float) -> bool:
        """Wait for an answer, or the end of the process; return whether there is one within ``limit_s``."""
        assert self._pipe is not None  # noqa: S101  # start_match has made it
        end = time.perf_counter() + limit_s
        while True:
            left_s = max(end - time.perf_counter(), 0.0)
            try:
                if self._pipe.poll(min(left_s, _CANCEL_CHECK_S)):
                    return True
            except OSError:
                return True  # the pipe is broken: reading it says so
            if self._is_cancelled():
                self.close()
                raise Cancelled
            if left_s <= _CANCEL_CHECK_S:
                return False

    def _receive(self) -> tuple[bytes, str]:
        assert self._pipe is not None  # noqa: S101  # start_match has made it
        try:
            message = self._pipe.recv_bytes(bot_entry.MAX_ANSWER_BYTES)
        except (EOFError, OSError) as error:
            raise self._exited() from error
        return message[:1], " ".join(message[1:].decode(errors="replace").split())

    def _exited(self) -> Fault:
        return Fault(Termination.EXITED, f"the bot's process ended (exit code {self._end_code()})")

    def _end_code(self) -> int | None:
        """Return with what the process has ended, or what ends it now if it has only let go of its pipe."""
        code = None
        if self._process is not None and self._process.pid is not None:
            self._process.kill()  # one that is ending by itself keeps its own code
            self._process.join()
            code = self._process.exitcode
        else:
            self._process = None  # it never started
        self.close()
        return code


def _bound_waiting(pipe: Connection) -> None:
    """Keep a bot that writes halves of messages into the pipe from holding up its reader."""
    if sys.platform != "win32":
        with socket.socket(fileno=os.dup(pipe.fileno())) as end:
            for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
                end.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", 1, 0))


def _action(kind: bytes, text: str) -> int:
    """Return the number that the bot has answered; raise ``Fault`` for anything else."""
    if kind == bot_entry.RAISED:
        raise Fault(Termination.RAISED, text)
    if kind == bot_entry.NOT_A_NUMBER:
        raise Fault(Termination.NOT_A_NUMBER, "answered NaN")
    if kind == bot_entry.INTEGER:
        with contextlib.suppress(ValueError):
            return int(text)
    raise Fault(Termination.ILLEGAL_ACTION, f"answered {text}: the number of an action is needed")
