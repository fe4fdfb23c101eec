"""The job's end of the line."""

import io
import json
import threading

import pytest

from app.jobs.channel import Channel
from game.executors.base import RunState


def lines(events: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in events.getvalue().splitlines()]


class Gone(io.StringIO):
    """Nobody reads here any more."""

    def write(self, text: str) -> int:
        raise BrokenPipeError


class Held(io.StringIO):
    """A reader that does not read until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.reached = threading.Event()
        self.released = threading.Event()

    def write(self, text: str) -> int:
        self.reached.set()
        self.released.wait()
        return super().write(text)


def test_events_are_lines_of_json() -> None:
    events = io.StringIO()
    with Channel(io.StringIO(), events) as channel:
        channel.send("log", level="info", text="Zürich\nBern")
        channel.send("ended", state="complete", reason="")
    assert lines(events) == [
        {"event": "log", "level": "info", "text": "Zürich\nBern"},
        {"event": "ended", "state": "complete", "reason": ""},
    ]
    assert events.getvalue().isascii()


def test_a_reader_that_is_gone_does_not_disturb_the_work() -> None:
    channel = Channel(io.StringIO(), Gone())
    for _ in range(3):
        channel.send("progress", done=1)
    channel.close()
    channel.send("progress", done=2)


def test_a_reader_that_stands_still_holds_nothing_up_and_misses_only_old_progress() -> None:
    events = Held()
    channel = Channel(io.StringIO(), events)
    channel.send("log", text="first")
    assert events.reached.wait(30)
    for done in range(2000):
        channel.send("progress", done=done)
    channel.send("fault", text="last")
    events.released.set()
    channel.close(30)
    told = lines(events)
    assert told[0] == {"event": "log", "text": "first"}
    assert told[-1] == {"event": "fault", "text": "last"}
    assert told[-2] == {"event": "progress", "done": 1999}
    assert len(told) < 300


def listened(channel: Channel) -> None:
    """Let the channel read all its commands, in this thread."""
    channel._listen()


def test_commands_about_the_run_act_on_its_control_and_others_wait() -> None:
    channel = Channel(
        io.StringIO('{"command":"pause"}\nnonsense\n[1]\n{"command":"workers","count":2}\n'), io.StringIO()
    )
    listened(channel)
    assert channel.take_commands() == [{"command": "workers", "count": 2}]
    assert channel.control.state is RunState.STOPPING  # stdin has ended
    assert not channel.is_open
    channel.close()


def test_a_detached_job_does_not_stay_paused_when_nobody_can_resume_it() -> None:
    channel = Channel(io.StringIO('{"command":"pause"}\n{"command":"detach"}\n'), io.StringIO())
    listened(channel)
    assert channel.control.state is RunState.RUNNING
    channel.close()


def test_a_detached_job_outlives_its_starter() -> None:
    channel = Channel(io.StringIO('{"command":"detach"}\n'), io.StringIO())
    listened(channel)
    assert channel.control.state is RunState.RUNNING
    channel.close()


def test_a_handler_gets_what_has_waited_and_what_comes_also_of_the_run(caplog: pytest.LogCaptureFixture) -> None:
    channel = Channel(io.StringIO(), io.StringIO())
    got: list[object] = []

    def handle(message: object) -> None:
        got.append(message)
        if len(got) == 3:
            raise KeyError("a handler's own mistake")

    for line in ('{"command":"detach"}', '{"command":"a"}'):
        channel._take(line)
    channel.hand_commands_to(handle)
    for line in ('{"command":"pause"}', '{"command":"b"}'):
        channel._take(line)
    assert got == [{"command": name} for name in ("a", "detach", "pause", "b")]
    assert channel.control.state is RunState.PAUSED
    assert "a handler's own mistake" in caplog.text
    assert channel.take_commands() == []
    channel.close()
