"""The lines of the log and which of them are shown. No Qt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Final

MAX_LINES: Final = 5000
"""How many lines a log keeps; the oldest go first."""


class Severity(IntEnum):
    """How much a line matters."""

    INFO = 0
    WARNING = 1
    ERROR = 2

    @property
    def word(self) -> str:
        """The word that is shown."""
        return self.name.lower()


_SEVERITIES: Final[Mapping[str, Severity]] = {
    "debug": Severity.INFO,
    "info": Severity.INFO,
    "warning": Severity.WARNING,
    "error": Severity.ERROR,
    "critical": Severity.ERROR,
}


def severity(level: str) -> Severity:
    """Return the severity of a level by its name, in any case; an unknown one is no reason to lose a line."""
    return _SEVERITIES.get(level.lower(), Severity.INFO)


@dataclass(frozen=True, slots=True)
class LogLine:
    """One message: when, how bad, who said it, what. ``details`` is shown on request."""

    time: datetime
    severity: Severity
    source: str
    text: str
    details: str = ""

    def as_text(self) -> str:
        """Return the line as it is copied and saved, its details indented below it."""
        head = f"{self.time:%Y-%m-%d %H:%M:%S}  {self.severity.word:<7}  {self.source}: {self.text}"
        return "\n".join([head, *(f"    {line}" for line in self.details.splitlines())])


@dataclass(frozen=True, slots=True)
class LogFilter:
    """What a line must be to be shown: at least this bad, with every word somewhere in its source or text."""

    least: Severity = Severity.INFO
    words: str = ""

    def admits(self, line: LogLine) -> bool:
        """Return whether ``line`` is shown."""
        if line.severity < self.least:
            return False
        held = f"{line.source} {line.text}".casefold()
        return all(word in held for word in self.words.casefold().split())


class LogBook:
    """The last ``limit`` lines, and those of them that its filter admits."""

    def __init__(self, limit: int = MAX_LINES) -> None:
        self._limit = limit
        self._filter = LogFilter()
        self._lines: list[LogLine] = []
        self.shown: list[LogLine] = []
        """The lines that the filter admits, oldest first. Read only."""

    def __len__(self) -> int:
        return len(self._lines)

    @property
    def filter(self) -> LogFilter:
        """What a line must be to be shown."""
        return self._filter

    def overflow(self, count: int) -> int:
        """Return how many lines that are shown have to go before ``count`` more come."""
        return sum(self._filter.admits(line) for line in self._lines[: self._excess(count)])

    def make_room(self, count: int) -> None:
        """Drop the oldest lines, so that ``count`` more can come."""
        del self.shown[: self.overflow(count)]
        del self._lines[: self._excess(count)]

    def admitted(self, lines: Sequence[LogLine]) -> int:
        """Return how many of ``lines`` will be shown when they come."""
        return sum(self._filter.admits(line) for line in lines[-self._limit :])

    def add(self, lines: Sequence[LogLine]) -> None:
        """Take lines in, oldest first."""
        new = lines[-self._limit :]
        self.make_room(len(new))
        self._lines += new
        self.shown += [line for line in new if self._filter.admits(line)]

    def choose(self, wanted: LogFilter) -> None:
        """Show what ``wanted`` admits."""
        self._filter = wanted
        self.shown = [line for line in self._lines if wanted.admits(line)]

    def clear(self) -> None:
        """Forget every line."""
        self._lines.clear()
        self.shown = []

    def _excess(self, count: int) -> int:
        return max(0, len(self._lines) + min(count, self._limit) - self._limit)
