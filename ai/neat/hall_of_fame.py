"""The hall of fame: champions of earlier generations, and whom of them to play against.

Source of the weights: O. Vinyals et al.: "Grandmaster level in StarCraft II using multi-agent reinforcement learning", 2019,
methods, "Prioritized fictitious self-play": f_hard(x) = (1 - x)^2, f_var(x) = x (1 - x), of the win rate x against a member.
Deviations: one part of the draws is uniform, and so are all of them while every weight is 0.
"""

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ai.errors import TrainingError
from ai.neat.genomes import Genomes, from_arrays, joined, to_arrays

Weighting: TypeAlias = Literal["hard", "variance", "uniform"]

UNIFORM_SHARE: Final = 0.2
"""Share of the draws that do not look at win rates, so that none is forgotten."""

_DECAY: Final = 0.9  # of the counts, with each new record: the population that has played them changes
_UNKNOWN: Final = 0.5  # the win rate that a member begins with, as one match
_PREFIX: Final = "hall/"
_NAMES: Final = ("hall/score", "hall/games", "hall/born")


class HallOfFame:
    """At most ``size`` champions; when it is full the one that is beaten most has to go."""

    def __init__(self, size: int, weighting: Weighting) -> None:
        self._size = size
        self._weighting = weighting
        self.genomes: Genomes | None = None
        self._score = np.zeros(0)
        self._games = np.zeros(0)
        self.born: NDArray[np.int64] = np.zeros(0, np.int64)
        """The generation of each member."""

    def __len__(self) -> int:
        return len(self._score)

    @property
    def win_rates(self) -> NDArray[np.float64]:
        """The score against each member, smoothed by a match at a half."""
        rates: NDArray[np.float64] = (self._score + _UNKNOWN) / (self._games + 1.0)
        return rates

    def add(self, champion: Genomes, generation: int) -> None:
        """Add the one genome of ``champion``."""
        if len(self) == self._size:
            self._keep(np.delete(np.arange(len(self)), int(np.argmax(self.win_rates))))
        self.genomes = champion if self.genomes is None else joined([self.genomes, champion])
        self._score, self._games = np.append(self._score, 0.0), np.append(self._games, 0.0)
        self.born = np.append(self.born, generation)

    def _keep(self, places: NDArray[np.int64]) -> None:
        assert self.genomes is not None  # noqa: S101  # it is full
        self.genomes = self.genomes.take(places)
        self._score, self._games, self.born = self._score[places], self._games[places], self.born[places]

    def chances(self) -> NDArray[np.float64]:
        """Return the chance of each member to be drawn."""
        rates = self.win_rates
        weights = {"hard": (1.0 - rates) ** 2, "variance": rates * (1.0 - rates), "uniform": np.ones(len(self))}
        chosen = weights[self._weighting]
        total = chosen.sum()
        even = np.full(len(self), 1.0 / max(len(self), 1))
        if not total > 0.0:
            return even
        mixed: NDArray[np.float64] = UNIFORM_SHARE * even + (1.0 - UNIFORM_SHARE) * chosen / total
        return mixed

    def draw(self, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """Return the places of up to ``count`` different members."""
        drawn: NDArray[np.int64] = rng.choice(len(self), min(count, len(self)), replace=False, p=self.chances())
        return np.sort(drawn)

    def record(self, places: NDArray[np.int64], scores: NDArray[np.float64], games: int) -> None:
        """Take note of mean scores against members, each over ``games`` matches."""
        self._score[places] = _DECAY * self._score[places] + scores * games
        self._games[places] = _DECAY * self._games[places] + games

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return the hall as arrays of a checkpoint."""
        if self.genomes is None:
            return {}
        counts = dict(zip(_NAMES, (self._score, self._games, self.born), strict=True))
        return {**to_arrays(self.genomes, "hall"), **{name: array.copy() for name, array in counts.items()}}

    def restore(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Go back to what ``to_arrays`` has written; ``TrainingError`` if it does not fit together."""
        if not any(name.startswith(_PREFIX) for name in arrays):
            self.genomes, self._score, self._games, self.born = None, np.zeros(0), np.zeros(0), np.zeros(0, np.int64)
            return
        self.genomes = from_arrays(arrays, "hall")
        columns = [np.asarray(arrays.get(name)) for name in _NAMES]
        if any(column.shape != (self.genomes.size,) for column in columns):
            raise TrainingError("the checkpoint's hall of fame does not fit together: resume from another one")
        self._score, self._games = columns[0].astype(np.float64), columns[1].astype(np.float64)
        self.born = columns[2].astype(np.int64)
