"""What one frame shows, as values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from game.spec import Seat

Place: TypeAlias = tuple[float, float]


@dataclass(frozen=True)
class Ripple:
    """Where something was touched: court coordinates, ``age`` 0 to 1, and whose paddle it was; None for a wall."""

    x: float
    y: float
    age: float
    seat: Seat | None = None


@dataclass(frozen=True)
class Sight:
    """What one player sees: a value of about [-1, 1] for each label."""

    labels: tuple[str, ...]
    values: Sequence[float]


@dataclass(frozen=True)
class Valuation:
    """What one player's network answers for each action, and the action it takes by that; None if an answer is no number.

    A bar is full where an answer is ``spread`` above the lowest one.
    """

    values: Sequence[float]
    chosen: int | None
    spread: float


@dataclass(frozen=True)
class View:
    """Everything that one frame shows.

    ``picture`` is a game's named quantities; ``between`` 0 to 1 goes from its ``old_*`` positions to the present ones.
    ``trail`` are the ball's (x, y, spin) of the ticks before, oldest first; ``turn`` the ball's angle in radians;
    ``flashes`` 1 to 0 after a seat's contact. ``path``, ``sight``, ``values`` and ``actions`` are overlays, drawn where they are
    given; of ``values`` a seat without a network has none.
    """

    picture: Mapping[str, float]
    names: tuple[str, str]
    points_to_win: int
    between: float = 1.0
    ratings: tuple[str, str] = ("", "")
    trail: Sequence[tuple[float, float, float]] = ()
    turn: float = 0.0
    flashes: tuple[float, float] = (0.0, 0.0)
    ripples: Sequence[Ripple] = ()
    path: Sequence[Place] = ()
    sight: tuple[Sight, Sight] | None = None
    values: tuple[Valuation | None, Valuation | None] = (None, None)
    actions: tuple[int, int] | None = None
    action_names: tuple[str, ...] = ("up", "stay", "down")
    message: str = ""
    is_paused: bool = False
