"""The compiled arithmetic of policy gradients, held against the formulas of the papers in float64."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai.selfplay import kernels
from ai.selfplay.engine import LossSettings, normalisation
from ai.selfplay.network import ActorCritic
from game.games.rally import GAME
from game.policies.bank import build_bank
from game.policies.scripted import ScriptedPolicy
from game.vector import SELF, VectorEnv
from tests.ai.selfplay import oracles
from tests.ai.selfplay.small_networks import NETWORKS, SMALL, parameters_of, samples_of

SIZE = 60


@pytest.fixture(params=NETWORKS, ids=oracles.shape_of)
def network(request):
    return request.param


# Gradients


def gradient_of(network, parameters, samples, loss, entropy_weight):
    """Return the kernel's gradient and means."""
    size, widths = len(samples.actions), network.sizes[1:]
    lengths = (size * sum(widths), network.norms_size(size), size * max(widths), size * max(widths), network.actions)
    work = tuple(np.zeros(length, np.float32) for length in lengths)
    norms = normalisation(samples.advantages, is_normalising=loss.is_normalising)
    numbers = (loss.clip_range, loss.value_weight, entropy_weight, *norms, 1.0 / size)
    gradient, sums = np.zeros(network.size, np.float32), np.zeros(kernels.N_SUMS)
    kernels.add_policy_gradient(
        (parameters, network.head(parameters)),
        np.array(network.sizes, np.int64),
        tuple(np.float32(number) for number in numbers),
        samples[:],
        work,
        gradient,
        sums,
    )
    return gradient, sums / size


@pytest.mark.parametrize(
    ("loss", "entropy_weight"),
    [
        (LossSettings(), 0.01),
        (LossSettings(clip_range=0.1, value_weight=1.5), 0.3),
        (LossSettings(is_normalising=False), 0.0),
        (LossSettings(clip_range=0.3, value_weight=0.0), 0.0),
    ],
    ids=["as preset", "much entropy", "advantages as they are", "policy alone"],
)
def test_the_gradient_is_that_of_autograd(network, loss, entropy_weight):
    parameters, samples = parameters_of(network), samples_of(network, SIZE)
    gradient, means = gradient_of(network, parameters, samples, loss, entropy_weight)
    expected_means, expected = oracles.loss_and_gradient(network, parameters, samples, loss, entropy_weight)
    assert means == pytest.approx(expected_means, rel=1e-4, abs=1e-6)
    assert gradient == pytest.approx(expected, rel=1e-3, abs=2e-6)
    assert np.abs(gradient).max() > 1e-2


def test_samples_lie_in_every_branch_of_the_clipped_surrogate(network):
    """Ratios above, within and below the clip range, each with advantages of both signs."""
    samples = samples_of(network, SIZE)
    now = oracles.log_probabilities_of(network, parameters_of(network), samples.observations)
    ratio = np.exp(now[np.arange(SIZE), samples.actions] - samples.log_probabilities)
    side = (ratio > 1.2).astype(int) - (ratio < 0.8)
    sign = np.sign(oracles.normal(samples.advantages, is_normalising=True))
    assert {*zip(side.tolist(), sign.tolist(), strict=True)} == {(s, g) for s in (-1, 0, 1) for g in (-1, 1)}


@pytest.mark.parametrize(
    ("change", "gain", "is_flat"), [(0.5, 1, True), (0.5, -1, False), (-0.5, -1, True), (-0.5, 1, False)]
)
def test_a_ratio_beyond_the_range_is_flat_where_going_on_would_gain(change, gain, is_flat):
    parameters, samples = parameters_of(SMALL), samples_of(SMALL, 1)
    now = oracles.log_probabilities_of(SMALL, parameters, samples.observations)[0, samples.actions[0]]
    samples.log_probabilities[0], samples.advantages[0] = now - change, gain
    loss = LossSettings(value_weight=0.0, is_normalising=False)
    gradient, means = gradient_of(SMALL, parameters, samples, loss, 0.0)
    assert (np.abs(gradient).max() == 0) == is_flat
    bound = 1 + np.copysign(0.2, change)
    assert means[0] == pytest.approx(-gain * (bound if is_flat else np.exp(change)), rel=1e-5)
    assert means[4] == 1.0


def test_gradients_and_sums_are_added_to_what_is_there():
    parameters, samples = parameters_of(SMALL), samples_of(SMALL, SIZE)
    loss = LossSettings(is_normalising=False)
    whole, means = gradient_of(SMALL, parameters, samples, loss, 0.01)
    halves = [gradient_of(SMALL, parameters, samples.rows(half), loss, 0.01) for half in np.arange(SIZE).reshape(2, -1)]
    assert (halves[0][0] + halves[1][0]) / 2 == pytest.approx(whole, rel=1e-4, abs=1e-6)
    assert (halves[0][1] + halves[1][1]) / 2 == pytest.approx(means, rel=1e-5)


def test_samples_are_gathered():
    samples, places = samples_of(SMALL, 20), np.array([3, 0, 19, 3], np.int64)
    batch = tuple(np.zeros_like(column[:4]) for column in samples)
    kernels.gather(places, samples[:], batch)
    for found, column in zip(batch, samples, strict=True):
        assert found.tolist() == column[places].tolist()


# Advantages


def estimated(rewards, flags, values, gamma, trace):
    found, returns = np.zeros_like(rewards), np.zeros_like(rewards)
    kernels.advantages(rewards, flags, values, (np.float32(gamma), np.float32(trace)), found, returns)
    return found, returns


@settings(max_examples=60, deadline=None)
@given(
    steps=st.integers(1, 9),
    seed=st.integers(0, 1000),
    gamma=st.floats(0.5, 1),
    trace=st.sampled_from([0.0, 0.3, 0.95, 1.0]),
)
def test_advantages_are_mixtures_of_all_estimates(steps, seed, gamma, trace):
    rng, agents = np.random.default_rng(seed), 5
    rewards = rng.normal(0, 1, (steps, agents)).astype(np.float32)
    values = rng.normal(0, 1, (steps + 1, agents)).astype(np.float32)
    flags = rng.choice([0, 0, 0, 1, 2], (steps, agents)).astype(np.uint8)
    found, returns = estimated(rewards, flags, values, gamma, trace)
    for a in range(agents):
        columns = [array[:, a].tolist() for array in (rewards, flags, values)]
        expected = [oracles.advantage(*(column[t:] for column in columns), gamma, trace) for t in range(steps)]
        assert found[:, a] == pytest.approx(expected, rel=1e-4, abs=1e-4)
    assert returns == pytest.approx(found + values[:-1], abs=1e-6)


def test_nothing_comes_over_an_end():
    rewards, values = np.zeros((4, 3), np.float32), np.ones((5, 3), np.float32)
    flags = np.array([(0, 0, 0), (0, 1, 2), (0, 0, 0), (0, 0, 0)], np.uint8)
    rewards[2:] = 100.0
    found, _ = estimated(rewards, flags, values, 1.0, 1.0)
    assert found[0].tolist() == [200.0, -1.0, 0.0]


# Collecting

COURTS, STEPS = 9, 70
SHAPING = (0.25, 0.125)
NETWORK = ActorCritic(GAME.n_observations, (12, 7), GAME.n_actions)


def environment():
    """Two agents on some courts; the others against two policies, which take turns when an episode ends."""
    bank = build_bank([ScriptedPolicy.of(GAME, name) for name in ("tracker", "predictor")])
    opponents = np.array([SELF] * 3 + [0] * 4 + [1] * 2, np.int32)
    env = VectorEnv(GAME, bank, opponents, 11, points=1, frame_skip=8)
    env.set_following(np.array([SELF] * 3 + [1] * 4 + [0] * 2, np.int32))
    env.hit_reward, env.miss_penalty = SHAPING
    return env


def collected(env, parameters, randoms):
    """Return the rollout that the kernel writes, and its tallies."""
    agents, widths = env.n_agents, NETWORK.sizes[1:]
    rollout = (
        np.zeros((STEPS + 1, agents, GAME.n_observations), np.float32),
        np.zeros((STEPS, agents), np.uint8),
        np.zeros((STEPS, agents), np.float32),
        np.zeros((STEPS, agents), np.uint8),
        np.zeros((STEPS, agents), np.float32),
        np.zeros((STEPS + 1, agents), np.float32),
    )
    rollout[0][0] = env.observations
    lengths = (agents * sum(widths), NETWORK.norms_size(agents))
    work = (*(np.zeros(length, np.float32) for length in lengths), np.zeros(agents, np.int32), np.zeros(3, np.float32))
    tallies = np.zeros((2, 3), np.int64), np.zeros(3)
    kernels.collect(
        env.courts,
        env.bank,
        tuple(np.float32(weight) for weight in SHAPING),
        (parameters, NETWORK.head(parameters), np.array(NETWORK.sizes, np.int64)),
        randoms,
        rollout,
        env.outcome,
        (env.work, *work),
        tallies,
    )
    return rollout, tallies


def drawn(probabilities, unit):
    """Return the action whose share of [0, 1) holds ``unit``."""
    return min(int((np.cumsum(probabilities) <= unit).sum()), len(probabilities) - 1)


def test_a_rollout_is_what_the_environment_plays_step_by_step():
    parameters = parameters_of(NETWORK)
    ours, theirs = environment(), environment()
    randoms = np.arange(100, 100 + ours.n_agents).astype(np.uint64)
    states = randoms.tolist()
    (observations, actions, rewards, flags, log_probabilities, values), tallies = collected(ours, parameters, randoms)
    by_opponent, sums = np.zeros((2, 3), np.int64), np.zeros(3)
    for step in range(STEPS):
        assert observations[step].tobytes() == theirs.observations.tobytes()
        outputs = oracles.outputs_of(NETWORK, parameters, theirs.observations)
        logs = oracles.log_probabilities_of(NETWORK, parameters, theirs.observations)
        assert values[step] == pytest.approx(outputs[:, -1], rel=1e-4, abs=1e-5)
        units = []
        for i, state in enumerate(states):
            states[i], unit = oracles.split_mix(state)
            units.append(unit)
        choice = np.array([drawn(np.exp(row), unit) for row, unit in zip(logs, units, strict=True)], np.int32)
        assert actions[step].tolist() == choice.tolist()
        taken = np.take_along_axis(logs, choice[:, None].astype(np.int64), 1)[:, 0]
        assert log_probabilities[step] == pytest.approx(taken, rel=1e-4, abs=1e-5)
        theirs.step(choice)
        assert rewards[step].tobytes() == theirs.rewards.tobytes()
        assert flags[step].tolist() == (theirs.terminated + 2 * theirs.truncated).tolist()
        count(theirs, by_opponent, sums)
    assert observations[STEPS].tobytes() == theirs.observations.tobytes()
    assert values[STEPS] == pytest.approx(
        oracles.outputs_of(NETWORK, parameters, theirs.observations)[:, -1], rel=1e-4, abs=1e-5
    )
    assert randoms.tolist() == states
    assert tallies[0].tolist() == by_opponent.tolist()
    assert tallies[1] == pytest.approx(sums, abs=1e-4)
    assert by_opponent[:, 2].min() > 0
    assert sums[1] > by_opponent[:, 2].sum()


def count(env, by_opponent, sums):
    """Add to the tallies what the last step has come to."""
    for court, opponent in enumerate(env.outcome.opponents.tolist()):
        sums[0] += env.rewards[court]
        if env.terminated[court] or env.truncated[court]:
            sums[1:] += (1, env.outcome.ticks[court])
            if opponent != SELF:
                lead = int(env.outcome.leads[court])
                by_opponent[opponent] += (lead > 0, lead == 0, 1)
