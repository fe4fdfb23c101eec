import hashlib
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from game.spec import RESULT_DTYPE, UNSTORED_COLUMNS, Seat, Termination
from league.errors import (
    ConflictError,
    DuplicateMatchError,
    DuplicatePlayerError,
    StoreError,
    UnknownRowError,
)
from league.schema import STORED_RESULT_DTYPE
from league.store import FaultRow, RatingPoint, RunRow, Store
from tests.league.samples import new_season, player, results, season


class FakeClock:
    def __init__(self):
        self.now = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)

    def __call__(self):
        return self.now

    def advance(self):
        self.now += timedelta(hours=1)


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def store(tmp_path, clock):
    with Store.open(tmp_path / "league.db", clock=clock) as store:
        yield store


def run(run_id, **changes):
    fields = {"trainer": "neat", "game": "rally", "name": "first", "seed": 7, "config_json": "{}", "state": "running"}
    return RunRow(id=run_id, folder=f"runs/{run_id}", **fields | changes)


def fault(match_id, **changes):
    fields = {"seat": Seat.RIGHT, "position": 1, "termination": Termination.RAISED, "detail": "ZeroDivisionError"}
    return FaultRow(match_id=match_id, **fields | changes)


def pages(store, season_id, **options):
    return np.concatenate([np.empty(0, RESULT_DTYPE), *store.match_pages(season_id, **options)])


# Players


def test_a_player_comes_back_as_it_was_added(store):
    ann = player("ann", author="Ä. Ünlü", lineage_json='{"parent": "x"}', training_json='{"steps": 3}', notes="a\nb")
    stored = store.add_player(ann)
    assert stored.id > 0
    assert stored.created == "2031-05-06T07:08:09+00:00"
    assert store.player_by_name("ann") == stored
    assert store.player_by_hash(ann.hash) == stored
    assert stored.training_json == '{"steps": 3}'
    assert stored.author == "Ä. Ünlü"


def test_a_given_creation_time_is_kept_and_the_clock_is_read_as_utc(store, clock):
    assert store.add_player(player("ann", created="2001-01-01T00:00:00+00:00")).created.startswith("2001")
    clock.now = datetime(2031, 1, 1, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    assert store.add_player(player("bob")).created == "2030-12-31T23:30:00+00:00"


def test_players_are_listed_in_the_order_they_came_and_archived_ones_only_on_demand(store):
    _, ann, _ = (store.add_player(player(name)) for name in ("cid", "ann", "bob"))
    assert store.set_archived(ann.id, archived=True) == replace(ann, archived=True)
    assert [row.name for row in store.players()] == ["cid", "bob"]
    assert [(row.name, row.archived) for row in store.players(include_archived=True)] == [
        ("cid", False),
        ("ann", True),
        ("bob", False),
    ]
    assert store.set_archived(ann.id, archived=False) == ann
    assert [row.name for row in store.players()] == ["cid", "ann", "bob"]


def test_a_name_or_content_that_is_there_is_refused_even_if_archived(store):
    store.set_archived(store.add_player(player("ann")).id, archived=True)
    with pytest.raises(DuplicatePlayerError, match="the name 'ann' is taken"):
        store.add_player(player("ann", "other content"))
    with pytest.raises(DuplicatePlayerError, match="'bob' has the same content as 'ann'"):
        store.add_player(player("bob", "hash of ann"))
    assert len(store.players(include_archived=True)) == 1


def test_unknown_players(store):
    assert store.player_by_name("nobody") is None
    assert store.player_by_hash("nothing") is None
    for change in (
        lambda: store.set_archived(7, archived=True),
        lambda: store.set_notes(7, ""),
        lambda: store.rename_player(7, "new"),
    ):
        with pytest.raises(UnknownRowError, match="id 7"):
            change()


def test_a_player_gets_another_name_and_notes(store):
    ann, bob = store.add_player(player("ann")), store.add_player(player("bob"))
    assert store.rename_player(ann.id, "Anna") == replace(ann, name="Anna") == store.player_by_name("Anna")
    assert store.set_notes(ann.id, "left\nhanded") == replace(ann, name="Anna", notes="left\nhanded")
    assert store.rename_player(ann.id, "Anna").name == "Anna"
    store.set_archived(bob.id, archived=True)
    with pytest.raises(DuplicatePlayerError, match="the name 'bob' is taken"):
        store.rename_player(ann.id, "bob")
    assert store.player_by_hash(ann.hash).name == "Anna"
    assert store.player_by_name("ann") is None


# Seasons


def test_a_season_comes_back_with_its_players_in_position_order(store):
    ann, bob, cid = (store.add_player(player(name)) for name in ("ann", "bob", "cid"))
    stored = store.create_season(season(planned_matches=12), [cid, ann, bob])
    assert (stored.edition, stored.state, stored.seed) == (1, "running", 2**63 - 1)
    assert stored.created == stored.updated == "2031-05-06T07:08:09+00:00"
    assert store.season(stored.id) == stored
    assert store.season_players(stored.id) == [cid, ann, bob]


def test_editions_count_the_seasons_of_one_key(store):
    made = [store.create_season(season(key), []) for key in ("a", "b", "a")]
    assert [row.edition for row in made] == [1, 1, 2]
    assert store.seasons() == made
    assert store.find_season("a") == made[2]
    assert store.find_season("a", 1) == made[0]
    assert store.find_season("a", 3) is None
    assert store.find_season("c") is None
    with pytest.raises(ConflictError, match=r"seasons\.key"):
        store.create_season(season("a", edition=2), [])


def test_the_latest_season_and_the_latest_unfinished(store):
    assert store.latest_season() is None
    assert store.latest_unfinished() is None
    ids = [store.create_season(season(key), []).id for key in ("a", "b", "c")]
    store.set_season_state(ids[2], "complete")
    store.set_season_state(ids[1], "stopped")
    assert store.latest_season().id == ids[2]
    assert store.latest_unfinished().id == ids[1]


def test_setting_the_state_keeps_what_is_not_named(store, clock):
    season_id = store.create_season(season(planned_matches=4), []).id
    clock.advance()
    store.set_season_state(season_id, "paused")
    row = store.season(season_id)
    assert (row.state, row.planned_matches) == ("paused", 4)
    assert (row.created, row.updated) == ("2031-05-06T07:08:09+00:00", "2031-05-06T08:08:09+00:00")
    store.set_season_state(season_id, "complete", 6)
    assert store.season(season_id).planned_matches == 6


def test_seasons_that_cannot_be(store):
    with pytest.raises(UnknownRowError, match="season 9"):
        store.season(9)
    with pytest.raises(UnknownRowError, match="season 9"):
        store.set_season_state(9, "paused")
    with pytest.raises(UnknownRowError, match="'ghost'"):
        store.create_season(season(), [player("ghost")])
    with pytest.raises(ConflictError, match="state"):
        store.create_season(season(state="asleep"), [])
    with pytest.raises(StoreError, match=r"2\*\*63"):
        store.create_season(season(seed=2**63), [])
    assert store.seasons() == []


# Matches


def test_every_bit_of_a_match_comes_back_in_match_order(store):
    season_id, other = new_season(store), new_season(store, "other")
    rows = results(np.random.default_rng(5).permutation(1000))
    rows["state_hash"][:3] = [0, 2**63, 2**64 - 1]
    rows["mean_rally"][:5] = [np.inf, -np.inf, 1e-45, 3.4028235e38, 0.0]
    for batch in np.array_split(rows, 7):
        store.add_matches(season_id, batch)
    store.add_matches(other, results([3], seed=2))
    expected = rows[np.argsort(rows["match_id"])]
    for page in (1000, 999, 64):
        assert pages(store, season_id, page=page).tobytes() == expected.tobytes()
    assert pages(store, season_id, after=989).tobytes() == expected[990:].tobytes()
    assert [len(page) for page in store.match_pages(season_id, page=400)] == [400, 400, 200]
    assert store.match_row(season_id, 17).tobytes() == expected[17].tobytes()
    assert store.count_matches(season_id) == 1000


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
@given(bits=st.lists(st.integers(0, 2**32 - 1), min_size=2, max_size=2))
def test_any_float_comes_back_but_for_the_sign_of_zero_and_the_kind_of_nan(store, bits):
    season_id = store.create_season(season(), []).id
    rows = results([0])
    rows["distance"] = np.array(bits, np.uint32).view(np.float32)
    expected = rows["distance"] + np.float32(0)
    expected[np.isnan(expected)] = np.nan
    store.add_matches(season_id, rows)
    assert store.match_row(season_id, 0)["distance"].tobytes() == expected.tobytes()


def test_negative_zero_and_nan_are_made_one(store):
    season_id = new_season(store)
    rows = results([0])
    rows["distance"] = [[-0.0, -np.nan]]
    store.add_matches(season_id, rows)
    found = store.match_row(season_id, 0)["distance"]
    assert found.view(np.uint32).tolist() == [0, 0x7FC00000]


def test_matches_can_be_read_with_any_sqlite(store):
    season_id = new_season(store)
    rows = results([4, 5, 6])
    store.add_matches(season_id, rows)
    connection = sqlite3.connect(store.path)
    found = connection.execute(
        'SELECT match_id, pair_id, "left", ticks, hits_right, distance_left FROM matches ORDER BY match_id'
    ).fetchall()
    connection.close()
    assert found == [
        (match_id, match_id // 2, int(row["left"]), int(row["ticks"]), int(row["hits"][1]), float(row["distance"][0]))
        for match_id, row in zip((4, 5, 6), rows, strict=True)
    ]


def test_stored_match_ids_are_ascending(store):
    season_id = new_season(store)
    assert store.find_match_ids(season_id).dtype == np.int64
    assert store.find_match_ids(season_id).tolist() == []
    store.add_matches(season_id, results([9, 2**40, 0]))
    store.add_matches(season_id, results([3]))
    assert store.find_match_ids(season_id).tolist() == [0, 3, 9, 2**40]


def test_a_batch_with_a_stored_match_is_refused_whole(store):
    season_id = new_season(store)
    store.add_matches(season_id, results([0, 1]), [fault(1)])
    before = store.rows_sha256(season_id)
    with pytest.raises(DuplicateMatchError, match=f"match 1 of season {season_id}"):
        store.add_matches(season_id, results([2, 1, 3], seed=9), [fault(2)])
    assert store.rows_sha256(season_id) == before
    assert store.find_match_ids(season_id).tolist() == [0, 1]
    assert len(store.faults(season_id)) == 1


def test_a_batch_with_one_match_twice_is_refused_whole(store):
    season_id = new_season(store)
    with pytest.raises(DuplicateMatchError, match="match 5 "):
        store.add_matches(season_id, results([4, 5, 6, 5]))
    assert store.count_matches(season_id) == 0


def test_matches_and_faults_are_stored_together_or_not_at_all(store):
    season_id = new_season(store)
    with pytest.raises(ConflictError, match=r"faults\.detail"):
        store.add_matches(season_id, results([4]), [fault(4, detail=None)])
    assert store.count_matches(season_id) == 0


def test_matches_of_no_season_are_refused(store):
    with pytest.raises(UnknownRowError, match="season 8"):
        store.add_matches(8, results([0]))
    with pytest.raises(UnknownRowError, match="season 8"):
        store.add_matches(8, results([]), [fault(0)])
    with pytest.raises(UnknownRowError, match="match 0 of season 8"):
        store.match_row(8, 0)
    assert pages(store, 8).size == store.count_matches(8) == 0


def test_an_array_that_is_not_of_matches_is_refused(store):
    season_id = new_season(store)
    with pytest.raises(ValueError, match="RESULT_DTYPE"):
        store.add_matches(season_id, np.zeros(3))
    with pytest.raises(ValueError, match="2-dimensional"):
        store.add_matches(season_id, results(range(4)).reshape(2, 2))
    with pytest.raises(ValueError, match="-3 is"):
        store.add_matches(season_id, results([1, -3]))


def test_a_view_and_an_empty_batch_can_be_stored(store):
    season_id = new_season(store)
    rows = results(range(10))
    store.add_matches(season_id, rows[::3])
    store.add_matches(season_id, rows[:0])
    assert pages(store, season_id).tobytes() == rows[::3].tobytes()


def test_columns_that_are_not_stored_come_back_as_nan_and_are_not_in_the_digest(store):
    season_id, other_id = new_season(store), new_season(store, "other")
    rows = results(range(10))
    measured = rows.copy()
    for name in UNSTORED_COLUMNS:
        measured[name] = 1.5
    store.add_matches(season_id, rows)
    store.add_matches(other_id, measured)
    assert pages(store, other_id).tobytes() == rows.tobytes() != measured.tobytes()
    assert store.rows_sha256(other_id) == store.rows_sha256(season_id)


def test_the_digest_is_of_the_packed_rows_and_of_nothing_else(store, clock):
    rows = results(range(10_500))
    digests = []
    for key, order in (("a", [0, 1, 2]), ("b", [2, 0, 1])):
        season_id = new_season(store, key)
        clock.advance()
        for part in order:
            store.add_matches(season_id, rows[part * 3500 : (part + 1) * 3500])
        digests.append(store.rows_sha256(season_id))
    stored = rows[list(STORED_RESULT_DTYPE.names)].astype(STORED_RESULT_DTYPE.newbyteorder("<"))
    assert digests == [hashlib.sha256(stored.tobytes()).hexdigest()] * 2
    assert store.rows_sha256(99) == hashlib.sha256(b"").hexdigest()


def test_faults_come_back_in_match_order(store):
    season_id = new_season(store)
    late = fault(np.int64(7), termination=Termination.NOT_A_NUMBER)
    early = [fault(2), fault(2, seat=Seat.LEFT, position=0)]
    store.add_matches(season_id, results([2, 7]), [late, *early])
    found = store.faults(season_id)
    assert [(row.match_id, row.seat, row.position) for row in found] == [
        (2, Seat.LEFT, 0),
        (2, Seat.RIGHT, 1),
        (7, Seat.RIGHT, 1),
    ]
    assert found[2].termination is Termination.NOT_A_NUMBER
    assert found[2].seat is Seat.RIGHT
    assert {row.season_id for row in found} == {season_id}
    assert len({row.id for row in found}) == 3
    assert store.faults(season_id + 1) == []


def test_the_data_version_changes_with_every_commit_of_any_connection(store):
    season_id = new_season(store)
    before = store.data_version()
    assert store.data_version() == before
    store.add_matches(season_id, results([0]))
    own = store.data_version()
    assert own != before
    connection = sqlite3.connect(store.path)
    connection.execute("UPDATE seasons SET name = 'by another'")
    assert store.data_version() == own  # not yet committed
    connection.commit()
    connection.close()
    assert store.data_version() != own
    store.close()
    with pytest.raises(StoreError, match="was closed"):
        store.data_version()


def test_threads_may_share_a_store(store):
    season_id = new_season(store)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda index: store.add_matches(season_id, results([2 * index, 2 * index + 1])), range(40)))
    assert store.find_match_ids(season_id).tolist() == list(range(80))


# Ratings and runs


def test_rating_points_come_back_in_match_order_and_are_replaced(store):
    season_id = new_season(store)
    store.add_rating_points(season_id, [RatingPoint(5, 0, 1510.1), RatingPoint(1, 1, 1490.5), RatingPoint(1, 0, 1.0)])
    store.add_rating_points(season_id, [RatingPoint(np.int64(1), np.int32(0), np.float64(0.1))])
    store.add_rating_points(season_id, [])
    assert store.rating_history(season_id) == [
        RatingPoint(1, 0, 0.1),
        RatingPoint(1, 1, 1490.5),
        RatingPoint(5, 0, 1510.1),
    ]
    assert store.rating_history(season_id, 0) == [RatingPoint(1, 0, 0.1), RatingPoint(5, 0, 1510.1)]
    assert store.rating_history(season_id + 1) == []
    with pytest.raises(UnknownRowError):
        store.add_rating_points(season_id + 1, [RatingPoint(0, 0, 1.0)])


def test_a_run_is_saved_again_under_its_id(store, clock):
    first = store.save_run(run("b"))
    clock.advance()
    store.save_run(run("a"))
    second = store.save_run(run("b", state="complete", best_player_hash="abc", summary_json='{"fitness": 2}'))
    assert second == store.run("b")
    assert (second.created, second.updated) == (first.created, "2031-05-06T08:08:09+00:00")
    assert (second.state, second.best_player_hash) == ("complete", "abc")
    assert [row.id for row in store.runs()] == ["b", "a"]
    with pytest.raises(UnknownRowError, match="'z'"):
        store.run("z")


def test_a_closed_store_says_so(store):
    store.close()
    store.close()
    with pytest.raises(StoreError, match="was closed"):
        store.players()
    with pytest.raises(StoreError, match="was closed"):
        store.add_player(player("ann"))
