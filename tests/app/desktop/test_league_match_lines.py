"""Matches as lines, and the pages of a long list of them."""

import numpy as np
import pytest

from app.desktop.league.match_lines import PAGE, MatchPages, Seats, match_lines, person_lines
from game.spec import RESULT_DTYPE, MatchEnd, Seat, Termination
from tests.league.samples import person_match

SEATS = Seats(("ann", "bob", "cid"), (1500.0, 1700.0, 1600.0), 0.1)


def rows(n=1, **values):
    made = np.zeros(n, RESULT_DTYPE)
    made["match_id"] = np.arange(n)
    for name, value in values.items():
        made[name] = value
    return made


def test_a_line_says_who_won_how_and_how_long():
    line = match_lines(rows(left=0, right=1, outcome=1, ticks=1234, longest_rally=9, points=[[5, 3]], seed=7), SEATS)[0]
    assert (line.names, line.score, line.winner(), line.end) == (("ann", "bob"), "5 : 3", 0, "points")
    assert (line.time, line.longest_rally, line.seed) == ("2:03", 9, 7)
    assert line.upset == 200.0


@pytest.mark.parametrize(("outcome", "winner"), [(-1, 1), (0, None)])
def test_a_win_of_the_stronger_and_a_draw_are_no_upsets(outcome, winner):
    line = match_lines(rows(left=0, right=1, outcome=outcome), SEATS)[0]
    assert (line.winner(), line.upset) == (winner, None)


def test_without_ratings_nothing_is_an_upset():
    assert match_lines(rows(right=1, outcome=1), Seats(("ann", "bob")))[0].upset is None


def test_a_forfeit_says_why():
    made = rows(right=1, outcome=1, end=MatchEnd.FORFEIT, termination=[[0, Termination.RAISED]])
    assert match_lines(made, SEATS)[0].end == "forfeit: raised an exception"


def test_a_persons_matches_come_newest_first_on_their_seats():
    matches = [person_match(1, id=1), person_match(-1, seat=Seat.RIGHT, id=2), person_match(1, "gone", id=3)]
    for match in matches:
        match.result["end"], match.result["points"] = MatchEnd.POINTS, (5, 1)
    lines = person_lines(matches, {"hash of ann": "ann"}, 0.1)
    assert [line.person_match for line in lines] == [3, 2, 1]
    assert [line.names for line in lines] == [("You", "a player that is gone"), ("ann", "You"), ("You", "ann")]
    assert [line.winner() for line in lines] == [0, 0, 0]


def test_a_page_is_asked_for_once_it_is_looked_at_and_the_last_look_comes_first():
    pages = MatchPages(np.arange(100_000))
    assert pages.wanted() is None
    for row in (0, 5000, 50_000, 99_999, 70_000):
        assert pages.line(row) is None
    assert pages.wanted() == 70_000 // PAGE
    pages.put(70_000 // PAGE, match_lines(rows(PAGE, right=1), SEATS))
    assert pages.line(70_000).match_id == 0
    assert pages.wanted() == 99_999 // PAGE
    assert list(pages.ids_of(499)) == list(range(99_800, 100_000))


def test_the_pages_that_were_looked_at_long_ago_are_forgotten():
    pages = MatchPages(np.arange(100 * PAGE))
    for page in range(100):
        pages.put(page, match_lines(rows(PAGE, right=1), SEATS))
    assert pages.line(0) is None
    assert pages.line(99 * PAGE) is not None


def test_a_list_that_goes_on_keeps_its_full_pages():
    pages = MatchPages(np.arange(PAGE + 10))
    pages.put(0, match_lines(rows(PAGE, right=1), SEATS))
    pages.put(1, match_lines(rows(10, right=1), SEATS))
    longer = np.arange(PAGE + 50)
    assert pages.is_begin_of(longer)
    assert not pages.is_begin_of(longer[::-1])
    grown = pages.grown(longer)
    assert grown.line(3) is not None
    assert grown.line(PAGE) is None
