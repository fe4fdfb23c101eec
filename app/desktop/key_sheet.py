"""F1: every command that has a key, by menu."""

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QGridLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from app.desktop.actions import Actions, Command

_AT_THE_COURT: Final = (
    ("Your paddle", "W and S, or Up and Down"),
    ("Two people", "W and S left, Up and Down right"),
    ("8 times as fast", "Tab, held"),
    ("Hold or go on", "Space"),
)
"""What the court itself does with keys."""


class KeySheet(QDialog):
    """Shows the keys of ``actions``."""

    def __init__(self, actions: Actions, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Keys")
        sheet = QWidget()
        columns = QGridLayout(sheet)
        columns.setHorizontalSpacing(32)
        sections = {
            menu: [(command.action.text().replace("&", ""), keys_text(command)) for command in commands]
            for menu, commands in _by_menu(actions.commands()).items()
        }
        for place, (title, rows) in enumerate({**sections, "At the court": _AT_THE_COURT}.items()):
            columns.addWidget(_section(title, rows), place // 2, place % 2, Qt.AlignmentFlag.AlignTop)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setWidget(sheet)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.close)
        layout = QVBoxLayout(self)
        layout.addWidget(scroll)
        layout.addWidget(buttons)
        self.resize(760, 560)


def keys_text(command: Command) -> str:
    """Return the keys of ``command`` in words: 'Space', 'Ctrl+K or F1'."""
    style = QKeySequence.SequenceFormat.NativeText
    return " or ".join(keys.toString(style) for keys in command.action.shortcuts())


def _by_menu(commands: list[Command]) -> dict[str, list[Command]]:
    found: dict[str, list[Command]] = {}
    for command in commands:
        if command.action.shortcuts():
            found.setdefault(command.menu or "Everywhere", []).append(command)
    return found


def _section(title: str, rows: Sequence[tuple[str, str]]) -> QWidget:
    section = QWidget()
    grid = QGridLayout(section)
    grid.addWidget(QLabel(f"<b>{title}</b>"), 0, 0, 1, 2)
    for place, (text, keys) in enumerate(rows, start=1):
        label = QLabel(keys)
        label.setProperty("quiet", True)  # noqa: FBT003  # a property's value
        grid.addWidget(QLabel(text), place, 0)
        grid.addWidget(label, place, 1, Qt.AlignmentFlag.AlignRight)
    grid.setColumnStretch(0, 1)
    return section
