"""The two faces of the match loop play the same matches; a match does not depend on what is played beside it."""

import functools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from game.batch import play_batch
from game.games.rally import GAME
from game.jit import LANES
from game.loop import advance_lanes, digest_lane, observe_lanes, policy_stream, start_lane
from game.match import Match, compiled_players, match_array, play_tick
from game.policies.activation import Activation
from game.policies.bank import MEMORY_ROWS, SCRATCH_ROWS, Kind, build_bank
from game.policies.decide import decide
from game.policies.dense import DensePolicy
from game.policies.graph import GraphPolicy
from game.seeding import pair_seed
from game.spec import RESULT_DTYPE, MatchEnd, MatchSpec, Seat, Termination
from tests.game import networks

PER_SIDE = [name for name in RESULT_DTYPE.names if RESULT_DTYPE[name].shape == (2,)]


@functools.cache
def players():
    """Return policies of every kind and shape, all of which play with some skill or luck."""
    rng = np.random.default_rng(20)
    shapes = [(3,), (16,), (33,), (5, 7), (9, 4, 6)]
    policies = [networks.dense(rng, shape, activation) for shape, activation in zip(shapes, Activation, strict=False)]
    activations = list(Activation)
    first, later = activations[: networks.FIRST_ACTIVATIONS], activations[networks.FIRST_ACTIVATIONS :]
    policies += [networks.follower(rng, 6, activation) for activation in first]
    policies += [DensePolicy(*networks.linear(rng))]
    policies += [networks.graph(rng, nodes, follows=follows) for nodes, follows in ((3, 2), (9, 2), (20, 0))]
    policies += [
        networks.graph(rng, nodes, is_recurrent=True, scale=0.5, follows=follows)
        for nodes, follows in ((5, 2), (14, 0))
    ]
    policies += [networks.random_bot(rng, each.name) for each in GAME.bots for _ in range(2)]
    policies += [networks.follower(rng, 6, activation) for activation in later]
    policies += [replace(networks.follower(np.random.default_rng(7), 6, Activation.RELU), is_normalised=True)]
    kinds = [Kind.DENSE] * 13 + [Kind.GRAPH] * 5 + [Kind.SCRIPTED] * 10 + [Kind.DENSE] * 4
    assert [policy.kind for policy in policies] == kinds
    return tuple(policies)  # 16 and 17 are recurrent, bots by twos from 18 on: random, still, tracker, predictor, aimer


@functools.cache
def bank():
    return build_bank(players())


def play(matches, of=None):
    return play_batch(GAME, of or bank(), match_array(matches))


def play_steps(policies, match):
    """Play ``match`` by the step face; return its row."""
    step = Match(GAME, match.seed, match.points)
    left, right = compiled_players(GAME, (policies[match.left], policies[match.right]), match.seed)
    while not step.is_over:
        play_tick(step, left, right)
    return step.result(match.match_id, match.left, match.right)[0]


def assert_same_rows(actual, expected):
    for name in RESULT_DTYPE.names:
        unequal = [i for i, (a, b) in enumerate(zip(actual[name], expected[name], strict=True)) if not_same(a, b)]
        assert not unequal, (name, actual[unequal[0]], expected[unequal[0]])


def not_same(a, b):
    return np.asarray(a).tobytes() != np.asarray(b).tobytes()


def random_pairs(rng, count, points):
    """Return pairs of matches with swapped seats between random players, everyone in at least two."""
    size = len(players())
    firsts = np.arange(count) % size
    seconds = (firsts + rng.integers(1, size, count)) % size
    pairs = enumerate(zip(firsts.tolist(), seconds.tolist(), strict=True))
    for index, (first, second) in pairs:
        seed = pair_seed(1, index)
        yield MatchSpec(2 * index, first, second, seed, points)
        yield MatchSpec(2 * index + 1, second, first, seed, points)


def test_rows_of_batch_and_step_are_equal():
    matches = list(random_pairs(np.random.default_rng(1), len(players()), 2))
    rows = play(matches)
    expected = np.array([play_steps(players(), match) for match in matches], RESULT_DTYPE)
    assert_same_rows(rows, expected)
    assert rows["hits"].sum() > 100
    assert len(set(rows["state_hash"].tolist())) > 0.9 * len(rows)


def test_a_player_meets_itself():
    matches = [MatchSpec(i, i, i, 77 + i, 1) for i in range(0, len(players()), 3)]
    expected = np.array([play_steps(players(), match) for match in matches], RESULT_DTYPE)
    assert_same_rows(play(matches), expected)


class Lanes:
    """``n`` matches of one pairing side by side on one court, by the kernels that the batch face calls."""

    def __init__(self, pairing, seeds):
        self.n = len(seeds)
        self.court = GAME.new_court()
        self.pairing = pairing
        table = bank().table
        self.memories = [np.zeros(int(table[policy, MEMORY_ROWS]) * LANES, np.float32) for policy in pairing]
        rows = [max(int(table[policy, SCRATCH_ROWS]), GAME.n_observations) for policy in pairing]
        self.scratches = [np.zeros(count * LANES, np.float32) for count in rows]
        self.randoms = [np.zeros(LANES, np.uint64) for _ in Seat]
        self.actions = [np.zeros(LANES, np.int32) for _ in Seat]
        self.ended = np.zeros(LANES, np.int32)
        for lane, seed in enumerate(seeds):
            start_lane(self.court, lane, np.uint64(seed), 0, 1)
            for seat in Seat:
                self.randoms[seat][lane] = policy_stream(np.uint64(seed), int(seat))

    def play_tick(self):
        for seat in Seat:
            policy, scratch = self.pairing[seat], self.scratches[seat]
            observe_lanes(self.court, int(seat), scratch, self.n)
            mind = (self.memories[seat], self.randoms[seat])
            decide(self.court, bank(), policy, mind, scratch, self.actions[seat], self.n)
        advance_lanes(self.court, *self.actions, self.ended, self.n)

    def digests(self):
        return [int(digest_lane(self.court, lane)) for lane in range(self.n)]


@pytest.mark.parametrize("pairing", [(3, 22), (15, 6), (8, 16), (24, 18), (26, 17)])
@pytest.mark.parametrize("n", [5, LANES])
def test_many_lanes_are_single_lanes_tick_by_tick(pairing, n):
    seeds = [pair_seed(5, index) for index in range(n)]
    together = Lanes(pairing, seeds)
    looked_at = list(range(0, n, max(1, n // 4)))
    alone = {lane: Lanes(pairing, [seeds[lane]]) for lane in looked_at}
    for tick in range(250):
        digests = together.digests()
        for lane, single in alone.items():
            if not single.ended[0]:
                assert single.digests() == [digests[lane]], (tick, lane)
            single.play_tick()
        together.play_tick()
    assert len(set(digests)) > 0.9 * n


@functools.cache
def pool_of_matches():
    """Return matches that fill, overfill and underfill blocks, and their rows when each is played alone."""
    rng = np.random.default_rng(4)
    matches = list(random_pairs(rng, 2 * len(players()), 1))
    for pairing in ((16, 18), (26, 17)):  # players with memories, in more matches than a block has lanes
        matches += [MatchSpec(len(matches) + i, *pairing, pair_seed(9, i), 1 + i % 2) for i in range(75)]
    rows = np.concatenate([play([match]) for match in matches])
    return matches, rows


def test_all_at_once_is_one_by_one():
    matches, rows = pool_of_matches()
    assert_same_rows(play(matches), rows)


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_results_do_not_depend_on_the_batch(data):
    matches, rows = pool_of_matches()
    chosen = data.draw(st.lists(st.integers(0, len(matches) - 1), min_size=1, max_size=120))
    chosen += data.draw(st.permutations(range(len(matches) - data.draw(st.integers(0, 150)), len(matches))))
    assert_same_rows(play([matches[i] for i in chosen]), rows[chosen])


def test_order_of_the_players_in_the_bank_does_not_matter():
    matches, rows = pool_of_matches()
    size = len(players())
    turned = [MatchSpec(m.match_id, size - 1 - m.left, size - 1 - m.right, m.seed, m.points) for m in matches]
    again = play(turned, build_bank(players()[::-1]))
    for name in set(RESULT_DTYPE.names) - {"left", "right"}:
        assert again[name].tobytes() == rows[name].tobytes(), name


def test_no_matches_are_no_rows():
    assert len(play([])) == 0


def assert_mirrored(rows, others):
    for name in set(RESULT_DTYPE.names) - {"match_id", "seed", "state_hash", "left", "right", "outcome"}:
        seen = others[name][:, ::-1] if name in PER_SIDE else others[name]
        assert rows[name].tolist() == seen.tolist(), name
    assert rows["outcome"].tolist() == (-others["outcome"]).tolist()


def test_swapped_seats_on_the_neighbouring_seed_mirror_a_match():
    """The bank holds everyone twice, so that both seatings are played as they are, neither as a mirror image."""
    size = len(players())
    twice = players() + players()
    matches = list(random_pairs(np.random.default_rng(8), 3 * size, 2))[::2]
    straight = [MatchSpec(m.match_id, m.left, m.right + size, m.seed, m.points) for m in matches]
    swapped = [MatchSpec(m.match_id, m.right, m.left + size, m.seed ^ 1, m.points) for m in matches]
    rows, others = play(straight, build_bank(twice)), play(swapped, build_bank(twice))
    assert_mirrored(rows, others)
    assert (rows["state_hash"] != others["state_hash"]).all()
    assert len(set(rows["outcome"].tolist())) > 1


def test_swapped_seats_mirror_a_match_on_the_step_face():
    for left, right in ((18, 6), (22, 24), (16, 13), (9, 26)):
        row = play_steps(players(), MatchSpec(0, left, right, 1234, 1))
        other = play_steps(players(), MatchSpec(0, right, left, 1235, 1))
        assert_mirrored(np.array([row]), np.array([other]))


def growing():
    """Return a recurrent graph that doubles a number every tick until it is infinite, and infinity less itself NaN."""
    up = networks.graph(np.random.default_rng(0), 4, is_recurrent=True)
    grown = networks.N_INPUTS
    return GraphPolicy(
        n_inputs=up.n_inputs,
        row=np.array([0, 1, 3, 3, 3], np.int32),
        source=np.array([grown, grown, grown], np.int32),
        weight=np.array([2, 1, -1], np.float32),
        bias=np.array([1, 0, 0.5, 0], np.float32),
        activation=np.zeros(4, np.int32),
        outputs=np.array([grown + 1, grown + 2, grown + 3], np.int32),
        is_recurrent=True,
    )


def spin_sensitive():
    """Return a follower whose outputs become NaN once the ball spins much, at another tick in every match."""
    follower = networks.follower(np.random.default_rng(3), 4, Activation.IDENTITY)
    first, last = (weights.copy() for weights in follower.weights)
    first[2:] = 0
    first[2:, 4] = 3e38
    last[:, 2:] = [4, -4]
    first_bias, last_bias = (np.zeros_like(bias) for bias in follower.biases)
    return DensePolicy((first, last), (first_bias, last_bias), Activation.IDENTITY)


def nan_matches():
    """Return policies, two of whose networks answer NaN sooner or later, and matches between them and healthy ones."""
    policies = (networks.bot("predictor"), growing(), spin_sensitive(), growing(), networks.bot("random"))
    pairings = [(0, 1), (1, 0), (0, 2), (2, 4), (1, 3), (1, 2)]
    return policies, [MatchSpec(i, *pairings[i % len(pairings)], pair_seed(2, i), 2) for i in range(120)]


def test_a_network_whose_outputs_become_nan_forfeits():
    policies, matches = nan_matches()
    rows = np.array([play_steps(policies, match) for match in matches], RESULT_DTYPE)
    for row, outcome, left, right in ((rows[0], 1, 0, 2), (rows[1], -1, 2, 0), (rows[4], 0, 2, 2)):
        assert (row["end"], row["outcome"]) == (MatchEnd.FORFEIT, outcome)
        assert row["termination"].tolist() == [left, right]
    assert Termination.NOT_A_NUMBER == 2
    by_spin = rows[(rows["left"] == 2) & (rows["end"] == MatchEnd.FORFEIT)]
    assert len(set(by_spin["ticks"].tolist())) > 1


def test_forfeits_of_batch_and_step_are_equal():
    policies, matches = nan_matches()
    expected = np.array([play_steps(policies, match) for match in matches], RESULT_DTYPE)
    assert_same_rows(play(matches, build_bank(policies)), expected)


def test_a_forfeit_does_not_touch_the_matches_beside_it():
    """A lane that forfeits must not cost the others a tick: their players would decide twice on one observation."""
    policies, matches = nan_matches()
    bank_of_five = build_bank(policies)
    alone = np.concatenate([play([match], bank_of_five) for match in matches])
    assert_same_rows(play(matches, bank_of_five), alone)
