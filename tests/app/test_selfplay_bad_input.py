"""What a training by self-play cannot use gets one sentence and an exit code, and leaves nothing half-written."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from ai.machine import detect
from ai.run_folder import RunFolder
from ai.selfplay.compiled_engine import CompiledEngine
from app.cli import run
from game.policies.file import read_player
from league.gate import Verdict
from league.ratings.sprt import SprtDecision
from tests.app.killed_trainings import history
from tests.app.refusals import (
    IN_PROCESS,
    altered,
    assert_not_resumed,
    assert_refused,
    call,
    sentence,
    train,
    unfinished,
)
from tests.doubles import STILL

SMALL = (
    "--engine", "compiled", "--hidden", "8", "--courts", "16", "--rollout-steps", "8", "--epochs", "1", "--minibatch-size", "64",
    "--report-steps", "512", "--steps", "2048", "--snapshot-steps", "400", "--pool-size", "2", "--evaluate-steps", "1024",
    "--evaluation-pairs", "1", "--anchors", "random", "--gate-steps", "1024", "--payoff-size", "4", "--payoff-pairs", "1",
    "--gate-pairs", "50", "--main-exploiters", "1", "--exploiter-steps", "256", "--opponents", "random",
    "--checkpoint-steps", "1", "--seed", "3",
)  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A league with a Python bot, a player called as a snapshot is, and without a run."""
    folder = tmp_path_factory.mktemp("league")
    (folder / "slow.py").write_text(STILL)
    words = ["--home", str(folder), "players"]
    assert run([*words, "import", str(folder / "slow.py"), "--trust-python"]) == 0
    assert run([*words, "rename", "quick-dense", "main-1"]) == 0
    return folder


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--courts", "130"), "courts is 130; up to 128 or a multiple of 128 is allowed"),
        (("--courts", "0"), "courts is 0; it must be at least 1"),
        (("--minibatch-size", "129"), "minibatch_size is 129; the 128 steps of a rollout allow at most that many"),
        (("--minibatch-size", "0"), "minibatch_size is 0; it must be at least 1"),
        (("--rollout-steps", "1025"), "rollout_steps is 1025; it must be at most 1024"),
        (("--frame-skip", "17"), "frame_skip is 17; it must be at most 16"),
        (("--episode-points", "22"), "episode_points is 22; it must be at most 21"),
        (("--steps", "0"), "steps is 0; it must be at least 1"),
        (("--learning-rate", "0"), "learning_rate is 0.0; it must be greater than 0"),
        (("--learning-rate", "nan"), "learning_rate is nan; it must be"),
        (("--learning-rate-end", "0.9"), "learning_rate_end is 0.9; at most learning_rate, .*, is allowed"),
        (("--entropy-weight-end", "0.9"), "entropy_weight_end is 0.9; at most entropy_weight, .*, is allowed"),
        (("--gamma", "1.01"), "gamma is 1.01; it must be at most 1"),
        (("--clip-range", "0"), "clip_range is 0.0; it must be greater than 0"),
        (("--hidden", "0"), "hidden.0 is '0'; it must be at least 2"),
        (("--hidden", ""), "hidden is .*it must have at least 1"),
        (("--hidden", "8,8,8,8,8"), "hidden is .*it must have at most 4"),
        (("--pool-size", "1"), "pool_size is 1; it must be at least 2"),
        (("--payoff-size", "3"), "payoff_size is 3; it must be at least 4"),
        (("--decay", "0"), "decay is 0.0; it must be greater than 0"),
        (("--pfsp", "best"), "pfsp is 'best'; it must be 'hard', 'variance', 'linear' or 'uniform'"),
        (("--algorithm", "sarsa"), "algorithm is 'sarsa'; it must be 'ppo' or 'pqn'"),
        (("--gate-alpha", "0.5"), "gate_alpha is 0.5; it must be less than 0.5"),
        (("--gate-elo", "0"), "gate_elo is 0.0; it must be at least 1"),
        (("--self-share", "1.1"), "self_share is 1.1; it must be at most 1"),
        (("--self-share", "0.9"), "self_share, .* are [0-9.]+ together; more than 0, .* and at most 1 is allowed"),
        (
            ("--self-share", "0", "--past-share", "0", "--hard-share", "0", "--fixed-share", "0"),
            "are 0 together; more than 0, so that the opponent pool is not empty",
        ),
        (
            ("--self-share", "0.3", "--fixed-share", "0.1", "--opponents", ""),
            "fixed_share is 0.1 and opponents is empty; name opponents, or set fixed_share to 0",
        ),
        (("--exploiter-share", "1"), "exploiter_share is 1.0; it must be less than 1"),
        (("--league-exploiters", "9"), "league_exploiters is 9; it must be at most 8"),
        (
            ("--league-exploiters", "3", "--exploiter-share", "0.25"),
            "exploiter_share is 0.25; with 4 exploiters less than 0.25 is allowed, so that steps are left for the main agent",
        ),
        (("--opponents", "nobody"), "there is no player 'nobody'"),
        (("--opponents", "trakcer"), "there is no player 'trakcer': did you mean 'tracker'?"),
        (("--opponents", "random,tracker,random"), "opponents is random, tracker, random; each player can be there once"),
        (("--opponents", "random,slow"), "opponent 'slow' is a Python bot: only compiled players play fast enough here"),
        (("--opponents", "main-1"), "opponent 'main-1' is called as a part of the population is: give the player another name"),
        (("--anchors", ""), "anchors is .*it must have at least 1"),
        (("--anchors", "nobody"), "there is no player 'nobody'"),
        (("--anchors", "random,random"), "anchors is random, random; each player can be there once"),
        (("--start-from", "nobody"), "there is no player 'nobody'"),
        (("--start-from", "aimer"), "player 'aimer' is no network of layers 8, 8 and 3 actions with layer normalisation"),
        (("--start-from", "slow"), "player 'slow' is no network"),
        (("--start-from", "main-1"), "player 'main-1' is no network of layers .* set hidden and layer_norm to its own"),
        (("--start-from", "main-1", "--algorithm", "pqn"), "start_from is 'main-1'; it works with algorithm ppo alone"),
        (("--algorithm", "pqn", "--engine", "torch"), "engine is torch; algorithm pqn learns with the compiled engine alone"),
        (("--algorithm", "pqn", "--engine", "auto", "--device", "cuda"), "device is cuda; algorithm pqn computes on the"),
        (("--device", "cuda"), "device is cuda; engine compiled computes on the processor alone, leave device out"),
        (("--device", "tpu"), "device is 'tpu'; it must be 'auto', 'cpu' or 'cuda'"),
        (("--preset", "quickest"), "trainer 'selfplay' has no preset 'quickest': did you mean 'quick'?"),
        (("--seed", "-1"), "seed is -1: 0 to"),
        (("--workers", "0"), "workers.* 0"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else "",
)  # fmt: skip
def test_what_cannot_be_is_refused(capsys, home, arguments, says):
    assert_refused(capsys, home, "selfplay", (*SMALL, *arguments), says)


def test_a_player_under_its_name_and_under_its_hash_is_one(capsys, home):
    _, listed, _ = call(capsys, home, "players", "list", "--json")
    hashes = {player["name"]: player["hash"] for player in json.loads(listed)["players"]}
    arguments = (*SMALL, "--opponents", f"tracker,{hashes['tracker'][:12]}")
    assert_refused(
        capsys, home, "selfplay", arguments, "opponent 'tracker' is named twice: each player can be there once"
    )


def test_python_bots_can_be_anchors_also_alone(capsys, home, tmp_path):
    """They play in the executor, as everywhere; only rollouts are for compiled players alone."""
    copy = Path(shutil.copytree(home, tmp_path / "home"))
    code, out, err = train(capsys, copy, "selfplay", *SMALL, "--anchors", "slow", "--steps", "600")
    assert (code, "Win rate against slow" in out) == (0, True), err


@pytest.mark.skipif(bool(detect().gpus), reason="there is a GPU")
@pytest.mark.parametrize("engine", ["auto", "torch"])
def test_a_gpu_that_is_not_there(capsys, home, engine):
    arguments = (*SMALL[2:], "--engine", engine, "--device", "cuda")
    assert_refused(capsys, home, "selfplay", arguments, "device 'cuda' needs an NVIDIA GPU .*: choose device .*'cpu'")


def test_with_no_opponents_it_plays_itself(capsys, tmp_path):
    """An empty pool of players of the league is no mistake: its own past fills it."""
    code, out, err = train(capsys, tmp_path, "selfplay", *SMALL, "--opponents", "", "--steps", "600")
    assert (code, "complete, " in out) == (0, True), err


# A run that was begun


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a run that is said to be unfinished, and one of another network."""
    folder = tmp_path_factory.mktemp("trained")
    words = ["--home", str(folder), "train", "selfplay", *SMALL, *IN_PROCESS]
    assert run(words) == 0
    unfinished(folder)
    assert run([*words, "--hidden", "12"]) == 0
    return folder


@pytest.fixture
def stopped(trained: Path, tmp_path: Path) -> Path:
    """A copy of it, to be spoilt."""
    return Path(shutil.copytree(trained, tmp_path / "home"))


def checkpoints(home: Path, run_id: str = "selfplay-1") -> list[Path]:
    return sorted((home / "runs" / run_id / "checkpoints").iterdir())


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--resume", "selfplay-1", "--courts", "32"), "run selfplay-1 goes on as it is: courts is 16, not 32. Leave"),
        (("--resume", "selfplay-1", "--hidden", "16", "--pfsp", "variance"), r"hidden is \(8,\), not \(16,\); pfsp is hard, not"),
        (("--resume", "selfplay-1", "--seed", "4"), "seed is 3, not 4"),
        (("--resume", "selfplay-1", "--minibatch-size", "4000"), "minibatch_size is 4,000"),
        (("--resume", "selfplay-9"), "there is no training run 'selfplay-9'"),
        (("--resume", "dqn-1"), "there is no training run 'dqn-1'"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else "",
)  # fmt: skip
def test_what_cannot_be_resumed(capsys, trained, arguments, says):
    assert_refused(capsys, trained, "selfplay", arguments, says)


def test_a_complete_run_is_left_as_it_is(capsys, trained):
    code, out, err = train(capsys, trained, "selfplay", "--resume", "selfplay-2")
    assert code == 0
    assert "run selfplay-2 is complete: nothing is left to train" in err
    assert "complete, 4 of 4" in out


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("hidden", [9], r"the checkpoint's 'parameters' is float32\[\d+\], this network has"),
        ("courts", 8, "the checkpoint's courts do not fit"),
        ("courts", 256, "the checkpoint's learners do not fit this configuration"),
        ("algorithm", "pqn", "the checkpoint.*"),
        ("opponents", ["tracker"], "the checkpoint's opponents are others than the configuration's: start a new run"),
        ("league_exploiters", 1, "the checkpoint.*"),
        ("payoff_pairs", 2, "the checkpoint's payoffs were measured over 1 pairs, not 2"),
    ],
)
def test_a_checkpoint_of_another_configuration(capsys, stopped, name, value, says):
    """Somebody has edited the run's configuration; once it is put back, the run goes on."""
    unfinished_at(stopped, 3)
    path = stopped / "runs" / "selfplay-1" / "config.json"
    original = path.read_text()
    altered(path, lambda fields: fields["config"].update({name: value}))
    assert_not_resumed(capsys, stopped, "selfplay", says)
    path.write_text(original)
    code, out, err = train(capsys, stopped, "selfplay", "--resume")
    assert (code, "complete, 4 of 4" in out) == (0, True), err


def unfinished_at(home: Path, step: int) -> None:
    """Take the checkpoints behind a step away: the run goes on from there."""
    for path in checkpoints(home):
        if int(path.stem) > step:
            path.unlink()


@pytest.mark.parametrize("field", ["trainer_version", "game_version"])
def test_a_run_of_another_version(capsys, stopped, field):
    path = stopped / "runs" / "selfplay-1" / "config.json"
    altered(path, lambda fields: fields.update({field: 99}))
    assert_not_resumed(capsys, stopped, "selfplay", "version 99.*; start a new run")


@pytest.mark.parametrize("size", [0, 100, -100])
def test_truncated_checkpoints(capsys, stopped, size):
    """With one of the two that are kept it goes on; with none it is refused until they are gone."""
    for path in checkpoints(stopped):
        path.write_bytes(path.read_bytes()[:size])
    assert_not_resumed(
        capsys, stopped, "selfplay", "is truncated, damaged or no checkpoint .*: delete it, then resume again"
    )
    for path in checkpoints(stopped):
        path.unlink()
    code, out, err = train(capsys, stopped, "selfplay", "--resume")
    assert (code, "complete, 4 of 4" in out) == (0, True), err


def test_a_damaged_checkpoint_costs_the_steps_since_the_one_before(capsys, stopped, trained):
    [_, path] = checkpoints(stopped)
    path.write_bytes(path.read_bytes()[:-100])
    code, out, err = train(capsys, stopped, "selfplay", "--resume")
    assert (code, "complete, 4 of 4" in out) == (0, True)
    assert f"checkpoint {path.name} is damaged: going on from the one before" in err
    assert history(stopped, "selfplay") == history(trained, "selfplay")


def test_the_checkpoint_of_another_run(capsys, stopped):
    [*_, other], [*_, own] = checkpoints(stopped, "selfplay-2"), checkpoints(stopped)
    shutil.copy(other, own)
    assert_not_resumed(
        capsys, stopped, "selfplay", "belongs to run 'selfplay-2', not 'selfplay-1': put the run's own file back"
    )


def test_a_run_that_began_with_a_player_needs_it_again_when_it_goes_on(capsys, monkeypatch, tmp_path):
    """A network of its own kind; put back, the run goes on, and the player is the oldest ancestor of its champions."""
    monkeypatch.setattr(
        "ai.selfplay.learner.judge", lambda play, config: Verdict(True, SprtDecision.ACCEPT_H1, 50, (0,) * 5, 3.0, 0.9)
    )
    names = ("one", "two")
    words = (*SMALL, "--gate-steps", "512", "--main-exploiters", "0", "--value-steps", "600")
    assert train(capsys, tmp_path, "selfplay", *words, "--name", names[0])[0] == 0
    _, added, _ = call(capsys, tmp_path, "runs", "add", "selfplay-1")
    [first] = RunFolder(tmp_path / "runs" / "selfplay-1").champions()[-1:]
    assert names[0] in added
    assert train(capsys, tmp_path, "selfplay", *words, "--name", names[1], "--start-from", names[0])[0] == 0
    unfinished(tmp_path)
    for path in checkpoints(tmp_path, "selfplay-2")[1:]:
        path.unlink()
    before = history(tmp_path, "selfplay", 2)
    file = tmp_path / "players" / f"{first.hash}.safetensors"
    kept = file.read_bytes()
    file.unlink()
    code, _, err = train(capsys, tmp_path, "selfplay", "--resume", "selfplay-2")
    assert (code, f"player '{names[0]}' cannot be used: its file" in sentence(err)) == (2, True)
    file.write_bytes(kept)
    assert train(capsys, tmp_path, "selfplay", "--resume", "selfplay-2")[0] == 0
    assert history(tmp_path, "selfplay", 2) == before
    for champion in RunFolder(tmp_path / "runs" / "selfplay-2").champions():
        assert read_player(champion.path).lineage[-1] == first.hash


# A training that diverges


class Diverging(CompiledEngine):
    """An engine whose steps become far too long after two dozen updates."""

    def update_rows(self, samples, places, learning_rate, entropy_weight):
        rate = learning_rate if self.state()["updates"][0] < 24 else 1e30
        return super().update_rows(samples, places, rate, entropy_weight)


def test_a_loss_that_is_no_number_stops_the_run_and_keeps_the_last_checkpoint(capsys, monkeypatch, tmp_path):
    """No fields make every run diverge for sure, so the engine is one that does; normalised layers hold even that."""
    monkeypatch.setattr("ai.selfplay.ppo.CompiledEngine", Diverging)
    code, out, err = train(
        capsys, tmp_path, "selfplay", *SMALL, "--no-layer-norm", "--steps", "9000", "--main-exploiters", "0"
    )
    assert (code, out) == (1, "")
    said = sentence(err)
    assert re.fullmatch(
        r"error: the (policy loss|value loss|gradient) is [-\w.+]+: training has diverged; the last checkpoint before it is "
        r"kept; start a new run with a smaller learning_rate or max_grad_norm",
        said,
    )
    _, listed, _ = call(capsys, tmp_path, "runs", "list", "--json")
    [row] = json.loads(listed)["runs"]
    assert (row["state"], row["reason"]) == ("failed", said.removeprefix("error: "))
    folder = RunFolder(tmp_path / "runs" / "selfplay-1")
    rows = folder.metrics()
    checkpoint = folder.load_checkpoint(folder.manifest().origin, print)
    assert checkpoint is not None
    assert checkpoint.step == rows[-1].step > 0
    assert np.isfinite(checkpoint.state.arrays["population/agent-0/parameters"]).all()
    code, _, err = train(capsys, tmp_path, "selfplay", "--resume")
    assert (code, sentence(err)) == (1, said)  # the same again: a run is what it is
    assert folder.metrics() == rows
