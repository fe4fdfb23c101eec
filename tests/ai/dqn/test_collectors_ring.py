"""The asynchronous collector: each group's chunks in order and whole, newer parameters as they come, nobody waits for ever."""

import multiprocessing
import os
import signal
import threading
import time
from contextlib import closing

import numpy as np
import pytest

from ai.dqn.collectors.base import ProcessSettings
from ai.dqn.collectors.in_process import InProcess
from ai.dqn.collectors.ring import Ring
from ai.errors import RunFailedError, TrainingCancelled
from tests.ai.dqn.fake_actors import GROUPS, SHAPE, MakeFake, Trick, plan
from tests.ai.dqn.test_collectors import no_room, nothing_left, silent  # noqa: F401  # a fixture for every test here

LIMIT_S = 60.0


def ring(make=MakeFake(), workers=2, *, say=silent, is_cancelled=lambda: False, **settings):  # noqa: B008  # frozen
    return Ring(make, SHAPE, ProcessSettings(workers, **settings), say=say, is_cancelled=is_cancelled)


def content(chunk):
    return b"".join(np.asarray(array).tobytes() for array in chunk[:4])


def taken_until(collector, is_enough, *, seen=None):
    """Take and release chunks; return their contents by group, in order, once ``is_enough`` of the last."""
    seen = {group: [] for group in range(GROUPS)} if seen is None else seen
    end = time.monotonic() + LIMIT_S
    while True:
        for taken in collector.take(1.0):
            seen[taken.group].append(content(taken.chunk))
            taken.chunk.release()
            taken.chunk.release()
            if is_enough(taken, seen):
                return seen
        assert time.monotonic() < end


def everyone_has(count):
    return lambda taken, seen: all(len(chunks) >= count for chunks in seen.values())


def chunks_in_order(count, collector=None):
    """Return the first ``count`` chunks of each group under one plan, played in this process."""
    collector = collector or InProcess(MakeFake(), SHAPE)
    steps = SHAPE.rollout_steps
    found = {group: [] for group in range(GROUPS)}
    for _ in range(count):
        collector.publish(plan(1), 0)
        for taken in collector.take():
            parts = [column[taken.group, : steps + (index == 0)] for index, column in enumerate(collector.columns)]
            found[taken.group].append(content(parts))
    return found


class TestChunks:
    @pytest.mark.parametrize(("workers", "room"), [(1, {}), (2, {}), (7, {"has_room": no_room})])
    def test_each_group_plays_on_in_order(self, workers, room):
        said = []
        with closing(ring(workers=workers, say=said.append, **room)) as collector:
            assert collector.take(0.0) == []
            collector.publish(plan(1), 0)
            seen = taken_until(collector, everyone_has(8))
            assert len(multiprocessing.active_children()) == min(workers, GROUPS)
            assert collector.deaths == collector.dropped == 0
        expected = chunks_in_order(8)
        assert {group: chunks[:8] for group, chunks in seen.items()} == expected
        assert len(said) == bool(room)

    @pytest.mark.parametrize("room", [{}, {"has_room": no_room}])
    def test_newer_plans_are_found_whole_and_in_order(self, room):
        versions = {group: [] for group in range(GROUPS)}
        with closing(ring(say=lambda line: None, **room)) as collector:
            for number in range(1, 200):
                collector.publish(plan(number, bank=1 + number % 2))
                for taken in collector.take(LIMIT_S if number in {1, 199} else 0.0):
                    versions[taken.group].append(taken.version)
                    assert taken.stats.episodes, "torn parameters"
                    taken.chunk.release()
            last = plan(199, bank=2)

            def is_last(taken, seen):
                versions[taken.group].append(taken.version)
                its = taken.stats
                return taken.version == 199 and its.reward_sum == last.bank.reals.sum() and len(its.by_opponent) == 2

            taken_until(collector, is_last)
        assert all(its == sorted(its) and its[0] >= 1 for its in versions.values() if its)

    def test_a_full_ring_drops_what_is_newest_and_says_how_many(self):
        with closing(ring(workers=1, slots=2, full_wait_s=0.02)) as collector:
            collector.publish(plan(1))
            held = []
            end = time.monotonic() + LIMIT_S
            while len(held) < 2 * GROUPS:
                held += collector.take(0.1)
                assert time.monotonic() < end
            before = [content(taken.chunk) for taken in held]
            threading.Event().wait(0.3)  # nothing can be waited for: the worker has nothing to say
            assert collector.take(0.0) == []
            assert [content(taken.chunk) for taken in held] == before
            for taken in held:
                taken.chunk.release()
            taken_until(collector, lambda taken, seen: collector.dropped > 0)
        expected = chunks_in_order(2)
        assert {(taken.group, text) for taken, text in zip(held, before, strict=True)} == {
            (group, chunk) for group, chunks in expected.items() for chunk in chunks
        }


class TestDeaths:
    def test_one_is_replaced_and_what_the_learner_holds_is_not_written(self):
        said = []
        with closing(ring(workers=1, slots=2, say=said.append)) as collector:
            collector.publish(plan(1))
            firsts = {}
            while len(firsts) < GROUPS:
                for taken in collector.take(LIMIT_S):
                    if firsts.setdefault(taken.group, taken) is not taken:
                        taken.chunk.release()  # or nobody might have room
            held = list(firsts.values())
            before = [content(taken.chunk) for taken in held]
            (worker,) = multiprocessing.active_children()
            os.kill(worker.pid, signal.SIGKILL)
            others = {taken.group for taken in held}
            taken_until(collector, lambda taken, seen: collector.deaths and taken.group in others)
            assert [content(taken.chunk) for taken in held] == before
            for taken in held:
                taken.chunk.release()
            taken_until(collector, everyone_has(5))
            assert collector.deaths == 1
        assert "started again" in said[0]

    @pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="POSIX")
    def test_one_that_is_stopped_holds_up_nobody(self, tmp_path):
        marker = tmp_path / "marker"
        marker.touch()
        said = []
        with closing(ring(MakeFake(Trick("stop", marker)), say=said.append, silence_s=1.0)) as collector:
            collector.publish(plan(1))
            taken_until(collector, everyone_has(3))
            assert collector.deaths == 1
        assert "no sign of life" in said[0]

    def test_again_and_again_they_end_the_run(self, tmp_path):
        marker = tmp_path / "marker"
        marker.touch()
        make = MakeFake(Trick("kill", marker, group=0, is_once=False))
        with closing(ring(make, workers=1, say=lambda line: None, most_deaths=2)) as collector:
            collector.publish(plan(1))
            with pytest.raises(RunFailedError, match="2 in a row"):
                taken_until(collector, lambda taken, seen: False)

    def test_a_cancelled_run_does_not_wait(self):
        with closing(ring(is_cancelled=lambda: True)) as collector, pytest.raises(TrainingCancelled):
            collector.take(LIMIT_S)


class TestStates:
    def test_they_go_on_from_what_was_sent_last(self):
        with closing(ring(workers=1)) as collector:
            assert {name: array.size for name, array in collector.state().items()} == {
                f"group-{group}/{name}": size
                for group in range(GROUPS)
                for name, size in (("memory", 0), ("number", 1))
            }
            collector.publish(plan(1))
            taken_until(collector, everyone_has(1))
            state = collector.state()
        played = [len(state[f"group-{group}/memory"]) for group in range(GROUPS)]
        assert all(played)
        with closing(ring()) as collector:
            collector.restore(state)
            collector.publish(plan(1))
            seen = taken_until(collector, everyone_has(2))
        expected = chunks_in_order(max(played) + 2)
        for group, count in enumerate(played):
            assert seen[group][:2] == expected[group][count : count + 2]
