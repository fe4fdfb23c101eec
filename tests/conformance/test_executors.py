"""One suite over every registered executor: what the season and the trainers may rely on, whoever plays."""

import itertools
import threading
from collections.abc import Iterator

import numpy as np
import pytest

from game.errors import ExecutorError, UnknownNameError
from game.executors.base import Executor, ExecutorSettings, Matches, RunControl, RunState, executors, make_executor
from game.executors.serial import SerialExecutor
from game.games.rally import GAME
from game.match import match_array
from game.policies.python_bot import PythonPolicy
from game.spec import RESULT_DTYPE, MatchSpec, Seat, Termination
from tests.doubles import CHASER, DOUBLES, PATIENT, STILL, broken_network, matches, scripted_field
from tests.game.networks import dense, follower, graph

RNG = np.random.default_rng(5)
NETWORKS = (dense(RNG, (16, 16)), follower(RNG), graph(RNG, follows=2.0), graph(RNG, is_recurrent=True, follows=2.0))
FIELD = (*scripted_field(), *NETWORKS)
BOTS = (*scripted_field(), PythonPolicy(CHASER), PythonPolicy(STILL), PythonPolicy(DOUBLES[0].source))


@pytest.fixture(scope="module", params=sorted(executors()))
def executor(request) -> Iterator[Executor]:
    with make_executor(request.param, ExecutorSettings(workers=2, limits=PATIENT)) as made:
        made.run(Matches(GAME, FIELD, matches(300, len(FIELD))))  # a long job: from now on the workers are up
        yield made


@pytest.fixture(scope="module")
def expected():
    return SerialExecutor().run(Matches(GAME, FIELD, matches(900, len(FIELD), points=2)))


def collected(chunks):
    return np.concatenate([np.zeros(0, RESULT_DTYPE), *(chunk.results for chunk in chunks)])


@pytest.mark.parametrize("name", sorted(executors()))
@pytest.mark.slow
def test_any_number_of_workers_gives_the_rows_of_the_serial_executor(name, expected):
    with make_executor(name, ExecutorSettings(workers=3)) as executor:
        for workers in (3, 2, 1):
            if hasattr(executor, "set_workers"):
                executor.set_workers(workers)
                assert executor.workers == workers
            rows = executor.run(Matches(GAME, FIELD, matches(900, len(FIELD), points=2)))
            assert rows.tobytes() == expected.tobytes()


def test_rows_come_in_the_order_of_the_matches_whatever_their_ids(executor, expected):
    rows = matches(900, len(FIELD), points=2)
    order = np.random.default_rng(1).permutation(len(rows))
    rows, wanted = rows[order], expected[order].copy()
    rows["match_id"] = wanted["match_id"] = rows["match_id"] * 10**12 - 7
    assert executor.run(Matches(GAME, FIELD, rows)).tobytes() == wanted.tobytes()


def test_chunks_hold_every_match_once(executor, expected):
    rows = matches(900, len(FIELD), points=2)
    parts = (rows[at : at + 13] for at in range(0, len(rows), 13))
    chunks = list(executor.play(GAME, FIELD, parts))
    results = collected(chunks)
    assert results[np.argsort(results["match_id"])].tobytes() == expected.tobytes()
    assert all(chunk.results.dtype == RESULT_DTYPE and chunk.results.flags.writeable for chunk in chunks)


def test_policies_of_one_run_are_not_those_of_the_next(executor):
    rows = matches(40, 2)
    for policies in (FIELD[:2], FIELD[2:4], FIELD[:2], NETWORKS[2:], (FIELD[0], FIELD[0])):
        wanted = SerialExecutor().run(Matches(GAME, policies, rows))
        assert executor.run(Matches(GAME, policies, rows)).tobytes() == wanted.tobytes()


def test_matches_of_specs_are_played_to_their_points(executor):
    results = executor.run(Matches.of(GAME, FIELD, [MatchSpec(n, 0, 1, 5, points=n) for n in (1, 3, 5)]))
    assert results["points"].max(axis=1).tolist() == [1, 3, 5]


def test_nothing_to_play_is_no_chunks_and_no_rows(executor):
    assert list(executor.play(GAME, FIELD, [])) == []
    assert list(executor.play(GAME, FIELD, [matches(0, 2)] * 3)) == []
    assert len(executor.run(Matches(GAME, FIELD, matches(0, 2)))) == 0
    assert len(executor.run(Matches.of(GAME, FIELD, []))) == 0


def test_python_bots_give_the_same_rows_and_faults_everywhere(executor):
    rows = matches(24, len(BOTS))
    serial = list(SerialExecutor(ExecutorSettings(limits=PATIENT)).play(GAME, BOTS, [rows]))
    chunks = list(executor.play(GAME, BOTS, [rows]))
    both = [collected(played)[np.argsort(collected(played)["match_id"])] for played in (serial, chunks)]
    assert both[0].tobytes() == both[1].tobytes()
    faults = [sorted((f.match_id, f.seat) for chunk in played for f in chunk.faults) for played in (serial, chunks)]
    assert faults[0] == faults[1]
    assert len(faults[0]) > 3
    assert {f.termination for chunk in chunks for f in chunk.faults} == {Termination.RAISED}
    assert "ZeroDivisionError" in next(f.detail for chunk in chunks for f in chunk.faults)


def test_a_network_of_nans_forfeits_and_the_run_goes_on(executor):
    chunks = list(
        executor.play(
            GAME,
            (*FIELD[:2], broken_network()),
            [match_array([MatchSpec(0, 2, 0, 1, 1), MatchSpec(1, 0, 1, 1, 1), MatchSpec(2, 1, 2, 1, 1)])],
        )
    )
    results = collected(chunks)
    results = results[np.argsort(results["match_id"])]
    assert results["termination"].tolist() == [[Termination.NOT_A_NUMBER, 0], [0, 0], [0, Termination.NOT_A_NUMBER]]
    faults = sorted((f.match_id, f.seat, f.detail) for chunk in chunks for f in chunk.faults)
    line = "an output of the network is NaN"
    assert faults == [(0, Seat.LEFT, line), (2, Seat.RIGHT, line)]


def test_a_batch_size_is_kept(request):
    for name in executors():
        with make_executor(name, ExecutorSettings(workers=1, batch_size=11)) as executor:
            sizes = [len(chunk.results) for chunk in executor.play(GAME, FIELD, [matches(40, len(FIELD))])]
            assert sorted(sizes) == [7, 11, 11, 11]


def test_stopping_finishes_what_runs_and_pulls_no_more(executor):
    control = RunControl()
    pulled = []

    def endless():
        for number in itertools.count():
            pulled.append(number)
            yield matches(64, len(FIELD), first_id=64 * number)

    results = []
    for chunk in executor.play(GAME, FIELD, endless(), control):
        results.append(chunk)
        control.set(RunState.STOPPING)
        at_stop = len(pulled) if len(results) == 1 else at_stop  # noqa: F821  # set in the first round
    assert len(pulled) == at_stop
    ids = sorted(collected(results)["match_id"].tolist())
    assert ids == list(range(len(ids)))


def test_cancelling_returns_and_leaves_the_executor_usable(executor, expected):
    control = RunControl()
    count = 0
    for _ in executor.play(GAME, FIELD, (matches(64, len(FIELD)) for _ in itertools.count()), control):
        count += 1
        control.set(RunState.CANCELLED)
    assert count < 20
    assert list(executor.play(GAME, FIELD, [matches(9, 2)], control)) == []
    rows = matches(900, len(FIELD), points=2)
    assert executor.run(Matches(GAME, FIELD, rows)).tobytes() == expected.tobytes()


def test_a_paused_run_waits_and_then_loses_nothing(executor, expected):
    control = RunControl()
    control.set(RunState.PAUSED)
    finished = threading.Event()
    chunks = []

    def play():
        chunks.extend(executor.play(GAME, FIELD, [matches(900, len(FIELD), points=2)], control))
        finished.set()

    thread = threading.Thread(target=play, daemon=True)
    thread.start()
    assert not finished.wait(0.3)
    assert chunks == []
    control.set(RunState.RUNNING)
    thread.join()
    results = collected(chunks)
    assert results[np.argsort(results["match_id"])].tobytes() == expected.tobytes()


def test_a_closed_iterator_leaves_the_executor_usable(executor, expected):
    chunks = executor.play(GAME, FIELD, (matches(64, len(FIELD)) for _ in itertools.count()))
    next(chunks)
    chunks.close()
    rows = matches(900, len(FIELD), points=2)
    assert executor.run(Matches(GAME, FIELD, rows)).tobytes() == expected.tobytes()


def test_a_stream_that_raises_leaves_the_executor_usable(executor, expected):
    def breaks():
        yield matches(400, len(FIELD))
        raise LookupError("the schedule is broken")

    with pytest.raises(LookupError, match="the schedule"):
        list(executor.play(GAME, FIELD, breaks()))
    rows = matches(900, len(FIELD), points=2)
    assert executor.run(Matches(GAME, FIELD, rows)).tobytes() == expected.tobytes()


def test_what_cannot_be_played_is_refused_with_a_sentence(executor):
    wrong = matches(300, len(FIELD))
    wrong["left"][299] = 99
    with pytest.raises(ExecutorError, match="match 299 has left 99: 0 to 6 are allowed"):
        executor.run(Matches(GAME, FIELD, wrong))
    twice = matches(9, 2)
    twice["match_id"][4] = 3
    with pytest.raises(ExecutorError, match="match id 3 occurs twice"):
        executor.run(Matches(GAME, FIELD, twice))
    with pytest.raises(ExecutorError, match="policy 1 has 4 inputs"):
        executor.run(Matches(GAME, (FIELD[0], dense(RNG, inputs=4)), matches(3, 2)))


@pytest.mark.parametrize("name", sorted(executors()))
def test_a_closed_executor_refuses_to_play(name):
    with make_executor(name, ExecutorSettings(workers=1)) as executor:
        assert executor.workers == 1
        unfinished = executor.play(GAME, FIELD, [matches(600, len(FIELD))] * 2)
        next(unfinished)
    executor.close()
    for call in (
        lambda: executor.run(Matches(GAME, FIELD, matches(3, 2))),
        lambda: executor.play(GAME, FIELD, [matches(3, 2)]),
    ):
        with pytest.raises(ExecutorError, match="is closed: make a new one"):
            call()


@pytest.mark.parametrize("workers", [0, -1, 257, 1000, 2.0, True, "many"])
def test_impossible_workers_are_refused(workers):
    with pytest.raises(ExecutorError, match=r"workers is .*: 1 to 256 are allowed, or 'auto'"):
        ExecutorSettings(workers=workers)


@pytest.mark.parametrize("batch_size", [0, -1, 1_000_001, 2.5, True, "10"])
def test_impossible_batch_sizes_are_refused(batch_size):
    with pytest.raises(ExecutorError, match=r"batch size is .*: 1 to 1,000,000 are allowed"):
        ExecutorSettings(batch_size=batch_size)


def test_an_unknown_executor_is_refused_by_name():
    with pytest.raises(UnknownNameError, match="no executor 'spool': pool, serial are known"):
        make_executor("spool", ExecutorSettings())
