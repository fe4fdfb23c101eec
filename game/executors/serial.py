"""The serial executor: every match in this process, in order. The yardstick for every other executor."""

import time
from collections.abc import Generator, Iterable, Sequence
from typing import Final

from game.errors import ExecutorError
from game.executors.base import ExecutorSettings, Matches, MatchRows, PlayedChunk, RunControl, RunState, in_order
from game.executors.chunk import Chunker, ChunkPlayer, checked_bank, checked_rows
from game.fault import Cancelled
from game.policies.bank import Policy
from game.policies.python_bot import PythonPolicy
from game.spec import GameSpec, Results

_PAUSE_CHECK_S: Final = 0.2


class SerialExecutor:
    """Plays in the calling process."""

    def __init__(self, settings: ExecutorSettings | None = None) -> None:
        self._settings = settings or ExecutorSettings()
        self._is_closed = False

    def __enter__(self) -> "SerialExecutor":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def workers(self) -> int:
        """Always 1."""
        return 1

    def play(
        self, game: GameSpec, policies: Sequence[Policy], rows: Iterable[MatchRows], control: RunControl | None = None
    ) -> Generator[PlayedChunk, None, None]:
        """Play all ``rows``; see ``Executor.play``."""
        if self._is_closed:
            raise ExecutorError("this executor is closed: make a new one")
        return self._play(game, policies, rows, control or RunControl())

    def _play(
        self, game: GameSpec, policies: Sequence[Policy], rows: Iterable[MatchRows], control: RunControl
    ) -> Generator[PlayedChunk, None, None]:
        bots = [i for i, policy in enumerate(policies) if isinstance(policy, PythonPolicy)]
        chunks = Chunker(checked_rows(rows, game, len(policies)), bots, self._settings.batch_size)
        bank = checked_bank(game, policies)

        with ChunkPlayer(
            game, bank, policies, self._settings.limits, is_cancelled=lambda: control.is_cancelled
        ) as player:
            while control.state in (RunState.RUNNING, RunState.PAUSED):
                if control.state is RunState.PAUSED:
                    control.wait_while_paused(_PAUSE_CHECK_S)
                    continue
                chunk = next(chunks, None)
                if chunk is None:
                    return
                begin = time.perf_counter()
                try:
                    played = player.play(chunk)
                except Cancelled:
                    return
                chunks.measured(chunk, time.perf_counter() - begin)
                if not control.is_cancelled:  # it may have become so while the chunk was played
                    yield played

    def run(self, matches: Matches) -> Results:
        """Play ``matches``; see ``Executor.run``."""
        return in_order(matches, self.play(matches.game, matches.policies, [matches.rows]))

    def close(self) -> None:
        """Refuse further runs; nothing is held between them."""
        self._is_closed = True


EXECUTORS: Final = {"serial": SerialExecutor}
