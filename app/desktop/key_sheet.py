"""F1: every command that has a key, by menu."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QGridLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from app.desktop.actions import Actions, Command


class KeySheet(QDialog):
    """Shows the keys of ``actions``."""

    def __init__(self, actions: Actions, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Keys")
        sheet = QWidget()
        columns = QGridLayout(sheet)
        columns.setHorizontalSpacing(32)
        for place, (menu, commands) in enumerate(_by_menu(actions.commands()).items()):
            columns.addWidget(_section(menu, commands), place // 2, place % 2, Qt.AlignmentFlag.AlignTop)
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


def _section(title: str, commands: list[Command]) -> QWidget:
    section = QWidget()
    rows = QGridLayout(section)
    heading = QLabel(f"<b>{title}</b>")
    rows.addWidget(heading, 0, 0, 1, 2)
    for row, command in enumerate(commands, start=1):
        keys = QLabel(keys_text(command))
        keys.setProperty("quiet", True)  # noqa: FBT003  # a property's value
        rows.addWidget(QLabel(command.action.text().replace("&", "")), row, 0)
        rows.addWidget(keys, row, 1, Qt.AlignmentFlag.AlignRight)
    rows.setColumnStretch(0, 1)
    return section
