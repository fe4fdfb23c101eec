"""One learner: its courts, its rollouts, what restarts change, and a state that comes back before and after it has played."""

import json

import numpy as np
import pytest

from ai.errors import TrainingError
from ai.selfplay.agent import Agent
from ai.selfplay.matchmaking import CURRENT
from ai.selfplay.roles import Role
from ai.selfplay.rollout import Opposition
from ai.trainer import Opponent
from game.games.rally import GAME
from game.policies.bank import build_bank
from game.vector import SELF
from tests.ai.dqn.learners import same_arrays
from tests.ai.selfplay.learners import PQN, config_of, magnitudes, threads
from tests.game import networks

NAMES = ("still", "tracker", "aimer", "predictor")


def agent_of(role=Role.MAIN, seed=1, **changes):
    return Agent(config_of(**changes), role, GAME, seed, magnitudes(), threads())


def opposition(names=NAMES):
    return Opposition(build_bank([networks.bot(name) for name in names]), np.zeros(len(names), np.int32))


def train(agent, count=1, opponents=None, names=NAMES, done=0.1):
    """Let an agent make rollouts against the policies of the bank in turn; return what happened."""
    rows = np.resize(np.arange(len(names), dtype=np.int32) if opponents is None else np.int32(opponents), agent.shape)
    return [agent.train(opposition(names), rows, done) for _ in range(count)]


def counted(stats):
    """Return stats as numbers that can be compared."""
    return [(each[:4], each.by_opponent.tolist()) for each in stats]


@pytest.mark.parametrize(
    ("role", "courts", "share", "shape", "agents"),
    [
        (Role.MAIN, 16, 0.5, (1, 8), 24),
        (Role.MAIN, 16, 1.0, (1, 0), 32),
        (Role.MAIN, 16, 0.0, (1, 16), 16),
        (Role.MAIN, 256, 0.25, (2, 96), 160),
        (Role.MAIN_EXPLOITER, 16, 0.5, (1, 16), 16),
        (Role.LEAGUE_EXPLOITER, 256, 1.0, (2, 128), 128),
    ],
)
def test_only_the_main_agent_plays_itself_and_a_rollout_is_as_large_as_it_says(role, courts, share, shape, agents):
    others = {"past_share": 1.0 - share, "hard_share": 0.0}
    agent = agent_of(role, courts=courts, self_share=share, **others)
    assert agent.shape == shape
    [stats] = train(agent)
    assert stats.steps == agent.rollout_size == agent.steps == agent.since_snapshot == shape[0] * agents * 8
    assert agent.self_share == (share if role is Role.MAIN else 0.0)
    for group in agent._groups:
        assert (group.env.courts.opponents == SELF).sum() == agents - courts // shape[0]


def test_what_it_learned_is_that_of_its_last_rollout():
    agent = agent_of()
    train(agent, 2)
    assert agent.learned.updates == 2 * (24 * 8 // 64)
    assert agent.learned.values["entropy"] > 0.5


def test_shaping_falls_along_a_line():
    """Rewards of contacts and penalties of misses, at the beginning, on the way and at the end."""
    agent = agent_of(hit_reward=0.4, miss_penalty=0.2, shaping_end=0.5)
    seen = []
    real = agent._algorithm.collect

    def collect(group, courts, shaping):
        seen.append(shaping)
        return real(group, courts, shaping)

    agent._algorithm.collect = collect
    for done in (0.0, 0.5, 1.0):
        train(agent, done=done)
    assert seen == [pytest.approx(pair) for pair in ((0.4, 0.2), (0.3, 0.15), (0.2, 0.1))]


def test_episodes_are_credited_to_who_has_played_them():
    """Nobody but the policy that was faced first is met before the first episodes have ended."""
    agent = agent_of(Role.MAIN_EXPLOITER, frame_skip=8)
    first = train(agent, 1, [1])
    before = sum(first[0].by_opponent[:, 2])
    met = np.array([each.by_opponent[:, 2] for each in train(agent, 30, [2])])
    assert not met[:, [0, 3]].any()
    assert met[:, 1].sum() + before == 16  # one episode a court
    assert met[:, 2].sum() > 16
    assert not met[-1, 1]


@pytest.mark.parametrize("changes", [{}, PQN, {"courts": 256, "minibatch_size": 256}], ids=["ppo", "pqn", "groups"])
@pytest.mark.parametrize("after", [0, 1, 3])
def test_a_state_goes_on_as_it_would_have(changes, after):
    """Also before its first rollout, when it has no courts yet, and when it is kept again before it was faced."""
    agent, other = agent_of(**changes), agent_of(seed=1, **changes)
    train(agent, after)
    agent.parent = 3 if after else None
    arrays, numbers = agent.state()
    kept = {name: array.copy() for name, array in arrays.items()}
    other.restore(arrays, json.loads(json.dumps(numbers)))
    again = other.state()
    assert same_arrays(again[0], kept)
    assert again[1] == numbers
    assert counted(train(agent, 3, [3, 1])) == counted(train(other, 3, [3, 1]))
    assert same_arrays(agent.state()[0], other.state()[0])
    assert agent.state()[1] == other.state()[1]
    assert same_arrays(arrays, kept)


@pytest.mark.parametrize("is_restored", [False, True])
def test_who_leaves_the_bank_leaves_the_courts_also_of_one_that_has_just_been_restored(is_restored):
    agent = agent_of(Role.LEAGUE_EXPLOITER)
    train(agent, 1, [1, 2, 3, 0])
    train(agent, 1, [3, 3, 2, 1])
    state = agent.state()[0]
    kept = {name: array.copy() for name, array in state.items()}
    if is_restored:
        other = agent_of(Role.LEAGUE_EXPLOITER)
        other.restore(*agent.state())
        agent = other
    agent.drop(2)
    after = agent.state()[0]
    moved = {0: 0, 1: 1, 2: CURRENT, 3: 2}
    for name in ("courts-0/opponents", "courts-0/following"):
        assert after[name].tolist() == [moved[who] for who in kept[name].tolist()]
        assert after[name].dtype == np.int32
    assert same_arrays(state, kept)
    stats = train(agent, 20, [0], ("still", "tracker", "predictor"))
    assert sum(each.by_opponent[2, 2] for each in stats) > 0


def test_a_restart_changes_the_network_and_its_optimiser_and_nothing_on_the_courts():
    agent, main = agent_of(Role.MAIN_EXPLOITER), agent_of(seed=9)
    train(agent, 2)
    courts = {name: array for name, array in agent.state()[0].items() if "/" in name}
    agent.restart(main.parameters, 4)
    assert agent.parameters.tobytes() == main.parameters.tobytes()
    assert (agent.parent, agent.restarts) == (4, 1)
    assert same_arrays({name: array for name, array in agent.state()[0].items() if "/" in name}, courts)
    agent.restart(None, None)
    assert agent.parameters.tobytes() != main.parameters.tobytes()
    assert (agent.parent, agent.restarts) == (None, 2)
    train(agent, 1)


def test_the_state_of_another_agent_is_refused():
    agent = agent_of()
    train(agent)
    arrays, numbers = agent.state()
    for missing in ("steps", "restarts", "groups", "algorithm", "since_snapshot"):
        with pytest.raises(
            TrainingError, match=r"^the checkpoint's learners do not fit this configuration: start a new run$"
        ):
            agent.restore(arrays, {name: value for name, value in numbers.items() if name != missing})
    with pytest.raises(TrainingError, match="do not fit this configuration"):
        agent_of(courts=256).restore(arrays, numbers)


def test_values_begin_with_no_player():
    with pytest.raises(
        TrainingError, match=r"^start_from is 'veteran'; it works with algorithm ppo alone, leave it out$"
    ):
        agent_of(**PQN).begin_with(Opponent("veteran", "hash", agent_of().player))
