"""How good the network is: matches against the players of a ladder, on seeds that no training sees, and a rating among them.

A rating means the same in another run, and next week, only where the ladder's players and the number of pairs are the same:
they are the scale, as the players' own ratings come from just these pairs.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ai.evaluation import CandidateSides, meeting_rows, pair_rows
from ai.trainer import Opponent, TrainContext
from game.policies.bank import Policy
from game.seeding import pair_seed, pair_seeds
from league.ratings.bradley_terry import BradleyTerryConfig, fit_scores

_SEED: Final = pair_seed(2**62 + 5, 0)
"""Of all evaluations, whatever the run, so that ratings of runs with the same ladder and as many pairs can be compared."""

BASE_ELO: Final = 1000.0
"""Rating of the ladder's first player."""


class Evaluation(NamedTuple):
    """What an evaluation has come to."""

    win_rates: tuple[float, ...]
    """Against each player of the ladder; a draw counts half."""
    elo: float
    matches: int
    ticks: int


class Ladder:
    """Players whose ratings among themselves are found out once, and then fixed."""

    def __init__(self, context: TrainContext, players: tuple[Opponent, ...], pairs: int) -> None:
        self.players = players
        self._context = context
        self._seeds = pair_seeds(_SEED, 0, pairs)
        self._ratings: NDArray[np.float64] | None = None

    def evaluate(self, policy: Policy) -> Evaluation:
        """Play ``policy`` against every player, on the same seeds each time.

        Raises
        ------
        TrainingCancelled
            If the run was cancelled meanwhile.
        """
        context, count = self._context, len(self.players)
        rows = pair_rows(1, count, self._seeds, context.game.default_points)
        results = context.play([policy, *(player.policy for player in self.players)], rows)
        rates = CandidateSides.of(results, 1, count).score[0].mean(axis=(1, 2))
        return Evaluation(tuple(rates.tolist()), self._elo(rates), len(results), int(results["ticks"].sum()))

    def _elo(self, rates: NDArray[np.float64]) -> float:
        """Return the most likely rating with the ladder's own fixed, and one virtual draw against each of its players."""
        count = len(rates)
        games = np.full(count, 2.0 * len(self._seeds))
        anchors = dict(enumerate(self._anchors().tolist(), start=1))
        config = BradleyTerryConfig(anchors=anchors)
        player, others = np.zeros(count, np.int32), np.arange(1, count + 1, dtype=np.int32)
        return float(fit_scores(count + 1, player, others, rates * games, games, config).ratings[0])

    def _anchors(self) -> NDArray[np.float64]:
        """Return the ladder's ratings, from a round robin of its players."""
        if self._ratings is None:
            count = len(self.players)
            one, other = np.triu_indices(count, 1)
            seeds = np.tile(self._seeds, len(one))
            rows = meeting_rows(
                np.repeat(one, len(self._seeds)),
                np.repeat(other, len(self._seeds)),
                seeds,
                self._context.game.default_points,
            )
            ratings = np.zeros(1)
            if count > 1:
                results = self._context.play([player.policy for player in self.players], rows)
                score = 0.5 + 0.5 * results["outcome"].astype(np.float64)
                ones = np.ones(len(results))
                ratings = fit_scores(count, results["left"], results["right"], score, ones).ratings
            self._ratings = BASE_ELO + ratings - ratings[0]
        return self._ratings
