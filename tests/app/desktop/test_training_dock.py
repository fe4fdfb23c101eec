"""The Training dock: from the form to a running job, from a card to the arena and the league."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QInputDialog, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from ai.runs import Plan, Runs
from ai.trainer import trainer
from app.desktop.context import Contender, Desktop, MatchRequest
from app.desktop.training.card_widget import CardWidget
from app.desktop.training.cards import Phase
from app.desktop.training.details_dialog import DetailsDialog
from app.desktop.training.dock import TrainingDock
from app.session import open_league
from game.games import game as game_named
from game.policies.file import PlayerFile
from game.policies.scripted import ScriptedPolicy
from tests.app.desktop.doubles import FakeJobBoard

RALLY = game_named("rally")
ES = trainer("es")
SEED = 42


@pytest.fixture
def opened() -> list[str]:
    return []


@pytest.fixture
def dock(desktop: Desktop, qtbot: QtBot, opened: list[str]) -> TrainingDock:
    return make_dock(desktop, qtbot, opened)


def make_dock(desktop: Desktop, qtbot: QtBot, opened: list[str]) -> TrainingDock:
    made = TrainingDock(desktop, draw=lambda _: SEED, open_folder=opened.append)
    qtbot.addWidget(made)
    made.resize(300, 700)
    made.show()
    settle(made, desktop, qtbot)
    made.form.trainer.setCurrentText(ES.title)
    return made


def settle(dock: TrainingDock, desktop: Desktop, qtbot: QtBot) -> None:
    """Wait until everything that the dock has asked the league is answered."""
    answered: list[bool] = []
    desktop.reader.ask(lambda _: True, answered.append)
    qtbot.waitUntil(lambda: bool(answered))
    dock.show_now()


@pytest.fixture
def stored(desktop: Desktop) -> str:
    """A stopped run of the league that has a champion."""
    es = trainer("es")
    with open_league(str(desktop.home.folder)) as league:
        runs = Runs(league.home, league.store)
        run = runs.create(Plan(es, es.configure({"children": 8}), RALLY, 3, "Ada"))
        policy = ScriptedPolicy.of(RALLY, "predictor", noise=0.4)
        kept = run.folder.add_champion(PlayerFile("Ada", RALLY.name, RALLY.version, policy), 10)
        mark = {"hash": kept.hash, "step": 10, "file": "x", "fitness": 0.5}
        runs.save(run, "stopped", kept, {"step": 10, "expected": 40, "seconds": 3.0, "champion": mark})
    return run.id


def card(dock: TrainingDock, place: int = 0) -> CardWidget:
    return dock.cards.widgets()[place]


def click(qtbot: QtBot, button: Any) -> None:
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def begin(dock: TrainingDock, jobs: FakeJobBoard, qtbot: QtBot, run: str = "es-9") -> str:
    """Start a run by the form and let its job say that it has begun."""
    click(qtbot, dock.form.start)
    job = jobs.last("training").id
    facts = {"name": run, "folder": "/x", "seed": SEED, "step": 0, "config": {"children": 32}}
    jobs.says(job, "run_started", run=run, trainer="es", **facts)
    dock.show_now()
    return job


# The form


def test_without_runs_the_form_is_open_and_says_what_to_do(dock: TrainingDock) -> None:
    assert dock.form.isVisible()
    assert dock.hint.isVisible()
    assert dock.form.start.isEnabled()


def test_one_click_starts_the_first_preset(
    dock: TrainingDock, jobs: FakeJobBoard, qtbot: QtBot, desktop: Desktop
) -> None:
    click(qtbot, dock.form.start)
    (job,) = jobs.started
    assert job.kind == "training"
    assert job.arguments[:6] == ["train", "es", "--preset", "quick", "--seed", str(SEED)]
    assert job.arguments[-3:] == ["--home", str(desktop.home.folder), "--events"]
    assert card(dock).phase.text() == "starting"
    assert not dock.form.isVisible()


def test_every_registered_trainer_is_offered_with_its_presets(dock: TrainingDock) -> None:
    es = trainer("es")
    assert es.title in [dock.form.trainer.itemText(row) for row in range(dock.form.trainer.count())]
    texts = [button.text().split("\n") for button in dock.form.presets.buttons()]
    assert [title for title, _ in texts] == [preset.title for preset in es.presets.values()]
    assert dock.form.description.text() == es.description


def test_a_trainer_that_looks_at_the_machine_settles_the_workers(
    dock: TrainingDock, jobs: FakeJobBoard, qtbot: QtBot
) -> None:
    usual = dock.form.workers.value()
    advised = replace(ES, title="Advised", advise=lambda *_: pytest.fail("the job asks, not the window"))
    dock.form.set_trainers([ES, advised], workers=usual, cores=2)
    dock.form.trainer.setCurrentText("Advised")
    assert dock.form.workers.text() == "auto"
    assert "--workers" not in dock.form.command.text()
    dock.form.workers.setValue(3)
    assert "--workers 3" in dock.form.command.text()
    dock.form.trainer.setCurrentText(ES.title)
    assert dock.form.workers.value() == usual
    assert f"--workers {usual}" in dock.form.command.text()
    dock.form.trainer.setCurrentText("Advised")
    click(qtbot, dock.form.start)
    assert "--workers" not in jobs.last("training").arguments


def test_a_setting_can_be_found(dock: TrainingDock, qtbot: QtBot) -> None:
    assert not dock.form.finder.isVisible()
    click(qtbot, dock.form.advanced)
    assert dock.form.finder.isVisible()
    fields = dock.form.fields
    assert fields is not None
    qtbot.keyClicks(dock.form.finder, "finalists")
    shown = [name for name in fields.names() if fields.findChild(QWidget, name).isVisible()]  # type: ignore[attr-defined]
    assert shown == ["finalists"]
    dock.form.trainer.setCurrentText("NEAT")
    assert dock.form.finder.text() == ""
    assert dock.form.fields is not None
    assert dock.form.fields.findChild(QWidget, "population").isVisibleTo(dock.form.fields)  # type: ignore[attr-defined]


def test_a_preset_fills_the_form_and_what_is_changed_is_said(dock: TrainingDock, qtbot: QtBot) -> None:
    standard = next(button for button in dock.form.presets.buttons() if button.text().startswith("Standard"))
    click(qtbot, standard)
    assert dock.form.fields is not None
    assert dock.form.fields.values()["children"] == trainer("es").presets["standard"].values["children"]
    dock.form.fields.set_values({"children": 9})
    assert dock.form.preset_note.text().endswith("Changed: children.")
    assert "--preset standard --children 9" in dock.form.command.text()


def test_what_is_wrong_is_said_at_once_and_cannot_be_started(
    dock: TrainingDock, jobs: FakeJobBoard, qtbot: QtBot
) -> None:
    assert dock.form.fields is not None
    dock.form.fields.set_values({"children": 2, "finalists": 4})
    assert "finalists is 4" in dock.form.problem.text()
    assert not dock.form.start.isEnabled()
    assert dock.form.command.text() == ""
    dock.form.fields.set_values({"finalists": 1})
    assert not dock.form.problem.isVisible()
    dock.form.seed.setText("a dozen")
    assert "seed is 'a dozen'" in dock.form.problem.text()
    click(qtbot, dock.form.dice)
    assert dock.form.seed.text() == str(SEED)
    assert dock.form.start.isEnabled()


def test_the_command_line_is_copied(dock: TrainingDock, qtbot: QtBot) -> None:
    dock.form.name.setText("my run")
    click(qtbot, dock.form.copy)
    assert QApplication.clipboard().text() == dock.form.command.text()
    assert "my run" in QApplication.clipboard().text()


def test_the_configuration_is_behind_advanced(dock: TrainingDock, qtbot: QtBot) -> None:
    assert dock.form.fields is not None
    assert not dock.form.fields.isVisible()
    click(qtbot, dock.form.advanced)
    assert dock.form.fields.isVisible()


def test_no_text_of_the_form_is_cut_where_the_dock_is_small(dock: TrainingDock) -> None:
    dock.resize(220, 150)
    QApplication.processEvents()
    dock.form.description.setText("a method that is told in many words " * 8)
    QApplication.processEvents()
    for text in (dock.form.description, dock.form.preset_note):
        assert text.height() >= text.heightForWidth(text.width()) > 0


def test_a_crowd_of_workers_is_warned_about(dock: TrainingDock, jobs: FakeJobBoard, qtbot: QtBot) -> None:
    begin(dock, jobs, qtbot)
    click(qtbot, dock.opener)
    dock.form.workers.setValue(200)
    assert "take" in dock.form.warning.text()
    assert dock.form.warning.isVisible()


def test_a_command_opens_the_form(dock: TrainingDock, desktop: Desktop, stored: str, qtbot: QtBot) -> None:
    dock.opener.setChecked(False)
    with qtbot.waitSignal(desktop.hub.panel_wanted) as wanted:
        desktop.actions.action("new-run").trigger()
    assert wanted.args == ["training"]
    assert dock.form.isVisible()


# Running


def test_a_running_card_follows_its_job(dock: TrainingDock, jobs: FakeJobBoard, qtbot: QtBot, desktop: Desktop) -> None:
    told: list[Any] = []
    desktop.hub.run_message.connect(told.append)
    with qtbot.waitSignal(desktop.hub.run_selected) as selected:
        job = begin(dock, jobs, qtbot)
    assert selected.args == ["es-9"]
    jobs.says(job, "metrics", run="es-9", step=43, values={"parent": 0.5, "matches_per_s": 3500.0})
    jobs.says(job, "progress", run="es-9", done=43, expected=100, eta_s=35.0, seconds=22.0)
    jobs.says(job, "champion", run="es-9", hash="ab", file="f", step=40, fitness=0.9)
    dock.show_now()
    shown = card(dock)
    assert (shown.phase.text(), shown.bar.value()) == ("running", 430)
    assert "43 of 100" in shown.step.full_text()
    assert shown.time.text() == "22 s, 35 s left"
    assert shown.best.full_text() == "best 0.9000 at step 40"
    assert "3,500 matches/s" in shown.subtitle.full_text()
    assert [message["event"] for message in told] == ["run_started", "metrics", "progress", "champion"]


def test_pause_resume_and_stop_are_commands_to_its_job(dock: TrainingDock, jobs: FakeJobBoard, qtbot: QtBot) -> None:
    job = begin(dock, jobs, qtbot)
    click(qtbot, card(dock).turn)
    assert (card(dock).phase.text(), card(dock).turn.text()) == ("paused", "Resume")
    click(qtbot, card(dock).turn)
    assert card(dock).phase.text() == "running"
    click(qtbot, card(dock).stop)
    assert card(dock).phase.text() == "stopping"
    assert jobs.started[0].commands() == ["pause", "resume", "stop"]
    jobs.says(job, "ended", run="es-9", state="stopped", reason="")
    jobs.ends(job)
    assert card(dock).phase.text() == "stopped"


def test_several_runs_go_on_at_once(dock: TrainingDock, jobs: FakeJobBoard, qtbot: QtBot) -> None:
    first = begin(dock, jobs, qtbot, "es-1")
    begin(dock, jobs, qtbot, "es-2")
    jobs.says(first, "progress", run="es-1", done=1, expected=100, eta_s=None, seconds=1.0)
    dock.show_now()
    assert [widget.run for widget in dock.cards.widgets()] == ["es-2", "es-1"]
    assert [widget.bar.value() for widget in dock.cards.widgets()] == [0, 10]


def test_a_job_that_dies_is_a_toast_with_a_way_to_go_on(
    dock: TrainingDock, jobs: FakeJobBoard, qtbot: QtBot, desktop: Desktop
) -> None:
    job = begin(dock, jobs, qtbot)
    with qtbot.waitSignal(desktop.toasts.shown) as told:
        jobs.ends(job, is_ok=False, reason="the process was killed")
    assert told.args == ["error", "Training es-9 has failed: the process was killed"]
    assert card(dock).reason.text() == "the process was killed"
    click(qtbot, card(dock).turn)
    assert jobs.started[1].arguments[:4] == ["train", "es", "--resume", "es-9"]
    assert not card(dock).reason.isVisible()


def test_a_run_that_never_began_says_why_and_can_be_removed(
    dock: TrainingDock, jobs: FakeJobBoard, qtbot: QtBot
) -> None:
    click(qtbot, dock.form.start)
    jobs.says("job-1", "ended", run=None, state="failed", reason="there is no player 'tracker'")
    jobs.ends("job-1", is_ok=False, reason="there is no player 'tracker'")
    assert card(dock).reason.text() == "there is no player 'tracker'"
    assert not card(dock).turn.isEnabled()
    card(dock).dismiss.trigger()
    assert dock.cards.widgets() == []


# Runs of the league


def test_runs_of_the_command_line_appear(dock: TrainingDock, desktop: Desktop, qtbot: QtBot, stored: str) -> None:
    assert dock.cards.widgets() == []
    dock.refresh()
    settle(dock, desktop, qtbot)
    shown = card(dock)
    assert (shown.run, shown.name.full_text(), shown.phase.text()) == (stored, "Ada", "stopped")
    assert not shown.stop.isVisible()
    assert not dock.hint.isVisible()


def test_a_stopped_run_goes_on_after_a_restart_of_the_window(
    desktop: Desktop, qtbot: QtBot, stored: str, opened: list[str], jobs: FakeJobBoard
) -> None:
    dock = make_dock(desktop, qtbot, opened)
    assert not dock.form.isVisible()
    click(qtbot, card(dock).turn)
    words = jobs.started[0].arguments
    assert words[:4] == ["train", "es", "--resume", stored]
    assert words[-1] == "--events"
    assert card(dock).phase.text() == "starting"
    click(qtbot, card(dock).turn)
    assert len(jobs.started) == 1


def test_a_card_is_selected_by_mouse_and_keyboard_and_others_hear_it(
    desktop: Desktop, qtbot: QtBot, stored: str, opened: list[str]
) -> None:
    dock = make_dock(desktop, qtbot, opened)
    with qtbot.waitSignal(desktop.hub.run_selected) as selected:
        qtbot.mouseClick(card(dock), Qt.MouseButton.LeftButton)
    assert selected.args == [stored]
    assert card(dock).property("selected") == "true"
    desktop.hub.run_selected.emit("")
    assert card(dock).property("selected") == "false"
    with qtbot.waitSignal(desktop.hub.run_selected):
        qtbot.keyClick(card(dock), Qt.Key.Key_Return)


def watch(dock: TrainingDock, desktop: Desktop, qtbot: QtBot, button: str = "watch") -> MatchRequest:
    with qtbot.waitSignal(desktop.hub.show_match) as shown:
        if button == "watch":
            click(qtbot, card(dock).watch)
        else:
            card(dock).follow.trigger()
    request: MatchRequest = shown.args[0]
    return request


def test_the_champion_is_watched_once(desktop: Desktop, qtbot: QtBot, stored: str, opened: list[str]) -> None:
    dock = make_dock(desktop, qtbot, opened)
    request = watch(dock, desktop, qtbot)
    assert request.title == "Champion of Ada, step 10"
    asked: list[MatchRequest] = []
    desktop.hub.show_match.connect(asked.append)
    desktop.hub.match_ended.emit(request, None)
    settle(dock, desktop, qtbot)
    assert asked == []


def test_a_run_that_is_followed_is_shown_again_while_it_trains(
    desktop: Desktop, qtbot: QtBot, stored: str, opened: list[str], jobs: FakeJobBoard
) -> None:
    dock = make_dock(desktop, qtbot, opened)
    click(qtbot, card(dock).turn)
    request = watch(dock, desktop, qtbot, "follow")
    with qtbot.waitSignal(desktop.hub.show_match):
        desktop.hub.match_ended.emit(request, None)
    jobs.ends("job-1")
    desktop.hub.match_ended.emit(request, None)
    assert not card(dock).follow.isChecked()


def test_following_goes_on_when_one_champion_makes_room_for_the_next(
    desktop: Desktop, qtbot: QtBot, stored: str, opened: list[str]
) -> None:
    dock = make_dock(desktop, qtbot, opened)
    request = watch(dock, desktop, qtbot)
    desktop.hub.show_match.connect(lambda _: desktop.hub.match_dismissed.emit(request))
    watch(dock, desktop, qtbot, "follow")
    assert card(dock).follow.isChecked()


def test_following_ends_when_the_user_looks_at_something_else(
    desktop: Desktop, qtbot: QtBot, stored: str, opened: list[str]
) -> None:
    dock = make_dock(desktop, qtbot, opened)
    request = watch(dock, desktop, qtbot, "follow")
    desktop.hub.match_dismissed.emit(MatchRequest(Contender("a"), Contender("b"), 1, 5))
    assert card(dock).follow.isChecked()
    desktop.hub.match_dismissed.emit(request)
    assert not card(dock).follow.isChecked()


def test_the_champion_joins_the_league_under_a_name_of_choice(
    desktop: Desktop, qtbot: QtBot, stored: str, opened: list[str]
) -> None:
    dock = make_dock(desktop, qtbot, opened)
    click(qtbot, card(dock).add)
    qtbot.waitUntil(lambda: dock.findChild(QInputDialog) is not None)
    dialog = dock.findChild(QInputDialog)
    assert dialog.textValue() == "Ada"
    dialog.setTextValue("Ada the second")
    with qtbot.waitSignals([desktop.hub.players_changed, desktop.toasts.shown]):
        dialog.accept()
    names: list[str] = []
    desktop.reader.ask(lambda league: [row.name for row in league.library.players()], names.extend)
    settle(dock, desktop, qtbot)
    assert "Ada the second" in names
    remedy = next(each for each in desktop.toasts.parent().findChildren(QPushButton) if each.text() == "Show player")
    with qtbot.waitSignals([desktop.hub.player_selected, desktop.hub.panel_wanted]):
        remedy.click()


def test_a_champion_that_is_there_already_is_one_sentence(
    desktop: Desktop, qtbot: QtBot, stored: str, opened: list[str]
) -> None:
    dock = make_dock(desktop, qtbot, opened)
    dock.showing.add(stored, "Ada")
    settle(dock, desktop, qtbot)
    with qtbot.waitSignal(desktop.toasts.shown) as told:
        dock.showing.add(stored, "Bob")
    assert told.args[0] == "error"
    assert "same content" in told.args[1]


def test_folder_command_and_configuration_are_at_hand(
    desktop: Desktop, qtbot: QtBot, stored: str, opened: list[str]
) -> None:
    dock = make_dock(desktop, qtbot, opened)
    card(dock).folder.trigger()
    assert [Path(folder) for folder in opened] == [desktop.home.folder / "runs" / stored]
    card(dock).command.trigger()
    command = QApplication.clipboard().text()
    assert "train es --children 8 --seed 3" in command
    card(dock).config.trigger()
    copied = json.loads(QApplication.clipboard().text())
    assert (copied["trainer"], copied["seed"], copied["config"]["children"]) == ("es", 3, 8)


def test_the_league_is_looked_at_only_while_the_dock_is_seen(
    dock: TrainingDock, desktop: Desktop, qtbot: QtBot
) -> None:
    assert dock._slow.isActive()
    dock.hide()
    assert not dock._slow.isActive()
    dock.show()
    desktop.hub.closing.emit()
    assert not dock._slow.isActive()


def test_the_oldest_cards_are_behind_a_button(dock: TrainingDock, qtbot: QtBot) -> None:
    for number in range(25):
        dock.book.begin(f"job-{number}", None, name="x", trainer="es", workers=1)
    dock.show_now()
    qtbot.waitUntil(lambda: len(dock.cards.widgets()) == 20)
    assert dock.cards.more.text() == "Show 5 more of 25"
    click(qtbot, dock.cards.more)
    qtbot.waitUntil(lambda: len(dock.cards.widgets()) == 25)
    assert not dock.cards.more.isVisible()


@pytest.mark.parametrize("theme", ["dark", "light", "contrast"])
def test_nothing_is_clipped_in_a_narrow_dock(
    dock: TrainingDock, desktop: Desktop, jobs: FakeJobBoard, qtbot: QtBot, theme: str
) -> None:
    desktop.theme.use(theme)
    begin(dock, jobs, qtbot)
    dock.book.want("es-9", Phase.PAUSED)
    dock.opener.setChecked(True)
    dock.form.advanced.setChecked(True)
    dock.show_now()
    QApplication.processEvents()
    content = dock.area.widget()
    assert content.minimumSizeHint().width() <= dock.area.viewport().width()
    for button in (card(dock).turn, card(dock).more, dock.form.start, dock.form.copy):
        right = button.mapTo(content, button.rect().topRight()).x()
        assert right <= dock.area.viewport().width()


def test_the_menu_shows_the_details_of_a_run(dock: TrainingDock, stored: str, desktop: Desktop, qtbot: QtBot) -> None:
    dock.refresh()
    settle(dock, desktop, qtbot)
    card(dock).details.trigger()
    (dialog,) = dock.window().findChildren(DetailsDialog)
    assert dialog.windowTitle() == "Details of Ada"
    dialog.close()
    qtbot.waitUntil(lambda: not dock.window().findChildren(DetailsDialog))
