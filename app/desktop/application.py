"""Opening the desktop: what must be right before Qt starts, the application, the window, and its end."""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

os.environ.setdefault("SDL_VIDEODRIVER", "dummy")  # pygame draws into memory, Qt shows it
os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")

import PySide6
from PySide6.QtCore import QProcess, QTimer
from PySide6.QtWidgets import QApplication

from app.desktop.close_dialog import CloseChoice
from app.desktop.crash import CrashReports
from app.desktop.main_window import MainWindow
from app.desktop.toasts import Level
from league.home import Home

_SIGNAL_CHECK_MS: Final = 200
_MAIN: Final = Path(__file__).resolve().parents[2] / "main.py"


def unfit_qt(version: str = PySide6.__version__, python: tuple[int, ...] = sys.version_info[:2]) -> str:
    """Return why this PySide6 cannot be used, in a sentence; empty if it can."""
    number = tuple(int(part) for part in version.split(".")[:3])
    if number < (6, 8, 1) or number in ((6, 11, 0), (6, 11, 1)):
        return f"PySide6 {version} has faults that break this window: install the version that requirements.txt names"
    if number >= (6, 12) and python < (3, 12):
        return (
            f"PySide6 {version} ends the program after some thousand pictures on Python {python[0]}.{python[1]}: "
            "install the version that requirements.txt names"
        )
    return ""


def open_desktop(home: str | None, *, on_window: Callable[[MainWindow], None] | None = None) -> int:
    """Open the window of the league at ``home`` and return when it is closed.

    ``on_window`` gets the window before it is shown: a benchmark or a guided walk begins there.

    Raises
    ------
    HomeError
        The folder cannot be used.
    """
    place = Home.find(home)
    problem = unfit_qt()
    if problem:
        sys.stderr.write(f"the desktop cannot open: {problem}\n")
        return 2
    app = QApplication.instance() or QApplication([sys.argv[0]])
    assert isinstance(app, QApplication)  # noqa: S101  # no other kind is made here
    app.setApplicationName("Rally League")
    app.setApplicationDisplayName("Rally League")
    reports = CrashReports(place.folder)
    left = reports.install()
    window = MainWindow(place)
    reports.caught.connect(window.desktop.toasts.error)
    if left:
        window.desktop.toasts.show(
            "The last session was ended by a fault of the program or its libraries.", Level.WARNING, details=left
        )
    _end_on_signals(app, window)
    window.folder_wanted.connect(lambda folder: _start_again(window, folder))
    if on_window is not None:
        on_window(window)
    window.show()
    code = app.exec()
    reports.remove()
    return code


def _end_on_signals(app: QApplication, window: MainWindow) -> None:
    """Close the window on Ctrl+C and on SIGTERM; Python looks at signals only while its own code runs."""

    def end(*_: object) -> None:
        window.close_with(CloseChoice.PAUSE)

    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGTERM, end)
    wake = QTimer(app)
    wake.timeout.connect(lambda: None)
    wake.start(_SIGNAL_CHECK_MS)


def _start_again(window: MainWindow, folder: str) -> None:
    """Close this window and open the league in ``folder``."""
    QProcess.startDetached(sys.executable, [str(_MAIN), "--home", folder])
    window.close()
