import os

import pytest

from league.errors import SecondWriterError
from league.writer_lock import LOCK_NAME, running_writer, writer_lock
from tests.league.processes import start

HOLD = """
import sys
from pathlib import Path
from league.writer_lock import writer_lock
with writer_lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def hold(home):
    child = start(HOLD, home)
    assert child.stdout.readline() == "held\n"
    return child


def test_a_second_holder_is_told_who_the_first_is(tmp_path):
    child = hold(tmp_path)
    with pytest.raises(SecondWriterError, match=f"written by process {child.pid}:"), writer_lock(tmp_path):
        pass
    child.communicate("", timeout=120)
    with writer_lock(tmp_path):
        pass


def test_a_killed_holder_holds_nothing(tmp_path):
    (tmp_path / LOCK_NAME).write_text(" 1234567890123\n")  # of a holder long dead
    child = hold(tmp_path)
    child.kill()
    child.communicate(timeout=120)
    with writer_lock(tmp_path):
        with pytest.raises(SecondWriterError, match=f"process {os.getpid()}:"), writer_lock(tmp_path):
            pass
        with pytest.raises(SecondWriterError), writer_lock(tmp_path):  # the refused one took nothing along
            pass


def test_the_lock_is_released_after_an_error(tmp_path):
    with pytest.raises(RuntimeError), writer_lock(tmp_path):
        raise RuntimeError
    with writer_lock(tmp_path):
        pass


@pytest.mark.parametrize("content", [b"", b" ", b" \xff\xfe\n", b" not a number\n", b"\x00" * 100])
def test_an_unreadable_lock_file_still_locks(tmp_path, content):
    with writer_lock(tmp_path):
        (tmp_path / LOCK_NAME).write_bytes(content)
        with pytest.raises(SecondWriterError, match="written by another process:"), writer_lock(tmp_path):
            pass


def test_the_folder_is_made(tmp_path):
    with writer_lock(tmp_path / "new" / "home"):
        assert (tmp_path / "new" / "home" / LOCK_NAME).exists()


def test_the_running_writer_is_seen_without_taking_the_lock(tmp_path):
    assert running_writer(tmp_path) is None
    child = hold(tmp_path)
    assert running_writer(tmp_path).process_id == child.pid
    child.communicate("", timeout=120)
    assert running_writer(tmp_path) is None
    with writer_lock(tmp_path):
        assert running_writer(tmp_path).process_id == os.getpid()
    assert running_writer(tmp_path) is None


def test_a_killed_writer_is_not_running_though_its_name_is_left(tmp_path):
    child = hold(tmp_path)
    child.kill()
    child.communicate(timeout=120)
    assert str(child.pid) in (tmp_path / LOCK_NAME).read_text()
    assert running_writer(tmp_path) is None


def test_another_process_that_got_a_dead_writers_id_is_not_the_writer(tmp_path):
    with writer_lock(tmp_path):
        left_behind = (tmp_path / LOCK_NAME).read_text()
    process_id, started_s = left_behind.split()
    (tmp_path / LOCK_NAME).write_text(f" {process_id} {float(started_s) - 60}\n")
    assert running_writer(tmp_path) is None
    (tmp_path / LOCK_NAME).write_text(left_behind)
    assert running_writer(tmp_path).process_id == os.getpid()


@pytest.mark.parametrize(
    "content", [b"", b" ", b" 12", b" \xff 1.0\n", b" 1 2 3\n", b" -1 0\n", b" 1 nan\n", b" 99999999999999999999 1.0\n"]
)
def test_an_unreadable_lock_file_names_no_writer(tmp_path, content):
    (tmp_path / LOCK_NAME).write_bytes(content)
    assert running_writer(tmp_path) is None
