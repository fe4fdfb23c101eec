"""Judging by matches: who meets whom, on which seeds, and what the results are worth."""

import numpy as np
import pytest

from ai.neat import WEIGHTS
from ai.neat.fitness import Weights
from ai.neat.judging import Judge, _partners
from ai.neat.rivals import Rivals
from game.batch import MATCH_DTYPE, play_batch
from game.executors.serial import SerialExecutor
from game.games.rally import GAME
from game.policies.bank import build_bank
from game.policies.scripted import ScriptedPolicy
from game.seeding import pair_seeds
from tests.ai.neat.evolution import SMALL, context_of

BOTS = [ScriptedPolicy.of(GAME, name) for name in ("predictor", "tracker", "random", "still")]
RESULT = Weights(1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


class Recording(SerialExecutor):
    """Remembers the matches that it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[np.ndarray] = []

    def play(self, game, policies, rows, control=None):
        rows = list(rows)
        self.rows += rows
        return super().play(game, policies, rows, control)


def judge_of(weights=RESULT, **values) -> tuple[Judge, Recording]:
    executor = Recording()
    config = SMALL.model_copy(update={"opponents": ("random", "still"), **values})
    return Judge(config, context_of(7, executor), weights), executor


def rivals_of(*policies) -> Rivals:
    return Rivals(policies, np.full(len(policies), -1))


def test_everybody_meets_every_rival_on_the_same_new_seeds_from_both_sides():
    judge, executor = judge_of(points=2)
    judged = judge.against(BOTS[:2], rivals_of(*BOTS[2:]), pairs=3)
    rows = executor.rows[0]
    assert len(rows) == 2 * 2 * 2 * 3
    assert set(rows["points"].tolist()) == {2}
    seen = {(row["left"], row["right"], row["seed"]) for row in rows}
    seeds = pair_seeds(7, 0, 3).tolist()
    wanted = {(one, other, seed) for one in (0, 1) for other in (2, 3) for seed in seeds}
    assert seen == wanted | {(other, one, seed) for one, other, seed in wanted}
    assert judged.games == 2 * 2 * 3
    assert judge.work == {"matches": 24, "ticks": judge.work["ticks"], "evaluations": 2}
    judge.against(BOTS[:2], rivals_of(BOTS[2]), pairs=2)
    assert set(executor.rows[1]["seed"].tolist()) == set(pair_seeds(7, 3, 2).tolist())


def test_the_evidence_is_what_the_matches_were_worth():
    judge, executor = judge_of()
    judged = judge.against(BOTS[:2], rivals_of(*BOTS[2:]), pairs=3)
    results = play_batch(GAME, build_bank(BOTS), executor.rows[0])
    for place in (0, 1):
        left, right = (results["outcome"][results[side] == place].astype(float) for side in ("left", "right"))
        score = np.concatenate([0.5 + 0.5 * left, 0.5 - 0.5 * right])
        assert judged.evidence.matches[place] == len(score) == 12
        assert judged.evidence.total[place] == score.sum()
        assert judged.evidence.squares[place] == (score**2).sum()
    for number, rival in enumerate((2, 3)):
        of_rival = (results["left"] == rival) | (results["right"] == rival)
        rival_score = np.where(results["left"] == rival, 0.5 + 0.5 * results["outcome"], 0.5 - 0.5 * results["outcome"])
        assert judged.rival_scores[number] == pytest.approx(1.0 - rival_score[of_rival].mean())


@pytest.mark.parametrize("count", [2, 3, 8, 15])
def test_everybody_has_a_partner_and_nobody_is_their_own(count):
    rng = np.random.default_rng(1)
    for _ in range(20):
        one, other = _partners(count, rng)
        assert (one != other).all()
        games = np.bincount(np.concatenate([one, other]), minlength=count)
        assert games.sum() == count + count % 2
        assert games.min() == 1
        assert games.max() == 1 + count % 2


def test_in_competition_the_result_is_an_elo_rating_in_match_order():
    judge, executor = judge_of(rivals=5, pairs=2)
    judged = judge.among(BOTS, np.random.default_rng(2))
    rows = executor.rows[0]
    assert len(rows) == 5 * 2 * 2 * 2
    assert len(set(rows["seed"].tolist())) == 2
    results = play_batch(GAME, build_bank(BOTS), rows)
    ratings = np.zeros(4)
    for result in results:  # E = 1 / (1 + 10^((R_b - R_a) / 400)), K = 32
        left, right = int(result["left"]), int(result["right"])
        expected = 1.0 / (1.0 + 10.0 ** ((ratings[right] - ratings[left]) / 400.0))
        change = 32.0 * (0.5 + 0.5 * float(result["outcome"]) - expected)
        ratings[left] += change
        ratings[right] -= change
    worth = 1.0 / (1.0 + 10.0 ** (-ratings / 400.0))
    assert judged.evidence.mean() == pytest.approx(worth)
    assert judged.evidence.mean()[0] > 0.5 > judged.evidence.mean()[3]
    assert judge.work["matches"] == len(rows)


def test_a_measurement_is_always_on_the_same_seeds_and_to_the_points_of_the_game():
    judge, executor = judge_of(evaluation_pairs=4)
    first = judge.measure(BOTS[0], (BOTS[1], BOTS[2]))
    judge.against(BOTS[:2], rivals_of(BOTS[2]), pairs=5)
    second = judge.measure(BOTS[0], (BOTS[1], BOTS[2]))
    assert first.tolist() == second.tolist()
    assert executor.rows[0].tobytes() == executor.rows[2].tobytes()
    assert set(executor.rows[0]["points"].tolist()) == {GAME.default_points}
    assert not set(executor.rows[0]["seed"].tolist()) & set(executor.rows[1]["seed"].tolist())
    assert len(executor.rows[0]) == 2 * 2 * 4
    assert first[1] > 0.8
    assert executor.rows[0].dtype == MATCH_DTYPE


def test_measurements_use_no_seed_of_the_training():
    judge, executor = judge_of()
    judge.measure(BOTS[0], (BOTS[1],))
    measured = set(executor.rows[0]["seed"].tolist())
    assert not measured & set(pair_seeds(7, 0, 100_000).tolist())


def test_terms_are_weighted_as_configured():
    weights = Weights(*(getattr(SMALL, name) for name in WEIGHTS))
    judge, _ = judge_of(weights)
    fitness = judge.against(BOTS, rivals_of(BOTS[1]), pairs=4).evidence.mean()
    assert fitness[0] > fitness[2] > fitness[3]
