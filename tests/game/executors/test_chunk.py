"""Chunks: how the stream of matches is cut, what is refused, and what a failure inside one becomes."""

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from game.batch import MATCH_DTYPE
from game.errors import ExecutorError
from game.executors.chunk import TARGET_S, Chunker, ChunkPlayer, checked_bank, checked_rows
from game.fault import Cancelled
from game.games.rally import GAME
from game.policies.bank import build_bank
from game.policies.graph import GraphPolicy
from game.policies.python_bot import PythonPolicy
from game.spec import MatchEnd, Seat, Termination
from tests.doubles import PATIENT, STILL, broken_network, matches, scripted_field
from tests.game.networks import dense, graph

BOT = 3


def stream(parts):
    """Matches in arrays of the lengths ``parts``; every true one is between Python bots."""
    first = 0
    for length, is_slow in parts:
        rows = matches(length, 2, first_id=first)
        rows["left"] = BOT if is_slow else 0
        first += length
        yield rows


@given(st.lists(st.tuples(st.integers(0, 40), st.booleans()), max_size=12), st.one_of(st.none(), st.integers(1, 50)))
def test_chunks_hold_every_match_once_in_order_and_never_mix_fast_and_slow(parts, batch_size):
    chunks = list(Chunker(stream(parts), [BOT], batch_size))
    total = sum(length for length, _ in parts)
    assert np.concatenate([np.zeros(0, MATCH_DTYPE), *chunks])["match_id"].tolist() == list(range(total))
    for chunk in chunks:
        assert len(chunk)
        assert len(set((chunk["left"] == BOT).tolist())) == 1
        assert batch_size is None or len(chunk) <= batch_size


@pytest.mark.parametrize("is_slow", [False, True])
@pytest.mark.parametrize("batch_size", [1, 7, 10, 64])
def test_a_batch_size_is_kept_for_any_matches_and_however_they_arrive(batch_size, is_slow):
    sizes = [len(chunk) for chunk in Chunker(stream([(3, is_slow)] * 50), [BOT], batch_size)]
    assert sizes[:-1] == [batch_size] * (len(sizes) - 1)
    assert sum(sizes) == 150


def test_chunks_grow_and_shrink_towards_the_wanted_duration():
    chunks = Chunker(stream([(100_000, False)]), [BOT], None)
    sizes = []
    for _ in range(12):
        chunk = next(chunks)
        sizes.append(len(chunk))
        chunks.measured(chunk, len(chunk) * 1e-4)
    assert sizes[:4] == [16, 32, 64, 128]
    assert sizes[-1] == round(TARGET_S / 1e-4)
    for _ in range(12):
        chunk = next(chunks)
        chunks.measured(chunk, len(chunk) * 1.0)
    assert len(next(chunks)) == 16


def test_slow_matches_are_measured_apart_and_go_down_to_one_at_a_time():
    chunks = Chunker(stream([(50, True), (500, False)]), [BOT], None)
    for _ in range(3):
        chunk = next(chunks)
        assert len(chunk) == 1
        chunks.measured(chunk, 2.0)
    while (chunk := next(chunks))["left"][0] == BOT:
        chunks.measured(chunk, len(chunk) * 1e-3)
    assert len(chunk) == 16


def test_the_stream_is_pulled_no_further_than_the_next_chunk_needs():
    pulled = []

    def parts():
        for number in range(100):
            pulled.append(number)
            yield matches(10, 2, first_id=10 * number)

    chunks = Chunker(parts(), [], 25)
    assert not pulled
    next(chunks)
    assert len(pulled) == 3


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("left", 3, "match 104 has left 3: 0 to 2 are allowed"),
        ("right", -1, "match 104 has right -1: 0 to 2 are allowed"),
        ("points", 0, "match 104 has points 0: 1 to 21 are allowed"),
        ("points", 22, "match 104 has points 22: 1 to 21 are allowed"),
        ("seed", -5, "seed -5: 0 to"),
    ],
)
def test_a_match_that_cannot_be_played_is_refused_before_a_kernel_sees_it(name, value, says):
    rows = matches(9, 3, first_id=100)
    rows[name][4] = value
    with pytest.raises(ExecutorError, match=says):
        list(checked_rows([rows], GAME, 3))


def test_rows_of_another_type_are_refused():
    with pytest.raises(ExecutorError, match="MATCH_DTYPE"):
        list(checked_rows([np.zeros((3, 5), np.int64)], GAME, 3))
    with pytest.raises(ExecutorError, match="MATCH_DTYPE"):
        list(checked_rows([matches(4, 2).reshape(2, 2)], GAME, 3))


def test_policies_that_do_not_fit_the_game_are_refused_by_their_place():
    rng = np.random.default_rng(0)
    fits = dense(rng)
    for unfit, says in (
        (dense(rng, inputs=GAME.n_observations - 1), f"policy 1 has {GAME.n_observations - 1} inputs"),
        (dense(rng, outputs=GAME.n_actions + 1), f"{GAME.n_actions + 1} outputs"),
        (GraphPolicy(1, *_one_node()), "policy 1 has 1 inputs and 1 outputs"),
    ):
        with pytest.raises(ExecutorError, match=says):
            checked_bank(GAME, (fits, unfit))
    wide = graph(rng)
    with pytest.raises(ExecutorError, match="float64"):
        checked_bank(GAME, (fits, GraphPolicy(**{**wide.__dict__, "bias": wide.bias.astype(np.float64)})))
    assert len(checked_bank(GAME, (fits, wide, *scripted_field(), PythonPolicy(STILL))).table) == 6


def _one_node():
    integers = [np.array(values, np.int32) for values in ([0, 1], [0])]
    return (*integers, np.ones(1, np.float32), np.zeros(1, np.float32), *(np.zeros(1, np.int32) for _ in range(2)))


def test_a_network_that_answers_nan_forfeits_in_compiled_and_stepwise_matches_alike():
    policies = (scripted_field()[0], broken_network(), PythonPolicy(STILL))
    rows = matches(4, 2)
    rows["left"], rows["right"] = [1, 0, 1, 2], [0, 1, 2, 1]
    with ChunkPlayer(GAME, build_bank(policies), policies, PATIENT) as player:
        played = player.play(rows)
    assert played.results["outcome"].tolist() == [-1, 1, -1, 1]
    assert played.results["end"].tolist() == [MatchEnd.FORFEIT] * 4
    reports = sorted((fault.match_id, fault.seat, fault.termination, fault.detail) for fault in played.faults)
    line = "an output of the network is NaN"
    seats = [Seat.LEFT, Seat.RIGHT, Seat.LEFT, Seat.RIGHT]
    assert reports == [(n, seat, Termination.NOT_A_NUMBER, line) for n, seat in enumerate(seats)]


def test_a_cancelled_match_has_no_result():
    policies = (scripted_field()[0], PythonPolicy(STILL))
    cancelled = threading.Event()
    cancelled.set()
    bank = build_bank(policies)
    with ChunkPlayer(GAME, bank, policies, PATIENT, is_cancelled=cancelled.is_set) as player, pytest.raises(Cancelled):
        player.play(matches(1, 2))
