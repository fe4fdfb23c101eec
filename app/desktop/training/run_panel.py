"""The Run details panel: those of the selected run, or of the newest one."""

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.desktop.context import Desktop
from app.desktop.training import champion
from app.desktop.training.run_details import RunDetailsView

if TYPE_CHECKING:  # the window paints before these are imported
    from league.schema import RunRow


class RunPanel(QWidget):
    """Follows the selection of runs."""

    def __init__(self, desktop: Desktop) -> None:
        super().__init__()
        self._desktop = desktop
        self.view = RunDetailsView(desktop)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.view)
        desktop.hub.run_selected.connect(self.view.show_run)
        desktop.hub.runs_changed.connect(self._find_newest)
        self._find_newest()

    def _find_newest(self) -> None:
        if not self.view.run:
            self._desktop.reader.ask(champion.runs, self._show_newest)

    def _show_newest(self, rows: "list[RunRow]") -> None:
        if rows and not self.view.run:
            self.view.show_run(rows[-1].id)
