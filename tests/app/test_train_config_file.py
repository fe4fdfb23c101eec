"""``train NAME --config FILE``: what a file of another program says comes after the preset and before the options."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from ai.errors import TrainingError
from ai.trainer import ConfigFile, Preset
from app.commands import train
from game.spec import GameSpec
from tests.ai import fakes


def read(path: Path, game: GameSpec) -> Mapping[str, object]:
    """Return the fields in a JSON file."""
    if not path.exists():
        raise TrainingError(f"{path} cannot be used by {game.name}: there is no such file")
    fields: Mapping[str, object] = json.loads(path.read_text())
    return fields


TRAINER = replace(
    fakes.trainer(),
    config_file=ConfigFile("A file of walks.", read),
    presets={"far": Preset("Far", "A long walk.", 1.0, {"steps": 30, "champion_every": 7})},
)


def invoke(home: Path, *arguments: object, trainer=TRAINER) -> Result:
    command = train._command(trainer)
    shared = ("--home", home, "--executor", "serial", "--seed", "1", "--json")
    return CliRunner().invoke(command, [str(each) for each in (*shared, *arguments)], obj={})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    written = tmp_path / "walk.json"
    written.write_text(json.dumps({"steps": 5, "opponents": ["predictor"]}))
    return written


def config(result: Result) -> dict[str, object]:
    assert result.exit_code == 0, result.output
    found: dict[str, object] = json.loads(result.stdout)["config"]
    return found


def test_the_file_sets_what_it_names(tmp_path, path):
    found = config(invoke(tmp_path, "--config", path))
    assert (found["steps"], found["opponents"], found["champion_every"]) == (5, ["predictor"], 3)


def test_options_win_over_the_file_and_the_file_over_the_preset(tmp_path, path):
    found = config(invoke(tmp_path, "--config", path, "--preset", "far", "--opponents", "tracker"))
    assert (found["steps"], found["opponents"], found["champion_every"]) == (5, ["tracker"], 7)


def test_what_is_wrong_with_the_file_is_the_users_sentence(tmp_path):
    result = invoke(tmp_path, "--config", tmp_path / "none.json")
    assert isinstance(result.exception, TrainingError)
    assert str(result.exception) == f"{tmp_path / 'none.json'} cannot be used by rally: there is no such file"


def test_the_option_is_there_only_where_a_trainer_reads_files(tmp_path, path):
    assert "--config FILE" in train._command(TRAINER).get_help(_context())
    assert "A file of walks. Its settings replace the preset's" in " ".join(
        train._command(TRAINER).get_help(_context()).split()
    )
    without = fakes.trainer()
    assert "--config" not in train._command(without).get_help(_context())
    assert invoke(tmp_path, "--config", path, trainer=without).exit_code == 2


def _context() -> click.Context:
    return click.Context(train._command(TRAINER))
