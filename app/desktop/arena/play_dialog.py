"""The dialog before a person's match: who, against whom, on which side, with what."""

from dataclasses import replace

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app.desktop.arena.hands import Device
from app.desktop.arena.people import MAX_NAME, Choices, Opponent, Setup
from app.desktop.widgets import problem_label, quiet_label
from game.spec import Seat

_SUITABLE = "Someone of my strength"
_SECOND = "A second person, here"


class PlayDialog(QDialog):
    """Edits a ``Setup``."""

    chosen = Signal(object)
    """The ``Setup`` to play."""
    person_changed = Signal(str)
    """Another name: its rating is to be read."""

    def __init__(self, parent: QWidget, setup: Setup, devices: list[Device]) -> None:
        super().__init__(parent)
        self.setWindowTitle("Play yourself")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._setup = setup
        self._wanted = setup.player
        self.person = _line(setup.person, "Your matches and your rating are kept under this name")
        self.standing = quiet_label(is_wrapped=True)
        self.opponent = QComboBox()
        self.opponent.setToolTip("Whom you play against")
        self.seat = QComboBox()
        self.seat.addItems(["Left", "Right"])
        self.seat.setToolTip("Your side of the court")
        self.device = _devices(devices, setup.device)
        self.second = _line(setup.second, "The second person's name")
        self.second_device = _devices(devices, setup.second_device)
        self.points = QSpinBox()
        self.points.setRange(1, 21)
        self.points.setToolTip("Points to win, 1 to 21")
        self.hint = quiet_label(is_wrapped=True)
        self.problem = problem_label()
        self.problem.hide()
        self._lay_out()
        self._fill()
        self._connect()

    def _lay_out(self) -> None:
        self._form = QFormLayout()
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        rows: list[tuple[str, QWidget]] = [
            ("&Name", self.person),
            ("", self.standing),
            ("&Opponent", self.opponent),
            ("&Side", self.seat),
            ("Play &with", self.device),
            ("Second n&ame", self.second),
            ("Plays w&ith", self.second_device),
            ("&Points to win", self.points),
        ]
        for text, widget in rows:
            label = QLabel(text)
            label.setBuddy(widget)
            widget.setAccessibleName(text.replace("&", ""))
            self._form.addRow(label, widget)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.play = buttons.addButton("Play", QDialogButtonBox.ButtonRole.AcceptRole)
        self.play.setDefault(True)
        buttons.accepted.connect(self._accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addLayout(self._form)
        layout.addWidget(self.hint)
        layout.addWidget(self.problem)
        layout.addWidget(buttons)
        self.setMinimumWidth(380)

    def _fill(self) -> None:
        setup = self._setup
        self.opponent.addItem(_SUITABLE, (Opponent.SUITABLE, None))
        self.opponent.addItem(_SECOND, (Opponent.PERSON, None))
        self.opponent.insertSeparator(2)
        if setup.opponent is Opponent.PERSON:
            self.opponent.setCurrentIndex(1)
        self.seat.setCurrentIndex(int(setup.seat))
        self.points.setValue(setup.points)
        self._show_second()

    def _connect(self) -> None:
        self.opponent.currentIndexChanged.connect(self._show_second)
        self.opponent.currentIndexChanged.connect(self._share_keys)
        self.person.editingFinished.connect(lambda: self.person_changed.emit(self.person.text().strip()))
        for box in (self.seat, self.device, self.second_device, self.opponent):
            box.currentIndexChanged.connect(self._check)
        for line in (self.person, self.second):
            line.textChanged.connect(self._check)

    def show_choices(self, choices: Choices) -> None:
        """Offer the league's players; show how the person stands."""
        chosen = self.opponent.currentData()
        while self.opponent.count() > 3:
            self.opponent.removeItem(3)
        for each in choices.players:
            rating = "" if each.rating is None else f"  ({each.rating:.0f})"
            self.opponent.addItem(each.row.name + rating, (Opponent.PLAYER, each.row))
        wanted = self._wanted or (chosen[1] if chosen else None)
        self._wanted = None
        if wanted is not None:
            names = [each.row.hash for each in choices.players]
            if wanted.hash in names:
                self.opponent.setCurrentIndex(3 + names.index(wanted.hash))
        self.standing.setText(_standing_text(choices))

    def setup(self) -> Setup:
        """Return what is chosen."""
        opponent, player = self.opponent.currentData() or (Opponent.SUITABLE, None)
        return replace(
            self._setup,
            person=self.person.text().strip(),
            seat=Seat(self.seat.currentIndex()),
            device=self.device.currentData(),
            opponent=opponent,
            player=player,
            second=self.second.text().strip(),
            second_device=self.second_device.currentData(),
            points=self.points.value(),
        )

    def _show_second(self) -> None:
        is_second = (self.opponent.currentData() or (None,))[0] is Opponent.PERSON
        self._form.setRowVisible(self.second, is_second)
        self._form.setRowVisible(self.second_device, is_second)
        self.hint.setText(
            "Matches between two people are stored, but not rated."
            if is_second
            else "Space pauses. The match is stored, and rates you; it moves no player's rating."
        )

    def _share_keys(self) -> None:
        """Leave the second person one of the two pairs of keys, where the first has both."""
        if self.setup().opponent is Opponent.PERSON and self.device.currentData() is Device.KEYS:
            takes_arrows = self.second_device.currentData() is Device.LETTER_KEYS
            self.device.setCurrentIndex(self.device.findData(Device.ARROW_KEYS if takes_arrows else Device.LETTER_KEYS))

    def _check(self) -> str:
        problem = self.setup().problem()
        self.problem.setText(problem[:1].upper() + problem[1:])
        self.problem.setVisible(bool(problem))
        self.play.setEnabled(not problem)
        return problem

    def _accept(self) -> None:
        if not self._check():
            setup = self.setup()
            self.accept()
            self.chosen.emit(setup)


def _standing_text(choices: Choices) -> str:
    standing = choices.standing
    if not standing.matches:
        return "Not rated yet: the first match rates you."
    record = f"{standing.wins} won, {standing.draws} drawn, {standing.losses} lost"
    return f"Rated {standing.rating:.0f} ({standing.low:.0f} to {standing.high:.0f}); {record}"


def _line(text: str, tip: str) -> QLineEdit:
    line = QLineEdit(text)
    line.setMaxLength(MAX_NAME)
    line.setToolTip(tip)
    return line


def _devices(devices: list[Device], chosen: Device) -> QComboBox:
    box = QComboBox()
    box.setToolTip("What moves the paddle")
    for device in devices:
        box.addItem(device.title, device)
    box.setCurrentIndex(devices.index(chosen) if chosen in devices else 0)
    return box
