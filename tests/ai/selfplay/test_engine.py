"""The compiled engine makes the papers' updates, the same bits on any number of threads and after a stop."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from ai.errors import TrainingError
from ai.selfplay.compiled_engine import MOST_SHARDS, SHARD, CompiledEngine
from ai.selfplay.engine import STATE_NAMES, LossSettings, normalisation
from tests.ai.dqn.oracles import Adam, clipped
from tests.ai.selfplay import oracles
from tests.ai.selfplay.small_networks import NETWORKS, SMALL, parameters_of, same_state, samples_of


def engine_of(network=SMALL, settings=None, seed=1, **options):
    return CompiledEngine(network, parameters_of(network, seed), settings or LossSettings(), **options)


def trained(engine, samples, updates, size=300, seed=5):
    """Train on rows drawn at random, with schedules; return the stats."""
    rng, stats = np.random.default_rng(seed), []
    for k in range(updates):
        places = rng.integers(0, len(samples.actions), size)
        stats.append(engine.update_rows(samples, places, 3e-3 / (1 + 0.1 * k), 0.02 / (1 + k)))
    return np.array(stats)


@pytest.mark.parametrize("network", NETWORKS, ids=oracles.shape_of)
@pytest.mark.parametrize("is_normalising", [True, False])
def test_an_update_is_that_of_the_papers(network, is_normalising):
    """Gradient by autograd in float64, clipped by its norm, a step of Adam with a scale for each parameter."""
    rng = np.random.default_rng(2)
    settings = LossSettings(0.15, 0.7, 0.4, 1e-4, is_normalising)
    scales = rng.uniform(0.5, 3.0, network.size).astype(np.float32)
    engine = engine_of(network, settings, scales=scales)
    adam, norms = Adam(parameters_of(network), 1e-4, scales), []
    for k in range(4):
        samples, rate, entropy_weight = samples_of(network, 50, seed=k), 2e-3 / (k + 1), 0.05 / (k + 1)
        parts, gradient = oracles.loss_and_gradient(network, adam.theta, samples, settings, entropy_weight)
        norms.append(np.linalg.norm(gradient))
        adam.step(clipped(gradient, 0.4), rate)
        stats = engine.update(samples, rate, entropy_weight)
        assert stats[:5] == pytest.approx(parts, rel=1e-3, abs=1e-5)
        assert stats.grad_norm == pytest.approx(norms[-1], rel=1e-3)
        assert engine.parameters == pytest.approx(adam.theta, rel=1e-3, abs=1e-4)
    assert max(norms) > 0.4
    assert np.abs(engine.parameters - parameters_of(network)).max() > 1e-3


def test_twenty_updates_raise_what_is_good():
    """Actions of one kind are good, the values are constant: the policy and the values get there."""
    samples = samples_of(SMALL, 400)
    samples.log_probabilities[:] = np.log(1 / 3)
    samples.advantages[:] = np.where(samples.actions == 1, 1.0, -1.0)
    samples.returns[:] = 2.0
    engine = engine_of()
    stats = [engine.update(samples, 1e-2, 0.0) for _ in range(20)]
    assert stats[-1].policy_loss < stats[0].policy_loss - 0.1
    assert stats[-1].value_loss < 0.3 * stats[0].value_loss
    chosen = np.exp(oracles.log_probabilities_of(SMALL, engine.parameters, samples.observations)).mean(axis=0)
    assert chosen.argmax() == 1


def test_a_large_entropy_weight_evens_out_the_probabilities():
    samples = samples_of(SMALL, 200)
    samples.advantages[:] = 0.0
    engine = engine_of(settings=LossSettings(value_weight=0.0))
    stats = [engine.update(samples, 1e-2, 1.0) for _ in range(60)]
    assert stats[0].entropy < 1.0
    assert stats[-1].entropy == pytest.approx(np.log(3), abs=0.01)


def test_scales_at_0_keep_parameters_as_they_are():
    """The value alone learns: its row of the head, and its bias."""
    scales = np.zeros(SMALL.size, np.float32)
    head, width = SMALL.head(scales), SMALL.sizes[-2]
    head[3 * width : 4 * width] = head[-1] = 0.5
    engine, samples = engine_of(), samples_of(SMALL, 100)
    engine.set_scales(scales)
    trained(engine, samples, 3)
    moved = engine.parameters != parameters_of(SMALL)
    assert not moved[scales == 0].any()
    assert moved[scales > 0].mean() > 0.8  # some hidden units are never active
    before = engine.parameters
    engine.set_scales(np.ones(SMALL.size, np.float32))
    engine.update(samples, 1e-3, 0.01)
    assert (engine.parameters != before).mean() > 0.8


class TestShards:
    """Minibatches of more than one shard."""

    SIZE = 2 * SHARD + 301

    MANY = MOST_SHARDS * SHARD + 501

    @pytest.mark.parametrize(("threads", "size"), [(1, SIZE), (2, SIZE), (3, SIZE), (2, MANY)])
    def test_any_number_of_threads_gives_the_same_bits(self, threads, size):
        samples = samples_of(SMALL, 4000)
        alone = engine_of()
        expected = trained(alone, samples, 5, size)
        with ThreadPoolExecutor(threads) as pool:
            engine = engine_of(pool=pool)
            assert trained(engine, samples, 5, size).tobytes() == expected.tobytes()
        same_state(engine.state(), alone.state())

    @pytest.mark.parametrize("size", [SIZE, MANY])
    def test_shards_add_up_to_the_whole(self, size):
        samples = samples_of(SMALL, size)
        parts, gradient = oracles.loss_and_gradient(SMALL, parameters_of(SMALL), samples, LossSettings(), 0.01)
        stats = engine_of().update(samples, 1e-3, 0.01)
        assert stats[:5] == pytest.approx(parts, rel=1e-3, abs=1e-6)
        assert stats.grad_norm == pytest.approx(np.linalg.norm(gradient), rel=1e-4)

    def test_sizes_come_and_go(self):
        """Work space of one size leaves nothing behind for another."""
        samples = samples_of(SMALL, 600)
        engine = engine_of()
        for size in (1, 600, 7, 600, 64, 65, 66, 600):
            engine.restore(engine_of().state())
            found = engine.update_rows(samples, np.arange(size), 1e-3, 0.01)
            assert found == engine_of().update(samples.rows(np.arange(size)), 1e-3, 0.01)


def test_rows_are_the_minibatch_of_these_rows():
    samples = samples_of(SMALL, 500)
    places = np.random.default_rng(4).permutation(500)[:300]
    one, other = engine_of(), engine_of()
    assert one.update_rows(samples, places, 1e-3, 0.01) == other.update(samples.rows(places), 1e-3, 0.01)
    same_state(one.state(), other.state())


class TestState:
    def test_resumed_is_never_stopped(self):
        samples = samples_of(SMALL, 500)
        straight, first, second = engine_of(), engine_of(), engine_of(seed=7)
        for engine in (straight, first):
            trained(engine, samples, 5)
        second.restore(first.state())
        same_state(second.state(), first.state())
        stats = [trained(engine, samples, 5, seed=6).tobytes() for engine in (straight, second)]
        assert stats[0] == stats[1]
        same_state(second.state(), straight.state())
        assert straight.state()["updates"].tolist() == [10]

    def test_copies_are_kept(self):
        samples, given = samples_of(SMALL, 50), parameters_of(SMALL)
        engine = CompiledEngine(SMALL, given, LossSettings())
        state, parameters = engine.state(), engine.parameters
        engine.update(samples, 1e-2, 0.01)
        assert state["parameters"].tolist() == parameters.tolist() == given.tolist() == parameters_of(SMALL).tolist()
        assert engine.parameters.tolist() != given.tolist()
        engine.restore(state)
        engine.update(samples, 1e-2, 0.01)
        assert state["parameters"].tolist() == parameters.tolist()

    @pytest.mark.parametrize("name", [*STATE_NAMES, "updates"])
    def test_what_is_no_state_of_this_network_is_refused_and_changes_nothing(self, name):
        engine = engine_of()
        before = engine.state()
        for wrong in (None, np.zeros(3, np.float32), np.zeros(before[name].shape, np.float64)):
            state = {**before, name: wrong} if wrong is not None else {n: a for n, a in before.items() if n != name}
            with pytest.raises(TrainingError, match="the checkpoint"):
                engine.restore(state)
        same_state(engine.state(), before)


class TestBadInput:
    def test_parameters_of_another_network(self):
        with pytest.raises(TrainingError, match=rf"parameters are float32\[7\]: .* needs float32\[{SMALL.size}\]"):
            CompiledEngine(SMALL, np.zeros(7, np.float32), LossSettings())
        with pytest.raises(TrainingError, match=r"scales are float64\[[0-9]+\]"):
            engine_of(scales=np.ones(SMALL.size))
        with pytest.raises(TrainingError, match=r"scales are float32\[7\]"):
            engine_of().set_scales(np.ones(7, np.float32))

    def test_a_loss_that_is_not_finite_is_returned(self):
        samples = samples_of(SMALL, 20)
        samples.returns[3] = np.nan
        stats = engine_of().update(samples, 1e-3, 0.01)
        assert np.isnan(stats.value_loss)
        assert np.isnan(stats.grad_norm)
        assert np.isfinite(stats.entropy)


class TestNormalisation:
    def test_mean_and_deviation(self):
        advantages = np.random.default_rng(1).normal(3.0, 2.0, 999).astype(np.float32)
        mean, factor = normalisation(advantages, is_normalising=True)
        assert (mean.dtype, factor.dtype) == (np.float32, np.float32)
        assert (advantages - mean) * factor == pytest.approx(oracles.normal(advantages, is_normalising=True), abs=1e-5)
        assert normalisation(advantages, is_normalising=False) == (0.0, 1.0)

    @pytest.mark.parametrize("count", [1, 3, 1000])
    def test_equal_advantages_become_0(self, count):
        mean, factor = normalisation(np.full(count, 0.1, np.float32), is_normalising=True)
        assert (np.float32(0.1) - mean) * factor == 0.0
