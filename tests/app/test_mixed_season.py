"""Players of every kind in one season: the same rows from the window and from the command line, and the README's commands."""

import json
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.cli import run
from app.jobs.client import MAIN, JobClient
from app.session import League, open_league
from app.tournament import season_name
from game.games.rally import GAME
from game.policies.activation import Activation
from game.policies.bank import Policy
from game.policies.file import PlayerFile
from league.config import SeasonConfig
from league.library import default_field
from league.season import Season
from tests.game.networks import dense, graph
from tests.test_readme import README, ROOT

DEADLINE_S = 240.0
FIELDS: dict[str, Any] = {"pairs": 1, "points": 1, "seed": 4711}
BOT = ROOT / "assets" / "bots" / "interceptor.py"


def learned() -> dict[str, Policy]:
    """Return a tiny graph as NEAT makes them, and a normalised network as Q-learning and self-play do."""
    rng = np.random.default_rng(3)
    return {
        "graph": graph(rng, nodes=5, follows=2.0),
        "recurrent": graph(rng, nodes=4, is_recurrent=True, follows=2.0),
        "normalised": dense(rng, (8, 8), Activation.RELU, is_normalised=True),
    }


def fill(league: League) -> None:
    """Let players of every kind join the starters."""
    for name, policy in learned().items():
        league.library.add(PlayerFile(name, GAME.name, GAME.version, policy))
    league.library.import_file(BOT, trust_python=True)


def printed(home: Path, *arguments: str) -> dict[str, Any]:
    command = [sys.executable, str(MAIN), "--home", str(home), *arguments, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def play_as_the_window(home: Path) -> None:
    """Store the season as the window does, and play it by a job of its own, pictures off."""
    with open_league(str(home)) as league:
        fill(league)
        players = tuple(player.hash for player in default_field(league.library.players(), GAME.name))
        config = SeasonConfig(players=players, **FIELDS)
        season = Season.create(league.store, config, season_name(config)).row.id
    client = JobClient.start(["--home", str(home), "play", "--season", str(season), "--workers", "1", "--events"])
    end = time.monotonic() + DEADLINE_S
    try:
        last: dict[str, Any] = {}
        while last.get("event") != "ended":
            last = dict(client._events.take(0.1) or last)
            assert time.monotonic() < end
        assert last["state"] == "complete", client.detail
    finally:
        client.end(DEADLINE_S)


@pytest.mark.slow
def test_the_window_and_the_command_line_come_to_equal_rows(tmp_path: Path) -> None:
    with open_league(str(tmp_path / "typed")) as league:
        fill(league)
    options = [f"--{name}={value}" for name, value in FIELDS.items()]
    typed = printed(tmp_path / "typed", "--no-visuals", "--workers", "2", *options)
    play_as_the_window(tmp_path / "clicked")
    clicked = printed(tmp_path / "clicked", "standings", "--season", "1")
    assert clicked["state"] == typed["state"] == "complete"
    assert {line["kind"] for line in typed["standings"]} == {"scripted", "dense", "graph", "python"}
    assert typed["faults"] == 0
    assert all(line["games"] == 2 * (len(typed["standings"]) - 1) for line in typed["standings"])
    for key in ("rows_sha256", "standings", "matches", "ticks", "faults"):
        assert clicked[key] == typed[key], key


# The README's commands

BRIEF = {
    "neat": "--population 10 --generations 2 --pairs 1 --points 1 --finalists 2 --final-pairs 1 --evaluation-pairs 1",
    "dqn": "--courts 16 --rollout-steps 8 --report-steps 1024 --steps 4096 --buffer-size 2000 --batch-size 32 "
    "--learning-starts 128 --evaluate-steps 1024 --evaluation-pairs 1",
    "selfplay": "--courts 64 --minibatch-size 256 --report-steps 32768 --steps 262144 --evaluation-pairs 1 --payoff-pairs 1",
}
"""What makes the trainings of a test short."""


@pytest.mark.slow
def test_the_commands_of_the_readme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(BOT.parent, tmp_path / "assets" / "bots")
    section = README.split("## Everybody meets")[1].split("\n## ")[0]
    for line in section.splitlines():
        if not line.startswith("python main.py"):
            continue
        words = shlex.split(line)[2:]
        if "train" in words:
            words += [*BRIEF[words[words.index("train") + 1]].split(), "--executor", "serial"]
        if "--no-visuals" in words:
            words += ["--pairs", "1", "--points", "1", "--executor", "serial"]
        assert run(words) == 0, line
    with open_league("mixed") as league:
        season = Season.load(league.store, 1)
        assert season.is_complete
        assert {"neat", "dqn", "selfplay", "interceptor", "aimer"} <= {player.name for player in season.players}
        assert {player.kind for player in season.players} == {"scripted", "dense", "graph", "python"}
    assert (tmp_path / "mixed" / "season.html").stat().st_size > 10_000
    assert (tmp_path / "mixed" / "season.png").read_bytes().startswith(b"\x89PNG")
