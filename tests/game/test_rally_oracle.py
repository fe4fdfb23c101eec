"""The compiled rules are the rule book's: equal to its plain-Python form, bit for bit, tick by tick."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from game.batch import play_batch
from game.games import rally_court as at
from game.games.rally import GAME
from game.match import Match, match_array
from game.policies.activation import Activation
from game.policies.bank import build_bank
from game.spec import RESULT_DTYPE, MatchEnd, MatchSpec, Seat
from tests.game import networks
from tests.oracle.policies import PlainDense, PlainGraph
from tests.oracle.rally import OracleMatch

UP, STAY, DOWN = 0, 1, 2


def bits(values):
    return np.array(values, np.float32).view(np.uint32).tolist()


def assert_same_row(actual, expected, context=""):
    for name in RESULT_DTYPE.names:
        assert actual[name].tobytes() == expected[name].tobytes(), (name, actual[name], expected[name], context)


@dataclass
class Keeper:
    """Waits where a straight flight arrives at either line, off by an aim drawn anew now and then.

    At ``wildness`` 1 it acts at random.
    """

    rng: np.random.Generator
    aim: float = 0.0
    wildness: float = 0.0
    hold: int = 1
    _left: int = field(default=0, init=False)
    _action: int = field(default=STAY, init=False)
    _target: float = field(default=0.0, init=False)
    _is_wild: bool = field(default=False, init=False)

    def decide(self, observation):
        if self._left == 0:
            self._left = int(self.rng.integers(1, self.hold + 1))
            self._target = self.aim * self.rng.uniform(-1, 1)
            self._action = int(self.rng.integers(3))
            self._is_wild = self.rng.random() < self.wildness
        self._left -= 1
        if self._is_wild:
            return self._action
        x, y, vx, vy = (value * scale for value, scale in zip(observation, (0.8, 0.45, 2.9, 2.9), strict=False))
        arrival = y + vy * (0.74 + (x if vx < 0 else -x)) / (abs(vx) or 1)
        arrival = abs((arrival + 1.314) % 1.752 - 0.876) - 0.438
        own_y, own_v = observation[5] * 0.45, observation[6] * 0.6
        gap = arrival + self._target - own_y - own_v * abs(own_v) / 12
        return UP if gap > 0.004 else DOWN if gap < -0.004 else STAY


@dataclass
class Witness:
    """What happened in the matches that were compared: a proof on matches without spin would prove little."""

    spun_bounces: int = 0
    capped_paces: int = 0
    limited_spins: int = 0
    slowed_to_least: int = 0
    stopped_paddles: int = 0

    def watch(self, oracle, before):
        vx, vy, spin = before
        bounced = vy * oracle.vy < 0 and vx * oracle.vx > 0
        self.spun_bounces += bounced and abs(spin) > 0.5 and oracle.vx != vx
        self.capped_paces += oracle.pace == oracle.constants.pace_limit and vx * oracle.vx < 0
        self.limited_spins += abs(oracle.spin) == oracle.constants.spin_limit
        self.slowed_to_least += abs(oracle.vx) == oracle.constants.least_vx
        self.stopped_paddles += max(np.abs(oracle.paddle_y)) == oracle.constants.paddle_top


def play_both(seed, points, players, witness):
    """Play one match by the kernels and by the oracle, compare every tick and the row; return the row."""
    match, oracle = Match(GAME, seed, points), OracleMatch(seed, points)
    while not match.is_over:
        observations = [match.observation(seat) for seat in Seat]
        for seat in Seat:
            seen = bits(oracle.observe(seat))
            assert observations[seat].view(np.uint32).tolist() == seen, (seed, oracle.ticks, seat)
        actions = [player.decide(seen.tolist()) for player, seen in zip(players, observations, strict=True)]
        before = (oracle.vx, oracle.vy, oracle.spin)
        match.step(*actions)
        oracle.step(*actions)
        witness.watch(oracle, before)
        assert oracle.is_over == match.is_over, (seed, oracle.ticks)
    for seat in Seat:
        assert bits(match.observation(seat)) == bits(oracle.observe(seat))
    assert_same_row(match.result(3, 1, 2), oracle.result(3, 1, 2), seed)
    return match.result()[0]


def keepers(seed, **settings):
    return [Keeper(rng, **settings) for rng in np.random.default_rng(seed).spawn(2)]


def test_random_actions_held_for_random_lengths():
    rows = [play_both(seed, 1 + seed % 5, keepers(seed, wildness=1, hold=30), Witness()) for seed in range(24)]
    assert sum(row["aces"].sum() for row in rows) > 10
    assert sum(row["reactions"].sum() for row in rows) > 10
    assert {int(row["outcome"]) for row in rows} == {-1, 1}


def test_long_rallies_with_spin_and_speed():
    witness = Witness()
    rows = [play_both(seed, 2, keepers(seed, aim=0.07, wildness=0.1, hold=12), witness) for seed in range(100, 124)]
    assert max(row["longest_rally"] for row in rows) > 15
    assert sum(row["misses"].sum() for row in rows) > 20
    assert all(((row["mean_miss"] > 1) == (row["misses"] > 0)).all() for row in rows)
    assert len({float(miss) for row in rows for miss in row["mean_miss"]}) > 10
    assert witness.spun_bounces > 20
    assert witness.capped_paces > 5
    assert witness.limited_spins > 0
    assert witness.stopped_paddles > 0


def test_a_slow_spinning_ball_keeps_its_least_forward_speed():
    """Such a bounce is rare in play: both forms of the rules start from the same state."""
    match, oracle = Match(GAME, 6, 1), OracleMatch(6, 1)
    court, f32 = match._court, np.float32
    for _ in range(40):
        match.step(STAY, STAY)
        oracle.step(STAY, STAY)
    oracle.vx, oracle.vy, oracle.spin = f32(0.4), f32(0.9), f32(-3)
    court.reals[[at.BALL_VX, at.BALL_VY, at.SPIN]] = [0.4, 0.9, -3]
    slowest = 1.0
    for _ in range(200):
        match.step(STAY, STAY)
        oracle.step(STAY, STAY)
        assert bits(match.observation(Seat.RIGHT)) == bits(oracle.observe(Seat.RIGHT))
        slowest = min(slowest, abs(oracle.vx) or 1)
    assert slowest == f32(0.35)


def test_lets_and_a_tick_limit_without_a_point():
    rows = [play_both(seed, 1, keepers(seed), Witness()) for seed in (0, 3, 12)]
    assert all(row["lets"] >= 1 for row in rows)
    assert any(row["end"] == MatchEnd.TICK_LIMIT and row["outcome"] == 0 and row["lets"] == 2 for row in rows)


@dataclass
class Tiring:
    """A keeper that stands still for the first ``idle`` ticks: a point falls, then endless rallies begin."""

    keeper: Keeper
    idle: int

    def decide(self, observation):
        self.idle -= 1
        return STAY if self.idle >= 0 else self.keeper.decide(observation)


@pytest.mark.parametrize(("seed", "idle", "outcome"), [(7, 150, 0), (16, 333, 0), (3, 150, -1), (22, 150, 1)])
def test_a_tick_limit_within_a_rally(seed, idle, outcome):
    left, right = keepers(seed)
    row = play_both(seed, 2, [Tiring(left, idle), right], Witness())
    assert (row["end"], row["outcome"], row["ticks"]) == (MatchEnd.TICK_LIMIT, outcome, 7200)
    assert row["points"].sum() > 0


def oracle_row(match, makers):
    """Play ``match`` by the oracle alone; ``makers`` make each policy's plain-Python player."""
    oracle = OracleMatch(match.seed, match.points)
    left, right = makers[match.left](), makers[match.right]()
    while not oracle.is_over:
        oracle.step(left.decide(oracle.observe(Seat.LEFT)), right.decide(oracle.observe(Seat.RIGHT)))
    return oracle.result(match.match_id, match.left, match.right)


def assert_batch_is_oracle(policies, player_class, seeds):
    makers = [lambda policy=policy: player_class(policy) for policy in policies]
    pairings = [(left, right) for left in range(len(policies)) for right in range(len(policies)) if left != right]
    matches = [MatchSpec(100 + i, *pairings[i % len(pairings)], seed, 1) for i, seed in enumerate(seeds)]
    rows = play_batch(GAME, build_bank(policies), match_array(matches))
    for match, row in zip(matches, rows, strict=True):
        assert_same_row(row, oracle_row(match, makers)[0], match)
    return rows


def test_batch_of_dense_networks_is_the_oracle():
    rng = np.random.default_rng(5)
    activations = [Activation.RATIONAL, Activation.TANH, Activation.RELU]
    policies = [networks.follower(rng, 6, activation) for activation in activations]
    rows = assert_batch_is_oracle(policies, PlainDense, range(18))
    assert rows["hits"].sum() > 5


@pytest.mark.parametrize("is_recurrent", [False, True])
def test_batch_of_graphs_is_the_oracle(is_recurrent):
    rng = np.random.default_rng(6)
    policies = [networks.graph(rng, nodes, 3, is_recurrent=is_recurrent, follows=2) for nodes in (5, 8, 12)]
    rows = assert_batch_is_oracle(policies, PlainGraph, range(18))
    assert rows["hits"].sum() > 5
