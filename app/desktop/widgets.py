"""Small widgets that several panels use, so that they look and speak alike."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QToolButton

from app.desktop.icons import icon
from app.desktop.theme import ThemeStore

_ICON_SIZE = 16


class IconButton(QToolButton):
    """A flat button with an icon in the theme's colours; ``tip`` is its tooltip and accessible name."""

    def __init__(self, theme: ThemeStore, name: str, tip: str, run: Callable[[], object], *, text: str = "") -> None:
        super().__init__()
        self._theme = theme
        self._name = name
        self.setText(text)
        if text:
            self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.set_tip(tip)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.clicked.connect(lambda _checked: run())
        theme.changed.connect(self._retouch)
        self._retouch()

    def set_tip(self, tip: str) -> None:
        """Say what the button does."""
        self.setToolTip(tip)
        self.setAccessibleName(tip)

    def set_icon(self, name: str) -> None:
        """Show another icon."""
        if name != self._name:
            self._name = name
            self._retouch()

    def _retouch(self) -> None:
        side = self._theme.px(_ICON_SIZE)
        self.setIconSize(QSize(side, side))
        self.setIcon(icon(self._name, self._theme.theme))


class ElidedLabel(QLabel):
    """A label of one line, cut with an ellipsis where it is too long; then its tooltip is the whole."""

    def __init__(self, text: str = "") -> None:
        super().__init__()
        self._text = ""
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.set_text(text)

    def set_text(self, text: str) -> None:
        """Show ``text``, as far as it fits."""
        if text != self._text:
            self._text = text
            self.setAccessibleName(text)
            self._cut()

    def full_text(self) -> str:
        """Return the whole text."""
        return self._text

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802  # Qt's name
        """Cut the text for the new width."""
        super().resizeEvent(event)
        self._cut()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802  # Qt's name
        """Cut the text for a new font."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._cut()

    def _cut(self) -> None:
        shown = self.fontMetrics().elidedText(self._text, Qt.TextElideMode.ElideRight, self.width())
        self.setText(shown)
        self.setToolTip(self._text if shown != self._text else "")


def quiet_label(text: str = "", *, is_wrapped: bool = False) -> QLabel:
    """Return a label in the theme's quiet colour."""
    return _label(text, "quiet", is_wrapped=is_wrapped)


def problem_label(text: str = "") -> QLabel:
    """Return a label in the theme's colour for what is wrong; it wraps."""
    return _label(text, "problem", is_wrapped=True)


def _label(text: str, role: str, *, is_wrapped: bool) -> QLabel:
    label = QLabel(text)
    label.setProperty(role, "true")
    label.setTextFormat(Qt.TextFormat.PlainText)
    if is_wrapped:
        label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        label.setWordWrap(True)
    return label
