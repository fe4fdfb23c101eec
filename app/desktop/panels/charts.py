"""The panel of charts: ratings, training, throughput."""

from PySide6.QtWidgets import QWidget

from app.desktop.context import Desktop
from app.desktop.panel import Area, PanelSpec


def _create(desktop: Desktop) -> QWidget:
    from app.desktop.charts.dock import ChartsDock  # loads pyqtgraph: after the first paint

    return ChartsDock(desktop)


PANEL = PanelSpec("charts", "Charts", Area.BOTTOM, 0, _create)
