"""The compiled arithmetic of learning, held against the formulas of the papers in float64 and plain Python."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai.dqn import kernels
from ai.dqn.columns import new_columns
from ai.dqn.compiled_engine import CompiledEngine
from ai.dqn.engine import Batch, EngineSettings
from ai.dqn.network import Network
from ai.errors import TrainingError
from tests.ai.dqn import oracles

NETWORKS = [
    Network((4, 6, 3), True, False),
    Network((4, 5, 3), False, False),
    Network((5, 6, 7, 3), True, False),
    Network((5, 4, 6, 2), False, False),
    Network((3, 5, 4, 6, 3), True, False),
    Network((3, 4, 5, 3, 4), False, False),
    Network((4, 11, 3), True, True),
    Network((5, 9, 6, 3), True, True),
    Network((3, 5, 17, 6, 4), False, True),
]
SIZE = 11


@pytest.fixture(params=NETWORKS, ids=oracles.shape_of)
def network(request):
    return request.param


def parameters_of(network, seed=1):
    return (2 * network.initial(np.random.default_rng(seed))).astype(np.float32)


def batch_of(network, size=SIZE, seed=3):
    rng = np.random.default_rng(seed)
    inputs, actions = network.sizes[0], network.sizes[-1]
    return Batch(
        rng.normal(0, 1, (size, inputs)).astype(np.float32),
        rng.integers(0, actions, size).astype(np.int32),
        rng.normal(0, 1, size).astype(np.float32),
        (rng.random(size) * (rng.random(size) > 0.3)).astype(np.float32),
        rng.normal(0, 1, (size, inputs)).astype(np.float32),
        rng.uniform(0.1, 1, size).astype(np.float32),
    )


def gradient_of(network, parameters, samples, delta):
    """Return the kernel's gradient, errors and sums."""
    sizes, size = np.array(network.sizes, np.int64), len(samples[1])
    head = np.zeros(network.folded_size, np.float32)
    kernels.fold_head(parameters, sizes, int(network.is_dueling), head)
    widths = network.sizes[1:]
    counts = (size * sum(widths), network.norms_size(size), size * max(widths), size * max(widths))
    work = tuple(np.zeros(count, np.float32) for count in counts)
    errors, gradient = np.zeros(size, np.float32), np.zeros(network.size, np.float32)
    rules = (int(network.is_dueling), np.float32(delta), np.float32(1.0 / size))
    sums = kernels.add_gradient((parameters, head), sizes, rules, samples, work, errors, gradient)
    return gradient, errors, sums


def test_values_are_those_of_the_formula(network):
    parameters, batch = parameters_of(network), batch_of(network, 33)
    engine = CompiledEngine(network, parameters, EngineSettings())
    assert engine.values(batch.observations) == pytest.approx(
        oracles.values_of(network, parameters, batch.observations), rel=1e-5, abs=1e-5
    )


@pytest.mark.parametrize("delta", [0.3, 1.0, 100.0])
def test_the_gradient_is_the_slope_of_the_loss(network, delta):
    """Against central differences of the float64 loss, errors on both sides of delta among the samples."""
    parameters, batch = parameters_of(network), batch_of(network)
    samples = (batch.observations, batch.actions, batch.returns * 2, batch.weights)
    gradient, errors, (loss, total) = gradient_of(network, parameters, samples, delta)
    values = oracles.values_of(network, parameters, batch.observations)[np.arange(SIZE), batch.actions]
    assert errors == pytest.approx(values - samples[2], rel=1e-4, abs=1e-5)
    assert loss / SIZE == pytest.approx(oracles.loss_of(network, parameters, samples, delta), rel=1e-5)
    assert total == pytest.approx(values.sum(), rel=1e-4, abs=1e-5)
    if delta == 1.0:
        assert 0 < (np.abs(errors) > delta).sum() < SIZE
    slope = oracles.slope_of(
        lambda place: oracles.loss_of(network, place, samples, delta), parameters.astype(np.float64)
    )
    assert gradient == pytest.approx(slope, rel=1e-3, abs=2e-6)
    assert np.abs(gradient).max() > 1e-3


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


@pytest.mark.parametrize("most", [0.05, 1e6])
def test_adam_and_clipping_are_those_of_the_paper(most):
    network = NETWORKS[0]
    rng = np.random.default_rng(4)
    parameters = parameters_of(network)
    moments = (np.zeros(network.size, np.float32), np.zeros(network.size, np.float32))
    scales = rng.uniform(0.5, 3, network.size).astype(np.float32)
    oracle, mine = oracles.Adam(parameters, 1e-5, scales), parameters.copy()
    for update in range(1, 30):
        gradient = rng.normal(0, rng.choice([1e-4, 0.1, 3.0]), network.size).astype(np.float32)
        rate = 1e-2 / update
        norm = kernels.adam(
            mine,
            gradient,
            moments,
            (np.float32(rate), np.float32(0.9), np.float32(0.999), np.float32(1e-5)),
            (np.float32(1 - 0.9**update), np.float32(1 - 0.999**update)),
            np.float32(most),
            scales,
        )
        assert norm == pytest.approx(np.linalg.norm(gradient.astype(np.float64)), rel=1e-5)
        oracle.step(oracles.clipped(gradient.astype(np.float64), most), rate)
        assert mine == pytest.approx(oracle.theta, rel=1e-4, abs=1e-5)
    assert np.abs(mine - parameters).max() > 0.01


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


@pytest.mark.parametrize("is_double", [0, 1])
def test_targets_of_transitions(network, is_double):
    online, target = parameters_of(network, 5), parameters_of(network, 6)
    batch, sizes = batch_of(network, 60), np.array(network.sizes, np.int64)
    heads = []
    for each in (online, target):
        head = np.zeros(network.folded_size, np.float32)
        kernels.fold_head(each, sizes, int(network.is_dueling), head)
        heads.append(head)
    space = tuple(np.zeros(60 * sum(network.sizes[1:]), np.float32) for _ in range(2))
    targets = np.zeros(60, np.float32)
    kernels.td_targets(
        (online, heads[0], target, heads[1]),
        sizes,
        is_double,
        (batch.returns, batch.discounts, batch.next_observations),
        space,
        np.zeros(network.norms_size(60), np.float32),
        targets,
    )
    whole = ((network, online, target), batch.returns, batch.discounts, batch.next_observations)
    expected, other = (oracles.td_targets(whole[0], double, *whole[1:]) for double in (is_double, 1 - is_double))
    assert targets == pytest.approx(expected, rel=1e-4, abs=1e-5)
    assert np.abs(expected - other).max() > 1e-2


def test_scaled_steps_are_learning_from_standardised_observations(network):
    """With first parameters and steps by 1 / deviation, and observations as they are, it is the same course."""
    deviations = np.linspace(0.2, 4, network.sizes[0]).astype(np.float32)
    scales, first = network.step_scales(deviations), parameters_of(network)
    plain = EngineSettings(adam_epsilon=1e-12, max_grad_norm=1e6)
    raw = CompiledEngine(network, first * scales, plain, scales)
    standardised = CompiledEngine(network, first, plain)
    for seed in range(4):
        batch = batch_of(network, 32, seed)
        seen, following = (part * deviations for part in (batch.observations, batch.next_observations))
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


# Transitions of n steps


def filled_columns(history, rows, groups, agents):
    """Return columns in which step t of [groups][agents][t] lies at row t modulo ``rows``; what a step sees names it."""
    columns = new_columns((groups, rows, agents), 3)
    for g in range(groups):
        for a in range(agents):
            for t, (reward, flag) in enumerate(history[g][a]):
                row = t % rows
                columns.observations[g, row, a] = (t, g, a)
                columns.actions[g, row, a] = (t + a) % 3
                columns.rewards[g, row, a], columns.flags[g, row, a] = reward, flag
    return columns


def gathered(columns, places, n, gamma):
    size = len(places)
    batch = (
        np.zeros((size, 3), np.float32),
        np.zeros(size, np.int32),
        np.zeros(size, np.float32),
        np.zeros(size, np.float32),
        np.zeros((size, 3), np.float32),
    )
    kernels.gather_steps(tuple(columns), places, n, np.float32(gamma), batch)
    return batch


@settings(max_examples=40, deadline=None)
@given(
    length=st.integers(20, 60),
    rows=st.integers(12, 20),
    n=st.integers(1, 6),
    seed=st.integers(0, 1000),
    gamma=st.floats(0.5, 1),
)
def test_steps_are_gathered_as_in_a_plain_loop(length, rows, n, seed, gamma):
    """Round the ring, over ends and cuts; the places are those of the newest rows."""
    groups, agents = 2, 3
    rng = np.random.default_rng(seed)
    rewards, flags = (
        rng.choice(choice, (groups, agents, length)).tolist() for choice in ([-1.0, 0.0, 0.5], [0, 0, 0, 1, 2])
    )
    history = [[list(zip(rewards[g][a], flags[g][a], strict=True)) for a in range(agents)] for g in range(groups)]
    columns = filled_columns(history, rows, groups, agents)
    starts = [(g, t, a) for g in range(groups) for t in range(length - rows, length - n) for a in range(agents)]
    places = np.array([(g * rows + t % rows) * agents + a for g, t, a in starts], np.int64)
    batch = gathered(columns, places, n, gamma)
    for i, (g, t, a) in enumerate(starts):
        total, discount, following = oracles.n_step(history[g][a], t, n, gamma)
        assert batch[0][i].tolist() == [t, g, a]
        assert batch[1][i] == (t + a) % 3
        assert batch[2][i] == pytest.approx(total, abs=1e-4)
        assert batch[3][i] == pytest.approx(discount, abs=1e-5)
        if following is not None:
            assert batch[4][i].tolist() == [following, g, a]


def test_a_truncated_step_teaches_nothing_and_ends_what_leads_to_it():
    history = [[[(1.0, 0), (1.0, 0), (1.0, 2), (1.0, 0), (1.0, 1), (1.0, 0), (1.0, 0), (1.0, 0)]]]
    columns = filled_columns(history, 8, 1, 1)
    batch = gathered(columns, np.arange(5), 3, 0.5)
    assert batch[2].tolist() == [1.5, 1.0, 0.0, 1.5, 1.0]
    assert batch[3].tolist() == [0.25, 0.5, 1.0, 0.0, 0.0]
    assert batch[4][:3, 0].tolist() == [2.0, 2.0, 2.0]


# Lambda returns


def traced(values, taken, rewards, flags, gamma, trace, gap=0.0):
    targets = np.zeros(rewards.shape, np.float32)
    kernels.trace_targets(
        values, taken, rewards, flags, (np.float32(gamma), np.float32(trace), np.float32(gap)), targets
    )
    return targets


def rollout(steps, agents, actions, rng, flags):
    values = rng.normal(0, 1, (steps + 1, agents, actions)).astype(np.float32)
    taken = rng.integers(0, actions, (steps, agents)).astype(np.uint8)
    rewards = rng.normal(0, 1, (steps, agents)).astype(np.float32)
    return values, taken, rewards, flags.astype(np.uint8)


@settings(max_examples=60, deadline=None)
@given(
    steps=st.integers(1, 8),
    seed=st.integers(0, 1000),
    gamma=st.floats(0.5, 1),
    trace=st.sampled_from([0.0, 0.3, 0.9, 1.0]),
)
def test_lambda_returns_are_mixtures_of_all_n_step_returns(steps, seed, gamma, trace):
    rng = np.random.default_rng(seed)
    flags = (rng.random((steps, 5)) < 0.2).astype(np.int64)
    values, taken, rewards, flags = rollout(steps, 5, 3, rng, flags)
    targets = traced(values, taken, rewards, flags, gamma, trace)
    best = values.max(axis=2)
    for a in range(5):
        for t in range(steps):
            expected = oracles.lambda_return(rewards[t:, a], flags[t:, a], best[t:, a], gamma, trace)
            assert targets[t, a] == pytest.approx(expected, rel=1e-4, abs=1e-4)


def test_a_truncated_step_of_a_rollout_is_its_own_target_and_passes_its_value_on():
    rng = np.random.default_rng(1)
    flags = np.zeros((5, 1), np.int64)
    flags[2] = 2
    values, taken, rewards, flags = rollout(5, 1, 3, rng, flags)
    targets = traced(values, taken, rewards, flags, 0.9, 0.7)[:, 0]
    own = values[2, 0, taken[2, 0]]
    assert targets[2] == own
    expected = rewards[1, 0] + 0.9 * (0.7 * own + 0.3 * values[2, 0].max())
    assert targets[1] == pytest.approx(expected, rel=1e-5)
    alone = traced(values[3:], taken[3:], rewards[3:], flags[3:], 0.9, 0.7)[:, 0]
    assert targets[3:].tolist() == alone.tolist()


def test_an_action_gap_pushes_down_what_is_not_best():
    """Advantage learning: less gap * (max Q - Q of the taken action), and no trace carries it on."""
    values, taken, rewards, flags = rollout(6, 4, 3, np.random.default_rng(2), np.zeros((6, 4), np.int64))
    plain = traced(values, taken, rewards, flags, 0.95, 0.8)
    pushed = traced(values, taken, rewards, flags, 0.95, 0.8, gap=0.25)
    own = np.take_along_axis(values[:6], taken[..., None].astype(np.int64), axis=2)[..., 0]
    assert pushed == pytest.approx(plain - 0.25 * (values[:6].max(axis=2) - own), rel=1e-4, abs=1e-5)
    assert (pushed <= plain).all()


# Drawing places and counting cells


def drawn(first, counts, rows, agents, size, seed=5):
    places = np.zeros(size, np.int64)
    state = np.array([seed], np.uint64)
    kernels.draw_places(state, np.array(first, np.int64), np.array(counts, np.int64), (rows, agents), places)
    return places


def test_places_are_drawn_uniformly_and_only_within_the_window():
    """Chi-square on a fixed seed, three groups with windows of different length, one that runs round the ring."""
    first, counts, rows, agents = [3, 17, 0], [5, 9, 0], 20, 4
    places = drawn(first, counts, rows, agents, 40_000)
    allowed = [
        (g * rows + (begin + r) % rows) * agents + a
        for g, (begin, count) in enumerate(zip(first, counts, strict=True))
        for r in range(count)
        for a in range(agents)
    ]
    assert set(places.tolist()) == set(allowed)
    found = np.bincount(places, minlength=3 * rows * agents)[allowed]
    expected = 40_000 / len(allowed)
    chi_square = float(((found - expected) ** 2 / expected).sum())
    degrees = len(allowed) - 1
    assert abs(chi_square - degrees) < 3 * np.sqrt(2 * degrees)


def test_draws_go_on_from_the_state():
    state = np.array([5], np.uint64)
    arguments = (np.zeros(1, np.int64), np.array([10], np.int64), (12, 3))
    one, two = np.zeros(50, np.int64), np.zeros(50, np.int64)
    kernels.draw_places(state, *arguments, one)
    kernels.draw_places(state, *arguments, two)
    assert drawn([0], [10], 12, 3, 100).tolist() == [*one.tolist(), *two.tolist()]
    assert one.tolist() != two.tolist()


def test_cells_are_those_of_the_grid_and_its_edges_catch_what_lies_beyond():
    grid = np.array([(2, 4), (0, 3)], np.int64)
    visited = np.zeros(12, np.uint8)
    seen = np.array([[-1.0, 9, -1.0], [0.99, 9, -0.4], [5.0, 9, 7.0], [-5.0, 9, 0.1], [1.0, 9, 1.0]], np.float32)
    kernels.visit(seen, grid, visited)
    cells = {(0, 0), (1, 2), (3, 2), (2, 0)}
    assert np.flatnonzero(visited).tolist() == sorted(4 * 0 + 3 * first + second for first, second in cells)
