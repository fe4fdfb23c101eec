"""Python bots at the court: the window never waits for them, and their faults are forfeits."""

import sys
import threading
from collections.abc import Callable, Iterator
from multiprocessing import resource_tracker

import numpy as np
import pytest

from app.desktop.arena.bots import BotSeat
from app.desktop.arena.playback import Phase
from app.desktop.arena.screening import Screening, needs_bots, open_live
from app.desktop.context import Contender, MatchRequest
from game.errors import BotError
from game.fault import Cancelled, Fault
from game.games import game as game_named
from game.policies.python_bot import PythonPolicy
from game.policies.scripted import ScriptedPolicy
from game.spec import Seat, Termination
from game.tape import Tape
from tests.app.desktop.doubles import FakeClock

BOT = PythonPolicy("class Bot: ...")
TRACKER = ScriptedPolicy.of(game_named("rally"), "tracker")
_FOLLOWER = """
class Bot:
    def decide(self, observation):
        above = observation[1] - observation[5]
        return 0 if above > 0.05 else 2 if above < -0.05 else 1
"""
SEEN = np.zeros(8, np.float32)


class FakeProcess:
    """A bot that answers when it is let."""

    def __init__(self, policy: PythonPolicy, is_cancelled: Callable[[], bool]) -> None:
        self.is_cancelled = is_cancelled
        self.gate = threading.Event()
        self.gate.set()
        self.start_error: Exception | None = None
        self.answer: int | Exception = 0
        self.asked = 0
        self.is_closed = False

    def start_match(self) -> None:
        if self.start_error is not None:
            raise self.start_error

    def decide(self, observation: object) -> int:
        while not self.gate.wait(0.01):
            if self.is_cancelled():
                raise Cancelled
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def close(self) -> None:
        self.is_closed = True


class Bots:
    """Makes fake processes and keeps them."""

    def __init__(self) -> None:
        self.made: list[FakeProcess] = []
        self.seats: list[BotSeat] = []
        self.change: Callable[[FakeProcess], object] = lambda process: None

    def __call__(self, policy: PythonPolicy, is_cancelled: Callable[[], bool]) -> FakeProcess:
        process = FakeProcess(policy, is_cancelled)
        self.change(process)
        self.made.append(process)
        return process


@pytest.fixture
def bots() -> Iterator[Bots]:
    made = Bots()
    yield made
    for seat in made.seats:
        seat.close(is_awaited=True)
    assert all(process.is_closed for process in made.made)


def seat(bots: Bots) -> BotSeat:
    made = BotSeat(BOT, bots)
    bots.seats.append(made)
    return made


def wait_ready(made: BotSeat) -> None:
    for _ in range(2000):
        if made.is_ready(lambda: SEEN):
            return
    raise AssertionError("the bot has not answered")


def screening(bots: Bots, clock: FakeClock) -> Screening:
    request = MatchRequest(Contender("bot", BOT), Contender("tracker", TRACKER), 7, 1)
    course, seats = open_live(request, bots)
    bots.seats.extend(seats.values())
    return Screening(request, course, clock, bots=seats)


def play(shown: Screening, clock: FakeClock, until: Callable[[], bool]) -> None:
    for _ in range(100_000):
        if until():
            return
        clock.tick(1 / 60)
        shown.frame()
    raise AssertionError("that never came")


def test_a_seat_answers_once_for_each_tick(bots: Bots) -> None:
    made = seat(bots)
    wait_ready(made)
    assert made.is_ready(lambda: SEEN)
    assert made.decide(SEEN) == 0
    bots.made[0].answer = 2
    wait_ready(made)
    assert made.decide(SEEN) == 2
    assert bots.made[0].asked == 2


def test_a_bot_that_thinks_holds_up_the_match_but_not_the_window(bots: Bots, clock: FakeClock) -> None:
    bots.change = lambda process: process.gate.clear()
    shown = screening(bots, clock)
    for _ in range(20):
        clock.tick(1 / 60)
        shown.frame()
    assert shown.course.tick == 0
    bots.made[0].gate.set()
    play(shown, clock, lambda: shown.course.tick > 30)
    assert shown.course.actions[Seat.LEFT] == 0


@pytest.mark.parametrize(
    ("error", "termination"),
    [
        (Fault(Termination.NOT_LOADED, "Bot() raised"), Termination.NOT_LOADED),
        (BotError("no process can be started"), Termination.NOT_LOADED),
    ],
)
def test_a_bot_that_cannot_start_forfeits(
    bots: Bots, clock: FakeClock, error: Exception, termination: Termination
) -> None:
    bots.change = lambda process: setattr(process, "start_error", error)
    shown = screening(bots, clock)
    play(shown, clock, lambda: shown.course.is_over)
    assert shown.record()["termination"].tolist() == [termination, Termination.OK]
    assert shown.playback.phase is Phase.HOLDING


def test_a_bot_that_raises_forfeits_there(bots: Bots, clock: FakeClock) -> None:
    shown = screening(bots, clock)
    play(shown, clock, lambda: shown.course.tick > 10)
    bots.made[0].answer = Fault(Termination.RAISED, "ZeroDivisionError")
    play(shown, clock, lambda: shown.course.is_over)
    assert shown.record()["outcome"] == -1
    shown.close(is_awaited=True)
    assert bots.made[0].is_closed


def test_closing_does_not_wait_for_a_bot_that_thinks(bots: Bots, clock: FakeClock) -> None:
    bots.change = lambda process: process.gate.clear()
    shown = screening(bots, clock)
    clock.tick(1 / 30)
    shown.frame()
    shown.close()
    assert bots.made[0].is_cancelled()


def test_bots_are_needed_where_no_tape_tells_what_they_did() -> None:
    request = MatchRequest(Contender("bot", BOT), Contender("tracker", TRACKER), 7, 1)
    assert needs_bots(request)
    assert not needs_bots(MatchRequest(Contender("tracker", TRACKER), Contender("tracker", TRACKER), 7, 1))
    assert not needs_bots(MatchRequest(Contender("bot", BOT), Contender("tracker", TRACKER), 7, 1, tape=Tape()))
    with pytest.raises(ValueError, match="a person plays"):
        open_live(MatchRequest(Contender("somebody"), Contender("bot", BOT), 7, 1), Bots())


@pytest.fixture(scope="module")
def _tracker() -> None:
    """Start the process in which Python tracks the resources of spawned ones: it stays until the tests end."""
    if sys.platform != "win32":
        resource_tracker.ensure_running()


@pytest.mark.usefixtures("_tracker")
def test_a_real_bot_plays_its_match_to_the_end(clock: FakeClock) -> None:
    request = MatchRequest(Contender("bot", PythonPolicy(_FOLLOWER)), Contender("tracker", TRACKER), 7, 1)
    course, seats = open_live(request)
    shown = Screening(request, course, clock, bots=seats)
    shown.playback.set_speed(16.0)
    try:
        play(shown, clock, lambda: shown.course.is_over)
    finally:
        shown.close(is_awaited=True)
    assert shown.record()["termination"].tolist() == [Termination.OK] * 2
    assert {left for left, _ in shown.course.tape.actions.tolist()} == {0, 1, 2}  # type: ignore[union-attr]
