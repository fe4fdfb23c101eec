"""The pool: who a learner can play against, players of the league and immutable snapshots with their lineage.

Source: O. Vinyals et al., "Grandmaster level in StarCraft II using multi-agent reinforcement learning", Nature 575 (2019),
Methods, "Population". Deviations: there, every snapshot stays for good. Here the pool has a size, and when it is full one
snapshot leaves: the newest stay, the hardest for the main agent stay, and the others are thinned evenly in time.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from ai.errors import TrainingError
from ai.selfplay.payoffs import PayoffRow
from ai.selfplay.roles import Role
from ai.trainer import Json, LearnerState, Opponent

PROTECTED: Final = 8
"""Snapshots that stay because they are the newest, and as many because they are the hardest; a third of a small pool."""

SMALLEST: Final = 2
"""The least size of a pool."""

_PARAMETERS: Final = "pool/parameters"
_NUMBERS: Final = "pool"
_DAMAGED: Final = "the checkpoint's pool does not fit together: resume from another one"
_HASH_SHOWN: Final = 12


@dataclass(frozen=True, eq=False, slots=True)
class Snapshot:
    """A learner as it was once; the parameters are copied and cannot be written."""

    number: int
    """Of all snapshots of the run, from 1."""
    name: str
    role: Role
    step: int
    parent: int | None
    """The number of the snapshot that it was trained on from; None for who started anew."""
    parameters: NDArray[np.float32]
    hash: str
    """Of the content of its player."""

    def __post_init__(self) -> None:
        """Make the parameters its own."""
        parameters = np.array(self.parameters, np.float32)
        parameters.setflags(write=False)
        object.__setattr__(self, "parameters", parameters)


class Ancestor(BaseModel):
    """What is remembered of every snapshot, also of those that have left."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    role: Role
    step: int
    parent: int | None
    hash: str


class Pool:
    """Fixed players, then snapshots by number; that order is the members' order everywhere."""

    def __init__(self, fixed: Sequence[Opponent], size: int) -> None:
        """``size``: the most snapshots that are kept, at least ``SMALLEST``; ``ValueError`` for less."""
        if size < SMALLEST:
            raise ValueError(f"a pool of {size} snapshots is too small: it holds at least {SMALLEST}")
        self.fixed = tuple(fixed)
        self.snapshots: tuple[Snapshot, ...] = ()
        self._size = size
        self._family: dict[int, Ancestor] = {}

    def __len__(self) -> int:
        return len(self.fixed) + len(self.snapshots)

    @property
    def names(self) -> tuple[str, ...]:
        """The members' names."""
        return (*(player.name for player in self.fixed), *(snapshot.name for snapshot in self.snapshots))

    @property
    def roles(self) -> tuple[Role | None, ...]:
        """The members' roles, None for fixed players."""
        return (*(None for _ in self.fixed), *(snapshot.role for snapshot in self.snapshots))

    @property
    def next_number(self) -> int:
        """The number of the snapshot that is added next."""
        return len(self._family) + 1

    def next_name(self, role: Role) -> str:
        """Return the name of the next snapshot of ``role``: they are counted by role, from 1."""
        return f"{role}-{1 + sum(ancestor.role is role for ancestor in self._family.values())}"

    def hash_of(self, number: int) -> str:
        """Return the content hash of a snapshot's player, also of one that has left."""
        return self._family[number].hash

    def lineage(self, number: int) -> tuple[str, ...]:
        """Return the hashes of a snapshot's ancestors, the nearest first, also of those that have left."""
        hashes: list[str] = []
        parent = self._family[number].parent
        while parent is not None:
            hashes.append(self._family[parent].hash)
            parent = self._family[parent].parent
        return tuple(hashes)

    def add(self, snapshot: Snapshot, rates: NDArray[np.float64]) -> tuple[int, ...]:
        """Add a snapshot and return the members' places, before they left, of who had to make room: none or one.

        ``rates`` are the main agent's win rates against the members, without the newcomer. Raises ``ValueError`` for a
        number, parent or shape that does not fit.
        """
        self._check(snapshot, rates)
        self._family[snapshot.number] = Ancestor(
            name=snapshot.name,
            role=snapshot.role,
            step=snapshot.step,
            parent=snapshot.parent,
            hash=snapshot.hash,
        )
        self.snapshots = (*self.snapshots, snapshot)
        if len(self.snapshots) <= self._size:
            return ()
        steps = np.array([each.step for each in self.snapshots])
        leaving = leaves(steps, np.append(rates[len(self.fixed) :], np.nan))
        self.snapshots = (*self.snapshots[:leaving], *self.snapshots[leaving + 1 :])
        return (len(self.fixed) + leaving,)

    def _check(self, snapshot: Snapshot, rates: NDArray[np.float64]) -> None:
        if snapshot.number != self.next_number:
            raise ValueError(f"snapshot {snapshot.number} is not the next one, {self.next_number}")
        if snapshot.parent is not None and snapshot.parent not in self._family:
            raise ValueError(f"snapshot {snapshot.number} has an unknown parent {snapshot.parent}")
        if rates.shape != (len(self),):
            raise ValueError(f"win rates are of shape {rates.shape}, the pool has {len(self)} members")
        if self.snapshots and snapshot.parameters.shape != self.snapshots[0].parameters.shape:
            raise ValueError(f"snapshot {snapshot.number} is of another network, {snapshot.parameters.shape}")

    def records(self, row: PayoffRow) -> list[dict[str, Json]]:
        """Return a table of the members for people; ``row`` is the main agent's."""
        rows = [_record(player.name, "fixed", player.hash) for player in self.fixed]
        for each in self.snapshots:
            parent = None if each.parent is None else self._family[each.parent].name
            rows.append({**_record(each.name, str(each.role), each.hash), "step": each.step, "parent": parent})
        for record, games, rate in zip(rows, row.games.tolist(), row.rates.tolist(), strict=True):
            record |= {"games": round(games, 1), "win_rate": round(rate, 4)}
        return rows

    def state(self) -> LearnerState:
        """Return the snapshots and the whole family, for a checkpoint."""
        parameters = [each.parameters for each in self.snapshots]
        kept = _Kept(
            fixed=[_Fixed(name=player.name, hash=player.hash) for player in self.fixed],
            family=list(self._family.values()),
            snapshots=[each.number for each in self.snapshots],
        )
        return LearnerState(
            arrays={_PARAMETERS: np.stack(parameters)} if parameters else {},
            numbers={_NUMBERS: kept.model_dump(mode="json")},
        )

    def restore(self, state: LearnerState) -> None:
        """Go back to ``state``.

        Raises
        ------
        TrainingError
            With one sentence, if it does not fit together, or a fixed player is not who it was.
        """
        try:
            kept = _Kept.model_validate(state.numbers.get(_NUMBERS))
        except ValidationError as error:
            raise TrainingError(_DAMAGED) from error
        self._check_fixed(kept.fixed)
        parameters = state.arrays.get(_PARAMETERS, np.zeros((0, 0), np.float32))
        if not _fit_together(kept, parameters, self._size):
            raise TrainingError(_DAMAGED)
        self._family = dict(enumerate(kept.family, start=1))
        self.snapshots = tuple(
            _snapshot(number, self._family[number], row.astype(np.float32))
            for number, row in zip(kept.snapshots, parameters, strict=True)
        )

    def _check_fixed(self, kept: Sequence["_Fixed"]) -> None:
        if [each.name for each in kept] != [player.name for player in self.fixed]:
            raise TrainingError("the checkpoint's opponents are others than the configuration's: start a new run")
        for before, player in zip(kept, self.fixed, strict=True):
            if before.hash != player.hash:
                raise TrainingError(
                    f"opponent '{player.name}' has changed since the checkpoint ({before.hash[:_HASH_SHOWN]}, now "
                    f"{player.hash[:_HASH_SHOWN]}): put its file back, or start a new run"
                )


class _Fixed(BaseModel):
    """Who a fixed player was."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: str
    hash: str


class _Kept(BaseModel):
    """A checkpoint's pool, but for the parameters."""

    model_config = ConfigDict(extra="forbid")

    fixed: list[_Fixed]
    family: list[Ancestor]
    snapshots: list[int]


def leaves(steps: NDArray[np.int64], rates: NDArray[np.float64]) -> int:
    """Return which of the snapshots, in the order of their numbers, has to leave a pool that has one too many.

    ``steps`` are when they were made, ``rates`` the main agent's win rates against them; NaN counts as 1/2. The newest
    stay, and the hardest, of equals the newer: ``PROTECTED`` of each, or a third of a small pool, but always the newcomer.
    Of the rest goes whose neighbours in time are nearest to each other, of equals the older. The very oldest has a
    neighbour on one side only, and goes when there is nobody else.
    """
    numbers = np.arange(len(steps))
    protected = min(PROTECTED, (len(steps) - 1) // 3)
    hardest = np.lexsort((-numbers, np.where(np.isnan(rates), 0.5, rates)))[:protected]
    rest = np.setdiff1d(numbers[: len(steps) - max(1, protected)], hardest)
    in_time = np.lexsort((numbers, steps))
    times = np.concatenate([[-np.inf], steps[in_time], [np.inf]])
    gaps = np.empty(len(steps))
    gaps[in_time] = times[2:] - times[:-2]
    return int(rest[np.argmin(gaps[rest])])


def _fit_together(kept: _Kept, parameters: NDArray[np.generic], size: int) -> bool:
    """Return whether a checkpoint can be of a pool of ``size``."""
    numbers = kept.snapshots
    return (
        parameters.dtype == np.float32
        and parameters.ndim == 2
        and len(numbers) == len(parameters) <= size
        and all(1 <= number <= len(kept.family) for number in numbers)
        and all(one < other for one, other in itertools.pairwise(numbers))
        and all(each.parent is None or 1 <= each.parent < place for place, each in enumerate(kept.family, start=1))
    )


def _snapshot(number: int, itself: Ancestor, parameters: NDArray[np.float32]) -> Snapshot:
    return Snapshot(number, itself.name, itself.role, itself.step, itself.parent, parameters, itself.hash)


def _record(name: str, role: str, content: str) -> dict[str, Json]:
    return {"name": name, "role": role, "step": None, "parent": None, "hash": content[:_HASH_SHOWN]}
