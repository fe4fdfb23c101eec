"""Sequential test of "better by elo1" against "better by elo0": the generalised SPRT with exact likelihoods.

After every batch of games or pairs the log-likelihood ratio of the two hypotheses is compared with Wald's bounds, so
one may look as often as one likes. The likelihoods are those of the multinomial distribution that fits best among
all that have exactly the hypothesis' strength; the usual closed form fails on lopsided matches.

Source: A. Wald, "Sequential Tests of Statistical Hypotheses", Ann. Math. Stat. 16 (1945); X. Li, J. Liu and Z. Ying,
"Generalized Sequential Probability Ratio Test for Separate Families of Hypotheses", 2014. The maximum under a mean
constraint is Owen's empirical likelihood (Biometrika 75, 1988). Deviation: a class that never occurred counts as
``_EMPTY_CLASS``, because an impossible class could never explain a hypothesis on its side.
"""

import math
from collections.abc import Sequence
from enum import Enum
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from league.ratings.elo import expected_score
from league.ratings.pentanomial import NELO_SCALE

MAX_ELO: Final = 200.0
"""Largest hypothesis: beyond about 300 nElo no distribution over five classes may have that strength near the data."""

_EMPTY_CLASS: Final = 1e-3
_TOLERANCE: Final = 1e-9
_MAX_ITERATIONS: Final = 200
_CLASSES: Final = (3, 5)


class SprtConfig(BaseModel):
    """The two hypotheses of a test, its risks, and the unit of strength."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    elo0: float = Field(
        default=0.0,
        title="Elo of H0",
        ge=-MAX_ELO,
        le=MAX_ELO,
        description="Strength under H0, in Elo of the chosen model",
    )
    elo1: float = Field(
        default=10.0, title="Elo of H1", ge=-MAX_ELO, le=MAX_ELO, description="Strength under H1, above elo0"
    )
    alpha: float = Field(
        default=0.05, title="Risk alpha", gt=0, lt=0.5, description="Risk of accepting H1 when H0 holds"
    )
    beta: float = Field(default=0.05, title="Risk beta", gt=0, lt=0.5, description="Risk of accepting H0 when H1 holds")
    model: Literal["normalized", "logistic"] = Field(
        default="normalized",
        title="Unit of Elo",
        description="Unit of elo0 and elo1: normalized (per standard deviation of a game) or logistic (the table's)",
    )

    @model_validator(mode="after")
    def _ordered(self) -> "SprtConfig":
        if self.elo0 >= self.elo1:
            raise ValueError(f"elo0 must be below elo1, got elo0 = {self.elo0} and elo1 = {self.elo1}")
        return self


class SprtBounds(NamedTuple):
    """Log-likelihood ratios at which the test stops: at or below ``lower`` H0, at or above ``upper`` H1."""

    lower: float
    upper: float


class SprtDecision(Enum):
    """What the test says after the games so far."""

    CONTINUE = "continue"
    ACCEPT_H0 = "accept H0"
    ACCEPT_H1 = "accept H1"


def bounds(config: SprtConfig) -> SprtBounds:
    """Return Wald's bounds for the risks of ``config``."""
    return SprtBounds(
        lower=math.log(config.beta / (1.0 - config.alpha)), upper=math.log((1.0 - config.beta) / config.alpha)
    )


def llr(config: SprtConfig, counts: Sequence[int] | NDArray[np.int64]) -> float:
    """Return the log-likelihood ratio of elo1 to elo0.

    ``counts`` are three (games: L, D, W) or five (pairs: LL, LD, WL+DD, WD, WW). 0 when nothing has been played.
    Raises ``ValueError`` for another number of counts or a negative one.
    """
    observed = np.asarray(counts, dtype=np.float64)
    if observed.shape not in {(n,) for n in _CLASSES} or observed.min() < 0:
        raise ValueError(f"counts must be 3 (L, D, W) or 5 (LL, LD, WL+DD, WD, WW), none negative, got {counts}")
    if not observed.any():
        return 0.0
    filled = np.where(observed > 0.0, observed, _EMPTY_CLASS)
    n = filled.sum()
    p0, p1 = (_most_likely(config, filled / n, elo) for elo in (config.elo0, config.elo1))
    return float(filled @ np.log(p1 / p0))


def decide(config: SprtConfig, counts: Sequence[int] | NDArray[np.int64]) -> SprtDecision:
    """Return whether to stop, for ``counts`` as in ``llr``."""
    ratio, (lower, upper) = llr(config, counts), bounds(config)
    if ratio >= upper:
        return SprtDecision.ACCEPT_H1
    return SprtDecision.ACCEPT_H0 if ratio <= lower else SprtDecision.CONTINUE


def _most_likely(config: SprtConfig, observed: NDArray[np.float64], elo: float) -> NDArray[np.float64]:
    """Return the class probabilities that explain ``observed`` best among those of strength ``elo``."""
    scores = np.linspace(0.0, 1.0, len(observed))
    if config.model == "logistic":
        return _with_mean_zero(observed, scores - expected_score(elo))
    matches = len(observed) // 2
    return _with_signal(observed, scores, elo / NELO_SCALE * math.sqrt(matches))


def _with_mean_zero(observed: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return argmax over p of sum(observed log p) subject to sum(p) = 1 and sum(p values) = 0.

    Stationarity gives p = observed / (1 + theta values) with theta the root of a falling function. ``values`` must
    take both signs. The bracket follows from p <= 1 at the extreme values.
    """
    top, bottom = int(values.argmax()), int(values.argmin())
    low = -(1.0 - 0.5 * observed[top]) / values[top]
    high = -(1.0 - 0.5 * observed[bottom]) / values[bottom]
    from scipy.optimize import brentq  # scipy takes 0.4 s to import, and only a table needs it

    theta = brentq(lambda x: float(np.sum(observed * values / (1.0 + x * values))), low, high, xtol=1e-14)
    return observed / (1.0 + theta * values)


def _with_signal(observed: NDArray[np.float64], scores: NDArray[np.float64], t: float) -> NDArray[np.float64]:
    """Return argmax over p of sum(observed log p) subject to (mean - 1/2) / sigma = t.

    A fixed point over sigma. On the constraint mean = 1/2 + t sigma; sigma's derivative by p_i is sigma z_i^2 / 2 with
    z = (scores - mean) / sigma, and sigma is homogeneous of degree 1/2 in p at a fixed mean, so the constraint
    linearised there is sum(p (scores - 1/2 - t sigma (1 + z^2) / 2)) = 0. Starts from the uniform distribution's sigma.
    """
    sigma = math.sqrt(float(np.mean((scores - 0.5) ** 2)) / (1.0 + t * t))
    for _ in range(_MAX_ITERATIONS):
        z = (scores - 0.5 - t * sigma) / sigma
        p = _with_mean_zero(observed, scores - 0.5 - 0.5 * t * sigma * (1.0 + z * z))
        previous, sigma = sigma, math.sqrt(float(p @ (scores - p @ scores) ** 2))
        if abs(sigma - previous) < _TOLERANCE * previous:
            break
    return p
