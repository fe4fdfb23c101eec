"""The arena's tab."""

from app.desktop.arena.panel import ArenaPanel
from app.desktop.panel import Area, PanelSpec

PANEL = PanelSpec("arena", "Arena", Area.CENTRE, 0, ArenaPanel)
