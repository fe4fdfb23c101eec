"""From a click to a player of the league, with the real job in its own process."""

import dataclasses

import pytest
from pytestqt.qtbot import QtBot

from app.desktop.context import Desktop
from app.desktop.jobs import JobBoard
from app.desktop.training.cards import Phase, RunCard
from app.desktop.training.dock import TrainingDock

START_MS = 120_000  # the kernels may have to be compiled first


@pytest.mark.slow
def test_a_run_is_started_paused_stopped_resumed_and_its_champion_joins_the_league(
    desktop: Desktop, qtbot: QtBot
) -> None:
    board = JobBoard()
    dock = TrainingDock(dataclasses.replace(desktop, jobs=board))
    qtbot.addWidget(dock)
    dock.show()
    qtbot.waitUntil(lambda: dock.form.fields is not None)
    dock.form.trainer.setCurrentText("Evolution strategy")
    assert dock.form.fields is not None
    dock.form.fields.set_values({"generations": 40, "children": 4, "finalists": 2, "pairs": 1, "final_pairs": 1})
    dock.form.fields.set_values({"evaluate_every": 5, "evaluation_pairs": 1, "points": 1})
    dock.form.name.setText("Ada")
    dock.form.start.click()

    def card() -> RunCard:
        return dock.book.cards()[0]

    qtbot.waitUntil(lambda: card().step >= 1, timeout=START_MS)
    dock.cards.wanted.emit(card().run, "pause")
    dock.cards.wanted.emit(card().run, "stop")
    qtbot.waitUntil(lambda: card().can_resume, timeout=START_MS)
    assert card().phase is Phase.STOPPED
    reached = card().step
    assert 1 <= reached < 40

    dock.cards.wanted.emit(card().run, "resume")
    qtbot.waitUntil(lambda: card().phase is Phase.COMPLETE and card().job is None, timeout=START_MS)
    assert card().step == 40
    assert card().champion is not None

    with qtbot.waitSignal(desktop.hub.show_match) as shown:
        dock.cards.wanted.emit(card().run, "watch")
    assert shown.args[0].left.hash == card().champion.hash
    with qtbot.waitSignal(desktop.hub.players_changed):
        dock.showing.add(card().run, "Ada")
    qtbot.waitUntil(lambda: not board.running())
