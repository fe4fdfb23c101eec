"""The command line as its users meet it: results on stdout, one sentence for bad input, exit codes."""

import json
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from app.cli import run
from league.store import writer_lock

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A league with the starters and one complete season of 8 players, a pair each."""
    folder = tmp_path_factory.mktemp("league")
    assert run(["--home", str(folder), "--no-visuals", "--pairs", "2", "--executor", "serial"]) == 0
    return folder


def call(capsys: pytest.CaptureFixture[str], home: Path, *arguments: str) -> tuple[int, str, str]:
    """Run a command in this process; return exit code, stdout, stderr."""
    capsys.readouterr()
    code = run(["--home", str(home), *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_tournament_prints_standings_crosstable_seed_and_what_to_do_next(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, out, err = call(capsys, tmp_path, "--no-visuals", "--pairs", "3", "--executor", "serial", "--seed", "5")
    assert code == 0
    for expected in (
        "aimer",
        "cross table",
        "outcomes: left won",
        "seed 5",
        "replay 1:0 --verify",
        "report --season 1",
    ):
        assert expected in out
    assert "168" in err  # the bar counts matches
    order = [line.split()[2] for line in out.splitlines()[1:9]]
    assert order[0] == "aimer"
    assert set(order[-2:]) == {"still", "random"}


def test_json_is_one_object_with_the_promised_keys(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    code, out, _ = call(capsys, home, "--no-visuals", "--pairs", "2", "--executor", "serial", "--json")
    result = json.loads(out)
    assert code == 0
    assert set(result) >= {
        "season", "seed", "matches", "pairs", "ticks", "seconds", "matches_per_s", "ticks_per_s", "workers", "faults",
        "standings", "rows_sha256",
    }  # fmt: skip
    assert set(result["standings"][0]) == {
        "rank", "band", "player", "hash", "kind", "rating", "low", "high", "games", "wins", "draws", "losses",
    }  # fmt: skip
    assert (result["matches"], result["pairs"], len(result["standings"])) == (112, 56, 8)


def test_same_season_again_plays_nothing_new_unless_asked(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    arguments = ("--no-visuals", "--pairs", "2", "--executor", "serial", "--json")
    _, first, _ = call(capsys, home, *arguments)
    code, again, err = call(capsys, home, *arguments)
    assert code == 0
    assert "nothing is left to play" in err
    assert json.loads(again)["played"] == 0
    assert json.loads(again)["rows_sha256"] == json.loads(first)["rows_sha256"]
    _, new, _ = call(capsys, home, *arguments, "--new", "--seed", "1")
    assert json.loads(new)["played"] == 112
    assert json.loads(new)["season"] != json.loads(first)["season"]
    assert json.loads(new)["rows_sha256"] == json.loads(first)["rows_sha256"]


def test_serial_and_pool_of_any_size_give_the_same_rows(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    digests = set()
    for name, more in {
        "serial": ("--executor", "serial"),
        "one": ("--workers", "1"),
        "two": ("--workers", "2", "--batch-size", "50"),
        "three": ("--workers", "3"),
    }.items():
        _, out, _ = call(capsys, tmp_path / name, "--no-visuals", "--pairs", "12", "--json", *more)
        digests.add(json.loads(out)["rows_sha256"])
    assert len(digests) == 1


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--no-visuals", "--players", "aimer,trackr"], r"no player 'trackr': did you mean 'tracker'\?"),
        (["--no-visuals", "--players", "aimer"], r"1 player is given: a season needs at least 2"),
        (["--no-visuals", "--players", "aimer,aimer"], r"'aimer' is named twice"),
        (["--no-visuals", "--pairs", "0"], r"pairs is 0; it must be at least 1"),
        (["--no-visuals", "--pairs", "1000000000"], r"pairs is 1000000000; it must be at most 1000000"),
        (["--no-visuals", "--pairs", "1000000", "--format", "double_round_robin", "--points", "22"], r"points is 22"),
        (["--no-visuals", "--pairs", "many"], r"'many' is not a valid integer"),
        (["--no-visuals", "--format", "round_robbin"], r"did you mean 'round_robin'\?"),
        (["--no-visuals", "--workers", "0"], r"workers is 0: 1 to 256 are allowed"),
        (["--no-visuals", "--workers", "-1"], r"workers is -1: 1 to 256 are allowed"),
        (["--no-visuals", "--workers", "1000"], r"workers is 1000: 1 to 256 are allowed"),
        (["--no-visuals", "--workers", "few"], r"'few' is neither a number nor 'auto'"),
        (["--no-visuals", "--executor", "cluster"], r"no executor 'cluster': pool, serial are known"),
        (["--no-visuals", "--batch-size", "0"], r"batch size is 0: 1 to 1,000,000 are allowed"),
        (["--no-visuals", "--sprt", "5"], r"'5' is no pair of numbers"),
        (["--no-visuals", "--sprt", "5,1"], r"elo0"),
        (["--no-visuals", "--seed", "-1"], r"seed is -1; it must be at least 0"),
        (["--no-visuals", "--resume", "99"], r"there is no season 99"),
        (["--no-visuals", "--resume", "1", "--pairs", "3"], r"pairs is 2 here and 3 there"),
        (["--no-visuals", "--resume", "1", "--new"], r"--resume and --new exclude each other"),
        (["--no-visuals", "--decision-limit", "0"], r"decision limit is 0.0 s"),
        (["--no-visual"], r"--no-visuals"),
        (["player"], r"No such command 'player'"),
        (["replay", "x"], r"'x' is no match"),
        (["replay", "1:99999"], r"match 99999 of season 1 is not stored"),
        (["replay", "7:1"], r"there is no season 7"),
        (["standings", "--season", "9"], r"there is no season 9"),
        (["players", "import", "/nowhere/x.safetensors"], r"/nowhere/x.safetensors cannot be used: it cannot be read"),
        (["players", "export", "nobody", "x"], r"there is no player 'nobody'"),
        (["players", "check", "nobody"], r"there is no player 'nobody'"),
        (["players", "archive", "nobody"], r"there is no player 'nobody'"),
        (["bench", "sped"], r"no benchmark 'sped'"),
    ],
    ids=lambda value: "-".join(value)[:50].replace("/", "_") if isinstance(value, list) else "",
)  # fmt: skip
def test_bad_input_gets_one_sentence_and_exit_code_2(
    capsys: pytest.CaptureFixture[str], home: Path, arguments: list[str], expected: str
) -> None:
    code, out, err = call(capsys, home, *arguments)
    assert code == 2
    assert re.search(expected, err), err
    assert "Traceback" not in err
    assert out == ""


def test_home_that_is_a_file_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    code, _, err = call(capsys, file, "--no-visuals")
    assert code == 2
    assert "cannot be used" in err


def test_corrupt_and_newer_databases_are_refused_and_left_alone(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    corrupt = tmp_path / "corrupt" / "league.db"
    corrupt.parent.mkdir()
    corrupt.write_bytes(b"this is no database at all " * 100)
    code, _, err = call(capsys, corrupt.parent, "standings")
    assert code == 2
    assert "league.db" in err
    assert corrupt.read_bytes() == b"this is no database at all " * 100
    newer = tmp_path / "newer"
    call(capsys, newer, "players", "list")
    with sqlite3.connect(newer / "league.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    code, _, err = call(capsys, newer, "players", "list")
    assert code == 2
    assert "newer" in err


def test_second_season_at_the_same_time_is_refused(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    with writer_lock(home):
        code, _, err = call(capsys, home, "--no-visuals", "--pairs", "3", "--executor", "serial")
    assert code == 2
    assert "is being written by process" in err
    code, out, _ = call(capsys, home, "--no-visuals", "--resume", "--executor", "serial")
    assert code == 0
    assert "played 168 matches" in out


def test_replay_verifies_a_stored_match_and_detects_a_changed_one(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    call(capsys, tmp_path, "--no-visuals", "--players", "aimer,tracker", "--pairs", "1", "--executor", "serial")
    code, out, _ = call(capsys, tmp_path, "replay", "0", "--verify")
    assert code == 0
    assert "verified: the replay is the stored match" in out
    assert len(re.findall(r"\d+ : \d+", out)) >= 5
    with sqlite3.connect(tmp_path / "league.db") as connection:
        connection.execute("UPDATE matches SET ticks = ticks + 1 WHERE match_id = 1")
    connection.close()
    code, out, _ = call(capsys, tmp_path, "replay", "1:1", "--verify")
    assert code == 1
    assert "differs in ticks" in out


def test_players_travel_by_file(capsys: pytest.CaptureFixture[str], home: Path, tmp_path: Path) -> None:
    file = tmp_path / "dense.safetensors"
    assert call(capsys, home, "players", "export", "quick-dense", str(file))[0] == 0
    other = tmp_path / "other"
    call(capsys, other, "players", "list")
    code, _, err = call(capsys, other, "players", "import", str(file), "--name", "twin")
    assert code == 2
    assert "quick-dense" in err
    code, out, _ = call(capsys, home, "players", "check", str(file))
    assert code == 0
    assert "determinism" in out
    code, _, _ = call(capsys, home, "players", "archive", "quick-dense")
    _, listed, _ = call(capsys, home, "players", "list")
    assert "quick-dense" not in listed
    call(capsys, home, "players", "archive", "quick-dense", "--undo")
    _, listed, _ = call(capsys, home, "players", "list", "--json")
    assert "quick-dense" in [player["name"] for player in json.loads(listed)["players"]]


def test_python_bot_needs_the_users_word(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    bot = tmp_path / "mine.py"
    touched = tmp_path / "touched"
    bot.write_text(f"open({str(touched)!r}, 'w').close()\nclass Bot:\n    def decide(self, o):\n        return 1\n")
    code, _, err = call(capsys, tmp_path / "league", "players", "import", str(bot))
    assert code == 2
    assert "--trust-python" in err
    code, _, err = call(capsys, tmp_path / "league", "players", "check", str(bot))
    assert code == 2
    assert not touched.exists()
    assert call(capsys, tmp_path / "league", "players", "import", str(bot), "--trust-python")[0] == 0
    assert not touched.exists()
    code, out, _ = call(
        capsys,
        tmp_path / "league",
        "--no-visuals",
        "--players",
        "mine,still",
        "--pairs",
        "1",
        "--points",
        "1",
        "--json",
    )
    assert code == 0
    assert touched.exists()
    assert json.loads(out)["faults"] == 0


def test_files_are_written(capsys: pytest.CaptureFixture[str], home: Path, tmp_path: Path) -> None:
    code, _, _ = call(
        capsys, home, "report", "--season", "1", "--html", str(tmp_path / "r.html"), "--csv", str(tmp_path / "s.csv")
    )
    assert code == 0
    assert "quick-graph" in (tmp_path / "r.html").read_text()
    assert len((tmp_path / "s.csv").read_text().splitlines()) == 9
    code, out, _ = call(capsys, home, "report", "--season", "1", "--csv", str(tmp_path / "alone.csv"))
    assert out == f"wrote {tmp_path / 'alone.csv'}\n"  # a report was not asked for
    code, _, err = call(capsys, home, "report", "--html", str(home / "league.db" / "r.html"))
    assert code == 2
    assert "cannot be written" in err


def test_doctor_says_what_is_here(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    code, out, _ = call(capsys, home, "doctor", "--json")
    report = json.loads(out)
    assert code == 0
    assert report["ok"]
    assert report["recommended"]["workers"] >= 1
    assert {"python", "cores", "numba", "league", "disk"} <= {finding["name"] for finding in report["findings"]}


def test_headless_run_loads_no_qt_pygame_or_torch(tmp_path: Path) -> None:
    code = (
        "import sys; from app.cli import run; "
        f"code = run(['--home', {str(tmp_path)!r}, '--no-visuals', '--pairs', '1', '--executor', 'serial', '--json']); "
        "bad = [name for name in sys.modules if name.split('.')[0] in ('PySide6', 'pyqtgraph', 'pygame', 'torch', 'neat')]; "
        "sys.exit(repr(bad) if bad or code else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_main_is_short_and_says_what_works_where_no_window_can_open(tmp_path: Path) -> None:
    assert len((ROOT / "main.py").read_text().splitlines()) < 60
    done = subprocess.run(
        [sys.executable, "main.py", "--home", str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, check=False, env={"PATH": "/usr/bin", "HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 2
    assert "python main.py --no-visuals" in done.stderr
