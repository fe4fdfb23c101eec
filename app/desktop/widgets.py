"""Small widgets that several panels use, so that they look and speak alike."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from app.desktop.icons import icon
from app.desktop.theme import ThemeStore

_ICON_SIZE = 16
_TEXT_GAP = 4


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


class ButtonRow(QWidget):
    """Buttons side by side, ``last`` at the far end; their texts give way where there is no room for all of them."""

    def __init__(self, buttons: Sequence[IconButton], last: Sequence[IconButton] = ()) -> None:
        super().__init__()
        self._buttons = (*buttons, *last)
        layout = QHBoxLayout(self)
        layout.setSizeConstraint(QHBoxLayout.SizeConstraint.SetNoConstraint)  # the texts may have to go
        layout.setContentsMargins(6, 4, 6, 4)
        for button in buttons:
            layout.addWidget(button)
        layout.addStretch(1)
        for button in last:
            layout.addWidget(button)

    def minimumSizeHint(self) -> QSize:  # noqa: N802  # Qt's name
        """Return the room that the icons need."""
        text_width = sum(self._text_width(button) for button in self._buttons if _has_text(button))
        return super().minimumSizeHint() - QSize(text_width, 0)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802  # Qt's name
        """Show the texts, or only the icons."""
        super().resizeEvent(event)
        full = self.minimumSizeHint().width() + sum(map(self._text_width, self._buttons))
        style = Qt.ToolButtonStyle
        wanted = style.ToolButtonTextBesideIcon if full <= self.width() else style.ToolButtonIconOnly
        for button in self._buttons:
            button.setToolButtonStyle(wanted)

    def _text_width(self, button: IconButton) -> int:
        """Return by how much its text makes a button wider."""
        return button.fontMetrics().horizontalAdvance(button.text()) + _TEXT_GAP


def _has_text(button: QToolButton) -> bool:
    return button.toolButtonStyle() is Qt.ToolButtonStyle.ToolButtonTextBesideIcon


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


def hint_label(text: str, *, margin: int = 0) -> QLabel:
    """Return what stands in the middle of a place that is empty, and says what to do; it wraps."""
    label = quiet_label(text, is_wrapped=True)
    label.setAlignment(Qt.AlignmentFlag.AlignCenter)
    label.setMargin(margin)
    return label


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
