"""What a list of jobs shows."""

import pytest

from app.jobs.card import JobCard
from app.jobs.message import Message

CARD = JobCard("job-1", "season", "Season 3")


@pytest.mark.parametrize(
    ("message", "state", "progress", "detail"),
    [
        ({"event": "compiling", "text": "compiling ..."}, "running", None, "compiling ..."),
        ({"event": "season_started", "season": 3}, "running", None, ""),
        ({"event": "progress", "done": 1500, "expected": 6000, "state": "running"}, "running", 0.25, "1,500 of 6,000"),
        ({"event": "progress", "done": 7, "expected": 0}, "running", None, "7 of 0"),
        ({"event": "progress", "done": 7, "expected": 5}, "running", 1.0, "7 of 5"),
        ({"event": "progress", "run": "a", "done": 7, "expected": None}, "running", None, ""),
        ({"event": "ended", "state": "complete", "reason": "done"}, "complete", 1.0, "done"),
        ({"event": "ended", "state": "failed", "reason": "locked"}, "failed", None, "locked"),
    ],
)
def test_each_event_changes_what_it_says(message: Message, state: str, progress: float | None, detail: str) -> None:
    card = CARD.after(message)
    assert (card.state, card.progress, card.detail) == (state, progress, detail)
    assert card.title == CARD.title


def test_an_event_that_says_nothing_about_the_state_leaves_a_paused_job_paused() -> None:
    paused = CARD.after({"event": "progress", "done": 1, "expected": 2, "state": "paused"})
    assert paused.after({"event": "ratings"}) == paused


def test_what_the_job_said_last_stays() -> None:
    said = CARD.after({"event": "ended", "state": "stopped", "reason": "as asked"})
    assert said.ended(is_ok=False, reason="exit code 130") == said
    assert not said.is_running
