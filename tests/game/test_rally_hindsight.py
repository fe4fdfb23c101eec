"""What a side of Rally should have done: by hand, mirrored, and by what becomes of a side that does it."""

import numpy as np
import pytest

from game.games.rally import GAME
from game.games.rally_court import HALF_HEIGHT, HALF_WIDTH, PADDLE_ACCELERATION, PADDLE_LINE, PADDLE_SPEED
from game.games.rally_hindsight import right_actions
from game.match import Match, compiled_players
from game.spec import Seat
from tests.game.networks import bot

UP, STAY, DOWN = range(3)
UNKNOWN = -1
LINE = -float(PADDLE_LINE / HALF_WIDTH)
ODD = np.array([1, -1, 1, -1, -1, -1, -1, -1], np.float32)
"""What an observation's numbers are multiplied by when the court is turned upside down: heights, their velocities, spin."""


def view(x, y, vx, own_y=0.0, own_v=0.0):
    """Return one observation; ``y`` and ``own_y`` in court units."""
    return [x, y / HALF_HEIGHT, vx, 0.3, 0.1, own_y / HALF_HEIGHT, own_v, 0.2]


def coming(heights, **own):
    """Return what is seen while a ball comes by ``heights``, the last one at the line, and is hit back."""
    xs = np.linspace(0.6, LINE + 0.01, len(heights))
    return [*(view(x, y, -0.5, **own) for x, y in zip(xs, heights, strict=True)), view(LINE + 0.02, 0.0, 0.5, **own)]


def labels(rows):
    return right_actions(np.array(rows, np.float32)).tolist()


@pytest.mark.parametrize(("arrival", "own_y", "right"), [(0.3, 0.1, UP), (-0.3, -0.1, DOWN), (0.2, 0.3, DOWN)])
def test_it_goes_to_where_the_ball_will_arrive_not_to_where_it_is(arrival, own_y, right):
    rows = coming([-arrival, 0.0, arrival / 2, arrival], own_y=own_y)
    assert labels(rows)[:4] == [right] * 4


def test_a_paddle_that_is_there_has_no_label():
    assert labels(coming([0.0, 0.1, 0.2], own_y=0.205))[:3] == [UNKNOWN] * 3
    assert labels(coming([0.0, 0.1, 0.2], own_y=0.195))[:3] == [UNKNOWN] * 3
    assert labels(coming([0.0, 0.1, 0.2], own_y=0.18))[:3] == [UP] * 3


@pytest.mark.parametrize("sign", [1, -1])
def test_the_braking_path_counts(sign):
    path = float(PADDLE_SPEED) ** 2 / (2 * float(PADDLE_ACCELERATION))
    forward, back = (UP, DOWN) if sign > 0 else (DOWN, UP)
    target = 0.2 * sign
    for beyond, right in ((0.02, back), (0.0, UNKNOWN), (-0.02, forward)):
        rows = coming([0.0, target], own_y=target - sign * (path - beyond), own_v=float(sign))
        assert labels(rows)[:2] == [right] * 2


@pytest.mark.parametrize(("own_y", "right"), [(0.3, DOWN), (-0.3, UP), (0.005, UNKNOWN)])
def test_between_two_balls_it_goes_to_the_middle(own_y, right):
    away = [view(x, 0.4, 0.5, own_y) for x in (0.0, 0.3, 0.6)]
    assert labels([*away, *coming([0.1, 0.2])])[:3] == [right] * 3


def test_each_ball_has_its_own_arrival():
    first, second = coming([0.0, 0.3]), coming([0.0, -0.3])
    assert labels([*first, *second])[:5] == [UP, UP, UNKNOWN, DOWN, DOWN]


def test_a_ball_that_passes_arrives_at_the_line():
    rows = [view(0.0, 0.0, -0.5), view(LINE + 0.001, 0.2, -0.5), view(LINE - 0.02, -0.4, -0.5), view(0.0, 0.0, 0.0)]
    assert labels(rows)[:2] == [UP, UP]


def test_what_comes_after_the_last_arrival_is_unknown():
    rows = coming([0.0, 0.3], own_y=0.1)
    assert labels([*rows, view(0.5, 0.3, -0.5), view(0.4, 0.3, -0.5)]) == [UP, UP, UNKNOWN, UNKNOWN, UNKNOWN]
    assert labels([view(0.5, 0.3, 0.5)] * 3) == [UNKNOWN] * 3
    assert labels([view(0.5, 0.3, -0.5)] * 3) == [UNKNOWN] * 3
    assert right_actions(np.zeros((0, 8), np.float32)).tolist() == []


def watched(left, right, seed):
    """Return what both sides see in a match of compiled players, and its result."""
    match = Match(GAME, seed)
    players = compiled_players(GAME, (left, right), seed)
    seen = ([], [])
    while not match.is_over:
        views = [match.observation(side) for side in Seat]
        for rows, row in zip(seen, views, strict=True):
            rows.append(row)
        match.step(*(player.decide(row) for player, row in zip(players, views, strict=True)))
    return [np.array(rows) for rows in seen]


@pytest.mark.parametrize("seed", [1, 2])
def test_a_court_upside_down_has_labels_upside_down(seed):
    for rows in watched(bot("random"), bot("predictor"), seed):
        plain, mirrored = right_actions(rows), right_actions(rows * ODD)
        assert {UP, DOWN, UNKNOWN} == set(plain.tolist())
        assert np.array_equal(mirrored, np.where(plain == UNKNOWN, UNKNOWN, DOWN - plain))


def test_labels_are_about_what_is_ahead_and_do_not_depend_on_what_was_before():
    rows = watched(bot("tracker"), bot("predictor"), 3)[0]
    plain = right_actions(rows)
    for begin in (1, 100, len(rows) // 2):
        assert np.array_equal(right_actions(rows[begin:]), plain[begin:])


def is_coming(row):
    return row[2] < 0 and row[0] > LINE


class Oracle:
    """Does what will have been right: it plays the match ahead, to where the ball arrives, and goes back."""

    def __init__(self):
        self.arrival = []

    def decide(self, match, row):
        if not is_coming(row):
            self.arrival = []
        elif not self.arrival:
            self.arrival = self._look_ahead(match)
        future = self.arrival or [view(0.0, 0.0, -0.5), view(0.0, 0.0, 0.5)]  # any ball to come: towards the middle
        action = int(right_actions(np.array([row, *future], np.float32))[0])
        return STAY if action == UNKNOWN else action

    def _look_ahead(self, match):
        frame, rows = match.keyframe(), [match.observation(Seat.LEFT)]
        while is_coming(rows[-1]) and not match.is_over:
            match.step(STAY, STAY)
            rows.append(match.observation(Seat.LEFT))
        match.restore(frame)
        return rows[-2:] if len(rows) > 1 else []


@pytest.mark.parametrize("name", ["tracker", "predictor"])
def test_who_does_what_will_have_been_right_hits_every_ball_it_can_reach(name):
    wins = hits = misses = 0
    for seed in range(6):
        match, oracle = Match(GAME, seed, 3), Oracle()
        rival = compiled_players(GAME, (bot("still"), bot(name)), seed)[1]
        while not match.is_over:
            row = match.observation(Seat.LEFT)
            match.step(oracle.decide(match, row), rival.decide(match.observation(Seat.RIGHT)))
        result = match.result()[0]
        wins += int(result["outcome"] > 0)
        hits, misses = hits + int(result["hits"][0]), misses + int(result["misses"][0])
    assert wins >= 5
    assert hits >= 0.9 * (hits + misses)


def test_the_game_has_hindsight():
    assert GAME.hindsight is right_actions
