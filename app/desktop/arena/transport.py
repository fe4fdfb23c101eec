"""The transport below the court: buttons, time, speed (target and true), what is drawn over the court, sound, exports."""

import math
from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QMenu, QSizePolicy, QVBoxLayout, QWidget

from app.desktop.arena.heading import ElidedLabel
from app.desktop.arena.playback import SPEEDS, speed_text
from app.desktop.arena.scrub import ScrubBar, Span, clock_text
from app.desktop.context import Desktop
from app.desktop.widgets import IconButton, quiet_label

OVERLAYS: Final = {
    "path": ("Predicted path", "Where the ball will fly if nobody meets it"),
    "sight": ("What each player sees", "The numbers that each side's player is given"),
    "values": (
        "Values of the actions",
        "What each side's network answers for each action; it takes the one with the most",
    ),
    "actions": ("Action bars", "What each side does in this tick: up, stay or down"),
    "trail": ("Ball trail", "Where the ball has been, coloured by its spin"),
}
_DEFAULT_OVERLAYS: Final = frozenset({"trail"})
_OFF_TARGET: Final = 0.85  # of the target: slower than this is said in the colour of a warning
_RELATIVE: Final = "\N{MULTIPLICATION SIGN}"


_WIDE: Final = 480  # pixels at 100 %: below, the buttons to both ends are left out
_NARROW: Final = 380  # below, the true speed and the sound's button, too


def overlay_key(name: str) -> str:
    """Return the setting that remembers an overlay."""
    return f"arena/overlay_{name}"


def speed_problem(target: float, true: float) -> bool:
    """Whether the true speed stays behind the target; "Max" has none to stay behind."""
    return not math.isinf(target) and 0 < true < target * _OFF_TARGET


class SpeedBox(QWidget):
    """Chooses the target speed and shows the true one beside it."""

    chosen = Signal(float)

    def __init__(self, desktop: Desktop) -> None:
        super().__init__()
        self._theme = desktop.theme
        self.box = QComboBox()
        for speed in SPEEDS:
            self.box.addItem(speed_text(speed), speed)
        self.box.setAccessibleName("Target speed")
        self.box.setToolTip("Target speed (+ and -); hold Tab for 8 times as fast")
        self.box.setCurrentIndex(SPEEDS.index(1.0))
        self.box.activated.connect(lambda place: self.chosen.emit(SPEEDS[place]))
        self.true = quiet_label()
        self.true.setAccessibleName("True speed")
        self.true.setToolTip("Speed of the last second, as played")
        self.true.setMinimumWidth(self.true.fontMetrics().horizontalAdvance("88.8" + _RELATIVE))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(desktop.theme.px(4))
        layout.addWidget(self.box)
        layout.addWidget(self.true)

    def show_speed(self, speed: float, target: float, true: float) -> None:
        """Show the chosen speed, the target with turbo, and what was reached."""
        self.box.setCurrentIndex(SPEEDS.index(speed))
        text = f"{true:.{0 if true >= 100 else 1}f}{_RELATIVE}" if true else "\N{EN DASH}"
        if text != self.true.text():
            self.true.setText(text)
        colour = self._theme.theme.warning if speed_problem(target, true) else self._theme.theme.quiet
        sheet = f"color: {colour};"
        if sheet != self.true.styleSheet():
            self.true.setStyleSheet(sheet)


class Transport(QWidget):
    """The bar below the court. It says what was asked for, and shows what it is told."""

    to_start = Signal()
    back = Signal()
    toggled = Signal()
    forward = Signal()
    to_end = Signal()
    speed_chosen = Signal(float)
    overlay_changed = Signal()
    sound_toggled = Signal()
    fullscreen = Signal()

    def __init__(self, desktop: Desktop, more: QMenu) -> None:
        super().__init__()
        self._desktop = desktop
        theme = desktop.theme
        self.scrub = ScrubBar(theme)
        self.speed = SpeedBox(desktop)
        self.speed.chosen.connect(self.speed_chosen)
        self.play = IconButton(theme, "play", "Play (Space)", self.toggled.emit)
        self.start = IconButton(theme, "to-start", "To the start (Home)", self.to_start.emit)
        self.back_button = IconButton(theme, "step-back", "One tick back (,)", self.back.emit)
        self.forward_button = IconButton(theme, "step-forward", "One tick forward (.)", self.forward.emit)
        self.live = IconButton(theme, "live", "To the end (End)", self.to_end.emit)
        self.mute = IconButton(theme, "sound", "Mute", self.sound_toggled.emit)
        self.time = ElidedLabel()
        self.overlays = self._overlay_button()
        self.more = IconButton(theme, "export", "Snapshot, export, copy", lambda: None)
        self.more.setMenu(more)
        self.more.setPopupMode(IconButton.ToolButtonPopupMode.InstantPopup)
        self.full = IconButton(theme, "fullscreen", "Full screen (F11)", self.fullscreen.emit)
        self._lay_out()

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(self._desktop.theme.px(2))
        for button in (self.start, self.back_button, self.play, self.forward_button, self.live):
            row.addWidget(button)
        row.addSpacing(self._desktop.theme.px(6))
        row.addWidget(self.time, 1)
        row.addWidget(self.speed)
        for button in (self.overlays, self.mute, self.more, self.full):
            row.addWidget(button)
        column = QVBoxLayout(self)
        margin = self._desktop.theme.px(4)
        column.setContentsMargins(margin, 0, margin, margin)
        column.setSpacing(0)
        column.addWidget(self.scrub)
        column.addLayout(row)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802  # Qt's name
        """Leave out, where it is narrow, what the scrub bar and the keys do as well."""
        super().resizeEvent(event)
        width = event.size().width()
        for button in (self.start, self.live):
            button.setVisible(width >= self._desktop.theme.px(_WIDE))
        for each in (self.speed.true, self.mute):
            each.setVisible(width >= self._desktop.theme.px(_NARROW))

    def _overlay_button(self) -> IconButton:
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        self._overlay_actions: dict[str, QAction] = {}
        for number, (name, (text, tip)) in enumerate(OVERLAYS.items(), start=1):
            action = menu.addAction(text)
            action.setCheckable(True)
            action.setChecked(self._desktop.settings.get(overlay_key(name), name in _DEFAULT_OVERLAYS))
            action.setToolTip(f"{tip} ({number})")
            action.toggled.connect(lambda is_on, name=name: self._keep_overlay(name, is_on))
            self._overlay_actions[name] = action
        button = IconButton(self._desktop.theme, "eye", "What is drawn over the court", lambda: None)
        button.setMenu(menu)
        button.setPopupMode(IconButton.ToolButtonPopupMode.InstantPopup)
        return button

    def overlays_on(self) -> frozenset[str]:
        """Return the names of the overlays that are wanted."""
        return frozenset(name for name, action in self._overlay_actions.items() if action.isChecked())

    def overlay_action(self, name: str) -> QAction:
        """Return the action that turns an overlay on and off."""
        return self._overlay_actions[name]

    def show_playing(self, *, is_playing: bool) -> None:
        """Show what the middle button does."""
        self.play.set_icon("pause" if is_playing else "play")
        self.play.set_tip("Pause (Space)" if is_playing else "Play (Space)")

    def show_span(self, span: Span) -> None:
        """Show where the match is."""
        self.scrub.show_span(span)
        now = clock_text(span.tick * span.tick_s)
        whole = f"{now} / {clock_text(span.length * span.tick_s)}" if span.length is not None else now
        fits = self.time.fontMetrics().horizontalAdvance(whole) <= self.time.width()
        self.time.set_whole(whole if fits else now)
        for button in (self.start, self.back_button, self.live):
            if button.isEnabled() != span.is_seekable:
                button.setEnabled(span.is_seekable)

    def show_sound(self, *, is_muted: bool, is_there: bool) -> None:
        """Show whether there is sound."""
        self.mute.set_icon("mute" if is_muted or not is_there else "sound")
        self.mute.setEnabled(is_there)
        tip = "Sound on" if is_muted else "Mute"
        self.mute.set_tip(tip if is_there else "No sound: this machine has no audio device")

    def _keep_overlay(self, name: str, is_on: bool) -> None:  # noqa: FBT001  # a toggled signal's
        self._desktop.settings.put(overlay_key(name), is_on)
        self.overlay_changed.emit()
