"""An evaluation is the same matches for everyone, and a rating on a scale that does not move."""

import numpy as np
import pytest

from ai.anchors import BASE_ELO, Ladder
from game.batch import play_batch
from game.games.rally import GAME
from game.policies.bank import build_bank
from tests.ai.dqn.learners import context_of
from tests.ai.fakes import find_opponent
from tests.game.networks import bot, dense

NAMES = ("still", "random", "tracker", "predictor")


class CountingExecutor:
    """Plays at once, and keeps the matches it was given."""

    def __init__(self, executor):
        self._executor = executor
        self.rows = []
        self.workers = executor.workers

    def play(self, game, policies, chunks, control):
        kept = list(chunks)
        self.rows += kept
        return self._executor.play(game, policies, kept, control)


def ladder_of(*names, pairs=6, seed=3):
    context = context_of(seed)
    counting = CountingExecutor(context.executor)
    object.__setattr__(context, "executor", counting)
    return Ladder(context, context.opponents(names), pairs), counting


def test_win_rates_are_those_of_the_matches_a_draw_counts_half():
    ladder, counting = ladder_of(*NAMES)
    policy = bot("aimer")
    found = ladder.evaluate(policy)
    assert (len(found.win_rates), found.matches) == (4, 48)
    rows = counting.rows[0]
    results = play_batch(GAME, build_bank([policy, *(find_opponent(name).policy for name in NAMES)]), rows)
    assert found.ticks == results["ticks"].sum()
    for index, rate in enumerate(found.win_rates):
        score = []
        for result in results:
            for seat, sign in (("left", 1), ("right", -1)):
                other = "right" if seat == "left" else "left"
                if result[seat] == 0 and result[other] == index + 1:
                    score.append((1 + sign * result["outcome"]) / 2)
        assert len(score) == 12
        assert rate == pytest.approx(np.mean(score))


def test_everyone_is_evaluated_on_the_same_seeds_in_every_run():
    one, first = ladder_of(*NAMES, seed=1)
    other, second = ladder_of(*NAMES, seed=2)
    one.evaluate(bot("still"))
    other.evaluate(dense(np.random.default_rng(0)))
    other.evaluate(bot("aimer"))
    matches = [rows for rows in (*first.rows, *second.rows) if rows["right"].max() == len(NAMES)]
    assert len(matches) == 3
    assert matches[0].tobytes() == matches[1].tobytes() == matches[2].tobytes()
    assert len(set(matches[0]["seed"].tolist())) == 6


def test_the_ladder_rates_its_own_players_once_and_the_first_has_a_thousand():
    ladder, counting = ladder_of(*NAMES)
    ladder.evaluate(bot("still"))
    played = len(counting.rows)
    ladder.evaluate(bot("still"))
    assert (played, len(counting.rows)) == (2, 3)
    anchors = ladder._anchors()
    assert anchors[0] == BASE_ELO
    assert anchors[3] > anchors[2] > anchors[1]


def test_a_player_of_the_ladder_is_rated_about_as_itself_and_a_better_one_higher():
    ladder, _ = ladder_of(*NAMES, pairs=20)
    found = {name: ladder.evaluate(find_opponent(name).policy).elo for name in NAMES}
    anchors = dict(zip(NAMES, ladder._anchors().tolist(), strict=True))
    assert found["tracker"] == pytest.approx(anchors["tracker"], abs=120)
    assert found["predictor"] == pytest.approx(anchors["predictor"], abs=120)
    assert found["predictor"] > found["tracker"] > found["random"]


def test_a_ladder_of_one_rates_too():
    ladder, _ = ladder_of("tracker")
    better, worse = ladder.evaluate(bot("aimer")), ladder.evaluate(bot("still"))
    assert better.elo > BASE_ELO > worse.elo
    assert (worse.win_rates[0], better.win_rates[0]) == (pytest.approx(0, abs=0.2), pytest.approx(1, abs=0.4))


def test_who_loses_everything_has_a_finite_rating():
    ladder, _ = ladder_of("predictor", "aimer")
    assert np.isfinite(ladder.evaluate(bot("still")).elo)
