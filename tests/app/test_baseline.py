"""The sequential baseline: measured by playing, kept in the league's folder, stopped when it is told to."""

import json
from datetime import UTC, datetime

import pytest

from app.baseline import FILE_NAME, Baseline, BaselineError, measure_baseline, read_baseline, save_baseline
from app.session import open_league
from game.executors.base import RunControl, RunState
from league.home import Home

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def league(tmp_path):
    with open_league(str(tmp_path)) as league:
        yield league


class Seconds:
    """A clock that goes on by a second whenever it is read."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        self.now += 1.0
        return self.now


def test_what_was_played_in_that_time_is_the_rate(league):
    found = measure_baseline(league, seconds=2.0, clock=Seconds(), today=lambda: NOW)
    assert found.seconds == 2.0
    assert found.matches_per_s == found.matches / 2.0
    assert found.ticks_per_s > 100 * found.matches_per_s
    assert found.players == len(league.library.players())
    assert found.measured == "2026-01-02T03:04:05+00:00"


def test_it_comes_back_from_the_folder(tmp_path):
    home = Home(tmp_path)
    assert read_baseline(home) is None
    baseline = Baseline(10.0, 1000.0, 20, 2.0, 8, NOW.isoformat())
    save_baseline(home, baseline)
    assert read_baseline(home) == baseline


@pytest.mark.parametrize(
    "change",
    [{"matches_per_s": 0}, {"matches_per_s": "fast"}, {"measured": "yesterday"}, {"more": 1}, {"seconds": None}],
)
def test_a_file_that_says_something_else_is_no_baseline(tmp_path, change):
    fields = {"matches_per_s": 1.0, "ticks_per_s": 2.0, "matches": 3, "seconds": 1.0, "players": 2}
    fields |= {"measured": NOW.isoformat(), **change}
    (tmp_path / FILE_NAME).write_text(json.dumps(fields))
    assert read_baseline(Home(tmp_path)) is None


def test_stopped_before_a_match_it_says_so(league):
    control = RunControl()
    control.set(RunState.CANCELLED)
    with pytest.raises(BaselineError, match="stopped"):
        measure_baseline(league, control=control)


def test_one_player_alone_plays_nobody(league):
    for row in league.library.players()[1:]:
        league.library.archive(row)
    with pytest.raises(BaselineError, match="1 compiled"):
        measure_baseline(league)
