"""Run folders and checkpoints: what is damaged, foreign or torn gets one sentence or is cut."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ai.errors import TrainingError
from ai.run_folder import RunFolder
from ai.runs import Plan
from league.errors import UnknownRowError
from league.library import Library
from league.schema import RunRow
from tests.ai.fakes import GAME, Killed, Stage, history, open_stage, trainer


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with open_stage(tmp_path) as made:
        yield made


def checkpoints(run) -> list[Path]:
    return sorted((run.folder.path / "checkpoints").iterdir())


def test_runs_are_numbered_and_a_number_is_never_used_twice(stage):
    first, second = stage.create(), stage.create()
    assert (first.id, second.id) == ("walk-1", "walk-2")
    (stage.home / "runs" / "walk-7").mkdir()
    assert stage.create().id == "walk-8"
    (stage.home / "runs" / "walk-7").rmdir()
    stage.runs.store.save_run(replace(stage.runs.row("walk-8"), id="walk-12"))
    assert stage.create().id == "walk-13"
    assert stage.runs.find("walk-2").manifest == second.manifest


def test_a_run_that_cannot_be_made_leaves_nothing(stage, monkeypatch):
    def refuse(*args):
        raise OSError(30, "Read-only file system")

    chosen = trainer()
    plan = Plan(chosen, chosen.configure({}), GAME, 7)
    with pytest.raises(TrainingError, match="name is 'two"):
        stage.runs.create(replace(plan, name="two\nlines"))
    monkeypatch.setattr(RunFolder, "write_manifest", refuse)
    with pytest.raises(OSError, match="Read-only"):
        stage.runs.create(plan)
    assert list((stage.home / "runs").iterdir()) == []
    assert stage.runs.rows() == []


def test_unknown_runs_and_champions_are_refused(stage):
    with pytest.raises(UnknownRowError, match="no training run 'walk-9'"):
        stage.runs.find("walk-9")
    run, library = stage.create(), Library(stage.runs._home, stage.runs.store)
    with pytest.raises(TrainingError, match="has no champion: train it"):
        stage.runs.add_champion(library, run)


def test_the_latest_unfinished_run_is_found(stage):
    with pytest.raises(TrainingError, match="no run of trainer 'walk' is unfinished"):
        stage.runs.latest_unfinished("walk")
    first, second = stage.create(), stage.create()
    assert stage.runs.latest_unfinished("walk").id == second.id
    stage.train(second)
    assert stage.runs.latest_unfinished("walk").id == first.id


def test_a_champion_joins_the_league_with_its_lineage(stage):
    run, library = stage.create(), Library(stage.runs._home, stage.runs.store)
    stage.train(run)
    third, *_, last = run.folder.champions()
    added = stage.runs.add_champion(library, run, name="Walker")
    assert (added.hash, added.name) == (last.hash, "Walker")
    assert library.read(added).lineage[-1] == third.hash
    assert stage.runs.add_champion(library, run, step=3).hash == third.hash
    with pytest.raises(TrainingError, match="no champion of step 4: it has champions of the steps 3, 6, 9, 12"):
        stage.runs.add_champion(library, run, step=4)


def test_a_damaged_checkpoint_gives_way_to_the_one_before(stage):
    run = stage.create(checkpoint_steps=2)
    stage.stop_at(run, 6)
    newest = checkpoints(run)[-1]
    newest.write_bytes(newest.read_bytes()[:-9])
    unbroken = stage.create()
    stage.train(unbroken)
    assert stage.train(run).state == "complete"
    assert history(run) == history(unbroken)
    assert stage.said == ["checkpoint 000000006.safetensors is damaged: going on from the one before"]


@pytest.mark.parametrize("content", [b"", b"x" * 100, b"\x02\0\0\0\0\0\0\0{}", b"\xff" * 8 + b"{}"])
def test_a_run_without_a_readable_checkpoint_is_refused_and_left_alone(stage, content):
    run = stage.create(checkpoint_steps=2)
    stage.stop_at(run, 6)
    for path in checkpoints(run):
        path.write_bytes(content)
    before = history(run)
    with pytest.raises(TrainingError, match=r"000000006\.safetensors is truncated, damaged or no checkpoint"):
        stage.train(run)
    assert history(run) == before


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"run": "walk-2"}, "belongs to run 'walk-1', not 'walk-2'"),
        ({"trainer": "es"}, "belongs to trainer 'walk', not 'es'"),
        ({"trainer_version": 2}, "belongs to trainer version 1, not 2"),
        ({"game_version": 9}, f"belongs to game version {GAME.version}, not 9"),
    ],
)
def test_a_foreign_checkpoint_is_refused(stage, change, says):
    run = stage.create()
    stage.stop_at(run, 3)
    run.folder.write_manifest(replace(run.manifest, **change))
    with pytest.raises(TrainingError, match=says):
        stage.train(stage.runs.find(run.id))


def test_a_trainer_of_another_version_is_refused(stage, monkeypatch):
    run = stage.create()
    monkeypatch.setattr("ai.runs.trainer_named", lambda name: replace(trainer(), version=2))
    with pytest.raises(TrainingError, match="made by version 1 of trainer 'walk': this program has version 2"):
        stage.runs.config(run)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": 1}', "\x00"])
def test_a_damaged_manifest_is_refused(stage, content):
    run = stage.create()
    (run.folder.path / "config.json").write_text(content)
    with pytest.raises(TrainingError, match=r"config.json cannot be used \(it is damaged\)"):
        stage.runs.find(run.id)


def test_a_run_of_a_newer_program_and_a_lost_folder_are_refused(stage):
    run = stage.create()
    (run.folder.path / "config.json").write_text('{"format": 2}')
    with pytest.raises(TrainingError, match="of format 2: this program reads format 1"):
        stage.runs.find(run.id)
    (run.folder.path / "config.json").unlink()
    with pytest.raises(TrainingError, match=r"config.json cannot be used \(No such file"):
        stage.runs.find(run.id)


def test_damage_within_the_metrics_is_named_and_a_torn_end_is_not_read(stage):
    run = stage.create()
    stage.stop_at(run, 4)
    content = run.folder.metrics_path.read_bytes()
    run.folder.metrics_path.write_bytes(content + b'{"step":5,"val')
    assert [row.step for row in run.folder.metrics(after_step=2)] == [3, 4]
    first = content.index(b"\n") + 1
    run.folder.metrics_path.write_bytes(content[:first] + b"\0\0\n" + content[first:])
    with pytest.raises(TrainingError, match=rf"metrics\.jsonl is damaged at byte {first:,}"):
        run.folder.metrics()


def test_damaged_checkpoints_never_pass_for_newer_ones(stage):
    """Two checkpoints are kept: a damaged one of a later step must not take the place of a good one."""
    run = stage.create(checkpoint_steps=1)
    stage.stop_at(run, 6)
    newest = checkpoints(run)[-1]
    newest.rename(newest.with_name("000000011.safetensors")).write_bytes(b"damaged")
    stage.stop_at(run, 8)
    assert [path.name for path in checkpoints(run)] == ["000000007.safetensors", "000000008.safetensors"]


@pytest.mark.parametrize("content", ["", "[]", '{"path": 3}', '{"path": {"step": 1}}'])
def test_damaged_details_are_refused_and_mended_by_resuming(stage, content):
    run = stage.create()
    stage.stop_at(run, 4)
    before = run.folder.details()
    (run.folder.path / "details.json").write_text(content)
    with pytest.raises(TrainingError, match=r"details\.json cannot be read: resume the run"):
        run.folder.details()
    seen = []
    stage.train(run, lambda event: seen.append(run.folder.details()))
    assert seen[0] == before != {}


def test_what_a_killed_write_has_left_is_swept_up(stage):
    run = stage.create(checkpoint_steps=2)

    def die(event):
        raise Killed

    with pytest.raises(Killed):
        stage.train(run, die)
    leftover = run.folder.path / "checkpoints" / ".000000002.safetensors.abc123"
    leftover.parent.mkdir()
    leftover.write_bytes(b"half")
    stage.train(run)
    assert not leftover.exists()


def test_rows_of_runs_come_in_the_order_of_their_making(stage):
    stage.create()
    stage.create()
    rows = stage.runs.rows()
    assert [row.id for row in rows] == ["walk-1", "walk-2"]
    assert all(isinstance(row, RunRow) and row.folder == f"runs/{row.id}" for row in rows)
