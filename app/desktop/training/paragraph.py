"""A text of several lines within something that scrolls."""

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy


class Paragraph(QLabel):
    """Wraps, and is as high as its text is at its width: a scroll area does not ask for that, and would cut it.

    ``role`` is the property by which the style sheet chooses its colour: quiet or problem.
    """

    def __init__(self, role: str) -> None:
        super().__init__()
        self.setProperty(role, "true")
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.setWordWrap(True)

    def setText(self, text: str) -> None:  # noqa: N802  # Qt's name
        """Show ``text``."""
        super().setText(text)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802  # Qt's name
        """Be as high as the text at the new width."""
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802  # Qt's name
        """Be as high as the text in the new font."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit()

    def _fit(self) -> None:
        self.setMinimumHeight(self.heightForWidth(self.width()) if self.text() else 0)
