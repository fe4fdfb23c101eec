"""Draws a network and what it computes: connections once into a pixmap, nodes at every tick."""

import itertools
import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPixmap,
)
from PySide6.QtWidgets import QWidget

from app.desktop.charts.colours import legible
from app.desktop.network.layout import Layout, Place
from app.desktop.network.net import Net
from app.desktop.network.presenter import Drawing, Moment
from app.desktop.theme import LEFT_SEAT, RIGHT_SEAT, ThemeStore

_POSITIVE, _NEGATIVE = RIGHT_SEAT, LEFT_SEAT
"""Two colours that everybody can tell apart; here they stand for signs, and a ring or dashes say the same."""

_MARGIN: Final = 6
_LEAST_RADIUS: Final = 2.5
_MOST_RADIUS: Final = 9.0
_HALF_LIT: Final = 0.5  # a value of this size fills half of its node
_THINNEST, _THICKEST = 0.5, 2.6
_NEAR_PX: Final = 5.0
_BAR_SHARE: Final = 0.42
_CURVE_STEPS: Final = 12


@dataclass(frozen=True)
class Scene:
    """Where everything of a network is on the canvas: centres by value, and the radius of a node."""

    centres: dict[int, QPointF]
    radius: float


class NetworkCanvas(QWidget):
    """Shows a drawing and a moment of it; what the mouse or the arrow keys point at is read out by ``pointed``."""

    pointed = Signal(str)
    """What is pointed at and its values; "" for nothing."""

    def __init__(self, theme: ThemeStore) -> None:
        super().__init__()
        self._theme = theme
        self._drawing: Drawing | None = None
        self._moment: Moment | None = None
        self._scene: Scene | None = None
        self._wires: QPixmap | None = None
        self._node: int | None = None
        self._edge: int | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("network of the player")
        self.setMinimumSize(theme.px(120), theme.px(80))
        theme.changed.connect(self._forget)

    def show_drawing(self, drawing: Drawing | None) -> None:
        """Show another network, or only inputs and actions where there is none."""
        self._drawing, self._moment = drawing, None
        self._node = self._edge = None
        self._forget()

    def show_moment(self, moment: Moment) -> None:
        """Show the values of another tick."""
        self._moment = moment
        self._tell()
        self.update()

    def _forget(self) -> None:
        self._scene = self._wires = None
        self.update()

    def resizeEvent(self, _event: object) -> None:  # noqa: N802  # Qt's name
        """Lay everything out anew."""
        self._forget()

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802  # Qt's name
        """Draw connections, nodes and labels; or bars."""
        painter = QPainter(self)
        try:
            painter.fillRect(self.rect(), self._theme.theme.colour("base"))
            if self._drawing is None:
                return
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            if self._drawing.net is not None and self._drawing.layout is not None:
                self._paint_net(painter, self._drawing, self._drawing.net, self._drawing.layout)
            else:
                self._paint_bars(painter, self._drawing)
        finally:
            painter.end()

    # The network

    def _paint_net(self, painter: QPainter, drawing: Drawing, net: Net, layout: Layout) -> None:
        scene = self._scene = self._scene or self._arranged(drawing, layout)
        if self._wires is None:
            self._wires = self._drawn_wires(net, layout, scene)
        painter.drawPixmap(0, 0, self._wires)
        if self._edge is not None:
            painter.setPen(QPen(self._theme.theme.colour("text"), 2))
            painter.drawPath(_wire(net, self._edge, scene))
        self._paint_nodes(painter, net, scene)
        self._paint_labels(painter, drawing, net, scene)

    def _arranged(self, drawing: Drawing, layout: Layout) -> Scene:
        """Return the scene: labels of the inputs on the left, of the actions on the right."""
        metrics = QFontMetricsF(self._label_font())
        left = max(metrics.horizontalAdvance(name) for name in drawing.inputs)
        right = max(metrics.horizontalAdvance(name) for name in drawing.actions)
        margin = self._theme.px(_MARGIN)
        columns = max(len({place.x for place in layout.places.values()}), 2)
        inner = self.width() - min(left, self.width() * 0.34) - min(right, self.width() * 0.2) - 2 * margin
        room = min((self.height() - margin) / max(layout.column_size, 1), inner / columns)
        radius = min(self._theme.px(1) * _MOST_RADIUS, max(_LEAST_RADIUS, room * 0.42))
        begin = margin + min(left, self.width() * 0.34) + radius + 4
        end = self.width() - margin - min(right, self.width() * 0.2) - radius - 6
        height = self.height() - margin
        return Scene(
            {value: _centre(place, begin, end, margin / 2, height) for value, place in layout.places.items()}, radius
        )

    def _drawn_wires(self, net: Net, layout: Layout, scene: Scene) -> QPixmap:
        """Return the connections: width and strength by weight, sign by colour and dashes."""
        ratio = self.devicePixelRatioF()
        pixmap = QPixmap(self.size() * ratio)
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            weights = np.nan_to_num(net.weight.astype(np.float64), nan=0.0)  # a broken player may carry anything
            heaviest = max((abs(float(weights[edge])) for edge in layout.edges), default=0.0) or 1.0
            for edge in layout.edges:
                painter.setPen(self._wire_pen(float(weights[edge]) / heaviest))
                painter.drawPath(_wire(net, edge, scene))
        finally:
            painter.end()
        return pixmap

    def _wire_pen(self, share: float) -> QPen:
        """Return the pen of a weight that is this ``share`` (-1 to 1) of the heaviest."""
        colour = self._sign_colour(share)
        colour.setAlphaF(0.2 + 0.7 * abs(share))
        pen = QPen(colour, _THINNEST + (_THICKEST - _THINNEST) * abs(share))
        if share < 0:
            pen.setDashPattern([4, 2])
        return pen

    def _sign_colour(self, value: float) -> QColor:
        theme = self._theme.theme
        return QColor(legible(_NEGATIVE if value < 0 else _POSITIVE, theme.base, theme.text))

    def _paint_nodes(self, painter: QPainter, net: Net, scene: Scene) -> None:
        theme = self._theme.theme
        values = self._moment.values if self._moment is not None else np.zeros(net.n_values, np.float32)
        chosen = self._chosen_value(net)
        for value, centre in scene.centres.items():
            is_marked = value in (chosen, self._node)
            colour = theme.accent if value == chosen else theme.text if is_marked else theme.quiet
            painter.setPen(QPen(QColor(colour), 2.5 if is_marked else 1))
            painter.setBrush(theme.colour("panel"))
            painter.drawEllipse(centre, scene.radius, scene.radius)
            self._fill(painter, centre, scene.radius, float(values[value]))

    def _fill(self, painter: QPainter, centre: QPointF, radius: float, value: float) -> None:
        """Fill a node: a disc for a positive value and a ring for a negative one, the larger the more."""
        lit = abs(value) / (abs(value) + _HALF_LIT) if math.isfinite(value) else 0.0
        size = (radius - 1) * math.sqrt(lit)
        if size < 0.5:
            return
        if value >= 0:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._sign_colour(value))
            painter.drawEllipse(centre, size, size)
        else:
            width = max(1.0, size * 0.45)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(self._sign_colour(value), width))
            painter.drawEllipse(centre, size - width / 2, size - width / 2)

    def _chosen_value(self, net: Net) -> int | None:
        action = self._moment.action if self._moment is not None else None
        return None if action is None else net.outputs[action]

    def _paint_labels(self, painter: QPainter, drawing: Drawing, net: Net, scene: Scene) -> None:
        font, theme = self._label_font(), self._theme.theme
        metrics = QFontMetricsF(font)
        gap, half = scene.radius + 5, metrics.height() / 2
        painter.setFont(font)
        painter.setPen(theme.colour("quiet"))
        for value, name in enumerate(drawing.inputs):
            if value in scene.centres:
                box = QRectF(0, scene.centres[value].y() - half, scene.centres[value].x() - gap, 2 * half)
                text = metrics.elidedText(name, Qt.TextElideMode.ElideRight, box.width() - 2)
                painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)
        chosen = self._moment.action if self._moment is not None else None
        for action, value in enumerate(net.outputs):
            if value in scene.centres:
                self._paint_action(
                    painter, drawing.actions[action], scene.centres[value] + QPointF(gap, 0), action == chosen
                )

    def _paint_action(self, painter: QPainter, name: str, where: QPointF, is_chosen: bool) -> None:  # noqa: FBT001  # one label
        font = self._label_font()
        font.setBold(is_chosen)
        painter.setFont(font)
        painter.setPen(self._theme.theme.colour("text" if is_chosen else "quiet"))
        half = QFontMetricsF(font).height() / 2
        box = QRectF(where.x(), where.y() - half, self.width() - where.x(), 2 * half)
        painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, name)

    def _label_font(self) -> QFont:
        font = QFont(self.font())
        font.setPointSizeF(font.pointSizeF() * 0.85)
        return font

    # Without a network

    def _paint_bars(self, painter: QPainter, drawing: Drawing) -> None:
        """Draw what is seen as bars around 0, and the actions as fields of which the last one is lit."""
        if self._moment is None:
            return
        theme, margin = self._theme.theme, self._theme.px(_MARGIN)
        painter.setFont(self._label_font())
        row = min((self.height() - 2 * margin) / (len(drawing.inputs) + 1.6), self._theme.px(22))
        middle, half = self.width() * 0.68, self.width() * 0.3 - margin
        for at, (name, value) in enumerate(zip(drawing.inputs, self._moment.observation, strict=True)):
            y = margin + at * row
            painter.setPen(theme.colour("quiet"))
            label = QRectF(margin, y, self.width() * 0.36 - margin, row)
            text = painter.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, int(label.width()))
            painter.drawText(label, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)
            painter.setPen(QPen(theme.colour("line"), 1))
            painter.drawLine(QLineF(middle, y, middle, y + row))
            length = half * max(-1.0, min(1.0, float(value)))
            bar = QRectF(middle, y + row * (1 - _BAR_SHARE) / 2, length, row * _BAR_SHARE).normalized()
            painter.fillRect(bar, self._sign_colour(float(value)))
        self._paint_fields(painter, drawing, margin + (len(drawing.inputs) + 0.3) * row, row * 1.1)

    def _paint_fields(self, painter: QPainter, drawing: Drawing, top: float, height: float) -> None:
        theme, margin = self._theme.theme, self._theme.px(_MARGIN)
        width = (self.width() - 2 * margin) / len(drawing.actions)
        for action, name in enumerate(drawing.actions):
            box = QRectF(margin + action * width + 2, top, width - 4, height)
            is_chosen = self._moment is not None and self._moment.action == action
            painter.setPen(QPen(theme.colour("accent" if is_chosen else "line"), 2 if is_chosen else 1))
            painter.setBrush(theme.colour("accent") if is_chosen else Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(box, 4, 4)
            painter.setPen(theme.colour("on_accent" if is_chosen else "quiet"))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, name)

    # Reading out

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802  # Qt's name
        """Read out what is under the mouse."""
        self._point(event.position())

    def leaveEvent(self, _event: object) -> None:  # noqa: N802  # Qt's name
        """Read out nothing."""
        self._set_pointed(None, None)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802  # Qt's name
        """Go from node to node with the arrow keys."""
        step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Right: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_Left: -1}.get(
            Qt.Key(event.key())
        )
        if step is None or self._scene is None:
            super().keyPressEvent(event)
            return
        order = list(self._scene.centres)
        at = order.index(self._node) + step if self._node in order else 0
        self._set_pointed(order[at % len(order)], None)

    def _point(self, where: QPointF) -> None:
        drawing, scene = self._drawing, self._scene
        if drawing is None or drawing.net is None or drawing.layout is None or scene is None:
            return
        reach = scene.radius + 2
        near = [value for value, centre in scene.centres.items() if QLineF(centre, where).length() <= reach]
        if near:
            self._set_pointed(near[0], None)
            return
        distance = {edge: _distance(drawing.net, edge, scene, where) for edge in drawing.layout.edges}
        nearest = min(distance, key=distance.__getitem__, default=None)
        self._set_pointed(None, nearest if nearest is not None and distance[nearest] <= _NEAR_PX else None)

    def _set_pointed(self, node: int | None, edge: int | None) -> None:
        if (node, edge) != (self._node, self._edge):
            self._node, self._edge = node, edge
            self._tell()
            self.update()

    def _tell(self) -> None:
        text = self._readout()
        self.setAccessibleDescription(text)
        self.pointed.emit(text)

    def _readout(self) -> str:
        drawing, moment = self._drawing, self._moment
        net = drawing.net if drawing is not None else None
        if drawing is None or net is None or moment is None:
            return ""
        if self._node is not None:
            return _node_text(drawing, net, self._node, float(moment.values[self._node]))
        if self._edge is not None:
            source, target = int(net.source[self._edge]), int(net.target[self._edge])
            return f"{drawing.name(source)} \N{RIGHTWARDS ARROW} {drawing.name(target)}: weight {net.weight[self._edge]:.3g}"
        return ""

    def sizeHint(self) -> QSize:  # noqa: N802  # Qt's name
        """Return a size that shows a small network well."""
        return QSize(self._theme.px(300), self._theme.px(220))


def _node_text(drawing: Drawing, net: Net, value: int, now: float) -> str:
    text = f"{drawing.name(value)}: {now:.3f}"
    if value < net.n_inputs:
        return text
    node = value - net.n_inputs
    count = int((net.target == value).sum())
    return f"{text}, {net.activation[node].name.lower()}, {count} in, bias {net.bias[node]:.3g}"


def _centre(place: Place, begin: float, end: float, top: float, height: float) -> QPointF:
    return QPointF(begin + place.x * (end - begin), top + place.y * height)


def _wire(net: Net, edge: int, scene: Scene) -> QPainterPath:
    """Return the line of a connection: straight to a later column, curved to the same or an earlier one."""
    begin, end = scene.centres[int(net.source[edge])], scene.centres[int(net.target[edge])]
    path = QPainterPath(begin)
    if end.x() > begin.x() + 1:
        path.lineTo(end)
    elif begin == end:
        size = scene.radius * 2
        path.addEllipse(begin + QPointF(0, -size), size * 0.7, size)
    else:
        bulge = 0.25 * QLineF(begin, end).length() + 2 * scene.radius
        path.quadTo((begin + end) / 2 + QPointF(bulge if begin.x() == end.x() else 0, bulge), end)
    return path


def _distance(net: Net, edge: int, scene: Scene, where: QPointF) -> float:
    """Return how far ``where`` is from a connection."""
    begin, end = scene.centres[int(net.source[edge])], scene.centres[int(net.target[edge])]
    if end.x() > begin.x() + 1:
        return _to_segment(begin, end, where)
    path = _wire(net, edge, scene)
    points = [path.pointAtPercent(step / _CURVE_STEPS) for step in range(_CURVE_STEPS + 1)]
    return min(_to_segment(a, b, where) for a, b in itertools.pairwise(points))


def _to_segment(begin: QPointF, end: QPointF, where: QPointF) -> float:
    along, off = end - begin, where - begin
    length = QPointF.dotProduct(along, along)
    share = 0.0 if length == 0 else max(0.0, min(1.0, QPointF.dotProduct(off, along) / length))
    return QLineF(begin + along * share, where).length()
