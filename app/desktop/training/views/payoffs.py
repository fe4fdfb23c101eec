"""Who of a run's players beats whom, as a heat map."""

from pathlib import Path
from typing import Final

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QStackedLayout, QVBoxLayout, QWidget

from ai.trainer import Detail
from app.desktop.context import Desktop
from app.desktop.heat_map import HeatMap
from app.desktop.league.files import save_as
from app.desktop.training.detail_view import DetailBody, DetailView
from app.desktop.training.payoffs import PayoffGrid, is_payoffs, read_payoffs
from app.desktop.widgets import ElidedLabel, IconButton, hint_label

LEGEND: Final = "The row's score against the column, in percent of the matches; a draw counts half"
EMPTY: Final = "Nobody has been measured yet: the run does so every gate_steps steps, and at its end."
_TALL: Final = 220
_ORDER_KEY: Final = "payoffs/by_strength"


class PayoffsBody(DetailBody):
    """Rows beat columns; below, who beats whom in a circle, and the cell under the mouse or the cursor in words."""

    def __init__(self, desktop: Desktop, name: str) -> None:
        super().__init__()
        self._desktop = desktop
        self._name = name
        self._payoffs = PayoffGrid((), (), 0)
        self.map = HeatMap(desktop.theme, "payoffs")
        self.circles, self.words = ElidedLabel(), ElidedLabel(LEGEND)
        self.by_strength = QCheckBox("Strongest first")
        self.by_strength.setToolTip(
            "On: those first who do best against the Nash mixture. Off: in the order in which they came"
        )
        self.by_strength.setChecked(desktop.settings.get(_ORDER_KEY, default=False))
        self._lay_out()
        self.map.hovered.connect(lambda sentence: self.words.set_text(sentence or LEGEND))
        self.by_strength.toggled.connect(self._sort)

    def _lay_out(self) -> None:
        self.export = IconButton(self._desktop.theme, "export", "Save this map as a picture", self.export_png)
        row = QHBoxLayout()
        row.setContentsMargins(6, 2, 6, 0)
        row.setSpacing(2)
        row.addWidget(self.by_strength)
        row.addStretch(1)
        for each in (*self.map.zoom_buttons(), self.export):
            row.addWidget(each)
        text = QVBoxLayout()
        text.setContentsMargins(8, 0, 8, 2)
        text.setSpacing(0)
        for line in (self.words, self.circles):
            line.setProperty("quiet", "true")
            text.addWidget(line)
        filled = QWidget()
        layout = QVBoxLayout(filled)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(row)
        layout.addWidget(self.map, 1)
        layout.addLayout(text)
        self._pages = QStackedLayout(self)
        self._pages.addWidget(filled)
        self._pages.addWidget(hint_label(EMPTY, margin=12))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802  # Qt's name
        """Leave the circles to the copied text where the map has little room."""
        super().resizeEvent(event)
        self.circles.setVisible(self.height() >= self._desktop.theme.px(_TALL))

    def show_detail(self, detail: Detail) -> None:
        """Show a matrix of payoffs."""
        if not is_payoffs(detail.value):
            raise ValueError("this is no matrix of payoffs")
        self._payoffs = read_payoffs(detail.value)
        self._show()

    @property
    def grid(self) -> PayoffGrid:
        """What is shown, in its order."""
        return self._payoffs.by_strength() if self.by_strength.isChecked() else self._payoffs

    def as_text(self) -> str:
        """Return the scores in percent, tab separated, and the circles."""
        return self.grid.as_text()

    def export_png(self) -> None:
        """Save the whole map as a picture, where the user chooses."""
        save_as(self, "Save the map as a picture", f"{self._name}.png", "PNG (*.png)", self._write_png)

    def _write_png(self, path: Path) -> None:
        if self.map.picture().save(str(path), "PNG"):
            self._desktop.toasts.info(f"The map is written to {path}.")
        else:
            self._desktop.toasts.error(f"{path} cannot be written: choose another folder.")

    def _show(self) -> None:
        self.map.show_grid(self.grid)
        self.circles.set_text(self._payoffs.circles())
        self._pages.setCurrentIndex(0 if self._payoffs.names else 1)

    def _sort(self, is_on: bool) -> None:  # noqa: FBT001  # the signal's argument
        self._desktop.settings.put(_ORDER_KEY, is_on)
        self._show()


VIEW = DetailView(3, lambda name, value: name == "payoffs" and is_payoffs(value), PayoffsBody)
