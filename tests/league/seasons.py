"""Small leagues for tests: scripted players in a store of their own."""

from pathlib import Path

from game.games import game
from game.policies.bank import Policy
from game.policies.file import PlayerFile
from game.policies.scripted import ScriptedPolicy
from league.home import Home
from league.library import Library
from league.store import PlayerRow, Store

GAME = game("rally")
NAMES = ("random", "still", "tracker", "predictor", "aimer")


def library(folder: Path, store: Store) -> Library:
    """Return the library of a league in ``folder`` with the scripted bots in it."""
    found = Library(Home.find(str(folder)), store)
    for name in NAMES:
        found.add(PlayerFile(name, GAME.name, GAME.version, ScriptedPolicy.of(GAME, name)))
    return found


def open_store(folder: Path) -> Store:
    """Open the store of the league in ``folder``."""
    return Store.open(folder / "league.db")


def hashes(players: list[PlayerRow]) -> tuple[str, ...]:
    """Return the content hashes of ``players``."""
    return tuple(player.hash for player in players)


def python_bot(source: str, name: str) -> PlayerFile:
    """Return a Python bot of ``source`` as a player."""
    from game.policies.python_bot import PythonPolicy

    policy: Policy = PythonPolicy(source)
    return PlayerFile(name, GAME.name, GAME.version, policy)
