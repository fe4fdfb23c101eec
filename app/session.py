"""One command's view of the league: its home, store and library, opened together and closed together."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.player_formats import PLAYER_FORMATS
from league.home import Home
from league.library import Library
from league.store import Store

STARTERS: Final = Path(__file__).resolve().parent.parent / "assets" / "players"
"""The players that every league begins with."""


@dataclass(frozen=True)
class League:
    """An open league."""

    home: Home
    store: Store
    library: Library


@contextmanager
def open_league(home: str | None) -> Iterator[League]:
    """Open the league at ``home``; a new one gets the starter players."""
    place = Home.find(home)
    with Store.open(place.database) as store:
        library = Library(place, store, PLAYER_FORMATS)
        if not library.players(include_archived=True):
            library.add_starters(STARTERS)
        yield League(place, store, library)
