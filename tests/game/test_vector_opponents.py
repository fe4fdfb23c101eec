"""Opponents of the vectorised environment: when they come, what they remember, how often they decide, what is theirs."""

import numpy as np
import pytest

from game.games.rally import GAME
from game.vector import SELF, VectorEnv
from tests.game.vector_reference import Reference, assert_plays_as, bank, choose, mixed, policies, shaped

POLICIES = len(policies())


def following(before, after, skip=1, holds=None):
    """Return an environment and its reference, whose courts have other opponents from their second episode on."""
    env, reference = shaped(before, 9, 1, skip), Reference(before, 9, 1, skip)
    held = np.zeros(POLICIES, np.int32) if holds is None else holds
    env.set_opponents(bank(), before, held)
    env.set_following(after)
    for at, court in enumerate(reference.courts):
        court.following, court.holds = int(after[at]), held
    return env, reference


def turned(opponents):
    """Return other opponents for all courts with one agent."""
    return np.where(opponents == SELF, SELF, (opponents + 3) % POLICIES).astype(np.int32)


@pytest.mark.parametrize(("n", "skip", "steps"), [(20, 1, 700), (66, 8, 70)])
def test_who_follows_comes_with_the_next_episode_and_its_memory_is_empty(n, skip, steps):
    """The reference makes a new player at each start; the result is credited to who has played it."""
    env, reference = following(mixed(n), turned(mixed(n)), skip)
    ended, _, _ = assert_plays_as(env, reference, steps)
    assert ended > n


@pytest.mark.parametrize("held", [[1] * POLICIES, [0, 1] * 4 + [0], [1, 0] * 4 + [1]], ids=["all", "odd", "even"])
@pytest.mark.parametrize("skip", [1, 8])
def test_who_holds_decides_at_the_first_tick_of_a_step(held, skip):
    """An episode that begins within a step is idled through by a holding opponent, as by agents."""
    env, reference = following(mixed(20), turned(mixed(20)), skip, np.array(held, np.int32))
    ended, _, _ = assert_plays_as(env, reference, 480 // skip)
    assert ended > 25


def test_holding_makes_a_difference_only_where_a_step_has_several_ticks():
    rng = np.random.default_rng(1)
    opponents = np.array([1, 2, 3, 7] * 5, np.int32)
    actions = rng.integers(0, 3, (60, 20)).astype(np.int32)
    for skip in (1, 8):
        seen = []
        for holds in (0, 1):
            env = VectorEnv(GAME, bank(), opponents, 4, frame_skip=skip)
            env.set_opponents(bank(), opponents, np.full(POLICIES, holds, np.int32))
            for chosen in actions:
                env.step(chosen)
            seen.append(env.observations.tobytes())
        assert (seen[0] == seen[1]) == (skip == 1)


def test_by_default_nobody_holds():
    env = VectorEnv(GAME, bank(), mixed(20), 4, frame_skip=4)
    assert env.courts.holds.tolist() == [0] * POLICIES
    env.set_opponents(bank(), mixed(20), np.ones(POLICIES, np.int32))
    env.set_opponents(bank(), mixed(20))
    assert env.courts.holds.tolist() == [0] * POLICIES


def test_setting_opponents_at_once_takes_those_back_that_were_to_follow():
    env, reference = following(mixed(20), turned(mixed(20)))
    env.set_opponents(bank(), mixed(20))
    for court in reference.courts:
        court.following = court.opponent
    assert_plays_as(env, reference, 200)


def test_who_is_to_follow_is_in_the_state():
    env, _ = following(mixed(20), turned(mixed(20)), 8)
    other = VectorEnv(GAME, bank(), mixed(20), 77, frame_skip=8)
    other.restore(env.state())
    rng, met = np.random.default_rng(3), set()
    for _ in range(100):
        actions = choose(rng, env.observations)
        env.step(actions)
        other.step(actions)
        assert env.observations.tobytes() == other.observations.tobytes()
        over = np.flatnonzero((env.terminated + env.truncated)[:20])
        assert env.outcome.opponents[over].tolist() == other.outcome.opponents[over].tolist()
        met |= {(court, int(env.outcome.opponents[court])) for court in over.tolist()}
    first, later = mixed(20), turned(mixed(20))
    possible = [{(court, int(who)) for court, who in enumerate(which)} for which in (first, later)]
    assert met <= possible[0] | possible[1]
    assert min(len(met & some) for some in possible) > 12


def test_who_follows_must_be_in_the_bank_and_agents_stay_agents():
    env = VectorEnv(GAME, bank(), np.array([0, SELF], np.int32), 1)
    for opponents in ([POLICIES, SELF], [-2, SELF]):
        with pytest.raises(ValueError, match="an opponent is not in the bank of 9"):
            env.set_following(np.array(opponents, np.int32))
    for opponents in ([SELF, SELF], [0, 0]):
        with pytest.raises(ValueError, match="cannot change"):
            env.set_following(np.array(opponents, np.int32))
    assert env.courts.following.tolist() == [0, SELF]
