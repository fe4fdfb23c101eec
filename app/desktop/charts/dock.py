"""The Charts panel: its tabs, and beside them the buttons of the chart in front."""

from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QStackedWidget, QTabWidget, QVBoxLayout, QWidget

from app.desktop.charts.elo_tab import EloTab
from app.desktop.charts.pacer import Pacer
from app.desktop.charts.throughput_tab import ThroughputTab
from app.desktop.charts.training_tab import TrainingTab
from app.desktop.context import Desktop

_TAB_KEY: Final = "charts/tab"


class ChartsDock(QWidget):
    """Elo, Training and Throughput."""

    def __init__(self, desktop: Desktop) -> None:
        super().__init__()
        self._desktop = desktop
        self.pacer = Pacer(self)
        self.elo = EloTab(desktop, self.pacer)
        self.training = TrainingTab(desktop, self.pacer)
        self.throughput = ThroughputTab(desktop, self.pacer)
        self.tabs = QTabWidget()
        self._controls = QStackedWidget()
        for title, tab in (("Elo", self.elo), ("Training", self.training), ("Throughput", self.throughput)):
            self.tabs.addTab(tab, title)
            self._controls.addWidget(tab.view.controls)
        self._arrange()

    def _arrange(self) -> None:
        self.tabs.setDocumentMode(True)
        self.tabs.setAccessibleName("charts")
        self.tabs.setCornerWidget(self._controls, Qt.Corner.TopRightCorner)
        self.tabs.setCurrentIndex(min(self._desktop.settings.get(_TAB_KEY, 0), self.tabs.count() - 1))
        self._controls.setCurrentIndex(self.tabs.currentIndex())
        self.tabs.currentChanged.connect(self._change)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.tabs)
        self._desktop.hub.run_selected.connect(self._bring_training)

    def _change(self, index: int) -> None:
        self._controls.setCurrentIndex(index)
        self._desktop.settings.put(_TAB_KEY, index)

    def _bring_training(self, run: str) -> None:
        if run:
            self.tabs.setCurrentWidget(self.training)
