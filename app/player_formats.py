"""The files of other programs that players come from and go to."""

from pathlib import Path
from typing import Final

from game.games import game as game_named
from game.policies.file import PlayerFile
from league.library import PlayerFormat


def _read_network(path: Path) -> PlayerFile:
    from ai.neat.interchange import player_from_json  # listing players must not wait for it
    from app.tournament import DEFAULT_GAME  # which imports the session, and that this

    return player_from_json(path, game_named(DEFAULT_GAME))


def _write_network(player: PlayerFile) -> str:
    from ai.neat.interchange import player_to_json

    return player_to_json(player)


PLAYER_FORMATS: Final = (PlayerFormat(".json", "neat-python network", _read_network, _write_network),)
