"""The table of a league: one joint Bradley-Terry fit over all matches, with error bars from resampled pairs.

P(left beats right) = 1 / (1 + exp(-(r_left - r_right + advantage) ln 10 / 400)); a draw is half a win for each side.
That makes it a quasi-likelihood, whose own curvature overstates the errors: they come from a bootstrap over pairs.

Source: R. Bradley and M. Terry, Biometrika 39 (1952); D. Hunter, "MM algorithms for generalized Bradley-Terry models",
Ann. Stat. 32 (2004), for when a maximum exists; F. Bach, "Self-concordant analysis for logistic regression", Electron.
J. Stat. 4 (2010), for the step length. Additions: a prior of virtual draws, a seat advantage, anchors.
"""

import math
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

ELO_PER_NAT: Final = 400.0 / math.log(10.0)
"""Elo of one natural unit of log odds."""

_POINTS: Final = np.array([0.0, 0.5, 1.0])
_PAIR_CLASS: Final = np.add.outer(np.arange(3), np.arange(3)).ravel()
_MAX_ITERATIONS: Final = 200
_CHUNK_CELLS: Final = 400_000
"""Numbers in one array of a batch of resamples: few enough to stay in a core's cache."""


class RatingsError(ValueError):
    """A table or a setting that cannot be rated."""


class UnboundedFitError(RatingsError):
    """Without a prior these results have no finite best ratings (an unbeaten player, or one seat only)."""


@dataclass(frozen=True)
class PairTable:
    """All results between ``n_players`` players, one row per unordered pairing.

    ``first`` and ``second`` are int32[m] with first < second. ``counts`` is int64[m, 3, 3]: ``counts[r, a, b]`` pairs
    in which ``first`` had outcome ``a`` (0 loss, 1 draw, 2 win) where it sat left and ``b`` where it sat right.
    ``single`` is int64[m, 2, 3], matches without a partner: ``single[r, s, a]`` of them with ``first`` on seat ``s``
    (0 left, 1 right) and with outcome ``a``; none if left out. Raises ``RatingsError`` for anything else.
    """

    n_players: int
    first: NDArray[np.int32]
    second: NDArray[np.int32]
    counts: NDArray[np.int64]
    single: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, 2, 3), np.int64))

    def __post_init__(self) -> None:
        m = len(self.first)
        if self.single.shape == (0, 2, 3):
            object.__setattr__(self, "single", np.zeros((m, 2, 3), np.int64))
        if self.second.shape != (m,) or self.counts.shape != (m, 3, 3) or self.single.shape != (m, 2, 3):
            raise RatingsError(f"{m} pairings need counts[{m}, 3, 3] and single[{m}, 2, 3], got {self.counts.shape}")
        if m and (self.first.min() < 0 or self.second.max() >= self.n_players):
            raise RatingsError(f"players must be 0 to {self.n_players - 1}")
        if np.any(self.first >= self.second):
            raise RatingsError("in each row first must be below second")
        if len(np.unique(self.first.astype(np.int64) * self.n_players + self.second)) != m:
            raise RatingsError("a pairing has more than one row; add their counts")
        if m and min(self.counts.min(), self.single.min()) < 0:
            raise RatingsError("counts must not be negative")

    def pentanomial(self) -> NDArray[np.int64]:
        """Return int64[m, 5]: pairs by ``first``'s points, LL, LD, WL+DD, WD, WW."""
        cells = self.counts.reshape(-1, 9)
        return np.stack([cells[:, np.equal(_PAIR_CLASS, points)].sum(axis=1) for points in range(5)], axis=1)

    def outcomes(self) -> NDArray[np.int64]:
        """Return int64[m, 2, 3]: all matches by ``first``'s seat (0 left, 1 right) and outcome, paired or not."""
        return np.stack([self.counts.sum(axis=2), self.counts.sum(axis=1)], axis=1) + self.single


class BradleyTerryConfig(BaseModel):
    """What the table assumes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    prior_draws: float = Field(
        default=1.0, ge=0, le=100, description="Virtual draws added to every pairing that has been played"
    )
    seat_advantage: bool = Field(default=False, description="Whether to fit an advantage of the left seat")
    mean_rating: float = Field(default=1500.0, description="Mean rating of the players of an island without anchors")
    anchors: dict[int, float] = Field(default={}, description="Players (by index) whose rating is given, in Elo")


class Fit(NamedTuple):
    """Ratings (float64[n_players], Elo) and the advantage of the left seat (Elo; 0 if it was not fitted)."""

    ratings: NDArray[np.float64]
    advantage: float


class _Totals(NamedTuple):
    """What a batch of tables says: all that the likelihood needs.

    ``games`` is float64[batch or 1, n, n] by (left, right); ``points`` is float64[batch, n + 1]: the points of every
    player, then those of all left seats.
    """

    games: NDArray[np.float64]
    points: NDArray[np.float64]


class _Frame(NamedTuple):
    """What fixes the scale: pinned parameters (bool[n + 1], the advantage last), start, islands' means."""

    pinned: NDArray[np.bool_]
    start: NDArray[np.float64]
    gauge: NDArray[np.float64]


_DEFAULT: Final = BradleyTerryConfig()


def islands(table: PairTable) -> list[tuple[int, ...]]:
    """Return the groups of players connected by matches, largest first; only within one can ratings be compared."""
    labels = _labels(_game_matrix(table))
    groups = [np.flatnonzero(labels == label).tolist() for label in np.unique(labels)]
    return sorted((tuple(group) for group in groups), key=lambda group: (-len(group), group))


def fit(table: PairTable, config: BradleyTerryConfig = _DEFAULT) -> Fit:
    """Return the most likely ratings. Errors and scale as in ``fit_scores``."""
    outcomes = table.outcomes()
    games, points = outcomes.sum(axis=2).astype(np.float64), outcomes @ _POINTS
    left, right = np.concatenate([table.first, table.second]), np.concatenate([table.second, table.first])
    score = np.concatenate([points[:, 0], games[:, 1] - points[:, 1]])
    return fit_scores(table.n_players, left, right, score, games.T.ravel(), config)


def fit_scores(
    n_players: int,
    left: NDArray[np.int32],
    right: NDArray[np.int32],
    score: NDArray[np.float64],
    games: NDArray[np.float64],
    config: BradleyTerryConfig = _DEFAULT,
) -> Fit:
    """Return the most likely ratings of ``games[k]`` matches in which ``left[k]`` scored ``score[k]`` points.

    Draws are half points; a pairing may be in several rows. Each island (``islands``) has mean
    ``config.mean_rating``, unless some of its players are anchored: those keep their rating exactly. The prior is
    split evenly over both seatings.

    Raises
    ------
    RatingsError
        If a score is not within 0 and its games, or an anchor is no player.
    UnboundedFitError
        If ``prior_draws`` is 0 and the maximum is at infinity or not unique.
    """
    if np.any((score < 0.0) | (score > games)):
        raise RatingsError("each score must be between 0 and its number of games")
    matrix, won = np.zeros((2, n_players, n_players))
    np.add.at(matrix, (left, right), games)
    np.add.at(won, (left, right), score)
    frame = _frame(matrix, config)
    prior = 0.5 * config.prior_draws * ((matrix + matrix.T) > 0.0)
    if config.prior_draws == 0.0:
        _require_bounded(matrix, won, frame)
    totals = _Totals((matrix + prior)[None], _points(matrix + prior, won + 0.5 * prior)[None])
    parameters = _maximise(totals, frame, frame.start[None], tolerance=1e-10)
    return Fit(_to_elo(parameters, config)[0], float(ELO_PER_NAT * parameters[0, -1]))


def bootstrap(
    table: PairTable, *, rng: np.random.Generator, resamples: int = 1000, config: BradleyTerryConfig = _DEFAULT
) -> NDArray[np.float64]:
    """Return float64[resamples, n_players]: ratings of tables redrawn, pair by pair, from within each pairing.

    The virtual draws of each pairing get a random weight, exponential with mean 1 (D. Rubin, "The Bayesian
    Bootstrap", 1981); with a fixed one a player who lost every match would seem to be rated without error.
    """
    frame = _frame(_game_matrix(table), config)
    best = fit(table, config)
    start = np.append((best.ratings - config.mean_rating) / ELO_PER_NAT, best.advantage / ELO_PER_NAT)
    draw = _Resampler(table, config.prior_draws)
    chunk = max(1, _CHUNK_CELLS // max(1, table.n_players**2, 9 * len(table.first)))
    ratings = np.empty((resamples, table.n_players))
    for begin in range(0, resamples, chunk):
        batch = min(chunk, resamples - begin)
        parameters = _maximise(draw(rng, batch), frame, np.tile(start, (batch, 1)), tolerance=1e-4)
        ratings[begin : begin + batch] = _to_elo(parameters, config)
    return ratings


class _Resampler:
    """Draws batches of tables like the one given."""

    def __init__(self, table: PairTable, prior_draws: float) -> None:
        self._first, self._second, self._prior = table.first, table.second, 0.5 * prior_draws
        self._games = _game_matrix(table)
        self._pairs = table.counts.reshape(-1, 9)
        self._single = table.single.reshape(-1, 3)
        self._played = (self._games + self._games.T)[self._first, self._second] > 0.0
        rows, ones = np.arange(len(self._first)), np.ones(len(self._first))
        shape = (len(rows), table.n_players)
        from scipy.sparse import coo_array  # scipy takes 0.4 s to import, and only a table needs it

        self._of_first = coo_array((ones, (rows, self._first)), shape=shape).tocsr()
        self._of_second = coo_array((ones, (rows, self._second)), shape=shape).tocsr()

    def __call__(self, rng: np.random.Generator, batch: int) -> _Totals:
        """Return ``batch`` tables, each with as many pairs and single matches per pairing as the original."""
        cells = _redraw(rng, self._pairs, batch).reshape(batch, -1, 3, 3)
        as_left, as_right = cells.sum(axis=3) @ _POINTS, cells.sum(axis=2) @ _POINTS
        if self._single.any():
            extra = _redraw(rng, self._single, batch).reshape(batch, -1, 2, 3) @ _POINTS
            as_left, as_right = as_left + extra[..., 0], as_right + extra[..., 1]
        virtual = self._prior * self._played * rng.standard_exponential((batch, len(self._first)))
        games = np.tile(self._games, (batch, 1, 1))
        games[:, self._first, self._second] += virtual
        games[:, self._second, self._first] += virtual
        one = as_left + as_right + virtual
        left_games, right_games = self._games[self._first, self._second], self._games[self._second, self._first]
        other = left_games + right_games + 2.0 * virtual - one
        left_points = (as_left + right_games - as_right + virtual).sum(axis=1)
        points = one @ self._of_first + other @ self._of_second
        return _Totals(games, np.column_stack([points, left_points]))


def _redraw(rng: np.random.Generator, counts: NDArray[np.int64], batch: int) -> NDArray[np.int64]:
    """Return int64[batch, rows, cells]: each row of ``counts`` drawn again from its own frequencies."""
    totals = counts.sum(axis=1)
    return rng.multinomial(totals, counts / np.maximum(totals, 1)[:, None], size=(batch, len(counts)))


def _game_matrix(table: PairTable) -> NDArray[np.float64]:
    games = table.outcomes().sum(axis=2)
    matrix = np.zeros((table.n_players, table.n_players))
    matrix[table.first, table.second] = games[:, 0]
    matrix[table.second, table.first] = games[:, 1]
    return matrix


def _labels(edges: NDArray[np.float64], connection: Literal["weak", "strong"] = "weak") -> NDArray[np.int32]:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    labels: NDArray[np.int32] = connected_components(coo_array(edges), directed=True, connection=connection)[1]
    return labels


def _points(games: NDArray[np.float64], won: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.append(won.sum(axis=1) + (games - won).sum(axis=0), won.sum())


def _frame(games: NDArray[np.float64], config: BradleyTerryConfig) -> _Frame:
    n = len(games)
    if not all(0 <= player < n for player in config.anchors):
        raise RatingsError(f"anchors must be players 0 to {n - 1}, got {sorted(config.anchors)}")
    pinned, start, gauge = np.zeros(n + 1, np.bool_), np.zeros(n + 1), np.zeros((n + 1, n + 1))
    for player, rating in config.anchors.items():
        pinned[player], start[player] = True, (rating - config.mean_rating) / ELO_PER_NAT
    labels = _labels(games)
    free = ~np.isin(labels, labels[pinned[:-1]])
    gauge[:-1, :-1] = (labels[:, None] == labels) & free
    pinned[-1] = not config.seat_advantage
    return _Frame(pinned, start, gauge)


def _require_bounded(games: NDArray[np.float64], won: NDArray[np.float64], frame: _Frame) -> None:
    """Raise ``UnboundedFitError`` unless the fit without a prior has one finite maximum (Hunter, assumption 1)."""
    anchored = np.flatnonzero(frame.pinned[:-1])
    beat = won + (games - won).T
    beat[anchored[:, None], anchored] = 1.0
    played = games + beat
    if _labels(beat, "strong").max(initial=-1) != _labels(played).max(initial=-1):
        raise UnboundedFitError(
            "some players never took a point from the others, so the best rating is infinite; set prior_draws above 0"
        )
    if not frame.pinned[-1]:
        step_matrix = _pin(_expectation(games[None], frame.start[None])[1] + frame.gauge, frame.pinned)
        if np.linalg.cond(step_matrix[0]) > 1e10:
            raise UnboundedFitError(
                "the seat advantage cannot be told from the ratings: play pairings on both seats, or set prior_draws"
            )


def _maximise(totals: _Totals, frame: _Frame, start: NDArray[np.float64], *, tolerance: float) -> NDArray[np.float64]:
    """Return the parameters (float64[batch, n + 1], natural units) by Newton's method, from ``start``.

    A step that would change some pairing by more than one unit is shortened to that: enough for a sure ascent without
    line search (Bach, proposition 1). Tables that have converged leave the batch. Steps sum to zero on an island.
    """
    parameters, active = start.copy(), np.arange(len(start))
    for _ in range(_MAX_ITERATIONS):
        games = totals.games if len(totals.games) == 1 else totals.games[active]
        step = _newton_step(games, totals.points[active], parameters[active], frame)
        parameters[active] += step
        active = active[np.abs(step).max(axis=1) > tolerance]
        if not active.size:
            return parameters
    raise UnboundedFitError("the best ratings are infinite; set prior_draws above 0")


def _newton_step(
    games: NDArray[np.float64], points: NDArray[np.float64], parameters: NDArray[np.float64], frame: _Frame
) -> NDArray[np.float64]:
    expected, information = _expectation(games, parameters)
    gradient = np.where(frame.pinned, 0.0, points - expected)
    try:
        step = np.linalg.solve(_pin(information + frame.gauge, frame.pinned), gradient[..., None])[..., 0]
    except np.linalg.LinAlgError as error:
        raise UnboundedFitError("the best ratings are infinite; set prior_draws above 0") from error
    longest = np.ptp(step[:, :-1], axis=1, keepdims=True) + np.abs(step[:, -1:])
    shortened: NDArray[np.float64] = step / np.maximum(longest, 1.0)
    return shortened


def _expectation(
    games: NDArray[np.float64], parameters: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the expected points (as in ``_Totals``) and the Fisher information, float64[batch, n + 1, n + 1]."""
    batch, size = parameters.shape
    strength = parameters[:, :-1]
    from scipy.special import expit

    chance = expit(strength[:, :, None] - strength[:, None, :] + parameters[:, -1, None, None])
    won = games * chance
    weight = won * (1.0 - chance)
    expected = np.empty((batch, size))
    expected[:, :-1] = won.sum(axis=2) + (games - won).sum(axis=1)
    expected[:, -1] = won.sum(axis=(1, 2))
    out, back = weight.sum(axis=2), weight.sum(axis=1)
    information = np.empty((batch, size, size))
    information[:, :-1, :-1] = -weight - weight.transpose(0, 2, 1)
    diagonal = np.arange(size - 1)
    information[:, diagonal, diagonal] += out + back
    information[:, :-1, -1] = information[:, -1, :-1] = out - back
    information[:, -1, -1] = out.sum(axis=1)
    return expected, information


def _pin(matrix: NDArray[np.float64], pinned: NDArray[np.bool_]) -> NDArray[np.float64]:
    matrix[:, pinned, :] = 0.0
    matrix[:, :, pinned] = 0.0
    matrix[:, pinned, pinned] = 1.0
    return matrix


def _to_elo(parameters: NDArray[np.float64], config: BradleyTerryConfig) -> NDArray[np.float64]:
    ratings: NDArray[np.float64] = config.mean_rating + ELO_PER_NAT * parameters[:, :-1]
    for player, rating in config.anchors.items():
        ratings[:, player] = rating
    return ratings
