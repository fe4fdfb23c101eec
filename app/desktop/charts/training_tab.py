"""What training runs report: read from their files, live while they train."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QComboBox, QMenu, QToolButton, QVBoxLayout, QWidget

from app.desktop.charts.metrics_file import MetricPart, MetricsTail
from app.desktop.charts.pacer import Pacer
from app.desktop.charts.questions import Questions
from app.desktop.charts.training import MOST_RUNS, Progress, TrainingChart
from app.desktop.charts.view import ChartSpec, ChartView
from app.desktop.context import Desktop
from app.session import League
from league.schema import RunRow

_SPEC: Final = ChartSpec("training", "training", (("Everything", None), ("Last 50", 50.0), ("Last 500", 500.0)))
_READ_MS: Final = 400
_LISTED: Final = 30
_CHANGES: Final = frozenset({"run_started", "metrics", "ended"})
_OVER: Final = (("Steps", Progress.STEP), ("Training time", Progress.SECONDS))


@dataclass
class _Feed:
    """The file of one run. It belongs to the reader's thread; here is only noted whether a read is under way."""

    tail: MetricsTail
    is_reading: bool = False
    has_news: bool = True


class TrainingTab(QWidget):
    """Metrics of some runs, a group at a time."""

    def __init__(self, desktop: Desktop, pacer: Pacer) -> None:
        super().__init__()
        self.chart = TrainingChart()
        self.view = ChartView(desktop, _SPEC, self.chart.model, pacer)
        self.group = QComboBox()
        self.runs = QToolButton()
        self._desktop = desktop
        self._questions = Questions(desktop.reader, self)
        self._pacer = pacer
        self._feeds: dict[str, _Feed] = {}
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._read)
        self._arrange()
        self._connect()
        self._ask_runs()

    def _arrange(self) -> None:
        self.group.setAccessibleName("group of metrics")
        self.group.setToolTip("Which metrics are shown.")
        self.over = self.view.controls.add_choice("Over", _OVER, self.show_over)
        self.over[self.chart.over].setChecked(True)
        self.runs.setText("Runs")
        self.runs.setToolTip(f"Choose which runs are shown, up to {MOST_RUNS} side by side.")
        self.runs.setAccessibleName("choose the runs that are shown")
        self.runs.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.runs.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.runs.setMenu(QMenu(self.runs))
        self.runs.menu().aboutToShow.connect(self._list_runs)
        self.view.controls.add_first(self.runs)
        self.view.add_beside(self.group)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.view)

    def _connect(self) -> None:
        hub = self._desktop.hub
        self.group.activated.connect(lambda _: self._show_group())
        hub.runs_changed.connect(self._ask_runs)
        hub.run_selected.connect(self._select)
        hub.closing.connect(self._timer.stop)
        self._desktop.jobs.event.connect(self._take)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802  # Qt's name
        """Read what came while it was hidden."""
        super().showEvent(event)
        self.read_on()

    def _ask_runs(self) -> None:
        self._questions.ask(_run_rows, self._take_runs)

    def _take_runs(self, rows: list[RunRow]) -> None:
        known = {row.id for row in self.chart.runs}
        self.chart.set_runs(rows)
        for row in rows:
            if row.id not in self._feeds:
                self._feeds[row.id] = _Feed(MetricsTail(self._desktop.home.folder / Path(row.folder) / "metrics.jsonl"))
        fresh = [row.id for row in rows if row.id not in known]
        if known and len(fresh) == 1:
            self.chart.choose_only(fresh[0])
        self._news_of(self.chart.chosen)
        self._refresh()

    def _take(self, _job: str, message: Mapping[str, Any]) -> None:
        run = message.get("run")
        if not isinstance(run, str) or message.get("event") not in _CHANGES:
            return
        if run not in self._feeds:
            self._ask_runs()
        self._news_of([run])

    def _select(self, run: str) -> None:
        self.chart.choose_only(run)
        self._news_of([run])
        self._refresh()

    def toggle(self, run: str) -> None:
        """Show a run beside the others, or no longer."""
        self.chart.toggle(run)
        self._news_of([run])
        self._refresh()

    def _news_of(self, runs: "tuple[str, ...] | list[str]") -> None:
        """Note that the files of ``runs`` may have grown."""
        for run in runs:
            if run in self._feeds:
                self._feeds[run].has_news = True
        self.read_on()

    def read_on(self, *, is_behind: bool = False) -> None:
        """Plan to read what has come, if somebody looks; at once where the last read has left something."""
        is_due = any(self._feeds[run].has_news for run in self.chart.chosen if run in self._feeds)
        is_seen = self.isVisible() and not self._pacer.is_resting
        if is_due and is_seen and not self._timer.isActive():
            self._timer.start(0 if is_behind or not self.chart.model.curves else _READ_MS)

    def _read(self) -> None:
        for run in self.chart.chosen:
            feed = self._feeds.get(run)
            if feed is not None and feed.has_news and not feed.is_reading:
                feed.is_reading, feed.has_news = True, False
                self._ask_part(run, feed)

    def _ask_part(self, run: str, feed: _Feed) -> None:
        def answer(part: MetricPart) -> None:
            feed.is_reading = False
            self._take_part(run, part)

        def failed(sentence: str) -> None:
            feed.is_reading = False
            self._desktop.reader.failed.emit(sentence)

        self._questions.ask(lambda _: feed.tail.read(), answer, failed=failed)

    def _take_part(self, run: str, part: MetricPart) -> None:
        self.chart.take(run, part)
        self._refresh()
        if part.has_more:
            self._feeds[run].has_news = True
        self.read_on(is_behind=part.has_more)

    def _refresh(self) -> None:
        groups = self.chart.groups()
        if [self.group.itemText(i) for i in range(self.group.count())] != groups:
            self.group.clear()
            self.group.addItems(groups)
        self.group.setCurrentIndex(self.group.findText(self.chart.group))
        self.group.setVisible(len(groups) > 0)
        self.view.refresh()

    def _show_group(self) -> None:
        self.chart.show_group(self.group.currentText())
        self._refresh()

    def show_over(self, over: Progress) -> None:
        """Draw over steps, or over the seconds of the training."""
        self.chart.show_over(over)
        self._refresh()

    def _list_runs(self) -> None:
        menu = self.runs.menu()
        menu.clear()
        for row in self.chart.runs[:_LISTED]:
            action = menu.addAction(f"{row.name} ({row.trainer}, {row.state})")
            action.setCheckable(True)
            action.setChecked(row.id in self.chart.chosen)
            action.triggered.connect(lambda _=False, run=row.id: self.toggle(run))
        if menu.isEmpty():
            menu.addAction("No run yet: start one in the Training panel").setEnabled(False)


def _run_rows(league: League) -> list[RunRow]:
    return league.store.runs()
