"""Users' Python bots: a file with a class ``Bot``, run in a process of its own, with time limits.

```python
class Bot:
    def decide(self, observation):      # a list of floats, see the game's rule book
        return 1                        # the number of an action
```

A new ``Bot()`` is made for every match. Whatever it does - raise, answer NaN, sleep, print, end its process - costs its
own match, as a forfeit, and nothing else. Its code runs with the rights of the user who allowed it.
"""

import contextlib
import ctypes
import logging
import math
import multiprocessing
import multiprocessing.connection
import os
import signal
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from game.errors import BotError
from game.fault import Fault
from game.policies.bank import Kind, PackedPolicy
from game.spec import Termination

logger = logging.getLogger(__name__)

MAX_SOURCE_BYTES: Final = 2**20
DECISION_LIMIT_S: Final = 0.25
MATCH_LIMIT_S: Final = 60.0
_START_LIMIT_S: Final = 20.0
_DETAIL_LENGTH: Final = 300
_PARENT_CHECK_S: Final = 0.5
_PR_SET_PDEATHSIG: Final = 1


@dataclass(frozen=True)
class TimeLimits:
    """Wall-clock limits of a Python bot, in seconds: for one decision, and for all decisions of a match."""

    decision_s: float = DECISION_LIMIT_S
    match_s: float = MATCH_LIMIT_S


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
        size = path.stat().st_size
        if size > MAX_SOURCE_BYTES:
            raise BotError(f"{path} has {size:,} bytes: a Python bot has at most {MAX_SOURCE_BYTES:,}")
        source = path.read_text(encoding="utf-8")
        compile(source, path.name, "exec")
    except (OSError, UnicodeDecodeError) as error:
        raise BotError(f"{path} cannot be read: {error}") from error
    except (SyntaxError, ValueError) as error:
        raise BotError(f"{path} is no Python source: {error}") from error
    return PythonPolicy(source)


class BotProcess:
    """The process in which one bot decides; started again after a fault. A context manager."""

    def __init__(self, policy: PythonPolicy, limits: TimeLimits) -> None:
        self._policy = policy
        self._limits = limits
        self._process: multiprocessing.process.BaseProcess | None = None
        self._pipe: multiprocessing.connection.Connection | None = None
        self._spent_s = 0.0

    def __enter__(self) -> "BotProcess":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start_match(self) -> None:
        """Make a fresh ``Bot()`` for a new match; raise ``Fault`` if that fails."""
        if self._process is None or not self._process.is_alive():
            self.close()
            context = multiprocessing.get_context("spawn")
            self._pipe, theirs = context.Pipe()
            self._process = context.Process(
                target=_serve, args=(theirs, self._policy.source, os.getpid()), daemon=True, name="bot"
            )
            self._process.start()
            theirs.close()
        self._spent_s = 0.0
        answer = self._ask(None, max(_START_LIMIT_S, self._limits.decision_s))
        if answer is not None:
            raise Fault(Termination.NOT_LOADED, str(answer))

    def decide(self, observation: NDArray[np.float32]) -> int:
        """Return the bot's action; raise ``Fault`` if it raises, stalls, ends, or answers what is no action number."""
        left_s = self._limits.match_s - self._spent_s
        begin = time.perf_counter()
        answer = self._ask([float(value) for value in observation], min(self._limits.decision_s, left_s))
        self._spent_s += time.perf_counter() - begin
        if isinstance(answer, str):
            raise Fault(Termination.RAISED, answer)
        if isinstance(answer, float) and math.isnan(answer):
            raise Fault(Termination.NOT_A_NUMBER, "answered NaN")
        if isinstance(answer, int):
            return answer
        raise Fault(Termination.ILLEGAL_ACTION, f"answered {answer!r}: the number of an action is needed")

    def _ask(self, message: list[float] | None, limit_s: float) -> object:
        assert self._pipe is not None  # noqa: S101  # start_match has made it
        try:
            self._pipe.send(message)
            if not self._pipe.poll(max(limit_s, 0.0)):
                self.close()
                whole_match = limit_s < self._limits.decision_s
                kind = Termination.MATCH_TIMEOUT if whole_match else Termination.DECISION_TIMEOUT
                limit = self._limits.match_s if whole_match else limit_s
                raise Fault(kind, f"no answer within {limit:g} s")
            return _plain(self._pipe.recv_bytes(4096))
        except (EOFError, OSError) as error:
            code = self._process.exitcode if self._process else None
            self.close()
            raise Fault(Termination.EXITED, f"the bot's process ended (exit code {code})") from error

    def close(self) -> None:
        """End the process."""
        if self._pipe is not None:
            self._pipe.close()
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process.close()
        self._process, self._pipe = None, None


def _plain(message: bytes) -> object:
    """Decode an answer of the bot's process: 'n' none, 'i' integer, 'f' NaN, 'e' error, 'o' other. Nothing is unpickled."""
    kind, text = message[:1], message[1:].decode(errors="replace")
    if kind == b"n":
        return None
    if kind == b"i":
        return int(text)
    if kind == b"f":
        return math.nan
    return text if kind == b"e" else [text]


def _encode(answer: object) -> bytes:
    if isinstance(answer, bool) or answer is None:
        return b"o" + repr(answer).encode()
    if isinstance(answer, int | np.integer):
        return b"i" + str(max(-(2**31), min(int(answer), 2**31))).encode()
    if isinstance(answer, float | np.floating):
        return b"f" if math.isnan(float(answer)) else b"o" + str(float(answer)).encode()
    return b"o" + repr(type(answer)).encode()


def _die_with_parent(parent: int) -> None:
    """End this process when the one that started it ends, however that ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_PARENT_CHECK_S)
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="parent-watch").start()


def _describe(error: BaseException) -> bytes:
    text = f"{type(error).__name__}: {error}".splitlines()[0]
    return b"e" + text[:_DETAIL_LENGTH].encode()


def _serve(pipe: multiprocessing.connection.Connection, source: str, parent: int) -> None:
    """Answer observations with actions until the pipe closes; what the bot prints goes nowhere."""
    _die_with_parent(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        sys.stdout = sys.stderr = nowhere
        for number in (1, 2):
            os.dup2(nowhere.fileno(), number)
        with contextlib.suppress(EOFError, OSError, KeyboardInterrupt):
            _answer_all(pipe, source)


def _answer_all(pipe: multiprocessing.connection.Connection, source: str) -> None:
    bot: object = None
    namespace: dict[str, object] = {"__name__": "bot"}
    while True:
        message = pipe.recv()
        try:
            if message is None:
                if "Bot" not in namespace:
                    exec(compile(source, "bot.py", "exec"), namespace)  # noqa: S102  # the user allowed this bot
                bot = namespace["Bot"]()  # type: ignore[operator]
                answer = b"n"
            else:
                answer = _encode(bot.decide(message))  # type: ignore[attr-defined]
        except KeyError as error:
            answer = b"eno class named Bot in the file" if error.args == ("Bot",) else _describe(error)
        except Exception as error:  # noqa: BLE001  # a worker's border: whatever a bot raises is its forfeit
            answer = _describe(error)
        pipe.send_bytes(answer)
