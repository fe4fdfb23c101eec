"""The game has depth: its scripted bots form a ladder, and more skill wins more."""

import functools
import itertools

import numpy as np
import pytest

from game.batch import play_batch
from game.games.rally import GAME
from game.match import match_array
from game.policies.bank import build_bank
from game.seeding import pair_seed
from game.spec import MatchSpec
from tests.game.networks import bot

LADDER = ("random", "tracker", "predictor", "aimer")
RUNGS = list(itertools.pairwise(LADDER))


def play_pairs(first, second, pairs, season_seed=11):
    """Return the rows of ``pairs`` pairs of matches; in every second one ``first`` plays on the right."""
    matches = []
    for index in range(pairs):
        seed = pair_seed(season_seed, index)
        matches += [MatchSpec(2 * index, 0, 1, seed), MatchSpec(2 * index + 1, 1, 0, seed)]
    return play_batch(GAME, build_bank([first, second]), match_array(matches))


def pair_scores(rows):
    """Return matches won less matches lost by the first player, -2 to 2, a number a pair."""
    return rows["outcome"][0::2].astype(int) - rows["outcome"][1::2]


@functools.cache
def rung(lower, upper):
    return play_pairs(bot(upper), bot(lower), 200)


@pytest.mark.parametrize(("lower", "upper"), RUNGS)
def test_each_bot_beats_the_one_before_in_three_quarters_of_the_pairs(lower, upper):
    assert np.mean(pair_scores(rung(lower, upper)) > 0) >= 0.75


def test_standing_still_does_not_beat_the_tracker():
    assert np.mean(pair_scores(play_pairs(bot("still"), bot("tracker"), 50)) > 0) < 0.05


@pytest.mark.parametrize(("lower", "upper"), RUNGS)
def test_draws_are_rare(lower, upper):
    assert np.mean(rung(lower, upper)["outcome"] == 0) < 0.05


def test_the_median_match_takes_20_to_90_seconds():
    ticks = np.concatenate([rung(*each)["ticks"] for each in RUNGS])
    assert 20 <= np.median(ticks) * GAME.tick_s <= 90


@pytest.mark.parametrize("name", ["tracker", "predictor"])
def test_neither_the_seat_nor_the_first_serve_decides(name):
    matches = [MatchSpec(index, 0, 0, pair_seed(3, index)) for index in range(2000)]
    rows = play_batch(GAME, build_bank([bot(name)]), match_array(matches))
    left_wins = rows["outcome"] > 0
    left_serves_first = rows["seed"] % 2 == 0
    assert 0.45 < np.mean(left_wins) < 0.55
    assert 0.4 < np.mean(left_wins == left_serves_first) < 0.6


@pytest.mark.parametrize("name", ["tracker", "predictor", "aimer"])
@pytest.mark.parametrize(("parameter", "better", "worse"), [("noise", 0.3, 1.2), ("delay", 0, 12), ("delay", 6, 24)])
def test_a_duller_bot_is_weaker(name, parameter, better, worse):
    rows = play_pairs(bot(name, **{parameter: better}), bot(name, **{parameter: worse}), 60)
    scores = pair_scores(rows)
    assert np.sum(scores > 0) > 3 * np.sum(scores < 0)
