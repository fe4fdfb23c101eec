"""To neat-python and back: networks as its JSON, genomes as its objects.

```python
policy = policy_from_json(Path("net.json"))  # a network that neat.export.export_network_json has written
text = policy_to_json(policy, {"fitness": 3.9})
genome = genome_to_neat(genomes, 0)  # a neat.DefaultGenome
```
"""

import itertools
import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeAlias

import neat
import numpy as np
from neat.activations import ActivationFunctionSet
from neat.aggregations import sum_aggregation
from neat.export import export_network_json
from numpy.typing import NDArray

from ai.neat.functions import FUNCTION_CODES, FUNCTIONS
from ai.neat.genomes import Genomes
from ai.neat.network_json import InterchangeError, NeatNetwork, read_network
from ai.trainer import Json
from game.errors import PlayerFileError
from game.policies.file import MAX_NAME, PlayerFile
from game.policies.graph import GraphPolicy
from game.spec import GameSpec

_Evaluation: TypeAlias = tuple[int, Callable[[float], float], object, float, float, list[tuple[int, float]]]
"""A node of a neat-python network: key, activation, aggregation, bias, response, links."""

_LARGEST_KEY: Final = 2**31 - 1
_LARGEST_FLOAT: Final = float(np.finfo(np.float32).max)
_AUTHOR_LENGTH: Final = 256
_PLAIN: Final = (str, int, float, bool, type(None))
_OURS: Final = ("name", "author", "game", "game_version", "created")
_MAX_NOTES: Final = 32
_NOTE_LENGTH: Final = 256


def rational_activation(z: float) -> float:
    """Return z / (1 + abs(z)), the function that neat-python lacks: ``add_activation("rational", ...)`` makes it known."""
    return z / (1.0 + abs(z))


def policy_from_json(source: str | Path) -> GraphPolicy:
    """Return the player in neat-python's JSON, given as a text or as the path of a file.

    The first input is the first observation. Scale and response are folded into weights and biases in float64, then rounded.

    Raises
    ------
    InterchangeError
        With one sentence, if there is no such player in it.
    """
    return _policy(read_network(source))


def player_from_json(path: Path, game: GameSpec) -> PlayerFile:
    """Return the player of ``game`` in the file at ``path``; its metadata may name it.

    Raises
    ------
    InterchangeError
        With one sentence, if it cannot play ``game``.
    """
    network = read_network(path)
    policy = _policy(network)
    if (policy.n_inputs, len(policy.outputs)) != (game.n_observations, game.n_actions):
        raise InterchangeError(
            f"{path} cannot be used: the network has {policy.n_inputs} inputs and {len(policy.outputs)} outputs, and {game.name} "
            f"has {game.n_observations} observations and {game.n_actions} actions"
        )
    notes = network.metadata
    made_for = (notes.get("game", game.name), notes.get("game_version", game.version))
    if made_for != (game.name, game.version):
        raise InterchangeError(
            f"{path} cannot be used: it was made for {made_for[0]} version {made_for[1]}, and this program plays {game.name} "
            f"version {game.version}"
        )
    training = {key: value for key, value in notes.items() if key not in _OURS and _is_note(key, value)}
    return PlayerFile(
        name=_line(notes.get("name"), MAX_NAME) or path.stem[:MAX_NAME],
        game=game.name,
        game_version=game.version,
        policy=policy,
        author=_line(notes.get("author"), _AUTHOR_LENGTH),
        created=_line(notes.get("created", notes.get("created_timestamp")), MAX_NAME),
        training=dict(list(training.items())[:_MAX_NOTES]),  # type: ignore[arg-type]  # _is_note has checked the values
    )


def player_to_json(player: PlayerFile) -> str:
    """Return a player as neat-python's JSON; ``player_from_json`` gives it back.

    Raises
    ------
    InterchangeError
        If it is no graph.
    """
    if not isinstance(player.policy, GraphPolicy):
        raise InterchangeError(
            f"player '{player.name}' is of kind {player.policy.kind.name.lower()}, and neat-python's JSON holds graphs: export "
            "it as a .safetensors file"
        )
    return policy_to_json(player.policy, {**player.training, **{name: getattr(player, name) for name in _OURS}})


def policy_to_json(policy: GraphPolicy, metadata: Mapping[str, Json] | None = None) -> str:
    """Return a player as neat-python's own export writes its network; ``metadata`` are added to the document's own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # neat-python asks for the time in a way that is going away
        text: str = export_network_json(network_of(policy), metadata=dict(metadata or {}))
    return text


def network_of(policy: GraphPolicy) -> "neat.nn.FeedForwardNetwork | neat.nn.RecurrentNetwork":
    """Return a player as neat-python's network: inputs -1, -2, ..., outputs 0, 1, ..., other nodes above, in their order."""
    outputs = policy.outputs.tolist()
    keys = {value: -1 - value for value in range(policy.n_inputs)}
    spare: list[tuple[int, int]] = []  # outputs that show an input, or a node that another output shows already
    for output, value in enumerate(outputs):
        if keys.setdefault(value, output) != output:
            spare.append((output, value))
    hidden = itertools.count(len(outputs))
    for value in range(policy.n_inputs, policy.n_inputs + len(policy.bias)):
        if value not in keys:
            keys[value] = next(hidden)
    evaluations = [_evaluation(policy, node, keys) for node in range(len(policy.bias))]
    for output, value in spare:
        if value < policy.n_inputs:
            shown: _Evaluation = (output, _ACTIVATIONS["identity"], sum_aggregation, 0.0, 1.0, [(keys[value], 1.0)])
        else:
            shown = (output, *evaluations[value - policy.n_inputs][1:])
        evaluations.append(shown)
    kind = neat.nn.RecurrentNetwork if policy.is_recurrent else neat.nn.FeedForwardNetwork
    return kind([-1 - value for value in range(policy.n_inputs)], list(range(len(outputs))), evaluations)


def genome_to_neat(genomes: Genomes, index: int) -> neat.DefaultGenome:
    """Return the genome at ``index`` as neat-python's: the same keys, innovation numbers, enabled flags, and numbers."""
    genome = neat.DefaultGenome(int(genomes.keys[index]))
    nodes = genomes.nodes_of(index)
    for key, bias, response, function in zip(*(each[nodes].tolist() for each in genomes.node_arrays), strict=True):
        gene = neat.DefaultNodeGene(key)
        gene.bias, gene.response, gene.activation = bias, response, FUNCTIONS[function].name
        gene.aggregation, gene.time_constant = "sum", 1.0
        genome.nodes[key] = gene
    connections = genomes.connections_of(index)
    for source, target, innovation, weight, is_enabled in zip(
        *(each[connections].tolist() for each in genomes.connection_arrays), strict=True
    ):
        gene = neat.DefaultConnectionGene((source, target), innovation=innovation)
        gene.weight, gene.enabled = weight, is_enabled
        genome.connections[source, target] = gene
    return genome


def genomes_from_neat(genomes: Sequence[neat.DefaultGenome]) -> Genomes:
    """Return neat-python's genomes, packed: the same keys, innovation numbers and flags; numbers are rounded to float32.

    Raises
    ------
    InterchangeError
        With one sentence, if a genome has something that no player can have.
    """
    for genome in genomes:
        _check_genome(genome)
    nodes = [gene for genome in genomes for _, gene in sorted(genome.nodes.items())]
    connections = [
        gene for genome in genomes for _, gene in sorted(genome.connections.items(), key=lambda item: item[0][::-1])
    ]
    return Genomes(
        np.array([genome.key for genome in genomes], np.int64),
        _rows([len(genome.nodes) for genome in genomes]),
        np.array([gene.key for gene in nodes], np.int32),
        np.array([gene.bias for gene in nodes], np.float32),
        np.array([gene.response for gene in nodes], np.float32),
        np.array([FUNCTION_CODES[gene.activation] for gene in nodes], np.int32),
        _rows([len(genome.connections) for genome in genomes]),
        np.array([gene.key[0] for gene in connections], np.int32),
        np.array([gene.key[1] for gene in connections], np.int32),
        np.array([gene.innovation for gene in connections], np.int32),
        np.array([gene.weight for gene in connections], np.float32),
        np.array([gene.enabled for gene in connections], np.bool_),
    )


def genomes_from_json(source: str | Path) -> Genomes:
    """Return the network in neat-python's JSON as one genome, from which a population can begin.

    Inputs get the keys -1, -2, ..., outputs 0, 1, ..., other nodes those above; innovations count from 1, by target and source.

    Raises
    ------
    InterchangeError
        With one sentence, if there is no such network in it.
    """
    network = read_network(source)
    keys = {key: -1 - place for place, key in enumerate(network.inputs)}
    keys.update({key: place for place, key in enumerate(network.outputs)})
    hidden = itertools.count(len(network.outputs))
    keys.update({node.key: next(hidden) for node in network.nodes if node.key not in keys})
    genome = neat.DefaultGenome(1)
    links: dict[tuple[int, int], float] = {}
    for node in network.nodes:
        gene = neat.DefaultNodeGene(keys[node.key])
        gene.bias, gene.response, gene.activation = node.bias, node.response, FUNCTIONS[node.function].name
        gene.aggregation = "sum"
        genome.nodes[gene.key] = gene
        for key, weight in node.links:
            pair = keys[key], gene.key
            links[pair] = links.get(pair, 0.0) + weight
        if network.is_recurrent and not node.links:  # a recurrent genome's node that nobody feeds would be 0
            links[-1, gene.key] = 0.0
    for innovation, pair in enumerate(sorted(links, key=lambda pair: pair[::-1]), start=1):
        connection = neat.DefaultConnectionGene(pair, innovation=innovation)
        connection.weight, connection.enabled = links[pair], True
        genome.connections[pair] = connection
    return genomes_from_neat([genome])


def _policy(network: NeatNetwork) -> GraphPolicy:
    places = {key: place for place, key in enumerate([*network.inputs, *(node.key for node in network.nodes)])}
    weights: list[float] = []
    for node in network.nodes:
        factor = FUNCTIONS[node.function].scale * node.response
        weights += [factor * weight for _, weight in node.links]
    biases = [FUNCTIONS[node.function].scale * node.bias for node in network.nodes]
    sources = [places[source] for node in network.nodes for source, _ in node.links]
    try:
        return GraphPolicy(
            len(network.inputs),
            _rows([len(node.links) for node in network.nodes]).astype(np.int32),
            np.array(sources, np.int32),
            _float32(weights, "weights"),
            _float32(biases, "biases"),
            np.array([FUNCTIONS[node.function].activation for node in network.nodes], np.int32),
            np.array([places[key] for key in network.outputs], np.int32),
            network.is_recurrent,
        )
    except PlayerFileError as error:
        raise InterchangeError(f"the network cannot be used: {error}") from error


def _evaluation(policy: GraphPolicy, node: int, keys: Mapping[int, int]) -> _Evaluation:
    """Return a node as neat-python evaluates it; what its functions scale by themselves is taken out of the numbers."""
    function = FUNCTIONS[_CODES[int(policy.activation[node])]]
    edges = slice(int(policy.row[node]), int(policy.row[node + 1]))
    links = [
        (keys[source], weight / function.scale)
        for source, weight in zip(policy.source[edges].tolist(), policy.weight[edges].tolist(), strict=True)
    ]
    bias = float(policy.bias[node]) / function.scale
    return keys[policy.n_inputs + node], _ACTIVATIONS[function.name], sum_aggregation, bias, 1.0, links


def _check_genome(genome: neat.DefaultGenome) -> None:
    """Refuse what no player can have, with ``InterchangeError``."""
    name = f"genome {genome.key}"
    for key, node in genome.nodes.items():
        if node.activation not in FUNCTION_CODES:
            raise InterchangeError(
                f"node {key} of {name} has the activation '{node.activation}', and players know {', '.join(FUNCTION_CODES)}"
            )
        if node.aggregation != "sum":
            raise InterchangeError(
                f"node {key} of {name} has the aggregation '{node.aggregation}', and players know sum"
            )
        _check_numbers(f"node {key} of {name}", (node.bias, node.response), (key,))
    for (source, target), gene in genome.connections.items():
        if target not in genome.nodes or (source >= 0 and source not in genome.nodes):
            raise InterchangeError(f"the connection from {source} to {target} of {name} has no node at one end")
        _check_numbers(f"the connection from {source} to {target} of {name}", (gene.weight,), (source, gene.innovation))


def _check_numbers(what: str, numbers: Sequence[float], keys: Sequence[int]) -> None:
    for number in numbers:
        if not abs(number) <= _LARGEST_FLOAT:
            raise InterchangeError(f"{what} has the number {number}, and only finite ones of float32 are allowed")
    for key in keys:
        if abs(key) > _LARGEST_KEY:
            raise InterchangeError(f"{what} has the key {key}, and at most {_LARGEST_KEY:,} are allowed")


def _rows(sizes: Sequence[int]) -> NDArray[np.int64]:
    return np.cumsum([0, *sizes], dtype=np.int64)


def _float32(numbers: Sequence[float], what: str) -> NDArray[np.float32]:
    exact = np.array(numbers, np.float64)
    if not np.all(np.abs(exact) <= _LARGEST_FLOAT):
        raise InterchangeError(f"the network cannot be used: its {what} go beyond float32 once responses are folded in")
    return exact.astype(np.float32)


def _line(value: object, limit: int) -> str:
    """Return ``value`` if it is a printable line, else nothing."""
    return value if isinstance(value, str) and value.isprintable() and len(value) <= limit else ""


def _is_note(key: str, value: object) -> bool:
    is_finite = not isinstance(value, float) or math.isfinite(value)
    return bool(_line(key, MAX_NAME)) and isinstance(value, _PLAIN) and is_finite and len(str(value)) <= _NOTE_LENGTH


_ACTIVATIONS: Final[Mapping[str, Callable[[float], float]]] = {
    function.name: ActivationFunctionSet().get(function.name) if function.is_in_neat_python else rational_activation
    for function in FUNCTIONS
}
_CODES: Final = {int(function.activation): code for code, function in enumerate(FUNCTIONS)}
