"""The executor of a season that is watched: every match is shown first, then played and handed to the season.

A match between compiled players is the same on every screen, so the window plays it by itself. A Python bot plays only
once: here, before it is shown, and what the window shows is the tape of that.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from typing import Final, TypeAlias

import numpy as np

from app.jobs.stage import Stage
from game.executors.base import ExecutorSettings, Matches, MatchRows, PlayedChunk, RunControl, RunState, in_order
from game.executors.chunk import ChunkPlayer, checked_bank, checked_rows, slow_rows
from game.fault import Cancelled
from game.policies.bank import Policy
from game.policies.python_bot import PythonPolicy
from game.spec import GameSpec, Results
from game.tape import Tape

_PAUSE_CHECK_S: Final = 0.1

Announce: TypeAlias = Callable[[np.void, Tape | None], None]
"""Tells the window to show a match, a row of ``MATCH_DTYPE``; with a tape if a Python bot plays in it."""


class ScreenExecutor:
    """Plays one match at a time, in the order it is given, each after ``stage`` says that it was shown."""

    def __init__(self, stage: Stage, announce: Announce, settings: ExecutorSettings | None = None) -> None:
        self._stage = stage
        self._announce = announce
        self._settings = settings or ExecutorSettings()

    def __enter__(self) -> "ScreenExecutor":
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
        """Play all ``rows``; see ``Executor.play``. A match that was not shown when ``control`` stops is left out."""
        control = control or RunControl()
        bank = checked_bank(game, policies)
        bots = [i for i, policy in enumerate(policies) if isinstance(policy, PythonPolicy)]
        is_cancelled = lambda: control.is_cancelled  # noqa: E731  # three words
        with ChunkPlayer(game, bank, policies, self._settings.limits, is_cancelled=is_cancelled) as player:
            for row in _single(checked_rows(rows, game, len(policies))):
                while control.state is RunState.PAUSED:
                    control.wait_while_paused(_PAUSE_CHECK_S)
                if control.state is not RunState.RUNNING:
                    return
                try:
                    played = self._play_one(player, row, control, is_slow=bool(slow_rows(row, bots)[0]))
                except Cancelled:
                    return
                if played is None:
                    return
                yield played

    def run(self, matches: Matches) -> Results:
        """Play ``matches``; see ``Executor.run``."""
        return in_order(matches, self.play(matches.game, matches.policies, [matches.rows]))

    def close(self) -> None:
        """Do nothing: what a run needs ends with it."""

    def _play_one(
        self, player: ChunkPlayer, row: MatchRows, control: RunControl, *, is_slow: bool
    ) -> PlayedChunk | None:
        """Return the played match; None if it is to be left for later."""
        match_id = int(row["match_id"][0])
        if is_slow:
            tape = Tape()
            played = player.record(row[0], tape)
            self._announce(row[0], tape)
            self._stage.wait_until_shown(match_id, control)
            return None if control.is_cancelled else played  # played is played, shown or not
        self._announce(row[0], None)
        return player.play(row) if self._stage.wait_until_shown(match_id, control) else None


def _single(rows: Iterable[MatchRows]) -> Iterator[MatchRows]:
    for part in rows:
        for place in range(len(part)):
            yield part[place : place + 1]
