"""Who plays against the learner: every player gets its share of the courts, and the learner's past too."""

import numpy as np
import pytest

from ai.dqn.network import Network
from ai.dqn.opponents import PAST_SELVES, Opponents
from ai.errors import TrainingError
from ai.trainer import Opponent
from game.games.rally import GAME
from game.policies.bank import build_bank
from game.policies.python_bot import PythonPolicy
from game.policies.scripted import ScriptedPolicy
from tests.ai.fakes import find_opponent
from tests.doubles import STILL

NETWORK = Network((GAME.n_observations, 4, GAME.n_actions))
NAMES = ("still", "random", "tracker", "predictor", "aimer")


def mix(count, past_share=0.0, shape=(2, 30)):
    return Opponents([find_opponent(name) for name in NAMES[:count]], past_share, shape, NETWORK)


def parameters(number):
    return np.full(NETWORK.size, number, np.float32)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
def test_courts_are_shared_out_evenly_in_runs_of_neighbours(count):
    found = mix(count).courts(3)
    assert (found.shape, found.dtype) == ((2, 30), np.int32)
    for row in found:
        shares = np.bincount(row, minlength=count)
        assert shares.max() - shares.min() <= 1
        assert (np.diff(row) >= 0).all()


@pytest.mark.parametrize("shape", [(1, 2), (1, 4), (4, 3), (8, 1)])
def test_where_courts_are_fewer_than_players_all_get_their_turn(shape):
    opponents = mix(5, shape=shape)
    played = [set(opponents.courts(iteration).ravel().tolist()) for iteration in range(10)]
    assert set.union(*played) == set(range(5))
    counts = np.bincount(np.concatenate([opponents.courts(i).ravel() for i in range(10)]), minlength=5)
    assert counts.max() == counts.min()


def test_past_selves_get_their_share_when_there_are_some():
    opponents = mix(2, past_share=0.4)
    assert set(opponents.courts(0).ravel().tolist()) == {0, 1}
    opponents.remember(parameters(1))
    opponents.remember(parameters(2))
    row = opponents.courts(0)[1]
    assert np.bincount(row, minlength=4).tolist() == [9, 9, 6, 6]
    wanted = build_bank([find_opponent("still").policy, find_opponent("random").policy,
                         NETWORK.policy(parameters(1)), NETWORK.policy(parameters(2))])  # fmt: skip
    assert all(one.tobytes() == other.tobytes() for one, other in zip(opponents.bank, wanted, strict=True))


@pytest.mark.parametrize("share", [0.9, 1.0])
def test_hardly_anyone_but_past_selves(share):
    opponents = mix(5, past_share=share)
    opponents.remember(parameters(1))
    seen = {index for iteration in range(10) for index in opponents.courts(iteration).ravel().tolist()}
    assert seen == ({5} if share == 1.0 else set(range(6)))


def test_only_the_newest_selves_are_kept_and_none_without_a_share():
    opponents, without = mix(2, past_share=0.5), mix(2)
    for number in range(PAST_SELVES + 3):
        opponents.remember(parameters(number))
        without.remember(parameters(number))
    kept = opponents.state()
    assert [kept[f"past-{i}"][0] for i in range(PAST_SELVES)] == list(range(3, PAST_SELVES + 3))
    assert len(opponents.bank.table) == 2 + PAST_SELVES
    assert set(opponents.courts(0).ravel().tolist()) == set(range(2 + PAST_SELVES))
    assert without.state() == {}
    assert len(without.bank.table) == 2


def test_the_past_survives_a_checkpoint_in_its_order():
    opponents, other = mix(2, past_share=0.5), mix(2, past_share=0.5)
    for number in range(PAST_SELVES + 3):
        opponents.remember(parameters(number))
    other.restore(opponents.state())
    assert all(one.tobytes() == two.tobytes() for one, two in zip(opponents.bank, other.bank, strict=True))
    assert opponents.courts(1).tolist() == other.courts(1).tolist()


def test_a_python_bot_is_refused_by_name():
    bot = Opponent("slowpoke", "hash", PythonPolicy(STILL))
    with pytest.raises(TrainingError, match=r"^opponent 'slowpoke' is a Python bot: only compiled players"):
        Opponents([find_opponent("still"), bot], 0.0, (1, 4), NETWORK)
    assert isinstance(find_opponent("still").policy, ScriptedPolicy)
