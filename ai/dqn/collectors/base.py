"""What a collector is: it runs the actors of all groups, and brings what they have played."""

import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ai.dqn.actor import CollectStats, Plan
from ai.dqn.columns import Columns
from ai.errors import TrainingError
from ai.shared_data import Arrays
from game.executors.segments import has_room as segments_have_room


class GroupActor(Protocol):
    """What plays the courts of one group; see ``ai.dqn.actor.Actor``."""

    def collect(self, plan: Plan, columns: Columns, row: int) -> CollectStats:
        """Play a round and write it to this group's part of ``columns``, from ``row`` on."""
        ...

    def state(self) -> dict[str, NDArray[np.generic]]:
        """Return copies of everything that changes."""
        ...

    def restore(self, state: Arrays) -> None:
        """Go back to ``state``."""
        ...


MakeActor: TypeAlias = Callable[[int], GroupActor]
"""Makes the actor of a group; processes need one that can be pickled."""


@dataclass(frozen=True)
class CollectShape:
    """How much is collected: ``courts`` are those of one group, ``rows`` those of the learner's columns."""

    groups: int
    rows: int
    courts: int
    n_observations: int
    rollout_steps: int


@dataclass(frozen=True)
class ProcessSettings:
    """How actor processes are kept."""

    workers: int
    slots: int = 3
    """Chunks of each group that may wait for an asynchronous learner, or be with it."""
    full_wait_s: float = 5.0
    """How long an asynchronous worker waits for room in a full ring before it drops a chunk."""
    silence_s: float = 60.0
    """After so long without any answer a process is treated as dead; a busy one answers."""
    most_deaths: int = 5
    """So many deaths of one worker in a row, without anything delivered, end the run."""
    has_room: Callable[[int], bool] = segments_have_room
    """Whether so many bytes of shared memory can be had."""


class Chunk(NamedTuple):
    """One round of one group, valid until it is released."""

    observations: NDArray[np.float32]
    """[rollout_steps + 1, courts, n_observations]: the last row is what was seen after the last step."""
    actions: NDArray[np.uint8]
    """[rollout_steps, courts], as the two below."""
    rewards: NDArray[np.float32]
    flags: NDArray[np.uint8]
    release: Callable[[], None]
    """Gives the room back; calling it again does nothing."""
    continues: bool = True
    """Whether it begins where the chunk of its group that was taken before ends. If not, nothing may be learned across."""


class Taken(NamedTuple):
    """A round that one group has played."""

    group: int
    stats: CollectStats
    chunk: Chunk | None
    """Where it lies, if not in the collector's ``columns``."""
    version: int
    """Of the plan whose parameters played it: its number among those published, from 1 on."""


class Collector(Protocol):
    """Runs the actors of all groups. ``state`` and ``restore`` are asked for while no round is in flight."""

    @property
    def columns(self) -> Columns:
        """The learner's columns. Rounds are played right into them; only of the asynchronous ring the learner copies them."""
        ...

    @property
    def deaths(self) -> int:
        """Actor processes that have died and were started again, since the collector was made: no part of ``state``."""
        ...

    @property
    def dropped(self) -> int:
        """Chunks that were played and found no room, since the collector was made: no part of ``state``."""
        ...

    def publish(self, plan: Plan, row: int) -> None:
        """Start a round of every group at ``row`` of the columns; asynchronous: play by ``plan`` from now on."""
        ...

    def take(self, wait_s: float) -> list[Taken]:
        """Wait for the round, and return what each group has played, in order; asynchronous: return what is there.

        An asynchronous collector waits at most ``wait_s`` for the first chunk.

        Raises
        ------
        TrainingCancelled
            If the run was cancelled meanwhile: then nothing is left but ``close``.
        RunFailedError
            If an actor has failed, or dies again and again.
        """
        ...

    def state(self) -> dict[str, NDArray[np.generic]]:
        """Return the state of every group's actor, as ``group-0/name``."""
        ...

    def restore(self, state: Arrays) -> None:
        """Go back to ``state``; ``TrainingError`` if it is of other groups."""
        ...

    def close(self) -> None:
        """End the processes and free what is shared; calling it again does nothing."""
        ...


States: TypeAlias = dict[int, bytes]
"""Pickled states of actors by group, as they travel."""

_GROUP: Final = "group-"
_NOT_BEGUN: Final = "not_begun"
"""Stands for the state of a group that has not played, so that it is not taken for one that is lacking."""


def packed_state(actor: GroupActor) -> bytes:
    """Return the state of ``actor`` as it travels."""
    return pickle.dumps(actor.state(), pickle.HIGHEST_PROTOCOL)


def unpacked_state(content: bytes) -> Arrays:
    """Return what ``packed_state`` has packed."""
    state: Arrays = pickle.loads(content)  # noqa: S301  # packed by an actor of this very run
    return state


def joined_states(states: Mapping[int, Arrays]) -> dict[str, NDArray[np.generic]]:
    """Return the states of all groups under one name each; they may be empty."""
    nothing: Arrays = {_NOT_BEGUN: np.zeros(0, np.uint8)}
    return {f"{_GROUP}{g}/{name}": array for g in sorted(states) for name, array in (states[g] or nothing).items()}


def parted_states(state: Arrays, groups: int) -> list[dict[str, NDArray[np.generic]]]:
    """Return the state of each group, empty if it had not begun; ``TrainingError`` if there are more groups or fewer."""
    parted: list[dict[str, NDArray[np.generic]]] = [{} for _ in range(groups)]
    for name, array in state.items():
        group, _, rest = name.removeprefix(_GROUP).partition("/")
        if not group.isdecimal() or int(group) >= groups or not rest:
            raise TrainingError(
                f"the checkpoint holds '{name}', but there are {groups} groups of courts: take as many courts as it was made with"
            )
        parted[int(group)][rest] = array
    if any(parted) and not all(parted):
        missing = next(group for group in range(groups) if not parted[group])
        raise TrainingError(
            f"the checkpoint lacks group {missing} of {groups} groups of courts: take as many courts as it was made with"
        )
    return [{} if _NOT_BEGUN in its else its for its in parted]


def packed_states(state: Arrays, groups: int) -> States:
    """Return the state of each group as it travels; ``TrainingError`` if there are others among them."""
    parted = parted_states(state, groups)
    return {group: pickle.dumps(its, pickle.HIGHEST_PROTOCOL) for group, its in enumerate(parted)}
