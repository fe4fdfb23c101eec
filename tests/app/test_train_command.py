"""``train`` and ``runs`` as their users meet them: headless, resumable, steered by JSON lines, one sentence for bad input."""

import io
import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from ai.run_folder import RunFolder
from app.cli import run
from league.store import writer_lock

ROOT = Path(__file__).resolve().parents[2]
DEADLINE_S = 120.0
SMALL = (
    "--generations", "6", "--children", "4", "--pairs", "1", "--finalists", "1", "--final-pairs", "1", "--points", "1",
    "--evaluate-every", "2", "--evaluation-pairs", "2", "--opponents", "random,tracker", "--seed", "5",
)  # fmt: skip
LONG = (*SMALL[2:], "--generations", "400", "--checkpoint-steps", "7")
IN_PROCESS = ("--executor", "serial")


def call(capsys: pytest.CaptureFixture[str], home: Path, *arguments: str) -> tuple[int, str, str]:
    """Run a command in this process; return exit code, stdout, stderr."""
    capsys.readouterr()
    code = run(["--home", str(home), *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def history(home: Path, run_id: str = "es-1") -> list[object]:
    """Return everything of a run that must not depend on how often it was stopped."""
    folder = RunFolder(home / "runs" / run_id)
    rows = [(row.step, dict(row.values), dict(row.work)) for row in folder.metrics()]
    return [rows, [(champion.step, champion.hash) for champion in folder.champions()]]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A league with one complete run."""
    folder = tmp_path_factory.mktemp("league")
    assert run(["--home", str(folder), "train", "es", *SMALL, *IN_PROCESS]) == 0
    return folder


def start(home: Path, *arguments: str, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(ROOT / "main.py"), "--home", str(home), "train", "es", *arguments],
        stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip


def events(process: subprocess.Popen[str]) -> Iterator[dict[str, object]]:
    assert process.stdout is not None
    for line in process.stdout:
        yield json.loads(line)


def until(process: subprocess.Popen[str], name: str, least_step: int = 0) -> dict[str, object]:
    """Return the next event called ``name``."""
    for event in events(process):
        if event["event"] == name and int(str(event.get("step", 0))) >= least_step:
            return event
    raise AssertionError(f"no event '{name}': {process.stderr.read() if process.stderr else ''}")


def command(process: subprocess.Popen[str], name: str) -> None:
    assert process.stdin is not None
    process.stdin.write(json.dumps({"command": name}) + "\n")
    process.stdin.flush()


def test_without_a_name_the_trainers_are_listed(capsys, home):
    code, out, _ = call(capsys, home, "train")
    assert code == 0
    assert "es: Evolution strategy" in out
    assert "--preset quick" in out


def test_every_field_is_an_option_with_its_description_and_range(capsys, home):
    code, out, _ = call(capsys, home, "train", "es", "--help")
    text = " ".join(out.split())
    assert code == 0
    assert "--step-size FLOAT Standard deviation of the first mutations. [default: 0.4" in text
    assert (
        "--opponents TEXT Players of the league to train against, by name or hash. [default: tracker,predictor]" in text
    )
    assert "--generations INTEGER Generations to train. [default: 150; 1 to 1,000,000]" in text


def test_a_run_says_what_came_of_it_and_what_to_do_next(capsys, tmp_path):
    code, out, err = call(capsys, tmp_path, "train", "es", *SMALL, *IN_PROCESS, "--name", "My net")
    assert code == 0
    assert "run es-1 'My net': complete, 6 of 6 generations" in out
    assert "seed 5" in out
    assert re.search(r"Score against tracker +[\d.]+", out)
    assert f"python main.py --home {tmp_path} runs add es-1" in out
    file = Path(re.search(r"file: (.*)", out)[1])  # type: ignore[index]
    assert file.exists()
    assert "run es-1 begins" in err
    code, out, _ = call(capsys, tmp_path, "runs", "add", "es-1")
    assert (code, out.startswith("added 'My net' (dense, ")) == (0, True)
    code, out, _ = call(capsys, tmp_path, "players", "list", "--json")
    added = json.loads(out)["players"][-1]
    assert added["name"] == "My net"
    assert file.name == f"{added['training']['step']:09}-{added['hash']}.safetensors"
    code, _, err = call(capsys, tmp_path, "runs", "add", "es-1", "--name", "Twin")
    assert code == 2
    assert "same content as 'My net'" in err


def test_a_run_that_makes_no_player_says_where_its_work_is(capsys, tmp_path):
    small = ("--task", "xor", "--population", "4", "--generations", "1", "--steps", "2", "--eval-workers", "1")
    code, out, _ = call(capsys, tmp_path, "train", "neat-backprop", *small, *IN_PROCESS)
    details = tmp_path / "runs" / "neat-backprop-1" / "details.json"
    assert code == 0
    assert f"no player comes of this run: what it has made is in {details}" in out
    assert json.loads(details.read_bytes())["network"]["value"]["network_type"] == "feedforward"


def test_json_is_one_object(capsys, tmp_path):
    code, out, _ = call(capsys, tmp_path, "train", "es", *SMALL, *IN_PROCESS, "--json")
    result = json.loads(out)
    assert code == 0
    assert (result["run"], result["state"], result["step"], result["expected"]) == ("es-1", "complete", 6, 6)
    assert set(result) == {
        "run", "name", "trainer", "game", "seed", "state", "folder", "created", "updated", "config", "step", "expected",
        "seconds", "metrics", "champion", "reason",
    }  # fmt: skip
    assert set(result["champion"]) == {"hash", "step", "file", "fitness"}


def test_runs_are_listed_and_shown(capsys, home):
    code, out, _ = call(capsys, home, "runs", "list")
    assert code == 0
    assert re.search(r"es-1 +es-1 +es +complete +6 of 6", out)
    _, out, _ = call(capsys, home, "runs", "list", "--json")
    assert [row["run"] for row in json.loads(out)["runs"]] == ["es-1"]
    _, out, _ = call(capsys, home, "runs", "show", "es-1", "--json")
    assert json.loads(out)["champions"][-1]["hash"] == history(home)[1][-1][1]  # type: ignore[index]
    _, out, _ = call(capsys, home, "runs", "show", "es-1")
    assert "complete, 6 of 6 generations" in out


def test_a_complete_run_is_not_trained_further(capsys, home):
    before = history(home)
    code, out, err = call(capsys, home, "train", "es", "--resume", "es-1", *IN_PROCESS)
    assert code == 0
    assert "run es-1 is complete: nothing is left to train" in err
    assert "complete, 6 of 6" in out
    assert history(home) == before


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["train", "ess"], r"no trainer 'ess': did you mean 'es'\?"),
        (["train", "es", "--preset", "fast"], r"no preset 'fast': there are quick, standard, thorough"),
        (["train", "es", "--generation", "5"], r"No such option.*--generation"),
        (["train", "es", "--generations", "0"], r"generations is 0; it must be at least 1"),
        (["train", "es", "--generations", "many"], r"'many' is not a valid integer"),
        (["train", "es", "--hidden", "8,x"], r"hidden\.1 is 'x'; it must be a whole number"),
        (["train", "es", "--opponents", "trackr"], r"no player 'trackr': did you mean 'tracker'\?"),
        (["train", "es", "--executor", "cluster"], r"no executor 'cluster': pool, serial are known"),
        (["train", "es", "--workers", "0"], r"workers is 0: 1 to 256 are allowed"),
        (["train", "es", "--workers", "few"], r"'few' is neither a number nor 'auto'"),
        (["train", "es", "--seed", "-1"], r"seed is -1: 0 to"),
        (["train", "es", "--name", "x" * 65], r"name is 'x*': 1 to 64 printable characters are allowed"),
        (["train", "es", "--resume", "es-99"], r"no training run 'es-99'"),
        (["train", "es", "--resume"], r"no run of trainer 'es' is unfinished"),
        (["train", "es", "--resume", "es-1", "--pairs", "3"], r"run es-1 goes on as it is: pairs is 1, not 3"),
        (["train", "es", "--resume", "es-1", "--seed", "6"], r"seed is 5, not 6"),
        (["train", "es", "--resume", "es-1", "--preset", "quick"], r"preset is None, not quick"),
        (["runs", "show", "es-99"], r"no training run 'es-99'"),
        (["runs", "add", "es-99"], r"no training run 'es-99'"),
        (["runs", "add", "es-1", "--step", "5"], r"no champion of step 5: it has champions of the steps"),
        (["runs", "add", "es-1", "--name", "tracker"], r"name 'tracker' is taken"),
        (["runs", "add", "es-1", "--name", "../x"], r"cannot be called '\.\./x'"),
    ],
    ids=lambda value: "-".join(value)[:40].replace("/", "_") if isinstance(value, list) else "",
)  # fmt: skip
def test_bad_input_gets_one_sentence_and_exit_code_2(capsys, home, arguments, expected):
    before = sorted((home / "runs").iterdir())
    more = IN_PROCESS if arguments[0] == "train" and "--executor" not in arguments and arguments[1] == "es" else ()
    code, out, err = call(capsys, home, *arguments, *more)
    assert code == 2
    assert re.search(expected, err, re.DOTALL), err
    assert "Traceback" not in err
    assert out == ""
    assert sorted((home / "runs").iterdir()) == before


def test_a_run_that_another_process_trains_is_refused(capsys, tmp_path):
    process = start(tmp_path, *LONG, *IN_PROCESS, "--events", stdin=subprocess.PIPE)
    with process:
        until(process, "run_started")
        code, _, err = call(capsys, tmp_path, "train", "es", "--resume", *IN_PROCESS)
        assert (code, f"is being written by process {process.pid}" in err) == (2, True)
        _, out, _ = call(capsys, tmp_path, "runs", "list")
        assert " running " in out
        process.communicate(timeout=DEADLINE_S)


def test_a_damaged_or_foreign_checkpoint_is_refused_and_left_alone(capsys, tmp_path):
    assert run(["--home", str(tmp_path), "train", "es", *SMALL, *IN_PROCESS]) == 0
    [path] = (tmp_path / "runs" / "es-1" / "checkpoints").iterdir()
    good = path.read_bytes()
    other = run(["--home", str(tmp_path), "train", "es", *SMALL, *IN_PROCESS])
    assert other == 0
    with sqlite3.connect(tmp_path / "league.db") as connection:
        connection.execute("UPDATE runs SET state = 'stopped'")
    connection.close()
    for content, says in (
        (good[:-100], "is truncated, damaged or no checkpoint"),
        ((tmp_path / "runs" / "es-2" / "checkpoints" / path.name).read_bytes(), "belongs to run 'es-2', not 'es-1'"),
    ):
        path.write_bytes(content)
        before = history(tmp_path)
        code, _, err = call(capsys, tmp_path, "train", "es", "--resume", "es-1", *IN_PROCESS)
        assert (code, says in err, "Traceback" in err) == (2, True, False), err
        assert history(tmp_path) == before


@pytest.mark.slow
def test_serial_and_pool_of_any_size_make_the_same_run(tmp_path):
    histories = []
    for name, more in {"serial": IN_PROCESS, "one": ("--workers", "1"), "two": ("--workers", "2")}.items():
        matches = ("--pairs", "12", "--children", "12")  # enough for a pool to start
        assert run(["--home", str(tmp_path / name), "train", "es", *SMALL, *matches, *more]) == 0
        histories.append(history(tmp_path / name))
    assert histories[0] == histories[1] == histories[2]


def test_headless_training_loads_no_qt_pygame_or_torch(tmp_path):
    code = (
        "import sys; from app.cli import run; "
        f"code = run(['--home', {str(tmp_path)!r}, 'train', 'es', *{[*SMALL, *IN_PROCESS]!r}]); "
        "bad = [name for name in sys.modules if name.split('.')[0] in ('PySide6', 'pyqtgraph', 'pygame', 'torch', 'neat')]; "
        "sys.exit(repr(bad) if bad or code else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows knows no SIGKILL")
def test_killed_again_and_again_it_is_the_run_that_was_never_killed(tmp_path):
    assert run(["--home", str(tmp_path / "whole"), "train", "es", *LONG, *IN_PROCESS]) == 0
    home, chance, step = tmp_path / "broken", random.Random(3), 0
    for session in range(6):
        more = LONG if session == 0 else ("--resume",)
        process = start(home, *more, "--workers", "1", "--events", stdin=subprocess.PIPE)
        with process:
            step = int(str(until(process, "metrics", step + chance.randrange(30))["step"]))
            children = psutil.Process(process.pid).children(recursive=True)
            assert process.poll() is None, "the run must be longer than the kills"
            os.kill(process.pid, signal.SIGKILL)
        _, alive = psutil.wait_procs(children, timeout=DEADLINE_S)
        assert not alive
    assert run(["--home", str(home), "train", "es", "--resume", *IN_PROCESS]) == 0
    assert history(home) == history(tmp_path / "whole")


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="POSIX signals")
def test_ctrl_c_saves_and_says_how_to_go_on(tmp_path):
    process = start(tmp_path, *LONG, *IN_PROCESS)
    assert process.stderr is not None
    for line in process.stderr:
        if "run es-1 begins" in line:
            break
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 130
    assert "stopped" in out
    assert f"go on: python main.py --home {tmp_path} train es --resume es-1" in out
    assert "Traceback" not in out + err


def test_the_bar_is_gone_before_the_result_comes(tmp_path, monkeypatch):
    screen = io.StringIO()
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setattr(sys, "stderr", screen)
    assert run(["--home", str(tmp_path), "train", "es", *SMALL, *IN_PROCESS]) == 0
    begins, *bar, last = screen.getvalue().partition("\nrun es-1 'es-1': complete")[0].splitlines()
    assert begins.startswith("run es-1 begins")
    assert all(line.startswith("es-1: ") for line in bar)
    assert last.startswith("es-1: 100%")


def test_events_and_commands_follow_the_contract(tmp_path):
    process = start(tmp_path, *LONG, *IN_PROCESS, "--events", stdin=subprocess.PIPE)
    with process:
        begun = until(process, "run_started")
        assert {"run", "trainer", "name", "folder", "seed", "config"} <= begun.keys()
        assert (begun["run"], begun["seed"]) == ("es-1", 5)
        measured = until(process, "metrics")
        assert {"best", "mean", "parent", "step_size", "matches_per_s"} <= set(measured["values"])  # type: ignore[call-overload]
        kept = until(process, "champion")
        assert Path(str(kept["file"])).exists()
        assert {"run", "hash", "step", "fitness"} <= kept.keys()
        progress = until(process, "progress")
        assert {"done", "expected", "eta_s", "seconds"} <= progress.keys()
        command(process, "pause")
        command(process, "champion")  # of a paused run, too
        assert until(process, "champion")["run"] == "es-1"
        command(process, "resume")
        until(process, "progress")
        command(process, "stop")
        ended = until(process, "ended")
        assert (ended["run"], ended["state"]) == ("es-1", "stopped")
        process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 130


def test_the_end_of_stdin_stops_and_saves(tmp_path):
    process = start(tmp_path, *LONG, *IN_PROCESS, "--events", stdin=subprocess.PIPE)
    with process:
        until(process, "metrics")
        assert process.stdin is not None
        process.stdin.close()
        assert until(process, "ended")["state"] == "stopped"
        process.wait(DEADLINE_S)
    assert list((tmp_path / "runs" / "es-1" / "checkpoints").iterdir())


def test_a_run_that_cannot_begin_ends_with_the_sentence(tmp_path):
    process = start(tmp_path, "--opponents", "nobody", *IN_PROCESS, "--events", stdin=subprocess.PIPE)
    with process:
        ended = until(process, "ended")
        assert (ended["state"], "no player 'nobody'" in str(ended["reason"])) == ("failed", True)
        process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 2


def test_a_locked_run_is_said_to_be_written(capsys, tmp_path):
    assert run(["--home", str(tmp_path), "train", "es", *SMALL, *IN_PROCESS]) == 0
    with sqlite3.connect(tmp_path / "league.db") as connection:
        connection.execute("UPDATE runs SET state = 'stopped'")
    connection.close()
    with writer_lock(tmp_path / "runs" / "es-1"):
        code, _, err = call(capsys, tmp_path, "train", "es", "--resume", "es-1", *IN_PROCESS)
    assert (code, "is being written by process" in err) == (2, True)
