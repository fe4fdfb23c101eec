"""Every court of the vectorised environment is a match, tick by tick, whatever is played beside it."""

import numpy as np
import pytest

from game.games.rally import GAME
from game.games.rally_court import LEFT_POINTS, TICKS
from game.jit import LANES
from game.match import CompiledPlayer
from game.policies.bank import build_bank
from game.spec import Seat
from game.vector import SELF, VectorEnv
from tests.game.vector_reference import Reference, assert_plays_as, bank, choose, mixed, policies, shaped


@pytest.mark.parametrize(("n", "points", "skip", "steps"), [(20, 1, 1, 500), (20, 2, 3, 330), (66, 1, 16, 40)])
def test_each_court_is_its_match_tick_by_tick(n, points, skip, steps):
    env = shaped(mixed(n), 5, points, skip)
    ended, _, total = assert_plays_as(env, Reference(mixed(n), 5, points, skip), steps)
    assert ended > n
    assert np.abs(total).max() > 2


def test_contacts_and_misses_are_counted_only_if_that_is_asked_for():
    plain, other = shaped(mixed(20), 5, 1, 2), shaped(mixed(20), 5, 1, 2)
    plain.hit_reward = plain.miss_penalty = 0.0
    rng = np.random.default_rng(0)
    is_same = True
    for _ in range(150):
        actions = choose(rng, plain.observations)
        plain.step(actions)
        other.step(actions)
        assert set(plain.rewards.tolist()) <= {-1.0, 0.0, 1.0}
        assert plain.observations.tobytes() == other.observations.tobytes()
        is_same = is_same and (plain.rewards == other.rewards).all()
    assert not is_same


@pytest.mark.parametrize("skip", [1, 5])
def test_two_agents_share_what_one_wins_and_see_each_other_mirrored(skip):
    env = VectorEnv(GAME, bank(), np.full(65, SELF, np.int32), 8, frame_skip=skip)
    assert env.n_agents == 2 * env.n_courts == 130
    rng = np.random.default_rng(1)
    points = 0
    for _ in range(400 // skip):
        env.step(choose(rng, env.observations))
        left, right = env.observations[:65], env.observations[65:]
        assert (left[:, [0, 2]] == -right[:, [0, 2]]).all()
        assert (left[:, [1, 3]] == right[:, [1, 3]]).all()
        assert (left[:, 4] == -right[:, 4]).all()
        assert (left[:, 7] == right[:, 5]).all()
        assert (left[:, 5] == right[:, 7]).all()
        assert (env.rewards[:65] == -env.rewards[65:]).all()
        assert (env.terminated[:65] == env.terminated[65:]).all()
        points += np.abs(env.rewards[:65]).sum()
    assert points > 30


@pytest.mark.parametrize("n", [1, 64, 65])
def test_a_court_does_not_depend_on_the_others(n):
    whole = VectorEnv(GAME, bank(), np.resize(np.array([1, 5, 7, 3], np.int32), 200), 4, frame_skip=2)
    others = np.resize(np.array([1, 5, 7, 3], np.int32), n)
    some = VectorEnv(GAME, bank(), others, 4, frame_skip=2)
    rng = np.random.default_rng(6)
    ended = 0
    for _ in range(220):
        actions = choose(rng, whole.observations)
        whole.step(actions)
        some.step(actions[:n].copy())
        assert some.observations.tobytes() == whole.observations[:n].tobytes()
        assert some.rewards.tolist() == whole.rewards[:n].tolist()
        assert some.terminated.tolist() == whole.terminated[:n].tolist()
        ended += int(whole.terminated[:n].sum())
    assert ended


def test_a_court_does_not_depend_on_who_plays_beside_it():
    one = VectorEnv(GAME, bank(), np.array([5, 5, 5, 2], np.int32), 4)
    other = VectorEnv(GAME, bank(), np.array([7, 5, 6, 2], np.int32), 4)
    rng = np.random.default_rng(6)
    for _ in range(300):
        actions = choose(rng, one.observations)
        one.step(actions)
        other.step(np.array([0, actions[1], 2, actions[3]], np.int32))
        assert one.observations[[1, 3]].tobytes() == other.observations[[1, 3]].tobytes()
    assert one.observations[[0, 2]].tobytes() != other.observations[[0, 2]].tobytes()


def test_a_seed_is_a_course_and_reset_begins_it_anew():
    def course(env):
        rng = np.random.default_rng(2)
        rows = []
        for _ in range(120):
            env.step(choose(rng, env.observations))
            rows.append(env.observations.tobytes())
        return rows

    env = VectorEnv(GAME, bank(), mixed(20), 5, frame_skip=2)
    first = course(env)
    env.reset(5)
    assert course(env) == first
    env.reset()
    assert course(env) != first
    assert course(VectorEnv(GAME, bank(), mixed(20), 6, frame_skip=2)) != first


def test_episodes_of_a_court_and_of_two_courts_are_different():
    env = VectorEnv(GAME, bank(), np.zeros(70, np.int32), 1)
    starts = set(map(bytes, env.observations))
    env.reset()
    assert len(starts | set(map(bytes, env.observations))) == 140


@pytest.mark.parametrize(("lead", "points"), [(0, 3), (1, 3), (-1, 3)])
def test_a_match_at_its_tick_limit_is_truncated_and_not_terminated(lead, points):
    """The clock of some courts is put to a few ticks before the limit, that of others is not."""
    opponents = np.array([SELF, 0, 3, 5] * 20, np.int32)
    env, reference = (make(opponents, 9, points, 2) for make in (shaped, Reference))
    state = env.state()
    late = np.arange(0, 80, 3)
    limit = 3600 * points
    for court in late.tolist():
        integers = state["court-1"].reshape(2, -1)[court // LANES]
        integers[TICKS + court % LANES] = limit - 3
        match = reference.courts[court].match
        frame = match.keyframe()
        frame.court[1][TICKS // LANES] = limit - 3
        match.restore(frame)
    env.restore(state)
    _score(env, reference, lead)
    ended, cut, _ = assert_plays_as(env, reference, 30)
    agents = len(late) + int((opponents[late] == SELF).sum())
    assert cut == agents
    assert ended >= cut


def _score(env, reference, lead):
    """Give one side of every match a point."""
    if not lead:
        return
    row = LEFT_POINTS + (LANES if lead < 0 else 0)
    part = 0 if lead > 0 else 1
    for at, court in enumerate(reference.courts):
        env.courts.court.integers.reshape(2, -1)[at // LANES, row + at % LANES] = 1
        env.courts.scores[at // LANES, part * LANES + at % LANES] = 1
        frame = court.match.keyframe()
        frame.court[1][row // LANES] = 1
        court.match.restore(frame)
        court.scores[part] = 1


def test_other_opponents_take_over_in_the_middle_with_an_empty_memory():
    """A court that keeps its opponent plays on; on the others the new one plays as if it had just come."""
    before = np.array([5, 5, 1, 2, SELF, 0] * 8, np.int32)
    after = before.copy()
    after[1::6], after[2::6], after[5::6] = 3, 5, 8
    env, reference = shaped(before, 9, 1, 1), Reference(before, 9, 1, 1)
    assert_plays_as(env, reference, 90)
    env.set_opponents(bank(), after)
    for at, court in enumerate(reference.courts):
        if after[at] != before[at]:
            mind = court.player.keyframe()[1]
            court.opponent = court.following = int(after[at])
            court.player = CompiledPlayer(GAME, bank(), court.opponent, seat=Seat.RIGHT, seed=court.match.seed)
            court.player._mind[1][:] = mind  # the stream of random numbers is the court's
    ended, _, _ = assert_plays_as(env, reference, 200, seed=1)
    assert ended > 16


def test_a_bank_with_other_rows_of_memory_changes_nothing_for_those_who_stay():
    small = build_bank([policies()[index] for index in (0, 1, 2, 3)])
    env, same = (VectorEnv(GAME, small, np.array([1, 2, 3, 2] * 3, np.int32), 4) for _ in range(2))
    rng = np.random.default_rng(1)
    for _ in range(60):
        actions = choose(rng, env.observations)
        env.step(actions)
        same.step(actions)
    env.set_opponents(bank(), np.array([1, 2, 3, 2] * 3, np.int32))
    for _ in range(200):
        actions = choose(rng, env.observations)
        env.step(actions)
        same.step(actions)
        assert env.observations.tobytes() == same.observations.tobytes()


def test_a_state_goes_on_as_it_would_have():
    env = VectorEnv(GAME, bank(), mixed(70), 5, points=2, frame_skip=2)
    rng = np.random.default_rng(3)
    for _ in range(70):
        env.step(choose(rng, env.observations))
    state = env.state()
    kept = {name: array.copy() for name, array in state.items()}
    other = VectorEnv(GAME, bank(), mixed(70), 99, points=2, frame_skip=2)
    other.restore(state)
    ended = 0
    for _ in range(120):
        actions = choose(rng, env.observations)
        env.step(actions)
        other.step(actions)
        assert env.observations.tobytes() == other.observations.tobytes()
        assert env.rewards.tolist() == other.rewards.tolist()
        assert env.terminated.tolist() == other.terminated.tolist()
        ended += int(env.terminated.sum())
    assert ended > 12
    assert all(state[name].tobytes() == array.tobytes() for name, array in kept.items())
    again, end = other.state(), env.state()
    assert all(again[name].tobytes() == end[name].tobytes() for name in end)


def test_a_state_of_another_shape_is_refused():
    state = VectorEnv(GAME, bank(), mixed(70), 5).state()
    with pytest.raises(ValueError, match=r"this environment has"):
        VectorEnv(GAME, bank(), mixed(60), 5).restore(state)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"points": 0}, "points is 0: 1 to 21 are allowed"),
        ({"points": 22}, "points is 22: 1 to 21 are allowed"),
        ({"frame_skip": 0}, "frame_skip is 0: 1 to 16 are allowed"),
        ({"frame_skip": 17}, "frame_skip is 17: 1 to 16 are allowed"),
        ({"opponents": np.array([0, 9], np.int32)}, "an opponent is not in the bank of 9: 0 to 9"),
        ({"opponents": np.array([-2, 0], np.int32)}, "an opponent is not in the bank of 9: -2 to 0"),
    ],
)
def test_what_is_not_possible_is_refused_with_a_sentence(change, message):
    arguments = {"opponents": np.array([0, 1], np.int32), "seed": 1, **change}
    with pytest.raises(ValueError, match=f"^{message}$"):
        VectorEnv(GAME, bank(), **arguments)


def test_which_courts_have_two_agents_cannot_change():
    env = VectorEnv(GAME, bank(), np.array([0, SELF], np.int32), 1)
    for opponents in ([SELF, SELF], [0, 0], [SELF, 0]):
        with pytest.raises(ValueError, match="cannot change"):
            env.set_opponents(bank(), np.array(opponents, np.int32))
    env.set_opponents(bank(), np.array([3, SELF], np.int32))
