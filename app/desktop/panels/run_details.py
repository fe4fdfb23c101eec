"""The panel of what a run reports beside its metrics."""

from PySide6.QtWidgets import QWidget

from app.desktop.context import Desktop
from app.desktop.panel import Area, PanelSpec


def _create(desktop: Desktop) -> QWidget:
    from app.desktop.training.run_panel import RunPanel  # loads the network view: after the first paint

    return RunPanel(desktop)


PANEL = PanelSpec("run_details", "Run details", Area.LOWER_RIGHT, 1, _create)
