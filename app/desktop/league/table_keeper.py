"""Keeps the shown season's table fresh: asks the process that adds it up, never more often than the machine can afford."""

from typing import Any, Final

from PySide6.QtCore import QObject, QTimer

from app.desktop.context import Desktop
from app.desktop.toasts import Level

KIND: Final = "table"
_LEAST_S: Final = 1.0
_SHARE: Final = 4.0
"""A table that took a second to add up is asked for again after this many: the season itself needs the cores."""


class TableKeeper(QObject):
    """Asks one question at a time of one process that stays; ``hub.table_ready`` brings the answers."""

    def __init__(self, desktop: Desktop, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desktop = desktop
        self._wanted: int | None = None
        self._job = ""
        self._asked: int | None = None
        self._asked_at = 0.0
        self._next_at = 0.0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._ask)
        desktop.jobs.event.connect(self._take)
        desktop.jobs.ended.connect(self._end)
        desktop.hub.closing.connect(self.drop)

    def want(self, season_id: int, *, at_once: bool = False) -> None:
        """Ask for the table of ``season_id``; ``at_once`` for one that the user waits for."""
        self._wanted = season_id
        if at_once:
            self._next_at = 0.0
        if self._asked is None:
            self._schedule()

    def drop(self) -> None:
        """Ask for nothing more."""
        self._wanted = None
        self._timer.stop()

    def _schedule(self) -> None:
        self._timer.start(round(1000 * max(0.0, self._next_at - self._desktop.clock())))

    def _ask(self) -> None:
        if self._wanted is None or self._asked is not None:
            return
        self._asked, self._wanted = self._wanted, None
        self._asked_at = self._desktop.clock()
        if self._job:
            self._desktop.jobs.send(self._job, "table", season=self._asked)
            return
        home = str(self._desktop.home.folder)
        arguments = ["table", "--season", str(self._asked), "--home", home, "--events", "--serve", "--quick-first"]
        self._job = self._desktop.jobs.start("Tables of the seasons", arguments, KIND, is_work=False)

    def _take(self, job: str, message: dict[str, Any]) -> None:
        if job != self._job:
            return
        event = message.get("event")
        if event == "table":
            self._desktop.hub.table_ready.emit(message)
        elif event == "failed":
            self._fail(message["reason"])
        if event == "failed" or (event == "table" and not message["quick"]):
            self._rest()

    def _end(self, job: str, is_ok: bool, reason: str) -> None:  # noqa: FBT001  # the signal's arguments
        if job == self._job:
            self._job = ""
            if not is_ok:
                self._fail(reason)
            self._rest()

    def _fail(self, reason: str) -> None:
        self._desktop.toasts.show(f"The table of season {self._asked} cannot be added up: {reason}", Level.ERROR)

    def _rest(self) -> None:
        """Take the answer as given; the next question has to wait."""
        now = self._desktop.clock()
        if self._asked is not None:
            self._next_at = now + max(_LEAST_S, _SHARE * (now - self._asked_at))
        self._asked = None
        if self._wanted is not None:
            self._schedule()
