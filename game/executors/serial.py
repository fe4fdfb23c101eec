"""The serial executor: every match in this process, in order. The yardstick for every other executor."""

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from game.executors.base import ExecutorSettings, Matches, MatchRows, PlayedChunk, RunControl, RunState, in_order
from game.executors.chunk import Chunker, ChunkPlayer
from game.policies.bank import Policy, build_bank
from game.policies.python_bot import PythonPolicy
from game.spec import GameSpec, Results

_PAUSE_CHECK_S: Final = 0.2


class SerialExecutor:
    """Plays in the calling process."""

    def __init__(self, settings: ExecutorSettings | None = None) -> None:
        self._settings = settings or ExecutorSettings()

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
    ) -> Iterator[PlayedChunk]:
        """Play all ``rows``; see ``Executor.play``."""
        control = control or RunControl()
        bots = [i for i, policy in enumerate(policies) if isinstance(policy, PythonPolicy)]
        chunks = Chunker(rows, bots, self._settings.batch_size)
        with ChunkPlayer(game, build_bank(policies), policies, self._settings.limits) as player:
            for chunk in chunks:
                while control.state is RunState.PAUSED:
                    control.wait_while_paused(_PAUSE_CHECK_S)
                if control.state is not RunState.RUNNING:
                    return
                begin = time.perf_counter()
                played = player.play(chunk)
                chunks.measured(chunk, time.perf_counter() - begin)
                if not control.is_cancelled:  # it may have become so while the chunk was played
                    yield played

    def run(self, matches: Matches) -> Results:
        """Play ``matches``; see ``Executor.run``."""
        return in_order(matches, self.play(matches.game, matches.policies, [matches.rows]))

    def close(self) -> None:
        """Nothing is held between runs."""


EXECUTORS: Final = {"serial": SerialExecutor}
