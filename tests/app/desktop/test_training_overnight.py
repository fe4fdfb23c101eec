"""Overnight in the Training dock: from the dialog to a running job, its card, and what is unfinished after a restart."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from ai.trainer import trainer
from app.desktop.context import Desktop
from app.desktop.panels.log import LogPanel
from app.desktop.theme import THEMES
from app.desktop.training.dock import TrainingDock
from app.desktop.training.night_dialog import NightDialog
from app.desktop.training.night_widget import NightWidget
from app.overnight.config import OvernightConfig
from app.overnight.state import Cycle, Night, NightFolder, Standing
from app.overnight.state import Phase as CyclePhase
from league.schema import RunRow
from tests.app.desktop.doubles import FakeJobBoard, Started

SEED = 42
ES = trainer("es")


@pytest.fixture
def opened() -> list[str]:
    return []


@pytest.fixture
def dock(desktop: Desktop, qtbot: QtBot, opened: list[str]) -> TrainingDock:
    return make_dock(desktop, qtbot, opened)


def make_dock(desktop: Desktop, qtbot: QtBot, opened: list[str]) -> TrainingDock:
    made = TrainingDock(desktop, draw=lambda _: SEED, open_folder=opened.append)
    qtbot.addWidget(made)
    made.resize(330, 700)
    made.show()
    settle(made, desktop, qtbot)
    return made


def settle(dock: TrainingDock, desktop: Desktop, qtbot: QtBot) -> None:
    """Wait until everything that the dock has asked the league is answered."""
    answered: list[bool] = []
    desktop.reader.ask(lambda _: True, answered.append)
    qtbot.waitUntil(lambda: bool(answered))
    dock.nights.show_now()
    dock.show_now()


@pytest.fixture
def dialog(dock: TrainingDock, desktop: Desktop) -> NightDialog:
    desktop.actions.action("overnight").trigger()
    made = dock.findChild(NightDialog)
    assert isinstance(made, NightDialog)
    made.trainer.setCurrentText(ES.title)
    return made


def store_night(home: Path, number: int = 1, state: str = "running", run: str | None = "es-1") -> Night:
    """Store a night that has done one cycle and was training in its second."""
    standing = Standing(rating=1510.0, rank=2, players=9, rows_sha256="x", leaders=())
    done = Cycle(
        number=1, phase=CyclePhase.DONE, run="es-0", is_better=True, champion_name="Ada 1", season=1, standing=standing,
        seconds=90.0,
    )  # fmt: skip
    config = OvernightConfig(trainer="es", cycles=4)
    night = Night(
        id=f"overnight-{number}",
        name="Ada",
        seed=1,
        config=config,
        state=state,
        cycles=(done, Cycle(number=2, run=run)),  # type: ignore[arg-type]
    )
    NightFolder(home / "overnights" / night.id).write(night)
    return night


def card(dock: TrainingDock, place: int = 0) -> NightWidget:
    return dock.nights.widgets()[place]


def click(qtbot: QtBot, button: Any) -> None:
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


@pytest.fixture
def job(dock: TrainingDock, dialog: NightDialog, jobs: FakeJobBoard, qtbot: QtBot) -> Started:
    """A night of three cycles whose job has begun."""
    dialog.night.set_values({"cycles": 3})
    click(qtbot, dialog.begin)
    started = jobs.last("overnight")
    jobs.says(
        started.id, "started", id="overnight-1", name="Ada", cycles=3, hours=None, seed=SEED, cycle=1, phase="train"
    )
    dock.nights.show_now()
    return started


# The dialog


def test_the_dialog_begins_a_night_as_a_job(
    dock: TrainingDock, dialog: NightDialog, jobs: FakeJobBoard, qtbot: QtBot, desktop: Desktop
) -> None:
    assert dialog.command.text().startswith("python main.py overnight --trainer es --preset quick --hours 8 --seed 42")
    assert "No cycle begins after 8 hours" in dialog.summary.text()
    click(qtbot, dialog.begin)
    (job,) = jobs.started
    assert (job.kind, job.title) == ("overnight", f"Overnight: {ES.title}")
    assert job.arguments[:4] == ["overnight", "--trainer", "es", "--preset"]
    assert job.arguments[-3:] == ["--home", str(desktop.home.folder), "--events"]
    assert card(dock).phase.text() == "starting"
    assert not dock.form.isVisible()
    assert not dialog.isVisible()


def test_hours_are_asked_for_only_without_a_number_of_cycles(dialog: NightDialog) -> None:
    hours = dialog.night.findChild(QWidget, "hours")
    assert hours is not None
    dialog.night.set_values({"cycles": 5, "pairs": 3})
    assert not hours.isVisible()
    assert "--cycles 5 --pairs 3" in dialog.command.text()
    assert "--hours" not in dialog.command.text()
    dialog.night.set_values({"cycles": 0})
    assert hours.isVisible()
    assert "--hours 8" in dialog.command.text()


def test_what_is_wrong_is_said_and_cannot_be_begun(dialog: NightDialog, jobs: FakeJobBoard, qtbot: QtBot) -> None:
    for spoil, mend, told in (
        (lambda: dialog.name.setText("/"), dialog.name.clear, "name is '/'"),
        (lambda: dialog.seed.setText("x"), lambda: dialog.seed.setText("1"), "seed is 'x'"),
        (
            lambda: dialog.fields.set_values({"children": 2, "finalists": 4}),
            lambda: dialog.fields.set_values({"children": 9}),
            "finalists is 4",
        ),
    ):
        spoil()
        assert told in dialog.problem.text()
        assert not dialog.begin.isEnabled()
        assert dialog.command.text() == ""
        mend()
        assert dialog.begin.isEnabled()
        assert not dialog.problem.isVisible()
    assert "--set children=9" in dialog.command.text()


def test_advanced_shows_the_gate_and_the_trainers_settings(dialog: NightDialog, qtbot: QtBot) -> None:
    assert dialog.fields is not None
    assert not dialog.gate.isVisible()
    dialog.advanced.setChecked(True)
    assert dialog.gate.isVisible()
    dialog.gate.set_values({"alpha": 0.01})
    assert "--gate-alpha 0.01" in dialog.command.text()
    qtbot.keyClicks(dialog.finder, "finalists")
    shown = [name for name in dialog.fields.names() if dialog.fields._editors[name].widget.isVisible()]
    assert shown == ["finalists"]


def test_another_trainer_brings_its_own_presets(dialog: NightDialog) -> None:
    dialog.preset.setCurrentIndex(1)
    assert "--preset standard" in dialog.command.text()
    neat = trainer("neat")
    dialog.trainer.setCurrentText(neat.title)
    presets = [dialog.preset.itemData(row) for row in range(dialog.preset.count())]
    assert presets == list(neat.presets)
    assert "--trainer neat --preset quick --hours" in dialog.command.text()
    dialog.trainer.setCurrentText(ES.title)
    assert "--trainer es --preset quick --hours" in dialog.command.text()


# The card


def test_a_card_shows_phase_cycle_progress_and_the_table_of_cycles(
    dock: TrainingDock, job: Started, jobs: FakeJobBoard
) -> None:
    widget = card(dock)
    assert not widget.table.isVisible()
    jobs.says(job.id, "phase", cycle=1, phase="train", run="es-1")
    jobs.says(
        job.id, "progress", cycle=1, phase="train", done=5, expected=9, eta_s=65.0, unit="generations", state="running"
    )
    jobs.says(job.id, "gate", cycle=1, pairs=0, score=None, llr=None, is_better=True)
    jobs.says(
        job.id,
        "cycle",
        cycle=1,
        run="es-1",
        champion="Ada 1",
        is_better=True,
        rating=1512.0,
        rank=2,
        season=4,
        seconds=61.0,
    )
    jobs.says(job.id, "phase", cycle=2, phase="gate", run="es-2")
    jobs.says(
        job.id, "progress", cycle=2, phase="gate", done=50, expected=2000, eta_s=120.0, unit="pairs", state="running"
    )
    dock.nights.show_now()
    assert widget.name.full_text() == "Ada"
    assert widget.stage.full_text() == "cycle 2, gate: 50 of 2,000 pairs"
    assert widget.time.text() == "2 min 0 s left"
    assert widget.champion.full_text() == "champion Ada 1, 1512 Elo"
    assert widget.bar.value() == 333
    assert widget.table.isVisible()
    assert widget.table.as_text().split("\n")[1].split("\t")[:6] == ["1", "first", "", "1512", "2", "Ada 1"]
    assert "champion Ada 1" in widget.accessibleName()
    widget.copy.trigger()
    assert QApplication.clipboard().text().split("\n")[1].startswith("1\tfirst")


def test_pause_resume_stop_and_cancel_reach_the_job(
    dock: TrainingDock, job: Started, jobs: FakeJobBoard, qtbot: QtBot
) -> None:
    widget = card(dock)
    click(qtbot, widget.turn)
    assert (widget.phase.text(), widget.turn.text()) == ("paused", "Resume")
    click(qtbot, widget.turn)
    assert widget.phase.text() == "running"
    click(qtbot, widget.stop)
    assert widget.phase.text() == "stopping"
    assert not widget.turn.isEnabled()
    widget.cancel.trigger()
    assert job.commands() == ["pause", "resume", "stop", "cancel"]
    jobs.says(job.id, "ended", state="stopped", reason="")
    jobs.ends(job.id)
    assert (widget.phase.text(), widget.turn.isEnabled(), widget.stop.isVisible()) == ("stopped", True, False)
    click(qtbot, widget.turn)
    assert jobs.last("overnight").arguments[:3] == ["overnight", "--resume", "overnight-1"]
    assert len(dock.nights.widgets()) == 1


def test_a_failure_is_a_toast_that_can_resume(
    dock: TrainingDock, job: Started, jobs: FakeJobBoard, desktop: Desktop
) -> None:
    jobs.says(job.id, "ended", state="failed", reason="3 cycles in a row were broken off")
    jobs.ends(job.id, is_ok=False)
    assert desktop.toasts.texts()[-1] == "Overnight Ada has failed: 3 cycles in a row were broken off"
    assert card(dock).reason.text() == "3 cycles in a row were broken off"
    assert card(dock).turn.isEnabled()


def test_a_night_that_never_began_can_be_hidden_and_not_resumed(
    dock: TrainingDock, dialog: NightDialog, jobs: FakeJobBoard, qtbot: QtBot
) -> None:
    click(qtbot, dialog.begin)
    jobs.says(jobs.last("overnight").id, "ended", state="failed", reason="the league is being written")
    jobs.ends(jobs.last("overnight").id, is_ok=False)
    assert not card(dock).turn.isEnabled()
    card(dock).dismiss.trigger()
    assert dock.nights.widgets() == []


def test_a_complete_night_says_who_reigns(
    dock: TrainingDock, job: Started, jobs: FakeJobBoard, desktop: Desktop
) -> None:
    jobs.says(job.id, "cycle", cycle=1, champion="Ada 1", is_better=True, rating=1512.0, seconds=1.0)
    jobs.says(job.id, "ended", state="complete", reason="")
    jobs.ends(job.id)
    assert desktop.toasts.texts()[-1] == "Overnight Ada is complete: champion Ada 1, 1512 Elo."
    assert not card(dock).turn.isVisible()


def test_other_panels_hear_what_is_new_in_the_league(
    dock: TrainingDock, job: Started, jobs: FakeJobBoard, desktop: Desktop, qtbot: QtBot
) -> None:
    told: list[str] = []
    for name in ("runs_changed", "seasons_changed", "players_changed"):
        getattr(desktop.hub, name).connect(lambda name=name: told.append(name))
    grown: list[int] = []
    desktop.hub.season_grew.connect(grown.append)
    jobs.says(job.id, "phase", cycle=1, phase="train", run="es-1")
    jobs.says(job.id, "gate", cycle=1, pairs=0, score=None, llr=None, is_better=True)
    jobs.says(job.id, "phase", cycle=1, phase="season", season=7)
    assert told == ["runs_changed", "players_changed", "seasons_changed"]
    jobs.says(
        job.id, "progress", cycle=1, phase="season", done=1, expected=9, eta_s=None, unit="matches", state="running"
    )
    qtbot.waitUntil(lambda: grown == [7])
    jobs.says(job.id, "cycle", cycle=1, run="es-1", season=7, seconds=2.0)
    assert grown == [7, 7]


def test_its_lines_are_in_the_log(
    dock: TrainingDock, job: Started, jobs: FakeJobBoard, desktop: Desktop, qtbot: QtBot
) -> None:
    log = LogPanel(desktop)
    qtbot.addWidget(log)
    jobs.says(job.id, "line", text="cycle 1 was broken off")
    dock.nights.show_now()
    assert card(dock).said.full_text() == "cycle 1 was broken off"
    qtbot.waitUntil(lambda: any("broken off" in line.text for line in log._book.shown))


# After a restart


def test_an_unfinished_night_is_there_after_a_restart_and_goes_on(
    desktop: Desktop, jobs: FakeJobBoard, qtbot: QtBot, opened: list[str]
) -> None:
    store_night(desktop.home.folder)
    dock = make_dock(desktop, qtbot, opened)
    widget = card(dock)
    assert (widget.phase.text(), widget.turn.text()) == ("interrupted", "Resume")
    assert not dock.form.isVisible()
    assert not widget.table.isVisible()
    qtbot.keyClick(widget, Qt.Key.Key_Return)
    assert widget.table.isVisible()
    click(qtbot, widget.turn)
    job = jobs.last("overnight")
    assert job.arguments == ["overnight", "--resume", "overnight-1", "--home", str(desktop.home.folder), "--events"]
    jobs.says(job.id, "started", id="overnight-1", name="Ada", cycles=4, cycle=2, phase="train")
    dock.nights.show_now()
    assert (widget.phase.text(), len(dock.nights.widgets())) == ("running", 1)
    widget.folder.trigger()
    assert opened == [str(desktop.home.folder / "overnights" / "overnight-1")]
    widget.command.trigger()
    assert "overnight --resume overnight-1" in QApplication.clipboard().text()


def test_a_hidden_night_stays_hidden(desktop: Desktop, jobs: FakeJobBoard, qtbot: QtBot, opened: list[str]) -> None:
    store_night(desktop.home.folder, state="stopped")
    card(make_dock(desktop, qtbot, opened)).dismiss.trigger()
    again = TrainingDock(
        dataclasses.replace(desktop, actions=type(desktop.actions)(desktop.toasts.parent())), open_folder=opened.append
    )
    qtbot.addWidget(again)
    again.show()
    settle(again, desktop, qtbot)
    assert again.nights.widgets() == []


def test_a_run_of_a_night_says_whose_it_is(dock: TrainingDock, job: Started, jobs: FakeJobBoard) -> None:
    row = RunRow(
        id="es-1",
        trainer="es",
        game="rally",
        name="Ada 1",
        seed=1,
        config_json="{}",
        state="running",
        folder="runs/es-1",
    )
    dock.book.set_rows([row])
    dock.show_now()
    (widget,) = dock.cards.widgets()
    assert widget.phase.text() == "running elsewhere"
    jobs.says(job.id, "phase", cycle=1, phase="train", run="es-1")
    dock.show_now()
    assert widget.phase.text() == "running"
    assert widget.reason.text() == "The night Ada trains this run: pause or stop the night."


@pytest.mark.parametrize("theme", THEMES)
def test_no_text_is_cut_where_the_dock_is_narrow(
    dock: TrainingDock, job: Started, jobs: FakeJobBoard, desktop: Desktop, theme: str
) -> None:
    for number in range(1, 9):
        jobs.says(
            job.id, "cycle", cycle=number, champion=f"Ada {number}", is_better=True, rating=1500.0, rank=9, seconds=61.0
        )
    desktop.theme.use(theme)
    dock.resize(220, 500)
    dock.nights.show_now()
    QApplication.processEvents()
    widget = card(dock)
    assert widget.width() <= dock.area.viewport().width()
    shown = [night_column(widget, place) for place in widget.table.shown_columns()]
    assert shown[:3] == ["Cycle", "Gate", "Elo"]
    assert widget.table.height() < 260


def night_column(widget: NightWidget, place: int) -> str:
    return str(widget.table.model().headerData(place, Qt.Orientation.Horizontal))
