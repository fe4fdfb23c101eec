"""A night as a card: what it is at, how far, its cycles as a table, and what can be done with it."""

import functools
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QMenu, QProgressBar, QToolButton, QVBoxLayout

from app.desktop.theme import ThemeStore
from app.desktop.training import night_text
from app.desktop.training.card_widget import set_property
from app.desktop.training.cards import Phase
from app.desktop.training.nights import CycleLine, NightCard
from app.desktop.training.record_table import RecordLook, RecordTable
from app.desktop.widgets import ElidedLabel, IconButton, problem_label, quiet_label

_BAR_STEPS: Final = 1000
_ROWS: Final = 6
"""Cycles that the table shows without being scrolled."""


class NightWidget(QFrame):
    """Shows one ``NightCard``; ``wanted`` says what the user wants of it."""

    wanted = Signal(str, str)
    """Night, and one of: select, pause, resume, stop, cancel, folder, command, copy, dismiss."""
    run_wanted = Signal(str)
    """A run of one of its cycles is to be shown."""

    def __init__(self, theme: ThemeStore) -> None:
        super().__init__()
        self._theme = theme
        self._card: NightCard | None = None
        self.setObjectName("runCard")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._make_texts()
        self._make_buttons()
        self._make_table()
        self._lay_out()
        theme.changed.connect(self._fit_table)

    def _make_texts(self) -> None:
        self.name, self.phase = ElidedLabel(), QLabel()
        self.name.setObjectName("runName")
        self.phase.setObjectName("runPhase")
        self.plan, self.stage, self.champion, self.said = (ElidedLabel() for _ in range(4))
        for label in (self.plan, self.stage, self.said):
            label.setProperty("quiet", "true")
        self.time = quiet_label()
        self.bar = QProgressBar(textVisible=False)
        self.bar.setRange(0, _BAR_STEPS)
        self.bar.setAccessibleName("Progress of the night")
        self.reason = problem_label()

    def _make_buttons(self) -> None:
        make = functools.partial(IconButton, self._theme)
        self.turn = make("pause", "Pause", self._turn, text="Pause")
        self.stop = make("stop", "Stop and save; it can be resumed", functools.partial(self._want, "stop"))
        self.more = QToolButton()
        self.more.setText("\N{HORIZONTAL ELLIPSIS}")
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.more.setToolTip("More about this night")
        self.more.setAccessibleName("More about this night")
        self.more.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.menu = QMenu(self.more)
        self.menu.setToolTipsVisible(True)
        self.cancel = self._entry(
            "Stop now", "cancel", "End at once; steps and matches that are not finished are done again when it goes on"
        )
        self.menu.addSeparator()
        self.copy = self._entry("Copy the table", "copy", "The cycles, tab separated")
        self.folder = self._entry("Open folder", "folder", "Where the night is kept")
        self.command = self._entry("Copy command line", "command", "The command that goes on with it in a terminal")
        self.dismiss = self._entry("Hide this card", "dismiss", "Everything that the night has made stays")
        self.more.setMenu(self.menu)

    def _entry(self, text: str, what: str, tip: str) -> QAction:
        action = self.menu.addAction(text)
        action.setToolTip(tip)
        action.triggered.connect(functools.partial(self._want, what))
        return action

    def _make_table(self) -> None:
        look = RecordLook(
            night_text.COLUMNS, lambda line: line.number, night_text.line_text, sorted_by=night_text.CYCLE
        )
        self.table: RecordTable[CycleLine] = RecordTable(self._theme, look, "cycles")
        self.table.setMinimumHeight(0)
        self.table.activated_row.connect(lambda line: self.run_wanted.emit(line.run))
        self.table.hide()

    def _lay_out(self) -> None:
        top, facts, buttons = QHBoxLayout(), QHBoxLayout(), QHBoxLayout()
        top.addWidget(self.name, 1)
        top.addWidget(self.phase)
        facts.addWidget(self.plan, 1)
        facts.addWidget(self.time)
        buttons.setSpacing(2)
        buttons.addWidget(self.turn)
        buttons.addWidget(self.stop)
        buttons.addStretch(1)
        buttons.addWidget(self.more)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 8, 10, 6)
        layout.setSpacing(4)
        layout.addLayout(top)
        layout.addLayout(facts)
        layout.addWidget(self.bar)
        for each in (self.stage, self.champion, self.said, self.reason):
            layout.addWidget(each)
        layout.addLayout(buttons)
        layout.addWidget(self.table)

    @property
    def night(self) -> str:
        """The night that is shown."""
        return "" if self._card is None else self._card.night

    def show_card(self, card: NightCard, *, is_selected: bool) -> None:
        """Show ``card``; its table where it works or ``is_selected``."""
        before, self._card = self._card, card
        self.name.set_text(card.name)
        self.phase.setText(night_text.phase_text(card))
        set_property(self.phase, "phase", card.phase.value)
        self.plan.set_text(night_text.plan_text(card))
        self.stage.set_text(night_text.stage_text(card))
        self.time.setText(night_text.time_text(card))
        for label, text in ((self.champion, night_text.champion_text(card)), (self.said, self._said(card))):
            label.set_text(text)
            label.setVisible(bool(text))
        reason = night_text.reason_text(card)
        self.reason.setText(reason)
        self.reason.setVisible(bool(reason))
        set_property(self.reason, "problem", "true" if card.phase is Phase.FAILED else "false")
        set_property(self, "selected", "true" if is_selected else "false")
        self.setAccessibleName(night_text.spoken(card))
        self._show_bar(card)
        self._show_buttons(card)
        self.table.setVisible(bool(card.lines) and (card.phase.is_active or is_selected))
        if before is None or before.lines != card.lines:
            self.table.show_rows(card.lines)
            self._fit_table()

    def _said(self, card: NightCard) -> str:
        return card.said if card.phase.is_active else ""

    def _show_bar(self, card: NightCard) -> None:
        share = card.progress
        is_moving = card.phase.is_active
        self.bar.setVisible(is_moving or (share is not None and card.phase is not Phase.COMPLETE))
        self.bar.setRange(0, 0 if share is None and card.phase is Phase.RUNNING else _BAR_STEPS)
        self.bar.setValue(round((share or 0.0) * _BAR_STEPS))

    def _show_buttons(self, card: NightCard) -> None:
        is_pause = card.phase is Phase.RUNNING
        self.turn.setText("Pause" if is_pause else "Resume")
        self.turn.set_icon("pause" if is_pause else "play")
        self.turn.set_tip("Pause; nothing is lost" if is_pause else "Go on from where it stopped")
        self.turn.setEnabled(card.can_pause or card.can_resume)
        self.turn.setVisible(card.phase is not Phase.COMPLETE)
        self.stop.setEnabled(card.can_stop)
        self.stop.setVisible(card.phase.is_active)
        self.cancel.setEnabled(card.can_cancel)
        self.copy.setEnabled(bool(card.lines))
        self.folder.setEnabled(card.is_stored)
        self.command.setEnabled(card.is_stored and card.can_be_read)
        self.dismiss.setEnabled(not card.phase.is_active)

    def _fit_table(self) -> None:
        rows = min(_ROWS, len(self._card.lines) if self._card is not None else 0)
        head = self.table.horizontalHeader().sizeHint().height()
        self.table.setFixedHeight(head + rows * self.table.verticalHeader().defaultSectionSize() + 2)

    def _turn(self) -> None:
        if self._card is not None:
            self._want("pause" if self._card.phase is Phase.RUNNING else "resume")

    def _want(self, what: str, *_: object) -> None:
        self.wanted.emit(self.night, what)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802  # Qt's name
        """Select the night."""
        super().mousePressEvent(event)
        if event.button() is Qt.MouseButton.LeftButton:
            self._want("select")

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802  # Qt's name
        """Select the night by the keyboard."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._want("select")
        else:
            super().keyPressEvent(event)
