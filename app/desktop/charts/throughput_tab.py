"""How much the running seasons and trainings do a second."""

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QComboBox, QSizePolicy, QVBoxLayout, QWidget

from app.baseline import Baseline, read_baseline
from app.desktop.charts.archive import read_samples, write_samples
from app.desktop.charts.pacer import Pacer
from app.desktop.charts.questions import Questions
from app.desktop.charts.throughput import Sample, ThroughputChart
from app.desktop.charts.view import ChartSpec, ChartView
from app.desktop.context import Desktop
from app.desktop.toasts import Level
from app.desktop.widgets import IconButton
from app.session import League

KIND: Final = "baseline"
_MINUTE_S: Final = 60.0
_SPEC: Final = ChartSpec(
    "throughput",
    "throughput",
    (
        ("Last 5 minutes", 5 * _MINUTE_S),
        ("Last minute", _MINUTE_S),
        ("Last hour", 60 * _MINUTE_S),
        ("Everything", None),
    ),
)
_SAVE_MS: Final = 30_000

WallClock = Callable[[], float]


class ThroughputTab(QWidget):
    """Rates of all jobs of this window, beside the sequential baseline."""

    def __init__(self, desktop: Desktop, pacer: Pacer, wall_clock: WallClock = time.time) -> None:
        super().__init__()
        self.chart = ThroughputChart()
        self.view = ChartView(desktop, _SPEC, self.chart.model, pacer)
        self.measure = QComboBox()
        self.baseline = IconButton(desktop.theme, "flag", "", self.measure_baseline)
        self._desktop = desktop
        self._questions = Questions(desktop.reader, self)
        self._wall_clock = wall_clock
        self._job = ""
        self._saved = 0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.save)
        self._arrange()
        self._connect()
        self._questions.ask(_kept, self._take_kept)

    def _arrange(self) -> None:
        self.measure.setAccessibleName("what is counted")
        self.measure.setToolTip("What is counted a second.")
        self.measure.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.view.add_beside(self.measure)
        self.view.controls.add_first(self.baseline)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.view)
        self._refresh()

    def _connect(self) -> None:
        jobs = self._desktop.jobs
        self.measure.activated.connect(lambda _: self._show_measure())
        jobs.event.connect(self._take)
        jobs.ended.connect(self._end)
        self._desktop.hub.closing.connect(self._close)

    def measure_baseline(self) -> None:
        """Start a job that measures what one process does."""
        if self._job:
            return
        if self._desktop.jobs.running():
            self._desktop.toasts.show(
                "The sequential baseline needs the machine for itself: measure it when nothing is running.",
                Level.WARNING,
            )
            return
        arguments = ["baseline", "--home", str(self._desktop.home.folder), "--events"]
        self._job = self._desktop.jobs.start("Sequential baseline", arguments, KIND)
        self._refresh()

    def save(self) -> None:
        """Keep what was measured since the last time, in the reader's thread."""
        samples = self.chart.samples
        home = self._desktop.home
        self._desktop.reader.ask(lambda _: write_samples(home, samples), lambda _: None)

    def _close(self) -> None:
        if self._timer.isActive():
            self._timer.stop()
            self.save()

    def _take_kept(self, kept: tuple[Baseline | None, list[Sample]]) -> None:
        baseline, samples = kept
        self.chart.set_history(samples)
        self.chart.set_baseline(baseline)
        self._refresh()

    def _take(self, job: str, message: Mapping[str, Any]) -> None:
        if job == self._job and message.get("event") == "baseline":
            fields = {name: value for name, value in message.items() if name != "event"}
            self.chart.set_baseline(Baseline(**fields))
            self._refresh()
            return
        before = len(self.chart.samples), self.chart.samples[-1:]
        self.chart.take(_source(message), message, self._wall_clock())
        if (len(self.chart.samples), self.chart.samples[-1:]) != before:
            self._refresh()
            if not self._timer.isActive():
                self._timer.start(_SAVE_MS)

    def _end(self, job: str, is_ok: bool, reason: str) -> None:  # noqa: FBT001  # the signal's arguments
        if job == self._job:
            self._job = ""
            if not is_ok:
                self._desktop.toasts.error(f"The sequential baseline was not measured: {reason}")
            self._refresh()

    def _show_measure(self) -> None:
        self.chart.show(self.measure.currentData())
        self.view.refresh()

    def _refresh(self) -> None:
        measures = self.chart.measures()
        if [self.measure.itemData(i) for i in range(self.measure.count())] != measures:
            self.measure.clear()
            for measure in measures:
                self.measure.addItem(f"{measure.replace('_', ' ').capitalize()} a second", measure)
        self.measure.setCurrentIndex(self.measure.findData(self.chart.measure))
        self.baseline.setEnabled(not self._job)
        self.baseline.set_tip(_baseline_tip(self.chart.baseline))
        self.view.refresh()


def _source(message: Mapping[str, Any]) -> str:
    """Return what a message is about, as a curve is called."""
    if "season" in message:
        return f"Season {message['season']}"
    return str(message.get("run", ""))


def _baseline_tip(baseline: Baseline | None) -> str:
    """Return what is known of the baseline, and what the button does."""
    if baseline is None:
        return "Measure the sequential baseline: what one process does alone (takes some seconds)"
    when = datetime.fromisoformat(baseline.measured).strftime("%Y-%m-%d %H:%M")
    return (
        f"Sequential baseline: {baseline.matches_per_s:,.0f} matches/s, {baseline.ticks_per_s:,.0f} ticks/s, "
        f"measured {when}. Click to measure it again"
    )


def _kept(league: League) -> tuple[Baseline | None, list[Sample]]:
    return read_baseline(league.home), read_samples(league.home)
