"""Rally: two paddles, one ball with spin. This page is the rule book.

Version
-------
1. Any change that can change a result is a new ``VERSION``; players and stored matches name theirs.

Court
-----
1.6 wide and 0.9 high; x runs right from -0.8 to 0.8, y up from -0.45 to 0.45. One tick is 1/60 s. All
arithmetic is float32 in a fixed order. A paddle is 0.15 high and moves along the line x = -0.74 (left) or 0.74
(right); the ball's radius is 0.012. Walls are at the top and the bottom; behind each paddle is a goal line.

State
-----
Both paddles' y and velocity; the ball's position, velocity and spin (counter-clockwise positive); the *pace*,
which is the speed that the last serve or contact gave; score, server, counters, and the match's random state.

A tick
------
Both sides act on the same state. Then, in this order: paddles move, the ball flies, and where it matters contact, serve,
point or let, and the end are resolved.

Actions
-------
0 up, 1 stay, 2 down: a target velocity of 0.6, 0 or -0.6 units/s, which the paddle's velocity approaches by at most 0.1
(6 units/s per second) a tick before the paddle moves by velocity / 60. A paddle that would pass +-0.375 stops there with
velocity 0.

Flight
------
Spin bends the flight: in each tick vy first grows by (0.3 / 60) * spin * vx (the vertical part of the Magnus force; the
horizontal part is left out so that every ball arrives), then the ball moves by velocity / 60. At a wall (the ball's
centre past +-0.438) y is reflected, vy turns round, and friction changes vx by 0.07 * spin at the top and by -0.07 * spin
at the bottom, but never to less than 0.35 in the direction of flight; half of the spin is lost. Then, in every tick, spin
decays to 0.996 of itself. A tick's wall comes before its contact, even where the contact is first on the path. ("/ 60" is
a product with the float32 nearest to 1/60.)

Contact
-------
The ball's path is swept: where its straight, unreflected path of this tick crosses x = +-0.74 outwards, at the fraction
``part`` of the tick, ball y (reflected at the walls) and paddle y (between the old and the new one) are taken at that
instant. The *contact offset* is (ball y - paddle y) / 0.087; beyond +-1 it is a miss, and a ball past the line is out of
reach. Otherwise the pace grows by 10 %, up to 2.9 units/s, and the ball leaves at the pace with slope 1.1 * offset: |vx| =
pace / sqrt(1 + slope^2), vy = |vx| * slope. Its spin (already decayed in this tick) becomes 0.3 of what it was plus 4 times
the paddle's velocity on the right, minus 4 times on the left, within +-3. It flies on for the rest of the tick, with
reflection of y alone.

Offset and miss
---------------
A side's *mean offset* is the mean of |contact offset| over its contacts, 0 to 1; its *mean miss* is the same over its misses,
more than 1: how far from the paddle's middle, in reaches, the ball crossed the line. Either is 0 where there was none. A ball
crosses the line once, so a miss counts once, with its point or, at a tick limit, without.

Serve
-----
At the start and after every point and let the ball rests at x = 0 and y = 0.25 * r1. It leaves at the end of the 40th tick
of its rest towards the receiver, at a pace of 1.0 with slope 0.7 * r2 and no spin. Serves alternate point by point; after a
let the same side serves again. r1 and r2 are the match's next random numbers, uniform in [-1, 1): 2 * u - 1 with u of the top
24 of the 64 bits of SplitMix64, whose state is ``stream_state(seed >> 1, 0)`` (see ``game.seeding``). The first server is the
seed's last bit (0 left, 1 right): seeds 2k and 2k + 1 are each other's mirror image.

Scoring and ends
----------------
A ball past x = +-0.8 is a point for the other side; an *ace* if the server won it and nobody touched the ball. The first to
reach the points to win (1 to 21, usually 5) has won. A rally that reaches its 1,800th tick (30 s, the rest before its serve
included) without that is a let: no point. A match that reaches 3,600 ticks a point to win is over: who leads has won, equal
scores are a draw.

Reaction
--------
When the ball is sent towards a side, that side's action in that tick is noted; the ticks until its action first differs are
its reaction. A rally's end or the next contact closes the account; without a change there is no reaction to count. At a tick
limit in the middle of a rally that rally is not counted, but its contacts are.

Observation
-----------
8 float32 values, about [-1, 1], seen as if the observer played on the left (x, vx and spin are negated for the right
side): 0 ball x / 0.8; 1 ball y / 0.45; 2 ball vx / 2.9; 3 ball vy / 2.9; 4 spin / 3; 5 own paddle y / 0.45; 6 own paddle
velocity / 0.6; 7 other paddle y / 0.45 (products with the float32 reciprocals). While the ball rests before a serve its
velocity is 0.

State hash
----------
After every contact (not a miss), serve, point, let and tick-limit end (a point or let before the ball is put to rest, a tick
limit after everything), SplitMix64 mixes in, one after the other as float32 bits with -0 as 0: tick, ball x, y, vx, vy, spin,
left y, left velocity, right y, right velocity. Per value: hash = mix(advance(hash) xor bits), starting at 0.

History
-------
1: first version.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from game import contract, seeding
from game.contract import implement
from game.games import rally_bots, rally_hindsight
from game.games.rally_court import *  # the rules are written in the court's own words
from game.jit import LANES, kernel
from game.spec import CourtShape, GameSpec, MatchEnd

VERSION: Final = 1

_MATCH_STREAM: Final = np.uint64(0)
_LAST_BIT: Final = np.uint64(1)
_END_POINTS: Final = int(MatchEnd.POINTS)
_END_TICK_LIMIT: Final = int(MatchEnd.TICK_LIMIT)


@kernel
def _draw(court: RallyCourt, lane: int) -> np.float32:
    """Return the match's next random number, in [-1, 1)."""
    state = seeding.advance_state(court.words[RANDOM + lane])
    court.words[RANDOM + lane] = state
    return np.float32(TWO * seeding.unit_float(seeding.mix(state)) - ONE)


@kernel
def _record(court: RallyCourt, lane: int, value: np.float32) -> None:
    """Fold the bits of ``value`` into the state hash; adding +0 makes -0 and 0 one value."""
    bits = np.uint64(np.float32(value + ZERO).view(np.uint32))
    court.words[HASH + lane] = seeding.mix(np.uint64(seeding.advance_state(court.words[HASH + lane]) ^ bits))


@kernel
def _record_state(court: RallyCourt, lane: int) -> None:
    """Fold everything that moves into the state hash, unmirrored."""
    f = court.reals
    mirrored = court.integers[MIRRORED + lane] == 1
    sign = -ONE if mirrored else ONE
    first = RIGHT_Y if mirrored else LEFT_Y
    second = LEFT_Y if mirrored else RIGHT_Y
    _record(court, lane, np.float32(court.integers[TICKS + lane]))
    _record(court, lane, sign * f[BALL_X + lane])
    _record(court, lane, f[BALL_Y + lane])
    _record(court, lane, sign * f[BALL_VX + lane])
    _record(court, lane, f[BALL_VY + lane])
    _record(court, lane, sign * f[SPIN + lane])
    for row in (first, second):
        _record(court, lane, f[row + lane])
        _record(court, lane, f[row + LANES + lane])


@kernel
def _start(court: RallyCourt, lane: int, seed: np.uint64, mirrored: int, points: int) -> None:
    for row in range(N_REALS):
        court.reals[row * LANES + lane] = ZERO
    for row in range(N_INTEGERS):
        court.integers[row * LANES + lane] = 0
    court.words[RANDOM + lane] = seeding.stream_state(np.uint64(seed >> _LAST_BIT), _MATCH_STREAM)
    court.words[HASH + lane] = np.uint64(0)
    court.integers[MIRRORED + lane] = mirrored
    court.integers[POINTS_TO_WIN + lane] = points
    court.integers[TICK_LIMIT + lane] = MATCH_TICKS_A_POINT * points
    court.integers[SERVER + lane] = np.int64(seed & _LAST_BIT) ^ mirrored
    _rest_before_serve(court, lane)


@kernel
def _rest_before_serve(court: RallyCourt, lane: int) -> None:
    """Put the ball at rest in the middle; a new rally begins."""
    f, k = court.reals, court.integers
    y = SERVE_Y * _draw(court, lane)
    f[BALL_X + lane] = ZERO
    f[BALL_Y + lane] = y
    f[OLD_X + lane] = ZERO
    f[OLD_Y + lane] = y
    f[FREE_Y + lane] = y
    f[BALL_VX + lane] = ZERO
    f[BALL_VY + lane] = ZERO
    f[SPIN + lane] = ZERO
    f[PACE + lane] = SERVE_PACE
    k[WAIT + lane] = SERVE_TICKS
    k[RALLY_AGE + lane] = 0
    k[RALLY_HITS + lane] = 0
    k[RECEIVER + lane] = 0


@kernel
def _send(court: RallyCourt, lane: int, toward: int, slope: np.float32, held_action: int) -> None:
    """Send the ball towards seat ``toward`` at its pace with ``slope``; that side's reaction is awaited from now on."""
    f, k = court.reals, court.integers
    vx = f[PACE + lane] / np.sqrt(ONE + slope * slope)
    f[BALL_VX + lane] = vx if toward == 1 else -vx
    f[BALL_VY + lane] = vx * slope
    _settle_reaction(court, lane)
    k[RECEIVER + lane] = toward + 1
    k[AWAITING + lane] = toward + 1
    k[HELD_ACTION + lane] = held_action
    k[SENT_AT + lane] = k[TICKS + lane]
    k[REACTED_AT + lane] = 0


@kernel
def _settle_reaction(court: RallyCourt, lane: int) -> None:
    """Add the reaction to the last approach, if there was one, to its side's sums."""
    k = court.integers
    if k[REACTED_AT + lane] > 0:
        row = (k[RECEIVER + lane] - 1) * LANES + lane
        k[LEFT_REACTIONS + row] += 1
        k[LEFT_REACTION_TICKS + row] += k[REACTED_AT + lane] - k[SENT_AT + lane]
    k[REACTED_AT + lane] = 0
    k[AWAITING + lane] = 0


@kernel
def _move_paddle(court: RallyCourt, rows: tuple[int, int, int], actions: NDArray[np.int32], n: int) -> None:
    """Move the paddle whose position, position a tick ago and distance are kept in ``rows``."""
    f = court.reals
    now, before, distance = rows
    for i in range(n):
        y = f[now + i]
        change = (ONE - np.float32(actions[i])) * PADDLE_SPEED - f[now + LANES + i]
        change = PADDLE_STEP if change > PADDLE_STEP else change
        change = -PADDLE_STEP if change < -PADDLE_STEP else change
        v = f[now + LANES + i] + change
        to = y + v * TICK
        stopped = (to > PADDLE_TOP) | (to < -PADDLE_TOP)
        to = PADDLE_TOP if to > PADDLE_TOP else to
        to = -PADDLE_TOP if to < -PADDLE_TOP else to
        f[before + i] = y
        f[now + i] = to
        f[now + LANES + i] = ZERO if stopped else v
        f[distance + i] += abs(to - y)


@kernel
def _move_ball(court: RallyCourt, n: int) -> None:
    """Free flight and walls; the sides' contacts are resolved afterwards, only where a lane needs it."""
    f = court.reals
    for i in range(n):
        x = f[BALL_X + i]
        y = f[BALL_Y + i]
        vx = f[BALL_VX + i]
        spin = f[SPIN + i]
        vy = f[BALL_VY + i] + MAGNUS_TICK * spin * vx
        free = y + vy * TICK
        above = free > BALL_TOP
        below = free < -BALL_TOP
        wall = above | below
        folded = (TWO * BALL_TOP - free) if above else free
        folded = (-TWO * BALL_TOP - free) if below else folded
        kick = WALL_GRIP * spin
        kick = kick if above else -kick
        forward = (vx + kick) if vx > ZERO else -(vx + kick)
        forward = LEAST_VX if forward < LEAST_VX else forward
        after = forward if vx > ZERO else -forward
        f[OLD_X + i] = x
        f[OLD_Y + i] = y
        f[FREE_Y + i] = free
        f[BALL_X + i] = x + vx * TICK
        f[BALL_Y + i] = folded
        f[BALL_VX + i] = after if wall else vx
        f[BALL_VY + i] = -vy if wall else vy
        f[SPIN + i] = (spin * HALF if wall else spin) * SPIN_DECAY


@kernel
def _watch(court: RallyCourt, left: NDArray[np.int32], right: NDArray[np.int32], n: int) -> None:
    """Count ticks and reactions, and mark the lanes on which more than free flight happens."""
    f, k = court.reals, court.integers
    for i in range(n):
        tick = k[TICKS + i] + 1
        wait = k[WAIT + i]
        age = k[RALLY_AGE + i] + 1
        old = f[OLD_X + i]
        x = f[BALL_X + i]
        awaiting = k[AWAITING + i]
        action = left[i] if awaiting == 1 else right[i]
        reacted = (awaiting != 0) & (action != k[HELD_ACTION + i])
        k[TICKS + i] = tick
        k[RALLY_AGE + i] = age
        k[WAIT + i] = wait - 1 if wait > 0 else 0
        k[REACTED_AT + i] = tick if reacted else k[REACTED_AT + i]
        k[AWAITING + i] = 0 if reacted else awaiting
        crossed = ((old < PADDLE_LINE) & (x >= PADDLE_LINE)) | ((old > -PADDLE_LINE) & (x <= -PADDLE_LINE))
        out = (x > HALF_WIDTH) | (x < -HALF_WIDTH)
        late = (age >= RALLY_TICKS) | (tick >= k[TICK_LIMIT + i])
        k[EVENT + i] = 1 if (crossed | out | late | (wait == 1)) else 0


@kernel
def _contact(court: RallyCourt, lane: int, held_action: int) -> None:
    """Resolve the ball's crossing of a paddle's line: a contact, or a miss."""
    f, k = court.reals, court.integers
    seat = 1 if f[BALL_X + lane] > ZERO else 0
    side = ONE if seat == 1 else -ONE
    part = (side * PADDLE_LINE - f[OLD_X + lane]) / (f[BALL_X + lane] - f[OLD_X + lane])
    y = _fold(f[OLD_Y + lane] + (f[FREE_Y + lane] - f[OLD_Y + lane]) * part)
    paddle = LEFT_Y + 2 * LANES * seat
    old_paddle = OLD_LEFT_Y + LANES * seat
    paddle_y = f[old_paddle + lane] + (f[paddle + lane] - f[old_paddle + lane]) * part
    offset = (y - paddle_y) / REACH
    row = LANES * seat + lane
    if abs(offset) > ONE:
        k[LEFT_MISSES + row] += 1
        f[LEFT_MISS_OFFSETS + row] += abs(offset)
        return
    k[LEFT_HITS + row] += 1
    k[RALLY_HITS + lane] += 1
    f[LEFT_OFFSETS + row] += abs(offset)
    f[PACE + lane] = min(f[PACE + lane] * PACE_GAIN, PACE_LIMIT)
    spin = SPIN_KEPT * f[SPIN + lane] + side * SPIN_GAIN * f[paddle + LANES + lane]
    f[SPIN + lane] = max(min(spin, SPIN_LIMIT), -SPIN_LIMIT)
    _send(court, lane, 1 - seat, CONTACT_SLOPE * offset, held_action)
    rest = (ONE - part) * TICK
    f[BALL_X + lane] = side * PADDLE_LINE + f[BALL_VX + lane] * rest
    f[BALL_Y + lane] = _fold(y + f[BALL_VY + lane] * rest)
    _record_state(court, lane)


@kernel
def _fold(y: np.float32) -> np.float32:
    """Return ``y`` reflected into the court; it is at most one bounce outside."""
    if y > BALL_TOP:
        return TWO * BALL_TOP - y
    if y < -BALL_TOP:
        return -TWO * BALL_TOP - y
    return y


@kernel
def _end_rally(court: RallyCourt, lane: int) -> None:
    """Close the rally's books: a point for the side away from the ball, or a let while the ball is in the court."""
    f, k = court.reals, court.integers
    x = f[BALL_X + lane]
    _settle_reaction(court, lane)
    k[RALLIES + lane] += 1
    k[LONGEST + lane] = max(k[LONGEST + lane], k[RALLY_HITS + lane])
    if abs(x) <= HALF_WIDTH:
        k[LETS + lane] += 1
        return
    winner = 0 if x > ZERO else 1
    k[LEFT_POINTS + LANES * winner + lane] += 1
    if k[RALLY_HITS + lane] == 0 and winner == k[SERVER + lane]:
        k[LEFT_ACES + LANES * winner + lane] += 1
    k[SERVER + lane] = 1 - k[SERVER + lane]


@kernel
def _resolve(court: RallyCourt, lane: int, left_action: int, right_action: int) -> int:
    """Resolve the events of one lane in the order contact, serve, point or let, end; return 1 if the match is over."""
    f, k = court.reals, court.integers
    crossed_right = f[OLD_X + lane] < PADDLE_LINE and f[BALL_X + lane] >= PADDLE_LINE
    crossed_left = f[OLD_X + lane] > -PADDLE_LINE and f[BALL_X + lane] <= -PADDLE_LINE
    if crossed_right or crossed_left:
        _contact(court, lane, left_action if crossed_right else right_action)
    if k[WAIT + lane] == 0 and k[RECEIVER + lane] == 0:
        receiver = 1 - k[SERVER + lane]
        _send(court, lane, receiver, SERVE_SLOPE * _draw(court, lane), right_action if receiver == 1 else left_action)
        _record_state(court, lane)
    if abs(f[BALL_X + lane]) > HALF_WIDTH or k[RALLY_AGE + lane] >= RALLY_TICKS:
        _end_rally(court, lane)
        _record_state(court, lane)
        _rest_before_serve(court, lane)
    if max(k[LEFT_POINTS + lane], k[LEFT_POINTS + LANES + lane]) >= k[POINTS_TO_WIN + lane]:
        k[END + lane] = _END_POINTS
        return 1
    if k[TICKS + lane] >= k[TICK_LIMIT + lane]:
        k[END + lane] = _END_TICK_LIMIT
        _record_state(court, lane)
        return 1
    return 0


@kernel
def _advance(
    court: RallyCourt, left: NDArray[np.int32], right: NDArray[np.int32], ended: NDArray[np.int32], n: int
) -> int:
    _move_paddle(court, (LEFT_Y, OLD_LEFT_Y, LEFT_DISTANCE), left, n)
    _move_paddle(court, (RIGHT_Y, OLD_RIGHT_Y, RIGHT_DISTANCE), right, n)
    _move_ball(court, n)
    _watch(court, left, right, n)
    events = court.integers
    count = 0
    for i in range(n):
        if events[EVENT + i] != 0 and _resolve(court, i, left[i], right[i]) == 1:
            ended[i] = 1
            count += 1
    return count


@kernel
def _observe(court: RallyCourt, seat: int, observation: NDArray[np.float32], n: int) -> None:
    f = court.reals
    sign = ONE if seat == 0 else -ONE
    own = LEFT_Y if seat == 0 else RIGHT_Y
    other = RIGHT_Y if seat == 0 else LEFT_Y
    for i in range(n):
        observation[i] = sign * f[BALL_X + i] * PER_HALF_WIDTH
        observation[LANES + i] = f[BALL_Y + i] * PER_HALF_HEIGHT
        observation[2 * LANES + i] = sign * f[BALL_VX + i] * PER_PACE_LIMIT
        observation[3 * LANES + i] = f[BALL_VY + i] * PER_PACE_LIMIT
        observation[4 * LANES + i] = sign * f[SPIN + i] * PER_SPIN_LIMIT
    for i in range(n):
        observation[5 * LANES + i] = f[own + i] * PER_HALF_HEIGHT
        observation[6 * LANES + i] = f[own + LANES + i] * PER_PADDLE_SPEED
        observation[7 * LANES + i] = f[other + i] * PER_HALF_HEIGHT


@kernel
def _move_lane(court: RallyCourt, source: int, target: int) -> None:
    for row in range(N_REALS):
        court.reals[row * LANES + target] = court.reals[row * LANES + source]
    for row in range(N_INTEGERS):
        court.integers[row * LANES + target] = court.integers[row * LANES + source]
    for row in range(N_WORDS):
        court.words[row * LANES + target] = court.words[row * LANES + source]


@kernel
def _read_side(
    court: RallyCourt, lane: int, seat: int, column: int, counts: NDArray[np.int64], measures: NDArray[np.float32]
) -> None:
    """Write the result of the side at ``seat`` into column ``column`` (0 left, 1 right) of the result rows."""
    f, k = court.reals, court.integers
    row = seat * LANES + lane
    counts[contract.RESULT_POINTS + column] = k[LEFT_POINTS + row]
    counts[contract.RESULT_HITS + column] = k[LEFT_HITS + row]
    counts[contract.RESULT_MISSES + column] = k[LEFT_MISSES + row]
    counts[contract.RESULT_ACES + column] = k[LEFT_ACES + row]
    counts[contract.RESULT_REACTIONS + column] = k[LEFT_REACTIONS + row]
    measures[contract.MEASURE_DISTANCE + column] = f[LEFT_DISTANCE + row]
    reactions = np.float32(max(k[LEFT_REACTIONS + row], 1))
    measures[contract.MEASURE_REACTION + column] = np.float32(k[LEFT_REACTION_TICKS + row]) / reactions
    measures[contract.MEASURE_OFFSET + column] = f[LEFT_OFFSETS + row] / np.float32(max(k[LEFT_HITS + row], 1))
    measures[contract.MEASURE_MISS + column] = f[LEFT_MISS_OFFSETS + row] / np.float32(max(k[LEFT_MISSES + row], 1))


@kernel
def _read_result(court: RallyCourt, lane: int, counts: NDArray[np.int64], measures: NDArray[np.float32]) -> None:
    k = court.integers
    swap = k[MIRRORED + lane]
    _read_side(court, lane, 0, swap, counts, measures)
    _read_side(court, lane, 1, 1 - swap, counts, measures)
    counts[contract.RESULT_END] = k[END + lane]
    counts[contract.RESULT_TICKS] = k[TICKS + lane]
    counts[contract.RESULT_RALLIES] = k[RALLIES + lane]
    counts[contract.RESULT_LETS] = k[LETS + lane]
    counts[contract.RESULT_LONGEST] = k[LONGEST + lane]
    counts[contract.RESULT_HASH] = np.int64(court.words[HASH + lane])
    lead = counts[contract.RESULT_POINTS] - counts[contract.RESULT_POINTS + 1]
    counts[contract.RESULT_LEADER] = 1 if lead > 0 else (-1 if lead < 0 else 0)
    hits = np.float32(k[LEFT_HITS + lane] + k[LEFT_HITS + LANES + lane])
    measures[contract.MEASURE_MEAN_RALLY] = hits / np.float32(max(k[RALLIES + lane], 1))


@kernel
def _court_block(courts: RallyCourt, block: int) -> RallyCourt:
    reals, integers, words = (block * N_REALS * LANES, block * N_INTEGERS * LANES, block * N_WORDS * LANES)
    return RallyCourt(
        courts.reals[reals : reals + N_REALS * LANES],
        courts.integers[integers : integers + N_INTEGERS * LANES],
        courts.words[words : words + N_WORDS * LANES],
    )


@kernel
def _read_scores(court: RallyCourt, scores: NDArray[np.float32], n: int) -> None:
    f, k = court.reals, court.integers
    for i in range(n):
        scores[i] = np.float32(k[LEFT_POINTS + i])
        scores[LANES + i] = np.float32(k[LEFT_POINTS + LANES + i])
        scores[2 * LANES + i] = np.float32(k[LEFT_HITS + i])
        scores[3 * LANES + i] = np.float32(k[LEFT_HITS + LANES + i])
        scores[4 * LANES + i] = f[LEFT_MISS_OFFSETS + i]
        scores[5 * LANES + i] = f[RIGHT_MISS_OFFSETS + i]


@kernel
def _state_digest(court: RallyCourt, lane: int) -> np.uint64:
    kept = court.words[HASH + lane]
    _record_state(court, lane)
    digest = np.uint64(court.words[HASH + lane] ^ court.words[RANDOM + lane])
    court.words[HASH + lane] = kept
    return digest


def _picture(court: RallyCourt, lane: int) -> dict[str, float]:
    """Return what a screen needs of one lane, unmirrored: positions now and a tick ago, spin, score, serve."""
    f, k = court.reals, court.integers
    mirrored = bool(k[MIRRORED + lane])
    sign = -1.0 if mirrored else 1.0
    left, right = (1, 0) if mirrored else (0, 1)
    return {
        "ball_x": sign * float(f[BALL_X + lane]),
        "ball_y": float(f[BALL_Y + lane]),
        "ball_vx": sign * float(f[BALL_VX + lane]),
        "ball_vy": float(f[BALL_VY + lane]),
        "old_ball_x": sign * float(f[OLD_X + lane]),
        "old_ball_y": float(f[OLD_Y + lane]),
        "spin": sign * float(f[SPIN + lane]),
        "left_y": float(f[LEFT_Y + 2 * LANES * left + lane]),
        "right_y": float(f[LEFT_Y + 2 * LANES * right + lane]),
        "old_left_y": float(f[OLD_LEFT_Y + LANES * left + lane]),
        "old_right_y": float(f[OLD_LEFT_Y + LANES * right + lane]),
        "left_points": float(k[LEFT_POINTS + LANES * left + lane]),
        "right_points": float(k[LEFT_POINTS + LANES * right + lane]),
        "rally_hits": float(k[RALLY_HITS + lane]),
        "tick": float(k[TICKS + lane]),
        "serve_in": float(k[WAIT + lane]),
    }


implement(contract.start_match, RallyCourt, _start)
implement(contract.observe, RallyCourt, _observe)
implement(contract.advance, RallyCourt, _advance)
implement(contract.move_lane, RallyCourt, _move_lane)
implement(contract.read_result, RallyCourt, _read_result)
implement(contract.court_block, RallyCourt, _court_block, returns_arrays=True)
implement(contract.read_scores, RallyCourt, _read_scores)
implement(contract.state_digest, RallyCourt, _state_digest)
implement(contract.decide_scripted, RallyCourt, rally_bots.decide)

GAME: Final = GameSpec(
    name="rally",
    version=VERSION,
    title="Rally",
    tick_s=1.0 / 60.0,
    observations=("ball x", "ball y", "ball vx", "ball vy", "spin", "own y", "own velocity", "other y"),
    actions=("up", "stay", "down"),
    default_points=5,
    max_points=21,
    new_court=new_court,
    memory_rows=rally_bots.MEMORY_ROWS,
    bots=rally_bots.BOTS,
    rule_book=__doc__ or "",
    picture=_picture,
    shape=CourtShape(
        half_width=float(HALF_WIDTH),
        half_height=float(HALF_HEIGHT),
        ball_radius=float(BALL_RADIUS),
        paddle_line=float(PADDLE_LINE),
        paddle_half=float(PADDLE_HALF),
        spin_limit=float(SPIN_LIMIT),
    ),
    hindsight=rally_hindsight.right_actions,
    coverage=(("ball x", 12), ("ball y", 8), ("ball vy", 4), ("own y", 8)),
)
