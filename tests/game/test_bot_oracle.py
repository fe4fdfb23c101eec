"""A compiled bot is its plain-Python form, bit for bit, by the matches that the two play."""

import pytest

from game.batch import play_batch
from game.games.rally import GAME
from game.match import match_array
from game.policies.bank import build_bank
from game.spec import MatchSpec, Seat
from tests.game.networks import bot
from tests.game.test_rally_oracle import assert_same_row
from tests.oracle.bots import PlainTracker
from tests.oracle.rally import OracleMatch


@pytest.mark.parametrize("parameters", [{}, {"delay": 0.0, "noise": 1.0}, {"delay": 20.0, "noise": 0.5}])
def test_matches_of_the_tracker_are_those_of_its_plain_form(parameters):
    bank = build_bank([bot("tracker"), bot("tracker", **parameters)])
    matches = [MatchSpec(seed, seed % 2, 1 - seed % 2, 3 * seed, 1) for seed in range(8)]
    rows = play_batch(GAME, bank, match_array(matches))
    for match, row in zip(matches, rows, strict=True):
        oracle = OracleMatch(match.seed, match.points)
        settings = ({}, parameters)
        left, right = (
            PlainTracker(match.seed, seat, **settings[policy])
            for seat, policy in ((Seat.LEFT, match.left), (Seat.RIGHT, match.right))
        )
        while not oracle.is_over:
            oracle.step(left.decide(oracle.observe(Seat.LEFT)), right.decide(oracle.observe(Seat.RIGHT)))
        assert_same_row(row, oracle.result(match.match_id, match.left, match.right)[0], match)
    assert rows["hits"].sum() > 5
