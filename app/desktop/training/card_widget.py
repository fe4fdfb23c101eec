"""A run as a card: what it is doing, how good it is, and what can be done with it."""

import functools
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QMenu,
    QProgressBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.desktop.theme import Theme, ThemeStore
from app.desktop.training import card_text
from app.desktop.training.cards import Phase, RunCard
from app.desktop.widgets import ElidedLabel, IconButton, problem_label, quiet_label

if TYPE_CHECKING:  # the window paints before the kernels are imported
    from ai.trainer import MetricSpec, Trainer

_BAR_STEPS: Final = 1000


class CardWidget(QFrame):
    """Shows one ``RunCard``; ``wanted`` says what the user wants of it."""

    wanted = Signal(str, str)
    """Run, and one of: select, pause, resume, stop, watch, follow, unfollow, add, details, folder, command, config, dismiss."""

    def __init__(self, theme: ThemeStore) -> None:
        super().__init__()
        self._theme = theme
        self._card: RunCard | None = None
        self._metrics: list[tuple[ElidedLabel, QLabel]] = []
        self.setObjectName("runCard")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._make_texts()
        self._make_buttons()
        self._lay_out()

    def _make_texts(self) -> None:
        self.name = ElidedLabel()
        self.name.setObjectName("runName")
        self.phase = QLabel()
        self.phase.setObjectName("runPhase")
        self.subtitle = ElidedLabel()
        self.subtitle.setProperty("quiet", "true")
        self.bar = QProgressBar(textVisible=False)
        self.bar.setRange(0, _BAR_STEPS)
        self.bar.setAccessibleName("Progress of the run")
        self.step = ElidedLabel()
        self.step.setProperty("quiet", "true")
        self.time = quiet_label()
        self.best = ElidedLabel()
        self.reason = problem_label()
        self.grid = QGridLayout()
        self.grid.setHorizontalSpacing(8)
        self.grid.setVerticalSpacing(2)

    def _make_buttons(self) -> None:
        make = functools.partial(IconButton, self._theme)
        self.turn = make("pause", "Pause", self._turn, text="Pause")
        self.stop = make("stop", "Stop and save; it can be resumed", functools.partial(self._want, "stop"))
        self.watch = make("eye", "Watch the newest champion in the arena", functools.partial(self._want, "watch"))
        self.add = make("plus", "Add the newest champion to the league", functools.partial(self._want, "add"))
        self.more = QToolButton()
        self.more.setText("\N{HORIZONTAL ELLIPSIS}")
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.more.setToolTip("More about this run")
        self.more.setAccessibleName("More about this run")
        self.more.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.menu = QMenu(self.more)
        self.menu.setToolTipsVisible(True)
        self.follow = self._entry("Keep watching", "", "Show each new champion when the match on the screen ends")
        self.follow.setCheckable(True)
        self.follow.toggled.connect(lambda is_on: self._want("follow" if is_on else "unfollow"))
        self.menu.addSeparator()
        self.details = self._entry(
            "Details", "details", "What the trainer reports beside its metrics, in a window of its own"
        )
        self.folder = self._entry("Open folder", "folder", "The run's files: metrics, checkpoints, champions")
        self.command = self._entry(
            "Copy command line", "command", "The command that makes the same run anew in a terminal"
        )
        self.config = self._entry("Copy configuration and seed", "config", "Everything that decides the run, as JSON")
        self.dismiss = self._entry("Remove this card", "dismiss", "This run never began: nothing of it is stored")
        self.more.setMenu(self.menu)

    def _entry(self, text: str, what: str, tip: str) -> QAction:
        action = self.menu.addAction(text)
        action.setToolTip(tip)
        if what:
            action.triggered.connect(functools.partial(self._want, what))
        return action

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.addWidget(self.name, 1)
        top.addWidget(self.phase)
        facts = QHBoxLayout()
        facts.addWidget(self.step, 1)
        facts.addWidget(self.time)
        buttons = QHBoxLayout()
        buttons.setSpacing(2)
        for button in (self.turn, self.stop, self.watch, self.add):
            buttons.addWidget(button)
        buttons.addStretch(1)
        buttons.addWidget(self.more)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 8, 10, 6)
        layout.setSpacing(4)
        layout.addLayout(top)
        layout.addWidget(self.subtitle)
        layout.addWidget(self.bar)
        layout.addLayout(facts)
        layout.addWidget(self.best)
        layout.addLayout(self.grid)
        layout.addWidget(self.reason)
        layout.addLayout(buttons)

    @property
    def run(self) -> str:
        """The run that is shown."""
        return "" if self._card is None else self._card.run

    def show_card(self, card: RunCard, trainer: "Trainer | None", *, is_selected: bool, is_followed: bool) -> None:
        """Show ``card``; ``trainer`` explains its metrics."""
        self._card = card
        self.name.set_text(card.name)
        self.phase.setText(card_text.phase_text(card))
        set_property(self.phase, "phase", card.phase.value)
        title = card.trainer if trainer is None else trainer.title
        rate = card_text.throughput_text(card, trainer) if card.phase is Phase.RUNNING else ""
        seed = "" if card.seed is None else f"seed {card.seed}"
        self.subtitle.set_text(" \N{MIDDLE DOT} ".join(part for part in (title, rate, seed) if part))
        self._show_progress(card, trainer)
        self._show_metrics(card_text.key_metrics(card, trainer) if is_selected or card.phase.is_active else [])
        reason = card_text.reason_text(card)
        self.reason.setText(reason)
        self.reason.setVisible(bool(reason))
        set_property(self.reason, "problem", "true" if card.phase is Phase.FAILED else "false")
        set_property(self, "selected", "true" if is_selected else "false")
        self.setAccessibleName(card_text.spoken(card, trainer))
        self._show_buttons(card, is_followed=is_followed)

    def _show_progress(self, card: RunCard, trainer: "Trainer | None") -> None:
        self.step.set_text(card_text.step_text(card, trainer))
        self.time.setText(card_text.time_text(card))
        best = card_text.best_text(card)
        self.best.set_text(best)
        self.best.setVisible(bool(best))
        is_moving = card.phase.is_active
        share = card.progress
        self.bar.setVisible(is_moving or (share is not None and card.phase is not Phase.COMPLETE))
        self.bar.setRange(0, 0 if share is None and card.phase is Phase.RUNNING else _BAR_STEPS)
        self.bar.setValue(round((share or 0.0) * _BAR_STEPS))

    def _show_metrics(self, shown: "list[tuple[MetricSpec, str]]") -> None:
        while len(self._metrics) < len(shown):
            row, column = divmod(len(self._metrics), 2)
            title, value = ElidedLabel(), QLabel()
            title.setProperty("quiet", "true")
            value.setAlignment(Qt.AlignmentFlag.AlignRight)
            self.grid.addWidget(title, row, 3 * column)
            self.grid.addWidget(value, row, 3 * column + 1)
            self.grid.setColumnStretch(3 * column, 1)
            self._metrics.append((title, value))
        for place, (title, value) in enumerate(self._metrics):
            is_used = place < len(shown)
            title.setVisible(is_used)
            value.setVisible(is_used)
            if is_used:
                spec, text = shown[place]
                title.set_text(spec.title)
                value.setText(text)
                value.setToolTip(f"{spec.explanation} {spec.unit}".strip())

    def _show_buttons(self, card: RunCard, *, is_followed: bool) -> None:
        is_pause = card.phase is Phase.RUNNING
        self.turn.setText("Pause" if is_pause else "Resume")
        self.turn.set_icon("pause" if is_pause else "play")
        self.turn.set_tip("Pause; nothing is lost" if is_pause else "Go on from where it stopped")
        self.turn.setEnabled(card.can_pause or card.can_resume)
        self.turn.setVisible(card.phase is not Phase.COMPLETE)
        self.stop.setEnabled(card.can_stop)
        self.stop.setVisible(card.phase.is_active)
        self.watch.setEnabled(card.champion is not None)
        self.add.setEnabled(card.champion is not None)
        self.follow.setEnabled(card.champion is not None or card.phase.is_active)
        with QSignalBlocker(self.follow):
            self.follow.setChecked(is_followed)
        for action in (self.details, self.folder, self.command, self.config):
            action.setEnabled(card.is_stored)
        self.dismiss.setVisible(not card.is_stored and not card.phase.is_active)

    def _turn(self) -> None:
        if self._card is not None:
            self._want("pause" if self._card.phase is Phase.RUNNING else "resume")

    def _want(self, what: str, *_: object) -> None:
        self.wanted.emit(self.run, what)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802  # Qt's name
        """Select the run."""
        super().mousePressEvent(event)
        if event.button() is Qt.MouseButton.LeftButton:
            self._want("select")

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802  # Qt's name
        """Select the run by the keyboard."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._want("select")
        else:
            super().keyPressEvent(event)


def card_style(theme: Theme) -> str:
    """Return the style sheet of cards and presets, for a widget that holds them."""
    is_line_loud = theme.line == theme.text
    bar, bar_border = (theme.base, f"1px solid {theme.line}") if is_line_loud else (theme.line, "none")
    return f"""
#runCard {{ background: {theme.panel}; border: 1px solid {theme.line}; border-radius: 6px; }}
#runCard[selected="true"] {{ border: 2px solid {theme.accent}; }}
#runCard:focus {{ border: 2px solid {theme.text}; }}
#runName {{ font-weight: 600; }}
#runPhase {{ color: {theme.quiet}; font-weight: 600; }}
#runPhase[phase="running"], #runPhase[phase="starting"] {{ color: {theme.accent}; }}
#runPhase[phase="paused"], #runPhase[phase="stopping"], #runPhase[phase="interrupted"] {{ color: {theme.warning}; }}
#runPhase[phase="complete"] {{ color: {theme.good}; }}
#runPhase[phase="failed"] {{ color: {theme.bad}; }}
#runCard QLabel[problem="false"] {{ color: {theme.quiet}; }}
#runCard QProgressBar {{ border: {bar_border}; border-radius: 3px; background: {bar}; min-height: 6px; max-height: 6px; }}
#runCard QProgressBar::chunk {{ border-radius: 3px; background: {theme.accent}; }}
#preset {{ background: {theme.panel}; color: {theme.text}; border: 1px solid {theme.line}; border-radius: 4px; padding: 4px; }}
#preset:hover {{ border-color: {theme.quiet}; }}
#preset:checked {{ border: 2px solid {theme.accent}; font-weight: 600; }}
#preset:focus {{ border: 2px solid {theme.text}; }}
#runCard QToolButton {{ padding: 3px; }}
#runCard QToolButton::menu-indicator {{ image: none; }}
"""


def set_property(widget: QWidget, name: str, value: str) -> None:
    """Set a property that the style sheet asks for, and apply it if it is new."""
    if widget.property(name) != value:
        widget.setProperty(name, value)
        widget.style().unpolish(widget)
        widget.style().polish(widget)
