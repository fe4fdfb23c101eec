"""The League dock."""

from PySide6.QtWidgets import QWidget

from app.desktop.context import Desktop
from app.desktop.panel import Area, PanelSpec


def _create(desktop: Desktop) -> QWidget:
    from app.desktop.league.panel import LeaguePanel

    return LeaguePanel(desktop)


PANEL = PanelSpec("league", "League", Area.LEFT, 0, _create)
