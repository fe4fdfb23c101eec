"""The card over the court when a person's match is over: who has won, the new rating, and what next."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app.desktop.theme import ThemeStore
from app.desktop.widgets import quiet_label


class ResultCard(QFrame):
    """Says how it went; asks for a rematch, the other side, the next opponent."""

    rematch = Signal()
    swap = Signal()
    next_opponent = Signal()
    closed = Signal()

    def __init__(self, parent: QWidget, theme: ThemeStore, title: str, *, has_ladder: bool) -> None:
        super().__init__(parent)
        self._theme = theme
        self.has_ladder = has_ladder
        self.setObjectName("card")
        self.title = QLabel(title)
        self.title.setObjectName("title")
        self.title.setTextFormat(Qt.TextFormat.PlainText)
        self.title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.title.setWordWrap(True)
        self.rating = quiet_label(is_wrapped=True)
        self.rating.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setAccessibleName(title)
        buttons = QGridLayout()
        self.buttons: dict[str, QPushButton] = {}
        offers = [("Rematch", self.rematch), ("Swap sides", self.swap)]
        offers += [("Next opponent", self.next_opponent)] if has_ladder else []
        for place, (text, signal) in enumerate([*offers, ("Close", self.closed)]):
            button = QPushButton(text)
            button.setAutoDefault(True)
            button.clicked.connect(lambda _checked=False, signal=signal: signal.emit())
            buttons.addWidget(button, place // 2, place % 2)
            self.buttons[text] = button
        layout = QVBoxLayout(self)
        margin = theme.px(16)
        layout.setContentsMargins(margin, margin, margin, margin)
        layout.addWidget(self.title)
        layout.addWidget(self.rating)
        layout.addLayout(buttons)
        self.setMinimumWidth(theme.px(280))
        self.setMaximumWidth(theme.px(420))
        theme.changed.connect(self._retouch)
        self._retouch()

    def show_rating(self, text: str) -> None:
        """Show what the match did to the rating."""
        self.rating.setText(text)

    def _retouch(self) -> None:
        theme = self._theme.theme
        self.setStyleSheet(
            f"#card {{ background: {theme.panel}; border: 1px solid {theme.line}; border-radius: 10px; }}"
            f" #title {{ font-size: {self._theme.px(20)}px; font-weight: 700; }}"
        )
