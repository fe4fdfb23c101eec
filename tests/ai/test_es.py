"""The evolution strategy learns, adapts its step, and refuses what it cannot use."""

import math
from dataclasses import replace

import numpy as np
import pytest

from ai.errors import TrainingError
from ai.es import TRAINER, EsConfig
from ai.es.learner import EsLearner, _SuccessRule
from ai.evaluation import CandidateSides, pair_rows
from ai.trainer import LearnerState, Opponent, TrainContext
from game.batch import play_batch
from game.executors.base import RunControl
from game.executors.serial import SerialExecutor
from game.games.rally import GAME
from game.policies.bank import build_bank
from game.policies.dense import DensePolicy
from game.policies.scripted import ScriptedPolicy
from tests.ai.fakes import FakeClock, find_opponent

SMALL = EsConfig(
    opponents=("random",), generations=9, children=6, hidden=(4,), pairs=1, finalists=2, final_pairs=2, points=1,
    evaluate_every=3, evaluation_pairs=2,
)  # fmt: skip


def learner(config: EsConfig = SMALL, seed: int = 1) -> EsLearner:
    lines: list[str] = []
    context = TrainContext(GAME, seed, SerialExecutor(), find_opponent, RunControl(), FakeClock(), lines.append)
    return EsLearner(config, context)


def score_against(policy, name: str, pairs: int) -> float:
    """Return the score over pairs on seeds that no training has seen."""
    rows = pair_rows(1, 1, np.arange(10**9, 10**9 + pairs, dtype=np.int64), points=5)
    results = play_batch(GAME, build_bank([policy, ScriptedPolicy.of(GAME, name)]), rows)
    return float(CandidateSides.of(results, 1, 1).score.mean())


@pytest.mark.slow
def test_a_small_budget_beats_random_and_tracker():
    trained = learner(EsConfig(generations=60), seed=1)
    champion = None
    for _ in range(60):
        champion = trained.step().champion or champion
    assert champion is not None
    assert score_against(champion.policy, "random", 100) >= 0.95
    assert score_against(champion.policy, "tracker", 100) >= 0.8


def test_reports_count_the_matches_and_their_ticks():
    report = learner().step()
    matches = 2 * (7 * 1 + 3 * 2)
    assert report.work["matches"] == matches
    assert report.work["ticks"] > matches * 40
    assert (report.step, report.expected, report.champion) == (1, 9, None)
    assert report.values["step_size"] == SMALL.step_size


def test_the_parent_is_evaluated_now_and_then_and_at_the_end():
    trained = learner(SMALL.model_copy(update={"generations": 4}))
    scores = ["score_against/random" in trained.step().values for _ in range(4)]
    assert scores == [False, False, True, True]


def test_a_champion_is_kept_only_when_it_scores_better_than_before():
    trained = learner(SMALL.model_copy(update={"evaluate_every": 1}))
    best, kept = -1.0, []
    for _ in range(9):
        report = trained.step()
        kept.append(report.champion is not None)
        assert kept[-1] == (report.values["score"] > best)
        best = max(best, report.values["score"])
    assert kept[0]
    assert not all(kept)


def test_the_parent_stays_unless_a_finalist_beats_it_on_new_seeds(monkeypatch):
    trained = learner()
    seen = []

    def fitness(candidates, seeds):
        seen.append(seeds.tolist())
        return np.arange(len(candidates), dtype=float) * (1.0 if len(seen) % 2 else -1.0)

    monkeypatch.setattr(trained, "_fitness", fitness)
    before = trained.state().arrays["parent"]
    trained.step()
    assert trained.state().arrays["parent"].tolist() == before.tolist()
    trained.step()
    assert len({seed for seeds in seen for seed in seeds}) == 2 * (SMALL.pairs + SMALL.final_pairs)


def test_mutations_are_mirrored_and_of_unit_variance():
    trained = learner(SMALL.model_copy(update={"children": 41}))
    mutations = trained._mutations()
    assert mutations.shape[0] == 41
    assert mutations[21:].tolist() == (-mutations[:20]).tolist()
    assert np.std(mutations) == pytest.approx(1.0, abs=0.05)


def test_the_step_grows_with_success_shrinks_without_and_is_bounded():
    rule = _SuccessRule(size=100, children=16)
    assert rule.target == pytest.approx(1 / 7)  # 1 / (5 + sqrt(16) / 2), table 1 of Igel et al. 2007
    assert rule.factor(rule.target) == 1.0
    assert rule.factor(1.0) == pytest.approx(math.exp(1 / (1 + 100 / 32)))  # damping 1 + n / (2 lambda)
    assert rule.factor(0.0) < 1.0
    rate = (16 / 7) / (2 + 16 / 7)  # c_p = p lambda / (2 + p lambda)
    assert rule.smoothed(0.2, 1.0) == pytest.approx((1 - rate) * 0.2 + rate)
    bounded = learner(SMALL.model_copy(update={"step_size": 0.5, "max_step_size": 0.5}))
    assert max(bounded.step().values["step_size"] for _ in range(9)) <= 0.5


def test_the_network_has_the_layers_that_were_asked_for():
    trained = learner(SMALL.model_copy(update={"hidden": (5, 3), "evaluate_every": 1}))
    champion = trained.step().champion
    assert champion is not None
    assert isinstance(champion.policy, DensePolicy)
    assert champion.policy.sizes == (GAME.n_observations, 5, 3, GAME.n_actions)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"opponents": ("tracker", "tracker")}, "each opponent can be there once"),
        ({"opponents": ()}, "opponents is .*; it must have at least 1"),
        ({"finalists": 33}, "finalists is 33; with 32 children it can be at most that"),
        ({"step_size": 2.0}, "step_size is 2.0; max_step_size allows at most 1.0"),
        ({"children": 4096, "pairs": 1000}, "at most 1,000,000 are allowed"),
        ({"hidden": "16,x"}, "hidden.1 is 'x'; it must be a whole number"),
        ({"hidden": (16,) * 5}, "hidden is .*; it must have at most 4"),
        ({"points": 22}, "points is 22; it must be at most 21"),
    ],
)
def test_impossible_configurations_are_refused(values, says):
    with pytest.raises(TrainingError, match=says):
        TRAINER.configure(values)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda state: replace(state, arrays={}), r"parent is None: the configuration needs \(51,\)"),
        (lambda state: replace(state, arrays={"parent": np.zeros(3)}), r"parent is \(3,\)"),
        (lambda state: LearnerState(state.arrays, {}), "lacks one of generation, step_size"),
        (lambda state: LearnerState(state.arrays, {**state.numbers, "rng": None}), "random state cannot be used"),
    ],
)
def test_states_that_do_not_fit_are_refused(change, says):
    trained = learner()
    with pytest.raises(TrainingError, match=says):
        trained.restore(change(trained.state()))


def test_opponents_keep_their_names_in_the_metrics():
    lines: list[str] = []

    def find(name: str) -> Opponent:
        return replace(find_opponent("random"), name="The Bot")

    context = TrainContext(GAME, 1, SerialExecutor(), find, RunControl(), FakeClock(), lines.append)
    report = EsLearner(SMALL.model_copy(update={"evaluate_every": 1}), context).step()
    assert "score_against/The Bot" in report.values
