"""Players whose file vanished, changed or is of another game version: one sentence, and everything goes on once they are back."""

import re
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ai.run_folder import RunFolder
from ai.trainer import trainer, trainers
from ai.training import RunEnded, StepDone, TrainEvent
from app.session import STARTERS, open_league
from app.training import TrainRequest, run_training
from game.executors.base import RunControl, RunState
from tests.app.killed_trainings import history
from tests.app.refusals import assert_not_resumed, assert_refused, call, sentence, train

VICTIM = "quick-dense"
SMALL: dict[str, dict[str, object]] = {
    "es": {
        "generations": 4, "children": 4, "pairs": 1, "finalists": 1, "final_pairs": 1, "points": 1, "evaluate_every": 2,
        "evaluation_pairs": 1,
    },
    "neat": {
        "population": 10, "generations": 4, "pairs": 1, "points": 1, "finalists": 2, "final_pairs": 1, "evaluation_pairs": 1,
        "hindsight_steps": 0,
    },
    "neat-backprop": {
        "population": 10, "generations": 4, "steps": 2, "elite_steps": 2, "match_pairs": 5, "eval_workers": 1,
        "backend": "serial",
    },
    "dqn": {
        "mode": "single", "engine": "compiled", "device": "cpu", "hidden": "8", "courts": 16, "rollout_steps": 8,
        "report_steps": 512, "steps": 2048, "buffer_size": 2000, "batch_size": 32, "learning_starts": 128, "steps_per_update": 64,
        "evaluate_steps": 1024, "evaluation_pairs": 1, "ladder": "random",
    },
    "selfplay": {
        "courts": 16, "rollout_steps": 8, "report_steps": 256, "steps": 1024, "minibatch_size": 64, "hidden": "8",
        "anchors": "random", "evaluate_steps": 512, "evaluation_pairs": 1, "gate_steps": 1024, "gate_pairs": 2, "payoff_pairs": 1,
        "snapshot_steps": 512,
    },
}  # fmt: skip
"""Four steps of every trainer that has opponents."""
FIELDS = {"opponents": f"random,{VICTIM}", "checkpoint_steps": 1}
SEED = 3


@pytest.fixture(params=SMALL)
def name(request) -> str:
    return str(request.param)


def test_every_trainer_with_opponents_is_here():
    assert {each.name for each in trainers() if "opponents" in each.config_class.model_fields} == set(SMALL)


def options(name: str) -> tuple[str, ...]:
    """Return the options of the command line that say the same."""
    fields = {**SMALL[name], **FIELDS, "seed": SEED}
    return tuple(part for key, value in fields.items() for part in (f"--{key.replace('_', '-')}", str(value)))


class Meddler:
    """Does something after a step, and stops the run after another."""

    def __init__(self, after: int, meddle: Callable[[], None], stop_after: int) -> None:
        self.control = RunControl()
        self.on_event = self._take
        self._after, self._meddle, self._stop_after = after, meddle, stop_after

    def say(self, line: str) -> None:
        pass

    def _take(self, event: TrainEvent) -> None:
        if isinstance(event, StepDone) and event.step == self._after:
            self._meddle()
        if isinstance(event, StepDone) and event.step == self._stop_after:
            self.control.set(RunState.STOPPING)


def train_meddled(home: Path, name: str, view: Meddler) -> RunEnded:
    request = TrainRequest(trainer(name), {**SMALL[name], **FIELDS}, seed=SEED, executor="serial")
    with open_league(str(home)) as league:
        return run_training(league, request, view)[1]


# What becomes of a player's file


def player(home: Path) -> dict[str, Any]:
    with sqlite3.connect(home / "league.db") as connection:
        found = connection.execute("SELECT path, hash, game_version FROM players WHERE name = ?", (VICTIM,)).fetchone()
    connection.close()
    return dict(zip(("path", "hash", "game_version"), found, strict=True))


def file_of(home: Path) -> Path:
    return home / str(player(home)["path"])


def lose(home: Path) -> None:
    file_of(home).unlink()


def swap(home: Path) -> None:
    shutil.copy(STARTERS / "quick-graph.safetensors", file_of(home))


def truncate(home: Path) -> None:
    file_of(home).write_bytes(file_of(home).read_bytes()[:100])


def set_version(home: Path, version: int) -> None:
    with sqlite3.connect(home / "league.db") as connection:
        connection.execute("UPDATE players SET game_version = ? WHERE name = ?", (version, VICTIM))
    connection.close()


def put_back(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    """Do what the sentences advise."""
    set_version(home, 1)
    assert call(capsys, home, "players", "import", str(STARTERS / f"{VICTIM}.safetensors"))[0] in (0, 2)
    assert call(capsys, home, "players", "check", VICTIM)[0] == 0


DAMAGES: dict[str, tuple[Callable[[Path], None], str]] = {
    "gone": (lose, f"player '{VICTIM}' cannot be used: its file .* is gone; import that player again, which puts it back"),
    "changed": (swap, f"player '{VICTIM}' cannot be used: .* has changed since it was imported; import the original again"),
    "truncated": (truncate, f"player '{VICTIM}' cannot be used: .* it is truncated"),
    "of another version": (
        lambda home: set_version(home, 2), f"player '{VICTIM}' .* rally version 2.* version 1"
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def league_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A league without a run."""
    folder = tmp_path_factory.mktemp("league")
    with open_league(str(folder)):
        return folder


@pytest.fixture
def home(league_home: Path, tmp_path: Path) -> Path:
    """A copy of it, to be spoilt."""
    return Path(shutil.copytree(league_home, tmp_path / "home"))


# Training


@pytest.mark.parametrize("damage", DAMAGES)
def test_before_the_start(capsys, home, name, damage):
    spoil, says = DAMAGES[damage]
    spoil(home)
    assert_refused(capsys, home, name, options(name), says)
    put_back(capsys, home)


def test_who_is_archived_is_no_opponent(capsys, home, name):
    assert call(capsys, home, "players", "archive", VICTIM)[0] == 0
    assert_refused(capsys, home, name, options(name), f"player '{VICTIM}' is archived: .* brings it back")


@pytest.mark.parametrize(
    ("name", "field"),
    [("dqn", "ladder"), ("neat-backprop", "teacher"), ("selfplay", "anchors"), ("selfplay", "start-from")],
)
def test_whoever_else_a_training_needs(capsys, home, name, field):
    lose(home)
    arguments = tuple(part.replace(VICTIM, "still") for part in options(name))
    assert_refused(capsys, home, name, (*arguments, f"--{field}", VICTIM), DAMAGES["gone"][1])


@pytest.mark.slow
def test_during_the_run_and_at_its_resume(capsys, home, tmp_path, name):
    """A run holds its opponents: one whose file vanishes meanwhile plays on. A resumed run looks at their files anew."""
    whole, nothing = tmp_path / "whole", Meddler(0, lambda: None, 0)
    shutil.copytree(home, whole)
    assert train_meddled(whole, name, nothing).state == "complete"
    assert train_meddled(home, name, Meddler(1, lambda: lose(home), 2)).state == "stopped"
    assert len(RunFolder(home / "runs" / f"{name}-1").metrics()) == 2
    put_back(capsys, home)
    for spoil, says in DAMAGES.values():
        spoil(home)
        assert_not_resumed(capsys, home, name, says)
        put_back(capsys, home)
    assert train(capsys, home, name, "--resume")[0] == 0
    assert history(home, name) == history(whole, name)


def test_another_player_of_that_name_is_no_opponent_to_go_on_with(capsys, home):
    assert train_meddled(home, "es", Meddler(0, lambda: None, 1)).state == "stopped"
    for old, new in ((VICTIM, "before"), ("quick-graph", VICTIM)):
        assert call(capsys, home, "players", "rename", old, new)[0] == 0
    assert_not_resumed(capsys, home, "es", f"opponent '{VICTIM}' is another player now .* give that name back")
    for old, new in ((VICTIM, "quick-graph"), ("before", VICTIM)):
        assert call(capsys, home, "players", "rename", old, new)[0] == 0
    assert train(capsys, home, "es", "--resume")[0] == 0


# Seasons

SEASON = ("--players", f"random,{VICTIM},tracker", "--pairs", "2", "--points", "1", "--executor", "serial")


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_season_waits_until_its_player_is_back(capsys, home, league_home, tmp_path, damage):
    spoil, says = DAMAGES[damage]
    spoil(home)
    for arguments in (SEASON, ("--resume",)):
        code, out, err = call(capsys, home, "--no-visuals", *arguments)
        assert (code, out) == (2, "")
        assert re.search(says, sentence(err)), err
    put_back(capsys, home)
    code, out, _ = call(capsys, home, "--no-visuals", "--resume")
    assert code == 0
    other = shutil.copytree(league_home, tmp_path / "other")
    assert call(capsys, other, "--no-visuals", *SEASON)[1].split("rows ")[1] == out.split("rows ")[1].replace(
        str(home), str(other)
    )
