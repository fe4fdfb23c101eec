"""A season in a job: steered, shown and switched at odd moments, it is the season that was never touched."""

import base64
import contextlib
import io
import itertools
import json
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from app.jobs.channel import Channel
from app.jobs.season_events import SeasonEvents
from app.jobs.season_job import SeasonJob, SeasonRequest, run_season_job
from app.jobs.stage import Stage
from app.session import League
from game.executors.base import ExecutorSettings, RunControl, RunState
from game.executors.serial import SerialExecutor
from game.games import game as game_named
from game.policies.file import PlayerFile
from game.spec import Seat, Termination
from game.tape import Tape
from game.timeline import Timeline
from league.config import SeasonConfig
from league.errors import SecondWriterError, UnknownRowError
from league.home import Home
from league.season import Season
from league.store import Store, writer_lock
from league.summary import summarise
from tests import doubles
from tests.league.seasons import hashes, library, python_bot

PAIRS = 4
GAME = game_named("rally")
UNSTEADY = """
import os
class Bot:
    def decide(self, observation):
        return os.urandom(1)[0] % 3
"""


class SmallPool(SerialExecutor):
    """Stands where the pool stands: chunks of five matches, and a number of workers that is only noted."""

    def __init__(self) -> None:
        super().__init__(ExecutorSettings(batch_size=5, limits=doubles.PATIENT))
        self.wanted = 1

    def set_workers(self, count: int) -> None:
        self.wanted = ExecutorSettings(workers=count).workers


@dataclass
class Window:
    """Hears the job's events, and answers them as ``react`` says, at once."""

    react: Callable[["Window", dict[str, Any]], None] = lambda window, message: None
    events: list[dict[str, Any]] = field(default_factory=list)
    job: SeasonJob | None = None
    control: RunControl = field(default_factory=RunControl)

    def send(self, event: str, **data: Any) -> None:
        message = json.loads(json.dumps({"event": event, **data}, allow_nan=False))
        self.events.append(message)
        self.react(self, message)

    def command(self, command: str, **data: Any) -> None:
        states = {"pause": RunState.PAUSED, "resume": RunState.RUNNING, "stop": RunState.STOPPING}
        if command in states:
            self.control.set(states[command])
        if self.job is not None:
            self.job.obey({"command": command, **data})

    def named(self, event: str) -> list[dict[str, Any]]:
        return [message for message in self.events if message["event"] == event]


@contextmanager
def open_small_league(folder: Path, *more: PlayerFile) -> Iterator[League]:
    """A league with the scripted bots and ``more``, and season 1 of three of them and of ``more``."""
    folder.mkdir(exist_ok=True)
    with Store.open(folder / "league.db") as store:
        players = library(folder, store)
        for player in more:
            players.add(player)
        rows = [players.find(name) for name in ("tracker", "predictor", "aimer", *(player.name for player in more))]
        if not store.seasons():
            config = SeasonConfig(players=hashes(rows), pairs=PAIRS, points=2, resamples=100)
            Season.create(store, config, "small")
        yield League(Home.find(str(folder)), store, players)


def make_job(window: Window, *, is_on_screen: bool = False) -> SeasonJob:
    request = SeasonRequest(1, limits=doubles.PATIENT, is_on_screen=is_on_screen)
    events = SeasonEvents(1, window.send, window.control)
    window.job = SeasonJob(request, events, SmallPool(), Stage(window.control, is_on_screen=is_on_screen))
    return window.job


def quick_clock() -> Callable[[], float]:
    """Return a clock that passes a twentieth of a second whenever it is looked at."""
    return itertools.count(0.0, 0.05).__next__


def came_to(league: League) -> tuple[str, str, list[tuple[int, int, int]]]:
    """Return rows, standings and faults of season 1."""
    season = Season.load(league.store, 1)
    season.replay_stored()
    summary = summarise(league.store, season)
    faults = [(fault.match_id, int(fault.seat), int(fault.termination)) for fault in summary.faults]
    return summary.rows_sha256, repr([line.standing for line in summary.lines]), faults


def untouched(folder: Path, *more: PlayerFile) -> tuple[str, str, list[tuple[int, int, int]]]:
    """Return what the same season comes to in one go, without a job."""
    with open_small_league(folder, *more) as league, SerialExecutor() as executor:
        season = Season.load(league.store, 1)
        assert season.run(executor, league.library.policies(season.players))
        return came_to(league)


def show_at_once(window: Window, message: dict[str, Any]) -> None:
    if message["event"] == "show":
        window.command("shown", match=message["match"])


def test_in_the_pool_it_is_the_season_of_the_command_line(tmp_path: Path) -> None:
    window = Window()
    with open_small_league(tmp_path / "job") as league:
        assert make_job(window).play(league, clock=quick_clock())
        result = came_to(league)
    assert result == untouched(tmp_path / "plain")
    assert window.events[0]["event"] == "season_started"
    last = window.named("progress")[-1]
    assert (last["done"], last["expected"], last["exact"], last["played"]) == (24, 24, True, 24)
    assert window.named("ratings")[-1]["match"] == 23
    assert len(window.named("ratings")[-1]["ratings"]) == 3
    assert not window.named("show")


def test_on_the_screen_every_match_is_shown_once_in_order_and_stored_as_shown(tmp_path: Path) -> None:
    window = Window(show_at_once)
    with open_small_league(tmp_path / "job") as league:
        assert make_job(window, is_on_screen=True).play(league, clock=quick_clock())
        result = came_to(league)
        policies = league.library.policies(Season.load(league.store, 1).players)
    assert result == untouched(tmp_path / "plain")
    assert [message["match"] for message in window.named("show")] == list(range(24))
    assert [message["match"] for message in window.named("stored")] == list(range(24))
    for shown, stored in zip(window.named("show"), window.named("stored"), strict=True):
        course = Timeline(GAME, (policies[shown["left"]], policies[shown["right"]]), shown["seed"], shown["points"])
        while not course.scan(10_000):
            pass
        course.seek(course.length)
        row = course.match.result(shown["match"], shown["left"], shown["right"])[0]
        assert f"{int(row['state_hash']):016x}" == stored["state_hash"]
        assert (int(row["outcome"]), row["points"].tolist()) == (stored["outcome"], stored["score"])


def test_a_match_is_stored_before_the_next_one_is_shown(tmp_path: Path) -> None:
    counts: list[tuple[int, int]] = []

    with open_small_league(tmp_path) as league:

        def count(window: Window, message: dict[str, Any]) -> None:
            if message["event"] == "show":
                counts.append((message["match"], league.store.count_matches(1)))
                show_at_once(window, message)

        make_job(Window(count), is_on_screen=True).play(league)
    assert counts == [(match, match) for match in range(24)]


@pytest.mark.parametrize("seed", range(5))
def test_switching_at_odd_moments_loses_repeats_and_changes_nothing(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    switches = itertools.count()

    def wobble(window: Window, message: dict[str, Any]) -> None:
        if message["event"] in ("show", "stored", "progress", "ratings") and chance.random() < 0.4:
            for _ in range(chance.randrange(1, 4)):
                window.command("visuals", on=chance.random() < 0.7)
                next(switches)
        if message["event"] == "show":
            if chance.random() < 0.5:
                window.command("shown", match=message["match"])
            else:
                window.command("visuals", on=False)

    window = Window(wobble)
    with open_small_league(tmp_path / "job") as league:
        assert make_job(window, is_on_screen=True).play(league, clock=quick_clock())
        result = came_to(league)
        ids = league.store.find_match_ids(1).tolist()
    assert next(switches) > 10
    assert window.named("show")
    assert ids == list(range(24))
    assert result == untouched(tmp_path / "plain")
    assert window.named("progress")[-1]["played"] == 24


def test_what_a_python_bot_does_is_shown_from_a_tape_and_stored_as_on_the_tape(tmp_path: Path) -> None:
    shown: dict[int, dict[str, Any]] = {}

    def note(window: Window, message: dict[str, Any]) -> None:
        if message["event"] == "show":
            shown[message["match"]] = message
            if len(shown) == 3:
                window.command("visuals", on=False)  # this one was played already: it counts
            elif len(shown) < 3:
                window.command("shown", match=message["match"])
        if message["event"] == "ratings" and len(shown) == 3:
            window.command("stop")

    bot = python_bot(UNSTEADY, "unsteady")
    with open_small_league(tmp_path, bot) as league:
        season = Season.load(league.store, 1)
        place = [player.name for player in season.players].index("unsteady")
        make_job(Window(note), is_on_screen=True).play(league, clock=quick_clock())
        policies = league.library.policies(season.players)
        taped = {match: message for match, message in shown.items() if place in (message["left"], message["right"])}
        assert set(taped) == {match for match, message in shown.items() if message["tape"] is not None}
        for match, message in taped.items():
            tape = Tape.from_bytes(base64.b64decode(message["tape"]))
            seats = tuple(policies[message[seat.name.lower()]] for seat in Seat)
            course = Timeline(GAME, seats, message["seed"], message["points"], tape)
            while not course.scan(10_000):
                pass
            course.seek(course.length)
            assert course.verify(league.store.match_row(1, match)).is_same
        assert taped


def test_a_bot_that_fails_is_told_and_forfeits(tmp_path: Path) -> None:
    window = Window(show_at_once)
    bot = python_bot(doubles.deciding("return 1 / 0"), "broken")
    with open_small_league(tmp_path, bot) as league:
        assert make_job(window, is_on_screen=True).play(league, clock=quick_clock())
        stored = league.store.faults(1)
    assert len(stored) == 24  # it meets each of three players in four pairs
    told = window.named("fault")
    assert told[0]["player"] == "broken"
    assert told[0]["text"].startswith("raised an exception: ZeroDivisionError")
    assert window.named("progress")[-1]["faults"] == 24
    tapes = [Tape.from_bytes(base64.b64decode(message["tape"])) for message in window.named("show") if message["tape"]]
    assert len(tapes) == 24
    assert all(Termination.RAISED in tape.terminations for tape in tapes)


def test_stop_leaves_the_shown_match_for_later(tmp_path: Path) -> None:
    def stop(window: Window, message: dict[str, Any]) -> None:
        if message["event"] == "show":
            if message["match"] == 5:
                window.command("stop")
            else:
                window.command("shown", match=message["match"])

    with open_small_league(tmp_path / "job") as league:
        assert not make_job(Window(stop), is_on_screen=True).play(league)
        assert league.store.find_match_ids(1).tolist() == [0, 1, 2, 3, 4]
        assert league.store.season(1).state == "stopped"
        assert make_job(Window()).play(league)
        assert came_to(league) == untouched(tmp_path / "plain")


def test_a_stale_answer_is_not_taken_for_the_match_on_the_screen(tmp_path: Path) -> None:
    def answer_the_last(window: Window, message: dict[str, Any]) -> None:
        if message["event"] == "show":
            window.command("shown", match=message["match"] - 1)
            threading.Timer(0.0, window.command, ("stop",)).start()

    window = Window(answer_the_last)
    with open_small_league(tmp_path) as league:
        assert not make_job(window, is_on_screen=True).play(league)
        assert league.store.count_matches(1) == 0
    assert len(window.named("show")) == 1


def test_detaching_takes_the_season_off_the_screen(tmp_path: Path) -> None:
    def leave(window: Window, message: dict[str, Any]) -> None:
        if message["event"] == "show":
            window.command("detach")

    window = Window(leave)
    with open_small_league(tmp_path) as league:
        assert make_job(window, is_on_screen=True).play(league)
    assert len(window.named("show")) == 1


def test_pausing_is_told_at_once_and_holds_the_next_match(tmp_path: Path) -> None:
    held: list[str] = []

    def pause(window: Window, message: dict[str, Any]) -> None:
        if message["event"] == "stored" and message["match"] == 2:
            window.command("pause")
            held.append(window.events[-1]["state"])
            threading.Timer(0.0, window.command, ("resume",)).start()
        show_at_once(window, message)

    window = Window(pause)
    with open_small_league(tmp_path) as league:
        assert make_job(window, is_on_screen=True).play(league)
    assert held == ["paused"]
    assert len(window.named("stored")) == 24


def test_workers_change_at_once_and_an_impossible_number_is_answered(tmp_path: Path) -> None:
    window = Window()
    job = make_job(window)
    job.obey({"command": "workers", "count": 3})
    job.obey({"command": "workers", "count": 0})
    job.obey({"command": "dance"})
    assert job._pool.wanted == 3
    texts = [message["text"] for message in window.named("log")]
    assert texts[0] == "workers is 0: 1 to 256 are allowed, or 'auto'"
    assert "'dance'" in texts[1]


def test_ratings_and_progress_are_told_no_more_often_than_promised(tmp_path: Path) -> None:
    now = [0.0]
    window = Window()
    with open_small_league(tmp_path) as league:
        assert make_job(window).play(league, clock=lambda: now[0])
    assert len(window.named("progress")) <= 3  # the first, and the last of the run and of all
    assert len(window.named("ratings")) <= 2


def channel_and_events(commands: str = "") -> tuple[Channel, io.StringIO]:
    events = io.StringIO()
    return Channel(io.StringIO(commands), events), events


def test_every_end_is_told_with_its_reason(tmp_path: Path) -> None:
    with open_small_league(tmp_path):
        pass
    reasons = []
    for season_id in (1, 7):
        channel, events = channel_and_events()
        with contextlib.suppress(UnknownRowError):
            run_season_job(str(tmp_path), SeasonRequest(season_id), channel)
        channel.close()
        last = json.loads(events.getvalue().splitlines()[-1])
        assert last["event"] == "ended"
        reasons.append((last["state"], last["reason"]))
    assert reasons == [
        ("complete", "season 1 is complete: 24 matches"),
        ("failed", "there is no season 7: the numbers are in the list of seasons"),
    ]


def test_a_second_writer_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with open_small_league(tmp_path):
        pass
    channel, events = channel_and_events()
    with writer_lock(tmp_path), pytest.raises(SecondWriterError) as refused:
        run_season_job(str(tmp_path), SeasonRequest(1), channel)
    channel.close()
    last = json.loads(events.getvalue().splitlines()[-1])
    assert (last["state"], last["reason"]) == ("failed", str(refused.value))
    assert "is being written by process" in last["reason"]


def test_the_end_of_stdin_stops_the_season(tmp_path: Path) -> None:
    with open_small_league(tmp_path):
        pass
    channel, events = channel_and_events('{"command":"visuals","on":true}\n')
    channel.start()
    assert not run_season_job(str(tmp_path), SeasonRequest(1), channel)
    channel.close()
    assert json.loads(events.getvalue().splitlines()[-1])["state"] == "stopped"
