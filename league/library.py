"""The players of a league: brought in from files, kept by content hash, handed out as policies."""

import difflib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from game.errors import GameError
from game.games import game as game_named
from game.policies.bank import Kind, Policy
from game.policies.file import MAX_NAME, PlayerFile, read_player, to_bytes
from game.policies.python_bot import PythonPolicy, read_source
from league.errors import LeagueError
from league.home import Home, write_atomic
from league.store import PlayerRow, Store

_NAME: Final = re.compile(r"[^\W_][\w .+()#-]{0,63}")
_PYTHON_SUFFIX: Final = ".py"
_FILE_SUFFIX: Final = ".safetensors"


class PlayerError(LeagueError):
    """A player cannot be imported, found or used."""


class Library:
    """The players in ``store``, whose files lie in ``home``."""

    def __init__(self, home: Home, store: Store) -> None:
        self._home = home
        self._store = store

    def players(self, *, include_archived: bool = False) -> list[PlayerRow]:
        """Return the players in the order in which they came."""
        return self._store.players(include_archived=include_archived)

    def find(self, name: str) -> PlayerRow:
        """Return the player called ``name``, or whose hash begins with it (at least 6 digits).

        Raises
        ------
        PlayerError
            If there is none; the message names the nearest.
        """
        players = self._store.players(include_archived=True)
        for player in players:
            if player.name == name:
                return player
        matching = [player for player in players if len(name) >= 6 and player.hash.startswith(name.lower())]
        if len(matching) == 1:
            return matching[0]
        names = [player.name for player in players if not player.archived]
        near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
        shown = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
        hint = f"did you mean '{near[0]}'?" if near else f"the league has {shown or 'no players: import one'}"
        raise PlayerError(f"there is no player '{name}': {hint}")

    def import_file(self, path: Path, *, name: str | None = None, trust_python: bool = False) -> PlayerRow:
        """Bring the player in ``path`` into the league and return it.

        Raises
        ------
        PlayerError
            If it cannot be used, if its name is taken, or if it is a Python bot and ``trust_python`` is not given.
        """
        return self.add(read_file(path, trust_python=trust_python), name=name)

    def add(self, player: PlayerFile, *, name: str | None = None) -> PlayerRow:
        """Bring ``player`` into the league, under ``name`` if given, and return it; its file is written first."""
        player = replace(player, name=_checked_name(name or player.name))
        suffix = _PYTHON_SUFFIX if player.policy.kind == Kind.PYTHON else _FILE_SUFFIX
        file = f"players/{player.hash}{suffix}"
        row = PlayerRow(
            name=player.name,
            hash=player.hash,
            kind=player.policy.kind.name.lower(),
            game=player.game,
            game_version=player.game_version,
            path=file,
            author=player.author,
            lineage_json=json.dumps(player.lineage),
            training_json=json.dumps(dict(player.training), sort_keys=True),
            created=player.created,
        )
        if self._store.player_by_hash(player.hash) is None:
            write_atomic(self._home.folder / file, to_bytes(player))
        return self._store.add_player(row)

    def add_starters(self, folder: Path) -> list[PlayerRow]:
        """Bring in the player files of ``folder`` that the league does not have, by content or by name; return them."""
        known = self._store.players(include_archived=True)
        hashes, names = {player.hash for player in known}, {player.name for player in known}
        starters = [read_player(path) for path in sorted(folder.glob(f"*{_FILE_SUFFIX}"))]
        fresh = [player for player in starters if player.hash not in hashes and player.name not in names]
        return [self.add(player) for player in fresh]

    def read(self, row: PlayerRow) -> PlayerFile:
        """Return what ``row`` plays, from its file in the league's folder.

        Raises
        ------
        PlayerError
            If the file is gone or is not what was imported.
        """
        path = self._home.folder / row.path
        try:
            if row.kind == Kind.PYTHON.name.lower():
                policy: Policy = read_source(path)
                file = PlayerFile(row.name, row.game, row.game_version, policy, row.author, created=row.created)
            else:
                file = replace(read_player(path), name=row.name)
        except GameError as error:
            raise PlayerError(f"player '{row.name}' cannot be used: {error}") from error
        if file.hash != row.hash:
            raise PlayerError(
                f"player '{row.name}' cannot be used: {path} has changed since it was imported; "
                "archive it and import the file again under another name"
            )
        return file

    def policies(self, rows: Iterable[PlayerRow]) -> tuple[Policy, ...]:
        """Return the policies of ``rows``, in their order."""
        return tuple(self.read(row).policy for row in rows)

    def export(self, row: PlayerRow, path: Path) -> None:
        """Write the file of ``row`` to ``path``, with its name in the league."""
        write_atomic(path, to_bytes(self.read(row)))


def read_file(path: Path, *, trust_python: bool) -> PlayerFile:
    """Return the player in ``path``; a Python bot's code is read, not run.

    Raises
    ------
    PlayerError
        If it cannot be used, or if it is a Python bot and ``trust_python`` is not given.
    """
    try:
        if path.suffix != _PYTHON_SUFFIX:
            return read_player(path)
        if not trust_python:
            raise PlayerError(
                f"{path} is a Python bot, whose code runs with your rights: look at it, then give --trust-python"
            )
        policy = read_source(path)
    except GameError as error:
        raise PlayerError(str(error)) from error
    game = game_named("rally")
    return PlayerFile(path.stem, game.name, game.version, policy)


def _checked_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise PlayerError(
            f"a player cannot be called '{name[:MAX_NAME]}': 1 to {MAX_NAME} letters, digits and ' _.+()#-' are allowed, "
            "beginning with a letter or a digit; give another one with --name"
        )
    return name


def is_python(policy: Policy) -> bool:
    """Whether ``policy`` is a user's Python bot."""
    return isinstance(policy, PythonPolicy)


def default_field(players: Sequence[PlayerRow], game: str) -> list[PlayerRow]:
    """Return who plays when nobody is named: every player of ``game`` that is not archived."""
    return [player for player in players if player.game == game and not player.archived]
