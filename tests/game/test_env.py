"""One match as Gymnasium and PettingZoo see it: their own checkers, and the rules of ``game.match``."""

import subprocess
import sys
import warnings
from pathlib import Path

import gymnasium
import numpy as np
import pytest
from gymnasium import error
from gymnasium.utils.env_checker import check_env

import game.env as faces
from game.errors import BotError, UnknownNameError
from game.games.rally import GAME
from game.match import Match, compiled_players, idle_action
from game.policies.python_bot import PythonPolicy
from game.policies.scripted import ScriptedPolicy
from game.spec import Seat
from tests.game.networks import dense

with warnings.catch_warnings(action="ignore", category=DeprecationWarning):  # it imports games by its own old names
    from pettingzoo.test import parallel_api_test, parallel_seed_test

ROOT = Path(__file__).resolve().parents[2]
ID = "rally/Rally-v1"


def made(**options):
    return gymnasium.make(ID, **options)


def played(env, seed, actions):
    """Return what an environment answers to ``actions``, as comparable bytes, going on to the next match at an end."""
    observation, info = env.reset(seed=seed)
    answers = [observation.tobytes()]
    for action in actions:
        observation, reward, terminated, truncated, info = env.step(action)
        answers.append((observation.tobytes(), reward, terminated, truncated, info["score"].tolist(), info["ticks"]))
        if terminated or truncated:
            answers.append(env.reset()[0].tobytes())
    return answers


@pytest.mark.parametrize("seat", faces.AGENTS)
@pytest.mark.parametrize("frame_skip", [1, 4])
def test_gymnasium_checker(seat, frame_skip):
    check_env(made(seat=seat, frame_skip=frame_skip, points=1).unwrapped)


def test_every_game_has_an_environment_also_by_the_module_name_alone():
    for game in faces.games():
        assert faces.environment_id(game) in gymnasium.registry
    code = (
        f"import gymnasium; e = gymnasium.make('game.env:{ID}', opponent='predictor'); e.reset(seed=1); e.step(0);"
        "import sys; assert not {'pygame', 'torch', 'PySide6'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, timeout=120)


def test_a_headless_run_does_not_load_gymnasium():
    code = (
        "import app.cli, ai.training, game.executors.pool, game.vector, league.season, sys;"
        "assert not {'gymnasium', 'pettingzoo', 'game.env'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, timeout=120)


@pytest.mark.parametrize("opponent", ["aimer", "network"])
@pytest.mark.parametrize("seat", list(Seat))
def test_a_match_is_the_match_of_two_compiled_players(seat, opponent):
    """A bot that plays through the environment gets the match that the kernels play, to the state hash."""
    bot = ScriptedPolicy.of(GAME, "predictor")
    other = ScriptedPolicy.of(GAME, "aimer") if opponent == "aimer" else dense(np.random.default_rng(3))
    env = made(opponent="aimer" if opponent == "aimer" else other, seat=seat.name.lower())
    observation, _ = env.reset(seed=4)
    seed = env.unwrapped._episodes.match.seed
    agents = compiled_players(GAME, (bot, other) if seat is Seat.LEFT else (other, bot), seed)
    straight, players = (
        Match(GAME, seed),
        compiled_players(GAME, (bot, other) if seat is Seat.LEFT else (other, bot), seed),
    )
    while not straight.is_over:
        straight.run(*players, 10_000)
    total, is_over = 0.0, False
    while not is_over:
        observation, reward, terminated, truncated, info = env.step(agents[seat].decide(observation))
        assert env.observation_space.contains(observation)
        total += reward
        is_over = terminated or truncated
    result = straight.result()
    assert env.unwrapped._episodes.match.digest() == straight.digest()
    assert info["ticks"] == result["ticks"][0]
    points = result["points"][0].tolist()
    assert info["score"].tolist() == (points if seat is Seat.LEFT else points[::-1])
    assert total == info["score"][0] - info["score"][1]
    assert info["outcome"] == np.sign(total)
    assert terminated


def test_the_match_of_an_environment_is_a_match_of_its_rules_with_frames_skipped():
    env = made(frame_skip=4, points=2)
    observation, _ = env.reset(seed=9)
    match = Match(GAME, env.unwrapped._episodes.match.seed, 2)
    _, tracker = compiled_players(GAME, (ScriptedPolicy.of(GAME, "tracker"),) * 2, match.seed)
    for action in np.random.default_rng(1).integers(0, 3, 200):
        observation, _, terminated, truncated, info = env.step(action)
        for _ in range(4):
            match.step(int(action), tracker.decide(match.observation(Seat.RIGHT)))
        assert np.array_equal(observation, match.observation(Seat.LEFT))
        if terminated or truncated:
            break
    assert terminated
    assert info["ticks"] == match.result()["ticks"][0]


def test_seeds_are_reproducible_and_matches_of_a_stream_differ():
    actions = np.random.default_rng(0).integers(0, 3, 1500)
    one, same, other = (played(made(points=1, frame_skip=2), seed, actions) for seed in (5, 5, 6))
    assert one == same
    assert one != other
    starts = [answer for answer in one if isinstance(answer, bytes)]
    assert len(starts) > 3
    assert len(set(starts)) == len(starts)


def test_without_a_seed_matches_differ():
    assert made().reset()[0].tobytes() != made().reset()[0].tobytes()


def test_a_match_that_runs_too_long_is_truncated():
    env = made(opponent=ScriptedPolicy.of(GAME, "aimer"), points=1, frame_skip=16)
    env.reset(seed=0)
    env.unwrapped._episodes.match._court.integers[29 * 64] = 30  # the tick limit of the only match
    steps = [env.step(1)[2:4] for _ in range(2)]
    assert steps == [(False, False), (False, True)]
    assert env.unwrapped._episodes.ticks == 30


@pytest.mark.parametrize("action", [3, -1, 0.5, "up", None])
def test_an_illegal_action_is_refused_with_what_is_allowed(action):
    env = faces.MatchEnv()
    env.reset(seed=1)
    with pytest.raises(error.InvalidAction, match=r"0 to 2 \(up, stay, down\)"):
        env.step(action)


def test_a_step_without_a_match_is_refused():
    env = faces.MatchEnv(points=1, frame_skip=16)
    with pytest.raises(error.ResetNeeded, match="reset"):
        env.step(0)
    env.reset(seed=1)
    while not env.step(0)[2]:
        pass
    with pytest.raises(error.ResetNeeded, match="over"):
        env.step(0)


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"points": 0}, ValueError, "points is 0: 1 to 21"),
        ({"frame_skip": 17}, ValueError, "frame_skip is 17: 1 to 16"),
        ({"hit_reward": -0.1}, ValueError, "hit_reward is -0.1: 0 to 10"),
        ({"miss_penalty": 11.0}, ValueError, "miss_penalty is 11.0: 0 to 10"),
        ({"seat": "top"}, ValueError, "left or right"),
        ({"opponent": "traker"}, UnknownNameError, "did you mean 'tracker'"),
        ({"game": "rallye"}, UnknownNameError, "rally"),
        ({"render_mode": "human"}, error.UnsupportedMode, "rgb_array"),
    ],
)
def test_options_that_are_not_allowed(options, kind, message):
    with pytest.raises(kind, match=message):
        faces.MatchEnv(**options)


def test_a_python_bot_is_no_opponent():
    bot = PythonPolicy.__new__(PythonPolicy)
    with pytest.raises(BotError, match="network"):
        faces.MatchEnv(opponent=bot)


def test_an_opponent_that_answers_nan_idles():
    network = dense(np.random.default_rng(1))
    network.biases[-1][:] = np.nan
    env = made(opponent=network, points=1)
    env.reset(seed=1)
    for _ in range(50):
        env.step(0)
    assert env.unwrapped._episodes.match.actions == (0, idle_action(GAME))


@pytest.mark.parametrize("make", [made, faces.parallel_env])
def test_pictures(make):
    pictures = make(render_mode="rgb_array", frame_skip=4)
    pictures.reset(seed=1)
    frame = pictures.render()
    assert frame.shape == (360, 640, 3)
    assert frame.dtype == np.uint8
    assert frame.std() > 1
    assert pictures.metadata["render_fps"] == 15
    text = make(render_mode="ansi")
    text.reset(seed=1)
    lines = text.render().splitlines()
    assert "0 : 0" in lines[0]
    assert sum(line.count("o") for line in lines[1:]) == 1
    assert sum(line.count("|") for line in lines[1:]) >= 4


def test_pettingzoo_checkers():
    parallel_api_test(faces.parallel_env(points=1), num_cycles=600)
    parallel_seed_test(lambda: faces.parallel_env(points=1, frame_skip=3), num_cycles=300)


def test_both_agents_of_the_parallel_face_play_one_match():
    env = faces.parallel_env(points=2, frame_skip=2, hit_reward=0.5, miss_penalty=0.25)
    observations, _ = env.reset(seed=3)
    match = Match(GAME, env._episodes.match.seed, 2)
    players = compiled_players(GAME, (ScriptedPolicy.of(GAME, "aimer"), ScriptedPolicy.of(GAME, "tracker")), match.seed)
    total = np.zeros(2)
    while env.agents:
        actions = {
            agent: player.decide(observations[agent]) for agent, player in zip(faces.AGENTS, players, strict=True)
        }
        observations, rewards, terminated, truncated, infos = env.step(actions)
        for _ in range(2):
            match.step(*actions.values())
        for agent, seat in zip(faces.AGENTS, Seat, strict=True):
            assert np.array_equal(observations[agent], match.observation(seat))
            assert env.observation_space(agent).contains(observations[agent])
        total += list(rewards.values())
    assert match.is_over
    assert terminated == {"left": True, "right": True}
    assert truncated == {"left": False, "right": False}
    assert (
        infos["left"]["score"].tolist()
        == infos["right"]["score"][::-1].tolist()
        == match.result()["points"][0].tolist()
    )
    lead = infos["left"]["score"][0] - infos["left"]["score"][1]
    result = match.result()
    shaped = 0.5 * result["hits"][0] - 0.25 * result["mean_miss"][0] * result["misses"][0]
    assert total == pytest.approx(np.array([lead, -lead]) + shaped, abs=1e-5)
    assert result["misses"][0].sum() > 0
    assert match.result()["hits"][0].min() > 0
    with pytest.raises(error.ResetNeeded):
        env.step({"left": 0, "right": 0})


@pytest.mark.parametrize("actions", [{"left": 0}, {"left": 0, "right": 3}])
def test_the_parallel_face_refuses_missing_and_illegal_actions(actions):
    env = faces.parallel_env()
    env.reset(seed=1)
    with pytest.raises(error.InvalidAction):
        env.step(actions)
