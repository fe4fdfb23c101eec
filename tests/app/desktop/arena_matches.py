"""Matches for the tests of arena and wall."""

from app.desktop.arena.casting import match_of
from app.desktop.context import MatchRequest
from app.session import open_league
from league.home import Home


def request_of(home: Home, left: str = "predictor", right: str = "tracker", *, seed: int = 7, points: int = 2):
    """Return a match of two starter players on a given seed."""
    with open_league(str(home.folder)) as league:
        rows = [league.library.find(name) for name in (left, right)]
        made: MatchRequest = match_of(league, *rows, lambda _below: seed, points=points)
        return made
