"""Judging genomes by matches: a generation against its rivals, finalists on new seeds, the champion on a yardstick."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ai.evaluation import CandidateSides, meeting_rows, pair_rows
from ai.neat import NeatConfig
from ai.neat.fitness import Evidence, Weights, behaviour, sides_of, weighted
from ai.neat.rivals import Rivals
from ai.trainer import TrainContext
from game.policies.bank import Policy
from game.seeding import pair_seed, pair_seeds
from league.ratings.elo import fold

Vector = NDArray[np.float64]

YARDSTICK_STREAM: Final = 2**40
"""The seeds of measurements: behind every seed that training reaches."""

_K_FACTOR: Final = 32.0
_ELO_UNIT: Final = 400.0


@dataclass(frozen=True)
class Judged:
    """What matches say of genomes, by place."""

    evidence: Evidence
    behaviour: NDArray[np.float64]
    """Contact profiles, [genomes, features]."""
    rival_scores: Vector
    """Mean score of all genomes against each rival."""
    games: int
    """Matches of each rival."""


@dataclass
class Judge:
    """Plays the matches of a run and counts them; every seed is used once."""

    config: NeatConfig
    context: TrainContext
    weights: Weights
    seeds_used: int = 0
    work: dict[str, int] = field(default_factory=lambda: {"matches": 0, "ticks": 0, "evaluations": 0})

    def new_seeds(self, count: int) -> NDArray[np.int64]:
        """Return seeds that were not used before."""
        seeds = pair_seeds(self.context.seed, self.seeds_used, count)
        self.seeds_used += count
        return seeds

    def against(self, policies: list[Policy], rivals: Rivals, pairs: int) -> Judged:
        """Let each of ``policies`` play ``pairs`` pairs against each rival, all on the same new seeds."""
        count = len(policies)
        rows = pair_rows(count, len(rivals.policies), self.new_seeds(pairs), self.config.points)
        results = self._play([*policies, *rivals.policies], rows)
        sides = sides_of(results, self.context.game)
        scores = CandidateSides.of(results, count, len(rivals.policies)).score.mean(axis=(0, 2, 3))
        self.work["evaluations"] += count
        evidence = Evidence.of(weighted(sides, self.weights), sides.policy, count)
        return Judged(evidence, behaviour(sides, count), scores, 2 * count * pairs)

    def among(self, policies: list[Policy], rng: np.random.Generator) -> Judged:
        """Let each of ``policies`` play about as many others as the configuration has rivals, drawn anew.

        The result's term is the expected score, against the average, of an Elo rating inside this generation, in match order.
        """
        count = len(policies)
        drawn = [_partners(count, rng) for _ in range(self.config.rivals)]
        one, other = (np.concatenate(sides) for sides in zip(*drawn, strict=True))
        meetings = np.repeat(np.arange(len(one)), self.config.pairs)
        seeds = np.tile(self.new_seeds(self.config.pairs), len(one))
        results = self._play(policies, meeting_rows(one[meetings], other[meetings], seeds, self.config.points))
        ratings = np.zeros(count)
        fold(ratings, results["left"], results["right"], results["outcome"], _K_FACTOR)
        self.work["evaluations"] += count
        sides = sides_of(results, self.context.game)
        elo = 1.0 / (1.0 + 10.0 ** (-ratings / _ELO_UNIT))
        worth = weighted(sides, self.weights._replace(result=0.0)) + self.weights.result * elo[sides.policy]
        return Judged(Evidence.of(worth, sides.policy, count), behaviour(sides, count), np.zeros(0), 0)

    def measure(self, policy: Policy, opponents: tuple[Policy, ...]) -> Vector:
        """Return the scores of ``policy`` against ``opponents``, to the game's own points, always on the same seeds."""
        seeds = pair_seeds(pair_seed(self.context.seed, YARDSTICK_STREAM), 0, self.config.evaluation_pairs)
        rows = pair_rows(1, len(opponents), seeds, self.context.game.default_points)
        results = self._play([policy, *opponents], rows)
        scores: Vector = CandidateSides.of(results, 1, len(opponents)).score[0].mean(axis=(1, 2))
        return scores

    def _play(self, policies: list[Policy], rows: NDArray[np.void]) -> NDArray[np.void]:
        results = self.context.play(policies, rows)
        self.work["matches"] += len(results)
        self.work["ticks"] += int(results["ticks"].sum())
        return results


def _partners(count: int, rng: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return pairs of different places of ``count``: everybody is in one of them, with an odd number one in two."""
    order = rng.permutation(count)
    if count % 2:
        order = np.append(order, order[0])
    return order[0::2], order[1::2]
