"""What learners have achieved against the pool, by the matches they trained with: counts that fade as new ones come.

Source: the class ``Payoff`` in the pseudocode of O. Vinyals et al., "Grandmaster level in StarCraft II using multi-agent
reinforcement learning", Nature 575 (2019), supplementary data: all counts of a pair are multiplied by 0.99 before each match.
Deviations: the matches of one record count alike, whatever their order; a rate begins at 1/2 with the weight of four matches
(there: with none, so that the first match makes it 0 or 1).
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ai.errors import TrainingError
from ai.trainer import LearnerState

WON: Final = 0
DRAWN: Final = 1
PLAYED: Final = 2
"""Columns of counts."""

_PRIOR_GAMES: Final = 4.0
_STATE: Final = "payoffs/counts"


class PayoffRow(NamedTuple):
    """What one learner knows of its opponents: win rates, and the decayed numbers of matches behind them."""

    rates: NDArray[np.float64]
    """[members], in (0, 1); a draw is half a win."""
    games: NDArray[np.float64]
    """[members]."""
    current_rate: float
    """Against the current main agent."""
    current_games: float


class Payoffs:
    """Counts of every learner against every policy of the bank: the current main agent, then the members of the pool."""

    def __init__(self, learners: int, fixed_members: int, decay: float) -> None:
        """``decay`` in (0, 1]: what a match weighs after the next one of the same pair; about 1 / (1 - decay) count.

        Raises ``ValueError`` for another ``decay``.
        """
        if not 0.0 < decay <= 1.0:
            raise ValueError(f"a decay of {decay} is not allowed: it is above 0 and at most 1")
        self._decay = decay
        self._counts = np.zeros((learners, 1 + fixed_members, 3))

    @property
    def n_members(self) -> int:
        """Members of the pool."""
        return self._counts.shape[1] - 1

    def add_member(self) -> None:
        """Take in a newcomer, behind the others, whom nobody has met."""
        newcomer = np.zeros((len(self._counts), 1, 3))
        self._counts = np.concatenate([self._counts, newcomer], axis=1)

    def remove_members(self, places: tuple[int, ...]) -> None:
        """Forget the members at ``places``."""
        self._counts = np.delete(self._counts, [1 + place for place in places], axis=1)

    def reset(self, learner: int) -> None:
        """Forget what ``learner`` has achieved: it starts again."""
        self._counts[learner] = 0.0

    def record(self, learner: int, counts: NDArray[np.int64]) -> None:
        """Take note of matches won, drawn and played against each policy of the bank, [1 + members, 3].

        Each match lets the earlier ones of its pair fade; who was not met keeps its counts. Raises ``ValueError`` for
        counts of another shape, or of matches that were not played.
        """
        kept = self._counts[learner]
        if counts.shape != kept.shape:
            raise ValueError(f"counts are of shape {counts.shape}, the bank wants {kept.shape}")
        if (counts < 0).any() or (counts[:, WON] + counts[:, DRAWN] > counts[:, PLAYED]).any():
            raise ValueError("more matches are won and drawn than played, or fewer than none")
        kept *= self._decay ** counts[:, PLAYED:].astype(np.float64)
        kept += counts

    def row(self, learner: int) -> PayoffRow:
        """Return what ``learner`` knows; the arrays are the caller's to keep."""
        counts = self._counts[learner]
        games = counts[:, PLAYED]
        rates = (counts[:, WON] + 0.5 * counts[:, DRAWN] + 0.5 * _PRIOR_GAMES) / (games + _PRIOR_GAMES)
        return PayoffRow(rates[1:].copy(), games[1:].copy(), float(rates[0]), float(games[0]))

    def rates(self, learner: int) -> NDArray[np.float64]:
        """Return win rates against the members, [members]: in (0, 1), and 1/2 where nothing is known."""
        return self.row(learner).rates

    def state(self) -> LearnerState:
        """Return the counts, for a checkpoint."""
        return LearnerState(arrays={_STATE: self._counts.copy()})

    def restore(self, state: LearnerState, members: int) -> None:
        """Go back to ``state``, of a pool of so many members; ``TrainingError`` if it does not fit."""
        counts = np.asarray(state.arrays.get(_STATE))
        wanted = (len(self._counts), 1 + members, 3)
        if counts.shape != wanted or not _are_counts(counts):
            raise TrainingError("the checkpoint's payoffs do not fit together: resume from another one")
        self._counts = counts.astype(np.float64)


def _are_counts(counts: NDArray[np.generic]) -> bool:
    """Return whether an array of a checkpoint, [..., 3], can be counts."""
    if counts.dtype != np.float64:
        return False
    numbers = counts.astype(np.float64)
    return bool(np.isfinite(numbers).all() and (numbers >= 0.0).all())
