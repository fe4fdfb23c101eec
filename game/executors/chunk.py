"""Playing one chunk of matches in this process, and cutting the stream of matches into chunks."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from game.batch import play_batch
from game.executors.base import FaultReport, MatchRows, PlayedChunk
from game.fault import Fault
from game.match import CompiledPlayer, Match, Player, play_tick
from game.policies.bank import Bank, Policy, build_bank
from game.policies.python_bot import BotProcess, PythonPolicy, TimeLimits
from game.spec import RESULT_DTYPE, GameSpec, Results, Seat, Termination

TARGET_S = 0.035
"""Play that a chunk should hold: long against its dispatch, short against a person's patience."""

_FIRST_CHUNK = 16
_LARGEST_CHUNK = 4096


class ChunkPlayer:
    """Plays chunks of matches between the policies of one bank. A context manager: it owns the bots' processes."""

    def __init__(self, game: GameSpec, bank: Bank, policies: Sequence[Policy], limits: TimeLimits) -> None:
        self._game = game
        self._bank = bank
        self._bots = {i: policy for i, policy in enumerate(policies) if isinstance(policy, PythonPolicy)}
        self._limits = limits
        self._processes: dict[tuple[int, Seat], BotProcess] = {}

    def __enter__(self) -> "ChunkPlayer":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the bots' processes and let go of the bank."""
        for process in self._processes.values():
            process.close()
        self._processes.clear()
        self._bank = build_bank(())

    def play(self, rows: MatchRows) -> PlayedChunk:
        """Play ``rows``; a match's failure is its result."""
        slow = slow_rows(rows, self._bots)
        if not slow.any():
            results = play_batch(self._game, self._bank, rows)
            return PlayedChunk(results, _network_faults(results))
        results = np.zeros(len(rows), RESULT_DTYPE)
        results[~slow] = play_batch(self._game, self._bank, rows[~slow])
        faults = list(_network_faults(results[~slow]))
        for place in np.flatnonzero(slow):
            results[place : place + 1] = self._play_stepwise(rows[place], faults)
        return PlayedChunk(results, tuple(faults))

    def _play_stepwise(self, row: np.void, faults: list[FaultReport]) -> Results:
        """Play one match with a Python bot; append its faults to ``faults``."""
        match = Match(self._game, int(row["seed"]), int(row["points"]))
        match_id = int(row["match_id"])
        players: list[Player] = []
        for seat in Seat:
            try:
                players.append(self._player(int(row[seat.name.lower()]), seat, match.seed))
            except Fault as fault:
                match.forfeit(seat, fault.termination)
                faults.append(FaultReport(match_id, seat, fault.termination, fault.detail))
        while not match.is_over:
            for seat, found in play_tick(match, players[0], players[1]):
                faults.append(FaultReport(match_id, seat, found.termination, found.detail))
        return match.result(match_id, int(row["left"]), int(row["right"]))

    def _player(self, policy: int, seat: Seat, seed: int) -> Player:
        if policy not in self._bots:
            return CompiledPlayer(self._game, self._bank, policy, seat=seat, seed=seed)
        key = (policy, seat)
        if key not in self._processes:
            self._processes[key] = BotProcess(self._bots[policy], self._limits)
        self._processes[key].start_match()
        return self._processes[key]


def slow_rows(rows: MatchRows, bots: Iterable[int]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return which of ``rows`` have one of ``bots`` on a seat."""
    numbers = list(bots)
    slow: np.ndarray[tuple[int], np.dtype[np.bool_]] = np.isin(rows["left"], numbers) | np.isin(rows["right"], numbers)
    return slow


def _network_faults(results: Results) -> tuple[FaultReport, ...]:
    faulty = results[results["termination"].any(axis=1)]
    return tuple(
        FaultReport(int(row["match_id"]), seat, termination_of(row, seat), "an output of the network is NaN")
        for row in faulty
        for seat in Seat
        if row["termination"][seat]
    )


def termination_of(row: np.void, seat: Seat) -> Termination:
    """Return the termination of one side of a result row."""
    return Termination(int(row["termination"][seat]))


class Chunker:
    """Cuts a stream of match rows into chunks of about ``TARGET_S`` of play, measured as it goes.

    Matches with Python bots are some thousand times slower; they make chunks of their own.
    """

    def __init__(self, rows: Iterable[MatchRows], bots: Iterable[int], batch_size: int | None) -> None:
        self._rows = iter(rows)
        self._bots = list(bots)
        self._batch_size = batch_size
        self._held: MatchRows | None = None
        self._size = {False: float(_FIRST_CHUNK), True: 1.0}

    def measured(self, rows: MatchRows, seconds: float) -> None:
        """Learn from a played chunk how large the next ones should be; steps of at most a factor of two."""
        slow = bool(slow_rows(rows[:1], self._bots)[0])
        wanted = len(rows) * TARGET_S / max(seconds, 1e-6)
        size = min(max(wanted, self._size[slow] / 2), self._size[slow] * 2)
        self._size[slow] = min(max(size, 1.0 if slow else _FIRST_CHUNK), _LARGEST_CHUNK)

    def __iter__(self) -> Iterator[MatchRows]:
        return self

    def __next__(self) -> MatchRows:
        held = self._held if self._held is not None and len(self._held) else self._pull()
        slow = slow_rows(held, self._bots)
        size = self._batch_size or int(self._size[bool(slow[0])])
        while len(held) < size and not slow.any():
            try:
                held = np.concatenate([held, self._pull()])
            except StopIteration:
                break
            slow = slow_rows(held, self._bots)
        change = np.flatnonzero(slow != slow[0])
        end = min(size, int(change[0]) if len(change) else len(held))
        self._held = held[end:]
        chunk: MatchRows = held[:end]
        return chunk

    def _pull(self) -> MatchRows:
        rows = next(self._rows)
        while not len(rows):
            rows = next(self._rows)
        return rows
