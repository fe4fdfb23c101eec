"""The steps of the match loop, compiled once for both of its faces: the batch and the single match."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from game import contract, seeding
from game.jit import entry
from game.policies.bank import Bank
from game.policies.decide import NO_ACTION, decide
from game.spec import Court

Mind: TypeAlias = tuple[NDArray[np.float32], NDArray[np.uint64]]
"""What a policy remembers: (memory rows, random states)."""

_LAST_BIT = np.uint64(1)


@entry
def start_lane(court: Court, lane: int, seed: np.uint64, mirrored: int, points: int) -> None:
    """Start a match on ``lane``; see ``game.contract.start_match``."""
    contract.start_match(court, lane, seed, mirrored, points)


@entry
def observe_lanes(court: Court, seat: int, observation: NDArray[np.float32], n: int) -> None:
    """Write what ``seat`` sees on the first ``n`` lanes; see ``game.contract.observe``."""
    contract.observe(court, seat, observation, n)


@entry
def advance_lanes(
    court: Court, left: NDArray[np.int32], right: NDArray[np.int32], ended: NDArray[np.int32], n: int
) -> int:
    """Play one tick on the first ``n`` lanes; see ``game.contract.advance``."""
    return contract.advance(court, left, right, ended, n)


@entry
def read_lane(court: Court, lane: int, counts: NDArray[np.int64], measures: NDArray[np.float32]) -> None:
    """Write the result so far of ``lane``; see ``game.contract.read_result``."""
    contract.read_result(court, lane, counts, measures)


@entry
def digest_lane(court: Court, lane: int) -> np.uint64:
    """Return the state's digest of ``lane``; see ``game.contract.state_digest``."""
    return contract.state_digest(court, lane)


@entry
def policy_stream(seed: np.uint64, seat: int) -> np.uint64:
    """Return the initial random state of the policy at ``seat``: stream 1 for the side that the seed's last bit names.

    Numbered from that bit, not from the seat, so that a mirrored match draws the same numbers for the same player.
    """
    stream = np.uint64(1) + (np.uint64(seat) ^ (seed & _LAST_BIT))
    return seeding.stream_state(np.uint64(seed >> _LAST_BIT), stream)


@entry
def play_lane(  # noqa: PLR0913, PLR0917  # a kernel takes its arrays apart
    court: Court,
    bank: Bank,
    policies: tuple[int, int],
    minds: tuple[Mind, Mind],
    scratches: tuple[NDArray[np.float32], NDArray[np.float32]],
    actions: tuple[NDArray[np.int32], NDArray[np.int32]],
    ended: NDArray[np.int32],
    counts: NDArray[np.int64],
    measures: NDArray[np.float32],
    limit: int,
) -> int:
    """Play lane 0 between two compiled policies for up to ``limit`` ticks; return how many were played.

    Stops early when a rally or the match ends, and before a tick on which a policy answers NaN: an action is then
    ``NO_ACTION``. ``counts`` and ``measures`` are work space and hold the result so far.
    """
    contract.read_result(court, 0, counts, measures)
    rallies = counts[contract.RESULT_RALLIES] + counts[contract.RESULT_LETS]
    for tick in range(limit):
        for seat in range(2):
            contract.observe(court, seat, scratches[seat], 1)
            decide(court, bank, policies[seat], minds[seat], scratches[seat], actions[seat], 1)
        if actions[0][0] == NO_ACTION or actions[1][0] == NO_ACTION:
            return tick
        contract.advance(court, actions[0], actions[1], ended, 1)
        contract.read_result(court, 0, counts, measures)
        if ended[0] or counts[contract.RESULT_RALLIES] + counts[contract.RESULT_LETS] != rallies:
            return tick + 1
    return limit
