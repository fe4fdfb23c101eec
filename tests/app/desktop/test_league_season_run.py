"""A running season as its messages tell it, and the sentences about it."""

import pytest

from app.desktop.league.season_run import Phase, Proofs, SeasonRun, season_label, season_sentence
from tests.league.samples import season

RUN = SeasonRun(3, "job-1", has_visuals=False, workers=1)
PROGRESS = {
    "event": "progress",
    "done": 250,
    "expected": 1000,
    "exact": True,
    "played": 50,
    "matches_per_s": 312.4,
    "eta_s": 2.4,
    "faults": 2,
    "workers": 3,
    "state": "running",
}


def test_a_season_starts_compiles_and_plays():
    run = RUN.after({"event": "compiling", "text": "Compiling the game"})
    assert run.sentence() == "Compiling the game"
    run = run.after({"event": "season_started", "season": 3, "expected": 1000, "exact": True, "workers": 2})
    assert (run.phase, run.sentence()) == (Phase.RUNNING, "Playing with 2 workers")
    run = run.after(PROGRESS)
    assert run.share == 0.25
    assert run.numbers() == "250 of 1,000 matches · 312/s · 2 s left · 2 faults"


def test_an_upper_bound_is_called_one():
    run = RUN.after({**PROGRESS, "exact": False, "faults": 0})
    assert run.numbers().startswith("250 of at most 1,000 matches")


@pytest.mark.parametrize(
    ("state", "phase", "words"),
    [("paused", Phase.PAUSED, "Paused"), ("stopping", Phase.STOPPING, "Stopping after the running matches…")],
)
def test_the_process_says_that_it_pauses_or_stops(state, phase, words):
    run = RUN.after({**PROGRESS, "state": state})
    assert (run.phase, run.sentence()) == (phase, words)


def test_who_was_told_to_stop_at_once_does_not_go_back_to_stopping():
    from dataclasses import replace

    run = replace(RUN, phase=Phase.CANCELLING).after({**PROGRESS, "state": "stopping"})
    assert run.phase is Phase.CANCELLING


def test_a_shown_match_is_awaited_until_it_is_stored():
    run = RUN.after({"event": "show", "match": 12})
    assert run.shown == 12
    assert run.after({"event": "stored", "match": 11}).shown == 12
    assert run.after({"event": "stored", "match": 12}).shown is None


def test_the_list_says_what_is_not_as_expected():
    complete, stopped = season(id=1, state="complete"), season(id=2, state="stopped", planned_matches=40)
    assert season_label(complete, is_running=False) == "1: Spring"
    assert season_label(stopped, is_running=False) == "2 (unfinished): Spring"
    assert season_label(stopped, is_running=True) == "2 (running): Spring"
    assert season_sentence(complete, 1) == "Complete: 1 match"
    assert season_sentence(stopped, 12) == "Unfinished: 12 of 40 matches are stored"


def test_a_match_stored_otherwise_than_it_was_seen_is_noticed_whichever_comes_first():
    proofs = Proofs()
    assert not proofs.saw(0, 77)
    assert not proofs.stored(0, 77)
    assert not proofs.saw(1, 5)
    assert proofs.stored(1, 6)
    assert not proofs.stored(2, 8)
    assert proofs.saw(2, 9)


def test_a_match_that_was_never_seen_is_not_compared_with_another():
    proofs = Proofs()
    for match in range(100):
        assert not proofs.stored(match, match)
    assert not proofs.saw(0, 1)  # long forgotten
    assert proofs.saw(99, 1)
