"""The season card, and what holds for the whole League dock."""

import pytest

from app.desktop.league.panel import LeaguePanel
from app.desktop.league.season_run import Phase
from tests.app.desktop.league_samples import (
    open_panel,
    store_season,
)
from tests.app.desktop.test_league_controller import PROGRESS


@pytest.fixture
def season_id(home):
    return store_season(home)


@pytest.fixture
def panel(desktop, season_id, qtbot):
    return open_panel(desktop, qtbot)


def test_an_empty_league_says_what_to_do(desktop, qtbot):
    panel = LeaguePanel(desktop)
    qtbot.addWidget(panel)
    with qtbot.waitSignal(desktop.hub.season_selected):
        pass
    assert "New season" in panel.card.sentence.text()
    assert not panel.card.go.isEnabled()
    assert not panel.card.seasons.isEnabled()
    assert "press New" in panel.standings.hint.text()
    assert "press New" in panel.matches.hint.text()


def test_the_card_shows_a_running_season_and_steers_it(panel, desktop, jobs, home, qtbot):
    card, controller = panel.card, panel.controller
    unfinished = store_season(home, pairs=9, played=8)
    with qtbot.waitSignal(controller.seasons_read):
        desktop.hub.seasons_changed.emit()
    card.seasons.setCurrentIndex(0)
    card.seasons.activated.emit(0)
    assert card.sentence.text() == "Unfinished: 8 of 108 matches are stored"
    assert card.bar.value() == round(1000 * 8 / 108)
    card.visuals.setChecked(False)
    card.go.click()
    job = jobs.last("season")
    assert job.arguments[2] == str(unfinished)
    jobs.says(job.id, "season_started", season=unfinished, expected=108, exact=True, workers=1)
    jobs.says(job.id, "progress", **{**PROGRESS, "season": unfinished, "done": 54, "expected": 108})
    assert card.bar.value() == 500
    assert card.numbers.text() == "54 of 108 matches · 123/s · 4 s left"
    assert card.go.text() == "Pause"
    card.go.click()
    assert (card.sentence.text(), card.go.text()) == ("Paused", "Resume")
    card.go.click()
    card.visuals.click()
    card.end.click()
    card.end.menu().actions()[1].trigger()
    assert job.commands() == ["pause", "resume", "visuals", "stop", "cancel"]
    assert controller.run.phase is Phase.CANCELLING
    assert not card.end.isEnabled()


def test_the_worker_slider_acts_at_once(panel, jobs, season_id):
    panel.card._set_cores((4, 3))
    assert panel.card.workers_text.text() == "3 workers of 4"
    panel.controller.play(season_id)
    panel.card.workers.setValue(2)
    assert jobs.last("season").sent == [{"command": "workers", "count": 2}]


def test_every_control_has_a_name_for_who_cannot_see_it(panel):
    from PySide6.QtWidgets import QAbstractButton, QAbstractSlider, QComboBox, QLineEdit, QScrollBar, QSpinBox, QTabBar

    for kind in (QAbstractButton, QComboBox, QSpinBox):
        for widget in panel.findChildren(kind):
            is_qts_own = (
                isinstance(widget.parent(), QLineEdit | QTabBar) or widget.objectName() == "qt_tableview_cornerbutton"
            )
            assert is_qts_own or widget.accessibleName() or (kind is QAbstractButton and widget.text()), widget
    for widget in panel.findChildren(QLineEdit):
        assert widget.accessibleName() or widget.objectName() == "qt_spinbox_lineedit"
    for widget in panel.findChildren(QAbstractSlider):
        assert widget.accessibleName() or isinstance(widget, QScrollBar)
