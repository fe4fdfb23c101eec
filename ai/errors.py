"""The errors of ``ai/``: each says what, the value, what is allowed, and what to do."""

from league.errors import LeagueError


class TrainingError(LeagueError):
    """A training run cannot be started, continued or used."""


class TrainingCancelled(Exception):  # noqa: N818  # no error: somebody asked for it
    """The run was cancelled in the middle of a step; what that step has done is dropped."""
