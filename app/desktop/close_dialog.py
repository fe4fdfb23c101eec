"""What becomes of running work when the window closes: the user chooses."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, Protocol

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QGridLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from app.desktop.widgets import quiet_label

_MOST_LISTED: Final = 8
_WIDTH_CHARACTERS: Final = 80


class CloseChoice(Enum):
    """What is to become of the jobs of a window that closes."""

    BACKGROUND = "background"
    """They go on without a window, to their end."""
    PAUSE = "pause"
    """They finish what they are at, save it and end; they can be resumed."""
    STOP = "stop"
    """They end at once; what they have saved so far stays."""


class RunningJob(Protocol):
    """What the dialog shows of a job."""

    @property
    def title(self) -> str:
        """What runs."""
        ...

    @property
    def progress(self) -> float | None:
        """How far it is, 0 to 1, if that is known."""
        ...


@dataclass(frozen=True)
class _Offer:
    choice: CloseChoice | None
    text: str
    sentence: str


_OFFERS: Final = (
    _Offer(
        CloseChoice.PAUSE,
        "&Pause and save",
        "Every job finishes what it is at and saves. You can resume it the next time.",
    ),
    _Offer(
        CloseChoice.BACKGROUND,
        "Finish in &background",
        "The jobs go on without the window until they are done. The results are there the next time.",
    ),
    _Offer(
        CloseChoice.STOP,
        "&Stop now",
        "The jobs end at once. Matches and training steps that are not finished are dropped; all that is saved stays.",
    ),
    _Offer(None, "&Cancel", "The window stays open, and nothing changes."),
)


class CloseDialog(QDialog):
    """Lists the running jobs and offers what can become of them; ``choice`` is None until one is taken."""

    def __init__(self, jobs: Sequence[RunningJob], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.choice: CloseChoice | None = None
        self.buttons: dict[CloseChoice | None, QPushButton] = {}
        self.setWindowTitle("Work is running")
        heading = QLabel("One job is still running:" if len(jobs) == 1 else f"{len(jobs)} jobs are still running:")
        heading.setStyleSheet("font-weight: 600;")
        self.job_list = QLabel("\n".join(_listed(jobs)))
        self.job_list.setTextFormat(Qt.TextFormat.PlainText)
        self.job_list.setWordWrap(True)
        self.job_list.setContentsMargins(12, 0, 0, 8)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 16, 20, 16)
        layout.addWidget(heading)
        layout.addWidget(self.job_list)
        layout.addLayout(self._make_offers())
        width = self.fontMetrics().averageCharWidth() * _WIDTH_CHARACTERS
        self.resize(width, layout.heightForWidth(width))
        self.buttons[CloseChoice.PAUSE].setFocus()

    def _make_offers(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(10)
        grid.setColumnStretch(1, 1)
        for row, offer in enumerate(_OFFERS):
            button = QPushButton(offer.text)
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            button.setAutoDefault(True)
            button.setToolTip(offer.sentence)
            button.setAccessibleDescription(offer.sentence)
            button.clicked.connect(lambda _checked, choice=offer.choice: self._take(choice))
            if offer.choice is CloseChoice.PAUSE:
                button.setProperty("primary", "true")
            grid.addWidget(button, row, 0)
            grid.addWidget(quiet_label(offer.sentence, is_wrapped=True), row, 1)
            self.buttons[offer.choice] = button
        return grid

    def _take(self, choice: CloseChoice | None) -> None:
        self.choice = choice
        if choice is None:
            self.reject()
        else:
            self.accept()


def ask_before_closing(
    parent: QWidget, jobs: Sequence[RunningJob], then: Callable[[CloseChoice], object]
) -> CloseDialog:
    """Ask what is to become of the running ``jobs``; call ``then`` with the answer, unless it is to stay as it is.

    Nothing waits here: a signal of the system can end the program while the dialog is open.
    """
    dialog = CloseDialog(jobs, parent)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

    def take() -> None:
        if dialog.choice is not None:
            then(dialog.choice)

    dialog.accepted.connect(take)
    dialog.open()
    return dialog


def _listed(jobs: Sequence[RunningJob]) -> list[str]:
    lines = [f"\N{BULLET} {job.title}{_share(job.progress)}" for job in jobs[:_MOST_LISTED]]
    if len(jobs) > _MOST_LISTED:
        lines.append(f"\N{BULLET} and {len(jobs) - _MOST_LISTED} more")
    return lines


def _share(progress: float | None) -> str:
    return "" if progress is None else f", {progress:.0%} done"
