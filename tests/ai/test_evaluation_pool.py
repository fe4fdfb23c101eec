"""The evaluation pool: one result, whoever computes it, and workers that die, cannot read or are told to stop."""

import itertools
import multiprocessing
import os
import signal

import numpy as np
import pytest

from ai.errors import TrainingCancelled, TrainingError
from ai.evaluation_pool import EvaluationPool, PoolSettings, _parts
from tests.ai import fitness_functions as fitness

RNG = np.random.default_rng(3)
DATA = {"x": RNG.standard_normal((50, 4)), "y": RNG.standard_normal(50)}
MEMBERS = 37
GENERATION = {"weight": RNG.standard_normal((MEMBERS, 4)).astype(np.float32)}


def silent(line):
    raise AssertionError(f"nothing is to be said, but: {line}")


def evaluated(function, settings, *, say=silent, generation=GENERATION, count=MEMBERS):
    with EvaluationPool(function, DATA, settings, say=say) as pool:
        return pool.evaluate(generation, count)


@pytest.fixture(scope="module")
def expected():
    return fitness.Descent()(DATA, GENERATION, range(MEMBERS))


def assert_same(found, expected):
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        assert found[name].tobytes() == array.tobytes(), name
        assert found[name].dtype == array.dtype


class TestResults:
    @pytest.mark.parametrize("backend", ["serial", "thread", "process"])
    @pytest.mark.parametrize("workers", [1, 2, 3])
    def test_they_are_the_same_bits_wherever_they_are_computed(self, backend, workers, expected):
        assert_same(evaluated(fitness.Descent(), PoolSettings(workers, backend)), expected)

    @pytest.mark.parametrize("method", ["fork", "forkserver"])
    @pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="POSIX")
    @pytest.mark.filterwarnings(
        "ignore:.*multi-threaded, use of fork:DeprecationWarning"
    )  # of 3.12 on, for good reason
    def test_nor_does_it_matter_how_processes_start(self, method, expected):
        assert_same(evaluated(fitness.Descent(), PoolSettings(2, "process", method)), expected)

    @pytest.mark.parametrize("backend", ["serial", "thread", "process"])
    @pytest.mark.parametrize("name", ["x", "weight"])
    def test_nobody_writes_into_the_arrays(self, backend, name):
        with pytest.raises(ValueError, match="read-only"):
            evaluated(fitness.Writer(name), PoolSettings(1, backend))

    @pytest.mark.parametrize("backend", ["serial", "thread", "process"])
    def test_a_fault_of_the_fitness_function_is_told(self, backend):
        with pytest.raises(ZeroDivisionError, match="member"):
            evaluated(fitness.Raises(), PoolSettings(2, backend))

    def test_an_empty_generation_has_no_results(self):
        assert evaluated(fitness.Descent(), PoolSettings(2, "serial"), count=0) == {}

    @pytest.mark.parametrize(("count", "workers"), [(1, 1), (1, 8), (37, 2), (64, 2), (65, 3), (1000, 7)])
    def test_parts_hold_every_member_once_in_order(self, count, workers):
        parts = _parts(count, workers)
        assert [member for part in parts for member in part] == list(range(count))
        assert len(parts) <= 4 * workers


class TestProcesses:
    def test_they_are_light_single_threaded_and_deaf_to_interrupts(self):
        seen = evaluated(fitness.Process(), PoolSettings(2, "process"))
        assert os.getpid() not in seen["pid"]
        assert not seen["heavy"].any()
        assert all(seen[name].all() for name in ("one_thread", "deaf", "on_main"))

    @pytest.mark.parametrize(("keepalive", "same"), [(True, [True, True, False, True]), (False, [False] * 4)])
    def test_they_stay_and_are_replaced_as_the_settings_say(self, keepalive, same):
        settings = PoolSettings(1, "process", keepalive=keepalive, restart_every=3)
        with EvaluationPool(fitness.Process(), DATA, settings, say=silent) as pool:
            pids = [pool.evaluate(GENERATION, MEMBERS)["pid"][0] for _ in range(5)]
        assert [a == b for a, b in itertools.pairwise(pids)] == same

    def test_each_generation_is_seen_by_workers_that_stay(self):
        with EvaluationPool(fitness.Descent(), DATA, PoolSettings(2, "process", keepalive=True), say=silent) as pool:
            for scale in (1.0, 2.0, 3.0):
                generation = {"weight": GENERATION["weight"] * np.float32(scale)}
                wanted = fitness.Descent()(DATA, generation, range(MEMBERS))
                assert_same(pool.evaluate(generation, MEMBERS), wanted)

    def test_one_that_dies_costs_a_second_try_and_a_line(self, tmp_path, expected):
        marker = tmp_path / "marker"
        marker.touch()
        said = []
        with EvaluationPool(fitness.Killed(9, marker), DATA, PoolSettings(2, "process"), say=said.append) as pool:
            assert_same(pool.evaluate(GENERATION, MEMBERS), expected)
            assert pool.worker_deaths == 1
        assert not marker.exists()
        assert len(said) == 1
        assert "a worker process died" in said[0]

    def test_members_that_kill_twice_are_a_loud_failure(self):
        said = []
        with pytest.raises(TrainingError, match="died twice over members") as failure:
            evaluated(fitness.Killed(9), PoolSettings(2, "process"), say=said.append)
        assert "\n" not in str(failure.value)
        assert len(said) == 1

    def test_one_that_dies_while_it_is_idle_costs_nothing(self, expected):
        settings = PoolSettings(2, "process", keepalive=True)
        with EvaluationPool(fitness.Descent(), DATA, settings, say=lambda line: None) as pool:
            pool.evaluate(GENERATION, MEMBERS)
            workers = multiprocessing.active_children()
            for worker in workers:
                os.kill(worker.pid, signal.SIGKILL)
            for worker in workers:
                worker.join()
            assert_same(pool.evaluate(GENERATION, MEMBERS), expected)

    def test_what_cannot_be_pickled_is_evaluated_by_threads_and_said_once(self, expected):
        said = []
        function = fitness.Descent()
        with EvaluationPool(lambda *these: function(*these), DATA, PoolSettings(2, "process"), say=said.append) as pool:  # noqa: PLW0108  # a lambda cannot be pickled
            assert pool.backend == "thread"
            assert_same(pool.evaluate(GENERATION, MEMBERS), expected)
            assert_same(pool.evaluate(GENERATION, MEMBERS), expected)
        assert len(said) == 1
        assert "threads evaluate instead" in said[0]

    def test_what_no_worker_can_read_is_one_sentence(self):
        with pytest.raises(TrainingError, match=r"cannot load the fitness function .*no such thing here.*'thread'"):
            evaluated(fitness.Unreadable(), PoolSettings(1, "process"))


class TestCancelling:
    @pytest.mark.parametrize("backend", ["serial", "thread", "process"])
    def test_it_is_looked_at_between_parts(self, backend):
        asked = iter([False, True])
        with EvaluationPool(
            fitness.Descent(), DATA, PoolSettings(1, backend), say=silent, cancelled=lambda: next(asked)
        ) as pool:
            with pytest.raises(TrainingCancelled):
                pool.evaluate(GENERATION, MEMBERS)
            assert next(asked, "exhausted") == "exhausted"
            assert not len(multiprocessing.active_children()) or backend == "process"
        assert not multiprocessing.active_children()


class TestSettings:
    def test_the_environment_changes_what_it_names(self):
        default = PoolSettings(3, "serial")
        assert PoolSettings.from_environment({"NEAT_EVAL_WORKERS": "", "PATH": "/"}, default) == default
        environ = {
            "NEAT_EVAL_WORKERS": "5",
            "NEAT_EVAL_BACKEND": "process",
            "NEAT_PROCESS_START_METHOD": "spawn",
            "NEAT_POOL_KEEPALIVE": "1",
            "NEAT_POOL_RESTART_EVERY": " 7 ",
        }
        assert PoolSettings.from_environment(environ) == PoolSettings(5, "process", "spawn", True, 7)
        assert not PoolSettings.from_environment({"NEAT_POOL_KEEPALIVE": "0"}, PoolSettings(keepalive=True)).keepalive
        assert PoolSettings.from_environment({"NEAT_POOL_KEEPALIVE": "2"}).keepalive

    @pytest.mark.parametrize(
        ("name", "value", "says"),
        [
            ("NEAT_EVAL_WORKERS", "0", "NEAT_EVAL_WORKERS is 0: 1 to 256 is allowed"),
            ("NEAT_EVAL_WORKERS", "257", "is 257: 1 to 256"),
            ("NEAT_EVAL_WORKERS", "-1", "is '-1': 1 to 256"),
            ("NEAT_EVAL_WORKERS", "two", "is 'two': 1 to 256"),
            ("NEAT_EVAL_WORKERS", "1.0", "is '1.0': 1 to 256"),
            ("NEAT_EVAL_BACKEND", "threads", "NEAT_EVAL_BACKEND is 'threads': serial or thread or process is allowed"),
            ("NEAT_PROCESS_START_METHOD", "clone", "NEAT_PROCESS_START_METHOD is 'clone': .*spawn"),
            ("NEAT_POOL_KEEPALIVE", "yes", "NEAT_POOL_KEEPALIVE is 'yes': 0 to"),
            ("NEAT_POOL_RESTART_EVERY", "0", "NEAT_POOL_RESTART_EVERY is 0: 1 to 1000000 is allowed"),
        ],
    )
    def test_a_variable_with_an_impossible_value_is_named(self, name, value, says):
        with pytest.raises(TrainingError, match=says):
            PoolSettings.from_environment({name: value})

    @pytest.mark.parametrize("wrong", [{"workers": 0}, {"backend": "gpu"}, {"start_method": "x"}, {"restart_every": 0}])
    def test_impossible_settings_are_refused_everywhere(self, wrong):
        with pytest.raises(TrainingError, match=f"{next(iter(wrong))} is "):
            PoolSettings(**wrong)
