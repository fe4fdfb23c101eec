"""What a network answers for each action, in the very numbers that the kernels decide by. No Qt here."""

import contextlib
from dataclasses import replace
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from game.fault import Fault
from game.match import CompiledPlayer
from game.policies.bank import Policy, build_bank
from game.policies.dense import DensePolicy
from game.policies.graph import GraphPolicy
from game.render import Valuation
from game.spec import GameSpec, Seat

Network: TypeAlias = DensePolicy | GraphPolicy

_LEAST_SPREAD: Final = 0.05
"""Differences are drawn as small ones while they are small beside the values themselves."""


class ActionValues:
    """Asks the network of one seat what it answers on an observation.

    ``CompiledPlayer.values`` cannot say it: the kernels leave the largest output in the place of the first. So a twin of the
    network, in which the first output is there twice, is run by the same kernels; the second of the two stays as it is.
    """

    def __init__(self, game: GameSpec, policy: Network, seat: Seat) -> None:
        twin = _with_spare_output(policy)
        self._twin = CompiledPlayer(game, build_bank([twin]), 0, seat=seat, seed=0)
        begin = _first_output_row(twin) + 1
        self._rows = slice(begin, begin + game.n_actions)
        self._largest = self._spread = 0.0

    def answer(self, observation: NDArray[np.float32], player: CompiledPlayer) -> NDArray[np.float32]:
        """Return the outputs on ``observation``, float32[n_actions], if ``player``, whose network it is, decided now."""
        self._twin.restore(player.keyframe())
        with contextlib.suppress(Fault):  # an output is NaN, and is returned as it is
            self._twin.decide(observation)
        return self._twin.values[self._rows].copy()

    def valuation(self, observation: NDArray[np.float32], player: CompiledPlayer) -> Valuation:
        """Return ``answer`` as it is drawn: full bars are as long as the largest difference that was seen so far."""
        values = self.answer(observation, player)
        if not np.isfinite(values).all():
            return Valuation(values.tolist(), None, self._spread)
        self._largest = max(self._largest, float(np.abs(values).max()))
        self._spread = max(self._spread, float(np.ptp(values)), _LEAST_SPREAD * self._largest)
        return Valuation(values.tolist(), int(np.argmax(values)), self._spread)


def action_values(game: GameSpec, policy: Policy | None, seat: Seat) -> ActionValues | None:
    """Return who asks the network of ``policy``; None for a person and for a player without a network."""
    return ActionValues(game, policy, seat) if isinstance(policy, DensePolicy | GraphPolicy) else None


def _with_spare_output(policy: Network) -> Network:
    if isinstance(policy, GraphPolicy):
        return replace(policy, outputs=np.concatenate([policy.outputs[:1], policy.outputs]))
    weight, bias = policy.weights[-1], policy.biases[-1]
    return replace(
        policy,
        weights=(*policy.weights[:-1], np.concatenate([weight[:1], weight])),
        biases=(*policy.biases[:-1], np.concatenate([bias[:1], bias])),
    )


def _first_output_row(policy: Network) -> int:
    """Return the scratch row at which the kernel of ``policy`` leaves its outputs."""
    if isinstance(policy, GraphPolicy):
        return policy.n_inputs + 2 * len(policy.bias)
    return max(policy.sizes) if len(policy.weights) % 2 else 0
