"""Rounds in processes: the same bits as in one process, for any number of them, whoever dies."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ai.dqn.actor import Plan
from ai.dqn.actor_process import ActorSetup, Played, Ready, Round, RoundPlayed
from ai.dqn.collectors.base import (
    CollectShape,
    MakeActor,
    ProcessSettings,
    Taken,
)
from ai.dqn.collectors.commits import Commits, share_of
from ai.dqn.collectors.crew import CANCEL_CHECK_S, Crew, Worker
from ai.dqn.collectors.plans import PlanBoard
from ai.dqn.collectors.shared_arrays import OwnedArrays
from ai.dqn.columns import Columns, new_columns
from ai.shared_data import Arrays
from game.executors.segments import remove_stale_segments


class Processes:
    """Worker w of n plays the groups w, w + n, ... of each round, right into the learner's columns. Mode ``parallel``.

    With what it has played, a worker sends its actors' states: if it dies, the next goes back to these and repeats the round.
    """

    dropped = 0

    def __init__(
        self,
        make_actor: MakeActor,
        shape: CollectShape,
        settings: ProcessSettings,
        *,
        say: Callable[[str], None],
        is_cancelled: Callable[[], bool],
    ) -> None:
        settings = replace(settings, workers=min(settings.workers, shape.groups))
        self._make_actor = make_actor
        self._shape = shape
        self._commits = Commits(shape.groups, settings.workers)
        self._due: set[int] = set()
        self._taken: dict[int, Taken] = {}
        self._row = 0
        remove_stale_segments()
        columns = new_columns((shape.groups, shape.rows, shape.courts), shape.n_observations)
        self._shared = OwnedArrays(columns._asdict(), settings.has_room)
        if self._shared.hindrance:
            say(f"no shared memory for what the actors play ({self._shared.hindrance}): it is sent, which takes longer")
        self._columns: Columns | None = columns if self._shared.views is None else self._shared.views.columns()
        self._board = PlanBoard(settings.has_room)
        self._workers = settings.workers
        try:
            self._crew = Crew(self._setup, settings, say=say, is_cancelled=is_cancelled)
        except BaseException:
            self._free()
            raise

    @property
    def columns(self) -> Columns:
        """The learner's columns; not to be used after ``close``."""
        assert self._columns is not None  # noqa: S101  # our bug, not the caller's input
        return self._columns

    @property
    def deaths(self) -> int:
        """Actor processes that have died and were started again."""
        return self._crew.deaths

    def publish(self, plan: Plan, row: int) -> None:
        """Start a round; the one before must have been taken."""
        assert not self._due  # noqa: S101  # our bug, not the caller's input
        self._board.publish(plan)
        self._row = row
        self._taken.clear()
        self._due = set(range(self._workers))
        for worker in self._crew.workers:
            self._tell(worker)

    def take(self, wait_s: float = 0.0) -> list[Taken]:  # noqa: ARG002  # it is there when it has been played
        """Wait for the round, and return what each group has played."""
        while self._due:
            self._listen()
        taken = [self._taken[group] for group in sorted(self._taken)]
        self._taken.clear()
        return taken

    def state(self) -> dict[str, NDArray[np.generic]]:
        """Return the state of every group's actor; no round may be in flight."""
        assert not self._due  # noqa: S101  # our bug, not the caller's input
        while not self._commits.is_complete:
            self._listen()
        return self._commits.joined()

    def restore(self, state: Arrays) -> None:
        """Go back to ``state``; ``TrainingError`` if it is of other groups."""
        assert not self._due  # noqa: S101  # our bug, not the caller's input
        self._commits.restore(state, self._crew.workers)

    def close(self) -> None:
        """End the processes and free what is shared; calling it again does nothing."""
        self._crew.close()
        self._free()

    def _free(self) -> None:
        self._columns = None
        self._shared.close()
        self._board.close()

    def _setup(self, index: int) -> ActorSetup:
        groups = share_of(index, self._workers, self._shape.groups)
        return ActorSetup(self._make_actor, groups, self._shape, self._shared.address)

    def _listen(self) -> None:
        for worker, message in self._crew.receive(CANCEL_CHECK_S):
            if isinstance(message, Ready):
                self._commits.greet(worker, message)
                self._tell(worker)
            elif isinstance(message, RoundPlayed):
                self._crew.delivered(worker)
                self._due.discard(worker.index)
                for played in message.played:
                    self._note(played)

    def _tell(self, worker: Worker) -> None:
        if worker.is_ready and worker.index in self._due:
            worker.send(Round(self._row, self._board.news(worker.known)))

    def _note(self, played: Played) -> None:
        self._commits.commit(played.group, played.state)
        self._taken[played.group] = Taken(played.group, played.stats, None, played.version)
        if played.chunk is not None:
            rows = (self._row + np.arange(self._shape.rollout_steps + 1)) % self._shape.rows
            columns: tuple[NDArray[Any], ...] = self.columns
            contents: tuple[NDArray[Any], ...] = played.chunk
            for column, content in zip(columns, contents, strict=True):
                column[played.group, rows[: len(content)]] = content
