"""``overnight`` as its users meet it: unattended, resumable, steered by JSON lines, one sentence for bad input."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ai.run_folder import RunFolder
from app.cli import run
from app.overnight.config import OvernightConfig
from app.overnight.state import Cycle, Night, NightFolder, Phase
from league.store import Store, writer_lock
from tests.app.killed_trainings import DEADLINE_S, ROOT
from tests.app.killed_trainings import command as train_command

SETTINGS = (
    "generations=4", "children=4", "pairs=1", "finalists=1", "final-pairs=1", "points=1", "evaluate_every=2",
    "evaluation_pairs=2", "checkpoint-steps=1",
)  # fmt: skip
ES = ("--trainer", "es", *(word for setting in SETTINGS for word in ("--set", setting)))
SMALL = (*ES, "--pairs", "1", "--seed", "5", "--gate-max-pairs", "20", "--gate-batch-pairs", "10")
IN_PROCESS = ("--executor", "serial")


def call(capsys: pytest.CaptureFixture[str], home: Path, *arguments: str) -> tuple[int, str, str]:
    """Run a command in this process; return exit code, stdout, stderr."""
    capsys.readouterr()
    code = run(["--home", str(home), *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def overnight(capsys: pytest.CaptureFixture[str], home: Path, *arguments: str) -> tuple[int, str, str]:
    return call(capsys, home, "overnight", *arguments, *IN_PROCESS)


def night_history(home: Path, night: str = "overnight-1") -> list[Any]:
    """Return everything of a night that must not depend on how often it was stopped."""
    read = NightFolder(home / "overnights" / night).read()
    cycles = [cycle.model_copy(update={"seconds": 0.0}) for cycle in read.cycles]
    with Store.open(home / "league.db", create=False) as store:
        players = [(row.name, row.hash, row.lineage_json) for row in store.players(include_archived=True)]
        seasons = [(row.key, row.name, row.state, store.rows_sha256(row.id)) for row in store.seasons()]
        runs = [(row.id, row.name, row.seed, row.state, row.best_player_hash) for row in store.runs()]
    metrics = [[(row.step, row.values) for row in RunFolder(home / "runs" / each[0]).metrics()] for each in runs]
    return [cycles, players, seasons, runs, metrics]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A league with one night of two cycles."""
    folder = tmp_path_factory.mktemp("league")
    assert run(["--home", str(folder), "overnight", *SMALL, "--cycles", "2", *IN_PROCESS]) == 0
    return folder


def test_a_night_leaves_runs_champions_seasons_and_a_table(capsys, tmp_path):
    code, out, err = overnight(capsys, tmp_path, *SMALL, "--cycles", "2", "--name", "Owl")
    assert code == 0
    assert "overnight overnight-1 begins: trainer es, 2 cycles, seed 5" in err
    assert re.search(
        r"cycle 1 of 2: run es-1, gate: first; champion 'Owl 1', rating \d+, rank \d of 9 in season 1", err
    )
    assert re.search(r"overnight overnight-1 'Owl': complete, 2 cycles in \d+ s, seed 5", out)
    assert re.search(r"cycle +run +champion +gate +rating +rank +season +seconds", out)
    assert re.search(
        r" 2 +es-2 +Owl [12] +(better|not better|undecided), [\d.]+ % of \d+ pairs +\d+ +\d of \d+ +2", out
    )
    assert f"python main.py --home {tmp_path} report --season 2" in out
    _, out, _ = call(capsys, tmp_path, "runs", "list", "--json")
    assert [(row["run"], row["name"], row["state"]) for row in json.loads(out)["runs"]] == [
        ("es-1", "Owl 1", "complete"), ("es-2", "Owl 2", "complete"),
    ]  # fmt: skip
    code, _, err = overnight(capsys, tmp_path, *SMALL, "--cycles", "1", "--name", "Owl")
    assert (code, "name is 'Owl': 'Owl 1' is there already; choose another name" in err) == (2, True)


def test_json_is_one_object(capsys, home):
    code, out, _ = overnight(capsys, home, "--resume", "overnight-1", "--json")
    result = json.loads(out)
    assert (code, result["overnight"], result["state"], result["seed"]) == (0, "overnight-1", "complete", 5)
    assert set(result) == {
        "overnight", "name", "state", "reason", "trainer", "preset", "seed", "seconds", "champion", "cycles",
    }  # fmt: skip
    first, second = result["cycles"]
    assert (first["gate"], first["is_better"], first["champion"]) == (None, True, "overnight-1 1")
    assert set(second) == {
        "cycle", "run", "candidate", "champion", "champion_hash", "is_better", "gate", "rating", "rank", "players", "season",
        "rows_sha256", "seconds", "failure",
    }  # fmt: skip
    assert set(second["gate"]) == {"is_better", "decision", "pairs", "counts", "llr", "score"}
    assert result["champion"] in (first["champion_hash"], second["champion_hash"])


def test_the_second_run_is_trained_against_the_best_of_the_first_season(home):
    [cycles, _, _, runs, _] = night_history(home)
    config = json.loads((home / "runs" / runs[1][0] / "config.json").read_bytes())["config"]
    assert tuple(config["opponents"]) == cycles[1].settings["opponents"]
    assert len(config["opponents"]) >= 6
    assert json.loads((home / "runs" / runs[0][0] / "config.json").read_bytes())["config"]["opponents"] == [
        "tracker",
        "predictor",
    ]


def test_a_complete_night_that_is_made_longer_is_as_if_it_had_always_been_so_long(capsys, home, tmp_path):
    assert run(["--home", str(tmp_path), "overnight", *SMALL, "--cycles", "1", *IN_PROCESS]) == 0
    code, _, err = overnight(capsys, tmp_path, "--resume", "overnight-1")
    assert (code, "overnight overnight-1 is complete: --cycles or --hours make it longer" in err) == (0, True)
    code, _, err = overnight(capsys, tmp_path, "--resume", "overnight-1", "--cycles", "2")
    assert (code, "goes on with cycle 2, training" in err) == (0, True)
    assert night_history(tmp_path) == night_history(home)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--trainer", "ess"], r"no trainer 'ess': did you mean 'es'\?"),
        (["--trainer", "es", "--preset", "fast"], r"no preset 'fast': there are quick, standard, thorough"),
        (["--trainer", "es", "--set", "generation=5"], r"no setting 'generation'; did you mean 'generations'\?"),
        (["--trainer", "es", "--set", "generations=0"], r"generations is '?0'?; it must be at least 1"),
        (["--trainer", "es", "--set", "generations=many"], r"generations is 'many'; it must be a whole number"),
        (["--trainer", "es", "--set", "generations"], r"'generations' is no setting: FIELD=VALUE is needed"),
        (["--trainer", "es", "--set", "opponents=trackr"], r"no player 'trackr': did you mean 'tracker'\?"),
        (["--trainer", "es", "--cycles", "2", "--hours", "3"], r"--cycles and --hours exclude each other"),
        (["--trainer", "es", "--cycles", "-1"], r"cycles is -1; it must be at least 0"),
        (["--trainer", "es", "--hours", "0"], r"hours is 0\.0; it must be greater than 0"),
        (["--trainer", "es", "--pairs", "0"], r"pairs is 0; it must be at least 1"),
        (["--trainer", "es", "--seed", "-1"], r"seed is -1; it must be at least 0"),
        (["--trainer", "es", "--name", "../x"], r"name is '\.\./x': 1 to 56 letters"),
        (["--trainer", "es", "--gate-elo1", "900"], r"gate\.elo1 is 900\.0; it must be at most 200"),
        (["--trainer", "es", "--workers", "0"], r"workers is 0: 1 to 256 are allowed"),
        (["--trainer", "es", "--executor", "cluster"], r"no executor 'cluster': pool, serial are known"),
        (["--resume"], r"no overnight is unfinished: leave --resume out to begin one"),
        (["--resume", "overnight-9"], r"no overnight 'overnight-9': there is none"),
    ],
    ids=lambda value: "-".join(value)[:40].replace("/", "_") if isinstance(value, list) else "",
)
def test_bad_input_gets_one_sentence_and_leaves_nothing(capsys, tmp_path, arguments, expected):
    more = () if "--executor" in arguments else IN_PROCESS
    code, out, err = call(capsys, tmp_path, "overnight", *arguments, *more)
    assert code == 2
    assert re.search(expected, err, re.DOTALL), err
    assert "Traceback" not in err
    assert out == ""
    assert not (tmp_path / "overnights").exists()
    assert list((tmp_path / "runs").glob("*")) == []


def test_a_night_goes_on_as_it_is(capsys, home):
    code, _, err = overnight(
        capsys, home, "--resume", "overnight-1", "--pairs", "3", "--set", "children=8", "--seed", "5"
    )
    assert code == 2
    assert "overnight overnight-1 goes on as it is: " in err
    assert "pairs is 1, not 3" in err
    assert "seed" not in err.partition("goes on as it is")[2]
    code, _, err = overnight(capsys, home, "--resume", "overnight-1", "--gate-max-pairs", "20", "--set", "children=4")
    assert (code, "is complete" in err) == (0, True)


def test_one_writer_at_a_time(capsys, tmp_path):
    with writer_lock(tmp_path):
        code, out, err = overnight(capsys, tmp_path, *SMALL, "--cycles", "1")
    assert (code, out) == (2, "")
    assert f"error: {tmp_path} is being written by process {os.getpid()}" in err
    assert not (tmp_path / "overnights").exists()


def test_a_champion_whose_file_is_gone_reigns_no_longer(capsys, tmp_path):
    assert run(["--home", str(tmp_path), "overnight", *SMALL, "--cycles", "1", *IN_PROCESS]) == 0
    champion = NightFolder(tmp_path / "overnights" / "overnight-1").read().champions[0]
    (tmp_path / "players" / f"{champion}.safetensors").unlink()
    code, _, err = overnight(capsys, tmp_path, "--resume", "overnight-1", "--cycles", "2")
    assert code == 0
    assert "left out: player 'overnight-1 1' cannot be used" in err
    assert "gate: first; champion 'overnight-1 2'" in err


def test_a_later_night_holds_its_first_candidate_against_the_champion_of_the_one_before(capsys, tmp_path):
    whole, longer = tmp_path / "whole", tmp_path / "longer"
    assert overnight(capsys, whole, *SMALL, "--cycles", "1")[0] == 0
    shutil.copytree(whole, longer)
    for home, cycles in ((whole, "2"), (longer, "1")):
        code, out, err = overnight(capsys, home, *SMALL, "--cycles", cycles, "--seed", "6", "--json")
        assert (code, "'overnight-1 1' reigns since an earlier night" in err) == (0, True)
        assert json.loads(out)["cycles"][0]["gate"]["pairs"] > 0
    night, before = (NightFolder(longer / "overnights" / f"overnight-{number}").read() for number in (2, 1))
    assert night.inherited == night.cycles[0].parent == before.champions[0]
    assert overnight(capsys, longer, "--resume", "overnight-2", "--cycles", "2")[0] == 0
    assert night_history(longer, "overnight-2") == night_history(whole, "overnight-2")


def test_an_archived_champion_and_a_damaged_night_hand_nothing_on(capsys, tmp_path):
    assert overnight(capsys, tmp_path, *SMALL, "--cycles", "1")[0] == 0
    assert call(capsys, tmp_path, "players", "archive", "overnight-1 1")[0] == 0
    broken = tmp_path / "overnights" / "overnight-2" / "overnight.json"
    broken.parent.mkdir()
    broken.write_text("{")
    code, _, err = overnight(capsys, tmp_path, *SMALL, "--cycles", "1", "--seed", "6")
    assert code == 0
    assert "left out: player 'overnight-1 1' is archived" in err
    assert re.search(r"left out: .*overnight-2\S* is damaged", err)
    assert "run es-2, gate: first; champion 'overnight-3 1'" in err


def test_a_night_without_a_champion_plays_its_season_and_is_complete(capsys, tmp_path):
    words = (
        "steps=2048", "rollout_steps=8", "hidden=8", "evaluation_pairs=1", "report_steps=2048", "gate_pairs=20",
    )  # fmt: skip
    small = [word for setting in words for word in ("--set", setting)]
    code, out, err = overnight(capsys, tmp_path, *small, "--pairs", "1", "--seed", "5", "--cycles", "1")
    assert code == 0
    assert "run selfplay-1 has no champion: nobody new enters the league" in err
    assert "run selfplay-1, gate: no candidate; no champion yet, no rating in season 1" in err
    assert "None" not in out + err


def test_a_night_whose_every_cycle_was_broken_off_is_not_complete(capsys, tmp_path):
    broken = Cycle(number=1, phase=Phase.DONE, run="es-1", failure="it has diverged.")
    config = OvernightConfig(trainer="es", cycles=1)
    night = Night(id="overnight-1", name="n", seed=1, config=config, state="failed", cycles=(broken,))
    NightFolder(tmp_path / "overnights" / night.id).write(night)
    code, out, err = overnight(capsys, tmp_path, "--resume")
    assert (code, out) == (1, "")
    assert "every cycle of overnight overnight-1 was broken off, the last one because: it has diverged. --cycles" in err


# As a process of its own


def start(home: Path, *arguments: str, stdin: int = subprocess.PIPE) -> subprocess.Popen[str]:
    words = [*train_command(home)[:-1], "overnight", *arguments, *IN_PROCESS]
    return subprocess.Popen(
        words, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, start_new_session=True
    )


def events(process: subprocess.Popen[str]) -> Iterator[dict[str, Any]]:
    assert process.stdout is not None
    for line in process.stdout:
        yield json.loads(line)


def until(process: subprocess.Popen[str], name: str, **wanted: object) -> dict[str, Any]:
    """Return the next event called ``name`` with the values that are ``wanted``."""
    for event in events(process):
        if event["event"] == name and all(event.get(key) == value for key, value in wanted.items()):
            return event
    raise AssertionError(f"no event '{name}' {wanted}: {process.stderr.read() if process.stderr else ''}")


def tell(process: subprocess.Popen[str], name: str) -> None:
    assert process.stdin is not None
    process.stdin.write(json.dumps({"command": name}) + "\n")
    process.stdin.flush()


def test_events_and_commands_follow_the_contract(tmp_path):
    with start(tmp_path, *SMALL, "--cycles", "50", "--events") as process:
        begun = until(process, "started")
        assert {
            "id": "overnight-1",
            "name": "overnight-1",
            "cycles": 50,
            "cycle": 1,
            "phase": "train",
        }.items() <= begun.items()
        assert until(process, "phase") == {"event": "phase", "cycle": 1, "phase": "train", "run": "es-1"}
        progress = until(process, "progress")
        assert {"cycle", "phase", "done", "expected", "eta_s", "unit", "state"} <= progress.keys()
        assert until(process, "gate") == {
            "event": "gate", "cycle": 1, "pairs": None, "score": None, "llr": None, "is_better": True,
        }  # fmt: skip
        assert until(process, "phase", phase="season")["season"] == 1
        done = until(process, "cycle", cycle=1)
        assert {
            "run", "champion", "is_better", "pairs", "score", "rating", "rank", "players", "season", "seconds", "failure",
        } <= done.keys()  # fmt: skip
        assert (done["run"], done["champion"], done["season"], done["failure"]) == ("es-1", "overnight-1 1", 1, "")
        tell(process, "pause")
        until(process, "progress", state="paused")
        tell(process, "resume")
        assert until(process, "gate")["pairs"] > 0
        tell(process, "stop")
        ended = until(process, "ended")
        assert (ended["state"], ended["reason"]) == ("stopped", "")
        process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 130


def test_a_night_that_cannot_begin_ends_with_the_sentence(tmp_path):
    with start(tmp_path, "--trainer", "es", "--set", "opponents=nobody", "--events") as process:
        ended = until(process, "ended")
        assert (ended["state"], "no player 'nobody'" in ended["reason"]) == ("failed", True)
        process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 2


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="POSIX signals")
def test_ctrl_c_keeps_everything_and_says_how_to_go_on(tmp_path):
    with start(tmp_path, *SMALL, "--cycles", "500", stdin=subprocess.DEVNULL) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("cycle 1 of 500"):
                break
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 130
    assert "stopping after" in err
    assert f"go on: python main.py --home {tmp_path} overnight --resume overnight-1" in out
    assert "Traceback" not in out + err


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows knows no SIGKILL")
def test_killed_in_every_phase_it_is_the_night_that_was_never_killed(tmp_path):
    longer = ("--set", "generations=12", "--pairs", "15", "--gate-max-pairs", "400")
    arguments = (*SMALL, *longer, "--cycles", "3")
    assert run(["--home", str(tmp_path / "whole"), "overnight", *arguments, *IN_PROCESS]) == 0
    home = tmp_path / "broken"
    kills = [(1, "train"), (1, "season"), (2, "gate"), (2, "season"), (3, "train"), (3, "gate")]
    for number, (cycle, phase) in enumerate(kills):
        with start(home, *(arguments if number == 0 else ("--resume",)), "--events") as process:
            until(process, "phase", cycle=cycle, phase=phase)
            until(process, "progress", cycle=cycle, phase=phase)
            assert process.poll() is None, "the night must be longer than the kills"
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        assert NightFolder(home / "overnights" / "overnight-1").read().state == "running"
    assert run(["--home", str(home), "overnight", "--resume", *IN_PROCESS]) == 0
    assert night_history(home) == night_history(tmp_path / "whole")
