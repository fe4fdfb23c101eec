"""A Python bot for Rally: it goes where the ball will cross its line, reflections at the walls included.

    python main.py players import assets/bots/interceptor.py --trust-python

The numbers are those of the rule book, the docstring of game/games/rally.py. What it leaves to you: spin, which bends the flight,
and where to send the ball.
"""

UP, STAY, DOWN = 0, 1, 2

LINE_X = 0.74  # this player's paddle moves along x = -LINE_X
BALL_TOP = 0.438  # the ball's centre turns round here, and at -BALL_TOP
BRAKING_S = 0.025  # how far a paddle still moves once it is to stop, as time at its speed
DEAD_ZONE = 0.01


class Bot:
    """A fresh one plays each match, and may keep what it wants between decisions; this one needs nothing."""

    def decide(self, observation):
        """Return an action for the 8 numbers that it sees, as if it played on the left."""
        x, y, vx, vy, _spin, own, speed, _other = observation
        x, y, vx, vy, own, speed = 0.8 * x, 0.45 * y, 2.9 * vx, 2.9 * vy, 0.45 * own, 0.6 * speed
        is_coming = vx < 0
        target = reflected(y + vy * (x + LINE_X) / -vx) if is_coming else 0.0
        distance = target - (own + BRAKING_S * speed)
        if abs(distance) < DEAD_ZONE:
            return STAY
        return UP if distance > 0 else DOWN


def reflected(y):
    """Return where a straight path that reaches height ``y`` without walls is with them."""
    way = (y + BALL_TOP) % (4 * BALL_TOP)
    return min(way, 4 * BALL_TOP - way) - BALL_TOP
