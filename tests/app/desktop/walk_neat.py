"""The part of the walk that evolves a player: from the form to matches that it wins, with everything that is seen on the way."""

from collections.abc import Callable, Iterator

from app.desktop.charts.dock import ChartsDock
from app.desktop.league.cross_panel import CrossPanel
from app.desktop.league.new_season import NewSeason
from app.desktop.league.panel import LeaguePanel
from app.desktop.league.table import TableLine
from app.desktop.main_window import MainWindow
from app.desktop.training.run_details import RunDetailsView
from app.desktop.training.run_panel import RunPanel
from tests.app.desktop.walk_run import RunWalk
from tests.app.desktop.walk_until import Until

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


class NeatWalk(RunWalk):
    """Evolves a player called ``NAME``; ``picture`` leaves a picture of the window."""

    def __init__(self, window: MainWindow, picture: Callable[[str], None]) -> None:
        super().__init__(window, picture, title="NEAT", name=NAME)

    def steps(self) -> Iterator[Until]:
        """Train, look, watch, pause, resume, stop, resume, add to the league, play a season."""
        self._window.bring_up("charts")
        self._window.bring_up("run_details")
        yield from self.begin(SMALL, seed=3, picture="neat_form")
        yield from self._look()
        yield from self.watch()
        self._picture("neat_running")
        yield from self.turn()
        self._picture("neat_complete")
        yield from self.add()
        yield from self._play()

    def _look(self) -> Iterator[Until]:
        """Charts, species, genome and ancestry, while the run goes on."""
        training = self.panel("charts", ChartsDock).training
        yield from self.show_group("Species")
        yield Until("they are stacked", lambda: training.chart.model.frame.is_stacked)
        yield Until("the run has details", lambda: self._details.tabs.count() >= 3)
        self._show("Species")
        yield Until("the table of species", lambda: "Stagnant" in self._detail_text())
        yield Until("some generations are stacked", lambda: self.step() >= 5)
        self._picture("neat_species")
        self._show("Ancestry")
        yield Until("the line of ancestors", lambda: "the first of the line" in self._detail_text())
        self._show("Genome")
        yield Until("the genome", lambda: "ball x (input)" in self._detail_text())
        before = self._details.heading.full_text()
        yield Until("the next genome by itself", lambda: self._details.heading.full_text() != before)

    def _play(self) -> Iterator[Until]:
        """A short season against players that it has to beat."""
        league = self.panel("league", LeaguePanel)
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
        cross = self.panel("cross_table", CrossPanel)
        yield Until(
            "its cross table", lambda: cross._table is not None and len(cross._table.order) == 1 + len(OPPONENTS)
        )
        self._picture("neat_cross_table")
        self._window.bring_up("arena")

    # The parts of the window

    @property
    def _details(self) -> RunDetailsView:
        return self.panel("run_details", RunPanel).view

    def _show(self, title: str) -> None:
        tabs = self._details.tabs
        tabs.setCurrentIndex(next(at for at in range(tabs.count()) if tabs.tabText(at) == title))

    def _detail_text(self) -> str:
        page = self._details._page()
        return "" if page is None else page.body.as_text()

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
