"""The match list against a plain-Python filter over all rows."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from game.spec import RESULT_DTYPE, MatchEnd, Termination
from league.errors import UnknownRowError
from league.match_filter import MatchFilter, MatchOrder, upset_sizes
from league.store import Store
from tests.league.samples import new_season, player, results, season

PLAYERS = 4
RATINGS = (1700.0, 1400.0, 1500.0, 1250.5)


def made_up_rows(n, seed=3):
    """Return matches of ``PLAYERS`` players with every combination of what a filter asks for, in mixed order."""
    rng = np.random.default_rng(seed)
    rows = results(rng.permutation(5 * n)[:n])
    rows["left"] = rng.integers(0, PLAYERS, n)
    rows["right"] = (rows["left"] + rng.integers(1, PLAYERS, n)) % PLAYERS
    rows["outcome"] = rng.integers(-1, 2, n)
    rows["end"] = rng.integers(0, 3, n)
    rows["termination"] = rng.choice([0, 0, 0, 1, 8], (n, 2))
    rows["ticks"] = rng.integers(0, 40, n)
    rows["longest_rally"] = rng.integers(0, 20, n)
    return rows


ROWS = made_up_rows(600)


@pytest.fixture(scope="module")
def league(tmp_path_factory):
    """A store, and the id of its season of ``ROWS``; another season lies before it."""
    with Store.open(tmp_path_factory.mktemp("home") / "league.db") as store:
        store.add_matches(new_season(store, "other"), made_up_rows(50, seed=4))
        players = [store.add_player(player(f"p{index}")) for index in range(PLAYERS)]
        season_id = store.create_season(season("this"), players).id
        store.add_matches(season_id, ROWS)
        yield store, season_id


def upset(row):
    return float(row["outcome"]) * (RATINGS[row["right"]] - RATINGS[row["left"]])


def is_wanted(row, wanted):
    """The filter's docstring, once more and row by row."""
    sides = {int(row["left"]): 1, int(row["right"]): -1}
    checks = [
        wanted.player is None or wanted.player in sides,
        wanted.opponent is None or (wanted.opponent in sides and wanted.opponent != wanted.player),
        wanted.end is None or row["end"] == wanted.end,
        not wanted.faults_only or row["termination"].any(),
        wanted.termination is None or wanted.termination in row["termination"].tolist(),
        wanted.upset_by is None or (row["outcome"] != 0 and upset(row) >= wanted.upset_by),
        wanted.min_ticks is None or row["ticks"] >= wanted.min_ticks,
        wanted.max_ticks is None or row["ticks"] <= wanted.max_ticks,
        wanted.min_longest_rally is None or row["longest_rally"] >= wanted.min_longest_rally,
        wanted.max_longest_rally is None or row["longest_rally"] <= wanted.max_longest_rally,
    ]
    if wanted.outcome is not None and all(checks):
        own = int(row["outcome"]) * sides.get(wanted.player, 1)
        checks.append(own == {"won": 1, "drawn": 0, "lost": -1}[wanted.outcome])
    return all(checks)


def expected_ids(wanted, order):
    key = {
        "match": lambda row: int(row["match_id"]),
        "ticks": lambda row: int(row["ticks"]),
        "longest_rally": lambda row: int(row["longest_rally"]),
        "upset": upset,
    }[order.key]
    sign = -1 if order.is_descending else 1
    rows = [row for row in ROWS if is_wanted(row, wanted)]
    return [int(row["match_id"]) for row in sorted(rows, key=lambda row: (sign * key(row), row["match_id"]))]


def maybe(strategy):
    return st.none() | strategy


@st.composite
def filters(draw):
    who = draw(maybe(st.integers(0, PLAYERS - 1)))
    has_player = who is not None
    return MatchFilter(
        player=who,
        opponent=draw(maybe(st.integers(0, PLAYERS - 1).filter(lambda other: other != who))) if has_player else None,
        outcome=draw(maybe(st.sampled_from(("won", "drawn", "lost") if has_player else ("drawn",)))),
        end=draw(maybe(st.sampled_from(MatchEnd))),
        faults_only=draw(st.booleans()),
        termination=draw(maybe(st.sampled_from((Termination.OK, Termination.RAISED, Termination.WORKER_DIED)))),
        upset_by=draw(maybe(st.sampled_from((0, 100.0, 149.5, 400)))),
        min_ticks=draw(maybe(st.integers(0, 20))),
        max_ticks=draw(maybe(st.integers(10, 40))),
        min_longest_rally=draw(maybe(st.integers(0, 10))),
        max_longest_rally=draw(maybe(st.integers(5, 20))),
    )


orders = st.builds(MatchOrder, st.sampled_from(("match", "ticks", "longest_rally", "upset")), st.booleans())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(wanted=filters(), order=orders)
def test_any_filter_in_any_order_is_what_python_finds(league, wanted, order):
    store, season_id = league
    found = store.find_match_ids(season_id, wanted, order, ratings=RATINGS)
    assert found.dtype == np.int64
    assert found.tolist() == expected_ids(wanted, order)


@pytest.mark.parametrize(
    "wanted",
    [
        MatchFilter(player=2),
        MatchFilter(player=2, opponent=0),
        MatchFilter(player=2, opponent=0, outcome="lost"),
        MatchFilter(player=1, outcome="won"),
        MatchFilter(outcome="drawn"),
        MatchFilter(end=MatchEnd.POINTS),
        MatchFilter(faults_only=True),
        MatchFilter(termination=Termination.RAISED),
        MatchFilter(upset_by=150),
        MatchFilter(min_ticks=7, max_ticks=7),
        MatchFilter(min_longest_rally=19),
        MatchFilter(max_longest_rally=0),
    ],
    ids=str,
)
def test_each_criterion_alone(league, wanted):
    store, season_id = league
    found = store.find_match_ids(season_id, wanted, ratings=RATINGS).tolist()
    assert found == expected_ids(wanted, MatchOrder())
    assert 0 < len(found) < len(ROWS)


def test_nothing_asked_is_every_match(league):
    store, season_id = league
    assert store.find_match_ids(season_id).tolist() == sorted(ROWS["match_id"].tolist())
    assert store.find_match_ids(season_id, MatchFilter(min_ticks=1000)).tolist() == []
    assert store.find_match_ids(season_id + 1).tolist() == []


def test_ids_of_any_size_come_back(tmp_path):
    with Store.open(tmp_path / "league.db") as store:
        season_id = new_season(store)
        store.add_matches(season_id, results([2**62 + 1, 3, 2**62]))
        assert store.find_match_ids(season_id).tolist() == [3, 2**62, 2**62 + 1]


def test_an_upset_is_measured_from_the_loser_to_the_winner():
    rows = results([0, 1, 2])
    rows["left"], rows["right"], rows["outcome"] = [0, 0, 0], [1, 1, 1], [1, 0, -1]
    assert upset_sizes(rows, (1500.0, 1600.0)).tolist() == [100.0, 0.0, -100.0]
    with pytest.raises(ValueError, match="position 1 is not among 1"):
        upset_sizes(rows, (1500.0,))
    assert upset_sizes(rows[:0], ()).tolist() == []


def test_upsets_without_ratings_are_refused(league):
    store, season_id = league
    with pytest.raises(ValueError, match="rating of every player"):
        store.find_match_ids(season_id, MatchFilter(upset_by=50))
    with pytest.raises(ValueError, match="rating of every player"):
        store.find_match_ids(season_id, order=MatchOrder("upset"))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"opponent": 1}, "name the player"),
        ({"outcome": "won"}, "name the player"),
        ({"upset_by": -1.0}, "0 Elo or more, not -1.0"),
        ({"upset_by": float("nan")}, "0 Elo or more, not nan"),
    ],
)
def test_filters_that_cannot_be(fields, words):
    with pytest.raises(ValueError, match=words):
        MatchFilter(**fields)


def test_rows_come_in_the_order_of_the_ids(league):
    store, season_id = league
    for ids in (ROWS["match_id"][[7, 3, 3, 500]], ROWS["match_id"], ROWS["match_id"][:0]):
        found = store.match_rows(season_id, ids)
        assert found.dtype == RESULT_DTYPE
        by_id = {int(row["match_id"]): row.tobytes() for row in ROWS}
        assert [row.tobytes() for row in found] == [by_id[int(match_id)] for match_id in ids]


def test_rows_of_a_match_that_is_not_stored_are_refused(league):
    store, season_id = league
    with pytest.raises(UnknownRowError, match=f"match 99999 of season {season_id}"):
        store.match_rows(season_id, np.array([ROWS["match_id"][0], 99_999]))
    with pytest.raises(UnknownRowError, match="match 5 of season 99"):
        store.match_rows(99, np.array([5]))
