"""The commands behind the jobs, as someone uses them by hand."""

import json
from pathlib import Path

import pytest

from app.cli import run
from tests.app.jobs.test_season_job import open_small_league, untouched


def call(capsys: pytest.CaptureFixture[str], home: Path, *arguments: str) -> tuple[int, str, str]:
    """Run a command in this process; return exit code, stdout, stderr."""
    capsys.readouterr()
    code = run(["--home", str(home), *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.fixture
def home(tmp_path: Path) -> Path:
    with open_small_league(tmp_path / "league"):
        return tmp_path / "league"


def test_play_by_hand_plays_the_season_to_its_end(
    capsys: pytest.CaptureFixture[str], home: Path, tmp_path: Path
) -> None:
    code, out, _ = call(capsys, home, "play", "--season", "1")
    assert code == 0
    assert "played 24 matches" in out
    assert untouched(tmp_path / "plain")[0][:16] in out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("play", "--season", "9"), "there is no season 9"),
        (("play", "--season", "1", "--visuals"), "--visuals needs --events"),
        (("play", "--season", "1", "--workers", "0"), "workers is 0: 1 to 256 are allowed"),
        (("play",), "Missing option '--season'"),
        (("table", "--season", "9"), "there is no season 9"),
        (("table", "--serve"), "--serve and --quick-first need --events"),
    ],
)
def test_bad_input_is_one_sentence(
    capsys: pytest.CaptureFixture[str], home: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    code, out, err = call(capsys, home, *arguments)
    assert (code, out) == (2, "")
    assert sentence in err
    assert "Traceback" not in err


def test_table_prints_one_object(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    call(capsys, home, "play", "--season", "1")
    code, out, _ = call(capsys, home, "table")
    table = json.loads(out)
    assert code == 0
    assert (table["season"], table["complete"], len(table["lines"]), len(table["cells"])) == (1, True, 3, 3)
