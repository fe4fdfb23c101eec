"""Player files: safetensors with a JSON header, checked before anything is allocated, known by content hash.

docs/formats.md describes the format. Nothing is ever unpickled. A Python bot is its source file as it is.
"""

import dataclasses
import hashlib
import json
import math
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from game.errors import PlayerFileError
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
_METADATA_KEY: Final = "player"
_INTEGER_TENSORS: Final = frozenset({"row", "source", "activation", "outputs"})

Tensors: TypeAlias = Mapping[str, NDArray[np.generic]]
Summary: TypeAlias = Mapping[str, str | int | float | bool | None]


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
        return tensors, {"kind": "dense", "activation": policy.activation.name.lower()}
    if isinstance(policy, GraphPolicy):
        names = ("row", "source", "weight", "bias", "activation", "outputs")
        settings: Summary = {"kind": "graph", "recurrent": policy.is_recurrent, "inputs": policy.n_inputs}
        return {name: getattr(policy, name) for name in names}, settings
    if isinstance(policy, ScriptedPolicy):
        return {"parameters": np.array(policy.parameters, np.float32)}, {"kind": "scripted", "bot": policy.bot.name}
    if isinstance(policy, PythonPolicy):
        return {"source": np.frombuffer(policy.source.encode(), np.uint8)}, {"kind": "python"}
    raise TypeError(f"{type(policy).__name__} is no policy that a file can hold")


def to_bytes(player: PlayerFile) -> bytes:
    """Return the file of ``player``: safetensors, or the source of a Python bot."""
    if isinstance(player.policy, PythonPolicy):
        return player.policy.source.encode()
    tensors, settings = _dismantle(player.policy)
    header = {
        "format": FORMAT,
        **{f.name: getattr(player, f.name) for f in dataclasses.fields(player) if f.name != "policy"},
        **settings,
    }
    arrays = {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}
    return save(arrays, {_METADATA_KEY: json.dumps(header, sort_keys=True)})


def read_player(path: Path) -> PlayerFile:
    """Return the player in the safetensors file at ``path``.

    Raises
    ------
    PlayerFileError
        If the file is missing, no player file, damaged, too large, or of another game or version.
    """
    _check_size(path)
    try:
        with safe_open(str(path), framework="numpy") as file:
            header = _header(path, file.metadata() or {})
            game = _game_of(path, header)
            shapes = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118  # no mapping
            _check_shapes(path, shapes)
            tensors = {name: _typed(path, name, file.get_tensor(name)) for name in shapes}
    except (SafetensorError, OSError, ValueError, TypeError, AttributeError) as error:
        raise PlayerFileError(
            f"{path} is no readable player file: {_first_line(error)}; export the player again"
        ) from error
    try:
        policy = _assemble(game, header, tensors)
        player = PlayerFile(
            name=_text(header, "name", MAX_NAME),
            game=game.name,
            game_version=game.version,
            policy=policy,
            author=_text(header, "author", 256),
            lineage=tuple(str(entry) for entry in _list(header, "lineage")),
            created=_text(header, "created", 64),
            training=_summary(header),
        )
    except PlayerFileError as error:
        raise PlayerFileError(f"{path} cannot be used: {error}") from error
    return player


def _check_size(path: Path) -> None:
    """Refuse by size and by the header's claimed length, before anything of it is read into memory."""
    try:
        size = path.stat().st_size
        if path.is_dir():
            raise PlayerFileError(f"{path} is a folder: a player is one file")
        with path.open("rb") as file:
            start = file.read(8)
    except OSError as error:
        raise PlayerFileError(f"{path} cannot be read: {error.strerror or error}") from error
    if size > MAX_FILE_BYTES:
        raise PlayerFileError(f"{path} has {size:,} bytes: a player file has at most {MAX_FILE_BYTES:,}")
    header = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
    if not 2 <= header <= min(MAX_HEADER_BYTES, size - 8):
        raise PlayerFileError(
            f"{path} is no safetensors file, or it is truncated ({size:,} bytes); export the player again"
        )


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


def _header(path: Path, metadata: Mapping[str, str]) -> Mapping[str, object]:
    if _METADATA_KEY not in metadata:
        raise PlayerFileError(f"{path} is a safetensors file but no player: its metadata have no '{_METADATA_KEY}'")
    try:
        header = json.loads(metadata[_METADATA_KEY])
    except (json.JSONDecodeError, RecursionError) as error:
        raise PlayerFileError(f"{path} has a broken header: {_first_line(error)}") from error
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        found = header.get("format") if isinstance(header, dict) else None
        raise PlayerFileError(f"{path} is of player format {found!r}: this program reads format {FORMAT}")
    return header


def _game_of(path: Path, header: Mapping[str, object]) -> GameSpec:
    game = game_named(str(header.get("game")))
    version = header.get("game_version")
    if version != game.version:
        raise PlayerFileError(
            f"{path} was made for {game.name} version {version!r}: this program plays version {game.version}; train it again"
        )
    return game


def _check_shapes(path: Path, shapes: Mapping[str, Sequence[int]]) -> None:
    total = sum(math.prod(shape) for shape in shapes.values())
    if len(shapes) > 2 * MAX_LAYERS or total * 4 > MAX_FILE_BYTES:
        raise PlayerFileError(f"{path} has {len(shapes)} tensors of {total:,} numbers: more than any allowed network")


def _typed(path: Path, name: str, tensor: NDArray[np.generic]) -> NDArray[np.generic]:
    expected = np.dtype(np.int32 if name in _INTEGER_TENSORS else np.float32)
    if tensor.dtype != expected:
        raise PlayerFileError(f"{path}: tensor '{name}' is {tensor.dtype}, it must be {expected}")
    if expected == np.float32 and not np.isfinite(tensor.astype(np.float32)).all():
        raise PlayerFileError(f"{path}: tensor '{name}' holds a NaN or an infinite number; train the player again")
    return tensor


def _text(header: Mapping[str, object], key: str, limit: int) -> str:
    text = header.get(key, "")
    if not isinstance(text, str) or len(text) > limit or not text.isprintable():
        raise PlayerFileError(f"'{key}' of its header must be one printable line of at most {limit} characters")
    return text


def _list(header: Mapping[str, object], key: str) -> Sequence[object]:
    value = header.get(key, [])
    if not isinstance(value, list) or len(value) > 10_000:
        raise PlayerFileError(f"'{key}' of its header must be a list of at most 10,000 entries")
    return value


def _summary(header: Mapping[str, object]) -> Summary:
    value = header.get("training", {})
    if not isinstance(value, dict) or not all(isinstance(v, str | int | float | bool | None) for v in value.values()):
        raise PlayerFileError("'training' of its header must be an object of plain values")
    return value


def _assemble(game: GameSpec, header: Mapping[str, object], tensors: Tensors) -> Policy:
    """Return the policy of a header and its tensors; each kind checks its own shapes."""
    makers: Mapping[str, Callable[[GameSpec, Mapping[str, object], Tensors], Policy]]
    makers = {"dense": _dense, "graph": _graph, "scripted": _scripted}
    kind = header.get("kind")
    if kind not in makers:
        raise PlayerFileError(f"its kind is {kind!r}: {', '.join(makers)} are known")
    return makers[str(kind)](game, header, tensors)


def _tensor(tensors: Tensors, name: str, dtype: type[np.generic], ndim: int) -> NDArray[np.generic]:
    if name not in tensors:
        raise PlayerFileError(f"tensor '{name}' is missing")
    tensor = tensors[name]
    if tensor.ndim != ndim:
        raise PlayerFileError(f"tensor '{name}' has shape {tensor.shape}: it needs {ndim} dimension(s)")
    return np.ascontiguousarray(tensor.astype(dtype, copy=False))


def _dense(game: GameSpec, header: Mapping[str, object], tensors: Tensors) -> DensePolicy:
    layers = sum(name.startswith("weight.") for name in tensors)
    names = {activation.name.lower(): activation for activation in Activation}
    activation = str(header.get("activation"))
    if activation not in names:
        raise PlayerFileError(f"its activation is '{activation}': {', '.join(names)} are known")
    weights = tuple(_tensor(tensors, f"weight.{i}", np.float32, 2) for i in range(layers))
    biases = tuple(_tensor(tensors, f"bias.{i}", np.float32, 1) for i in range(layers))
    policy = DensePolicy(weights, biases, names[activation])  # type: ignore[arg-type]  # _tensor has set the dtype
    _check_ends(game, policy.sizes[0], policy.sizes[-1])
    return policy


def _graph(game: GameSpec, header: Mapping[str, object], tensors: Tensors) -> GraphPolicy:
    integers = {name: _tensor(tensors, name, np.int32, 1) for name in ("row", "source", "activation", "outputs")}
    reals = {name: _tensor(tensors, name, np.float32, 1) for name in ("weight", "bias")}
    inputs = header.get("inputs")
    _check_ends(game, inputs, len(integers["outputs"]))
    arrays = {**integers, **reals}
    return GraphPolicy(n_inputs=int(str(inputs)), is_recurrent=bool(header.get("recurrent")), **arrays)  # type: ignore[arg-type]


def _scripted(game: GameSpec, header: Mapping[str, object], tensors: Tensors) -> ScriptedPolicy:
    name = str(header.get("bot"))
    bots = [bot.name for bot in game.bots]
    if name not in bots:
        raise PlayerFileError(f"its bot is '{name}': {', '.join(bots)} are known")
    parameters = _tensor(tensors, "parameters", np.float32, 1)
    return ScriptedPolicy(game.bot(name), tuple(float(str(p)) for p in parameters), game.memory_rows)


def _check_ends(game: GameSpec, inputs: object, outputs: int) -> None:
    if inputs != game.n_observations or outputs != game.n_actions:
        raise PlayerFileError(
            f"the network has {inputs} inputs and {outputs} outputs: "
            f"{game.name} has {game.n_observations} observations and {game.n_actions} actions"
        )
