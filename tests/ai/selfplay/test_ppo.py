"""Proximal policy optimisation: what is written down, what is learned from it, in which order, and what stays as it is."""

import json

import numpy as np
import pytest

from ai.errors import RunFailedError, TrainingError
from ai.selfplay.algorithm import check_finite, learning_rate, linear
from ai.selfplay.compiled_engine import CompiledEngine
from ai.selfplay.engine import UpdateStats
from ai.selfplay.ppo import Ppo
from ai.selfplay.rollout import CourtGroup, Opposition
from ai.trainer import Opponent
from game.games.rally import GAME
from game.policies.bank import build_bank
from game.vector import SELF
from tests.ai.dqn.learners import same_arrays
from tests.ai.selfplay.learners import config_of, courts_of, threads
from tests.game import networks

SHAPING = (0.5, 0.25)


class Recording(CompiledEngine):
    """Keeps what it was asked."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.asked = []
        self.kl = 0.0

    def update_rows(self, samples, places, learning_rate, entropy_weight):
        self.asked.append((places.copy(), learning_rate, entropy_weight))
        return super().update_rows(samples, places, learning_rate, entropy_weight)._replace(kl=self.kl)


def ppo_of(groups=1, agents=6, seed=1, **changes):
    """Return the algorithm, and the groups of courts that it plays: two against itself, two against bots."""
    config = config_of(minibatch_size=8, courts=4 * groups, **changes)
    algorithm = Ppo(config, courts_of(groups, agents), np.random.default_rng(seed), threads())
    opposition = Opposition(build_bank([networks.bot(name) for name in ("tracker", "aimer")]), np.zeros(2, np.int32))
    courts = [
        CourtGroup(GAME, opposition, np.array([SELF, SELF, 0, 1], np.int32), 50 + group, (1, config.frame_skip))
        for group in range(groups)
    ]
    return algorithm, courts


def collect(algorithm, courts, shaping=SHAPING):
    return [algorithm.collect(group, each, shaping) for group, each in enumerate(courts)]


def rounds(algorithm, courts, count, done=0.1):
    """Play and learn; return what it came to."""
    found = []
    for _ in range(count):
        algorithm.begin(done)
        found.append((collect(algorithm, courts), algorithm.learn(done)))
    return found


def test_steps_episodes_and_results_are_counted():
    algorithm, courts = ppo_of()
    total = [collect(algorithm, courts)[0] for _ in range(60)]
    episodes = sum(stats.episodes for stats in total)
    by_opponent = sum(stats.by_opponent for stats in total)
    assert {stats.steps for stats in total} == {8 * 6}
    assert by_opponent.shape == (2, 3)
    assert 20 < by_opponent[:, 2].sum() < episodes  # those against itself are nobody's
    assert (by_opponent[:, 0] + by_opponent[:, 1] <= by_opponent[:, 2]).all()
    assert sum(stats.episode_ticks for stats in total) > 30 * episodes


def test_the_rewards_of_the_two_seats_are_opposite_but_for_contacts():
    algorithm, courts = ppo_of()
    points = 0.0
    for _ in range(60):
        collect(algorithm, courts, (0.0, 0.0))
        rewards = algorithm._rewards[0]
        assert (rewards[:, :2] == -rewards[:, 4:]).all()
        points += np.abs(rewards[:, :2]).sum()
    assert points > 10
    shaped = False
    for _ in range(60):
        collect(algorithm, courts, (0.5, 0.0))
        total = algorithm._rewards[0][:, :2] + algorithm._rewards[0][:, 4:]
        assert (np.isin(total, (0.0, 0.5, 1.0))).all()
        shaped = shaped or (total > 0).any()
    assert shaped


def test_every_sample_is_learned_once_an_epoch_and_the_row_behind_the_last_step_never(monkeypatch):
    monkeypatch.setattr("ai.selfplay.ppo.CompiledEngine", Recording)
    falling = {"learning_rate": 1e-3, "learning_rate_end": 1e-4, "entropy_weight": 0.01, "entropy_weight_end": 0.001}
    algorithm, courts = ppo_of(groups=2, epochs=3, **falling)
    collect(algorithm, courts)
    learned = algorithm.learn(0.25)
    asked = algorithm._engine.asked
    updates = 2 * 8 * 6 // 8
    assert learned.updates == len(asked) == 3 * updates
    epochs = [np.concatenate([places for places, _, _ in asked[i * updates : (i + 1) * updates]]) for i in range(3)]
    inner = np.arange(2 * 9 * 6).reshape(2, 9, 6)[:, :8].ravel()
    assert all(sorted(epoch.tolist()) == inner.tolist() for epoch in epochs)
    assert len({epoch.tobytes() for epoch in epochs}) == 3
    rates, weights = ({each[place] for each in asked} for place in (1, 2))
    assert [*rates, *weights] == pytest.approx([1e-3 + 0.25 * (1e-4 - 1e-3), 0.01 + 0.25 * (0.001 - 0.01)])


def test_a_rest_that_fills_no_minibatch_is_left_out(monkeypatch):
    monkeypatch.setattr("ai.selfplay.ppo.CompiledEngine", Recording)
    algorithm, courts = ppo_of(epochs=2)
    algorithm._config = algorithm._config.model_copy(update={"minibatch_size": 20})
    collect(algorithm, courts)
    assert algorithm.learn(0.0).updates == 2 * 2
    assert {len(places) for places, _, _ in algorithm._engine.asked} == {20}


@pytest.mark.parametrize(("kl", "epochs"), [(0.0, 4), (0.009, 4), (0.02, 1)])
def test_a_round_ends_when_the_policy_has_moved_far(monkeypatch, kl, epochs):
    monkeypatch.setattr("ai.selfplay.ppo.CompiledEngine", Recording)
    algorithm, courts = ppo_of(epochs=4, target_kl=0.01)
    algorithm._engine.kl = kl
    collect(algorithm, courts)
    assert algorithm.learn(0.0).updates == epochs * 6


def test_the_policy_that_plays_is_that_of_the_last_round_of_learning():
    algorithm, courts = ppo_of()
    before = algorithm.parameters
    collect(algorithm, courts)
    assert algorithm.parameters.tobytes() == before.tobytes()
    first = algorithm.learn(0.0)
    assert algorithm.parameters.tobytes() != before.tobytes()
    assert set(first.values) == {"policy_loss", "value_loss", "entropy", "kl", "clipped", "gradient_norm"}
    assert first.values["entropy"] == pytest.approx(np.log(3), abs=0.05)
    kept = algorithm.parameters
    kept[:] = 7.0
    assert algorithm.parameters.tobytes() != kept.tobytes()


@pytest.mark.parametrize("name", ["policy_loss", "value_loss", "grad_norm"])
def test_what_is_no_number_ends_the_run_with_a_sentence(monkeypatch, name):
    def update_rows(self, samples, places, learning_rate, entropy_weight):
        return UpdateStats(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)._replace(**{name: float("nan")})

    monkeypatch.setattr(Recording, "update_rows", update_rows)
    monkeypatch.setattr("ai.selfplay.ppo.CompiledEngine", Recording)
    algorithm, courts = ppo_of()
    collect(algorithm, courts)
    what = {"grad_norm": "gradient"}.get(name, name.replace("_", " "))
    with pytest.raises(
        RunFailedError, match=f"^the {what} is nan: training has diverged; the last checkpoint before it is kept"
    ):
        algorithm.learn(0.0)


def test_schedules_are_lines():
    assert linear(2.0, 1.0, 0.25) == 1.75
    assert learning_rate(config_of(learning_rate=0.4, learning_rate_end=0.1), 1.0) == pytest.approx(0.1)
    check_finite(one=1.0, other=-1e300)


@pytest.mark.parametrize("groups", [1, 2])
def test_a_state_goes_on_as_it_would_have(groups):
    algorithm, courts = ppo_of(groups)
    other, others = ppo_of(groups, seed=2)
    rounds(algorithm, courts, 2)
    arrays, numbers = algorithm.state()
    kept = {name: array.copy() for name, array in arrays.items()}
    other.restore(arrays, json.loads(json.dumps(numbers)))
    for mine, its in zip(courts, others, strict=True):
        its.restore(mine.state())
        its.face(Opposition(mine.env.bank, mine.env.courts.holds), mine.env.courts.following.copy())
    assert other.parameters.tobytes() == algorithm.parameters.tobytes()
    one, same = rounds(algorithm, courts, 2), rounds(other, others, 2)
    assert [learned for _, learned in one] == [learned for _, learned in same]
    assert same_arrays(algorithm.state()[0], other.state()[0])
    assert same_arrays(arrays, kept)


def test_the_state_of_another_network_is_refused():
    algorithm, _ = ppo_of()
    for other in (ppo_of(hidden=(9,))[0], ppo_of(hidden=(8, 8))[0]):
        with pytest.raises(TrainingError, match=r"^the checkpoint's 'parameters' is float32"):
            other.restore(*algorithm.state())
    arrays, numbers = algorithm.state()
    with pytest.raises(TrainingError, match="random state"):
        algorithm.restore(arrays, {**numbers, "rng": 3})


def test_a_restart_forgets_the_optimiser_and_takes_the_parameters_or_new_ones():
    algorithm, courts = ppo_of()
    rounds(algorithm, courts, 2)
    given = algorithm.parameters
    for parameters in (given, None):
        rounds(algorithm, courts, 1)
        algorithm.restart(parameters)
        state, _ = algorithm.state()
        assert not state["moment_1"].any()
        assert not state["moment_2"].any()
        assert state["updates"].tolist() == [0]
    fresh = algorithm.parameters
    algorithm.restart(None)
    assert len({each.tobytes() for each in (given, fresh, algorithm.parameters)}) == 3
    rounds(algorithm, courts, 1)


# Beginning with a player


def begun(value_steps, **changes):
    """Return the algorithm that begins with a player, its courts, and that player."""
    source, courts = ppo_of(seed=8, **changes)
    rounds(source, courts, 3)
    player = source.policy(source.parameters)
    algorithm, _ = ppo_of(value_steps=value_steps, **changes)
    algorithm.begin_with(player, "veteran")
    return algorithm, courts, player


@pytest.mark.parametrize("layer_norm", [True, False])
def test_the_player_stays_as_it_is_while_only_its_value_is_learned(layer_norm):
    """Its value begins at 0; nine rollouts of 48 steps begin within 400 steps."""
    algorithm, courts, player = begun(400, layer_norm=layer_norm)
    bits = player.pack().reals.tobytes()
    assert algorithm.policy(algorithm.parameters).pack().reals.tobytes() == bits
    first = algorithm.parameters
    collect(algorithm, courts)
    assert not algorithm._values.any()
    algorithm.learn(0.0)
    rounds(algorithm, courts, 8)
    assert algorithm.policy(algorithm.parameters).pack().reals.tobytes() == bits
    changed = np.flatnonzero(algorithm.parameters != first)
    width, head = 8, algorithm._network.head_begin
    assert set(changed.tolist()) <= {*range(head + 3 * width, head + 4 * width), len(first) - 1}
    assert len(changed) > 3
    rounds(algorithm, courts, 1)
    assert algorithm.policy(algorithm.parameters).pack().reals.tobytes() != bits


def test_without_such_steps_all_is_learned_at_once():
    algorithm, courts, player = begun(0)
    rounds(algorithm, courts, 1)
    assert algorithm.policy(algorithm.parameters).pack().reals.tobytes() != player.pack().reals.tobytes()


def test_the_steps_that_are_left_are_in_the_state():
    algorithm, courts, player = begun(100)
    rounds(algorithm, courts, 1)
    other, others = ppo_of(value_steps=100)
    other.restore(*algorithm.state())
    for _ in range(2):
        assert other.policy(other.parameters).pack().reals.tobytes() == player.pack().reals.tobytes()
        rounds(other, others, 1)
    rounds(other, others, 1)
    assert other.policy(other.parameters).pack().reals.tobytes() != player.pack().reals.tobytes()


@pytest.mark.parametrize(
    "player", [networks.bot("aimer"), networks.dense(np.random.default_rng(0), (5,))], ids=["bot", "width"]
)
def test_another_kind_of_player_is_refused(player):
    algorithm, _ = ppo_of()
    before = algorithm.parameters
    found = Opponent("veteran", "hash", player)
    with pytest.raises(
        TrainingError, match=r"^player 'veteran' is no network of layers \d+, 8 and 3 actions with layer norm"
    ):
        algorithm.begin_with(found.policy, found.name)
    assert algorithm.parameters.tobytes() == before.tobytes()
