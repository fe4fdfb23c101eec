"""When charts are drawn: each about four times a second, one after the other, and only those that need it."""

from typing import Final, Protocol

from PySide6.QtCore import QObject, QTimer

ROUND_MS: Final = 240
"""Time in which every chart gets its turn."""


class Drawable(Protocol):
    """A chart that is drawn in its turn."""

    def is_due(self) -> bool:
        """Whether it is on the screen and shows something that is no longer so."""
        ...

    def redraw(self) -> None:
        """Draw it."""
        ...


class Pacer(QObject):
    """Gives charts their turns; sleeps while none is due, or while the window is an icon."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._charts: list[Drawable] = []
        self._next = 0
        self._is_resting = False
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._give_turn)

    @property
    def is_awake(self) -> bool:
        """Whether a chart is due."""
        return self._timer.isActive()

    @property
    def is_resting(self) -> bool:
        """Whether nothing is drawn at all: nobody can see it."""
        return self._is_resting

    def rest(self, is_resting: bool) -> None:  # noqa: FBT001  # the slot of a signal
        """Draw nothing, or go on with what has changed meanwhile."""
        self._is_resting = is_resting
        if is_resting:
            self._timer.stop()
        else:
            self.wake()

    def add(self, chart: Drawable) -> None:
        """Let ``chart`` take turns."""
        self._charts.append(chart)
        self._timer.setInterval(max(1, ROUND_MS // len(self._charts)))

    def wake(self) -> None:
        """Something has changed: chart by chart will be asked whether it is due."""
        if self._is_resting or self._timer.isActive():
            return
        if any(chart.is_due() for chart in self._charts):
            self._timer.start()

    def _give_turn(self) -> None:
        due = [chart for chart in self._in_turn() if chart.is_due()]
        if not due:
            self._timer.stop()
            return
        self._next = self._charts.index(due[0]) + 1
        due[0].redraw()

    def _in_turn(self) -> list[Drawable]:
        first = self._next % max(len(self._charts), 1)
        return [*self._charts[first:], *self._charts[:first]]
