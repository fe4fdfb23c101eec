"""Who descends from whom: what is needed to tell the line of ancestors of every living genome."""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ai.errors import TrainingError
from ai.trainer import Json

NOBODY: Final = -1
_NAME: Final = "ancestry"
_FITNESS: Final = "ancestry/fitness"
_PARENTS: Final = slice(2, 4)  # columns of the array


class Ancestor(NamedTuple):
    """A genome that was judged: in which generation it was born, and what it was."""

    key: int
    generation: int
    fitness: float
    parents: tuple[int, int]
    """The fitter first; -1 where there is none."""
    species: int
    nodes: int
    """Hidden nodes."""
    connections: int
    """Enabled connections."""


class Ancestry:
    """The ancestors, by their fitter parents, of whoever is alive; others are forgotten."""

    def __init__(self) -> None:
        self._known: dict[int, Ancestor] = {}

    def __contains__(self, key: int) -> bool:
        return key in self._known

    def add(self, ancestor: Ancestor) -> None:
        """Take note of a genome; of one that lives on, the first note stays."""
        self._known.setdefault(ancestor.key, ancestor)

    def forget_but(self, living: Iterable[int]) -> None:
        """Forget everybody who is neither in ``living`` nor on a line to one of them."""
        kept: dict[int, Ancestor] = {}
        for key in living:
            while key in self._known and key not in kept:
                kept[key] = self._known[key]
                key = kept[key].parents[0]  # noqa: PLW2901  # walks up the line
        self._known = {key: self._known[key] for key in sorted(kept)}

    def line(self, key: int) -> list[Ancestor]:
        """Return the genome called ``key`` and its ancestors by the fitter parent, the nearest first."""
        line: list[Ancestor] = []
        while key in self._known:
            line.append(self._known[key])
            key = line[-1].parents[0]
        return line

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return what is known as arrays of a checkpoint."""
        rows = [(a.key, a.generation, *a.parents, a.species, a.nodes, a.connections) for a in self._known.values()]
        return {
            _NAME: np.array(rows, np.int64).reshape(-1, 7),
            _FITNESS: np.array([a.fitness for a in self._known.values()], np.float64),
        }

    def restore(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Go back to what ``to_arrays`` has written; ``TrainingError`` if it is not there."""
        rows, fitness = arrays.get(_NAME), arrays.get(_FITNESS)
        if rows is None or fitness is None or rows.shape != (len(fitness), 7):
            raise TrainingError("the checkpoint lacks the ancestors: resume from another one")
        whole = rows.astype(np.int64)
        if np.any(whole[:, _PARENTS] >= whole[:, :1]):  # or a line would never end
            raise TrainingError("the checkpoint's ancestors are younger than their children: resume from another one")
        self._known = {
            key: Ancestor(key, born, float(score), (one, other), species, nodes, connections)
            for (key, born, one, other, species, nodes, connections), score in zip(
                rows.tolist(), fitness.tolist(), strict=True
            )
        }


def line_details(line: Iterable[Ancestor], most: int) -> list[Json]:
    """Return a line of ancestors as the details of a run, the nearest first, at most ``most``."""
    return [
        {
            "id": each.key,
            "generation": each.generation,
            "fitness": each.fitness,
            "parents": [parent for parent in each.parents if parent != NOBODY],
            "species": each.species,
            "nodes": each.nodes,
            "connections": each.connections,
        }
        for each in list(line)[:most]
    ]
