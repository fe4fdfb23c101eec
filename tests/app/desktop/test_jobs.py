"""The board of jobs: cards, events, ends and the closing of the window, without processes."""

from collections.abc import Sequence
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.desktop.close_dialog import CloseChoice
from app.desktop.jobs import MAX_CARDS, JobBoard
from app.jobs.card import JobCard
from league.home import Home
from tests.app.desktop.doubles import FakeClock


class FakeClient:
    """A job that says and does what a test wants."""

    def __init__(self, clock: FakeClock) -> None:
        self.waiting: list[dict[str, Any]] = []
        self.sent: list[str] = []
        self.code: int | None = None
        self.reason = self.detail = ""
        self.is_detached = self.is_closed = False
        self.obeys = {"stop": 0, "cancel": 0}
        self.cost_s = 0.0
        self._clock = clock

    @property
    def is_running(self) -> bool:
        return self.code is None or bool(self.waiting)

    @property
    def exit_code(self) -> int | None:
        return self.code

    def take(self, budget_s: float = 0.0) -> list[dict[str, Any]]:
        self._clock.tick(self.cost_s)
        return [self.waiting.pop(0)] if self.waiting else []

    def send(self, command: str, **data: Any) -> None:
        self.sent.append(command)
        self.code = self.obeys.get(command, self.code)

    def detach(self) -> None:
        self.is_detached = True

    def terminate(self) -> None:
        self.send("SIGTERM")

    def kill(self) -> None:
        self.sent.append("SIGKILL")
        self.code = -9

    def close(self) -> None:
        self.is_closed = True


class Bench:
    """A board with fake jobs, and what it has told."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.clients: list[FakeClient] = []
        self.commands: list[list[str]] = []
        self.refusal: OSError | None = None
        self.events: list[tuple[str, Any]] = []
        self.ends: list[tuple[str, bool, str]] = []
        self.board = JobBoard(self._start, clock=clock)
        self.board.event.connect(lambda job, message: self.events.append((job, message)))
        self.board.ended.connect(lambda *end: self.ends.append(end))

    def _start(self, arguments: Sequence[str]) -> FakeClient:
        if self.refusal is not None:
            raise self.refusal
        self.commands.append(list(arguments))
        self.clients.append(FakeClient(self.clock))
        return self.clients[-1]

    def card(self, job: str) -> JobCard:
        return next(card for card in self.board.jobs() if card.id == job)

    def until_closed(self, choice: CloseChoice) -> float:
        """Close everything; return how long it took."""
        begin, done = self.clock(), []
        self.board.close_all(choice, lambda: done.append(self.clock()))
        while not done:
            assert self.clock() - begin < 3.0, "closing takes too long"
            self.clock.tick(0.03)
            self.board.drain()
        return float(done[0]) - begin


@pytest.fixture
def bench(qapp: QApplication, clock: FakeClock) -> Bench:
    return Bench(clock)


def test_events_come_to_the_window_and_change_the_card(bench: Bench) -> None:
    job = bench.board.start("Season 3", ["play", "--season", "3"], "season")
    assert bench.commands == [["play", "--season", "3"]]
    assert bench.card(job).state == "starting"
    progress = {"event": "progress", "done": 5, "expected": 20, "eta_s": 7.5, "state": "paused"}
    bench.clients[0].waiting += [{"event": "season_started"}, progress]
    bench.board.drain()
    assert [message["event"] for _, message in bench.events] == ["season_started", "progress"]
    card = bench.card(job)
    assert (card.state, card.progress, card.eta_s, card.detail) == ("paused", 0.25, 7.5, "5 of 20")
    bench.clients[0].code = 0
    bench.board.drain()


@pytest.mark.parametrize(
    ("said", "code", "state", "is_ok", "reason"),
    [
        ({"event": "ended", "state": "complete", "reason": "all played"}, 0, "complete", True, "all played"),
        ({"event": "ended", "state": "stopped", "reason": "as asked"}, 130, "stopped", True, "as asked"),
        ({"event": "ended", "state": "failed", "reason": "locked"}, 2, "failed", False, "locked"),
        ({"event": "table"}, 0, "complete", True, ""),
        ({"event": "table"}, -9, "failed", False, "it was killed"),
    ],
)
def test_an_end_is_what_the_job_said_or_else_what_its_process_came_to(
    bench: Bench, said: dict[str, Any], code: int, state: str, is_ok: bool, reason: str
) -> None:
    job = bench.board.start("Season 3", [], "season")
    client = bench.clients[0]
    client.waiting, client.code, client.reason, client.detail = [said], code, "it was killed", "the log"
    bench.board.drain()
    assert bench.ends == [(job, is_ok, reason)]
    assert bench.card(job).state == state
    assert bench.board.details(job) == "the log"
    assert client.is_closed
    assert not bench.board.running()


def test_the_timer_runs_only_while_jobs_do(bench: Bench) -> None:
    assert not bench.board._timer.isActive()
    bench.board.start("Season 3", [], "season")
    assert bench.board._timer.isActive()
    bench.clients[0].code = 0
    bench.board.drain()
    assert not bench.board._timer.isActive()


def test_a_flood_of_events_takes_some_milliseconds_at_a_time_and_every_job_its_turn(bench: Bench) -> None:
    first, second = (bench.board.start(title, [], "season") for title in "ab")
    for client in bench.clients:
        client.waiting = [{"event": "fault"}] * 100
        client.cost_s = 0.001
    bench.board.drain()
    served = [job for job, _ in bench.events]
    assert served == [first, second] * (len(served) // 2)
    assert len(served) <= 6
    for client in bench.clients:
        client.waiting, client.code = [], 0
    bench.board.drain()


def test_a_slot_may_let_go_of_a_job_while_its_events_come(bench: Bench) -> None:
    bench.board.start("Season 3", [], "season")
    bench.clients[0].waiting = [{"event": "a"}, {"event": "b"}]
    bench.board.event.connect(lambda *_: bench.board.close_all(CloseChoice.BACKGROUND, lambda: None))
    bench.board.drain()
    assert [message["event"] for _, message in bench.events] == ["a"]


def test_a_job_that_cannot_start_has_failed(bench: Bench) -> None:
    bench.refusal = OSError(12, "Cannot allocate memory")
    job = bench.board.start("Season 3", [], "season")
    assert bench.card(job).state == "failed"
    QApplication.processEvents()
    assert bench.ends == [(job, False, "Season 3 cannot start: Cannot allocate memory")]
    bench.board.drain()


def test_commands_reach_their_job_and_none_that_has_ended(bench: Bench) -> None:
    job = bench.board.start("Season 3", [], "season")
    bench.board.send(job, "workers", count=2)
    bench.board.send(job, "stop")
    assert bench.card(job).state == "stopping"
    bench.board.drain()
    bench.board.send(job, "pause")
    assert bench.clients[0].sent == ["workers", "stop"]
    assert bench.ends == [(job, True, "")]
    assert bench.card(job).state == "stopped"


@pytest.mark.parametrize(("code", "is_ok"), [(0, True), (130, True), (-15, True), (1, False), (2, False)])
def test_a_job_that_fails_while_it_stops_has_failed(bench: Bench, code: int, is_ok: bool) -> None:
    job = bench.board.start("Season 3", [], "season")
    bench.clients[0].obeys["stop"] = code
    bench.clients[0].reason = "the disk is full"
    bench.board.send(job, "stop")
    bench.board.drain()
    assert bench.ends == [(job, is_ok, "" if is_ok else "the disk is full")]
    assert bench.card(job).state == ("stopped" if is_ok else "failed")


def test_old_cards_are_forgotten_and_running_ones_are_not(bench: Bench) -> None:
    running = bench.board.start("the first", [], "season")
    for number in range(MAX_CARDS + 5):
        bench.board.start(str(number), [], "season")
        bench.clients[-1].code = 0
        bench.board.drain()
    cards = bench.board.jobs()
    assert len(cards) == MAX_CARDS
    assert cards[0].id == running
    assert cards[-1].title == str(MAX_CARDS + 4)
    bench.clients[0].code = 0
    bench.board.drain()


def test_what_only_serves_the_window_is_no_running_work(bench: Bench) -> None:
    work = bench.board.start("Season 3", [], "season")
    bench.board.start("Table", [], "table", is_work=False)
    assert [card.id for card in bench.board.running()] == [work]
    assert len(bench.board.jobs()) == 2
    bench.until_closed(CloseChoice.BACKGROUND)
    assert [client.is_detached for client in bench.clients] == [True, False]
    assert bench.clients[1].sent == ["stop", "SIGTERM"]


@pytest.mark.parametrize(("choice", "command"), [(CloseChoice.PAUSE, "stop"), (CloseChoice.STOP, "cancel")])
def test_closing_asks_every_job_to_end_and_waits_for_it(bench: Bench, choice: CloseChoice, command: str) -> None:
    jobs = [bench.board.start(title, [], "season") for title in "ab"]
    assert bench.until_closed(choice) < 0.1
    assert [client.sent for client in bench.clients] == [[command], [command]]
    assert [end[:2] for end in bench.ends] == [(job, True) for job in jobs]


def test_closing_ends_what_does_not_listen_within_its_time(bench: Bench) -> None:
    bench.board.start("Season 3", [], "season")
    bench.clients[0].obeys = {}
    assert bench.until_closed(CloseChoice.PAUSE) < 2.6
    assert bench.clients[0].sent == ["stop", "SIGTERM", "SIGKILL"]


def test_what_only_serves_the_window_ends_at_once_when_it_closes(bench: Bench) -> None:
    bench.board.start("Tables", ["table"], "table", is_work=False)
    bench.board.start("Season", ["play"], "season")
    bench.clients[0].obeys = {"SIGTERM": -15}  # it is still starting, and hears nothing
    assert bench.until_closed(CloseChoice.PAUSE) < 0.1
    assert [client.sent for client in bench.clients] == [["stop", "SIGTERM"], ["stop"]]
    assert [is_ok for _, is_ok, _ in bench.ends] == [True, True]


def test_no_job_begins_while_the_window_closes(bench: Bench, qtbot: QtBot) -> None:
    season = bench.board.start("Season", ["play"], "season")
    late: list[str] = []
    bench.board.ended.connect(lambda *_: late or late.append(bench.board.start("Tables", ["table"], "table")))
    bench.until_closed(CloseChoice.PAUSE)
    assert bench.commands == [["play"]]
    qtbot.waitUntil(lambda: [job for job, _, _ in bench.ends] == [season, *late])
    assert bench.card(late[0]).state == "complete"


def test_closing_without_jobs_is_done_at_the_next_turn(bench: Bench) -> None:
    assert bench.until_closed(CloseChoice.PAUSE) < 0.1


@pytest.mark.slow
def test_a_real_job_ends_on_the_board_and_leaves_nothing(qtbot: QtBot, home: Home) -> None:
    board = JobBoard()
    with qtbot.waitSignal(board.ended, timeout=60_000) as end:
        job = board.start("Season 9", ["--home", str(home.folder), "play", "--season", "9", "--events"], "season")
    assert end.args == [job, False, "there is no season 9: the numbers are in the list of seasons"]
    assert "error: there is no season 9" in board.details(job)
