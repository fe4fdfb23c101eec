"""What a run reports beside its metrics, in a window of its own: larger, or beside that of another run."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QVBoxLayout, QWidget

from app.desktop.context import Desktop
from app.desktop.training.run_details import RunDetailsView

_SIZE = (720, 480)


class DetailsDialog(QDialog):
    """Shows the details of ``run``."""

    def __init__(self, desktop: Desktop, run: str, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(f"Details of {name}")
        self.resize(desktop.theme.px(_SIZE[0]), desktop.theme.px(_SIZE[1]))
        self.view = RunDetailsView(desktop)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.close)
        layout = QVBoxLayout(self)
        layout.addWidget(self.view, 1)
        layout.addWidget(buttons)
        self.view.show_run(run)
