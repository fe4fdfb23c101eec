"""The Inspector dock: the profile of the selected player."""

from PySide6.QtWidgets import QWidget

from app.desktop.context import Desktop
from app.desktop.panel import Area, PanelSpec


def _create(desktop: Desktop) -> QWidget:
    from app.desktop.league.inspector import Inspector

    return Inspector(desktop)


PANEL = PanelSpec("inspector", "Inspector", Area.RIGHT, 1, _create)
