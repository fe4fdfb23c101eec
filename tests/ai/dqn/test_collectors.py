"""Collectors of rounds: the same bits in one process and in several, whoever dies, and nothing left behind."""

import functools
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import numpy as np
import psutil
import pytest

from ai.dqn.actor import Actor, ActorSpec
from ai.dqn.collectors.base import CollectShape, ProcessSettings, joined_states, parted_states
from ai.dqn.collectors.in_process import InProcess
from ai.dqn.collectors.processes import Processes
from ai.dqn.columns import new_columns
from ai.dqn.network import Network
from ai.errors import RunFailedError, TrainingCancelled, TrainingError
from game.executors.segments import SEGMENTS
from game.games.rally import GAME
from game.policies.bank import build_bank
from game.policies.scripted import ScriptedPolicy
from tests.ai.dqn import fake_actors
from tests.ai.dqn.fake_actors import GROUPS, SHAPE, MakeFake, Spy, Trick
from tests.doubles import wait_for_end

ROOT = Path(__file__).parents[3]
ROUNDS = 6
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc and /dev/shm")


def silent(line):
    raise AssertionError(f"nothing is to be said, but: {line}")


def no_room(size):
    return False


def processes(make, workers, *, say=silent, is_cancelled=lambda: False, shape=SHAPE, **settings):
    return Processes(make, shape, ProcessSettings(workers, **settings), say=say, is_cancelled=is_cancelled)


def in_process():
    return InProcess(MakeFake(), SHAPE)


def plan_of(number):
    """Return plans some parts of which stay, and some change."""
    return fake_actors.plan(number, bank=1 + number // 3)


def play(collector, numbers=range(ROUNDS)):
    """Play rounds; return all that came of them, byte for byte."""
    seen = []
    for number in numbers:
        collector.publish(plan_of(number), number * SHAPE.rollout_steps % SHAPE.rows)
        for taken in collector.take(0.0):
            assert taken.chunk is None
            seen.append((taken.group, taken.version, *(np.asarray(value).tobytes() for value in taken.stats)))
        seen.append(b"".join(column.tobytes() for column in collector.columns))
    seen.append({name: array.tobytes() for name, array in collector.state().items()})
    return seen


@pytest.fixture(scope="module")
def expected():
    found = play(in_process())
    assert [row[:2] for row in found[:GROUPS]] == [(group, 1) for group in range(GROUPS)]
    assert len(found) == ROUNDS * (GROUPS + 1) + 1
    return found


def segments(owner):
    return {path.name for path in SEGMENTS.glob(f"rally-*-{owner}-*")} if SEGMENTS.is_dir() else set()


@pytest.fixture(autouse=True)
def nothing_left():
    """See that a test leaves no process, thread, or segment."""
    threads = threading.active_count()
    yield
    assert not multiprocessing.active_children()
    assert threading.active_count() == threads
    assert not segments(os.getpid())


class TestRounds:
    @pytest.mark.parametrize("workers", [1, 2, 5])
    def test_they_are_the_same_bits_for_any_number_of_workers(self, workers, expected):
        with closing(processes(MakeFake(), workers)) as collector:
            assert play(collector) == expected
            assert len(multiprocessing.active_children()) == min(workers, GROUPS)
            assert collector.deaths == collector.dropped == 0

    def test_without_shared_memory_they_are_the_same_and_it_is_said_once(self, expected):
        said = []
        with closing(processes(MakeFake(), 2, say=said.append, has_room=no_room)) as collector:
            assert play(collector) == expected
        assert len(said) == 1
        assert "no shared memory" in said[0]

    def test_a_plan_may_be_changed_once_it_is_published(self, expected):
        found = []
        for start in (in_process, functools.partial(processes, MakeFake(), 1)):
            with closing(start()) as collector:
                plan = plan_of(0)
                collector.publish(plan, 0)
                for array in (plan.parameters, plan.opponents, plan.epsilons):
                    np.add(array, 1, out=array)
                collector.take(0.0)
                found.append(b"".join(column.tobytes() for column in collector.columns))
        assert found == [expected[GROUPS]] * 2

    def test_what_was_not_published_is_not_taken(self):
        for start in (in_process, functools.partial(processes, MakeFake(), 1)):
            with closing(start()) as collector:
                assert collector.take(0.0) == []
                collector.publish(plan_of(0), 0)
                assert len(collector.take(0.0)) == GROUPS
                assert collector.take(0.0) == []

    def test_workers_are_light_single_threaded_and_deaf_to_interrupts(self):
        with closing(processes(Spy, 2)) as collector:
            collector.publish(plan_of(0), 0)
            taken = collector.take(0.0)
        pids = [each.stats.episodes for each in taken]
        assert os.getpid() not in pids
        assert pids[0] == pids[2] != pids[1]
        assert all(each.stats.by_opponent.all() for each in taken)

    def test_real_actors_play_the_same_wherever_they_are(self):
        network = Network((GAME.n_observations, 16, GAME.n_actions), is_dueling=False)
        shape = CollectShape(2, 16, 8, GAME.n_observations, 8)
        make = RealActors(network, shape)
        rng = np.random.default_rng(5)
        bots = [ScriptedPolicy.of(GAME, bot.name) for bot in GAME.bots[:2]]
        banks = [build_bank(bots[:1]), build_bank(bots), build_bank(bots)]
        plans = [
            plan_of(0)._replace(
                parameters=network.initial(rng),
                bank=bank,
                opponents=rng.integers(0, len(bank.table), (2, 8), np.int32),
                epsilons=np.full((2, 8), 0.5, np.float32),
                hit_reward=0.1,
            )
            for bank in banks
        ]
        found = []
        for start in (lambda: InProcess(make, shape), lambda: processes(make, 2, shape=shape)):
            with closing(start()) as collector:
                for number, plan in enumerate(plans):
                    collector.publish(plan, 8 * number % 16)
                    stats = [np.asarray(value).tobytes() for each in collector.take(0.0) for value in each.stats]
                found.append((stats, [column.tobytes() for column in collector.columns], collector.state()))
        assert found[0][:2] == found[1][:2]
        assert found[0][2].keys() == found[1][2].keys()
        assert all((array == found[1][2][name]).all() for name, array in found[0][2].items())
        assert np.frombuffer(found[0][1][0], np.float32).any()


class RealActors:
    def __init__(self, network, shape):
        self.network = network
        self.shape = shape

    def __call__(self, group):
        shape = self.shape
        return Actor(ActorSpec("rally", self.network, group, shape.courts, 7 + group, 2, 1, shape.rollout_steps))


class TestDeaths:
    @pytest.mark.parametrize("has_shared", [True, False])
    @pytest.mark.parametrize("died_in", [0, 3])
    def test_one_in_the_middle_of_a_round_changes_no_bit(self, tmp_path, died_in, has_shared, expected):
        marker = tmp_path / "marker"
        said = []
        room = {} if has_shared else {"has_room": no_room}
        with closing(processes(MakeFake(Trick("kill", marker)), 2, say=said.append, **room)) as collector:
            found = play(collector, range(died_in))[:-1]
            marker.touch()
            found += play(collector, range(died_in, ROUNDS))
            assert found == expected
            assert collector.deaths == 1
        assert not marker.exists()
        assert len(said) == 1 + (not has_shared)
        assert "an actor process died (exit code" in said[-1]
        assert "started again" in said[-1]

    def test_one_between_two_rounds_changes_no_bit(self, expected):
        said = []
        with closing(processes(MakeFake(), 2, say=said.append)) as collector:
            found = play(collector, range(3))[:-1]
            for worker in multiprocessing.active_children():
                os.kill(worker.pid, signal.SIGKILL)
                worker.join()
            found += play(collector, range(3, ROUNDS))
            assert found == expected
            assert collector.deaths == 2
        assert len(said) == 2

    @pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="POSIX")
    def test_one_that_is_stopped_is_ended_and_replaced(self, tmp_path, expected):
        marker = tmp_path / "marker"
        said = []
        make = MakeFake(Trick("stop", marker))
        with closing(processes(make, 2, say=said.append, silence_s=1.0)) as collector:
            found = play(collector, range(2))[:-1]
            marker.touch()
            found += play(collector, range(2, ROUNDS))
            assert found == expected
            assert collector.deaths == 1
        assert "no sign of life for 1 s" in said[0]

    def test_again_and_again_they_end_the_run_with_a_sentence(self, tmp_path):
        marker = tmp_path / "marker"
        marker.touch()
        said = []
        make = MakeFake(Trick("kill", marker, is_once=False))
        with closing(processes(make, 2, say=said.append, most_deaths=2)) as collector:
            collector.publish(plan_of(0), 0)
            with pytest.raises(RunFailedError, match=r"died .*2 in a row.*want of memory.*resume") as failure:
                collector.take(0.0)
            assert collector.deaths == 2
        assert "\n" not in str(failure.value)
        assert len(said) == 1

    def test_a_fault_of_an_actor_is_told(self, tmp_path, caplog):
        marker = tmp_path / "marker"
        marker.touch()
        with closing(processes(MakeFake(Trick("raise", marker)), 2)) as collector:
            collector.publish(plan_of(0), 0)
            with pytest.raises(RunFailedError, match="fault of the program: ZeroDivisionError: a court"):
                collector.take(0.0)
        assert "fake_actors.py" in caplog.text

    def test_what_no_worker_can_read_is_told(self):
        with (
            closing(processes(Unreadable(), 1)) as collector,
            pytest.raises(RunFailedError, match="cannot be read here"),
        ):
            collector.state()


class Unreadable:
    def __setstate__(self, state):
        raise AttributeError("cannot be read here")

    def __getstate__(self):
        return {"x": 1}


class TestStates:
    @pytest.mark.parametrize("makers", [(0, 1), (1, 0), (1, 1)])
    def test_they_go_on_exactly_in_any_collector(self, makers, expected):
        make = (in_process, functools.partial(processes, MakeFake(), 2))
        with closing(make[makers[0]]()) as collector:
            play(collector, range(2))
            state = collector.state()
            columns = [column.copy() for column in collector.columns]
        with closing(make[makers[1]]()) as collector:
            collector.restore(state)
            for mine, its in zip(collector.columns, columns, strict=True):
                mine[...] = its
            found = play(collector, range(2, ROUNDS))
        # versions count from the restart
        assert [row for row in found if not isinstance(row, tuple)] == [
            row for row in expected[2 * (GROUPS + 1) :] if not isinstance(row, tuple)
        ]

    def test_restoring_undoes_what_was_played_since(self):
        with closing(processes(MakeFake(), 2)) as collector:
            first = collector.state()
            play(collector, range(2))
            collector.restore(first)
            assert {name: array.tobytes() for name, array in collector.state().items()} == {
                name: array.tobytes() for name, array in first.items()
            }
            found = play(collector, range(1))
        assert found[-1] == play(in_process(), range(1))[-1]

    def test_groups_that_have_not_begun_begin_anew(self):
        """Of an asynchronous run some groups may have played, and others not."""
        arrays = {"x": np.ones(1)}
        early = joined_states({0: arrays, 1: {}, 2: {}})
        assert parted_states(early, 3) == [arrays, {}, {}]
        assert parted_states(joined_states({0: {}, 1: {}}), 2) == [{}, {}]
        with pytest.raises(TrainingError, match=r"but there are 2 groups of courts: take as many"):
            parted_states(early, 2)
        with pytest.raises(TrainingError, match="lacks group 3 of 4 groups"):
            parted_states(early, 4)

    def test_those_of_other_groups_are_refused(self):
        arrays = {"x": np.zeros(1)}
        assert parted_states(joined_states(dict.fromkeys(range(2), arrays)), 2) == [arrays, arrays]
        assert parted_states({}, 2) == [{}, {}]
        for state, message in (
            (joined_states(dict.fromkeys(range(3), arrays)), r"holds 'group-2/x', but there are 2 groups"),
            ({"group-0/x": np.zeros(1)}, "lacks group 1 of 2 groups"),
            ({"other": np.zeros(1)}, "holds 'other'"),
        ):
            with pytest.raises(TrainingError, match=message):
                parted_states(state, 2)


class TestEnding:
    def test_a_cancelled_run_does_not_wait_for_a_round(self, tmp_path):
        marker = tmp_path / "marker"
        marker.touch()
        cancelled = threading.Event()
        make = MakeFake(Trick("sleep", marker))
        with closing(processes(make, 2, is_cancelled=lambda: cancelled.is_set() or not marker.exists())) as collector:
            collector.publish(plan_of(0), 0)
            with pytest.raises(TrainingCancelled):
                collector.take(0.0)

    def test_closing_again_does_nothing_and_views_that_are_held_stay_whole(self):
        collector = processes(MakeFake(), 1)
        columns = collector.columns
        collector.publish(plan_of(1), 0)
        collector.take(0.0)
        content = columns.observations.tobytes()
        collector.close()
        collector.close()
        assert columns.observations.tobytes() == content

    def test_closing_does_not_wait_for_a_worker_that_starts_or_plays(self, tmp_path):
        processes(MakeFake(), 2).close()
        marker = tmp_path / "marker"
        marker.touch()
        collector = processes(MakeFake(Trick("sleep", marker)), 1)
        collector.state()  # it has started
        collector.publish(plan_of(0), 0)
        collector.close()


KILLED = """
import sys
from ai.dqn.collectors.base import ProcessSettings
from ai.dqn.collectors.processes import Processes
from ai.dqn.collectors.ring import Ring
from tests.ai.dqn.fake_actors import SHAPE, MakeFake, plan
if __name__ == "__main__":
    kind = {"rounds": Processes, "ring": Ring}[sys.argv[1]]
    collector = kind(MakeFake(), SHAPE, ProcessSettings(2), say=print, is_cancelled=lambda: False)
    collector.publish(plan(0), 0)
    collector.state()
    collector.take(60.0)
    print("ready", flush=True)
    sys.stdin.readline()
"""


@on_linux
@pytest.mark.slow
class TestKilledLearner:
    @pytest.mark.parametrize("kind", ["rounds", "ring"])
    @pytest.mark.parametrize("is_killed", [True, False])
    def test_nothing_is_left_of_it_nor_of_one_that_forgets_to_close(self, kind, is_killed):
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        code = KILLED if kind == "ring" else KILLED.replace("    collector.state()\n", "")
        command = [sys.executable, "-c", code, kind]
        with subprocess.Popen(command, cwd=ROOT, text=True, **pipes) as program:
            try:
                assert program.stdout.readline() == "ready\n", program.stderr.read()
                family = psutil.Process(program.pid).children(recursive=True)
                assert len(segments(program.pid)) == 2
                if is_killed:
                    program.kill()
                else:
                    assert program.communicate("\n", timeout=60) == ("", "")
            finally:
                program.kill()
        assert len(family) == 3  # two workers and the resource tracker
        assert not wait_for_end(family)
        assert not segments(program.pid)


def test_columns_of_shared_memory_look_like_ordinary_ones():
    ordinary = new_columns((GROUPS, SHAPE.rows, SHAPE.courts), SHAPE.n_observations)
    with closing(processes(functools.partial(MakeFake()), 1)) as collector:
        for mine, its in zip(collector.columns, ordinary, strict=True):
            assert mine.shape == its.shape
            assert mine.dtype == its.dtype
            assert mine.flags == its.flags or mine.flags.c_contiguous
            assert mine.flags.writeable
            assert mine.ctypes.data % 64 == 0
