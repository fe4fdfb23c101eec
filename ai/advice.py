"""What a trainer advises for a machine before a run is made: found, measured, chosen, and why.

Advice comes before the run: what it has settled is the run's configuration, and resuming goes on with the same.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from game.spec import GameSpec

if TYPE_CHECKING:  # the trainers' contract names what stands here
    from ai.trainer import Json, TrainerConfig


@dataclass(frozen=True)
class Wish:
    """What a user wants to train, and which of it is left to the advice."""

    config: "TrainerConfig"
    given: frozenset[str]
    """Fields of the configuration that the user has named: those are changed only if the machine cannot carry them."""
    workers: int | None
    """Worker processes; None: left to the advice."""
    game: GameSpec
    spare_cores: int = 0
    """Cores that somebody else needs: a window."""
    is_forced: bool = False
    """Whether the user wants what he has named also where the machine cannot carry it well."""
    is_resumed: bool = False
    """Whether the run is there already: its configuration stays as it is, but for what the machine lacks."""
    is_thorough: bool = False
    """Whether the advice itself is what is wanted: then everything is measured, also what nothing depends on."""


@dataclass(frozen=True)
class Line:
    """One thing that was found or measured, for people and as a value."""

    name: str
    text: str
    value: "Json" = None


@dataclass(frozen=True)
class Choice:
    """What one setting is going to be, and why."""

    name: str
    """A field of the configuration, or ``workers``."""
    value: "Json"
    reason: str


@dataclass(frozen=True)
class Advice:
    """How to train on this machine."""

    values: "Mapping[str, Json]"
    """Fields of the configuration in place of the wish's; of a run that is there already, only what this machine lacks."""
    workers: int
    found: tuple[Line, ...] = ()
    measured: tuple[Line, ...] = ()
    choices: tuple[Choice, ...] = ()
    summary: tuple[str, ...] = ()
    """What a run that begins says, in two or three lines."""
    warnings: tuple[str, ...] = field(default=())
    """What the machine cannot carry, a sentence each, with what becomes of it."""


Advise: TypeAlias = Callable[[Wish, Callable[[str], None]], Advice]
"""Gives advice; takes the wish, and what takes a line for people while it works.

Raises ``ai.errors.TrainingError`` with one sentence if the machine can in no way do what is wanted.
"""
