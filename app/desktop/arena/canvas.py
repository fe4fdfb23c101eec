"""A pygame surface shown by Qt without a copy: drawn at the widget's size in device pixels, only blitted by a paint event."""

import logging
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.desktop.theme import ThemeStore

if TYPE_CHECKING:  # pygame is imported after the window has been painted
    from game.render import Renderer, View
    from game.spec import CourtShape

logger = logging.getLogger(__name__)

_LEAST: Final = (160, 60)


class Canvas(QWidget):
    """Shows views of a court; before the first one, or after a fault, a note."""

    broke = Signal(str)
    """Drawing has failed: one sentence. The note says so, too."""

    def __init__(self, theme: ThemeStore, *, is_small: bool = False) -> None:
        super().__init__()
        self._theme = theme
        self._is_small = is_small
        self._shape: CourtShape | None = None
        self._renderer: Renderer | None = None
        self._image: QImage | None = None
        self._view: View | None = None
        self.note = ""
        self._share: float | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(*_LEAST)
        theme.changed.connect(self._retouch)

    def sizeHint(self) -> QSize:  # noqa: N802  # Qt's name
        """Return the court's usual size."""
        return QSize(960, 540)

    @property
    def view(self) -> "View | None":
        """What is shown."""
        return self._view

    @property
    def image(self) -> QImage | None:
        """The frame, which the next one draws over; None before the first."""
        return self._image

    def show_view(self, view: "View", shape: "CourtShape") -> None:
        """Draw ``view`` and show it; what goes wrong becomes a note."""
        self._view = view
        if shape is not self._shape:
            self._shape, self._renderer = shape, None
        try:
            self._draw(view, shape)
        except Exception as error:  # a border: a picture that cannot be drawn must not end the program
            logger.exception("a frame cannot be drawn")
            self._view, self._image = None, None
            sentence = f"The court cannot be drawn: {type(error).__name__}: {error}"
            self.show_note(sentence)
            self.broke.emit(sentence)
            return
        self.note = ""
        self.update()

    def show_note(self, note: str, share: float | None = None) -> None:
        """Show a text instead of a court, over a bar of which ``share`` is filled, if that is given."""
        if (note, share) != (self.note, self._share) or self._view is not None:
            self.note, self._share, self._view = note, share, None
            self.update()

    def court_y(self, y: float) -> float:
        """Return the court's height at ``y``, a row of this widget, in court units."""
        if self._renderer is None:
            return 0.0
        return self._renderer.court_place(0.0, y * self.devicePixelRatioF())[1]

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002, N802  # Qt's signature
        """Blit the frame, or write the note."""
        painter = QPainter(self)
        try:
            if self._image is not None and self._view is not None:
                painter.drawImage(0, 0, self._image)
            else:
                self._draw_note(painter)
        finally:
            painter.end()

    def _draw_note(self, painter: QPainter) -> None:
        theme, margin = self._theme.theme, self._theme.px(24)
        painter.fillRect(self.rect(), theme.colour("base"))
        painter.setPen(theme.colour("quiet"))
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        painter.drawText(self.rect().adjusted(margin, margin, -margin, -margin), flags, self.note)
        if self._share is not None:
            width = min(self._theme.px(260), self.width() - 2 * margin)
            left, top = (self.width() - width) // 2, self.height() // 2 + self._theme.px(26)
            painter.fillRect(left, top, width, self._theme.px(4), theme.colour("line"))
            painter.fillRect(left, top, round(width * self._share), self._theme.px(4), theme.colour("accent"))

    def event(self, event: QEvent) -> bool:
        """Draw anew where a pixel's size has changed."""
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._redraw()
        return super().event(event)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: ARG002, N802  # Qt's signature
        """Draw anew at the new size."""
        self._redraw()

    def _redraw(self) -> None:
        if self._view is not None and self._shape is not None:
            self.show_view(self._view, self._shape)

    def _draw(self, view: "View", shape: "CourtShape") -> None:
        from game.render import STYLES, Renderer

        if self._renderer is None:
            self._renderer = Renderer(shape, STYLES[self._theme.theme.name], small=self._is_small)
            self._image = None
        ratio = self.devicePixelRatioF()
        width, height = max(1, round(self.width() * ratio)), max(1, round(self.height() * ratio))
        if self._image is None or (self._image.width(), self._image.height()) != (width, height):
            self._renderer.resize(width, height, ratio)
            surface = self._renderer.surface
            # A view of kind "0" leaves the surface unlocked: pygame draws, Qt reads, nothing is copied.
            pixels = surface.get_view("0")
            self._image = QImage(pixels, width, height, surface.get_pitch(), QImage.Format.Format_RGB32)  # type: ignore[call-overload]  # any buffer will do
            self._image.setDevicePixelRatio(ratio)
        self._renderer.draw(view)

    def _retouch(self) -> None:
        self._renderer = None
        self._redraw()
        self.update()
