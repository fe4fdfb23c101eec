"""Whom a learner plays: prioritised fictitious self-play (PFSP) over the pool, by the roles of AlphaStar's league.

Source: O. Vinyals et al., "Grandmaster level in StarCraft II using multi-agent reinforcement learning", Nature 575 (2019),
Methods, "Prioritized fictitious self-play" and "Population", and the pseudocode of its supplementary data (``pfsp``,
``get_match``). Deviations:

- The courts of a rollout are dealt in proportion (systematic sampling), not drawn match by match; expectations are the same.
- Part of the draws is uniform, part goes to the newest snapshot and to members that have hardly been met.
- Main agent: self-play has courts of its own, so that its share does not change; where nobody is hard, that share goes to the
  past instead. Hard are all members that beat it, not the main exploiters' alone, and its own past selves that it
  has forgotten, one by one. Fixed players (there: none) have a share.
- Main exploiter: where the current main agent is too strong, half of the courts still play it, as in Methods. In the pseudocode
  none do, and its win rate could never rise again. The threshold is the pseudocode's 0.1, not 0.2 as in Methods.
- League exploiter: weights 1 - x, not min(1/2, 1 - x).
- Where there is nobody to play, everybody plays the current main agent (there: an error).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ai.selfplay.payoffs import PayoffRow
from ai.selfplay.roles import Role
from league.ratings.cycles import pfsp_weights

CURRENT: Final = 0
"""The bank's index of the current main agent; the members of the pool come behind it."""

TOO_HARD: Final = 0.3
"""The main agent owes matches to who keeps it at or below this win rate."""
FORGOTTEN: Final = 0.7
"""And to a past self that it beats no more often, while it beats a newer one more."""
HOPELESS: Final = 0.1
"""At or below this win rate against the current main agent its exploiter learns from older ones, too."""

_UNMET_SHARE: Final = 0.5
_CURRICULUM: Final = 0.5

ChoiceMode: TypeAlias = Literal["hard", "variance", "linear", "uniform"]


@dataclass(frozen=True, slots=True)
class Choice:
    """How an opponent is chosen among some; each share is of what the one before leaves, the rest goes by ``mode``."""

    mode: ChoiceMode = "hard"
    """The main agent's; exploiters have those of their roles."""
    uniform_share: float = 0.1
    """Drawn evenly, so that none is forgotten: nobody's chance is below this share divided by their number."""
    min_games: float = 20.0
    """Half of the draws are for members with fewer matches (of decayed number), evenly, while there are any.

    With a decay d of the payoffs about 1 / (1 - d) matches is all that a member ever has: ask for fewer.
    """
    latest_ratio: float = 0.0
    """For the newest snapshot; exploiters know no such share."""

    def __post_init__(self) -> None:
        """Refuse what is no share, with ``ValueError``."""
        for name, share in (("uniform_share", self.uniform_share), ("latest_ratio", self.latest_ratio)):
            if not 0.0 <= share <= 1.0:
                raise ValueError(f"{name} is {share}: a share is from 0 to 1")


@dataclass(frozen=True, slots=True)
class Shares:
    """Of the main agent's courts that are not played against itself; only proportions count."""

    past: float = 0.6
    """Members of the pool, by the choice."""
    hard: float = 0.3
    """Members that beat it, and past selves that it has forgotten; without any, these courts are the past's."""
    fixed: float = 0.1
    """Fixed players, evenly; without any, these courts are the past's."""

    def __post_init__(self) -> None:
        """Refuse negative shares, with ``ValueError``."""
        for name, share in (("past", self.past), ("hard", self.hard), ("fixed", self.fixed)):
            if not (share >= 0.0 and np.isfinite(share)):
                raise ValueError(f"the share {name} is {share}: it is 0 or more")


@dataclass(frozen=True, slots=True)
class Matchmaker:
    """Says what a learner's courts play in the next rollout; all bank indices, that is, ``CURRENT``, then the members."""

    choice: Choice
    shares: Shares

    def opponents_of(
        self, role: Role, row: PayoffRow, roles: Sequence[Role | None], shape: tuple[int, int], rng: np.random.Generator
    ) -> NDArray[np.int32]:
        """Return what the courts of all groups play, [groups, courts], sorted within a group.

        ``row`` is what the learner knows, ``roles`` are the members' (``Pool.roles``), ``shape`` = (groups, courts). Takes one
        number from ``rng``. Raises ``ValueError`` if ``row`` and ``roles`` are not of the same pool.
        """
        return deal(self.mix(role, row, roles), shape, rng)

    def mix(self, role: Role, row: PayoffRow, roles: Sequence[Role | None]) -> NDArray[np.float64]:
        """Return the expected share of each policy of the bank, [1 + members]; the sum is 1."""
        if not len(row.rates) == len(row.games) == len(roles):
            raise ValueError(f"{len(row.rates)} win rates, {len(row.games)} numbers of games, {len(roles)} members")
        mixed = np.zeros(1 + len(roles))
        everybody = np.arange(len(roles))
        if role is Role.MAIN:
            mixed[1:] = self._main(row, roles)
        elif role is Role.LEAGUE_EXPLOITER:
            mixed[1:] = _spread(everybody, row, replace(self.choice, mode="linear"))
        elif not row.current_rate > HOPELESS:
            easier = replace(self.choice, mode="variance")
            mixed[1:] = _CURRICULUM * _spread(_of(roles, Role.MAIN), row, easier)
        mixed[CURRENT] = max(0.0, 1.0 - mixed[1:].sum())
        return _normalised(mixed)

    def _main(self, row: PayoffRow, roles: Sequence[Role | None]) -> NDArray[np.float64]:
        """Return the main agent's shares of the members, [members]: nothing where there are none."""
        everybody, fixed, hard = np.arange(len(roles)), _of(roles, None), hard_members(row.rates, roles)
        total = self.shares.past + self.shares.hard + self.shares.fixed or 1.0
        to_fixed = self.shares.fixed / total if len(fixed) else 0.0
        to_hard = self.shares.hard / total if len(hard) else 0.0
        past = _spread(everybody, row, self.choice, _newest(roles))
        mixed: NDArray[np.float64] = max(0.0, 1.0 - to_fixed - to_hard) * past
        mixed[fixed] += to_fixed / max(1, len(fixed))
        mixed[hard] += to_hard * pfsp_weights(row.rates[hard], "hard")
        return mixed


def chances(
    rates: NDArray[np.float64], games: NDArray[np.float64], choice: Choice, latest: int | None = None
) -> NDArray[np.float64]:
    """Return the chance of each of some members to be drawn, by win rates against them and matches played, [members].

    ``latest`` is the place of the newest snapshot, None if it is not among them. The sum is 1; a rate of NaN counts as 1/2,
    and where every weight is 0 all are equally likely. Raises ``ValueError`` where there is nobody to choose from.
    """
    if not len(rates):
        raise ValueError("there is nobody to choose from: with an empty pool the current main agent plays")
    even = np.full(len(rates), 1.0 / len(rates))
    weights = even if choice.mode == "uniform" else pfsp_weights(rates, choice.mode)
    if latest is not None:
        weights = (1.0 - choice.latest_ratio) * weights
        weights[latest] += choice.latest_ratio
    unmet = ~(games >= choice.min_games)
    if unmet.any():
        weights = (1.0 - _UNMET_SHARE) * weights + _UNMET_SHARE * unmet / unmet.sum()
    return _normalised(choice.uniform_share * even + (1.0 - choice.uniform_share) * weights)


def hard_members(rates: NDArray[np.float64], roles: Sequence[Role | None]) -> NDArray[np.int64]:
    """Return the places of who beats the main agent, and of its past selves that it has forgotten how to beat.

    Forgotten is who it beats at less than ``FORGOTTEN``, while it does no worse against a self that came later.
    """
    is_hard = rates < TOO_HARD
    selves = _of(roles, Role.MAIN)
    rises = np.flatnonzero(np.diff(rates[selves]) > 0.0)
    if len(rises):
        before = selves[
            : rises[-1] + 2
        ]  # as in remove_monotonic_suffix: up to the last one beaten more than the one before
        is_hard[before] |= rates[before] < FORGOTTEN
    return np.flatnonzero(is_hard)


def deal(mix: NDArray[np.float64], shape: tuple[int, int], rng: np.random.Generator) -> NDArray[np.int32]:
    """Return indices into ``mix`` in its proportions, int32 [groups, courts], sorted within a group.

    Systematic sampling: an index with share s is dealt groups * courts * s times, rounded up or down so that it is right on
    average; of that each group gets the same, up to one. Takes one number from ``rng``.
    """
    groups, courts = shape
    upper = np.cumsum(mix)
    ticks = (np.arange(groups * courts) + rng.random()) * (upper[-1] / max(1, groups * courts))
    last = int(np.flatnonzero(mix > 0.0)[-1])
    dealt = np.minimum(np.searchsorted(upper, ticks, side="right"), last)
    return np.ascontiguousarray(dealt.reshape(courts, groups).T, np.int32)


def _spread(
    places: NDArray[np.int64], row: PayoffRow, choice: Choice, latest: int | None = None
) -> NDArray[np.float64]:
    """Return the chances of the members at ``places``, [members]; all are 0 if there are none."""
    spread = np.zeros(len(row.rates))
    if len(places):
        spread[places] = chances(row.rates[places], row.games[places], choice, latest)
    return spread


def _of(roles: Sequence[Role | None], role: Role | None) -> NDArray[np.int64]:
    """Return the places of the members of a role."""
    return np.array([place for place, each in enumerate(roles) if each is role], np.int64)


def _newest(roles: Sequence[Role | None]) -> int | None:
    """Return the place of the newest snapshot: it is the last member, if there is a snapshot at all."""
    return len(roles) - 1 if roles and roles[-1] is not None else None


def _normalised(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    shares: NDArray[np.float64] = weights / weights.sum()
    return shares
