"""What a player sees and does in its matches, tick by tick: for another to imitate, or for itself to look back on.

Many matches are played in lockstep, a match a lane, by the compiled steps of the match loop.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ai.errors import TrainingError
from game.errors import ExecutorError
from game.executors.chunk import checked_bank
from game.jit import LANES
from game.loop import Mind, advance_lanes, observe_lanes, policy_stream, start_lane
from game.match import is_compiled
from game.policies.bank import MEMORY_ROWS, SCRATCH_ROWS, Bank, Policy
from game.policies.decide import NO_ACTION, decide
from game.spec import GameSpec

MAX_ROWS: Final = 5_000_000

_MEAN_BURST: Final = 20
"""Ticks that a disturbance takes on average."""


class NoAnswerError(TrainingError):
    """The player whose matches are recorded answers NaN."""


class RecordedMatch(NamedTuple):
    """One match of the recorded player, who plays on the right if ``is_swapped``."""

    opponent: int
    pair: int
    seed: int
    is_swapped: bool


class Record(NamedTuple):
    """What the recorded player saw and did."""

    observations: NDArray[np.float32]
    """[rows, n_observations]."""
    actions: NDArray[np.int32]
    jobs: NDArray[np.int32]
    """Of each row, the place of its match in the list of jobs."""


def recording_bank(game: GameSpec, policies: Sequence[Policy]) -> Bank:
    """Return the bank of policies whose matches are to be recorded, the recorded one first.

    Raises
    ------
    TrainingError
        If a policy is a Python bot or does not fit the game.
    """
    if not all(map(is_compiled, policies)):
        raise TrainingError("a Python bot cannot be recorded: only compiled players play fast enough, choose others")
    try:
        return checked_bank(game, policies)
    except ExecutorError as error:
        raise TrainingError(str(error)) from error


def joined_records(records: Sequence[Record]) -> Record:
    """Return all records as one, by match and in each by time."""
    observations, actions, jobs = (np.concatenate(columns) for columns in zip(*records, strict=True))
    order = np.argsort(jobs, kind="stable")
    return Record(observations[order], actions[order], jobs[order])


class Disturbance:
    """Random actions, held for some ticks each: they lead to states in which a player does not bring itself.

    Source: M. Laskey et al.: "DART: Noise Injection for Robust Imitation Learning", 2017. Deviation: bursts of one action, as
    single ticks hardly move a paddle.
    """

    def __init__(self, share: float, n_actions: int, rng: np.random.Generator) -> None:
        self._chance = share / (share + _MEAN_BURST * (1.0 - share))  # of a burst's beginning at a tick without one
        self._n_actions = n_actions
        self._rng = rng
        self._left = np.zeros(LANES, np.int64)
        self._action = np.zeros(LANES, np.int32)

    def take_over(self, actions: NDArray[np.int32]) -> None:
        """Put random actions in the place of those of the lanes that are disturbed at this tick."""
        n, rng = len(actions), self._rng
        left, action = self._left[:n], self._action[:n]
        begins = (left == 0) & (rng.random(n) < self._chance)
        left[begins] = rng.integers(1, 2 * _MEAN_BURST, begins.sum())
        action[begins] = rng.integers(self._n_actions, size=begins.sum())
        is_disturbed = left > 0
        actions[is_disturbed] = action[is_disturbed]
        left[is_disturbed] -= 1


class MatchRecorder:
    """Plays matches between policy 0 of a bank and one opponent, and keeps what policy 0 sees and does.

    As in ``game.batch``, that policy has the left of the block, and a match with swapped seats is played as its mirror image.
    """

    def __init__(self, game: GameSpec, bank: Bank, jobs: Sequence[RecordedMatch], points: int) -> None:
        policies = (0, jobs[0].opponent)
        self._bank = bank
        self._policies = policies
        self._jobs = jobs
        self._n = min(LANES, len(jobs))
        self._points = points
        self._n_observations = game.n_observations
        self._court = game.new_court()
        self._memories = [np.zeros(int(bank.table[policy, MEMORY_ROWS]) * LANES, np.float32) for policy in policies]
        self._randoms = [np.zeros(LANES, np.uint64) for _ in policies]
        rows = [max(int(bank.table[policy, SCRATCH_ROWS]), game.n_observations) for policy in policies]
        self._scratches = [np.zeros(count * LANES, np.float32) for count in rows]
        self._actions = [np.zeros(LANES, np.int32) for _ in policies]
        self._ended = np.zeros(LANES, np.int32)

    def record(self, every: int, most: int, disturbance: Disturbance | None = None) -> Record:
        """Play all matches and return every ``every``-th tick of each; more than ``most`` rows are a ``TrainingError``.

        ``NoAnswerError`` if the player answers NaN.

        A ``disturbance`` takes the recorded player's hand now and then; what is recorded is what it wanted to do.
        A lane whose match is over takes the next one. When there is none, it plays its last once more, for nobody.
        """
        playing = np.arange(self._n, dtype=np.int32)
        ticks = np.zeros(self._n, np.int64)
        is_live = np.ones(self._n, np.bool_)
        waiting = iter(range(self._n, len(self._jobs)))
        for lane in range(self._n):
            self._seat(lane, lane)
        nothing = np.zeros(0, np.int32)
        records = [Record(np.zeros((0, self._n_observations), np.float32), nothing, nothing)]
        rows = 0
        while is_live.any():
            observations = self._decide()
            mine, theirs = (actions[: self._n] for actions in self._actions)
            if (mine[is_live] == NO_ACTION).any():
                raise NoAnswerError("the recorded player answers NaN: nothing can be learned from it, choose another")
            is_forfeited = theirs == NO_ACTION
            due = is_live & ~is_forfeited & (ticks % every == 0)
            if due.any():
                records.append(Record(observations[:, due].T, mine[due], playing[due]))
                rows += len(records[-1].actions)
            if rows > most:
                raise TrainingError(
                    f"more than {MAX_ROWS:,} ticks are recorded: choose fewer pairs or opponents, or a larger step than {every}"
                )
            if disturbance is not None:
                disturbance.take_over(mine)
            advance_lanes(self._court, self._actions[0], self._actions[1], self._ended, self._n)
            ticks += 1
            for lane in np.flatnonzero(is_forfeited | (self._ended[: self._n] != 0)).tolist():
                job = next(waiting, None)
                is_live[lane] = job is not None
                playing[lane] = playing[lane] if job is None else job
                ticks[lane] = 0
                self._seat(lane, int(playing[lane]))
        return joined_records(records)

    def _seat(self, lane: int, place: int) -> None:
        """Start match number ``place`` on ``lane``, with fresh minds."""
        job = self._jobs[place]
        seed = np.uint64(job.seed)
        start_lane(self._court, lane, seed, int(job.is_swapped), self._points)
        self._ended[lane] = 0
        for side in range(2):
            self._randoms[side][lane] = policy_stream(seed, job.is_swapped ^ side)
            self._memories[side][lane::LANES] = 0.0

    def _decide(self) -> NDArray[np.float32]:
        """Let both sides decide on all lanes; return what the left one saw, [n_observations, lanes]."""
        seen = np.zeros(0, np.float32)
        for side in (1, 0):
            scratch = self._scratches[side]
            observe_lanes(self._court, side, scratch, self._n)
            seen = scratch[: self._n_observations * LANES].copy()  # a policy may work in these rows
            mind: Mind = (self._memories[side], self._randoms[side])
            decide(self._court, self._bank, self._policies[side], mind, scratch, self._actions[side], self._n)
        return seen.reshape(self._n_observations, LANES)[:, : self._n]
