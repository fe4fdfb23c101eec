"""The season above the tables: which one, what it does, and everything that can be done with it."""

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QMenu,
    QProgressBar,
    QSizePolicy,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.desktop.context import Desktop
from app.desktop.league.controller import SeasonController
from app.desktop.league.new_season import open_new_season
from app.desktop.league.season_run import SeasonRun, season_label, season_sentence
from app.desktop.league.words import count
from app.desktop.widgets import IconButton, quiet_label

_FULL = 1000
NO_SEASONS = "No season is stored yet. New season lets the players of the league meet."


class SeasonCard(QWidget):
    """Shows the controller's season and sends it what the user wants."""

    def __init__(self, desktop: Desktop, controller: SeasonController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desktop = desktop
        self._controller = controller
        self._make_top()
        self._make_state()
        self._make_controls()
        layout = QVBoxLayout(self)
        margin = desktop.theme.px(8)
        layout.setContentsMargins(margin, margin, margin, margin)
        layout.setSpacing(desktop.theme.px(6))
        layout.addLayout(self._top)
        layout.addWidget(self.sentence)
        layout.addWidget(self.bar)
        layout.addWidget(self.numbers)
        layout.addLayout(self._controls)
        layout.addLayout(self._playing)
        controller.seasons_read.connect(self._fill)
        controller.changed.connect(self._show)
        desktop.reader.ask(lambda _league: _cores(), self._set_cores)
        self._show()

    def _make_top(self) -> None:
        self.seasons = QComboBox()
        self.seasons.setObjectName("seasons")
        self.seasons.setAccessibleName("Season shown")
        self.seasons.setToolTip("The season that tables and charts show")
        self.seasons.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.seasons.activated.connect(lambda _: self._controller.select(self.seasons.currentData()))
        self.new = IconButton(
            self._desktop.theme,
            "plus",
            "New season: choose players and how they meet",
            lambda: open_new_season(self._desktop, self._controller, self.window()),
            text="New",
        )
        self.new.setObjectName("new_season")
        self._top = QHBoxLayout()
        self._top.addWidget(self.seasons, 1)
        self._top.addWidget(self.new)

    def _make_state(self) -> None:
        self.sentence = QLabel()
        self.sentence.setObjectName("season_state")
        self.sentence.setWordWrap(True)
        self.bar = QProgressBar()
        self.bar.setRange(0, _FULL)
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(self._desktop.theme.px(8))
        self.bar.setAccessibleName("Progress of the season")
        self.numbers = quiet_label(is_wrapped=True)
        self.numbers.setObjectName("season_numbers")

    def _make_controls(self) -> None:
        theme, controller = self._desktop.theme, self._controller
        self.go = IconButton(theme, "play", "Go on with this season", self._toggle, text="Resume")
        self.go.setObjectName("season_go")
        self.end = IconButton(theme, "stop", "Stop after the running matches", controller.stop, text="Stop")
        self.end.setObjectName("season_stop")
        self.end.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
        menu = QMenu(self.end)
        menu.addAction("Stop after the running matches", controller.stop)
        menu.addAction("Stop now (running matches are played again)", controller.cancel).setObjectName("stop_now")
        self.end.setMenu(menu)
        self.visuals = QCheckBox("Show matches")
        self.visuals.setObjectName("visuals")
        self.visuals.setToolTip(
            "On: the season's matches are shown in the arena one after another. "
            "Off: all workers play at full speed. The results are the same."
        )
        self.visuals.toggled.connect(lambda is_on: controller.set_visuals(is_on=is_on))
        self.workers = QSlider(Qt.Orientation.Horizontal)
        self.workers.setObjectName("workers")
        self.workers.setAccessibleName("Workers")
        self.workers.setToolTip("How many processes play at the same time; acts at once")
        self.workers.setPageStep(1)
        self.workers.setRange(1, 1)
        self.workers.valueChanged.connect(self._choose_workers)
        self.workers_text = quiet_label()
        self._controls = QHBoxLayout()
        self._controls.addWidget(self.go)
        self._controls.addWidget(self.end)
        self._controls.addStretch(1)
        self._controls.addWidget(self.workers_text)
        self._playing = QHBoxLayout()
        self._playing.addWidget(self.visuals)
        self._playing.addStretch(1)
        self._playing.addWidget(self.workers, 2)

    def _set_cores(self, cores: tuple[int, int]) -> None:
        most, default = cores
        with QSignalBlocker(self.workers):
            self.workers.setRange(1, most)
            self.workers.setValue(min(self._controller.workers or default, most))
        self.workers.setEnabled(most > 1)
        self._tell_workers()

    def _choose_workers(self, workers: int) -> None:
        self._controller.set_workers(workers)
        self._tell_workers()

    def _tell_workers(self) -> None:
        self.workers_text.setText(f"{count(self.workers.value(), 'worker')} of {self.workers.maximum()}")

    def _toggle(self) -> None:
        if self._controller.can_pause:
            self._controller.pause()
        else:
            self._controller.resume()

    def _fill(self) -> None:
        run = self._controller.run
        with QSignalBlocker(self.seasons):
            self.seasons.clear()
            for row in self._controller.seasons:
                label = season_label(row, is_running=run is not None and run.season_id == row.id)
                self.seasons.addItem(label, row.id)
                tip = f"Seed {row.seed}, begun {row.created[:16].replace('T', ' ')} UTC"
                self.seasons.setItemData(self.seasons.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)

    def _show(self) -> None:
        row, run = self._controller.selected, self._controller.run
        is_ours = run is not None and row is not None and run.season_id == row.id
        with QSignalBlocker(self.seasons):
            self.seasons.setCurrentIndex(self.seasons.findData(row.id if row else None))
        self.seasons.setEnabled(self.seasons.count() > 0)
        self.end.setEnabled(run is not None and not run.is_ending)
        with QSignalBlocker(self.visuals):
            self.visuals.setChecked(self._controller.has_visuals)
        self._show_go()
        if is_ours and run is not None:
            self._show_run(run)
        else:
            self.bar.setVisible(row is not None and row.state != "complete" and bool(row.planned_matches))
            self.bar.setRange(0, _FULL)
            planned = row.planned_matches if row is not None else None
            self.bar.setValue(round(_FULL * min(1.0, self._controller.matches / planned)) if planned else 0)
            self.sentence.setText(NO_SEASONS if row is None else season_sentence(row, self._controller.matches))
            self.numbers.setText("" if run is None else f"Season {run.season_id} is running: {run.numbers()}")
        self.numbers.setVisible(bool(self.numbers.text()))

    def _show_go(self) -> None:
        is_playing = self._controller.can_pause
        self.go.set_icon("pause" if is_playing else "play")
        self.go.setText("Pause" if is_playing else "Resume")
        self.go.set_tip(
            "Pause the running season" if is_playing else "Go on with this season; what is stored is not played again"
        )
        self.go.setEnabled(is_playing or self._controller.can_resume)

    def _show_run(self, run: SeasonRun) -> None:
        self.bar.show()
        share = run.share
        self.bar.setRange(0, 0 if share is None else _FULL)
        if share is not None:
            self.bar.setValue(round(_FULL * share))
        self.sentence.setText(run.sentence())
        self.numbers.setText(run.numbers())


def _cores() -> tuple[int, int]:
    """Return the most workers that are of use, and how many there are if nothing is said."""
    from game.executors.base import default_workers, usable_cores

    return usable_cores(), default_workers()
