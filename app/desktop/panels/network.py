"""The panel of the live network."""

from PySide6.QtWidgets import QWidget

from app.desktop.context import Desktop
from app.desktop.panel import Area, PanelSpec


def _create(desktop: Desktop) -> QWidget:
    from app.desktop.network.view import NetworkView  # loads the policies: after the first paint

    return NetworkView(desktop)


PANEL = PanelSpec("network", "Network", Area.LOWER_RIGHT, 0, _create)
