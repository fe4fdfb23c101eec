"""``kill -9`` of a training by self-play costs nothing: neither metrics nor champions, snapshots nor payoffs change."""

import contextlib
from pathlib import Path
from typing import Any

import pytest

from game.policies.file import read_player
from tests.ai.dqn.learners import steps_of
from tests.ai.selfplay.learners import learner_of
from tests.app.killed_trainings import ONLY_ON_LINUX, finish, folder, history, killed, training, wait_for_steps

COMMON = (
    "selfplay", "--engine", "compiled", "--hidden", "16", "--courts", "256", "--rollout-steps", "16", "--minibatch-size", "1024",
    "--report-steps", "20000", "--steps", "600000", "--opponents", "random,tracker", "--main-exploiters", "1",
    "--league-exploiters", "1", "--snapshot-steps", "25000", "--pool-size", "3", "--exploiter-steps", "20000",
    "--anchors", "random,tracker", "--evaluate-steps", "60000", "--evaluation-pairs", "2", "--gate-steps", "100000",
    "--gate-elo", "1", "--gate-pairs", "100", "--gate-alpha", "0.49", "--gate-beta", "0.49",
    "--payoff-size", "5", "--payoff-pairs", "2",
    "--checkpoint-steps", "1", "--seed", "5",
)  # fmt: skip
ALGORITHMS = {"ppo": ("--epochs", "2"), "pqn": ("--epochs", "1", "--epsilon-share", "0.2")}
KILLED_AFTER = (1, 4, 9)
"""Iterations behind those that were kept at the start of a session."""

pytestmark = [pytest.mark.slow, ONLY_ON_LINUX]


def fields(algorithm: str) -> tuple[str, ...]:
    return (*COMMON, "--algorithm", algorithm, *ALGORITHMS[algorithm])


def essence(home: Path) -> list[Any]:
    """Return the run's history with the lineage of its champions."""
    champions = folder(home, "selfplay").champions()
    return [*history(home, "selfplay"), [read_player(champion.path).lineage for champion in champions]]


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory) -> dict[str, list[Any]]:
    """The history of each algorithm, with one worker.

    Kernels are compiled before: in the process that compiles them, sums may differ in the last bit from those of later ones.
    """
    found = {}
    for algorithm in ALGORITHMS:
        with contextlib.closing(learner_of(algorithm=algorithm)) as learner:
            steps_of(learner, 4)
        home = tmp_path_factory.mktemp(algorithm)
        finish(home, *fields(algorithm), "--workers", "1", "--executor", "serial")
        found[algorithm] = essence(home)
        rows, champions, details, _ = found[algorithm]
        assert len(rows) > sum(KILLED_AFTER) + 6
        assert champions
        assert set(details) == {"pool", "payoffs"}
        numbers = [
            int(record["name"].rsplit("-", 1)[1]) for record in details["pool"].value if record["role"] != "fixed"
        ]
        assert max(numbers) > 5  # many have left the pool
    return found


@pytest.mark.parametrize(("algorithm", "workers"), [("ppo", ("--workers", "2")), ("pqn", ("--workers", "1"))])
def test_kills_change_nothing_and_leave_nothing(tmp_path, unbroken, algorithm, workers):
    """It goes on with another number of workers in the end: how many there are is no matter."""
    steps = 0
    for more in KILLED_AFTER:
        arguments = ("selfplay", "--resume") if steps else fields(algorithm)
        with training(tmp_path, *arguments, *workers) as process:
            wait_for_steps(tmp_path, "selfplay", steps + more, process)
            killed(process)
        steps = len(folder(tmp_path, "selfplay").metrics())
    assert 0 < steps < len(unbroken[algorithm][0]), "the run must be longer than the kills"
    finish(tmp_path, "selfplay", "--resume", "--workers", "2", "--executor", "serial")
    assert essence(tmp_path) == unbroken[algorithm]
