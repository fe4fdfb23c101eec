"""Short messages in a corner of the window, with details on request and at most one thing to do about them."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QEnterEvent
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QDialogButtonBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.desktop.theme import ThemeStore

_SHOWN_MS: Final = 7000
_MOST: Final = 4
_WIDTH: Final = 380
_MARGIN: Final = 14


class Level(Enum):
    """How much a message matters."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


_COLOUR: Final = {Level.INFO: "accent", Level.WARNING: "warning", Level.ERROR: "bad"}
_SIGN: Final = {Level.INFO: "i", Level.WARNING: "!", Level.ERROR: "\N{MULTIPLICATION SIGN}"}


@dataclass(frozen=True)
class Remedy:
    """What the user can do about a message: the text of a button, and what it does."""

    text: str
    run: Callable[[], object]


class Toasts(QObject):
    """Shows messages above ``window``, the newest lowest; errors stay until they are closed."""

    shown = Signal(str, str)
    """Level and text of every message, for the log."""

    def __init__(self, window: QWidget, theme: ThemeStore) -> None:
        super().__init__(window)
        self._window = window
        self._theme = theme
        self._cards: list[_Card] = []
        window.installEventFilter(self)
        theme.changed.connect(self._recolour)

    def show(self, text: str, level: Level = Level.INFO, *, details: str = "", remedy: Remedy | None = None) -> None:
        """Show ``text``; ``details`` behind a button, ``remedy`` as another."""
        card = _Card(self._window, self._theme, text, level, details, remedy)
        card.closed.connect(lambda: self._drop(card))
        self._cards.append(card)
        while len(self._cards) > _MOST:
            self._cards[0].close_card()
        card.show()
        self._place()
        if level is not Level.ERROR:
            card.expire(_SHOWN_MS)
        self.shown.emit(level.value, text)

    def info(self, text: str) -> None:
        """Show a message that needs nothing done."""
        self.show(text)

    def error(self, text: str, details: str = "") -> None:
        """Show what went wrong."""
        self.show(text, Level.ERROR, details=details)

    def texts(self) -> list[str]:
        """Return the messages on the screen, oldest first."""
        return [card.text for card in self._cards]

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802  # Qt's name
        """Keep the messages in their corner when the window changes its size."""
        if watched is self._window and event.type() in (QEvent.Type.Resize, QEvent.Type.Show):
            self._place()
        return super().eventFilter(watched, event)

    def _recolour(self) -> None:
        for card in self._cards:
            card.recolour()
        self._place()

    def _drop(self, card: "_Card") -> None:
        if card in self._cards:
            self._cards.remove(card)
            card.deleteLater()
            self._place()

    def _place(self) -> None:
        margin, width = self._theme.px(_MARGIN), self._theme.px(_WIDTH)
        bottom = self._window.height() - 2 * margin - self._theme.px(16)
        for card in reversed(self._cards):
            card.setFixedWidth(min(width, self._window.width() - 2 * margin))
            height = card.heightForWidth(card.width()) if card.hasHeightForWidth() else card.sizeHint().height()
            card.resize(card.width(), max(height, card.sizeHint().height()))
            bottom -= card.height()
            card.move(self._window.width() - card.width() - margin, bottom)
            card.raise_()
            bottom -= margin // 2


class _Card(QFrame):
    closed = Signal()

    def __init__(
        self, parent: QWidget, theme: ThemeStore, text: str, level: Level, details: str, remedy: Remedy | None
    ) -> None:
        super().__init__(parent)
        self.text = text
        self._theme = theme
        self._level = level
        self._details = details
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.close_card)
        self.setObjectName("toast")
        self.setAccessibleName(f"{level.value}: {text}")
        self._build(remedy)
        self.recolour()

    def _build(self, remedy: Remedy | None) -> None:
        sign = QLabel(_SIGN[self._level])
        sign.setObjectName("sign")
        message = QLabel(self.text)
        message.setWordWrap(True)
        message.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        message.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        close = QToolButton()
        close.setText("\N{MULTIPLICATION SIGN}")
        close.setAccessibleName("close this message")
        close.clicked.connect(self.close_card)
        top = QHBoxLayout()
        top.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop)
        top.addWidget(message, 1)
        top.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 8, 8)
        layout.addLayout(top)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        if remedy is not None:
            button = QPushButton(remedy.text)
            button.clicked.connect(remedy.run)
            button.clicked.connect(self.close_card)
            buttons.addWidget(button)
        if self._details:
            button = QPushButton("Details")
            button.clicked.connect(lambda: show_details(self.window(), self.text, self._details))
            buttons.addWidget(button)
        if buttons.count() > 1:
            layout.addLayout(buttons)

    def recolour(self) -> None:
        """Take the colours of the theme."""
        theme = self._theme.theme
        colour = getattr(theme, _COLOUR[self._level])
        self.setStyleSheet(
            f"#toast {{ background: {theme.panel}; border: 1px solid {theme.line}; border-left: 4px solid {colour};"
            f" border-radius: 6px; }} #sign {{ color: {colour}; font-weight: 700; padding: 0 6px; }}"
        )

    def expire(self, after_ms: int) -> None:
        """Close the card after ``after_ms``, unless the mouse is on it then."""
        self._timer.start(after_ms)

    def close_card(self) -> None:
        """Take the card away."""
        if self._timer.isActive():
            self._timer.stop()
        self.hide()
        self.closed.emit()

    def enterEvent(self, event: QEnterEvent) -> None:  # noqa: N802  # Qt's name
        """Wait while it is read."""
        self._timer.stop()
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802  # Qt's name
        """Go on to expire."""
        if self._level is not Level.ERROR:
            self._timer.start(_SHOWN_MS)
        super().leaveEvent(event)


def show_details(parent: QWidget, title: str, details: str) -> None:
    """Open a window with ``details``, to be read and copied."""
    dialog = QDialog(parent)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setWindowTitle("Details")
    dialog.resize(720, 420)
    heading = QLabel(title)
    heading.setWordWrap(True)
    text = QPlainTextEdit(details)
    text.setReadOnly(True)
    text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
    copy = buttons.addButton("Copy", QDialogButtonBox.ButtonRole.ActionRole)
    copy.clicked.connect(lambda: QApplication.clipboard().setText(details))
    buttons.rejected.connect(dialog.close)
    layout = QVBoxLayout(dialog)
    layout.addWidget(heading)
    layout.addWidget(text)
    layout.addWidget(buttons)
    dialog.open()
