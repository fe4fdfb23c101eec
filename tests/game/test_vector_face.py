"""Many matches as Gymnasium sees them: tick for tick those of the single environment, and what its wrappers need."""

import itertools

import gymnasium
import numpy as np
import pytest
from gymnasium import error
from gymnasium.vector import AutoresetMode
from gymnasium.wrappers.vector import RecordEpisodeStatistics

import game.env as faces
from game.errors import UnknownNameError
from game.games.rally import GAME
from game.match import idle_action
from game.policies.scripted import ScriptedPolicy
from tests.game.networks import dense

ID = "rally/Rally-v1"


def courts(n, **options):
    return gymnasium.make_vec(ID, num_envs=n, vectorization_mode="vector_entry_point", **options)


def rolled(env, seed, steps):
    """Return all that ``steps`` of random actions answer, stacked."""
    rng = np.random.default_rng(1)
    rows = [(env.reset(seed=seed)[0],)]
    rows += [env.step(rng.integers(0, 3, env.num_envs))[:4] for _ in range(steps)]
    return [np.stack(column) for column in zip(*rows[1:], strict=True)], rows[0][0]


def next_start(env, left):
    """Reset the single environment; return the observation after the ``left`` ticks of the step in which the match ended."""
    observation, _ = env.reset()
    match, idle = env.unwrapped._episodes.match, idle_action(GAME)
    for _ in range(left):
        env.unwrapped._episodes.tick(idle, env.unwrapped._opponent_action(match))
        observation = match.observation(0)
    return observation


@pytest.mark.parametrize("opponent", ["tracker", "aimer", "random", "network"])
@pytest.mark.parametrize(("points", "frame_skip"), [(1, 1), (1, 4), (3, 3), (2, 16)])
def test_one_court_is_the_single_environment_tick_for_tick(opponent, points, frame_skip):
    options = {
        "opponent": dense(np.random.default_rng(2)) if opponent == "network" else opponent,
        "points": points,
        "frame_skip": frame_skip,
        "hit_reward": 0.1,
        "miss_penalty": 0.3,
    }
    many, one = courts(1, **options), gymnasium.make(ID, **options)
    batch, _ = many.reset(seed=11)
    single, _ = one.reset(seed=11)
    assert np.array_equal(batch[0], single)
    ends, earned = 0, set()
    for action in np.random.default_rng(2).integers(0, 3, 4000 // frame_skip):
        batch, rewards, terminated, truncated, infos = many.step(np.array([action]))
        before = one.unwrapped._episodes.ticks
        single, reward, is_terminated, is_truncated, info = one.step(action)
        assert (rewards[0], terminated[0], truncated[0]) == (reward, is_terminated, is_truncated)
        earned.add(reward)
        if is_terminated or is_truncated:
            ends += 1
            assert np.array_equal(infos["final_obs"][0], single)
            assert infos["final_info"]["ticks"][0] == info["ticks"]
            assert infos["final_info"]["outcome"][0] == info["outcome"]
            single = next_start(one, before + frame_skip - info["ticks"])
        else:
            assert infos == {}
        assert np.array_equal(batch[0], single)
        assert many.observation_space.contains(batch)
    assert ends >= 2
    assert {0.0, float(np.float32(0.1))} < earned
    assert min(earned) < -1.3


def test_seeds_are_reproducible_and_courts_differ():
    (one, first), (same, _), (other, _) = (rolled(courts(70, points=1, frame_skip=4), seed, 200) for seed in (7, 7, 8))
    assert all(np.array_equal(a, b) for a, b in zip(one, same, strict=True))
    assert not np.array_equal(one[0], other[0])
    assert len({row.tobytes() for row in first}) == 70


def test_without_a_seed_a_reset_goes_on():
    env = courts(3)
    starts = [env.reset(seed=1)[0], env.reset()[0], env.reset(seed=1)[0], env.reset()[0]]
    assert not np.array_equal(starts[0], starts[1])
    assert np.array_equal(starts[0], starts[2])
    assert np.array_equal(starts[1], starts[3])
    assert not np.array_equal(courts(3).reset()[0], courts(3).reset()[0])


def test_ended_episodes_are_told_as_gymnasium_does():
    """The same keys, masks and types as Gymnasium's own vector of single environments gives."""
    own, theirs = (
        courts(4, points=1, frame_skip=4),
        gymnasium.make_vec(
            ID,
            num_envs=4,
            vectorization_mode="sync",
            vector_kwargs={"autoreset_mode": AutoresetMode.SAME_STEP},
            points=1,
            frame_skip=4,
        ),
    )
    for env in (own, theirs):
        env.reset(seed=1)
    told = []
    for env in (own, theirs):
        infos = {}
        while "final_obs" not in infos:
            observations, rewards, terminated, truncated, infos = env.step(np.zeros(4, np.int64))
        told.append((observations, rewards, terminated, truncated, infos))
    for ours, model in zip(told[0][:4], told[1][:4], strict=True):
        assert (ours.shape, ours.dtype) == (model.shape, model.dtype)
    ours, model = told[0][4], told[1][4]
    assert {"final_obs", "_final_obs", "final_info", "_final_info"} <= set(ours) & set(model)
    assert set(ours["final_info"]) <= set(model["final_info"])
    assert ours["final_obs"].dtype == model["final_obs"].dtype == object
    ended = told[0][2] | told[0][3]
    assert np.array_equal(ours["_final_obs"], ended)
    assert [row is not None for row in ours["final_obs"]] == ended.tolist()


def test_record_episode_statistics():
    env = RecordEpisodeStatistics(courts(64, points=1, frame_skip=4))
    env.reset(seed=1)
    returns = np.zeros(64)
    lengths = np.zeros(64, int)
    seen = 0
    for _ in range(300):
        _, rewards, terminated, truncated, infos = env.step(env.action_space.sample())
        returns += rewards
        lengths += 1
        ended = terminated | truncated
        if ended.any():
            seen += ended.sum()
            assert np.array_equal(infos["episode"]["r"][ended], returns[ended])
            assert np.array_equal(infos["episode"]["l"][ended], lengths[ended])
            assert set(np.abs(returns[ended & terminated])) == {1.0}
            returns[ended] = lengths[ended] = 0
    assert env.episode_count == seen > 64


def test_several_opponents_share_the_courts():
    mixed = courts(6, opponent=("tracker", ScriptedPolicy.of(GAME, "aimer")), points=1)
    trackers, aimers = courts(6, opponent="tracker", points=1), courts(6, opponent="aimer", points=1)
    (observations, *_), (left, *_), (right, *_) = (rolled(env, 3, 300)[0] for env in (mixed, trackers, aimers))
    assert np.array_equal(observations[:, :3], left[:, :3])
    assert np.array_equal(observations[:, 3:], right[:, 3:])
    assert not np.array_equal(left, right)


def test_what_is_returned_is_the_callers_own():
    env = courts(2, points=1, frame_skip=16)
    answers = [env.reset(seed=1)]
    while "final_obs" not in answers[-1][-1]:
        answers.append(env.step(np.zeros(2, np.int64)))
    answers.append(env.step(np.zeros(2, np.int64)))
    arrays = [array for answer in answers for array in answer[:-1]]
    assert not any(np.shares_memory(one, other) for one, other in itertools.combinations(arrays, 2))
    final = next(row for row in answers[-2][-1]["final_obs"] if row is not None)
    assert not np.shares_memory(final, env.unwrapped._courts.final_observations)


@pytest.mark.parametrize("actions", [np.array([0, 3]), np.array([-1, 0]), np.array([0]), np.array([0.0, 1.0])])
def test_illegal_actions_are_refused(actions):
    env = courts(2)
    env.reset(seed=1)
    with pytest.raises(error.InvalidAction, match=r"needed|allowed"):
        env.step(actions)


def test_misuse_is_refused():
    with pytest.raises(error.ResetNeeded):
        courts(2).step(np.zeros(2, np.int64))
    with pytest.raises(ValueError, match="num_envs is 0"):
        courts(0)
    with pytest.raises(ValueError, match="points is 22"):
        courts(1, points=22)
    with pytest.raises(UnknownNameError, match="tracker"):
        faces.VectorMatchEnv(2, opponent=("tracker", "trakker"))
