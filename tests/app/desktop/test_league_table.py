"""The table message as values, and the words and widths of tables."""

import pytest

from app.desktop.league import standings_columns
from app.desktop.league.columns import Column, fitting, has_words, widths
from app.desktop.league.season_plan import PRESETS, planned_line, strongest
from app.desktop.league.table import read_table, with_live_ratings
from app.desktop.league.words import count, duration, percent, rate
from league.config import SeasonConfig
from tests.app.desktop.league_samples import STRENGTH, store_season, table_of
from tests.league.samples import player


@pytest.fixture
def table(home):
    return read_table(table_of(home, store_season(home)))


def test_a_table_has_everybody_the_best_first(table):
    assert [line.name for line in table.lines] == list(STRENGTH[:4])
    assert [line.rank for line in table.lines] == [1, 2, 3, 4]
    best = table.lines[0]
    assert best.low <= best.rating <= best.high
    assert best.games == best.wins + best.losses == 36
    assert table.ratings[best.position] == best.rating
    assert table.position(best.hash) == best.position
    assert table.position("nobody") is None


def test_a_cell_is_its_mirror_seen_by_the_opponent(table):
    first, second = table.order[:2]
    cell, mirror = table.cell(first, second), table.cell(second, first)
    assert (cell.wins, cell.losses) == (mirror.losses, mirror.wins)
    assert cell.score == pytest.approx(1 - mirror.score)
    assert cell.elo == pytest.approx(-mirror.elo)
    assert cell.los == pytest.approx(1 - mirror.los)
    assert table.cell(first, first) is None


def test_live_ratings_follow_the_season(table):
    live = with_live_ratings(table, [1000.0, 1001.0, 1002.0, 1003.0])
    for line in live.lines:
        assert line.live == line.trend[-1] == 1000.0 + line.position


def test_a_quick_table_claims_no_interval(home):
    message = {**table_of(home, store_season(home)), "quick": True}
    assert read_table(message).lines[0].interval == "still being added up"


def test_a_season_without_ratings_keeps_its_players(home):
    message = {**table_of(home, store_season(home)), "lines": [], "problem": "no ratings: too few"}
    table = read_table(message)
    assert {line.name for line in table.lines} == set(STRENGTH[:4])
    assert [line.live for line in table.lines] == sorted((line.live for line in table.lines), reverse=True)
    assert all(line.too_few for line in table.lines)
    assert sum(line.games for line in table.lines) == 2 * 72
    assert read_table({**message, "cells": []}).order == (0, 1, 2, 3)


def test_columns_give_way_in_their_order_and_fill_the_room():
    columns = [
        Column("a", "", 50, str, stretch=1),
        Column("b", "", 50, str, gives_way=1),
        Column("c", "", 50, str, gives_way=2),
        Column("d", "", 50, str, stretch=3),
    ]
    assert fitting(columns, 200) == {0, 1, 2, 3}
    assert fitting(columns, 199) == {0, 1, 3}
    assert fitting(columns, 10) == {0, 3}
    assert widths(columns, {0, 1, 3}, 190) == {0: 60, 1: 50, 3: 80}
    assert widths(columns, {0, 3}, 10) == {0: 50, 3: 50}


def test_the_dock_of_a_small_screen_shows_rank_name_rating_and_trend():
    shown = fitting(standings_columns.COLUMNS, 286)
    assert [standings_columns.COLUMNS[each].title for each in sorted(shown)] == ["#", "Player", "Rating", "Trend"]


def test_numbers_as_people_read_them():
    assert [duration(each) for each in (None, 0.4, 59.6, 3599, 7260, 90000)] == [
        "-",
        "0 s",
        "1 min 0 s",
        "59 min 59 s",
        "2 h 1 min",
        "1 d 1 h",
    ]
    assert [rate(each) for each in (None, 0.25, 1234.0)] == ["-", "0.2/s", "1,234/s"]
    assert [count(1, "match", "matches"), count(2000, "match", "matches")] == ["1 match", "2,000 matches"]
    assert [percent(0.0), percent(0.123), percent(1.0)] == ["0 %", "12.3 %", "100 %"]
    assert has_words("den QUI", "quick-dense")
    assert not has_words("quick graph", "quick-dense")


def test_a_plan_says_how_many_matches_and_how_long():
    config = SeasonConfig(players=("a", "b", "c"), pairs=10)
    assert planned_line(config, None) == "60 matches planned, about -"
    assert planned_line(config, 0.5) == "60 matches planned, about 2 min 0 s"
    bounded = SeasonConfig(players=("a", "b", "c"), pairs=10, sprt={})
    assert planned_line(bounded, 60.0) == "at most 60 matches planned, about 1 s"


def test_every_preset_is_a_season():
    for preset in PRESETS:
        SeasonConfig(players=("a", "b"), sprt={} if preset.has_sprt else None, **preset.values)


def test_the_strongest_are_found_and_unrated_players_come_last():
    players = [player(name) for name in "abcd"]
    ratings = {"hash of c": 1700.0, "hash of b": 1900.0}
    assert strongest(players, ratings, 3) == {"hash of b", "hash of c", "hash of a"}
