"""The step face of the match loop: one match, tick by tick, for a screen, a replay, an environment or a slow player.

It drives the same kernels as ``game.batch`` with a block of one lane; a test proves the two equal, tick by tick.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from game import contract
from game.batch import MATCH_DTYPE, assemble_results
from game.fault import Fault
from game.jit import LANES
from game.loop import Mind, advance_lanes, digest_lane, observe_lanes, play_lane, policy_stream, read_lane, start_lane
from game.policies.bank import MEMORY_ROWS, SCRATCH_ROWS, Bank, Kind, Policy, build_bank
from game.policies.decide import NO_ACTION, decide
from game.spec import GameSpec, MatchEnd, MatchSpec, Results, Seat, Termination


class Player(Protocol):
    """Whoever decides for one seat of one match, tick by tick."""

    def decide(self, observation: NDArray[np.float32]) -> int:
        """Return the action on ``observation`` float32[n_observations]; raise ``Fault`` to forfeit."""
        ...


class PlayerLane(NamedTuple):
    """What the kernels run a compiled player by; the arrays are the player's own."""

    bank: Bank
    policy: int
    mind: Mind
    scratch: NDArray[np.float32]


class Tally(NamedTuple):
    """How a match stands: finished rallies (lets too), points, and contacts of both sides together."""

    rallies: int
    left_points: int
    right_points: int
    hits: int


class CompiledPlayer:
    """A scripted bot or network on one seat of one match: the kernels with one lane."""

    def __init__(self, game: GameSpec, bank: Bank, policy: int, *, seat: Seat, seed: int) -> None:
        self._court = game.new_court()  # only its type is used: it selects the game's bots
        self._bank = bank
        self._policy = policy
        self._mind = (
            np.zeros(int(bank.table[policy, MEMORY_ROWS]) * LANES, np.float32),
            np.array([policy_stream(np.uint64(seed), int(seat))], np.uint64),
        )
        rows = max(int(bank.table[policy, SCRATCH_ROWS]), game.n_observations)
        self._scratch = np.zeros(rows * LANES, np.float32)
        self._n_observations = game.n_observations
        self._action = np.zeros(1, np.int32)

    @property
    def values(self) -> NDArray[np.float32]:
        """The network's numbers of the last decision, float32[scratch rows]: for a view of the live network."""
        return self._scratch[::LANES]

    @property
    def lane(self) -> PlayerLane:
        """What the kernels run this player by."""
        return PlayerLane(self._bank, self._policy, self._mind, self._scratch)

    def decide(self, observation: NDArray[np.float32]) -> int:
        """Return the policy's action; raise ``Fault`` if its outputs hold a NaN."""
        self._scratch[: self._n_observations * LANES : LANES] = observation
        decide(self._court, self._bank, self._policy, self._mind, self._scratch, self._action, 1)
        if self._action[0] == NO_ACTION:
            raise Fault(Termination.NOT_A_NUMBER, "an output of the network is NaN")
        return int(self._action[0])

    def keyframe(self) -> tuple[NDArray[np.float32], NDArray[np.uint64]]:
        """Return a copy of what the policy remembers."""
        return self._mind[0][::LANES].copy(), self._mind[1].copy()

    def restore(self, frame: tuple[NDArray[np.float32], NDArray[np.uint64]]) -> None:
        """Go back to what ``keyframe`` returned; ``values`` are 0 until the next decision."""
        self._mind[0][::LANES] = frame[0]
        self._mind[1][:] = frame[1]
        self._scratch[:] = 0.0


@dataclass(frozen=True)
class Keyframe:
    """A match at one tick, to go back to: its lane of the court's arrays, and both minds."""

    court: tuple[NDArray[np.generic], ...]
    minds: tuple[tuple[NDArray[np.float32], NDArray[np.uint64]] | None, ...]
    is_over: bool
    terminations: tuple[int, ...]


class Match:
    """One match of ``game``, advanced tick by tick by whoever holds it."""

    def __init__(self, game: GameSpec, seed: int, points: int | None = None) -> None:
        self.game = game
        self.seed = seed
        self.points = points or game.default_points
        self._court = game.new_court()
        self._rows = np.zeros(game.n_observations * LANES, np.float32)
        self._actions = (np.zeros(1, np.int32), np.zeros(1, np.int32))
        self._ended = np.zeros(1, np.int32)
        self._terminations = np.zeros((1, 2), np.uint8)
        self._counts = np.zeros(contract.N_COUNTS, np.int64)
        self._measures = np.zeros(contract.N_MEASURES, np.float32)
        self._rest()
        start_lane(self._court, 0, np.uint64(seed), 0, self.points)

    @property
    def is_over(self) -> bool:
        """Whether the match has ended, by points, ticks or forfeit."""
        return bool(self._ended[0])

    @property
    def actions(self) -> tuple[int, int]:
        """The actions of the last tick; before the first, and where a policy answered NaN, the game's idle action."""
        left, right = (int(action[0]) for action in self._actions)
        idle = idle_action(self.game)
        return (idle if left == NO_ACTION else left, idle if right == NO_ACTION else right)

    def observation(self, seat: Seat) -> NDArray[np.float32]:
        """Return what ``seat`` sees now, float32[n_observations], a copy."""
        observe_lanes(self._court, int(seat), self._rows, 1)
        return self._rows[::LANES].copy()

    def step(self, left: int, right: int) -> None:
        """Play one tick with the two actions; ``ValueError`` if one is not an action of the game."""
        for action in (left, right):
            if not 0 <= action < self.game.n_actions:
                raise ValueError(f"action {action} is not allowed: 0 to {self.game.n_actions - 1}")
        if not self.is_over:
            self._actions[0][0], self._actions[1][0] = left, right
            advance_lanes(self._court, self._actions[0], self._actions[1], self._ended, 1)

    def run(self, left: CompiledPlayer, right: CompiledPlayer, limit: int) -> int:
        """Let two players of one bank play up to ``limit`` ticks in one compiled call; return how many were played.

        Stops early after the tick that ends a rally or the match, and before a tick on which a player forfeits.
        """
        if self.is_over:
            return 0
        lanes = left.lane, right.lane
        if lanes[0].bank is not lanes[1].bank:
            raise ValueError("the two players are of different banks: pack both policies into one")
        played = play_lane(
            self._court,
            lanes[0].bank,
            (lanes[0].policy, lanes[1].policy),
            (lanes[0].mind, lanes[1].mind),
            (lanes[0].scratch, lanes[1].scratch),
            self._actions,
            self._ended,
            self._counts,
            self._measures,
            limit,
        )
        if played < limit:
            for seat in Seat:
                if self._actions[seat][0] == NO_ACTION:
                    self.forfeit(seat, Termination.NOT_A_NUMBER)
        return played

    def forfeit(self, seat: Seat, termination: Termination) -> None:
        """End the match against ``seat``."""
        self._terminations[0, seat] = termination
        self._ended[0] = 1

    def picture(self) -> dict[str, float]:
        """Return what a screen draws: the game's named quantities."""
        return self.game.picture(self._court, 0)

    def digest(self) -> int:
        """Return 64 bits that differ when anything of the match's state differs."""
        return int(digest_lane(self._court, 0))

    def tally(self) -> Tally:
        """Return how the match stands."""
        read_lane(self._court, 0, self._counts, self._measures)
        points, hits = contract.RESULT_POINTS, contract.RESULT_HITS
        row = self._counts.tolist()
        return Tally(row[contract.RESULT_RALLIES], row[points], row[points + 1], row[hits] + row[hits + 1])

    def result(self, match_id: int = 0, left: int = 0, right: int = 1) -> Results:
        """Return the result so far, one row of ``RESULT_DTYPE``."""
        counts = np.zeros((1, contract.N_COUNTS), np.int64)
        measures = np.zeros((1, contract.N_MEASURES), np.float32)
        read_lane(self._court, 0, counts[0], measures[0])
        if self._terminations.any():
            counts[0, contract.RESULT_END] = MatchEnd.FORFEIT
        match = np.array([(match_id, left, right, self.seed, self.points)], MATCH_DTYPE)
        return assemble_results(match, counts, measures, self._terminations)

    def keyframe(self, players: Sequence[CompiledPlayer | None] = ()) -> Keyframe:
        """Return a copy of the match and of what ``players`` remember, for ``restore``."""
        minds = tuple(player.keyframe() if player else None for player in players)
        court = tuple(array[::LANES].copy() for array in self._court)
        return Keyframe(court, minds, self.is_over, tuple(self._terminations[0].tolist()))

    def restore(self, frame: Keyframe, players: Sequence[CompiledPlayer | None] = ()) -> None:
        """Go back to ``frame``."""
        for array, kept in zip(self._court, frame.court, strict=True):
            array[::LANES] = kept
        for player, mind in zip(players, frame.minds, strict=True):
            if player is not None and mind is not None:
                player.restore(mind)
        self._ended[0] = frame.is_over
        self._terminations[0] = frame.terminations
        self._rest()

    def _rest(self) -> None:
        for action in self._actions:
            action[0] = idle_action(self.game)


def idle_action(game: GameSpec) -> int:
    """Return the action of someone who does nothing: the game's "stay", or its first."""
    return game.actions.index("stay") if "stay" in game.actions else 0


def _answer(match: Match, seat: Seat, player: Player) -> int | Fault:
    """Return the player's action, or the fault it forfeits by."""
    try:
        action = player.decide(match.observation(seat))
    except Fault as fault:
        return fault
    if not 0 <= action < match.game.n_actions:
        return Fault(
            Termination.ILLEGAL_ACTION, f"answered action {action}: 0 to {match.game.n_actions - 1} are allowed"
        )
    return action


def play_tick(match: Match, left: Player, right: Player) -> list[tuple[Seat, Fault]]:
    """Let both players decide and play one tick; return the faults, by which the match has ended."""
    answers = (_answer(match, Seat.LEFT, left), _answer(match, Seat.RIGHT, right))
    faults = [(seat, answer) for seat, answer in zip(Seat, answers, strict=True) if isinstance(answer, Fault)]
    for seat, fault in faults:
        match.forfeit(seat, fault.termination)
    if not isinstance(answers[0], Fault) and not isinstance(answers[1], Fault):
        match.step(answers[0], answers[1])
    return faults


def compiled_players(
    game: GameSpec, policies: tuple[Policy, Policy], seed: int
) -> tuple[CompiledPlayer, CompiledPlayer]:
    """Return the players of a match between two compiled policies."""
    bank = build_bank(policies)
    return (
        CompiledPlayer(game, bank, 0, seat=Seat.LEFT, seed=seed),
        CompiledPlayer(game, bank, 1, seat=Seat.RIGHT, seed=seed),
    )


def is_compiled(policy: Policy) -> bool:
    """Whether the kernels can run ``policy``."""
    return policy.kind != Kind.PYTHON


def match_array(matches: Sequence[MatchSpec]) -> NDArray[np.void]:
    """Return ``matches`` as rows of ``MATCH_DTYPE``."""
    return np.array([(m.match_id, m.left, m.right, m.seed, m.points) for m in matches], MATCH_DTYPE)
