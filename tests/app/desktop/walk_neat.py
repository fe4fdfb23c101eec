"""The part of the walk that evolves a player: from the form to matches that it wins, with everything that is seen on the way."""

from collections.abc import Callable, Iterator
from typing import TypeVar

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QInputDialog, QWidget

from app.desktop.arena.panel import ArenaPanel
from app.desktop.charts.dock import ChartsDock
from app.desktop.league.cross_panel import CrossPanel
from app.desktop.league.new_season import NewSeason
from app.desktop.league.panel import LeaguePanel
from app.desktop.league.table import TableLine
from app.desktop.main_window import MainWindow
from app.desktop.training.card_widget import CardWidget
from app.desktop.training.cards import Phase, RunCard
from app.desktop.training.dock import TrainingDock
from app.desktop.training.run_details import RunDetailsView
from app.desktop.training.run_panel import RunPanel
from tests.app.desktop.walk_until import Until

Panel = TypeVar("Panel", bound=QWidget)

NAME = "darwin"
SMALL = {
    "generations": 16,
    "population": 40,
    "pairs": 2,
    "final_pairs": 3,
    "evaluation_pairs": 5,
    "checkpoint_steps": 5,
}
"""Small enough for a walk, and still enough to beat those who play at random."""
OPPONENTS = ("random", "still")
_LOOK_MS = 30


class NeatWalk:
    """Evolves a player called ``NAME``; ``picture`` leaves a picture of the window."""

    def __init__(self, window: MainWindow, picture: Callable[[str], None]) -> None:
        self._window = window
        self._picture = picture

    def steps(self) -> Iterator[Until]:
        """Train, look, watch, pause, resume, stop, resume, add to the league, play a season."""
        yield from self._begin()
        yield from self._look()
        yield from self._turn()
        yield from self._add()
        yield from self._play()

    def _begin(self) -> Iterator[Until]:
        form = self._training.form
        self._window.desktop.actions.action("new-run").trigger()
        yield Until("NEAT can be chosen", lambda: form.trainer.findText("NEAT") >= 0)
        form.trainer.setCurrentIndex(form.trainer.findText("NEAT"))
        form.use_preset("quick")
        form.name.setText(NAME)
        form.seed.setText("3")
        assert form.fields is not None
        form.fields.set_values(SMALL)
        yield Until("the form of NEAT is right", form.start.isEnabled)
        self._picture("neat_form")
        self._window.bring_up("charts")
        self._window.bring_up("run_details")
        form.start.click()
        yield Until("the population evolves", lambda: self._phase() is Phase.RUNNING and self._step() >= 2)

    def _look(self) -> Iterator[Until]:
        """Charts, species, genome and ancestry, while the run goes on."""
        training = self._panel("charts", ChartsDock).training
        yield Until("species have a chart", lambda: training.group.findText("Species") >= 0)
        training.group.setCurrentIndex(training.group.findText("Species"))
        training.group.activated.emit(training.group.currentIndex())
        yield Until(
            "they are stacked", lambda: training.chart.model.frame.is_stacked and training.view.plot.isVisible()
        )
        yield Until("the run has details", lambda: self._details.tabs.count() >= 3)
        self._show("Species")
        yield Until("the table of species", lambda: "Stagnant" in self._detail_text())
        yield Until("some generations are stacked", lambda: self._step() >= 5)
        self._picture("neat_species")
        self._show("Ancestry")
        yield Until("the line of ancestors", lambda: "the first of the line" in self._detail_text())
        self._show("Genome")
        yield Until("the genome", lambda: "ball x (input)" in self._detail_text())
        before = self._details.heading.full_text()
        yield Until("the next genome by itself", lambda: self._details.heading.full_text() != before)
        self._card.watch.click()
        yield Until("the champion plays while the run goes on", self._is_champion_playing)
        self._picture("neat_running")

    def _turn(self) -> Iterator[Until]:
        """Pause, resume, stop, resume until it is complete."""
        if self._phase() is Phase.RUNNING:
            self._card.turn.click()
            yield Until("NEAT is paused", lambda: self._phase() in (Phase.PAUSED, Phase.COMPLETE))
            self._card.turn.click()
        if self._phase() is not Phase.COMPLETE:
            step = self._step()
            yield Until("NEAT goes on", lambda: self._step() > step or self._phase() is Phase.COMPLETE)
        if self._phase() is Phase.RUNNING:
            self._card.stop.click()
            yield Until("NEAT is stopped", lambda: self._phase() in (Phase.STOPPED, Phase.COMPLETE))
        if self._phase() is Phase.STOPPED:
            yield Until("NEAT can be resumed", self._card.turn.isEnabled)
            self._card.turn.click()
        yield Until("NEAT is complete", lambda: self._phase() is Phase.COMPLETE)
        self._picture("neat_complete")

    def _add(self) -> Iterator[Until]:
        QTimer.singleShot(0, self._window, self._answer_name)
        self._card.add.click()
        yield Until("the evolved champion is in the league", lambda: NAME in self._players())

    def _play(self) -> Iterator[Until]:
        """A short season against players that it has to beat."""
        league = self._panel("league", LeaguePanel)
        self._window.desktop.actions.action("season-new").trigger()
        yield Until("the dialog of its season", lambda: self._dialog() is not None)
        dialog = self._dialog()
        assert dialog is not None
        yield Until("it is among the players", lambda: len(self._ticked(dialog, NAME)) == 1)
        dialog.picker.choose(self._ticked(dialog, NAME, *OPPONENTS))
        dialog.form.set_values({"pairs": 5, "points": 1, "seed": 8})
        dialog.visuals.setChecked(False)
        yield Until("its season can begin", dialog.begin.isEnabled)
        dialog.begin.click()
        yield Until("its season is complete", lambda: self._is_complete(league))
        yield Until("it wins its matches", lambda: self._has_won(league))
        self._window.bring_up("cross_table")
        cross = self._panel("cross_table", CrossPanel)
        yield Until(
            "its cross table", lambda: cross._table is not None and len(cross._table.order) == 1 + len(OPPONENTS)
        )
        self._picture("neat_cross_table")
        self._window.bring_up("arena")

    # The parts of the window

    def _panel(self, name: str, kind: type[Panel]) -> Panel:
        found = self._window.panel(name)
        assert isinstance(found, kind)
        return found

    @property
    def _training(self) -> TrainingDock:
        return self._panel("training", TrainingDock)

    @property
    def _details(self) -> RunDetailsView:
        return self._panel("run_details", RunPanel).view

    @property
    def _run(self) -> RunCard | None:
        return next((card for card in self._training.book.cards() if card.name == NAME), None)

    @property
    def _card(self) -> CardWidget:
        run = self._run
        assert run is not None
        return next(card for card in self._training.cards.widgets() if card.run == run.run)

    def _phase(self) -> Phase | None:
        return None if self._run is None else self._run.phase

    def _step(self) -> int:
        return 0 if self._run is None else self._run.step

    def _show(self, title: str) -> None:
        tabs = self._details.tabs
        tabs.setCurrentIndex(next(at for at in range(tabs.count()) if tabs.tabText(at) == title))

    def _detail_text(self) -> str:
        page = self._details._page()
        return "" if page is None else page.body.as_text()

    def _is_champion_playing(self) -> bool:
        screening = self._panel("arena", ArenaPanel).stage.screening
        return screening is not None and NAME in screening.request.left.name and screening.course.tick > 20

    def _answer_name(self) -> None:
        """Take the name that the dialog offers."""
        dialog = next((each for each in self._window.findChildren(QInputDialog) if each.isVisible()), None)
        if dialog is None:
            QTimer.singleShot(_LOOK_MS, self._window, self._answer_name)
        else:
            dialog.accept()

    def _players(self) -> list[str]:
        model = self._panel("league", LeaguePanel).players.view.model()
        return [str(model.index(row, 0).data()) for row in range(model.rowCount())]

    def _dialog(self) -> NewSeason | None:
        return next((each for each in self._window.findChildren(NewSeason) if each.isVisible()), None)

    def _ticked(self, dialog: NewSeason, *names: str) -> list[str]:
        return [player.hash for player in dialog.picker._players if player.name in names]

    def _is_complete(self, league: LeaguePanel) -> bool:
        controller = league.controller
        is_its = controller.selected is not None and controller.selected.state == "complete"
        return controller.run is None and is_its and len(self._lines(league)) == 1 + len(OPPONENTS)

    def _lines(self, league: LeaguePanel) -> list[TableLine]:
        return [line for line in league.standings.model.rows() if not line.is_person]

    def _has_won(self, league: LeaguePanel) -> bool:
        return any(line.name == NAME and line.wins > line.losses for line in self._lines(league))
