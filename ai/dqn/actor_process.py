"""What an actor process does: it plays the groups it was given, round by round as it is told, or into a ring on its own.

It owns nothing: its arrays are the learner's, and what it must not lose it sends with what it has played.
"""

import pickle
import time
import traceback
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ai.actor_link import ActorEnd
from ai.dqn.actor import CollectStats
from ai.dqn.collectors.base import (
    CollectShape,
    GroupActor,
    MakeActor,
    States,
    packed_state,
    unpacked_state,
)
from ai.dqn.collectors.plans import News, PlanReader
from ai.dqn.collectors.shared_arrays import WritableViews
from ai.dqn.columns import Columns, new_columns
from ai.errors import failure_reason
from ai.shared_data import ArraysAddress

_COMMIT_S: Final = 1.0
"""How often an asynchronous worker sends the state of each group: what it may fall back by when it dies."""

PlayedArrays: TypeAlias = tuple[NDArray[np.float32], NDArray[np.uint8], NDArray[np.float32], NDArray[np.uint8]]
"""Observations, actions, rewards and flags of one group's round, as it travels where there is no shared memory."""


@dataclass(frozen=True)
class RingSetup:
    """How a worker fills a ring: ``held`` are the slots of each of its groups that are not free now."""

    slots: int
    full_wait_s: float
    held: Mapping[int, frozenset[int]]


@dataclass(frozen=True)
class ActorSetup:
    """What a worker is started with. Without ``columns`` it sends what it has played."""

    make_actor: MakeActor
    groups: tuple[int, ...]
    shape: CollectShape
    columns: ArraysAddress | None
    ring: RingSetup | None = None


@dataclass(frozen=True)
class Resume:
    """Message to a worker: go back to these states."""

    states: States


@dataclass(frozen=True)
class Round:
    """Message to a worker: play one round of all its groups, at ``row``."""

    row: int
    news: News


@dataclass(frozen=True)
class Heed:
    """Message to a worker with a ring: this has changed of the plan; it is answered with ``Noted``."""

    news: News


@dataclass(frozen=True)
class Release:
    """Message to a worker with a ring: this slot of a group is free again."""

    group: int
    slot: int


@dataclass(frozen=True)
class Ready:
    """A worker's first message: its actors are there, in these states."""

    states: States


@dataclass(frozen=True)
class Noted:
    """A worker's answer to ``Heed``."""


@dataclass(frozen=True)
class Played:
    """What a worker has played of one group; ``state`` is empty where it is not committed."""

    group: int
    stats: CollectStats
    version: int
    state: bytes
    chunk: PlayedArrays | None
    slot: int = -1
    continues: bool = True
    """Whether it begins where what was sent of the group before ends."""
    dropped: int = 0
    """Chunks that the worker has dropped since it told last."""


@dataclass(frozen=True)
class RoundPlayed:
    """A worker's answer to ``Round``: its groups' results, and with them their states."""

    played: tuple[Played, ...]


@dataclass(frozen=True)
class Failed:
    """A worker's last message: why it cannot go on."""

    reason: str
    trace: str


def serve(link: ActorEnd, setup: bytes) -> None:
    """Serve until the line ends, which ends the process; what goes wrong is told."""
    try:
        its: ActorSetup = pickle.loads(setup)  # noqa: S301  # it comes from the parent process
        worker = _RoundWorker(link, its) if its.ring is None else _RingWorker(link, its, its.ring)
        worker.run()
    except OSError:  # the line has ended
        return
    except Exception as error:  # noqa: BLE001  # a worker's border: the parent decides what it means
        link.send(Failed(failure_reason(error), traceback.format_exc()))


class _Worker:
    """Holds the actors of some groups, and where they write."""

    def __init__(self, link: ActorEnd, setup: ActorSetup) -> None:
        self.link = link
        self.shape = setup.shape
        self.actors: dict[int, GroupActor] = {group: setup.make_actor(group) for group in setup.groups}
        self.reader = PlanReader()
        self._views = None if setup.columns is None else WritableViews(setup.columns)
        self.shared = None if self._views is None else self._views.columns()
        # memory of groups that are not this worker's is never touched, and so costs nothing
        rows = (setup.shape.groups, setup.shape.rollout_steps + 1, setup.shape.courts)
        self.own = new_columns(rows, setup.shape.n_observations)
        link.send(Ready({group: packed_state(actor) for group, actor in self.actors.items()}))

    def restore(self, states: States) -> None:
        for group, content in states.items():
            self.actors[group].restore(unpacked_state(content))

    def place(self, row: int) -> tuple[Columns, int]:
        """Return where a round for ``row`` of the shared columns is played."""
        return (self.own, 0) if self.shared is None else (self.shared, row)

    def own_chunk(self, group: int) -> PlayedArrays | None:
        """Return what has just been played, if it must be sent."""
        if self.shared is not None:
            return None
        steps, own = self.shape.rollout_steps, self.own
        return own.observations[group], own.actions[group, :steps], own.rewards[group, :steps], own.flags[group, :steps]


class _RoundWorker(_Worker):
    """Plays when it is told to."""

    def run(self) -> None:
        while True:
            message = self.link.receive()
            if isinstance(message, Resume):
                self.restore(message.states)
            elif isinstance(message, Round):
                self.reader.note(message.news)
                self.link.send(RoundPlayed(tuple(self._play(group, message.row) for group in self.actors)))

    def _play(self, group: int, row: int) -> Played:
        plan, version = self.reader.current()
        actor = self.actors[group]
        stats = actor.collect(plan, *self.place(row))
        return Played(group, stats, version, packed_state(actor), self.own_chunk(group))


class _RingWorker(_Worker):
    """Plays on its own, the groups in turn, as long as there is room.

    In a full ring the newest chunk is dropped, not the oldest: the learner may be reading that one, and to take it back would
    need a lock, which a killed process could hold.
    """

    def __init__(self, link: ActorEnd, setup: ActorSetup, ring: RingSetup) -> None:
        super().__init__(link, setup)
        self._full_wait_s = ring.full_wait_s
        self._free = {group: deque(sorted(set(range(ring.slots)) - ring.held[group])) for group in setup.groups}
        self._turn = deque(setup.groups)
        self._committed = dict.fromkeys(setup.groups, -_COMMIT_S)
        self._jumped = set(setup.groups)
        self._dropped = 0

    def run(self) -> None:
        while True:
            while not self.reader.is_ready:
                self._listen(None)
            self._play(*self._next_place())

    def _listen(self, timeout_s: float | None) -> None:
        """Do what messages say, waiting at most ``timeout_s`` for the first."""
        while (message := self.link.receive(timeout_s)) is not None:
            timeout_s = 0.0
            if isinstance(message, Resume):
                self.restore(message.states)
                self._jumped.update(message.states)
            elif isinstance(message, Release):
                self._free[message.group].append(message.slot)
            elif isinstance(message, Heed):
                self.reader.note(message.news)
                self.link.send(Noted())

    def _next_place(self) -> tuple[int, int]:
        """Return the next group in turn that has room, and its slot; after a wait the next in turn, and -1."""
        end = time.monotonic() + self._full_wait_s
        self._listen(0.0)
        while True:
            for _ in range(len(self._turn)):
                self._turn.rotate(-1)
                if free := self._free[self._turn[-1]]:
                    return self._turn[-1], free.popleft()
            left = end - time.monotonic()
            if left <= 0.0:
                self._turn.rotate(-1)
                return self._turn[-1], -1
            self._listen(left)

    def _play(self, group: int, slot: int) -> None:
        plan, version = self.reader.current()
        actor = self.actors[group]
        if slot < 0:
            actor.collect(plan, self.own, 0)
            self._jumped.add(group)
            self._dropped += 1
            return
        stats = actor.collect(plan, *self.place(slot * (self.shape.rollout_steps + 1)))
        state = b""
        if time.monotonic() - self._committed[group] >= _COMMIT_S:
            state, self._committed[group] = packed_state(actor), time.monotonic()
        chunk, continues = self.own_chunk(group), group not in self._jumped
        self.link.send(Played(group, stats, version, state, chunk, slot, continues, self._dropped))
        self._jumped.discard(group)
        self._dropped = 0
