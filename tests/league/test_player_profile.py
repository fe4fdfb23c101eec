"""A player over all seasons, and the live ratings as columns."""

import numpy as np
import pytest

from game.spec import Seat, Termination
from league.store import Appearance, FaultRow, RatingPoint, Record, SeasonRating, Store
from tests.league.samples import player, results, season


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path / "league.db") as store:
        yield store


def play(store, season_id, games, faults=()):
    """Store one match for each (left, right, outcome)."""
    rows = results(range(len(games)))
    rows["left"], rows["right"], rows["outcome"] = np.array(games).T
    store.add_matches(season_id, rows, faults)


@pytest.fixture
def league(store):
    """Three players in two seasons with other positions, and a third season without the first of them."""
    ann, bob, cid = (store.add_player(player(name)) for name in ("ann", "bob", "cid"))
    spring = store.create_season(season("spring"), [ann, bob, cid])
    autumn = store.create_season(season("autumn"), [cid, ann])
    winter = store.create_season(season("winter"), [bob, cid])
    fault = {"seat": Seat.LEFT, "termination": Termination.RAISED}
    play(
        store,
        spring.id,
        [(0, 1, 1), (1, 0, 1), (0, 1, 0), (2, 0, -1), (1, 2, 1)],
        [
            FaultRow(match_id=4, position=1, detail="bob's", **fault),
            FaultRow(match_id=2, position=0, detail="ann's", **fault),
        ],
    )
    play(store, autumn.id, [(1, 0, -1), (0, 1, 1)], [FaultRow(match_id=0, position=1, detail="again", **fault)])
    play(store, winter.id, [(0, 1, 1)], [FaultRow(match_id=0, position=0, detail="bob's too", **fault)])
    return (ann, bob, cid), (spring, autumn, winter)


def test_a_record_adds_up_over_seasons_seats_and_positions(store, league):
    ann, bob, cid = (row.id for row in league[0])
    assert store.player_record(ann) == [
        Record(bob, wins=1, draws=1, losses=1),
        Record(cid, wins=1, draws=0, losses=2),
    ]
    assert store.player_record(cid) == [Record(ann, 2, 0, 1), Record(bob, 0, 0, 2)]
    assert store.player_record(99) == []


def test_a_player_knows_its_seasons_and_positions(store, league):
    (ann, bob, _), (spring, autumn, winter) = league
    assert store.player_seasons(ann.id) == [Appearance(spring, 0), Appearance(autumn, 1)]
    assert store.player_seasons(bob.id) == [Appearance(spring, 1), Appearance(winter, 0)]
    assert store.player_seasons(99) == []


def test_faults_follow_the_player_and_not_the_position(store, league):
    (ann, bob, cid), (spring, autumn, _) = league
    found = store.player_faults(ann.id)
    assert [(row.season_id, row.match_id, row.detail) for row in found] == [
        (spring.id, 2, "ann's"),
        (autumn.id, 0, "again"),
    ]
    assert found[0].termination is Termination.RAISED
    assert [row.detail for row in store.player_faults(bob.id)] == ["bob's", "bob's too"]
    assert store.player_faults(cid.id) == []


def test_a_rating_history_follows_the_player(store, league):
    (ann, _, cid), (spring, autumn, _) = league
    store.add_rating_points(autumn.id, [RatingPoint(1, 1, 1480.0), RatingPoint(1, 0, 1520.0)])
    store.add_rating_points(spring.id, [RatingPoint(4, 0, 1510.0), RatingPoint(1, 0, 1505.0), RatingPoint(1, 2, 1.0)])
    assert store.player_ratings(ann.id) == [
        SeasonRating(spring.id, 1, 1505.0),
        SeasonRating(spring.id, 4, 1510.0),
        SeasonRating(autumn.id, 1, 1480.0),
    ]
    assert store.player_ratings(cid.id) == [SeasonRating(spring.id, 1, 1.0), SeasonRating(autumn.id, 1, 1520.0)]


def test_the_latest_rating_is_of_the_latest_season_that_has_one(store, league):
    (ann, bob, cid), (spring, autumn, _) = league
    assert store.latest_ratings() == {}
    store.add_rating_points(autumn.id, [RatingPoint(0, 1, 1490.0), RatingPoint(1, 1, 1480.0)])
    store.add_rating_points(spring.id, [RatingPoint(9, position, 1600.0 + position) for position in range(3)])
    store.add_rating_points(spring.id, [RatingPoint(10, 1, 1650.0)])
    assert store.latest_ratings() == {ann.hash: 1480.0, bob.hash: 1650.0, cid.hash: 1602.0}


def test_a_rating_series_carries_missing_points_forward(store, league):
    spring = league[1][0].id
    points = [(3, 0, 1.0), (3, 2, 2.0), (8, 0, 3.0), (8, 1, 4.0), (20, 2, 5.0)]
    store.add_rating_points(spring, [RatingPoint(*point) for point in points])
    series = store.rating_series(spring)
    assert series.match_ids.tolist() == [3, 8, 20]
    expected = [[1.0, np.nan, 2.0], [3.0, 4.0, 2.0], [3.0, 4.0, 5.0]]
    assert np.array_equal(series.ratings, expected, equal_nan=True)
    assert (series.match_ids.dtype, series.ratings.dtype) == (np.int64, np.float64)


def test_a_season_without_points_has_an_empty_series(store, league):
    series = store.rating_series(league[1][0].id)
    assert (series.match_ids.shape, series.ratings.shape) == ((0,), (0, 3))
    assert store.rating_series(99).ratings.shape == (0, 0)
