"""The inspector: the profile of the selected player and what can be done with it."""

import json

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication, QFileDialog, QInputDialog, QLabel, QPushButton

from app.desktop.league.inspector import Inspector
from app.desktop.league.profile import nearest, policy_size, read_profile, training_pairs
from app.session import open_league
from game.spec import Seat, Termination
from league.store import FaultRow
from tests.app.desktop.league_samples import store_season, stored_players
from tests.league.samples import player

FATAL = QAbstractItemModelTester.FailureReportingMode.Fatal


@pytest.fixture
def inspector(desktop, home, qtbot):
    store_season(home)
    made = Inspector(desktop)
    qtbot.addWidget(made)
    made.resize(300, 700)
    made.show()
    return made


def select(inspector, desktop, home, name, qtbot):
    desktop.hub.player_selected.emit(stored_players(home)[name])
    qtbot.waitUntil(lambda: inspector.name.text() == name)


def texts(widget):
    return [label.text() for label in widget.findChildren(QLabel)]


def test_without_a_player_it_says_what_to_do(inspector, desktop):
    assert inspector._pages.currentIndex() == 0
    assert inspector.hint.text() == "Select a player in the League dock to see its profile."


def test_a_profile_has_everything_that_is_known(inspector, desktop, home, qtbot):
    select(inspector, desktop, home, "quick-dense", qtbot)
    row = stored_players(home)["quick-dense"]
    assert inspector.hash.text() == row.hash
    assert inspector.kind.text() == "dense, 8 → 16 → 3, 195 weights"
    assert inspector.rivals_head.text() == "Head to head: 36 matches"
    assert {rival.player.name for rival in inspector.rivals.rows()} == {"aimer", "predictor", "novice predictor"}
    assert "quick_search" in texts(inspector.training)
    assert inspector.fault_view.isHidden()
    QAbstractItemModelTester(inspector.rivals, FATAL)
    QAbstractItemModelTester(inspector.faults, FATAL)
    inspector.copy.click()
    assert QApplication.clipboard().text() == row.hash


def test_nobody_selected_takes_the_profile_away(inspector, desktop, home, qtbot):
    select(inspector, desktop, home, "aimer", qtbot)
    desktop.hub.player_selected.emit(None)
    assert inspector._pages.currentIndex() == 0
    assert inspector.player is None


def test_the_lineage_leads_to_the_ancestors(inspector, desktop, home, qtbot):
    parent = stored_players(home)["aimer"]
    with open_league(str(home.folder)) as league:
        league.store.add_player(player("child", lineage_json=json.dumps([parent.hash, "f" * 64])))
    select(inspector, desktop, home, "child", qtbot)
    assert any("ffffffffff (not in this league)" in text for text in texts(inspector.lineage))
    button = inspector.lineage.findChild(QPushButton)
    with qtbot.waitSignal(desktop.hub.player_selected) as told:
        button.click()
    assert told.args[0].name == "aimer"


def test_a_player_whose_file_is_gone_says_so_and_cannot_play(inspector, desktop, home, qtbot):
    with open_league(str(home.folder)) as league:
        league.store.add_player(player("lost"))
    select(inspector, desktop, home, "lost", qtbot)
    assert "cannot be used" in inspector.problem.text()
    assert not inspector.watch.isEnabled()
    assert not inspector.play.isEnabled()


def test_watch_and_play_ask_the_arena(inspector, desktop, home, qtbot):
    select(inspector, desktop, home, "aimer", qtbot)
    with qtbot.waitSignal(desktop.hub.challenge) as told:
        inspector.watch.click()
    assert told.args[0].name == "aimer"
    assert told.args[1].name != "aimer"
    with qtbot.waitSignal(desktop.hub.play_against) as told:
        inspector.play.click()
    assert told.args[0].name == "aimer"


def test_a_rival_leads_to_its_own_profile(inspector, desktop, home, qtbot):
    select(inspector, desktop, home, "aimer", qtbot)
    first = inspector.rival_view.model().index(0, 0)
    with qtbot.waitSignal(desktop.hub.player_selected) as told:
        inspector.rival_view.doubleClicked.emit(first)
    qtbot.waitUntil(lambda: inspector.name.text() == told.args[0].name)


def test_faults_are_listed_with_what_the_program_said(inspector, desktop, home, qtbot):
    rows = stored_players(home)
    with open_league(str(home.folder)) as league:
        position = [each.name for each in league.store.season_players(1)].index("aimer")
        import numpy as np

        from game.spec import RESULT_DTYPE

        made = np.zeros(1, RESULT_DTYPE)
        made["match_id"], made["right"] = 5000, 1
        fault = FaultRow(
            match_id=5000, seat=Seat.LEFT, position=position, termination=Termination.RAISED, detail="ValueError: no"
        )
        league.store.add_matches(1, made, [fault])
    desktop.hub.player_selected.emit(rows["aimer"])
    qtbot.waitUntil(lambda: inspector.faults.rowCount() == 1)
    line = inspector.faults.rows()[0]
    assert (line.season_id, line.match_id, line.text, line.detail) == (1, 5000, "raised an exception", "ValueError: no")
    assert inspector.faults_head.text() == "Faults: 1"


def test_rename_notes_archive_and_back(inspector, desktop, home, qtbot):
    select(inspector, desktop, home, "aimer", qtbot)
    inspector.rename.click()
    dialog = inspector.findChild(QInputDialog)
    dialog.textValueSelected.emit("old hand")
    dialog.close()
    qtbot.waitUntil(lambda: inspector.name.text() == "old hand")
    assert not inspector.save_notes.isEnabled()
    inspector.notes.setPlainText("steady")
    inspector.save_notes.click()
    qtbot.waitUntil(lambda: stored_players(home)["old hand"].notes == "steady")
    inspector.archive.click()
    qtbot.waitUntil(lambda: "archived" in inspector.kind.text())
    inspector.archive.click()
    qtbot.waitUntil(lambda: "archived" not in inspector.kind.text())
    assert not stored_players(home)["old hand"].archived


def test_a_name_that_is_taken_is_said(inspector, desktop, home, qtbot):
    select(inspector, desktop, home, "aimer", qtbot)
    with qtbot.waitSignal(desktop.reader.failed) as told:
        inspector._change(inspector.player, name="tracker")
    assert "'tracker' is taken" in told.args[0]


def test_export_writes_its_file(inspector, desktop, home, tmp_path, qtbot):
    select(inspector, desktop, home, "aimer", qtbot)
    inspector.export.click()
    dialog = inspector.findChild(QFileDialog)
    dialog.fileSelected.emit(str(tmp_path / "a.safetensors"))
    dialog.close()
    qtbot.waitUntil((tmp_path / "a.safetensors").exists)


def test_unsaved_notes_survive_a_change_elsewhere(inspector, desktop, home, qtbot):
    select(inspector, desktop, home, "aimer", qtbot)
    inspector.notes.setPlainText("half a thought")
    with qtbot.waitSignal(desktop.reader._answered):
        desktop.hub.seasons_changed.emit()
    assert inspector.notes.toPlainText() == "half a thought"


def test_the_even_match_is_the_player_rated_nearest():
    ann, bob, cid, dora = (player(name) for name in ("ann", "bob", "cid", "dora"))
    ratings = {ann.hash: 1400.0, bob.hash: 1900.0, cid.hash: 1250.0}
    assert nearest(ann, [ann, bob, cid, dora], ratings) is dora  # who is unrated counts as average
    assert nearest(bob, [ann, bob, cid], ratings) is ann
    assert nearest(ann, [ann], ratings) is None


def test_training_is_read_as_words_whatever_it_holds():
    told = {"trainer": "es", "best_score": 0.123456789, "net": {"layers": [8, 3]}, "long": "x" * 999}
    pairs = dict(training_pairs(json.dumps(told)))
    assert pairs["trainer"] == "es"
    assert pairs["best score"] == "0.123457"
    assert pairs["net layers"] == "[8, 3]"
    assert len(pairs["long"]) == 200
    assert training_pairs("[1]") == ()


def test_sizes_of_policies(home):
    with open_league(str(home.folder)) as league:
        sizes = {
            name: policy_size(league.library.read(league.library.find(name)).policy)
            for name in ("quick-dense", "quick-graph", "still")
        }
        assert read_profile(league, "nobody") is None
    assert sizes["quick-dense"] == "8 → 16 → 3, 195 weights"
    assert "connections" in sizes["quick-graph"]
    assert sizes["still"] == "no settings"


def test_the_keyboard_reaches_every_button(inspector, desktop, home, qtbot):
    select(inspector, desktop, home, "aimer", qtbot)
    for button in (
        inspector.watch,
        inspector.play,
        inspector.export,
        inspector.archive,
        inspector.copy,
        inspector.rename,
    ):
        assert button.focusPolicy() & Qt.FocusPolicy.TabFocus
        assert button.accessibleName()
