"""People in the league: how strong a person is, and whom to play next.

A person's matches are no part of any season and move no player's rating: the players' ratings are given, and only the
person's is fitted to them.
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from league.ratings.bradley_terry import ELO_PER_NAT, BradleyTerryConfig, fit_scores
from league.store import PersonMatchRow, PlayerRow, Store

YOU: Final = "You"
"""The person at this computer, unless another name is given."""

UNRATED: Final = 1500.0
"""Rating (Elo) of a player without any, and of the prior's opponent."""

PLACEMENT_MATCHES: Final = 5
"""After so many matches the suggestions stop halving the ladder and go by the person's rating."""

_CHI_SQUARE_95: Final = 3.841458820694124
"""The 95 % point of chi-square with one degree of freedom."""

_BRACKET_ELO: Final = 100.0


@dataclass(frozen=True, slots=True)
class PersonStanding:
    """A person's rating (Elo) with its 95 % interval, and the record against players of the league."""

    name: str
    rating: float
    low: float
    high: float
    wins: int
    draws: int
    losses: int

    @property
    def matches(self) -> int:
        """How many matches count."""
        return self.wins + self.draws + self.losses


class _Scores(NamedTuple):
    """A person's points and matches against each opponent and, last, against the prior's: float64[n] each."""

    opponent: NDArray[np.float64]
    points: NDArray[np.float64]
    games: NDArray[np.float64]


class _Rung(NamedTuple):
    """A player's place on the ladder; rungs sort by rating (Elo), then by content hash."""

    height: float
    hash: str
    player: PlayerRow


class _Met(NamedTuple):
    """An opponent's rating (Elo) and content hash, and the person's outcome against it."""

    height: float
    hash: str
    outcome: int


def opponent_ratings(store: Store) -> dict[str, float]:
    """Return every player's rating by content hash: its live one in the latest season that rated it, or ``UNRATED``."""
    unrated = {player.hash: UNRATED for player in store.players(include_archived=True)}
    return unrated | store.latest_ratings()


def person_standing(person: str, matches: Sequence[PersonMatchRow], ratings: Mapping[str, float]) -> PersonStanding:
    """Return how ``person`` stands; the order of ``matches`` changes nothing.

    Only its matches against players count: against a second person neither rating is given. The rating is the most
    likely one of the Bradley-Terry model with the opponents' ``ratings`` (by content hash; ``UNRATED`` if absent)
    taken as exact, and one virtual draw against a player of ``UNRATED`` as prior. So it is finite from the first match
    on, and nothing but that draw holds it back. The interval holds the ratings that a likelihood-ratio test at 5 %
    does not reject. Its unit is the single match, not the pair of a season: a person plays no match twice with
    the seats swapped. A draw counts as half a win and half a loss, which makes the interval too wide rather than too
    narrow; that opponents' ratings have errors of their own makes it too narrow.

    Source: S. Wilks, "The Large-Sample Distribution of the Likelihood Ratio", Ann. Math. Stat. 9 (1938).
    """
    met = _met(person, matches, ratings)
    scores = _scores(met)
    rating = _most_likely(scores)
    low, high = (_interval_end(scores, rating, side) for side in (-1, 1))
    losses, draws, wins = np.bincount([1 + match.outcome for match in met], minlength=3).tolist()
    return PersonStanding(person, rating, low, high, wins, draws, losses)


def suggest_opponent(
    person: str, matches: Sequence[PersonMatchRow], players: Sequence[PlayerRow], ratings: Mapping[str, float]
) -> PlayerRow | None:
    """Return who of ``players`` would be a good match for ``person``; None if there are no players.

    The players stand on a ladder by rating. The first opponent is the one a quarter up from the bottom. After a win the
    next is at or above the last opponent, after a loss at or below; never the last opponent itself, if there is
    another. In the first ``PLACEMENT_MATCHES`` it is the middle one between the last opponent and the nearest on
    that side with whom it went the other way, so that n rungs are searched in about log2 n matches. Later, after a
    draw, and where nobody is between, it is the one with the expected score nearest to one half. At an end of the
    ladder it is the nearest of all others. Equal inputs give equal answers.

    Parameters
    ----------
    matches
        In the order in which they were played; only the person's matches against players are looked at.
    ratings
        Elo by content hash; ``UNRATED`` if absent.
    """
    ladder = sorted(_Rung(ratings.get(player.hash, UNRATED), player.hash, player) for player in players)
    met = _met(person, matches, ratings)
    if not ladder or not met:
        return ladder[len(ladder) // 4].player if ladder else None
    last, is_placing = met[-1], len(met) <= PLACEMENT_MATCHES
    others = [rung for rung in ladder if rung.hash != last.hash] or ladder
    towards = [rung for rung in others if last.outcome * (rung.height - last.height) >= 0.0] or others
    between = _between(towards, met) if is_placing else []
    if between:
        return between[len(between) // 2].player
    target = last.height if is_placing else person_standing(person, matches, ratings).rating
    return min(towards, key=lambda rung: (abs(rung.height - target), rung)).player


def _between(rungs: Sequence[_Rung], met: Sequence[_Met]) -> list[_Rung]:
    """Return the rungs from the last opponent on, before the nearest with whom it went the other way; none after a draw."""
    last = met[-1]
    towards = last.outcome
    beyond = (other.height for other in met if other.outcome == -towards)
    limit = min((towards * height for height in beyond if towards * (height - last.height) > 0.0), default=math.inf)
    return [rung for rung in rungs if towards and towards * last.height <= towards * rung.height < limit]


def _met(person: str, matches: Sequence[PersonMatchRow], ratings: Mapping[str, float]) -> list[_Met]:
    """Return the person's matches against players, in their order."""
    return [
        _Met(ratings.get(match.opponent_hash, UNRATED), match.opponent_hash, match.outcome_of(person))
        for match in matches
        if match.person == person and match.opponent_hash is not None
    ]


def _scores(met: Sequence[_Met]) -> _Scores:
    """Return the sums by rating; in the ratings' order, so that no order of matches shows in the last bits."""
    sums: defaultdict[float, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for match in met:
        cell = sums[match.height]
        cell[0] += 0.5 * (1 + match.outcome)
        cell[1] += 1.0
    heights = sorted(sums)
    return _Scores(
        np.array([*heights, UNRATED]),
        np.array([*(sums[height][0] for height in heights), 0.5]),
        np.array([*(sums[height][1] for height in heights), 1.0]),
    )


def _most_likely(scores: _Scores) -> float:
    """Return the rating by the league's own fit: player 0 is the person, every other an anchor."""
    n = len(scores.opponent)
    anchors = {1 + index: float(rating) for index, rating in enumerate(scores.opponent)}
    config = BradleyTerryConfig(prior_draws=0.0, mean_rating=UNRATED, anchors=anchors)
    person, opponents = np.zeros(n, np.int32), np.arange(1, n + 1, dtype=np.int32)
    return float(fit_scores(n + 1, person, opponents, scores.points, scores.games, config).ratings[0])


def _log_likelihood(scores: _Scores, rating: float) -> float:
    """Return sum of points ln P + (games - points) ln (1 - P), P as in ``league.ratings.bradley_terry``."""
    lead = (rating - scores.opponent) / ELO_PER_NAT
    return float((scores.points * lead - scores.games * np.logaddexp(0.0, lead)).sum())


def _interval_end(scores: _Scores, rating: float, side: int) -> float:
    """Return the rating below (``side`` -1) or above (+1) at which twice the log-likelihood has fallen enough."""
    from scipy.optimize import brentq  # as in the fit: only who rates pays for scipy

    best = _log_likelihood(scores, rating)

    def excess(distance: float) -> float:
        return 2.0 * (best - _log_likelihood(scores, rating + side * distance)) - _CHI_SQUARE_95

    reach = _BRACKET_ELO
    while excess(reach) < 0.0:  # ends: the virtual draw alone falls without bound on either side
        reach *= 2.0
    return rating + side * float(brentq(excess, 0.0, reach))
