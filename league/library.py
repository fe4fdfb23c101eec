"""The players of a league: brought in from files, kept by content hash, handed out as policies."""

import difflib
import json
import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal, TypeAlias

from game.errors import GameError, PlayerFileError
from game.games import game as game_named
from game.policies.bank import Kind, Policy
from game.policies.file import MAX_NAME, PlayerFile, read_player, to_bytes
from game.policies.python_bot import PythonPolicy, read_source
from league.errors import LeagueError, StoreError
from league.home import Home, write_atomic
from league.store import PlayerRow, Store

_NAME: Final = re.compile(r"[^\W_][\w .+()#-]{0,63}")
_BOT: Final = re.compile(r"\bBot\b")
_PYTHON_SUFFIX: Final = ".py"
_FILE_SUFFIX: Final = ".safetensors"


class PlayerError(LeagueError):
    """A player cannot be imported, found or used."""


class UntrustedBotError(PlayerError):
    """A Python bot, whose code the caller did not say to trust."""


ImportState: TypeAlias = Literal["imported", "present", "untrusted", "failed"]


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What became of one file of several.

    ``player`` is the new one, or the one that had this content already (``present``; it may be archived); None
    otherwise, and ``problem`` says why in a sentence.
    """

    path: Path
    state: ImportState
    player: PlayerRow | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class PlayerFormat:
    """Files of another program that players can come from and go to; both functions raise ``LeagueError``."""

    suffix: str
    """Of such files, with its dot."""
    title: str
    read: Callable[[Path], PlayerFile]
    write: Callable[[PlayerFile], str]


class Library:
    """The players in ``store``, whose files lie in ``home``; ``formats`` are other programs' files that it takes and makes."""

    def __init__(self, home: Home, store: Store, formats: Sequence[PlayerFormat] = ()) -> None:
        self._home = home
        self._store = store
        self._formats = tuple(formats)

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
        """Bring the player in ``path`` into the league and return it; one that has lost its file gets that back.

        Raises
        ------
        PlayerError
            If it cannot be used, if its name is taken, or if it is a Python bot and ``trust_python`` is not given.
        """
        player = read_file(path, trust_python=trust_python, formats=self._formats)
        known = self._store.player_by_hash(player.hash)
        if known is not None and self._put_back(known, player):
            return known
        return self.add(player, name=name)

    def import_files(self, paths: Sequence[Path], *, trust_python: bool = False) -> list[ImportResult]:
        """Bring the players in ``paths`` into the league, each wholly or not at all; say what became of every one."""
        return [self._try_import(path, trust_python=trust_python) for path in paths]

    def _try_import(self, path: Path, *, trust_python: bool) -> ImportResult:
        try:
            player = read_file(path, trust_python=trust_python, formats=self._formats)
            known = self._store.player_by_hash(player.hash)
            if known is None:
                return ImportResult(path, "imported", self.add(player))
            self._put_back(known, player)
            return ImportResult(path, "present", known)
        except UntrustedBotError:
            problem = f"{path.name} is a Python bot, whose code runs with your rights: look at it before you trust it"
            return ImportResult(path, "untrusted", problem=problem)
        except LeagueError as error:
            return ImportResult(path, "failed", problem=str(error))

    def _put_back(self, row: PlayerRow, player: PlayerFile) -> bool:
        """Write the file of a player whose own is gone or changed; return whether it was."""
        try:
            self.read(row)
        except PlayerError:
            write_atomic(self._home.folder / row.path, to_bytes(player))
            return True
        return False

    def add(self, player: PlayerFile, *, name: str | None = None) -> PlayerRow:
        """Bring ``player`` into the league, under ``name`` if given, and return it.

        Its file is written first, and taken away again if the store refuses the player.
        """
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
        try:
            return self._store.add_player(row)
        except StoreError:
            with suppress(StoreError, OSError):
                if self._store.player_by_hash(row.hash) is None:
                    (self._home.folder / file).unlink(missing_ok=True)
            raise

    def archive(self, row: PlayerRow) -> PlayerRow:
        """Take a player out of the lists and return it; nothing is deleted, and its name stays taken."""
        return self._store.set_archived(row.id, archived=True)

    def restore(self, row: PlayerRow) -> PlayerRow:
        """Put an archived player back into the lists and return it."""
        return self._store.set_archived(row.id, archived=False)

    def rename(self, row: PlayerRow, name: str) -> PlayerRow:
        """Give a player another name and return it.

        Raises
        ------
        PlayerError
            If it cannot be called that.
        DuplicatePlayerError
            If another player, archived or not, is.
        """
        return self._store.rename_player(row.id, _checked_name(name))

    def annotate(self, row: PlayerRow, notes: str) -> PlayerRow:
        """Replace the notes on a player and return it."""
        return self._store.set_notes(row.id, notes)

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
            If the file is gone or is not what was imported, or is of another version of the game.
        """
        path = self._home.folder / row.path
        try:
            _check_version(row)
            if not path.exists():
                raise PlayerFileError(
                    f"its file {path} is gone; import that player again, which puts it back, or archive it"
                )
            if row.kind == Kind.PYTHON.name.lower():
                policy: Policy = read_source(path)
                file = PlayerFile(row.name, row.game, row.game_version, policy, row.author, created=row.created)
            else:
                file = replace(read_player(path), name=row.name)
        except GameError as error:
            raise PlayerError(f"player '{row.name}' cannot be used: {error}") from error
        if file.hash != row.hash:
            raise PlayerError(
                f"player '{row.name}' cannot be used: {path} has changed since it was imported; import the original again, "
                "which puts it back, or archive it"
            )
        return file

    def policies(self, rows: Iterable[PlayerRow]) -> tuple[Policy, ...]:
        """Return the policies of ``rows``, in their order."""
        return tuple(self.read(row).policy for row in rows)

    def export(self, row: PlayerRow, path: Path) -> None:
        """Write the file of ``row`` to ``path``, with its name in the league; by the suffix of ``path`` in another format."""
        player = self.read(row)
        chosen = _format(path, self._formats)
        write_atomic(path, to_bytes(player) if chosen is None else chosen.write(player).encode())


def read_file(path: Path, *, trust_python: bool, formats: Sequence[PlayerFormat] = ()) -> PlayerFile:
    """Return the player in ``path``, which may be of one of other ``formats``; a Python bot's code is read, not run.

    Raises
    ------
    UntrustedBotError
        If it is a Python bot and ``trust_python`` is not given.
    PlayerError
        If it cannot be used.
    """
    chosen = _format(path, formats)
    if chosen is not None:
        return chosen.read(path)
    try:
        if path.suffix != _PYTHON_SUFFIX:
            return read_player(path)
        if not trust_python:
            raise UntrustedBotError(
                f"{path} is a Python bot, whose code runs with your rights: look at it, then give --trust-python"
            )
        policy = read_source(path)
    except GameError as error:
        raise PlayerError(str(error)) from error
    if not _BOT.search(policy.source):
        raise PlayerError(f"{path} is no Python bot: it has no class Bot, which decides for the player")
    game = game_named("rally")
    return PlayerFile(path.stem, game.name, game.version, policy)


def _format(path: Path, formats: Sequence[PlayerFormat]) -> PlayerFormat | None:
    return next((each for each in formats if each.suffix == path.suffix.lower()), None)


def _check_version(row: PlayerRow) -> None:
    version = game_named(row.game).version
    if row.game_version != version:
        raise PlayerFileError(
            f"it was made for {row.game} version {row.game_version}, this program plays version {version}; archive it, and train "
            "or import another one"
        )


def _checked_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise PlayerError(
            f"a player cannot be called '{name[:MAX_NAME]}': 1 to {MAX_NAME} letters, digits and ' _.+()#-' are allowed, "
            "beginning with a letter or a digit; choose another name"
        )
    return name


def is_python(policy: Policy) -> bool:
    """Whether ``policy`` is a user's Python bot."""
    return isinstance(policy, PythonPolicy)


def default_field(players: Sequence[PlayerRow], game: str) -> list[PlayerRow]:
    """Return who plays when nobody is named: every player of ``game`` that is not archived."""
    return [player for player in players if player.game == game and not player.archived]
