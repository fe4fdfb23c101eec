"""What a training run tells: to a person, and over a channel."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ai.training import ChampionKept, DetailsKept, RunStarted
from app.jobs.channel import Channel
from app.train_views import ChannelView
from tests.ai.fakes import Stage, open_stage


class Events(io.StringIO):
    """What a job writes on stdout."""

    @property
    def told(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.getvalue().splitlines()]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with open_stage(tmp_path) as made:
        yield made


@pytest.fixture
def events() -> Events:
    return Events()


@pytest.fixture
def channel(events: Events) -> Channel:
    return Channel(io.StringIO(), events)


def test_every_event_of_a_run_is_sent(stage, channel, events):
    run, view = stage.create(), ChannelView(channel)
    stage.train(run, view.on_event)
    channel.close()
    names = [event["event"] for event in events.told]
    assert set(names) == {"run_started", "metrics", "progress", "champion", "details", "ended"}
    assert (names[0], names[-1]) == ("run_started", "ended")
    assert {event["run"] for event in events.told} == {run.id}
    details = [event for event in events.told if event["event"] == "details"][-1]
    assert details["details"]["path"] == run.folder.details()["path"].value
    assert details["step"] == 12


def test_a_run_that_goes_on_has_its_champion_to_send(stage, channel, events):
    run, view = stage.create(), ChannelView(channel)
    stage.stop_at(run, 7)
    kept = run.folder.champions()[-1]
    view.obey({"command": "champion"})
    view.on_event(RunStarted(run, 7, ChampionKept(kept, 0.5)))
    view.obey({"command": "champion"})
    view.on_event(DetailsKept(7, {}))
    channel.close()
    assert events.told[0]["text"] == "there is no champion yet"
    sent = events.told[2]
    assert (sent["event"], sent["hash"], sent["step"], sent["fitness"]) == ("champion", kept.hash, 6, 0.5)


def test_a_failure_is_told_once(channel, events):
    view = ChannelView(channel)
    view.fail("no such player")
    view.fail("again")
    channel.close()
    assert [(event["state"], event["reason"]) for event in events.told] == [("failed", "no such player")]
