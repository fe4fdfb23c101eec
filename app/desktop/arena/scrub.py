"""The scrub bar: where a match is, what is known of it, its points and rallies; a click or a drag seeks."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from app.desktop.theme import LEFT_SEAT, RIGHT_SEAT, ThemeStore

if TYPE_CHECKING:  # the window paints before the kernels are imported
    from game.timeline import Mark

_HEIGHT: Final = 34
_LONG_RALLY: Final = 4  # contacts: the longest rally fills the height, if it is no shorter
_LEAST_TICKS: Final = 1800  # what an unknown length is taken for at least
_HEADROOM: Final = 1.25
_ARROW_S: Final = 2.0
_PAGE_S: Final = 10.0


@dataclass(frozen=True)
class Span:
    """What the bar shows: ticks played, ticks known, the length if it is known, the ends of the rallies."""

    tick: int = 0
    scanned: int = 0
    length: int | None = None
    marks: "Sequence[Mark]" = ()
    tick_s: float = 1 / 60
    is_seekable: bool = False

    @property
    def total(self) -> int:
        """The ticks that the bar's width stands for."""
        return max(self.length or max(_LEAST_TICKS, round(self.scanned * _HEADROOM)), self.tick, 1)

    def tick_at(self, share: float) -> int:
        """Return the tick at ``share`` (0 to 1) of the width."""
        return round(min(max(share, 0.0), 1.0) * self.total)

    def score_at(self, tick: int) -> tuple[int, int]:
        """Return the points after ``tick``, as far as is known."""
        place = bisect_right([mark.tick for mark in self.marks], tick)
        return (self.marks[place - 1].left_points, self.marks[place - 1].right_points) if place else (0, 0)

    def text_at(self, tick: int) -> str:
        """Return time and score at ``tick``."""
        left, right = self.score_at(tick)
        return f"{clock_text(tick * self.tick_s)}   {left} : {right}"


def clock_text(seconds: float) -> str:
    """Return ``seconds`` as m:ss.t."""
    tenths = round(seconds * 10)
    return f"{tenths // 600}:{tenths // 10 % 60:02d}.{tenths % 10}"


class ScrubBar(QWidget):
    """Shows a ``Span``; tells where to go."""

    sought = Signal(int)
    """The tick to go to."""
    released = Signal()
    """A drag is over."""

    def __init__(self, theme: ThemeStore) -> None:
        super().__init__()
        self._theme = theme
        self._span = Span()
        self._is_dragged = False
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Position in the match")
        self.setToolTip("Click or drag to go to another moment of the match")
        theme.changed.connect(self._retouch)

    def sizeHint(self) -> QSize:  # noqa: N802  # Qt's name
        """Return a low and wide size."""
        return QSize(self._theme.px(200), self._theme.px(_HEIGHT))

    def minimumSizeHint(self) -> QSize:  # noqa: N802  # Qt's name
        """Return the least width at which marks can be told apart."""
        return QSize(self._theme.px(80), self._theme.px(_HEIGHT))

    @property
    def span(self) -> Span:
        """What is shown."""
        return self._span

    def show_span(self, span: Span) -> None:
        """Show ``span``; paints only what has changed."""
        if span != self._span:
            self._span = span
            self.setCursor(Qt.CursorShape.PointingHandCursor if span.is_seekable else Qt.CursorShape.ArrowCursor)
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002, N802  # Qt's signature
        """Draw the bar."""
        painter = QPainter(self)
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._draw(painter)
        finally:
            painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802  # Qt's name
        """Begin to seek."""
        if event.button() is Qt.MouseButton.LeftButton and self._span.is_seekable:
            self._is_dragged = True
            self._seek_to(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802  # Qt's name
        """Seek while dragged; else say what is there."""
        if self._is_dragged:
            self._seek_to(event)
        tick = self._tick_under(event)
        QToolTip.showText(event.globalPosition().toPoint(), self._span.text_at(tick), self)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: ARG002, N802  # Qt's signature
        """End a drag."""
        if self._is_dragged:
            self._is_dragged = False
            self.released.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802  # Qt's name
        """Go back and forth by keys."""
        steps = {
            Qt.Key.Key_Left: -_ARROW_S,
            Qt.Key.Key_Right: _ARROW_S,
            Qt.Key.Key_PageDown: -_PAGE_S,
            Qt.Key.Key_PageUp: _PAGE_S,
        }
        key = Qt.Key(event.key())
        if not self._span.is_seekable or key not in steps:
            super().keyPressEvent(event)
            return
        self.sought.emit(max(0, self._span.tick + round(steps[key] / self._span.tick_s)))
        self.released.emit()

    def _tick_under(self, event: QMouseEvent) -> int:
        inner = self._inner()
        return self._span.tick_at((event.position().x() - inner.left()) / inner.width())

    def _seek_to(self, event: QMouseEvent) -> None:
        self.sought.emit(self._tick_under(event))

    def _retouch(self) -> None:
        self.updateGeometry()
        self.update()

    def _inner(self) -> QRectF:
        margin = self._theme.px(8)
        return QRectF(self.rect()).adjusted(margin, 0, -margin, 0)

    def _x(self, tick: int) -> float:
        inner = self._inner()
        return inner.left() + inner.width() * min(tick / self._span.total, 1.0)

    def _draw(self, painter: QPainter) -> None:
        theme, inner, unit = self._theme.theme, self._inner(), self._theme.px(1)
        middle = inner.center().y()
        groove = QRectF(inner.left(), middle - 2 * unit, inner.width(), 4 * unit)
        self._fill(painter, groove, theme.colour("line"))
        known = QRectF(groove.left(), groove.top(), self._x(self._span.scanned) - groove.left(), groove.height())
        self._fill(painter, known, _mixed(theme.colour("line"), theme.colour("quiet"), 0.45))
        self._draw_rallies(painter, middle, unit)
        played = QRectF(groove.left(), groove.top(), self._x(self._span.tick) - groove.left(), groove.height())
        self._fill(painter, played, theme.colour("accent"))
        self._draw_points(painter, middle, unit)
        self._draw_handle(painter, middle, unit)

    def _fill(self, painter: QPainter, area: QRectF, colour: QColor) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawRoundedRect(area, area.height() / 2, area.height() / 2)

    def _draw_rallies(self, painter: QPainter, middle: float, unit: int) -> None:
        """Draw a hill a rally: the more contacts, the higher."""
        colour = self._theme.theme.colour("quiet")
        colour.setAlpha(95)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        begin = 0
        longest = max((mark.hits for mark in self._span.marks), default=0)
        for mark in self._span.marks:
            left, right = self._x(begin) + unit, self._x(mark.tick) - unit
            height = mark.hits / max(longest, _LONG_RALLY) * 12 * unit
            if right > left and height:
                painter.drawRect(QRectF(left, middle - height - 2 * unit, right - left, height))
            begin = mark.tick

    def _draw_points(self, painter: QPainter, middle: float, unit: int) -> None:
        """Draw a disc below the bar for the left side's points, a square for the right's, a bar for a let."""
        y, size = middle + 9 * unit, 3.5 * unit
        painter.setPen(Qt.PenStyle.NoPen)
        for mark in self._span.marks:
            x = self._x(mark.tick)
            if mark.scorer is None:
                painter.setBrush(self._theme.theme.colour("quiet"))
                painter.drawRect(QRectF(x - unit / 2, y - size, unit, 2 * size))
            elif mark.scorer == 0:
                painter.setBrush(QColor(LEFT_SEAT))
                painter.drawEllipse(QPointF(x, y), size, size)
            else:
                painter.setBrush(QColor(RIGHT_SEAT))
                painter.drawRect(QRectF(x - size, y - size, 2 * size, 2 * size))

    def _draw_handle(self, painter: QPainter, middle: float, unit: int) -> None:
        theme, x = self._theme.theme, self._x(self._span.tick)
        if not self._span.is_seekable:
            painter.setBrush(theme.colour("accent"))
            tip = (QPointF(x - 4 * unit, middle - 9 * unit), QPointF(x + 4 * unit, middle - 9 * unit))
            painter.drawPolygon(QPolygonF([*tip, QPointF(x, middle - 2 * unit)]))
            return
        width = 2 * unit if self.hasFocus() else unit
        painter.setPen(QPen(theme.colour("text" if self.hasFocus() else "window"), width))
        painter.setBrush(theme.colour("accent"))
        painter.drawEllipse(QPointF(x, middle), 6.5 * unit, 6.5 * unit)


def _mixed(one: QColor, other: QColor, share: float) -> QColor:
    """Return the colour ``share`` of the way from ``one`` to ``other``."""
    return QColor.fromRgbF(
        one.redF() + (other.redF() - one.redF()) * share,
        one.greenF() + (other.greenF() - one.greenF()) * share,
        one.blueF() + (other.blueF() - one.blueF()) * share,
    )
