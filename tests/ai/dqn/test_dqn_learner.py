"""A run of value learning: the same bits again and after a stop, honest metrics, and a champion that plays."""

import json
import re

import numpy as np
import pytest

from ai.dqn import TRAINER
from ai.dqn import learner as learner_module
from ai.dqn.collectors.base import Chunk, Taken
from ai.dqn.collectors.in_process import InProcess
from ai.dqn.columns import new_columns
from ai.errors import RunFailedError, TrainingCancelled, TrainingError
from ai.evaluation import CandidateSides, pair_rows
from ai.trainer import RATE_SUFFIX, LearnerState, Opponent
from game.batch import play_batch
from game.executors.base import RunControl, RunState
from game.games.rally import GAME
from game.policies.bank import build_bank
from game.policies.python_bot import PythonPolicy
from game.policies.scripted import ScriptedPolicy
from tests.ai.dqn.learners import config_of, context_of, essence, learner_of, same_arrays, steps_of
from tests.ai.fakes import find_opponent
from tests.doubles import STILL

KINDS = {
    "uniform": {},
    "prioritised": {"replay": "prioritised", "gradient_accumulation": 2, "exploration": "ladder"},
    "past selves": {"past_share": 0.5, "n_step": 1, "dueling": False, "double": False},
    "groups": {"courts": 256, "steps": 60_000, "report_steps": 4096, "evaluate_steps": 10_000, "snapshot_steps": 5_000},
    "pqn": {"algorithm": "pqn", "past_share": 0.3},
    "pqn groups": {"algorithm": "pqn", "courts": 256, "steps": 60_000, "report_steps": 4096, "evaluate_steps": 10_000},
}


@pytest.fixture(params=KINDS.values(), ids=KINDS)
def kind(request):
    return request.param


def score_against(policy, name, pairs=50):
    """Return the score on seeds that no training has seen."""
    rows = pair_rows(1, 1, np.arange(10**9, 10**9 + pairs, dtype=np.int64), points=5)
    results = play_batch(GAME, build_bank([policy, ScriptedPolicy.of(GAME, name)]), rows)
    return float(CandidateSides.of(results, 1, 1).score.mean())


def test_one_seed_is_one_run_bit_for_bit(kind):
    one, same, other = (learner_of(seed, **kind) for seed in (3, 3, 4))
    first = essence(steps_of(one, 4))
    assert essence(steps_of(same, 4)) == first
    assert same_arrays(one.state().arrays, same.state().arrays)
    assert essence(steps_of(other, 4)) != first
    for each in (one, same, other):
        each.close()


@pytest.mark.parametrize("at", [1, 3])
def test_a_run_restored_goes_on_as_if_it_had_never_stopped(kind, at):
    """Also through JSON, as a checkpoint keeps its numbers."""
    whole = learner_of(**kind)
    steps_of(whole, at)
    state = whole.state()
    kept = {name: array.copy() for name, array in state.arrays.items()}
    rest = essence(steps_of(whole, 4))
    resumed = learner_of(**kind)
    resumed.restore(LearnerState(state.arrays, json.loads(json.dumps(state.numbers))))
    again = resumed.state()
    assert same_arrays(again.arrays, kept)
    assert again.numbers == state.numbers
    assert essence(steps_of(resumed, 4)) == rest
    assert same_arrays(resumed.state().arrays, whole.state().arrays)
    assert same_arrays(state.arrays, kept)  # they are the caller's


def test_a_run_that_has_gone_on_goes_back_to_its_state():
    learner = learner_of(past_share=0.5, replay="prioritised")
    steps_of(learner, 2)
    state = learner.state()
    rest = essence(steps_of(learner, 3))
    learner.restore(state)
    assert essence(steps_of(learner, 3)) == rest


def test_a_checkpoint_without_the_buffer_fills_it_anew_before_it_learns():
    changes = {"checkpoint_buffer": False, "learning_starts": 1500}
    learner = learner_of(**changes)
    steps_of(learner, 4)
    state = learner.state()
    assert not [name for name in state.arrays if "observations" in name and "learning" in name]
    resumed = learner_of(**changes)
    resumed.restore(state)
    first, second, third = steps_of(resumed, 3)
    assert first.values["total_steps"] == learner.state().numbers["steps"] + 800
    assert [first.work["updates"], second.work["updates"]] == [0, 0]
    assert "loss" not in first.values
    assert first.values["buffer"] == 800
    assert third.work["updates"] > 0


def test_the_end_is_by_steps_and_what_is_expected_is_true():
    learner = learner_of(steps=4_000)
    reports = []
    while not reports or reports[-1].step != reports[-1].expected:
        reports.append(learner.step())
    assert [each.step for each in reports] == list(range(1, len(reports) + 1))
    assert {each.expected for each in reports} == {len(reports)}
    assert reports[-1].values["total_steps"] == sum(each.work["steps"] for each in reports)
    assert 4_000 <= reports[-1].values["total_steps"] < 4_000 + 20 * 8
    assert "score" in reports[-1].values


def test_the_end_may_be_by_episodes():
    learner = learner_of(episodes=90, steps=10)
    reports = []
    while not reports or reports[-1].expected is None:
        reports.append(learner.step())
    played = [each.work["episodes"] for each in reports]
    assert sum(played) >= 90 > sum(played[:-1])
    assert reports[-1].expected == reports[-1].step == len(reports)
    assert reports[-1].values["epsilon"] == pytest.approx(0.02)


def test_metrics_are_declared_and_say_what_happened():
    for kind in KINDS.values():
        learner = learner_of(**kind)
        config = config_of(**kind)
        coverage, steps = 0.0, 0
        for report in steps_of(learner, 5):
            for name in (*report.values, *(work + RATE_SUFFIX for work in report.work)):
                assert TRAINER.metric(name) is not None, name
            values = report.values
            steps += report.work["steps"]
            assert values["total_steps"] == steps
            assert coverage <= values["coverage"] < 1.0
            coverage = values["coverage"]
            assert 0 <= values["epsilon"] <= 1
            assert 0 <= values["lag"] <= report.work["updates"]
            if config.algorithm == "dqn":
                assert values["buffer"] <= config.buffer_size
            if report.work["updates"]:
                samples = config.batch_size * config.gradient_accumulation
                if config.algorithm == "pqn":
                    samples = config.courts * config.rollout_steps // config.minibatches
                assert values["replay_ratio"] == report.work["updates"] * samples / report.work["steps"]
            for name in config.opponents:
                assert 0 <= values.get(f"training_win_rate/{name}", 0) <= 1
            assert ("episode_s" in values) == (report.work["episodes"] > 0)
            assert 40 / 60 < values.get("episode_s", 1) < 60
        assert coverage > 0.02


def test_evaluations_come_when_they_are_due_and_at_the_end():
    learner = learner_of(steps=8_000, evaluate_steps=2_500)
    reports = steps_of(learner, 10)
    due = [each.values["total_steps"] // 2_500 for each in reports]
    expected = [now > before for now, before in zip(due, [0, *due], strict=False)]
    expected[-1] = True
    assert ["score" in each.values for each in reports] == expected
    for report in reports:
        rates = {name: value for name, value in report.values.items() if name.startswith("win_rate/")}
        assert set(rates) in (set(), {"win_rate/still", "win_rate/tracker"})
        if rates:
            assert report.values["score"] == pytest.approx(np.mean(list(rates.values())))
            assert "elo" in report.values


def test_a_champion_is_better_than_all_before_and_plays_as_well_as_its_fitness_says():
    """Its fitness is the score of the very policy that is kept, played again."""
    learner = learner_of(evaluate_steps=800, steps=60_000, evaluation_pairs=3, hidden=(16,))
    best, champions = -1.0, 0
    for report in steps_of(learner, 12):
        assert (report.champion is not None) == (report.values["score"] > best)
        best = max(best, report.values["score"])
        if report.champion is not None:
            champions += 1
            assert report.champion.fitness == report.values["score"]
            again = learner._ladder.evaluate(report.champion.policy)
            assert np.mean(again.win_rates) == pytest.approx(report.champion.fitness)
    assert 1 <= champions < 12


def test_a_learning_rate_of_one_diverges_and_the_run_stops_with_a_sentence():
    """Float32 cannot hold what such steps make of it, sooner or later: no metric is ever not finite."""
    learner = learner_of(
        learning_rate=1.0, learning_rate_end=1.0, huber_delta=1000.0, max_grad_norm=1e6, gamma=1.0, target_every=1,
        steps_per_update=8, steps=10**9, evaluate_steps=10**9, hidden=(64, 64, 64, 64),
    )  # fmt: skip
    state = learner.state()
    state.arrays["engine/parameters"][::7] = 3e37
    learner.restore(state)
    with pytest.raises(RunFailedError) as caught:
        steps_of(learner, 5)
    assert re.fullmatch(
        r"the loss is (nan|inf) and the gradient's norm (nan|inf|[\d.e+]+) at step [\d,]+: training has diverged; the last "
        r"checkpoint before it is kept; start a new run with a smaller learning_rate or max_grad_norm",
        str(caught.value),
    )


@pytest.mark.parametrize("kind", [{}, {"algorithm": "pqn"}])
@pytest.mark.parametrize("other", [{"hidden": (9,)}, {"hidden": (8, 8)}, {"dueling": False}])
def test_the_checkpoint_of_another_network_is_refused(kind, other):
    learner = learner_of(**kind)
    learner.step()
    with pytest.raises(TrainingError, match=r"^the checkpoint's 'parameters' is float32\[\d+\], this network has"):
        learner_of(**kind, **other).restore(learner.state())


@pytest.mark.parametrize(
    ("kind", "other"),
    [
        ({}, {"courts": 10}),
        ({}, {"buffer_size": 7_000}),
        ({}, {"algorithm": "pqn"}),
        ({"algorithm": "pqn"}, {"courts": 10}),
        ({"algorithm": "pqn"}, {"rollout_steps": 4}),
        ({"algorithm": "pqn"}, {"algorithm": "dqn"}),
        ({"checkpoint_buffer": False}, {"courts": 10}),
        ({"courts": 256, "checkpoint_buffer": False, "buffer_size": 9_000}, {"courts": 384}),
    ],
)
def test_the_checkpoint_of_another_configuration_is_refused_with_a_sentence(kind, other):
    learner = learner_of(**kind)
    learner.step()
    with pytest.raises(TrainingError) as caught:
        learner_of(**{**kind, **other}).restore(learner.state())
    assert "checkpoint" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_state_without_its_numbers_is_refused():
    learner = learner_of()
    learner.step()
    state = learner.state()
    for missing in ("iteration", "steps", "best_score", "owed"):
        numbers = {name: value for name, value in state.numbers.items() if name != missing}
        with pytest.raises(TrainingError, match=missing):
            learner_of().restore(LearnerState(state.arrays, numbers))


def test_a_cancelled_run_ends_within_a_step():
    control = RunControl()
    learner = learner_module.DqnLearner(config_of(), context_of(control=control))
    control.set(RunState.CANCELLED)
    with pytest.raises(TrainingCancelled):
        learner.step()


def test_a_python_bot_is_no_opponent():
    def find(name):
        return Opponent(name, "hash", PythonPolicy(STILL)) if name == "slow" else find_opponent(name)

    with pytest.raises(TrainingError, match=r"^opponent 'slow' is a Python bot"):
        learner_module.DqnLearner(config_of(opponents="tracker,slow"), context_of(find=find))


class Bursts(InProcess):
    """An asynchronous collector in this thread: all rounds that fit its ring come at once, in no order of groups."""

    def __init__(self, make_actor, shape):
        super().__init__(make_actor, shape)
        self.released = 0
        self._shape = shape
        self._plan = None

    def publish(self, plan, row):
        self._plan = plan

    def take(self, wait_s=0.0):
        return [self._chunk(group) for _ in range(3) for group in reversed(range(self._shape.groups))]

    def _chunk(self, group):
        shape = self._shape
        ring = new_columns((shape.groups, shape.rollout_steps + 1, shape.courts), shape.n_observations)
        stats = self._actors[group].collect(self._plan, ring, 0)
        parts = [part[group, : shape.rollout_steps] for part in ring[1:]]
        return Taken(group, stats, Chunk(ring.observations[group], *parts, self._release), 1)

    def _release(self):
        self.released += 1


@pytest.mark.parametrize("algorithm", ["dqn", "pqn"])
@pytest.mark.parametrize("courts", [20, 256])
def test_an_asynchronous_learner_takes_whatever_has_arrived(monkeypatch, algorithm, courts):
    """Of several rounds at once none is lost, and every chunk is given back."""
    made = []

    def make(config, context, make_actor, shape):
        made.append(Bursts(make_actor, shape))
        return made[-1]

    monkeypatch.setattr(learner_module, "make_collector", make)
    learner = learner_of(mode="ultra", algorithm=algorithm, courts=courts, steps=40_000, report_steps=9_000)
    reports = steps_of(learner, 3)
    rounds = sum(each.work["steps"] for each in reports) // (8 * min(courts, 128))
    assert made[0].released == rounds
    if algorithm == "pqn":
        assert sum(each.work["updates"] for each in reports) == rounds // (courts // min(courts, 128)) * 2 * 4
    assert all(np.isfinite(each.values["loss"]) for each in reports)


@pytest.mark.slow
@pytest.mark.parametrize("algorithm", ["dqn", "pqn"])
def test_a_small_budget_beats_the_random_bot_and_the_tracker(algorithm):
    """By wide margins: a win rate of 0.9 against the tracker is usual after half of these steps."""
    learner = learner_of(
        1, algorithm=algorithm, steps=2_000_000, courts=256, hidden=(64, 64), frame_skip=4, buffer_size=262_144,
        batch_size=512, learning_starts=20_000, steps_per_update=256, target_every=250, rollout_steps=16, minibatches=8,
        report_steps=131_072, evaluate_steps=262_144, evaluation_pairs=20, opponents="tracker", ladder="random,tracker",
    )  # fmt: skip
    champion, report = None, None
    while report is None or report.step != report.expected:
        report = learner.step()
        champion = report.champion or champion
        if champion is not None and champion.fitness > 0.95:
            break
    assert champion is not None
    assert score_against(champion.policy, "random") >= 0.85
    assert score_against(champion.policy, "tracker") >= 0.75
