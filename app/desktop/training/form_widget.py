"""The form that starts a training run: a trainer, a preset, and whatever the user wants different."""

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import (
    QApplication,
    QButtonGroup,
    QComboBox,
    QFormLayout,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLayout,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.desktop.command_line import command_line
from app.desktop.form import ConfigForm
from app.desktop.theme import ThemeStore
from app.desktop.training.card_text import rough_duration
from app.desktop.training.new_run import NewRun, crowding, preset_values
from app.desktop.training.paragraph import Paragraph
from app.desktop.widgets import IconButton

if TYPE_CHECKING:  # the window paints before the kernels are imported
    from ai.trainer import Trainer

DrawSeed: TypeAlias = Callable[[], int]

_PRESETS_A_ROW: Final = 3
_MAX_SEED: Final = 2**63 - 1
MAX_NAME: Final = 64
AUTO: Final = "auto"
_WORKERS_TIP: Final = "Processes that play matches for this run; they change its speed and nothing else."
_ADVISED_TIP: Final = f"{_WORKERS_TIP} {AUTO}: as many as suit this machine."


class NewRunForm(QWidget):
    """What the user wants to train. ``started`` carries the ``NewRun``; ``set_trainers`` has to be called first."""

    started = Signal(object)

    def __init__(self, theme: ThemeStore, home: str, draw_seed: DrawSeed) -> None:
        super().__init__()
        self._theme = theme
        self._home = home
        self._draw_seed = draw_seed
        self._trainers: list[Trainer] = []
        self._preset: str | None = None
        self._cores = self._usual_workers = 1
        self._running = 0
        self.fields: ConfigForm | None = None
        self._make_inputs()
        self._make_outputs()
        self._lay_out()

    def _make_inputs(self) -> None:
        self.trainer = QComboBox()
        self.trainer.setToolTip("How players learn")
        self.trainer.setAccessibleName("Trainer")
        self.trainer.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.trainer.currentIndexChanged.connect(self._show_trainer)
        self.description = Paragraph("quiet")
        self.presets = QButtonGroup(self)
        self.preset_row = QGridLayout()
        self.preset_row.setSpacing(4)
        self.preset_note = Paragraph("quiet")
        self.name = QLineEdit(placeholderText="chosen by the program", maxLength=MAX_NAME)
        self.name.setToolTip("Name of the run and of its champion")
        self.seed = QLineEdit(str(self._draw_seed()))
        self.seed.setToolTip("The same seed and configuration give the same run. Allowed: 0 to 2**63 - 1.")
        self.dice = IconButton(self._theme, "dice", "Draw another seed", self.draw_seed)
        self.workers = QSpinBox()
        self.workers.setRange(1, 256)
        self.workers.setSpecialValueText(AUTO)
        for widget, name in ((self.name, "Name"), (self.seed, "Seed"), (self.workers, "Workers")):
            widget.setAccessibleName(name)
        self.name.textChanged.connect(self.refresh)
        self.seed.textChanged.connect(self.refresh)
        self.workers.valueChanged.connect(self.refresh)

    def _make_outputs(self) -> None:
        self.advanced = QToolButton()
        self.advanced.setCheckable(True)
        self.advanced.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.advanced.setText("Advanced")
        self.advanced.setArrowType(Qt.ArrowType.RightArrow)
        self.advanced.setToolTip("Show every number of the configuration")
        self.advanced.toggled.connect(self._show_advanced)
        self.finder = QLineEdit(placeholderText="Find a setting", clearButtonEnabled=True)
        self.finder.hide()
        self.finder.setToolTip("Show only the settings whose names or descriptions have these words")
        self.finder.setAccessibleName("Find a setting")
        self.finder.textChanged.connect(self._find)
        self.place = QVBoxLayout()
        self.warning = Paragraph("quiet")
        self.problem = Paragraph("problem")
        self.command = QLineEdit(readOnly=True)
        self.command.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.command.setToolTip("The command that starts the same run in a terminal")
        self.command.setAccessibleName("Command line of this run")
        self.copy = IconButton(
            self._theme, "copy", "Copy the command line", lambda: QApplication.clipboard().setText(self.command.text())
        )
        self.start = QPushButton("Start training")
        self.start.setProperty("primary", "true")
        self.start.setToolTip("Start this run; several can run at the same time")
        self.start.clicked.connect(self._start)

    def _lay_out(self) -> None:
        rows = QFormLayout()
        rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for text, row in (("&Name", self.name), ("&Seed", _row(self.seed, self.dice)), ("&Workers", self.workers)):
            label = QLabel(text)
            label.setBuddy(row if isinstance(row, QWidget) else self.seed)
            rows.addRow(label, row)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        above = (self.trainer, self.description, self.preset_row, self.preset_note, rows, self.advanced)
        below = (self.finder, self.place, self.warning, self.problem, self.start, _row(self.command, self.copy))
        for each in (*above, *below):
            layout.addLayout(each) if isinstance(each, QLayout) else layout.addWidget(each)

    def set_trainers(self, trainers: "Sequence[Trainer]", *, workers: int, cores: int) -> None:
        """Offer ``trainers``; ``workers`` is the default number for a run on this machine of ``cores``."""
        self._cores, self._usual_workers = cores, workers
        self._trainers = list(trainers)
        self.trainer.clear()
        self.trainer.addItems([each.title for each in trainers])

    def set_running(self, workers: int) -> None:
        """Take note of how many workers the runs have that are on."""
        if workers != self._running:
            self._running = workers
            self.refresh()

    def new_run(self) -> NewRun | None:
        """Return what is entered; None while there is no trainer."""
        if self.fields is None:
            return None
        return NewRun(
            trainer=self._trainers[self.trainer.currentIndex()],
            preset=self._preset,
            values=self.fields.values(),
            name=self.name.text().strip(),
            seed=seed_of(self.seed.text()),
            workers=self.workers.value() or None,
        )

    def draw_seed(self) -> None:
        """Enter another seed."""
        self.seed.setText(str(self._draw_seed()))

    def use_preset(self, name: str) -> None:
        """Enter the values of a preset."""
        if self.fields is not None:
            self._preset = name
            self.fields.set_values(preset_values(self._trainers[self.trainer.currentIndex()], name))
            self.refresh()

    def refresh(self) -> None:
        """Show what is wrong with what is entered, or the command that starts it."""
        run = self.new_run()
        if run is None:
            return
        problem = run.problem()
        if run.seed < 0:
            problem = problem or f"seed is '{self.seed.text()}'; it must be a whole number from 0 to 2**63 - 1"
        self.problem.setText(problem)
        self.problem.setVisible(bool(problem))
        self.start.setEnabled(not problem)
        self.copy.setEnabled(not problem)
        self.command.setText("" if problem else command_line(run.arguments(self._home)))
        self.command.setCursorPosition(0)
        self.preset_note.setText("" if problem else self._preset_note(run))
        warning = crowding(run.workers or 1, self._running, self._cores)
        self.warning.setText(warning)
        self.warning.setVisible(bool(warning))

    def _show_trainer(self, index: int) -> None:
        if not 0 <= index < len(self._trainers):
            return
        trainer = self._trainers[index]
        self.description.setText(trainer.description)
        if self.fields is not None:
            self.place.removeWidget(self.fields)
            self.fields.deleteLater()
        self.fields = ConfigForm(trainer.config_class, last=of_every_trainer())
        self.fields.setVisible(self.advanced.isChecked())
        self.fields.changed.connect(self.refresh)
        self.place.addWidget(self.fields)
        self.finder.clear()
        self._preset = None
        self._offer_workers(trainer)
        self._make_presets(trainer)
        if trainer.presets:
            self.presets.buttons()[0].click()
        self.refresh()

    def _offer_workers(self, trainer: "Trainer") -> None:
        """Let the workers be settled by a trainer that looks at the machine."""
        is_advised = trainer.advise is not None
        self.workers.setMinimum(0 if is_advised else 1)
        self.workers.setValue(0 if is_advised else self._usual_workers)
        self.workers.setToolTip(_ADVISED_TIP if is_advised else _WORKERS_TIP)

    def _make_presets(self, trainer: "Trainer") -> None:
        for button in self.presets.buttons():
            self.presets.removeButton(button)
            self.preset_row.removeWidget(button)
            button.deleteLater()
        for place, (name, preset) in enumerate(trainer.presets.items()):
            button = QPushButton(f"{preset.title}\n{rough_duration(preset.expected_s)}")
            button.setObjectName("preset")
            button.setCheckable(True)
            button.setToolTip(preset.sentence)
            button.setAccessibleName(f"Preset {preset.title}, about {rough_duration(preset.expected_s)}")
            button.setAccessibleDescription(preset.sentence)
            button.setMinimumWidth(1)
            button.clicked.connect(functools.partial(self.use_preset, name))
            self.presets.addButton(button)
            self.preset_row.addWidget(button, *divmod(place, _PRESETS_A_ROW))

    def _preset_note(self, run: NewRun) -> str:
        sentence = "" if run.preset is None else run.trainer.presets[run.preset].sentence
        changed = [name.replace("_", " ") for name in run.changed()]
        return f"{sentence} Changed: {', '.join(changed)}." if changed else sentence

    def _show_advanced(self, is_on: bool) -> None:  # noqa: FBT001  # the signal's argument
        self.advanced.setArrowType(Qt.ArrowType.DownArrow if is_on else Qt.ArrowType.RightArrow)
        self.finder.setVisible(is_on)
        if self.fields is not None:
            self.fields.setVisible(is_on)

    def _find(self, text: str) -> None:
        if self.fields is not None:
            self.fields.show_only(text)

    def _start(self) -> None:
        run = self.new_run()
        if run is not None and not run.problem():
            self.started.emit(run)
            self.name.clear()
            self.draw_seed()


def of_every_trainer() -> tuple[str, ...]:
    """Return the fields that every trainer's configuration has: they come last."""
    from ai.trainer import TrainerConfig

    return tuple(TrainerConfig.model_fields)


def _row(*widgets: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setContentsMargins(0, 0, 0, 0)
    row.addWidget(widgets[0], 1)
    for each in widgets[1:]:
        row.addWidget(each)
    return row


def seed_of(text: str) -> int:
    """Return the seed that ``text`` holds; -1 if it holds none."""
    text = text.strip()
    is_seed = text.isascii() and text.isdigit() and int(text) <= _MAX_SEED
    return int(text) if is_seed else -1
