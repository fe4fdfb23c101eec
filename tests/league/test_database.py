import os
import shutil
import sqlite3
import tempfile
from pathlib import Path

import numpy as np
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, insert

from league.bulk_sql import as_stored, insert_matches
from league.database import MIGRATIONS
from league.errors import (
    CorruptDatabaseError,
    DiskFullError,
    LockedDatabaseError,
    MissingDatabaseError,
    NewerDatabaseError,
    StoreError,
)
from league.schema import HEAD_REVISION, METADATA, PLAYERS, SEASONS, row_values
from league.store import Store
from tests.league.processes import output_of, start
from tests.league.samples import new_season, player, results, season


@pytest.fixture
def path(tmp_path):
    return tmp_path / "home" / "league.db"


@pytest.fixture
def filled(path):
    """A closed database with a season of 2000 matches."""
    with Store.open(path) as store:
        store.add_matches(new_season(store), results(range(2000)))
    return path


def execute(path, *statements):
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        return [connection.execute(statement).fetchall() for statement in statements][-1]
    finally:
        connection.close()


def tables_of(path):
    """Return the statement that made each table and index, by its name."""
    return dict(execute(path, "SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'alembic%' AND sql NOT NULL"))


# Schema and migrations


def test_the_head_revision_is_that_of_the_scripts():
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD_REVISION]


def test_the_migrated_schema_is_the_declared_one(filled, tmp_path):
    with Store.open(filled) as store, store._database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, METADATA) == []
    declared = create_engine(f"sqlite:///{tmp_path / 'declared.db'}")
    METADATA.create_all(declared)
    declared.dispose()
    assert tables_of(filled) == tables_of(tmp_path / "declared.db")


def test_a_file_of_the_first_revision_is_migrated_without_loss(path):
    path.parent.mkdir()
    rows = results(range(500))
    old = create_engine(f"sqlite:///{path}")
    with old.begin() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(MIGRATIONS))
        command.upgrade(config, "0001")
        for name in ("ann", "bob"):
            connection.execute(insert(PLAYERS).values(row_values(player(name))))
        connection.execute(insert(SEASONS).values(row_values(season(edition=1))))
        insert_matches(connection, 1, as_stored(rows))
    old.dispose()
    assert "person_matches" not in tables_of(path)
    with Store.open(path) as store:
        assert [row.name for row in store.players()] == ["ann", "bob"]
        assert store.season(1).name == "Spring"
        assert np.concatenate(list(store.match_pages(1))).tobytes() == rows.tobytes()
        assert store.person_matches() == []
    assert execute(path, "SELECT version_num FROM alembic_version") == [("0002",)]


def test_a_later_migration_that_fails_leaves_the_league_as_it_was(path):
    path.parent.mkdir()
    old = create_engine(f"sqlite:///{path}")
    with old.begin() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(MIGRATIONS))
        command.upgrade(config, "0001")
        connection.execute(insert(PLAYERS).values(row_values(player("ann"))))
    old.dispose()
    execute(path, "CREATE VIEW person_matches AS SELECT 1")
    with pytest.raises(StoreError, match="person_matches"):
        Store.open(path)
    assert execute(path, "SELECT version_num FROM alembic_version") == [("0001",)]
    assert execute(path, "SELECT name FROM players") == [("ann",)]
    execute(path, "DROP VIEW person_matches")
    with Store.open(path) as store:
        assert [row.name for row in store.players()] == ["ann"]


def test_the_file_is_in_wal_mode_and_references_are_checked(filled):
    assert execute(filled, "PRAGMA journal_mode") == [("wal",)]
    with Store.open(filled) as store, store._database.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 1


OPEN = """
import sys
from pathlib import Path
from league.store import Store
Store.open(Path(sys.argv[1])).close()
print("alembic" in sys.modules)
"""


def test_opening_an_up_to_date_file_does_not_load_alembic(filled):
    assert output_of(OPEN, filled) == "False"
    assert output_of(OPEN, filled.parent / "fresh.db") == "True"


def test_a_migration_that_fails_leaves_nothing(path):
    path.parent.mkdir()
    execute(path, "PRAGMA journal_mode=WAL", "CREATE VIEW runs AS SELECT 1")  # the last table to be made cannot be
    with pytest.raises(StoreError, match="runs"):
        Store.open(path)
    assert execute(path, "SELECT name FROM sqlite_master") == [("runs",)]
    execute(path, "DROP VIEW runs")
    with Store.open(path) as store:
        assert store.players() == []


def test_processes_that_create_one_file_at_once_all_succeed(path):
    script = (
        "import sys; from pathlib import Path; from league.store import Store; print('ready', flush=True); "
        "sys.stdin.readline(); store = Store.open(Path(sys.argv[1])); print(store.players()); store.close()"
    )
    children = [start(script, path) for _ in range(4)]
    for child in children:
        assert child.stdout.readline() == "ready\n"
    for child in children:
        child.stdin.write("go\n")
        child.stdin.flush()
    for child in children:
        out, err = child.communicate(timeout=120)
        assert (out.strip(), err) == ("[]", "")


def test_a_copy_that_is_not_in_wal_mode_is_put_into_it(filled, tmp_path):
    copy = tmp_path / "copy.db"
    execute(filled, f"VACUUM INTO '{copy}'")
    assert execute(copy, "PRAGMA journal_mode") == [("delete",)]
    with Store.open(copy, create=False) as store:
        assert store.count_matches(1) == 2000
    assert execute(copy, "PRAGMA journal_mode") == [("wal",)]


def test_an_empty_file_becomes_a_league(path):
    path.parent.mkdir()
    path.touch()
    with Store.open(path) as store:
        assert store.players() == []


# Files that cannot be used


def test_a_missing_file_is_only_made_on_demand(path):
    with pytest.raises(MissingDatabaseError, match=r"league\.db does not exist"):
        Store.open(path, create=False)
    assert not path.parent.exists()


def test_a_file_of_a_newer_program_is_refused_and_left_alone(filled):
    execute(filled, "UPDATE alembic_version SET version_num = 'fe12'")
    with pytest.raises(NewerDatabaseError, match=f"fe12.*{HEAD_REVISION}"):
        Store.open(filled)
    assert execute(filled, "SELECT version_num FROM alembic_version") == [("fe12",)]


@pytest.mark.parametrize("content", [b"no database" * 100, b"x"])
def test_a_file_that_is_no_database_is_refused_and_left_alone(path, content):
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(CorruptDatabaseError, match="is no SQLite database"):
        Store.open(path)
    assert path.read_bytes() == content


def test_another_programs_database_is_refused_and_left_alone(tmp_path):
    other = tmp_path / "other.db"
    execute(other, "CREATE TABLE recipes (name TEXT)")
    with pytest.raises(CorruptDatabaseError, match="recipes"):
        Store.open(other)
    assert tables_of(other) == {"recipes": "CREATE TABLE recipes (name TEXT)"}


def test_a_folder_is_no_database(tmp_path):
    with pytest.raises(StoreError, match="cannot be opened"):
        Store.open(tmp_path)


def test_a_file_in_place_of_the_folder(tmp_path):
    (tmp_path / "home").touch()
    with pytest.raises(StoreError, match="home"):
        Store.open(tmp_path / "home" / "league.db")


def test_a_file_cut_short_is_refused(filled):
    for size in (60, 3000):
        with filled.open("r+b") as file:
            file.truncate(size)
        with pytest.raises(CorruptDatabaseError):
            Store.open(filled)


def test_damage_in_the_middle_is_seen_by_the_call_that_meets_it(filled):
    with filled.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(20 * 4096)
        file.write(b"\xa5" * (size - 20 * 4096))
    with Store.open(filled) as store:
        assert len(store.players()) == 2
        with pytest.raises(CorruptDatabaseError, match="damaged"):
            list(store.match_pages(1))
        with pytest.raises(CorruptDatabaseError, match="damaged"):
            store.rows_sha256(1)
        with pytest.raises(CorruptDatabaseError, match="damaged"):
            store.add_matches(1, results([5000]))


# Calls that cannot be done now


def test_a_lock_held_too_long_is_an_error_and_readers_do_not_notice(filled):
    with Store.open(filled, busy_timeout_s=0.01) as store, Store.open(filled) as holder:
        with holder._database.writing(), pytest.raises(LockedDatabaseError):
            store.add_player(player("cid"))
        with holder._database.writing() as connection:
            connection.exec_driver_sql("DELETE FROM matches")
            assert store.count_matches(1) == 2000
            with pytest.raises(LockedDatabaseError, match="locked by another process"):
                store.add_matches(1, results([5000]))
        store.add_matches(1, results([5000]))
        assert store.find_match_ids(1).tolist() == [5000]


def test_a_full_disk_is_an_error_and_the_batch_is_taken_back(filled):
    with Store.open(filled) as store:
        before = store.rows_sha256(1)
        with store._database.reading() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count=1")  # SQLite makes it the present size
        with pytest.raises(DiskFullError, match="disk is full"):
            store.add_matches(1, results(range(2000, 12_000)))
        assert store.rows_sha256(1) == before
        with store._database.reading() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count=100000")
        store.add_matches(1, results(range(2000, 12_000)))
        assert store.count_matches(1) == 12_000


def test_an_error_of_the_caller_takes_the_transaction_back(path):
    def half_a_season(store):
        with store._database.writing() as connection:
            connection.exec_driver_sql("INSERT INTO seasons SELECT 1,'k',1,'n','{}','g',1,1,'running',NULL,'',''")
            raise RuntimeError("the caller's")

    with Store.open(path) as store:
        with pytest.raises(RuntimeError, match="caller"):
            half_a_season(store)
        assert store.seasons() == []


READ_ONLY = """
import os, sys
from pathlib import Path
from league.errors import ReadOnlyDatabaseError
from league.store import Store, writer_lock
from tests.league.samples import player, results

path = Path(sys.argv[1])
Store.open(path.parent / "first" / "league.db").close()  # loads every module while they can be read
path.parent.chmod(int(sys.argv[2], 8))
path.chmod(0o444)
if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
store = Store.open(path)
print(store.count_matches(1), [row.name for row in store.players()])
for call in (lambda: store.add_matches(1, results([5000])), lambda: store.add_player(player("cid"))):
    try:
        call()
    except ReadOnlyDatabaseError as error:
        print(error)
store.close()
try:
    with writer_lock(path.parent / "first"):
        pass
except ReadOnlyDatabaseError as error:
    print(error)
if sys.argv[2] == "555":
    try:
        Store.open(path.parent / "second" / "league.db").close()
    except ReadOnlyDatabaseError as error:
        print(error)
"""


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX permissions")
@pytest.mark.parametrize("folder_mode", ["555", "777"])
def test_a_file_that_may_only_be_read_can_be_read(filled, folder_mode):
    home = Path(tempfile.mkdtemp())  # pytest's own folders are closed to other users
    try:
        copy = shutil.copy(filled, home / "league.db")
        lines = output_of(READ_ONLY, copy, folder_mode).splitlines()
    finally:
        home.chmod(0o700)
        shutil.rmtree(home)
    assert lines[0] == "2000 ['ann', 'bob']"
    assert lines[1].startswith(f"{home / 'league.db'} can only be read")
    assert lines[2].startswith(f"{home / 'league.db'} can only be read")
    if os.geteuid() == 0:  # the folder "first" belongs to root, who is not its reader
        assert "first/league.lock cannot be locked" in lines.pop(3)
    assert len(lines) == (4 if folder_mode == "555" else 3)
    assert folder_mode == "777" or "second/league.db cannot be created" in lines[3]


# Several processes


COUNT = """
import sys
from pathlib import Path
from league.store import Store
with Store.open(Path(sys.argv[1]), create=False, busy_timeout_s=0) as store:
    print(store.count_matches(1), store.rows_sha256(1))
"""


def test_another_process_reads_the_last_commit_while_this_one_writes(filled):
    with Store.open(filled) as store:
        before = f"2000 {store.rows_sha256(1)}"
        with store._database.writing() as connection:
            connection.exec_driver_sql("DELETE FROM matches WHERE match_id < 1000")
            assert output_of(COUNT, filled) == before
        assert output_of(COUNT, filled) == f"1000 {store.rows_sha256(1)}" != before


WRITE = """
import sys
from pathlib import Path
from league.store import Store
from tests.league.samples import new_season, results
with Store.open(Path(sys.argv[1])) as store:
    season_id = new_season(store)
    for batch in range(100_000):
        store.add_matches(season_id, results(range(50 * batch, 50 * batch + 50), seed=batch))
        print(batch, flush=True)
"""


def test_a_killed_writer_loses_nothing_that_it_reported(path):
    child = start(WRITE, path)
    reported = [child.stdout.readline() for _ in range(60)]
    child.kill()
    reported += child.stdout.readlines()
    child.communicate(timeout=120)
    last = int([line for line in reported if line.endswith("\n")][-1])
    assert child.returncode != 0
    with Store.open(path) as store:
        ids = store.find_match_ids(1)
        assert len(ids) % 50 == 0
        assert ids.tolist() == list(range(len(ids)))
        assert len(ids) // 50 - (last + 1) in {0, 1}  # one may be stored and not yet reported
        for batch in (0, last):
            page = next(store.match_pages(1, page=50, after=50 * batch - 1))
            assert page.tobytes() == results(range(50 * batch, 50 * batch + 50), seed=batch).tobytes()
    assert execute(path, "PRAGMA integrity_check") == [("ok",)]


HALF = """
import sys
from pathlib import Path
from league.bulk_sql import as_stored, insert_matches
from league.store import Store
from tests.league.samples import results
with Store.open(Path(sys.argv[1])) as store, store._database.writing() as connection:
    connection.exec_driver_sql("PRAGMA cache_size=5")  # so that pages reach the file before the commit
    insert_matches(connection, 1, as_stored(results(range(5000, 9000))))
    print("inside", flush=True)
    sys.stdin.read()
"""


def test_a_writer_killed_inside_a_transaction_leaves_nothing_of_it(filled):
    with Store.open(filled) as store:
        before = store.rows_sha256(1)
        child = start(HALF, filled)
        assert child.stdout.readline() == "inside\n"
        child.kill()
        child.communicate(timeout=120)
        assert store.rows_sha256(1) == before
        store.add_matches(1, results([5000]))
        assert store.add_player(player("cid")).id > 0
    assert execute(filled, "PRAGMA integrity_check") == [("ok",)]
