"""Who plays against the learner: players of the league, shared out over the courts, and the learner's own past."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ai.dqn.network import Network, Parameters
from ai.errors import TrainingError
from ai.trainer import Opponent
from game.match import is_compiled
from game.policies.bank import Bank, build_bank

PAST_SELVES: Final = 8
"""Past selves that are kept: the newest."""


class Opponents:
    """The mix: every group of courts gets the same shares, in runs of neighbours, since a policy decides for a run at once."""

    def __init__(
        self, players: Sequence[Opponent], past_share: float, shape: tuple[int, int], network: Network
    ) -> None:
        for player in players:
            if not is_compiled(player.policy):
                raise TrainingError(
                    f"opponent '{player.name}' is a Python bot: only compiled players play fast enough here, choose others"
                )
        self.names = tuple(player.name for player in players)
        self._players = players
        self._past_share = past_share
        self._shape = shape
        self._network = network
        self._past: list[Parameters] = []
        self.bank: Bank = build_bank([player.policy for player in players])

    def remember(self, parameters: Parameters) -> None:
        """Keep a past self."""
        if self._past_share > 0.0:
            self._past = [*self._past[-PAST_SELVES + 1 :], parameters]
            self._rebuild()

    def courts(self, iteration: int) -> NDArray[np.int32]:
        """Return who plays on each court, [groups, courts]; where courts are fewer than players, they take turns."""
        count, known = self._shape[1], len(self._players)
        past = round(self._past_share * count) if self._past else 0
        others = count - past
        takes_turns = others < known
        row = (iteration + np.arange(others)) % known if takes_turns else np.arange(others) * known // max(1, others)
        selves = known + np.arange(past) * len(self._past) // max(1, past)
        return np.tile(np.concatenate([row, selves]).astype(np.int32), (self._shape[0], 1))

    def state(self) -> dict[str, NDArray[np.generic]]:
        """Return the past selves, the oldest first."""
        return {f"past-{index}": parameters.copy() for index, parameters in enumerate(self._past)}

    def restore(self, state: Mapping[str, NDArray[np.generic]]) -> None:
        """Go back to ``state``."""
        self._past = [state[f"past-{index}"].astype(np.float32) for index in range(len(state))]
        if self._past:
            self._rebuild()

    def _rebuild(self) -> None:
        selves = [self._network.policy(parameters) for parameters in self._past]
        self.bank = build_bank([*(player.policy for player in self._players), *selves])
