"""Where a league is kept, and that a file is written wholly or not at all."""

import errno
import os
import sys
from contextlib import contextmanager

import pytest

from league.errors import DiskFullError
from league.home import Home, HomeError, atomic_file, write_atomic


def test_a_home_is_made_where_it_is_asked_for(tmp_path, monkeypatch):
    home = Home.find(str(tmp_path / "a" / "b"))
    assert home.players.is_dir()
    assert home.database == tmp_path / "a" / "b" / "league.db"
    monkeypatch.setenv("RALLY_HOME", str(tmp_path / "c"))
    assert Home.find(None).folder == tmp_path / "c"


def test_a_file_is_no_home(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(HomeError, match="cannot be used"):
        Home.find(str(tmp_path / "file"))


def test_a_file_is_replaced_at_the_end(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"before")
    with atomic_file(path) as file:
        file.write(b"after")
        file.flush()
        assert path.read_bytes() == b"before"
    assert path.read_bytes() == b"after"
    assert list(tmp_path.iterdir()) == [path]


def test_folders_are_made_for_what_is_the_leagues(tmp_path):
    write_atomic(tmp_path / "a" / "b" / "file", b"content")
    assert (tmp_path / "a" / "b" / "file").read_bytes() == b"content"


def write_and_fail(path, error):
    with atomic_file(path) as file:
        file.write(b"after")
        raise error


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError, OSError(errno.EIO, "broken")], ids=repr)
def test_whatever_goes_wrong_leaves_what_was_there(tmp_path, error):
    path = tmp_path / "file"
    path.write_bytes(b"before")
    with pytest.raises(HomeError if isinstance(error, OSError) else error):
        write_and_fail(path, error)
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


@contextmanager
def small_files(size):
    """Let no file grow beyond ``size`` bytes, as on a disk that is full."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.skipif(sys.platform == "win32", reason="files have no such limit there")
def test_a_file_that_cannot_grow_leaves_nothing(tmp_path):
    """What is still in the buffer cannot be written when the file is closed either."""
    with pytest.raises(HomeError, match="cannot be written"), small_files(1000):
        write_atomic(tmp_path / "file", bytes(1500))
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told_from_other_trouble(tmp_path):
    with pytest.raises(HomeError, match="its disk is full: make room") as caught, atomic_file(tmp_path / "file"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert isinstance(caught.value, DiskFullError)
    with (
        pytest.raises(HomeError, match="cannot be written: No such file") as caught,
        atomic_file(tmp_path / "no" / "x"),
    ):
        pass
    assert not isinstance(caught.value, DiskFullError)


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(HomeError, match="it is a folder; name a file in it"):
        write_atomic(tmp_path, b"")
