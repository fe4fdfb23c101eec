"""The Cross table tab: the heat map, and below it the pairs of the chosen pairing."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QSplitter, QStackedLayout, QVBoxLayout, QWidget

from app.desktop.context import Desktop
from app.desktop.heat_map import HeatMap
from app.desktop.league.cross_cells import (
    MOST_PAIRS,
    PAIR_COLUMNS,
    SECOND,
    PairLine,
    SeasonGrid,
    as_csv,
    pair_lines,
)
from app.desktop.league.files import save_as
from app.desktop.league.replays import season_replay
from app.desktop.league.row_table import RowTable
from app.desktop.league.rows_model import RowsModel, Sorting
from app.desktop.league.table import SeasonTable, read_table
from app.desktop.league.words import count
from app.desktop.reader import Ticket
from app.desktop.widgets import IconButton, quiet_label

if TYPE_CHECKING:  # the window paints before the store and the kernels are imported
    from app.session import League

HINT: Final = "Who beats whom is shown here once a season has been played: press New in the League dock."


LEGEND: Final = "Score of the row against the column in %"


class CrossPanel(QWidget):
    """Follows the shown season's table."""

    def __init__(self, desktop: Desktop) -> None:
        super().__init__()
        self._desktop = desktop
        self._season = -1
        self._table: SeasonTable | None = None
        self._pairing: tuple[int, int] | None = None
        self._ticket: Ticket | None = None
        self.view = HeatMap(desktop.theme, "Cross table")
        self.view.setObjectName("cross_view")
        self.view.cell_chosen.connect(self._choose)
        self.view.hovered.connect(self._say)
        self._make_pairs()
        self._lay_out()
        desktop.hub.season_selected.connect(self._select_season)
        desktop.hub.table_ready.connect(self._take)
        self._show()

    def _make_pairs(self) -> None:
        self.model: RowsModel[PairLine] = RowsModel(PAIR_COLUMNS, identify=lambda pair: pair.number, parent=self)
        self.sorting = Sorting(lambda _pair, _text: True, self)
        self.sorting.setSourceModel(self.model)
        self.pairs = RowTable(self._desktop.theme, PAIR_COLUMNS, "Pairs")
        self.pairs.setModel(self.sorting)
        self.pairs.sort_by_click(0)
        self.pairs.setToolTip("Double click or Enter replays the match of that column")
        self.pairs.activated_cell.connect(self._replay)
        self.heading = QLabel()
        self.heading.setTextFormat(Qt.TextFormat.PlainText)
        self.heading.setWordWrap(True)

    def _lay_out(self) -> None:
        theme = self._desktop.theme
        self._make_below()
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self.splitter.addWidget(self.view)
        self.splitter.addWidget(self.below)
        self.splitter.setStretchFactor(0, 3)
        self.splitter.setStretchFactor(1, 2)
        self.splitter.setChildrenCollapsible(False)
        table = QWidget()
        inside = QVBoxLayout(table)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.addWidget(self.splitter, 1)
        inside.addLayout(self._make_bar())
        self.hint = quiet_label(HINT, is_wrapped=True)
        self.hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._pages = QStackedLayout(self)
        margin = theme.px(8)
        self._pages.setContentsMargins(margin, margin, margin, margin)
        self._pages.addWidget(self.hint)
        self._pages.addWidget(table)

    def _make_below(self) -> None:
        theme = self._desktop.theme
        self.below = QWidget()
        top = QHBoxLayout()
        top.addWidget(self.heading, 1)
        top.addWidget(IconButton(theme, "close", "Close the list of pairs", self._close_pairs))
        column = QVBoxLayout(self.below)
        column.setContentsMargins(0, theme.px(4), 0, 0)
        column.addLayout(top)
        column.addWidget(self.pairs, 1)
        self.below.hide()

    def _make_bar(self) -> QHBoxLayout:
        self.words = quiet_label(LEGEND, is_wrapped=True)
        self.export = IconButton(self._desktop.theme, "export", "Export the cross table", self._open_exports)
        self.export.setObjectName("export_cross")
        bar = QHBoxLayout()
        bar.addWidget(self.words, 1)
        for button in self.view.zoom_buttons():
            bar.addWidget(button)
        bar.addWidget(self.export)
        return bar

    # What it shows

    def _select_season(self, season_id: int) -> None:
        if season_id != self._season:
            self._season = season_id
            self._table = None
            self._close_pairs()
            self._show()

    def _take(self, message: Any) -> None:
        if message["season"] == self._season:
            self._table = read_table(message)
            self._show()
            if self._pairing is not None:
                self._ask_pairs()

    def _show(self) -> None:
        table = self._table if self._table is not None and self._table.names else None
        self.view.show_grid(None if table is None else SeasonGrid(table))
        self._pages.setCurrentIndex(0 if table is None else 1)
        self.hint.setText(HINT if self._season < 0 else "Adding up the table\N{HORIZONTAL ELLIPSIS}")

    def _say(self, sentence: str) -> None:
        self.words.setText(sentence or LEGEND)

    # The pairs

    def _choose(self, row: int, column: int) -> None:
        if self._table is None:
            return
        self._pairing = SeasonGrid(self._table).players(row, column)
        self.model.show([])
        self.below.show()
        self._ask_pairs()

    def _close_pairs(self) -> None:
        self._pairing = None
        self.below.hide()

    def _ask_pairs(self) -> None:
        if self._ticket is not None:
            self._ticket.cancel()
        if self._pairing is None:
            return
        season, (player, opponent) = self._season, self._pairing

        def question(league: "League") -> tuple[list[PairLine], int]:
            return _pairs(league, season, player, opponent)

        self._ticket = self._desktop.reader.ask(question, self._take_pairs)

    def _take_pairs(self, found: tuple[list[PairLine], int]) -> None:
        lines, total = found
        if self._table is None or self._pairing is None:
            return
        names = " against ".join(self._table.names[position] for position in self._pairing)
        shown = f", the first {len(lines):,} shown" if len(lines) < total else ""
        self.heading.setText(f"{names}: {count(total, 'pair')}{shown}")
        self.model.show(lines)

    def _replay(self, pair: PairLine, column: int) -> None:
        season, match_id = self._season, pair.match(is_second=column == SECOND)
        self._desktop.reader.ask(
            lambda league: season_replay(league, season, match_id), self._desktop.hub.show_match.emit
        )

    # Export

    def _open_exports(self) -> None:
        self.export_menu().popup(self.export.mapToGlobal(QPoint(0, 0)))

    def export_menu(self) -> QMenu:
        """Return the ways to take the cross table along."""
        menu = QMenu(self)
        menu.setObjectName("export_menu")
        menu.aboutToHide.connect(menu.deleteLater)
        name, dots = f"season-{self._season}-cross-table", "\N{HORIZONTAL ELLIPSIS}"
        menu.addAction(
            f"Picture{dots}", lambda: save_as(self, "Export cross table", f"{name}.png", "PNG (*.png)", self._write_png)
        )
        menu.addAction(
            f"CSV{dots}", lambda: save_as(self, "Export cross table", f"{name}.csv", "CSV (*.csv)", self._write_csv)
        )
        return menu

    def _write_png(self, path: Path) -> None:
        if self.view.picture().save(str(path), "PNG"):
            self._desktop.toasts.info(f"The cross table is written to {path}.")
        else:
            self._desktop.toasts.error(f"{path} cannot be written: choose another folder.")

    def _write_csv(self, path: Path) -> None:
        table = self._table
        if table is None:
            return

        def question(_league: "League") -> None:
            from league.home import write_atomic

            write_atomic(path, as_csv(table).encode())

        self._desktop.reader.ask(
            question, lambda _: self._desktop.toasts.info(f"The cross table is written to {path}.")
        )


def _pairs(league: "League", season_id: int, player: int, opponent: int) -> tuple[list[PairLine], int]:
    """Return the first pairs of two positions, and how many there are."""
    from league.match_filter import MatchFilter

    ids = league.store.find_match_ids(season_id, MatchFilter(player=player, opponent=opponent))
    rows = league.store.match_rows(season_id, ids[: 2 * MOST_PAIRS])
    return pair_lines(rows, player), len(set((ids // 2).tolist()))
