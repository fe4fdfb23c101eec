"""The roles of AlphaStar's league: whom a learner has to beat, when it leaves a snapshot, and when it starts again.

Source: O. Vinyals et al., "Grandmaster level in StarCraft II using multi-agent reinforcement learning", Nature 575 (2019),
Methods, "Population", and the pseudocode of its supplementary data (``ready_to_checkpoint``, ``checkpoint``).
Deviations: the steps are the configuration's (there: 2e9 and 4e9); a rate counts only with enough matches behind it;
an exploiter that starts again forgets its results, too (there: they fade); it starts again from what its maker says, as
there is no supervised agent.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from ai.selfplay.payoffs import PayoffRow

LEAGUE_EXPLOITER_RESET: Final = 0.25
"""The chance that a league exploiter starts again when it has left a snapshot."""


class Role(StrEnum):
    """What a learner is for."""

    MAIN = "main"
    """To beat everybody; it is what a run is about, and never starts again."""
    MAIN_EXPLOITER = "main-exploiter"
    """To find what the main agent of today is weak against."""
    LEAGUE_EXPLOITER = "league-exploiter"
    """To find what the whole pool is weak against."""


@dataclass(frozen=True, slots=True)
class SnapshotRules:
    """When a learner leaves a snapshot: not before ``least_steps``, then if it beats its targets, at ``most_steps`` anyway.

    Steps are its own, counted since its last snapshot. Equal numbers make snapshots at even distances.
    """

    least_steps: int
    most_steps: int
    win_rate: float = 0.7
    """Each target has to be beaten at more than this rate."""
    min_games: int = 20
    """Matches (of decayed number) against each target before its rate counts."""

    def __post_init__(self) -> None:
        """Refuse what never comes or comes all the time, with ``ValueError``."""
        if not 0 <= self.least_steps <= self.most_steps or self.most_steps < 1:
            raise ValueError(
                f"a snapshot after {self.least_steps} to {self.most_steps} steps is none: want 0 <= least <= most"
            )


def is_due(role: Role, rules: SnapshotRules, steps: int, row: PayoffRow) -> bool:
    """Return whether a learner that has trained for ``steps`` since its last snapshot has to leave one now.

    The main exploiter's target is the current main agent, the others' are all members; who has no target beats it.
    """
    if steps < rules.least_steps:
        return False
    if steps >= rules.most_steps:
        return True
    if role is Role.MAIN_EXPLOITER:
        return row.current_rate > rules.win_rate and row.current_games >= rules.min_games
    return bool((row.rates > rules.win_rate).all() and (row.games >= rules.min_games).all())


def starts_again(role: Role, rng: np.random.Generator) -> bool:
    """Return whether a learner that has just left a snapshot starts again: draws one number whatever the role."""
    chance = {Role.MAIN: 0.0, Role.MAIN_EXPLOITER: 1.0, Role.LEAGUE_EXPLOITER: LEAGUE_EXPLOITER_RESET}[role]
    return bool(rng.random() < chance)
