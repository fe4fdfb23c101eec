"""Genomes, packed: the whole population in a dozen flat arrays, as the compiled operators read and write them."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ai.errors import TrainingError
from ai.neat.functions import FUNCTIONS

NODE_FIELDS: Final = ("node", "bias", "response", "function")
CONNECTION_FIELDS: Final = ("source", "target", "innovation", "weight", "enabled")


class Genomes(NamedTuple):
    """Genomes by their place.

    Genome ``g`` has the nodes ``node_row[g]:node_row[g + 1]``, sorted by key, and the connections
    ``conn_row[g]:conn_row[g + 1]``, sorted by (target, source). As in neat-python, inputs have the keys -1, -2, ..., outputs
    0, 1, ..., hidden nodes keys above; inputs have no gene.
    """

    keys: NDArray[np.int64]
    """Identities of the genomes, [n]."""
    node_row: NDArray[np.int64]
    node: NDArray[np.int32]
    bias: NDArray[np.float32]
    response: NDArray[np.float32]
    function: NDArray[np.int32]
    """Codes of ``ai.neat.functions``."""
    conn_row: NDArray[np.int64]
    source: NDArray[np.int32]
    target: NDArray[np.int32]
    innovation: NDArray[np.int32]
    weight: NDArray[np.float32]
    enabled: NDArray[np.bool_]

    @property
    def size(self) -> int:
        """How many genomes there are."""
        return len(self.keys)

    def nodes_of(self, genome: int) -> slice:
        """Return where the nodes of a genome are."""
        return slice(int(self.node_row[genome]), int(self.node_row[genome + 1]))

    def connections_of(self, genome: int) -> slice:
        """Return where the connections of a genome are."""
        return slice(int(self.conn_row[genome]), int(self.conn_row[genome + 1]))

    def take(self, places: Sequence[int] | NDArray[np.int64]) -> "Genomes":
        """Return copies of the genomes at ``places``, in that order."""
        chosen = np.asarray(places, np.int64)
        node_row, nodes = _gathered(self.node_row, chosen)
        conn_row, connections = _gathered(self.conn_row, chosen)
        columns = {name: getattr(self, name)[nodes] for name in NODE_FIELDS}
        columns.update({name: getattr(self, name)[connections] for name in CONNECTION_FIELDS})
        return Genomes(keys=self.keys[chosen], node_row=node_row, conn_row=conn_row, **columns)

    def with_values_of(self, others: "Genomes", places: NDArray[np.int64]) -> "Genomes":
        """Return copies in which the genomes at ``places`` have the weights and biases of ``others``, of the same genes."""
        weight, bias = self.weight.copy(), self.bias.copy()
        weight[_gathered(self.conn_row, places)[1]] = others.weight
        bias[_gathered(self.node_row, places)[1]] = others.bias
        return self._replace(weight=weight, bias=bias)

    @property
    def node_arrays(self) -> tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.float32], NDArray[np.int32]]:
        """The arrays of the nodes, in the order of the fields."""
        return self.node, self.bias, self.response, self.function

    @property
    def connection_arrays(
        self,
    ) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32], NDArray[np.float32], NDArray[np.bool_]]:
        """The arrays of the connections, in the order of the fields."""
        return self.source, self.target, self.innovation, self.weight, self.enabled

    def hidden_counts(self, n_outputs: int) -> NDArray[np.int64]:
        """Return how many hidden nodes each genome has."""
        return np.diff(self.node_row) - n_outputs

    def enabled_counts(self) -> NDArray[np.int64]:
        """Return how many enabled connections each genome has."""
        sums = np.concatenate([[0], np.cumsum(self.enabled, dtype=np.int64)])
        counts: NDArray[np.int64] = sums[self.conn_row[1:]] - sums[self.conn_row[:-1]]
        return counts


_KEYS: Final = 2**31
"""Keys of nodes are below this."""

_DTYPES: Final = {
    "keys": np.int64,
    "node_row": np.int64,
    "node": np.int32,
    "bias": np.float32,
    "response": np.float32,
    "function": np.int32,
    "conn_row": np.int64,
    "source": np.int32,
    "target": np.int32,
    "innovation": np.int32,
    "weight": np.float32,
    "enabled": np.bool_,
}


def joined(parts: Sequence[Genomes]) -> Genomes:
    """Return the genomes of all ``parts``, one after the other; there is at least one part."""
    columns = {name: np.concatenate([getattr(part, name) for part in parts]) for name in Genomes._fields}
    for name in ("node_row", "conn_row"):
        sizes = np.concatenate([np.diff(getattr(part, name)) for part in parts])
        columns[name] = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    return Genomes(**columns)


def to_arrays(genomes: Genomes, prefix: str) -> dict[str, NDArray[np.generic]]:
    """Return ``genomes`` as arrays of a checkpoint, named with ``prefix``."""
    return {f"{prefix}/{name}": array.copy() for name, array in genomes._asdict().items()}


def from_arrays(arrays: Mapping[str, NDArray[np.generic]], prefix: str) -> Genomes:
    """Return what ``to_arrays`` has written; ``TrainingError`` if it is not there or does not fit together."""
    columns = {}
    for name, dtype in _DTYPES.items():
        array = arrays.get(f"{prefix}/{name}")
        if array is None or array.ndim != 1 or array.dtype != dtype:
            raise TrainingError(
                f"the checkpoint lacks '{prefix}/{name}' of type {dtype.__name__}: resume from another one"
            )
        columns[name] = np.ascontiguousarray(array)
    genomes = Genomes(**columns)
    if not _fits_together(genomes):
        raise TrainingError(f"the checkpoint's genomes '{prefix}' do not fit together: resume from another one")
    return genomes


def check_structure(genomes: Genomes, n_inputs: int, n_outputs: int) -> None:
    """Refuse genomes of a checkpoint that operators and networks cannot rely on, with ``TrainingError``.

    Every genome needs its outputs, its genes sorted and each there once, connections between what is there, and finite numbers.
    """
    if not (_is_sorted(genomes) and _is_connected(genomes, n_inputs, n_outputs) and _is_finite(genomes)):
        raise TrainingError(
            f"the checkpoint's genomes are no networks of {n_inputs} inputs and {n_outputs} outputs: resume from another one"
        )


def _is_sorted(genomes: Genomes) -> bool:
    owner, node = _owners(genomes.node_row), genomes.node.astype(np.int64)
    is_later = (owner[1:] > owner[:-1]) | (node[1:] > node[:-1])
    owner, target, source = _owners(genomes.conn_row), genomes.target, genomes.source
    is_next = (target[1:] > target[:-1]) | ((target[1:] == target[:-1]) & (source[1:] > source[:-1]))
    return bool(is_later.all() and ((owner[1:] > owner[:-1]) | is_next).all())


def _is_connected(genomes: Genomes, n_inputs: int, n_outputs: int) -> bool:
    """Whether outputs and the ends of all connections are there; nodes are sorted."""
    if np.any(np.diff(genomes.node_row) < n_outputs):
        return False
    firsts = genomes.node[genomes.node_row[:-1, None] + np.arange(n_outputs)]
    nodes = _owners(genomes.node_row) * _KEYS + genomes.node
    owner = _owners(genomes.conn_row) * _KEYS
    is_input = (genomes.source < 0) & (genomes.source >= -n_inputs)
    is_known = is_input | np.isin(owner + genomes.source, nodes)
    is_there = np.isin(owner + genomes.target, nodes) & (genomes.target >= 0)
    return bool(
        (firsts == np.arange(n_outputs)).all() and (is_known & (genomes.source >= -n_inputs)).all() and is_there.all()
    )


def _is_finite(genomes: Genomes) -> bool:
    return all(bool(np.isfinite(array).all()) for array in (genomes.bias, genomes.response, genomes.weight))


def _owners(row: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the genome of each gene."""
    return np.repeat(np.arange(len(row) - 1), np.diff(row))


def _fits_together(genomes: Genomes) -> bool:
    for row, arrays in (
        (genomes.node_row, genomes.node_arrays),
        (genomes.conn_row, genomes.connection_arrays),
    ):
        if len(row) != genomes.size + 1 or row[0] != 0 or np.any(np.diff(row) < 0):
            return False
        if any(len(array) != row[-1] for array in arrays):
            return False
    codes = genomes.function
    return not len(codes) or bool(codes.min() >= 0 and codes.max() < len(FUNCTIONS))


def _gathered(row: NDArray[np.int64], chosen: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows of the chosen genomes, and where their genes are."""
    sizes = row[chosen + 1] - row[chosen]
    new_row = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    genes = np.arange(new_row[-1]) - np.repeat(new_row[:-1] - row[chosen], sizes)
    return new_row, genes
