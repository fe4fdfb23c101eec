"""Elo, normalized Elo and likelihood of superiority of one player over another, from games or from pairs.

A pair is two matches on one seed with seats swapped. Its five classes (LL, LD, WL+DD, WD, WW) keep what the two
matches share, so the variance is that of the evidence and not of imagined independent games.

Source: M. Van den Bergh, "Normalized Elo practical" and "A practical introduction to the GSPRT" (the score, its
variance and nElo); the half count of the regularised form is the Jeffreys prior of a multinomial.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Z_95: Final = 1.959963984540054
"""Half width of a two-sided 95 % interval of the standard normal distribution."""

NELO_SCALE: Final = 800.0 / math.log(10.0)
"""Normalized Elo per standard deviation of a single game's score."""

PAIR_CLASSES: Final = 5
MIN_PAIRS: Final = 5
"""With fewer pairs (or twice as many games) an interval says nothing: show "too few" instead."""

_HALF_COUNT: Final = 0.5


@dataclass(frozen=True, slots=True)
class EloEstimate:
    """How much stronger one player is than the other, with 95 % error bars.

    ``n`` counts samples (games or pairs), ``score`` is the mean score in [0, 1] of what was played. ``elo`` and
    ``nelo`` are differences in (normalized) Elo, their ``_error`` half the width of a 95 % interval. ``los`` in
    [0, 1] is the likelihood of superiority. ``too_few`` says that the numbers should not be shown.
    """

    n: int
    score: float
    elo: float
    elo_error: float
    nelo: float
    nelo_error: float
    los: float
    too_few: bool


@dataclass(frozen=True, slots=True)
class _Moments:
    score: float
    variance: float
    n: float
    matches: int  # games in one sample
    clip: float  # scores stay this far from 0 and 1

    def elo(self, errors: float) -> float:
        """Elo of the score moved by a number of standard errors."""
        return elo_of_score(min(max(self.score + errors * self.standard_error, self.clip), 1.0 - self.clip))

    @property
    def standard_error(self) -> float:
        return math.sqrt(self.variance / self.n)


def elo_of_score(score: float) -> float:
    """Return the Elo difference at which ``score`` is expected; infinite at or outside 0 and 1."""
    if score <= 0.0:
        return -math.inf
    if score >= 1.0:
        return math.inf
    return -400.0 * math.log10(1.0 / score - 1.0)


def estimate_games(wins: int, draws: int, losses: int, *, regularise: bool = False) -> EloEstimate:
    """Estimate from single games, taken as independent.

    Raises ``ValueError`` for a negative count, and for no game at all unless ``regularise`` (see ``estimate_pairs``).
    """
    return _estimate((losses, draws, wins), regularise=regularise)


def estimate_pairs(counts: Sequence[int] | NDArray[np.int64], *, regularise: bool = False) -> EloEstimate:
    """Estimate from pairs: ``counts`` are five, of LL, LD, WL+DD, WD and WW.

    The plain form is exact, and infinite or undefined where the sample is (all pairs alike). For display use
    ``regularise``: half a count is added to every class before mean and variance are taken, and interval ends stay
    one step of the score away from 0 and 1; all numbers are then finite for every input.
    Raises ``ValueError`` for other than five counts, a negative count, and no pair at all unless ``regularise``.
    """
    if len(counts) != PAIR_CLASSES:
        raise ValueError(f"pairs have five classes (LL, LD, WL+DD, WD, WW), got {len(counts)} counts")
    return _estimate(tuple(int(count) for count in counts), regularise=regularise)


def _estimate(counts: tuple[int, ...], *, regularise: bool) -> EloEstimate:
    n, matches = sum(counts), len(counts) // 2
    if min(counts) < 0 or (n == 0 and not regularise):
        raise ValueError(f"counts must not be negative and not all be zero, got {counts}")
    played = _moments(counts, clip=0.0) if n else None
    moments = _moments([count + _HALF_COUNT for count in counts], clip=0.5 / matches) if regularise else played
    assert moments is not None  # noqa: S101 (n == 0 without regularise was refused above)
    z = _ratio(moments.score - 0.5, moments.standard_error)
    nelo = NELO_SCALE * z / math.sqrt(moments.n * matches)
    return EloEstimate(
        n=n,
        score=played.score if played else 0.5,
        elo=moments.elo(0.0),
        elo_error=0.5 * (moments.elo(Z_95) - moments.elo(-Z_95)),
        nelo=nelo,
        nelo_error=NELO_SCALE * Z_95 / math.sqrt(moments.n * matches),
        los=0.5 * math.erfc(-z / math.sqrt(2.0)),
        too_few=n * matches < 2 * MIN_PAIRS,
    )


def _moments(counts: Sequence[float], *, clip: float) -> _Moments:
    n, top = sum(counts), len(counts) - 1
    score = sum(count * rank / top for rank, count in enumerate(counts)) / n
    variance = sum(count * (rank / top - score) ** 2 for rank, count in enumerate(counts)) / n
    return _Moments(score, variance, n, len(counts) // 2, clip / n)


def _ratio(numerator: float, denominator: float) -> float:
    if denominator > 0.0:
        return numerator / denominator
    return math.copysign(math.inf, numerator) if numerator else 0.0
