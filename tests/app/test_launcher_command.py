"""``train`` with advice as its users meet it: checked, started, forced, resumed; on made-up machines."""

import json
import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from ai.advice import Advice, Wish
from ai.dqn.launcher import Effects, advise
from ai.errors import TrainingError
from ai.machine import GIB, Machine
from ai.run_folder import RunFolder
from ai.runs import Plan, Runs
from ai.trainer import trainer
from app.cli import run
from app.commands.train import _command
from app.session import open_league
from app.training import UsageError
from game.games.rally import GAME
from tests.ai.dqn.test_launcher import LAPTOP, ONE_CORE, FakeProbe

ROOT = Path(__file__).resolve().parents[2]
TINY = (
    "--steps", "256", "--courts", "16", "--hidden", "8", "--rollout-steps", "4", "--buffer-size", "2048", "--batch-size", "32",
    "--learning-starts", "64", "--steps-per-update", "64", "--report-steps", "128", "--evaluate-steps", "256",
    "--evaluation-pairs", "1", "--opponents", "still", "--ladder", "still", "--seed", "4", "--executor", "serial",
)  # fmt: skip


def command_on(machine: Machine, wishes: list[Wish] | None = None) -> click.Command:
    """Return ``train dqn`` as it is on a made-up machine; what it asks for is kept in ``wishes``."""

    def advised(wish: Wish, say: Callable[[str], None]) -> Advice:
        if wishes is not None:
            wishes.append(wish)
        return advise(wish, say, Effects(lambda: machine, FakeProbe(), lambda: False))

    return _command(replace(trainer("dqn"), advise=advised))


def call(machine: Machine, home: Path, *arguments: str, wishes: list[Wish] | None = None) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(command_on(machine, wishes), ["--home", str(home), *arguments], obj={})


def events_of(home: Path, *arguments: str) -> list[dict[str, str]]:
    """Run the command as a job of its own, on ``LAPTOP``; return the events that it sends."""
    words = ["--home", str(home), *arguments, "--events"]
    code = (
        "from tests.app.test_launcher_command import LAPTOP, command_on; "
        f"command_on(LAPTOP).main(args={words!r}, standalone_mode=False, obj={{}})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def manifest(home: Path, run_id: str = "dqn-1") -> dict[str, object]:
    return dict(RunFolder(home / "runs" / run_id).manifest().config)


def test_a_check_says_what_was_found_measured_and_recommended_and_makes_nothing(tmp_path):
    home = tmp_path / "league"
    done = call(LAPTOP, home, "--check-only", "--preset", "quick", "--courts", "256", "--name", "My net")
    assert done.exit_code == 0, done.output
    sections = [line for line in done.stdout.splitlines() if not line.startswith(" ")]
    assert sections[:3] == ["found:", "measured:", "recommended:"]
    text = " ".join(done.stdout.split())
    assert (
        "cores 2 usable other work keeps 0.0 cores busy memory 8.0 of 16.0 GiB free GPU none: no NVIDIA driver" in text
    )
    assert "mode parallel 500 k steps/s expected with 1 actor; the limit is the learner" in text
    assert "mode parallel 500 k steps/s expected; single 429 k, ultra 500 k workers 1 more would bring nothing" in text
    command = shlex.split(sections[-1].removeprefix("start it: "))
    assert command[:7] == ["python", "main.py", "--home", str(home), "train", "dqn", "--preset"]
    assert {"--mode", "parallel", "--engine", "compiled", "--workers", "1", "--courts", "256", "My net"} <= set(command)
    assert not home.exists()


def test_the_command_of_a_check_leaves_nothing_open(tmp_path):
    first = call(
        LAPTOP, tmp_path, "--check-only", "--json", "--hidden", "16,16", "--no-dueling", "--executor", "serial"
    )
    command = shlex.split(json.loads(first.stdout)["command"])
    assert command[command.index("--executor") + 1] == "serial"
    again = call(LAPTOP, tmp_path, *command[command.index("dqn") + 1 :], "--check-only", "--json")
    found = json.loads(again.stdout)
    assert found["recommended"] == json.loads(first.stdout)["recommended"]
    assert (found["reasons"]["mode"], found["reasons"]["workers"], found["reasons"]["engine"]) == ("as given",) * 3
    assert sorted(shlex.split(found["command"])) == sorted(command)


def test_json_is_one_object(tmp_path):
    done = call(ONE_CORE, tmp_path, "--check-only", "--json", "--mode", "ultra", "--workers", "4")
    found = json.loads(done.stdout)
    assert set(found) == {"trainer", "found", "measured", "recommended", "reasons", "warnings", "command"}
    assert found["trainer"] == "dqn"
    assert found["recommended"]["mode"] == "single"
    assert set(found["recommended"]) == set(found["reasons"])
    assert {(line["name"], line["value"]) for line in found["found"]} >= {("cores", 1), ("memory", 8 * GIB)}
    assert [line.split(":")[0] for line in found["warnings"]] == [
        "mode is single instead of ultra",
        "workers is 1 instead of 4",
    ]


def test_as_a_job_a_check_sends_the_same_lines(tmp_path):
    words = ("--check-only", "--preset", "quick", "--workers", "1")
    sent = events_of(tmp_path, *words)
    assert [event["event"] for event in sent if event["event"] != "line"] == ["log", "ended"]
    assert sent[-1]["state"] == "complete"
    assert [event["text"] for event in sent if event["event"] == "line"] == call(
        LAPTOP, tmp_path, *words
    ).stdout.splitlines()
    last = events_of(tmp_path, "--check-only", "--device", "cuda")[-1]
    assert (last["event"], last["state"]) == ("ended", "failed")
    assert last["reason"].startswith("device is cuda, and there is no GPU")


def test_a_run_holds_what_was_settled_and_says_it_in_three_lines(tmp_path):
    wishes: list[Wish] = []
    done = call(ONE_CORE, tmp_path, *TINY, "--mode", "ultra", wishes=wishes)
    assert done.exit_code == 0, done.output
    said = done.stderr.splitlines()
    begin = next(index for index, line in enumerate(said) if line.startswith("run dqn-1 begins"))
    assert [line.split(":")[0] for line in said[begin - 4 : begin]] == [
        "machine",
        "mode single",
        "expected",
        "mode is single instead of ultra",
    ]
    kept = manifest(tmp_path)
    assert (kept["mode"], kept["engine"], kept["device"], kept["batch_size"]) == ("single", "compiled", "cpu", 32)
    [wish] = wishes
    assert (wish.workers, wish.is_forced, wish.is_resumed) == (None, False, False)
    assert {"mode", "batch_size", "hidden"} <= wish.given
    assert "gamma" not in wish.given


def test_a_run_goes_on_as_it_is_on_a_machine_that_cannot_carry_it_well(tmp_path):
    """Made for two cores, it goes on with one: nothing is measured or changed, and one sentence is said."""
    given = dict(zip((word[2:].replace("-", "_") for word in TINY[:-4:2]), TINY[1:-4:2], strict=True))
    config = trainer("dqn").configure({**given, "mode": "parallel", "engine": "compiled", "device": "cpu"})
    with open_league(str(tmp_path)) as league:
        Runs(league.home, league.store).create(Plan(trainer("dqn"), config, GAME, 4))
    before = manifest(tmp_path)
    wishes: list[Wish] = []
    done = call(ONE_CORE, tmp_path, "--resume", "dqn-1", "--executor", "serial", wishes=wishes)
    assert done.exit_code == 0, done.output
    assert "the run goes on in the mode parallel, though there is 1 core for actors and learner" in done.stderr
    assert "measuring" not in done.stderr
    assert "dqn-1 'dqn-1': complete" in done.stdout
    assert manifest(tmp_path) == before
    assert [wish.is_resumed for wish in wishes] == [True]


def test_a_run_of_a_gpu_goes_on_without_one_and_stays_what_it_is(tmp_path):
    given = dict(zip((word[2:].replace("-", "_") for word in TINY[:-4:2]), TINY[1:-4:2], strict=True))
    config = trainer("dqn").configure({**given, "mode": "single", "engine": "torch", "device": "cuda"})
    with open_league(str(tmp_path)) as league:
        Runs(league.home, league.store).create(Plan(trainer("dqn"), config, GAME, 4))
    before = manifest(tmp_path)
    done = call(LAPTOP, tmp_path, "--resume", "dqn-1", "--executor", "serial")
    assert done.exit_code == 0, done.output
    said = "the run goes on with the compiled engine on the CPU: its device is cuda, and there is no GPU"
    assert [line for line in done.stderr.splitlines() if line.startswith(said)] == [
        f"{said} (no NVIDIA driver (looked for /a))"
    ]
    assert "dqn-1 'dqn-1': complete" in done.stdout
    assert (manifest(tmp_path), before["device"]) == (before, "cuda")


def test_workers_are_advised_or_obeyed(tmp_path):
    wishes: list[Wish] = []
    call(LAPTOP, tmp_path, "--check-only", "--workers", "2", "--force", "--events", wishes=wishes)
    call(LAPTOP, tmp_path, "--check-only", "--workers", "auto", wishes=wishes)
    assert [(each.workers, each.is_forced, each.spare_cores) for each in wishes] == [(2, True, 1), (None, False, 0)]
    assert all(each.is_thorough for each in wishes)


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        (["--device", "cuda"], TrainingError, "device is cuda, and there is no GPU"),
        (["--device", "cuda", "--force"], TrainingError, "device is cuda, and there is no GPU"),
        (["--mode", "turbo"], TrainingError, "mode is 'turbo'"),
        (["--batch-size", "0"], TrainingError, "batch_size is 0"),
        (["--check-only", "--resume", "dqn-1"], UsageError, "--check-only looks at a run that is still to be made"),
    ],
)
def test_what_cannot_be_is_one_sentence_and_no_run(tmp_path, arguments, error, says):
    done = call(LAPTOP, tmp_path, *arguments)
    assert isinstance(done.exception, error)
    assert str(done.exception).startswith(says)
    assert not list((tmp_path / "runs").glob("*"))


def test_trainers_without_advice_have_no_such_options(capsys, tmp_path):
    assert run(["--home", str(tmp_path), "train", "es", "--check-only"]) == 2
    assert "No such option" in capsys.readouterr().err
    assert run(["train", "es", "--help"]) == 0
    assert "--force" not in capsys.readouterr().out
