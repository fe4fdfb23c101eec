"""The types that cross the borders of ``game/``: what a game is, what a match is, what came of it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Court: TypeAlias = Any
"""A game's block state: a NamedTuple of arrays whose *type* selects the game's kernels (``game/contract.py``)."""

Results: TypeAlias = NDArray[np.void]
"""A structured array of ``RESULT_DTYPE``."""


class Seat(IntEnum):
    """The two places at a court; the value indexes every per-side column."""

    LEFT = 0
    RIGHT = 1


class MatchEnd(IntEnum):
    """Why a match ended."""

    POINTS = 0
    """One side reached the points to win."""
    TICK_LIMIT = 1
    """The match ran too long: the side that leads has won, equal scores are a draw."""
    FORFEIT = 2
    """A side's ``Termination`` is not OK: the other side has won; both at once are a draw."""


class Termination(IntEnum):
    """What became of one side's player in a match. Anything but OK forfeits the match."""

    OK = 0
    RAISED = 1
    NOT_A_NUMBER = 2
    ILLEGAL_ACTION = 3
    DECISION_TIMEOUT = 4
    MATCH_TIMEOUT = 5
    EXITED = 6
    NOT_LOADED = 7
    WORKER_DIED = 8

    @property
    def text(self) -> str:
        """The termination in words, for tables and messages."""
        return _TERMINATION_TEXT[self]


_TERMINATION_TEXT: Final = {
    Termination.OK: "played to the end",
    Termination.RAISED: "raised an exception",
    Termination.NOT_A_NUMBER: "answered NaN",
    Termination.ILLEGAL_ACTION: "answered an illegal action",
    Termination.DECISION_TIMEOUT: "took too long for one decision",
    Termination.MATCH_TIMEOUT: "took too long for the match",
    Termination.EXITED: "ended its process",
    Termination.NOT_LOADED: "could not be loaded",
    Termination.WORKER_DIED: "killed its worker process twice",
}


RESULT_DTYPE: Final = np.dtype(
    [
        ("match_id", np.int64),
        ("left", np.int32),  # index of the left player in the list of policies that was played
        ("right", np.int32),
        ("seed", np.int64),
        ("outcome", np.int8),  # +1 left won, 0 draw, -1 right won
        ("end", np.uint8),  # MatchEnd
        ("ticks", np.int32),
        ("rallies", np.int32),
        ("lets", np.int32),
        ("longest_rally", np.int32),  # contacts
        ("mean_rally", np.float32),  # contacts
        ("termination", np.uint8, (2,)),  # Termination of left and right; so for every pair below
        ("points", np.int32, (2,)),
        ("hits", np.int32, (2,)),
        ("misses", np.int32, (2,)),
        ("aces", np.int32, (2,)),  # points won by a serve that nobody touched
        ("distance", np.float32, (2,)),  # court units that the paddle moved
        ("reactions", np.int32, (2,)),  # approaches of the ball on which the side changed its action
        ("mean_reaction", np.float32, (2,)),  # ticks from the opponent's contact to that change
        ("mean_offset", np.float32, (2,)),  # |contact offset|, 0 centre to 1 edge
        ("mean_miss", np.float32, (2,)),  # |contact offset| where the ball was missed, more than 1; 0 without a miss
        ("state_hash", np.uint64),  # over every contact, point and serve, bit for bit
    ]
)
"""One row a match. ``state_hash`` is the replay's proof; columns of two are (left, right)."""

UNSTORED_COLUMNS: Final = ("mean_miss",)
"""Columns of ``RESULT_DTYPE`` that the league does not store: NaN in the rows that come back from it."""


@dataclass(frozen=True, slots=True)
class MatchSpec:
    """One match to play: who on which seat, on which seed, to how many points.

    ``left`` and ``right`` index the list of policies handed to the executor. ``seed`` is in [0, 2**63).
    ``match_id`` is the caller's and comes back with the result.
    """

    match_id: int
    left: int
    right: int
    seed: int
    points: int = 5


class ScriptedBot(NamedTuple):
    """A scripted bot of a game: its name, what it does, and its tunable parameters with defaults and ranges."""

    name: str
    code: int
    description: str
    parameters: tuple["BotParameter", ...]


class BotParameter(NamedTuple):
    """One tunable number of a scripted bot."""

    name: str
    default: float
    low: float
    high: float
    description: str


@dataclass(frozen=True)
class CourtShape:
    """What a picture of the court needs beside a state: lengths in court units, the origin in the middle, y upwards."""

    half_width: float
    half_height: float
    ball_radius: float
    paddle_line: float
    """Distance of both paddles' faces from the middle."""
    paddle_half: float
    """Half the height of a paddle."""
    spin_limit: float


Hindsight: TypeAlias = Callable[[NDArray[np.float32]], NDArray[np.int32]]
"""Takes what one side saw in the ticks of a match, [ticks, observations], and returns for each tick the action that would
have been right, or -1 where nothing can be said."""


@dataclass(frozen=True)
class GameSpec:
    """A game, as everything outside its own file sees it.

    A game is one module in ``game/games/`` that has a ``GAME`` of this class and overloads the kernels of
    ``game/contract.py`` for its court type. ``rule_book`` is that module's docstring.
    """

    name: str
    version: int
    title: str
    tick_s: float
    observations: tuple[str, ...]
    actions: tuple[str, ...]
    default_points: int
    max_points: int
    new_court: Callable[[], Court]
    memory_rows: int
    bots: tuple[ScriptedBot, ...]
    rule_book: str
    picture: Callable[[Court, int], dict[str, float]]
    shape: CourtShape
    hindsight: "Hindsight | None" = None
    """What would have been right, known afterwards; None where the game does not tell."""

    coverage: tuple[tuple[str, int], ...] = ()
    """The grid over which a training's coverage is counted: observations, each with the number of its cells over [-1, 1]."""

    @property
    def n_observations(self) -> int:
        """Length of an observation."""
        return len(self.observations)

    @property
    def n_actions(self) -> int:
        """Number of actions."""
        return len(self.actions)

    def bot(self, name: str) -> ScriptedBot:
        """Return the scripted bot called ``name``; ``KeyError`` if there is none."""
        return {bot.name: bot for bot in self.bots}[name]
