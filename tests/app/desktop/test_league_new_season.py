"""The dialog of a new season: presets, players, what is planned, what is wrong, and what it starts."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QPushButton, QWidget

from app.desktop.league.controller import SeasonController
from app.desktop.league.new_season import open_new_season
from app.session import open_league
from app.tournament import Request, season_name
from league.config import SeasonConfig
from tests.app.desktop.league_samples import stored_players


@pytest.fixture
def controller(desktop):
    made = SeasonController(desktop)
    made.reload()
    yield made
    made.tables.drop()
    made._growth.stop()
    made.deleteLater()


@pytest.fixture
def window(qtbot):
    made = QWidget()
    qtbot.addWidget(made)
    made.show()
    return made


@pytest.fixture
def dialog(desktop, controller, window, qtbot):
    made = open_new_season(desktop, controller, window)
    qtbot.waitUntil(lambda: made.picker.list.count() == 8)
    return made


def seasons(home):
    with open_league(str(home.folder)) as league:
        return [(row.key, row.name, row.planned_matches) for row in league.store.seasons()]


def press(dialog, name):
    dialog.findChild(QPushButton, name).click()


def test_everybody_plays_at_first_and_the_plan_is_shown(dialog):
    assert dialog.picker.chosen_text.text() == "8 of 8 players"
    assert dialog.planned.text() == "1,120 matches planned, about -"
    assert dialog.begin.isEnabled()


def test_the_time_is_that_of_the_last_measured_speed(dialog, desktop):
    desktop.settings.put("league/matches_per_s", 56.0)
    dialog.check()
    assert dialog.planned.text() == "1,120 matches planned, about 20 s"


@pytest.mark.parametrize(
    ("preset", "planned"),
    [
        ("quick", "280 matches planned"),
        ("standard", "1,120 matches"),
        ("long", "28,000 matches"),
        ("until", "at most 56,000"),
    ],
)
def test_presets_enter_their_settings(dialog, preset, planned):
    press(dialog, f"preset_{preset}")
    assert dialog.planned.text().startswith(planned)
    assert dialog.until_decided.isChecked() is (preset == "until")


def test_too_few_players_and_impossible_settings_are_one_sentence(dialog):
    press(dialog, "pick_none")
    dialog.check()
    assert dialog.problem.text() == "0 players are ticked: a season needs at least 2."
    assert not dialog.begin.isEnabled()
    assert not dialog.planned.text()
    press(dialog, "pick_all")
    dialog.form.set_values({"gauntlet_size": 8})
    dialog.check()
    assert "gauntlet_size is 8" in dialog.problem.text()
    assert not dialog.begin.isEnabled()
    dialog.form.set_values({"gauntlet_size": 1})
    dialog.check()
    assert dialog.begin.isEnabled()


def test_a_change_is_checked_after_a_moment(dialog, qtbot):
    dialog.form.set_values({"pairs": 3})
    qtbot.waitUntil(lambda: dialog.planned.text().startswith("168 matches"))


def test_the_search_hides_and_ticks_nothing(dialog, qtbot):
    qtbot.keyClicks(dialog.picker.search, "quick")
    shown = [item.text() for item in dialog.picker._items() if not item.isHidden()]
    assert [text.split()[0] for text in shown] == ["quick-dense", "quick-graph"]
    assert len(dialog.picker.chosen()) == 8


def test_the_order_of_the_list_is_the_order_of_the_seats(dialog, home):
    hashes = {name: player.hash for name, player in stored_players(home).items()}
    dialog.picker.choose([hashes["aimer"], hashes["tracker"]])
    moved = dialog.picker.list.takeItem(7)
    dialog.picker.list.insertItem(0, moved)
    assert dialog.picker.chosen() == (hashes["tracker"], hashes["aimer"])


def test_start_stores_the_season_that_the_command_line_would_and_plays_it(dialog, controller, jobs, home, qtbot):
    press(dialog, "preset_quick")
    dialog.visuals.setChecked(False)
    press(dialog, "begin")
    qtbot.waitUntil(lambda: any(job.kind == "season" for job in jobs.started))
    with open_league(str(home.folder)) as league:
        from app.tournament import _config

        asked = _config(league, Request({"pairs": 5}))
    assert seasons(home) == [(asked.key(), season_name(asked), 280)]
    assert "--visuals" not in jobs.last("season").arguments
    assert not controller.has_visuals


def start_again(dialog, home, qtbot, *, is_complete):
    config = dialog.config()
    with open_league(str(home.folder)) as league:
        from league.season import Season

        row = Season.create(league.store, config, "the same").row
        league.store.set_season_state(row.id, "complete" if is_complete else "stopped")
    press(dialog, "begin")
    qtbot.waitUntil(lambda: dialog.findChild(QMessageBox) is not None)
    box = dialog.findChild(QMessageBox)
    return box, {button.text(): button for button in box.buttons()}


def test_the_same_season_is_gone_on_with(dialog, controller, desktop, jobs, home, qtbot):
    box, buttons = start_again(dialog, home, qtbot, is_complete=False)
    assert "unfinished" in box.text()
    buttons["Go on with it"].click()
    assert jobs.last("season").arguments[:3] == ["play", "--season", "1"]
    assert len(seasons(home)) == 1


def test_the_same_season_is_shown_when_it_is_complete(dialog, controller, desktop, jobs, home, qtbot):
    desktop.hub.seasons_changed.emit()
    _, buttons = start_again(dialog, home, qtbot, is_complete=True)
    buttons["Show it"].click()
    assert not [job for job in jobs.started if job.kind == "season"]
    assert len(seasons(home)) == 1


def test_the_same_season_is_played_with_a_new_seed(dialog, jobs, home, qtbot):
    _, buttons = start_again(dialog, home, qtbot, is_complete=True)
    buttons["Play with a new seed"].click()
    qtbot.waitUntil(lambda: any(job.kind == "season" for job in jobs.started))
    keys = [key for key, _, _ in seasons(home)]
    assert len(set(keys)) == 2


def test_escape_starts_nothing(dialog, jobs, home, qtbot):
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert not jobs.started
    assert not seasons(home)


def test_every_field_of_a_season_is_in_the_dialog_or_left_out_on_purpose(dialog):
    from app.desktop.league.new_season import _LEFT_OUT

    assert {*dialog.form.names(), *_LEFT_OUT} == set(SeasonConfig.model_fields)
