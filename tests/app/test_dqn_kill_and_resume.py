"""``kill -9`` of a training of Q-networks and of its actors costs nothing, or is counted, and leaves nothing behind."""

import contextlib
import itertools
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.ai.dqn.learners import learner_of, steps_of
from tests.app.killed_trainings import (
    DEADLINE_S,
    ONLY_ON_LINUX,
    finish,
    folder,
    history,
    killed,
    segments,
    training,
    wait_for_steps,
    workers,
)
from tests.doubles import wait_for_end

COMMON = (
    "dqn", "--engine", "compiled", "--device", "cpu", "--hidden", "16", "--courts", "256", "--rollout-steps", "16",
    "--report-steps", "8192", "--steps", "160000", "--opponents", "random,tracker", "--past-share", "0.25",
    "--snapshot-steps", "20000", "--ladder", "random,tracker", "--evaluate-steps", "16000", "--evaluation-pairs", "2",
    "--checkpoint-steps", "1", "--executor", "serial", "--seed", "5",
)  # fmt: skip
ALGORITHMS = {
    "dqn": (
        "--buffer-size", "40000", "--batch-size", "64", "--learning-starts", "4000", "--steps-per-update", "16",
        "--target-every", "50", "--replay", "prioritised",
    ),
    "pqn": ("--epochs", "4", "--minibatches", "32"),
}  # fmt: skip
KILLED_AFTER = (1, 3)
"""Iterations behind those that were kept at the start of a session."""

pytestmark = [pytest.mark.slow, ONLY_ON_LINUX]


def fields(algorithm: str, mode: str) -> tuple[str, ...]:
    two = () if mode == "single" else ("--workers", "2")
    return (*COMMON, "--algorithm", algorithm, *ALGORITHMS[algorithm], "--mode", mode, *two)


def essence(home: Path) -> list[Any]:
    """Return the run's history without the number of actors that have died, which is no result."""
    rows, *rest = history(home, "dqn")
    for _, values, _ in rows:
        values.pop("restarts", None)
    return [rows, *rest]


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory) -> dict[str, list[Any]]:
    """The history of each algorithm in one process, which is that of any number of actors.

    Kernels are compiled before: in the process that compiles them, sums may differ in the last bit from those of later ones.
    """
    found = {}
    for algorithm in ALGORITHMS:
        with contextlib.closing(learner_of(algorithm=algorithm, replay="prioritised", past_share=0.5)) as learner:
            steps_of(learner, 3)
        home = tmp_path_factory.mktemp(algorithm)
        finish(home, *fields(algorithm, "single"))
        found[algorithm] = essence(home)
        rows, champions, _ = found[algorithm]
        assert len(rows) > 15
        assert champions
    return found


@pytest.mark.parametrize(("algorithm", "mode"), [("pqn", "single"), ("dqn", "parallel")])
def test_kills_change_neither_metrics_nor_champions_and_leave_nothing(tmp_path, unbroken, algorithm, mode):
    """It goes on with one worker in the end: how many there are is no matter."""
    steps, held = 0, set()
    for more in KILLED_AFTER:
        arguments = ("dqn", "--resume", "--workers", "2") if steps else fields(algorithm, mode)
        with training(tmp_path, *arguments) as process:
            wait_for_steps(tmp_path, "dqn", steps + more, process)
            held |= killed(process)
        steps = len(folder(tmp_path, "dqn").metrics())
    assert (len(held) > 0) == (mode == "parallel")
    assert 0 < steps < len(unbroken[algorithm][0]), "the run must be longer than the kills"
    finish(tmp_path, "dqn", "--resume", "--workers", "1")
    assert essence(tmp_path) == unbroken[algorithm]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_killed_actors_of_rounds_change_nothing_and_are_counted(tmp_path, unbroken, algorithm):
    family: set[psutil.Process] = set()
    with training(tmp_path, *fields(algorithm, "parallel")) as process:
        for step in (1, 5):
            wait_for_steps(tmp_path, "dqn", step, process)
            actors = workers(process)
            family.update(actors)
            actors[0].kill()
        held = segments([psutil.Process(process.pid)])
        _, said = process.communicate(timeout=10 * DEADLINE_S)
    assert process.returncode == 0, said
    assert said.count("an actor process died (exit code -9): it is started again") == 2
    assert "Traceback" not in said
    assert essence(tmp_path) == unbroken[algorithm]
    restarts = [row.values.get("restarts", 0.0) for row in folder(tmp_path, "dqn").metrics()]
    assert (restarts[0], restarts[-1], restarts) == (0.0, 2.0, sorted(restarts))
    assert held
    assert not [segment for segment in held if segment.exists()]
    assert not wait_for_end(list(family))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_an_asynchronous_run_goes_on_without_its_actor_and_resumes_when_killed(tmp_path, algorithm):
    with training(tmp_path, *fields(algorithm, "ultra")) as process:
        steps = wait_for_steps(tmp_path, "dqn", 1, process)
        workers(process)[0].kill()
        while not any("restarts" in row.values for row in folder(tmp_path, "dqn").metrics()):
            steps = wait_for_steps(tmp_path, "dqn", steps, process)
        held = killed(process)
    assert held
    kept = folder(tmp_path, "dqn").metrics()
    assert f"goes on after step {len(kept)}" in finish(tmp_path, "dqn", "--resume", "--workers", "2")
    rows = folder(tmp_path, "dqn").metrics()
    assert rows[: len(kept)] == kept
    assert [row.step for row in rows] == list(range(1, len(rows) + 1))
    played = list(itertools.accumulate(row.work["steps"] for row in rows))
    assert [row.values["total_steps"] for row in rows] == played
    assert played[-1] >= 160_000 > played[-2]
    assert all(row.work["updates"] > 0 for row in rows[1:])
    assert folder(tmp_path, "dqn").champions()
