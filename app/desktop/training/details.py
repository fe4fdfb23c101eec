"""The details of a run: read from its folder, and as plain tables, whatever a trainer reports. No Qt."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from app.desktop.charts.text import number

if TYPE_CHECKING:  # the window paints before these are imported
    from ai.run_folder import RunFolder
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


@dataclass(frozen=True)
class RunDetails:
    """What a run has reported: its name, what a step of it is called, the newest details by name, and the file's time."""

    name: str = ""
    step_unit: str = "steps"
    details: "Mapping[str, Detail]" = field(default_factory=dict)
    stamp: int = 0


def read_details(league: "League", run_id: str, stamp: int | None = None) -> RunDetails | None:
    """Return what a run has reported; None if its file is still that of ``stamp``. Asked in the reader's thread.

    Raises
    ------
    LeagueError
        If there is no such run, or its details cannot be read.
    """
    from ai.errors import TrainingError
    from ai.runs import Runs
    from ai.trainer import trainer

    run = Runs(league.home, league.store).find(run_id)
    found = _stamp(run.folder)
    if found == stamp:
        return None
    try:
        unit = trainer(run.manifest.trainer).step_unit
    except TrainingError:  # a run of a trainer that this program does not have
        unit = RunDetails.step_unit
    return RunDetails(run.manifest.name, unit, run.folder.details(), found)


def _stamp(folder: "RunFolder") -> int:
    """Return when the file of the details was written, in nanoseconds; 0 while there is none."""
    try:
        return (folder.path / "details.json").stat().st_mtime_ns
    except OSError:
        return 0


def table_of(name: str, detail: "Detail") -> DetailTable:
    """Return ``detail`` as a table: an object by key, a list a row an entry, anything else a single cell."""
    head, rows = _cells(detail.value)
    shown = rows[:MAX_ROWS]
    return DetailTable(titled(name), detail.step, head, tuple(shown), len(rows) - len(shown))


def _cells(value: object) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    if isinstance(value, Mapping):
        return ("Name", "Value"), [(titled(str(key)), cell_text(each)) for key, each in value.items()]
    if not isinstance(value, list):
        return ("Value",), [(cell_text(value),)]
    if value and all(isinstance(each, Mapping) for each in value):
        return _records(value)
    if value and all(isinstance(each, list) for each in value):
        width = max(len(each) for each in value)
        head = tuple(str(column + 1) for column in range(width))
        return head, [_padded([cell_text(cell) for cell in each], width) for each in value]
    return ("Value",), [(cell_text(each),) for each in value]


def _records(entries: Sequence[Mapping[str, object]]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return a column for every key that any of ``entries`` has, in the order in which they come up."""
    keys = list(dict.fromkeys(key for entry in entries for key in entry))
    rows = [tuple(cell_text(entry[key]) if key in entry else "" for key in keys) for entry in entries]
    return tuple(map(titled, keys)), rows


def _padded(cells: Sequence[str], width: int) -> tuple[str, ...]:
    return (*cells, *[""] * (width - len(cells)))


def cell_text(value: object) -> str:
    """Return a value of JSON as a cell shows it, cut where it is long."""
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


def titled(name: str) -> str:
    """Return a name of the program as words for people."""
    words = name.replace("_", " ")
    return words[:1].upper() + words[1:]
