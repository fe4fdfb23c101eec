"""The standings tab: order, filter, challenges, live ratings, exports."""

import pytest
from PySide6.QtCore import QMimeData, QModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication, QFileDialog

from app.desktop.league.rows_model import PLAYER_MIME, ROW_ROLE
from app.desktop.league.standings_columns import RATING
from tests.app.desktop.league_samples import STRENGTH, add_person_match, open_panel, store_season, table_of

FATAL = QAbstractItemModelTester.FailureReportingMode.Fatal


@pytest.fixture
def season_id(home):
    return store_season(home)


@pytest.fixture
def panel(desktop, season_id, qtbot):
    return open_panel(desktop, qtbot)


@pytest.fixture
def standings(panel, desktop, home, season_id):
    desktop.hub.table_ready.emit(table_of(home, season_id))
    return panel.standings


def names(view):
    model = view.model()
    return [model.index(row, 1).data() for row in range(model.rowCount())]


def test_the_standings_show_the_best_first_and_sort_by_any_column(standings):
    QAbstractItemModelTester(standings.model, FATAL)
    QAbstractItemModelTester(standings.sorting, FATAL)
    assert names(standings.view) == list(STRENGTH[:4])
    standings.view.sortByColumn(1, Qt.SortOrder.AscendingOrder)
    assert names(standings.view) == sorted(STRENGTH[:4])
    standings.view.sortByColumn(RATING, Qt.SortOrder.AscendingOrder)
    assert names(standings.view) == list(reversed(STRENGTH[:4]))


def test_the_filter_leaves_what_is_searched(standings, qtbot):
    qtbot.keyClicks(standings.search, "predictor nov")
    assert names(standings.view) == ["novice predictor"]
    standings.search.clear()
    assert len(names(standings.view)) == 4


def test_a_row_that_is_chosen_is_told_to_everybody(standings, desktop, qtbot):
    with qtbot.waitSignal(desktop.hub.player_selected) as told:
        standings.view.selectRow(2)
    assert told.args[0].name == STRENGTH[2]


def test_enter_opens_the_profile(standings, desktop, qtbot):
    standings.view.selectRow(0)
    with qtbot.waitSignal(desktop.hub.panel_wanted) as told:
        qtbot.keyClick(standings.view, Qt.Key.Key_Return)
    assert told.args == ["inspector"]


def test_a_player_dropped_on_another_is_a_challenge(standings, desktop, qtbot):
    model = standings.view.model()
    data = model.mimeData([model.index(0, 0)])
    assert data.hasFormat(PLAYER_MIME)
    with qtbot.waitSignal(desktop.hub.challenge) as told:
        model.dropMimeData(data, Qt.DropAction.CopyAction, -1, -1, model.index(3, 0))
    assert [player.name for player in told.args] == [STRENGTH[0], STRENGTH[3]]
    with qtbot.assertNotEmitted(desktop.hub.challenge):
        model.dropMimeData(data, Qt.DropAction.CopyAction, -1, -1, model.index(0, 0))
        model.dropMimeData(data, Qt.DropAction.CopyAction, -1, -1, QModelIndex())
        model.dropMimeData(QMimeData(), Qt.DropAction.CopyAction, -1, -1, model.index(3, 0))
    assert len(names(standings.view)) == 4


def test_live_ratings_move_without_a_new_table(standings, jobs, panel, qtbot, season_id):
    with qtbot.waitSignal(standings.model.dataChanged):
        jobs.says("job-1", "ratings", season=season_id, match=9, ratings=[1.0, 2.0, 3.0, 4.0])
    assert [line.live for line in sorted(standings.model.rows(), key=lambda line: line.position)] == [
        1.0,
        2.0,
        3.0,
        4.0,
    ]


def test_the_persons_own_line_is_among_them_in_italics(panel, desktop, home, season_id, qtbot):
    add_person_match(home, "predictor", 1)
    desktop.hub.table_ready.emit(table_of(home, season_id))
    view = panel.standings.view
    qtbot.waitUntil(lambda: "You" in names(view))
    row = names(view).index("You")
    index = view.model().index(row, 1)
    assert index.data(Qt.ItemDataRole.FontRole).italic()
    assert index.data(ROW_ROLE).record == "1-0-0"
    assert view.model().index(row, 0).data() == ""
    assert not view.model().flags(index) & Qt.ItemFlag.ItemIsDragEnabled


def test_the_table_is_copied_as_text(standings):
    standings.export_menu().actions()[0].trigger()
    lines = QApplication.clipboard().text().split("\n")
    assert lines[0].startswith("#\tPlayer\tRating")
    assert [line.split("\t")[1] for line in lines[1:]] == list(STRENGTH[:4])


@pytest.mark.parametrize(("entry", "suffix"), [(1, "csv"), (2, "html")])
def test_exports_are_made_by_a_process(standings, desktop, jobs, home, season_id, tmp_path, entry, suffix):
    standings.export_menu().actions()[entry].trigger()
    dialog = standings.findChild(QFileDialog)
    dialog.fileSelected.emit(str(tmp_path / "out"))
    dialog.close()
    job = jobs.last("report")
    assert job.arguments == [
        "report", "--season", str(season_id), "--home", str(home.folder), f"--{suffix}", str(tmp_path / "out"),
    ]  # fmt: skip
    jobs.ends(job.id)
    assert desktop.toasts.texts()[-1] == f"The season is written to {tmp_path / 'out'}."
    standings._write(suffix, tmp_path / "out")
    jobs.ends(jobs.last("report").id, is_ok=False, reason="the disk is full")
    assert desktop.toasts.texts()[-1].endswith("cannot be written: the disk is full")


def test_a_season_without_a_result_says_so(panel, desktop, home, season_id):
    empty = {**table_of(home, season_id), "lines": [], "cells": [], "problem": ""}
    desktop.hub.table_ready.emit(empty)
    assert panel.standings.hint.text() == "No match of this season is stored yet."
    desktop.hub.table_ready.emit({**empty, "problem": "no ratings: nobody has met"})
    assert panel.standings.hint.text() == "No ratings: nobody has met."
