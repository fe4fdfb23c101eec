"""Who beats whom, measured in pairs: a payoff matrix of players as they are, its Nash mixture, its cycles.

Unlike the results that training leaves behind, these come from players that do not change or explore, on the same seeds for
everyone, and to the game's own points.

Source: D. Balduzzi et al., "Re-evaluating Evaluation", NeurIPS 2018, by ``league.ratings.cycles``. Who does best against the
agent in training is what the exploiters of O. Vinyals et al. (Nature 575, 2019) have found; it scores no more than the best
response would.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ai.errors import TrainingError
from ai.evaluation import meeting_rows
from ai.trainer import Json, TrainContext
from game.policies.bank import Policy
from game.seeding import pair_seed, pair_seeds
from game.spec import Results
from league.ratings.bradley_terry import PairTable
from league.ratings.cycles import Cycle, NashAverage, nash_average, significant_cycles

MAX_CYCLES: Final = 20
"""Cycles in a detail, the surest ones: among many equal players there are thousands."""

_SEED: Final = pair_seed(2**62 + 6, 0)
"""Of all measurements, whatever the run; not those of the ladder, nor of training."""

_SUPPORT: Final = 0.01  # the share of the Nash mixture from which on a player counts as part of it
_DIGITS: Final = 4
_POINTS: Final = np.add.outer(np.arange(3), np.arange(3)) / 4.0


class BestResponse(NamedTuple):
    """Who does best against a player, and its score in [0, 1]; a draw counts half."""

    name: str
    score: float


@dataclass(frozen=True, eq=False)
class PayoffMatrix:
    """All pairs between players, by the view of the row.

    ``counts`` is int64[n, n, 3, 3]: ``counts[i, j, a, b]`` pairs in which ``i`` had outcome ``a`` (0 loss, 1 draw, 2 win) against
    ``j`` where it sat left, and ``b`` where it sat right.
    """

    names: tuple[str, ...]
    counts: NDArray[np.int64]

    @cached_property
    def pairs(self) -> NDArray[np.int64]:
        """Pairs that were played, int64[n, n]."""
        played: NDArray[np.int64] = self.counts.sum(axis=(2, 3))
        return played

    @cached_property
    def score(self) -> NDArray[np.float64]:
        """Share of the points that the row took from the column, float64[n, n]; NaN where they have not met."""
        points = (self.counts * _POINTS).sum(axis=(2, 3))
        score: NDArray[np.float64] = np.where(self.pairs > 0, points / np.maximum(self.pairs, 1), np.nan)
        return score

    @cached_property
    def nash(self) -> NashAverage:
        """The Nash mixture of score - 1/2, and each player's result against it."""
        return nash_average(np.nan_to_num(self.score - 0.5, nan=0.0))

    @cached_property
    def cycles(self) -> tuple[Cycle, ...]:
        """The 3-cycles whose every edge is significant, the surest first."""
        n = len(self.names)
        first, second = np.triu_indices(n, 1)
        table = PairTable(n, first.astype(np.int32), second.astype(np.int32), self.counts[first, second])
        return tuple(significant_cycles(table))

    @property
    def nash_support(self) -> int:
        """How many players the Nash mixture is made of."""
        return int(np.count_nonzero(self.nash.p > _SUPPORT)) if self.names else 0

    def best_response(self, name: str) -> BestResponse | None:
        """Return who of the others does best against ``name``, None if nobody has met it.

        The best of many scores is too high by chance, the more so the fewer the pairs.
        """
        column = self.score[:, self.names.index(name)]
        if np.isnan(column).all():
            return None
        best = int(np.nanargmax(column))
        return BestResponse(self.names[best], float(column[best]))


class MeasuredPayoffs:
    """The payoff matrix of players who come and go; each pairing is played once, on the same ``pairs`` seeds."""

    def __init__(self, context: TrainContext, pairs: int) -> None:
        self._context = context
        self._seeds = pair_seeds(_SEED, 0, pairs)
        self._policies: dict[str, Policy] = {}
        self._matrix = PayoffMatrix((), np.zeros((0, 0, 3, 3), np.int64))

    @property
    def names(self) -> tuple[str, ...]:
        """Who is in it, in the order in which they came."""
        return self._matrix.names

    @property
    def matrix(self) -> PayoffMatrix:
        """What was measured; a value of its own, which later measurements do not change."""
        return self._matrix

    def join_all(self, newcomers: Mapping[str, Policy]) -> None:
        """Play newcomers against everybody in it and each other, all in one go, and take them in.

        A name that is there already is played anew in its place, as the agent in training is. Each pairing with a newcomer costs
        a pair of matches on every seed.

        Raises
        ------
        TrainingCancelled
            If the run was cancelled meanwhile; nobody has come in then.
        """
        policies = {**self._policies, **newcomers}
        names = tuple(policies)
        old = [index for index, name in enumerate(names) if name not in newcomers]
        new = [index for index, name in enumerate(names) if name in newcomers]
        first, second = _meetings(old, new)
        counts = np.zeros((len(names), len(names), 3, 3), np.int64)
        counts[np.ix_(old, old)] = self._counts_of([names[index] for index in old])
        if len(first):
            played = self._play(tuple(policies.values()), first, second)
            counts[first, second], counts[second, first] = played, _turned(played)
        self._policies, self._matrix = policies, PayoffMatrix(names, counts)

    def leave(self, name: str) -> None:
        """Forget ``name``; ``KeyError`` if it is not there."""
        del self._policies[name]
        self._matrix = PayoffMatrix(tuple(self._policies), self._counts_of(list(self._policies)))

    def _counts_of(self, names: Sequence[str]) -> NDArray[np.int64]:
        places = [self.names.index(name) for name in names]
        return self._matrix.counts[np.ix_(places, places)]

    def _play(
        self, policies: Sequence[Policy], first: NDArray[np.int64], second: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Return the counts of every meeting, int64[m, 3, 3], by the view of ``first``."""
        pairs = len(self._seeds)
        seeds = np.tile(self._seeds, len(first))
        rows = meeting_rows(np.repeat(first, pairs), np.repeat(second, pairs), seeds, self._context.game.default_points)
        return _counted(self._context.play(policies, rows), len(first))

    def detail(self) -> Json:
        """Return the matrix for people: JSON with the names, scores (None where nobody met), Nash mixture, skill and cycles."""
        matrix, n = self._matrix, len(self.names)
        nash = matrix.nash if n else NashAverage(np.zeros(0), np.zeros(0))
        score: Json = [
            [None if np.isnan(each) else round(each, _DIGITS) for each in row] for row in matrix.score.tolist()
        ]
        cycles: Json = [[matrix.names[player] for player in cycle.players] for cycle in matrix.cycles[:MAX_CYCLES]]
        return {
            "players": list(self.names),
            "score": score,
            "pairs": len(self._seeds),
            "nash": [round(each, _DIGITS) for each in nash.p.tolist()],
            "skill": [round(each, _DIGITS) for each in nash.skill.tolist()],
            "cycles": cycles,
        }

    def metrics(self) -> dict[str, float]:
        """Return how many players the Nash mixture is made of, and how many circles of three there are; nothing of nobody."""
        if not self.names:
            return {}
        return {"nash_support": float(self._matrix.nash_support), "cycles": float(len(self._matrix.cycles))}

    def state(self) -> tuple[dict[str, NDArray[np.generic]], dict[str, Json]]:
        """Return arrays and numbers for a checkpoint, the caller's to keep; the players are kept by who made them."""
        return {"payoffs/counts": self._matrix.counts.copy()}, {"names": list(self.names), "pairs": len(self._seeds)}

    def restore(
        self,
        arrays: Mapping[str, NDArray[np.generic]],
        numbers: Mapping[str, Json],
        policies: Mapping[str, Policy],
    ) -> None:
        """Go back to what ``state`` has said, with the players that had these names.

        Raises
        ------
        TrainingError
            If it does not fit together, or a player is missing.
        """
        counts, names = arrays.get("payoffs/counts"), numbers.get("names")
        if not isinstance(names, list) or counts is None or counts.shape != (len(names), len(names), 3, 3):
            raise TrainingError("the checkpoint's payoff matrix does not fit together: resume from another one")
        if numbers.get("pairs") != len(self._seeds):
            raise TrainingError(
                f"the checkpoint's payoffs were measured over {numbers.get('pairs')} pairs, not {len(self._seeds)}: "
                "resume with the configuration that it was made with"
            )
        missing = [str(name) for name in names if name not in policies]
        if missing:
            raise TrainingError(
                f"the checkpoint has payoffs of '{missing[0]}', but not the player: resume from another one"
            )
        self._policies = {str(name): policies[str(name)] for name in names}
        self._matrix = PayoffMatrix(tuple(self._policies), counts.astype(np.int64))


def _meetings(old: Sequence[int], new: Sequence[int]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return every pairing of a new player with an old one, and of two new ones, once."""
    pairings = [(one, other) for index, one in enumerate(new) for other in (*old, *new[index + 1 :])]
    meetings = np.array(pairings, np.int64).reshape(-1, 2)
    return meetings[:, 0], meetings[:, 1]


def _counted(results: Results, meetings: int) -> NDArray[np.int64]:
    """Return the counts of meetings whose pairs follow each other: the first player is left in the first match of a pair."""
    outcomes = results["outcome"].astype(np.int64).reshape(meetings, -1, 2)
    cells = (1 + outcomes[:, :, 0]) * 3 + (1 - outcomes[:, :, 1])
    counts = np.zeros((meetings, 9), np.int64)
    np.add.at(counts, (np.arange(meetings)[:, None], cells), 1)
    return counts.reshape(meetings, 3, 3)


def _turned(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return ``counts`` by the view of the other player: who has won on the left has beaten somebody on the right."""
    return counts[:, ::-1, ::-1].transpose(0, 2, 1)
