"""The cross table: colours, words, keys, pairs, exports."""

import csv
import io

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QFileDialog, QToolButton

from app.desktop.heat_grid import LOSS, WIN, is_dark, score_colour
from app.desktop.league.cross_cells import as_csv, cell_lines, cell_sentence, pair_lines
from app.desktop.league.cross_panel import CrossPanel
from app.desktop.league.table import CrossCell, read_table
from game.spec import RESULT_DTYPE
from tests.app.desktop.league_samples import STRENGTH, store_season, table_of

CELL = CrossCell(17, 0, 3, 0.85, 220.4, 202.6, 0.998)


@pytest.fixture
def panel(desktop, home, qtbot):
    season_id = store_season(home)
    made = CrossPanel(desktop)
    qtbot.addWidget(made)
    made.resize(700, 500)
    made.show()
    desktop.hub.season_selected.emit(season_id)
    desktop.hub.table_ready.emit(table_of(home, season_id))
    return made


def centre(view, row, column):
    return view.cell_rect(row, column).center()


def test_colours_diverge_from_the_middle():
    neutral = (40, 40, 40)
    assert score_colour(0.5, neutral) == neutral
    assert score_colour(1.0, neutral) == WIN
    assert score_colour(0.0, neutral) == LOSS
    assert score_colour(0.75, neutral) == tuple(round(40 + (end - 40) / 2) for end in WIN)


def test_text_is_read_on_every_colour():
    def contrast(colour):
        parts = [
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in np.array(colour) / 255
        ]
        light = float(np.dot([0.2126, 0.7152, 0.0722], parts))
        return (1.05 / (light + 0.05)) if is_dark(colour) else ((light + 0.05) / 0.05)

    for neutral in ((27, 33, 43), (255, 255, 255), (0, 0, 0)):
        for score in np.linspace(0, 1, 41):
            assert contrast(score_colour(score, neutral)) >= 4.5


def test_a_cell_says_more_where_there_is_room():
    assert cell_lines(CELL, rows=1) == ["85"]
    assert cell_lines(CELL, rows=9) == ["85", "17-0-3", "+220 ± 203", "LOS 100 %"]
    assert cell_lines(CrossCell(1, 0, 1, 0.5, None, None, None), rows=9) == ["50", "1-0-1"]


def test_a_pair_is_seen_by_the_rows_player():
    rows = np.zeros(3, RESULT_DTYPE)
    rows["match_id"], rows["seed"] = (6, 7, 8), (3, 3, 4)
    rows["left"], rows["right"] = (2, 5, 2), (5, 2, 5)
    rows["outcome"] = (1, 1, 0)
    rows["points"] = ((5, 1), (5, 4), (3, 3))
    first, second = pair_lines(rows, 5)
    assert (first.number, first.seed, first.points) == (3, 3, 1.0)
    assert (first.first, first.second) == ((5, 4), (1, 5))
    assert first.match(is_second=False) == 7
    assert first.match(is_second=True) == 6
    assert (second.first, second.second, second.points) == (None, (3, 3), 0.5)
    assert second.match(is_second=False) == 8


def test_the_view_has_a_cell_for_everybody_against_everybody(panel):
    view = panel.view
    found = {view.cell_at(centre(view, row, column)) for row in range(4) for column in range(4)}
    assert found == {(row, column) for row in range(4) for column in range(4)}
    assert view.cell_at(QPoint(1, 1)) is None
    assert view.cell_at(QPoint(690, 490)) is None


def test_the_mouse_lights_a_row_and_a_column_up_and_says_the_cell(panel, qtbot):
    qtbot.mouseMove(panel.view.viewport(), centre(panel.view, 0, 1))
    qtbot.waitUntil(lambda: panel.words.text().startswith(f"{STRENGTH[0]} against {STRENGTH[1]}: "))
    assert panel.view._hover == (0, 1)


def test_arrows_move_and_enter_lists_the_pairs_that_replay(panel, desktop, qtbot):
    view = panel.view
    view.setFocus()
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Up):
        qtbot.keyClick(view, key)
    assert view._current == (0, 1)
    assert view.accessibleDescription() == panel.words.text()
    qtbot.keyClick(view, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(panel.model.rows()) == 6)
    assert panel.heading.text() == f"{STRENGTH[0]} against {STRENGTH[1]}: 6 pairs"
    pair = panel.model.rows()[2]
    for column, wanted in ((1, pair.first_match), (2, pair.second_match)):
        with qtbot.waitSignal(desktop.hub.show_match) as told:
            panel.pairs.doubleClicked.emit(panel.pairs.model().index(2, column))
        assert told.args[0].match_id == wanted
        assert told.args[0].left.name == STRENGTH[column - 1]


def test_a_click_chooses_a_cell_and_the_diagonal_nothing(panel, qtbot):
    with qtbot.waitSignal(panel.view.cell_chosen) as told:
        qtbot.mouseClick(panel.view.viewport(), Qt.MouseButton.LeftButton, pos=centre(panel.view, 2, 0))
    assert told.args == [2, 0]
    assert panel._pairing == (panel._table.order[2], panel._table.order[0])
    with qtbot.assertNotEmitted(panel.view.cell_chosen):
        qtbot.mouseClick(panel.view.viewport(), Qt.MouseButton.LeftButton, pos=centre(panel.view, 1, 1))


def test_the_buttons_zoom(panel, qtbot):
    before = panel.view.side
    panel.findChild(QToolButton, "zoom_in").click()
    assert panel.view.side > before
    panel.findChild(QToolButton, "zoom_fit").click()
    assert panel.view.side == before
    panel.findChild(QToolButton, "zoom_out").click()
    assert panel.view.side < before
    qtbot.keyClick(panel.view, "0")
    assert panel.view.side == before


@pytest.mark.parametrize("n", [2, 50])
def test_two_and_fifty_players_are_drawn_and_an_unplayed_cell_is_empty(panel, desktop, home, n):
    message = table_of(home, 1)
    players = [{"name": f"player {i}", "hash": f"{i}", "kind": "dense"} for i in range(n)]
    cells = [cell for cell in message["cells"] if cell["row"] == 0 and cell["column"] == 1]
    desktop.hub.table_ready.emit({**message, "players": players, "lines": [], "history": [], "cells": cells})
    assert panel.view.grab().width() > 0
    table = panel._table
    assert len(table.names) == n
    assert table.cell(0, 1) is not None
    assert cell_sentence(table, 1, 1).endswith("nobody plays against itself")
    if n > 2:
        assert cell_sentence(table, 0, 2) == "player 0 against player 2: not met yet"
        assert panel.view.horizontalScrollBar().maximum() > 0
        panel.view.go_to((n - 1, n - 1))
        assert panel.view.cell_at(centre(panel.view, n - 1, n - 1)) == (n - 1, n - 1)


def test_another_season_takes_the_table_away(panel, desktop):
    desktop.hub.season_selected.emit(99)
    assert panel._pages.currentIndex() == 0
    assert panel.hint.text() == "Adding up the table…"
    desktop.hub.season_selected.emit(-1)
    assert "press New" in panel.hint.text()


def test_csv_has_the_scores_and_no_formula(home, panel):
    table = read_table(
        {**table_of(home, 1), "players": [{"name": n, "hash": n, "kind": ""} for n in ("=1", "b", "c", "d")]}
    )
    rows = list(csv.reader(io.StringIO(as_csv(table))))
    assert len(rows) == 5
    assert "'=1" in rows[0]
    assert rows[1][1] == ""
    assert float(rows[1][2]) == pytest.approx(100 * table.cell(table.order[0], table.order[1]).score, abs=0.01)


@pytest.mark.parametrize(("entry", "suffix"), [(0, "png"), (1, "csv")])
def test_exports_write_files(panel, desktop, tmp_path, qtbot, entry, suffix):
    panel.export_menu().actions()[entry].trigger()
    path = tmp_path / f"table.{suffix}"
    dialog = panel.findChild(QFileDialog)
    dialog.fileSelected.emit(str(path))
    dialog.close()
    qtbot.waitUntil(path.exists)
    qtbot.waitUntil(lambda: bool(desktop.toasts.texts()))
    assert desktop.toasts.texts()[-1] == f"The cross table is written to {path}."
    if suffix == "png":
        picture = QImage(str(path))
        assert picture.width() == 2 * (panel.view.cell_rect(0, 3).right() + 2)


def test_a_picture_that_cannot_be_written_is_said(panel, desktop, tmp_path):
    panel._write_png(tmp_path / "no folder" / "table.png")
    assert desktop.toasts.texts()[-1].endswith("cannot be written: choose another folder.")
