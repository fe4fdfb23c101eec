"""How a player's failure travels: as a value that costs its match, never the season."""

from game.spec import Termination


class Fault(Exception):  # noqa: N818  # a player's forfeit, not a program error
    """A player cannot answer; ``termination`` says why, ``detail`` in a line what it said."""

    def __init__(self, termination: Termination, detail: str) -> None:
        super().__init__(detail)
        self.termination = termination
        self.detail = detail


class Cancelled(Exception):  # noqa: N818  # wanted by the holder of the run, not an error
    """The match that was being played is not wanted any more; it has no result."""
