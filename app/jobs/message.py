"""The lines that jobs and their starters exchange."""

import json
from collections.abc import Mapping
from typing import TypeAlias

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"

Message: TypeAlias = Mapping[str, Json]
"""An event, ``{"event": NAME, ...}``, or a command, ``{"command": NAME, ...}``."""


def encode(message: Message) -> str:
    """Return the line of ``message``, in ASCII; ``ValueError`` if it holds a number that is not finite."""
    return json.dumps(message, allow_nan=False, separators=(",", ":")) + "\n"


def decode(line: str) -> Message | None:
    """Return the message of ``line``; None if it is none."""
    try:
        message = json.loads(line)
    except ValueError:
        return None
    return message if isinstance(message, dict) else None
