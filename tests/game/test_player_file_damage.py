"""Player files that were damaged or made to do harm: a player or a sentence, never anything else."""

import json
import os
import struct
import tracemalloc

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save

from game.errors import PlayerFileError
from game.policies.file import MAX_FILE_BYTES, MAX_HEADER_BYTES, read_player, to_bytes
from tests.doubles import STILL
from tests.game.test_player_file import POLICIES, decisions, player, refusal, stored, tampered, tensors_and_header

SETTINGS = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@SETTINGS
@given(data=st.data())
def test_no_prefix_is_a_player(tmp_path, data):
    content = to_bytes(player(POLICIES["acyclic"]))
    refusal(stored(tmp_path, content[: data.draw(st.integers(0, len(content) - 1))]))


@pytest.mark.parametrize("name", ["dense", "recurrent", "scripted"])
@SETTINGS
@given(data=st.data())
def test_a_flipped_byte_gives_a_player_or_a_sentence(tmp_path, name, data):
    content = bytearray(to_bytes(player(POLICIES[name], training={"loss": 0.5}, lineage=("ab",))))
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    path = stored(tmp_path, bytes(content))
    try:
        read = read_player(path)
    except PlayerFileError:
        refusal(path)
    else:
        decisions(read.policy)
        assert read_player(stored(tmp_path, to_bytes(read))).hash == read.hash


@SETTINGS
@given(content=st.binary(max_size=300))
def test_bytes_at_random_are_refused(tmp_path, content):
    refusal(stored(tmp_path, content))
    refusal(stored(tmp_path, struct.pack("<Q", len(content)) + content + content))


@SETTINGS
@given(
    header=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    )
)
def test_any_json_as_a_header_is_refused(tmp_path, header):
    refusal(stored(tmp_path, save({"a": np.zeros(1, np.float32)}, {"player": json.dumps(header)})))


@SETTINGS
@given(data=st.data())
def test_any_value_in_the_header_gives_a_player_or_a_sentence(tmp_path, data):
    policy = POLICIES[data.draw(st.sampled_from(["dense", "recurrent", "scripted"]))]
    _, entries = tensors_and_header(policy)
    values = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text(), max_size=2)
    key = data.draw(st.sampled_from(sorted(entries)))
    value = data.draw(values | st.dictionaries(st.text(), values))
    path = tampered(tmp_path, policy, header={key: value})
    try:
        assert read_player(path).hash == player(policy).hash
        assert key in {"name", "author", "created", "training", "lineage"} or repr(value) == repr(entries[key])
    except PlayerFileError:
        refusal(path)


@pytest.mark.parametrize("content", [b"", b"\0" * 7, b"hello, I am a player", b"{}" * 100, STILL.encode()])
def test_other_files_are_refused(tmp_path, content):
    assert f"{len(content):,} bytes" in refusal(stored(tmp_path, content))


def test_other_safetensors_are_refused(tmp_path):
    array = {"a": np.zeros(3, np.float32)}
    assert "no player: its metadata have no 'player'" in refusal(stored(tmp_path, save(array)))
    assert "no player" in refusal(stored(tmp_path, save(array, {"other": "{}"})))


def test_a_huge_file_is_refused_by_its_size_alone(tmp_path):
    path = stored(tmp_path, to_bytes(player(POLICIES["dense"])))
    os.truncate(path, 4 * 2**30)
    tracemalloc.start()
    try:
        assert f"has {4 * 2**30:,} bytes: a player file has at most {MAX_FILE_BYTES:,}" in refusal(path)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("claim", [0, 1, MAX_HEADER_BYTES + 1, 2**31, 2**63, 2**64 - 1])
def test_a_header_that_lies_about_its_length_is_refused(tmp_path, claim):
    content = to_bytes(player(POLICIES["dense"])) + b"\0" * (2 * MAX_HEADER_BYTES)
    assert f"claims a header of {claim:,}" in refusal(stored(tmp_path, struct.pack("<Q", claim) + content[8:]))


@pytest.mark.parametrize("shape", [[2**40, 2**40], [2**62], [4 * 10**6 + 2**20], [0, 2**62], [1] * 100, [-1]])
def test_a_huge_or_odd_declared_shape_is_refused(tmp_path, shape):
    entry = {"dtype": "F32", "shape": shape, "data_offsets": [0, 4]}
    outer = json.dumps(
        {"__metadata__": {"player": json.dumps(tensors_and_header(POLICIES["dense"])[1])}, "weight.0": entry}
    ).encode()
    refusal(stored(tmp_path, struct.pack("<Q", len(outer)) + outer + b"\0" * 4))


def test_what_is_no_file_is_refused(tmp_path):
    assert "No such file" in refusal(tmp_path / "missing")
    assert "is a folder" in refusal(tmp_path)
    with pytest.raises(PlayerFileError, match="null"):
        read_player(tmp_path / "a\0b")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
def test_a_named_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert "a device or a pipe" in refusal(tmp_path / "pipe")
