"""``trend`` and ``baseline``: what the charts of the window ask for, from the command line and as jobs."""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from app.cli import run

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("league")
    assert run(["--home", str(folder), "--no-visuals", "--pairs", "5", "--executor", "serial", "--seed", "4"]) == 0
    return folder


def call(capsys: pytest.CaptureFixture[str], home: Path, *arguments: str) -> tuple[int, str]:
    capsys.readouterr()
    code = run(["--home", str(home), *arguments])
    return code, capsys.readouterr().out


def job(home: Path, *arguments: str) -> list[dict[str, object]]:
    """Run a job to its end and return its events."""
    command = [sys.executable, str(ROOT / "main.py"), "--home", str(home), *arguments, "--events"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        events = [json.loads(line) for line in process.stdout]
        assert process.wait() == 0
    return events


def test_the_trend_ends_at_the_standings(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    code, out = call(capsys, home, "trend", "--points", "4")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert code == 0
    last = {row["player"]: float(row["rating"]) for row in rows if row["matches"] == rows[-1]["matches"]}
    _, standings = call(capsys, home, "standings", "--json")
    expected = {line["player"]: line["rating"] for line in json.loads(standings)["standings"]}
    assert last == pytest.approx(expected, abs=0.06)


def test_the_trend_as_a_job_tells_every_point(home: Path) -> None:
    *points, end = [event for event in job(home, "trend", "--points", "4") if event["event"] != "progress"]
    assert (end["event"], end["state"]) == ("ended", "complete")
    assert {point["event"] for point in points} == {"trend"}
    assert [len(point["ratings"]) for point in points] == [8] * len(points)  # type: ignore[arg-type]  # a list
    assert points[-1]["matches"] == 280


def test_a_season_that_is_not_there_is_one_sentence(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    capsys.readouterr()
    assert run(["--home", str(home), "trend", "--season", "77"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "77" in captured.err
    assert captured.err.count("\n") == 1


def test_the_baseline_is_printed_and_kept(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    code, out = call(capsys, home, "baseline", "--seconds", "0.1", "--json")
    assert code == 0
    assert json.loads(out) == json.loads((home / "baseline.json").read_text())
    _, text = call(capsys, home, "baseline", "--seconds", "0.1")
    assert "matches/s" in text


def test_the_baseline_as_a_job_tells_what_it_keeps(home: Path) -> None:
    told, end = job(home, "baseline", "--seconds", "0.1")
    assert told.pop("event") == "baseline"
    assert told == json.loads((home / "baseline.json").read_text())
    assert end["state"] == "complete"
