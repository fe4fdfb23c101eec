"""Player files: safetensors with a JSON header, checked before anything is allocated, known by content hash.

docs/formats.md describes the format. Nothing is ever unpickled. A Python bot is its source file as it is.
"""

import dataclasses
import hashlib
import json
import math
import stat
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from game.errors import PlayerFileError, UnknownNameError
from game.games import game as game_named
from game.policies.activation import Activation
from game.policies.bank import Policy
from game.policies.dense import MAX_LAYERS, DensePolicy
from game.policies.graph import GraphPolicy
from game.policies.python_bot import PythonPolicy
from game.policies.scripted import ScriptedPolicy
from game.spec import GameSpec

FORMAT: Final = 1
MAX_FILE_BYTES: Final = 16 * 2**20
MAX_HEADER_BYTES: Final = 2**20
MAX_NAME: Final = 64
MAX_LINEAGE: Final = 10_000
_METADATA_KEY: Final = "player"
_INTEGER_TENSORS: Final = frozenset({"row", "source", "activation", "outputs"})
_GRAPH_TENSORS: Final = ("row", "source", "weight", "bias", "activation", "outputs")
_PLAIN: Final = (str, int, float, bool, type(None))
_BRIEF: Final = 60

Tensors: TypeAlias = Mapping[str, NDArray[np.generic]]
Summary: TypeAlias = Mapping[str, str | int | float | bool | None]
_Maker: TypeAlias = Callable[[GameSpec, Mapping[str, object], Tensors], Policy]


@dataclass(frozen=True)
class PlayerFile:
    """A player as a file holds it: what it is called, where it comes from, and its policy.

    ``lineage`` are the content hashes of its ancestors, the nearest first; ``created`` is ISO 8601 in UTC; ``training`` is
    what its trainer wants to be read about it.
    """

    name: str
    game: str
    game_version: int
    policy: Policy
    author: str = ""
    lineage: tuple[str, ...] = ()
    created: str = ""
    training: Summary = field(default_factory=dict)

    @property
    def hash(self) -> str:
        """Content hash: sha256 of everything that can change a decision, and of nothing else."""
        tensors, settings = _dismantle(self.policy)
        digest = hashlib.sha256()
        digest.update(json.dumps([self.game, self.game_version, settings], sort_keys=True).encode())
        for name in sorted(tensors):
            tensor = np.ascontiguousarray(tensors[name])
            digest.update(f"{name} {tensor.dtype.str} {tensor.shape}".encode())
            digest.update(tensor.tobytes())
        return digest.hexdigest()


def _dismantle(policy: Policy) -> tuple[Tensors, Summary]:
    """Return a policy's arrays and settings, as the file keeps them."""
    if isinstance(policy, DensePolicy):
        layers = enumerate(zip(policy.weights, policy.biases, strict=True))
        tensors = {
            f"{name}.{i}": part for i, pair in layers for name, part in zip(("weight", "bias"), pair, strict=True)
        }
        kind = "normalised" if policy.is_normalised else "dense"
        return tensors, {"kind": kind, "activation": policy.activation.name.lower()}
    if isinstance(policy, GraphPolicy):
        settings: Summary = {"kind": "graph", "recurrent": bool(policy.is_recurrent), "inputs": int(policy.n_inputs)}
        return {name: getattr(policy, name) for name in _GRAPH_TENSORS}, settings
    if isinstance(policy, ScriptedPolicy):
        return {"parameters": np.array(policy.parameters, np.float32)}, {"kind": "scripted", "bot": policy.bot.name}
    if isinstance(policy, PythonPolicy):
        return {"source": np.frombuffer(policy.source.encode(), np.uint8)}, {"kind": "python"}
    raise TypeError(f"{type(policy).__name__} is no policy that a file can hold")


def to_bytes(player: PlayerFile) -> bytes:
    """Return the file of ``player``: safetensors, or the source of a Python bot.

    Raises
    ------
    PlayerFileError
        If ``read_player`` would refuse that file.
    """
    if isinstance(player.policy, PythonPolicy):
        return player.policy.source.encode()
    tensors, settings = _dismantle(player.policy)
    fields = {f.name: getattr(player, f.name) for f in dataclasses.fields(player) if f.name != "policy"}
    header = {
        "format": FORMAT,
        **fields,
        "lineage": list(player.lineage),
        "training": dict(player.training),
        **settings,
    }
    try:
        _player(header, player.policy, player.game, player.game_version)
        arrays = {name: np.ascontiguousarray(_typed(name, tensor)) for name, tensor in tensors.items()}
        content = save(arrays, {_METADATA_KEY: json.dumps(header, sort_keys=True)})
        _check_lengths(content[:8], len(content))
    except PlayerFileError as error:
        raise PlayerFileError(f"player {_brief(player.name)} cannot be written: {error}") from error
    return content


def read_player(path: Path) -> PlayerFile:
    """Return the player in the safetensors file at ``path``.

    Raises
    ------
    PlayerFileError
        If the file is missing, no player file, damaged, too large, or of another game or version.
    """
    try:
        _check_size(path)
        with safe_open(str(path), framework="numpy") as file:
            header = _header(file.metadata() or {})
            game = _game_of(header)
            shapes = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118  # no mapping
            _check_shapes(shapes)
            tensors = {name: _typed(name, file.get_tensor(name)) for name in shapes}
        policy = _assemble(game, header, tensors)
        return _player(header, policy, game.name, game.version)
    except PlayerFileError as error:
        raise PlayerFileError(f"{_shown(path)} cannot be used: {error}") from error
    except (SafetensorError, OSError, ValueError, TypeError, AttributeError, KeyError, MemoryError) as error:
        raise PlayerFileError(
            f"{_shown(path)} is no readable player file: {_first_line(error)}; export the player again"
        ) from error


def _check_size(path: Path) -> None:
    """Refuse by size and by the header's claimed length, before anything of it is read into memory."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            kind = "a folder" if stat.S_ISDIR(status.st_mode) else "a device or a pipe"
            raise PlayerFileError(f"it is {kind}: a player is one file")
        _check_length(status.st_size)
        with path.open("rb") as file:
            start = file.read(8)
    except OSError as error:
        raise PlayerFileError(f"it cannot be read: {error.strerror or error}") from error
    _check_lengths(start, status.st_size)


def _check_length(size: int) -> None:
    if size > MAX_FILE_BYTES:
        raise PlayerFileError(f"it has {size:,} bytes: a player file has at most {MAX_FILE_BYTES:,}")


def _check_lengths(start: bytes, size: int) -> None:
    """Refuse a file of ``size`` bytes that begins with the eight bytes ``start``, the length of its header."""
    _check_length(size)
    header = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
    if not 2 <= header <= min(MAX_HEADER_BYTES, size - 8):
        raise PlayerFileError(
            f"it has {size:,} bytes and claims a header of {header:,}, which is no safetensors file of a player "
            f"(2 to {MAX_HEADER_BYTES:,} and no more than there is), or it is truncated; export the player again"
        )


def _shown(path: Path) -> str:
    return str(path) if str(path).isprintable() else repr(str(path))


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


def _brief(value: object) -> str:
    """Return ``value`` as a message shows it: on one line, and not all of it if it is long."""
    try:
        text = repr(value[:80] if isinstance(value, str) else value)
    except RecursionError:
        text = f"a deeply nested {type(value).__name__}"
    return text if len(text) <= _BRIEF else f"{text[:_BRIEF]}..."


def _header(metadata: Mapping[str, str]) -> Mapping[str, object]:
    if _METADATA_KEY not in metadata:
        raise PlayerFileError(f"it is a safetensors file but no player: its metadata have no '{_METADATA_KEY}'")
    try:
        header = json.loads(metadata[_METADATA_KEY])
    except (ValueError, RecursionError) as error:
        raise PlayerFileError(f"its header is no JSON that can be read: {_first_line(error)}") from error
    if not isinstance(header, dict):
        raise PlayerFileError(f"its header is {_brief(header)}: a JSON object is needed")
    if not _is_number(header.get("format"), FORMAT):
        found = _brief(header.get("format"))
        raise PlayerFileError(f"it is of player format {found}: this program reads format {FORMAT}")
    return header


def _is_number(value: object, wanted: int) -> bool:
    """Whether ``value`` is the integer ``wanted``; true and 1.0 are equal to 1, but are not it."""
    return type(value) is int and value == wanted


def _game_of(header: Mapping[str, object]) -> GameSpec:
    name, version = header.get("game"), header.get("game_version")
    if not isinstance(name, str) or len(name) > MAX_NAME or not name.isprintable():
        raise PlayerFileError(f"its game is {_brief(name)}: the name of a game is needed")
    try:
        game = game_named(name)
    except UnknownNameError as error:
        raise PlayerFileError(f"its game is not known: {error}") from error
    if not _is_number(version, game.version):
        raise PlayerFileError(
            f"it was made for {game.name} version {_brief(version)}: "
            f"this program plays version {game.version}; train it again"
        )
    return game


def _check_shapes(shapes: Mapping[str, Sequence[int]]) -> None:
    total = sum(math.prod(shape) for shape in shapes.values())
    if len(shapes) > 2 * MAX_LAYERS or total * 4 > MAX_FILE_BYTES:
        raise PlayerFileError(
            f"it has {len(shapes)} tensors of {total:,} numbers: "
            f"at most {2 * MAX_LAYERS} of {MAX_FILE_BYTES // 4:,} are allowed"
        )


def _typed(name: str, tensor: NDArray[np.generic]) -> NDArray[np.generic]:
    expected = np.dtype(np.int32 if name in _INTEGER_TENSORS else np.float32)
    if tensor.dtype != expected:
        raise PlayerFileError(f"tensor {_brief(name)} is {tensor.dtype}: it must be {expected}")
    if expected == np.float32 and not np.isfinite(tensor.astype(np.float32)).all():
        raise PlayerFileError(f"tensor {_brief(name)} holds a NaN or an infinite number; train the player again")
    return tensor


def _player(header: Mapping[str, object], policy: Policy, game: str, version: int) -> PlayerFile:
    """Return the player that ``policy`` is, with what ``header`` says about it."""
    lineage = header.get("lineage", [])
    if not isinstance(lineage, list) or len(lineage) > MAX_LINEAGE or not all(_is_hash(entry) for entry in lineage):
        raise PlayerFileError(f"its lineage is {_brief(lineage)}: a list of at most {MAX_LINEAGE:,} hashes is needed")
    training = header.get("training", {})
    if not isinstance(training, dict) or not all(isinstance(v, _PLAIN) for v in training.values()):
        raise PlayerFileError(f"its training is {_brief(training)}: an object of plain values is needed")
    return PlayerFile(
        name=_text(header, "name", MAX_NAME),
        game=game,
        game_version=version,
        policy=policy,
        author=_text(header, "author", 256),
        lineage=tuple(lineage),
        created=_text(header, "created", 64),
        training=training,
    )


def _is_hash(entry: object) -> bool:
    return isinstance(entry, str) and len(entry) <= 128 and entry.isprintable()


def _text(header: Mapping[str, object], key: str, limit: int) -> str:
    text = header.get(key, "")
    if not isinstance(text, str) or len(text) > limit or not text.isprintable():
        raise PlayerFileError(
            f"its {key} is {_brief(text)}: one printable line of at most {limit} characters is needed"
        )
    return text


def _assemble(game: GameSpec, header: Mapping[str, object], tensors: Tensors) -> Policy:
    """Return the policy of a header and its tensors; each kind checks its own shapes."""
    makers: Mapping[str, _Maker] = {"dense": _dense, "normalised": _dense, "graph": _graph, "scripted": _scripted}
    kind = header.get("kind")
    if not isinstance(kind, str) or kind not in makers:
        raise PlayerFileError(f"its kind is {_brief(kind)}: {', '.join(makers)} are known")
    return makers[kind](game, header, tensors)


def _check_names(tensors: Tensors, names: Sequence[str]) -> None:
    """Refuse tensors that are missing, or that nobody reads: the content hash would not know them."""
    missing = [name for name in names if name not in tensors]
    if missing:
        raise PlayerFileError(f"tensor '{missing[0]}' is missing: {', '.join(names)} are needed")
    unknown = [name for name in tensors if name not in names]
    if unknown:
        raise PlayerFileError(f"tensor {_brief(unknown[0])} is unknown: {', '.join(names)} are needed")


def _tensor(tensors: Tensors, name: str, ndim: int) -> NDArray[np.generic]:
    tensor = tensors[name]
    if tensor.ndim != ndim:
        raise PlayerFileError(f"tensor '{name}' has shape {_brief(tensor.shape)}: it needs {ndim} dimension(s)")
    return np.ascontiguousarray(tensor)


def _dense(game: GameSpec, header: Mapping[str, object], tensors: Tensors) -> DensePolicy:
    layers = range(min(max(sum(name.startswith("weight.") for name in tensors), 1), MAX_LAYERS))
    _check_names(tensors, [f"{part}.{i}" for i in layers for part in ("weight", "bias")])
    names = {activation.name.lower(): activation for activation in Activation}
    activation = header.get("activation")
    if not isinstance(activation, str) or activation not in names:
        raise PlayerFileError(f"its activation is {_brief(activation)}: {', '.join(names)} are known")
    weights = tuple(_tensor(tensors, f"weight.{i}", 2) for i in layers)
    biases = tuple(_tensor(tensors, f"bias.{i}", 1) for i in layers)
    is_normalised = header.get("kind") == "normalised"
    policy = DensePolicy(weights, biases, names[activation], is_normalised)  # type: ignore[arg-type]  # _typed has checked them
    _check_ends(game, policy.sizes[0], policy.sizes[-1])
    return policy


def _graph(game: GameSpec, header: Mapping[str, object], tensors: Tensors) -> GraphPolicy:
    _check_names(tensors, _GRAPH_TENSORS)
    arrays = {name: _tensor(tensors, name, 1) for name in _GRAPH_TENSORS}
    inputs, is_recurrent = header.get("inputs"), header.get("recurrent")
    if not isinstance(is_recurrent, bool):
        raise PlayerFileError(f"its 'recurrent' is {_brief(is_recurrent)}: true or false is needed")
    _check_ends(game, inputs, len(arrays["outputs"]))
    row, connections = arrays["row"], len(arrays["source"])
    if np.any(row < 0) or np.any(row > connections):  # type: ignore[operator]  # they are int32
        raise PlayerFileError(f"tensor 'row' holds a number outside 0 to {connections}, its number of connections")
    return GraphPolicy(n_inputs=game.n_observations, is_recurrent=is_recurrent, **arrays)  # type: ignore[arg-type]


def _scripted(game: GameSpec, header: Mapping[str, object], tensors: Tensors) -> ScriptedPolicy:
    _check_names(tensors, ["parameters"])
    name = header.get("bot")
    bots = [bot.name for bot in game.bots]
    if not isinstance(name, str) or name not in bots:
        raise PlayerFileError(f"its bot is {_brief(name)}: {', '.join(bots)} are known")
    parameters = _tensor(tensors, "parameters", 1)
    return ScriptedPolicy(game.bot(name), tuple(float(str(p)) for p in parameters), game.memory_rows)


def _check_ends(game: GameSpec, inputs: object, outputs: int) -> None:
    if not _is_number(inputs, game.n_observations) or outputs != game.n_actions:
        raise PlayerFileError(
            f"the network has {_brief(inputs)} inputs and {outputs} outputs: "
            f"{game.name} has {game.n_observations} observations and {game.n_actions} actions"
        )
