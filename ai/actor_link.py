"""The line between a learner and one of its actor processes, and the first thing that such a process runs.

Messages are bytes with their length in front, over a pair of sockets: a killed process is the end of the line at once, it holds
no lock that anybody waits for, and what was read from the line is in memory in the order in which it was sent. The learner's end
never blocks: neither a process that is stopped in the middle of a message nor one that does not listen holds the learner up.

It imports nothing heavy, and lies where nothing heavy is imported on the way: numpy must find the thread counts set.
"""

import contextlib
import os
import pickle
import signal
import socket
import struct
import threading
import time
from multiprocessing.connection import wait
from queue import Empty, SimpleQueue
from typing import Final

from game.one_thread import use_one_thread

PING: Final = b"?"
"""What an actor process answers at once with ``ALIVE``, whatever else it is doing."""

ALIVE: Final = b"!"

_LENGTH: Final = struct.Struct("<Q")
_READ_BYTES: Final = 1 << 18
_SEND_S: Final = 0.5
_PARENT_CHECK_S: Final = 0.5


class LearnerEnd:
    """The learner's end; ``socket`` is what to wait for. It raises ``OSError`` or ``EOFError`` where the line has ended."""

    def __init__(self, line: socket.socket) -> None:
        self.socket = line
        self._incoming = bytearray()
        self._outgoing = bytearray()
        line.settimeout(0.0)

    def send(self, content: bytes) -> None:
        """Send ``content``: at once if the other end listens, otherwise what is left goes with ``flush``."""
        is_stuck = bool(self._outgoing)
        self._outgoing += _LENGTH.pack(len(content)) + content
        if is_stuck:
            return
        end = time.monotonic() + _SEND_S
        try:
            while self._outgoing and (left := end - time.monotonic()) > 0.0:
                self.socket.settimeout(left)
                del self._outgoing[: self.socket.send(self._outgoing)]
        except TimeoutError:
            pass
        finally:
            self.socket.settimeout(0.0)

    def flush(self) -> None:
        """Send what can be sent now of what is left."""
        with contextlib.suppress(BlockingIOError):
            while self._outgoing:
                del self._outgoing[: self.socket.send(self._outgoing)]

    def read(self) -> bool:
        """Take in what has come; return whether there was anything."""
        is_any = False
        with contextlib.suppress(BlockingIOError):
            while content := self.socket.recv(_READ_BYTES):
                self._incoming += content
                is_any = True
            raise EOFError
        return is_any

    def messages(self) -> list[bytes]:
        """Return the complete messages among what was taken in."""
        found = []
        at = 0
        while len(self._incoming) >= at + _LENGTH.size:
            end = at + _LENGTH.size + int(_LENGTH.unpack_from(self._incoming, at)[0])
            if len(self._incoming) < end:
                break
            found.append(bytes(memoryview(self._incoming)[at + _LENGTH.size : end]))
            at = end
        del self._incoming[:at]
        return found

    def close(self) -> None:
        """End the line."""
        self.socket.close()


class ActorEnd:
    """The end of the actor process: a thread empties it at all times, answers pings, and ends the process with the line."""

    def __init__(self, line: socket.socket, parent: int) -> None:
        line.settimeout(None)
        self._line = line
        self._parent = parent
        self._sending = threading.Lock()
        self._inbox: SimpleQueue[bytes] = SimpleQueue()
        threading.Thread(target=self._listen, daemon=True, name="inbox").start()

    def send(self, message: object) -> None:
        """Send a message, however long it takes until the learner reads it."""
        self._send(pickle.dumps(message, pickle.HIGHEST_PROTOCOL))

    def receive(self, timeout_s: float | None = None) -> object | None:
        """Return the next message, None if there was none for ``timeout_s``; None waits for ever."""
        try:
            content = self._inbox.get(timeout=timeout_s) if timeout_s != 0.0 else self._inbox.get_nowait()
        except Empty:
            return None
        message: object = pickle.loads(content)  # noqa: S301  # it comes from the parent process
        return message

    def _send(self, content: bytes) -> None:
        with self._sending:
            self._line.sendall(_LENGTH.pack(len(content)) + content)

    def _listen(self) -> None:
        with contextlib.suppress(OSError, EOFError):
            while True:
                content = self._read(int(_LENGTH.unpack(self._read(_LENGTH.size))[0]))
                if content == PING:
                    self._send(ALIVE)
                else:
                    self._inbox.put(content)
        os._exit(0)  # what is still being played, nobody wants

    def _read(self, size: int) -> bytes:
        content = bytearray()
        while len(content) < size:
            while not wait([self._line], _PARENT_CHECK_S):
                if os.getppid() != self._parent:  # another process may hold the parent's end of the line
                    raise EOFError
            part = self._line.recv(min(size - len(content), _READ_BYTES))
            if not part:
                raise EOFError
            content += part
        return bytes(content)


def enter(line: socket.socket, parent: int, kernel_cache: str, setup: bytes) -> None:
    """Set the process up, then serve; see ``ai.dqn.actor_process``."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is the parent's to handle
    use_one_thread()
    os.environ["RALLY_KERNEL_CACHE"] = kernel_cache
    end = ActorEnd(line, parent)
    from ai.dqn.actor_process import serve  # numpy reads the variables above when it is imported

    serve(end, setup)
