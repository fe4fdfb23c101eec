"""A night from a click to two cycles, stopped and resumed after a restart, with the real job in its own process."""

import dataclasses

import pytest
from PySide6.QtWidgets import QMainWindow
from pytestqt.qtbot import QtBot

from ai.trainer import trainer
from app.desktop.actions import Actions
from app.desktop.context import Desktop
from app.desktop.jobs import JobBoard
from app.desktop.training.cards import Phase
from app.desktop.training.dock import TrainingDock
from app.desktop.training.night_dialog import NightDialog
from app.desktop.training.nights import NightCard
from app.session import open_league

START_MS = 120_000  # the kernels may have to be compiled first
SMALL = {
    "generations": 3,
    "children": 4,
    "finalists": 2,
    "pairs": 1,
    "final_pairs": 1,
    "evaluate_every": 0,
    "points": 1,
}


def make_dock(desktop: Desktop, board: JobBoard, qtbot: QtBot) -> TrainingDock:
    window = QMainWindow()
    dock = TrainingDock(dataclasses.replace(desktop, jobs=board, actions=Actions(window)))
    window.setCentralWidget(dock)
    qtbot.addWidget(window)
    window.show()
    qtbot.waitUntil(lambda: dock.form.fields is not None)
    return dock


def card(dock: TrainingDock) -> NightCard:
    return dock.nights.book.cards()[0]


def begin(dock: TrainingDock) -> None:
    """Begin a small night of two cycles by the dialog."""
    dock.open_overnight()
    dialog = dock.window().findChild(NightDialog)
    assert isinstance(dialog, NightDialog)
    dialog.trainer.setCurrentText(trainer("es").title)
    assert dialog.fields is not None
    dialog.fields.set_values(SMALL)
    dialog.night.set_values({"cycles": 2, "pairs": 1})
    dialog.gate.set_values({"max_pairs": 50})
    dialog.name.setText("Ada")
    dialog.begin.click()


@pytest.mark.slow
def test_a_night_is_begun_stopped_and_resumed_after_a_restart(desktop: Desktop, qtbot: QtBot) -> None:
    board = JobBoard()
    dock = make_dock(desktop, board, qtbot)
    begin(dock)
    qtbot.waitUntil(lambda: card(dock).stage.done >= 1, timeout=START_MS)
    assert card(dock).trains(card(dock).stage.run)
    for what in ("pause", "resume", "stop"):
        dock.nights.do(card(dock).night, what)
    qtbot.waitUntil(lambda: card(dock).job is None, timeout=START_MS)
    assert (card(dock).phase, card(dock).reason) == (Phase.STOPPED, "")
    dock.hide()

    again = make_dock(desktop, board, qtbot)
    qtbot.waitUntil(lambda: bool(again.nights.book.cards()))
    assert (card(again).phase, card(again).can_resume) == (Phase.STOPPED, True)
    again.nights.do(card(again).night, "resume")
    qtbot.waitUntil(lambda: card(again).phase is Phase.COMPLETE and card(again).job is None, timeout=START_MS)
    assert [line.number for line in card(again).lines] == [1, 2]
    assert all(line.is_done and line.rating is not None and not line.failure for line in card(again).lines)
    with open_league(str(desktop.home.folder)) as league:
        assert "Ada 1" in {row.name for row in league.library.players()}
        assert {line.season for line in card(again).lines} == {row.id for row in league.store.seasons()}
    qtbot.waitUntil(lambda: not board.running())
