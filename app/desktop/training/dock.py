"""The Training dock: the form for a new run above the runs, which are started, watched and kept from here."""

import functools
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QSize, Qt, QTimer, QUrl
from PySide6.QtGui import QDesktopServices, QHideEvent, QShowEvent
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QScrollArea, QToolButton, QVBoxLayout, QWidget

from app.desktop.command_line import command_line
from app.desktop.context import Desktop
from app.desktop.toasts import Level, Remedy
from app.desktop.training import champion
from app.desktop.training.card_list import CardList
from app.desktop.training.card_widget import card_style
from app.desktop.training.cards import Phase, RunBook, RunCard
from app.desktop.training.form_widget import NewRunForm
from app.desktop.training.new_night import NewNight
from app.desktop.training.new_run import JOB_KIND, NewRun, resume_arguments
from app.desktop.training.night_dialog import open_night_dialog
from app.desktop.training.night_list import NightList
from app.desktop.training.showing import Showing
from app.desktop.widgets import IconButton, quiet_label

if TYPE_CHECKING:  # the window paints before these are imported
    from ai.trainer import Trainer
    from app.desktop.reader import Ticket
    from app.session import League
    from league.schema import RunRow

_REFRESH_MS: Final = 3000
_SHOW_MS: Final = 100
_SEEDS: Final = 10**9  # seeds that people can copy by hand
_HINT: Final = "No run yet. Choose a preset above and press Start training: a card with its progress appears here."
_OVERNIGHT_TIP: Final = "Train, gate and season again and again, without anybody: the league grows stronger by itself"


@dataclass(frozen=True)
class Machine:
    """What the form has to know of the program and of this machine."""

    trainers: "tuple[Trainer, ...]"
    workers: int
    cores: int


class TrainingDock(QWidget):
    """Everything about training runs. ``draw`` gives a random number below its argument; ``open_folder`` shows a folder."""

    def __init__(
        self,
        desktop: Desktop,
        *,
        draw: Callable[[int], int] = secrets.randbelow,
        open_folder: Callable[[str], object] = lambda folder: QDesktopServices.openUrl(QUrl.fromLocalFile(folder)),
    ) -> None:
        super().__init__()
        self._desktop = desktop
        self._draw = draw
        self._open_folder = open_folder
        self.book = RunBook()
        self.showing = Showing(desktop, self.book, draw, self)
        self._trainers: dict[str, Trainer] = {}
        self._workers = 1
        self._selected = ""
        self._is_first_look = True
        self._least_width = 0
        self._ticket: Ticket | None = None
        self._slow = QTimer(self, interval=_REFRESH_MS)
        self._slow.timeout.connect(self.refresh)
        self._soon = QTimer(self, singleShot=True, interval=_SHOW_MS)
        self._soon.timeout.connect(self.show_now)
        self._build()
        self._connect()
        self._retouch()
        desktop.reader.ask(_machine, self._set_machine)

    # Building

    def _build(self) -> None:
        self.form = NewRunForm(
            self._desktop.theme, str(self._desktop.home.folder), functools.partial(self._draw, _SEEDS)
        )
        self.form.started.connect(self.start)
        self.opener = QToolButton()
        self.opener.setText("New run")
        self.opener.setCheckable(True)
        self.opener.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.opener.setToolTip("Show the form that starts a training run")
        self.opener.toggled.connect(self._show_form)
        self.overnight = IconButton(
            self._desktop.theme, "moon", _OVERNIGHT_TIP, self.open_overnight, text="Overnight\N{HORIZONTAL ELLIPSIS}"
        )
        self.overnight.setEnabled(False)
        self.hint = quiet_label(_HINT, is_wrapped=True)
        self.nights = NightList(self._desktop, self._open_folder)
        self.cards = CardList(self._desktop.theme)
        self.cards.wanted.connect(self._do)
        self._content = QWidget()
        layout = QVBoxLayout(self._content)
        layout.setContentsMargins(8, 6, 8, 8)
        top = QHBoxLayout()
        top.addWidget(self.opener)
        top.addStretch(1)
        top.addWidget(self.overnight)
        layout.addLayout(top)
        for each in (self.form, self.hint, self.nights, self.cards):
            layout.addWidget(each)
        layout.addStretch(1)
        self.area = QScrollArea(widgetResizable=True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setWidget(self._content)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self.area)
        self._show_form(is_on=False)

    def _connect(self) -> None:
        desktop = self._desktop
        desktop.jobs.event.connect(self._take)
        desktop.jobs.ended.connect(self._end)
        desktop.hub.runs_changed.connect(self.refresh)
        desktop.hub.run_selected.connect(self._note_selection)
        self.showing.changed.connect(self.show_now)
        self.nights.changed.connect(self._show_soon)
        desktop.hub.closing.connect(self._close)
        desktop.theme.changed.connect(self._retouch)
        desktop.actions.add(
            "new-run", "New training run", "Training", self.open_form, keys=["Ctrl+T"], tip="Choose what to train"
        )
        desktop.actions.add(
            "overnight", "Overnight\N{HORIZONTAL ELLIPSIS}", "Training", self.open_overnight, tip=_OVERNIGHT_TIP
        )

    def _set_machine(self, machine: Machine) -> None:
        self._trainers = {trainer.name: trainer for trainer in machine.trainers}
        self._workers = machine.workers
        self.form.set_trainers(machine.trainers, workers=machine.workers, cores=machine.cores)
        self.overnight.setEnabled(bool(machine.trainers))
        self.show_now()

    def _retouch(self) -> None:
        self.setStyleSheet(card_style(self._desktop.theme.theme))

    def _look_away(self) -> None:
        """Look at the league no longer, until the dock is shown or a run begins or ends."""
        self._slow.stop()
        if self._ticket is not None:
            self._ticket.cancel()

    def _close(self) -> None:
        self._look_away()
        self._soon.stop()

    # What is shown

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802  # Qt's name
        """Look at the league now and then: runs of the command line appear too."""
        super().showEvent(event)
        self.refresh()
        self._slow.start()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802  # Qt's name
        """Look no longer."""
        super().hideEvent(event)
        self._look_away()

    def minimumSizeHint(self) -> QSize:  # noqa: N802  # Qt's name
        """Return a size at which no card is cut; lower ones scroll."""
        bar = self.area.verticalScrollBar().sizeHint().width()
        return QSize(self._content.minimumSizeHint().width() + bar, super().minimumSizeHint().height())

    def refresh(self) -> None:
        """Ask the league for its runs."""
        if self._ticket is not None:
            self._ticket.cancel()
        self.nights.refresh()
        self._ticket = self._desktop.reader.ask(champion.runs, self._set_rows)

    def _set_rows(self, rows: "list[RunRow]") -> None:
        self.book.set_rows(rows)
        if self._is_first_look:
            self._is_first_look = False
            self.opener.setChecked(not rows and not self.book.cards() and not self.nights.book.cards())
        self.show_now()

    def show_now(self) -> None:
        """Show what is known."""
        self._soon.stop()
        cards = [self.nights.book.with_night(card) for card in self.book.cards()]
        self.hint.setVisible(not cards and not self.nights.book.cards())
        self.cards.show_cards(cards, self._trainers, selected=self._selected, followed=self.showing.followed)
        self.form.set_running(self.book.workers())
        width = self.minimumSizeHint().width()
        if width != self._least_width:
            self._least_width = width
            self.updateGeometry()

    def _show_soon(self) -> None:
        if not self._soon.isActive():
            self._soon.start()

    def _show_form(self, is_on: bool) -> None:  # noqa: FBT001  # the signal's argument
        self.opener.setArrowType(Qt.ArrowType.DownArrow if is_on else Qt.ArrowType.RightArrow)
        self.form.setVisible(is_on)

    def open_form(self) -> None:
        """Bring the form to the front."""
        self._desktop.hub.panel_wanted.emit("training")
        self.opener.setChecked(True)
        self.area.verticalScrollBar().setValue(0)
        self.form.trainer.setFocus()

    def open_overnight(self) -> None:
        """Open the dialog of a night."""
        if self._trainers:
            self._desktop.hub.panel_wanted.emit("training")
            open_night_dialog(
                self._desktop, tuple(self._trainers.values()), self._draw, self.window(), self._start_night
            )

    def _start_night(self, night: NewNight) -> None:
        self.nights.start(night)
        self.opener.setChecked(False)
        self.area.verticalScrollBar().setValue(0)

    # Jobs

    def start(self, run: NewRun) -> None:
        """Start a new run in a job of its own."""
        arguments = run.arguments(str(self._desktop.home.folder))
        job = self._desktop.jobs.start(run.title, arguments, JOB_KIND)
        name = run.name or f"{run.trainer.title} (starting)"
        self._selected = self.book.begin(job, None, name=name, trainer=run.trainer.name, workers=run.workers or 1)
        self.opener.setChecked(False)
        self.show_now()
        self.area.verticalScrollBar().setValue(0)

    def _resume(self, card: RunCard) -> None:
        if card.phase is Phase.PAUSED and card.job is not None:
            self._send(card, "resume", Phase.RUNNING)
        elif card.can_resume:
            self._go_on(card)

    def _go_on(self, card: RunCard) -> None:
        workers = self._workers_of(card.trainer)
        arguments = resume_arguments(card.trainer, card.run, str(self._desktop.home.folder), workers)
        job = self._desktop.jobs.start(f"Training: {card.name}", arguments, JOB_KIND)
        self.book.begin(job, card.run, name=card.name, trainer=card.trainer, workers=workers or 1)
        self.show_now()

    def _send(self, card: RunCard, command: str, phase: Phase) -> None:
        if card.job is not None:
            self._desktop.jobs.send(card.job, command)
            self.book.want(card.run, phase)
            self.show_now()

    def _take(self, job: str, message: Mapping[str, object]) -> None:
        before = self.book.run_of(job)
        run = self.book.take(job, message)
        if run is None:
            return
        self._desktop.hub.run_message.emit(message)
        if message.get("event") == "run_started":
            if self._selected in (before, run):
                self._select(run)
            self._desktop.hub.runs_changed.emit()
        self._show_soon()

    def _end(self, job: str, is_ok: bool, reason: str) -> None:  # noqa: FBT001  # the signal's arguments
        run = self.book.end(job, reason, is_ok=is_ok)
        card = None if run is None else self.book.card(run)
        if card is None:
            return
        self.show_now()
        self._desktop.hub.runs_changed.emit()
        if card.phase is Phase.FAILED:
            remedy = Remedy("Resume", functools.partial(self._do, card.run, "resume")) if card.can_resume else None
            text = f"Training {card.name} has failed: {card.reason or 'see the log'}"
            self._desktop.toasts.show(text, Level.ERROR, details=self._desktop.jobs.details(job), remedy=remedy)
        elif card.phase is Phase.COMPLETE:
            remedy = Remedy("Watch", functools.partial(self._do, card.run, "watch"))
            self._desktop.toasts.show(f"Training {card.name} is complete.", remedy=remedy if card.champion else None)

    # What a card's buttons do

    def _do(self, run: str, what: str) -> None:
        card = self.book.card(run)
        deeds: Mapping[str, Callable[[RunCard], object]] = {
            "select": lambda card: self._select(card.run),
            "pause": lambda card: self._send(card, "pause", Phase.PAUSED),
            "resume": self._resume,
            "stop": lambda card: self._send(card, "stop", Phase.STOPPING),
            "watch": lambda card: self.showing.watch(card.run),
            "follow": self.showing.follow,
            "unfollow": lambda _: self.showing.follow(None),
            "add": self.showing.ask_name,
            "details": self._show_details,
            "folder": lambda card: self._open_folder(str(self._desktop.home.folder / card.folder)),
            "command": lambda card: _copy(self._command(card)),
            "config": lambda card: _copy(_configuration(card)),
            "dismiss": self._dismiss,
        }
        if card is not None:
            deeds[what](card)

    def _show_details(self, card: RunCard) -> None:
        from app.desktop.training.details_dialog import DetailsDialog  # loads the network view: after the first paint

        DetailsDialog(self._desktop, card.run, card.name, self.window()).show()

    def _select(self, run: str) -> None:
        self._selected = run
        self.show_now()
        self._desktop.hub.run_selected.emit(run)

    def _note_selection(self, run: str) -> None:
        if run != self._selected:
            self._selected = run
            self.show_now()

    def _command(self, card: RunCard) -> str:
        """Return the command that makes the same run anew; of a trainer that is gone, the one that goes on with it."""
        home, trainer = str(self._desktop.home.folder), self._trainers.get(card.trainer)
        if trainer is not None:
            run = NewRun(trainer, None, card.config, card.name, card.seed or 0, self._workers_of(card.trainer))
            if not run.problem():
                return command_line(run.arguments(home))
        return command_line(resume_arguments(card.trainer, card.run, home, self._workers_of(card.trainer)))

    def _workers_of(self, trainer: str) -> int | None:
        """Return with how many workers a run goes on; None where its trainer settles that itself."""
        known = self._trainers.get(trainer)
        return None if known is not None and known.advise is not None else self._workers

    def _dismiss(self, card: RunCard) -> None:
        self.book.forget(card.run)
        self.show_now()


def _machine(_league: "League") -> Machine:
    from ai.trainer import trainers
    from game.executors.base import default_workers, usable_cores

    return Machine(trainers(), default_workers(), usable_cores())


def _configuration(card: RunCard) -> str:
    return json.dumps({"trainer": card.trainer, "seed": card.seed, "config": dict(card.config)}, indent=1)


def _copy(text: str) -> None:
    QApplication.clipboard().setText(text)
