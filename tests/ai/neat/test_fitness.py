"""The terms of the fitness: what each rewards, in which range, and what a behaviour is."""

import numpy as np
import pytest

from ai.evaluation import pair_rows
from ai.neat import WEIGHTS
from ai.neat.fitness import Evidence, Weights, behaviour, means, sides_of, weighted
from game.batch import play_batch
from game.games.rally import GAME
from game.policies.bank import build_bank
from game.policies.scripted import ScriptedPolicy
from game.spec import RESULT_DTYPE

NOTHING = Weights(*[0.0] * 7)
ROWS = {"left": 0, "right": 1, "ticks": 600}


MISSING = {"hits": (1, 0), "misses": (2, 0)}


def row_of(**columns: object) -> np.ndarray:
    """Return one made-up result; a pair of numbers is (left, right)."""
    row = np.zeros(1, RESULT_DTYPE)
    for name, value in {**ROWS, **columns}.items():
        row[name] = value
    return row


def left(**columns: object):
    """Return the terms of the left side of a made-up match."""
    sides = sides_of(row_of(**columns), GAME)
    return type(sides)(*(column[0] for column in sides))


def right(**columns: object):
    sides = sides_of(row_of(**columns), GAME)
    return type(sides)(*(column[1] for column in sides))


def test_weights_are_in_the_order_of_the_configuration():
    assert tuple(name.removesuffix("_weight") for name in WEIGHTS) == Weights._fields


def test_the_terms_of_a_made_up_match():
    match = {
        "outcome": 1, "points": (5, 3), "hits": (12, 9), "misses": (3, 6), "mean_miss": (3.0, 1.5), "mean_rally": 8.0,
        "distance": (9.0, 4.5), "mean_offset": (0.25, 0.5), "mean_reaction": (12.0, 6.0),
    }  # fmt: skip
    mine, other = left(**match), right(**match)
    assert (mine.policy, other.policy) == (0, 1)
    assert (mine.result, other.result) == (1.0, 0.0)
    assert (mine.points, other.points) == (5 / 8, 3 / 8)
    assert (mine.hits, other.hits) == (12 / 15, 9 / 15)
    assert mine.rally == other.rally == 0.5
    assert mine.aim == pytest.approx(3 / 15 * 2 / (2 + 2))
    assert other.aim == pytest.approx(6 / 15 * 0.5 / (0.5 + 2))
    seconds = 600 * GAME.tick_s
    height = 2 * GAME.shape.half_height
    assert mine.distance == pytest.approx(9.0 / seconds / height)
    assert other.distance == pytest.approx(4.5 / seconds / height)
    assert (mine.offset, other.offset) == (0.25, 0.5)
    assert mine.reaction == pytest.approx(12.0 * GAME.tick_s)


def test_a_match_without_points_balls_or_ticks_has_terms():
    mine = left(outcome=0, ticks=0)
    assert mine.result == 0.5
    assert all(np.isfinite(value) for value in mine)
    assert (mine.points, mine.hits, mine.rally, mine.aim, mine.distance) == (0.0, 0.0, 0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("term", "worse", "better"),
    [
        ("result", {"outcome": -1}, {"outcome": 0}),
        ("result", {"outcome": 0}, {"outcome": 1}),
        ("points", {"points": (1, 3)}, {"points": (2, 3)}),
        ("hits", {"hits": (1, 0), "misses": (3, 0)}, {"hits": (2, 0), "misses": (3, 0)}),
        ("rally", {"mean_rally": 2.0}, {"mean_rally": 20.0}),
        ("aim", {**MISSING, "mean_miss": (4.0, 0)}, {**MISSING, "mean_miss": (1.5, 0)}),
        ("aim", {**MISSING, "mean_miss": (4.0, 0)}, {"hits": (2, 0), "misses": (1, 0), "mean_miss": (4.0, 0)}),
        ("distance", {"distance": (8.0, 0)}, {"distance": (2.0, 0)}),
    ],
)
def test_each_term_rewards_what_it_should_and_only_its_own(term, worse, better):

    def gain(weights: Weights) -> float:
        bad, good = (weighted(sides_of(row_of(**columns), GAME), weights)[0] for columns in (worse, better))
        return float(good - bad)

    one = gain(NOTHING._replace(**{term: 1.0}))
    assert one > 0.0
    assert gain(NOTHING._replace(**{term: 2.5})) == pytest.approx(2.5 * one)
    for other in set(Weights._fields) - {term, "novelty"}:
        if {term, other} != {"hits", "aim"}:  # both look at how many balls there were
            assert gain(NOTHING._replace(**{other: 1.0})) == 0.0, other


def test_novelty_is_added_elsewhere():
    sides = sides_of(row_of(outcome=1), GAME)
    assert weighted(sides, NOTHING._replace(novelty=5.0)).tolist() == [0.0, 0.0]


NAMES = ("random", "still", "tracker", "predictor", "aimer")


def played(names, pairs=6, candidates=None):
    """Return the results of the first ``candidates`` players against the others."""
    candidates = candidates or len(names) - 1
    rows = pair_rows(candidates, len(names) - candidates, np.arange(pairs), 3)
    return play_batch(GAME, build_bank([ScriptedPolicy.of(GAME, name) for name in names]), rows)


def test_terms_of_real_matches_are_in_their_range_and_order_the_bots():
    sides = sides_of(played(NAMES), GAME)
    for name in ("result", "points", "hits", "rally", "aim"):
        column = getattr(sides, name)
        assert ((column >= 0.0) & (column <= 1.0)).all(), name
        assert column.std() > 0.0, name
    assert (sides.distance >= 0.0).all()
    assert sides.distance.max() < 5.0
    result, hits = (means(column, sides.policy, 5) for column in (sides.result, sides.hits))
    assert result[3] > result[0]
    assert hits[3] > hits[2] > hits[1]
    assert means(sides.distance, sides.policy, 5)[1] == 0.0


def test_means_are_taken_by_policy():
    found = means(np.array([1.0, 2.0, 3.0, 9.0]), np.array([0, 2, 0, 5]), 4)
    assert found.tolist() == [2.0, 0.0, 2.0, 0.0]


# What a genome did, not what was done to it


def test_behaviour_is_the_contact_profile_of_this_side():
    match = {
        "hits": (12, 9),
        "misses": (3, 6),
        "mean_miss": (3.0, 1.5),
        "mean_offset": (0.25, 0.5),
        "distance": (9.0, 4.5),
    }
    profile = behaviour(sides_of(row_of(**match), GAME), 1)
    assert profile.shape == (1, 5)
    mine = left(**match)
    assert profile[0].tolist() == [mine.hits, mine.aim, mine.offset, mine.reaction, mine.distance]


@pytest.mark.parametrize(
    "change",
    [
        {"hits": (12, 0)}, {"misses": (3, 0)}, {"mean_miss": (3.0, 9.0)}, {"mean_offset": (0.25, 0.99)}, {"distance": (9.0, 0.0)},
        {"mean_reaction": (4.0, 60.0)}, {"outcome": 1}, {"points": (0, 5)}, {"aces": (0, 3)}, {"mean_rally": 30.0},
    ],
)  # fmt: skip
def test_what_the_opponent_does_changes_no_behaviour(change):
    match = {
        "hits": (12, 9), "misses": (3, 6), "mean_miss": (3.0, 1.5), "mean_offset": (0.25, 0.5), "distance": (9.0, 4.5),
        "mean_reaction": (4.0, 5.0),
    }  # fmt: skip
    before, after = (behaviour(sides_of(row_of(**{**match, **each}), GAME), 1) for each in ({}, change))
    assert before.tolist() == after.tolist()


def test_what_a_side_does_changes_its_behaviour():
    match = {"hits": (12, 9), "misses": (3, 6), "mean_miss": (3.0, 1.5)}
    before = behaviour(sides_of(row_of(**match), GAME), 1)[0]
    for place, change in enumerate(
        (
            {"hits": (1, 9)},
            {"mean_miss": (9.0, 1.5)},
            {"mean_offset": (0.9, 0)},
            {"mean_reaction": (9, 0)},
            {"distance": (3, 0)},
        )
    ):
        assert behaviour(sides_of(row_of(**{**match, **change}), GAME), 1)[0][place] != before[place]


# Evidence


def test_evidence_is_summed_and_rated_with_caution():
    worth, policy = np.array([1.0, 0.0, 0.5, 0.5, 7.0]), np.array([0, 0, 1, 1, 2])
    evidence = Evidence.of(worth, policy, 2)
    assert [column.tolist() for column in evidence] == [[2.0, 2.0], [1.0, 1.0], [1.0, 0.5]]
    assert evidence.mean().tolist() == [0.5, 0.5]
    assert evidence.lower_bound().tolist() == pytest.approx([0.5 - 0.5 / np.sqrt(2), 0.5])
    more = evidence + evidence
    assert more.matches.tolist() == [4.0, 4.0]
    assert more.mean().tolist() == evidence.mean().tolist()
    assert more.lower_bound()[0] > evidence.lower_bound()[0]
    assert [column.tolist() for column in evidence.take(np.array([1]))] == [[2.0], [1.0], [0.5]]


def test_nobody_has_played_yet():
    nobody = Evidence(*np.zeros((3, 4)))
    assert nobody.mean().tolist() == nobody.lower_bound().tolist() == [0.0] * 4
    assert all(column.dtype == np.float64 for column in Evidence.of(np.zeros(0), np.zeros(0, np.int64), 3))


def test_the_range_of_the_fitness_is_that_of_its_gains():
    assert Weights(1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0).range == 1.0 + 2.0 + 4.0 + 8.0 + 64.0
    assert Weights(0.0, 0.0, 0.0, 0.0, 0.5, 0.25, 0.0).range == 0.75  # of its costs where there is nothing to gain
