"""The payoff matrix is what the matches say, is measured in one go, and comes back from a checkpoint as it was."""

import json

import numpy as np
import pytest
from numpy.typing import NDArray

from ai.errors import TrainingCancelled, TrainingError
from ai.selfplay.measuring import MAX_CYCLES, MeasuredPayoffs, PayoffMatrix, _turned
from ai.trainer import TrainContext
from game.executors.base import Matches, RunControl, RunState
from game.executors.serial import SerialExecutor
from game.games.rally import GAME
from game.policies.bank import Policy
from game.policies.dense import DensePolicy
from game.spec import MatchSpec
from league.gate import GateConfig, gate_pairs, judge, play_through
from tests.ai.fakes import FakeClock, find_opponent
from tests.game.networks import bot, follower
from tests.game.networks import dense as random_network

PAIRS = 6


class CountingExecutor(SerialExecutor):
    """Keeps the matches it was given; with ``cancels``, cancels the run with that call."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[NDArray[np.void]] = []
        self.cancels = 0

    def play(self, game, policies, rows, control=None):
        kept = list(rows)
        self.rows += kept
        self.cancels -= 1
        if self.cancels == 0:
            control._run.set(RunState.CANCELLED)
        return super().play(game, policies, kept, control)


def context_of(seed: int = 3) -> TrainContext:
    return TrainContext(GAME, seed, CountingExecutor(), find_opponent, RunControl(), FakeClock(), lambda line: None)


def payoffs_of(*names: str, seed: int = 3, pairs: int = PAIRS) -> tuple[MeasuredPayoffs, CountingExecutor]:
    """Return what was measured of bots who came one after the other, and the executor that played."""
    context = context_of(seed)
    payoffs = MeasuredPayoffs(context, pairs)
    for name in names:
        payoffs.join_all({name: bot(name)})
    assert isinstance(context.executor, CountingExecutor)
    return payoffs, context.executor


def broken() -> DensePolicy:
    """Return a network that answers NaN."""
    network = follower(np.random.default_rng(1))
    with np.errstate(all="ignore"):
        return DensePolicy(tuple(weights * np.float32(3e38) for weights in network.weights), network.biases)


def cells(**pairs: int) -> NDArray[np.int64]:
    """Return int64[3, 3] with numbers of pairs by outcomes on the left and on the right, as ``WL=3``."""
    counts = np.zeros((3, 3), np.int64)
    for outcomes, count in pairs.items():
        counts["LDW".index(outcomes[0]), "LDW".index(outcomes[1])] = count
    return counts


def matrix_of(names: str, **results: NDArray[np.int64]) -> PayoffMatrix:
    """Return a matrix from the results of pairings, as ``ab=cells(WW=9)``."""
    counts = np.zeros((len(names), len(names), 3, 3), np.int64)
    for pairing, played in results.items():
        one, other = (names.index(name) for name in pairing)
        counts[one, other] = played
        for (left, right), count in np.ndenumerate(played):
            counts[other, one, 2 - right, 2 - left] = count
    return PayoffMatrix(tuple(names), counts)


def by_hand(policies: list[Policy], seeds: list[int], points: int) -> NDArray[np.int64]:
    """Return the counts of a matrix, match by match."""
    n = len(policies)
    counts = np.zeros((n, n, 3, 3), np.int64)
    executor = SerialExecutor()
    for one in range(n):
        for other in range(n):
            if one != other:
                specs = [MatchSpec(i, one, other, seed, points) for i, seed in enumerate(seeds)]
                specs += [MatchSpec(i + len(seeds), other, one, seed, points) for i, seed in enumerate(seeds)]
                outcome = executor.run(Matches.of(GAME, policies, specs))["outcome"].astype(int)
                for left, right in zip(outcome[: len(seeds)], -outcome[len(seeds) :], strict=True):
                    counts[one, other, left + 1, right + 1] += 1
    return counts


def test_the_matrix_is_what_the_matches_say():
    names = ("random", "tracker", "predictor", "aimer")
    payoffs, executor = payoffs_of(*names)
    seeds = list(dict.fromkeys(executor.rows[0]["seed"].tolist()))
    assert len(seeds) == PAIRS
    expected = by_hand([bot(name) for name in names], seeds, GAME.default_points)
    matrix = payoffs.matrix
    assert (matrix.names, matrix.counts.tolist()) == (names, expected.tolist())
    assert np.count_nonzero(matrix.counts.sum(axis=(0, 1))) > 2
    score = matrix.score
    assert np.isnan(np.diag(score)).all()
    off = ~np.eye(4, dtype=bool)
    assert (score + score.T)[off] == pytest.approx(1.0)
    assert score[3, 1] > 0.7
    assert (matrix.pairs[off] == PAIRS).all()


def test_a_player_who_joins_meets_everybody_once_in_one_go():
    payoffs, executor = payoffs_of("random", "tracker", "predictor")
    assert [len(rows) for rows in executor.rows] == [2 * PAIRS, 4 * PAIRS]
    payoffs.join_all({"aimer": bot("aimer")})
    assert [len(rows) for rows in executor.rows] == [2 * PAIRS, 4 * PAIRS, 6 * PAIRS]
    rows = executor.rows[-1]
    assert {frozenset(pair) for pair in rows[["left", "right"]].tolist()} == {frozenset({3, i}) for i in range(3)}
    assert (payoffs.matrix.pairs[3, :3] == PAIRS).all()


def test_everybody_plays_on_the_same_seeds_in_every_run():
    _, one = payoffs_of("random", "tracker", "predictor", seed=1)
    _, other = payoffs_of("still", "aimer", seed=2)
    of_pairing = one.rows[1]["seed"].reshape(2, -1)
    assert (
        of_pairing[0].tolist()
        == of_pairing[1].tolist()
        == one.rows[0]["seed"].tolist()
        == other.rows[0]["seed"].tolist()
    )
    assert len(set(of_pairing[0].tolist())) == PAIRS
    assert set(one.rows[0]["points"].tolist()) == {GAME.default_points}


def test_several_who_join_together_give_the_matrix_of_one_after_the_other():
    names = ("random", "tracker", "predictor", "aimer")
    expected, _ = payoffs_of(*names)
    payoffs, executor = payoffs_of("random")
    payoffs.join_all({name: bot(name) for name in names[1:]})
    assert [len(rows) for rows in executor.rows] == [2 * 6 * PAIRS]
    assert payoffs.names == expected.names
    assert payoffs.matrix.counts.tolist() == expected.matrix.counts.tolist()
    payoffs.join_all({})
    assert len(executor.rows) == 1


def test_who_joins_again_is_played_anew_in_its_place():
    payoffs, executor = payoffs_of("predictor", "random", "aimer")
    before = payoffs.matrix
    payoffs.join_all({"random": bot("tracker")})
    assert [len(rows) for rows in executor.rows[2:]] == [4 * PAIRS]
    assert payoffs.names == ("predictor", "random", "aimer")
    expected, _ = payoffs_of("predictor", "tracker", "aimer")
    assert payoffs.matrix.counts.tolist() == expected.matrix.counts.tolist()
    assert before.counts.tolist() == payoffs_of("predictor", "random", "aimer")[0].matrix.counts.tolist()


def test_results_are_turned_to_the_view_of_the_other():
    counts = np.arange(9).reshape(3, 3)
    assert _turned(counts[None])[0].tolist() == matrix_of("ab", ab=counts).counts[1, 0].tolist()


def test_who_leaves_is_forgotten_and_nobody_plays_for_it():
    payoffs, executor = payoffs_of("random", "tracker", "predictor")
    payoffs.leave("random")
    expected, _ = payoffs_of("tracker", "predictor")
    assert payoffs.names == ("tracker", "predictor")
    assert payoffs.matrix.counts.tolist() == expected.matrix.counts.tolist()
    assert len(executor.rows) == 2
    payoffs.join_all({"aimer": bot("aimer")})
    expected.join_all({"aimer": bot("aimer")})
    assert payoffs.detail() == expected.detail()
    with pytest.raises(KeyError):
        payoffs.leave("random")


def test_the_same_player_twice_is_even_and_who_forfeits_loses():
    payoffs, _ = payoffs_of("predictor")
    payoffs.join_all({"again": bot("predictor"), "broken": broken()})
    assert payoffs.matrix.score[1, 0] == 0.5
    assert payoffs.matrix.score[2, :2].tolist() == [0.0, 0.0]
    assert payoffs.matrix.nash.p == pytest.approx([0.5, 0.5, 0.0], abs=1e-6)
    assert payoffs.matrix.nash.skill == pytest.approx([0.0, 0.0, -0.5], abs=1e-6)


def test_a_run_that_is_cancelled_meanwhile_leaves_everything_as_it_was():
    payoffs, executor = payoffs_of("random", "tracker")
    before = payoffs.state()
    executor.cancels = 1
    with pytest.raises(TrainingCancelled):
        payoffs.join_all({"aimer": bot("aimer"), "tracker": bot("predictor")})
    arrays, numbers = payoffs.state()
    assert (arrays["payoffs/counts"].tolist(), numbers) == (before[0]["payoffs/counts"].tolist(), before[1])
    assert payoffs.names == ("random", "tracker")


def test_what_was_kept_comes_back_and_goes_on_as_if_never_stopped():
    payoffs, _ = payoffs_of("random", "tracker", "predictor")
    payoffs.leave("tracker")
    arrays, numbers = payoffs.state()
    numbers = json.loads(json.dumps(numbers))
    restored, executor = payoffs_of("aimer")
    restored.restore(arrays, numbers, {name: bot(name) for name in ("predictor", "random", "still")})
    assert executor.rows == []
    assert restored.detail() == payoffs.detail()
    for each in (payoffs, restored):
        each.join_all({"aimer": bot("aimer")})
        each.join_all({"random": bot("tracker")})
    assert restored.detail() == payoffs.detail()
    assert restored.state()[0]["payoffs/counts"].tobytes() == payoffs.state()[0]["payoffs/counts"].tobytes()


def test_an_empty_matrix_comes_back_too():
    payoffs, _ = payoffs_of()
    arrays, numbers = payoffs.state()
    restored, _ = payoffs_of("aimer")
    restored.restore(arrays, numbers, {})
    assert (restored.names, restored.detail()) == ((), payoffs.detail())
    assert restored.metrics() == {}
    assert restored.detail() == {"players": [], "score": [], "pairs": PAIRS, "nash": [], "skill": [], "cycles": []}


def test_what_was_kept_is_not_changed_afterwards():
    payoffs, _ = payoffs_of("random", "tracker")
    arrays, _ = payoffs.state()
    arrays["payoffs/counts"][...] = 0  # type: ignore[call-overload]  # of any type, says its owner
    assert payoffs.matrix.pairs.sum() == 2 * PAIRS


def test_a_checkpoint_that_does_not_fit_is_refused():
    payoffs, _ = payoffs_of("random", "tracker")
    arrays, numbers = payoffs.state()
    players = {name: bot(name) for name in ("random", "tracker")}
    for wrong in ({}, {"payoffs/counts": arrays["payoffs/counts"][:1]}):
        with pytest.raises(TrainingError, match="does not fit together"):
            payoffs.restore(wrong, numbers, players)
    with pytest.raises(TrainingError, match="does not fit together"):
        payoffs.restore(arrays, {"names": 3}, players)
    with pytest.raises(TrainingError, match="payoffs of 'tracker', but not the player"):
        payoffs.restore(arrays, numbers, {"random": players["random"]})
    with pytest.raises(TrainingError, match="over 6 pairs, not 7"):
        payoffs_of(pairs=7)[0].restore(arrays, numbers, players)
    assert payoffs.names == ("random", "tracker")


ROCK_PAPER_SCISSORS = matrix_of(
    "rpsx",
    pr=cells(WW=10),
    sp=cells(WW=9, WL=1),
    rs=cells(WW=9, DW=1),
    rx=cells(WW=10),
    px=cells(WW=10),
    sx=cells(WW=10),
)


def test_scores_count_a_draw_half_in_both_seats():
    score = ROCK_PAPER_SCISSORS.score
    assert score[0, 2] == pytest.approx(0.975)
    assert score[2, 1] == pytest.approx(0.95)
    assert score[1, 2] == pytest.approx(0.05)
    assert (score[1, 0], score[3, 1]) == (1.0, 0.0)


def test_a_circle_is_found_and_the_mixture_is_made_of_it():
    matrix = ROCK_PAPER_SCISSORS
    [cycle] = matrix.cycles
    assert [matrix.names[player] for player in cycle.players] == ["r", "s", "p"]
    assert matrix.nash_support == 3
    p = matrix.nash.p
    assert p[3] == pytest.approx(0.0, abs=1e-6)
    assert p[:3] / p.sum() == pytest.approx(np.array([0.45, 0.475, 0.5]) / 1.425, abs=1e-4)
    assert matrix.nash.skill[:3] == pytest.approx(0.0, abs=1e-6)
    assert matrix.nash.skill[3] < -0.4


def test_the_best_response_is_who_does_best_against_a_player():
    assert ROCK_PAPER_SCISSORS.best_response("r") == ("p", 1.0)
    assert ROCK_PAPER_SCISSORS.best_response("p") == ("s", pytest.approx(0.95))
    assert ROCK_PAPER_SCISSORS.best_response("s") == ("r", pytest.approx(0.975))
    assert matrix_of("ab").best_response("a") is None


def test_detail_and_metrics_say_so():
    payoffs, _ = payoffs_of(pairs=10)
    players = {name: bot("still") for name in "rpsx"}
    payoffs.restore({"payoffs/counts": ROCK_PAPER_SCISSORS.counts}, {"names": [*"rpsx"], "pairs": 10}, players)
    detail = payoffs.detail()
    assert isinstance(detail, dict)
    assert json.loads(json.dumps(detail, allow_nan=False)) == detail
    assert detail["players"] == ["r", "p", "s", "x"]
    assert detail["score"][0] == [None, 0.0, 0.975, 1.0]
    assert detail["pairs"] == 10
    assert detail["cycles"] == [["r", "s", "p"]]
    assert sum(detail["nash"]) == pytest.approx(1.0, abs=1e-3)
    assert detail["skill"][3] < -0.4
    assert payoffs.metrics() == {"nash_support": 3.0, "cycles": 1.0}


def test_nobody_has_met_a_player_who_is_alone():
    payoffs, _ = payoffs_of("tracker")
    assert payoffs.metrics() == {"nash_support": 1.0, "cycles": 0.0}
    detail = payoffs.detail()
    assert isinstance(detail, dict)
    assert (detail["score"], detail["nash"], detail["cycles"]) == ([[None]], [1.0], [])


def test_the_surest_circles_alone_are_told():
    """Nine players, each of whom beats the next four: 30 circles."""
    names = "abcdefghi"
    won = {names[i] + names[(i + step) % 9]: cells(WW=10) for i in range(9) for step in range(1, 5)}
    matrix = matrix_of(names, **won)
    payoffs, _ = payoffs_of(pairs=10)
    payoffs.restore(
        {"payoffs/counts": matrix.counts}, {"names": [*names], "pairs": 10}, {name: bot("still") for name in names}
    )
    detail = payoffs.detail()
    assert isinstance(detail, dict)
    assert (len(matrix.cycles), len(detail["cycles"])) == (30, MAX_CYCLES)


def test_the_gate_plays_through_a_run_as_through_an_executor():
    config = GateConfig(batch_pairs=10, max_pairs=40)
    one, other = follower(np.random.default_rng(2)), random_network(np.random.default_rng(3))
    found = [
        judge(gate_pairs(play, one, other, seed=4, points=1), config)
        for play in (context_of().play, play_through(SerialExecutor(), GAME))
    ]
    assert found[0] == found[1]
    assert found[0].is_better


def test_a_gate_that_is_cancelled_with_its_run_ends_with_it():
    context = context_of()
    assert isinstance(context.executor, CountingExecutor)
    context.executor.cancels = 2
    told = []
    pairs = gate_pairs(context.play, bot("predictor"), bot("predictor"), seed=4, points=1)
    with pytest.raises(TrainingCancelled):
        judge(pairs, GateConfig(batch_pairs=10), on_progress=told.append)
    assert [each.pairs for each in told] == [10]
