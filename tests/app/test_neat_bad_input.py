"""What trainings of NEAT cannot use gets one sentence and an exit code, and leaves nothing half-written."""

import itertools
import json
import re
from pathlib import Path

import pytest

from ai.run_folder import RunFolder
from app.cli import run
from tests.ai.neat.neat_files import COMPLETE, changed
from tests.app.refusals import (
    IN_PROCESS,
    altered,
    assert_not_resumed,
    assert_refused,
    call,
    sentence,
    train,
    unfinished,
)

SMALL = {
    "neat": (
        "--population", "10", "--generations", "3", "--opponents", "random", "--pairs", "1", "--points", "1",
        "--finalists", "2", "--final-pairs", "1", "--evaluation-pairs", "1", "--hindsight-steps", "0", "--seed", "3",
    ),
    "neat-backprop": (
        "--task", "xor", "--task-points", "40", "--population", "10", "--generations", "3", "--steps", "2",
        "--elite-steps", "2", "--seed", "3", "--eval-workers", "1",
    ),
}  # fmt: skip
TRAINERS = tuple(SMALL)
LOST_IN_0_92 = ("no_fitness_termination", "single_structural_mutation", "structural_mutation_surer", "min_species_size")
"""Keys that files of neat-python 0.92 may lack, and that 2.0 insists on or takes otherwise."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A league without a run."""
    folder = tmp_path_factory.mktemp("league")
    assert run(["--home", str(folder), "players", "list"]) == 0
    return folder


# The configuration


@pytest.mark.parametrize("trainer", TRAINERS)
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--population", "1"), "population is 1; it must be at least 2"),
        (("--population", "1000000"), "population is 1000000; it must be at most 10000"),
        (("--conn-add-prob", "1.5"), "conn_add_prob is 1.5; it must be at most 1"),
        (("--node-delete-prob", "-0.1"), "node_delete_prob is -0.1; it must be at least 0"),
        (("--weight-mutate-rate", "nan"), "weight_mutate_rate is nan; it must be a finite number"),
        (("--survival-threshold", "2"), "survival_threshold is 2.0; it must be at most 1"),
        (("--weight-min-value", "3", "--weight-max-value", "2"), "weight_min_value is 3"),
        (("--activation-options", "tanh,step"), "activation_options.* is 'step'"),
        (("--opponents", "nobody"), "there is no player 'nobody'"),
        (("--opponents", "trakcer"), "there is no player 'trakcer': did you mean 'tracker'?"),
        (("--opponents", "tracker,random,tracker"), "tracker, random, tracker; each opponent can be there once"),
        (("--opponents", ""), "opponents is .*it must have at least 1"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else "",
)  # fmt: skip
def test_settings_out_of_range(capsys, home, trainer, arguments, says):
    assert_refused(capsys, home, trainer, arguments, says)


@pytest.mark.parametrize(
    ("trainer", "arguments", "says"),
    [
        ("neat", ("--no-feed-forward",), "hindsight_steps is 500; recurrent networks learn by evolution alone"),
        ("neat", ("--pairs", "1000", "--population", "5000"), "a generation would have .* matches, at most 2,000,000"),
        ("neat", ("--start-from", "nobody"), "there is no player 'nobody'"),
        ("neat", ("--start-from", "tracker"), "start_from is 'tracker', a scripted player: evolution begins from graphs"),
        ("neat-backprop", ("--no-feed-forward",), "feed_forward is False; gradients need networks without cycles"),
        ("neat-backprop", ("--task", "spirals"), "task is 'spirals'; it must be 'two-spirals'"),
        ("neat-backprop", ("--task", "xor", "--task-points", "3"), "points is 3: 20 to 1,000,000 are allowed"),
        ("neat-backprop", ("--teacher", "nobody"), "there is no player 'nobody'"),
        ("neat-backprop", ("--teacher", "still"), "the teacher always does 'stay': there is nothing to learn"),
        ("neat-backprop", ("--disturbance", "1"), "disturbance is 1.0; it must be at most 0.9"),
        ("neat-backprop", ("--lr", "0"), "lr is 0.0; it must be greater than 0"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else "",
)  # fmt: skip
def test_what_makes_no_sense_together(capsys, home, trainer, arguments, says):
    assert_refused(capsys, home, trainer, arguments, says)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("NEAT_EVAL_WORKERS", "0"),
        ("NEAT_EVAL_WORKERS", "two"),
        ("NEAT_EVAL_BACKEND", "gpu"),
        ("NEAT_PROCESS_START_METHOD", "clone"),
        ("NEAT_POOL_KEEPALIVE", "maybe"),
        ("NEAT_POOL_RESTART_EVERY", "0"),
    ],
)
def test_environment_variables(capsys, home, monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    assert_refused(capsys, home, "neat-backprop", (), rf"{variable} is '?{value}'?: .* is allowed")


# Files


def old_file() -> str:
    """Return a configuration such as neat-python 0.92 has read."""
    return changed(COMPLETE, **dict.fromkeys(LOST_IN_0_92, None))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(old_file(), "has no .*, as in files of neat-python 0.92; to complete it for 2.0, add", id="0.92"),
        pytest.param(changed(COMPLETE, conn_add_prob=None), r"\[DefaultGenome\] has no conn_add_prob", id="missing"),
        pytest.param(COMPLETE + "elitsm = 3\n", "has elitsm, which neat-python does not know: did you mean", id="unknown"),
        pytest.param(changed(COMPLETE, pop_size="1"), "pop_size is 1; it must be at least 2", id="population 1"),
        pytest.param(changed(COMPLETE, pop_size="1000000"), "pop_size is 1000000; it must be at most", id="population 10^6"),
        pytest.param(changed(COMPLETE, node_add_prob="1.7"), "node_add_prob is 1.7; it must be at most 1", id="rate"),
        pytest.param(changed(COMPLETE, node_add_prob="often"), "node_add_prob is 'often', and a number is needed", id="word"),
        pytest.param(changed(COMPLETE, num_inputs="3"), "num_inputs is 3, and rally has 8 observations", id="inputs"),
        pytest.param("", r"it has no section \[NEAT\]", id="empty"),
        pytest.param("\0\1", "cannot be used", id="binary"),
        pytest.param(None, "it cannot be read", id="no file"),
    ],
)  # fmt: skip
def test_configurations_of_neat_python(capsys, home, tmp_path, content, says):
    path = tmp_path / "neat.ini"
    if content is not None:
        path.write_text(content)
    assert_refused(capsys, home, "neat", ("--config", str(path)), says)


def rows(labels: list[str], number: str = "1.5") -> str:
    return "a,b,label\n" + "".join(f"{i},{number if i == 3 else i},{label}\n" for i, label in enumerate(labels))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(rows(["x", "y"] * 20, "nan"), "line 5 of .*rows.csv has nan as 'b': finite numbers", id="NaN"),
        pytest.param(
            rows(["x"] * 40), "rows.csv has one class only, 'x': there is nothing to tell apart", id="one class"
        ),
        pytest.param(rows(["x"] * 38 + ["y"] * 2), "class 'y' of rows.csv has 2 rows: at least 5", id="few of a class"),
        pytest.param(rows([]), "rows.csv has no rows of data", id="no rows"),
        pytest.param("", "rows.csv is empty", id="empty"),
        pytest.param(None, "rows.csv cannot be read: No such file", id="no file"),
    ],
)
def test_datasets(capsys, home, tmp_path, content, says):
    path = tmp_path / "rows.csv"
    if content is not None:
        path.write_text(content)
    assert_refused(capsys, home, "neat-backprop", ("--task", "file", "--data-file", str(path)), says)


def test_a_dataset_that_is_no_archive(capsys, home, tmp_path):
    (tmp_path / "rows.npz").write_bytes(b"PK\3\4 rubbish")
    arguments = ("--task", "file", "--data-file", str(tmp_path / "rows.npz"))
    assert_refused(capsys, home, "neat-backprop", arguments, "rows.npz is no NPZ archive of plain arrays")


def chain(nodes: int) -> dict[str, object]:
    """Return a network of neat-python: ``nodes`` hidden ones in a row, the last of which leads to the first output."""
    function = {"activation": {"name": "tanh", "custom": False}, "aggregation": {"name": "sum", "custom": False}}
    hidden = [{"id": 3 + n, "type": "hidden", "bias": 0.0, "response": 1.0, **function} for n in range(nodes)]
    outputs = [{"id": n, "type": "output", "bias": 0.1 * n, "response": 1.0, **function} for n in range(3)]
    inputs = [{"id": -1 - n, "type": "input"} for n in range(8)]
    keys = [-2, *range(3, 3 + nodes), 0]
    links = [{"from": a, "to": b, "weight": 0.9, "enabled": True} for a, b in itertools.pairwise(keys)]
    return {
        "format_version": "1.0",
        "network_type": "feedforward",
        "topology": {
            "num_inputs": 8, "num_outputs": 3, "input_keys": [-1 - n for n in range(8)], "output_keys": [0, 1, 2],
        },
        "nodes": [*inputs, *outputs, *hidden],
        "connections": links,
    }  # fmt: skip


def test_a_network_of_too_many_nodes_is_no_player(capsys, home, tmp_path):
    (tmp_path / "large.json").write_text(json.dumps(chain(5000)))
    code, _, err = call(capsys, home, "players", "import", str(tmp_path / "large.json"))
    assert (code, "nodes, and at most 4,096 and the inputs are allowed" in sentence(err)) == (2, True)


def test_evolution_begins_from_a_network_of_thousands_of_nodes(capsys, tmp_path):
    (tmp_path / "large.json").write_text(json.dumps(chain(3000)))
    home = tmp_path / "home"
    assert call(capsys, home, "players", "import", str(tmp_path / "large.json"))[0] == 0
    code, out, err = train(capsys, home, "neat", *SMALL["neat"], "--start-from", "large", "--generations", "1")
    assert (code, "complete, 1 of 1 generations" in out) == (0, True), err
    [row] = RunFolder(home / "runs" / "neat-1").metrics()
    assert row.values["mean_nodes"] > 2900


# Checkpoints


@pytest.fixture(params=TRAINERS)
def stopped(request, tmp_path: Path) -> tuple[str, Path]:
    """A trainer, and a home with a run of it that is said to be unfinished."""
    assert run(["--home", str(tmp_path), "train", request.param, *SMALL[request.param], *IN_PROCESS]) == 0
    unfinished(tmp_path)
    return request.param, tmp_path


@pytest.mark.parametrize("size", [0, 5, 100, -100])
def test_a_truncated_checkpoint(capsys, stopped, size):
    trainer, home = stopped
    [path] = (home / "runs" / f"{trainer}-1" / "checkpoints").iterdir()
    path.write_bytes(path.read_bytes()[:size])
    assert_not_resumed(capsys, home, trainer, "is truncated, damaged or no checkpoint .*: delete it, then resume again")
    path.unlink()
    assert train(capsys, home, trainer, "--resume")[0] == 0


def test_a_checkpoint_of_another_version(capsys, stopped):
    trainer, home = stopped
    [path] = (home / "runs" / f"{trainer}-1" / "checkpoints").iterdir()
    content = path.read_bytes()
    assert content.count(b'\\"trainer_version\\": 1') == 1
    path.write_bytes(content.replace(b'\\"trainer_version\\": 1', b'\\"trainer_version\\": 7'))
    assert_not_resumed(capsys, home, trainer, "belongs to trainer version 7, not 1: put the run's own file back")


def test_a_run_of_another_version(capsys, stopped):
    trainer, home = stopped
    altered(home / "runs" / f"{trainer}-1" / "config.json", lambda fields: fields.update(trainer_version=7))
    assert_not_resumed(capsys, home, trainer, f"made by version 7 of trainer '{trainer}': this program has version 1")


def test_other_rows_than_those_that_a_run_began_with(capsys, tmp_path):
    path, home = tmp_path / "rows.csv", tmp_path / "home"
    path.write_text(rows(["x", "y"] * 20))
    arguments = [*SMALL["neat-backprop"], "--task", "file", "--data-file", str(path)]
    arguments[arguments.index("--task-points") + 1] = "0"
    assert train(capsys, home, "neat-backprop", *arguments)[0] == 0
    unfinished(home)
    path.write_text(rows(["x", "y"] * 20, "2.5"))
    assert_not_resumed(
        capsys, home, "neat-backprop", "the data of the task 'file' are not those that the run began with"
    )


# The end of everybody


@pytest.mark.parametrize("trainer", TRAINERS)
def test_extinction_fails_the_run_and_keeps_it(capsys, tmp_path, trainer):
    arguments = [
        *SMALL[trainer], "--max-stagnation", "1", "--species-elitism", "0", "--no-reset-on-extinction", "--generations", "60",
        "--weight-mutate-rate", "0", "--weight-replace-rate", "0", "--bias-mutate-rate", "0", "--checkpoint-steps", "1",
    ]  # fmt: skip
    if trainer == "neat-backprop":
        arguments += ["--inheritance", "baldwin"]
    code, out, err = train(capsys, tmp_path, trainer, *arguments)
    assert (code, out) == (1, "")
    said = sentence(err)
    assert re.search(
        "every species has died out in generation .*: start a run that allows more with max_stagnation", said
    )
    _, out, _ = call(capsys, tmp_path, "runs", "list", "--json")
    [row] = json.loads(out)["runs"]
    assert (row["state"], row["reason"]) == ("failed", said.removeprefix("error: "))
    steps = len(RunFolder(tmp_path / "runs" / f"{trainer}-1").metrics())
    code, _, err = train(capsys, tmp_path, trainer, "--resume")
    assert (code, sentence(err)) == (1, said)  # the same again: a run is what it is
    assert len(RunFolder(tmp_path / "runs" / f"{trainer}-1").metrics()) == steps > 0


# A player from data


def test_who_imitates_a_player_becomes_a_player_of_the_league(capsys, tmp_path):
    arguments = (
        "--teacher", "tracker", "--opponents", "tracker,random", "--match-pairs", "5", "--population", "16", "--generations", "8",
        "--num-hidden", "4", "--steps", "40", "--rows", "1000", "--seed", "2", "--eval-workers", "1", "--name", "Copy",
    )  # fmt: skip
    code, out, err = train(capsys, tmp_path, "neat-backprop", *arguments)
    assert (code, "complete, 8 of 8 generations" in out) == (0, True), err
    assert call(capsys, tmp_path, "runs", "add", "neat-backprop-1")[0] == 0
    code, out, _ = call(
        capsys, tmp_path, "--no-visuals", "--players", "Copy,still,random", "--pairs", "10", *IN_PROCESS, "--json"
    )
    assert code == 0
    standings = json.loads(out)["standings"]
    assert standings[0]["player"] == "Copy", standings
