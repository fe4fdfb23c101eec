"""Where the docks are: the default, the workspaces, and what the user has saved."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QByteArray, Qt
from PySide6.QtWidgets import QDockWidget, QMainWindow

from app.desktop.panel import Area, PanelSpec
from app.desktop.settings import Settings

_VERSION: Final = 1
_NARROW: Final = 1280
_STATE_KEY: Final = "window/state"
_GEOMETRY_KEY: Final = "window/geometry"
_SAVED_GROUP: Final = "workspaces"

_SIDE: Final = {
    Area.LEFT: Qt.DockWidgetArea.LeftDockWidgetArea,
    Area.RIGHT: Qt.DockWidgetArea.RightDockWidgetArea,
    Area.LOWER_RIGHT: Qt.DockWidgetArea.RightDockWidgetArea,
    Area.BOTTOM: Qt.DockWidgetArea.BottomDockWidgetArea,
}


@dataclass(frozen=True)
class Workspace:
    """Which areas show their docks."""

    title: str
    areas: frozenset[Area]


WORKSPACES: Final = {
    "everything": Workspace("Everything", frozenset(Area)),
    "watch": Workspace("Watch", frozenset({Area.LOWER_RIGHT})),
    "league": Workspace("League", frozenset({Area.LEFT, Area.BOTTOM})),
    "train": Workspace("Train", frozenset({Area.RIGHT, Area.LOWER_RIGHT, Area.BOTTOM})),
}


class Layout:
    """Arranges the docks of one window. Docks are hidden, never destroyed."""

    def __init__(
        self, window: QMainWindow, docks: Mapping[str, QDockWidget], specs: Mapping[str, PanelSpec], settings: Settings
    ) -> None:
        self._window = window
        self._docks = docks
        self._specs = specs
        self._settings = settings

    def arrange(self) -> None:
        """Put every dock where it belongs by default."""
        window = self._window
        window.setCorner(Qt.Corner.BottomLeftCorner, Qt.DockWidgetArea.LeftDockWidgetArea)
        window.setCorner(Qt.Corner.BottomRightCorner, Qt.DockWidgetArea.RightDockWidgetArea)
        for area in _SIDE:
            for dock in self._in(area)[:1]:
                window.addDockWidget(_SIDE[area], dock)
        self._split_right()  # before any tabs: a dock that is split from a tab becomes a tab itself
        for area in _SIDE:
            for dock in self._in(area)[1:]:
                window.tabifyDockWidget(self._in(area)[0], dock)
        for name, dock in self._docks.items():
            dock.setFloating(False)
            dock.setVisible(self._specs[name].is_shown)
        for area in _SIDE:
            for dock in self._in(area)[:1]:
                dock.raise_()
        self._size()

    def _split_right(self) -> None:
        upper, lower = self._in(Area.RIGHT), self._in(Area.LOWER_RIGHT)
        if upper and lower:
            self._window.splitDockWidget(upper[0], lower[0], Qt.Orientation.Vertical)

    def _size(self) -> None:
        """Give the middle most of the room; in a narrow window the sides get less."""
        width, height = self._window.width(), self._window.height()
        is_narrow = width < _NARROW
        left, right = (int(width * 0.27), int(width * 0.25)) if is_narrow else (int(width * 0.25), int(width * 0.22))
        across = [(area, size) for area, size in ((Area.LEFT, left), (Area.RIGHT, right)) if self._in(area)]
        horizontal, vertical = Qt.Orientation.Horizontal, Qt.Orientation.Vertical
        self._window.resizeDocks([self._in(area)[0] for area, _ in across], [size for _, size in across], horizontal)
        down = [
            (Area.BOTTOM, int(height * 0.27)),
            (Area.RIGHT, int(height * 0.55)),
            (Area.LOWER_RIGHT, int(height * 0.45)),
        ]
        down = [(area, size) for area, size in down if self._in(area)]
        self._window.resizeDocks([self._in(area)[0] for area, _ in down], [size for _, size in down], vertical)

    def _in(self, area: Area) -> list[QDockWidget]:
        return [self._docks[name] for name, spec in self._specs.items() if spec.area is area and name in self._docks]

    def use(self, name: str) -> bool:
        """Change to a workspace, one of ours or a saved one; return whether it could be read."""
        if name in WORKSPACES:
            self.arrange()
            for dock_name, dock in self._docks.items():
                spec = self._specs[dock_name]
                dock.setVisible(spec.is_shown and spec.area in WORKSPACES[name].areas)
            return True
        return self._restore(self._settings.get_bytes(f"{_SAVED_GROUP}/{name}"))

    def save_as(self, name: str) -> None:
        """Keep the present layout under ``name``."""
        self._settings.put_bytes(f"{_SAVED_GROUP}/{name}", self._window.saveState(_VERSION))

    def saved(self) -> list[str]:
        """Return the names of the saved layouts."""
        return sorted(self._settings.names(_SAVED_GROUP))

    def forget(self, name: str) -> None:
        """Drop a saved layout."""
        self._settings.remove(f"{_SAVED_GROUP}/{name}")

    def remember(self) -> None:
        """Keep the present layout for the next start."""
        self._settings.put_bytes(_STATE_KEY, self._window.saveState(_VERSION))
        self._settings.put_bytes(_GEOMETRY_KEY, self._window.saveGeometry())

    def recall(self) -> bool:
        """Go back to the layout of the last session; return False if what is kept cannot be read."""
        geometry, state = self._settings.get_bytes(_GEOMETRY_KEY), self._settings.get_bytes(_STATE_KEY)
        is_new = geometry.isEmpty() and state.isEmpty()
        if is_new:
            return True
        is_placed = self._window.restoreGeometry(geometry)
        return self._restore(state) and is_placed

    def _restore(self, state: QByteArray) -> bool:
        if self._window.restoreState(state, _VERSION):
            return True
        self.arrange()
        return False
