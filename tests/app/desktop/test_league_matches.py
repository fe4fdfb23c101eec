"""The matches tab: filter, order, replay, growth, a person's own matches."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication, QFileDialog

from app.desktop.league.match_lines import COLUMNS as MATCH_COLUMNS
from app.desktop.league.match_lines import LENGTH, MATCH, UPSET, MatchPages
from app.desktop.league.matches_tab import DRAWN, LOST, MINE, WON
from tests.app.desktop.league_samples import add_person_match, open_panel, store_season, table_of

FATAL = QAbstractItemModelTester.FailureReportingMode.Fatal


@pytest.fixture
def season_id(home):
    return store_season(home)


@pytest.fixture
def panel(desktop, season_id, qtbot):
    return open_panel(desktop, qtbot)


def show_matches(panel, qtbot):
    panel.tabs.setCurrentWidget(panel.matches)
    qtbot.waitUntil(lambda: panel.matches.model.rowCount() == 72)
    qtbot.waitUntil(lambda: panel.matches.model.line(0) is not None)
    return panel.matches


def test_the_matches_are_listed_filtered_and_sorted(panel, desktop, home, season_id, qtbot):
    desktop.hub.table_ready.emit(table_of(home, season_id))
    tab = show_matches(panel, qtbot)
    QAbstractItemModelTester(tab.model, FATAL)
    assert tab.found.text() == "72 matches"
    tab.filter.player.setCurrentIndex(tab.filter.player.findText("aimer"))
    tab.filter.outcome.setCurrentIndex(tab.filter.outcome.findData("lost"))
    qtbot.waitUntil(lambda: tab.found.text() not in {"72 matches", "0 matches"})
    assert tab.filter_button.text() == "Filter (2)"
    lost = tab.model.rowCount()
    assert 0 < lost < 36
    tab.filter.upset.setValue(1)
    qtbot.waitUntil(lambda: tab.filter_button.text() == "Filter (3)")
    qtbot.waitUntil(lambda: tab.model.rowCount() == lost)  # whoever beats the best has made an upset
    qtbot.waitUntil(lambda: tab.model.line(0) is not None)
    assert tab.model.line(0).upset >= 1
    tab.filter.clear_button.click()
    qtbot.waitUntil(lambda: tab.model.rowCount() == 72)
    tab.view.sortByColumn(LENGTH, Qt.SortOrder.DescendingOrder)
    qtbot.waitUntil(lambda: tab.model.rowCount() == 72 and tab.model.line(0) is not None)
    assert tab.model.line(0).seconds == pytest.approx((600 + 60 * 49) / 60)


def test_the_place_in_the_list_stays_when_the_ratings_come(panel, desktop, home, season_id, qtbot):
    tab = show_matches(panel, qtbot)
    tab.view.setCurrentIndex(tab.model.index(3, 0))
    desktop.hub.table_ready.emit(table_of(home, season_id))
    assert tab.model.rowCount() == 0  # read again: upsets are known now
    qtbot.waitUntil(lambda: tab.model.rowCount() == 72)
    assert tab.view.currentIndex().row() == 3


def test_a_filter_that_nothing_passes_says_so(panel, qtbot):
    tab = show_matches(panel, qtbot)
    tab.filter.rally.setValue(99_999)
    qtbot.waitUntil(lambda: tab.hint.text() == "No match is like that: change or clear the filter.")
    assert tab.found.text() == "0 of 72 matches"


def test_an_opponent_needs_a_player(panel, qtbot):
    bar = show_matches(panel, qtbot).filter
    assert not bar.opponent.isEnabled()
    assert bar.outcome.findData("won") < 0
    bar.player.setCurrentIndex(1)
    assert bar.opponent.isEnabled()
    bar.outcome.setCurrentIndex(bar.outcome.findData("won"))
    bar.player.setCurrentIndex(0)
    assert bar.wanted().outcome is None


def test_a_double_click_replays_a_match(panel, desktop, season_id, qtbot):
    tab = show_matches(panel, qtbot)
    with qtbot.waitSignal(desktop.hub.show_match) as told:
        tab.view.doubleClicked.emit(tab.model.index(5, 0))
    request = told.args[0]
    assert (request.season_id, request.match_id, request.is_season_live) == (season_id, 5, False)
    assert int(request.stored["match_id"]) == 5
    assert request.left.policy is not None


def test_the_menu_of_a_match_replays_the_other_one_and_copies(panel, desktop, jobs, home, season_id, tmp_path, qtbot):
    tab = show_matches(panel, qtbot)
    menu = tab.menu_of(tab.model.line(4))
    entries = {action.text().split("…")[0]: action for action in menu.actions() if action.text()}
    with qtbot.waitSignal(desktop.hub.show_match) as told:
        entries["Replay the pair's other match (seats swapped)"].trigger()
    assert told.args[0].match_id == 5
    entries[f"Copy match number {season_id}:4"].trigger()
    assert QApplication.clipboard().text() == f"{season_id}:4"
    entries["Copy seed"].trigger()
    assert QApplication.clipboard().text() == str(tab.model.line(4).seed)
    entries["Export as GIF"].trigger()
    dialog = tab.findChild(QFileDialog)
    dialog.fileSelected.emit(str(tmp_path / "film.gif"))
    dialog.close()
    assert jobs.last("film").arguments[:2] == ["replay", f"{season_id}:4"]
    jobs.ends(jobs.last("film").id)
    assert desktop.toasts.texts()[-1] == f"The match is written to {tmp_path / 'film.gif'}."


def test_a_match_whose_player_is_gone_says_so(panel, desktop, home, qtbot):
    tab = show_matches(panel, qtbot)
    told = []
    desktop.reader.failed.connect(told.append)
    for path in home.players.iterdir():
        path.unlink()
    tab.replay(tab.model.line(0))
    qtbot.waitUntil(lambda: bool(told))
    assert "cannot be used" in told[0]


def test_a_persons_matches_are_replayed_from_their_tape(panel, desktop, home, qtbot):
    add_person_match(home, "tracker", -1)
    add_person_match(home, "random", 1)
    panel.tabs.setCurrentWidget(panel.matches)
    tab = panel.matches
    tab.source.setCurrentIndex(MINE)
    qtbot.waitUntil(lambda: tab.model.rowCount() == 2)
    assert tab.model.line(0).names == ("You", "random")
    with qtbot.waitSignal(desktop.hub.show_match) as told:
        tab.replay(tab.model.line(1))
    request = told.args[0]
    assert request.left.is_person
    assert request.right.name == "tracker"
    assert len(request.tape) == 5


def test_a_persons_matches_are_listed_by_outcome(panel, home, qtbot):
    add_person_match(home, "tracker", -1)
    add_person_match(home, "random", 1)
    panel.tabs.setCurrentWidget(panel.matches)
    tab = panel.matches
    for source, opponent in ((WON, "random"), (LOST, "tracker")):
        tab.source.setCurrentIndex(source)
        qtbot.waitUntil(lambda: tab.model.rowCount() == 1)
        assert tab.model.line(0).names == ("You", opponent)
        assert tab.found.text() == "1 of 2 matches"
    tab.source.setCurrentIndex(DRAWN)
    qtbot.waitUntil(lambda: tab.hint.text() == "No match is like that: choose My matches for all of yours.")


def test_a_persons_match_is_exported_as_a_film(panel, desktop, jobs, home, tmp_path, qtbot):
    add_person_match(home, "tracker", -1)
    panel.tabs.setCurrentWidget(panel.matches)
    tab = panel.matches
    tab.source.setCurrentIndex(MINE)
    qtbot.waitUntil(lambda: tab.model.rowCount() == 1)
    number = tab.model.line(0).person_match
    tab.menu_of(tab.model.line(0)).actions()[-1].trigger()
    dialog = tab.findChild(QFileDialog)
    dialog.fileSelected.emit(str(tmp_path / "mine.gif"))
    dialog.close()
    arguments = jobs.last("film").arguments
    assert arguments[:3] == ["replay", "--person", str(number)]
    assert arguments[arguments.index("--gif") + 1] == str(tmp_path / "mine.gif")


def test_a_list_that_grows_keeps_its_rows(panel, qtbot):
    model = show_matches(panel, qtbot).model
    import numpy as np

    with qtbot.waitSignal(model.rowsInserted), qtbot.assertNotEmitted(model.modelReset):
        model.show(MatchPages(np.arange(100)))
    assert model.rowCount() == 100


def test_a_hidden_list_asks_nothing_until_it_is_shown(panel, desktop, season_id, qtbot):
    assert not panel.matches.isVisible()
    desktop.hub.season_grew.emit(season_id)
    panel.matches._growth.stop()
    panel.matches.refresh()
    assert panel.matches.model.rowCount() == 0
    show_matches(panel, qtbot)


def test_every_column_has_a_head_and_a_meaning(panel, qtbot):
    tab = show_matches(panel, qtbot)
    for section, column in enumerate(MATCH_COLUMNS):
        head = tab.model.headerData
        assert head(section, Qt.Orientation.Horizontal) == column.title
        assert head(section, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole) == column.tip
    assert MATCH_COLUMNS[MATCH].title == "Match"
    assert MATCH_COLUMNS[UPSET].title == "Upset"
