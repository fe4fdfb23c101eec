"""The stage: one match on the screen with its transport. It shows what it is given and says when that is over."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent, QMouseEvent, QShowEvent
from PySide6.QtWidgets import QMenu, QVBoxLayout, QWidget

from app.desktop.arena.canvas import Canvas
from app.desktop.arena.frames import FrameCounter
from app.desktop.arena.heading import Heading
from app.desktop.arena.playback import SPEEDS
from app.desktop.arena.scrub import Span
from app.desktop.arena.sound import Sounds, heard
from app.desktop.arena.transport import Transport
from app.desktop.context import Desktop

if TYPE_CHECKING:  # the window paints before the kernels are imported
    from app.desktop.arena.screening import Screening

_FRAME_MS: Final = 16
_SUMMARY_S: Final = 1.0
_LABELS_S: Final = 0.1
_TAB_TAP_S: Final = 0.25  # a Tab that is let go sooner moves the focus, as everywhere
_MUTED: Final = "arena/is_muted"


class Stage(QWidget):
    """Shows a ``Screening``: canvas, heading, transport, keys, sounds, statistics."""

    frame_played = Signal()
    """A frame was shown while the match moves."""
    hidden = Signal()
    """The stage is not to be seen any more: something else is in front, or its window is an icon."""
    key_pressed = Signal(str, bool)
    """A key of a person who plays, by Qt's name, and whether it went down (or up)."""
    pointed = Signal(float)
    """The pointer is at this height of the court, in court units."""
    focus_lost = Signal()

    def __init__(
        self, desktop: Desktop, sounds: Sounds, *, cost_clock: Callable[[], float] = time.perf_counter
    ) -> None:
        super().__init__()
        self._desktop = desktop
        self._sounds = sounds
        self._cost_clock = cost_clock
        self._screening: Screening | None = None
        self._broken: Screening | None = None
        self._frames = FrameCounter()
        self._speed = 1.0
        self._summary_at = self._labels_at = self._tab_at = 0.0
        self.more = QMenu(self)
        self.heading = Heading(desktop)
        self.canvas = Canvas(desktop.theme)
        self.transport = Transport(desktop, self.more)
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(_FRAME_MS)
        self._timer.timeout.connect(self.next_frame)
        self._lay_out()
        self._connect()
        self.show_sound()

    def _lay_out(self) -> None:
        self.canvas.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.canvas.setMouseTracking(True)
        self.canvas.setAccessibleName("Arena")
        self.canvas.installEventFilter(self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.heading)
        layout.addWidget(self.canvas, 1)
        layout.addWidget(self.transport)
        self.transport.setEnabled(False)
        self.setFocusProxy(self.canvas)

    def _connect(self) -> None:
        bar = self.transport
        bar.to_start.connect(self.to_start)
        bar.back.connect(self.step_back)
        bar.toggled.connect(self.toggle)
        bar.forward.connect(self.step_forward)
        bar.to_end.connect(self.to_end)
        bar.speed_chosen.connect(self.set_speed)
        bar.scrub.sought.connect(self.seek)
        bar.overlay_changed.connect(self.refresh)
        bar.sound_toggled.connect(self.toggle_sound)
        self.canvas.broke.connect(self._stop_for)
        self._desktop.hub.closing.connect(self._timer.stop)
        self._desktop.hub.minimised.connect(self._see_minimised)

    # What is shown

    @property
    def is_seen(self) -> bool:
        """Whether somebody can look at it: it is in front, and its window is no icon."""
        return self.isVisible() and not self.window().isMinimized()

    @property
    def screening(self) -> "Screening | None":
        """The match on the screen."""
        return self._screening

    def show_screening(self, screening: "Screening") -> None:
        """Put a match on the screen; the speed stays, but people play at the speed of the game."""
        self._screening = screening
        if screening.playback.timeline is not None:
            screening.playback.set_speed(self._speed)
        self.heading.show_request(screening.request)
        self.transport.setEnabled(True)
        self._summary_at = 0.0
        self.refresh()

    def show_note(self, note: str, share: float | None = None) -> None:
        """Show a text instead of a match, and how much of what it tells of is done."""
        self._screening = None
        self.transport.setEnabled(False)
        self.heading.title.set_whole("")
        self.heading.badge.hide()
        self.canvas.show_note(note, share)
        self.canvas.setAccessibleDescription(note)
        self._pace()

    def refresh(self) -> None:
        """Draw what there is now, and see to the timer."""
        if self._screening is None:
            return
        self._paint(played=0)
        self._label()
        self._pace()

    # Commands

    def play(self) -> None:
        """Go on."""
        self._do(lambda screening: screening.playback.play())

    def pause(self) -> None:
        """Stand still."""
        self._do(lambda screening: screening.playback.pause())

    def toggle(self) -> None:
        """Play or pause."""
        self._do(lambda screening: screening.playback.toggle())

    def step_forward(self) -> None:
        """Go one tick on."""
        self._do(lambda screening: screening.playback.step_forward())

    def step_back(self) -> None:
        """Go one tick back."""
        self._do(lambda screening: screening.playback.step_back())

    def to_start(self) -> None:
        """Go to the first tick."""
        self._do(lambda screening: screening.playback.to_start())

    def to_end(self) -> None:
        """Go to the end."""
        self._do(lambda screening: screening.playback.to_end())

    def seek(self, tick: int) -> None:
        """Go to ``tick``."""
        self._do(lambda screening: screening.playback.seek(tick))

    def seek_by(self, seconds: float) -> None:
        """Go ``seconds`` forward or back."""
        self._do(lambda screening: screening.playback.seek_by(seconds))

    def set_speed(self, speed: float) -> None:
        """Set the target speed."""
        self._speed = speed
        self._set_speed()

    def change_speed(self, steps: int) -> None:
        """Go faster or slower."""
        place = SPEEDS.index(self._speed) + steps
        self._speed = SPEEDS[min(max(place, 0), len(SPEEDS) - 1)]
        self._set_speed()

    def set_turbo(self, *, is_on: bool) -> None:
        """Go 8 times as fast while it is on; not while people play."""
        if self._screening is not None and self._screening.playback.timeline is not None:
            self._screening.playback.is_turbo = is_on
            self._label()

    def toggle_sound(self) -> None:
        """Mute, or not; remembered."""
        self._sounds.is_muted = not self._sounds.is_muted
        self._desktop.settings.put(_MUTED, self._sounds.is_muted)
        self._sounds.open()
        self.show_sound()

    def show_sound(self) -> None:
        """Show whether there is sound."""
        self.transport.show_sound(is_muted=self._sounds.is_muted, is_there=self._sounds.is_there)

    def _set_speed(self) -> None:
        if self._screening is not None and self._screening.playback.timeline is not None:
            self._screening.playback.set_speed(self._speed)
            self.refresh()

    def _do(self, command: "Callable[[Screening], None]") -> None:
        if self._screening is not None:
            command(self._screening)
            self.refresh()

    # Frames

    def _pace(self) -> None:
        """Let the timer run while something moves and can be seen, only then."""
        screening = self._screening
        is_wanted = screening is not None and screening.playback.is_moving and self.is_seen
        if is_wanted and not self._timer.isActive():
            self._frames.reset()
            self._timer.start()
        elif not is_wanted and self._timer.isActive():
            self._timer.stop()
            self._desktop.hub.arena_frame.emit(0.0, 0.0)

    def next_frame(self) -> None:
        """Play what is due and show it."""
        screening = self._screening
        if screening is None:
            return
        begin = self._cost_clock()
        played = screening.frame()
        if screening is not self._screening:  # its end has put another one on the screen
            return
        self._paint(played)
        now = self._desktop.clock()
        if now >= self._labels_at:
            self._labels_at = now + _LABELS_S
            self._label()
        self.frame_played.emit()
        self._count(now, (self._cost_clock() - begin) * 1000)
        self._pace()

    def _paint(self, played: int) -> None:
        from app.scene import Overlays

        screening = self._screening
        assert screening is not None  # noqa: S101  # callers have looked
        on = self.transport.overlays_on()
        before = self.canvas.view
        overlays = Overlays(path="path" in on, sight="sight" in on, values="values" in on, actions="actions" in on)
        view = screening.view(overlays, has_trail="trail" in on)
        self.canvas.show_view(view, screening.course.game.shape)
        sound = heard(before, view, is_over=screening.course.is_over) if played else None
        if sound is not None:
            self._sounds.play(sound)

    def _label(self) -> None:
        """Bring up to date what is written around the court."""
        screening = self._screening
        if screening is None:
            return
        playback, course = screening.playback, screening.course
        timeline = playback.timeline
        self.transport.show_playing(is_playing=playback.is_playing)
        self.transport.show_span(
            Span(
                tick=course.tick,
                scanned=timeline.scanned if timeline is not None else course.tick,
                length=timeline.length if timeline is not None else None,
                marks=course.marks,
                tick_s=playback.tick_s,
                is_seekable=timeline is not None,
            )
        )
        self.transport.speed.show_speed(playback.speed, playback.target_speed, playback.true_speed())
        self.transport.speed.box.setEnabled(timeline is not None)
        self._verify(screening)
        now = self._desktop.clock()
        if now >= self._summary_at:
            self._summary_at = now + _SUMMARY_S
            self.canvas.setAccessibleDescription(screening.summary())

    def _verify(self, screening: "Screening") -> None:
        if self.heading.badge.isHidden():
            verification = screening.verification()
            if verification is not None:
                self.heading.show_verification(verification)

    def _count(self, now: float, cost_ms: float) -> None:
        statistics = self._frames.add(now, cost_ms)
        if statistics is not None:
            self._desktop.hub.arena_frame.emit(statistics.per_second, statistics.median_ms)

    def _stop_for(self, sentence: str) -> None:
        """Pause: what is on the screen cannot be drawn. That is said once a match."""
        if self._screening is not None:
            self._screening.playback.pause()
        self._timer.stop()
        if self._broken is not self._screening:
            self._broken = self._screening
            self._desktop.toasts.error(sentence)

    # Events

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802  # Qt's name
        """Go on with the frames."""
        super().showEvent(event)
        self._pace()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802  # Qt's name
        """Need no frames any more."""
        super().hideEvent(event)
        self._pace()
        self.hidden.emit()

    def _see_minimised(self, is_minimised: bool) -> None:  # noqa: FBT001  # the signal's
        """Rest while the window is an icon; whether that hides what is in it, platforms do not agree."""
        self._pace()
        if is_minimised:
            self.hidden.emit()

    def eventFilter(self, watched: object, event: QEvent) -> bool:  # noqa: N802  # Qt's name
        """See the keys and the pointer over the court."""
        if watched is self.canvas:
            if isinstance(event, QKeyEvent) and event.type() in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
                return self._take_key(event, is_down=event.type() == QEvent.Type.KeyPress)
            if isinstance(event, QMouseEvent):
                self._take_mouse(event)
            elif event.type() == QEvent.Type.FocusOut:
                self.set_turbo(is_on=False)
                self.focus_lost.emit()
        return False

    def _take_mouse(self, event: QMouseEvent) -> None:
        self.pointed.emit(self.canvas.court_y(event.position().y()))
        if event.type() == QEvent.Type.MouseButtonPress:
            self.canvas.setFocus()

    def _take_key(self, event: QKeyEvent, *, is_down: bool) -> bool:
        if event.isAutoRepeat():
            return event.key() == Qt.Key.Key_Tab
        if event.key() == Qt.Key.Key_Tab and not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._take_tab(is_down=is_down)
            return True
        self.key_pressed.emit(Qt.Key(event.key()).name.removeprefix("Key_"), is_down)
        return False

    def _take_tab(self, *, is_down: bool) -> None:
        """Turbo while Tab is held; a short one moves the focus."""
        self.set_turbo(is_on=is_down)
        now = self._desktop.clock()
        if is_down:
            self._tab_at = now
        elif now - self._tab_at < _TAB_TAP_S:
            self.focusNextChild()


def muted_setting(desktop: Desktop) -> bool:
    """Return whether sounds were muted."""
    return desktop.settings.get(_MUTED, default=False)
