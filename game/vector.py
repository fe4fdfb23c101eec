"""Thousands of matches stepped together for those who learn: the vectorised environment over the match kernels.

A *court* is a match in progress. The left seat of every court belongs to an *agent*; the right seat to a policy of a bank, or,
where the court's opponent is ``SELF``, to an agent as well. An *episode* is a match; a court whose episode ends starts the next
one at once, on the next seed of its own stream, so that what happens on a court does not depend on the others.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from game import contract, seeding
from game.jit import LANES, entry, kernel
from game.loop import advance_lanes, observe_lanes, policy_stream, start_lane
from game.match import idle_action
from game.policies.bank import MEMORY_ROWS, SCRATCH_ROWS, Bank
from game.policies.decide import decide
from game.spec import Court, GameSpec, MatchEnd

SELF: Final = -1
"""In place of an opponent: the right seat is an agent, too."""

MAX_FRAME_SKIP: Final = 16

_N_SCORES: Final = contract.N_SCORES
_TICK_LIMIT: Final = int(MatchEnd.TICK_LIMIT)
_LAST_BIT: Final = np.uint64(1)
_NOT_KEPT: Final = ("court", "rules", "holds")
"""Arrays of ``Courts`` that are no state, or kept by parts."""


class Courts(NamedTuple):
    """The state of many courts; arrays of ``blocks`` times the rows of one block, and one element a court."""

    court: Court
    opponents: NDArray[np.int32]
    """Index in the bank, or ``SELF``."""
    following: NDArray[np.int32]
    """The opponent from the next episode on."""
    holds: NDArray[np.int32]
    """For each policy of the bank 1 if it holds a decision for the ticks of a step, as agents do; 0: it decides at every tick."""
    right_rows: NDArray[np.int32]
    """The row of the right seat's agent, -1 where a policy plays."""
    memories: NDArray[np.float32]
    """What the opponents remember, [blocks, rows * LANES]."""
    randoms: NDArray[np.uint64]
    seeds: NDArray[np.uint64]
    """State of each court's stream of seeds."""
    scores: NDArray[np.float32]
    """The scores after the last step, [blocks, N_SCORES * LANES]; see ``game.contract.read_scores``."""
    rules: NDArray[np.int64]
    """Points to win, ticks a step, idle action."""


class Outcome(NamedTuple):
    """What a step has come to, one row an agent, left seats first; written anew by every step."""

    rewards: NDArray[np.float32]
    terminated: NDArray[np.uint8]
    truncated: NDArray[np.uint8]
    final_observations: NDArray[np.float32]
    """[agents, n_observations]; rows of agents whose episode has just ended, the others are old."""
    leads: NDArray[np.int32]
    """+1 won, 0 drawn, -1 lost; valid where an episode has just ended."""
    ticks: NDArray[np.int32]
    """Length of the episode that has just ended."""
    opponents: NDArray[np.int32]
    """Who played the right seat in it, one element a court."""


class Work(NamedTuple):
    """Work space of one block."""

    scratch: NDArray[np.float32]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    held: NDArray[np.int32]
    """What the agents on the right seats hold."""
    ended: NDArray[np.int32]
    scores: NDArray[np.float32]
    counts: NDArray[np.int64]
    measures: NDArray[np.float32]


@kernel
def _start(courts: Courts, court: Court, block: int, lane: int) -> None:
    """Start the next episode of a court."""
    at = block * LANES + lane
    courts.opponents[at] = courts.following[at]
    courts.seeds[at] = seeding.advance_state(courts.seeds[at])
    seed = np.uint64(seeding.mix(courts.seeds[at]) >> _LAST_BIT)
    start_lane(court, lane, seed, 0, courts.rules[0])
    courts.randoms[at] = policy_stream(seed, 1)
    memory = courts.memories[block]
    for row in range(lane, len(memory), LANES):
        memory[row] = np.float32(0.0)
    for row in range(_N_SCORES):
        courts.scores[block, row * LANES + lane] = np.float32(0.0)


@kernel
def _is_deciding(courts: Courts, opponent: int, tick: int) -> bool:
    """Whether an opponent decides at a tick of a step."""
    return opponent >= 0 and (tick == 0 or courts.holds[opponent] == 0)


@kernel
def _decide_right(  # noqa: PLR0913, PLR0917  # a kernel takes its arrays apart
    courts: Courts, court: Court, bank: Bank, block: int, work: Work, n: int, tick: int
) -> None:
    """Let the opponents of a block decide at a tick of a step; a policy that answers NaN idles."""
    first = block * LANES
    opponents = courts.opponents[first : first + n]
    deciding = 0
    for i in range(n):
        deciding += 1 if _is_deciding(courts, opponents[i], tick) else 0
    if deciding > 0:
        observe_lanes(court, 1, work.scratch, n)
    lane = 0
    while lane < n:
        end = lane + 1
        while end < n and opponents[end] == opponents[lane]:
            end += 1
        if _is_deciding(courts, opponents[lane], tick):
            mind = (courts.memories[block][lane:], courts.randoms[first + lane : first + LANES])
            decide(court, bank, opponents[lane], mind, work.scratch[lane:], work.right[lane:], end - lane)
        lane = end
    for i in range(n):
        action = work.held[i] if courts.right_rows[first + i] >= 0 else work.right[i]
        work.right[i] = action if action >= 0 else np.int32(courts.rules[2])


@kernel
def _write_observations(
    court: Court, courts: Courts, block: int, observations: NDArray[np.float32], work: Work, n: int
) -> None:
    """Write what the agents of a block see, a row an agent."""
    first = block * LANES
    observe_lanes(court, 0, work.scratch, n)
    width = observations.shape[1]
    for i in range(n):
        for o in range(width):
            observations[first + i, o] = work.scratch[o * LANES + i]
    least = np.int32(-1)
    for i in range(n):
        least = max(least, courts.right_rows[first + i])
    if least < 0:
        return
    observe_lanes(court, 1, work.scratch, n)
    for i in range(n):
        row = courts.right_rows[first + i]
        if row >= 0:
            for o in range(width):
                observations[row, o] = work.scratch[o * LANES + i]


@kernel
def _write_final_observations(court: Court, courts: Courts, block: int, outcome: Outcome, work: Work, n: int) -> None:
    """Write what the agents of those matches see that have just ended: others may have ended earlier in this step."""
    first = block * LANES
    final = outcome.final_observations
    for seat in range(2):
        observe_lanes(court, seat, work.scratch, n)
        for i in range(n):
            row = first + i if seat == 0 else np.int64(courts.right_rows[first + i])
            if work.ended[i] != 0 and row >= 0:
                for o in range(final.shape[1]):
                    final[row, o] = work.scratch[o * LANES + i]


@kernel
def _reward(
    courts: Courts, block: int, shaping: tuple[np.float32, np.float32], outcome: Outcome, work: Work, lane: int
) -> None:
    """Add what the scores of a court have changed by to its agents' rewards, and take note of the scores."""
    before, now = courts.scores[block], work.scores
    at = block * LANES + lane
    hit, miss = shaping
    lead = (now[lane] - before[lane]) - (now[LANES + lane] - before[LANES + lane])
    left, right = 2 * LANES + lane, 3 * LANES + lane
    left_miss, right_miss = 4 * LANES + lane, 5 * LANES + lane
    outcome.rewards[at] += lead + hit * (now[left] - before[left]) - miss * (now[left_miss] - before[left_miss])
    row = courts.right_rows[at]
    if row >= 0:
        extra = hit * (now[right] - before[right]) - miss * (now[right_miss] - before[right_miss])
        outcome.rewards[row] += extra - lead
    for part in range(_N_SCORES):
        before[part * LANES + lane] = now[part * LANES + lane]


@kernel
def _end_episode(courts: Courts, court: Court, block: int, lane: int, outcome: Outcome, work: Work) -> None:
    """Note how an episode has ended."""
    at = block * LANES + lane
    row = courts.right_rows[at]
    contract.read_result(court, lane, work.counts, work.measures)
    is_truncated = np.uint8(1 if work.counts[contract.RESULT_END] == _TICK_LIMIT else 0)
    lead = np.int32(work.counts[contract.RESULT_LEADER])
    ticks = np.int32(work.counts[contract.RESULT_TICKS])
    outcome.truncated[at] = is_truncated
    outcome.terminated[at] = 1 - is_truncated
    outcome.leads[at] = lead
    outcome.ticks[at] = ticks
    outcome.opponents[at] = courts.opponents[at]
    if row >= 0:
        outcome.truncated[row] = is_truncated
        outcome.terminated[row] = 1 - is_truncated
        outcome.leads[row] = -lead
        outcome.ticks[row] = ticks


@kernel
def _end_episodes(
    courts: Courts, court: Court, block: int, shaping: tuple[np.float32, np.float32], outcome: Outcome, work: Work
) -> None:
    """Close the episodes that have just ended on a block and start the next ones."""
    n = min(LANES, len(courts.opponents) - block * LANES)
    contract.read_scores(court, work.scores, n)
    _write_final_observations(court, courts, block, outcome, work, n)
    for i in range(n):
        if work.ended[i] != 0:
            work.ended[i] = 0
            _reward(courts, block, shaping, outcome, work, i)
            _end_episode(courts, court, block, i, outcome, work)
            _start(courts, court, block, i)
            work.left[i] = courts.rules[2]
            work.right[i] = courts.rules[2]
            work.held[i] = courts.rules[2]


@entry
def start_courts(courts: Courts, observations: NDArray[np.float32], work: Work) -> None:
    """Start an episode on every court and write what the agents see."""
    total = len(courts.opponents)
    for block in range((total + LANES - 1) // LANES):
        court = contract.court_block(courts.court, block)
        n = min(LANES, total - block * LANES)
        for lane in range(n):
            _start(courts, court, block, lane)
        _write_observations(court, courts, block, observations, work, n)


@entry
def step_courts(  # noqa: PLR0913, PLR0917  # a kernel takes its arrays apart
    courts: Courts,
    bank: Bank,
    actions: NDArray[np.int32],
    shaping: tuple[np.float32, np.float32],
    observations: NDArray[np.float32],
    outcome: Outcome,
    work: Work,
) -> None:
    """Play one step of every court: ``actions`` int32[agents] are held for the ticks of a step.

    ``shaping`` = (reward of a contact, penalty for missing, a unit of the game's miss).

    An episode that ends within a step ends the step for its court: it idles through the rest of it, in its next episode.
    """
    total = len(courts.opponents)
    outcome.rewards[:] = np.float32(0.0)
    outcome.terminated[:] = 0
    outcome.truncated[:] = 0
    for block in range((total + LANES - 1) // LANES):
        court = contract.court_block(courts.court, block)
        first = block * LANES
        n = min(LANES, total - first)
        for i in range(n):
            row = courts.right_rows[first + i]
            work.left[i] = actions[first + i]
            work.held[i] = actions[row] if row >= 0 else 0
        for tick in range(courts.rules[1]):
            _decide_right(courts, court, bank, block, work, n, tick)
            if advance_lanes(court, work.left, work.right, work.ended, n) != 0:
                _end_episodes(courts, court, block, shaping, outcome, work)
        contract.read_scores(court, work.scores, n)
        for i in range(n):
            _reward(courts, block, shaping, outcome, work, i)
        _write_observations(court, courts, block, observations, work, n)


def _blocks(n_courts: int) -> int:
    return -(-n_courts // LANES)


def new_work(game: GameSpec, bank: Bank) -> Work:
    """Return the work space that stepping against the policies of ``bank`` takes."""
    rows = max([game.n_observations, *bank.table[:, SCRATCH_ROWS].tolist()])
    return Work(
        np.zeros(rows * LANES, np.float32),
        np.zeros(LANES, np.int32),
        np.zeros(LANES, np.int32),
        np.zeros(LANES, np.int32),
        np.zeros(LANES, np.int32),
        np.zeros(_N_SCORES * LANES, np.float32),
        np.zeros(contract.N_COUNTS, np.int64),
        np.zeros(contract.N_MEASURES, np.float32),
    )


def new_outcome(n_agents: int, n_courts: int, n_observations: int) -> Outcome:
    """Return the arrays that a step writes."""
    return Outcome(
        np.zeros(n_agents, np.float32),
        np.zeros(n_agents, np.uint8),
        np.zeros(n_agents, np.uint8),
        np.zeros((n_agents, n_observations), np.float32),
        np.zeros(n_agents, np.int32),
        np.zeros(n_agents, np.int32),
        np.zeros(n_courts, np.int32),
    )


class VectorEnv:
    """``n_courts`` matches of ``game`` in lockstep; all arrays are preallocated, and written anew by every call.

    Rows of agents: the left seats of all courts, then the right seats of the courts whose opponent is ``SELF``, in order.
    A reward is points won less points lost, plus ``hit_reward`` for every contact of one's own, less ``miss_penalty`` times how
    far one has missed a ball (in the game's unit: ``game.contract.MEASURE_MISS``).
    """

    def __init__(
        self,
        game: GameSpec,
        bank: Bank,
        opponents: NDArray[np.int32],
        seed: int,
        *,
        points: int = 1,
        frame_skip: int = 1,
    ) -> None:
        if not 1 <= points <= game.max_points:
            raise ValueError(f"points is {points}: 1 to {game.max_points} are allowed")
        if not 1 <= frame_skip <= MAX_FRAME_SKIP:
            raise ValueError(f"frame_skip is {frame_skip}: 1 to {MAX_FRAME_SKIP} are allowed")
        self.game = game
        self.hit_reward = 0.0
        self.miss_penalty = 0.0
        n_courts, blocks = len(opponents), _blocks(len(opponents))
        one = game.new_court()
        self.courts = Courts(
            court=type(one)(*(np.tile(array, blocks) for array in one)),
            opponents=np.full(n_courts, SELF, np.int32),
            following=np.full(n_courts, SELF, np.int32),
            holds=np.zeros(0, np.int32),
            right_rows=np.full(n_courts, -1, np.int32),
            memories=np.zeros((blocks, LANES), np.float32),
            randoms=np.zeros(blocks * LANES, np.uint64),
            seeds=np.zeros(n_courts, np.uint64),
            scores=np.zeros((blocks, _N_SCORES * LANES), np.float32),
            rules=np.array([points, frame_skip, idle_action(game)], np.int64),
        )
        self.set_opponents(bank, opponents)
        self.observations = np.zeros((self.n_agents, game.n_observations), np.float32)
        self.outcome = new_outcome(self.n_agents, n_courts, game.n_observations)
        self.reset(seed)

    @property
    def n_courts(self) -> int:
        """Number of matches."""
        return len(self.courts.opponents)

    @property
    def n_agents(self) -> int:
        """Number of learning seats."""
        return self.n_courts + int((self.courts.opponents == SELF).sum())

    def set_opponents(self, bank: Bank, opponents: NDArray[np.int32], holds: NDArray[np.int32] | None = None) -> None:
        """Let policies of ``bank`` play the right seats from now on, also in episodes that have begun.

        ``holds`` int32[policies] is 1 for policies that decide once a step, as agents do; by default all decide at every tick.

        Raises
        ------
        ValueError
            If an index is not in the bank, or the courts with two agents are not the same as before.
        """
        courts = self.courts
        self._check(opponents, len(bank.table))
        is_self = opponents == SELF
        rows = max([1, *bank.table[:, MEMORY_ROWS].tolist()])
        memories = np.zeros((len(courts.memories), rows * LANES), np.float32)
        kept = min(memories.shape[1], courts.memories.shape[1])
        memories[:, :kept] = courts.memories[:, :kept]
        for at in np.flatnonzero(opponents != courts.opponents).tolist():
            memories[at // LANES, at % LANES :: LANES] = 0.0
        courts.opponents[:] = opponents
        courts.following[:] = opponents
        courts.right_rows[:] = np.where(is_self, len(opponents) + np.cumsum(is_self) - 1, -1)
        held = np.zeros(len(bank.table), np.int32) if holds is None else holds
        self.courts = courts._replace(memories=memories, holds=held)
        self.bank = bank
        self.work = new_work(self.game, bank)

    def set_following(self, opponents: NDArray[np.int32]) -> None:
        """Let these policies of the bank play the right seats, each from the court's next episode on.

        Raises
        ------
        ValueError
            As ``set_opponents``.
        """
        self._check(opponents, len(self.bank.table))
        self.courts.following[:] = opponents

    def _check(self, opponents: NDArray[np.int32], policies: int) -> None:
        """Refuse opponents that cannot be."""
        if len(opponents) and not (opponents.min() >= SELF and opponents.max() < policies):
            raise ValueError(f"an opponent is not in the bank of {policies}: {opponents.min()} to {opponents.max()}")
        if hasattr(self, "outcome") and ((opponents == SELF) != (self.courts.opponents == SELF)).any():
            raise ValueError("which courts have two agents cannot change: make a new environment")

    def reset(self, seed: int | None = None) -> None:
        """Start an episode on every court; with a ``seed`` all streams begin anew, each court with its own."""
        if seed is not None:
            for court in range(self.n_courts):
                self.courts.seeds[court] = seeding.stream_state(np.uint64(seed), np.uint64(court))
        start_courts(self.courts, self.observations, self.work)

    def step(self, actions: NDArray[np.int32]) -> None:
        """Play one step with ``actions`` int32[agents]; not checked: each must be an action of the game."""
        shaping = (np.float32(self.hit_reward), np.float32(self.miss_penalty))
        step_courts(self.courts, self.bank, actions, shaping, self.observations, self.outcome, self.work)

    def state(self) -> dict[str, NDArray[np.generic]]:
        """Return a copy of everything that changes, but for the bank."""
        kept = {name: getattr(self.courts, name).copy() for name in Courts._fields if name not in _NOT_KEPT}
        court = {f"court-{index}": array.copy() for index, array in enumerate(self.courts.court)}
        return {**kept, **court, "observations": self.observations.copy()}

    def restore(self, state: Mapping[str, NDArray[np.generic]]) -> None:
        """Go back to ``state``, of an environment of the same shape and bank; ``ValueError`` if it is of another."""
        for name, array in state.items():
            if name == "observations":
                target = self.observations
            elif name.startswith("court-"):
                target = self.courts.court[int(name.removeprefix("court-"))]
            else:
                target = getattr(self.courts, name)
            if target.shape != array.shape or target.dtype != array.dtype:
                raise ValueError(
                    f"{name} is {array.dtype}{array.shape}, this environment has {target.dtype}{target.shape}"
                )
            target[...] = array

    @property
    def rewards(self) -> NDArray[np.float32]:
        """Rewards of the last step, [agents]."""
        return self.outcome.rewards

    @property
    def terminated(self) -> NDArray[np.uint8]:
        """1 where an episode has ended in the last step otherwise than by its tick limit, [agents]."""
        return self.outcome.terminated

    @property
    def truncated(self) -> NDArray[np.uint8]:
        """1 where an episode has ended in the last step by its tick limit, [agents]."""
        return self.outcome.truncated

    @property
    def final_observations(self) -> NDArray[np.float32]:
        """What agents saw at the end of the episode that has ended in the last step, [agents, n_observations]."""
        return self.outcome.final_observations
