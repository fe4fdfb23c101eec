"""The compiled engine makes the papers' updates, the same again after a stop, and refuses what is of another network."""

import numpy as np
import pytest

from ai.dqn.compiled_engine import CompiledEngine
from ai.dqn.engine import EngineSettings
from ai.errors import TrainingError
from tests.ai.dqn import oracles
from tests.ai.dqn.small_networks import NETWORKS, batch_of, parameters_of


@pytest.fixture(params=NETWORKS, ids=oracles.shape_of)
def network(request):
    return request.param


def test_values_are_those_of_the_formula(network):
    parameters, batch = parameters_of(network), batch_of(network, 33)
    engine = CompiledEngine(network, parameters, EngineSettings())
    assert engine.values(batch.observations) == pytest.approx(
        oracles.values_of(network, parameters, batch.observations), rel=1e-5, abs=1e-5
    )


def test_gradients_add_up_over_parts(network):
    """Gradient accumulation: three parts of a batch make the step of the whole."""
    parameters, batch = parameters_of(network), batch_of(network, 32)
    whole = CompiledEngine(network, parameters, EngineSettings(max_grad_norm=0.5))
    parts = CompiledEngine(network, parameters, EngineSettings(max_grad_norm=0.5, micro_batches=3))
    for _ in range(3):
        one, other = whole.update(batch, 1e-3), parts.update(batch, 1e-3)
        assert (one.loss, one.mean_q, one.grad_norm) == pytest.approx(
            (other.loss, other.mean_q, other.grad_norm), rel=1e-4
        )
        assert one.errors == pytest.approx(other.errors, rel=1e-3, abs=1e-5)
    assert whole.parameters == pytest.approx(parts.parameters, rel=1e-3, abs=1e-5)
    assert np.abs(whole.parameters - parameters).max() > 1e-3


@pytest.mark.parametrize("is_double", [False, True])
def test_an_update_is_the_papers_update(network, is_double):
    """Some updates of the engine against targets, finite differences, clipping and Adam in float64; the target moves twice."""
    parameters = parameters_of(network)
    settings_ = EngineSettings(is_double=is_double, huber_delta=0.7, max_grad_norm=0.4)
    engine = CompiledEngine(network, parameters, settings_)
    adam, target = oracles.Adam(parameters, settings_.adam_epsilon), parameters.astype(np.float64)
    for update in range(4):
        batch = batch_of(network, seed=10 + update)
        goals = oracles.td_targets(
            (network, adam.theta, target), is_double, batch.returns, batch.discounts, batch.next_observations
        )
        samples = (batch.observations, batch.actions, goals, batch.weights)

        def loss(place, samples=samples):
            return oracles.loss_of(network, place, samples, settings_.huber_delta)

        expected, slope = loss(adam.theta), oracles.slope_of(loss, adam.theta)
        stats = engine.update(batch, 3e-3)
        assert stats.loss == pytest.approx(expected, rel=1e-3)
        assert stats.grad_norm == pytest.approx(np.linalg.norm(slope), rel=1e-3)
        adam.step(oracles.clipped(slope, settings_.max_grad_norm), 3e-3)
        # Adam divides what is nearly nothing by itself: such slopes are only bounded
        is_sure = np.abs(slope) > 1e-4
        assert engine.parameters[is_sure] == pytest.approx(adam.theta[is_sure], rel=5e-3, abs=2e-3)
        adam.theta = engine.parameters.astype(np.float64)
        if update == 1:
            engine.sync_target(0.25)
            target = target + 0.25 * (adam.theta - target)
        if update == 2:
            engine.sync_target()
            target = adam.theta.copy()


def test_scaled_steps_are_learning_from_standardised_observations(network):
    """With first parameters and steps by 1 / deviation, and observations as they are, it is the same course."""
    magnitudes = np.linspace(0.2, 4, network.sizes[0]).astype(np.float32)
    scales, first = network.step_scales(magnitudes), parameters_of(network)
    plain = EngineSettings(adam_epsilon=1e-12, max_grad_norm=1e6)
    raw = CompiledEngine(network, first * scales, plain, scales)
    standardised = CompiledEngine(network, first, plain)
    for seed in range(4):
        batch = batch_of(network, 32, seed)
        seen, following = (part * magnitudes for part in (batch.observations, batch.next_observations))
        one = raw.update(batch._replace(observations=seen, next_observations=following), 1e-3)
        other = standardised.update(batch, 1e-3)
        assert (one.loss, one.mean_q) == pytest.approx((other.loss, other.mean_q), rel=1e-3, abs=1e-4)
    is_sure = np.abs(standardised.state()["moment_1"]) > 1e-5
    assert raw.parameters[is_sure] == pytest.approx((standardised.parameters * scales)[is_sure], rel=1e-2, abs=1e-3)
    assert network.step_scales(None).tolist() == [1.0] * network.size
    assert (scales != 1).sum() >= (network.sizes[0] - 1) * network.sizes[1]


def test_fitting_learns_what_it_is_given():
    network = NETWORKS[2]
    engine = CompiledEngine(network, parameters_of(network), EngineSettings())
    batch = batch_of(network, 64)
    targets = np.sin(batch.observations.sum(axis=1)).astype(np.float32)
    losses = [engine.fit(batch.observations, batch.actions, targets, 1e-2).loss for _ in range(300)]
    assert losses[-1] < 0.1 * losses[0]


def test_an_engine_restored_goes_on_with_the_same_bits():
    network = NETWORKS[2]
    engine, other = (CompiledEngine(network, parameters_of(network, seed), EngineSettings()) for seed in (1, 2))
    for seed in range(3):
        engine.update(batch_of(network, seed=seed), 1e-3)
    engine.sync_target(0.5)
    engine.update(batch_of(network, seed=8), 1e-3)
    state = engine.state()
    other.restore(state)
    for seed in range(3):
        one, two = (each.update(batch_of(network, seed=20 + seed), 1e-3) for each in (engine, other))
        assert one[:3] == two[:3]
        assert one.errors.tobytes() == two.errors.tobytes()
    assert engine.parameters.tobytes() == other.parameters.tobytes()
    assert state["updates"].tolist() == [4]


@pytest.mark.parametrize("name", ["parameters", "target", "moment_1", "moment_2", "updates"])
def test_the_state_of_another_network_is_refused(name):
    engine = CompiledEngine(NETWORKS[0], parameters_of(NETWORKS[0]), EngineSettings())
    state = engine.state()
    message = "how many updates" if name == "updates" else f"^the checkpoint's '{name}' is "
    with pytest.raises(TrainingError, match=message):
        engine.restore({key: array for key, array in state.items() if key != name})
    with pytest.raises(TrainingError, match=message):
        engine.restore({**state, name: np.zeros(7, state[name].dtype)})
    wrong = CompiledEngine(NETWORKS[2], parameters_of(NETWORKS[2]), EngineSettings())
    with pytest.raises(
        TrainingError, match=r"'parameters' is float32\[\d+\], this network has \d+ parameters: resume with"
    ):
        wrong.restore(state)
