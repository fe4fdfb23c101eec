"""Plain mappings in, plain records out: what a caller who knows nothing of policies and dtypes relies on."""

import json

import numpy as np
import pytest

from game.errors import ExecutorError, UnknownNameError
from game.executors.base import Matches
from game.executors.concurrent import ConcurrentMatchExecutor
from game.executors.serial import SerialExecutor
from game.games.rally import GAME
from game.match import match_array
from game.policies.file import PlayerFile, to_bytes
from game.policies.python_bot import PythonPolicy
from game.spec import MatchSpec
from tests.doubles import STILL, broken_network, scripted_field
from tests.game.networks import bot, dense, follower

FIELD = scripted_field()
RNG = np.random.default_rng(9)


@pytest.fixture(scope="module")
def executor():
    with ConcurrentMatchExecutor(1) as made:
        yield made


def write(path, policy):
    path.write_bytes(to_bytes(PlayerFile("a player", GAME.name, GAME.version, policy)))
    return path


def test_records_are_the_results_in_words_and_in_order(executor):
    configs = [
        {"player1": FIELD[n % 3], "player2": FIELD[(n + 1) % 3], "seed": n, "points": 1 + n % 3} for n in range(30)
    ]
    records = executor.execute_matches(configs)
    specs = [MatchSpec(n, n % 3, (n + 1) % 3, n, 1 + n % 3) for n in range(30)]
    rows = SerialExecutor().run(Matches(GAME, FIELD, match_array(specs)))
    for index, (record, row) in enumerate(zip(records, rows, strict=True)):
        result, metrics = record["match_result"], record["contact_metrics"]
        assert (result["match_id"], result["seed"]) == (index, index)
        assert result["points"] == row["points"].tolist()
        assert result["winner"] == {1: "player1", 0: "draw", -1: "player2"}[int(row["outcome"])]
        assert result["termination"] == ["ok", "ok"]
        assert result["end"] in {"points", "tick_limit"}
        assert metrics["hits"] == {"player1": row["hits"][0], "player2": row["hits"][1]}
        assert metrics["rally"] == {"mean": row["mean_rally"], "longest": row["longest_rally"]}
    assert json.loads(json.dumps(records)) == records


def test_the_pool_stays_for_the_next_list(executor):
    config = {"player1": FIELD[0], "player2": FIELD[1], "seed": np.int64(3), "points": 1}
    many = executor.execute_matches([config] * 300)
    pids = executor._pool.worker_pids
    assert len(pids) == 1
    assert executor.execute_matches([config])[0]["contact_metrics"] == many[0]["contact_metrics"]
    assert executor._pool.worker_pids == pids


def test_players_come_from_files_too(executor, tmp_path):
    path = write(tmp_path / "one.safetensors", follower(RNG))
    configs = [{"player1": player, "player2": FIELD[0], "seed": 4} for player in (path, str(path))]
    records = executor.execute_matches(configs)
    assert "error" not in records[0]
    assert records[0]["contact_metrics"] == records[1]["contact_metrics"]


def test_a_file_that_has_changed_is_read_again(executor, tmp_path):
    path = write(tmp_path / "champion.safetensors", bot("still"))
    config = {"player1": path, "player2": bot("still"), "seed": 4}
    before = executor.execute_matches([config])[0]["contact_metrics"]["distance"]["player1"]
    write(tmp_path / "better.safetensors", bot("predictor")).replace(path)
    assert before == 0
    assert executor.execute_matches([config])[0]["contact_metrics"]["distance"]["player1"] > 0


def test_a_configuration_that_cannot_be_played_is_an_error_of_its_own(executor, tmp_path):
    good = {"player1": FIELD[0], "player2": FIELD[1], "seed": 1}
    bad = [
        ({}, "a player is None"),
        ([], "a match is []"),
        ("match", "a match is 'match'"),
        (good | {"sead": 1}, "'sead' is no key of a match: player1, player2, points, seed are known"),
        ({3: 4, None: 5}, "'3' is no key"),
        (good | {"seed": -1}, "seed is -1: 0 to 9223372036854775807 are allowed"),
        (good | {"seed": 2**63}, "seed is 9223372036854775808"),
        (good | {"seed": True}, "seed is True"),
        (good | {"seed": "1"}, "seed is '1'"),
        (good | {"points": 0}, "points is 0: 1 to 21 are allowed"),
        (good | {"points": 2.0}, "points is 2.0"),
        (good | {"player1": 7}, "a player is 7"),
        (good | {"player1": type(FIELD[0])}, "a policy or the path of a player file is needed"),
        (good | {"player2": dense(RNG, inputs=3)}, "a player does not fit: policy 0 has 3 inputs"),
        (good | {"player2": tmp_path / "missing"}, "missing cannot be used"),
        (good | {"player2": "a\0b"}, "null"),
    ]
    records = executor.execute_matches([*(config for config, _ in bad), good])
    for record, (_, says) in zip(records, bad, strict=False):
        assert list(record) == ["error"]
        assert says in record["error"]
        assert record["error"].isprintable()
    assert "match_result" in records[-1]
    assert executor.execute_matches([]) == []


def test_forfeits_are_named(executor):
    config = {"player1": broken_network(), "player2": FIELD[0]}
    result = executor.execute_matches([config, {"player1": PythonPolicy("import nothing_9"), "player2": FIELD[0]}])
    assert [each["match_result"]["termination"] for each in result] == [["not_a_number", "ok"], ["not_loaded", "ok"]]
    assert [each["match_result"]["winner"] for each in result] == ["player2", "player2"]
    assert [each["match_result"]["end"] for each in result] == ["forfeit", "forfeit"]
    plain = {"player1": PythonPolicy(STILL), "player2": FIELD[0], "points": 1}
    assert executor.execute_matches([plain])[0]["match_result"]["termination"] == ["ok", "ok"]


def test_impossible_settings_are_refused():
    with pytest.raises(ExecutorError, match="workers is 0"):
        ConcurrentMatchExecutor(0)
    with pytest.raises(ExecutorError, match="batch size is 0"):
        ConcurrentMatchExecutor(batch_size=0)
    with pytest.raises(UnknownNameError, match="did you mean 'rally'"):
        ConcurrentMatchExecutor(game="raly")
    with ConcurrentMatchExecutor(1) as executor:
        pass
    with pytest.raises(ExecutorError, match="is closed"):
        executor.execute_matches([{"player1": FIELD[0], "player2": FIELD[1]}])
