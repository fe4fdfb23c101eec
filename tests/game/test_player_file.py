"""Player files: what is written is read, and whatever else lies in a file is refused in one sentence."""

import dataclasses
import json
import struct
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from game.errors import PlayerFileError
from game.games.rally import GAME
from game.match import CompiledPlayer
from game.policies.activation import Activation
from game.policies.bank import build_bank
from game.policies.dense import MAX_LAYERS, DensePolicy
from game.policies.file import MAX_FILE_BYTES, MAX_HEADER_BYTES, PlayerFile, read_player, to_bytes
from game.policies.graph import GraphPolicy
from game.policies.python_bot import PythonPolicy
from game.spec import Seat
from tests.doubles import STILL, broken_network
from tests.game.networks import bot, dense, graph

RNG = np.random.default_rng(2)
POLICIES = {
    "dense": dense(RNG, (12, 7), Activation.TANH),
    "one layer": dense(RNG, ()),
    "normalised": dense(np.random.default_rng(5), (12, 7), Activation.RELU, is_normalised=True),
    "eight layers": dense(RNG, (4,) * (MAX_LAYERS - 1)),
    "acyclic": graph(RNG),
    "recurrent": graph(RNG, is_recurrent=True),
    "no connections": graph(RNG, nodes=3, fan_in=0),
    "scripted": bot("predictor"),
    "scripted with parameters": bot("predictor", delay=7, noise=1 / 3),
}


def player(policy, **fields):
    return PlayerFile(**{"name": "Ann", "game": GAME.name, "game_version": GAME.version, "policy": policy, **fields})


def stored(tmp_path, content):
    path = tmp_path / "player.safetensors"
    path.write_bytes(content)
    return path


def tensors_and_header(policy):
    """The parts of a file, to be tampered with."""
    content = to_bytes(player(policy))
    (length,) = struct.unpack("<Q", content[:8])
    outer = json.loads(content[8 : 8 + length])
    dtypes = {"F32": np.float32, "I32": np.int32}
    tensors = {
        name: np.frombuffer(content[8 + length :][slice(*entry["data_offsets"])], dtypes[entry["dtype"]]).reshape(
            entry["shape"]
        )
        for name, entry in outer.items()
        if name != "__metadata__"
    }
    return tensors, json.loads(outer["__metadata__"]["player"])


def tampered(tmp_path, policy, *, header=None, tensors=None):
    """A file like that of ``policy``, but for some entries of its header and some tensors; None removes one."""
    arrays, entries = tensors_and_header(policy)
    arrays = {name: value for name, value in {**arrays, **(tensors or {})}.items() if value is not None}
    entries = {name: value for name, value in {**entries, **(header or {})}.items() if value is not ...}
    return stored(tmp_path, save(arrays, {"player": json.dumps(entries)}))


def refusal(path):
    """Why ``path`` is refused: one line that names the file."""
    with pytest.raises(PlayerFileError) as raised:
        read_player(path)
    text = str(raised.value)
    assert text.startswith(str(path))
    assert text.isprintable()
    assert len(text) < len(str(path)) + 400
    return text


def decisions(policy):
    """What a policy does on 40 observations in a row, its memory included."""
    compiled = CompiledPlayer(GAME, build_bank((policy,)), 0, seat=Seat.LEFT, seed=1)
    observations = np.random.default_rng(0).normal(0, 1, (40, GAME.n_observations)).astype(np.float32)
    return [compiled.decide(observation) for observation in observations]


class TestRoundTrip:
    @pytest.mark.parametrize("name", POLICIES)
    def test_a_player_comes_back_as_it_was(self, tmp_path, name):
        about = {
            "author": "Bea",
            "lineage": ("a" * 64, "b" * 64),
            "created": "2026-01-02T03:04:05Z",
            "training": {"method": "neat", "steps": 10**12, "loss": 0.25, "is_done": True, "note": None},
        }
        written = player(POLICIES[name], **about)
        read = read_player(stored(tmp_path, to_bytes(written)))
        assert read.hash == written.hash
        assert to_bytes(read) == to_bytes(written)
        assert decisions(read.policy) == decisions(written.policy)
        assert len(set(decisions(dense(RNG)))) > 1  # the observations do tell policies apart
        for field in dataclasses.fields(PlayerFile):
            if field.name != "policy":
                assert getattr(read, field.name) == getattr(written, field.name)

    def test_a_python_bot_is_its_source(self):
        assert to_bytes(player(PythonPolicy(STILL))) == STILL.encode()

    def test_the_starters_are_read(self):
        folder = Path(__file__).parents[2] / "assets" / "players"
        names = {read_player(path).name for path in folder.glob("*.safetensors")}
        assert len(names) == len(list(folder.glob("*.safetensors"))) > 3

    def test_numpy_settings_and_strided_arrays_are_written_like_plain_ones(self, tmp_path):
        plain = POLICIES["acyclic"]
        odd = dataclasses.replace(plain, n_inputs=np.int64(plain.n_inputs), weight=np.repeat(plain.weight, 2)[::2])
        assert to_bytes(player(odd)) == to_bytes(player(plain))
        assert player(odd).hash == player(plain).hash


class TestHash:
    @pytest.mark.parametrize("name", POLICIES)
    def test_it_ignores_what_changes_no_decision(self, name):
        policy = POLICIES[name]
        other = player(policy, name="Bob", author="x", lineage=("c",), created="now", training={"a": 1})
        assert other.hash == player(policy).hash
        assert player(policy, game="other").hash != player(policy).hash
        assert player(policy, game_version=99).hash != player(policy).hash

    @pytest.mark.parametrize("name", ["dense", "acyclic", "recurrent", "scripted"])
    def test_it_reacts_to_every_number(self, tmp_path, name):
        arrays, _ = tensors_and_header(POLICIES[name])
        seen = {player(POLICIES[name]).hash}
        count = 1
        for key in set(arrays) & {"weight.0", "bias.1", "weight", "bias", "parameters"}:
            for place in range(arrays[key].size):
                changed = arrays[key].copy()
                changed.reshape(-1)[place] = np.nextafter(changed.reshape(-1)[place], np.float32(1))
                seen.add(read_player(tampered(tmp_path, POLICIES[name], tensors={key: changed})).hash)
                count += 1
        assert len(seen) == count > 2

    def test_it_tells_settings_and_kinds_apart(self):
        acyclic = POLICIES["acyclic"]
        network = POLICIES["dense"]
        variants = [
            *POLICIES.values(),
            dataclasses.replace(acyclic, is_recurrent=True),
            dataclasses.replace(acyclic, outputs=acyclic.outputs[::-1]),
            dataclasses.replace(network, activation=Activation.RELU),
            PythonPolicy("a"),
            PythonPolicy("b"),
        ]
        assert len({player(policy).hash for policy in variants}) == len(variants)


HEADERS = [
    ("dense", {"format": 2}, "player format 2: this program reads format 1"),
    ("dense", {"format": True}, "player format True"),
    ("dense", {"format": 1.0}, "player format 1.0"),
    ("dense", {"format": ...}, "player format None"),
    ("dense", {"game": "chess"}, "no game 'chess'"),
    ("dense", {"game": "x" * 10**5}, "its game is 'xxx"),
    ("dense", {"game": ["rally"]}, "its game is ['rally']"),
    ("dense", {"game": ...}, "its game is None"),
    ("dense", {"game_version": GAME.version + 1}, f"this program plays version {GAME.version}; train it again"),
    ("dense", {"game_version": True}, "version True"),
    ("dense", {"game_version": float(GAME.version)}, f"version {float(GAME.version)}"),
    ("dense", {"game_version": str(GAME.version)}, f"version '{GAME.version}'"),
    ("dense", {"kind": "python"}, "its kind is 'python': dense, normalised, graph, scripted are known"),
    ("dense", {"kind": []}, "its kind is []"),
    ("dense", {"kind": {"a": 1}}, "its kind is {'a': 1}"),
    ("dense", {"kind": "graph"}, "tensor 'row' is missing"),
    ("dense", {"kind": "scripted"}, "tensor 'parameters' is missing"),
    ("dense", {"activation": "softmax"}, "its activation is 'softmax': identity, relu"),
    ("dense", {"activation": 3}, "its activation is 3"),
    ("dense", {"name": "x" * 65}, "its name is 'xxx"),
    ("dense", {"name": "two\nlines"}, r"its name is 'two\nlines': one printable line of at most 64"),
    ("dense", {"name": 5}, "its name is 5"),
    ("dense", {"author": None}, "its author is None"),
    ("dense", {"created": [1]}, "its created is [1]"),
    ("dense", {"lineage": "abc"}, "its lineage is 'abc'"),
    ("dense", {"lineage": [1]}, "its lineage is [1]"),
    ("dense", {"lineage": ["a"] * 10_001}, "at most 10,000 hashes"),
    ("dense", {"training": []}, "its training is []"),
    ("dense", {"training": {"a": [1]}}, "an object of plain values is needed"),
    ("acyclic", {"inputs": "8"}, "the network has '8' inputs"),
    ("acyclic", {"inputs": True}, "the network has True inputs"),
    ("acyclic", {"inputs": float(GAME.n_observations)}, f"{float(GAME.n_observations)} inputs"),
    ("acyclic", {"inputs": -1}, "the network has -1 inputs"),
    ("acyclic", {"inputs": 10**30}, "inputs"),
    ("acyclic", {"recurrent": 1}, "its 'recurrent' is 1: true or false is needed"),
    ("acyclic", {"recurrent": "false"}, "its 'recurrent' is 'false'"),
    ("acyclic", {"recurrent": ...}, "its 'recurrent' is None"),
    ("recurrent", {"recurrent": False}, "said to be acyclic, but node"),
    ("scripted", {"bot": "champion"}, "its bot is 'champion': "),
    ("scripted", {"bot": []}, "its bot is []"),
]


class TestContents:
    @pytest.mark.parametrize(("name", "header", "says"), HEADERS, ids=[f"{h[0]} {str(h[1])[:40]}" for h in HEADERS])
    def test_a_wrong_header_is_refused(self, tmp_path, name, header, says):
        assert says in refusal(tampered(tmp_path, POLICIES[name], header=header))

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("no json", "no JSON that can be read"),
            ("[" * 5000, "no JSON that can be read"),
            ('{"format":' + "[" * 900 + "]" * 900 + "}", "player format"),
            ('{"format": ' + "9" * 5000 + "}", "no JSON that can be read"),
            ("[]", "its header is []: a JSON object is needed"),
            ("null", "its header is None"),
            ('"a\\nb"', r"its header is 'a\nb'"),
        ],
    )
    def test_a_header_that_is_no_object_is_refused(self, tmp_path, text, says):
        assert says in refusal(stored(tmp_path, save({"a": np.zeros(1, np.float32)}, {"player": text})))

    @pytest.mark.parametrize(
        ("name", "tensors", "says"),
        [
            ("dense", {"weight.1": None}, "tensor 'weight.1' is missing"),
            ("dense", {"bias.2": None}, "tensor 'bias.2' is missing"),
            ("dense", {"extra": np.zeros(1, np.float32)}, "tensor 'extra' is unknown"),
            ("dense", {"two\nlines": np.zeros(1, np.float32)}, r"tensor 'two\nlines' is unknown"),
            ("dense", {f"x{n}": np.zeros(1, np.float32) for n in range(20)}, "26 tensors"),
            ("dense", {"weight.0": np.zeros((12, GAME.n_observations), np.float64)}, "is float64: it must be float32"),
            ("dense", {"weight.0": np.zeros((12, GAME.n_observations), np.float16)}, "is float16: it must be float32"),
            ("dense", {"weight.0": np.zeros((12, GAME.n_observations), np.int32)}, "is int32: it must be float32"),
            ("dense", {"weight.0": np.zeros(12, np.float32)}, "has shape (12,): it needs 2 dimension(s)"),
            ("dense", {"weight.0": np.zeros((12, 99), np.float32)}, "the network has 99 inputs"),
            ("dense", {"weight.0": np.zeros((11, GAME.n_observations), np.float32)}, "layer 0 has weights (11,"),
            ("dense", {"weight.0": np.zeros((0, GAME.n_observations), np.float32)}, "layer 0 has weights (0,"),
            ("dense", {"bias.0": np.full(12, np.nan, np.float32)}, "'bias.0' holds a NaN or an infinite number"),
            ("dense", {"bias.0": np.full(12, -np.inf, np.float32)}, "'bias.0' holds a NaN or an infinite number"),
            ("one layer", {"weight.0": np.zeros((4, GAME.n_observations), np.float32)}, "layer 0 has weights (4,"),
            ("acyclic", {"source": None}, "tensor 'source' is missing"),
            ("acyclic", {"row": np.zeros(3, np.int64)}, "tensor 'row' is int64: it must be int32"),
            ("acyclic", {"row": np.zeros(9, np.int32)}, "must rise from 0 to"),
            ("acyclic", {"row": np.full(9, -1, np.int32)}, "tensor 'row' holds a number outside 0 to"),
            ("acyclic", {"weight": np.zeros(1, np.float32)}, "do not fit together"),
            ("acyclic", {"activation": np.full(8, 99, np.int32)}, "unknown activation"),
            ("acyclic", {"outputs": np.array([0, 1, 999], np.int32)}, "names a value outside 0 to"),
            ("acyclic", {"outputs": np.array([0, 1, -1], np.int32)}, "names a value outside 0 to"),
            ("acyclic", {"outputs": np.arange(4, dtype=np.int32)}, "4 outputs"),
            ("scripted", {"parameters": np.zeros(99, np.float32)}, "got 99 parameters"),
            ("scripted", {"parameters": np.full(2, -1, np.float32)}, "are allowed"),
            ("scripted", {"parameters": np.zeros((1, 2), np.float32)}, "it needs 1 dimension(s)"),
            ("scripted", {"parameters": np.full(2, np.nan, np.float32)}, "holds a NaN"),
        ],
        ids=str,
    )
    def test_wrong_tensors_are_refused(self, tmp_path, name, tensors, says):
        assert says in refusal(tampered(tmp_path, POLICIES[name], tensors=tensors))

    def test_rows_whose_differences_overflow_are_refused_before_memory_is_asked_for(self, tmp_path):
        connections = len(POLICIES["acyclic"].source)
        row = np.array([0, 2**31 - 1, -(2**31), -1, -1, -1, -1, -1, connections], np.int32)
        assert "'row' holds a number outside" in refusal(tampered(tmp_path, POLICIES["acyclic"], tensors={"row": row}))

    def test_a_cycle_said_to_be_none_is_refused(self, tmp_path):
        inputs = GAME.n_observations
        arrays = {
            "row": np.array([0, 1, 2, 2], np.int32),
            "source": np.array([inputs + 1, inputs], np.int32),
            "weight": np.ones(2, np.float32),
            "bias": np.zeros(3, np.float32),
            "activation": np.zeros(3, np.int32),
            "outputs": np.arange(inputs, inputs + 3, dtype=np.int32),
        }
        cyclic = GraphPolicy(n_inputs=inputs, is_recurrent=True, **arrays)
        read = read_player(tampered(tmp_path, cyclic))
        assert read.policy.is_recurrent
        assert f"node {inputs} reads value {inputs + 1}" in refusal(
            tampered(tmp_path, cyclic, header={"recurrent": False})
        )


class TestWriting:
    @pytest.mark.parametrize(
        ("policy", "fields", "says"),
        [
            (POLICIES["dense"], {"name": "x" * 65}, "its name is"),
            (POLICIES["dense"], {"training": {"a": [1]}}, "an object of plain values"),
            (POLICIES["dense"], {"lineage": (1,)}, "its lineage is"),
            (broken_network(), {}, "holds a NaN"),
            (dense(RNG, (1024, 1024, 1024, 1024, 1024)), {}, f"at most {MAX_FILE_BYTES:,}"),
            (POLICIES["dense"], {"training": {"log": "x" * (MAX_HEADER_BYTES + 1)}}, "claims a header of"),
        ],
        ids=["name", "training", "lineage", "NaN", "large", "header"],
    )
    def test_what_could_not_be_read_is_not_written(self, policy, fields, says):
        with pytest.raises(PlayerFileError) as raised:
            to_bytes(player(policy, **fields))
        assert says in str(raised.value)
        assert "cannot be written" in str(raised.value)

    def test_what_is_no_policy_is_a_mistake_of_the_caller(self):
        with pytest.raises(TypeError, match="int is no policy"):
            to_bytes(player(3))

    def test_numbers_of_another_type_are_not_written_as_a_file_that_nobody_reads(self):
        network = POLICIES["one layer"]
        wide = DensePolicy(tuple(w.astype(np.float64) for w in network.weights), network.biases)
        with pytest.raises(PlayerFileError, match="is float64: it must be float32"):
            to_bytes(player(wide))
