"""Pairs of matches of many candidates against the same opponents on the same seeds, and what each candidate did in them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from game.batch import MATCH_DTYPE
from game.executors.base import MatchRows
from game.spec import Results


def pair_rows(candidates: int, opponents: int, seeds: NDArray[np.int64], points: int) -> MatchRows:
    """Return the matches of every candidate against every opponent, a pair a seed.

    Policies are numbered candidates first, then opponents. Every candidate meets the same seeds (common random numbers), so
    that two of them differ by what they do alone. The order is that of the axes of ``CandidateSides``.
    """
    player = np.repeat(np.arange(candidates), opponents * len(seeds))
    opponent = np.tile(np.repeat(np.arange(candidates, candidates + opponents), len(seeds)), candidates)
    return meeting_rows(player, opponent, np.tile(seeds, candidates * opponents), points)


def meeting_rows(one: NDArray[np.int64], other: NDArray[np.int64], seeds: NDArray[np.int64], points: int) -> MatchRows:
    """Return a pair of matches for each meeting of ``one[i]`` and ``other[i]`` on ``seeds[i]``, seats swapped in the second."""
    rows = np.zeros(2 * len(seeds), MATCH_DTYPE)
    rows["match_id"] = np.arange(len(rows))
    rows["left"] = np.stack([one, other], axis=1).reshape(-1)
    rows["right"] = np.stack([other, one], axis=1).reshape(-1)
    rows["seed"] = np.repeat(seeds, 2)
    rows["points"] = points
    return rows


@dataclass(frozen=True)
class CandidateSides:
    """What the candidates did in the matches of ``pair_rows``; arrays of shape [candidates, opponents, pairs, 2]."""

    points_share: NDArray[np.float64]
    """Own share of all points, 0 where there were none."""
    contact_share: NDArray[np.float64]
    """Share of the balls to the candidate that it hit."""
    score: NDArray[np.float64]
    """1 for a win, 0.5 for a draw, 0 for a loss."""

    @classmethod
    def of(cls, results: Results, candidates: int, opponents: int) -> "CandidateSides":
        """Return the candidates' sides of ``results``, rows in the order of ``pair_rows``."""
        index = np.arange(len(results))
        mine = index % 2
        points, hits, misses = (results[name] for name in ("points", "hits", "misses"))
        share = points[index, mine] / np.maximum(points.sum(axis=1), 1)
        contact = hits[index, mine] / np.maximum(hits[index, mine] + misses[index, mine], 1)
        score = 0.5 + 0.5 * np.where(mine == 1, -results["outcome"], results["outcome"])
        shape = (candidates, opponents, -1, 2)
        return cls(share.reshape(shape), contact.reshape(shape), score.reshape(shape))

    def fitness(self, contact_weight: float) -> NDArray[np.float64]:
        """Return each candidate's mean share of points plus ``contact_weight`` times its share of contacts.

        Contacts lead a candidate that wins no point yet.
        """
        terms = self.points_share + contact_weight * self.contact_share
        mean: NDArray[np.float64] = terms.reshape(len(terms), -1).mean(axis=1)
        return mean
