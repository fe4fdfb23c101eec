"""What the Training dock knows of runs: rows of the league, messages of jobs, and who wins when they differ."""

import json
from typing import Any

import pytest

from ai.trainer import trainer
from app.desktop.training import card_text
from app.desktop.training.cards import Phase, RunBook, RunCard, card_of
from league.schema import RunRow

ES = trainer("es")


def row(run: str = "es-1", state: str = "stopped", name: str = "first", **summary: Any) -> RunRow:
    return RunRow(
        id=run,
        trainer="es",
        game="rally",
        name=name,
        seed=7,
        config_json='{"children": 8}',
        state=state,
        folder=f"runs/{run}",
        summary_json=json.dumps(summary),
    )


def started(run: str = "es-1", step: int = 0, name: str = "first") -> dict[str, Any]:
    return {
        "event": "run_started",
        "run": run,
        "trainer": "es",
        "name": name,
        "folder": "/x",
        "seed": 7,
        "step": step,
        "config": {"children": 8},
    }


def progress(done: int, **more: Any) -> dict[str, Any]:
    return {"event": "progress", "run": "es-1", "done": done, "expected": 100, "eta_s": 9.0, "seconds": 4.0, **more}


@pytest.fixture
def book() -> RunBook:
    return RunBook()


def begin(book: RunBook, run: str | None = None, job: str = "job-1") -> str:
    return book.begin(job, run, name="first", trainer="es", workers=2)


def only(book: RunBook) -> RunCard:
    (card,) = book.cards()
    return card


def test_a_row_is_read_with_its_summary() -> None:
    champion = {"hash": "ab", "step": 30, "file": "champions/x", "fitness": 0.75}
    card = card_of(
        row(step=40, expected=100, seconds=12.5, metrics={"best": 0.8}, champion=champion, reason="the disk is full")
    )
    assert (card.step, card.expected, card.seconds, card.progress) == (40, 100, 12.5, 0.4)
    assert card.champion is not None
    assert card.champion.fitness == 0.75
    assert (card.values, card.config, card.seed) == ({"best": 0.8}, {"children": 8}, 7)
    assert (card.phase, card.reason) == (Phase.STOPPED, "the disk is full")


@pytest.mark.parametrize("summary", ["", "[]", "{", "null"])
def test_a_summary_that_cannot_be_read_is_empty(summary: str) -> None:
    broken = RunRow(
        id="a", trainer="es", game="rally", name="a", seed=1, config_json="no", state="odd", folder="f",
        summary_json=summary,
    )  # fmt: skip
    card = card_of(broken)
    assert (card.step, card.champion, card.config, card.phase) == (0, None, {}, Phase.STOPPED)


def test_active_runs_come_first_then_the_newest(book: RunBook) -> None:
    book.set_rows([row("es-1", "running"), row("es-2", "complete"), row("es-3", "stopped")])
    begin(book)
    assert [card.run for card in book.cards()] == ["job-1", "es-1", "es-3", "es-2"]


def test_a_new_run_gets_its_own_name_when_it_has_one(book: RunBook) -> None:
    assert begin(book) == "job-1"
    assert only(book).phase is Phase.STARTING
    assert book.take("job-1", started(name="called by the trainer")) == "es-1"
    card = only(book)
    assert (card.run, card.name, card.phase, card.job) == ("es-1", "called by the trainer", Phase.RUNNING, "job-1")
    assert book.run_of("job-1") == "es-1"


def test_messages_of_the_job_move_the_card(book: RunBook) -> None:
    begin(book)
    book.take("job-1", started())
    book.take("job-1", {"event": "metrics", "run": "es-1", "step": 5, "values": {"best": 0.5, "mean": 0.1}})
    book.take("job-1", {"event": "metrics", "run": "es-1", "step": 6, "values": {"best": 0.6}})
    book.take("job-1", progress(6))
    book.take("job-1", {"event": "champion", "run": "es-1", "hash": "cd", "file": "f", "step": 6, "fitness": 0.6})
    card = only(book)
    assert (card.step, card.progress, card.eta_s) == (6, 0.06, 9.0)
    assert card.values == {"best": 0.6, "mean": 0.1}
    assert card.champion is not None
    assert card.champion.step == 6


def test_messages_of_other_jobs_are_none_of_its_business(book: RunBook) -> None:
    assert book.take("job-9", started()) is None
    assert book.end("job-9", "", is_ok=True) is None
    assert book.cards() == []


def test_rows_do_not_overwrite_what_a_job_of_this_window_says(book: RunBook) -> None:
    begin(book)
    book.take("job-1", started())
    book.take("job-1", progress(60))
    book.set_rows([row("es-1", "running", step=10, expected=100)])
    card = only(book)
    assert (card.step, card.job, card.is_stored) == (60, "job-1", True)
    book.set_rows([])
    assert only(book).step == 60
    book.end("job-1", "", is_ok=True)
    book.set_rows([])
    assert book.cards() == []


def test_a_run_that_is_starting_survives_a_look_at_the_league(book: RunBook) -> None:
    begin(book)
    book.set_rows([row("es-7", "complete")])
    assert [card.run for card in book.cards()] == ["job-1", "es-7"]


def test_pause_and_stop_hold_until_the_job_says_otherwise(book: RunBook) -> None:
    begin(book)
    book.take("job-1", started())
    book.want("es-1", Phase.PAUSED)
    book.take("job-1", progress(7))
    assert only(book).phase is Phase.PAUSED
    assert only(book).can_resume
    book.want("es-1", Phase.STOPPING)
    book.take("job-1", {"event": "ended", "run": "es-1", "state": "stopped", "reason": ""})
    assert only(book).phase is Phase.STOPPED


def test_a_run_can_go_on_only_once_its_last_job_is_gone(book: RunBook) -> None:
    begin(book)
    book.take("job-1", started())
    book.take("job-1", {"event": "ended", "run": "es-1", "state": "stopped", "reason": ""})
    assert not only(book).can_resume
    book.end("job-1", "", is_ok=True)
    assert only(book).can_resume


def test_a_job_that_dies_without_a_word_leaves_a_failed_run_that_can_be_resumed(book: RunBook) -> None:
    begin(book)
    book.take("job-1", started())
    book.end("job-1", "the process was killed", is_ok=False)
    card = only(book)
    assert (card.phase, card.reason, card.job, card.can_resume) == (Phase.FAILED, "the process was killed", None, True)
    book.set_rows([row("es-1", "interrupted", step=10)])
    assert (only(book).phase, only(book).reason) == (Phase.INTERRUPTED, "the process was killed")


def test_resuming_forgets_the_reason_and_keeps_what_was_reached(book: RunBook) -> None:
    book.set_rows([row("es-1", "failed", step=40, expected=100, reason="the disk is full")])
    assert begin(book, "es-1") == "es-1"
    card = only(book)
    assert (card.phase, card.reason, card.step, card.can_resume) == (Phase.STARTING, "", 40, False)
    book.take("job-1", started(step=30))
    assert (only(book).phase, only(book).step) == (Phase.RUNNING, 30)


def test_a_resume_that_is_refused_says_why(book: RunBook) -> None:
    book.set_rows([row("es-1", "stopped", step=40)])
    begin(book, "es-1")
    book.take("job-1", {"event": "ended", "run": None, "state": "failed", "reason": "opponent 'x' is gone"})
    book.end("job-1", "opponent 'x' is gone", is_ok=False)
    book.set_rows([row("es-1", "stopped", step=40)])
    assert (only(book).phase, only(book).reason) == (Phase.STOPPED, "opponent 'x' is gone")


def test_a_run_that_never_began_can_be_forgotten_and_a_stored_one_cannot(book: RunBook) -> None:
    book.set_rows([row("es-1")])
    begin(book)
    book.end("job-1", "no disk", is_ok=False)
    book.forget("job-1")
    book.forget("es-1")
    assert [card.run for card in book.cards()] == ["es-1"]


@pytest.mark.parametrize(
    ("state", "pause", "resume", "stop"),
    [
        *(("running", False, False, False), ("paused", False, False, False), ("stopped", False, True, False)),
        *(("interrupted", False, True, False), ("failed", False, True, False), ("complete", False, False, False)),
    ],
)
def test_what_can_be_done_with_a_run_of_no_job_of_ours(state: str, pause: bool, resume: bool, stop: bool) -> None:
    card = card_of(row(state=state))
    assert (card.can_pause, card.can_resume, card.can_stop) == (pause, resume, stop)
    assert card.is_elsewhere == (state in {"running", "paused"})


def test_workers_of_running_jobs_are_counted(book: RunBook) -> None:
    begin(book)
    begin(book, job="job-2")
    assert book.workers() == 4
    book.end("job-2", "", is_ok=True)
    assert book.workers() == 2


# Words


def running(**changes: Any) -> RunCard:
    fields = {"run": "es-1", "name": "first", "trainer": "es", "phase": Phase.RUNNING, "job": "job-1", **changes}
    return RunCard(**fields)


def test_how_far_is_said_in_the_trainers_unit() -> None:
    assert card_text.step_text(running(step=43, expected=1000), ES) == f"43 of 1,000 {ES.step_unit}"
    assert card_text.step_text(running(step=43), None) == "43 steps"


def test_time_left_is_said_while_it_runs() -> None:
    assert card_text.time_text(running(seconds=62.0, eta_s=30.0)) == "1 min 2 s, 30 s left"
    assert card_text.time_text(running(seconds=62.0, eta_s=30.0, phase=Phase.PAUSED)) == "1 min 2 s"


def test_key_metrics_are_the_trainers_headlines_first() -> None:
    values = {spec.name: 0.5 for spec in ES.metrics if not spec.is_family}
    shown = [spec.name for spec, _ in card_text.key_metrics(running(values=values), ES)]
    headlines = [spec.name for spec in ES.metrics if spec.is_headline and spec.name in values]
    assert shown[: len(headlines)] == headlines[:4]
    assert len(shown) == 4
    assert not any(name.endswith("_per_s") for name in shown)
    assert card_text.key_metrics(running(values=values), None) == []


def test_throughput_is_the_first_rate() -> None:
    assert card_text.throughput_text(running(values={"matches_per_s": 3512.3}), ES) == "3,512 matches/s"
    assert card_text.throughput_text(running(), ES) == ""


def test_a_reason_is_always_a_sentence() -> None:
    assert "last checkpoint" in card_text.reason_text(running(phase=Phase.INTERRUPTED, job=None))
    assert "log" in card_text.reason_text(running(phase=Phase.FAILED, job=None))
    assert card_text.reason_text(running(phase=Phase.FAILED, reason="no disk")) == "no disk"
    assert "Another program" in card_text.reason_text(running(job=None))
    assert card_text.reason_text(running()) == ""


@pytest.mark.parametrize(("seconds", "text"), [(30, "30 s"), (300, "5 min"), (7200, "2 h")])
def test_a_rough_time_has_one_unit(seconds: float, text: str) -> None:
    assert card_text.rough_duration(seconds) == text
