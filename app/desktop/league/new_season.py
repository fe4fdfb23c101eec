"""The dialog of a new season, made from the same configuration class as the command line's options."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QMessageBox,
    QPushButton,
    QScrollArea,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app.desktop.context import Desktop
from app.desktop.league.controller import SeasonController
from app.desktop.league.player_picker import PlayerPicker
from app.desktop.league.words import count
from app.desktop.widgets import problem_label

if TYPE_CHECKING:  # the window paints before the store and the kernels are imported
    from app.session import League
    from league.config import SeasonConfig
    from league.store import PlayerRow, SeasonRow

_LEFT_OUT: Final = ("players", "game", "sprt", "anchors", "initial_rating", "prior_draws", "resamples", "k_factor")
_CHECK_MS: Final = 120
_LEAST_PLAYERS: Final = 2


@dataclass(frozen=True)
class _Field:
    """Who may play, with their ratings by content hash."""

    players: "tuple[PlayerRow, ...]"
    ratings: dict[str, float]


class NewSeason(QDialog):
    """Asks for a season; it is played when the dialog is accepted."""

    def __init__(self, desktop: Desktop, controller: SeasonController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        from app.desktop.form import ConfigForm
        from game.executors.base import usable_cores
        from league.config import SeasonConfig
        from league.ratings.sprt import SprtConfig
        from league.schedules import schedules

        self._cores = usable_cores()
        self._desktop = desktop
        self._controller = controller
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("New season")
        self.setObjectName("new_season_dialog")
        self.form = ConfigForm(
            SeasonConfig, leave_out=_LEFT_OUT, choices={"format": [each.name for each in schedules()]}
        )
        self._formats = {each.name: each for each in schedules()}
        self.sprt_form = ConfigForm(SprtConfig)
        self.picker = PlayerPicker(desktop.theme)
        self.planned = QLabel()
        self.planned.setObjectName("planned")
        self.problem = problem_label()
        self._checking = QTimer(self)
        self._checking.setSingleShot(True)
        self._checking.setInterval(_CHECK_MS)
        self._checking.timeout.connect(self.check)
        self._build()
        for source in (self.form, self.sprt_form, self.picker):
            source.changed.connect(self._checking.start)
        self.until_decided.toggled.connect(self._checking.start)
        for changed in (self.form.changed, self.until_decided.toggled):
            changed.connect(self._show_fields)
        self._show_fields()
        desktop.reader.ask(_field, self._show_players)
        self.check()

    # What it is made of

    def _build(self) -> None:
        theme = self._desktop.theme
        self._make_buttons()
        players = QGroupBox("Players")
        QVBoxLayout(players).addWidget(self.picker)
        columns = QHBoxLayout()
        columns.addWidget(players, 1)
        columns.addWidget(self._settings(), 1)
        layout = QVBoxLayout(self)
        layout.addLayout(self._presets())
        layout.addLayout(columns, 1)
        playing = QHBoxLayout()
        playing.addWidget(self.visuals)
        playing.addStretch(1)
        playing.addWidget(QLabel("Workers"))
        playing.addWidget(self.workers)
        layout.addLayout(playing)
        layout.addWidget(self.planned)
        layout.addWidget(self.problem)
        layout.addWidget(self.buttons)
        self.resize(theme.px(760), theme.px(560))
        self.setMinimumSize(theme.px(420), theme.px(380))

    def _make_buttons(self) -> None:
        self.visuals = QCheckBox("Show the matches in the arena")
        self.visuals.setToolTip("Can be switched at any time while the season is played; the results are the same")
        self.visuals.setChecked(self._controller.has_visuals)
        self.workers = QSpinBox()
        self.workers.setObjectName("workers")
        self.workers.setAccessibleName("Workers")
        self.workers.setToolTip("How many processes play at the same time while matches are not shown")
        self.workers.setRange(1, self._cores)
        self.workers.setValue(min(self._controller.workers or max(1, self._cores - 1), self._cores))
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.begin = self.buttons.addButton("Start season", QDialogButtonBox.ButtonRole.AcceptRole)
        self.begin.setObjectName("begin")
        self.begin.setProperty("primary", "true")
        self.begin.setDefault(True)
        self.buttons.accepted.connect(self._begin)
        self.buttons.rejected.connect(self.reject)

    def _presets(self) -> QHBoxLayout:
        from app.desktop.league.season_plan import PRESETS

        row = QHBoxLayout()
        row.addWidget(QLabel("Presets:"))
        for preset in PRESETS:
            button = QPushButton(preset.name)
            button.setToolTip(preset.tip)
            button.setObjectName(f"preset_{preset.name.split()[0].lower()}")
            button.setAutoDefault(False)
            button.clicked.connect(lambda _checked=False, preset=preset: self.use(preset.values, preset.has_sprt))
            row.addWidget(button)
        row.addStretch(1)
        return row

    def _settings(self) -> QWidget:
        self.until_decided = QCheckBox("End an encounter once it is decided")
        self.until_decided.setObjectName("until_decided")
        self.until_decided.setToolTip(
            "A sequential test after every few pairs ends an encounter of a round robin or gauntlet early"
        )
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.addWidget(self.form)
        column.addWidget(self.until_decided)
        column.addWidget(self.sprt_form)
        column.addStretch(1)
        area = QScrollArea()
        area.setWidget(inside)
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        return area

    # What it does

    @property
    def _has_test(self) -> bool:
        """Whether encounters end once they are decided: asked for, and possible with the chosen format."""
        return self._formats[str(self.form.values()["format"])].allows_sprt and self.until_decided.isChecked()

    def _show_fields(self) -> None:
        """Show the settings that mean something for the chosen format."""
        chosen = self._formats[str(self.form.values()["format"])]
        for name in {name for each in self._formats.values() for name in each.settings}:
            self.form.set_shown(name, is_shown=name in chosen.settings)
        self.form.set_shown("sprt_block", is_shown=self._has_test)
        self.until_decided.setVisible(chosen.allows_sprt)
        self.sprt_form.setVisible(self._has_test)

    def use(self, values: Mapping[str, object], has_sprt: bool) -> None:  # noqa: FBT001  # a preset's two parts
        """Enter a preset."""
        self.form.set_values(values)
        self.until_decided.setChecked(has_sprt)
        self.check()

    def check(self) -> None:
        """Say what is wrong, or how many matches are planned."""
        from app.desktop.league.season_plan import planned_line

        self.problem.setText(self._problem())
        is_valid = not self.problem.text()
        self.problem.setVisible(not is_valid)
        self.begin.setEnabled(is_valid)
        self.planned.setText(planned_line(self.config(), self._controller.speed) if is_valid else "")

    def _problem(self) -> str:
        chosen = len(self.picker.chosen())
        if chosen < _LEAST_PLAYERS:
            verb = "is" if chosen == 1 else "are"
            return f"{count(chosen, 'player')} {verb} ticked: a season needs at least {_LEAST_PLAYERS}."
        return self.form.problem(self._extra())

    def config(self) -> "SeasonConfig":
        """Return the season that is asked for; ``ValidationError`` if it cannot be."""
        return cast("SeasonConfig", self.form.build(self._extra()))

    def _extra(self) -> dict[str, object]:
        sprt = self.sprt_form.values() if self._has_test else None
        return {"players": self.picker.chosen(), "sprt": sprt}

    def _show_players(self, field: _Field) -> None:
        self.picker.show_players(field.players, field.ratings)
        self.check()

    def _begin(self) -> None:
        """Play the season; if the very same one is stored, ask what is meant."""
        self.check()
        if not self.begin.isEnabled():
            return
        config = self.config()
        self.begin.setEnabled(False)
        self._desktop.reader.ask(
            lambda league: league.store.find_season(config.key()),
            lambda stored: self._create(config) if stored is None else self._ask(config, stored),
            failed=self._refuse,
        )

    def _refuse(self, sentence: str) -> None:
        self.problem.setText(sentence)
        self.problem.show()
        self.begin.setEnabled(True)

    def _create(self, config: "SeasonConfig") -> None:
        self._settle()
        self._controller.create(config)
        self.accept()

    def _ask(self, config: "SeasonConfig", stored: "SeasonRow") -> None:
        is_complete = stored.state == "complete"
        state = "complete" if is_complete else "unfinished"
        box = QMessageBox(self)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setObjectName("same_season")
        box.setWindowTitle("The same season")
        box.setText(f"Season {stored.id} has exactly these players and settings and is {state}.")
        box.setInformativeText("The same seed gives the same matches; another seed gives new evidence.")
        same = box.addButton("Show it" if is_complete else "Go on with it", QMessageBox.ButtonRole.AcceptRole)
        other = box.addButton("Play with a new seed", QMessageBox.ButtonRole.ActionRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        same.clicked.connect(lambda: self._go_on(stored))
        other.clicked.connect(lambda: self._create(with_new_seed(config)))
        box.finished.connect(lambda _: self.begin.setEnabled(True))
        box.open()

    def _go_on(self, stored: "SeasonRow") -> None:
        self._controller.select(stored.id)
        if stored.state != "complete":
            self._settle()
            self._controller.play(stored.id)
        self.accept()

    def _settle(self) -> None:
        """Remember how it is played, which changes no result."""
        self._controller.set_visuals(is_on=self.visuals.isChecked())
        self._controller.set_workers(self.workers.value())


def open_new_season(desktop: Desktop, controller: SeasonController, parent: QWidget) -> NewSeason:
    """Open the dialog above ``parent`` and return it."""
    dialog = NewSeason(desktop, controller, parent)
    dialog.open()
    return dialog


def with_new_seed(config: "SeasonConfig") -> "SeasonConfig":
    """Return ``config`` with a seed that nobody has chosen."""
    from app.tournament import new_seed

    return config.model_copy(update={"seed": new_seed()})


def _field(league: "League") -> _Field:
    from app.tournament import DEFAULT_GAME
    from league.library import default_field
    from league.people import opponent_ratings

    players = default_field(league.library.players(), DEFAULT_GAME)
    return _Field(tuple(players), opponent_ratings(league.store))
