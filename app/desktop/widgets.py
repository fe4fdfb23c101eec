"""Small widgets that several panels use, so that they look and speak alike."""

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
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
        label.setWordWrap(True)
        label.setMinimumWidth(1)
        label.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
    return label
