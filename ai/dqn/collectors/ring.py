"""The asynchronous collector: actors play on and on, and the learner takes what has arrived."""

import functools
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ai.dqn.actor import Plan
from ai.dqn.actor_process import ActorSetup, Heed, Noted, Played, PlayedArrays, Ready, Release, RingSetup
from ai.dqn.collectors.base import (
    Chunk,
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


class Ring:
    """Each group has some slots in shared memory that its worker fills and the learner releases. Mode ``ultra``.

    Who plays and who learns meet only in messages of a few hundred bytes. Of a worker that dies, the chunk it was playing is
    lost; the next one goes on from the last states that it has sent, at most about a second old.
    """

    def __init__(
        self,
        make_actor: MakeActor,
        shape: CollectShape,
        settings: ProcessSettings,
        *,
        say: Callable[[str], None],
        is_cancelled: Callable[[], bool],
    ) -> None:
        self.columns = new_columns((shape.groups, shape.rows, shape.courts), shape.n_observations)
        self.dropped = 0
        self._make_actor = make_actor
        self._shape = shape
        self._settings = replace(settings, workers=min(settings.workers, shape.groups))
        self._commits = Commits(shape.groups, self._settings.workers)
        self._held: set[tuple[int, int]] = set()
        self._arrived: list[Taken] = []
        self._jumped: set[int] = set()
        remove_stale_segments()
        rows = settings.slots * (shape.rollout_steps + 1)
        ring = new_columns((shape.groups, rows, shape.courts), shape.n_observations)
        self._shared = OwnedArrays(ring._asdict(), settings.has_room)
        if self._shared.hindrance:
            say(f"no shared memory for what the actors play ({self._shared.hindrance}): it is sent, which takes longer")
        self._ring: Columns | None = None if self._shared.views is None else self._shared.views.columns()
        self._board = PlanBoard(settings.has_room)
        try:
            self._crew = Crew(self._setup, self._settings, say=say, is_cancelled=is_cancelled)
        except BaseException:
            self._free()
            raise

    @property
    def deaths(self) -> int:
        """Actor processes that have died and were started again."""
        return self._crew.deaths

    def publish(self, plan: Plan, row: int = 0) -> None:  # noqa: ARG002  # the ring has rows of its own
        """Have actors play by ``plan`` from their next chunk on; with the first plan they begin."""
        self._board.publish(plan)
        for worker in self._crew.workers:
            self._tell(worker)

    def take(self, wait_s: float) -> list[Taken]:
        """Return what has been played, in the order in which it came, waiting at most ``wait_s`` for the first."""
        end = time.monotonic() + wait_s
        self._listen(0.0)
        while not self._arrived and (left := end - time.monotonic()) > 0.0:
            self._listen(min(left, CANCEL_CHECK_S))
        taken, self._arrived = self._arrived, []
        return [self._marked(each) for each in taken]

    def state(self) -> dict[str, NDArray[np.generic]]:
        """Return the state that every group's actor has sent last; chunks that wait in the ring are no part of it."""
        while not self._commits.is_complete:
            self._listen(CANCEL_CHECK_S)
        return self._commits.joined()

    def restore(self, state: Arrays) -> None:
        """Have the actors go back to ``state`` with their next chunk; ``TrainingError`` if it is of other groups."""
        self._commits.restore(state, self._crew.workers)
        # what is still on its way was played before, but does not continue what the learner has gone back to
        self._jumped = set(range(self._shape.groups))

    def close(self) -> None:
        """End the processes and free what is shared; calling it again does nothing."""
        self._crew.close()
        self._free()

    def _free(self) -> None:
        self._ring = None
        self._arrived.clear()
        self._shared.close()
        self._board.close()

    def _setup(self, index: int) -> ActorSetup:
        groups = share_of(index, self._settings.workers, self._shape.groups)
        held = {each: frozenset(slot for group, slot in self._held if group == each) for each in groups}
        ring = RingSetup(self._settings.slots, self._settings.full_wait_s, held)
        return ActorSetup(self._make_actor, groups, self._shape, self._shared.address, ring)

    def _listen(self, timeout_s: float) -> None:
        for worker, message in self._crew.receive(timeout_s):
            if isinstance(message, Played):
                self._crew.delivered(worker)
                self._note(message)
            elif isinstance(message, Ready):
                self._commits.greet(worker, message)
                self._tell(worker)
            elif isinstance(message, Noted):
                worker.is_awaited = False
                self._tell(worker)

    def _tell(self, worker: Worker) -> None:
        """Send what has changed of the plan, once the last change has been noted: so at most one is on its way."""
        if worker.is_ready and not worker.is_awaited and self._board.version:
            news = self._board.news(worker.known)
            if not news.is_empty:
                worker.is_awaited = True
                worker.send(Heed(news))

    def _note(self, played: Played) -> None:
        self.dropped += played.dropped
        if played.state:
            self._commits.commit(played.group, played.state)
        self._held.add((played.group, played.slot))
        chunk = self._chunk(played.group, played.slot, played.chunk)._replace(continues=played.continues)
        self._arrived.append(Taken(played.group, played.stats, chunk, played.version))

    def _marked(self, taken: Taken) -> Taken:
        """Return ``taken``; if it is the first of its group after ``restore``, its chunk continues nothing."""
        if taken.chunk is None or taken.group not in self._jumped:
            return taken
        self._jumped.remove(taken.group)
        return taken._replace(chunk=taken.chunk._replace(continues=False))

    def _chunk(self, group: int, slot: int, sent: PlayedArrays | None) -> Chunk:
        release = functools.partial(self._release, group, slot)
        if sent is not None:
            return Chunk(*sent, release)
        assert self._ring is not None  # noqa: S101  # it is open
        steps = self._shape.rollout_steps
        first = slot * (steps + 1)
        ring = self._ring
        return Chunk(
            ring.observations[group, first : first + steps + 1],
            ring.actions[group, first : first + steps],
            ring.rewards[group, first : first + steps],
            ring.flags[group, first : first + steps],
            release,
        )

    def _release(self, group: int, slot: int) -> None:
        if (group, slot) in self._held:
            self._held.remove((group, slot))
            if self._crew.workers:
                self._crew.workers[group % self._settings.workers].send(Release(group, slot))
