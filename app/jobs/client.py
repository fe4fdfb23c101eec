"""The starter's end of the line: one job, a child process, seen from a window or any other program. No Qt here.

A job is never left behind: it stops by itself when its starter is gone, unless it was told to go on (``detach``).
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Final

from app.jobs.event_queue import REPLACEABLE, EventQueue
from app.jobs.message import Json, Message, decode, encode

MAIN: Final = Path(__file__).resolve().parents[2] / "main.py"
MAX_WAITING: Final = 1024
TAIL_LINES: Final = 50

_CRASHED_OUTPUT_S: Final = 2.0
"""Seconds that the pipes of a job that has ended may stay open: what it has started may still hold them."""

_TERMINATE_AFTER: Final = 0.7
"""Share of the time to end in which a job may stop by itself, before it is told to end at once."""

_ERROR: Final = "error: "


class JobClient:
    """One running job. All calls belong to one thread, and none but ``end`` waits."""

    def __init__(self, process: "subprocess.Popen[bytes]", *, clock: Callable[[], float] = time.monotonic) -> None:
        self._process = process
        self._clock = clock
        self._events: EventQueue[Message] = EventQueue(MAX_WAITING)
        self._tail: deque[str] = deque(maxlen=TAIL_LINES)
        self._ended_at: float | None = None
        self._is_detached = False
        self._readers = (
            threading.Thread(target=self._read_events, name=f"events of job {process.pid}", daemon=True),
            threading.Thread(target=self._read_log, name=f"log of job {process.pid}", daemon=True),
        )
        for reader in self._readers:
            reader.start()

    @classmethod
    def start(cls, arguments: Sequence[str]) -> "JobClient":
        """Start ``python main.py`` with ``arguments``, in a session of its own; ``OSError`` if the system refuses it.

        Ctrl+C in the terminal reaches the starter only: what becomes of its jobs is its decision.
        """
        own_group: int = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)  # Windows has no sessions
        process = subprocess.Popen(  # noqa: S603  # this very program
            [sys.executable, "-X", "utf8", str(MAIN), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=sys.platform != "win32",
            creationflags=own_group,
        )
        return cls(process)

    @property
    def pid(self) -> int:
        """The id of the job's process."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether the process runs, or events that it has sent may still come."""
        if self._process.poll() is None:
            return True
        if self._ended_at is None:
            self._ended_at = self._clock()
        is_late = self._clock() - self._ended_at > _CRASHED_OUTPUT_S
        return len(self._events) > 0 or (any(reader.is_alive() for reader in self._readers) and not is_late)

    @property
    def exit_code(self) -> int | None:
        """The exit code; minus the signal's number if one has ended it; None while it runs."""
        return self._process.poll()

    @property
    def detail(self) -> str:
        """The last lines of its log."""
        return "\n".join(list(self._tail))

    @property
    def reason(self) -> str:
        """Why it has ended, in one sentence; "" while it runs or if all went well."""
        code = self.exit_code
        if not code:
            return ""
        if code < 0:
            return _killed(-code)
        errors = [line for line in list(self._tail) if line.lower().startswith(_ERROR)]
        if errors:
            return errors[-1][len(_ERROR) :]
        return f"the job's process has failed (exit code {code}): what it has stored is kept, and its log says more"

    def take(self, budget_s: float = 0.0) -> list[Message]:
        """Return the events that have come, oldest first; no more than ``budget_s`` allows, but at least one."""
        end = self._clock() + budget_s
        taken: list[Message] = []
        while (message := self._events.take()) is not None:
            taken.append(message)
            if self._clock() >= end:
                break
        return taken

    def send(self, command: str, **data: Json) -> None:
        """Send a command; a job that has ended does not hear it."""
        self._write(encode({"command": command, **data}).encode("ascii"))

    def detach(self) -> None:
        """Let the job go on to its end when this process ends; it is not ours any more."""
        self.send("detach")
        self._is_detached = True

    def terminate(self) -> None:
        """Tell the process to end at once; it still saves what it has."""
        if self._process.poll() is None:
            self._process.terminate()

    def kill(self) -> None:
        """End the process and what it has started, now."""
        if self._process.poll() is None:
            if sys.platform != "win32":
                with contextlib.suppress(OSError):
                    os.killpg(self._process.pid, signal.SIGKILL)
            self._process.kill()
        self._process.wait()

    def close(self, timeout_s: float = 0.0) -> None:
        """Let go of a job that has ended; its threads end with its pipes, within ``timeout_s`` before this returns."""
        for reader in self._readers:
            reader.join(timeout_s)
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()

    def end(self, timeout_s: float) -> None:
        """End the job within ``timeout_s``: it may stop by itself, is then told to end at once, and is killed at last.

        A detached job is left alone.
        """
        if self._is_detached:
            return
        self.send("stop")
        for share, escalate in ((_TERMINATE_AFTER, self.terminate), (1.0 - _TERMINATE_AFTER, self.kill)):
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(share * timeout_s)
                break
            escalate()
        self.close(_CRASHED_OUTPUT_S)

    def _write(self, line: bytes) -> None:
        with contextlib.suppress(OSError, ValueError):  # its end of the pipe is closed, or ours
            if self._process.stdin is not None:
                self._process.stdin.write(line)
                self._process.stdin.flush()

    def _read_events(self) -> None:
        for line in _lines(self._process.stdout):
            message = decode(line)
            if message is not None and "event" in message:  # anything else some library has printed
                self._events.put(message, is_replaceable=message["event"] in REPLACEABLE)

    def _read_log(self) -> None:
        for line in _lines(self._process.stderr):
            if line.strip():
                self._tail.append(line.rstrip())


def _lines(pipe: IO[bytes] | None) -> Iterator[str]:
    assert pipe is not None  # noqa: S101  # start has made it
    with contextlib.suppress(OSError, ValueError), pipe:
        for line in pipe:
            yield line.decode("utf-8", errors="replace")


def _killed(number: int) -> str:
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    hint = ", perhaps for want of memory" if name == "SIGKILL" else ""
    return f"the job's process was killed ({name}){hint}: what it has stored is kept, and it can go on"
