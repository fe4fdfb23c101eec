"""The compiled arithmetic of learning, held against the formulas of the papers in float64 and plain Python."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai.dense import kernels as dense
from ai.dqn import kernels, sampling
from ai.dqn.columns import new_columns
from tests.ai.dqn import oracles
from tests.ai.dqn.small_networks import NETWORKS, SIZE, batch_of, parameters_of


@pytest.fixture(params=NETWORKS, ids=oracles.shape_of)
def network(request):
    return request.param


def gradient_of(network, parameters, samples, delta):
    """Return the kernel's gradient, errors and sums."""
    sizes, size = np.array(network.sizes, np.int64), len(samples[1])
    head = np.zeros(network.folded_size, np.float32)
    dense.fold_head(parameters, sizes, int(network.is_dueling), head)
    widths = network.sizes[1:]
    counts = (size * sum(widths), network.norms_size(size), size * max(widths), size * max(widths))
    work = tuple(np.zeros(count, np.float32) for count in counts)
    errors, gradient = np.zeros(size, np.float32), np.zeros(network.size, np.float32)
    rules = (int(network.is_dueling), np.float32(delta), np.float32(1.0 / size))
    sums = kernels.add_gradient((parameters, head), sizes, rules, samples, work, errors, gradient)
    return gradient, errors, sums


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
        norm = dense.adam(
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


@pytest.mark.parametrize("is_double", [0, 1])
def test_targets_of_transitions(network, is_double):
    online, target = parameters_of(network, 5), parameters_of(network, 6)
    batch, sizes = batch_of(network, 60), np.array(network.sizes, np.int64)
    heads = []
    for each in (online, target):
        head = np.zeros(network.folded_size, np.float32)
        dense.fold_head(each, sizes, int(network.is_dueling), head)
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
    sampling.gather_steps(tuple(columns), places, n, np.float32(gamma), batch)
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
    sampling.trace_targets(
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
    sampling.draw_places(state, np.array(first, np.int64), np.array(counts, np.int64), (rows, agents), places)
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
    sampling.draw_places(state, *arguments, one)
    sampling.draw_places(state, *arguments, two)
    assert drawn([0], [10], 12, 3, 100).tolist() == [*one.tolist(), *two.tolist()]
    assert one.tolist() != two.tolist()


def test_cells_are_those_of_the_grid_and_its_edges_catch_what_lies_beyond():
    grid = np.array([(2, 4), (0, 3)], np.int64)
    visited = np.zeros(12, np.uint8)
    seen = np.array([[-1.0, 9, -1.0], [0.99, 9, -0.4], [5.0, 9, 7.0], [-5.0, 9, 0.1], [1.0, 9, 1.0]], np.float32)
    sampling.visit(seen, grid, visited)
    cells = {(0, 0), (1, 2), (3, 2), (2, 0)}
    assert np.flatnonzero(visited).tolist() == sorted(4 * 0 + 3 * first + second for first, second in cells)
