"""The wall's tab."""

from app.desktop.arena.wall import Wall
from app.desktop.panel import Area, PanelSpec

PANEL = PanelSpec("wall", "Wall", Area.CENTRE, 1, Wall)
