"""The metrics of a training run as charts: a chart for each group, curves, bands of spread. No drawing here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ai.run_folder import MetricRow
from ai.trainer import MetricSpec
from app.metric_book import Declared, MetricBook, declared, spread_of, title_of

Column: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class Curve:
    """A metric over the steps that have reported it: float64[points] each; ``low`` and ``high`` None without a spread."""

    title: str
    unit: str
    x: Column
    y: Column
    low: Column | None = None
    high: Column | None = None


@dataclass(frozen=True)
class Chart:
    """The curves of one group of metrics; of a stack each is a part of one whole."""

    title: str
    curves: tuple[Curve, ...]
    is_stacked: bool = False

    @property
    def units(self) -> str:
        """The units of the curves, separated by commas."""
        return ", ".join(dict.fromkeys(curve.unit for curve in self.curves if curve.unit))


def charts_of(trainer: str, rows: Sequence[MetricRow], declares: Declared = declared) -> list[Chart]:
    """Return a chart for each group that ``rows`` have values of, in the order in which the trainer declares them.

    A metric ``x_sd`` is the band of ``x`` where both are of one group, and no curve.
    """
    book, columns = MetricBook(declares), _columns(rows)
    specs = {name: book.spec(trainer, name) for name in book.ordered(trainer, columns)}
    found = []
    for group in _groups(book.declared(trainer), specs.values()):
        members = {name: spec for name, spec in specs.items() if spec.group == group}
        names = [name for name in members if spread_of(name) not in members]
        curves = tuple(_curve(name, members, columns) for name in names)
        found.append(Chart(group, curves, is_stacked=all(members[name].is_part for name in names)))
    return found


def _groups(order: Iterable[MetricSpec], reported: Iterable[MetricSpec]) -> list[str]:
    groups = {spec.group for spec in reported}
    known = dict.fromkeys(spec.group for spec in order if spec.group in groups)
    return [*known, *sorted(groups - set(known))]


def _columns(rows: Sequence[MetricRow]) -> dict[str, tuple[Column, Column]]:
    """Return steps and values by metric, float64[points] each."""
    points: dict[str, tuple[list[float], list[float]]] = {}
    for row in rows:
        for name, value in row.all_values.items():
            steps, values = points.setdefault(name, ([], []))
            steps.append(row.step)
            values.append(value)
    return {name: (np.array(steps, float), np.array(values, float)) for name, (steps, values) in points.items()}


def _curve(name: str, members: dict[str, MetricSpec], columns: dict[str, tuple[Column, Column]]) -> Curve:
    spec, (x, y) = members[name], columns[name]
    spread = next((other for other in members if spread_of(other) == name), None)
    if spread is None:
        return Curve(title_of(spec, name), spec.unit, x, y)
    steps, values = columns[spread]
    by = np.full(len(x), np.nan)
    _, here, there = np.intersect1d(x, steps, return_indices=True)
    by[here] = values[there]
    return Curve(title_of(spec, name), spec.unit, x, y, y - by, y + by)
