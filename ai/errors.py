"""The errors of ``ai/``: each says what, the value, what is allowed, and what to do."""

from game.errors import GameError
from league.errors import LeagueError


class TrainingError(LeagueError):
    """A training run cannot be started, continued or used."""


class RunFailedError(TrainingError):
    """A run that was asked for rightly cannot go on; up to the last checkpoint everything is kept."""


class TrainingCancelled(Exception):  # noqa: N818  # no error: somebody asked for it
    """The run was cancelled in the middle of a step; what that step has done is dropped."""


def failure_reason(error: Exception) -> str:
    """Return why work has failed, in one sentence; what is no expected error is called a fault of the program."""
    if isinstance(error, LeagueError | GameError):
        return str(error)
    return f"this is a fault of the program: {type(error).__name__}: {error}"
