"""The Network panel: whose network, the network itself, and what is read out of it."""

from typing import Final

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from app.desktop.context import Desktop, OnScreen
from app.desktop.network.canvas import NetworkCanvas
from app.desktop.network.presenter import NetworkPresenter
from app.desktop.widgets import quiet_label
from game.spec import Seat
from league.schema import PlayerRow

_FRAME_MS: Final = 66
_SIGN: Final = {Seat.LEFT: "\N{BLACK LEFT-POINTING TRIANGLE}", Seat.RIGHT: "\N{BLACK RIGHT-POINTING TRIANGLE}"}


class NetworkView(QWidget):
    """Follows the match in the arena about 15 times a second while it is on the screen."""

    def __init__(self, desktop: Desktop) -> None:
        super().__init__()
        self.presenter = NetworkPresenter()
        self.canvas = NetworkCanvas(desktop.theme)
        self.seats = {seat: QToolButton() for seat in Seat}
        self.sentence = quiet_label(is_wrapped=True)
        self.readout = quiet_label()
        self._desktop = desktop
        self._shown: tuple[int, Seat] | None = None
        self._pointed = ""
        self._is_minimised = False
        self._timer = QTimer(self)
        self._timer.setInterval(_FRAME_MS)
        self._timer.timeout.connect(self.refresh)
        self._arrange()
        self._connect()
        self._redraw()

    def _arrange(self) -> None:
        row = QHBoxLayout()
        row.setContentsMargins(4, 4, 4, 0)
        group = QButtonGroup(self)
        for button in self.seats.values():
            button.setCheckable(True)
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            group.addButton(button)
            row.addWidget(button, 1)
        self.sentence.setContentsMargins(8, 4, 8, 4)
        self.sentence.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.readout.setContentsMargins(8, 0, 8, 4)
        self.readout.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(row)
        layout.addWidget(self.sentence)
        layout.addWidget(self.canvas, 1)
        layout.addWidget(self.readout)

    def _connect(self) -> None:
        hub = self._desktop.hub
        for seat, button in self.seats.items():
            button.clicked.connect(lambda _=False, seat=seat: self.choose(seat))
        self.canvas.pointed.connect(self._read_out)
        hub.match_started.connect(self.show_match)
        hub.player_selected.connect(self._follow)
        hub.minimised.connect(self._rest)
        hub.closing.connect(self._timer.stop)

    def show_match(self, screen: OnScreen) -> None:
        """Follow another match."""
        self.presenter.show(screen)
        self._redraw()
        self._run()

    def choose(self, seat: Seat) -> None:
        """Look at one side."""
        self.presenter.choose(seat)
        self._redraw()

    def _follow(self, player: PlayerRow | None) -> None:
        self.presenter.follow(player.hash if player is not None else "")
        self._redraw()

    def refresh(self) -> None:
        """Show the present tick, if it is another one."""
        if (self.presenter.tick, self.presenter.seat) == self._shown:
            return
        moment = self.presenter.moment()
        if moment is not None:
            self._shown = (moment.tick, self.presenter.seat)
            self.canvas.show_moment(moment)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802  # Qt's name
        """Go on."""
        super().showEvent(event)
        self._run()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802  # Qt's name
        """Compute nothing that nobody sees."""
        self._timer.stop()
        super().hideEvent(event)

    def _run(self) -> None:
        is_seen = self.isVisible() and not self._is_minimised
        if is_seen and self.presenter.drawing is not None and not self._timer.isActive():
            self._timer.start()
            self.refresh()

    def _rest(self, is_minimised: bool) -> None:  # noqa: FBT001  # the signal's argument
        """Compute nothing while the window is an icon."""
        self._is_minimised = is_minimised
        if is_minimised:
            self._timer.stop()
        else:
            self._run()

    def _redraw(self) -> None:
        """Show another network, or why there is none."""
        presenter = self.presenter
        for seat, button in self.seats.items():
            contender = presenter.contender(seat)
            name = contender.name if contender else seat.name.lower()
            button.setText(f"{_SIGN[seat]} {name}" if seat is Seat.LEFT else f"{name} {_SIGN[seat]}")
            button.setToolTip(f"Look at the {seat.name.lower()} player, {name}" if contender else "No match is shown")
            button.setAccessibleName(button.toolTip())
            button.setEnabled(contender is not None)
            button.setChecked(contender is not None and seat is presenter.seat)
        self.sentence.setText(presenter.sentence)
        self.sentence.setVisible(bool(presenter.sentence))
        self.canvas.setVisible(presenter.drawing is not None)
        self.canvas.show_drawing(presenter.drawing)
        self._shown = None
        self._read_out("")
        self.refresh()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802  # Qt's name
        """Fit the line below."""
        super().resizeEvent(event)
        self._fit_readout()

    def _read_out(self, text: str) -> None:
        shown = text or self.presenter.summary
        if shown != self._pointed:
            self._pointed = shown
            self.readout.setVisible(bool(shown))
            self.readout.setToolTip(shown)
            self._fit_readout()

    def _fit_readout(self) -> None:
        """Show as much of the line as fits; its tooltip shows all of it."""
        room = self.readout.contentsRect().width()
        self.readout.setText(self.readout.fontMetrics().elidedText(self._pointed, Qt.TextElideMode.ElideRight, room))
