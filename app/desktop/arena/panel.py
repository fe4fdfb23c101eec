"""The arena as a panel: stage, director, play room, exports and their commands, put together."""

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QAction, QPaintEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.desktop.arena.director import Director
from app.desktop.arena.exports import Exports
from app.desktop.arena.hands import PadSource, PygamePads
from app.desktop.arena.kernels import kernels_of
from app.desktop.arena.play_room import PlayRoom
from app.desktop.arena.sound import Loader, Sounds, load_with_pygame
from app.desktop.arena.stage import Stage, muted_setting
from app.desktop.arena.transport import OVERLAYS
from app.desktop.context import Desktop

_SEEK_S = 2.0


class ArenaPanel(QWidget):
    """Holds the stage, which leaves it for the full screen."""

    def __init__(
        self, desktop: Desktop, *, pads: PadSource | None = None, load_sounds: Loader = load_with_pygame
    ) -> None:
        super().__init__()
        self._desktop = desktop
        self._sounds = Sounds(load_sounds, is_muted=muted_setting(desktop))
        self.stage = Stage(desktop, self._sounds)
        self.kernels = kernels_of(desktop)
        self.director = Director(desktop, self.stage, self.kernels)
        self.room = PlayRoom(desktop, self.stage, self.director, self.kernels, pads or PygamePads())
        self.exports = Exports(desktop, self.stage, self.stage.more)
        self._is_started = False
        self._place = QVBoxLayout(self)
        self._place.setContentsMargins(0, 0, 0, 0)
        self._place.addWidget(self.stage)
        self.setFocusProxy(self.stage)
        self._add_commands()
        self.stage.transport.fullscreen.connect(self.toggle_fullscreen)
        self.kernels.ready.connect(self._open_sound)
        desktop.hub.closing.connect(self.leave_fullscreen)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802  # Qt's name
        """Begin to get the kernels ready, once there is something to see."""
        super().paintEvent(event)
        self.start()

    def start(self) -> None:
        """Get the kernels ready; a match follows by itself."""
        if not self._is_started:
            self._is_started = True
            QTimer.singleShot(0, self, self.kernels.start)

    def toggle_fullscreen(self) -> None:
        """Show the stage alone on the whole screen, or back in its place."""
        if self.stage.parent() is None:
            self.leave_fullscreen()
        else:
            self.stage.setParent(None)
            self.stage.setWindowTitle("Rally League")
            self.stage.showFullScreen()
            self.stage.canvas.setFocus()

    def leave_fullscreen(self) -> None:
        """Put the stage back into its place."""
        if self.stage.parent() is None:
            self._place.addWidget(self.stage)
            self.stage.showNormal()
            self.stage.canvas.setFocus()

    def _open_sound(self) -> None:
        self._sounds.open()
        self.stage.show_sound()

    def _add_commands(self) -> None:
        stage = self.stage
        self._add("arena-play", "Play or pause", stage.toggle, "Space")
        self._add("arena-forward", "One tick forward", stage.step_forward, ".")
        self._add("arena-back", "One tick back", stage.step_back, ",")
        self._add("arena-seek-back", "2 seconds back", lambda: stage.seek_by(-_SEEK_S), "Left")
        self._add("arena-seek-forward", "2 seconds forward", lambda: stage.seek_by(_SEEK_S), "Right")
        self._add("arena-start", "To the start", stage.to_start, "Home")
        self._add("arena-end", "To the end", stage.to_end, "End")
        self._add("arena-faster", "Faster", lambda: stage.change_speed(1), "+", "=")
        self._add("arena-slower", "Slower", lambda: stage.change_speed(-1), "-")
        self._add("arena-next", "Next match", self.director.next_match, "N")
        self._add("arena-person", "Play yourself\N{HORIZONTAL ELLIPSIS}", lambda: self.room.ask(None), "P")
        self._add("arena-mute", "Sound on or off", stage.toggle_sound, "M")
        for number, (name, (title, _)) in enumerate(OVERLAYS.items(), start=1):
            overlay = stage.transport.overlay_action(name)
            self._add(f"arena-overlay-{name}", f"{title} on or off", overlay.toggle, str(number))
        full = self._add("arena-fullscreen", "Full screen", self.toggle_fullscreen, "F11")
        full.setShortcutContext(Qt.ShortcutContext.ApplicationShortcut)
        self._leave = QAction(stage)
        self._leave.setShortcut("Esc")
        self._leave.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        self._leave.triggered.connect(self.leave_fullscreen)
        stage.addAction(self._leave)

    def _add(self, name: str, text: str, run: Callable[[], object], *keys: str) -> QAction:
        """Add a command whose keys work while the focus is on the court."""
        return self._desktop.actions.add(name, text, "Match", run, keys=keys, within=self.stage.canvas)
