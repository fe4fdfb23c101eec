"""What the walks with a training run share: from the form to a complete run, and its champion in the league."""

from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QInputDialog, QWidget

from app.desktop.arena.panel import ArenaPanel
from app.desktop.charts.dock import ChartsDock
from app.desktop.league.panel import LeaguePanel
from app.desktop.main_window import MainWindow
from app.desktop.training.card_widget import CardWidget
from app.desktop.training.cards import Phase, RunCard
from app.desktop.training.dock import TrainingDock
from tests.app.desktop.walk_until import Until

Panel = TypeVar("Panel", bound=QWidget)

_LOOK_MS = 30


class RunWalk:
    """The run called ``name`` of the trainer with ``title``; ``picture`` leaves a picture of the window."""

    def __init__(self, window: MainWindow, picture: Callable[[str], None], *, title: str, name: str) -> None:
        self._window = window
        self._picture = picture
        self._title = title
        self._name = name

    # Steps

    def begin(self, fields: Mapping[str, object], seed: int, picture: str = "") -> Iterator[Until]:
        """Start the run: the quick preset with ``fields`` in place of its own."""
        form = self.training.form
        self._window.desktop.actions.action("new-run").trigger()
        yield Until(f"{self._title} can be chosen", lambda: form.trainer.findText(self._title) >= 0)
        form.trainer.setCurrentIndex(form.trainer.findText(self._title))
        form.use_preset("quick")
        form.name.setText(self._name)
        form.seed.setText(str(seed))
        assert form.fields is not None
        form.fields.set_values(fields)
        yield Until(f"the form of {self._name} is right", form.start.isEnabled)
        if picture:
            self._picture(picture)
        form.start.click()
        yield Until(f"{self._name} trains", lambda: self.phase() is Phase.RUNNING and self.step() >= 2)

    def show_group(self, group: str) -> Iterator[Until]:
        """Look at the chart of a group of metrics."""
        training = self.panel("charts", ChartsDock).training
        yield Until(f"{group} has a chart", lambda: training.group.findText(group) >= 0)
        training.group.setCurrentIndex(training.group.findText(group))
        training.group.activated.emit(training.group.currentIndex())
        yield Until(f"{group} is drawn", lambda: training.view.plot.isVisible() and not training.chart.model.is_empty)

    def watch(self) -> Iterator[Until]:
        """Put the champion into the arena."""
        self.card.watch.click()
        yield Until(f"the champion of {self._name} plays", self.is_champion_playing)

    def turn(self) -> Iterator[Until]:
        """Pause, resume, stop, resume until it is complete; what is complete already is left alone."""
        if self.phase() is Phase.RUNNING:
            self.card.turn.click()
            yield Until(f"{self._name} is paused", lambda: self.phase() in (Phase.PAUSED, Phase.COMPLETE))
            self.card.turn.click()
        if self.phase() is not Phase.COMPLETE:
            step = self.step()
            yield Until(f"{self._name} goes on", lambda: self.step() > step or self.phase() is Phase.COMPLETE)
        if self.phase() is Phase.RUNNING:
            self.card.stop.click()
            yield Until(f"{self._name} is stopped", lambda: self.phase() in (Phase.STOPPED, Phase.COMPLETE))
        if self.phase() is Phase.STOPPED:
            yield Until(f"{self._name} can be resumed", self.card.turn.isEnabled)
            self.card.turn.click()
        yield Until(f"{self._name} is complete", lambda: self.phase() is Phase.COMPLETE)

    def add(self) -> Iterator[Until]:
        """Bring the champion into the league, by the name that is offered."""
        QTimer.singleShot(0, self._window, self._answer_name)
        self.card.add.click()
        yield Until(f"{self._name} is in the league", lambda: self._name in self._players())

    # The parts of the window

    def panel(self, name: str, kind: type[Panel]) -> Panel:
        found = self._window.panel(name)
        assert isinstance(found, kind)
        return found

    @property
    def training(self) -> TrainingDock:
        return self.panel("training", TrainingDock)

    @property
    def arena(self) -> ArenaPanel:
        return self.panel("arena", ArenaPanel)

    @property
    def card(self) -> CardWidget:
        run = self._run
        assert run is not None
        return next(card for card in self.training.cards.widgets() if card.run == run.run)

    def phase(self) -> Phase | None:
        return None if self._run is None else self._run.phase

    def step(self) -> int:
        return 0 if self._run is None else self._run.step

    def is_champion_playing(self) -> bool:
        screening = self.arena.stage.screening
        return screening is not None and self._name in screening.request.left.name and screening.course.tick > 20

    @property
    def _run(self) -> RunCard | None:
        return next((card for card in self.training.book.cards() if card.name == self._name), None)

    def _answer_name(self) -> None:
        """Take the name that the dialog offers."""
        dialog = next((each for each in self._window.findChildren(QInputDialog) if each.isVisible()), None)
        if dialog is None:
            QTimer.singleShot(_LOOK_MS, self._window, self._answer_name)
        else:
            dialog.accept()

    def _players(self) -> list[str]:
        model = self.panel("league", LeaguePanel).players.view.model()
        return [str(model.index(row, 0).data()) for row in range(model.rowCount())]
