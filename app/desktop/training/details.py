"""The details of a run as tables, whatever a trainer reports: it needs no code of its own to be read. No Qt."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from app.desktop.charts.text import number

if TYPE_CHECKING:  # the window paints before these are imported
    from ai.trainer import Detail
    from app.session import League

MAX_ROWS: Final = 500
"""Rows of a table; a run's folder has the rest."""

_MAX_CELL: Final = 200


@dataclass(frozen=True)
class DetailTable:
    """One detail: its title, the step that has reported it, and its cells as texts."""

    title: str
    step: int
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left_out: int = 0
    """Rows that are too many to be shown."""

    def as_text(self) -> str:
        """Return the table as tab separated values, as it is copied."""
        return "\n".join("\t".join(row) for row in (self.head, *self.rows))


def read_details(league: "League", run_id: str) -> list[DetailTable]:
    """Return the newest details of a run, by name; asked in the reader's thread.

    Raises
    ------
    LeagueError
        If there is no such run, or its details cannot be read.
    """
    from ai.runs import Runs

    found = Runs(league.home, league.store).find(run_id).folder.details()
    return [table_of(name, found[name]) for name in sorted(found)]


def table_of(name: str, detail: "Detail") -> DetailTable:
    """Return ``detail`` as a table: an object by key, a list a row an entry, anything else a single cell."""
    head, rows = _cells(detail.value)
    shown = rows[:MAX_ROWS]
    return DetailTable(_titled(name), detail.step, head, tuple(shown), len(rows) - len(shown))


def _cells(value: object) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    if isinstance(value, Mapping):
        return ("Name", "Value"), [(_titled(str(key)), _text(each)) for key, each in value.items()]
    if not isinstance(value, list):
        return ("Value",), [(_text(value),)]
    if value and all(isinstance(each, Mapping) for each in value):
        return _records(value)
    if value and all(isinstance(each, list) for each in value):
        width = max(len(each) for each in value)
        head = tuple(str(column + 1) for column in range(width))
        return head, [_padded([_text(cell) for cell in each], width) for each in value]
    return ("Value",), [(_text(each),) for each in value]


def _records(entries: Sequence[Mapping[str, object]]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return a column for every key that any of ``entries`` has, in the order in which they come up."""
    keys = list(dict.fromkeys(key for entry in entries for key in entry))
    rows = [tuple(_text(entry[key]) if key in entry else "" for key in keys) for entry in entries]
    return tuple(map(_titled, keys)), rows


def _padded(cells: Sequence[str], width: int) -> tuple[str, ...]:
    return (*cells, *[""] * (width - len(cells)))


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return number(value)
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= _MAX_CELL else f"{text[: _MAX_CELL - 1]}\N{HORIZONTAL ELLIPSIS}"


def _titled(name: str) -> str:
    words = name.replace("_", " ")
    return words[:1].upper() + words[1:]
