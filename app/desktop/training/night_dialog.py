"""The dialog of a night, made from the same configuration classes as the command line's options."""

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLayout,
    QLineEdit,
    QScrollArea,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.desktop.command_line import command_line
from app.desktop.context import Desktop
from app.desktop.form import ConfigForm
from app.desktop.training.card_text import rough_duration
from app.desktop.training.form_widget import AUTO, MAX_NAME, of_every_trainer, seed_of
from app.desktop.training.new_night import ELSEWHERE, NewNight, one_for_nights
from app.desktop.training.new_run import NewRun, preset_values
from app.desktop.training.paragraph import Paragraph
from app.desktop.widgets import IconButton, problem_label, quiet_label

if TYPE_CHECKING:  # the window paints before these are imported
    from ai.trainer import Trainer

_SIZE: Final = (560, 560)
_LEAST: Final = (420, 320)
_ABOUT: Final = (
    "Every cycle trains a run, brings its champion into the league if it is better than the last one, and lets everybody "
    "play a season. It needs nobody: it can be paused, stopped and resumed at any moment, and goes on after the window "
    "is closed if you say so then."
)
_WORKERS_TIP: Final = (
    "Processes that train and play; they change the speed and nothing else. auto: as suits this machine."
)


class NightDialog(QDialog):
    """Asks what a night is to be; ``started`` carries the ``NewNight``."""

    started = Signal(object)

    def __init__(
        self, desktop: Desktop, trainers: "tuple[Trainer, ...]", draw_seed: Callable[[], int], parent: QWidget
    ) -> None:
        super().__init__(parent)
        from app.overnight.config import OvernightConfig
        from league.gate import GateConfig

        self._desktop = desktop
        self._trainers = trainers
        self._draw_seed = draw_seed
        self._is_loading = True
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Overnight")
        self.setObjectName("overnight_dialog")
        self.night = ConfigForm(OvernightConfig, leave_out=ELSEWHERE)
        for box in self.night.findChildren(QSpinBox, "cycles"):
            box.setSpecialValueText("as many as there is time for")
        self.gate = ConfigForm(GateConfig)
        self.fields: ConfigForm | None = None
        self._make_inputs()
        self._make_outputs()
        self._lay_out()
        self._connect()
        self.trainer.setCurrentIndex(one_for_nights(trainers))
        self._show_trainer()
        self.refresh()

    # What it is made of

    def _make_inputs(self) -> None:
        self.trainer, self.preset = QComboBox(), QComboBox()
        for box, name, tip in (
            (self.trainer, "Trainer", "How players learn"),
            (self.preset, "Preset", "The settings that each training run begins with"),
        ):
            box.setAccessibleName(name)
            box.setToolTip(tip)
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.trainer.addItems([each.title for each in self._trainers])
        self.sentence = Paragraph("quiet")
        self.name = QLineEdit(placeholderText="chosen by the program", maxLength=MAX_NAME)
        self.name.setToolTip("Name of the night's champions, each with the number of its cycle behind it")
        self.seed = QLineEdit(str(self._draw_seed()))
        self.seed.setToolTip("The same seed and configuration give the same players. Allowed: 0 to 2**63 - 1.")
        self.dice = IconButton(
            self._desktop.theme, "dice", "Draw another seed", lambda: self.seed.setText(str(self._draw_seed()))
        )
        self.workers = QSpinBox()
        self.workers.setRange(0, 256)
        self.workers.setSpecialValueText(AUTO)
        self.workers.setToolTip(_WORKERS_TIP)
        for widget, name in ((self.name, "Name"), (self.seed, "Seed"), (self.workers, "Workers")):
            widget.setAccessibleName(name)

    def _make_outputs(self) -> None:
        self.advanced = QToolButton()
        self.advanced.setCheckable(True)
        self.advanced.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.advanced.setText("Advanced")
        self.advanced.setArrowType(Qt.ArrowType.RightArrow)
        self.advanced.setToolTip("Show the champion gate, and every number of the trainer's configuration")
        self.finder = QLineEdit(placeholderText="Find a setting of the trainer", clearButtonEnabled=True)
        self.finder.setAccessibleName("Find a setting of the trainer")
        self.hidden = QWidget()
        self.place = QVBoxLayout()
        self.summary = quiet_label(is_wrapped=True)
        self.problem = problem_label()
        self.command = QLineEdit(readOnly=True)
        self.command.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.command.setToolTip("The command that begins the same night in a terminal")
        self.command.setAccessibleName("Command line of this night")
        self.copy = IconButton(
            self._desktop.theme,
            "copy",
            "Copy the command line",
            lambda: QApplication.clipboard().setText(self.command.text()),
        )
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.begin = self.buttons.addButton("Start overnight", QDialogButtonBox.ButtonRole.AcceptRole)
        self.begin.setProperty("primary", "true")
        self.begin.setDefault(True)

    def _lay_out(self) -> None:
        theme = self._desktop.theme
        rows = QFormLayout()
        rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        rows.addRow("&Trainer", self.trainer)
        rows.addRow("&Preset", self.preset)
        rows.addRow(self.sentence)
        rows.addRow(self.night)
        rows.addRow("&Name", self.name)
        seed = QLabel("&Seed")
        seed.setBuddy(self.seed)
        rows.addRow(seed, _row(self.seed, self.dice))
        rows.addRow("&Workers", self.workers)
        _align(rows, self.night.layout(), self.gate.layout())
        below = QVBoxLayout(self.hidden)
        below.setContentsMargins(0, 0, 0, 0)
        for each in (QLabel("<b>Champion gate</b>"), self.gate, QLabel("<b>Training</b>"), self.finder):
            below.addWidget(each)
        below.addLayout(self.place)
        self.hidden.hide()
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.addWidget(_paragraph(_ABOUT))
        column.addLayout(rows)
        column.addWidget(self.advanced)
        column.addWidget(self.hidden)
        column.addStretch(1)
        self.area = QScrollArea(widgetResizable=True)
        self.area.setFrameShape(QScrollArea.Shape.NoFrame)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setWidget(inside)
        layout = QVBoxLayout(self)
        layout.addWidget(self.area, 1)
        for each in (self.summary, self.problem):
            layout.addWidget(each)
        layout.addLayout(_row(self.command, self.copy))
        layout.addWidget(self.buttons)
        self.setMinimumSize(theme.px(_LEAST[0]), theme.px(_LEAST[1]))
        room = self.screen().availableSize()
        self.resize(min(theme.px(_SIZE[0]), room.width()), min(theme.px(_SIZE[1]), room.height() - theme.px(60)))

    def _connect(self) -> None:
        self.trainer.currentIndexChanged.connect(self._show_trainer)
        self.preset.currentIndexChanged.connect(self._use_preset)
        self.advanced.toggled.connect(self._show_advanced)
        self.finder.textChanged.connect(lambda text: self.fields.show_only(text) if self.fields is not None else None)
        for changed in (
            self.night.changed,
            self.gate.changed,
            self.name.textChanged,
            self.seed.textChanged,
            self.workers.valueChanged,
        ):
            changed.connect(self.refresh)
        self.buttons.accepted.connect(self._start)
        self.buttons.rejected.connect(self.reject)

    # What it does

    def new_night(self) -> NewNight:
        """Return what is entered."""
        run = NewRun(
            trainer=self._trainers[self.trainer.currentIndex()],
            preset=self.preset.currentData(),
            values={} if self.fields is None else self.fields.values(),
            name=self.name.text().strip(),
            seed=seed_of(self.seed.text()),
            workers=self.workers.value() or None,
        )
        return NewNight(run, self.night.values(), self.gate.values())

    def refresh(self) -> None:
        """Show what is wrong with what is entered, or the command that begins it."""
        if self._is_loading:
            return
        night = self.new_night()
        self.night.set_shown("hours", is_shown=not night.fields["cycles"])
        problem = night.problem()
        if night.run.seed < 0:
            problem = f"seed is '{self.seed.text()}'; it must be a whole number from 0 to 2**63 - 1"
        self.problem.setText(problem)
        self.problem.setVisible(bool(problem))
        self.begin.setEnabled(not problem)
        self.copy.setEnabled(not problem)
        self.command.setText("" if problem else command_line(night.arguments(str(self._desktop.home.folder))))
        self.command.setCursorPosition(0)
        self.summary.setText("" if problem else night.summary())
        self.summary.setVisible(not problem)

    def _show_trainer(self) -> None:
        self._is_loading = True
        trainer = self._trainers[self.trainer.currentIndex()]
        if self.fields is not None:
            self.place.removeWidget(self.fields)
            self.fields.deleteLater()
        self.fields = ConfigForm(trainer.config_class, last=of_every_trainer())
        self.fields.changed.connect(self.refresh)
        self.place.addWidget(self.fields)
        self.finder.clear()
        self.preset.clear()
        for name, preset in trainer.presets.items():
            self.preset.addItem(f"{preset.title}, about {rough_duration(preset.expected_s)}", name)
        self._is_loading = False
        self._use_preset()

    def _use_preset(self) -> None:
        if self._is_loading or self.fields is None:
            return
        trainer, preset = self._trainers[self.trainer.currentIndex()], self.preset.currentData()
        self.sentence.setText(trainer.description if preset is None else trainer.presets[preset].sentence)
        self._is_loading = True
        self.fields.set_values(preset_values(trainer, preset))
        self._is_loading = False
        self.refresh()

    def _show_advanced(self, is_on: bool) -> None:  # noqa: FBT001  # the signal's argument
        self.advanced.setArrowType(Qt.ArrowType.DownArrow if is_on else Qt.ArrowType.RightArrow)
        self.hidden.setVisible(is_on)

    def _start(self) -> None:
        self.refresh()
        if self.begin.isEnabled():
            self.started.emit(self.new_night())
            self.accept()


def open_night_dialog(
    desktop: Desktop,
    trainers: "tuple[Trainer, ...]",
    draw: Callable[[int], int],
    parent: QWidget,
    start: Callable[[NewNight], object],
) -> NightDialog:
    """Open the dialog above ``parent`` and return it; ``start`` is called with what is to be begun."""
    dialog = NightDialog(desktop, trainers, functools.partial(draw, 10**9), parent)
    dialog.started.connect(start)
    dialog.open()
    return dialog


def _row(*widgets: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setContentsMargins(0, 0, 0, 0)
    row.addWidget(widgets[0], 1)
    for each in widgets[1:]:
        row.addWidget(each)
    return row


def _align(*forms: QLayout | None) -> None:
    """Give the labels of ``forms`` one width."""
    role = QFormLayout.ItemRole.LabelRole
    items = [
        form.itemAt(row, role) for form in forms if isinstance(form, QFormLayout) for row in range(form.rowCount())
    ]
    labels = [label for item in items if item is not None and (label := item.widget()) is not None]
    width = max(label.sizeHint().width() for label in labels)
    for label in labels:
        label.setMinimumWidth(width)


def _paragraph(text: str) -> Paragraph:
    made = Paragraph("quiet")
    made.setText(text)
    return made
