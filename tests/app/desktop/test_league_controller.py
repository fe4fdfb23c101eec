"""The season controller: what it tells the season's process, what it makes of the answers."""

import base64

import numpy as np
import pytest

from app.desktop.league.controller import SeasonController
from app.desktop.league.season_run import Phase
from game.spec import RESULT_DTYPE
from game.tape import Tape
from tests.app.desktop.league_samples import store_season, table_of

PROGRESS = {
    "season": 1,
    "done": 10,
    "expected": 72,
    "exact": True,
    "played": 10,
    "matches_per_s": 123.0,
    "eta_s": 4.0,
    "faults": 0,
    "workers": 2,
    "state": "running",
}


@pytest.fixture
def season_id(home):
    return store_season(home, played=8)


@pytest.fixture
def controller(desktop, season_id, qtbot):
    made = SeasonController(desktop)
    with qtbot.waitSignal(made.seasons_read):
        made.reload()
    yield made
    made.tables.drop()
    made._growth.stop()
    made.deleteLater()


def shown(match=8, **changes):
    return {"season": 1, "match": match, "left": 0, "right": 1, "seed": 5, "points": 5, "tape": None, **changes}


def played(match, state_hash=0xAB):
    record = np.zeros(1, RESULT_DTYPE)[0]
    record["match_id"], record["state_hash"] = match, state_hash
    return record


def test_the_newest_season_is_shown_and_its_table_asked_for(controller, desktop, jobs, home, season_id, qtbot):
    selected = []
    desktop.hub.season_selected.connect(selected.append)
    newer = store_season(home, pairs=7)
    with qtbot.waitSignal(controller.seasons_read):
        desktop.hub.seasons_changed.emit()
    assert [row.id for row in controller.seasons] == [newer, season_id]
    assert controller.selected.id == season_id  # who looks at a season goes on looking at it
    controller.select(newer)
    assert selected == [newer]
    qtbot.waitUntil(lambda: bool(jobs.started))
    assert jobs.last("table").arguments[:3] == ["table", "--season", str(season_id)] or jobs.last("table").sent


def test_without_seasons_everybody_is_told_so(desktop, qtbot):
    controller = SeasonController(desktop)
    with qtbot.waitSignal(desktop.hub.season_selected) as told:
        controller.reload()
    assert told.args == [-1]
    assert controller.selected is None
    controller.deleteLater()


def test_resume_starts_a_job_with_workers_and_visuals_as_chosen(controller, jobs, home, season_id):
    controller.set_workers(2)
    controller.set_visuals(is_on=True)
    controller.resume()
    assert jobs.last("season").arguments == [
        "play", "--season", str(season_id), "--home", str(home.folder), "--workers", "2", "--visuals", "--events",
    ]  # fmt: skip
    controller.set_visuals(is_on=False)
    assert jobs.last("season").sent == [{"command": "visuals", "on": False}]
    controller.set_workers(1)
    assert jobs.last("season").sent[-1] == {"command": "workers", "count": 1}


def test_pause_resume_stop_and_stop_now_are_sent(controller, jobs, season_id):
    controller.play(season_id)
    job = jobs.last("season")
    controller.pause()
    assert controller.run.phase is Phase.PAUSED
    controller.resume()
    controller.stop()
    controller.cancel()
    assert job.commands() == ["pause", "resume", "stop", "cancel"]
    assert len([each for each in jobs.started if each.kind == "season"]) == 1


def test_one_season_is_played_at_a_time(controller, desktop, jobs, season_id):
    controller.play(season_id)
    controller.play(season_id + 1)
    assert len([each for each in jobs.started if each.kind == "season"]) == 1
    assert "one season is played at a time" in desktop.toasts.texts()[-1]


def test_a_shown_match_goes_to_the_arena_and_its_end_to_the_process(controller, desktop, jobs, season_id, qtbot):
    controller.set_visuals(is_on=True)
    controller.play(season_id)
    job = jobs.last("season")
    jobs.says(job.id, "ratings", season=1, match=7, ratings=[1510.0, 1490.0, 1500.0, 1500.0])
    with qtbot.waitSignal(desktop.hub.show_match) as told:
        jobs.says(job.id, "show", **shown(tape=base64.b64encode(Tape([(1, 2)]).to_bytes()).decode()))
    request = told.args[0]
    assert request.is_season_live
    assert (request.season_id, request.match_id, request.seed, request.points) == (1, 8, 5, 5)
    assert (request.left.rating, request.right.rating) == (1510.0, 1490.0)
    assert request.left.policy is not None
    assert len(request.tape) == 1
    desktop.hub.match_ended.emit(request, played(8))
    assert job.sent[-1] == {"command": "shown", "match": 8}
    desktop.hub.match_ended.emit(request, played(8))
    assert job.commands().count("shown") == 1


def test_a_match_that_was_stored_otherwise_than_shown_is_said(controller, desktop, jobs, season_id, qtbot):
    controller.play(season_id)
    job = jobs.last("season")
    for match, stored in ((8, "ab"), (9, "ac")):
        with qtbot.waitSignal(desktop.hub.show_match) as told:
            jobs.says(job.id, "show", **shown(match))
        desktop.hub.match_ended.emit(told.args[0], played(match))
        jobs.says(job.id, "stored", season=1, match=match, outcome=1, state_hash=f"{stored:0>16}", score=[5, 1])
    assert [text for text in desktop.toasts.texts() if "otherwise" in text] == [
        "Match 9 of season 1 was stored otherwise than it was shown: check it with 'replay 1:9 --verify' and report it."
    ]


def test_who_puts_something_else_on_the_screen_is_not_called_back(controller, desktop, jobs, season_id, qtbot):
    controller.play(season_id)
    job = jobs.last("season")
    with qtbot.waitSignal(desktop.hub.show_match) as told:
        jobs.says(job.id, "show", **shown())
    desktop.hub.match_dismissed.emit(told.args[0])
    assert job.sent == [{"command": "shown", "match": 8}, {"command": "visuals", "on": False}]
    assert not controller.has_visuals
    with qtbot.assertNotEmitted(desktop.hub.show_match, wait=50):
        jobs.says(job.id, "show", **shown(9))


def test_a_match_that_cannot_be_shown_does_not_hold_the_season_up(controller, desktop, jobs, home, season_id, qtbot):
    for path in home.players.iterdir():
        path.unlink()
    controller.play(season_id)
    jobs.says(jobs.last("season").id, "show", **shown())
    qtbot.waitUntil(lambda: bool(jobs.last("season").sent))
    assert jobs.last("season").sent == [{"command": "visuals", "on": False}]
    assert "cannot be shown" in desktop.toasts.texts()[-1]


def test_progress_goes_to_the_status_bar_and_measures_the_speed(controller, desktop, jobs, season_id):
    controller.set_visuals(is_on=False)
    controller.play(season_id)
    told = []
    desktop.hub.status.connect(lambda field, text: told.append((field, text)))
    jobs.says(jobs.last("season").id, "progress", **PROGRESS)
    assert told == [("workers", "2 workers"), ("saved", "season 1: 10 matches"), ("matches", "123 matches/s")]
    assert controller.speed == 123.0


def test_growth_is_told_once_for_many_messages(controller, desktop, jobs, season_id, qtbot):
    controller.play(season_id)
    grown = []
    desktop.hub.season_grew.connect(grown.append)
    for done in range(20):
        jobs.says(jobs.last("season").id, "progress", **{**PROGRESS, "done": done})
    qtbot.waitUntil(lambda: bool(grown), timeout=3000)
    assert grown == [season_id]


def test_a_season_that_fails_says_why_and_can_be_resumed(controller, desktop, jobs, season_id):
    controller.play(season_id)
    jobs.says(jobs.last("season").id, "ended", season=1, state="failed", reason="process 7 writes to this league")
    jobs.ends(jobs.last("season").id, is_ok=False, reason="exit code 1")
    assert controller.run is None
    assert desktop.toasts.texts()[-1] == "Season 1 has stopped: process 7 writes to this league"


def test_a_season_that_is_killed_says_why(controller, desktop, jobs, season_id):
    controller.play(season_id)
    jobs.ends(jobs.last("season").id, is_ok=False, reason="its process was killed")
    assert desktop.toasts.texts()[-1] == "Season 1 has stopped: its process was killed"


def test_the_end_of_a_season_is_told(controller, desktop, jobs, season_id, qtbot):
    controller.play(season_id)
    jobs.says(jobs.last("season").id, "ended", season=1, state="complete", reason="all")
    with qtbot.waitSignals([desktop.hub.seasons_changed, desktop.hub.season_grew]):
        jobs.ends(jobs.last("season").id)
    assert desktop.toasts.texts()[-1] == "Season 1 is complete."


def test_tables_come_from_one_process_that_is_not_overrun(controller, desktop, jobs, home, clock, season_id, qtbot):
    qtbot.waitUntil(lambda: any(job.kind == "table" for job in jobs.started))
    job = jobs.last("table")
    tables = []
    desktop.hub.table_ready.connect(tables.append)
    controller.tables.want(season_id)
    clock.tick(0.5)
    jobs.says(job.id, **table_of(home, season_id))
    assert len(tables) == 1
    assert controller.tables._timer.interval() == 2000  # four times as long as it took
    controller.tables.want(season_id, at_once=True)
    qtbot.waitUntil(lambda: bool(job.sent))
    assert job.sent == [{"command": "table", "season": season_id}]
    jobs.says(job.id, "failed", season=season_id, reason="another version played it")
    assert "another version played it" in desktop.toasts.texts()[-1]
    jobs.ends(job.id, is_ok=False, reason="killed")
    clock.tick(60)
    controller.tables.want(season_id)
    qtbot.waitUntil(lambda: jobs.last("table").id != job.id)
