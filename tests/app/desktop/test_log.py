"""The Log panel: who is heard, what is shown, what its buttons do."""

import logging
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication, QDialog, QPlainTextEdit
from pytestqt.qtbot import QtBot

from app.desktop.context import Desktop
from app.desktop.log.lines import MAX_LINES
from app.desktop.log.records import Records
from app.desktop.panels.log import LogPanel
from tests.app.desktop.doubles import FakeJobBoard

NOON = datetime(2030, 1, 2, 12, 0, 5, tzinfo=UTC)


@pytest.fixture
def panel(desktop: Desktop, qtbot: QtBot, tmp_path: Path) -> LogPanel:
    made = LogPanel(desktop, now=lambda: NOON, choose_file=lambda _: str(tmp_path / "window.log"))
    qtbot.addWidget(made)
    made.resize(700, 200)
    made.show()
    return made


def test_messages_of_the_window_its_jobs_and_python_are_heard(
    panel: LogPanel, desktop: Desktop, jobs: FakeJobBoard
) -> None:
    job = jobs.start("Season 4", ["play"], "season")
    desktop.hub.log.emit("info", "from a panel")
    jobs.says(job, "log", level="info", text="from a job")
    jobs.says(job, "fault", season=4, match=7, seat="left", player="bot", text="raised an error")
    jobs.says(job, "progress", done=1)
    jobs.says(job, "season_started", season=4)
    jobs.ends(job, is_ok=False, reason="the disk is full")
    logging.getLogger("app.somewhere").warning("from %s", "python")
    logging.getLogger("app.somewhere").info("too quiet")
    panel.show_waiting()
    assert panel.texts() == [
        "from a panel",
        "from a job",
        "match 7: bot: raised an error",
        "started",
        "the disk is full",
        "from python",
    ]
    model = panel.table.model()
    assert [model.index(row, 2).data() for row in range(6)] == [
        *("window", "Season 4", "Season 4", "Season 4", "Season 4", "app.somewhere")
    ]
    assert model.index(0, 0).data() == "12:00:05"


def test_the_end_of_work_is_noted_and_that_of_chores_is_not(panel: LogPanel, jobs: FakeJobBoard) -> None:
    jobs.ends(jobs.start("Table", ["table"], "table", is_work=False))
    jobs.ends(jobs.start("Season 4", ["play"], "season"))
    panel.show_waiting()
    assert panel.texts() == ["complete"]


def test_a_panel_that_is_gone_is_no_listener_any_more(desktop: Desktop, qtbot: QtBot) -> None:
    handlers = list(logging.getLogger().handlers)
    panel = LogPanel(desktop)
    assert len(logging.getLogger().handlers) == len(handlers) + 1
    with qtbot.waitSignal(panel.destroyed):
        panel.deleteLater()
    assert logging.getLogger().handlers == handlers


def test_warnings_pass_while_somebody_listens_and_the_log_is_left_as_it_was(qapp: QApplication) -> None:
    program = logging.Logger("program", logging.ERROR)
    records, told = Records(program), []
    records.arrived.connect(lambda *parts: told.append(parts[:3]))
    records.start()
    program.warning("slow %s", "disk")
    records.stop()
    program.error("unheard")
    assert told == [("WARNING", "program", "slow disk")]
    assert (program.level, program.handlers) == (logging.ERROR, [])


def test_a_traceback_is_shown_on_a_double_click(panel: LogPanel, qtbot: QtBot) -> None:
    try:
        _ = 1 // 0
    except ZeroDivisionError:
        logging.getLogger("x").exception("a question failed")
    panel.show_waiting()
    panel.table.doubleClicked.emit(panel.table.model().index(0, 0))
    dialog = panel.findChild(QDialog)
    assert dialog is not None
    assert "ZeroDivisionError" in dialog.findChild(QPlainTextEdit).toPlainText()
    dialog.close()


def test_a_flood_is_shown_at_once_and_bounded(panel: LogPanel, desktop: Desktop) -> None:
    QAbstractItemModelTester(panel.table.model(), QAbstractItemModelTester.FailureReportingMode.Fatal, panel)
    inserted: list[int] = []
    panel.table.model().rowsInserted.connect(lambda _parent, first, last: inserted.append(last - first + 1))
    for number in range(MAX_LINES + 10):
        desktop.hub.log.emit("info", str(number))
    panel.show_waiting()
    desktop.hub.log.emit("info", "last")
    panel.show_waiting()
    assert inserted == [MAX_LINES, 1]
    assert len(panel.texts()) == MAX_LINES
    assert (panel.texts()[0], panel.texts()[-1]) == ("11", "last")


def test_it_follows_the_end_unless_it_was_scrolled_up(panel: LogPanel, desktop: Desktop) -> None:
    bar = panel.table.verticalScrollBar()

    def say(count: int) -> None:
        for number in range(count):
            desktop.hub.log.emit("info", str(number))
        panel.show_waiting()
        QApplication.processEvents()

    say(100)
    assert bar.value() == bar.maximum() > 0
    bar.setValue(3)
    say(10)
    assert bar.value() == 3
    bar.setValue(bar.maximum())
    say(10)
    assert bar.value() == bar.maximum()


def test_level_and_words_choose_what_is_shown(panel: LogPanel, desktop: Desktop, qtbot: QtBot) -> None:
    QAbstractItemModelTester(panel.table.model(), QAbstractItemModelTester.FailureReportingMode.Fatal, panel)
    for level, text in (("info", "one match"), ("warning", "two matches"), ("error", "no disk")):
        desktop.hub.log.emit(level, text)
    panel.show_waiting()
    panel.level.setCurrentIndex(1)
    assert panel.texts() == ["two matches", "no disk"]
    assert panel.count_label.text() == "2 of 3"
    qtbot.keyClicks(panel.search, "disk")
    assert panel.texts() == ["no disk"]
    panel.search.clear()
    panel.level.setCurrentIndex(0)
    assert panel.count_label.text() == "3"


def test_copy_takes_the_selection_or_everything(panel: LogPanel, desktop: Desktop, qtbot: QtBot) -> None:
    for text in ("one", "two"):
        desktop.hub.log.emit("info", text)
    panel.show_waiting()
    qtbot.mouseClick(panel.copy_button, Qt.MouseButton.LeftButton)
    assert QApplication.clipboard().text().splitlines() == [
        "2030-01-02 12:00:05  info     window: one",
        "2030-01-02 12:00:05  info     window: two",
    ]
    panel.table.selectRow(1)
    panel.table.setFocus()
    qtbot.keyClick(panel.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QApplication.clipboard().text() == "2030-01-02 12:00:05  info     window: two"


def test_save_writes_what_is_shown_and_says_where(
    panel: LogPanel, desktop: Desktop, qtbot: QtBot, tmp_path: Path
) -> None:
    desktop.hub.log.emit("info", "kept")
    panel.show_waiting()
    with qtbot.waitSignal(desktop.toasts.shown) as told:
        qtbot.mouseClick(panel.save_button, Qt.MouseButton.LeftButton)
    assert "window.log" in told.args[1]
    assert (tmp_path / "window.log").read_text() == "2030-01-02 12:00:05  info     window: kept\n"


def test_a_file_that_cannot_be_written_is_one_sentence(desktop: Desktop, qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    panel = LogPanel(desktop, now=lambda: NOON, choose_file=lambda _: str(tmp_path / "file" / "x.log"))
    qtbot.addWidget(panel)
    desktop.hub.log.emit("info", "kept")
    panel.show_waiting()
    with qtbot.waitSignal(desktop.toasts.shown) as told:
        panel.save()
    assert told.args[0] == "error"
    assert "cannot be written" in told.args[1]


def test_an_empty_log_says_what_will_be_here(panel: LogPanel, desktop: Desktop, qtbot: QtBot) -> None:
    assert panel.hint.isVisible()
    assert not panel.copy_button.isEnabled()
    desktop.hub.log.emit("info", "x")
    panel.show_waiting()
    assert panel.table.isVisible()
    assert not panel.hint.isVisible()
    qtbot.mouseClick(panel.clear_button, Qt.MouseButton.LeftButton)
    assert panel.hint.isVisible()
