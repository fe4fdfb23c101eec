import math
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from game.spec import RESULT_DTYPE, Seat
from league.errors import UnknownRowError
from league.people import (
    PLACEMENT_MATCHES,
    UNRATED,
    YOU,
    opponent_ratings,
    person_standing,
    suggest_opponent,
)
from league.store import RatingPoint, Store
from tests.league.samples import person_match, player, results, season

LADDER = [player(f"p{index:02}") for index in range(12)]
RATINGS = {row.hash: 900.0 + 110.0 * index for index, row in enumerate(LADDER)}
HASHES = tuple(RATINGS)


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path / "league.db", clock=lambda: datetime(2031, 5, 6, tzinfo=UTC)) as store:
        yield store


# What is stored


def same(one, other):
    """Whether two rows are equal; a record with NaN in it is not equal to itself."""
    fields = [name for name in type(one).__dataclass_fields__ if name != "result"]
    equal = all(getattr(one, name) == getattr(other, name) for name in fields)
    return equal and one.result.tobytes() == other.result.tobytes()


def test_a_match_comes_back_with_every_bit_and_its_tape(store):
    result = results([0], seed=8)[0]
    result["left"], result["right"], result["state_hash"], result["mean_rally"] = 0, 1, 2**64 - 1, np.nan
    match = person_match(seat=Seat.RIGHT, tape=bytes(range(256)))
    object.__setattr__(match, "result", result)
    stored = store.add_person_match(match)
    assert stored.id > 0
    assert stored.created == "2031-05-06T00:00:00+00:00"
    found = store.person_match(stored.id)
    assert same(found, stored)
    assert found.seat is Seat.RIGHT
    assert found.result.dtype == RESULT_DTYPE


def test_the_places_of_the_result_are_those_of_two_players(store):
    result = results([77])[0]
    match = person_match()
    object.__setattr__(match, "result", result)
    found = store.person_match(store.add_person_match(match).id).result
    assert (found["match_id"], found["left"], found["right"]) == (0, 0, 1)
    assert found["seed"] == result["seed"]
    assert result["match_id"] == 77  # the caller's own is left alone


def test_matches_are_listed_by_person_on_either_side_without_tapes(store):
    first = store.add_person_match(person_match())
    second = store.add_person_match(person_match(opponent=None, opponent_person="Zoë"))
    third = store.add_person_match(person_match(person="Bob", created="1999-01-01T00:00:00+00:00"))
    assert [row.id for row in store.person_matches()] == [first.id, second.id, third.id]
    assert [row.id for row in store.person_matches(YOU)] == [first.id, second.id]
    assert [row.id for row in store.person_matches("Zoë")] == [second.id]
    assert {row.tape for row in store.person_matches()} == {b""}
    assert store.person_matches("nobody") == []
    assert store.person_names() == ["Bob", "You", "Zoë"]


def test_an_unknown_match(store):
    with pytest.raises(UnknownRowError, match="match 4 of a person"):
        store.person_match(4)


@pytest.mark.parametrize("opponents", [{"opponent": None}, {"opponent_person": "Bob"}])
def test_a_match_has_one_opponent(opponents):
    with pytest.raises(ValueError, match="one opponent"):
        person_match(**opponents)


def test_a_result_is_a_record():
    with pytest.raises(ValueError, match="RESULT_DTYPE"):
        type(person_match())(
            person="You", seat=Seat.LEFT, game="rally", game_version=1, points_to_win=5, result=np.zeros(1, "V3")[0],
            opponent_hash="x",
        )  # fmt: skip


@pytest.mark.parametrize("seat", Seat)
def test_an_outcome_is_the_persons_own(seat):
    for outcome in (-1, 0, 1):
        match = person_match(outcome, None, seat=seat, opponent_person="Bob")
        assert (match.outcome_of("You"), match.outcome_of("Bob")) == (outcome, -outcome)


# Ratings


games = st.lists(st.tuples(st.sampled_from((-1, 0, 1)), st.sampled_from(HASHES), st.sampled_from(Seat)), max_size=20)


def played(list_of_games):
    return [person_match(outcome, opponent, seat=seat) for outcome, opponent, seat in list_of_games]


def standing(list_of_games):
    return person_standing(YOU, played(list_of_games), RATINGS)


def test_nobody_knows_how_strong_a_new_person_is():
    new = standing([])
    assert new.rating == pytest.approx(UNRATED)
    assert (new.name, new.wins, new.draws, new.losses, new.matches) == ("You", 0, 0, 0, 0)
    assert new.high - UNRATED == pytest.approx(UNRATED - new.low)
    assert new.high - new.low > 600


def test_the_rating_solves_the_likelihood_equation():
    found = standing([(1, HASHES[3], Seat.LEFT), (1, HASHES[3], Seat.RIGHT), (0, HASHES[9], Seat.LEFT)])
    points = 2.5 + 0.5  # of the matches, and of the virtual draw
    expected = sum(
        1.0 / (1.0 + 10.0 ** ((opponent - found.rating) / 400.0))
        for opponent in (RATINGS[HASHES[3]], RATINGS[HASHES[3]], RATINGS[HASHES[9]], 1500.0)
    )
    assert expected == pytest.approx(points)


def test_even_results_against_one_player_mean_its_rating_and_a_known_interval():
    n, anchor = 400, {"even": 1500.0}
    matches = [person_match((-1, 1)[index % 2], "even") for index in range(n)]
    found = person_standing(YOU, matches, anchor)
    assert found.rating == pytest.approx(1500.0)
    # Wald's interval, which the likelihood ratio's approaches: 1.96 / sqrt(n / 4) natural units
    assert found.high - found.rating == pytest.approx(1.96 * 400 / math.log(10) / math.sqrt((n + 1) / 4), rel=0.01)
    assert (found.wins, found.losses, found.matches) == (n // 2, n // 2, n)


def test_an_interval_ends_where_the_likelihood_ratio_test_rejects():
    found = person_standing(YOU, [person_match(1, "x")] * 6, {"x": 1500.0})

    def log_likelihood(rating):
        chance = 1.0 / (1.0 + 10.0 ** ((1500.0 - rating) / 400.0))
        return 6.5 * math.log(chance) + 0.5 * math.log(1.0 - chance)

    for end in (found.low, found.high):
        assert 2.0 * (log_likelihood(found.rating) - log_likelihood(end)) == pytest.approx(3.8415, abs=1e-3)
    assert found.high - found.rating > found.rating - found.low  # six wins say little of how strong at most


def test_most_intervals_hold_the_true_rating():
    rng = np.random.default_rng(11)
    true, held = 1650.0, 0
    for _ in range(200):
        opponents = rng.choice(HASHES, 30)
        chance = [1.0 / (1.0 + 10.0 ** ((RATINGS[opponent] - true) / 400.0)) for opponent in opponents]
        outcomes = np.where(rng.random(30) < chance, 1, -1)
        matches = [person_match(int(o), str(h)) for o, h in zip(outcomes, opponents, strict=True)]
        found = person_standing(YOU, matches, RATINGS)
        held += found.low <= true <= found.high
    assert 0.90 <= held / 200 <= 0.99


@settings(deadline=None)
@given(games=games, more=st.tuples(st.just(1), st.sampled_from(HASHES), st.sampled_from(Seat)))
def test_a_win_raises_the_rating_and_a_loss_lowers_it(games, more):
    before = standing(games)
    assert standing([*games, more]).rating > before.rating
    assert standing([*games, (-1, *more[1:])]).rating < before.rating
    assert before.low < before.rating < before.high


@settings(deadline=None)
@given(data=st.data(), games=games)
def test_the_order_of_the_matches_changes_nothing(data, games):
    assert standing(data.draw(st.permutations(games))) == standing(games)


@pytest.mark.parametrize("outcome", [-1, 1])
@pytest.mark.parametrize("opponent", [-1000.0, 1500.0, 4000.0])
def test_a_thousand_matches_one_way_leave_the_rating_finite(outcome, opponent):
    """One virtual draw against 1500 holds it: of n wins against 1500, 2n + 1 to 1 are the odds."""
    found = person_standing(YOU, [person_match(outcome, "x")] * 1000, {"x": opponent})
    assert found.low < found.rating < found.high
    assert outcome * (found.rating - opponent) > 300
    assert abs(found.high) + abs(found.low) < 20_000
    if opponent == UNRATED:
        assert found.rating == pytest.approx(UNRATED + outcome * 400 * math.log10(2001), abs=0.1)


def test_matches_of_others_and_against_people_do_not_count():
    rated = [person_match(1, HASHES[0])]
    others = [
        person_match(-1, HASHES[0], person="Bob"),
        person_match(-1, None, opponent_person="Bob"),
        person_match(1, None, person="Bob", opponent_person=YOU),
    ]
    assert person_standing(YOU, rated + others, RATINGS) == person_standing(YOU, rated, RATINGS)


def test_an_opponent_without_a_rating_counts_as_an_average_one():
    assert person_standing(YOU, [person_match(1, "new")], {}) == person_standing(
        YOU, [person_match(1, "new")], {"new": UNRATED}
    )


def test_opponents_have_their_latest_rating(store):
    ann, bob = store.add_player(player("ann")), store.add_player(player("bob"))
    store.set_archived(bob.id, archived=True)
    season_id = store.create_season(season(), [bob]).id
    store.add_rating_points(season_id, [RatingPoint(3, 0, 1812.5)])
    assert opponent_ratings(store) == {ann.hash: UNRATED, bob.hash: 1812.5}


# Suggestions


def suggestion(matches):
    return suggest_opponent(YOU, matches, LADDER, RATINGS)


def test_the_first_opponent_is_weak():
    assert suggestion([]) == LADDER[3]
    assert suggest_opponent(YOU, [], LADDER[::-1], RATINGS) == LADDER[3]
    assert suggest_opponent(YOU, [person_match(1, HASHES[0], person="Bob")], LADDER, RATINGS) == LADDER[3]


def test_without_players_there_is_no_suggestion():
    assert suggest_opponent(YOU, [], [], {}) is None
    assert suggest_opponent(YOU, [person_match()], [], {}) is None


def test_one_player_is_suggested_again():
    assert suggest_opponent(YOU, [person_match(1, HASHES[0])], LADDER[:1], RATINGS) == LADDER[0]


@pytest.mark.parametrize("strength", range(12))
def test_placement_finds_the_right_height(strength):
    """A person who beats whoever is weaker meets a neighbour of its own rung within the placement."""
    matches, met = [], []
    for _ in range(PLACEMENT_MATCHES):
        rung = LADDER.index(suggestion(matches))
        met.append(rung)
        matches.append(person_match(1 if rung < strength else -1, HASHES[rung]))
    assert min(abs(rung - strength) for rung in met) <= 1


def test_later_the_nearest_expected_score_to_one_half_is_suggested():
    matches = [person_match((-1, 1)[index % 2], HASHES[6]) for index in range(40)]
    rating = person_standing(YOU, matches, RATINGS).rating
    assert abs(rating - RATINGS[HASHES[6]]) < 20
    assert suggestion([*matches, person_match(1, HASHES[0])]) == LADDER[6]
    assert suggestion([*matches, person_match(-1, HASHES[11])]) == LADDER[6]
    assert suggestion(matches) == LADDER[7]  # the last one won was against 6: now somebody above it


@settings(deadline=None)
@given(games=games, data=st.data())
def test_suggestions_step_up_after_wins_and_down_after_losses(games, data):
    assume(games)
    outcome, opponent, _ = games[-1]
    found = suggestion(played(games))
    assert found.hash != opponent
    if outcome > 0 and opponent != HASHES[-1]:
        assert RATINGS[found.hash] > RATINGS[opponent]
    if outcome < 0 and opponent != HASHES[0]:
        assert RATINGS[found.hash] < RATINGS[opponent]
    shuffled = data.draw(st.permutations(LADDER))
    assert suggest_opponent(YOU, played(games), shuffled, RATINGS) == found


@pytest.mark.parametrize("count", [1, PLACEMENT_MATCHES + 1])
@pytest.mark.parametrize(("outcome", "end", "neighbour"), [(1, 11, 10), (-1, 0, 1)])
def test_at_an_end_of_the_ladder_the_neighbour_is_next(count, outcome, end, neighbour):
    assert suggestion([person_match(outcome, HASHES[end])] * count) == LADDER[neighbour]


def test_an_opponent_that_left_the_ladder_still_says_where_to_go():
    without = [row for row in LADDER if row != LADDER[6]]
    after_win = suggest_opponent(YOU, [person_match(1, HASHES[6])], without, RATINGS)
    assert RATINGS[after_win.hash] > RATINGS[HASHES[6]]
