"""The metrics file of a training run, read on from where it was left."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ai.run_folder import MetricRow

MOST_ROWS: Final = 500
"""Rows of one read: reading shares the interpreter with the window."""


@dataclass(frozen=True)
class MetricPart:
    """What a read brought. ``is_restart``: these are the first rows of the file, and those of earlier reads no longer count."""

    rows: tuple[MetricRow, ...]
    is_restart: bool
    has_more: bool


class MetricsTail:
    """Reads the rows that have come since the last read. A file that was cut, or is another one, is read from its start."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._last_step = 0

    def read(self, most: int = MOST_ROWS) -> MetricPart:
        """Return the next ``most`` rows; a line that is not whole yet is left for later, a damaged one ends the file."""
        is_restart = self._offset == 0
        try:
            if self._path.stat().st_size < self._offset:
                return self._again(most)
            rows, has_more = self._next(most)
        except FileNotFoundError:
            self._offset = self._last_step = 0
            return MetricPart((), is_restart=True, has_more=False)
        except (ValueError, TypeError, OSError):
            return MetricPart((), is_restart, has_more=False) if is_restart else self._again(most)
        if rows and not is_restart and rows[0].step != self._last_step + 1:
            return self._again(most)  # it was cut and has grown again
        self._last_step = rows[-1].step if rows else self._last_step
        return MetricPart(tuple(rows), is_restart, has_more)

    def _again(self, most: int) -> MetricPart:
        self._offset = self._last_step = 0
        return self.read(most)

    def _next(self, most: int) -> tuple[list[MetricRow], bool]:
        rows: list[MetricRow] = []
        with self._path.open("rb") as file:
            file.seek(self._offset)
            for line in file:
                if not line.endswith(b"\n"):
                    break
                if len(rows) == most:
                    return rows, True
                try:
                    rows.append(MetricRow(**json.loads(line)))
                except (ValueError, TypeError):
                    if rows or not self._offset:
                        break
                    raise  # not the place where a line begins any more
                self._offset += len(line)
        return rows, False
