"""Ctrl+K: type a few letters of any command, press Enter."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from app.desktop.actions import Actions
from app.desktop.key_sheet import keys_text

_MOST = 200


@dataclass(frozen=True)
class Entry:
    """Something that can be done: what is typed for it, what stands beside it, and what it does."""

    text: str
    note: str
    run: Callable[[], object]


def matching(entries: Sequence[Entry], typed: str) -> list[Entry]:
    """Return the entries whose text holds the letters of ``typed`` in their order, the best first.

    A text that holds it in one piece comes before others, at the start of a word before within one; equal ones stay in order.
    """
    wanted = typed.casefold().strip()

    def rank(entry: Entry) -> int | None:
        text = entry.text.casefold()
        if not wanted or any(word.startswith(wanted) for word in [text, *text.split()]):
            return 0
        if wanted in text:
            return 1
        letters = iter(text)
        return 2 if all(letter in letters for letter in wanted if letter != " ") else None

    ranked = [(rank(entry), place, entry) for place, entry in enumerate(entries)]
    return [entry for _, _, entry in sorted((r, place, entry) for r, place, entry in ranked if r is not None)][:_MOST]


def command_entries(actions: Actions) -> list[Entry]:
    """Return the enabled commands as entries."""
    return [
        Entry(
            f"{command.menu}: {command.action.text()}".replace("&", "").removeprefix(": "),
            keys_text(command),
            command.action.trigger,
        )
        for command in actions.commands()
        if command.action.isEnabled()
    ]


class CommandPalette(QDialog):
    """A line to type in and what matches it; it closes when it loses the focus."""

    def __init__(self, entries: Sequence[Entry], parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAccessibleName("command palette")
        self._entries = list(entries)
        self._found: list[Entry] = []
        self._line = QLineEdit()
        self._line.setPlaceholderText("Type a command or a player's name")
        self._line.setAccessibleName("command")
        self._list = QListWidget()
        self._list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        layout = QVBoxLayout(self)
        layout.addWidget(self._line)
        layout.addWidget(self._list)
        self._line.textChanged.connect(self._filter)
        self._line.installEventFilter(self)
        self._list.itemActivated.connect(lambda _: self._run())
        self._list.itemClicked.connect(lambda _: self._run())
        self.resize(560, 380)
        self._filter("")
        self._line.setFocus()

    def add(self, entries: Sequence[Entry]) -> None:
        """Take in entries that have come later."""
        self._entries += entries
        self._filter(self._line.text())

    def texts(self) -> list[str]:
        """Return what is offered now."""
        return [entry.text for entry in self._found]

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802  # Qt's name
        """Let the arrow keys move in the list while the line has the focus."""
        if isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress:
            if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up):
                step = 1 if event.key() == Qt.Key.Key_Down else -1
                self._list.setCurrentRow(max(0, min(self._list.count() - 1, self._list.currentRow() + step)))
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._run()
                return True
        return super().eventFilter(watched, event)

    def _filter(self, typed: str) -> None:
        self._found = matching(self._entries, typed)
        self._list.clear()
        for entry in self._found:
            self._list.addItem(QListWidgetItem(f"{entry.text}    {entry.note}" if entry.note else entry.text))
        self._list.setCurrentRow(0)

    def _run(self) -> None:
        row = self._list.currentRow()
        if 0 <= row < len(self._found):
            entry = self._found[row]
            self.close()
            entry.run()
