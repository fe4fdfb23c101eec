"""What genomes did in their matches, and the fitness made of it: configured terms, each about 0 to 1."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from game.spec import GameSpec, Results

Vector = NDArray[np.float64]

_RALLY_HALF: Final = 8.0
"""Mean contacts of a rally that count as half of the best."""

_MISS_HALF: Final = 2.0
"""Distance of a miss, in paddle reaches beyond the edge, that counts as half of the worst."""


class Weights(NamedTuple):
    """Weights of the terms in the fitness."""

    result: float
    points: float
    hits: float
    rally: float
    aim: float
    distance: float
    novelty: float

    @property
    def range(self) -> float:
        """About how far the best fitness is from the worst: the gains, or where there are none the costs."""
        gains = self.result + self.points + self.hits + self.rally + self.novelty
        return gains or self.aim + self.distance


class Sides(NamedTuple):
    """One row a side of a match; ``policy`` is its index, all others float64."""

    policy: NDArray[np.int64]
    result: Vector
    """1 for a win, 0.5 for a draw, 0 for a loss."""
    points: Vector
    """Own share of the points, 0 where there were none."""
    hits: Vector
    """Share of the balls to this side that it hit."""
    rally: Vector
    """Mean length of the rallies: n / (n + 8)."""
    aim: Vector
    """Share of the balls missed, each counted by how far it was missed: d / (d + 2), d in reaches beyond the edge."""
    distance: Vector
    """Court heights that the paddle moved a second."""
    offset: Vector
    """Mean absolute contact offset."""
    reaction: Vector
    """Mean reaction in seconds."""


def sides_of(results: Results, game: GameSpec) -> Sides:
    """Return both sides of every match, all left sides first."""
    columns = [_side(results, seat, game) for seat in range(2)]
    return Sides(*(np.concatenate(pair) for pair in zip(*columns, strict=True)))


def _side(results: Results, seat: int, game: GameSpec) -> Sides:
    points, hits, misses = (results[name].astype(np.float64) for name in ("points", "hits", "misses"))
    mine, balls = hits[:, seat], np.maximum(hits[:, seat] + misses[:, seat], 1.0)
    beyond = np.maximum(results["mean_miss"][:, seat].astype(np.float64) - 1.0, 0.0)
    rally = results["mean_rally"].astype(np.float64)
    seconds = np.maximum(results["ticks"], 1) * game.tick_s
    return Sides(
        policy=results["left" if seat == 0 else "right"].astype(np.int64),
        result=0.5 + (0.5 - seat) * results["outcome"],
        points=points[:, seat] / np.maximum(points.sum(axis=1), 1.0),
        hits=mine / balls,
        rally=rally / (rally + _RALLY_HALF),
        aim=misses[:, seat] / balls * beyond / (beyond + _MISS_HALF),
        distance=results["distance"][:, seat] / seconds / (2.0 * game.shape.half_height),
        offset=results["mean_offset"][:, seat].astype(np.float64),
        reaction=results["mean_reaction"][:, seat] * game.tick_s,
    )


def means(values: Vector, policy: NDArray[np.int64], count: int) -> Vector:
    """Return the mean of ``values`` for each of the first ``count`` policies; 0 for one without values."""
    is_ours = policy < count
    sums = np.bincount(policy[is_ours], values[is_ours], count)
    mean: Vector = sums / np.maximum(np.bincount(policy[is_ours], minlength=count), 1)
    return mean


def weighted(sides: Sides, weights: Weights) -> Vector:
    """Return what each side of a match is worth, without novelty; aim error and distance are costs."""
    gains = weights.result * sides.result + weights.points * sides.points
    gains += weights.hits * sides.hits + weights.rally * sides.rally
    worth: Vector = gains - weights.aim * sides.aim - weights.distance * sides.distance
    return worth


class Evidence(NamedTuple):
    """What is known of the fitness of some genomes, by place: sums over the matches they played, float64[n]."""

    matches: Vector
    total: Vector
    squares: Vector

    @classmethod
    def of(cls, worth: Vector, policy: NDArray[np.int64], count: int) -> "Evidence":
        """Return the sums of ``worth``, by match, for each of the first ``count`` policies."""
        ours = policy < count
        mine, values = policy[ours], worth[ours]
        sums = [np.bincount(mine, column, count) for column in (np.ones_like(values), values, values**2)]
        return cls(*(column.astype(np.float64) for column in sums))

    def __add__(self, other: "Evidence") -> "Evidence":  # type: ignore[override]  # not the joining of tuples
        """Return the evidence of both."""
        return Evidence(*(one + two for one, two in zip(self, other, strict=True)))

    def take(self, places: NDArray[np.int64]) -> "Evidence":
        """Return the evidence of the genomes at ``places``."""
        return Evidence(*(column[places] for column in self))

    def mean(self) -> Vector:
        """Return the mean worth of a match."""
        mean: Vector = self.total / np.maximum(self.matches, 1.0)
        return mean

    def lower_bound(self) -> Vector:
        """Return the mean less its standard error: of two with the same mean, the one that was tried more comes first."""
        matches = np.maximum(self.matches, 1.0)
        variance = np.maximum(self.squares / matches - self.mean() ** 2, 0.0)
        bound: Vector = self.mean() - np.sqrt(variance / matches)
        return bound


FEATURES: Final = ("hits", "aim", "offset", "reaction", "distance")
"""What a contact profile is made of: columns of ``Sides``, nothing of the opponent's play."""


def behaviour(sides: Sides, count: int) -> NDArray[np.float64]:
    """Return the contact profile of each of the first ``count`` policies, float64[count, features]."""
    return np.stack([means(getattr(sides, name), sides.policy, count) for name in FEATURES], axis=1)
