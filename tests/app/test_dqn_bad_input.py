"""What a training of Q-networks cannot use gets one sentence and an exit code, and leaves nothing half-written."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ai.dqn.compiled_engine import CompiledEngine
from ai.dqn.engine import Batch, UpdateStats
from ai.machine import detect
from ai.run_folder import RunFolder
from app.cli import run
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
    "--mode", "single", "--engine", "compiled", "--device", "cpu", "--hidden", "8", "--courts", "16", "--rollout-steps", "8",
    "--report-steps", "512", "--steps", "2048", "--buffer-size", "2000", "--batch-size", "32", "--learning-starts", "128",
    "--steps-per-update", "64", "--evaluate-steps", "1024", "--evaluation-pairs", "1", "--opponents", "random",
    "--ladder", "random", "--checkpoint-steps", "1", "--seed", "3",
)  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A league with a Python bot and without a run."""
    folder = tmp_path_factory.mktemp("league")
    (folder / "slow.py").write_text(STILL)
    assert run(["--home", str(folder), "players", "import", str(folder / "slow.py"), "--trust-python"]) == 0
    return folder


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--batch-size", "4000"), "batch_size is 4,000, .* 4,000 transitions; buffer_size allows at most 2,000"),
        (("--gradient-accumulation", "100"), "batch_size is 32, in 100 parts 3,200 transitions; .* at most 2,000"),
        (("--batch-size", "0"), "batch_size is 0; it must be at least 1"),
        (("--buffer-size", "100", "--learning-starts", "0"), "buffer_size is 100; .* at least 384 is needed"),
        (("--workers", "0"), "workers is 0: 1 to 256 are allowed"),
        (("--workers", "-2"), "workers is -2: 1 to 256 are allowed"),
        (("--learning-rate", "-1"), "learning_rate is -1.0; it must be greater than 0"),
        (("--learning-rate", "nan"), "learning_rate is nan; it must be"),
        (("--mode", "warp"), "mode is 'warp'; it must be 'auto', 'single', 'parallel' or 'ultra'"),
        (("--algorithm", "sarsa"), "algorithm is 'sarsa'; it must be 'dqn' or 'pqn'"),
        (("--device", "cuda"), "engine is compiled, which computes on the CPU: leave --engine out for device cuda"),
        (("--courts", "130"), "courts is 130; up to 128 or a multiple of 128 is allowed"),
        (("--hidden", "0"), "hidden.0 is '0'; it must be at least 2"),
        (("--hidden", "wide"), "hidden.* is 'wide'"),
        (("--hidden", ""), "hidden is .*it must have at least 1"),
        (("--episodes", "-5"), "episodes is -5; it must be at least 0"),
        (("--opponents", "nobody"), "there is no player 'nobody'"),
        (("--opponents", "trakcer"), "there is no player 'trakcer': did you mean 'tracker'?"),
        (("--opponents", "random,slow"), "opponent 'slow' is a Python bot: only compiled players play fast enough here"),
        (("--ladder", "nobody"), "there is no player 'nobody'"),
        (("--preset", "fastest"), "fastest"),
        (("--seed", "-1"), "seed is -1: 0 to"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else "",
)  # fmt: skip
def test_what_cannot_be_is_refused(capsys, home, arguments, says):
    assert_refused(capsys, home, "dqn", (*SMALL, *arguments), says)


@pytest.mark.parametrize("mode", ["parallel", "ultra"])
def test_a_refused_run_of_processes_leaves_nothing(capsys, home, mode):
    arguments = (*SMALL, "--mode", mode, "--workers", "1", "--opponents", "slow")
    assert_refused(capsys, home, "dqn", arguments, "opponent 'slow' is a Python bot")


@pytest.mark.skipif(bool(detect().gpus), reason="there is a GPU")
@pytest.mark.parametrize("force", [(), ("--force",)])
def test_a_gpu_that_is_not_there(capsys, home, force):
    arguments = (*SMALL[:2], *SMALL[6:], "--engine", "torch", "--device", "cuda", *force)
    assert_refused(
        capsys, home, "dqn", arguments, "device is cuda, and there is no GPU .*leave --device out, or name cpu"
    )


# A run that was begun


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a run that is said to be unfinished, and a complete one of another network."""
    folder = tmp_path_factory.mktemp("trained")
    words = ["--home", str(folder), "train", "dqn", *SMALL, *IN_PROCESS]
    assert run(words) == 0
    unfinished(folder)
    assert run([*words, "--hidden", "12"]) == 0
    return folder


@pytest.fixture
def stopped(trained: Path, tmp_path: Path) -> Path:
    """A copy of it, to be spoilt."""
    return Path(shutil.copytree(trained, tmp_path / "home"))


def checkpoints(home: Path, run_id: str = "dqn-1") -> list[Path]:
    return sorted((home / "runs" / run_id / "checkpoints").iterdir())


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--batch-size", "16"), "run dqn-1 goes on as it is: batch_size is 32, not 16. Leave these options out"),
        (("--hidden", "16", "--mode", "ultra"), r"mode is single, not ultra; hidden is \(8,\), not \(16,\)"),
        (("--seed", "4"), "seed is 3, not 4"),
        (("--batch-size", "4000"), "batch_size is 4,000"),
        (("--workers", "0"), "workers is 0: 1 to 256 are allowed"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else "",
)
def test_a_run_goes_on_as_it_is(capsys, trained, arguments, says):
    assert_refused(capsys, trained, "dqn", ("--resume", "dqn-1", *arguments), says)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("hidden", [9], r"the checkpoint's 'parameters' is float32\[\d+\], this network has"),
        ("dueling", False, r"the checkpoint's 'parameters' is float32\[\d+\], this network has"),
        ("courts", 8, "the checkpoint's replay buffer does not fit at 'observations'"),
        ("algorithm", "pqn", "the checkpoint does not fit this configuration"),
    ],
)
def test_a_checkpoint_of_another_network_or_buffer(capsys, stopped, name, value, says):
    """Somebody has edited the run's configuration; once it is put back, the run goes on."""
    path = stopped / "runs" / "dqn-1" / "config.json"
    original = path.read_text()
    altered(path, lambda fields: fields["config"].update({name: value}))
    assert_not_resumed(capsys, stopped, "dqn", says)
    path.write_text(original)
    assert train(capsys, stopped, "dqn", "--resume")[0] == 0


def test_the_checkpoint_of_another_run(capsys, stopped):
    [*_, other], [*_, own] = checkpoints(stopped, "dqn-2"), checkpoints(stopped)
    shutil.copy(other, own)
    assert_not_resumed(capsys, stopped, "dqn", "belongs to run 'dqn-2', not 'dqn-1': put the run's own file back")


# A training that diverges


class Diverging(CompiledEngine):
    """An engine whose steps become far too long after a dozen updates."""

    def update(self, batch: Batch, learning_rate: float) -> UpdateStats:
        return super().update(batch, self._rate(learning_rate))

    def fit(self, observations: Any, actions: Any, targets: Any, learning_rate: float) -> UpdateStats:
        return super().fit(observations, actions, targets, self._rate(learning_rate))

    def _rate(self, learning_rate: float) -> float:
        return learning_rate if self.state()["updates"][0] < 12 else 1e30


@pytest.mark.parametrize("algorithm", [("dqn",), ("pqn", "--epochs", "1", "--minibatches", "2")], ids=["dqn", "pqn"])
def test_a_loss_that_is_no_number_stops_the_run_and_keeps_the_last_checkpoint(capsys, monkeypatch, tmp_path, algorithm):
    """No fields make every run diverge for sure, so the engine is one that does; normalised layers hold even that."""
    monkeypatch.setattr("ai.dqn.making.CompiledEngine", Diverging)
    code, out, err = train(capsys, tmp_path, "dqn", *SMALL, "--no-layer-norm", "--algorithm", *algorithm)
    assert (code, out) == (1, "")
    said = sentence(err)
    found = re.fullmatch(
        r"error: the loss is [\w.+]+ and the gradient's norm [\w.+]+ at step ([\d,]+): training has diverged; the last "
        r"checkpoint before it is kept; start a new run with a smaller learning_rate or max_grad_norm",
        said,
    )
    assert found, said
    _, listed, _ = call(capsys, tmp_path, "runs", "list", "--json")
    [row] = json.loads(listed)["runs"]
    assert (row["state"], row["reason"]) == ("failed", said.removeprefix("error: "))
    folder = RunFolder(tmp_path / "runs" / "dqn-1")
    rows = folder.metrics()
    assert rows[-1].values["total_steps"] <= int(found[1].replace(",", "")) <= rows[-1].values["total_steps"] + 512
    checkpoint = folder.load_checkpoint(folder.manifest().origin, print)
    assert checkpoint is not None
    assert checkpoint.step == rows[-1].step > 0
    assert np.isfinite(checkpoint.state.arrays["engine/parameters"]).all()
    code, _, err = train(capsys, tmp_path, "dqn", "--resume")
    assert (code, sentence(err)) == (1, said)  # the same again: a run is what it is
    assert folder.metrics() == rows
