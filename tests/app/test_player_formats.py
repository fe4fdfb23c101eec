"""Networks of neat-python as files of the league: imported, checked, exported, and refused in one sentence."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ai.neat.interchange import policy_from_json, policy_to_json
from app.cli import run
from app.player_formats import PLAYER_FORMATS
from app.session import open_league
from game.policies.graph import GraphPolicy
from tests.game.networks import graph

ROOT = Path(__file__).resolve().parents[2]


def call(capsys: pytest.CaptureFixture[str], home: Path, *arguments: object) -> tuple[int, str, str]:
    """Run a command in this process; return exit code, stdout, stderr."""
    capsys.readouterr()
    code = run(["--home", str(home), *map(str, arguments)])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.fixture
def network(tmp_path: Path) -> Path:
    """A file of neat-python with a network that plays Rally."""
    path = tmp_path / "winner.json"
    path.write_text(policy_to_json(graph(np.random.default_rng(3), follows=2.0), {"fitness": 1.5}))
    return path


def test_a_network_becomes_a_player_and_a_network_again(capsys, tmp_path, network):
    home = tmp_path / "home"
    code, out, _ = call(capsys, home, "players", "import", network)
    assert (code, out.startswith("imported 'winner' (graph, ")) == (0, True)
    code, out, _ = call(capsys, home, "players", "export", "winner", tmp_path / "again.JSON")
    assert code == 0
    again = json.loads((tmp_path / "again.JSON").read_text())
    assert again["metadata"]["name"] == "winner"
    assert again["metadata"]["fitness"] == 1.5
    first, second = policy_from_json(network), policy_from_json(tmp_path / "again.JSON")
    assert np.array_equal(first.weight, second.weight)
    with open_league(str(home)) as league:
        policy = league.library.read(league.library.find("winner")).policy
    assert isinstance(policy, GraphPolicy)
    assert np.array_equal(policy.weight, first.weight)
    code, _, err = call(capsys, home, "players", "import", tmp_path / "again.JSON", "--name", "twin")
    assert (code, "same content as 'winner'" in err) == (2, True)


def test_it_can_be_given_a_name_and_be_checked(capsys, tmp_path, network):
    home = tmp_path / "home"
    code, out, _ = call(capsys, home, "players", "import", network, "--name", "Ada")
    assert (code, "imported 'Ada'" in out) == (0, True)
    code, out, _ = call(capsys, home, "players", "check", network)
    assert (code, out.startswith("winner (graph, ")) == (0, True)


def test_what_cannot_be_a_player_is_one_sentence(capsys, tmp_path, network):
    home = tmp_path / "home"
    document = json.loads(network.read_text())
    document["nodes"][0]["activation"] = {"name": "softplus", "custom": False}
    network.write_text(json.dumps(document))
    code, out, err = call(capsys, home, "players", "import", network)
    assert (code, out) == (2, "")
    assert err.startswith(f"error: {network} cannot be used: node ")
    assert err.count("\n") == 1
    code, _, err = call(capsys, home, "players", "export", "tracker", tmp_path / "tracker.json")
    assert (code, err.count("\n")) == (2, 1)
    assert "player 'tracker' is of kind scripted, and neat-python's JSON holds graphs" in err
    assert not (tmp_path / "tracker.json").exists()


def test_a_drop_of_files_takes_networks_too(tmp_path, network):
    bad = tmp_path / "bad.json"
    bad.write_text("{}")
    with open_league(str(tmp_path / "home")) as league:
        found = league.library.import_files([network, bad, network])
    assert [result.state for result in found] == ["imported", "failed", "present"]
    assert found[1].problem == f"{bad} cannot be used: the network has no 'format_version'"


def test_listing_players_does_not_load_neat_python(tmp_path):
    code = (
        "import sys; from app.cli import run; "
        f"run(['--home', {str(tmp_path)!r}, 'players', 'list']); sys.exit('neat' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, capture_output=True)
    assert [each.suffix for each in PLAYER_FORMATS] == [".json"]
