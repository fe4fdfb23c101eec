"""A chart: its plot, its legend, and the buttons that change what is seen of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias, TypeVar

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QActionGroup, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QMenu,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.desktop.charts import text
from app.desktop.charts.legend import Legend
from app.desktop.charts.model import ChartModel, Reading
from app.desktop.charts.pacer import Pacer
from app.desktop.charts.plot import Plot
from app.desktop.context import Desktop
from app.desktop.widgets import IconButton, quiet_label
from league.home import HomeError, write_atomic

T = TypeVar("T")

AskPath: TypeAlias = Callable[[str, str], str]
"""Asks the user where to save a file: title and suggested name in, path out; "" if he does not want to."""

HALF_LIVES: Final = (0, 5, 20, 100)
_LEGEND_PX: Final = 176
_NARROW_LEGEND_PX: Final = 132
_NARROW_PX: Final = 460
_NOT_DRAWN: Final = "are not drawn: hide others to see them"
_SMALLER: Final = "are smaller here: zoom in and point at them where they are larger"


@dataclass(frozen=True)
class ChartSpec:
    """A chart's name in settings and file names, its title, and the windows it offers: title and length on x."""

    name: str
    title: str
    windows: tuple[tuple[str, float | None], ...] = (("Everything", None),)


class ChartView(QWidget):
    """Shows ``model``. Whoever changes the model calls ``refresh``."""

    drawn = Signal()

    def __init__(self, desktop: Desktop, spec: ChartSpec, model: ChartModel, pacer: Pacer) -> None:
        super().__init__()
        self.spec = spec
        self.model = model
        self.ask_path: AskPath = self._ask_path
        self._desktop = desktop
        self._pacer = pacer
        self._drawn_version: object = None
        self._hair: float | None = None
        self.plot = Plot(desktop.theme, is_clock=model.frame.x.is_clock)
        self.legend = Legend(desktop.theme, spec.title)
        self.hint = quiet_label(model.frame.hint, is_wrapped=True)
        self.hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._pages = QStackedWidget()
        self._beside = QVBoxLayout()
        self._side = QWidget()
        self.controls = ChartControls(desktop, self)
        self._arrange()
        self._connect()
        self._recall()
        pacer.add(self)

    def _arrange(self) -> None:
        self._pages.addWidget(self.hint)
        self._pages.addWidget(self.plot)
        self._beside.setContentsMargins(0, 0, 0, 0)
        self._beside.setSpacing(2)
        self._beside.addWidget(self.legend, 1)
        self._side.setLayout(self._beside)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self._pages, 1)
        layout.addWidget(self._side)
        self._fit()

    def _connect(self) -> None:
        self.plot.viewed.connect(self._look_at)
        self.plot.pointed.connect(self._point)
        self.legend.toggled.connect(self._toggle)
        self._desktop.theme.changed.connect(self._retouch)

    def add_beside(self, widget: QWidget) -> None:
        """Put ``widget`` above the legend."""
        self._beside.insertWidget(self._beside.count() - 1, widget)

    def is_due(self) -> bool:
        """Whether the chart is on the screen and something else has to be drawn."""
        return self.isVisible() and self._drawn_version != self.model.version

    def redraw(self) -> None:
        """Draw what the model shows now."""
        self._drawn_version = self.model.version
        self.hint.setText(self.model.frame.hint)
        is_empty = self.model.is_empty
        self._pages.setCurrentIndex(0 if is_empty else 1)
        self._side.setVisible(not is_empty or self._beside.count() > 1)
        if not is_empty:
            self.plot.draw(self.model)
        self._read()
        self.controls.show_state()
        self.drawn.emit()

    def refresh(self) -> None:
        """Note that the model has changed: it is drawn in its turn, once it is on the screen."""
        self._pacer.wake()

    def reset(self) -> None:
        """Show everything again, as it is: no window, no smoothing, nothing hidden, a linear axis, the newest points."""
        self.model.follow()
        self.model.recent, self.model.half_life, self.model.is_log = None, 0.0, False
        for curve in self.model.curves:
            if self.model.is_hidden(curve.key):
                self.model.toggle(curve.key)
        self.legend.forget()
        self._remember()
        self.redraw()

    def follow(self, *, is_following: bool) -> None:
        """Go along with the newest points, or stay."""
        span = self.model.span()
        if is_following:
            self.model.follow()
        elif span is not None:
            self.model.look_at(span.low, span.high)
        self.redraw()

    def set_half_life(self, points: float) -> None:
        """Smooth the curves."""
        self.model.half_life = points
        self._remember()
        self.redraw()

    def set_recent(self, length: float | None) -> None:
        """Follow only the newest ``length`` of x; None follows all of it."""
        self.model.recent = length
        self.model.follow()
        self._remember()
        self.redraw()

    def set_log(self, *, is_log: bool) -> None:
        """Use a logarithmic axis for the values."""
        self.model.is_log = is_log
        self._remember()
        self.redraw()

    def export_csv(self) -> None:
        """Save every point of every curve, where the user chooses."""
        path = self.ask_path("Save the points as CSV", f"{self.spec.name}.csv")
        if path:
            self._save(Path(path), self.model.to_csv().encode())

    def export_png(self) -> None:
        """Save the chart as it is on the screen, where the user chooses."""
        path = self.ask_path("Save the chart as a picture", f"{self.spec.name}.png")
        if not path:
            return
        if self.grab().save(path, "PNG"):
            self._desktop.toasts.info(f"saved {path}")
        else:
            self._desktop.toasts.error(f"{path} cannot be written: choose another folder")

    def _save(self, path: Path, content: bytes) -> None:
        try:
            write_atomic(path, content)
        except HomeError as error:
            self._desktop.toasts.error(str(error))
            return
        self._desktop.toasts.info(f"saved {path}")

    def _ask_path(self, title: str, suggested: str) -> str:
        chosen, _ = QFileDialog.getSaveFileName(self, title, suggested)
        return chosen

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802  # Qt's name
        """Catch up with what came while it was hidden."""
        super().showEvent(event)
        self._pacer.wake()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802  # Qt's name
        """Give the legend what a narrow dock can spare."""
        super().resizeEvent(event)
        self._fit()
        if not self.model.is_empty and self.isVisible():
            self.plot.draw(self.model)

    def _fit(self) -> None:
        is_narrow = self.width() < self._desktop.theme.px(_NARROW_PX)
        self._side.setFixedWidth(self._desktop.theme.px(_NARROW_LEGEND_PX if is_narrow else _LEGEND_PX))

    def _look_at(self, low: float, high: float) -> None:
        self.model.look_at(low, high)
        self.redraw()

    def _toggle(self, key: str) -> None:
        self.model.toggle(key)
        self.redraw()

    def _point(self, x: float | None) -> None:
        self._hair = x
        self._read()

    def _read(self) -> None:
        """Show the values at the cross hair, or else the newest ones."""
        span = self.model.extent()
        if span is None:
            self.legend.show_curves(self.model, self.model.listed([]))
            self.legend.show_readings("", [])
            self.setAccessibleDescription(text.summary(self.spec.title, []))
            return
        self.plot.show_hair(self._hair)
        x = span.high if self._hair is None else self._hair
        readings = self.model.readings(x)
        listed = self.model.listed(readings)
        self.legend.show_curves(self.model, listed)
        keys = {curve.key for curve in listed}
        told = [reading for reading in readings if reading.curve.key in keys]
        if self.model.frame.is_stacked:
            self.legend.show_readings(self._where(readings), told, len(readings) - len(told), _SMALLER)
        else:
            self.legend.show_readings(self._where(readings), told, self.model.left_out, _NOT_DRAWN)
        self.setAccessibleDescription(text.summary(self.spec.title, told))

    def _where(self, readings: Sequence[Reading]) -> str:
        axis = self.model.frame.x
        moving = [each.x for each in readings if not each.curve.is_reference]
        return text.place(axis, max(moving)) if moving else axis.title

    def _retouch(self) -> None:
        self._fit()
        self.legend.forget()
        self._drawn_version = None
        self._pacer.wake()

    def _key(self, name: str) -> str:
        return f"charts/{self.spec.name}/{name}"

    def _remember(self) -> None:
        put = self._desktop.settings.put
        put(self._key("half_life"), float(self.model.half_life))
        put(self._key("recent"), float(self.model.recent or 0))
        put(self._key("log"), self.model.is_log)

    def _recall(self) -> None:
        get = self._desktop.settings.get
        half_life, recent = get(self._key("half_life"), 0.0), get(self._key("recent"), 0.0)
        self.model.half_life = half_life if half_life in HALF_LIVES else 0.0
        offered = [length for _, length in self.spec.windows]
        self.model.recent = recent if recent in offered else offered[0]
        self.model.is_log = get(self._key("log"), default=False) and self.model.frame.can_be_log
        self.controls.show_state()


class ChartControls(QWidget):
    """The buttons of one chart: follow, smoothing and window, export, reset."""

    def __init__(self, desktop: Desktop, view: ChartView) -> None:
        super().__init__()
        self._view = view
        theme = desktop.theme
        self.follow = IconButton(theme, "live", "Follow the newest points", self._follow)
        self.follow.setCheckable(True)
        self.look = IconButton(theme, "settings", "Smoothing, window and scale", lambda: None)
        self.look.setMenu(QMenu(self))
        self._fill_look_menu()
        self.look.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.export = IconButton(theme, "export", "Save this chart as a picture or as numbers", lambda: None)
        self.export.setMenu(self._export_menu())
        self.export.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.reset = IconButton(theme, "undo", "Show everything again, not smoothed", view.reset)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(0)
        for button in (self.follow, self.look, self.export, self.reset):
            self._row.addWidget(button)

    def add_first(self, widget: QWidget) -> None:
        """Put a control of the tab before the others."""
        self._row.insertWidget(0, widget)

    def show_state(self) -> None:
        """Show what the model is set to."""
        model = self._view.model
        self.follow.setChecked(model.is_following)
        for points, action in self._half_lives.items():
            action.setChecked(points == model.half_life)
        for length, action in self._windows.items():
            action.setChecked(length == model.recent)
        for is_log, action in self._scales.items():
            action.setChecked(is_log == model.is_log)
            action.setEnabled(model.frame.can_be_log)

    def _follow(self) -> None:
        self._view.follow(is_following=self.follow.isChecked())

    def add_choice(
        self, title: str, options: Sequence[tuple[str, T]], choose: Callable[[T], None]
    ) -> "dict[T, QAction]":
        """Add a choice to the menu of what is seen; return the action of every option."""
        menu = self.look.menu()
        menu.addSection(title)
        group = QActionGroup(menu)
        actions: dict[T, QAction] = {}
        for name, option in options:
            action = menu.addAction(name)
            action.setCheckable(True)
            action.triggered.connect(lambda _=False, option=option: choose(option))
            group.addAction(action)
            actions[option] = action
        return actions

    def _fill_look_menu(self) -> None:
        view = self._view
        points = [(f"Over {count} points" if count else "None", float(count)) for count in HALF_LIVES]
        self._half_lives = self.add_choice("Smoothing", points, view.set_half_life)
        self._windows = self.add_choice("Window", view.spec.windows, view.set_recent)
        scales = [("Linear", False), ("Logarithmic", True)]
        self._scales = self.add_choice("Scale", scales, lambda is_log: view.set_log(is_log=is_log))
        self.look.menu().addSeparator()
        everything = QAction("Show everything again", self.look.menu())
        everything.triggered.connect(lambda _=False: view.reset())
        self.look.menu().addAction(everything)

    def _export_menu(self) -> QMenu:
        menu = QMenu(self)
        menu.addAction("Picture (PNG)\N{HORIZONTAL ELLIPSIS}").triggered.connect(
            lambda _=False: self._view.export_png()
        )
        menu.addAction("Numbers (CSV)\N{HORIZONTAL ELLIPSIS}").triggered.connect(
            lambda _=False: self._view.export_csv()
        )
        return menu
