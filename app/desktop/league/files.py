"""Choosing files without holding the window up."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QWidget


def save_as(parent: QWidget, title: str, name: str, kinds: str, then: Callable[[Path], object]) -> None:
    """Ask where to write a file, ``name`` at first, of ``kinds`` such as "PNG (*.png)"; call ``then`` with the answer."""
    dialog = _dialog(parent, title, kinds)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.selectFile(name)
    dialog.setDefaultSuffix(Path(name).suffix.lstrip("."))
    dialog.fileSelected.connect(lambda path: then(Path(path)))
    dialog.open()


def choose_files(parent: QWidget, title: str, kinds: str, then: Callable[[list[Path]], object]) -> None:
    """Ask for existing files of ``kinds``; call ``then`` with the answer."""
    dialog = _dialog(parent, title, kinds)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
    dialog.filesSelected.connect(lambda paths: then([Path(path) for path in paths]))
    dialog.open()


def _dialog(parent: QWidget, title: str, kinds: str) -> QFileDialog:
    dialog = QFileDialog(parent, title)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setObjectName("choose_file")
    dialog.setNameFilter(kinds)
    return dialog


def safe_name(name: str) -> str:
    """Return ``name`` as every file system takes it."""
    return "".join(letter if letter.isalnum() or letter in " ._-" else "_" for letter in name).strip() or "player"
