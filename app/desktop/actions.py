"""Every command of the window in one place: menus, the command palette and the key sheet all read this list."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget


@dataclass(frozen=True)
class Command:
    """A command: its name in tests and settings, the menu it belongs to, and its action."""

    name: str
    menu: str
    action: QAction


class Actions(QObject):
    """The commands of one window, in the order in which they were added."""

    changed = Signal()

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._commands: dict[str, Command] = {}

    def add(  # noqa: PLR0913  # the parts of a command, by name
        self,
        name: str,
        text: str,
        menu: str,
        run: Callable[[], object],
        *,
        keys: Sequence[str] = (),
        tip: str = "",
        within: QWidget | None = None,
        is_checkable: bool = False,
    ) -> QAction:
        """Add a command and return its action; ``menu`` is where it is shown, "" for none.

        Its ``keys`` work in the whole window, or only while the focus is ``within`` a widget (single letters must).
        """
        if name in self._commands:
            raise ValueError(f"the command {name!r} is there already")
        action = QAction(text, within or self._window)
        action.setObjectName(name)
        action.setCheckable(is_checkable)
        action.setToolTip(tip or text)
        action.setStatusTip(tip)
        action.setShortcuts([QKeySequence(key) for key in keys])
        context = Qt.ShortcutContext.WidgetWithChildrenShortcut if within else Qt.ShortcutContext.WindowShortcut
        action.setShortcutContext(context)
        action.triggered.connect(lambda _checked=False: run())
        (within or self._window).addAction(action)
        self._commands[name] = Command(name, menu, action)
        self.changed.emit()
        return action

    def action(self, name: str) -> QAction:
        """Return the action of the command called ``name``."""
        return self._commands[name].action

    def commands(self) -> list[Command]:
        """Return every command."""
        return list(self._commands.values())
