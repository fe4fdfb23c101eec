"""What every panel is handed, and the values that panels exchange. Nothing of the window is global."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:  # the window paints before the kernels, the store and the jobs are imported
    import numpy as np

    from app.desktop.actions import Actions
    from app.desktop.hub import Hub
    from app.desktop.jobs import JobBoard
    from app.desktop.reader import Reader
    from app.desktop.settings import Settings
    from app.desktop.theme import ThemeStore
    from app.desktop.toasts import Toasts
    from game.policies.bank import Policy
    from game.tape import Tape
    from game.timeline import LiveMatch, Timeline
    from league.home import Home

Clock: TypeAlias = Callable[[], float]
"""Seconds of a monotonic clock."""


@dataclass(frozen=True)
class Desktop:
    """The services of one window."""

    home: "Home"
    reader: "Reader"
    jobs: "JobBoard"
    hub: "Hub"
    settings: "Settings"
    theme: "ThemeStore"
    toasts: "Toasts"
    actions: "Actions"
    clock: Clock


@dataclass(frozen=True)
class Contender:
    """Who sits on one side of a match on the screen.

    ``policy`` is None for a person. ``rating`` is shown beside the name; None shows none.
    """

    name: str
    policy: "Policy | None" = None
    hash: str = ""
    rating: float | None = None

    @property
    def is_person(self) -> bool:
        """Whether a person plays here."""
        return self.policy is None


@dataclass(frozen=True)
class MatchRequest:
    """A match to be put on the screen.

    ``stored`` is the ``RESULT_DTYPE`` record that a replay has to equal. ``tape`` are the actions of a match that cannot be
    simulated again. ``season_id`` and ``match_id`` say where it comes from, a person's match has no season;
    ``is_season_live`` says that the season waits for its end. ``title`` goes above the court. ``begin_tick`` is where it
    begins to be shown.
    """

    left: Contender
    right: Contender
    seed: int
    points: int
    title: str = ""
    game: str = "rally"
    tape: "Tape | None" = None
    stored: "np.void | None" = None
    season_id: int | None = None
    match_id: int | None = None
    is_season_live: bool = False
    is_asked_for: bool = False
    """Of a season's match: the user has just asked to see the season, so it takes the screen from anything else."""
    begin_tick: int = 0
    tags: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class OnScreen:
    """The match that the arena shows now: a live handle for the network view and the inspector, to be read only."""

    request: MatchRequest
    course: "Timeline | LiveMatch"
