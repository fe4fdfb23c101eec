"""Runs of NEAT on a disk that fills up: they fail in one sentence, and go on as if nothing had been."""

import errno
from pathlib import Path

import pytest

from ai.neat import TRAINER as NEAT
from ai.neat_backprop import TRAINER as BACKPROP
from ai.run_folder import RunFolder
from ai.runs import Plan, Run
from ai.trainer import Trainer
from ai.training import Training
from game.games.rally import GAME
from league.errors import DiskFullError
from tests.ai.fakes import Stage, history, open_stage
from tests.ai.neat.evolution import SMALL

VALUES = {
    "neat": {**SMALL.model_dump(), "hindsight_steps": 2, "hindsight_rows": 64, "hindsight_pairs": 1},
    "neat-backprop": {
        "population": 12, "generations": 9, "num_hidden": 2, "steps": 5, "elite_steps": 4, "rows": 64, "match_pairs": 5,
        "opponents": ("random",), "teacher": "tracker", "eval_workers": 1,
    },
}  # fmt: skip


@pytest.fixture
def stage(tmp_path: Path):
    with open_stage(tmp_path) as found:
        yield found


def trained(stage: Stage, trainer: Trainer, run: Run) -> None:
    config = trainer.configure(run.manifest.config)
    training = Training(trainer, config, stage.context())
    try:
        training.run(run, stage.runs, lambda event: None)
    finally:
        training.close()


def created(stage: Stage, trainer: Trainer) -> Run:
    values = {**VALUES[trainer.name], "checkpoint_steps": 2}
    return stage.runs.create(Plan(trainer, trainer.configure(values), GAME, 7))


@pytest.mark.parametrize("trainer", [NEAT, BACKPROP], ids=lambda trainer: trainer.name)
@pytest.mark.parametrize("what", ["checkpoints", "champions", "details.json"])
def test_a_full_disk_stops_the_run_and_costs_nothing(stage, trainer, what):
    whole, broken = created(stage, trainer), created(stage, trainer)
    trained(stage, trainer, whole)
    room = [2]

    def fills_up(path: Path, content: bytes) -> None:
        if what in path.parts[-2:]:
            room[0] -= 1
            if room[0] < 0:
                raise OSError(errno.ENOSPC, "No space left on device")
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)

    with pytest.raises(DiskFullError, match="its disk is full: make room and resume the run"):
        trained(stage, trainer, Run(broken.manifest, RunFolder(broken.folder.path, fills_up)))
    assert stage.runs.row(broken.id).state == "failed"
    assert 0 < len(broken.folder.metrics()) < 9
    trained(stage, trainer, broken)
    assert history(broken) == history(whole)
