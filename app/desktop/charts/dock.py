"""The Charts panel: its tabs, and beside them the buttons of the chart in front."""

from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QStackedWidget, QTabWidget, QVBoxLayout, QWidget

from app.desktop.charts.elo_tab import EloTab
from app.desktop.charts.pacer import Pacer
from app.desktop.charts.throughput_tab import ThroughputTab
from app.desktop.charts.training_tab import TrainingTab
from app.desktop.context import Desktop

_TAB_KEY: Final = "charts/tab"
_WIDE: Final = 400  # pixels at 100 %


class ChartsDock(QWidget):
    """Elo, Training and Throughput."""

    def __init__(self, desktop: Desktop) -> None:
        super().__init__()
        self._desktop = desktop
        self.pacer = Pacer(self)
        self.elo = EloTab(desktop, self.pacer)
        self.training = TrainingTab(desktop, self.pacer)
        self.throughput = ThroughputTab(desktop, self.pacer)
        self._views = (self.elo.view, self.training.view, self.throughput.view)
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
        self._show_controls(self.tabs.currentIndex())
        self.tabs.currentChanged.connect(self._change)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.tabs)
        self._desktop.hub.run_selected.connect(self._bring_training)
        self._desktop.hub.minimised.connect(self._rest)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802  # Qt's name
        """Leave out, where it is narrow, the buttons whose menus do the same."""
        super().resizeEvent(event)
        is_wide = event.size().width() >= self._desktop.theme.px(_WIDE)
        for view in self._views:
            view.controls.reset.setVisible(is_wide)

    def _show_controls(self, index: int) -> None:
        """Show the buttons of one tab; the others take no room."""
        for place, view in enumerate(self._views):
            policy = QSizePolicy.Policy.Preferred if place == index else QSizePolicy.Policy.Ignored
            view.controls.setSizePolicy(policy, QSizePolicy.Policy.Preferred)
        self._controls.setCurrentIndex(index)

    def _change(self, index: int) -> None:
        self._show_controls(index)
        self._desktop.settings.put(_TAB_KEY, index)

    def _rest(self, is_minimised: bool) -> None:  # noqa: FBT001  # the signal's
        """Neither draw nor read while the window is an icon."""
        self.pacer.rest(is_minimised)
        self.training.read_on()

    def _bring_training(self, run: str) -> None:
        if run:
            self.tabs.setCurrentWidget(self.training)
