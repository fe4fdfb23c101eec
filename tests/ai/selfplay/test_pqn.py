"""Values of actions on the courts of self-play: the same fields as in the trainer ``dqn``, and the same bits after a stop."""

import json

import numpy as np
import pytest

from ai.dqn import DqnConfig
from ai.dqn.compiled_engine import CompiledEngine
from ai.errors import RunFailedError, TrainingError
from ai.selfplay import SelfPlayConfig
from ai.selfplay.pqn import _SHARED, Pqn, dqn_config
from ai.selfplay.rollout import CourtGroup, Opposition
from game.games.rally import GAME
from game.policies.bank import build_bank
from game.vector import SELF
from tests.ai.dqn.learners import same_arrays
from tests.ai.selfplay.learners import PQN, config_of, courts_of
from tests.game import networks


def pqn_of(groups=1, seed=1, **changes):
    """Return the algorithm, and the groups of courts that it plays: two against itself, two against bots."""
    config = config_of(**{**PQN, "minibatch_size": 16, "courts": 4 * groups, **changes})
    algorithm = Pqn(config, courts_of(groups, 6), np.random.default_rng(seed))
    opposition = Opposition(build_bank([networks.bot(name) for name in ("tracker", "aimer")]), np.zeros(2, np.int32))
    courts = [
        CourtGroup(GAME, opposition, np.array([SELF, SELF, 0, 1], np.int32), 50 + group, (1, config.frame_skip))
        for group in range(groups)
    ]
    return algorithm, courts


def rounds(algorithm, courts, count, done=0.1):
    """Play and learn; return what it came to."""
    found = []
    for _ in range(count):
        algorithm.begin(done)
        stats = [algorithm.collect(group, each, (0.5, 0.0)) for group, each in enumerate(courts)]
        learned = algorithm.learn(done)
        found.append((stats[0][:4], stats[0].by_opponent.tolist(), learned))
    return found


def test_fields_mean_the_same_as_in_the_trainer_dqn():
    config = config_of(
        **PQN, hidden=(7, 5), layer_norm=False, gamma=0.9, trace_lambda=0.3, action_gap=0.2, learning_rate=0.02,
        learning_rate_end=0.01, epsilon_start=0.8, epsilon_end=0.1, epsilon_share=0.4, max_grad_norm=3.0, steps=12_345,
    )  # fmt: skip
    found = dqn_config(config, courts_of(2, 24))
    shared = (set(SelfPlayConfig.model_fields) & set(DqnConfig.model_fields)) - {
        "engine", "device", "opponents", "snapshot_steps", "evaluate_steps", "evaluation_pairs", "report_steps", "past_share",
        "hit_reward", "miss_penalty", "shaping_end", "checkpoint_steps", "checkpoint_s", "episode_points",
    }  # fmt: skip
    assert {name: getattr(found, name) for name in shared} == {name: getattr(config, name) for name in shared}
    assert {"gamma", "epsilon_end", "action_gap", "steps", "courts"} <= shared
    assert found.minibatches == 2 * 24 * 8 // 64


def test_what_is_allowed_here_is_allowed_there():
    """So that no run of self-play ends in an error of another trainer's configuration."""
    here, there = (each.model_json_schema()["properties"] for each in (SelfPlayConfig, DqnConfig))
    for name in _SHARED:
        for bound, least in (
            ("minimum", min),
            ("exclusiveMinimum", min),
            ("maximum", max),
            ("exclusiveMaximum", max),
            ("maxItems", max),
        ):
            if bound in there[name]:
                assert least(here[name][bound], there[name][bound]) == there[name][bound], (name, bound)


@pytest.mark.parametrize(("minibatch_size", "minibatches"), [(1, 32), (16, 3), (32, 1)])
def test_minibatches_are_at_least_as_large_as_asked_for(minibatch_size, minibatches):
    algorithm, courts = pqn_of(minibatch_size=minibatch_size, epochs=2)
    [(_, _, learned)] = rounds(algorithm, courts, 1)
    assert learned.updates == 2 * minibatches


def test_epsilon_falls_from_all_to_few_and_actions_are_random_by_its_share():
    algorithm, courts = pqn_of(
        epsilon_start=1.0, epsilon_end=0.0, epsilon_share=0.5, learning_rate=1e-9, learning_rate_end=1e-9
    )
    found = {done: rounds(algorithm, courts, 1, done)[0][2].values["epsilon"] for done in (0.0, 0.25, 0.5, 1.0)}
    assert found == pytest.approx({0.0: 1.0, 0.25: 0.5, 0.5: 0.0, 1.0: 0.0})
    assert set(rounds(algorithm, courts, 1)[0][2].values) == {"value_loss", "gradient_norm", "epsilon"}


def test_greedy_actions_are_those_of_the_player():
    algorithm, courts = pqn_of(epsilon_start=0.0, epsilon_end=0.0)
    algorithm.begin(1.0)
    player = algorithm.policy(algorithm.parameters)
    algorithm.collect(0, courts[0], (0.0, 0.0))
    seen, taken = algorithm._columns.observations[0, :8], algorithm._columns.actions[0, :8]
    hidden = seen.astype(np.float64)
    for weights, biases in zip(player.weights, player.biases, strict=True):
        sums = hidden @ weights.T.astype(np.float64) + biases
        shifted = sums - sums.mean(-1, keepdims=True)
        hidden = np.maximum(shifted / np.sqrt(np.square(shifted).mean(-1, keepdims=True) + 1e-5), 0.0)
    assert sums.argmax(-1).tolist() == taken.tolist()


def test_a_draw_is_no_win_and_results_are_counted_by_opponent():
    algorithm, courts = pqn_of()
    stats = []
    for _ in range(60):
        algorithm.begin(0.0)
        stats.append(algorithm.collect(0, courts[0], (0.0, 0.0)))
        algorithm.learn(0.0)
    by_opponent = sum(each.by_opponent for each in stats)
    assert by_opponent.shape == (2, 3)
    assert not by_opponent[:, 1].any()
    assert (by_opponent[:, 0] <= by_opponent[:, 2]).all()
    assert 10 < by_opponent[:, 2].sum() < sum(each.episodes for each in stats)


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("after", [1, 2])
def test_a_state_goes_on_as_it_would_have(groups, after):
    """The columns hold two rollouts in turn."""
    algorithm, courts = pqn_of(groups)
    other, others = pqn_of(groups, seed=2)
    rounds(algorithm, courts, after)
    arrays, numbers = algorithm.state()
    kept = {name: array.copy() for name, array in arrays.items()}
    other.restore(arrays, json.loads(json.dumps(numbers)))
    for mine, its in zip(courts, others, strict=True):
        its.restore(mine.state())
        its.face(Opposition(mine.env.bank, mine.env.courts.holds), mine.env.courts.following.copy())
    assert rounds(algorithm, courts, 3) == rounds(other, others, 3)
    assert same_arrays(algorithm.state()[0], other.state()[0])
    assert algorithm.state()[1] == other.state()[1]
    assert same_arrays(arrays, kept)


def test_a_restart_forgets_the_optimiser_and_what_follows_does_not_depend_on_what_was():
    """Two that have lived differently are the same from there on."""
    (one, courts), (other, others) = pqn_of(seed=1), pqn_of(seed=2)
    rounds(one, courts, 3)
    rounds(other, others, 1)
    start = one.parameters
    for algorithm in (one, other):
        algorithm.restart(start)
        state, _ = algorithm.state()
        assert (state["moment_1"].any(), state["moment_2"].any(), state["updates"].tolist()) == (False, False, [0])
        assert algorithm.parameters.tobytes() == start.tobytes()
    before = other.parameters
    other.restart(None)
    assert other.parameters.tobytes() != before.tobytes()


def test_the_state_of_another_network_or_of_other_courts_is_refused():
    algorithm, _ = pqn_of()
    state = algorithm.state()
    for changes in ({"hidden": (9,)}, {"rollout_steps": 6}, {"groups": 2}):
        with pytest.raises(TrainingError, match="checkpoint"):
            pqn_of(**changes)[0].restore(*state)
    for missing in ("columns-rewards", "target", "parameters"):
        arrays = {name: array for name, array in state[0].items() if name != missing}
        with pytest.raises(TrainingError, match="checkpoint"):
            algorithm.restore(arrays, state[1])
    for missing in state[1]:
        numbers = {name: value for name, value in state[1].items() if name != missing}
        with pytest.raises(TrainingError, match="checkpoint"):
            algorithm.restore(state[0], numbers)


class Diverging(CompiledEngine):
    """An engine whose steps are far too long."""

    def fit(self, observations, actions, targets, learning_rate):
        return super().fit(observations, actions, targets, 1e30)


def test_a_loss_that_is_no_number_ends_the_run_and_says_when(monkeypatch):
    monkeypatch.setattr("ai.selfplay.pqn.CompiledEngine", Diverging)
    algorithm, courts = pqn_of(layer_norm=False, steps=40_000)
    with pytest.raises(
        RunFailedError, match=r"^the loss is .* at step 10,000: training has diverged; the last checkpoint"
    ):
        rounds(algorithm, courts, 9, 0.25)
