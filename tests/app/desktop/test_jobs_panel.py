"""The Jobs panel: what is listed, what each button sends, what the details hold."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication, QDialog, QLabel, QPlainTextEdit
from pytestqt.qtbot import QtBot

from app.desktop.context import Desktop
from app.desktop.panels.jobs import JobsPanel
from tests.app.desktop.doubles import FakeJobBoard


@pytest.fixture
def panel(desktop: Desktop, qtbot: QtBot) -> JobsPanel:
    made = JobsPanel(desktop)
    QAbstractItemModelTester(made.table.model(), QAbstractItemModelTester.FailureReportingMode.Fatal, made)
    qtbot.addWidget(made)
    made.resize(900, 200)
    made.show()
    return made


def rows(panel: JobsPanel) -> list[list[str]]:
    model = panel.table.model()
    return [
        [model.index(row, column).data() for column in range(model.columnCount())] for row in range(model.rowCount())
    ]


def select(panel: JobsPanel, title: str) -> None:
    panel.table.selectRow([row[0] for row in rows(panel)].index(title))


def test_jobs_are_listed_newest_first_with_their_progress(panel: JobsPanel, jobs: FakeJobBoard) -> None:
    season = jobs.start("Season 4", ["play", "--season", "4"], "season")
    jobs.start("Training: es", ["train", "es"], "training")
    jobs.shows(season, progress=0.256, eta_s=75.0, detail="256 of 1,000")
    assert rows(panel) == [
        ["Training: es", "running", "", "", ""],
        ["Season 4", "running", "26%", "1 min 15 s", "256 of 1,000"],
    ]
    jobs.ends(season, is_ok=False, reason="the disk is full")
    assert rows(panel)[1] == ["Season 4", "failed", "26%", "", "the disk is full"]


def test_jobs_that_serve_the_window_are_listed_when_they_fail(panel: JobsPanel, jobs: FakeJobBoard) -> None:
    table = jobs.start("Table", ["table"], "table", is_work=False)
    assert rows(panel) == []
    jobs.ends(table, is_ok=False, reason="broken")
    assert [row[0] for row in rows(panel)] == ["Table"]


def test_the_selection_stays_with_its_job(panel: JobsPanel, jobs: FakeJobBoard) -> None:
    first = jobs.start("First", [], "season")
    jobs.start("Second", [], "season")
    select(panel, "First")
    jobs.start("Third", [], "season")
    jobs.shows(first, progress=0.5)
    chosen = panel.selected()
    assert chosen is not None
    assert chosen.title == "First"


def test_the_buttons_command_the_selected_job(panel: JobsPanel, jobs: FakeJobBoard, qtbot: QtBot) -> None:
    first = jobs.start("First", [], "season")
    jobs.start("Second", [], "season")
    select(panel, "First")
    qtbot.mouseClick(panel.turn, Qt.MouseButton.LeftButton)
    jobs.shows(first, state="paused")
    assert panel.turn.text() == "Resume"
    for button in (panel.turn, panel.stop, panel.cancel):
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert jobs.started[0].commands() == ["pause", "resume", "stop", "cancel"]
    assert jobs.started[1].commands() == []


def test_a_job_that_has_ended_can_only_be_looked_at(panel: JobsPanel, jobs: FakeJobBoard) -> None:
    job = jobs.start("First", [], "season")
    panel.table.selectRow(0)
    assert panel.turn.isEnabled()
    jobs.ends(job)
    enabled = [each.isEnabled() for each in (panel.turn, panel.stop, panel.cancel, panel.show_details, panel.clear)]
    assert enabled == [False, False, False, True, True]


def test_details_are_the_command_line_the_reason_and_the_log(
    panel: JobsPanel, jobs: FakeJobBoard, qtbot: QtBot
) -> None:
    job = jobs.start("Season 4", ["play", "--season", "4", "--home", "/my league", "--events"], "season")
    jobs.ends(job, is_ok=False, reason="the disk is full")
    panel.table.selectRow(0)
    qtbot.mouseClick(panel.show_details, Qt.MouseButton.LeftButton)
    dialog = panel.findChild(QDialog)
    text = dialog.findChild(QPlainTextEdit).toPlainText()
    assert "play --season 4 --home" in text
    assert "--events" not in text
    assert "the disk is full" in text
    assert "log of job-1" in text
    assert dialog.findChild(QLabel).text() == "Season 4: failed"
    dialog.close()


def test_clearing_takes_away_what_has_ended_and_it_stays_away(
    panel: JobsPanel, jobs: FakeJobBoard, qtbot: QtBot
) -> None:
    for title in ("First", "Second", "Third"):
        jobs.start(title, [], "season")
    jobs.ends("job-3")
    select(panel, "First")
    qtbot.mouseClick(panel.clear, Qt.MouseButton.LeftButton)
    chosen = panel.selected()
    assert chosen is not None
    assert chosen.title == "First"
    jobs.start("Fourth", [], "season")
    assert [row[0] for row in rows(panel)] == ["Fourth", "Second", "First"]
    assert not panel.clear.isEnabled()


def test_the_menu_offers_what_the_buttons_do(panel: JobsPanel, jobs: FakeJobBoard) -> None:
    jobs.start("First", [], "season")
    panel.table.selectRow(0)
    menu = panel.menu()
    assert [action.text() for action in menu.actions()] == ["Pause", "Stop", "Stop now", "Details"]
    menu.actions()[1].trigger()
    assert jobs.started[0].commands() == ["stop"]
    menu.deleteLater()


def test_an_empty_list_says_what_will_be_here(panel: JobsPanel, jobs: FakeJobBoard) -> None:
    assert panel.hint.isVisible()
    assert not panel.table.isVisible()
    jobs.start("First", [], "season")
    assert panel.table.isVisible()


def test_a_bar_is_painted_for_a_known_progress(panel: JobsPanel, jobs: FakeJobBoard, desktop: Desktop) -> None:
    job = jobs.start("First", [], "season")
    assert panel.selected() is not None
    fill = desktop.theme.theme.colour("on_accent")

    def filled() -> int:
        QApplication.processEvents()
        image = panel.table.viewport().grab().toImage()
        column = panel.table.columnViewportPosition(2)
        row = panel.table.rowHeight(0) // 2
        return sum(image.pixelColor(x, row) == fill for x in range(column, column + panel.table.columnWidth(2)))

    assert filled() == 0
    jobs.shows(job, progress=0.5)
    half = filled()
    jobs.shows(job, progress=1.0)
    assert filled() > half > 5
