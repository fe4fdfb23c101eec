"""Networks as neat-python exports them (``neat.export``, JSON format 1.0): read, checked, put into evaluation order.

``docs/formats.md`` says what of that format can be played. Everything else is refused with one sentence.
"""

import heapq
import json
import math
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

from ai.errors import TrainingError
from ai.neat.functions import FUNCTION_CODES, FUNCTIONS, IDENTITY
from game.policies.graph import MAX_CONNECTIONS, MAX_NODES

FORMAT_VERSION: Final = "1.0"
MAX_FILE_BYTES: Final = 32 * 2**20

_RECURRENT: Final = {"feedforward": False, "recurrent": True}
_LIKE_SUM: Final = frozenset({"sum", "max", "min", "maxabs", "median", "mean"})
"""Aggregations of neat-python that are 0 of nothing; these, and ``product``, leave one value as it is."""
_BRIEF: Final = 60

_Object: TypeAlias = Mapping[str, object]


class InterchangeError(TrainingError):
    """A network or a genome cannot be exchanged with neat-python."""


class NetworkNode(NamedTuple):
    """A node: its value is ``function(bias + response * sum(weight * value))`` over ``links`` of (source key, weight)."""

    key: int
    function: int
    """Code of ``ai.neat.functions``."""
    bias: float
    response: float
    links: tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class NeatNetwork:
    """A network with the keys that its file gives.

    A feed-forward node reads inputs and nodes before it; a recurrent one reads what nodes were worth the tick before. Every
    output has a node.
    """

    inputs: tuple[int, ...]
    """Key of each observation."""
    outputs: tuple[int, ...]
    nodes: tuple[NetworkNode, ...]
    is_recurrent: bool
    metadata: _Object


class _RefusedError(ValueError):
    """What is wrong with the document, as the end of a sentence."""


def read_network(source: str | Path) -> NeatNetwork:
    """Return the network in the JSON text ``source``, or in the file at that path.

    Raises
    ------
    InterchangeError
        With one sentence, if it is damaged or is something that no player can be.
    """
    where = str(source) if isinstance(source, Path) else "the network's JSON"
    try:
        return _network(_parsed(_text(source) if isinstance(source, Path) else source))
    except _RefusedError as error:
        raise InterchangeError(f"{where} cannot be used: {error}") from error


def _text(path: Path) -> str:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise _RefusedError("it is no file")
        if status.st_size > MAX_FILE_BYTES:
            raise _RefusedError(f"it has {status.st_size:,} bytes, and at most {MAX_FILE_BYTES:,} are allowed")
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise _RefusedError("it is no JSON text; export the network again") from error
    except OSError as error:
        raise _RefusedError(f"it cannot be read ({error.strerror or error})") from error


def _parsed(text: str) -> _Object:
    try:
        return _object(json.loads(text), "the network")
    except (ValueError, RecursionError) as error:
        if isinstance(error, _RefusedError):
            raise
        raise _RefusedError(f"it is no JSON that can be read ({str(error)[:100]}); export the network again") from error


def _network(document: _Object) -> NeatNetwork:
    version, kind = _member(document, "format_version", "the network"), _member(document, "network_type", "the network")
    if version != FORMAT_VERSION:
        raise _RefusedError(f"its format_version is {_brief(version)}, and only '{FORMAT_VERSION}' is known")
    if not isinstance(kind, str) or kind not in _RECURRENT:
        raise _RefusedError(
            f"its network_type is {_brief(kind)}, and only {' and '.join(_RECURRENT)} networks can play"
        )
    is_recurrent = _RECURRENT[kind]
    inputs, outputs = _ends(_object(_member(document, "topology", "the network"), "its topology"))
    nodes = _nodes(_list(document, "nodes"), inputs, outputs)
    links = _links(_list(document, "connections"), inputs, nodes, is_recurrent=is_recurrent)
    for key, node in nodes.items():
        _check_aggregation(node, key, len(links[key]))
    built = [_node(node, key, links[key]) for key, node in nodes.items()]
    missing = [key for key in outputs if key not in nodes]
    built += [NetworkNode(key, IDENTITY, 0.0, 1.0, ()) for key in missing]  # to neat-python such an output is 0
    ordered = built if is_recurrent else _in_order(built)
    metadata = document.get("metadata")
    return NeatNetwork(inputs, outputs, tuple(ordered), is_recurrent, metadata if isinstance(metadata, dict) else {})


def _ends(topology: _Object) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the keys of inputs and outputs."""
    ends = []
    for side in ("input", "output"):
        keys, count = _list(topology, f"{side}_keys"), _member(topology, f"num_{side}s", "its topology")
        if len(keys) != count or isinstance(count, bool):
            raise _RefusedError(f"its num_{side}s is {_brief(count)}, but there are {len(keys)} {side}_keys")
        ends.append(tuple(_whole(key, f"its {side}_keys hold") for key in keys))
    inputs, outputs = ends
    if len({*inputs, *outputs}) < len(inputs) + len(outputs):
        raise _RefusedError("its input_keys and output_keys hold a key twice")
    return inputs, outputs


def _nodes(entries: Sequence[object], inputs: Sequence[int], outputs: Sequence[int]) -> dict[int, _Object]:
    """Return the entries of all nodes but inputs, by key, in their order."""
    allowed = MAX_NODES + len(inputs)
    if len(entries) > allowed:
        raise _RefusedError(f"it has {len(entries):,} nodes, and at most {MAX_NODES:,} and the inputs are allowed")
    nodes: dict[int, _Object] = {}
    known = {"input": set(inputs), "output": set(outputs)}
    for place, entry in enumerate(entries):
        node = _object(entry, f"node {place}")
        key, kind = _whole(_member(node, "id", f"node {place}"), f"node {place} has the id"), node.get("type")
        wanted = next((name for name, keys in known.items() if key in keys), "hidden")
        if kind != wanted:
            raise _RefusedError(f"node {key} is of type {_brief(kind)}, but by its topology it is {wanted}")
        if key in nodes:
            raise _RefusedError(f"node {key} is there twice")
        if kind != "input":
            nodes[key] = node
    return nodes


def _links(
    entries: Sequence[object], inputs: Sequence[int], nodes: Mapping[int, object], *, is_recurrent: bool
) -> dict[int, list[tuple[int, float]]]:
    """Return the enabled connections: for each node its sources with weights, in their order.

    In a recurrent network a source that is no node is one that nobody feeds: neat-python leaves it out, and it is 0.
    """
    if len(entries) > MAX_CONNECTIONS:
        raise _RefusedError(f"it has {len(entries):,} connections, and at most {MAX_CONNECTIONS:,} are allowed")
    links: dict[int, list[tuple[int, float]]] = {key: [] for key in nodes}
    for place, entry in enumerate(entries):
        name = f"connection {place}"
        link = _object(entry, name)
        source, target = (_whole(_member(link, side, name), f"{name} has '{side}'") for side in ("from", "to"))
        weight, is_enabled = _number(link, "weight", name), _member(link, "enabled", name)
        if not isinstance(is_enabled, bool):
            raise _RefusedError(f"{name} has 'enabled' {_brief(is_enabled)}, and true or false is needed")
        if target not in nodes:
            raise _RefusedError(f"{name} leads to {target}, which is no hidden or output node")
        is_known = source in nodes or source in inputs
        if not is_known and not is_recurrent:
            raise _RefusedError(f"{name} comes from {source}, which is no input or node")
        if is_enabled and is_known:
            links[target].append((source, weight))
    return links


def _node(entry: _Object, key: int, links: Sequence[tuple[int, float]]) -> NetworkNode:
    name = f"node {key}"
    bias, response = _number(entry, "bias", name), _number(entry, "response", name)
    return NetworkNode(key, _function(entry, name), bias, response, tuple(links))


def _function(entry: _Object, node: str) -> int:
    name, is_custom = _named(entry, "activation", node)
    code = FUNCTION_CODES.get(name)
    if code is None or FUNCTIONS[code].is_in_neat_python is is_custom:
        custom = "the custom " if is_custom else "the "
        raise _RefusedError(f"{node} has {custom}activation '{name}', and players know {', '.join(FUNCTION_CODES)}")
    return code


def _check_aggregation(entry: _Object, key: int, links: int) -> None:
    name, is_custom = _named(entry, "aggregation", f"node {key}")
    is_one = links == 1 and name in {*_LIKE_SUM, "product"}
    if is_custom or not (name == "sum" or is_one or (links == 0 and name in _LIKE_SUM)):
        custom = "the custom " if is_custom else "the "
        raise _RefusedError(f"node {key} has {custom}aggregation '{name}' of {links} connections, and players know sum")


def _in_order(nodes: Sequence[NetworkNode]) -> list[NetworkNode]:
    """Return feed-forward nodes in evaluation order, which is their own if that is one."""
    places = {node.key: place for place, node in enumerate(nodes)}
    readers: list[list[int]] = [[] for _ in nodes]
    waits = [0] * len(nodes)
    for place, node in enumerate(nodes):
        for source, _ in node.links:
            if source in places:
                readers[places[source]].append(place)
                waits[place] += 1
    ready = [place for place, count in enumerate(waits) if count == 0]
    ordered = []
    while ready:
        place = heapq.heappop(ready)
        ordered.append(nodes[place])
        for reader in readers[place]:
            waits[reader] -= 1
            if waits[reader] == 0:
                heapq.heappush(ready, reader)
    if len(ordered) < len(nodes):
        stuck = next(node.key for place, node in enumerate(nodes) if waits[place] > 0)
        raise _RefusedError(f"it is said to be feedforward, but node {stuck} is behind a cycle of connections")
    return ordered


def _brief(value: object) -> str:
    try:
        text = repr(value)
    except RecursionError:
        text = "something deeply nested"
    return text if len(text) <= _BRIEF else f"{text[:_BRIEF]}..."


def _object(value: object, what: str) -> _Object:
    if not isinstance(value, dict):
        raise _RefusedError(f"{what} is {_brief(value)}, and a JSON object is needed")
    return value


def _member(owner: _Object, key: str, what: str) -> object:
    if key not in owner:
        raise _RefusedError(f"{what} has no '{key}'")
    return owner[key]


def _list(owner: _Object, key: str) -> Sequence[object]:
    value = _member(owner, key, "it")
    if not isinstance(value, list):
        raise _RefusedError(f"its {key} are {_brief(value)}, and a list is needed")
    return value


def _whole(value: object, what: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise _RefusedError(f"{what} {_brief(value)}, and a whole number is needed")
    return value


def _number(owner: _Object, key: str, what: str) -> float:
    value = _member(owner, key, what)
    try:
        number = math.nan if isinstance(value, bool) or not isinstance(value, int | float) else float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise _RefusedError(f"{what} has the {key} {_brief(value)}, and a finite number is needed")
    return number


def _named(entry: _Object, key: str, node: str) -> tuple[str, bool]:
    """Return the name of a node's function and whether it is somebody's own."""
    function = _object(_member(entry, key, node), f"the {key} of {node}")
    name, is_custom = function.get("name"), function.get("custom", False)
    if not isinstance(name, str) or not name.isprintable() or not isinstance(is_custom, bool):
        raise _RefusedError(f"the {key} of {node} is {_brief(function)}, and 'name' and 'custom' are needed")
    return name[:_BRIEF], is_custom
