"""Bringing players in from files: by the button or by dropping them; a Python bot only after its source was seen."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QDropEvent, QFontDatabase
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from app.desktop.context import Desktop
from app.desktop.league.files import choose_files
from app.desktop.league.words import count
from app.desktop.toasts import Level

if TYPE_CHECKING:  # the window paints before the store and the kernels are imported
    from app.session import League
    from league.library import ImportResult
    from league.store import PlayerRow

KINDS: Final = "Players (*.safetensors *.py *.json);;All files (*)"
_SHOWN_BYTES: Final = 1_000_000


class Importing(QObject):
    """Imports one file after the other: each that cannot be used is said in a sentence of its own."""

    def __init__(self, desktop: Desktop, parent: QWidget) -> None:
        super().__init__(parent)
        self._desktop = desktop
        self._widget = parent

    def choose(self) -> None:
        """Ask for files and import them."""
        choose_files(self._widget, "Import players", KINDS, self.offer)

    def offer(self, paths: Sequence[Path]) -> None:
        """Import ``paths``; every Python bot waits for the user's yes."""
        data = [path for path in paths if path.suffix != ".py"]
        if data:
            self._import(data, trust_python=False)
        for path in paths:
            if path.suffix == ".py":
                self._read_bot(path)

    def _read_bot(self, path: Path) -> None:
        self._desktop.reader.ask(lambda _league: _source(path), lambda source: self._ask(path, source))

    def _ask(self, path: Path, source: str) -> None:
        dialog = TrustDialog(path, source, self._widget)
        dialog.accepted.connect(lambda: self._import([path], trust_python=True))
        dialog.open()

    def _import(self, paths: Sequence[Path], *, trust_python: bool) -> None:
        def question(league: "League") -> "list[ImportResult]":
            return league.library.import_files(paths, trust_python=trust_python)

        self._desktop.reader.ask(question, self._tell)

    def _tell(self, results: "list[ImportResult]") -> None:
        toasts = self._desktop.toasts
        for result in results:
            if result.problem:
                toasts.error(result.problem)
            elif result.state == "present" and result.player is not None:
                toasts.show(_present(result.path, result.player), Level.WARNING)
        names = [result.player.name for result in results if result.state == "imported" and result.player is not None]
        if names:
            self._desktop.hub.players_changed.emit()
            whom = names[0] if len(names) == 1 else count(len(names), "player")
            verb = "plays" if len(names) == 1 else "play"
            self._desktop.toasts.info(f"{whom} {verb} in the league now.")


class TrustDialog(QDialog):
    """Shows a Python bot's source and asks whether its code may run."""

    def __init__(self, path: Path, source: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(f"Import {path.name}")
        self.setObjectName("trust_dialog")
        self.resize(760, 520)
        warning = QLabel(
            f"{path.name} is a Python bot. Its code runs with your rights: it can read, change and send whatever you can. "
            "Import it only if you trust it."
        )
        warning.setWordWrap(True)
        text = QPlainTextEdit(source)
        text.setReadOnly(True)
        text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        text.setAccessibleName("source of the bot")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        trust = buttons.addButton("I trust this code: import", QDialogButtonBox.ButtonRole.AcceptRole)
        trust.setObjectName("trust")
        trust.setAutoDefault(False)
        buttons.button(QDialogButtonBox.StandardButton.Cancel).setDefault(True)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(warning)
        layout.addWidget(text, 1)
        layout.addWidget(buttons)


def dropped_files(event: QDropEvent) -> list[Path]:
    """Return the local files that are dragged or dropped."""
    data = event.mimeData()
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()] if data.hasUrls() else []


def _present(path: Path, player: "PlayerRow") -> str:
    archived = ", in the archive" if player.archived else ""
    return f"{path.name} is in the league already: it plays as {player.name}{archived}."


def _source(path: Path) -> str:
    """Return the source of a bot as far as it can be shown; ``LeagueError`` if it cannot be read."""
    from league.errors import LeagueError

    try:
        return path.read_bytes()[:_SHOWN_BYTES].decode(errors="replace")
    except OSError as error:
        raise LeagueError(f"{path} cannot be read: {error.strerror}") from error
