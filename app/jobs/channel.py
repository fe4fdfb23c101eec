"""The job's end of the line: events go out on stdout, commands come in on stdin, one JSON object a line.

A command is ``{"command": NAME, ...}``. ``pause``, ``resume``, ``stop`` (after what is running) and ``cancel`` (at once)
act on ``control``; ``detach`` lets the job go on when its starter ends; every other one waits for ``take_commands``. The
end of stdin means that the starter is gone, however it ended: a job that is not detached then stops, and one that is
goes on even if it was paused.
"""

import atexit
import contextlib
import logging
import os
import sys
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Final, TextIO, TypeAlias, cast

from app.jobs.event_queue import REPLACEABLE, EventQueue
from app.jobs.message import Json, Message, decode, encode
from game.executors.base import RunControl, RunState

logger = logging.getLogger(__name__)

CommandHandler: TypeAlias = Callable[[Message], None]

_STATES: Final = {
    "pause": RunState.PAUSED,
    "resume": RunState.RUNNING,
    "stop": RunState.STOPPING,
    "cancel": RunState.CANCELLED,
}
_WAITING_EVENTS: Final = 256
_FLUSH_S: Final = 2.0


class Channel:
    """Events out, commands in. A context manager, safe to use from several threads.

    A thread of its own writes, so that a reader that is slow or stands still never holds up the work; of ``progress`` and
    ``ratings`` it then misses the older ones.
    """

    def __init__(
        self, commands: TextIO | None = None, events: TextIO | None = None, control: RunControl | None = None
    ) -> None:
        self.control = control or RunControl()
        self._commands = _own_file(sys.stdin, "r") if commands is None else contextlib.nullcontext(commands)
        self._events = _own_file(sys.stdout, "w") if events is None else contextlib.nullcontext(events)
        self._waiting: SimpleQueue[Message] = SimpleQueue()
        self._arrived = threading.Event()
        self._handler: CommandHandler | None = None
        self._handing = threading.Lock()
        self._is_detached = False
        self._is_open = True
        self._outgoing: EventQueue[str] = EventQueue(_WAITING_EVENTS)
        self._writer = threading.Thread(target=self._write, name="events", daemon=True)
        self._writer.start()
        atexit.register(self.close)

    def __enter__(self) -> "Channel":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def is_open(self) -> bool:
        """Whether commands can still come."""
        return self._is_open

    def start(self) -> None:
        """Begin to read commands, in a daemon thread."""
        threading.Thread(target=self._listen, name="commands", daemon=True).start()

    def hand_commands_to(self, handler: CommandHandler) -> None:
        """Have ``handler`` told of every command as it comes, in the thread that reads them, and at once of those that wait.

        It is told of those about ``control`` and of ``detach``, too, once they have acted.
        """
        with self._handing:
            self._handler = handler
            for message in self.take_commands():
                handler(message)
            if self._is_detached:
                handler({"command": "detach"})

    def send(self, event: str, **data: Json) -> None:
        """Send one event, without waiting for its reader; when nobody listens any more, it is lost."""
        self._outgoing.put(encode({"event": event, **data}), is_replaceable=event in REPLACEABLE)

    def close(self, timeout_s: float = _FLUSH_S) -> None:
        """Write what has been sent, for at most ``timeout_s``; what is sent later is lost."""
        atexit.unregister(self.close)
        self._outgoing.close()
        self._writer.join(timeout_s)

    def take_commands(self) -> list[Message]:
        """Return the commands that have come and are not about ``control``, oldest first."""
        self._arrived.clear()
        taken: list[Message] = []
        with contextlib.suppress(Empty):
            while True:
                taken.append(self._waiting.get_nowait())
        return taken

    def wait(self, timeout_s: float | None) -> bool:
        """Return whether a command is there, or has come within ``timeout_s`` (None waits); also at the end of stdin."""
        return self._arrived.wait(timeout_s)

    def _write(self) -> None:
        with (
            contextlib.suppress(OSError, ValueError),
            self._events as events,
        ):  # its reader may be gone: the rest is lost
            while (line := self._outgoing.take(None)) is not None:
                events.write(line)
                events.flush()
        self._outgoing.close()

    def _listen(self) -> None:
        with contextlib.suppress(OSError, ValueError), self._commands as commands:  # unreadable is as good as ended
            for line in commands:
                self._take(line)
        self._is_open = False
        if not self._is_detached:
            self.control.set(RunState.STOPPING)
        elif self.control.state is RunState.PAUSED:
            self.control.set(RunState.RUNNING)  # nobody is left who could resume it
        self._arrived.set()

    def _take(self, line: str) -> None:
        message = decode(line)
        if message is None:  # nobody's command
            return
        name = message.get("command")
        if isinstance(name, str) and name in _STATES:
            self.control.set(_STATES[name])
        with self._handing:
            self._is_detached |= name == "detach"
            if self._handler is not None:
                self._hand_over(message, self._handler)
            elif name not in _STATES and name != "detach":
                self._waiting.put(message)
        self._arrived.set()

    def _hand_over(self, message: Message, handler: CommandHandler) -> None:
        try:
            handler(message)
        except Exception:  # a border: the listener must live to see the end of stdin
            logger.exception("the command %s failed", message)


def _own_file(stream: TextIO | None, mode: str) -> TextIO:
    """Open the file behind ``stream`` again, in UTF-8.

    A daemon thread that is inside ``sys.stdin`` or ``sys.stdout`` when the program ends would take the interpreter down.
    """
    try:
        descriptor = os.dup(stream.fileno()) if stream is not None else os.open(os.devnull, os.O_RDWR)
    except (OSError, ValueError):  # closed, or not a file at all
        descriptor = os.open(os.devnull, os.O_RDWR)
    return cast("TextIO", os.fdopen(descriptor, mode, encoding="utf-8", errors="replace"))
