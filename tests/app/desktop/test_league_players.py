"""The players tab: records, archive and undo, menus, import by dropping."""

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QFileDialog, QPushButton

from ai.neat.interchange import policy_from_json, policy_to_json
from app.desktop.league.importing import TrustDialog
from app.session import open_league
from game.policies.file import read_player
from tests.app.desktop.league_samples import open_panel, store_season, stored_players
from tests.game.networks import graph

FATAL = QAbstractItemModelTester.FailureReportingMode.Fatal
BOT = "class Bot:\n    def decide(self, observation):\n        return 1\n"


@pytest.fixture
def season_id(home):
    return store_season(home)


@pytest.fixture
def panel(desktop, season_id, qtbot):
    return open_panel(desktop, qtbot)


def test_the_library_lists_everybody_with_their_record(panel, qtbot):
    tab = panel.players
    QAbstractItemModelTester(tab.model, FATAL)
    qtbot.waitUntil(lambda: [line.seasons for line in tab.model.rows()].count(1) == 4)
    aimer = next(line for line in tab.model.rows() if line.player.name == "aimer")
    assert aimer.wins + aimer.draws + aimer.losses == 36
    assert len(tab.model.rows()) == 8
    qtbot.keyClicks(tab.search, "quick_search dense")
    assert tab.view.model().rowCount() == 1


def test_archiving_can_be_undone(panel, desktop, home, qtbot):
    tab = panel.players
    panel.tabs.setCurrentWidget(tab)
    tab.view.selectRow(0)
    with qtbot.waitSignal(desktop.hub.players_changed):
        qtbot.keyClick(tab.view, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: len(tab.model.rows()) == 7)
    assert stored_players(home)["aimer"].archived
    assert desktop.toasts.texts()[-1] == "aimer is archived."
    tab.archived.setChecked(True)
    assert len(tab.model.rows()) == 8
    tab.archived.setChecked(False)
    window = desktop.actions.parent()
    undo = next(button for button in window.findChildren(QPushButton) if button.text() == "Undo")
    undo.click()
    qtbot.waitUntil(lambda: len(tab.model.rows()) == 8)
    assert not stored_players(home)["aimer"].archived


def test_the_menu_does_what_it_says(panel, desktop, home, tmp_path, qtbot):
    tab = panel.players
    rows = sorted(panel.roster.players, key=lambda row: row.name)
    menu = tab.actions_of.open_menu(rows[:2], QPoint(0, 0))
    entries = {action.text(): action for action in menu.actions() if action.text()}
    assert list(entries) == ["Challenge each other", "Archive"]
    with qtbot.waitSignal(desktop.hub.challenge) as told:
        entries["Challenge each other"].trigger()
    assert [player.name for player in told.args] == [row.name for row in rows[:2]]
    menu.close()
    menu = tab.actions_of.open_menu(rows[:1], QPoint(0, 0))
    entries = {action.text().rstrip("…"): action for action in menu.actions() if action.text()}
    assert not entries["Challenge each other"].isEnabled()
    with qtbot.waitSignal(desktop.hub.play_against) as told:
        entries["Play against"].trigger()
    assert told.args == [rows[0]]
    entries["Export"].trigger()
    menu.close()
    dialog = tab.findChild(QFileDialog)
    dialog.fileSelected.emit(str(tmp_path / "out.safetensors"))
    dialog.close()
    qtbot.waitUntil((tmp_path / "out.safetensors").exists)
    assert read_player(tmp_path / "out.safetensors").hash == rows[0].hash


def drop(panel, paths):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    event = QDropEvent(
        QPointF(5, 5), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    panel.dropEvent(event)


def test_dropped_files_are_imported_and_each_broken_one_is_a_sentence(panel, desktop, home, tmp_path, qtbot):
    good = tmp_path / "good.safetensors"
    with open_league(str(home.folder)) as league:
        league.library.export(league.library.find("aimer"), good)
    broken, gone = tmp_path / "broken.safetensors", tmp_path / "gone.safetensors"
    broken.write_bytes(b"this is no player")
    drop(panel, [good, broken, gone])
    qtbot.waitUntil(lambda: len(desktop.toasts.texts()) == 3)
    assert panel.tabs.currentWidget() is panel.players
    texts = desktop.toasts.texts()
    assert "plays as aimer" in texts[0]
    assert "broken.safetensors" in texts[1]
    assert "gone.safetensors" in texts[2]
    assert not any("\n" in text for text in texts)


def test_networks_of_neat_python_come_in_and_go_out(panel, desktop, home, tmp_path, qtbot):
    path, out = tmp_path / "winner.json", tmp_path / "out.json"
    path.write_text(policy_to_json(graph(np.random.default_rng(5))))
    drop(panel, [path])
    qtbot.waitUntil(lambda: "winner plays in the league now." in desktop.toasts.texts())
    tab = panel.players
    tab.actions_of.export(stored_players(home)["winner"])
    dialog = tab.findChild(QFileDialog)
    assert dialog.nameFilters() == ["Player (*.safetensors)", "neat-python network (*.json)"]
    dialog.fileSelected.emit(str(out))
    dialog.close()
    qtbot.waitUntil(out.exists)
    assert np.array_equal(policy_from_json(out).weight, policy_from_json(path).weight)


def test_a_python_bot_is_imported_only_after_a_yes(panel, desktop, home, tmp_path, qtbot):
    bot = tmp_path / "my bot.py"
    bot.write_text(BOT)
    drop(panel, [bot])
    qtbot.waitUntil(lambda: panel.players.findChild(TrustDialog) is not None)
    panel.players.findChild(TrustDialog).reject()
    qtbot.waitUntil(lambda: panel.players.findChild(TrustDialog) is None)
    assert "my bot" not in stored_players(home)
    drop(panel, [bot])
    qtbot.waitUntil(lambda: panel.players.findChild(TrustDialog) is not None)
    dialog = panel.players.findChild(TrustDialog)
    with qtbot.waitSignal(desktop.hub.players_changed):
        dialog.findChild(QPushButton, "trust").click()
    assert stored_players(home)["my bot"].kind == "python"


def test_what_is_dropped_must_be_files(panel):
    drop(panel, [])
    assert panel.tabs.currentWidget() is panel.standings
