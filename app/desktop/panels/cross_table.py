"""The Cross table tab."""

from PySide6.QtWidgets import QWidget

from app.desktop.context import Desktop
from app.desktop.panel import Area, PanelSpec


def _create(desktop: Desktop) -> QWidget:
    from app.desktop.league.cross_panel import CrossPanel

    return CrossPanel(desktop)


PANEL = PanelSpec("cross_table", "Cross table", Area.CENTRE, 2, _create)
