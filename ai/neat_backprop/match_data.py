"""Match data: what a player saw and did in its matches, for another to learn to do the same (behavioural cloning)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ai.errors import TrainingError
from ai.match_record import MAX_ROWS, Disturbance, MatchRecorder, Record, RecordedMatch, joined_records, recording_bank
from ai.neat_backprop.datasets import Dataset, Names, Rows, raw_dataset
from game.policies.bank import Policy
from game.seeding import pair_seeds
from game.spec import GameSpec

LEAST_PAIRS: Final = 5
"""Pairs that 60:20:20 of them are some each."""

_HELD_OUT: Final = 0.2


@dataclass(frozen=True)
class Recording:
    """How much of a teacher's matches is recorded."""

    pairs: int
    """Pairs of matches against each opponent."""
    seed: int
    every: int
    """Every ``every``-th tick is kept."""
    disturbance: float = 0.0
    """Share of the ticks on which a random action takes the place of the teacher's; see ``ai.match_record.Disturbance``."""


def record_matches(game: GameSpec, teacher: Policy, opponents: Sequence[Policy], recording: Recording) -> Dataset:
    """Return what ``teacher`` saw and wanted to do in its matches, split by match.

    It plays pairs of matches, to the game's own points, against each of ``opponents``, all on the same seeds, which follow
    from the recording's. The features are the raw observations, as a player gets them; the classes are the game's actions.
    All matches on one seed are in one part: 60 % of the seeds to train, 20 % each to validate and to test.

    Raises
    ------
    TrainingError
        If a policy does not fit the game, is a Python bot, or answers NaN; if there are too few pairs, or too much is recorded.
    """
    pairs, seed, every = recording.pairs, recording.seed, recording.every
    if pairs < LEAST_PAIRS:
        raise TrainingError(f"pairs is {pairs}: at least {LEAST_PAIRS} are needed to split them")
    if every < 1:
        raise TrainingError(f"every is {every}: at least 1 is allowed")
    if not opponents:
        raise TrainingError("there is no opponent: the teacher needs at least one to play against")
    bank = recording_bank(game, (teacher, *opponents))
    seeds = pair_seeds(seed, 0, pairs).tolist()
    noise = None
    if recording.disturbance:
        noise = Disturbance(recording.disturbance, game.n_actions, np.random.default_rng([seed, 1]))
    jobs: list[RecordedMatch] = []
    records: list[Record] = []
    for opponent in range(1, len(bank.table)):
        mine = [
            RecordedMatch(opponent, pair, number, swapped)
            for pair, number in enumerate(seeds)
            for swapped in (False, True)
        ]
        left = MAX_ROWS - sum(len(record.actions) for record in records)
        record = MatchRecorder(game, bank, mine, game.default_points).record(every, left, noise)
        records.append(record._replace(jobs=record.jobs + len(jobs)))
        jobs += mine
    whole = joined_records(records)
    held = np.array([job.pair for job in jobs])[whole.jobs]
    train, validation, test = _split_by_pair(whole, held, pairs, np.random.default_rng(seed))
    if not all(len(part.y) for part in (train, validation, test)):
        raise TrainingError("nothing was recorded of many matches: their opponents forfeit at once, choose others")
    if len(np.unique(train.y)) < 2:
        raise TrainingError(f"the teacher always does '{game.actions[train.y[0]]}': there is nothing to learn from it")
    title = f"matches of a teacher, {pairs} pairs with each of {len(opponents)} opponents"
    return raw_dataset(train, validation, test, Names(title, game.observations, game.actions))


def _split_by_pair(record: Record, pair: NDArray[np.int64], pairs: int, rng: np.random.Generator) -> list[Rows]:
    """Return the rows in three parts; ``pair`` is each row's, and all rows of one pair are in one part."""
    held_out = max(1, round(_HELD_OUT * pairs))
    part = np.zeros(pairs, np.int64)
    part[rng.permutation(pairs)[: 2 * held_out]] = np.repeat([1, 2], held_out)
    return [Rows(record.observations[mine], record.actions[mine]) for mine in (part[pair] == each for each in range(3))]
