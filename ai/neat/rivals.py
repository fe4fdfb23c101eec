"""Against whom the genomes of a generation play: one class a mode."""

from collections.abc import Mapping
from typing import Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ai.errors import TrainingError
from ai.neat.genomes import Genomes
from ai.neat.hall_of_fame import HallOfFame
from ai.trainer import Json
from game.policies.bank import Policy

Places = NDArray[np.int64]


class Rivals(NamedTuple):
    """The opponents of one generation, each of whom every genome meets.

    ``members`` are places of the hall of fame for the first opponents, -1 for the others.
    """

    policies: tuple[Policy, ...]
    members: Places


class RivalChoice(Protocol):
    """Chooses the opponents of each generation."""

    def choose(self, policies: list[Policy], rng: np.random.Generator) -> Rivals:
        """Return this generation's opponents; ``policies`` are those of its genomes."""
        ...

    def played(self, rivals: Rivals, scores: NDArray[np.float64], games: int) -> None:
        """Take note of the population's mean score against each of ``rivals``, over ``games`` matches each."""
        ...

    def crowned(self, champion: Genomes, policy: Policy, generation: int) -> None:
        """Take note of a new champion: the one genome of ``champion``."""
        ...

    def measured(self, scores: NDArray[np.float64]) -> None:
        """Take note of the champion's scores against the players of the configuration."""
        ...

    def metrics(self) -> Mapping[str, float]:
        """Return what the chart shows of the choice."""
        ...

    def arrays(self) -> Mapping[str, NDArray[np.generic]]:
        """Return the arrays of the state."""
        ...

    def numbers(self) -> Mapping[str, Json]:
        """Return the numbers of the state."""
        ...

    def restore(self, arrays: Mapping[str, NDArray[np.generic]], numbers: Mapping[str, Json]) -> None:
        """Go back to a state; ``TrainingError`` if it is none."""
        ...


class FixedRivals:
    """Always the same players."""

    def __init__(self, opponents: tuple[Policy, ...]) -> None:
        self._opponents = opponents

    def choose(self, policies: list[Policy], rng: np.random.Generator) -> Rivals:  # noqa: ARG002  # the protocol's
        """Return all of them."""
        return _rivals(self._opponents)

    def played(self, rivals: Rivals, scores: NDArray[np.float64], games: int) -> None:
        """Nothing depends on it."""

    def crowned(self, champion: Genomes, policy: Policy, generation: int) -> None:
        """Nothing depends on it."""

    def measured(self, scores: NDArray[np.float64]) -> None:
        """Nothing depends on it."""

    def metrics(self) -> Mapping[str, float]:
        """Nothing to show."""
        return {}

    def arrays(self) -> Mapping[str, NDArray[np.generic]]:
        """Nothing to keep."""
        return {}

    def numbers(self) -> Mapping[str, Json]:
        """Nothing to keep."""
        return {}

    def restore(self, arrays: Mapping[str, NDArray[np.generic]], numbers: Mapping[str, Json]) -> None:
        """Nothing to go back to."""


_RUNG: Final = "rung"


class LadderRivals(FixedRivals):
    """The players of a ladder up to a rung; the next one joins when the champion scores well enough on the highest."""

    def __init__(self, opponents: tuple[Policy, ...], promotion_score: float) -> None:
        super().__init__(opponents)
        self._promotion = promotion_score
        self._rung = 0

    def choose(self, policies: list[Policy], rng: np.random.Generator) -> Rivals:  # noqa: ARG002  # the protocol's
        """Return the rung's player and the one below, so that what was learned is not forgotten."""
        return _rivals(self._opponents[max(0, self._rung - 1) : self._rung + 1])

    def measured(self, scores: NDArray[np.float64]) -> None:
        """Climb while the champion scores well enough on its rung."""
        while self._rung + 1 < len(self._opponents) and scores[self._rung] >= self._promotion:
            self._rung += 1

    def metrics(self) -> Mapping[str, float]:
        """Return how many opponents the ladder has reached."""
        return {_RUNG: self._rung + 1.0}

    def numbers(self) -> Mapping[str, Json]:
        """Return the rung."""
        return {_RUNG: self._rung}

    def restore(self, arrays: Mapping[str, NDArray[np.generic]], numbers: Mapping[str, Json]) -> None:  # noqa: ARG002
        """Go back to a rung."""
        rung = numbers.get(_RUNG)
        if not isinstance(rung, int) or not 0 <= rung < len(self._opponents):
            raise TrainingError(f"the checkpoint's rung is {rung!r}: 0 to {len(self._opponents) - 1} are allowed")
        self._rung = rung


class PastRivals:
    """Genomes of the population, and champions of its past from the hall of fame."""

    def __init__(self, hall: HallOfFame, count: int, hall_share: float, remember: "Express") -> None:
        self._hall = hall
        self._count = count
        self._share = hall_share
        self._express = remember
        self._last_score: float | None = None

    def choose(self, policies: list[Policy], rng: np.random.Generator) -> Rivals:
        """Return drawn past champions, and genomes of this generation for the rest."""
        wanted = round(self._count * self._share)
        members = self._hall.draw(wanted, rng) if len(self._hall) and wanted else np.zeros(0, np.int64)
        past = tuple(self._express(self._hall.genomes.take(members))) if self._hall.genomes is not None else ()
        present = rng.choice(len(policies), min(self._count - len(past), len(policies)), replace=False)
        others = tuple(policies[place] for place in np.sort(present))
        return Rivals((*past, *others), np.concatenate([members, np.full(len(others), -1)]))

    def played(self, rivals: Rivals, scores: NDArray[np.float64], games: int) -> None:
        """Remember the scores against past champions."""
        is_past = rivals.members >= 0
        self._last_score = float(scores[is_past].mean()) if is_past.any() else None
        if is_past.any():
            self._hall.record(rivals.members[is_past], scores[is_past], games)

    def crowned(self, champion: Genomes, policy: Policy, generation: int) -> None:  # noqa: ARG002  # the protocol's
        """Take the champion into the hall."""
        self._hall.add(champion, generation)

    def measured(self, scores: NDArray[np.float64]) -> None:
        """Nothing depends on it: self-play does not look at other players."""

    def metrics(self) -> Mapping[str, float]:
        """Return the size of the hall, and the score against those who were drawn from it."""
        found = {"hall": float(len(self._hall))}
        if self._last_score is not None:
            found["hall_score"] = self._last_score
        return found

    def arrays(self) -> Mapping[str, NDArray[np.generic]]:
        """Return the hall."""
        return self._hall.to_arrays()

    def numbers(self) -> Mapping[str, Json]:
        """Nothing else to keep."""
        return {}

    def restore(self, arrays: Mapping[str, NDArray[np.generic]], numbers: Mapping[str, Json]) -> None:  # noqa: ARG002
        """Go back to a hall."""
        self._hall.restore(arrays)


class Express(Protocol):
    """Makes players of genomes."""

    def __call__(self, genomes: Genomes) -> list[Policy]:
        """Return the policies of ``genomes``."""
        ...


def _rivals(policies: tuple[Policy, ...]) -> Rivals:
    return Rivals(policies, np.full(len(policies), -1))
