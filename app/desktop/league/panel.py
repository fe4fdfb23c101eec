"""The League dock: the season above, below it standings, players and matches."""

from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent, QPalette
from PySide6.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from app.desktop.context import Desktop
from app.desktop.league.controller import SeasonController
from app.desktop.league.importing import dropped_files
from app.desktop.league.matches_tab import MatchesTab
from app.desktop.league.new_season import open_new_season
from app.desktop.league.players_tab import PlayersTab
from app.desktop.league.roster import Roster
from app.desktop.league.season_card import SeasonCard
from app.desktop.league.standings_tab import StandingsTab


class LeaguePanel(QWidget):
    """Puts the parts together; player files that are dropped anywhere on it are imported."""

    def __init__(self, desktop: Desktop) -> None:
        super().__init__()
        self._desktop = desktop
        self.setAcceptDrops(True)
        self.setMinimumWidth(desktop.theme.px(260))
        self.controller = SeasonController(desktop, self)
        self.roster = Roster(desktop, self)
        self.card = SeasonCard(desktop, self.controller)
        self.standings = StandingsTab(desktop, self.roster)
        self.players = PlayersTab(desktop, self.roster)
        self.matches = MatchesTab(desktop, self.roster)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(self.standings, "Standings")
        self.tabs.addTab(self.players, "Players")
        self.tabs.addTab(self.matches, "Matches")
        line = QWidget()
        line.setFixedHeight(1)
        line.setAutoFillBackground(True)
        line.setBackgroundRole(QPalette.ColorRole.Mid)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.card)
        layout.addWidget(line)
        layout.addWidget(self.tabs, 1)
        self._add_commands()
        self.roster.reload()
        self.controller.reload()

    def _add_commands(self) -> None:
        add, controller = self._desktop.actions.add, self.controller
        dots = "\N{HORIZONTAL ELLIPSIS}"
        add(
            "season-new",
            f"New season{dots}",
            "League",
            lambda: open_new_season(self._desktop, controller, self.window()),
            keys=("Ctrl+N",),
            tip="Choose players and how they meet",
        )
        resume = add("season-resume", "Resume season", "League", controller.resume, tip="Go on with the shown season")
        pause = add("season-pause", "Pause season", "League", controller.pause, tip="Hold the running season")
        stop = add("season-stop", "Stop season after the running matches", "League", controller.stop)
        cancel = add(
            "season-cancel", "Stop season now", "League", controller.cancel, tip="Running matches are played again"
        )

        def fit() -> None:
            resume.setEnabled(controller.can_resume)
            pause.setEnabled(controller.can_pause)
            for action in (stop, cancel):
                action.setEnabled(controller.run is not None)

        controller.changed.connect(fit)
        fit()
        add(
            "season-visuals",
            "Show the season's matches, or stop showing them",
            "League",
            lambda: controller.set_visuals(is_on=not controller.has_visuals),
            tip="Changes how the season is played, never its results",
        )
        add("players-import", f"Import players{dots}", "League", self.players.importing.choose, keys=("Ctrl+I",))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802  # Qt's name
        """Take files."""
        if dropped_files(event):
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:  # noqa: N802  # Qt's name
        """Take files."""
        if dropped_files(event):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802  # Qt's name
        """Import what is dropped."""
        files = dropped_files(event)
        if files:
            event.acceptProposedAction()
            self.tabs.setCurrentWidget(self.players)
            self.players.importing.offer(files)
