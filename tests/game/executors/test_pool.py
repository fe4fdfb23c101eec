"""The pool: processes that die, stall, come and go, and results that do not show it."""

import contextlib
import itertools
import os
import signal
import threading
from multiprocessing.connection import Listener, wait
from pathlib import Path

import numpy as np
import psutil
import pytest

from game.errors import ExecutorError
from game.executors.base import ExecutorSettings, Matches, RunControl, RunState, default_workers, usable_cores
from game.executors.pool import SHORT_JOB, PoolExecutor
from game.executors.serial import SerialExecutor
from game.games.rally import GAME
from game.policies.python_bot import PythonPolicy, TimeLimits
from game.spec import RESULT_DTYPE, MatchEnd, Seat, Termination
from tests.doubles import (
    PATIENT,
    STILL,
    Unreadable,
    WorkerKiller,
    deciding,
    matches,
    scripted_field,
    wait_for_end,
)

FIELD = scripted_field()
COUNT = 1200
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def expected():
    return SerialExecutor().run(Matches(GAME, FIELD, matches(COUNT, 3)))


@pytest.fixture(scope="module")
def pool():
    """A pool of two workers that stay up; who kills one leaves it to start another."""
    with PoolExecutor(settings=ExecutorSettings(workers=2, batch_size=50, limits=PATIENT)) as executor:
        executor.run(Matches(GAME, FIELD, matches(COUNT, 3)))
        yield executor


def sorted_rows(chunks):
    results = np.concatenate([np.zeros(0, RESULT_DTYPE), *(chunk.results for chunk in chunks)])
    return results[np.argsort(results["match_id"], kind="stable")]


def kill_workers(executor):
    """Kill all workers of ``executor``, and nobody else."""
    for pid in executor.worker_pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


class TestWorkers:
    def test_they_stay_up_from_run_to_run_and_end_with_the_executor(self, expected):
        with PoolExecutor(1) as executor:
            assert executor.worker_pids == ()
            rows = [executor.run(Matches(GAME, FIELD, matches(COUNT, 3))) for _ in range(2)]
            pids = executor.worker_pids
            assert executor.run(Matches(GAME, FIELD[::-1], matches(9, 3)))["match_id"].tolist() == list(range(9))
            assert executor.worker_pids == pids
            assert len(pids) == 1
            workers = [psutil.Process(pid) for pid in pids]
        assert not wait_for_end(workers)
        assert executor.worker_pids == ()
        assert all(each.tobytes() == expected.tobytes() for each in rows)
        executor.close()

    def test_a_short_job_starts_none_and_gives_the_same_rows(self, expected):
        with PoolExecutor(2) as executor:
            assert executor.run(Matches(GAME, FIELD, matches(SHORT_JOB, 3))).tobytes() == expected[:SHORT_JOB].tobytes()
            assert executor.worker_pids == ()

    def test_no_more_are_started_than_there_are_chunks(self):
        with PoolExecutor(settings=ExecutorSettings(workers=8, batch_size=300)) as executor:
            executor.run(Matches(GAME, FIELD, matches(301, 3)))
            assert len(executor.worker_pids) == 2

    def test_the_default_leaves_one_core_free(self):
        with PoolExecutor() as executor, PoolExecutor("auto") as adaptive:
            assert executor.workers == adaptive.workers == default_workers() == max(1, usable_cores() - 1)

    def test_their_number_changes_within_a_run_and_the_rows_do_not(self, pool, expected):
        numbers, chunks = [], []
        for chunk in pool.play(GAME, FIELD, [matches(COUNT, 3)]):
            pool.set_workers({3: 1, 9: 3, 15: 2}.get(len(chunks), pool.workers))
            chunks.append(chunk)
            numbers.append(len(pool.worker_pids))
        assert sorted_rows(chunks).tobytes() == expected.tobytes()
        assert {1, 3} <= set(numbers)
        assert pool.workers == 2

    @pytest.mark.parametrize("workers", [0, -1, 257, 1000])
    def test_an_impossible_number_is_refused_and_changes_nothing(self, pool, workers):
        with pytest.raises(ExecutorError, match=f"workers is {workers}: 1 to 256 are allowed"):
            pool.set_workers(workers)
        with pytest.raises(ExecutorError, match=f"workers is {workers}: 1 to 256 are allowed"):
            PoolExecutor(workers)
        assert pool.workers == 2


class TestDeaths:
    @pytest.mark.parametrize("moment", [0, 1, 10, COUNT // 50 - 1])
    def test_killed_workers_cost_no_result(self, pool, expected, moment):
        chunks = []
        stream = pool.play(GAME, FIELD, [matches(COUNT, 3)])
        chunks += itertools.islice(stream, moment)
        deaths = pool.worker_deaths
        kill_workers(pool)
        chunks += stream
        assert sorted_rows(chunks).tobytes() == expected.tobytes()
        assert not any(chunk.faults for chunk in chunks)
        assert pool.worker_deaths <= deaths + 2

    def test_workers_killed_while_they_play_are_noticed_and_replaced(self, pool, expected):
        stream = pool.play(GAME, FIELD, [matches(COUNT, 3)])
        chunks = [next(stream)]
        deaths, before = pool.worker_deaths, set(pool.worker_pids)
        kill_workers(pool)
        chunks += stream
        assert pool.worker_deaths == deaths + 2
        assert before.isdisjoint(pool.worker_pids)
        assert sorted_rows(chunks).tobytes() == expected.tobytes()

    @pytest.mark.slow
    def test_workers_killed_while_they_start_cost_no_result(self, expected):
        rows = matches(COUNT, 3)
        with PoolExecutor(settings=ExecutorSettings(workers=2, batch_size=400)) as executor:

            def parts():
                yield rows[:800]
                assert len(executor.worker_pids) == 2  # a chunk each, and now the queue behind them is filled
                kill_workers(executor)
                yield rows[800:]

            assert sorted_rows(executor.play(GAME, FIELD, parts())).tobytes() == expected.tobytes()
            assert executor.worker_deaths == 2

    def test_a_match_that_kills_two_workers_is_reported_and_the_others_are_played(self, pool):
        policies = (*FIELD, WorkerKiller(STILL), PythonPolicy(STILL))
        rows = matches(60, 3)
        rows["left"][[20, 41]], rows["right"][41] = 3, 3
        rows["left"][50] = 4
        harmless = SerialExecutor(ExecutorSettings(limits=PATIENT)).run(Matches(GAME, policies, rows))
        pool.run(Matches(GAME, FIELD, matches(9, 3)))  # what an earlier test has killed is noticed here
        deaths = pool.worker_deaths
        chunks = list(pool.play(GAME, policies, [rows]))
        results = sorted_rows(chunks)
        lost = np.isin(results["match_id"], [20, 41])
        assert results[~lost].tobytes() == harmless[~lost].tobytes()
        assert results[lost]["termination"].tolist() == [[Termination.WORKER_DIED] * 2] * 2
        assert results[lost]["end"].tolist() == [MatchEnd.FORFEIT] * 2
        assert results[lost]["outcome"].tolist() == [0, 0]
        assert [tuple(row)[:4] for row in results[lost]] == [tuple(row)[:4] for row in rows[[20, 41]]]
        assert sorted((f.match_id, f.seat) for chunk in chunks for f in chunk.faults) == [
            (match_id, seat) for match_id in (20, 41) for seat in Seat
        ]
        assert {f.detail for chunk in chunks for f in chunk.faults} == {
            "two worker processes died while they played this match"
        }
        assert pool.worker_deaths == deaths + 4

    @pytest.mark.slow
    @pytest.mark.timeout(120)
    def test_a_worker_killed_twice_in_one_slow_match_is_that_matches_end(self, pool, tmp_path):
        address = str(tmp_path / "bot")
        head = "import os, time\nfrom multiprocessing.connection import Client"
        sleeps = deciding(f"Client({address!r}).send(os.getppid())\ntime.sleep(3600)", head=head)
        rows = matches(120, 3)
        rows["left"][60] = 3
        with Listener(address) as listener:

            def kill_twice() -> None:
                for _ in range(2):
                    with listener.accept() as connection:
                        os.kill(connection.recv(), signal.SIGKILL)  # the worker, by the word of its bot

            thread = threading.Thread(target=kill_twice, daemon=True)
            thread.start()
            with PoolExecutor(settings=ExecutorSettings(workers=1, limits=TimeLimits(3600, 3600))) as executor:
                chunks = list(executor.play(GAME, (*FIELD, PythonPolicy(sleeps)), [rows]))
                assert executor.worker_deaths == 2
            thread.join()
        results = sorted_rows(chunks)
        assert results["termination"][60].tolist() == [Termination.WORKER_DIED] * 2
        assert not np.delete(results["termination"], 60, axis=0).any()

    def test_workers_that_died_between_runs_are_nobodys_fault(self, pool, expected):
        kill_workers(pool)
        for worker in pool._workers:
            assert wait([worker.process.sentinel], 60)
        kills_one = (*FIELD, WorkerKiller(STILL))
        rows = matches(6, 3)
        rows["left"][3] = 3
        deaths = pool.worker_deaths
        assert np.count_nonzero(pool.run(Matches(GAME, kills_one, rows))["termination"].any(axis=1)) == 1
        assert pool.worker_deaths == deaths + 4
        assert pool.run(Matches(GAME, FIELD, matches(COUNT, 3))).tobytes() == expected.tobytes()

    def test_policies_that_no_worker_can_read_are_an_error_and_not_a_forfeit(self, pool, expected):
        with pytest.raises(ExecutorError, match="this policy cannot be unpickled"):
            pool.run(Matches(GAME, (*FIELD, Unreadable(STILL)), matches(9, 4)))
        assert pool.run(Matches(GAME, FIELD, matches(COUNT, 3))).tobytes() == expected.tobytes()


class TestRuns:
    @pytest.mark.timeout(120)
    def test_cancelling_ends_bots_that_sleep(self, tmp_path):
        address = str(tmp_path / "bot")
        head = "import os, time\nfrom multiprocessing.connection import Client"
        sleeps = PythonPolicy(deciding(f"Client({address!r}).send(os.getpid())\ntime.sleep(3600)", head=head))
        control, pids = RunControl(), []
        with Listener(address) as listener:

            def cancel() -> None:
                for _ in range(2):
                    with listener.accept() as connection:
                        pids.append(connection.recv())
                control.set(RunState.CANCELLED)

            thread = threading.Thread(target=cancel, daemon=True)
            thread.start()
            with PoolExecutor(settings=ExecutorSettings(workers=2, limits=TimeLimits(3600, 3600))) as executor:
                rows = matches(3, 3)
                rows["left"] = 3
                assert list(executor.play(GAME, (*FIELD, sleeps), [rows], control)) == []
                assert executor.worker_pids == ()
            thread.join()
        assert not wait_for_end([psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)])

    @pytest.mark.slow
    @pytest.mark.timeout(120)
    def test_no_match_waits_behind_one_of_a_python_bot(self, tmp_path):
        address = str(tmp_path / "bot")
        head = f"from multiprocessing.connection import Client\nserver = Client({address!r})"
        reports = PythonPolicy(f"{head}\nserver.send(0)\n{STILL}")
        waits = PythonPolicy(f"{head}\nserver.send(1)\nserver.recv()\n{STILL}")
        rows = matches(4, 3)
        rows["left"] = [4, 3, 3, 3]  # one match lasts until the three others are under way
        with Listener(address) as listener:

            def release() -> None:
                guests = [listener.accept() for _ in range(4)]
                for guest in guests:
                    if guest.recv():
                        guest.send(0)
                    guest.close()

            thread = threading.Thread(target=release, daemon=True)
            thread.start()
            limits = TimeLimits(3600, 3600, 3600)
            with PoolExecutor(settings=ExecutorSettings(workers=2, limits=limits)) as executor:
                results = executor.run(Matches(GAME, (*FIELD, reports, waits), rows))
            thread.join()
        assert not results["termination"].any()

    @pytest.mark.slow
    def test_cancelling_while_workers_start_keeps_them_for_the_next_run(self, expected):
        rows, control, pids = matches(COUNT, 3), RunControl(), []
        with PoolExecutor(settings=ExecutorSettings(workers=2, batch_size=400)) as executor:

            def parts():
                yield rows[:800]
                pids.extend(executor.worker_pids)
                for pid in pids:
                    os.kill(pid, signal.SIGINT)  # Ctrl+C reaches all of a program's processes
                control.set(RunState.CANCELLED)
                yield rows[800:]

            assert list(executor.play(GAME, FIELD, parts(), control)) == []
            assert executor.run(Matches(GAME, FIELD, rows)).tobytes() == expected.tobytes()
            assert executor.worker_pids == tuple(pids)
            assert executor.worker_deaths == 0

    def test_a_second_run_while_one_is_open_is_refused(self, pool, expected):
        stream = pool.play(GAME, FIELD, [matches(COUNT, 3)])
        chunks = [next(stream)]
        with pytest.raises(ExecutorError, match="is playing already"):
            pool.run(Matches(GAME, FIELD, matches(9, 3)))
        chunks += stream
        assert sorted_rows(chunks).tobytes() == expected.tobytes()

    def test_a_closed_iterator_keeps_workers_that_are_nearly_done(self, pool):
        next(stream := pool.play(GAME, FIELD, (matches(50, 3) for _ in itertools.count())))
        pids = pool.worker_pids
        stream.close()
        assert pool.worker_pids == pids

    def test_closing_within_a_run_is_an_error_of_that_run(self):
        executor = PoolExecutor(settings=ExecutorSettings(workers=1, batch_size=50))
        stream = executor.play(GAME, FIELD, [matches(COUNT, 3)])
        next(stream)
        executor.close()
        with pytest.raises(ExecutorError, match="is closed"):
            list(stream)

    @pytest.mark.timeout(120)
    def test_chunks_larger_than_a_pipe_do_not_lock_parent_and_workers(self):
        settings = ExecutorSettings(workers=1, batch_size=12_000)
        with PoolExecutor(settings=settings) as executor:
            rows = matches(48_000, 2)
            assert len(executor.run(Matches(GAME, FIELD[:2], rows))) == len(rows)

    def test_auto_keeps_at_least_one_worker_and_gives_the_same_rows(self, expected):
        with PoolExecutor(settings=ExecutorSettings(workers="auto", batch_size=50)) as executor:
            executor._load_checked = -1e9  # the first look at the load is due
            assert executor.run(Matches(GAME, FIELD, matches(COUNT, 3))).tobytes() == expected.tobytes()
            assert 1 <= executor.workers <= usable_cores()
