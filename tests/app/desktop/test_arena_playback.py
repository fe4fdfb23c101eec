"""The playback: seconds of a fake clock against ticks of a fake match."""

import pytest

from app.desktop.arena.playback import FRAME_BUDGET_S, HOLD_S, MAX, SPEEDS, Phase, Playback, speed_text
from tests.app.desktop.doubles import FakeClock

TICK_S = 1 / 60


class LiveCourse:
    """A match of ``ticks`` that can only be played on; each tick costs ``cost_s`` of the clock."""

    def __init__(self, clock: FakeClock, ticks: int = 6000, cost_s: float = 0.0) -> None:
        self.clock, self.ticks, self.cost_s = clock, ticks, cost_s
        self.tick = 0

    @property
    def is_over(self) -> bool:
        return self.tick >= self.ticks

    def step(self) -> bool:
        self.clock.tick(self.cost_s)
        self.tick = min(self.tick + 1, self.ticks)
        return not self.is_over


class StoredCourse(LiveCourse):
    """A match of which every tick can be had."""

    scanned = 0
    scan_cost_s = 0.0

    @property
    def length(self) -> int | None:
        return self.ticks if self.scanned >= self.ticks else None

    def scan(self, ticks: int) -> bool:
        self.clock.tick(self.scan_cost_s)
        self.scanned = min(self.scanned + ticks, self.ticks)
        return self.length is not None

    def seek(self, tick: int) -> None:
        self.tick = min(tick, self.ticks)
        self.scanned = max(self.scanned, self.tick)


def run(playback: Playback, clock: FakeClock, seconds: float, rate: int = 60) -> int:
    """Let frames pass for ``seconds``; return the ticks played."""
    played = 0
    for _ in range(round(seconds * rate)):
        clock.tick(1 / rate)
        played += playback.frame()
    return played


@pytest.mark.parametrize("speed", [each for each in SPEEDS if each != MAX])
def test_a_second_at_every_speed_is_so_many_ticks(clock: FakeClock, speed: float) -> None:
    playback = Playback(LiveCourse(clock, ticks=10**6), TICK_S, clock)
    playback.set_speed(speed)
    assert run(playback, clock, 2.0, rate=75) == pytest.approx(120 * speed, abs=1)
    assert playback.true_speed() == pytest.approx(speed, rel=0.1)


def test_the_place_between_two_ticks_is_what_is_left_of_the_time(clock: FakeClock) -> None:
    playback = Playback(LiveCourse(clock), TICK_S, clock)
    clock.tick(TICK_S * 2.25)
    assert playback.frame() == 2
    assert playback.between == pytest.approx(0.25)
    playback.pause()
    assert playback.between == 1.0


def test_max_keeps_to_the_budget_and_shows_what_it_reached(clock: FakeClock) -> None:
    course = LiveCourse(clock, ticks=10**6, cost_s=0.001)
    playback = Playback(course, TICK_S, clock)
    playback.set_speed(MAX)
    clock.tick(0.016)
    begin = clock.now
    playback.frame()
    assert clock.now - begin <= FRAME_BUDGET_S + 0.0011
    assert course.tick >= 8
    run(playback, clock, 1.0)
    assert 1 < playback.true_speed() < 60


def test_a_speed_that_is_not_reached_is_not_made_up_for_later(clock: FakeClock) -> None:
    course = LiveCourse(clock, ticks=10**6, cost_s=0.004)
    playback = Playback(course, TICK_S, clock)
    playback.set_speed(64.0)
    run(playback, clock, 1.0)
    assert playback.true_speed() < 10 < playback.target_speed
    course.cost_s = 0.0
    playback.set_speed(1.0)
    assert run(playback, clock, 1.0) <= 61


def test_after_a_stall_the_match_does_not_leap(clock: FakeClock) -> None:
    playback = Playback(LiveCourse(clock), TICK_S, clock)
    clock.tick(10.0)
    assert playback.frame() <= 15


def test_turbo_multiplies_while_it_is_held(clock: FakeClock) -> None:
    playback = Playback(LiveCourse(clock), TICK_S, clock)
    playback.is_turbo = True
    assert run(playback, clock, 1.0) == pytest.approx(480, abs=1)
    playback.is_turbo = False
    assert run(playback, clock, 1.0) == pytest.approx(60, abs=1)


def test_a_paused_match_stands_still_and_goes_on_where_it_was(clock: FakeClock) -> None:
    course = LiveCourse(clock)
    playback = Playback(course, TICK_S, clock)
    run(playback, clock, 0.5)
    playback.toggle()
    at = course.tick
    assert playback.phase is Phase.PAUSED
    assert run(playback, clock, 3.0) == 0
    playback.toggle()
    playback.frame()
    assert course.tick == at  # the time of the pause is not played
    assert run(playback, clock, 0.5) == pytest.approx(30, abs=1)


def test_steps_go_one_tick_and_pause(clock: FakeClock) -> None:
    course = StoredCourse(clock)
    playback = Playback(course, TICK_S, clock)
    course.seek(10)
    playback.step_forward()
    assert (course.tick, playback.phase) == (11, Phase.PAUSED)
    playback.step_back()
    playback.step_back()
    assert course.tick == 9


def test_a_match_with_a_person_cannot_be_sought_in(clock: FakeClock) -> None:
    course = LiveCourse(clock)
    playback = Playback(course, TICK_S, clock)
    run(playback, clock, 0.5)
    at = course.tick
    playback.to_start()
    playback.to_end()
    playback.seek_by(-2)
    assert course.tick == at
    assert not playback.is_scanning


def test_seeking_goes_there_and_on(clock: FakeClock) -> None:
    course = StoredCourse(clock, ticks=1000)
    playback = Playback(course, TICK_S, clock)
    playback.seek_by(5)
    assert course.tick == 300
    playback.seek_by(-100)
    assert course.tick == 0
    assert playback.phase is Phase.PLAYING
    playback.pause()
    playback.to_end()
    assert course.tick == 1000
    playback.to_start()
    assert (course.tick, playback.phase) == (0, Phase.PAUSED)


def test_looking_ahead_takes_slices_until_the_end_is_known(clock: FakeClock) -> None:
    course = StoredCourse(clock, ticks=2000)
    course.scan_cost_s = 0.0015
    playback = Playback(course, TICK_S, clock)
    playback.pause()
    assert playback.is_moving
    playback.frame()
    assert 0 < course.scanned < 2000
    run(playback, clock, 0.2)
    assert course.length == 2000
    assert not playback.is_moving


def test_the_end_is_told_then_held_then_finished(clock: FakeClock) -> None:
    told: list[str] = []
    course = StoredCourse(clock, ticks=30)
    playback = Playback(
        course, TICK_S, clock, ended=lambda: told.append("ended"), finished=lambda: told.append("finished")
    )
    run(playback, clock, 1.0)
    assert told == ["ended"]
    assert playback.phase is Phase.HOLDING
    run(playback, clock, HOLD_S)
    assert told == ["ended", "finished"]
    run(playback, clock, 2 * HOLD_S)
    assert told == ["ended", "finished"]
    assert not playback.is_moving


def test_play_at_the_end_begins_again_and_the_end_is_told_once(clock: FakeClock) -> None:
    told: list[str] = []
    course = StoredCourse(clock, ticks=30)
    playback = Playback(course, TICK_S, clock, ended=lambda: told.append("ended"))
    run(playback, clock, 1.0 + HOLD_S)
    playback.play()
    assert (course.tick, playback.phase) == (0, Phase.PLAYING)
    run(playback, clock, 1.0 + HOLD_S)
    assert playback.phase is Phase.FINISHED
    assert told == ["ended"]


def test_seeking_back_from_the_result_plays_on(clock: FakeClock) -> None:
    course = StoredCourse(clock, ticks=30)
    playback = Playback(course, TICK_S, clock)
    run(playback, clock, 1.0)
    playback.seek(10)
    assert playback.phase is Phase.PLAYING
    run(playback, clock, 1.0)
    assert playback.phase is Phase.HOLDING


def test_a_paused_end_is_held_when_play_is_pressed(clock: FakeClock) -> None:
    told: list[str] = []
    playback = Playback(StoredCourse(clock, ticks=30), TICK_S, clock, finished=lambda: told.append("finished"))
    playback.pause()
    playback.to_end()
    run(playback, clock, 2 * HOLD_S)
    assert not told
    playback.play()
    run(playback, clock, 1.1 * HOLD_S)
    assert told == ["finished"]


def test_a_countdown_comes_before_play(clock: FakeClock) -> None:
    course = LiveCourse(clock)
    playback = Playback(course, TICK_S, clock)
    playback.count_in(3.0)
    assert run(playback, clock, 2.0) == 0
    assert playback.countdown_s == pytest.approx(1.0)
    run(playback, clock, 2.0)
    assert course.tick == pytest.approx(60, abs=2)
    assert playback.countdown_s == 0.0


def test_speeds_snap_to_the_nearest_and_are_written_as_people_do(clock: FakeClock) -> None:
    playback = Playback(LiveCourse(clock), TICK_S, clock)
    playback.set_speed(3.5)
    assert playback.speed == 4.0
    playback.set_speed(MAX)
    assert playback.speed == MAX
    times = "\N{MULTIPLICATION SIGN}"
    texts = [speed_text(each) for each in (1 / 8, 1.0, 64.0, MAX)]
    assert texts == [f"1/8{times}", f"1{times}", f"64{times}", "Max"]


def test_a_pause_of_people_ends_with_a_countdown(clock: FakeClock) -> None:
    playback = Playback(LiveCourse(clock), TICK_S, clock)
    playback.count_in_s = 2.0
    playback.pause()
    playback.play()
    assert playback.phase is Phase.COUNTING
    assert run(playback, clock, 1.9) == 0
    assert run(playback, clock, 1.0) > 0


def test_a_result_stays_shorter_at_a_great_speed(clock: FakeClock) -> None:
    told: list[str] = []
    playback = Playback(StoredCourse(clock, ticks=30), TICK_S, clock, finished=lambda: told.append("finished"))
    playback.set_speed(MAX)
    run(playback, clock, HOLD_S / 5)
    assert not told
    run(playback, clock, HOLD_S / 10)
    assert told == ["finished"]
