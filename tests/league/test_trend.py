"""The fitted ratings in the course of a season: the last point is the standings', those before are of fewer matches."""

import numpy as np
import pytest

from game.executors.serial import SerialExecutor
from league.config import SeasonConfig
from league.season import Season
from league.trend import pair_table, trend
from tests.league.seasons import hashes, library, open_store


@pytest.fixture
def store(tmp_path):
    with open_store(tmp_path) as store:
        yield store


@pytest.fixture
def season(tmp_path, store):
    shelf = library(tmp_path, store)
    players = shelf.players()
    season = Season.create(store, SeasonConfig(players=hashes(players), pairs=6, points=1, seed=5), "s")
    with SerialExecutor() as executor:
        assert season.run(executor, shelf.policies(season.players))
    return season


def all_rows(store, season):
    return np.concatenate(list(store.match_pages(season.row.id)))


def sorted_cells(table):
    """Return what a table counts, by the two players."""
    cells = {}
    for at, pair in enumerate(zip(table.first.tolist(), table.second.tolist(), strict=True)):
        cells[pair] = (table.counts[at].tolist(), table.single[at].tolist())
    return cells


def test_the_table_of_all_rows_is_the_seasons_own(store, season):
    ours = pair_table(all_rows(store, season), len(season.players))
    assert sorted_cells(ours) == sorted_cells(season.encounters.table())


def test_a_match_without_its_pair_counts_alone(store, season):
    rows = all_rows(store, season)
    table = pair_table(rows[:-1], len(season.players))
    assert table.single.sum() == 1
    assert 2 * table.counts.sum() == len(rows) - 2


def test_the_last_point_is_that_of_the_standings(store, season):
    *_, last = trend(store, season, 6)
    lines = season.standings(resamples=10)
    assert last.matches == len(all_rows(store, season))
    for line in lines:
        assert last.ratings[line.player] == pytest.approx(line.rating)
        assert last.low[line.player] < line.rating < last.high[line.player]


def test_anchors_hold_in_the_trend_too(tmp_path, store, season):
    anchored = SeasonConfig(**{**season.config.model_dump(), "anchors": ((season.players[0].hash, 2000.0),)})
    season.config = anchored
    *_, last = trend(store, season, 3)
    assert last.ratings[0] == pytest.approx(2000.0)


def test_points_are_of_more_and_more_matches_and_the_same_each_time(store, season):
    first, second = list(trend(store, season, 6)), list(trend(store, season, 6))
    assert len(first) >= 2
    assert [point.matches for point in first] == sorted({point.matches for point in first})
    for one, other in zip(first, second, strict=True):
        assert np.array_equal(one.ratings, other.ratings, equal_nan=True)
        assert np.array_equal(one.low, other.low, equal_nan=True)


def test_nothing_is_shown_before_all_players_can_be_compared(store, season):
    points = list(trend(store, season, 200))
    assert points[0].matches > 2
    rows = all_rows(store, season)
    for point in points:
        met = pair_table(rows[: point.matches], len(season.players))
        assert len(set(met.first.tolist()) | set(met.second.tolist())) == len(season.players)


def test_a_season_without_a_match_has_no_trend(tmp_path, store):
    shelf = library(tmp_path, store)
    season = Season.create(store, SeasonConfig(players=hashes(shelf.players()), pairs=1, seed=5), "empty")
    assert list(trend(store, season)) == []
