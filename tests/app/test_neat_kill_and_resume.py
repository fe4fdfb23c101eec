"""``kill -9`` of a training of NEAT and of its workers, again and again, costs nothing and leaves nothing behind."""

import random
from pathlib import Path
from typing import Any

import pytest

from tests.app.killed_trainings import (
    DEADLINE_S,
    ONLY_ON_LINUX,
    finish,
    folder,
    history,
    killed,
    training,
    wait_for_steps,
    workers,
)

KILLS = 4

NEAT = (
    "neat", "--population", "30", "--generations", "60", "--opponents", "random,tracker", "--pairs", "5", "--points", "1",
    "--finalists", "3", "--final-pairs", "1", "--evaluate-every", "4", "--evaluation-pairs", "2", "--hindsight-steps", "3",
    "--hindsight-rows", "128", "--hindsight-pairs", "1", "--checkpoint-steps", "3", "--workers", "2", "--seed", "5",
)  # fmt: skip
BACKPROP = (
    "neat-backprop", "--population", "24", "--generations", "100", "--opponents", "random,tracker", "--match-pairs", "5",
    "--teacher", "tracker", "--num-hidden", "3", "--steps", "10", "--elite-steps", "10", "--rows", "500",
    "--checkpoint-steps", "3", "--eval-workers", "2", "--executor", "serial", "--seed", "5",
)  # fmt: skip
PROCESSES = (*BACKPROP, "--backend", "process", "--restart-every", "1000")

pytestmark = [pytest.mark.slow, ONLY_ON_LINUX]


@pytest.fixture(scope="module", params=[NEAT, BACKPROP, PROCESSES], ids=["neat", "neat-backprop", "processes"])
def unbroken(request, tmp_path_factory) -> tuple[tuple[str, ...], list[Any]]:
    home = tmp_path_factory.mktemp("whole")
    finish(home, *request.param)
    return request.param, history(home, request.param[0])


def test_kills_change_neither_metrics_nor_champions_and_leave_no_segment(tmp_path, unbroken):
    arguments, expected = unbroken
    trainer, chance, steps = arguments[0], random.Random(20), 0
    seen: set[Path] = set()
    for session in range(KILLS):
        more = arguments if session == 0 else (trainer, "--resume")
        with training(tmp_path, *more) as process:
            wait_for_steps(tmp_path, trainer, steps + chance.randrange(8), process)
            seen |= killed(process)
            steps = len(folder(tmp_path, trainer).metrics())
    assert len(seen) >= {NEAT: 1, BACKPROP: 0, PROCESSES: 6}[arguments], "no segment was held when the kill came"
    assert len(folder(tmp_path, trainer).metrics()) < len(expected[0]), "the run must be longer than the kills"
    finish(tmp_path, trainer, "--resume")
    assert history(tmp_path, trainer) == expected


@pytest.mark.parametrize("arguments", [NEAT, PROCESSES], ids=["neat", "processes"])
def test_killed_workers_cost_a_second_try(tmp_path, unbroken, arguments):
    if unbroken[0] is not arguments:
        pytest.skip("compared with its own unbroken run")
    trainer, kills = arguments[0], 0
    with training(tmp_path, *arguments) as process:
        for step in (1, 15, 30):
            wait_for_steps(tmp_path, trainer, step, process)
            for worker in workers(process)[:1]:
                worker.kill()
                kills += 1
        _, said = process.communicate(timeout=10 * DEADLINE_S)
    assert process.returncode == 0, said
    assert kills == 3
    assert "Traceback" not in said
    assert history(tmp_path, trainer) == unbroken[1]
