"""The list beside a chart: every curve with its line and its value; a click or Space hides it."""

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QHeaderView, QTreeWidget, QTreeWidgetItem

from app.desktop.charts import text
from app.desktop.charts.model import ChartModel, Curve, Reading
from app.desktop.charts.strokes import block, swatch
from app.desktop.theme import ThemeStore

_NAME, _VALUE = range(2)
_KEY: Final = Qt.ItemDataRole.UserRole
_TITLE: Final = Qt.ItemDataRole.UserRole + 1
_SWATCH: Final = (26, 12)


class Legend(QTreeWidget):
    """Shows the curves of a model, a row each."""

    toggled = Signal(str)
    """The curve of this key was hidden or shown."""

    def __init__(self, theme: ThemeStore, name: str) -> None:
        super().__init__()
        self._theme = theme
        self._rows: list[QTreeWidgetItem] = []
        self._shown: object = None
        self.setAccessibleName(f"curves of {name}")
        self.setToolTip("The curves and their values; uncheck one to hide it.")
        self.setColumnCount(2)
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)  # names that begin alike end differently
        self.setIndentation(0)
        self.setSelectionMode(QTreeWidget.SelectionMode.SingleSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFrameShape(QTreeWidget.Shape.NoFrame)
        self.setTabKeyNavigation(False)
        header = self.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(_NAME, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(_VALUE, QHeaderView.ResizeMode.ResizeToContents)
        header.setMinimumSectionSize(1)
        header.setSectionsClickable(False)
        self.itemChanged.connect(self._notice)

    def show_curves(self, model: ChartModel, listed: Sequence[Curve]) -> None:
        """Show the curves of ``model`` that are ``listed``, if they are others than before."""
        shown = (model.frame.is_stacked, tuple((curve.key, curve.listed, curve.slot) for curve in listed))
        if shown != self._shown:
            self._shown = shown
            self._fill(model, listed)

    def forget(self) -> None:
        """Draw every row anew the next time: colours or what is hidden have changed."""
        self._shown = None

    def show_readings(self, where: str, readings: Sequence[Reading], left_out: int = 0, reason: str = "") -> None:
        """Show the values at a place of x, which is called ``where``, how many curves there is no room for, and why."""
        values = {each.curve.key: each for each in readings}
        self.blockSignals(True)  # noqa: FBT003  # Qt's signature
        try:
            self.headerItem().setText(_NAME, where)
            self.headerItem().setText(_VALUE, f"+ {left_out}" if left_out else "")
            self.headerItem().setToolTip(_VALUE, f"{left_out} more {reason}" if left_out else "")
            for item in self._rows:
                found = values.get(item.data(_NAME, _KEY))
                item.setText(_VALUE, text.number(found.y) if found else "")
                item.setToolTip(_NAME, text.reading(found) if found else item.data(_NAME, _TITLE))
                item.setToolTip(_VALUE, item.toolTip(_NAME))
        finally:
            self.blockSignals(False)  # noqa: FBT003  # as above

    def _fill(self, model: ChartModel, listed: Sequence[Curve]) -> None:
        size = QSize(self._theme.px(_SWATCH[0]), self._theme.px(_SWATCH[1]))
        self.setIconSize(size)
        self.blockSignals(True)  # noqa: FBT003  # as above
        try:
            self.clear()
            self._rows = []
            draw = block if model.frame.is_stacked else swatch
            for curve in listed:
                item = QTreeWidgetItem([curve.listed, ""])
                item.setData(_NAME, _KEY, curve.key)
                item.setData(_NAME, _TITLE, curve.title)
                item.setIcon(_NAME, draw(curve, self._theme.theme, size, self.devicePixelRatioF()))
                is_hidden = model.is_hidden(curve.key)
                item.setCheckState(_NAME, Qt.CheckState.Unchecked if is_hidden else Qt.CheckState.Checked)
                item.setTextAlignment(_VALUE, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self.addTopLevelItem(item)
                self._rows.append(item)
        finally:
            self.blockSignals(False)  # noqa: FBT003  # as above

    def _notice(self, item: QTreeWidgetItem, column: int) -> None:
        if column == _NAME:
            self.toggled.emit(item.data(_NAME, _KEY))
