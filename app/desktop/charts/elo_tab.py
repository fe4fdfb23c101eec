"""The ratings of the selected season: history from the store, new points from the season's job, intervals from fits."""

from collections.abc import Mapping
from typing import Any, Final

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QComboBox, QVBoxLayout, QWidget

from app.desktop.charts.elo import EloChart, Rating
from app.desktop.charts.pacer import Pacer
from app.desktop.charts.questions import Questions
from app.desktop.charts.view import ChartSpec, ChartView
from app.desktop.context import Desktop
from app.desktop.reader import Ticket
from app.session import League
from league.schema import PlayerRow
from league.store import RatingSeries

KIND: Final = "trend"
_SPEC: Final = ChartSpec(
    "elo", "ratings", (("Everything", None), ("Last 100 matches", 100.0), ("Last 1,000 matches", 1000.0))
)
_RATING_KEY: Final = "charts/elo/rating"


class EloTab(QWidget):
    """Ratings over the matches of one season."""

    def __init__(self, desktop: Desktop, pacer: Pacer) -> None:
        super().__init__()
        self.chart = EloChart()
        self.view = ChartView(desktop, _SPEC, self.chart.model, pacer)
        self.rating = QComboBox()
        self._desktop = desktop
        self._questions = Questions(desktop.reader, self)
        self._ticket: Ticket | None = None
        self._matches = 0
        self._trend_job = ""
        self._trend_of = -1
        """The season whose trend was asked for."""
        self._arrange()
        self._connect()
        self._ask_latest()

    def _arrange(self) -> None:
        for rating in Rating:
            self.rating.addItem(rating.title, rating.value)
        self.rating.setAccessibleName("which rating is shown")
        self.rating.setToolTip(
            "The rating that the standings rank by, fitted to all matches so far, with its 95 % interval; or the live "
            "Elo, folded match by match: a trend line without an interval."
        )
        remembered = self._desktop.settings.get(_RATING_KEY, Rating.FITTED.value)
        self.rating.setCurrentIndex(max(self.rating.findData(remembered), 0))
        self.chart.show(Rating(self.rating.currentData()))
        self.view.add_beside(self.rating)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.view)

    def _connect(self) -> None:
        hub, jobs = self._desktop.hub, self._desktop.jobs
        self.rating.currentIndexChanged.connect(self._choose)
        hub.season_selected.connect(self.show_season)
        hub.table_ready.connect(self._take_table)
        hub.player_selected.connect(self._select)
        jobs.event.connect(self._take)
        jobs.ended.connect(self._end)

    def show_season(self, season_id: int) -> None:
        """Show another season; -1 for none."""
        if season_id == self.chart.season_id:
            return
        self.chart.begin(season_id)
        self._matches = 0
        self._cancel_trend()
        if self._ticket is not None:
            self._ticket.cancel()
        if season_id >= 0:
            self._ticket = self._questions.ask(lambda league: _history(league, season_id), self._take_history)
        self.view.refresh()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802  # Qt's name
        """Compute what nobody looked at while it was hidden."""
        super().showEvent(event)
        self._want_trend()

    def _ask_latest(self) -> None:
        """Show the latest season, unless one was selected meanwhile."""

        def answer(season_id: int) -> None:
            if self.chart.season_id < 0:
                self.show_season(season_id)

        self._questions.ask(_latest_season, answer)

    def _take_history(self, found: tuple[list[PlayerRow], RatingSeries, int]) -> None:
        players, history, self._matches = found
        self.chart.set_history(players, history)
        self.view.refresh()
        self._want_trend()

    def _take(self, job: str, message: Mapping[str, Any]) -> None:
        if message.get("event") == "ratings":
            self.chart.take_ratings(message)
        elif message.get("event") == "trend" and job == self._trend_job:
            self.chart.take_trend(message)
        else:
            return
        self.view.refresh()

    def _take_table(self, message: Mapping[str, Any]) -> None:
        self.chart.take_table(message)
        self.view.refresh()

    def _select(self, player: PlayerRow | None) -> None:
        self.chart.select(player)
        self.view.refresh()

    def _choose(self) -> None:
        rating = Rating(self.rating.currentData())
        self._desktop.settings.put(_RATING_KEY, rating.value)
        self.chart.show(rating)
        self.view.refresh()
        self._want_trend()

    def _want_trend(self) -> None:
        """Fit the ratings after parts of the matches, once a season, while somebody looks."""
        season = self.chart.season_id
        is_due = self._trend_of != season and not self._trend_job and self._matches > 0
        if not (is_due and self.isVisible() and self.chart.rating is Rating.FITTED):
            return
        self._trend_of = season
        arguments = ["trend", "--season", str(season), "--home", str(self._desktop.home.folder), "--events"]
        self._trend_job = self._desktop.jobs.start(f"Ratings in the course of season {season}", arguments, KIND)

    def _cancel_trend(self) -> None:
        if self._trend_job:
            self._desktop.jobs.send(self._trend_job, "cancel")
        self._trend_of = -1

    def _end(self, job: str, is_ok: bool, reason: str) -> None:  # noqa: FBT001  # the signal's arguments
        if job != self._trend_job:
            return
        self._trend_job = ""
        if not is_ok and self._trend_of == self.chart.season_id:
            self._desktop.toasts.error(f"The ratings in the course of season {self._trend_of} are missing: {reason}")
        self._want_trend()


def _latest_season(league: League) -> int:
    season = league.store.latest_season()
    return season.id if season is not None else -1


def _history(league: League, season_id: int) -> tuple[list[PlayerRow], RatingSeries, int]:
    store = league.store
    return store.season_players(season_id), store.rating_series(season_id), store.count_matches(season_id)
