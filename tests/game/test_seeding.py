"""Random numbers and seeds: the published generator, and pure functions of what they are asked."""

import numpy as np
import pytest

from game import seeding
from game.jit import entry
from game.loop import policy_stream
from tests.oracle import rally as oracle

REFERENCE_SEED = 1234567
REFERENCE = [
    6457827717110365317,
    3203168211198807973,
    9817491932198370423,
    4593380528125082431,
    16408922859458223821,
]
"""The first outputs of https://prng.di.unimi.it/splitmix64.c for that seed."""


@entry
def outputs(seed, count):
    found = np.zeros(count, np.uint64)
    state = np.uint64(seed)
    for at in range(count):
        state = seeding.advance_state(state)
        found[at] = seeding.mix(state)
    return found


@entry
def unit_floats(bits):
    found = np.zeros(len(bits), np.float32)
    for at in range(len(bits)):
        found[at] = seeding.unit_float(bits[at])
    return found


def test_splitmix64_gives_the_published_outputs():
    assert outputs(np.uint64(REFERENCE_SEED), 5).tolist() == REFERENCE


def test_the_oracle_has_the_published_generator_too():
    state, found = REFERENCE_SEED, []
    for _ in REFERENCE:
        state = oracle.advance(state)
        found.append(oracle.mix(state))
    assert found == REFERENCE


@pytest.mark.parametrize("stream", [0, 1, 2, 7])
def test_streams_are_those_of_the_oracle(stream):
    for seed in (0, 1, 12345, 2**62, 2**63 - 1):
        assert int(seeding.stream_state(np.uint64(seed), np.uint64(stream))) == oracle.stream_state(seed, stream)


def test_streams_of_a_match_differ():
    seeds = range(0, 2000, 2)
    states = {
        int(seeding.stream_state(np.uint64(seed >> 1), np.uint64(stream))) for seed in seeds for stream in range(3)
    }
    assert len(states) == 3000


def test_unit_floats_fill_zero_to_one_without_one():
    edges = np.array([0, 2**40 - 1, 2**40, 2**64 - 1], np.uint64)
    assert unit_floats(edges).tolist() == [0.0, 0.0, 2.0**-24, 1 - 2.0**-24]
    drawn = unit_floats(outputs(np.uint64(9), 20000))
    assert abs(drawn.mean() - 0.5) < 0.01
    assert abs(drawn.std() - 12**-0.5) < 0.01


def test_policies_draw_the_same_in_a_mirrored_match():
    for seed in (0, 6, 2**62):
        left, right = (int(policy_stream(np.uint64(seed), seat)) for seat in (0, 1))
        mirrored = [int(policy_stream(np.uint64(seed + 1), seat)) for seat in (1, 0)]
        assert [left, right] == mirrored
        assert left != right


def test_pair_seeds_are_pure():
    forwards = [seeding.pair_seed(7, index) for index in range(50)]
    backwards = [seeding.pair_seed(7, index) for index in reversed(range(50))]
    assert forwards == backwards[::-1]


def test_pair_seeds_are_those_that_stored_seasons_have():
    """Golden: with other numbers no stored season could be resumed."""
    expected = [49304966071425702, 7187287212212932490, 6426064466107114569]
    assert [seeding.pair_seed(2026, index) for index in range(3)] == expected


def test_pair_seeds_do_not_collide():
    seeds = {seeding.pair_seed(season, index) for season in range(20) for index in range(5000)}
    assert len(seeds) == 100_000
    assert 0 <= min(seeds) < max(seeds) < 2**63
    assert abs(np.mean([seed & 1 for seed in seeds]) - 0.5) < 0.01


@pytest.mark.parametrize("season_seed", [0, 2**63 - 1])
def test_extreme_season_seeds(season_seed):
    assert 0 <= seeding.pair_seed(season_seed, 2**40) < 2**63
