"""What training runs report, as curves: some runs side by side, the metrics of one group at a time. No Qt."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

import numpy as np

from ai.run_folder import MetricRow
from ai.trainer import FAMILY, MetricSpec
from app.desktop.charts.metrics_file import MetricPart
from app.desktop.charts.model import Axis, ChartModel, Curve, Frame
from app.desktop.charts.series import Column, Series
from app.desktop.charts.slots import Slots
from app.metric_book import Declared, MetricBook, declared, spread_of, title_of
from league.schema import RunRow

MOST_RUNS: Final = 4
"""Runs that are compared at a time."""

_HINT: Final = "Start a run in the Training panel, or choose runs with the button above: what they report grows here."
_WAITING: Final = "No step of the chosen runs is done yet: the first values come in a moment."


class Progress(Enum):
    """What the values are drawn over."""

    STEP = "step"
    SECONDS = "seconds"

    @property
    def axis(self) -> Axis:
        """The axis of it."""
        return Axis("Step") if self is Progress.STEP else Axis("Training time", "s")


@dataclass
class _Metric:
    by_step: Series = field(default_factory=Series)
    by_seconds: Series = field(default_factory=Series)


@dataclass
class _Run:
    row: RunRow
    metrics: dict[str, _Metric] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass
class _Reported:
    """A metric in some rows: which of them have it, and its values there."""

    at: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)


class TrainingChart:
    """Fills ``model`` with the metrics of ``group`` of the chosen runs; ``declares`` says what trainers declare."""

    def __init__(self, declares: Declared = declared) -> None:
        self._book = MetricBook(declares)
        self.model = ChartModel(Frame(Progress.STEP.axis, Axis("Value"), _HINT, can_be_log=True))
        self.over = Progress.STEP
        self.group = ""
        self._runs: dict[str, _Run] = {}
        self._chosen: list[str] = []
        self._slots = Slots()

    @property
    def runs(self) -> list[RunRow]:
        """The league's runs, the newest first."""
        return [run.row for run in reversed(self._runs.values())]

    @property
    def chosen(self) -> tuple[str, ...]:
        """The runs that are shown, in the order they were chosen."""
        return tuple(self._chosen)

    def set_runs(self, rows: Iterable[RunRow]) -> None:
        """Take the league's runs in the order they were created; the newest is chosen while none is."""
        rows = list(rows)
        self._runs = {row.id: self._runs.get(row.id) or _Run(row) for row in rows}
        for row in rows:
            self._runs[row.id].row = row
        self._chosen = [run for run in self._chosen if run in self._runs]
        if not self._chosen and rows:
            self._chosen = [rows[-1].id]
        self._show()

    def choose_only(self, run: str) -> None:
        """Show one run."""
        if run in self._runs and self._chosen != [run]:
            self._chosen = [run]
            self.model.follow()
            self._show()

    def toggle(self, run: str) -> None:
        """Show a run beside the others, or no longer; beyond ``MOST_RUNS`` the one chosen first goes."""
        if run in self._chosen:
            self._chosen.remove(run)
        elif run in self._runs:
            self._chosen = [*self._chosen, run][-MOST_RUNS:]
        self._show()

    def groups(self) -> list[str]:
        """Return the groups of metrics that the chosen runs have reported or declared, in the order of declaration."""
        names: dict[str, None] = {}
        for run in self._shown():
            reported = {self._spec(run, name).group for name in run.metrics}
            groups = [spec.group for spec in self._book.declared(run.row.trainer)]
            names.update(dict.fromkeys(group for group in groups if group in reported or not reported))
            names.update(dict.fromkeys(sorted(reported - set(groups))))
        return list(names)

    def show_group(self, group: str) -> None:
        """Show the metrics of ``group``."""
        self.group = group
        self._show()

    def show_over(self, over: Progress) -> None:
        """Draw over steps, or over seconds of training."""
        if over is not self.over:
            self.over = over
            self.model.follow()
            self._show()

    def explanation(self, key: str) -> str:
        """Return what the metric of a curve means."""
        run, _, name = key.partition("\n")
        return self._spec(self._runs[run], name).explanation if run in self._runs else ""

    def take(self, run: str, part: MetricPart) -> None:
        """Take rows of a run's metrics file."""
        if run not in self._runs:
            return
        known = self._runs[run]
        if part.is_restart:
            known.metrics, known.seconds = {}, 0.0
        if part.rows:
            _enter(known, part.rows)
        if part.rows or part.is_restart:
            self._show()

    def _show(self) -> None:
        groups = self.groups()
        if self.group not in groups and groups:
            self.group = groups[0]
        found = [(run, name) for run in self._shown() for name in self._names(run)]
        specs = [self._spec(run, name) for run, name in found]
        units = {spec.unit for spec in specs}
        hint = _WAITING if self._chosen else _HINT
        y = Axis(self.group or "Value", units.pop() if len(units) == 1 else "")
        is_stacked = len(self._chosen) == 1 and bool(specs) and all(spec.is_part for spec in specs)
        is_numbered = is_stacked and all(_member(name).isdecimal() for _, name in found)
        slots = self._coloured(found, is_numbered=is_numbered)
        families = {spec.name for spec in specs if spec.is_family}
        is_told = len(families) == 1 and not is_numbered  # the group's name says what the only family is about
        self.model.set_frame(Frame(self.over.axis, y, hint, is_stacked=is_stacked, can_be_log=not is_stacked))
        self.model.set_curves(
            Curve(
                _key(run, name),
                self._of_run(run, title_of(spec, name)),
                self._series(run, name),
                slots[_key(run, name)],
                label=self._of_run(run, _member(name)) if is_told and spec.is_family else "",
            )
            for (run, name), spec in zip(found, specs, strict=True)
        )

    def _shown(self) -> list[_Run]:
        return [self._runs[run] for run in self._chosen]

    def _spec(self, run: _Run, name: str) -> MetricSpec:
        return self._book.spec(run.row.trainer, name)

    def _names(self, run: _Run) -> list[str]:
        """Return the metrics of ``run`` that are shown, in their order; a spread is the band of its own metric."""
        names = {name: None for name in run.metrics if self._spec(run, name).group == self.group}
        return self._book.ordered(run.row.trainer, (name for name in names if spread_of(name) not in names))

    def _coloured(self, found: "Sequence[tuple[_Run, str]]", *, is_numbered: bool) -> Mapping[str, int]:
        """Return the slots of curves; parts that are numbers have the slots of their numbers, wherever they are shown."""
        if is_numbered:
            return {_key(run, name): int(_member(name)) for run, name in found}
        return self._slots.assign(_key(run, name) for run, name in found)

    def _series(self, run: _Run, name: str) -> Series:
        metric = run.metrics[name]
        return metric.by_step if self.over is Progress.STEP else metric.by_seconds

    def _of_run(self, run: _Run, title: str) -> str:
        return f"{title}, {run.row.name}" if len(self._chosen) > 1 else title


def _member(name: str) -> str:
    return name.partition(FAMILY)[2]


def _enter(run: _Run, rows: Sequence[MetricRow]) -> None:
    """Add ``rows`` to the curves of ``run``, a column at a time."""
    steps = np.array([row.step for row in rows], float)
    seconds = run.seconds + np.cumsum([row.seconds for row in rows])
    run.seconds = float(seconds[-1])
    columns: dict[str, _Reported] = {}
    for at, row in enumerate(rows):
        for name, value in row.all_values.items():
            column = columns.get(name)
            if column is None:
                column = columns[name] = _Reported()
            column.at.append(at)
            column.values.append(value)
    spreads = {spread_of(name): column for name, column in columns.items()}
    for name, column in columns.items():
        metric = run.metrics.setdefault(name, _Metric())
        values = np.array(column.values)
        low, high = _band(column, values, spreads.get(name))
        metric.by_step.extend(steps[column.at], values, low, high)
        metric.by_seconds.extend(seconds[column.at], values, low, high)


def _band(column: _Reported, values: Column, spread: _Reported | None) -> tuple[Column | None, Column | None]:
    """Return ``values`` less and plus their spread, where there is one."""
    if spread is None:
        return None, None
    known = dict(zip(spread.at, spread.values, strict=True))
    by = np.array([known.get(at, np.nan) for at in column.at])
    return values - by, values + by


def _key(run: _Run, name: str) -> str:
    return f"{run.row.id}\n{name}"
