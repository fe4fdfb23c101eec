"""The wall: up to sixteen matches at once; each is a click away from the arena."""

import math
import secrets
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QFocusEvent, QHideEvent, QKeyEvent, QMouseEvent, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QComboBox, QFrame, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from app.desktop.arena.canvas import Canvas
from app.desktop.arena.casting import Draw, exhibitions
from app.desktop.arena.kernels import kernels_of
from app.desktop.arena.playback import speed_text
from app.desktop.context import Desktop, MatchRequest
from app.desktop.widgets import IconButton, quiet_label
from game.errors import GameError

if TYPE_CHECKING:  # the window paints before the kernels are imported
    from app.desktop.arena.tiles import Tiles

SIDES: Final = (2, 3, 4)
_SPEEDS: Final = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
_FRAME_MS: Final = 33
_BUDGET_S: Final = 0.010
"""What a frame may take: tiles that are not reached are the first of the next one."""

_RECENT: Final = 24
_SUMMARY_S: Final = 1.0
_SIDE: Final = "wall/side"
_SPEED: Final = "wall/speed"
_HINT: Final = "Click a match, or press Enter on it, to watch it in the arena"
_NOBODY: Final = "The league has fewer than two players for the arena: import a player, or train one."


class WallTile(QFrame):
    """A match on the wall; opens by a click or Enter."""

    opened = Signal()

    def __init__(self, desktop: Desktop, number: int) -> None:
        super().__init__()
        self._theme = desktop.theme
        self.canvas = Canvas(desktop.theme, is_small=True)
        self.canvas.setMinimumSize(60, 34)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setObjectName("tile")
        self.setAccessibleName(f"Match {number + 1} of the wall")
        self.setToolTip(_HINT)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2, 2, 2, 2)
        layout.addWidget(self.canvas)
        desktop.theme.changed.connect(self._retouch)
        self._retouch()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802  # Qt's name
        """Open the match."""
        if event.button() is Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.opened.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802  # Qt's name
        """Open the match."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.opened.emit()
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802  # Qt's name
        """Show where the focus is."""
        super().focusInEvent(event)
        self._retouch()

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802  # Qt's name
        """Show that the focus is elsewhere."""
        super().focusOutEvent(event)
        self._retouch()

    def _retouch(self) -> None:
        colour = self._theme.theme.accent if self.hasFocus() else self._theme.theme.line
        self.setStyleSheet(f"#tile {{ border: 2px solid {colour}; border-radius: 4px; }}")


class Wall(QWidget):
    """Shows the tiles while it is visible; new pairings come when matches end."""

    def __init__(
        self,
        desktop: Desktop,
        *,
        draw: Draw = secrets.randbelow,
        cost_clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        super().__init__()
        self._desktop = desktop
        self._draw = draw
        self._cost_clock = cost_clock
        self._kernels = kernels_of(desktop)
        self._tiles: Tiles | None = None
        self._recent: deque[frozenset[str]] = deque(maxlen=_RECENT)
        self._chosen: list[MatchRequest] = []
        self._wanting: list[int] = []
        self._next = 0  # the tile that is drawn first in the next frame
        self._summary_at = 0.0
        self._is_closed = self._is_painted = False
        self.widgets: list[WallTile] = []
        self._timer = QTimer(self)
        self._timer.setInterval(_FRAME_MS)
        self._timer.timeout.connect(self.next_frame)
        self._build()
        self._kernels.ready.connect(self._begin)
        self._kernels.changed.connect(self._show_preparation)
        desktop.hub.watch_beside.connect(self.watch)
        desktop.hub.closing.connect(self._close)
        desktop.hub.minimised.connect(lambda _is_minimised: self._pace())
        self._lay_tiles(desktop.settings.get(_SIDE, 2))

    def _build(self) -> None:
        theme = self._desktop.theme
        self.side = QComboBox()
        for side in SIDES:
            self.side.addItem(f"{side} \N{MULTIPLICATION SIGN} {side}", side)
        self.side.setToolTip("How many matches")
        self.side.setAccessibleName("How many matches")
        self.speed = QComboBox()
        for speed in _SPEEDS:
            self.speed.addItem(speed_text(speed), speed)
        self.speed.setToolTip("Speed of all matches")
        self.speed.setAccessibleName("Speed of all matches")
        known = self._desktop.settings.get(_SPEED, 1.0)
        self.speed.setCurrentIndex(_SPEEDS.index(known) if known in _SPEEDS else 1)
        self.pause = IconButton(theme, "pause", "Pause all", self.toggle)
        self.renew = IconButton(theme, "dice", "New matches", self.new_matches, text="New matches")
        bar = QHBoxLayout()
        margin = theme.px(4)
        bar.setContentsMargins(2 * margin, margin, margin, margin)
        bar.addWidget(self.side)
        bar.addWidget(self.pause)
        bar.addWidget(self.speed)
        bar.addWidget(self.renew)
        hint = quiet_label(_HINT)
        hint.setMinimumWidth(1)
        bar.addWidget(hint, 1)
        self._grid = QGridLayout()
        self._grid.setContentsMargins(margin, 0, margin, margin)
        self._grid.setSpacing(margin)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(bar)
        column.addLayout(self._grid, 1)
        self.side.activated.connect(lambda place: self.set_side(SIDES[place]))
        self.speed.activated.connect(lambda place: self.set_speed(_SPEEDS[place]))

    # Commands

    def set_side(self, side: int) -> None:
        """Have ``side`` x ``side`` matches."""
        self._desktop.settings.put(_SIDE, side)
        self._lay_tiles(side)
        if self._tiles is not None:
            self._tiles.resize(side * side)
        self._pace()

    def set_speed(self, speed: float) -> None:
        """Play all at ``speed``."""
        self._desktop.settings.put(_SPEED, speed)
        if self._tiles is not None:
            self._tiles.set_speed(speed)

    def toggle(self) -> None:
        """Pause all, or let all go on."""
        if self._tiles is not None:
            self._tiles.set_playing(is_playing=not self._tiles.is_playing)
            self.pause.set_icon("pause" if self._tiles.is_playing else "play")
            self.pause.set_tip("Pause all" if self._tiles.is_playing else "Play all")
            self._draw_all()
            self._pace()

    def new_matches(self) -> None:
        """Replace every match."""
        self._chosen = []
        if self._tiles is not None:
            self._tiles.renew()

    def watch(self, requests: Sequence[MatchRequest]) -> None:
        """Fill the wall with these matches, as many as fit on the largest; they begin again at their ends."""
        most = SIDES[-1] ** 2
        self._chosen = list(requests)[:most]
        side = max(SIDES[0], math.ceil(math.sqrt(len(self._chosen))))
        self.set_side(side)
        self._put_chosen()

    def open_tile(self, number: int) -> None:
        """Show a tile's match in the arena, from where it is."""
        request = self._tiles[number].request_now() if self._tiles is not None else None
        if request is not None:
            self._desktop.hub.show_match.emit(request)

    # Tiles

    def _lay_tiles(self, side: int) -> None:
        side = side if side in SIDES else SIDES[0]
        self.side.setCurrentIndex(SIDES.index(side))
        for widget in self.widgets:
            self._grid.removeWidget(widget)
        for widget in self.widgets[side * side :]:
            widget.hide()
            widget.deleteLater()
        del self.widgets[side * side :]
        for number in range(len(self.widgets), side * side):
            widget = WallTile(self._desktop, number)
            widget.opened.connect(lambda number=number: self.open_tile(number))
            widget.canvas.show_note(self._kernels.note or "\N{HORIZONTAL ELLIPSIS}")
            self.widgets.append(widget)
        for number, widget in enumerate(self.widgets):
            self._grid.addWidget(widget, number // side, number % side)

    def _begin(self) -> None:
        """Fill the wall for the first time."""
        from app.desktop.arena.tiles import Tiles

        if self._tiles is None and self.isVisible() and not self._is_closed:
            self._tiles = Tiles(self._desktop.clock, self._want)
            self._tiles.set_speed(float(self.speed.currentData()))
            self._tiles.resize(len(self.widgets))
            self._put_chosen()
            self._pace()

    def _put_chosen(self) -> None:
        if self._tiles is None:
            return
        for number, request in enumerate(self._chosen):
            self._put(number, request, is_kept=True)
        self._draw_all()

    def _want(self, number: int) -> None:
        """Take note that a tile needs a pairing; those of one moment are asked for together, so that they differ."""
        if number >= len(self._chosen):
            self._wanting.append(number)
            if len(self._wanting) == 1:
                QTimer.singleShot(0, self, self._ask)

    def _ask(self) -> None:
        wanting, self._wanting = self._wanting, []
        recent, draw = tuple(self._recent), self._draw

        def show(found: list[MatchRequest]) -> None:
            if self._tiles is None:
                return  # the window closes
            for number, request in zip(wanting, found, strict=False):
                if len(self._chosen) <= number < len(self._tiles):
                    self._recent.append(frozenset(side.hash for side in (request.left, request.right)))
                    self._put(number, request, is_kept=False)
            if not found:
                for widget in self.widgets:
                    widget.canvas.show_note(_NOBODY)

        self._desktop.reader.ask(lambda league: exhibitions(league, len(wanting), draw, recent), show)

    def _put(self, number: int, request: MatchRequest, *, is_kept: bool) -> None:
        assert self._tiles is not None  # noqa: S101  # callers have looked
        try:
            self._tiles.put(number, request, is_kept=is_kept)
        except (GameError, ValueError) as error:
            self._tiles[number].clear()
            self.widgets[number].canvas.show_note(f"This match cannot be shown: {error}")
            return
        self._paint(number)

    # Frames

    def next_frame(self) -> None:
        """Play what is due everywhere, and draw as many tiles as the budget allows, each in its turn."""
        tiles = self._tiles
        if tiles is None:
            return
        begin, count = self._cost_clock(), len(tiles)
        for step in range(count):
            number = (self._next + step) % count
            screening = tiles[number].screening
            if screening is not None:
                screening.frame()
                self._paint(number)
            if self._cost_clock() - begin > _BUDGET_S:
                self._next = (number + 1) % count
                break
        self._summarise()

    def _paint(self, number: int) -> None:
        from app.scene import Overlays

        screening = self._tiles[number].screening if self._tiles is not None else None
        if screening is not None:
            self.widgets[number].canvas.show_view(screening.view(Overlays()), screening.course.game.shape)

    def _draw_all(self) -> None:
        for number in range(len(self.widgets)):
            self._paint(number)

    def _summarise(self) -> None:
        now = self._desktop.clock()
        if self._tiles is None or now < self._summary_at:
            return
        self._summary_at = now + _SUMMARY_S
        for number, widget in enumerate(self.widgets):
            screening = self._tiles[number].screening
            if screening is not None:
                widget.setAccessibleDescription(screening.summary())

    def _pace(self) -> None:
        """Let the timer run while the wall plays and can be seen, only then."""
        is_wanted = (
            self._tiles is not None and self._tiles.is_playing and self.isVisible() and not self.window().isMinimized()
        )
        if is_wanted and not self._timer.isActive():
            self._timer.start()
        elif not is_wanted:
            self._timer.stop()

    def _close(self) -> None:
        """End the frames, and want no answers any more."""
        self._timer.stop()
        self._tiles, self._is_closed = None, True

    def _show_preparation(self) -> None:
        if not self._kernels.is_ready:
            for widget in self.widgets:
                widget.canvas.show_note(self._kernels.note)

    # Events

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802  # Qt's name
        """Get the kernels ready once there is something to see."""
        super().paintEvent(event)
        if self._kernels.is_ready and self._tiles is None:
            QTimer.singleShot(0, self, self._begin)
        elif not self._is_painted:  # only once: if it fails, the user tries again, not every repaint
            QTimer.singleShot(0, self, self._kernels.start)
        self._is_painted = True

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802  # Qt's name
        """Go on with the frames."""
        super().showEvent(event)
        self._pace()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802  # Qt's name
        """Need no frames any more."""
        super().hideEvent(event)
        self._pace()
