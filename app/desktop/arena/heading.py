"""The line above the court: what is shown, whether it was verified, and what to do next."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from app.desktop.context import Desktop, MatchRequest
from app.desktop.widgets import IconButton

if TYPE_CHECKING:  # the window paints before the kernels are imported
    from game.replay import Verification


class ElidedLabel(QLabel):
    """A line of text that gives way: what does not fit is left out at its end and is in the tooltip."""

    def __init__(self) -> None:
        super().__init__()
        self._whole = ""
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)

    def minimumSizeHint(self) -> QSize:  # noqa: N802  # Qt's name
        """Return next to nothing: it can be shortened as far as need be."""
        return QSize(0, super().minimumSizeHint().height())

    def set_whole(self, text: str) -> None:
        """Show ``text``, as much of it as fits."""
        if text == self._whole:
            return
        self._whole = text
        self.setToolTip(text)
        self.setAccessibleName(text)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802  # Qt's name
        """Fit the text to the new width."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        self.setText(self.fontMetrics().elidedText(self._whole, Qt.TextElideMode.ElideRight, max(self.width(), 1)))


class Heading(QWidget):
    """Title, seed, badge; the next match, and play yourself."""

    next_wanted = Signal()
    person_wanted = Signal()

    def __init__(self, desktop: Desktop) -> None:
        super().__init__()
        self._theme = desktop.theme
        self.title = ElidedLabel()
        self.badge = QLabel()
        self.badge.hide()
        theme = desktop.theme
        self.next = IconButton(theme, "next", "Show the next match (N)", self.next_wanted.emit, text="Next match")
        self.person = IconButton(theme, "person", "Play yourself (P)", self.person_wanted.emit, text="Play yourself")
        layout = QHBoxLayout(self)
        margin = theme.px(4)
        layout.setContentsMargins(2 * margin, margin, margin, margin)
        layout.addWidget(self.title, 1)
        layout.addWidget(self.badge)
        layout.addWidget(self.next)
        layout.addWidget(self.person)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_request(self, request: MatchRequest) -> None:
        """Show what the match is."""
        is_of_season = request.season_id is not None and request.match_id is not None
        place = f"Match {request.season_id}:{request.match_id}" if is_of_season else "Match"
        self.title.set_whole(f"{request.title or place} \N{MIDDLE DOT} seed {request.seed}")
        self.badge.hide()

    def show_verification(self, verification: "Verification") -> None:
        """Show whether the replay is the stored match."""
        theme = self._theme.theme
        if verification.is_same:
            text, colour = "\N{CHECK MARK} verified", theme.good
            tip = "This replay is the stored match, bit for bit"
        else:
            text, colour = "\N{BALLOT X} differs", theme.bad
            tip = f"This replay is not the stored match: it differs in {', '.join(verification.differences)}"
        self.badge.setText(text)
        self.badge.setToolTip(tip)
        self.badge.setAccessibleName(tip)
        self.badge.setStyleSheet(f"color: {colour}; font-weight: 600;")
        self.badge.show()
