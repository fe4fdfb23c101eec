"""Players that fail in every way, and matches between players that do not."""

import contextlib
import json
import os
import signal
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil

from game.batch import MATCH_DTYPE
from game.executors.base import MatchRows
from game.games.rally import GAME
from game.policies.bank import Policy
from game.policies.dense import DensePolicy
from game.policies.python_bot import PythonPolicy, TimeLimits
from game.policies.scripted import ScriptedPolicy
from game.spec import Termination

PATIENT = TimeLimits(decision_s=60, match_s=600, start_s=60)
"""Limits that no loaded machine makes a well-behaved bot miss."""

IMPATIENT = TimeLimits(decision_s=0.05, match_s=600, start_s=60)


@dataclass(frozen=True)
class Double:
    """A faulty bot, what it must be ended by, and a part of what is said about it."""

    name: str
    source: str
    termination: Termination
    says: str
    limits: TimeLimits = PATIENT


def deciding(body: str, *, head: str = "") -> str:
    """Return the source of a bot that plays ``body`` at every decision; ``head`` is the top of its file."""
    lines = "".join(f"        {line}\n" for line in body.splitlines())
    return f"{head}\nclass Bot:\n    def decide(self, observation):\n{lines}"


def starting(body: str) -> str:
    """Return the source of a bot whose ``__init__`` is ``body``."""
    return (
        f"class Bot:\n    def __init__(self):\n        {body}\n    def decide(self, observation):\n        return 1\n"
    )


STILL = deciding("return 1")
CHASER = deciding("return 0 if observation[5] < observation[1] else 2")
_ILLEGAL, _RAISED, _NOT_LOADED = Termination.ILLEGAL_ACTION, Termination.RAISED, Termination.NOT_LOADED
_GARBLES = """\
for number in range(3, 64):
    try:
        os.write(number, b"\\x00\\x00")
    except OSError:
        pass
time.sleep(3600)"""
_FLOODS = """\
for number in range(3, 64):
    try:
        os.write(number, b"\\x00\\x00\\x00\\x04i1e9" * 50)
    except OSError:
        pass
return 1"""

DOUBLES = (
    Double("raises", deciding("x = 1\nreturn x / 0"), _RAISED, "ZeroDivisionError: division by zero (bot.py, line 5)"),
    Double("raises KeyError Bot", deciding("raise KeyError('Bot')"), _RAISED, "KeyError: 'Bot'"),
    Double("raises two lines", deciding("raise ValueError('one\\n\\ntwo')"), _RAISED, "ValueError: one two (bot.py"),
    Double("raises surrogates", deciding("raise ValueError('\\ud800')"), _RAISED, "ValueError"),
    Double(
        "raises what cannot be shown",
        deciding("raise Odd()", head="class Odd(Exception):\n    def __str__(self):\n        return 1 / 0\n"),
        _RAISED,
        "Odd (bot.py, line 7)",
    ),
    Double("recurses", deciding("return self.decide(observation)"), _RAISED, "RecursionError"),
    Double("eats memory", deciding("held = []\nwhile True:\n    held.append(bytes(2**26))"), _RAISED, "MemoryError"),
    Double("raises at start", starting("raise RuntimeError('no weights')"), _NOT_LOADED, "RuntimeError: no weights"),
    Double("imports nothing", f"import no_such_module_9\n{STILL}", _NOT_LOADED, "No module named 'no_such_module_9'"),
    Double("is no Python", "class Bot\n    pass\n", _NOT_LOADED, "SyntaxError: expected ':' (bot.py, line 1)"),
    Double("has a null", "x = '\x00'\n", _NOT_LOADED, "null bytes"),
    Double("has no class", "def decide(observation):\n    return 1\n", _NOT_LOADED, "no class named Bot"),
    Double("has no decide", "class Bot:\n    pass\n", _RAISED, "has no attribute 'decide'"),
    Double(
        "sleeps at start",
        starting("import time; time.sleep(3600)"),
        _NOT_LOADED,
        "not ready within 0.1 s",
        TimeLimits(start_s=0.1),
    ),
    Double("answers NaN", deciding("return float('nan')"), Termination.NOT_A_NUMBER, "NaN"),
    Double("answers 3", deciding("return 3"), _ILLEGAL, "answered action 3: 0 to 2 are allowed"),
    Double("answers -1", deciding("return -1"), _ILLEGAL, "answered action -1: 0 to 2 are allowed"),
    Double("answers 10**30", deciding("return 10**30"), _ILLEGAL, "0 to 2 are allowed"),
    Double("answers a string", deciding("return 'up'"), _ILLEGAL, "answered 'up': the number of an action is needed"),
    Double("answers a book", deciding("return 'no\\n' * 10**6"), _ILLEGAL, "answered 'no\\nno"),
    Double("answers None", deciding("return None"), _ILLEGAL, "answered None:"),
    Double("answers True", deciding("return True"), _ILLEGAL, "answered True:"),
    Double("answers 1.0", deciding("return 1.0"), _ILLEGAL, "answered 1.0:"),
    Double("answers inf", deciding("return float('inf')"), _ILLEGAL, "answered inf:"),
    Double("answers a list", deciding("return [1]"), _ILLEGAL, "an object of type list:"),
    Double(
        "sleeps", deciding("import time\ntime.sleep(3600)"), Termination.DECISION_TIMEOUT, "within 0.05 s", IMPATIENT
    ),
    Double("spins", deciding("while True:\n    pass"), Termination.DECISION_TIMEOUT, "within 0.05 s", IMPATIENT),
    Double(
        "dawdles",
        deciding("time.sleep(0.02)\nreturn 1", head="import time"),
        Termination.MATCH_TIMEOUT,
        "more than the 0.1 s of a match",
        TimeLimits(decision_s=60, match_s=0.1, start_s=60),
    ),
    Double("ends its process", deciding("import os\nos._exit(3)"), Termination.EXITED, "exit code 3"),
    Double("exits", deciding("import sys\nsys.exit()"), Termination.EXITED, "exit code 0"),
    Double("exits with a word", deciding("raise SystemExit('enough')"), Termination.EXITED, "exit code 1"),
    Double("is interrupted", deciding("raise KeyboardInterrupt"), Termination.EXITED, "exit code 1"),
    Double("exits as it starts", starting("import os; os._exit(4)"), Termination.EXITED, "exit code 4"),
    Double(
        "exits below a thread",
        deciding("threading.Thread(target=time.sleep, args=(3600,)).start()\nexit(5)", head="import threading, time"),
        Termination.EXITED,
        "exit code 5",
    ),
    Double("closes its files", deciding("import os\nos.closerange(3, 256)\nreturn 1"), Termination.EXITED, "ended"),
    Double(
        "writes halves of messages",
        deciding(_GARBLES, head="import os, time"),
        Termination.EXITED,
        "ended",
        TimeLimits(decision_s=30, match_s=600, start_s=60),
    ),
    Double("writes its own answers", deciding(_FLOODS, head="import os"), _ILLEGAL, "answered 1e9"),
)
"""Bots in Python that end their match, and how."""

HARMLESS = {
    "says nothing": STILL,
    "prints megabytes": deciding(
        "print('x' * 10**6)\nprint('x' * 10**6, file=sys.stderr)\nreturn 1", head="import sys"
    ),
    "prints to the descriptors": deciding(
        "os.write(1, b'x' * 10**5)\nos.write(2, b'x' * 10**5)\nsys.__stdout__.write('x')\nreturn 1",
        head="import os, sys",
    ),
    "reads": deciding("return 1 if os.read(0, 1) == b'' and sys.stdin.read() == '' else 9", head="import os, sys"),
    "starts a thread": deciding("threading.Thread(target=len, args=('',)).start()\nreturn 1", head="import threading"),
    "answers an enum": deciding("return Action.STAY", head="import enum\nclass Action(enum.IntEnum):\n    STAY = 1"),
    "answers numpy": deciding("return numpy.int64(1)", head="import numpy"),
}
"""Bots that do odd things and still stand still."""


@dataclass(frozen=True)
class WorkerKiller(PythonPolicy):
    """A bot that ends every process but its owner's when its first match is to begin."""

    owner: int = field(default_factory=os.getpid)

    def __getattribute__(self, name: str) -> object:
        if name == "source" and os.getpid() != object.__getattribute__(self, "owner"):
            os.kill(os.getpid(), signal.SIGKILL)
        return object.__getattribute__(self, name)


@dataclass(frozen=True)
class Unreadable(PythonPolicy):
    """A bot that reaches no other process."""

    def __setstate__(self, state: object) -> None:
        raise AttributeError("this policy cannot be unpickled")


@dataclass(frozen=True)
class Spy(PythonPolicy):
    """A bot that writes to ``report`` what the process is like that it is sent to."""

    report: Path = Path()

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__.update(state)
        seen = {
            "pid": os.getpid(),
            "modules": sorted(sys.modules),
            "environment": {name: os.environ.get(name) for name in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS")},
            "threads": psutil.Process().num_threads(),
            "python_threads": threading.active_count(),
            "ignores_interrupts": signal.getsignal(signal.SIGINT) is signal.SIG_IGN,
        }
        self.report.write_text(json.dumps(seen), encoding="utf-8")


def broken_network() -> DensePolicy:
    """Return a network whose outputs are NaN."""
    weights = np.full((GAME.n_actions, GAME.n_observations), np.nan, np.float32)
    return DensePolicy((weights,), (np.zeros(GAME.n_actions, np.float32),))


def scripted_field() -> tuple[Policy, ...]:
    """Return three scripted bots."""
    return tuple(ScriptedPolicy.of(GAME, bot.name) for bot in GAME.bots[:3])


def matches(count: int, players: int, *, points: int = 1, first_id: int = 0) -> MatchRows:
    """Return ``count`` matches, mixed pairings of ``players`` policies on all seats, each on a seed of its own."""
    number = np.arange(count)
    rows = np.zeros(count, MATCH_DTYPE)
    rows["match_id"] = number + first_id
    rows["left"] = number // 3 % players
    rows["right"] = (number // 3 + number + 1) % players
    rows["seed"] = number * 7919 + 1
    rows["points"] = points
    return rows


def wait_for_end(processes: list[psutil.Process], timeout_s: float = 60.0) -> list[psutil.Process]:
    """Return those of ``processes`` that have not ended after ``timeout_s``; zombies that nobody reaps have ended."""

    def is_running(process: psutil.Process) -> bool:
        with contextlib.suppress(psutil.NoSuchProcess):
            return bool(process.status() != psutil.STATUS_ZOMBIE)
        return False

    _, left = psutil.wait_procs([process for process in processes if is_running(process)], timeout_s)
    return [process for process in left if is_running(process)]
