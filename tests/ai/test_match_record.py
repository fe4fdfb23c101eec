"""Records of matches: a disturbed player is brought where it does not bring itself, and what it wanted is what is kept."""

import numpy as np
import pytest

from ai.errors import TrainingError
from ai.match_record import Disturbance, MatchRecorder, RecordedMatch, recording_bank
from game.games.rally import GAME
from game.jit import LANES
from tests.doubles import broken_network
from tests.game.networks import bot, follower
from tests.oracle.policies import PlainDense

NOBODY = 9


def recorded(player, disturbance=None, seeds=(1, 2, 3), every=1):
    jobs = [RecordedMatch(1, pair, seed, swapped) for pair, seed in enumerate(seeds) for swapped in (False, True)]
    bank = recording_bank(GAME, (player, bot("predictor")))
    return MatchRecorder(GAME, bank, jobs, 1).record(every, 10**6, disturbance)


def disturbance(share, seed=1):
    return Disturbance(share, GAME.n_actions, np.random.default_rng(seed))


def runs_of(flags):
    """Return the lengths of the runs of ones in each column."""
    edges = np.diff(np.pad(flags.astype(int), ((1, 1), (0, 0))), axis=0)
    return [length for lane in edges.T for length in (np.flatnonzero(lane == -1) - np.flatnonzero(lane == 1)).tolist()]


class TestDisturbance:
    @pytest.mark.parametrize("share", [0.1, 0.3, 0.6, 0.9])
    def test_it_has_its_share_of_the_ticks_in_bursts_of_one_action(self, share):
        wild, ticks = disturbance(share), []
        for _ in range(4000):
            actions = np.full(LANES, NOBODY, np.int32)
            wild.take_over(actions)
            ticks.append(actions)
        chosen = np.array(ticks)
        assert (chosen != NOBODY).mean() == pytest.approx(share, rel=0.03)
        counts = np.bincount(chosen[chosen != NOBODY], minlength=3)
        assert counts / counts.sum() == pytest.approx([1 / 3] * 3, abs=0.05)
        if share == 0.1:  # later bursts follow each other at once
            assert np.mean(runs_of(chosen != NOBODY)) == pytest.approx(20, rel=0.15)

    def test_fewer_lanes_are_as_the_first_of_all(self):
        wild = disturbance(0.9)
        for _ in range(50):
            actions = np.full(3, NOBODY, np.int32)
            wild.take_over(actions)
        assert (actions != NOBODY).any()

    def test_what_is_kept_is_what_the_player_wanted(self):
        player = follower(np.random.default_rng(1))
        calm, wild = recorded(player), recorded(player, disturbance(0.6))
        plain = PlainDense(player)
        for record in (calm, wild):
            places = np.arange(0, len(record.actions), 7)
            wanted = [plain.decide(row) for row in record.observations[places]]
            assert record.actions[places].tolist() == wanted
        heights = [np.abs(record.observations[:, 1] - record.observations[:, 5]).mean() for record in (calm, wild)]
        assert heights[1] > 1.1 * heights[0]  # it was led away from the ball

    def test_one_generator_is_one_record(self):
        player = follower(np.random.default_rng(1))
        one, again, other = (recorded(player, disturbance(0.5, seed)) for seed in (1, 1, 2))
        assert one.observations.tobytes() == again.observations.tobytes()
        assert one.observations.tobytes() != other.observations.tobytes()


def test_a_player_that_answers_nan_cannot_be_recorded():
    with pytest.raises(TrainingError, match="the recorded player answers NaN"):
        recorded(broken_network())
