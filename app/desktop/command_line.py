"""The command by which a terminal does what a job of the window does. No Qt."""

import os
import shlex
import subprocess
from collections.abc import Sequence
from typing import Final

EVENTS: Final = "--events"
"""The option that makes a command a job."""


def command_line(arguments: Sequence[str], *, is_windows: bool = os.name == "nt") -> str:
    """Return the command that does in the user's own shell what a job with these arguments does."""
    words = ["python", "main.py", *(word for word in arguments if word != EVENTS)]
    return subprocess.list2cmdline(words) if is_windows else shlex.join(words)
