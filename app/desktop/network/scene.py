"""Where nodes and connections are on the canvas, as lines of Qt."""

import itertools
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QLineF, QPointF
from PySide6.QtGui import QPainterPath

from app.desktop.network.layout import Place
from app.desktop.network.net import Net

_CURVE_STEPS: Final = 12


@dataclass(frozen=True)
class Scene:
    """Where everything of a network is on the canvas: centres by value, and the radius of a node."""

    centres: dict[int, QPointF]
    radius: float

    def node_at(self, where: QPointF, reach: float) -> int | None:
        """Return the node that is at ``where``, or not farther from it than ``reach``; None if there is none."""
        near = (
            value for value, centre in self.centres.items() if QLineF(centre, where).length() <= self.radius + reach
        )
        return next(near, None)


def centre(place: Place, begin: float, end: float, top: float, height: float) -> QPointF:
    """Return where a place of the layout is between ``begin`` and ``end``, and from ``top`` down."""
    return QPointF(begin + place.x * (end - begin), top + place.y * height)


def wire(net: Net, edge: int, scene: Scene) -> QPainterPath:
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


def distance(net: Net, edge: int, scene: Scene, where: QPointF) -> float:
    """Return how far ``where`` is from a connection."""
    begin, end = scene.centres[int(net.source[edge])], scene.centres[int(net.target[edge])]
    if end.x() > begin.x() + 1:
        return _to_segment(begin, end, where)
    path = wire(net, edge, scene)
    points = [path.pointAtPercent(step / _CURVE_STEPS) for step in range(_CURVE_STEPS + 1)]
    return min(_to_segment(a, b, where) for a, b in itertools.pairwise(points))


def _to_segment(begin: QPointF, end: QPointF, where: QPointF) -> float:
    along, off = end - begin, where - begin
    length = QPointF.dotProduct(along, along)
    share = 0.0 if length == 0 else max(0.0, min(1.0, QPointF.dotProduct(off, along) / length))
    return QLineF(begin + along * share, where).length()
