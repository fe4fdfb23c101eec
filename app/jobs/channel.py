"""The job's end of the line: events go out on stdout, commands come in on stdin, one JSON object a line.

A command is ``{"command": NAME, ...}``. ``pause``, ``resume``, ``stop`` (after what is running) and ``cancel`` (at once)
act on ``control``; ``detach`` lets the job go on when its starter ends; every other one waits for ``take_commands``. The
end of stdin means that the starter is gone, however it ended: a job that is not detached then stops.
"""

import contextlib
import json
import sys
import threading
from collections.abc import Mapping
from queue import Empty, SimpleQueue
from typing import Final, TextIO, TypeAlias

from game.executors.base import RunControl, RunState

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"
Message: TypeAlias = Mapping[str, Json]

_STATES: Final = {
    "pause": RunState.PAUSED,
    "resume": RunState.RUNNING,
    "stop": RunState.STOPPING,
    "cancel": RunState.CANCELLED,
}


class Channel:
    """Events out, commands in. Safe to use from several threads."""

    def __init__(
        self, commands: TextIO | None = None, events: TextIO | None = None, control: RunControl | None = None
    ) -> None:
        self.control = control or RunControl()
        self._commands = commands or sys.stdin
        self._events = events or sys.stdout
        self._waiting: SimpleQueue[Message] = SimpleQueue()
        self._arrived = threading.Event()
        self._lock = threading.Lock()
        self._is_detached = False
        self._has_listener = True

    def start(self) -> None:
        """Begin to read commands, in a daemon thread."""
        threading.Thread(target=self._listen, name="commands", daemon=True).start()

    def send(self, event: str, **data: Json) -> None:
        """Write one event; when nobody listens any more, it is lost."""
        line = json.dumps({"event": event, **data}, allow_nan=False, separators=(",", ":"))
        with self._lock:
            if not self._has_listener:
                return
            try:
                self._events.write(line + "\n")
                self._events.flush()
            except (OSError, ValueError):  # the reader is gone, or stdout is closed
                self._has_listener = False

    def take_commands(self) -> list[Message]:
        """Return the commands that have come and are not about ``control``, oldest first."""
        self._arrived.clear()
        taken: list[Message] = []
        with contextlib.suppress(Empty):
            while True:
                taken.append(self._waiting.get_nowait())
        return taken

    def wait(self, timeout_s: float) -> bool:
        """Return whether a command is there, or has come within ``timeout_s``."""
        return self._arrived.wait(timeout_s)

    def _listen(self) -> None:
        for line in self._commands:
            with contextlib.suppress(ValueError):  # a line that is no JSON is nobody's command
                self._take(json.loads(line))
        if not self._is_detached:
            self.control.set(RunState.STOPPING)
        self._arrived.set()

    def _take(self, message: object) -> None:
        if not isinstance(message, dict):
            return
        name = message.get("command")
        if name in _STATES:
            self.control.set(_STATES[name])
        elif name == "detach":
            self._is_detached = True
        else:
            self._waiting.put(message)
        self._arrived.set()
