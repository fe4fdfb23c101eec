"""Draws a network and what it computes: connections once into a pixmap, nodes at every tick."""

import math
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
    QPaintEvent,
    QPen,
    QPixmap,
)
from PySide6.QtWidgets import QWidget

from app.desktop.charts.colours import legible
from app.desktop.network.drawing import Drawing, Moment
from app.desktop.network.layout import Layout
from app.desktop.network.net import Net
from app.desktop.network.scene import Scene, centre, distance, wire
from app.desktop.theme import LEFT_SEAT, RIGHT_SEAT, ThemeStore

_POSITIVE, _NEGATIVE = RIGHT_SEAT, LEFT_SEAT
"""Two colours that everybody can tell apart; here they stand for signs, and a ring or dashes say the same."""

_MARGIN: Final = 6
_LEAST_RADIUS: Final = 2.5
_MOST_RADIUS: Final = 9.0
_HALF_LIT: Final = 0.5  # a value of this size fills half of its node
_THINNEST, _THICKEST = 0.5, 2.6
_NEAR_PX: Final = 5.0
_REACH: Final = 2.0
_BAR_SHARE: Final = 0.42
_OFF_ALPHA: Final = 0.45


class NetworkCanvas(QWidget):
    """Shows a drawing and a moment of it; what the mouse or the arrow keys point at is read out by ``pointed``.

    A click holds a node, which is then read out while nothing else is pointed at. Without a moment nodes are shown as they
    are: filled by their bias.
    """

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
        self._held: int | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("network of the player")
        self.setMinimumSize(theme.px(120), theme.px(80))
        theme.changed.connect(self._forget)

    def show_drawing(self, drawing: Drawing | None) -> None:
        """Show another network, or only inputs and actions where there is none."""
        self._drawing, self._moment = drawing, None
        self._node = self._edge = self._held = None
        self._forget()

    @property
    def held(self) -> str:
        """The name of the node that is held by a click; empty for none."""
        return "" if self._held is None or self._drawing is None else self._drawing.name(self._held)

    def hold(self, name: str) -> None:
        """Hold the node of this name, as a click does; let go if there is none."""
        drawing = self._drawing
        known = drawing.layout.places if drawing is not None and drawing.layout is not None else {}
        self._hold(next((value for value in known if drawing is not None and drawing.name(value) == name), None))

    def _hold(self, value: int | None) -> None:
        self._held = value
        self._tell()
        self.update()

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
            self._wires = self._drawn_wires(drawing, net, layout, scene)
        painter.drawPixmap(0, 0, self._wires)
        self._paint_lit(painter, drawing, net, layout, scene)
        self._paint_nodes(painter, net, scene)
        self._paint_labels(painter, drawing, net, scene)

    def _paint_lit(self, painter: QPainter, drawing: Drawing, net: Net, layout: Layout, scene: Scene) -> None:
        """Draw over the others the connection that is pointed at, or those of the node."""
        node = self._marked_node()
        if self._edge is not None and node is None:
            painter.setPen(QPen(self._theme.theme.colour("text"), 2))
            painter.drawPath(wire(net, self._edge, scene))
        if node is None:
            return
        for edge in layout.edges:
            if node in (int(net.source[edge]), int(net.target[edge])):
                weight = float(net.weight[edge])
                painter.setPen(
                    self._off_pen(1.0) if edge in drawing.off else self._wire_pen(math.copysign(1.0, weight))
                )
                painter.drawPath(wire(net, edge, scene))

    def _marked_node(self) -> int | None:
        """Return the node that is pointed at, or else held."""
        return self._held if self._node is None and self._edge is None else self._node

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
            {value: centre(place, begin, end, margin / 2, height) for value, place in layout.places.items()}, radius
        )

    def _drawn_wires(self, drawing: Drawing, net: Net, layout: Layout, scene: Scene) -> QPixmap:
        """Return the connections: width and strength by weight, sign by colour and dashes."""
        ratio = self.devicePixelRatioF()
        pixmap = QPixmap(self.size() * ratio)
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            weights = np.nan_to_num(net.weight.astype(np.float64), nan=0.0)  # a broken player may carry anything
            used = (abs(float(weights[edge])) for edge in layout.edges if edge not in drawing.off)
            heaviest = max(used, default=0.0) or 1.0
            for edge in layout.edges:
                is_off = edge in drawing.off
                painter.setPen(self._off_pen() if is_off else self._wire_pen(float(weights[edge]) / heaviest))
                painter.drawPath(wire(net, edge, scene))
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

    def _off_pen(self, alpha: float = _OFF_ALPHA) -> QPen:
        """Return the pen of a connection that carries nothing: dots."""
        colour = self._theme.theme.colour("quiet")
        colour.setAlphaF(alpha)
        pen = QPen(colour, 1 if alpha < 1 else 2)
        pen.setDashPattern([1, 4])
        return pen

    def _sign_colour(self, value: float) -> QColor:
        theme = self._theme.theme
        return QColor(legible(_NEGATIVE if value < 0 else _POSITIVE, theme.base, theme.text))

    def _paint_nodes(self, painter: QPainter, net: Net, scene: Scene) -> None:
        theme = self._theme.theme
        still = np.concatenate([np.zeros(net.n_inputs, np.float32), net.bias])
        values = still if self._moment is None else self._moment.values
        chosen, marked = self._chosen_value(net), self._marked_node()
        for value, middle in scene.centres.items():
            is_marked = value in (chosen, marked)
            colour = theme.accent if value == chosen else theme.text if is_marked else theme.quiet
            painter.setPen(QPen(QColor(colour), 2.5 if is_marked else 1))
            painter.setBrush(theme.colour("panel"))
            painter.drawEllipse(middle, scene.radius, scene.radius)
            self._fill(painter, middle, scene.radius, float(values[value]))

    def _fill(self, painter: QPainter, middle: QPointF, radius: float, value: float) -> None:
        """Fill a node: a disc for a positive value and a ring for a negative one, the larger the more."""
        lit = abs(value) / (abs(value) + _HALF_LIT) if math.isfinite(value) else 0.0
        size = (radius - 1) * math.sqrt(lit)
        if size < 0.5:
            return
        if value >= 0:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._sign_colour(value))
            painter.drawEllipse(middle, size, size)
        else:
            width = max(1.0, size * 0.45)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(self._sign_colour(value), width))
            painter.drawEllipse(middle, size - width / 2, size - width / 2)

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

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802  # Qt's name
        """Hold the node under the mouse, or let go of the one that is held."""
        super().mousePressEvent(event)
        if event.button() is Qt.MouseButton.LeftButton and self._scene is not None:
            found = self._scene.node_at(event.position(), _REACH)
            self._hold(None if found == self._held else found)

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
        node = scene.node_at(where, _REACH)
        if node is not None:
            self._set_pointed(node, None)
            return
        far = {edge: distance(drawing.net, edge, scene, where) for edge in drawing.layout.edges}
        nearest = min(far, key=far.__getitem__, default=None)
        self._set_pointed(None, nearest if nearest is not None and far[nearest] <= _NEAR_PX else None)

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
        drawing, moment, node = self._drawing, self._moment, self._marked_node()
        if drawing is None or drawing.net is None:
            return ""
        if node is not None:
            return drawing.node_text(node, None if moment is None else float(moment.values[node]))
        return "" if self._edge is None else drawing.edge_text(self._edge)

    def sizeHint(self) -> QSize:  # noqa: N802  # Qt's name
        """Return a size that shows a small network well."""
        return QSize(self._theme.px(300), self._theme.px(220))
