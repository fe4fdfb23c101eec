"""The gate's error rates in simulation, its limits, and its matches: pairs whose number decides everything about them."""

import json
import math
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from ai.selfplay import SelfPlayConfig
from app.overnight.config import OvernightConfig
from game.batch import MATCH_DTYPE
from game.executors.base import ExecutorSettings, MatchRows, PlayedChunk, RunControl, RunState
from game.executors.serial import SerialExecutor
from game.games.rally import GAME
from game.policies.bank import Policy
from game.policies.dense import DensePolicy
from game.seeding import pair_seeds
from game.spec import GameSpec, MatchSpec, Termination
from league.gate import (
    GateConfig,
    GateError,
    GateInterrupted,
    PlayPairs,
    Verdict,
    advance,
    gate_pairs,
    judge,
    pair_classes,
    play_through,
)
from league.ratings import sprt
from league.ratings.pentanomial import NELO_SCALE
from league.ratings.sprt import SprtDecision
from tests.game.networks import bot, follower

NOTHING = np.zeros(5, np.int64)


def constant(*pair: int) -> PlayPairs:
    """Return a contest whose every pair ends in the one class of ``pair``."""
    return lambda first, count: np.array(pair, np.int64) * count


def drawn(truth: NDArray[np.float64], rng: np.random.Generator) -> PlayPairs:
    """Return a contest whose pairs come from the distribution ``truth``."""
    return lambda first, count: rng.multinomial(count, truth).astype(np.int64)


def met(one: Policy, other: Policy, points: int = 1, seed: int = 5) -> PlayPairs:
    """Return how two players meet in this process."""
    return gate_pairs(play_through(SerialExecutor(), GAME), one, other, seed=seed, points=points)


SHAPES = {
    "usual": (0.08, 0.2, 0.4, 0.22, 0.1),
    "drawish": (0.01, 0.02, 0.94, 0.02, 0.01),
    "split": (0.48, 0.01, 0.02, 0.01, 0.48),
    "skewed": (0.02, 0.03, 0.15, 0.6, 0.2),
    "skewed and drawish": (0.01, 0.0, 0.97, 0.02, 0.0),
}
"""Of pairs; each is bent until it has exactly the strength that is wanted."""


def of_strength(shape: str, nelo: float) -> NDArray[np.float64]:
    """Return the distribution nearest to a shape at ``nelo``."""
    observed = np.maximum(np.array(SHAPES[shape]), 1e-9)
    truth = sprt._most_likely(GateConfig().sprt(), observed / observed.sum(), nelo)
    return truth / truth.sum()


def shares(
    truth: NDArray[np.float64], config: GateConfig, limit: int, gates: int, rng: np.random.Generator
) -> tuple[float, float]:
    """Return which share of gates lets the candidate in, and which would with at most ``limit`` pairs."""
    verdicts = [judge(drawn(truth, rng), config) for _ in range(gates)]
    early = [verdict.is_better and verdict.pairs <= limit for verdict in verdicts]
    return float(np.mean([verdict.is_better for verdict in verdicts])), float(np.mean(early))


def check_error_rates(shape: str, config: GateConfig, gates: int) -> None:
    rng = np.random.default_rng(11)
    margin = 3 * math.sqrt(0.05 * 0.95 / gates)
    limit = 3 * config.batch_pairs
    taken, taken_early = shares(of_strength(shape, 0.0), config, limit, gates, rng)
    assert taken_early <= taken <= config.alpha + margin
    found, found_early = shares(of_strength(shape, config.elo1), config, limit, gates, rng)
    assert found_early <= found
    assert found >= 1 - config.beta - margin
    assert found_early > taken_early


def test_errors_at_both_boundaries_are_as_rare_as_promised_without_a_limit():
    check_error_rates("usual", GateConfig(max_pairs=100_000), 100)


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
def test_errors_at_both_boundaries_are_as_rare_as_promised_whatever_the_pairs_are_like(shape: str):
    """600 gates a shape: 300 of equal players, 300 of one that is better by elo1."""
    check_error_rates(shape, GateConfig(elo1=60.0, max_pairs=100_000), 300)


def of_a_run() -> GateConfig:
    """Return the gate of a run of self-play, as nobody has set anything."""
    config = SelfPlayConfig()
    return GateConfig(alpha=config.gate_alpha, beta=config.gate_beta, elo1=config.gate_elo, max_pairs=config.gate_pairs)


@pytest.mark.slow
@pytest.mark.parametrize("shape", ["usual", "drawish"])
@pytest.mark.parametrize("config", [OvernightConfig().gate, of_a_run()], ids=["night", "run"])
def test_the_defaults_keep_their_promise_within_their_own_limit(config: GateConfig, shape: str):
    """400 gates: of equal players as few get in as alpha says; of those better by elo1 at least 93 %, beta and limit together."""
    rng = np.random.default_rng(12)
    gates = 200
    margin = 3 * math.sqrt(config.alpha * (1 - config.alpha) / gates)
    taken, _ = shares(of_strength(shape, 0.0), config, config.max_pairs, gates, rng)
    found, _ = shares(of_strength(shape, config.elo1), config, config.max_pairs, gates, rng)
    assert taken <= config.alpha + margin
    assert found >= 0.93


@pytest.mark.parametrize(("risks", "better"), [((0.2, 0.01), True), ((0.01, 0.2), False)])
def test_each_risk_moves_its_own_bound(risks: tuple[float, float], better: bool):
    """The LLR of 2.0 lies beyond log(0.99 / 0.2) = 1.6 and above log(0.2 / 0.99) = -1.6, its mirror image below."""
    config = GateConfig(alpha=risks[0], beta=risks[1])
    counts = np.array([0, 0, 0, 0, 18] if better else [18, 0, 0, 0, 0], np.int64)
    verdict = Verdict.of(counts, config)
    assert 1.6 < abs(verdict.llr) < 4.0
    assert verdict.decision is (SprtDecision.ACCEPT_H1 if better else SprtDecision.ACCEPT_H0)
    assert Verdict.of(counts, GateConfig(alpha=risks[1], beta=risks[0])).decision is SprtDecision.CONTINUE


def test_a_gate_cut_short_decides_as_the_long_one_or_turns_away():
    """On the same pairs: the limit loses candidates, and lets none in whom the whole test turns away."""
    truth = of_strength("usual", 20.0)
    found = []
    for gate in range(60):
        long, short = (
            judge(drawn(truth, np.random.default_rng(gate)), GateConfig(elo1=60.0, max_pairs=most))
            for most in (100_000, 100)
        )
        found.append((long.is_better, short.is_better))
        assert short.pairs <= 100
        assert short.decision in {long.decision, SprtDecision.CONTINUE}
    assert (False, True) not in found
    assert {(True, True), (True, False), (False, False)} == set(found)


def test_a_player_far_worse_gets_in_never_and_one_far_better_always():
    rng = np.random.default_rng(3)
    for shape in ("usual", "drawish", "split"):
        assert shares(of_strength(shape, -150.0), GateConfig(), 2000, 40, rng)[0] == 0.0
        assert shares(of_strength(shape, 150.0), GateConfig(), 2000, 40, rng)[0] == 1.0


@pytest.mark.parametrize("pairs", [1, 50, 2000])
def test_the_ratio_of_a_shut_out_is_that_of_two_points(pairs: int):
    """With all pairs won both hypotheses put the rest on lost pairs: chances 1/2 and (1 + sin(atan t)) / 2, by hand."""
    t = 30.0 / NELO_SCALE * math.sqrt(2.0)
    expected = math.log1p(t / math.sqrt(1.0 + t * t))
    won = Verdict.of(np.array([0, 0, 0, 0, pairs]), GateConfig())
    assert won.llr / pairs == pytest.approx(expected, rel=5e-3)
    assert (won.score, won.is_better) == (1.0, pairs > 25)
    lost = Verdict.of(np.array([pairs, 0, 0, 0, 0]), GateConfig())
    assert lost.llr < -won.llr  # from there better is the farther of the two
    assert (lost.score, lost.decision is SprtDecision.ACCEPT_H0) == (0.0, pairs > 25)


@pytest.mark.parametrize("pairs", [20, 50, 2000])
def test_the_ratio_of_equal_pairs_is_against_the_candidate(pairs: int):
    """With all pairs even, better explains them best by t^2 / (1 + t^2) of won ones, by hand."""
    t = 30.0 / NELO_SCALE * math.sqrt(2.0)
    verdict = Verdict.of(np.array([0, 0, pairs, 0, 0]), GateConfig())
    assert verdict.llr / pairs == pytest.approx(-math.log1p(t * t), rel=0.03)
    assert (verdict.score, verdict.is_better) == (0.5, False)


def test_identical_players_are_turned_away_after_a_while():
    network = follower(np.random.default_rng(1))
    for player in (bot("predictor"), network):
        verdict = judge(met(player, player), GateConfig(elo1=100.0, batch_pairs=10))
        assert (verdict.decision, verdict.pairs, verdict.counts) == (SprtDecision.ACCEPT_H0, 20, (0, 0, 20, 0, 0))


def test_pairs_are_asked_for_in_order_and_no_more_than_allowed():
    asked: list[tuple[int, int]] = []
    told: list[Verdict] = []

    def even(first: int, count: int) -> NDArray[np.int64]:
        asked.append((first, count))
        return np.array([0, count // 2, 0, count - count // 2, 0])

    verdict = judge(even, GateConfig(elo1=5.0, batch_pairs=30, max_pairs=100), on_progress=told.append)
    assert asked == [(0, 30), (30, 30), (60, 30), (90, 10)]
    assert [each.pairs for each in told] == [30, 60, 90, 100]
    assert told[-1] == verdict
    assert (verdict.is_better, verdict.decision, verdict.score) == (False, SprtDecision.CONTINUE, 0.5)
    assert verdict.counts == (0, 50, 0, 50, 0)
    assert verdict.sentence == "could not be told to be better: 50.0% of the points in 100 pairs (LLR -0.02)"


def test_a_clear_case_ends_with_its_first_batch():
    better, worse = judge(constant(0, 0, 0, 0, 1), GateConfig()), judge(constant(1, 0, 0, 0, 0), GateConfig())
    assert (better.is_better, better.pairs, worse.is_better, worse.pairs) == (True, 50, False, 50)
    assert (better.decision, worse.decision) == (SprtDecision.ACCEPT_H1, SprtDecision.ACCEPT_H0)
    assert better.sentence.startswith("is better: 100.0% of the points in 50 pairs")
    assert worse.sentence.startswith("is not better: 0.0% of the points")


def test_a_gate_that_was_left_comes_to_the_same_verdict_when_it_is_held_again():
    pairs = np.random.default_rng(8).multinomial(1, of_strength("usual", 20.0), size=2000)

    def play(first: int, count: int) -> NDArray[np.int64]:
        total: NDArray[np.int64] = pairs[first : first + count].sum(axis=0)
        return total

    def interrupted(first: int, count: int) -> NDArray[np.int64]:
        if first >= 100:
            raise GateInterrupted
        return play(first, count)

    config, told = GateConfig(), []
    whole = judge(play, config)
    assert whole.pairs > 200
    with pytest.raises(GateInterrupted):
        judge(interrupted, config, on_progress=told.append)
    assert [each.pairs for each in told] == [50, 100]
    assert judge(play, config) == whole
    assert advance(told[-1], play, config).pairs == 150


def test_a_verdict_is_kept_as_json():
    verdict = judge(constant(0, 0, 0, 0, 1), GateConfig())
    record = json.loads(json.dumps(verdict.record()))
    assert record.pop("llr") == verdict.llr
    assert record == {"is_better": True, "decision": "accept H1", "pairs": 50, "counts": [0, 0, 0, 0, 50], "score": 1.0}


@pytest.mark.parametrize("wrong", [(50,), (0, 0, 49, 0, 0), (-1, 0, 51, 0, 0)])
def test_pairs_that_do_not_add_up_are_a_fault(wrong: tuple[int, ...]):
    with pytest.raises(ValueError, match="50 pairs in 5 classes"):
        judge(lambda first, count: np.array(wrong), GateConfig())


@pytest.mark.parametrize(
    "values",
    [{"alpha": 0.0}, {"beta": 0.5}, {"elo1": 0.0}, {"elo1": 500.0}, {"max_pairs": 0}, {"batch_pairs": 0}, {"x": 1}],
)
def test_impossible_settings_are_refused(values: dict[str, float]):
    with pytest.raises(ValidationError):
        GateConfig.model_validate(values)


def test_a_pair_is_one_seed_with_seats_swapped_and_depends_on_its_number_alone():
    seen: list[MatchRows] = []
    plain = play_through(SerialExecutor(), GAME)

    def play(policies: Sequence[Policy], rows: MatchRows):
        seen.append(rows)
        return plain(policies, rows)

    pairs = gate_pairs(play, bot("predictor"), bot("tracker"), seed=7, points=3)
    whole = pairs(0, 12)
    assert (pairs(0, 5) + pairs(5, 7)).tolist() == whole.tolist()
    rows = seen[0]
    assert rows["seed"].tolist() == np.repeat(pair_seeds(7, 0, 12), 2).tolist()
    assert (rows["left"].tolist(), rows["right"].tolist()) == ([0, 1] * 12, [1, 0] * 12)
    assert set(rows["points"].tolist()) == {3}
    assert seen[2]["seed"].tolist() == rows["seed"][10:].tolist()


def test_classes_are_the_candidates_points_in_both_seats():
    players = (bot("tracker"), bot("random"))
    counts = met(*players, points=2)(0, 40)
    expected = np.zeros(5, int)
    for seed in pair_seeds(5, 0, 40).tolist():
        specs = [MatchSpec(0, 0, 1, seed, 2), MatchSpec(1, 1, 0, seed, 2)]
        points = 0
        for spec, sign in zip(specs, (1, -1), strict=True):
            [result] = play_through(SerialExecutor(), GAME)(
                players, np.array([(spec.match_id, spec.left, spec.right, seed, 2)], MATCH_DTYPE)
            )
            points += 1 + sign * int(result["outcome"])
        expected[points] += 1
    assert counts.tolist() == expected.tolist()
    assert np.count_nonzero(counts) > 1
    assert met(*players[::-1], points=2)(0, 40).tolist() == expected[::-1].tolist()


def test_the_better_bot_passes_and_the_worse_does_not():
    config = GateConfig(batch_pairs=20)
    assert judge(met(bot("aimer"), bot("tracker")), config).is_better
    assert not judge(met(bot("tracker"), bot("aimer")), config).is_better


def broken() -> DensePolicy:
    """Return a network that answers NaN."""
    network = follower(np.random.default_rng(1))
    with np.errstate(all="ignore"):
        return DensePolicy(tuple(weights * np.float32(3e38) for weights in network.weights), network.biases)


def test_who_forfeits_every_match_loses_the_gate():
    assert judge(met(broken(), bot("still")), GateConfig()).counts == (50, 0, 0, 0, 0)
    assert judge(met(bot("still"), broken()), GateConfig()).counts == (0, 0, 0, 0, 50)
    both = judge(met(broken(), broken()), GateConfig(elo1=100.0, batch_pairs=10))
    assert (both.is_better, both.counts) == (False, (0, 0, 20, 0, 0))


class Moody(SerialExecutor):
    """Plays chunks of a few matches; asks for ``state`` after the third, and loses matches of its first ``deaths`` runs."""

    def __init__(self, state: RunState | None = None, deaths: int = 0) -> None:
        super().__init__(ExecutorSettings(batch_size=4))
        self.state, self.deaths, self.played = state, deaths, 0

    def play(
        self, game: GameSpec, policies: Sequence[Policy], rows: Iterable[MatchRows], control: RunControl | None = None
    ) -> Iterator[PlayedChunk]:
        is_mortal, self.deaths = self.deaths > 0, self.deaths - 1
        for chunk in super().play(game, policies, rows, control):
            self.played += 1
            if self.state is not None and self.played == 3:
                assert control is not None
                control.set(self.state)
            if is_mortal:
                chunk.results["termination"][::3] = Termination.WORKER_DIED
                chunk.results["outcome"][::3] = 0
            yield chunk


@pytest.mark.parametrize("state", [RunState.CANCELLED, RunState.STOPPING])
def test_a_gate_stopped_in_the_middle_of_a_batch_says_so(state: RunState):
    play = play_through(Moody(state), GAME, RunControl())
    pairs = gate_pairs(play, bot("aimer"), bot("tracker"), seed=1, points=1)
    with pytest.raises(GateInterrupted):
        judge(pairs, GateConfig())


def test_matches_lost_with_their_workers_are_played_again():
    def meet(executor: SerialExecutor) -> NDArray[np.int64]:
        return gate_pairs(play_through(executor, GAME), bot("tracker"), bot("random"), seed=1, points=1)(0, 20)

    assert meet(Moody(deaths=1)).tolist() == meet(SerialExecutor()).tolist()
    with pytest.raises(GateError, match="worker processes die again and again"):
        meet(Moody(deaths=2))


def test_classes_of_no_pair_are_zeros():
    results = play_through(SerialExecutor(), GAME)((bot("still"),), np.zeros(0, MATCH_DTYPE))
    assert pair_classes(results).tolist() == NOTHING.tolist()
    assert Verdict.of(NOTHING, GateConfig()) == Verdict(False, SprtDecision.CONTINUE, 0, (0,) * 5, 0.0, 0.5)
