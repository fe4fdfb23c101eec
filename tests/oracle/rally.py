"""Rally in plain Python, written from the rule book: what the compiled rules are proved against.

One match, one tick at a time, no blocks, no lanes, no mirrored courts. With ``number=np.float32`` it gives the very
bits of the kernels; with ``number=float`` it is the same code in Python's own arithmetic, for comparisons of speed.
"""

import math
import struct
from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import numpy as np

from game.spec import RESULT_DTYPE, MatchEnd, Results

NumberType: TypeAlias = type[np.float32] | type[float]
"""In what all arithmetic is done."""

Real: TypeAlias = Any
"""A number of the match's ``NumberType``: the two have no common type that knows arithmetic."""

LEFT: Final = 0
RIGHT: Final = 1
NOBODY: Final = -1

SERVE_REST_TICKS: Final = 40
RALLY_TICK_LIMIT: Final = 1800
TICK_LIMIT_A_POINT: Final = 3600

_64_BITS: Final = 2**64 - 1


def mix(state: int) -> int:
    """Return the output of SplitMix64 for ``state``."""
    state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _64_BITS
    state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _64_BITS
    return state ^ (state >> 31)


def advance(state: int) -> int:
    """Return the state of SplitMix64 that follows ``state``."""
    return (state + 0x9E3779B97F4A7C15) & _64_BITS


def stream_state(seed: int, stream: int) -> int:
    """Return the first state of random stream ``stream`` of a match."""
    return mix(mix(advance(seed)) ^ mix(advance(stream * 0xBF58476D1CE4E5B9)))


class Constants:
    """The numbers of the rule book, each rounded once to the match's type."""

    def __init__(self, number: NumberType) -> None:
        self.tick: Real = number(1 / 60)
        self.zero: Real = number(0)
        self.one: Real = number(1)
        self.paddle_line: Real = number(0.74)
        self.paddle_top: Real = number(0.375)
        self.reach: Real = number(0.087)
        self.acceleration: Real = number(6) * self.tick
        self.target_velocities: tuple[Real, Real, Real] = (number(0.6), number(0), -number(0.6))
        self.wall: Real = number(0.438)
        self.twice_wall: Real = number(2) * self.wall
        self.goal_line: Real = number(0.8)
        self.magnus: Real = number(0.3) * self.tick
        self.wall_friction: Real = number(0.07)
        self.least_vx: Real = number(0.35)
        self.half: Real = number(0.5)
        self.spin_decay: Real = number(0.996)
        self.spin_limit: Real = number(3)
        self.spin_kept: Real = number(0.3)
        self.spin_gain: Real = number(4)
        self.contact_slope: Real = number(1.1)
        self.pace_gain: Real = number(1.1)
        self.pace_limit: Real = number(2.9)
        self.serve_pace: Real = number(1)
        self.serve_slope: Real = number(0.7)
        self.serve_height: Real = number(0.25)
        self.per_goal_line: Real = number(1 / 0.8)
        self.per_half_height: Real = number(1 / 0.45)
        self.per_pace_limit: Real = number(1 / 2.9)
        self.per_spin_limit: Real = number(1 / 3)
        self.per_paddle_speed: Real = number(1 / 0.6)


class OracleMatch:
    """One match on ``seed`` to ``points``; every quantity is a plain attribute that a test may read or set."""

    x: Real
    y: Real
    vx: Real
    vy: Real
    spin: Real
    pace: Real
    rally_hits: int

    def __init__(self, seed: int, points: int, number: NumberType = np.float32) -> None:
        self.seed = seed
        self.points_to_win = points
        self.number = number
        self.constants = Constants(number)
        self._sqrt: Any = math.sqrt if number is float else np.sqrt
        self.random_state = stream_state(seed >> 1, 0)
        self.server = seed & 1
        self.is_over = False
        self.end = MatchEnd.POINTS
        self.state_hash = 0
        self.paddle_y: list[Real] = [number(0), number(0)]
        self.paddle_v: list[Real] = [number(0), number(0)]
        self._start_counters()
        self._rest_ball()

    def _start_counters(self) -> None:
        number = self.number
        self.ticks = 0
        self.rallies = 0
        self.lets = 0
        self.longest_rally = 0
        self.points = [0, 0]
        self.hits = [0, 0]
        self.misses = [0, 0]
        self.aces = [0, 0]
        self.distance: list[Real] = [number(0), number(0)]
        self.offsets: list[Real] = [number(0), number(0)]
        self.miss_offsets: list[Real] = [number(0), number(0)]
        self.reactions = [0, 0]
        self.reaction_ticks = [0, 0]
        self._receiver = NOBODY  # whose reaction to the ball is on account
        self._noted_action = 0
        self._sent_at = 0
        self._reacted_at = 0  # 0: not yet

    # What players see

    def observe(self, seat: int) -> list[Real]:
        """Return the eight numbers that ``seat`` sees, as if it played on the left."""
        c = self.constants
        x, vx, spin = self.x, self.vx, self.spin
        if seat == RIGHT:
            x, vx, spin = -x, -vx, -spin
        return [
            x * c.per_goal_line,
            self.y * c.per_half_height,
            vx * c.per_pace_limit,
            self.vy * c.per_pace_limit,
            spin * c.per_spin_limit,
            self.paddle_y[seat] * c.per_half_height,
            self.paddle_v[seat] * c.per_paddle_speed,
            self.paddle_y[1 - seat] * c.per_half_height,
        ]

    # One tick

    def step(self, left_action: int, right_action: int) -> None:
        """Play one tick with both sides' actions: 0 up, 1 stay, 2 down. A match that is over stays as it is."""
        if self.is_over:
            return
        self.ticks += 1
        self.rally_ticks += 1
        actions = (left_action, right_action)
        before = (self.paddle_y[LEFT], self.paddle_y[RIGHT])
        self._move_paddle(LEFT, left_action)
        self._move_paddle(RIGHT, right_action)
        self._watch_reaction(actions)
        if self.is_resting:
            if self.rally_ticks == SERVE_REST_TICKS:
                self._serve(actions)
        else:
            self._play_ball(before, actions)
        if abs(self.x) > self.constants.goal_line:
            self._score(RIGHT if self.x < 0 else LEFT)
        elif self.rally_ticks >= RALLY_TICK_LIMIT:
            self._call_let()
        self._look_for_end()

    def _move_paddle(self, seat: int, action: int) -> None:
        c = self.constants
        velocity = self.paddle_v[seat]
        wanted = c.target_velocities[action] - velocity
        velocity = velocity + max(-c.acceleration, min(c.acceleration, wanted))
        old = self.paddle_y[seat]
        new = old + velocity * c.tick
        if abs(new) > c.paddle_top:
            new = c.paddle_top if new > 0 else -c.paddle_top
            velocity = c.zero
        self.paddle_y[seat] = new
        self.paddle_v[seat] = velocity
        self.distance[seat] = self.distance[seat] + abs(new - old)

    def _play_ball(self, paddles_before: tuple[Real, Real], actions: tuple[int, int]) -> None:
        """Let the ball fly for a tick; where its path crosses a paddle's line, there is a contact or a miss."""
        c = self.constants
        old_x, old_y = self.x, self.y
        self.vy = self.vy + c.magnus * self.spin * self.vx
        new_x = old_x + self.vx * c.tick
        straight_y = old_y + self.vy * c.tick
        self.x, self.y = new_x, straight_y
        if abs(straight_y) > c.wall:
            self._bounce()
        self.spin = self.spin * c.spin_decay
        if old_x < c.paddle_line <= new_x:
            seat, line = RIGHT, c.paddle_line
        elif old_x > -c.paddle_line >= new_x:
            seat, line = LEFT, -c.paddle_line
        else:
            return
        part = (line - old_x) / (new_x - old_x)
        ball_y = self._reflect(old_y + (straight_y - old_y) * part)
        old_paddle = paddles_before[seat]
        offset = (ball_y - (old_paddle + (self.paddle_y[seat] - old_paddle) * part)) / c.reach
        if abs(offset) > 1:
            self.misses[seat] += 1
            self.miss_offsets[seat] = self.miss_offsets[seat] + abs(offset)
            return
        self._hit(seat, offset, actions)
        rest = (c.one - part) * c.tick
        self.x = line + self.vx * rest
        self.y = self._reflect(ball_y + self.vy * rest)
        self._record()

    def _reflect(self, y: Real) -> Real:
        c = self.constants
        if y > c.wall:
            return c.twice_wall - y
        if y < -c.wall:
            return -c.twice_wall - y
        return y

    def _bounce(self) -> None:
        """Turn the ball round at the wall that it has passed; its spin rubs along the wall."""
        c = self.constants
        kick = c.wall_friction * self.spin
        vx = self.vx + (kick if self.y > 0 else -kick)
        self.vx = max(vx, c.least_vx) if self.vx > 0 else min(vx, -c.least_vx)
        self.y = self._reflect(self.y)
        self.vy = -self.vy
        self.spin = self.spin * c.half

    def _hit(self, seat: int, offset: Real, actions: tuple[int, int]) -> None:
        c = self.constants
        self.hits[seat] += 1
        self.rally_hits += 1
        self.offsets[seat] = self.offsets[seat] + abs(offset)
        self.pace = min(self.pace * c.pace_gain, c.pace_limit)
        push = c.spin_gain * self.paddle_v[seat]
        spin = c.spin_kept * self.spin + (push if seat == RIGHT else -push)
        self.spin = max(-c.spin_limit, min(c.spin_limit, spin))
        self._send(1 - seat, c.contact_slope * offset, actions)

    def _send(self, receiver: int, slope: Real, actions: tuple[int, int]) -> None:
        """Send the ball to ``receiver``, and open the account of that side's reaction."""
        speed = self.pace / self._sqrt(self.constants.one + slope * slope)
        self.vx = speed if receiver == RIGHT else -speed
        self.vy = speed * slope
        self._close_reaction()
        self._receiver = receiver
        self._noted_action = actions[receiver]
        self._sent_at = self.ticks

    # Reactions

    def _watch_reaction(self, actions: tuple[int, int]) -> None:
        is_first = self._receiver != NOBODY and not self._reacted_at
        if is_first and actions[self._receiver] != self._noted_action:
            self._reacted_at = self.ticks

    def _close_reaction(self) -> None:
        if self._reacted_at:
            self.reactions[self._receiver] += 1
            self.reaction_ticks[self._receiver] += self._reacted_at - self._sent_at
        self._receiver = NOBODY
        self._reacted_at = 0

    # Serves, points, lets, the end

    def _draw(self) -> Real:
        """Return the match's next random number, in [-1, 1)."""
        self.random_state = advance(self.random_state)
        return self.number(2 * (mix(self.random_state) >> 40) / 2**24 - 1)

    def _rest_ball(self) -> None:
        """Put the ball at rest before a serve: a new rally begins."""
        zero = self.number(0)
        self.x, self.y = zero, self.constants.serve_height * self._draw()
        self.vx, self.vy, self.spin = zero, zero, zero
        self.pace = self.constants.serve_pace
        self.is_resting = True
        self.rally_ticks = 0
        self.rally_hits = 0

    def _serve(self, actions: tuple[int, int]) -> None:
        self.is_resting = False
        self._send(1 - self.server, self.constants.serve_slope * self._draw(), actions)
        self._record()

    def _score(self, winner: int) -> None:
        self.points[winner] += 1
        if winner == self.server and self.rally_hits == 0:
            self.aces[winner] += 1
        self.server = 1 - self.server
        self._end_rally()

    def _call_let(self) -> None:
        self.lets += 1
        self._end_rally()

    def _end_rally(self) -> None:
        self._close_reaction()
        self.rallies += 1
        self.longest_rally = max(self.longest_rally, self.rally_hits)
        self._record()
        self._rest_ball()

    def _look_for_end(self) -> None:
        if max(self.points) >= self.points_to_win:
            self.is_over = True
        elif self.ticks >= TICK_LIMIT_A_POINT * self.points_to_win:
            self.is_over = True
            self.end = MatchEnd.TICK_LIMIT
            self._record()

    # The record

    def _record(self) -> None:
        """Mix everything that moves into the state hash."""
        moving = [self.ticks, self.x, self.y, self.vx, self.vy, self.spin]
        for seat in (LEFT, RIGHT):
            moving += [self.paddle_y[seat], self.paddle_v[seat]]
        for value in moving:
            bits = struct.unpack("<I", struct.pack("<f", value))[0]
            self.state_hash = mix(advance(self.state_hash) ^ (0 if bits == 0x80000000 else bits))

    def result(self, match_id: int = 0, left: int = 0, right: int = 1) -> Results:
        """Return the result so far, one row of ``RESULT_DTYPE``."""
        row = np.zeros(1, RESULT_DTYPE)
        lead = self.points[LEFT] - self.points[RIGHT]
        row["match_id"], row["left"], row["right"], row["seed"] = match_id, left, right, self.seed
        row["outcome"] = (lead > 0) - (lead < 0)
        for name in ("end", "ticks", "rallies", "lets", "longest_rally", "points", "hits", "misses", "aces"):
            row[name] = getattr(self, name)
        for name in ("distance", "reactions", "state_hash"):
            row[name] = getattr(self, name)
        row["mean_rally"] = self._mean(sum(self.hits), self.rallies)
        row["mean_reaction"] = self._means(self.reaction_ticks, self.reactions)
        row["mean_offset"] = self._means(self.offsets, self.hits)
        row["mean_miss"] = self._means(self.miss_offsets, self.misses)
        return row

    def _means(self, sums: Sequence[Real], counts: Sequence[int]) -> list[Real]:
        return [self._mean(total, count) for total, count in zip(sums, counts, strict=True)]

    def _mean(self, total: Real, count: int) -> Real:
        return self.number(total) / self.number(max(count, 1))
