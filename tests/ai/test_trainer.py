"""The contract's own parts: registry, configuration, metrics, playing, random states."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ai.errors import TrainingCancelled, TrainingError
from ai.evaluation import CandidateSides, pair_rows
from ai.trainer import MetricSpec, StepReport, TrainContext, rng_state, set_rng_state, trainers
from ai.trainer import trainer as trainer_named
from game.executors.base import FaultReport, PlayedChunk, RunControl, RunState
from game.executors.serial import SerialExecutor
from game.games.rally import GAME
from game.policies.scripted import ScriptedPolicy
from game.spec import Seat, Termination
from tests.ai.fakes import FakeClock, WalkConfig, find_opponent, trainer
from tests.doubles import broken_network

ROOT = Path(__file__).resolve().parents[2]
BOTS = [ScriptedPolicy.of(GAME, name) for name in ("tracker", "random")]


def context(control: RunControl, said: list[str]) -> TrainContext:
    return TrainContext(GAME, 1, SerialExecutor(), find_opponent, control, FakeClock(), said.append)


def test_trainers_are_found_by_name():
    assert trainer_named("es") in trainers()
    with pytest.raises(TrainingError, match=r"no trainer 'ess': did you mean 'es'\?"):
        trainer_named("ess")


def test_to_list_trainers_loads_nothing_that_only_training_needs():
    code = (
        "import sys; from ai.trainer import trainers; assert trainers(); "
        "sys.exit(repr([n for n in sys.modules if n.split('.')[0] in ('torch', 'neat', 'pygame', 'PySide6', 'scipy')]) "
        "if {'torch', 'neat', 'pygame', 'PySide6'} & set(sys.modules) else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("values", "preset", "says"),
    [
        ({"steps": 0}, None, "steps is 0; it must be at least 1"),
        ({"stps": 1}, None, "no setting 'stps'; did you mean 'steps'"),
        ({"steps": "many"}, None, "steps is 'many'; it must be a whole number"),
        ({"checkpoint_s": float("nan")}, None, "checkpoint_s is nan; it must be"),
        ({}, "fast", "trainer 'walk' has no preset 'fast'"),
    ],
)
def test_impossible_configurations_are_refused(values, preset, says):
    with pytest.raises(TrainingError, match=says):
        trainer().configure(values, preset)


@pytest.mark.parametrize("value", [float("nan"), np.float32(1.0), object(), {"a": {1, 2}}])
def test_details_that_json_cannot_hold_are_refused(value):
    with pytest.raises(TrainingError, match="step 3 gave details that JSON cannot hold"):
        StepReport(3, 9, {}, details={"table": value})


def test_lists_may_be_given_as_texts():
    assert trainer().configure({"opponents": "a, b,,c"}) == WalkConfig(opponents=("a", "b", "c"))


def test_metrics_are_known_by_name_and_by_family():
    chosen = replace(
        trainer(), metrics=(MetricSpec("size", "S", "G", "E"), MetricSpec("of", "O", "G", "E", is_family=True))
    )
    assert chosen.metric("size") is chosen.metrics[0]
    assert chosen.metric("of/a/b") is chosen.metrics[1]
    assert chosen.metric("of") is chosen.metrics[1]
    assert chosen.metric("size/a") is chosen.metric("other") is None


def test_a_random_state_survives_json():
    rng = np.random.default_rng(3)
    rng.standard_normal(5)
    kept = json.loads(json.dumps(rng_state(rng)))
    expected = rng.standard_normal(9)
    other = np.random.default_rng(0)
    set_rng_state(other, kept)
    assert other.standard_normal(9).tolist() == expected.tolist()
    for wrong in (None, {}, "PCG64", {"bit_generator": "MT19937"}):
        with pytest.raises(TrainingError, match="random state cannot be used"):
            set_rng_state(other, wrong)


def test_pairs_swap_seats_and_every_candidate_meets_the_same_seeds():
    rows = pair_rows(2, 3, np.array([5, 8], np.int64), points=3)
    assert len(rows) == 2 * 3 * 2 * 2
    first = rows[:4]
    assert first[["left", "right", "seed"]].tolist() == [(0, 2, 5), (2, 0, 5), (0, 2, 8), (2, 0, 8)]
    assert rows["seed"].reshape(6, 4).tolist() == [[5, 5, 8, 8]] * 6
    assert set(rows["match_id"]) == set(range(24))


def test_sides_are_those_of_the_candidate_on_both_seats():
    rows = pair_rows(2, 1, np.arange(10, dtype=np.int64), points=3)
    played = context(RunControl(), []).play([*BOTS, BOTS[1]], rows)
    sides = CandidateSides.of(played, 2, 1)
    assert sides.score.shape == (2, 1, 10, 2)
    assert sides.score[0].mean() > 0.8 > sides.score[1].mean()
    assert sides.score[0, 0, :, 1].mean() > 0.8  # on the right
    own, other = played["points"][1][1], played["points"][1][0]
    assert sides.points_share[0, 0, 0, 1] == own / (own + other)
    assert sides.fitness(0.0) == pytest.approx(sides.points_share.mean(axis=(1, 2, 3)))
    assert (sides.fitness(1.0) > sides.fitness(0.0)).all()


def test_a_cancelled_run_plays_no_further():
    control = RunControl()
    control.set(RunState.CANCELLED)
    with pytest.raises(TrainingCancelled):
        context(control, []).play(BOTS, pair_rows(1, 1, np.arange(9, dtype=np.int64), points=1))


@pytest.mark.parametrize("state", [RunState.PAUSED, RunState.STOPPING])
def test_a_step_is_never_cut_in_two(state):
    control = RunControl()
    control.set(state)
    assert len(context(control, []).play(BOTS, pair_rows(1, 1, np.arange(9, dtype=np.int64), points=1))) == 18


class Mortal(SerialExecutor):
    """Loses every third match of its first ``deaths`` runs with its worker."""

    def __init__(self, deaths: int) -> None:
        super().__init__()
        self.deaths = deaths

    def play(self, game, policies, rows, control=None):
        is_mortal, self.deaths = self.deaths > 0, self.deaths - 1
        for chunk in super().play(game, policies, rows, control):
            if is_mortal:
                chunk.results["termination"][::3] = Termination.WORKER_DIED
                chunk.results["points"][::3] = 0
            faults = (FaultReport(0, Seat.LEFT, Termination.WORKER_DIED, "died"),) if is_mortal else ()
            yield PlayedChunk(chunk.results, faults)


def test_matches_that_were_lost_with_a_worker_are_played_once_more():
    rows, said = pair_rows(1, 1, np.arange(9, dtype=np.int64), points=1), []
    expected = context(RunControl(), []).play(BOTS, rows)
    played = replace(context(RunControl(), said), executor=Mortal(1)).play(BOTS, rows)
    assert played.tobytes() == expected.tobytes()
    [sentence] = said
    assert sentence.endswith(" matches were lost with their worker processes: they are played once more")


def test_workers_that_die_again_and_again_end_the_step():
    rows = pair_rows(1, 1, np.arange(9, dtype=np.int64), points=1)
    with pytest.raises(TrainingError, match="worker processes die again and again"):
        replace(context(RunControl(), []), executor=Mortal(2)).play(BOTS, rows)


def test_forfeits_are_told_about():
    said: list[str] = []
    context(RunControl(), said).play(
        [broken_network(), BOTS[0]], pair_rows(1, 1, np.arange(3, dtype=np.int64), points=1)
    )
    assert said == ["6 sides forfeited their match, the first one because it answered NaN"]
