"""Rollouts: every court is played by whom it shall be, who is met is credited, and a state brings all of it back."""

import numpy as np
import pytest

from ai.errors import TrainingError
from ai.selfplay.matchmaking import CURRENT
from ai.selfplay.rollout import CourtGroup, Opposition, RolloutStats, renumbered
from game.games.rally import GAME
from game.policies.bank import build_bank
from game.vector import SELF
from tests.ai.dqn.learners import same_arrays
from tests.game import networks

NAMES = ("still", "tracker", "aimer", "predictor")


def opposition(names=NAMES, holds=0):
    return Opposition(build_bank([networks.bot(name) for name in names]), np.full(len(names), holds, np.int32))


def group_of(opponents, seed=5, names=NAMES, holds=0, rules=(1, 2)):
    return CourtGroup(GAME, opposition(names, holds), np.array(opponents, np.int32), seed, rules)


def play(group, steps, seed=0):
    """Let agents play at random; return the observations, and by court the opponents of the episodes that have ended."""
    rng, seen = np.random.default_rng(seed), []
    met: list[list[int]] = [[] for _ in range(group.env.n_courts)]
    for _ in range(steps):
        group.env.step(rng.integers(0, 3, group.n_agents).astype(np.int32))
        seen.append(group.env.observations.copy())
        for court in np.flatnonzero((group.env.terminated + group.env.truncated)[: group.env.n_courts]).tolist():
            met[court].append(int(group.env.outcome.opponents[court]))
    return np.array(seen), met


def test_streams_of_agents_and_courts_are_all_different():
    group, other = group_of([SELF, SELF, 0, 1]), group_of([SELF, SELF, 0, 1], seed=6)
    assert group.n_agents == 6
    starts = [*group.randoms.tolist(), *other.randoms.tolist()]
    courts = group.env.courts.seeds.tolist()  # each has drawn once
    later = [(start + 0x9E3779B97F4A7C15) % 2**64 for start in starts]  # as SplitMix64 goes on
    assert len({*starts, *later, *courts}) == 2 * len(starts) + len(courts)
    assert group_of([SELF, SELF, 0, 1]).randoms.tolist() == group.randoms.tolist()


def test_who_is_on_a_court_stays_for_its_episode_and_what_follows_comes_next():
    group = group_of([0, 1, 2, SELF] * 3)
    group.face(opposition(), np.array([1, 2, 3, SELF] * 3, np.int32))
    assert group.env.courts.opponents.tolist() == [0, 1, 2, SELF] * 3
    _, met = play(group, 400)
    assert all(len(each) >= 3 for each in met)
    for court, first, later in zip(range(12), [0, 1, 2, SELF] * 3, [1, 2, 3, SELF] * 3, strict=True):
        assert met[court] == [first] + [later] * (len(met[court]) - 1)


def test_who_comes_next_can_be_changed_before_it_has_come():
    group = group_of([0] * 6)
    group.face(opposition(), np.full(6, 1, np.int32))
    group.face(opposition(), np.full(6, 2, np.int32))
    _, met = play(group, 400)
    assert {opponent for each in met for opponent in each} == {0, 2}


def test_a_face_without_a_change_changes_nothing():
    one, other = (group_of([0, 1, 2, SELF] * 3) for _ in range(2))
    for part in range(5):
        other.face(opposition(), np.array([0, 1, 2, SELF] * 3, np.int32))
        assert play(one, 30, part)[0].tobytes() == play(other, 30, part)[0].tobytes()


def test_policies_hold_their_decisions_where_the_opposition_says_so():
    """With decisions held, the same agents and seeds lead elsewhere; a bot that never moves is the same either way."""
    played = [[play(group_of([who] * 4, holds=holds, rules=(1, 8)), 60)[0] for who in (0, 1)] for holds in (0, 1)]
    assert played[0][0].tobytes() == played[1][0].tobytes()
    assert played[0][1].tobytes() != played[1][1].tobytes()


def test_who_leaves_the_bank_hands_its_courts_to_the_main_agent_and_those_behind_move_up():
    assert renumbered(np.array([SELF, 0, 1, 2, 3, 2], np.int32), 2).tolist() == [SELF, 0, 1, CURRENT, 2, CURRENT]
    group = group_of([SELF, 0, 1, 2, 3])
    group.face(opposition(), np.array([SELF, 3, 2, 1, 0], np.int32))
    group.drop(2)
    assert group.env.courts.opponents.tolist() == [SELF, 0, 1, CURRENT, 2]
    assert group.env.courts.following.tolist() == [SELF, 2, CURRENT, 1, 0]
    names = ("still", "tracker", "predictor")
    group.face(opposition(names), np.array([SELF, 1, 1, 1, 1], np.int32))
    _, met = play(group, 400)
    assert [each[0] for each in met] == [SELF, 0, 1, CURRENT, 2]


def test_a_state_goes_on_as_it_would_have():
    rows = np.array([3, 2, 1, SELF] * 3, np.int32)
    group, other = group_of([0, 1, 2, SELF] * 3), group_of([1, 1, 1, SELF] * 3, seed=77)
    group.face(opposition(), rows)
    play(group, 50)
    state = group.state()
    kept = {name: array.copy() for name, array in state.items()}
    other.restore(state)
    other.face(opposition(), rows)
    assert same_arrays(other.state(), kept)
    (seen, met), (same, equal) = play(group, 150, 9), play(other, 150, 9)
    assert seen.tobytes() == same.tobytes()
    assert met == equal
    assert same_arrays(state, kept)


def test_a_state_comes_back_whatever_its_players_remember():
    """The rows of memory are those of the bank that was faced, not of the one that is there at first."""
    names = (*NAMES, "random")
    bank = build_bank(
        [*(networks.bot(name) for name in NAMES), networks.graph(np.random.default_rng(3), 9, follows=2.0)]
    )
    large, rows = Opposition(bank, np.zeros(len(names), np.int32)), np.full(4, 4, np.int32)
    group, other = group_of([0, 1, 2, 3]), group_of([0, 1, 2, 3])
    group.face(large, rows)
    play(group, 100)
    other.restore(group.state())
    other.face(large, rows)
    assert play(group, 60)[0].tobytes() == play(other, 60)[0].tobytes()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda state: state.pop("explore"),
        lambda state: state.pop("memories"),
        lambda state: state.pop("seeds"),
        lambda state: state.update(explore=state["explore"][:-1]),
        lambda state: state.update(seeds=state["seeds"][:-1]),
        lambda state: state.update(nobody=state["seeds"]),
    ],
)
def test_the_state_of_other_courts_is_refused(spoil):
    state = group_of([0, 1]).state()
    spoil(state)
    with pytest.raises(TrainingError, match=r"^the checkpoint's courts do not fit \(.*\): start a new run$"):
        group_of([0, 1]).restore(state)


def test_rollouts_add_up():
    one = RolloutStats(10, 2, 1.5, 100, np.array([[1, 0, 2], [0, 0, 0]]))
    other = RolloutStats(20, 3, -0.5, 50, np.array([[0, 1, 1], [2, 0, 2]]))
    total = one.plus(other)
    assert total[:4] == (30, 5, 1.0, 150)
    assert total.by_opponent.tolist() == [[1, 1, 3], [2, 0, 2]]
