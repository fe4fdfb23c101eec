"""When the two algorithms learn, from what, and how often; the arithmetic itself is the engines' and kernels'."""

import math

import numpy as np
import pytest

from ai.dqn.collectors.base import Chunk
from ai.dqn.columns import new_columns
from ai.dqn.learning import ALL, LearnStats, ReplayLearning, RolloutLearning
from ai.dqn.replay import Replay, ReplaySettings
from ai.errors import RunFailedError
from tests.ai.dqn.fake_engines import NotingEngine, values_of
from tests.ai.dqn.learners import config_of
from tests.ai.dqn.oracles import lambda_return

GROUPS, AGENTS, STEPS = 2, 5, 4


def play(columns, group, row, number):
    """Write round ``number`` of a group: nobody else's observations are like its."""
    rng = np.random.default_rng(1000 * group + number)
    chunk = chunk_of(rng)
    rows = (row + np.arange(STEPS + 1)) % columns.shape[1]
    columns.observations[group, rows] = chunk.observations
    for name in ("actions", "rewards", "flags"):
        getattr(columns, name)[group, rows[:-1]] = getattr(chunk, name)
    return chunk


def chunk_of(rng, release=lambda: None):
    shape = (STEPS, AGENTS)
    return Chunk(
        rng.normal(size=(STEPS + 1, AGENTS, 3)).astype(np.float32),
        rng.integers(0, 3, shape).astype(np.uint8),
        rng.normal(size=shape).astype(np.float32),
        (rng.random(shape) < 0.2).astype(np.uint8),
        release,
    )


def replay_learning(engine, **changes):
    values = {"rollout_steps": STEPS, "courts": GROUPS * AGENTS, "batch_size": 8, "steps_per_update": 10,
              "learning_starts": 60, "target_every": 3, "n_step": 2, "buffer_size": 300}  # fmt: skip
    config = config_of(**{**values, **changes})
    columns = new_columns((GROUPS, 30, AGENTS), 3)
    settings = ReplaySettings(config.n_step, 0.9, STEPS, config.replay == "prioritised", config.priority_exponent)
    return ReplayLearning(config, engine, Replay(columns, settings, 1)), columns


def feed(learning, columns, rounds, first=0):
    for number in range(first, first + rounds):
        row = learning.row()
        for group in range(GROUPS):
            play(columns, group, row, number)
            learning.accept(group, None)


def names(engine):
    return [name for name, _ in engine.calls]


def test_updates_follow_the_steps_played_once_there_are_enough():
    """40 steps a round, an update for each 10 of them from the 60th on; what is not a whole update is owed on."""
    engine = NotingEngine()
    learning, columns = replay_learning(engine, steps_per_update=16)
    stats, made = LearnStats(), []
    for number in range(6):
        feed(learning, columns, 1, number)
        before = stats.updates
        learning.learn(stats, 0.5, 0, most=ALL)
        made.append(stats.updates - before)
    # groups of 20 steps: the third group's round reaches 60; 1.25 updates each from there on
    owed = np.floor(1.25 * np.array([0, 2, 4, 6, 8, 10]))
    assert made == np.diff(owed, prepend=0).astype(int).tolist()
    assert learning.owed == pytest.approx(1.25 * 10 - 12)
    assert (stats.updates, stats.samples) == (12, 12 * 8)
    assert learning.buffered == 240


def test_no_more_updates_than_allowed_at_once_and_the_rest_is_owed():
    engine = NotingEngine()
    learning, columns = replay_learning(engine)
    feed(learning, columns, 4)
    stats = LearnStats()
    learning.learn(stats, 0.0, 0, most=4)
    assert (stats.updates, learning.owed) == (4, 8.0)
    learning.learn(stats, 0.0, 0, most=ALL)
    assert (stats.updates, learning.owed) == (12, 0.0)


def test_nothing_is_learned_while_no_transition_is_whole():
    engine = NotingEngine()
    learning, columns = replay_learning(engine, learning_starts=0, n_step=6)
    feed(learning, columns, 1)
    learning.learn(LearnStats(), 0.0, 0, most=ALL)
    assert engine.calls == []
    assert learning.owed == 0.0  # who waits for it to be paid back would wait for ever
    feed(learning, columns, 1, 1)
    learning.learn(LearnStats(), 0.0, 0, most=ALL)
    assert names(engine).count("update") == 4


def test_the_target_moves_after_so_many_updates_by_its_share():
    engine = NotingEngine()
    learning, columns = replay_learning(engine, target_every=3, target_tau=0.25)
    feed(learning, columns, 3)
    learning.learn(LearnStats(), 0.0, 0, most=ALL)
    assert names(engine) == ["update", "update", "update", "sync"] * 2 + ["update"] * 2
    assert {tau for name, tau in engine.calls if name == "sync"} == {0.25}
    _, numbers = learning.state()
    assert numbers["learning_updates"] == 8


def test_the_batch_is_as_large_as_all_its_parts_and_the_step_size_falls():
    engine = NotingEngine()
    learning, columns = replay_learning(
        engine, gradient_accumulation=3, learning_rate=0.01, learning_rate_end=0.002, target_every=100
    )
    feed(learning, columns, 2)
    stats = LearnStats()
    learning.learn(stats, 0.5, 0, most=2)
    assert engine.calls == [("update", pytest.approx(0.006))] * 2
    assert len(engine.batches[0][1]) == 24
    assert stats.samples == 48


def test_errors_become_priorities():
    """The engine's error is what a transition saw first: large ones are drawn again and again."""
    engine = NotingEngine()
    learning, columns = replay_learning(engine, replay="prioritised", priority_exponent=1.0, batch_size=32)
    feed(learning, columns, 5)
    learning.learn(LearnStats(), 0.0, 0, most=ALL)
    first, last = (np.abs(batch[0][:, 0]).mean() for batch in (engine.batches[0], engine.batches[-1]))
    assert last > 1.3 * first
    assert engine.batches[-1][5].max() == 1.0
    assert engine.batches[-1][5].min() < 1.0


@pytest.mark.parametrize(("loss", "text"), [(math.nan, "nan"), (math.inf, "inf")])
@pytest.mark.parametrize("algorithm", ["dqn", "pqn"])
def test_a_loss_that_is_no_number_stops_the_training_and_says_where(loss, text, algorithm):
    engine = NotingEngine([0.5, loss])
    make = replay_learning if algorithm == "dqn" else rollout_learning
    learning, columns = make(engine)
    feed(learning, columns, 3 if algorithm == "dqn" else 1)
    with pytest.raises(RunFailedError) as caught:
        learning.learn(LearnStats(), 0.0, 1_234_567, most=ALL)
    message = str(caught.value)
    assert message.startswith(
        f"the loss is {text} and the gradient's norm 3.0 at step 1,234,567: training has diverged"
    )
    assert "last checkpoint" in message
    assert "smaller learning_rate" in message
    assert "\n" not in message
    assert names(engine).count("update" if algorithm == "dqn" else "fit") == 2


def test_the_means_are_those_of_the_updates():
    stats = LearnStats()
    assert stats.values() == {}
    engine = NotingEngine([1.0, 2.0, 6.0])
    learning, columns = replay_learning(engine)
    feed(learning, columns, 2)
    learning.learn(stats, 0.0, 0, most=3)
    assert stats.values() == {"loss": 3.0, "mean_q": 2.0, "gradient_norm": 3.0}


@pytest.mark.parametrize("is_kept", [True, False])
def test_a_learning_restored_goes_on_or_fills_its_buffer_anew(is_kept):
    one, two = NotingEngine(), NotingEngine()
    learning, columns = replay_learning(one, checkpoint_buffer=is_kept)
    feed(learning, columns, 5)
    learning.learn(LearnStats(), 0.0, 0, most=5)
    arrays, numbers = learning.state()
    assert ("observations" in arrays) == is_kept
    again, others = replay_learning(two, checkpoint_buffer=is_kept)
    again.restore(arrays, numbers)
    assert again.buffered == (200 if is_kept else 0)
    if not is_kept:
        feed(again, others, 1, 5)
        again.learn(LearnStats(), 0.0, 0, most=ALL)
        assert two.calls == []  # 40 of the 60 steps with which learning starts
        feed(again, others, 1, 6)
        again.learn(LearnStats(), 0.0, 0, most=ALL)
        assert names(two).count("update") == 4
        return
    one.batches.clear()
    for each, where in ((learning, columns), (again, others)):
        feed(each, where, 1, 5)
        each.learn(LearnStats(), 0.0, 0, most=ALL)
    assert len(one.batches) == len(two.batches) > 10
    for mine, other in zip(one.batches, two.batches, strict=True):
        assert all(a.tobytes() == b.tobytes() for a, b in zip(mine, other, strict=True))


# Rollouts


def rollout_learning(engine, **changes):
    values = {"algorithm": "pqn", "rollout_steps": STEPS, "courts": GROUPS * AGENTS, "minibatches": 4, "epochs": 2}
    config = config_of(**{**values, **changes})
    columns = new_columns((GROUPS, 2 * (STEPS + 1), AGENTS), 3)
    return RolloutLearning(config, engine, columns, np.random.default_rng(1)), columns


def expected_samples(chunks, gamma, trace):
    """Return {first number seen: (action, target)} of all steps of a round."""
    samples = {}
    for chunk in chunks:
        best = np.stack([values_of(seen).max(axis=1) for seen in chunk.observations])
        for t in range(STEPS):
            for a in range(AGENTS):
                target = lambda_return(chunk.rewards[t:, a], chunk.flags[t:, a], best[t:, a], gamma, trace)
                samples[float(chunk.observations[t, a, 0])] = (int(chunk.actions[t, a]), target)
    return samples


@pytest.mark.parametrize("by_chunks", [False, True])
def test_every_epoch_learns_each_step_of_the_rollout_once_towards_its_lambda_return(by_chunks):
    engine = NotingEngine()
    learning, columns = rollout_learning(engine, gamma=0.9, frame_skip=2, trace_lambda=0.6)
    for number in range(5):
        engine.batches.clear()
        row, chunks = learning.row(), []
        for group in (1, 0) if by_chunks else (0, 1):
            assert learning.owed == 0.0
            if by_chunks:
                chunk = chunk_of(np.random.default_rng(1000 * group + number))
                learning.accept(group, chunk)
            else:
                chunk = play(columns, group, row, number)
                learning.accept(group, None)
            chunks.append(chunk)
        assert learning.owed == 8.0
        stats = LearnStats()
        learning.learn(stats, 0.0, 0, most=1)
        assert (stats.updates, stats.samples, learning.owed) == (8, 80, 0.0)
        wanted = expected_samples(chunks, 0.9**2, 0.6)
        for epoch in (engine.batches[:4], engine.batches[4:]):
            seen, taken, targets = (np.concatenate([batch[part] for batch in epoch]) for part in range(3))
            assert set(seen[:, 0].tolist()) == set(wanted)
            assert len(seen) == len(wanted) == GROUPS * AGENTS * STEPS
            for place, action, target in zip(seen[:, 0].tolist(), taken.tolist(), targets.tolist(), strict=True):
                assert action == wanted[place][0]
                assert target == pytest.approx(wanted[place][1], rel=1e-4, abs=1e-4)
        assert engine.batches[0][0].tolist() != engine.batches[4][0].tolist()


def test_while_a_rollout_is_learned_from_the_next_is_written_elsewhere():
    """Actors in processes write their round, and what they see behind it, while the learner reads the round before."""
    engine = NotingEngine()
    learning, columns = rollout_learning(engine)
    for number in range(6):
        row = learning.row()
        chunks = [play(columns, group, row, number) for group in range(GROUPS)]
        for group in range(GROUPS):
            learning.accept(group, None)
        following = (learning.row() + np.arange(STEPS + 1)) % columns.shape[1]
        saved = [part.copy() for part in columns]
        columns.observations[:, following] = np.nan
        columns.rewards[:, following[:-1]] = np.nan
        engine.batches.clear()
        learning.learn(LearnStats(), 0.0, 0, most=ALL)
        wanted = expected_samples(chunks, 0.99**4, 0.9)
        for seen, _, targets in engine.batches:
            assert np.isfinite(seen).all()
            assert targets == pytest.approx([wanted[place][1] for place in seen[:, 0].tolist()], rel=1e-4, abs=1e-4)
        for part, kept in zip(columns, saved, strict=True):
            part[...] = kept


def test_nothing_is_learned_before_every_group_has_played():
    engine = NotingEngine()
    learning, columns = rollout_learning(engine)
    play(columns, 0, 0, 0)
    learning.accept(0, None)
    learning.learn(LearnStats(), 0.0, 0, most=ALL)
    assert (engine.calls, learning.owed, learning.buffered) == ([], 0.0, 20)


def test_a_rollout_restored_is_learned_with_the_same_bits():
    one, two = NotingEngine(), NotingEngine()
    learning, columns = rollout_learning(one)
    feed(learning, columns, 1)
    learning.learn(LearnStats(), 0.0, 0, most=ALL)
    feed(learning, columns, 1, 1)
    arrays, numbers = learning.state()
    again, others = rollout_learning(two)
    again.restore(arrays, numbers)
    one.batches.clear()
    for each, where in ((learning, columns), (again, others)):
        each.learn(LearnStats(), 0.0, 0, most=ALL)
        feed(each, where, 1, 2)
        each.learn(LearnStats(), 0.0, 0, most=ALL)
    assert len(one.batches) == len(two.batches) == 16
    for mine, other in zip(one.batches, two.batches, strict=True):
        assert all(a.tobytes() == b.tobytes() for a, b in zip(mine, other, strict=True))
