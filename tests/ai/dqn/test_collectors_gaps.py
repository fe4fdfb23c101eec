"""Chunks that do not continue the one before of their group: the collector says so, and no transition leads across."""

import multiprocessing
import os
import signal
import threading
import time
from contextlib import closing

import numpy as np
import pytest

from ai.dqn.columns import TERMINATED, TRUNCATED
from ai.dqn.learning import ALL, LearnStats
from tests.ai.dqn.fake_actors import GROUPS, plan
from tests.ai.dqn.fake_engines import NotingEngine
from tests.ai.dqn.test_collectors import no_room, nothing_left  # noqa: F401  # a fixture for every test here
from tests.ai.dqn.test_collectors_ring import LIMIT_S, ring
from tests.ai.dqn.test_learning import AGENTS, STEPS, chunk_of, replay_learning


def links_until(collector, is_enough, links=None):
    """Take chunks; return by group what each saw first and last, and whether it continues the one before."""
    links = {group: [] for group in range(GROUPS)} if links is None else links
    end = time.monotonic() + LIMIT_S
    while not is_enough(links):
        assert time.monotonic() < end
        for taken in collector.take(1.0):
            seen = taken.chunk.observations
            links[taken.group].append((seen[0, 0, 0], seen[-1, 0, 0], taken.chunk.continues))
            taken.chunk.release()
    return links


def everyone_has(count):
    return lambda links: all(len(its) >= count for its in links.values())


def has_gone_on(links):
    """Whether each group has a chunk that continues one that did not."""
    return all(its and its[-1][2] and not all(each[2] for each in its) for its in links.values())


def are_true(its):
    """Whether chunks continue the one before just where they say so, the first of all nothing."""
    before = [None, *(last for _, last, _ in its)]
    return all((first == last) == continues for (first, _, continues), last in zip(its, before, strict=False))


@pytest.mark.parametrize("room", [{}, {"has_room": no_room}])
def test_the_chunk_behind_a_dropped_one_continues_nothing(room):
    with closing(ring(workers=1, slots=2, full_wait_s=0.02, say=lambda line: None, **room)) as collector:
        collector.publish(plan(1))
        held, end = [], time.monotonic() + LIMIT_S
        while len(held) < 2 * GROUPS:
            held += collector.take(0.1)
            assert time.monotonic() < end
        threading.Event().wait(0.3)  # nothing can be waited for: the worker has nothing to say
        links = {group: [] for group in range(GROUPS)}
        for group, _, chunk, _ in held:
            links[group].append((chunk.observations[0, 0, 0], chunk.observations[-1, 0, 0], chunk.continues))
            chunk.release()
        links_until(collector, everyone_has(4), links)
        assert collector.dropped > 0
    assert all(are_true(its) for its in links.values())
    assert all([continues for *_, continues in its[:2]] == [False, True] for its in links.values())
    assert any(not continues for its in links.values() for *_, continues in its[2:])


def test_after_a_death_and_after_going_back_chunks_continue_nothing():
    with closing(ring(workers=1, say=lambda line: None)) as collector:
        collector.publish(plan(1))
        assert all(are_true(its) for its in links_until(collector, everyone_has(3)).values())
        (worker,) = multiprocessing.active_children()
        os.kill(worker.pid, signal.SIGKILL)
        links = links_until(collector, has_gone_on)
        assert [[each[2] for each in its].count(False) for its in links.values()] == [1] * GROUPS
        state = collector.state()
        collector.restore(state)
        links = links_until(collector, everyone_has(1))
        assert [its[0][2] for its in links.values()] == [False] * GROUPS
        assert collector.deaths == 1
    with closing(ring(workers=1)) as collector:
        collector.restore(state)
        assert collector.deaths == collector.dropped == 0


def test_chunks_on_their_way_do_not_continue_what_was_gone_back_to():
    with closing(ring(workers=1)) as collector:
        state = collector.state()
        collector.publish(plan(1))
        links_until(collector, everyone_has(2))
        threading.Event().wait(0.2)  # chunks come, and lie on the line
        collector.restore(state)
        links = links_until(collector, everyone_has(1))
    assert [its[0][2] for its in links.values()] == [False] * GROUPS


def numbered(number, *, continues):
    """Return a chunk of states that are numbered one after the other; chunks are 100 apart."""
    chunk = chunk_of(np.random.default_rng(number))
    states = 100.0 * number + np.arange(STEPS + 1)
    chunk.observations[...] = states[:, None, None]
    chunk.flags[...] = 0
    chunk.flags[-1, 0] = TERMINATED
    return chunk._replace(continues=continues)


@pytest.mark.parametrize("replay", ["uniform", "prioritised"])
@pytest.mark.parametrize("continues", [False, True])
def test_transitions_end_before_a_chunk_that_continues_nothing(continues, replay):
    engine = NotingEngine()
    learning, columns = replay_learning(engine, n_step=3, replay=replay)
    for number in range(20):
        for group in range(2):
            learning.accept(group, numbered(number, continues=continues))
        learning.learn(LearnStats(), 0.0, 0, most=ALL)
    ends = columns.flags[:, (20 * STEPS - STEPS - 1) % 30]
    assert ends.tolist() == [[TERMINATED] + [0 if continues else TRUNCATED] * (AGENTS - 1)] * 2
    jumps = [batch[4][:, 0] - batch[0][:, 0] for batch in engine.batches]
    discounts = [batch[3] for batch in engine.batches]
    crossed = (np.abs(np.concatenate(jumps)) > 3.0) & (np.concatenate(discounts) > 0.0)
    assert crossed.any() == continues
