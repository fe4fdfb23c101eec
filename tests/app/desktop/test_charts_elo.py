"""The ratings chart: live and fitted points of one season, the best players and the selected ones."""

import numpy as np
import pytest

from app.desktop.charts.elo import TOP, EloChart, Rating
from league.schema import PlayerRow
from league.store import RatingSeries


def player(number):
    return PlayerRow(
        id=number, name=f"p{number}", hash=f"{number:064x}", kind="dense", game="rally", game_version=1, path="p",
        author="", lineage_json="[]", training_json="{}", notes="", archived=False, created="",
    )  # fmt: skip


PLAYERS = [player(number) for number in range(10)]
HISTORY = RatingSeries(np.array([9, 19]), np.array([np.full(10, 1500.0), 1500.0 + np.arange(10)]))


def table(matches, season=3, **ratings):
    lines = [
        {"position": int(position[1:]), "rating": rating, "low": rating - 50, "high": rating + 50, "island": 0}
        for position, rating in ratings.items()
    ]
    return {"event": "table", "season": season, "matches": matches, "quick": False, "lines": lines}


@pytest.fixture
def chart():
    chart = EloChart()
    chart.begin(3)
    chart.set_history(PLAYERS, HISTORY)
    return chart


def curve(chart, name):
    return next(each for each in chart.model.curves if each.title == name)


def test_the_best_are_shown_best_first(chart):
    assert [each.title for each in chart.model.curves] == ["p9", "p8", "p7", "p6", "p5", "p4"]
    assert len(chart.model.curves) == TOP
    assert curve(chart, "p9").series.x.tolist() == [10.0, 20.0]


def test_without_a_fit_the_live_rating_is_shown_and_called_so(chart):
    assert chart.rating is Rating.FITTED
    assert chart.shown_rating is Rating.LIVE
    assert chart.model.frame.y.label == "Live rating (Elo)"
    assert not curve(chart, "p9").series.has_interval


def test_a_table_is_the_newest_fitted_point_with_its_interval(chart):
    chart.take_table(table(20, p9=1600.0, p8=1550.0))
    assert chart.model.frame.y.label == "Rating (Elo)"
    series = curve(chart, "p9").series
    assert (series.x[-1], series.y[-1], series.low[-1], series.high[-1]) == (20.0, 1600.0, 1550.0, 1650.0)
    assert chart.fitted_matches == 20


def test_a_trend_fills_in_what_was_before_the_table(chart):
    chart.take_table(table(20, p0=1700.0))
    for matches in (10, 20, 15):
        ratings = [1500.0 + matches] * 9 + [None]
        chart.take_trend(
            {"season": 3, "matches": matches, "ratings": ratings, "low": [*ratings[:9], None], "high": ratings}
        )
    assert curve(chart, "p0").series.x.tolist() == [10.0, 15.0, 20.0]
    assert curve(chart, "p0").series.y.tolist() == [1510.0, 1515.0, 1520.0]
    assert "p9" not in [each.title for each in chart.model.curves]


def test_tables_without_intervals_or_of_players_that_cannot_be_compared_are_left_out(chart):
    chart.take_table({**table(20, p9=1600.0), "quick": True})
    apart = table(20, p9=1600.0, p8=1500.0)
    apart["lines"][1]["island"] = 1
    chart.take_table(apart)
    assert chart.fitted_matches == 0


def test_live_points_follow_the_history(chart):
    chart.show(Rating.LIVE)
    chart.take_ratings({"season": 3, "match": 24, "ratings": [1400.0] * 9 + [1501.0]})
    chart.take_ratings({"season": 3, "match": 24, "ratings": [1400.0] * 9 + [1502.0]})
    assert curve(chart, "p9").series.x.tolist() == [10.0, 20.0, 25.0]
    assert curve(chart, "p9").series.y[-1] == 1502.0


def test_a_history_that_comes_late_keeps_newer_points(chart):
    chart.take_ratings({"season": 3, "match": 24, "ratings": [1400.0] * 9 + [1501.0]})
    chart.take_table(table(20, p9=1600.0))
    chart.set_history(PLAYERS, HISTORY)
    assert chart.fitted_matches == 20
    chart.show(Rating.LIVE)
    assert curve(chart, "p9").series.x.tolist() == [10.0, 20.0, 25.0]


def test_another_seasons_messages_change_nothing(chart):
    before = chart.model.version
    chart.take_ratings({"season": 4, "match": 24, "ratings": [1.0] * 10})
    chart.take_table(table(20, season=4, p9=1600.0))
    chart.take_trend({"season": 4, "matches": 5, "ratings": [1.0] * 10, "low": [1.0] * 10, "high": [1.0] * 10})
    assert chart.model.version == before


def test_selected_players_are_shown_beside_the_best_and_marked(chart):
    chart.select(PLAYERS[0])
    chart.select(PLAYERS[1])
    assert [each.title for each in chart.model.curves][-2:] == ["p1", "p0"]
    assert curve(chart, "p0").is_marked
    slot = curve(chart, "p9").slot
    chart.select(PLAYERS[2])
    assert {each.title for each in chart.model.curves} == {"p9", "p8", "p7", "p6", "p5", "p4", "p1", "p2"}
    assert curve(chart, "p9").slot == slot
    assert len({each.slot for each in chart.model.curves}) == 8
    chart.select(None)
    chart.select(player(77))
    assert len(chart.model.curves) == 8


def test_another_season_begins_empty(chart):
    chart.begin(5)
    assert chart.model.is_empty
    assert "Play" in chart.model.frame.hint
    chart.begin(-1)
    assert "season" in chart.model.frame.hint
