"""The state machine of a night: killed after any effect, stopped, paused, failing, and within its hours."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from ai.errors import RunFailedError, TrainingError
from app.overnight.config import OvernightConfig
from app.overnight.cycles import Desk, NightShift, NightStopped
from app.overnight.events import CycleDone, NightEvent, PhaseProgress
from app.overnight.state import Cycle, GateRecord, Night, Phase, Standing
from game.errors import PlayerFileError
from game.executors.base import RunControl, RunState
from league.errors import DiskFullError

BETTER = frozenset({1, 3, 4})


class Killed(BaseException):
    """The process ends here."""


@dataclass
class World:
    """What outlives a process: the night's file, and what its cycles have made; ``lives_left`` effects until a kill."""

    file: str = ""
    made: list[str] = field(default_factory=list)
    lives_left: int = 10**9

    def effect(self, what: str | None = None) -> None:
        """Have ``what`` happen, or die instead."""
        if self.lives_left == 0:
            raise Killed
        self.lives_left -= 1
        if what is not None:
            assert what not in self.made, f"{what} was made twice"
            self.made.append(what)

    def write(self, night: Night) -> None:
        """See ``Keeper``."""
        self.effect()
        self.file = night.model_dump_json()

    def read(self) -> Night:
        return Night.model_validate_json(self.file)


class FakePhases:
    """Cycles that leave marks in a world; ``wrong`` may raise at any of them."""

    def __init__(self, world: World, wrong: Callable[[Cycle, str], None] = lambda _cycle, _phase: None) -> None:
        self._world = world
        self._wrong = wrong

    def plan(self, cycle: Cycle, desk: Desk) -> Cycle:
        before = desk.night.champions
        return cycle.model_copy(update={"settings": {}, "parent": before[0] if before else None})

    def train(self, cycle: Cycle, desk: Desk) -> Cycle:
        self._wrong(cycle, "begin")
        run = f"run {cycle.number}"
        if run not in self._world.made:
            self._world.effect(run)
        cycle = desk.keep(cycle.model_copy(update={"run": run}))
        desk.begin(run=run)
        self._wrong(cycle, "train")
        desk.progress(1, 2, "steps", 1.0)
        return cycle.model_copy(update={"candidate": f"hash {cycle.number}"})

    def judge(self, cycle: Cycle, desk: Desk) -> GateRecord | None:
        self._wrong(cycle, "gate")
        if not desk.night.champions:
            return None
        is_better = cycle.number in BETTER
        return GateRecord(is_better=is_better, decision="", pairs=9, counts=(0, 0, 9, 0, 0), llr=0.0, score=0.5)

    def enter(self, cycle: Cycle, desk: Desk) -> Cycle:
        reigning = next(iter(desk.night.champions), None)
        champion = cycle.candidate if cycle.is_better else reigning
        if cycle.is_better and f"player {champion}" not in self._world.made:
            self._world.effect(f"player {champion}")
        return cycle.model_copy(update={"champion": champion, "champion_name": f"name of {champion}"})

    def season(self, cycle: Cycle, desk: Desk) -> Cycle:
        self._wrong(cycle, "season")
        if f"season {cycle.number}" not in self._world.made:
            self._world.effect(f"season {cycle.number}")
        cycle = desk.keep(cycle.model_copy(update={"season": cycle.number}))
        desk.begin(season=cycle.number)
        standing = Standing(rating=1500.0, rank=1, players=2, rows_sha256=f"rows {cycle.number}", leaders=())
        return cycle.model_copy(update={"standing": standing})


class Listener:
    """A view that keeps what it is told; ``on_event`` may act on its control."""

    def __init__(self, on_event: Callable[[NightEvent, RunControl], None] = lambda _event, _control: None) -> None:
        self.control = RunControl()
        self.events: list[NightEvent] = []
        self._on_event = on_event

    def tell(self, event: NightEvent) -> None:
        self.events.append(event)
        self._on_event(event, self.control)

    def say(self, line: str) -> None:
        pass


class Clock:
    """A clock that goes on by ``step_s`` whenever it is looked at."""

    def __init__(self, step_s: float = 0.0) -> None:
        self.now = 0.0
        self._step_s = step_s

    def __call__(self) -> float:
        self.now += self._step_s
        return self.now


def night(**config: object) -> Night:
    return Night(id="overnight-1", name="n", seed=1, config=OvernightConfig.model_validate({"cycles": 4, **config}))


def shift(world: World, view: Listener | None = None, **more: object) -> NightShift:
    phases = more.pop("phases", FakePhases(world))
    clock = more.pop("clock", Clock())
    begun = more.pop("night", world.read() if world.file else night())
    return NightShift(world, begun, phases, view or Listener(), clock)  # type: ignore[arg-type]


def finished() -> World:
    world = World()
    assert shift(world).run().state == "complete"
    return world


def test_a_night_is_as_many_cycles_as_it_is_to_be_and_the_champion_reigns_until_a_better_one_comes():
    done = finished().read()
    assert [cycle.phase for cycle in done.cycles] == [Phase.DONE] * 4
    assert [cycle.champion for cycle in done.cycles] == ["hash 1", "hash 1", "hash 3", "hash 4"]
    assert [cycle.parent for cycle in done.cycles] == [None, "hash 1", "hash 1", "hash 3"]
    assert done.champions == ("hash 4", "hash 3", "hash 1")
    assert (done.state, done.reason) == ("complete", "")


def test_a_run_without_a_candidate_changes_nobody_s_reign():
    class Poor(FakePhases):
        def train(self, cycle: Cycle, desk: Desk) -> Cycle:
            cycle = super().train(cycle, desk)
            return cycle.model_copy(update={"candidate": None}) if cycle.number in {2, 3} else cycle

    world = World()
    shift(world, phases=Poor(world)).run()
    done = world.read()
    assert [cycle.champion for cycle in done.cycles] == ["hash 1", "hash 1", "hash 1", "hash 4"]
    assert [(cycle.is_better, cycle.gate is None) for cycle in done.cycles[1:3]] == [(False, True)] * 2
    assert [cycle.season for cycle in done.cycles] == [1, 2, 3, 4]


def test_a_night_without_any_champion_plays_its_seasons_and_is_complete():
    class Barren(FakePhases):
        def train(self, cycle: Cycle, desk: Desk) -> Cycle:
            return super().train(cycle, desk).model_copy(update={"candidate": None})

    world = World()
    assert shift(world, phases=Barren(world)).run().state == "complete"
    cycles = world.read().cycles
    assert [(cycle.candidate, cycle.is_better, cycle.champion, cycle.failure) for cycle in cycles] == [
        (None, False, None, "")
    ] * 4
    assert [cycle.season for cycle in cycles] == [1, 2, 3, 4]


@pytest.mark.parametrize("failing", [{1, 2}, {1}])
def test_a_night_whose_every_cycle_was_broken_off_has_failed(failing):
    def fail(cycle, phase):
        if cycle.number in failing and phase == "train":
            raise RunFailedError("it has diverged.")

    world, view = World(), Listener()
    at_work = shift(world, view, phases=FakePhases(world, fail), night=night(cycles=2))
    if failing == {1}:
        assert at_work.run().state == "complete"
        return
    with pytest.raises(RunFailedError, match=r"every cycle was broken off, the last one because: it has diverged\. "):
        at_work.run()
    assert world.read().state == view.events[-1].state == "failed"


def test_killed_before_any_effect_and_resumed_it_is_the_night_that_was_never_killed():
    whole = finished()
    kills = 0
    while True:
        world = World(lives_left=kills)
        try:
            shift(world).run()
        except Killed:
            world.lives_left = 10**9
            shift(world).run()
        else:
            break
        assert world.read() == whole.read(), kills
        assert world.made == whole.made, kills
        kills += 1
    assert kills > 30


def test_killed_again_and_again_it_ends_as_well():
    whole, world = finished(), World()
    for lives in range(2, 40):
        world.lives_left = lives % 5 + 2
        try:
            shift(world).run()
        except Killed:
            continue
    world.lives_left = 10**9
    shift(world).run()
    assert (world.read(), world.made) == (whole.read(), whole.made)


@pytest.mark.parametrize("state", [RunState.STOPPING, RunState.CANCELLED])
@pytest.mark.parametrize("at", [Phase.TRAIN, Phase.GATE, Phase.SEASON])
def test_stopped_in_any_phase_it_goes_on_there(state, at):
    def stop(event, control):
        if getattr(event, "cycle", None) == 2 and getattr(event, "phase", None) is at:
            control.set(state)

    world = World()
    assert shift(world, Listener(stop)).run().state == "stopped"
    stopped = world.read()
    assert (stopped.state, len(stopped.cycles)) == ("stopped", 2)
    assert shift(world).run().state == "complete"
    assert world.read() == finished().read()


def test_a_phase_that_is_stopped_is_repeated():
    def stop(cycle, phase):
        if (cycle.number, phase) == (2, "gate"):
            raise NightStopped

    world = World()
    assert shift(world, phases=FakePhases(world, stop)).run().state == "stopped"
    assert world.read().cycles[1].is_better is None
    shift(world).run()
    assert world.read() == finished().read()


def test_a_paused_night_waits_between_phases():
    waits = []

    class Patient(RunControl):
        def wait_while_paused(self, timeout_s: float) -> None:
            waits.append(timeout_s)
            self.set(RunState.RUNNING)

    def pause(event, control):
        if isinstance(event, PhaseProgress):
            control.set(RunState.PAUSED)

    view = Listener(pause)
    view.control = Patient()
    assert shift(World(), view).run().state == "complete"
    assert len(waits) == 4


@pytest.mark.parametrize("phase", ["begin", "train", "gate", "season"])
@pytest.mark.parametrize("error", [RunFailedError("it has diverged"), PlayerFileError("the file is gone")])
def test_a_cycle_that_fails_is_told_and_the_next_one_is_tried(phase, error):
    def fail(cycle, now):
        if cycle.number == 2 and now == phase:
            raise error

    world, view = World(), Listener()
    assert shift(world, view, phases=FakePhases(world, fail)).run().state == "complete"
    done = world.read()
    assert [cycle.failure for cycle in done.cycles] == ["", str(error), "", ""]
    assert [cycle.champion for cycle in done.cycles][2:] == ["hash 3", "hash 4"]
    assert [event.cycle.number for event in view.events if isinstance(event, CycleDone)] == [1, 2, 3, 4]


def test_three_failures_in_a_row_end_the_night_and_resuming_tries_the_next_cycle():
    def fail(cycle, phase):
        if cycle.number in {1, 2, 4, 5, 6} and phase == "train":
            raise RunFailedError(f"cycle {cycle.number} has diverged.")

    world = World()
    with pytest.raises(RunFailedError, match=r"3 cycles in a row .* cycle 6 has diverged\. .*--resume overnight-1"):
        shift(world, phases=FakePhases(world, fail), night=night(cycles=8)).run()
    assert (world.read().state, len(world.read().cycles)) == ("failed", 6)
    assert shift(world).run().state == "complete"
    assert [bool(cycle.failure) for cycle in world.read().cycles] == [True, True, False, True, True, True, False, False]


def test_what_cannot_be_trained_at_all_is_no_failed_cycle():
    def fail(cycle, phase):
        if phase == "begin":
            raise TrainingError("there is no player 'nobody'")

    world = World()
    with pytest.raises(TrainingError, match="no player 'nobody'"):
        shift(world, phases=FakePhases(world, fail)).run()
    assert len(world.read().cycles) == 1


@pytest.mark.parametrize("phase", ["train", "gate", "season"])
def test_a_full_disk_ends_the_night_where_it_is(phase):
    def fill(cycle, now):
        if cycle.number == 3 and now == phase:
            raise DiskFullError("the disk is full")

    world = World()
    with pytest.raises(DiskFullError):
        shift(world, phases=FakePhases(world, fill)).run()
    assert (world.read().state, world.read().reason, len(world.read().done)) == ("failed", "the disk is full", 2)
    shift(world).run()
    assert world.read() == finished().read()


def test_no_cycle_begins_after_the_hours_and_earlier_sessions_count():
    world = World()
    config = {"cycles": 0, "hours": 1.0}
    assert shift(world, clock=Clock(100.0), night=night(**config)).run().state == "complete"
    whole = world.read()
    assert 3600 <= whole.seconds < 3600 + whole.cycles[-1].seconds + 1000
    short = whole.model_copy(update={"cycles": whole.cycles[:1], "state": "stopped"})
    left = World(file=short.model_dump_json())
    shift(left, clock=Clock(100.0)).run()
    assert len(left.read().cycles) == len(whole.cycles)


def test_a_long_phase_is_kept_with_its_time_now_and_then():
    world, clock = World(), Clock()

    class Slow(FakePhases):
        def train(self, cycle: Cycle, desk: Desk) -> Cycle:
            cycle = super().train(cycle, desk)
            for _ in range(10):
                clock.now += 60.0
                desk.progress(1, 2, "steps", 60.0)
            assert world.read().seconds == 600.0 * cycle.number
            return cycle

    shift(world, phases=Slow(world), clock=clock, night=night(cycles=2)).run()
    assert [cycle.seconds for cycle in world.read().cycles] == [600.0, 600.0]


def test_a_complete_night_that_is_made_longer_goes_on():
    world = finished()
    longer = world.read().model_copy(update={"config": OvernightConfig(cycles=6)})
    assert shift(world, night=longer).run().state == "complete"
    assert [cycle.number for cycle in world.read().cycles] == [1, 2, 3, 4, 5, 6]
