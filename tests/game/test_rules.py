"""The rule book, rule by rule, on states that are set up by hand.

The states are set on the oracle, which ``test_rally_oracle`` proves equal to the compiled rules; what a player can bring
about is played with the compiled match.
"""

import math

import numpy as np
import pytest

from game.games.rally import GAME
from game.match import Match
from game.seeding import pair_seed
from game.spec import MatchEnd, Seat
from tests.oracle.rally import LEFT, RIGHT, OracleMatch

UP, STAY, DOWN = 0, 1, 2
TICK = 1 / 60


def in_play(seed=0, points=5, **state):
    """Return a match whose serve has left, with the given state of the ball."""
    match = OracleMatch(seed, points)
    for _ in range(40):
        match.step(STAY, STAY)
    for name, value in state.items():
        setattr(match, name, np.float32(value))
    return match


def near(value):
    return pytest.approx(value, rel=1e-5, abs=1e-6)


def play(match, ticks, left=STAY, right=STAY):
    for _ in range(ticks):
        match.step(left, right)


# Actions


def test_a_paddle_speeds_up_by_a_tenth_a_tick_to_its_target_and_no_further():
    match = OracleMatch(0, 5)
    speeds = []
    for _ in range(8):
        match.step(UP, DOWN)
        speeds.append(float(match.paddle_v[LEFT]))
    assert speeds == near([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.6, 0.6])
    assert match.paddle_v[RIGHT] == -match.paddle_v[LEFT]
    assert match.paddle_y[LEFT] == near(sum(speeds) * TICK)
    assert match.paddle_y[RIGHT] == -match.paddle_y[LEFT]


def test_a_paddle_brakes_as_it_speeds_up():
    match = OracleMatch(0, 5)
    play(match, 6, left=UP)
    braking = []
    for _ in range(7):
        match.step(STAY, STAY)
        braking.append(float(match.paddle_v[LEFT]))
    assert braking == near([0.5, 0.4, 0.3, 0.2, 0.1, 0, 0])
    play(match, 6, left=UP)
    match.step(DOWN, STAY)
    assert match.paddle_v[LEFT] == near(0.5)


def test_a_paddle_stops_at_the_edge_of_its_range():
    match = OracleMatch(0, 5)
    play(match, 39, left=UP, right=DOWN)
    assert match.paddle_v == near([0.6, -0.6])
    play(match, 30, left=UP, right=DOWN)
    assert match.paddle_y == near([0.375, -0.375])
    assert match.paddle_v[LEFT] == 0 == match.paddle_v[RIGHT]


def test_distance_is_what_the_paddle_moved_up_and_down():
    match = OracleMatch(0, 5)
    play(match, 20, left=UP)
    top = match.paddle_y[LEFT]
    play(match, 8, left=STAY)
    top = max(top, match.paddle_y[LEFT])
    play(match, 20, left=DOWN)
    assert match.distance[LEFT] == near(2 * top - match.paddle_y[LEFT])
    assert match.distance[RIGHT] == 0


# Flight


def test_spin_bends_the_flight():
    match = in_play(x=0, y=0, vx=1, vy=0, spin=2)
    match.step(STAY, STAY)
    assert match.vy == near(0.3 / 60 * 2 * 1)
    assert match.vx == 1
    assert match.x == near(TICK)
    assert match.y == near(match.vy * TICK)
    assert match.spin == near(2 * 0.996)


@pytest.mark.parametrize(("spin", "vx", "bends"), [(2, 1, 1), (-2, 1, -1), (2, -1, -1), (-2, -1, 1), (0, 1, 0)])
def test_the_sign_of_the_bend(spin, vx, bends):
    match = in_play(x=0, y=0, vx=vx, vy=0, spin=spin)
    match.step(STAY, STAY)
    assert np.sign(match.vy) == bends


@pytest.mark.parametrize(("side", "kick"), [(1, 0.07), (-1, -0.07)])
def test_a_wall_turns_the_ball_round_and_rubs_on_its_spin(side, kick):
    match = in_play(x=0, y=side * 0.43, vx=1, vy=side * 1.2, spin=2)
    vy = side * 1.2 + 0.3 / 60 * 2
    match.step(STAY, STAY)
    assert match.y == near(side * 0.876 - (side * 0.43 + vy * TICK))
    assert match.vy == near(-vy)
    assert match.vx == near(1 + kick * 2)
    assert match.x == near(TICK)
    assert match.spin == near(0.5 * 2 * 0.996)


@pytest.mark.parametrize("direction", [1, -1])
def test_a_wall_never_stops_the_ball(direction):
    match = in_play(x=0, y=0.43, vx=direction * 0.4, vy=1.2, spin=-3 * direction)
    match.step(STAY, STAY)
    assert match.vx == near(direction * 0.35)


# Contact


def contact(offset=0.0, paddle_v=0.0, seat=RIGHT, **state):
    """Return a match just after a contact at ``offset`` of a paddle that moves at ``paddle_v`` in that tick."""
    side = 1 if seat == RIGHT else -1
    ball = {"x": side * 0.739, "y": 0.087 * offset, "vx": side * 1, "vy": 0, "spin": 0, "pace": 1.0} | state
    match = in_play(**ball)
    action = UP if paddle_v > 0 else DOWN if paddle_v < 0 else STAY
    match.paddle_v[seat] = np.float32(paddle_v)
    part = 0.001 / TICK
    match.paddle_y[seat] = np.float32(-paddle_v * TICK * part)
    match.step(action if seat == LEFT else STAY, action if seat == RIGHT else STAY)
    return match


@pytest.mark.parametrize("seat", [LEFT, RIGHT])
@pytest.mark.parametrize("offset", [0, 0.5, -0.9])
def test_the_contact_offset_sets_the_angle(seat, offset):
    match = contact(offset, seat=seat)
    assert match.hits[seat] == 1
    assert match.vy / abs(match.vx) == pytest.approx(1.1 * offset, abs=1e-4)
    assert math.hypot(match.vx, match.vy) == near(1.1)
    assert np.sign(match.vx) == (-1 if seat == RIGHT else 1)
    assert match.offsets[seat] == pytest.approx(abs(offset), abs=1e-4)


def test_the_ball_flies_on_for_the_rest_of_the_tick():
    match = contact(0)
    assert match.x == pytest.approx(0.74 - 1.1 * (TICK - 0.001), abs=1e-5)


@pytest.mark.parametrize(("offset", "hits"), [(0.99, 1), (1.01, 0), (-0.99, 1), (-1.01, 0)])
def test_beyond_the_paddles_end_is_a_miss(offset, hits):
    match = contact(offset)
    assert (match.hits[RIGHT], match.misses[RIGHT]) == (hits, 1 - hits)


def test_a_ball_behind_the_line_is_out_of_reach():
    match = contact(1.5)
    assert match.vx == 1
    play(match, 2, right=UP)
    assert match.hits[RIGHT] == 0
    assert match.misses[RIGHT] == 1


def test_mean_miss_is_how_far_from_the_paddle_the_missed_balls_crossed_its_line():
    match = contact(1.5)
    assert match.result()["mean_miss"][0] == pytest.approx([0, 1.5], abs=1e-4)
    play(match, 2)
    assert match.result()["mean_miss"][0] == pytest.approx([0, 1.5], abs=1e-4)
    match.x, match.y, match.paddle_y[RIGHT] = np.float32(0.739), np.float32(-0.087 * 2.5), np.float32(0)
    match.step(STAY, STAY)
    assert match.misses[RIGHT] == 2
    assert match.result()["mean_miss"][0] == pytest.approx([0, 2.0], abs=1e-4)
    assert contact(0.5).result()["mean_miss"][0].tolist() == [0, 0]


@pytest.mark.parametrize(("pace", "after"), [(1.0, 1.1), (2.0, 2.2), (2.8, 2.9), (2.9, 2.9)])
def test_every_contact_speeds_the_ball_up_to_a_cap(pace, after):
    match = contact(0.3, pace=pace)
    assert match.pace == near(after)
    assert math.hypot(match.vx, match.vy) == near(after)


@pytest.mark.parametrize(("seat", "sign"), [(RIGHT, 1), (LEFT, -1)])
@pytest.mark.parametrize("paddle_v", [0.6, -0.6])
def test_a_moving_paddle_spins_the_ball(seat, sign, paddle_v):
    assert contact(seat=seat, paddle_v=paddle_v).spin == near(sign * 4 * paddle_v)


def test_three_tenths_of_the_decayed_spin_are_kept_within_limits():
    assert contact(spin=1).spin == near(0.3 * 0.996)
    assert contact(spin=3, paddle_v=0.6).spin == 3
    assert contact(spin=-3, paddle_v=-0.6).spin == -3


def test_a_fast_ball_does_not_tunnel():
    for start in np.linspace(0.6925, 0.7399, 12):
        assert contact(x=start, vx=2.9, pace=2.9).hits[RIGHT] == 1


# Serve


def test_the_ball_rests_for_40_ticks_and_leaves_towards_the_receiver():
    for seed in range(8):
        match = OracleMatch(seed, 5)
        play(match, 39)
        assert (match.x, match.vx, match.vy) == (0, 0, 0)
        assert abs(match.y) <= 0.25
        height = match.y
        match.step(STAY, STAY)
        assert (match.x, match.y) == (0, height)
        assert np.sign(match.vx) == (1 if seed % 2 == 0 else -1)
        assert math.hypot(match.vx, match.vy) == near(1)
        assert abs(match.vy / match.vx) <= 0.7 + 1e-6
        assert match.spin == 0


def test_serves_differ_from_seed_to_seed_and_fill_their_range():
    heights, slopes = [], []
    for index in range(300):
        match = in_play(pair_seed(1, index))
        heights.append(match.y)
        slopes.append(match.vy / abs(match.vx))
    assert (min(heights), max(heights)) == pytest.approx((-0.25, 0.25), abs=0.02)
    assert (min(slopes), max(slopes)) == pytest.approx((-0.7, 0.7), abs=0.05)


def score(match, side):
    """Send the ball past the goal line of ``side`` (+1 right)."""
    while match.is_resting:
        match.step(STAY, STAY)
    match.x, match.vx = np.float32(side * 0.79), np.float32(side)
    match.step(STAY, STAY)


@pytest.mark.parametrize("seed", [0, 1])
def test_serves_alternate_point_by_point_whoever_wins_them(seed):
    match = OracleMatch(seed, 5)
    servers = []
    for side in (1, 1, -1, 1):
        servers.append(match.server)
        score(match, side)
    assert servers == [seed, 1 - seed, seed, 1 - seed]
    assert match.points == [3, 1]


# Points, aces, lets, ends


def test_a_ball_past_a_goal_line_is_a_point_for_the_other_side():
    match = in_play()
    score(match, 1)
    score(match, -1)
    score(match, -1)
    assert match.points == [1, 2]
    assert match.rallies == 3
    assert match.is_resting


def test_an_untouched_serve_is_an_ace_and_only_for_the_server():
    match = in_play()
    score(match, 1)
    assert match.aces == [1, 0]
    score(match, 1)
    assert match.aces == [1, 0]


def test_a_point_after_a_contact_is_no_ace():
    match = contact(seat=RIGHT)
    score(match, 1)
    assert match.points == [1, 0]
    assert match.aces == [0, 0]
    assert match.longest_rally == 1


def test_the_first_to_reach_the_points_has_won():
    match = OracleMatch(3, 2)
    score(match, 1)
    assert not match.is_over
    score(match, 1)
    assert match.is_over
    row = match.result()[0]
    assert (row["outcome"], row["end"]) == (1, MatchEnd.POINTS)


def test_a_match_that_is_over_stays_as_it_is():
    match = OracleMatch(3, 1)
    score(match, -1)
    before = match.result()
    play(match, 50, left=UP)
    assert match.result().tobytes() == before.tobytes()


def hold_ball(match):
    """Keep the ball in the middle of the court for a tick."""
    if not match.is_resting:
        match.x, match.vx = np.float32(0), np.float32(0.5)
    match.step(STAY, STAY)


def test_a_rally_of_1800_ticks_is_a_let_and_the_same_side_serves_again():
    match = OracleMatch(1, 5)
    for _ in range(1799):
        hold_ball(match)
    assert (match.lets, match.is_resting) == (0, False)
    hold_ball(match)
    assert (match.lets, match.rallies, match.is_resting) == (1, 1, True)
    assert match.points == [0, 0]
    assert match.server == 1


def test_a_point_in_the_last_tick_of_a_rally_is_no_let():
    match = OracleMatch(0, 5)
    for _ in range(1799):
        hold_ball(match)
    score(match, 1)
    assert (match.lets, match.points) == (0, [1, 0])


@pytest.mark.parametrize(("sides", "outcome"), [((), 0), ((1,), 1), ((-1,), -1), ((1, -1), 0)])
def test_a_match_of_3600_ticks_a_point_is_over(sides, outcome):
    match = OracleMatch(0, 2)
    for side in sides:
        score(match, side)
    while not match.is_over:
        hold_ball(match)
    row = match.result()[0]
    assert (row["ticks"], row["end"], row["outcome"]) == (7200, MatchEnd.TICK_LIMIT, outcome)


# Reactions


def test_a_reaction_is_the_ticks_until_the_receivers_action_changes():
    match = in_play(seed=0)
    play(match, 6)
    play(match, 10, right=UP)
    score(match, 1)
    assert (match.reactions, match.reaction_ticks) == ([0, 1], [0, 7])


def test_without_a_change_there_is_no_reaction_and_the_server_has_none():
    match = in_play(seed=0)
    play(match, 10, left=UP)
    score(match, 1)
    assert match.reactions == [0, 0]


# State hash


def test_minus_zero_and_zero_are_one_state():
    """A mirrored court has -0 where the match itself has 0; both must give the same proof."""
    hashes = set()
    for zero in (0.0, -0.0):
        match = in_play(x=0.79, vx=1, vy=zero, spin=zero, y=zero)
        match.step(STAY, STAY)
        hashes.add(match.state_hash)
    assert match.points == [1, 0]
    assert len(hashes) == 1


def test_everything_that_moves_is_in_the_state_hash():
    names = ("x", "y", "vx", "vy", "spin")
    hashes = []
    for name in (None, *names):
        match = in_play(x=0.79, vx=1)
        if name:
            setattr(match, name, np.nextafter(getattr(match, name), np.float32(9)))
        match._record()
        hashes.append(match.state_hash)
    assert len(set(hashes)) == 1 + len(names)


# Observations


def test_an_observation_is_scaled_and_in_order():
    match = in_play(x=0.4, y=-0.225, vx=1.45, vy=-0.29, spin=1.5)
    match.paddle_y = [np.float32(0.225), np.float32(-0.09)]
    match.paddle_v = [np.float32(0.3), np.float32(-0.6)]
    assert match.observe(LEFT) == near([0.5, -0.5, 0.5, -0.1, 0.5, 0.5, 0.5, -0.2])
    assert match.observe(RIGHT) == near([-0.5, -0.5, -0.5, -0.1, -0.5, -0.2, -1, 0.5])


def test_both_sides_see_the_same_court_mirrored():
    rng = np.random.default_rng(5)
    match, mirror = Match(GAME, 8, 1), Match(GAME, 9, 1)
    while not match.is_over:
        assert np.array_equal(match.observation(Seat.LEFT), mirror.observation(Seat.RIGHT))
        assert np.array_equal(match.observation(Seat.RIGHT), mirror.observation(Seat.LEFT))
        left, right = rng.integers(0, 3, 2).tolist()
        match.step(left, right)
        mirror.step(right, left)
    assert mirror.is_over


def test_an_action_that_is_none_is_refused():
    with pytest.raises(ValueError, match="action 3 is not allowed: 0 to 2"):
        Match(GAME, 0).step(3, 0)
