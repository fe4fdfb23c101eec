"""A season's table as a message, once and again as the season grows."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.jobs.channel import Channel
from app.jobs.table_job import TableJob, table_message
from app.session import League
from game.executors.base import RunState
from game.executors.serial import SerialExecutor
from league.errors import UnknownRowError
from league.home import Home
from league.season import Season
from league.store import Store
from league.summary import summarise
from tests.league.seasons import hashes, library


@pytest.fixture
def league(tmp_path: Path) -> Iterator[League]:
    """A league with season 1 of four bots, complete."""
    from league.config import SeasonConfig

    with Store.open(tmp_path / "league.db") as store:
        players = library(tmp_path, store)
        rows = [players.find(name) for name in ("still", "tracker", "predictor", "aimer")]
        season = Season.create(store, SeasonConfig(players=hashes(rows), pairs=6, points=1, resamples=100), "small")
        with SerialExecutor() as executor:
            season.run(executor, players.policies(season.players))
        yield League(Home.find(str(tmp_path)), store, players)


class BriefChannel(Channel):
    """Wants its job to stop after some events."""

    def __init__(self, events: io.StringIO, stops_after: int) -> None:
        super().__init__(io.StringIO(), events)
        self._left = stops_after

    def send(self, event: str, **data: Any) -> None:
        super().send(event, **data)
        self._left -= 1
        if self._left == 0:
            self.control.set(RunState.STOPPING)


class Line:
    """A channel whose events can be read."""

    def __init__(self, stops_after: int = 0) -> None:
        self._events = io.StringIO()
        self.channel = BriefChannel(self._events, stops_after)

    def told(self) -> list[dict[str, Any]]:
        self.channel.close(30)
        return [json.loads(line) for line in self._events.getvalue().splitlines()]


def test_the_message_holds_what_the_summary_holds(league: League) -> None:
    season = Season.load(league.store, 1)
    season.replay_stored()
    summary = summarise(league.store, season)
    message = json.loads(json.dumps(table_message(season, summary), allow_nan=False))
    assert [line["position"] for line in message["lines"]] == list(summary.order)
    first = message["lines"][0]
    assert message["players"][first["position"]]["name"] == "aimer"
    assert first["low"] < first["rating"] < first["high"]
    assert first["wins"] + first["draws"] + first["losses"] == first["games"] == 36
    assert (message["matches"], message["expected"], message["complete"]) == (72, 72, True)
    assert message["rows_sha256"] == summary.rows_sha256
    assert len(message["cells"]) == 6
    for cell in message["cells"]:
        assert cell["row"] < cell["column"]
        found = summary.cell(cell["row"], cell["column"])
        assert found is not None
        assert (cell["wins"], cell["draws"], cell["losses"]) == (found.wins, found.draws, found.losses)
        assert cell["los"] == round(found.estimate.los, 4)
        assert cell["pairs"] == 6
    assert len(message["history"][-1][1]) == 4


def test_a_table_that_takes_long_begins_without_intervals(league: League) -> None:
    line = Line()
    TableJob(league, line.channel, is_quick_first=True, long_s=0.0).answer(1)
    quick, full = line.told()
    assert (quick["quick"], full["quick"]) == (True, False)
    assert [each["rating"] for each in quick["lines"]] == [each["rating"] for each in full["lines"]]
    assert all(each["low"] == each["rating"] == each["high"] for each in quick["lines"])
    assert any(each["low"] < each["high"] for each in full["lines"])


def test_a_short_table_comes_at_once_and_only_once(league: League) -> None:
    line = Line()
    TableJob(league, line.channel, is_quick_first=True).answer(1)
    assert [message["quick"] for message in line.told()] == [False]


def test_a_table_is_made_again_only_when_the_season_has_changed(league: League) -> None:
    line = Line()
    job = TableJob(league, line.channel, is_quick_first=False)
    job.answer(1)
    made = job._made
    job.answer(1)
    assert job._made is made
    league.store.set_season_state(1, "stopped")
    job.answer(1)
    assert job._made is not made
    assert [message["state"] for message in line.told()] == ["complete", "complete", "stopped"]


def test_an_unknown_season_is_an_error_at_the_start_and_an_answer_later(league: League) -> None:
    line = Line()
    job = TableJob(league, line.channel, is_quick_first=False)
    with pytest.raises(UnknownRowError):
        job.answer(9)
    job._try_to_answer(9)
    assert line.told() == [
        {"event": "failed", "season": 9, "reason": "there is no season 9: the numbers are in the list of seasons"}
    ]


def test_of_several_requests_the_newest_is_answered_and_a_stop_ends_the_service(league: League) -> None:
    line = Line(stops_after=1)
    job = TableJob(league, line.channel, is_quick_first=False)
    for season in (9, 8, 1):
        line.channel._take(json.dumps({"command": "table", "season": season}))
    job.serve()
    assert [(message["event"], message["season"]) for message in line.told()] == [("table", 1)]


def test_the_end_of_stdin_ends_the_service(league: League) -> None:
    line = Line()
    line.channel.start()
    TableJob(league, line.channel, is_quick_first=False).serve()
    assert line.told() == []
