"""How much work is done a second, by each season and each run, beside what one process does. No Qt."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np

from app.baseline import Baseline
from app.desktop.charts.model import MOST_CURVES, Axis, ChartModel, Curve, Frame
from app.desktop.charts.series import Series
from app.desktop.charts.slots import Slots

Message: TypeAlias = Mapping[str, Any]

SAMPLE_S: Final = 1.0
"""Between two points of one curve."""

KEPT: Final = 7_200
"""Samples that are kept."""

GAP_S: Final = 15.0
"""Without a sample for so long, a curve is interrupted."""

_RATE: Final = "_per_s"
_STEPS: Final = "steps"
_HINT: Final = "Start a season or a training run: how much they do a second grows here."


@dataclass(frozen=True)
class Sample:
    """A rate of one source at one time: ``value`` of ``measure`` a second at ``time_s`` of the epoch."""

    time_s: float
    source: str
    measure: str
    value: float


class ThroughputChart:
    """Fills ``model`` with one measure: matches, ticks, steps, or whatever else is reported as work a second."""

    def __init__(self) -> None:
        self.measure = "matches"
        self.model = ChartModel(_frame(self.measure))
        self.baseline: Baseline | None = None
        self._samples: deque[Sample] = deque(maxlen=KEPT)
        self._series: dict[tuple[str, str], Series] = {}
        self._steps: dict[str, tuple[float, float]] = {}
        self._slots = Slots()
        self._reference = Series()

    @property
    def samples(self) -> tuple[Sample, ...]:
        """What is kept, the oldest first."""
        return tuple(self._samples)

    def measures(self) -> list[str]:
        """Return what there are rates of."""
        return list(dict.fromkeys(["matches", "ticks", _STEPS, *(measure for measure, _ in self._series)]))

    def show(self, measure: str) -> None:
        """Show another measure."""
        self.measure = measure
        self._show()

    def set_baseline(self, baseline: Baseline | None) -> None:
        """Draw what one process does, where it was measured."""
        self.baseline = baseline
        self._show()

    def set_history(self, samples: Sequence[Sample]) -> None:
        """Take the samples of earlier sessions, which come before all others."""
        newer = list(self._samples)
        self._samples.clear()
        self._series.clear()
        for sample in [*samples, *newer]:
            self._enter(sample)
        self._show()

    def take(self, source: str, message: Message, now_s: float) -> None:
        """Take what a job tells; every field and metric called ``..._per_s`` is a rate."""
        rates: dict[str, object] = {}
        if message.get("event") == "progress":
            rates = {**message}
            self._add_steps(source, message, rates)
        elif message.get("event") == "metrics":
            rates = {**message.get("values", {})}
        found = [
            Sample(now_s, source, name.removesuffix(_RATE), float(value))
            for name, value in rates.items()
            if name.endswith(_RATE) and isinstance(value, int | float)
        ]
        fresh = [sample for sample in found if self._is_fresh(sample)]
        for sample in fresh:
            self._enter(sample)
        if fresh:
            self._show()

    def _add_steps(self, source: str, message: Message, rates: dict[str, object]) -> None:
        """Add the steps a second of a training run since its last sample."""
        if "run" not in message:
            return
        done, seconds = float(message["done"]), float(message["seconds"])
        before = self._steps.get(source)
        if before is None or done < before[0]:
            self._steps[source] = (done, seconds)
        elif done > before[0] and seconds - before[1] >= SAMPLE_S:
            rates[_STEPS + _RATE] = (done - before[0]) / (seconds - before[1])
            self._steps[source] = (done, seconds)

    def _is_fresh(self, sample: Sample) -> bool:
        series = self._series.get((sample.measure, sample.source))
        return series is None or not len(series) or sample.time_s - float(series.x[-1]) >= SAMPLE_S

    def _enter(self, sample: Sample) -> None:
        series = self._series.setdefault((sample.measure, sample.source), Series())
        if len(series) and sample.time_s < series.x[-1]:
            return  # the clock was set back
        if len(series) and sample.time_s - float(series.x[-1]) > GAP_S:
            series.append(float(series.x[-1]), np.nan)
        self._samples.append(sample)
        series.append(sample.time_s, sample.value)

    def _show(self) -> None:
        level = self._level()
        self._reference.clear()
        shown = [(source, series) for (measure, source), series in self._series.items() if measure == self.measure]
        shown = sorted(shown, key=lambda each: -float(each[1].x[-1]))[: MOST_CURVES - 1]
        slots = self._slots.assign(source for source, _ in shown)
        curves = [Curve(source, source, series, slots[source]) for source, series in shown]
        if level is not None:
            self._reference.append(0.0, level)
            curves.append(Curve("\n", "One process", self._reference, MOST_CURVES - 1, is_reference=True))
        self.model.set_frame(_frame(self.measure))
        self.model.set_curves(curves)

    def _level(self) -> float | None:
        if self.baseline is None:
            return None
        return {"matches": self.baseline.matches_per_s, "ticks": self.baseline.ticks_per_s}.get(self.measure)


def _frame(measure: str) -> Frame:
    unit = f"{measure}/s"
    return Frame(Axis("Time", is_clock=True), Axis("Throughput", unit), _HINT, can_be_log=True)
