from dataclasses import replace

import pytest

from game.policies.file import PlayerFile, to_bytes
from game.policies.python_bot import PythonPolicy
from game.policies.scripted import ScriptedPolicy
from league.errors import DuplicatePlayerError
from league.home import Home
from league.library import Library, PlayerError, PlayerFormat, UntrustedBotError, read_file
from tests.league.seasons import GAME, open_store

BOT = "class Bot:\n    def act(self, observation):\n        return 1\n"


@pytest.fixture
def store(tmp_path):
    with open_store(tmp_path / "home") as store:
        yield store


@pytest.fixture
def library(tmp_path, store):
    return Library(Home.find(str(tmp_path / "home")), store)


def file_of(name, **parameters):
    return PlayerFile(name, GAME.name, GAME.version, ScriptedPolicy.of(GAME, "tracker", **parameters))


@pytest.fixture
def drop(tmp_path):
    """A function that writes a file to be imported."""

    def write(name, content):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


def kept_files(tmp_path):
    return sorted(path.name for path in (tmp_path / "home" / "players").iterdir())


def test_a_drop_of_files_says_what_became_of_each(tmp_path, library, store, drop):
    there = library.add(file_of("there", delay=1.0))
    taken = library.add(file_of("taken", delay=2.0))
    paths = [
        drop("new.safetensors", to_bytes(file_of("new", delay=3.0))),
        drop("copy.safetensors", to_bytes(file_of("there under another name", delay=1.0))),
        drop("again.safetensors", to_bytes(file_of("new once more", delay=3.0))),
        drop("other.safetensors", to_bytes(file_of("taken", delay=4.0))),
        drop("damaged.safetensors", to_bytes(file_of("damaged", delay=5.0))[:-3]),
        drop("bot.py", BOT.encode()),
        drop("-.safetensors", to_bytes(file_of("a/b", delay=6.0))),
        tmp_path / "missing.safetensors",
        tmp_path / "home",
        drop("last.safetensors", to_bytes(file_of("last", delay=7.0))),
    ]
    found = library.import_files(paths)
    states = [
        "imported",
        "present",
        "present",
        "failed",
        "failed",
        "untrusted",
        "failed",
        "failed",
        "failed",
        "imported",
    ]
    assert [result.state for result in found] == states
    assert [result.path for result in found] == paths
    new, last = found[0].player, found[-1].player
    assert [result.player for result in found] == [new, there, new, None, None, None, None, None, None, last]
    assert [bool(result.problem) for result in found] == [result.player is None for result in found]
    assert "'taken' is taken" in found[3].problem
    assert "bot.py is a Python bot" in found[5].problem
    assert store.players() == [there, taken, new, last]
    assert kept_files(tmp_path) == sorted(f"{row.hash}.safetensors" for row in (there, taken, new, last))


def test_a_trusted_bot_is_imported(library, drop):
    (found,) = library.import_files([drop("bot.py", BOT.encode())], trust_python=True)
    assert (found.state, found.player.name, found.player.kind) == ("imported", "bot", "python")


@pytest.mark.parametrize(
    "source", ["", "x = 1\n", "class Robot:\n    pass\n"], ids=["empty", "a script", "another class"]
)
def test_python_without_a_bot_is_no_player(library, drop, store, source):
    (found,) = library.import_files([drop("bot.py", source.encode())], trust_python=True)
    assert (found.state, found.player) == ("failed", None)
    assert "it has no class Bot" in found.problem
    assert store.players() == []


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "0 bytes"),
        (bytes(17 << 20), "a player file has at most 16,777,216"),
        ((2**62).to_bytes(8, "little") + b"{}", "claims a header of 4,611,686,018,427,387,904"),
        (b"\x7fELF and more noise of a program", "cannot be used"),
    ],
    ids=["empty", "huge", "lying", "of another kind"],
)
def test_a_file_that_is_no_player_is_one_sentence(library, drop, store, content, says):
    (found,) = library.import_files([drop("x.safetensors", content)])
    assert found.state == "failed"
    assert says in found.problem
    assert "\n" not in found.problem
    assert store.players() == []


def test_a_bot_is_only_read_by_who_trusts_it(drop):
    with pytest.raises(UntrustedBotError, match="--trust-python"):
        read_file(drop("bot.py", BOT.encode()), trust_python=False)


def test_an_archived_player_is_present(library, drop):
    row = library.archive(library.add(file_of("old")))
    (found,) = library.import_files([drop("old.safetensors", to_bytes(file_of("old")))])
    assert (found.state, found.player) == ("present", row)
    assert found.player.archived


@pytest.mark.parametrize("is_one", [False, True])
@pytest.mark.parametrize("left", [None, b"", to_bytes(file_of("other", delay=9.0))], ids=["gone", "emptied", "another"])
def test_a_lost_file_is_put_back_by_its_import(tmp_path, library, drop, left, is_one):
    row = library.add(file_of("lost"))
    path = tmp_path / "home" / row.path
    path.unlink()
    if left is not None:
        path.write_bytes(left)
    with pytest.raises(PlayerError, match="player 'lost' cannot be used: "):
        library.read(row)
    kept = drop("kept.safetensors", to_bytes(file_of("kept")))
    assert library.import_file(kept) == row if is_one else library.import_files([kept])[0].player == row
    assert library.read(row).name == "lost"


def test_a_player_of_another_version_of_the_game_is_told(library):
    row = library.add(replace(file_of("old"), game_version=GAME.version + 1))
    bot = PlayerFile("old bot", GAME.name, GAME.version + 1, PythonPolicy(BOT))
    for old in (row, library.add(bot)):
        says = f"player '{old.name}' cannot be used: it was made for rally version 2, this program plays version 1; archive it"
        with pytest.raises(PlayerError, match=says):
            library.read(old)


def test_a_refused_player_leaves_no_file_and_takes_none_away(tmp_path, library):
    row = library.add(file_of("one"))
    with pytest.raises(DuplicatePlayerError, match="the name 'one' is taken"):
        library.add(file_of("one", delay=9.0))
    with pytest.raises(DuplicatePlayerError, match="same content"):
        library.add(file_of("one again"))
    assert kept_files(tmp_path) == [f"{row.hash}.safetensors"]


def test_archiving_is_undone_by_restoring_even_under_another_name(library):
    row = library.add(file_of("before"))
    library.rename(row, "after")
    assert library.archive(row).archived
    assert library.players() == []
    restored = library.restore(row)
    assert library.players() == [restored]
    assert (restored.name, restored.archived) == ("after", False)


def test_a_renamed_player_plays_and_is_exported_under_its_new_name(tmp_path, library):
    row = library.rename(library.add(file_of("before")), "after")
    assert library.read(row).name == "after"
    library.export(row, tmp_path / "out.safetensors")
    assert read_file(tmp_path / "out.safetensors", trust_python=False).name == "after"


@pytest.mark.parametrize("name", ["", "a/b", " a", "x" * 65, "a\nb"])
def test_a_name_that_cannot_be_is_refused(library, name):
    row = library.add(file_of("before"))
    with pytest.raises(PlayerError, match="a player cannot be called"):
        library.rename(row, name)
    assert library.find("before") == row


def test_notes_are_kept(library):
    row = library.annotate(library.add(file_of("noted")), "plays\nwell")
    assert library.find("noted") == row
    assert row.notes == "plays\nwell"


def test_files_of_other_programs_are_told_by_their_suffix(tmp_path, store, drop):
    def read(path):
        if not path.read_text():
            raise PlayerError(f"{path} is empty")
        return file_of(path.read_text(), delay=9.0)

    text = PlayerFormat(".txt", "text", read, lambda player: f"<{player.name}>")
    library = Library(Home.find(str(tmp_path / "home")), store, [text])
    row = library.import_file(drop("a.TXT", b"Ann"))
    assert (row.name, library.read(row).name) == ("Ann", "Ann")
    library.export(row, tmp_path / "out.txt")
    assert (tmp_path / "out.txt").read_text() == "<Ann>"
    library.export(row, tmp_path / "out.safetensors")
    assert read_file(tmp_path / "out.safetensors", trust_python=False).hash == row.hash
    (found,) = library.import_files([drop("b.txt", b"")])
    assert (found.state, found.problem) == ("failed", f"{tmp_path / 'b.txt'} is empty")
    with pytest.raises(PlayerError, match="is no"):
        read_file(drop("c.txt", b"Bob"), trust_python=False)
