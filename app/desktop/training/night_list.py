"""The nights of the Training dock: begun, watched, paused, stopped and resumed from here."""

import functools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget

from app.desktop.command_line import command_line
from app.desktop.context import Desktop
from app.desktop.toasts import Level, Remedy
from app.desktop.training import night_text
from app.desktop.training.cards import Phase
from app.desktop.training.new_night import JOB_KIND, NewNight, resume_arguments
from app.desktop.training.night_widget import NightWidget
from app.desktop.training.nights import NightBook, NightCard, stored_nights

if TYPE_CHECKING:  # the window paints before these are imported
    from app.desktop.reader import Ticket

_SHOW_MS: Final = 100
_GROWTH_MS: Final = 1000
_HIDDEN_KEY: Final = "training/hidden_nights"


class NightList(QWidget):
    """A card for each night that is not complete, and for the last that is; ``open_folder`` shows a folder."""

    changed = Signal()
    """Other cards are shown, or they show something else."""

    def __init__(self, desktop: Desktop, open_folder: Callable[[str], object]) -> None:
        super().__init__()
        self._desktop = desktop
        self._open_folder = open_folder
        self.book = NightBook()
        self._selected = ""
        self._widgets: list[NightWidget] = []
        self._ticket: Ticket | None = None
        self._soon = self._timer(_SHOW_MS, self.show_now)
        self._growth = self._timer(_GROWTH_MS, self._tell_growth)
        self._growing: int | None = None
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(6)
        for night in desktop.settings.get(_HIDDEN_KEY, "").split():
            self.book.dismiss(night)
        desktop.jobs.event.connect(self._take)
        desktop.jobs.ended.connect(self._end)
        desktop.hub.closing.connect(self._close)
        self.hide()

    def _timer(self, interval_ms: int, run: Callable[[], object]) -> QTimer:
        timer = QTimer(self, singleShot=True, interval=interval_ms)
        timer.timeout.connect(run)
        return timer

    def _close(self) -> None:
        self._soon.stop()
        self._growth.stop()
        if self._ticket is not None:
            self._ticket.cancel()

    # What is shown

    def refresh(self) -> None:
        """Ask the league for its nights."""
        if self._ticket is not None:
            self._ticket.cancel()
        self._ticket = self._desktop.reader.ask(stored_nights, self._set_stored)

    def _set_stored(self, stored: list[NightCard]) -> None:
        self.book.set_stored(stored)
        self.show_now()

    def show_now(self) -> None:
        """Show what is known."""
        self._soon.stop()
        cards = self.book.cards()
        while len(self._widgets) < len(cards):
            self._add_widget()
        for place, widget in enumerate(self._widgets):
            widget.setVisible(place < len(cards))
            if place < len(cards):
                widget.show_card(cards[place], is_selected=cards[place].night == self._selected)
        self.setVisible(bool(cards))
        self.changed.emit()

    def widgets(self) -> list[NightWidget]:
        """Return the cards that are shown, top down."""
        return [widget for widget in self._widgets if widget.isVisibleTo(self)]

    def _add_widget(self) -> None:
        widget = NightWidget(self._desktop.theme)
        widget.wanted.connect(self.do)
        widget.run_wanted.connect(self._show_run)
        self._layout.addWidget(widget)
        self._widgets.append(widget)

    # Jobs

    def start(self, night: NewNight) -> None:
        """Begin a new night in a job of its own."""
        job = self._desktop.jobs.start(night.title, night.arguments(str(self._desktop.home.folder)), JOB_KIND)
        self._selected = self.book.begin(
            job, None, name=night.run.name or "Overnight (starting)", trainer=night.run.trainer.name
        )
        self.show_now()

    def _resume(self, card: NightCard) -> None:
        if card.phase is Phase.PAUSED and card.job is not None:
            self._send(card, "resume", Phase.RUNNING)
        elif card.can_resume:
            arguments = resume_arguments(card.night, str(self._desktop.home.folder))
            job = self._desktop.jobs.start(f"Overnight: {card.name}", arguments, JOB_KIND)
            self.book.begin(job, card.night, name=card.name)
            self.show_now()

    def _send(self, card: NightCard, command: str, phase: Phase) -> None:
        if card.job is not None:
            self._desktop.jobs.send(card.job, command)
            self.book.want(card.night, phase)
            self.show_now()

    def _take(self, job: str, message: Mapping[str, Any]) -> None:
        before = self.book.night_of(job)
        night = self.book.take(job, message)
        if night is None:
            return
        if before != night and self._selected == before:
            self._selected = night
        self._tell(message)
        if not self._soon.isActive():
            self._soon.start()

    def _tell(self, message: Mapping[str, Any]) -> None:
        """Tell the other panels what is new in the league."""
        hub, event, stage = self._desktop.hub, message.get("event"), message.get("phase")
        if event in ("started", "cycle") or (event == "phase" and stage == "train"):
            hub.runs_changed.emit()
        if event == "cycle" or (event == "phase" and stage == "season"):
            hub.seasons_changed.emit()
        if event in ("gate", "cycle"):
            hub.players_changed.emit()
        season = message.get("season")
        if event in ("phase", "cycle") and isinstance(season, int):
            self._growing = season
        if (event, stage) == ("progress", "season") and not self._growth.isActive():
            self._growth.start()
        if event == "cycle":
            self._tell_growth()

    def _tell_growth(self) -> None:
        if self._growing is not None:
            self._desktop.hub.season_grew.emit(self._growing)

    def _end(self, job: str, is_ok: bool, reason: str) -> None:  # noqa: FBT001  # the signal's arguments
        night = self.book.end(job, reason, is_ok=is_ok)
        card = None if night is None else self.book.card(night)
        if card is None:
            return
        self.show_now()
        self._desktop.hub.runs_changed.emit()
        self._desktop.hub.seasons_changed.emit()
        if card.phase is Phase.FAILED:
            remedy = Remedy("Resume", functools.partial(self.do, card.night, "resume")) if card.can_resume else None
            text = f"Overnight {card.name} has failed: {card.reason or 'see the log'}"
            self._desktop.toasts.show(text, Level.ERROR, details=self._desktop.jobs.details(job), remedy=remedy)
        elif card.phase is Phase.COMPLETE:
            champion = night_text.champion_text(card)
            self._desktop.toasts.info(f"Overnight {card.name} is complete" + (f": {champion}." if champion else "."))

    # What a card's buttons do

    def do(self, night: str, what: str) -> None:
        """Do what the card of ``night`` says that the user wants."""
        card = self.book.card(night)
        deeds: Mapping[str, Callable[[NightCard], object]] = {
            "select": self._select,
            "pause": lambda card: self._send(card, "pause", Phase.PAUSED),
            "resume": self._resume,
            "stop": lambda card: self._send(card, "stop", Phase.STOPPING),
            "cancel": lambda card: self._send(card, "cancel", Phase.STOPPING),
            "copy": lambda card: _copy(night_text.lines_text(card)),
            "folder": lambda card: self._open_folder(str(self._desktop.home.folder / "overnights" / card.night)),
            "command": lambda card: _copy(command_line(resume_arguments(card.night, str(self._desktop.home.folder)))),
            "dismiss": self._dismiss,
        }
        if card is not None:
            deeds[what](card)

    def _select(self, card: NightCard) -> None:
        self._selected = "" if self._selected == card.night else card.night
        self.show_now()
        if self._selected and card.stage.run:
            self._desktop.hub.run_selected.emit(card.stage.run)

    def _show_run(self, run: str) -> None:
        if run:
            self._desktop.hub.run_selected.emit(run)

    def _dismiss(self, card: NightCard) -> None:
        self.book.dismiss(card.night)
        if card.is_stored:
            hidden = self._desktop.settings.get(_HIDDEN_KEY, "").split()
            self._desktop.settings.put(_HIDDEN_KEY, " ".join([*hidden, card.night]))
        self.show_now()


def _copy(text: str) -> None:
    QApplication.clipboard().setText(text)
