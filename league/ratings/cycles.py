"""Who beats whom in circles: Nash averaging, significant 3-cycles, and weights that pick useful opponents.

Source: D. Balduzzi et al., "Re-evaluating Evaluation", NeurIPS 2018 (Nash averaging: cloning a player changes nothing);
O. Vinyals et al., "Grandmaster level in StarCraft II using multi-agent reinforcement learning", Nature 575 (2019),
for prioritised fictitious self-play (PFSP).
"""

from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from league.ratings.bradley_terry import PairTable, RatingsError
from league.ratings.pentanomial import estimate_pairs

PfspMode: TypeAlias = Literal["hard", "variance", "linear"]
"""How PFSP weighs an opponent by the win rate against it."""

_FEASIBLE: Final = 1e-6
_TINY: Final = 1e-12


class NashAverage(NamedTuple):
    """The Nash mixture ``p`` (float64[n], sums to 1) and ``skill`` (float64[n]), each player's result against it.

    ``skill`` is in the matrix's own unit and at most about 0: 0 in the mixture's support, negative for who loses to it.
    """

    p: NDArray[np.float64]
    skill: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Cycle:
    """Three players of whom the first beats the second, the second the third, and the third the first.

    The lowest number is first. ``los`` are the likelihoods of superiority of these three edges, in that order.
    """

    players: tuple[int, int, int]
    los: tuple[float, float, float]


def nash_average(matrix: NDArray[np.float64]) -> NashAverage:
    """Return the maximum-entropy Nash equilibrium of ``matrix``, float64[n, n] of row's result against column.

    The antisymmetric part (M - M^T) / 2 counts, so win rates and Elo differences both do. Intended for up to about 60
    players. Where the optimiser fails it is an equilibrium of less entropy. Raises ``RatingsError`` for a
    matrix that is not square, empty or not finite.
    """
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not matrix.size or not np.isfinite(matrix).all():
        raise RatingsError(f"a payoff matrix is square, not empty and finite; got shape {matrix.shape}")
    game = 0.5 * (matrix - matrix.T)
    largest = np.abs(game).max()
    p = _max_entropy(game * (0.5 / largest)) if largest > 0.0 else np.full(len(game), 1.0 / len(game))
    return NashAverage(p, game @ p)


def significant_cycles(table: PairTable, *, level: float = 0.95) -> list[Cycle]:
    """Return all 3-cycles whose every edge has LOS of ``level`` or more, the surest (by its weakest edge) first.

    Edges with fewer than five pairs do not count. The level is per edge: among many players some cycles will be
    chance.
    """
    los = np.zeros((table.n_players, table.n_players))
    for one, other, counts in zip(table.first, table.second, table.pentanomial(), strict=True):
        estimate = estimate_pairs(counts, regularise=True)
        if not estimate.too_few:
            los[one, other], los[other, one] = estimate.los, 1.0 - estimate.los
    beats = los >= level
    cycles = [
        Cycle((a, b, c), (float(los[a, b]), float(los[b, c]), float(los[c, a])))
        for a in range(table.n_players)
        for b in (a + 1 + np.flatnonzero(beats[a, a + 1 :])).tolist()
        for c in (a + 1 + np.flatnonzero(beats[b, a + 1 :] & beats[a + 1 :, a])).tolist()
    ]
    return sorted(cycles, key=lambda cycle: (-min(cycle.los), cycle.players))


def pfsp_weights(win_rates: NDArray[np.float64], mode: PfspMode = "hard") -> NDArray[np.float64]:
    """Return the chances (float64[n], sum 1) of meeting opponents whom the learner beats at ``win_rates``.

    ``hard`` is (1 - x)^2, prefer those that win; ``variance`` is x (1 - x), prefer equals; ``linear`` is 1 - x. Rates are
    clipped to [0, 1], NaN (never met) counts as 1/2, and where every weight is 0 all opponents are equally likely.
    """
    x = np.clip(np.where(np.isnan(win_rates), 0.5, win_rates), 0.0, 1.0)
    weights = {"hard": (1.0 - x) ** 2, "variance": x * (1.0 - x), "linear": 1.0 - x}[mode]
    return _normalised(weights if weights.sum() > _TINY else np.ones(len(x)))


def _max_entropy(game: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return argmax of the entropy of p subject to game p <= 0 and sum(p) = 1, for antisymmetric ``game``.

    Deviation from the plain program: clones make its constraints dependent, where SLSQP gives up. So the mixture's
    support is found first by linear programming, and only the directions that keep every equality are searched.
    """
    inner = _inner_equilibrium(game)
    loss = -game @ inner
    support = inner > loss
    inner = _normalised(np.where(support, inner, 0.0))
    equalities = np.vstack([game[np.ix_(support, support)], np.ones(support.sum())])
    from scipy.linalg import null_space  # scipy takes 0.4 s to import, and only a table needs it

    directions = null_space(equalities, rcond=1e-9)
    if directions.shape[1] == 0:
        return inner
    p = np.zeros(len(game))
    p[support] = _climb(inner[support], directions, game[np.ix_(~support, support)])
    return p if (game @ p).max() < _FEASIBLE else inner


def _inner_equilibrium(game: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the equilibrium p that maximises min(p - game p): positive for all that are in any equilibrium.

    By strict complementarity each player either can be in a mixture or loses to this one, never both or neither.
    """
    from scipy.optimize import linprog

    n = len(game)
    zeros, ones = np.zeros((n, 1)), np.ones((n, 1))
    found = linprog(
        np.append(np.zeros(n), -1.0),
        A_ub=np.block([[game, zeros], [game - np.eye(n), ones]]),
        b_ub=np.zeros(2 * n),
        A_eq=np.append(np.ones(n), 0.0)[None],
        b_eq=np.ones(1),
        bounds=[(0.0, 1.0)] * (n + 1),
    )
    if found.x is None:
        raise RuntimeError(f"the minimax theorem promises an equilibrium, but linprog said: {found.message}")
    return _normalised(np.clip(found.x[:n], 0.0, None))


def _climb(
    inner: NDArray[np.float64], directions: NDArray[np.float64], rest: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the p = inner + directions y of most entropy that nobody outside (rows of ``rest``) beats."""
    from scipy.optimize import LinearConstraint, minimize

    def mixture(y: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.maximum(inner + directions @ y, _TINY)

    def negative_entropy(y: NDArray[np.float64]) -> float:
        p = mixture(y)
        return float(p @ np.log(p))

    def gradient(y: NDArray[np.float64]) -> NDArray[np.float64]:
        return directions.T @ (np.log(mixture(y)) + 1.0)

    room = np.vstack([directions, -rest @ directions])
    within = LinearConstraint(room, -np.concatenate([inner, -rest @ inner]), np.inf)
    start = np.zeros(directions.shape[1])
    found = minimize(
        negative_entropy,
        start,
        jac=gradient,
        constraints=within,
        method="SLSQP",
        options={"maxiter": 300, "ftol": 1e-13},
    )
    y = found.x if np.isfinite(found.x).all() and negative_entropy(found.x) < negative_entropy(start) else start
    return _normalised(mixture(y))


def _normalised(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    shares: NDArray[np.float64] = weights / weights.sum()
    return shares
