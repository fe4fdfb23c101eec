"""The replay buffer: what it draws is there, whole, and not about to be overwritten."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai.dqn.columns import new_columns
from ai.dqn.replay import Replay, ReplaySettings
from ai.errors import TrainingError
from tests.ai.dqn.oracles import n_step

GAMMA = 0.9
AGENTS = 3


def flag_of(group, agent, step):
    """Return how a step ended, in no regular pattern."""
    return (1, 2, 0, 0, 0, 0, 0, 0, 0)[(step * 7 + group * 5 + agent * 3 + step * step) % 9]


def reward_of(group, agent, step):
    return float((step * 3 + agent + 2 * group) % 5) - 2.0


class Game:
    """Writes rounds as actors do; what a step sees names it, and what is overwritten next is spoilt at once."""

    def __init__(self, groups, rows, round_steps, n_step=3, *, is_prioritised=False, exponent=0.6, seed=1):
        self.columns = new_columns((groups, rows, AGENTS), 3)
        self.settings = ReplaySettings(n_step, GAMMA, round_steps, is_prioritised, exponent)
        self.replay = Replay(self.columns, self.settings, seed)
        self.heads = [0] * groups
        self.rows = rows

    def write(self, group, steps):
        """Write a round behind the newest row."""
        head = self.heads[group]
        assert self.replay.row(group) == head % self.rows
        for step in range(head, head + steps):
            row = step % self.rows
            for agent in range(AGENTS):
                self.columns.observations[group, row, agent] = (step, group, agent)
                self.columns.actions[group, row, agent] = (step + agent) % 3
                self.columns.rewards[group, row, agent] = reward_of(group, agent, step)
                self.columns.flags[group, row, agent] = flag_of(group, agent, step)
        self.heads[group] = head + steps
        self.columns.observations[group, self.heads[group] % self.rows] = [
            (self.heads[group], group, agent) for agent in range(AGENTS)
        ]

    def extend(self, group, steps):
        self.write(group, steps)
        self.replay.extend(group, steps)

    def spoil(self):
        """Write what the next round of every group writes, without saying so: it may happen while batches are drawn."""
        for group, head in enumerate(self.heads):
            at = np.arange(head, head + self.settings.round_steps) % self.rows
            self.columns.rewards[group, at] = np.nan
            self.columns.flags[group, at] = 2
            self.columns.observations[group, np.append(at[1:], (head + self.settings.round_steps) % self.rows)] = -1.0


def assert_true_transitions(game, batch):
    """Every transition is one of the game that was written, from its first state to its return."""
    n = game.settings.n_step
    for i in range(len(batch.actions)):
        step, group, agent = (int(value) for value in batch.observations[i])
        assert 0 <= step < game.heads[group]
        history = {t: (reward_of(group, agent, t), flag_of(group, agent, t)) for t in range(step, step + n)}
        total, discount, following = n_step(history, step, n, GAMMA)
        assert batch.actions[i] == (step + agent) % 3
        assert batch.returns[i] == pytest.approx(total, abs=1e-4)
        assert batch.discounts[i] == pytest.approx(discount, abs=1e-5)
        if following is not None:
            assert batch.next_observations[i].tolist() == [following, group, agent]


def steps_of(places, game):
    """Return (group, row, agent) of ``places``."""
    return np.stack(np.unravel_index(places, game.columns.shape), axis=1)


@settings(max_examples=60, deadline=None)
@given(
    extends=st.lists(st.integers(0, 2), min_size=3, max_size=45),
    round_steps=st.integers(1, 5),
    n=st.integers(1, 6),
    spare=st.integers(0, 9),
    is_prioritised=st.booleans(),
)
def test_every_transition_is_whole_and_nothing_that_is_being_overwritten(
    extends, round_steps, n, spare, is_prioritised
):
    """Groups whose heads go on unevenly; the next round is being written while batches are drawn."""
    rows = 2 * round_steps + n + 2 + spare
    game = Game(3, rows, round_steps, n, is_prioritised=is_prioritised)
    for number, group in enumerate(extends):
        game.extend(group, round_steps)
        expected = sum(max(0, min(head, rows - round_steps - 1) - n) for head in game.heads)
        assert game.replay.kept == expected * AGENTS
        assert game.replay.filled == sum(min(head, rows) for head in game.heads) * AGENTS
        if expected and number % 3 == 0:
            saved = [array.copy() for array in game.columns]
            game.spoil()
            batch, places = game.replay.draw(32, 0.5)
            assert_true_transitions(game, batch)
            for array, kept in zip(game.columns, saved, strict=True):
                array[...] = kept
            if is_prioritised:
                game.replay.learn_priorities(places, np.linspace(-2, 2, 32).astype(np.float32))


@pytest.mark.parametrize("is_prioritised", [False, True])
def test_all_that_can_be_drawn_is_drawn(is_prioritised):
    game = Game(2, 20, 4, is_prioritised=is_prioritised)
    for _ in range(9):
        game.extend(0, 4)
    for _ in range(2):
        game.extend(1, 4)
    seen = set()
    for _ in range(60):
        batch, _ = game.replay.draw(32, 1.0)
        seen |= {tuple(row) for row in batch.observations.astype(int).tolist()}
        assert batch.weights == pytest.approx(np.ones(32))
    first = 36 - (20 - 4 - 1)
    expected = {(step, 0, a) for step in range(first, 36 - 3) for a in range(AGENTS)}
    expected |= {(step, 1, a) for step in range(8 - 3) for a in range(AGENTS)}
    assert seen == expected
    assert len(expected) == game.replay.kept


def test_priorities_are_errors_and_weights_correct_their_bias():
    game = Game(1, 40, 4, is_prioritised=True, exponent=0.7)
    for _ in range(4):
        game.extend(0, 4)
    total = game.replay.kept
    weight = np.ones(total)
    for _ in range(30):
        batch, places = game.replay.draw(8, 1.0)
        rows = steps_of(places, game)
        index = rows[:, 1] * AGENTS + rows[:, 2]
        share = weight[index] / weight.sum()
        expected = (share * total) ** -1.0
        assert batch.weights == pytest.approx(expected / expected.max(), rel=1e-4)
        errors = (1.0 + index % 5).astype(np.float32) * np.where(index % 2, -1, 1)
        game.replay.learn_priorities(places, errors.astype(np.float32))
        weight[index] = (np.abs(errors) + 1e-3) ** 0.7
    counts = np.zeros(total)
    for _ in range(2000):
        _, places = game.replay.draw(8, 1.0)
        rows = steps_of(places, game)
        counts += np.bincount(rows[:, 1] * AGENTS + rows[:, 2], minlength=total)
    assert counts / counts.sum() == pytest.approx(weight / weight.sum(), abs=0.006)


@pytest.mark.parametrize("correction", [0.0, 0.4, 1.0])
def test_the_correction_is_the_exponent_of_the_weights(correction):
    game = Game(1, 40, 4, is_prioritised=True, exponent=1.0)
    for _ in range(4):
        game.extend(0, 4)
    _, places = game.replay.draw(64, correction)
    game.replay.learn_priorities(places, np.linspace(0.1, 3, 64).astype(np.float32))
    batch, _ = game.replay.draw(64, 1.0)
    whole = batch.weights.astype(np.float64).copy()
    state = game.replay.state(with_rows=True)
    assert len(set(whole.tolist())) > 3
    again = Game(1, 40, 4, is_prioritised=True, exponent=1.0)
    again.replay.restore({**state, "rng": game.replay.state(with_rows=False)["rng"]})
    game.replay.restore(state)
    one, where = game.replay.draw(64, correction)
    one, where = one.weights.copy(), where.copy()
    two, there = again.replay.draw(64, 1.0)
    assert where.tolist() == there.tolist()
    expected = two.weights.astype(np.float64) ** correction
    assert one == pytest.approx(expected / expected.max(), rel=1e-4)


def test_new_transitions_get_the_highest_priority_that_has_occurred():
    game = Game(1, 30, 5, is_prioritised=True, exponent=1.0)
    for _ in range(2):
        game.extend(0, 5)
    _, places = game.replay.draw(64, 1.0)
    game.replay.learn_priorities(places, np.full(64, 9.0, np.float32))
    places = places.copy()
    game.replay.learn_priorities(places, np.full(64, 0.5, np.float32))
    game.extend(0, 5)
    old, new = 0, 0
    for _ in range(200):
        batch, _ = game.replay.draw(16, 1.0)
        new += int((batch.observations[:, 0] >= 7).sum())
        old += int((batch.observations[:, 0] < 7).sum())
    assert new / (new + old) == pytest.approx(9.001 * 5 / (9.001 * 5 + 0.501 * 7), abs=0.03)


@pytest.mark.parametrize("is_prioritised", [False, True])
def test_a_buffer_restored_draws_the_same(is_prioritised):
    game, other = (Game(2, 20, 4, is_prioritised=is_prioritised, seed=seed) for seed in (1, 2))
    for group in (0, 1, 0, 0, 1, 0, 0, 0):
        game.extend(group, 4)
        if game.replay.kept:
            _, places = game.replay.draw(16, 0.5)
            game.replay.learn_priorities(places, np.linspace(-1, 3, 16).astype(np.float32))
    state = game.replay.state(with_rows=True)
    other.replay.restore(state)
    other.heads = list(game.heads)
    for _ in range(4):
        for each in (game, other):
            each.extend(1, 4)
        one, two = (each.replay.draw(16, 0.5) for each in (game, other))
        assert one[1].tolist() == two[1].tolist()
        assert all(a.tobytes() == b.tobytes() for a, b in zip(one[0], two[0], strict=True))
        for each, (_, places) in ((game, one), (other, two)):
            each.replay.learn_priorities(places, np.linspace(-4, 1, 16).astype(np.float32))


@pytest.mark.parametrize("is_prioritised", [False, True])
def test_without_rows_a_restored_buffer_is_empty_whatever_was_in_it(is_prioritised):
    game = Game(2, 20, 4, is_prioritised=is_prioritised)
    for _ in range(6):
        game.extend(0, 4)
    state = game.replay.state(with_rows=False)
    assert set(state) == {"rng"}
    game.replay.restore(state)
    game.heads = [0, 0]
    assert (game.replay.kept, game.replay.filled, game.replay.row(0)) == (0, 0, 0)
    for _ in range(2):
        game.extend(1, 4)
    batch, _ = game.replay.draw(32, 1.0)
    assert_true_transitions(game, batch)
    assert set(batch.observations[:, 1].tolist()) == {1.0}


@pytest.mark.parametrize("name", ["rng", "heads", "tree", "observations", "flags"])
def test_the_buffer_of_another_configuration_is_refused(name):
    game = Game(1, 20, 4, is_prioritised=True)
    game.extend(0, 4)
    state = game.replay.state(with_rows=True)
    wrong = {**state, name: np.zeros((3, 3), state[name].dtype)}
    with pytest.raises(TrainingError, match=f"replay buffer does not fit at '{name}'"):
        game.replay.restore(wrong)
