"""The learner's end of the line: whole messages in order, and no waiting for who does not listen."""

import socket
import struct
from contextlib import closing

import pytest

from ai.actor_link import LearnerEnd

MESSAGES = [b"", b"?", b"x" * 100, bytes(range(256)) * 4000]


@pytest.fixture
def line():
    ours, theirs = socket.socketpair()
    with closing(LearnerEnd(ours)) as end, theirs:
        yield end, theirs


def packed(messages):
    return b"".join(struct.pack("<Q", len(message)) + message for message in messages)


def test_messages_arrive_whole_however_they_are_cut(line):
    end, theirs = line
    content = packed(MESSAGES[:3] * 2)
    found = []
    for at in range(0, len(content), 7):
        theirs.sendall(content[at : at + 7])
        assert end.read()
        found += end.messages()
    assert found == MESSAGES[:3] * 2
    assert not end.read()
    assert end.messages() == []


def test_who_does_not_listen_is_not_waited_for_and_gets_everything_later(line):
    end, theirs = line
    for message in MESSAGES * 5:
        end.send(message)
    wanted = packed(MESSAGES * 5)
    found = bytearray()
    while len(found) < len(wanted):
        found += theirs.recv(1 << 16)
        end.flush()
    assert found == wanted


def test_what_was_sent_before_the_end_is_read_and_then_the_end(line):
    end, theirs = line
    theirs.sendall(packed([b"last"]) + b"\x05")
    theirs.close()
    with pytest.raises(EOFError):
        end.read()
    assert end.messages() == [b"last"]
    with pytest.raises(OSError, match=r"pipe|reset"):
        end.send(b"x" * 100)
