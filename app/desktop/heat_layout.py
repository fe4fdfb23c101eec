"""Where the parts of a heat map are: names on the left, bars beside them, heads above, cells as large as there is room."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QPoint, QRect, QSize
from PySide6.QtGui import QFontMetrics

from app.desktop.heat_grid import HeatGrid
from app.desktop.theme import ThemeStore

ZOOMS: Final = (0.5, 0.7, 1.0, 1.4, 2.0, 2.8)
_LEAST, _MOST = 34, 128
_LEAST_DRAWN: Final = 18
_LEAST_NAME: Final = 96
_BAR: Final = 36
_NUMBER_FROM: Final = 520
"""Width of the map from which on the bars have room for their numbers."""


@dataclass(frozen=True)
class HeatLayout:
    """The sizes of a heat map in pixels, without what is scrolled."""

    players: int
    side: int
    height: int
    names: int
    bars: int
    number: int
    """Of ``bars``, the width of a bar's number; 0 where it has no room."""
    top: int

    @property
    def left(self) -> int:
        """Where the cells begin."""
        return self.names + self.bars

    @property
    def size(self) -> QSize:
        """The whole map."""
        return QSize(self.left + self.players * self.side, self.top + self.players * self.height)

    def cell(self, row: int, column: int) -> QRect:
        """Return the place of a cell."""
        return QRect(self.left + column * self.side, self.top + row * self.height, self.side, self.height)

    def at(self, place: QPoint, scrolled: QPoint) -> tuple[int | None, int | None]:
        """Return row and column at a place of the viewport; None for one that is beside the cells."""
        column = (place.x() - self.left + scrolled.x()) // self.side
        row = (place.y() - self.top + scrolled.y()) // self.height
        is_row = place.y() >= self.top and row < self.players
        is_column = place.x() >= self.left and column < self.players
        return (row if is_row else None, column if is_column else None)


def layout_of(grid: HeatGrid, theme: ThemeStore, metrics: QFontMetrics, room: int, zoom: float) -> HeatLayout:
    """Return the sizes for a viewport that is ``room`` wide."""
    names = grid.names
    number = metrics.horizontalAdvance("100 %") + theme.px(4) if grid.shares and room >= theme.px(_NUMBER_FROM) else 0
    bars = theme.px(_BAR) + number + theme.px(8) if grid.shares else 0
    left = _names_width(names, theme, metrics, room)
    fitting = max(theme.px(_LEAST), min((room - left - bars) // max(1, len(names)), theme.px(_MOST)))
    side = max(theme.px(_LEAST_DRAWN), round(fitting * zoom))
    return HeatLayout(
        players=len(names),
        side=side,
        height=min(side, max(round(0.62 * side), metrics.height() + theme.px(4))),
        names=left,
        bars=bars,
        number=number,
        top=metrics.height() + theme.px(12),
    )


def _names_width(names: Sequence[str], theme: ThemeStore, metrics: QFontMetrics, room: int) -> int:
    widest = max((metrics.horizontalAdvance(f"00  {name}") for name in names), default=0)
    return min(widest + theme.px(14), max(theme.px(_LEAST_NAME), room // 3))
