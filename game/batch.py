"""The batch face of the match loop: thousands of matches in one compiled call.

Matches run in lockstep, one a lane of a block. They are sorted by their two players, so that lanes of one policy lie side by
side: a policy decides for such a *segment* of lanes at once, and reads its numbers once for all of them. Many matches of one
pairing fill the block as one segment; few matches of many pairings still share the first player's segment and the rules. A
lane whose match is over takes the next match of its pairing; when there is none, the lanes behind it move up, in order, and the
next match of the list joins at the end. A match with the seats swapped is played as its mirror image: both of a pair are
neighbours.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from game import contract
from game.jit import LANES, entry, kernel
from game.loop import advance_lanes, observe_lanes, policy_stream, read_lane, start_lane
from game.policies.bank import MEMORY_ROWS, SCRATCH_ROWS, Bank
from game.policies.decide import decide
from game.spec import RESULT_DTYPE, Court, GameSpec, MatchEnd, Results, Termination

# Columns of a job, one row a match, sorted by the first two.
JOB_FIRST: Final = 0  # the policy that plays on the left of the block
JOB_SECOND: Final = 1
JOB_MIRRORED: Final = 2  # 1 if that is the right of the match
JOB_SEED: Final = 3
JOB_POINTS: Final = 4
JOB_ROW: Final = 5  # row of the result
_JOB_COLUMNS: Final = 6

_FORFEIT: Final = int(MatchEnd.FORFEIT)
_NOT_A_NUMBER: Final = int(Termination.NOT_A_NUMBER)

Jobs = NDArray[np.int64]


@kernel
def _seat_match(
    court: Court,
    job: NDArray[np.int64],
    lane: int,
    memories: tuple[NDArray[np.float32], NDArray[np.float32]],
    randoms: tuple[NDArray[np.uint64], NDArray[np.uint64]],
) -> None:
    """Start the match of ``job`` on ``lane``, with fresh minds."""
    seed = np.uint64(job[JOB_SEED])
    mirrored = job[JOB_MIRRORED]
    start_lane(court, lane, seed, mirrored, job[JOB_POINTS])
    for side in range(2):
        randoms[side][lane] = policy_stream(seed, mirrored ^ side)
        for at in range(lane, len(memories[side]), LANES):
            memories[side][at] = np.float32(0.0)


@kernel
def _move_match(
    court: Court,
    source: int,
    target: int,
    memories: tuple[NDArray[np.float32], NDArray[np.float32]],
    randoms: tuple[NDArray[np.uint64], NDArray[np.uint64]],
) -> None:
    """Move the match on lane ``source``, with both minds, to lane ``target``."""
    contract.move_lane(court, source, target)
    for side in range(2):
        randoms[side][target] = randoms[side][source]
        for row in range(0, len(memories[side]), LANES):
            memories[side][row + target] = memories[side][row + source]


@kernel
def _forfeit_lanes(
    actions: tuple[NDArray[np.int32], NDArray[np.int32]],
    faults: NDArray[np.int32],
    ended: NDArray[np.int32],
    n: int,
) -> int:
    """Mark the lanes on which a side has no action: bit 0 of ``faults`` for the first, bit 1 for the second side."""
    least = np.int32(0)
    for i in range(n):
        least = min(least, actions[0][i], actions[1][i])
    if least >= 0:
        return 0
    count = 0
    for i in range(n):
        faults[i] = (1 if actions[0][i] < 0 else 0) | (2 if actions[1][i] < 0 else 0)
        if faults[i] != 0:
            ended[i] = 1
            count += 1
    return count


@kernel
def _write_result(
    court: Court,
    lane: int,
    job: NDArray[np.int64],
    fault: int,
    results: tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.uint8]],
) -> None:
    counts, measures, terminations = results
    row = job[JOB_ROW]
    read_lane(court, lane, counts[row], measures[row])
    if fault != 0:
        counts[row, contract.RESULT_END] = _FORFEIT
        first = job[JOB_MIRRORED]
        terminations[row, first] = _NOT_A_NUMBER if fault & 1 else 0
        terminations[row, 1 - first] = _NOT_A_NUMBER if fault & 2 else 0


@entry
def _rows(bank: Bank, column: int, least: int) -> NDArray[np.float32]:
    """Return as many empty rows as any policy needs by column ``column`` of the bank's table, at least ``least``."""
    most = np.int64(least)
    for policy in range(len(bank.table)):
        most = max(most, bank.table[policy, column])
    return np.zeros(most * LANES, np.float32)


@kernel
def _find_segments(
    jobs: NDArray[np.int64], playing: NDArray[np.int64], column: int, ends: NDArray[np.int64], n: int
) -> None:
    """Write to ``ends[lane]``, for the first lane of every run of lanes of one policy, the lane past that run."""
    begin = 0
    for lane in range(1, n + 1):
        if lane == n or jobs[playing[lane], column] != jobs[playing[begin], column]:
            ends[begin] = lane
            begin = lane


@kernel
def _is_same_pairing(jobs: NDArray[np.int64], one: int, other: int) -> bool:
    same_first: bool = jobs[one, JOB_FIRST] == jobs[other, JOB_FIRST]
    same_second: bool = jobs[one, JOB_SECOND] == jobs[other, JOB_SECOND]
    return same_first and same_second


@entry
def _play_jobs(  # noqa: C901, PLR0912, PLR0915  # one function on purpose, see below
    court: Court,
    bank: Bank,
    jobs: NDArray[np.int64],
    results: tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.uint8]],
    observation_rows: int,
) -> None:
    """Play ``jobs``, sorted by first and second policy.

    One long function on purpose: every level of calls is optimised once more, with all that it calls.
    """
    memories = (_rows(bank, MEMORY_ROWS, 1), _rows(bank, MEMORY_ROWS, 1))
    scratches = (_rows(bank, SCRATCH_ROWS, observation_rows), _rows(bank, SCRATCH_ROWS, observation_rows))
    randoms = (np.zeros(LANES, np.uint64), np.zeros(LANES, np.uint64))
    actions = (np.zeros(LANES, np.int32), np.zeros(LANES, np.int32))
    ends = (np.zeros(LANES, np.int64), np.zeros(LANES, np.int64))
    ended = np.zeros(LANES, np.int32)
    faults = np.zeros(LANES, np.int32)
    playing = np.zeros(LANES, np.int64)
    n = queued = 0
    has_changed = True
    while n > 0 or queued < len(jobs):
        while n < LANES and queued < len(jobs):
            playing[n] = queued
            _seat_match(court, jobs[queued], n, memories, randoms)
            queued += 1
            n += 1
            has_changed = True
        for side in range(2):
            if has_changed:
                _find_segments(jobs, playing, side, ends[side], n)
            observe_lanes(court, side, scratches[side], n)
            lane = 0
            while lane < n:
                end = ends[side][lane]
                mind = (memories[side][lane:], randoms[side][lane:])
                policy = jobs[playing[lane], side]
                decide(court, bank, policy, mind, scratches[side][lane:], actions[side][lane:], end - lane)
                lane = end
        has_changed = False
        over = _forfeit_lanes(actions, faults, ended, n)
        if over != 0:  # a forfeited match ends before this tick; the lanes beside it play the tick
            for lane in range(n):
                if faults[lane] != 0:
                    _write_result(court, lane, jobs[playing[lane]], faults[lane], results)
        over += advance_lanes(court, actions[0], actions[1], ended, n)
        if over == 0:
            continue
        kept = 0
        for lane in range(n):
            is_over = ended[lane] != 0
            if is_over:
                if faults[lane] == 0:
                    _write_result(court, lane, jobs[playing[lane]], 0, results)
                ended[lane] = 0
                faults[lane] = 0
            if is_over and queued < len(jobs) and _is_same_pairing(jobs, playing[lane], queued):
                playing[kept] = queued
                _seat_match(court, jobs[queued], kept, memories, randoms)
                queued += 1
                kept += 1
            elif is_over:
                has_changed = True
            else:
                if kept != lane:
                    playing[kept] = playing[lane]
                    _move_match(court, lane, kept, memories, randoms)
                kept += 1
        n = kept


MATCH_DTYPE: Final = np.dtype(
    [("match_id", np.int64), ("left", np.int32), ("right", np.int32), ("seed", np.int64), ("points", np.int32)]
)
"""One row a match to play: the array form of ``MatchSpec``."""


def _jobs(matches: NDArray[np.void]) -> Jobs:
    """Return the jobs of ``matches``, sorted so that the two matches of a pair share a block."""
    jobs = np.empty((len(matches), _JOB_COLUMNS), np.int64)
    mirrored = matches["left"] > matches["right"]
    jobs[:, JOB_FIRST] = np.where(mirrored, matches["right"], matches["left"])
    jobs[:, JOB_SECOND] = np.where(mirrored, matches["left"], matches["right"])
    jobs[:, JOB_MIRRORED] = mirrored
    jobs[:, JOB_SEED] = matches["seed"]
    jobs[:, JOB_POINTS] = matches["points"]
    jobs[:, JOB_ROW] = np.arange(len(matches))
    return jobs[np.lexsort((jobs[:, JOB_SECOND], jobs[:, JOB_FIRST]))]


def play_batch(game: GameSpec, bank: Bank, matches: NDArray[np.void]) -> Results:
    """Play ``matches`` (``MATCH_DTYPE``) between policies of ``bank``; return their results in the same order.

    A result depends on its match alone: not on the other matches of the batch, their order or their number.
    """
    counts = np.zeros((len(matches), contract.N_COUNTS), np.int64)
    measures = np.zeros((len(matches), contract.N_MEASURES), np.float32)
    terminations = np.zeros((len(matches), 2), np.uint8)
    if len(matches):
        _play_jobs(game.new_court(), bank, _jobs(matches), (counts, measures, terminations), game.n_observations)
    return assemble_results(matches, counts, measures, terminations)


def assemble_results(
    matches: NDArray[np.void],
    counts: NDArray[np.int64],
    measures: NDArray[np.float32],
    terminations: NDArray[np.uint8],
) -> Results:
    """Return result rows made of the kernels' integer and float rows; a forfeit decides the outcome."""
    results = np.zeros(len(matches), RESULT_DTYPE)
    for name in ("match_id", "left", "right", "seed"):
        results[name] = matches[name]
    results["termination"] = terminations
    for name, column in (
        ("end", contract.RESULT_END),
        ("ticks", contract.RESULT_TICKS),
        ("rallies", contract.RESULT_RALLIES),
        ("lets", contract.RESULT_LETS),
        ("longest_rally", contract.RESULT_LONGEST),
    ):
        results[name] = counts[:, column]
    for name, column in (
        ("points", contract.RESULT_POINTS),
        ("hits", contract.RESULT_HITS),
        ("misses", contract.RESULT_MISSES),
        ("aces", contract.RESULT_ACES),
        ("reactions", contract.RESULT_REACTIONS),
    ):
        results[name] = counts[:, column : column + 2]
    results["state_hash"] = counts[:, contract.RESULT_HASH].view(np.uint64)
    results["mean_rally"] = measures[:, contract.MEASURE_MEAN_RALLY]
    results["distance"] = measures[:, contract.MEASURE_DISTANCE : contract.MEASURE_DISTANCE + 2]
    results["mean_reaction"] = measures[:, contract.MEASURE_REACTION : contract.MEASURE_REACTION + 2]
    results["mean_offset"] = measures[:, contract.MEASURE_OFFSET : contract.MEASURE_OFFSET + 2]
    results["mean_miss"] = measures[:, contract.MEASURE_MISS : contract.MEASURE_MISS + 2]
    at_fault = (terminations != 0).astype(np.int8)
    forfeits = at_fault[:, 1] - at_fault[:, 0]
    results["outcome"] = np.where(at_fault.any(axis=1), forfeits, counts[:, contract.RESULT_LEADER])
    return results
