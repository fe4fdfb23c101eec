"""A genome as a graph: what feeds what, how strongly, and what is switched off."""

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QCheckBox, QFileDialog, QHBoxLayout, QScrollArea, QToolButton, QVBoxLayout

from ai.trainer import Detail, Json
from app.desktop.context import Desktop
from app.desktop.network.canvas import NetworkCanvas
from app.desktop.network.genome import Genome, drawing_of, genome_of, is_genome
from app.desktop.training.detail_view import DetailBody, DetailView
from app.desktop.widgets import ElidedLabel, IconButton

_ZOOMS: Final = (1.0, 1.5, 2.0, 3.0, 4.0)
_TEXT_LINES: Final = 3
_LEAST: Final = (120, 70)
_TALL: Final = 200
_OFF_KEY: Final = "genome/with_disabled"


class GenomeBody(DetailBody):
    """The graph of a genome; below it what it consists of, or what the mouse points at or was clicked."""

    def __init__(self, desktop: Desktop, name: str) -> None:
        super().__init__()
        self._desktop = desktop
        self._name = name
        self._genome: Genome | None = None
        self._value: Json = None
        self._zoom = 0
        self.ask_path: Callable[[str, str], str] = self._ask_path
        self.canvas = NetworkCanvas(desktop.theme)
        self.canvas.setAccessibleName(f"graph of the {name}")
        self.area = QScrollArea(widgetResizable=True)
        self.disabled = QCheckBox("Disabled connections")
        self.out, self.in_ = QToolButton(), QToolButton()
        self.out.setText("\N{MINUS SIGN}")
        self.in_.setText("+")
        self.lines = tuple(ElidedLabel() for _ in range(_TEXT_LINES))
        self._arrange()
        self._connect()
        self._retouch()

    def _arrange(self) -> None:
        self.area.setWidget(self.canvas)
        self.area.setFrameShape(QScrollArea.Shape.NoFrame)
        self.disabled.setChecked(self._desktop.settings.get(_OFF_KEY, default=True))
        self.disabled.setToolTip("Show the connections that are disabled, as dots")
        for button, tip in ((self.out, "Smaller (Ctrl and wheel)"), (self.in_, "Larger (Ctrl and wheel)")):
            button.setToolTip(tip)
            button.setAccessibleName(tip)
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.save = IconButton(self._desktop.theme, "export", "Save this graph as a picture", self.export_png)
        row = QHBoxLayout()
        row.setContentsMargins(6, 2, 6, 0)
        row.setSpacing(2)
        row.addWidget(self.disabled)
        row.addStretch(1)
        for each in (self.out, self.in_, self.save):
            row.addWidget(each)
        text = QVBoxLayout()
        text.setContentsMargins(8, 0, 8, 2)
        text.setSpacing(0)
        for line in self.lines:
            line.setProperty("quiet", "true")
            text.addWidget(line)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(row)
        layout.addWidget(self.area, 1)
        layout.addLayout(text)

    def _connect(self) -> None:
        self.canvas.pointed.connect(self._tell)
        self.canvas.installEventFilter(self)
        self.disabled.toggled.connect(self._toggle)
        self.out.clicked.connect(lambda _=False: self.zoom_by(-1))
        self.in_.clicked.connect(lambda _=False: self.zoom_by(1))
        self._desktop.theme.changed.connect(self._retouch)

    def show_detail(self, detail: Detail) -> None:
        """Show another genome; a node that is held stays so, if the other one has it."""
        if not is_genome(detail.value):
            raise ValueError("this is no genome")
        if detail.value != self._value:
            self._genome = genome_of(detail.value)
            self._value = detail.value
            self._draw()

    def as_text(self) -> str:
        """Return the genome in words: every node, and what goes in and out."""
        if self._genome is None:
            return ""
        about = drawing_of(self._genome, with_disabled=True).about
        return "\n".join([*self._genome.facts(), *(about[value] for value in sorted(about))])

    def zoom_by(self, steps: int) -> None:
        """Draw it larger or smaller; at its smallest it fits."""
        self._zoom = min(max(self._zoom + steps, 0), len(_ZOOMS) - 1)
        self._fit()

    def export_png(self) -> None:
        """Save the graph as it is on the screen, where the user chooses."""
        path = self.ask_path("Save the graph as a picture", f"{self._name}.png")
        if not path:
            return
        if self.canvas.grab().save(path, "PNG"):
            self._desktop.toasts.info(f"saved {path}")
        else:
            self._desktop.toasts.error(f"{path} cannot be written: choose another folder")

    def _ask_path(self, title: str, suggested: str) -> str:
        chosen, _ = QFileDialog.getSaveFileName(self, title, suggested)
        return chosen

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802  # Qt's name
        """Fit, or stay as many times as large; where there is little room, the text has one line."""
        super().resizeEvent(event)
        is_tall = self._is_tall()
        if is_tall == self.lines[1].isHidden():
            for line in self.lines[1:]:
                line.setVisible(is_tall)
            self._tell("")
        self._fit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802  # Qt's name
        """Zoom with Ctrl and the wheel."""
        if isinstance(event, QWheelEvent) and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoom_by(1 if event.angleDelta().y() > 0 else -1)
            return True
        return super().eventFilter(watched, event)

    def _draw(self) -> None:
        genome = self._genome
        if genome is None:
            return
        held = self.canvas.held
        drawing = None if genome.is_empty else drawing_of(genome, with_disabled=self.disabled.isChecked())
        self.canvas.show_drawing(drawing)
        self.canvas.hold(held)

    def _toggle(self, is_on: bool) -> None:  # noqa: FBT001  # the signal's argument
        self._desktop.settings.put(_OFF_KEY, is_on)
        self._draw()

    def _tell(self, text: str) -> None:
        genome = self._genome
        if not text and genome is not None:
            text = "\n".join(genome.facts()) if self._is_tall() else ", ".join(genome.size())
        texts = [*text.split("\n"), *[""] * _TEXT_LINES]
        for line, each in zip(self.lines, texts, strict=False):
            line.set_text(each)

    def _is_tall(self) -> bool:
        return self.height() >= self._desktop.theme.px(_TALL)

    def _fit(self) -> None:
        zoom = _ZOOMS[self._zoom]
        room = self.area.maximumViewportSize()
        least = [self._desktop.theme.px(length) for length in _LEAST]
        width, height = (round(size * zoom) if zoom > 1 else 0 for size in (room.width(), room.height()))
        self.canvas.setMinimumSize(max(width, least[0]), max(height, least[1]))
        self.out.setEnabled(self._zoom > 0)
        self.in_.setEnabled(self._zoom < len(_ZOOMS) - 1)

    def _retouch(self) -> None:
        for line in self.lines:
            line.setFixedHeight(line.fontMetrics().lineSpacing())
        self._fit()


VIEW = DetailView(1, lambda _name, value: is_genome(value), GenomeBody)
