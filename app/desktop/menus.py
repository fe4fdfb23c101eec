"""The menu bar, built from the list of commands, and the commands of the window itself."""

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QUrl
from PySide6.QtGui import QActionGroup, QDesktopServices
from PySide6.QtWidgets import QDockWidget, QInputDialog, QMainWindow, QMenu

from app.desktop.context import Desktop
from app.desktop.key_sheet import KeySheet
from app.desktop.layout import WORKSPACES, Layout
from app.desktop.palette import CommandPalette, Entry, command_entries
from app.desktop.theme import THEMES
from app.desktop.toasts import Level

if TYPE_CHECKING:
    from app.session import League
    from league.store import PlayerRow

_MENUS: Final = ("File", "View", "Match", "League", "Training", "Help")
_NAME_LENGTH: Final = 40


class Menus(QObject):
    """Owns the menu bar of ``window``. Panels add commands to ``desktop.actions``; they appear here by themselves."""

    def __init__(self, desktop: Desktop, window: QMainWindow, layout: Layout, docks: Mapping[str, QDockWidget]) -> None:
        super().__init__(window)
        self._desktop = desktop
        self._window = window
        self._layout = layout
        self._docks = docks
        self._menus = {name: window.menuBar().addMenu(f"&{name}") for name in _MENUS}
        self._shown: set[str] = set()
        self._workspaces = QMenu("&Workspaces", window)
        self._add_file()
        self._add_view()
        self._add_help()
        desktop.actions.changed.connect(self._fill)
        self._fill()
        self._fill_workspaces()

    def _fill(self) -> None:
        """Put commands that are new into their menus; the window's own come first in File, last in View."""
        for command in self._desktop.actions.commands():
            if command.name not in self._shown and command.menu in self._menus:
                self._shown.add(command.name)
                menu = self._menus[command.menu]
                quit_action = self._desktop.actions.action("quit") if "quit" in self._shown else None
                if command.menu == "File" and quit_action is not None and command.name != "quit":
                    menu.insertAction(quit_action, command.action)
                else:
                    menu.addAction(command.action)

    def _add_file(self) -> None:
        add = self._desktop.actions.add
        folder = self._desktop.home.folder
        add("open-folder", "Open the league's folder", "File", lambda: _open(str(folder)), tip=str(folder))
        add(
            "quit",
            "&Quit",
            "File",
            self._window.close,
            keys=["Ctrl+Q"],
            tip="Close the window; running work is asked about",
        )

    def _add_view(self) -> None:
        add, view = self._desktop.actions.add, self._menus["View"]
        themes = view.addMenu("&Theme")
        group = QActionGroup(self)
        for name, theme in THEMES.items():
            action = add(
                f"theme-{name}",
                f"Theme: {theme.title}",
                "",
                functools.partial(self._desktop.theme.use, name),
                is_checkable=True,
            )
            action.setChecked(theme is self._desktop.theme.theme)
            group.addAction(action)
            themes.addAction(action)
        zoom = self._desktop.theme.zoom_by
        for name, text, steps, keys in (
            ("zoom-in", "Zoom in", 1, ["Ctrl++", "Ctrl+="]),
            ("zoom-out", "Zoom out", -1, ["Ctrl+-"]),
            ("zoom-reset", "Zoom 100 %", 0, ["Ctrl+0"]),
        ):
            view.addAction(
                add(name, text, "", functools.partial(zoom, steps), keys=keys, tip="Size of text and controls")
            )
        view.addSeparator()
        panels = view.addMenu("&Panels")
        for dock in self._docks.values():
            panels.addAction(dock.toggleViewAction())
        view.addMenu(self._workspaces)
        view.addAction(
            add(
                "reset-layout", "Reset layout", "", self._reset_layout, tip="Put every panel back where it was at first"
            )
        )
        view.addSeparator()

    def _fill_workspaces(self) -> None:
        add, actions = self._desktop.actions.add, {command.name for command in self._desktop.actions.commands()}
        self._workspaces.clear()
        for place, (name, workspace) in enumerate(WORKSPACES.items(), start=1):
            key = f"workspace-{name}"
            if key not in actions:
                add(
                    key, f"Workspace: {workspace.title}", "", functools.partial(self._use, name), keys=[f"Ctrl+{place}"],
                    tip="Show the panels for this",
                )  # fmt: skip
            self._workspaces.addAction(self._desktop.actions.action(key))
        self._workspaces.addSeparator()
        for name in self._layout.saved():
            entry = self._workspaces.addMenu(name)
            entry.addAction("Use", functools.partial(self._use, name))
            entry.addAction("Delete", functools.partial(self._forget, name))
        if "save-workspace" not in actions:
            add(
                "save-workspace",
                "Save workspace\N{HORIZONTAL ELLIPSIS}",
                "",
                self._save_workspace,
                tip="Keep this layout by a name",
            )
        self._workspaces.addAction(self._desktop.actions.action("save-workspace"))

    def _add_help(self) -> None:
        add = self._desktop.actions.add
        add("keys", "Keys", "Help", self.show_keys, keys=["F1"], tip="Every command that has a key")
        add(
            "palette",
            "Command palette",
            "Help",
            self.show_palette,
            keys=["Ctrl+K"],
            tip="Find a command by a few letters",
        )
        add("rules", "Rules of the game", "Help", self._show_rules, tip="The rule book")
        add("about", "About and diagnosis", "Help", self._show_about, tip="Versions, this machine, what may be wrong")

    def show_keys(self) -> None:
        """Open the key sheet."""
        KeySheet(self._desktop.actions, self._window).open()

    def show_palette(self) -> None:
        """Open the command palette below the middle of the menu bar; players' names come as soon as they are read."""
        palette = CommandPalette(command_entries(self._desktop.actions), self._window)
        corner = self._window.mapToGlobal(self._window.rect().topLeft())
        palette.move(corner.x() + max(0, (self._window.width() - palette.width()) // 2), corner.y() + 60)
        palette.show()
        ticket = self._desktop.reader.ask(_players, lambda rows: palette.add(self._player_entries(rows)))
        palette.destroyed.connect(ticket.cancel)

    def _player_entries(self, rows: "list[PlayerRow]") -> list[Entry]:
        hub = self._desktop.hub

        def select(row: "PlayerRow") -> None:
            hub.player_selected.emit(row)
            hub.panel_wanted.emit("inspector")

        return [
            entry
            for row in rows
            for entry in (
                Entry(f"Profile of {row.name}", "player", functools.partial(select, row)),
                Entry(f"Play against {row.name}", "you", functools.partial(hub.play_against.emit, row)),
            )
        ]

    def _use(self, name: str) -> None:
        if not self._layout.use(name):
            self._desktop.toasts.show(f"the workspace {name} cannot be read: the default layout is used", Level.WARNING)

    def _reset_layout(self) -> None:
        self._layout.arrange()
        self._desktop.toasts.info("Every panel is back where it was at first.")

    def _save_workspace(self) -> None:
        name, is_given = QInputDialog.getText(self._window, "Save workspace", "Name of the workspace:")
        name = name.strip().replace("/", "-").replace("\\", "-")[:_NAME_LENGTH]
        if is_given and name:
            self._layout.save_as(name)
            self._fill_workspaces()

    def _forget(self, name: str) -> None:
        self._layout.forget(name)
        self._fill_workspaces()

    def _show_rules(self) -> None:
        from app.desktop.toasts import show_details
        from game.games import games

        book = "\n\n".join(game.rule_book for game in games())
        show_details(self._window, "The rules of the game", book)

    def _show_about(self) -> None:
        from app.desktop.about_dialog import AboutDialog

        AboutDialog(self._desktop, self._window).open()


def _players(league: "League") -> "list[PlayerRow]":
    return league.library.players()


def _open(folder: str) -> None:
    QDesktopServices.openUrl(QUrl.fromLocalFile(folder))
