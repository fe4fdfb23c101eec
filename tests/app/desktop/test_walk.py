"""The walk through the window (``walk.py``), on a display of its own where there is one to be had, with real jobs."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.app.desktop import walk_dqn
from tests.app.desktop.walk import SEASON
from tests.app.desktop.walk_neat import NAME

ROOT = Path(__file__).resolve().parents[3]


def _command_line(*arguments: str) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "main.py", *arguments, "--json"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    found: dict[str, object] = json.loads(done.stdout)
    return found


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_everything_can_be_done_from_the_window(tmp_path: Path) -> None:
    home, pictures = tmp_path / "league", tmp_path / "pictures"
    pictures.mkdir()
    walk = [sys.executable, "-m", "tests.app.desktop.walk", str(home), str(pictures), "dark", "1600x960"]
    environment = {**os.environ, "SDL_AUDIODRIVER": "dummy"}
    if shutil.which("xvfb-run"):
        walk = ["xvfb-run", "-a", "-s", "-screen 0 1920x1200x24", *walk]
        environment.pop("QT_QPA_PLATFORM", None)
    else:
        environment["QT_QPA_PLATFORM"] = "offscreen"
    done = subprocess.run(walk, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    report = json.loads(done.stdout.splitlines()[-1])
    assert report["problem"] == "", done.stderr
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert len(report["steps"]) > 65
    assert report["closing_s"] < 3.0

    _leaves_no_process(home)
    _season_is_the_command_lines(home, tmp_path / "other")
    _evolved_player_wins(home)
    _run_is_kept(home)
    assert _command_line("--home", str(home), "standings", "--season", "3")["state"] != "complete"
    wanted = {
        "arena",
        "standings",
        "cross_table",
        "dqn_win_rate",
        "champion",
        "wall",
        "neat_species",
        "neat_running",
        "neat_cross_table",
    }
    assert {path.stem for path in pictures.glob("*.png")} >= wanted


def _leaves_no_process(home: Path) -> None:
    command_lines = (process.info["cmdline"] or [] for process in psutil.process_iter(["cmdline"]))
    left = [command_line for command_line in command_lines if str(home) in command_line]
    assert left == []


def _evolved_player_wins(home: Path) -> None:
    """The player that was evolved is in the league, and won the season that was played with it."""
    table = _command_line("--home", str(home), "standings", "--season", "2")
    lines: Any = table["standings"]
    line = next(each for each in lines if each["player"] == NAME)
    assert table["state"] == "complete"
    assert line["wins"] > line["losses"]


def _run_is_kept(home: Path) -> None:
    """The run of DQN went on after its stop to its end, and its champion is a player of the league."""
    runs: Any = _command_line("--home", str(home), "runs", "list")["runs"]
    run = next(each for each in runs if each["name"] == walk_dqn.NAME)
    players: Any = _command_line("--home", str(home), "players", "list")["players"]
    player = next(each for each in players if each["name"] == walk_dqn.NAME)
    assert (run["trainer"], run["state"], run["step"]) == ("dqn", "complete", run["expected"])
    assert (player["kind"], player["hash"]) == ("dense", run["champion"]["hash"])
    assert (home / run["folder"] / "plots.png").is_file()


def _season_is_the_command_lines(home: Path, other: Path) -> None:
    """What was played with visuals on, off and on again is what the command line plays."""
    options = [f"--{name}={value}" for name, value in SEASON.items()]
    played = _command_line("--home", str(other), "--no-visuals", *options)
    shown = _command_line("--home", str(home), "standings", "--season", "1")
    assert shown["state"] == "complete"
    for key in ("rows_sha256", "standings", "matches", "ticks", "faults"):
        assert shown[key] == played[key], key
