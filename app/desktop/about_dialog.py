"""About this program and this machine: versions, the league's folder, and what ``doctor`` finds."""

import importlib.metadata
import platform
import sys
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from PySide6.QtCore import Qt, QUrl, qVersion
from PySide6.QtGui import QDesktopServices, QFontDatabase, QGuiApplication
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.desktop.context import Desktop
from app.desktop.widgets import ElidedLabel, quiet_label

_PROJECT: Final = Path(__file__).resolve().parents[2] / "pyproject.toml"
_SIZE: Final = (640, 560)
_WAITING: Final = "Looking at this machine\N{HORIZONTAL ELLIPSIS}"


class AboutDialog(QDialog):
    """Shows what is known at once, and the diagnosis as soon as its job has it."""

    def __init__(
        self,
        desktop: Desktop,
        parent: QWidget | None = None,
        *,
        open_folder: Callable[[str], object] = lambda folder: QDesktopServices.openUrl(QUrl.fromLocalFile(folder)),
    ) -> None:
        super().__init__(parent)
        self._desktop = desktop
        self._open_folder = open_folder
        self._lines: list[str] = []
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("About Rally League")
        self.resize(desktop.theme.px(_SIZE[0]), desktop.theme.px(_SIZE[1]))
        self.facts = facts(self)
        self._build()
        self._connect()

    def _build(self) -> None:
        title = QLabel("Rally League")
        font = title.font()
        font.setPointSizeF(font.pointSizeF() * 1.6)
        font.setBold(True)
        title.setFont(font)
        rows = QFormLayout()
        rows.setHorizontalSpacing(16)
        for name, text in self.facts.items():
            rows.addRow(quiet_label(name), ElidedLabel(text))
        folder = str(self._desktop.home.folder)
        self.open_button = QPushButton("Open")
        self.open_button.setToolTip("Open the league's folder")
        self.open_button.clicked.connect(lambda: self._open_folder(folder))
        place = QHBoxLayout()
        place.addWidget(ElidedLabel(folder), 1)
        place.addWidget(self.open_button)
        rows.addRow(quiet_label("League"), place)
        self.text = QPlainTextEdit(_WAITING)
        self.text.setReadOnly(True)
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.text.setAccessibleName("Diagnosis of this machine")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.copy = buttons.addButton("Copy all", QDialogButtonBox.ButtonRole.ActionRole)
        self.copy.setToolTip("Copy versions and diagnosis, for a report of a problem")
        self.copy.clicked.connect(lambda: QApplication.clipboard().setText(self.report()))
        buttons.rejected.connect(self.close)
        layout = QVBoxLayout(self)
        for each in (title, quiet_label("Learned, scripted and human players in a deterministic ball game.")):
            layout.addWidget(each)
        layout.addLayout(rows)
        layout.addWidget(quiet_label("Diagnosis (python main.py doctor)"))
        layout.addWidget(self.text, 1)
        layout.addWidget(buttons)

    def _connect(self) -> None:
        jobs = self._desktop.jobs
        jobs.event.connect(self._take)
        jobs.ended.connect(self._end)
        arguments = ["doctor", "--home", str(self._desktop.home.folder), "--events"]
        self._job = jobs.start("Diagnosis", arguments, "doctor", is_work=False)

    def report(self) -> str:
        """Return everything as text."""
        head = [f"{name}: {text}" for name, text in self.facts.items()]
        return "\n".join([*head, f"League: {self._desktop.home.folder}", "", self.text.toPlainText()])

    def _take(self, job: str, message: Mapping[str, object]) -> None:
        if job == self._job and message.get("event") == "line":
            self._lines.append(str(message.get("text", "")))
            self.text.setPlainText("\n".join(self._lines))

    def _end(self, job: str, _is_ok: bool, reason: str) -> None:  # noqa: FBT001  # the signal's arguments
        if job == self._job and not self._lines:
            self.text.setPlainText(f"The diagnosis has failed: {reason or 'see the log'}")


def facts(widget: QWidget) -> dict[str, str]:
    """Return what can be said at once about the program and where it runs."""
    return {
        "Version": project_version(_PROJECT),
        "Python": f"{platform.python_version()} on {platform.system()} {platform.machine()}",
        "Qt": f"{qVersion()}, PySide {importlib.metadata.version('PySide6_Essentials')}",
        "Display": _display(widget),
        "Sound": _sound(),
    }


def project_version(project: Path) -> str:
    """Return the version that the project's file states."""
    try:
        return str(tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"])
    except (OSError, ValueError, KeyError):
        return "unknown"


def _display(widget: QWidget) -> str:
    size = widget.screen().size()
    scale = f"scale {widget.devicePixelRatioF():g}"
    return f"{size.width()} x {size.height()}, {scale}, {QGuiApplication.platformName()}"


def _sound() -> str:
    """Return whether the arena has a device; pygame is asked only where the arena has loaded it."""
    pygame = sys.modules.get("pygame")
    device = pygame.mixer.get_init() if pygame is not None else None
    return f"on, {device[0]:,} Hz" if device else "silent: muted, or there is no device"
