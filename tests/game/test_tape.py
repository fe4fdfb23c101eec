"""The tape: what goes in comes out, and whatever is damaged is refused with a sentence."""

import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from game.spec import Seat, Termination
from game.tape import Tape, TapeError

TICKS = st.lists(st.tuples(st.integers(0, 127), st.integers(0, 127)), max_size=200)


@given(TICKS, st.sampled_from(Termination), st.sampled_from(Termination))
def test_bytes_bring_the_same_tape_back(ticks, left, right):
    tape = Tape(ticks)
    tape.forfeit(Seat.LEFT, left)
    tape.forfeit(Seat.RIGHT, right)
    again = Tape.from_bytes(tape.to_bytes())
    assert [again[tick] for tick in range(len(again))] == ticks
    assert again.terminations == (left, right)
    assert again == tape
    assert again.is_forfeited == (left != Termination.OK or right != Termination.OK)


def test_actions_are_an_array_of_their_own():
    tape = Tape([(0, 1), (2, 1)])
    actions = tape.actions
    assert (actions.dtype, actions.tolist()) == (np.int8, [[0, 1], [2, 1]])
    actions[0] = 9
    tape.append(1, 1)
    assert tape.actions.tolist() == [[0, 1], [2, 1], [1, 1]]


def test_a_five_minute_match_is_some_kilobytes():
    rng = np.random.default_rng(1)
    held = np.repeat(rng.integers(0, 3, (1800, 2)), 10, axis=0)  # people keep a key for a while
    assert len(Tape(map(tuple, held.tolist())).to_bytes()) < 6000


@pytest.mark.parametrize("actions", [(-1, 0), (0, 128)])
def test_an_action_that_is_no_byte_is_refused(actions):
    with pytest.raises(ValueError, match="0 to 127 are allowed"):
        Tape().append(*actions)


@pytest.mark.parametrize("tick", [-1, 2])
def test_a_tick_that_is_not_there_is_refused(tick):
    with pytest.raises(IndexError, match="it has 2"):
        Tape([(0, 0), (1, 1)])[tick]


def packed(content, version=1):
    return bytes([version]) + zlib.compress(content)


GOOD = packed(b"\0\0\1\2")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "is empty"),
        (packed(b"\0\0", version=2), "version 2, this program reads version 1"),
        (b"\1", "its end is missing"),
        (b"\1hello", "cannot be unpacked"),
        (GOOD[:-1], "its end is missing"),
        (GOOD[:-1] + b"x", "cannot be unpacked"),
        (GOOD + b"xyz", "3 bytes follow its end"),
        (packed(b""), "it holds 0 bytes"),
        (packed(b"\0\0\1"), "it holds 3 bytes"),
        (packed(b"\0\x63\1\1"), "ends by 99"),
        (packed(b"\0\0\1\x80"), "above 127"),
        (packed(bytes(2_000_004)), "more than 1,000,000 ticks"),
    ],
    ids=lambda value: value[:24] if isinstance(value, str) else "",
)
def test_damage_is_refused_in_one_sentence(data, says):
    with pytest.raises(TapeError, match=says) as caught:
        Tape.from_bytes(data)
    assert "\n" not in str(caught.value)


def test_a_tape_of_another_game_is_refused():
    Tape([(0, 2)]).check_actions(3)
    with pytest.raises(TapeError, match="action 3: 0 to 2"):
        Tape([(0, 3)]).check_actions(3)
