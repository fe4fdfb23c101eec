"""A stored match again: the same bit for bit, and where it is not, in which columns."""

import numpy as np
import pytest

from game.executors.base import Matches
from game.executors.serial import SerialExecutor
from game.games.rally import GAME
from game.spec import RESULT_DTYPE, UNSTORED_COLUMNS, MatchEnd, MatchSpec
from game.timeline import Timeline
from tests.doubles import broken_network, matches
from tests.game.networks import bot, follower, graph

RNG = np.random.default_rng(3)
FIELD = (bot("random"), bot("tracker"), bot("predictor"), follower(RNG), graph(RNG, is_recurrent=True, follows=2.0))


@pytest.fixture(scope="module")
def stored():
    return SerialExecutor().run(Matches(GAME, FIELD, matches(30, len(FIELD), points=3)))


def replay_of(row, points=3):
    return Timeline(GAME, (FIELD[row["left"]], FIELD[row["right"]]), int(row["seed"]), points)


def test_every_stored_match_is_replayed_bit_for_bit(stored):
    assert len(np.unique(stored["state_hash"])) == len(stored)
    for row in stored:
        verification = replay_of(row).verify(row)
        assert verification.is_same
        assert verification.differences == ()


def test_a_replay_that_was_watched_half_way_is_still_the_same_match(stored):
    replay = replay_of(stored[4])
    replay.seek(40)
    assert not replay.match.is_over
    assert replay.verify(stored[4]).is_same


@pytest.mark.parametrize("name", [n for n in RESULT_DTYPE.names if n not in ("match_id", "left", "right")])
def test_a_tampered_column_is_named_and_no_other(stored, name):
    row = stored[2].copy()
    row[name] = row[name] + 1 if row[name].shape == () else row[name] + np.array([0, 1], row[name].dtype)
    verification = replay_of(stored[2]).verify(row)
    assert not verification.is_same
    assert verification.differences == (name,)


def test_a_column_that_the_league_does_not_store_is_not_compared_where_it_is_missing(stored):
    row = stored[2].copy()
    for name in UNSTORED_COLUMNS:
        row[name] = np.nan
    assert replay_of(row).verify(row).is_same
    row["mean_offset"] = np.nan
    assert replay_of(row).verify(row).differences == ("mean_offset",)


def test_another_seed_seat_or_policy_is_seen(stored):
    row = stored[7]
    players = FIELD[row["left"]], FIELD[row["right"]]
    for replay in (
        Timeline(GAME, players, int(row["seed"]) + 1, 3),
        Timeline(GAME, players[::-1], int(row["seed"]), 3),
        Timeline(GAME, (players[0], follower(RNG)), int(row["seed"]), 3),
        Timeline(GAME, players, int(row["seed"]), 2),
    ):
        assert "state_hash" in replay.verify(row).differences


def test_a_forfeit_is_replayed_as_one():
    field = (bot("tracker"), broken_network())
    specs = [MatchSpec(0, 0, 1, 5, 1), MatchSpec(1, 1, 0, 5, 1), MatchSpec(2, 1, 1, 5, 1)]
    for row in SerialExecutor().run(Matches.of(GAME, field, specs)):
        assert row["end"] == MatchEnd.FORFEIT
        assert Timeline(GAME, (field[row["left"]], field[row["right"]]), int(row["seed"]), 1).verify(row).is_same


def test_the_ends_of_rallies_add_up_to_the_result(stored):
    for row in stored:
        replay = replay_of(row)
        assert replay.verify(row).is_same
        ticks = [mark.tick for mark in replay.marks]
        assert ticks == sorted(set(ticks))
        assert len(ticks) == row["rallies"]
        assert (replay.marks[-1].left_points, replay.marks[-1].right_points) == tuple(row["points"])
        if row["end"] == MatchEnd.POINTS:
            assert ticks[-1] == row["ticks"]
