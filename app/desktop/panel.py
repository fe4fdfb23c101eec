"""What a panel of the window is. A module of ``app.desktop.panels`` that has a ``PANEL`` is one; nothing else names it."""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from PySide6.QtWidgets import QWidget

import app.desktop.panels
from app.desktop.context import Desktop


class Area(Enum):
    """Where a panel lives before the user moves it."""

    CENTRE = "centre"
    """A tab in the middle, which stays there."""
    LEFT = "left"
    RIGHT = "right"
    LOWER_RIGHT = "lower right"
    BOTTOM = "bottom"


@dataclass(frozen=True)
class PanelSpec:
    """A panel: its name in saved layouts, its title, where it lives, its place there, and what makes it.

    ``is_shown`` is whether the default layout shows it (a tab behind another counts as shown).
    """

    name: str
    title: str
    area: Area
    order: int
    create: Callable[[Desktop], QWidget]
    is_shown: bool = True


def panels() -> list[PanelSpec]:
    """Return every panel in the order of their areas and places; imports none of what they show before it is made."""
    names = [info.name for info in pkgutil.iter_modules(app.desktop.panels.__path__)]
    modules = [importlib.import_module(f"{app.desktop.panels.__name__}.{name}") for name in names]
    found: list[PanelSpec] = [
        module.PANEL for module in modules if isinstance(getattr(module, "PANEL", None), PanelSpec)
    ]
    areas = list(Area)
    return sorted(found, key=lambda panel: (areas.index(panel.area), panel.order, panel.name))
