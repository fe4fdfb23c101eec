"""Playing one chunk of matches in this process, and cutting the stream of matches into chunks."""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

import numpy as np

from game.batch import MATCH_DTYPE, play_batch
from game.errors import ExecutorError
from game.executors.base import FaultReport, MatchRows, PlayedChunk
from game.fault import Cancelled, Fault
from game.match import CompiledPlayer, Match, Player, play_tick
from game.policies.bank import INTEGERS_AT, KIND, Bank, Kind, Policy, build_bank
from game.policies.python_bot import BotProcess, PythonPolicy, TimeLimits
from game.spec import RESULT_DTYPE, GameSpec, Results, Seat, Termination
from game.tape import Tape

TARGET_S: Final = 0.035
"""Play that a chunk should hold: long against its dispatch, short against a person's patience."""

MAX_BOT_PROCESSES: Final = 8
"""Bots' processes that one player of chunks keeps up; the one that has waited longest makes room."""

_FIRST_CHUNK: Final = 16
_LARGEST_CHUNK: Final = 4096


class ChunkPlayer:
    """Plays chunks of matches between the policies of one bank. A context manager: it owns the bots' processes.

    ``is_cancelled`` is asked now and then while a Python bot plays; once it says yes, ``play`` raises ``Cancelled``.
    """

    def __init__(
        self,
        game: GameSpec,
        bank: Bank,
        policies: Sequence[object],
        limits: TimeLimits,
        *,
        is_cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        self._game = game
        self._bank = bank
        self._bots = {i: policy for i, policy in enumerate(policies) if isinstance(policy, PythonPolicy)}
        self._limits = limits
        self._is_cancelled = is_cancelled
        self._processes: OrderedDict[tuple[int, Seat], BotProcess] = OrderedDict()

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

    def record(self, row: np.void, tape: Tape) -> PlayedChunk:
        """Play one match tick by tick and leave its course on the empty ``tape``: a Python bot never plays it again."""
        faults: list[FaultReport] = []
        results = self._play_stepwise(row, faults, tape)
        for fault in faults:
            tape.forfeit(fault.seat, fault.termination)
        return PlayedChunk(results, tuple(faults))

    def _play_stepwise(self, row: np.void, faults: list[FaultReport], tape: Tape | None = None) -> Results:
        """Play one match with a Python bot; append its faults to ``faults`` and its actions to ``tape``."""
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
            if self._is_cancelled():
                raise Cancelled
            forfeits = play_tick(match, players[0], players[1])
            for seat, forfeit in forfeits:
                faults.append(FaultReport(match_id, seat, forfeit.termination, forfeit.detail))
            if tape is not None and not forfeits:
                tape.append(*match.actions)
        return match.result(match_id, int(row["left"]), int(row["right"]))

    def _player(self, policy: int, seat: Seat, seed: int) -> Player:
        if policy not in self._bots:
            return CompiledPlayer(self._game, self._bank, policy, seat=seat, seed=seed)
        key = (policy, seat)
        if key not in self._processes:
            if len(self._processes) == MAX_BOT_PROCESSES:
                self._processes.popitem(last=False)[1].close()
            self._processes[key] = BotProcess(self._bots[policy], self._limits, is_cancelled=self._is_cancelled)
        self._processes.move_to_end(key)
        self._processes[key].start_match()
        return self._processes[key]


def slow_rows(rows: MatchRows, bots: Iterable[int]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return which of ``rows`` have one of ``bots`` on a seat."""
    numbers = list(bots)
    if not numbers:
        return np.zeros(len(rows), np.bool_)
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


def checked_bank(game: GameSpec, policies: Sequence[Policy]) -> Bank:
    """Return the bank of ``policies``; ``ExecutorError`` for one that does not fit the game: kernels check nothing."""
    bank = build_bank(policies)
    if bank.integers.dtype != np.int32 or bank.reals.dtype != np.float32:
        raise ExecutorError(
            f"a policy packs {bank.integers.dtype} and {bank.reals.dtype} numbers: int32 and float32 are needed"
        )
    dense, graph = int(Kind.DENSE), int(Kind.GRAPH)
    for place, (kind, at) in enumerate(bank.table[:, [KIND, INTEGERS_AT]].tolist()):
        numbers = bank.integers[at:]
        if kind == dense:
            ends = int(numbers[2]), int(numbers[2 + numbers[0]])
        elif kind == graph:
            ends = int(numbers[0]), int(numbers[2])
        else:
            continue
        if ends != (game.n_observations, game.n_actions):
            raise ExecutorError(
                f"policy {place} has {ends[0]} inputs and {ends[1]} outputs: "
                f"{game.name} has {game.n_observations} observations and {game.n_actions} actions"
            )
    return bank


def checked_rows(rows: Iterable[MatchRows], game: GameSpec, policies: int) -> Iterator[MatchRows]:
    """Yield ``rows``; ``ExecutorError`` at a match that cannot be played: kernels check nothing."""
    allowed = {"left": (0, policies - 1), "right": (0, policies - 1), "points": (1, game.max_points)}
    for part in rows:
        if part.dtype != MATCH_DTYPE or part.ndim != 1:
            raise ExecutorError(f"matches come as an array of {part.dtype}: rows of MATCH_DTYPE are needed")
        if not len(part):
            continue
        for name, (low, high) in allowed.items():
            wrong = part[(part[name] < low) | (part[name] > high)]
            if len(wrong):
                raise ExecutorError(
                    f"match {wrong[0]['match_id']} has {name} {wrong[0][name]}: {low} to {high} are allowed"
                )
        if part["seed"].min() < 0:
            raise ExecutorError(f"a match has seed {part['seed'].min()}: 0 to 2**63 - 1 are allowed")
        yield part


def first_sizes() -> dict[bool, float]:
    """Return the lengths of the first chunks, without and with Python bots."""
    return {False: float(_FIRST_CHUNK), True: 1.0}


class Chunker:
    """Cuts a stream of match rows into chunks of about ``TARGET_S`` of play, measured as it goes.

    Matches with Python bots are some thousand times slower; they make chunks of their own. ``batch_size`` is the length
    of every chunk, if it is given. ``sizes`` are what an earlier run has learned, and learn on.
    """

    def __init__(
        self,
        rows: Iterable[MatchRows],
        bots: Iterable[int],
        batch_size: int | None,
        sizes: dict[bool, float] | None = None,
    ) -> None:
        self._rows = iter(rows)
        self._bots = list(bots)
        self._batch_size = batch_size
        self._held: deque[tuple[MatchRows, bool]] = deque()
        self._size = first_sizes() if sizes is None else sizes

    def is_slow(self, chunk: MatchRows) -> bool:
        """Whether ``chunk`` is of matches with Python bots."""
        return bool(slow_rows(chunk[:1], self._bots)[0])

    def measured(self, rows: MatchRows, seconds: float) -> None:
        """Learn from a played chunk how large the next ones should be; steps of at most a factor of two."""
        slow = self.is_slow(rows)
        wanted = len(rows) * TARGET_S / max(seconds, 1e-6)
        size = min(max(wanted, self._size[slow] / 2), self._size[slow] * 2)
        self._size[slow] = min(max(size, 1.0 if slow else _FIRST_CHUNK), _LARGEST_CHUNK)

    def __iter__(self) -> Iterator[MatchRows]:
        return self

    def __next__(self) -> MatchRows:
        if not self._held and not self._pull():
            raise StopIteration
        slow = self._held[0][1]
        room = self._batch_size or int(self._size[slow])
        parts: list[MatchRows] = []
        while room and (self._held or self._pull()) and self._held[0][1] == slow:
            rows, _ = self._held.popleft()
            if len(rows) > room:
                self._held.appendleft((rows[room:], slow))
                rows = rows[:room]
            parts.append(rows)
            room -= len(rows)
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _pull(self) -> bool:
        """Hold the next rows of the stream, cut where matches with and without bots meet; False at its end."""
        for rows in self._rows:
            if len(rows):
                slow = slow_rows(rows, self._bots)
                cuts = np.flatnonzero(slow[1:] != slow[:-1]) + 1
                self._held.extend((part, self.is_slow(part)) for part in np.split(rows, cuts))
                return True
        return False
