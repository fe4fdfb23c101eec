"""A run is kept, steered and resumed as if it had never stopped."""

import errno
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ai.errors import TrainingCancelled, TrainingError
from ai.run_folder import RunFolder
from ai.runs import INTERRUPTED
from ai.trainer import Detail, LearnerState, Opponent, StepReport
from ai.training import LINEAGE_KEPT, ChampionKept, DetailsKept, RunEnded, RunStarted, StepDone, TrainProgress
from game.executors.base import RunControl, RunState
from game.policies.file import read_player
from league.errors import DiskFullError, LockedDatabaseError, SecondWriterError
from league.store import writer_lock
from tests.ai.fakes import Killed, Stage, WalkLearner, find_opponent, history, open_stage


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with open_stage(tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    with open_stage(tmp_path_factory.mktemp("unbroken")) as made:
        run = made.create()
        assert made.train(run) == RunEnded("complete", "")
        return history(run)


def test_a_run_tells_what_it_does_and_keeps_it(stage, unbroken):
    run, events = stage.create(), []
    ended = stage.train(run, events.append)
    assert ended == events[-1] == RunEnded("complete", "")
    assert events[0] == RunStarted(run, 0)
    assert [event.step for event in events if isinstance(event, StepDone)] == list(range(1, 13))
    assert [event.file.step for event in events if isinstance(event, ChampionKept)] == [3, 6, 9, 12]
    last = [event for event in events if isinstance(event, TrainProgress)][-1]
    assert (last.done, last.expected, last.eta_s) == (12, 12, 0.0)
    assert history(run) == unbroken
    row = stage.runs.row(run.id)
    summary = json.loads(row.summary_json)
    assert (row.state, summary["step"], summary["expected"]) == ("complete", 12, 12)
    assert row.best_player_hash == summary["champion"]["hash"] == unbroken[1][-1][1]
    assert (run.folder.path / summary["champion"]["file"]).exists()
    assert summary["metrics"]["place"] == unbroken[0][-1][1]["place"]


def test_work_becomes_a_rate_by_the_clock_of_the_run(stage):
    events = []
    stage.train(stage.create(), events.append)
    rates = [event.values["strides_per_s"] for event in events if isinstance(event, StepDone)]
    assert rates == pytest.approx([20.0] * 12)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kills=st.lists(st.integers(0, 30), max_size=4), every=st.integers(0, 5), torn=st.binary(max_size=9))
def test_killed_anywhere_and_resumed_is_never_killed(tmp_path_factory, unbroken, kills, every, torn):
    with open_stage(tmp_path_factory.mktemp("killed")) as stage:
        run = stage.create(checkpoint_steps=every, checkpoint_s=1.0)
        for kill in kills:
            left = iter(range(kill))

            def die(event, left=left):
                if next(left, None) is None:
                    raise Killed

            try:
                stage.train(run, die)
            except Killed:
                with run.folder.metrics_path.open("ab") as file:
                    file.write(torn.replace(b"\n", b""))
            else:
                break
        assert stage.train(run).state == "complete"
        assert history(run) == unbroken


@pytest.mark.parametrize("step", [1, 3, 7, 11])
def test_stopped_and_resumed_is_never_stopped(stage, unbroken, step):
    run = stage.create()
    assert stage.stop_at(run, step) == RunEnded("stopped", "")
    assert stage.runs.row(run.id).state == "stopped"
    assert [row.step for row in run.folder.metrics()] == list(range(1, step + 1))
    events = []
    stage.train(run, events.append)
    assert (events[0].run, events[0].step) == (run, step)
    assert history(run) == unbroken


def test_a_run_that_is_killed_as_it_completes_makes_no_step_more(stage, unbroken):
    run = stage.create()

    def die(event):
        if isinstance(event, RunEnded):
            raise Killed

    with pytest.raises(Killed):
        stage.train(run, die)
    assert stage.train(run).state == "complete"
    assert history(run) == unbroken


def test_a_paused_run_has_a_checkpoint_and_goes_on(stage, unbroken, monkeypatch):
    run, context, saved = stage.create(), stage.context(), []
    keep = stage.runs.save

    def save(kept, state, champion, summary):
        saved.append(state)
        if state == "paused":
            assert len(list((run.folder.path / "checkpoints").iterdir())) == 1
            context.control.set(RunState.RUNNING)
        keep(kept, state, champion, summary)

    monkeypatch.setattr(stage.runs, "save", save)

    def watch(event):
        if isinstance(event, StepDone) and event.step == 4:
            context.control.set(RunState.PAUSED)

    stage.train(run, watch, context)
    assert "paused" in saved
    assert saved[saved.index("paused") + 1] == "running"
    assert history(run) == unbroken


class CancelledInside(WalkLearner):
    """Is cancelled in the middle of its sixth step, of which a half is done."""

    def step(self) -> StepReport:
        if self.walked == 5:
            self.place += 1000.0
            raise TrainingCancelled
        return super().step()


def test_cancelled_within_a_step_goes_back_to_the_checkpoint(stage, unbroken):
    run = stage.create(checkpoint_steps=2, checkpoint_s=1000)
    ended = stage.train(run, start=CancelledInside)
    assert ended == RunEnded("stopped", "cancelled: it goes on from step 4")
    stage.train(run)
    assert history(run) == unbroken


class Broken(WalkLearner):
    """Has a fault in its fifth step."""

    def step(self) -> StepReport:
        if self.walked == 4:
            raise ZeroDivisionError("division by zero")
        return super().step()


class Diverged(WalkLearner):
    """Reports NaN in its fifth step."""

    def step(self) -> StepReport:
        report = super().step()
        return StepReport(5, 12, {"place": float("nan")}) if report.step == 5 else report


@pytest.mark.parametrize(
    ("start", "error", "says"),
    [(Broken, ZeroDivisionError, "division by zero"), (Diverged, TrainingError, "step 5 gave place = nan")],
)
def test_a_failed_run_says_why_and_can_go_on(stage, unbroken, start, error, says):
    run, events = stage.create(checkpoint_steps=3), []
    with pytest.raises(error, match=says):
        stage.train(run, events.append, start=start)
    assert events[-1].state == "failed"
    row = stage.runs.row(run.id)
    assert (row.state, says in json.loads(row.summary_json)["reason"]) == ("failed", True)
    stage.train(run)
    assert history(run) == unbroken


def test_a_run_that_goes_on_knows_its_champion(stage):
    run, events = stage.create(), []
    stage.stop_at(run, 7)
    kept = run.folder.champions()[-1]
    stage.train(run, events.append)
    fitness = read_player(kept.path).training["fitness"]
    assert events[0] == RunStarted(run, 7, ChampionKept(kept, fitness))


def test_details_are_told_together_once_a_second_and_the_newest_are_kept(stage):
    run, told = stage.create(checkpoint_s=1000), []

    def watch(event):
        if isinstance(event, DetailsKept):
            told.append((event.step, dict(event.details)))
            assert {name: run.folder.details()[name].value for name in event.details} == event.details

    stage.train(run, watch)
    steps = [step for step, _ in told]
    assert steps[-1] == 12
    assert len(steps) < 6
    assert [details["path"][0] for _, details in told] == steps
    assert [details["rest"] for _, details in told if "rest" in details] == [{"at": 5}, {"at": 10}]
    kept = run.folder.details()
    assert {name: detail.step for name, detail in kept.items()} == {"path": 12, "rest": 10}


def test_details_behind_the_checkpoint_are_taken_back(stage):
    run = stage.create(checkpoint_steps=4, checkpoint_s=1000)

    def die(event):
        if isinstance(event, StepDone) and event.step == 7:
            run.folder.write_details({"path": Detail(7, None), "rest": Detail(5, None), "late": Detail(6, None)})
            raise Killed

    with pytest.raises(Killed):
        stage.train(run, die)
    seen = []
    stage.train(run, lambda event: seen.append(run.folder.details()))
    assert {name: detail.step for name, detail in seen[0].items()} == {"path": 4}


def test_a_run_that_begins_anew_has_no_details(stage):
    run = stage.create()
    run.folder.write_details({"path": Detail(3, 1)})
    seen = []
    stage.train(run, lambda event: seen.append(run.folder.details()))
    assert seen[0] == {}


def test_champions_are_chained_the_nearest_ancestor_first(stage):
    run = stage.create()
    stage.stop_at(run, 7)
    stage.train(run)
    hashes = [champion.hash for champion in run.folder.champions()]
    players = [read_player(champion.path) for champion in run.folder.champions()]
    assert [player.hash for player in players] == hashes
    assert [player.lineage for player in players] == [tuple(reversed(hashes[:n])) for n in range(4)]
    assert players[-1].training["run"] == run.id
    assert players[-1].training["opponents"] == "tracker"


def test_a_lineage_is_not_kept_without_end(stage):
    run = stage.create(steps=LINEAGE_KEPT + 5, champion_every=1, checkpoint_s=1000)
    stage.train(run)
    champions = run.folder.champions()
    last = read_player(champions[-1].path)
    assert last.lineage == tuple(champion.hash for champion in reversed(champions[4:-1]))


@pytest.mark.parametrize(
    ("every", "seconds", "expected"), [(5, 1000, [5, 10, 12]), (0, 1000, [12]), (1, 1000, [11, 12])]
)
def test_checkpoints_come_by_steps_and_two_are_kept(stage, monkeypatch, every, seconds, expected):
    run, written = stage.create(checkpoint_steps=every, checkpoint_s=seconds), []
    keep = RunFolder.save_checkpoint
    monkeypatch.setattr(RunFolder, "save_checkpoint", lambda self, c: (written.append(c.step), keep(self, c)))
    stage.train(run)
    assert written[-len(expected) :] == expected
    files = sorted(int(path.stem) for path in (run.folder.path / "checkpoints").iterdir())
    assert files == expected[-2:]


def test_checkpoints_come_by_the_clock(stage):
    run = stage.create(checkpoint_s=0.1)
    stage.stop_at(run, 6)
    assert sorted(int(path.stem) for path in (run.folder.path / "checkpoints").iterdir()) == [5, 6]


def test_one_run_has_one_writer(stage):
    run = stage.create()
    with writer_lock(run.folder.path), pytest.raises(SecondWriterError, match="is being written by process"):
        stage.train(run)
    assert history(run) == [[], [], {}]


def test_an_opponent_that_has_changed_is_refused(stage):
    run = stage.create()
    stage.stop_at(run, 4)

    def other(name: str) -> Opponent:
        return Opponent(name, "another hash", find_opponent(name).policy)

    before = [history(run), stage.runs.row(run.id)]
    with pytest.raises(TrainingError, match="opponent 'tracker' is another player now"):
        stage.train(run, context=stage.context(opponent=other))
    assert [history(run), stage.runs.row(run.id)] == before


def test_a_run_whose_process_is_gone_is_interrupted(stage):
    run = stage.create()

    def die(event):
        raise Killed

    with pytest.raises(Killed):
        stage.train(run, die)
    assert stage.runs.store.run(run.id).state == "running"
    assert [row.state for row in stage.runs.rows()] == [INTERRUPTED]
    seen = []
    stage.train(run, lambda event: seen.append(stage.runs.row(run.id).state))
    assert seen[0] == "running"


def test_a_full_disk_stops_the_run_and_costs_nothing(stage, unbroken):
    run = stage.create(checkpoint_steps=2)
    kept = run.folder.path

    def full(path, content):
        if path.parent.name == "checkpoints" and path.stem.endswith("6"):
            raise OSError(errno.ENOSPC, "No space left on device")
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)

    with pytest.raises(DiskFullError, match="its disk is full: make room and resume the run"):
        stage.train(type(run)(run.manifest, RunFolder(kept, full)))
    assert stage.runs.row(run.id).state == "failed"
    stage.train(run)
    assert history(run) == unbroken


def test_a_row_that_cannot_be_saved_either_does_not_hide_why_a_run_has_failed(stage, monkeypatch, caplog):
    run, save, events = stage.create(), stage.runs.save, []

    def full(run, state, champion, summary):
        if state == "failed":
            raise DiskFullError("league.db cannot grow")
        save(run, state, champion, summary)

    monkeypatch.setattr(stage.runs, "save", full)
    with pytest.raises(ZeroDivisionError):
        stage.train(run, events.append, start=Broken)
    assert events[-1] == RunEnded("failed", "this is a fault of the program: ZeroDivisionError: division by zero")
    [record] = caplog.records
    assert (record.getMessage(), record.exc_info) == (
        f"the row of run {run.id} is not up to date: league.db cannot grow",
        None,
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_metrics_on_a_full_disk_stop_the_run(stage):
    run = stage.create()

    def fill(event):
        if isinstance(event, RunStarted):
            run.folder.metrics_path.symlink_to("/dev/full")

    with pytest.raises(DiskFullError, match=r"metrics\.jsonl cannot be written, its disk is full"):
        stage.train(run, fill)


def test_a_locked_database_does_not_stop_a_run(stage, unbroken, monkeypatch):
    run = stage.create()

    def locked(*args):
        raise LockedDatabaseError("league.db is locked by another process")

    monkeypatch.setattr(stage.runs, "save", locked)
    assert stage.train(run).state == "complete"
    assert history(run) == unbroken


def test_a_step_out_of_order_is_a_fault_of_the_trainer(stage):
    class Leaps(WalkLearner):
        def step(self) -> StepReport:
            self.walked += 1
            return super().step()

    with pytest.raises(TrainingError, match="trainer 'walk' has made step 2 of 1"):
        stage.train(stage.create(), start=Leaps)


def test_a_state_survives_its_checkpoint_bit_for_bit(stage):
    arrays = {
        "f8": np.array([0.1, -0.0, 1e-310]), "i1": np.zeros((0, 3), np.int8), "b": np.array([True, False]),
        "u8": np.array([2**64 - 1], np.uint64), "scalar": np.array(3.5, np.float32), "t": np.arange(6).reshape(2, 3).T,
    }  # fmt: skip
    numbers = {"big": 2**127 + 1, "third": 1 / 3, "none": None, "list": [1, "ä", {"x": True}]}
    restored = []

    class Rich(WalkLearner):
        def state(self) -> LearnerState:
            return LearnerState(arrays, numbers)

        def restore(self, state: LearnerState) -> None:
            restored.append(state)
            self.walked = 2

    run = stage.create()
    context = stage.context(control=RunControl())

    def stop(event):
        if isinstance(event, StepDone) and event.step == 2:
            context.control.set(RunState.STOPPING)

    stage.train(run, stop, context, start=Rich)
    stage.train(run, start=Rich)
    assert restored[0].numbers == numbers
    for name, array in arrays.items():
        found = restored[0].arrays[name]
        assert (found.dtype, found.shape, found.tobytes()) == (
            array.dtype,
            array.shape,
            np.ascontiguousarray(array).tobytes(),
        )
