"""The vectorised environment in plain Python: every court by the step face of the match loop."""

import functools

import numpy as np
import pytest

from game.fault import Fault
from game.games.rally import GAME
from game.match import CompiledPlayer, Match, idle_action
from game.policies.bank import build_bank
from game.spec import MatchEnd, Seat
from game.vector import SELF, VectorEnv
from tests.doubles import broken_network
from tests.game import networks

IDLE = idle_action(GAME)
HIT_REWARD, MISS_PENALTY = 0.25, 0.125
_MASK = (1 << 64) - 1


@functools.cache
def policies():
    """Return opponents of every kind; graphs and some bots remember, and number 6 answers NaN."""
    rng = np.random.default_rng(3)
    return (
        *(networks.bot(name) for name in ("still", "tracker", "aimer")),
        networks.follower(rng),
        networks.graph(rng, 9, follows=2.0),
        networks.graph(rng, 6, is_recurrent=True, scale=0.5, follows=2.0),
        broken_network(),
        *(networks.bot(name) for name in ("random", "predictor")),
    )


@functools.cache
def bank():
    return build_bank(policies())


def mix(z):
    """The finaliser of SplitMix64, as its authors give it."""
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)


def seeds(seed, court):
    """Yield the seeds of the episodes of a court, in plain integers."""
    gamma = 0x9E3779B97F4A7C15
    state = mix(mix((seed + gamma) & _MASK) ^ mix((court * 0xBF58476D1CE4E5B9 + gamma) & _MASK))
    while True:
        state = (state + gamma) & _MASK
        yield mix(state) >> 1


class ReferenceCourt:
    """One court by the step face of the match loop."""

    def __init__(self, opponent, stream, points, skip):
        self.stream, self.points, self.skip = stream, points, skip
        self.following = opponent
        self.holds = np.zeros(len(policies()), np.int32)
        self.start()

    def start(self):
        self.opponent = self.following
        seed = next(self.stream)
        self.match = Match(GAME, seed, self.points)
        self.scores = np.zeros(6)
        if self.opponent != SELF:
            self.player = CompiledPlayer(GAME, bank(), self.opponent, seat=Seat.RIGHT, seed=seed)

    def right(self, tick, action):
        """Return what the right seat does at a tick of a step; ``action`` is its agent's, or what it did before."""
        if self.opponent == SELF or (tick > 0 and self.holds[self.opponent]):
            return action
        try:
            return self.player.decide(self.match.observation(Seat.RIGHT))
        except Fault:
            return IDLE

    def gain(self):
        """Return by how much points, contacts and the sum of the misses have grown, each left and right."""
        row = self.match.result()[0]
        now = np.concatenate([row["points"], row["hits"], row["misses"] * row["mean_miss"].astype(np.float64)])
        grown, self.scores = now - self.scores, now
        return grown

    def views(self):
        seats = Seat if self.opponent == SELF else (Seat.LEFT,)
        return [self.match.observation(seat) for seat in seats]

    def step(self, left, right=IDLE):
        """Play a step; return what was gained, and of an episode that has ended its result and last views."""
        gained, ended = np.zeros(6), None
        for tick in range(self.skip):
            right = self.right(tick, right)
            self.match.step(left, right)
            if self.match.is_over:
                gained += self.gain()
                ended = (self.match.result()[0], self.views(), self.opponent)
                self.start()
                left = right = IDLE
        return gained + self.gain(), ended


class Reference:
    """Many of them, answering as the environment does."""

    def __init__(self, opponents, seed, points, skip):
        self.courts = [
            ReferenceCourt(opponent, seeds(seed, court), points, skip) for court, opponent in enumerate(opponents)
        ]
        selves = [court for court, opponent in enumerate(opponents) if opponent == SELF]
        self.rows = {court: len(opponents) + index for index, court in enumerate(selves)}

    def observations(self):
        views = [court.views() for court in self.courts]
        return np.stack([seen[0] for seen in views] + [views[court][1] for court in self.rows])

    def step(self, actions):
        """Return rewards, ends, and by row of an agent its last view, lead and length of an ended episode."""
        rewards, ends = np.zeros(len(actions)), np.zeros(len(actions), np.int64)
        last = {}
        for at, court in enumerate(self.courts):
            row = self.rows.get(at)
            gained, ended = court.step(int(actions[at]), int(actions[row]) if row is not None else IDLE)
            lead = gained[0] - gained[1]
            rewards[at] = lead + HIT_REWARD * gained[2] - MISS_PENALTY * gained[4]
            if row is not None:
                rewards[row] = HIT_REWARD * gained[3] - MISS_PENALTY * gained[5] - lead
            for sign, seat, agent in ((1, 0, at), (-1, 1, row)):
                if ended is not None and agent is not None:
                    result, views, opponent = ended
                    ends[agent] = 2 if result["end"] == MatchEnd.TICK_LIMIT else 1
                    last[agent] = (views[seat], sign * result["outcome"], result["ticks"], at, opponent)
        return rewards, ends, last


def shaped(opponents, seed, points, skip):
    """Return the environment that a ``Reference`` of the same arguments is held against."""
    env = VectorEnv(GAME, bank(), opponents, seed, points=points, frame_skip=skip)
    env.hit_reward, env.miss_penalty = HIT_REWARD, MISS_PENALTY
    return env


def choose(rng, observations):
    """Return the actions of agents that go after the ball most of the time, so that there are contacts."""
    gap = observations[:, 1] - observations[:, 5]
    following = np.where(gap > 0.1, 0, np.where(gap < -0.1, 2, 1))
    random = rng.integers(0, 3, len(gap))
    return np.where(rng.random(len(gap)) < 0.25, random, following).astype(np.int32)


def assert_plays_as(env, reference, steps, seed=0):
    """Play both and compare everything; return how many episodes ended, how many by the tick limit, and the rewards."""
    rng = np.random.default_rng(seed)
    ended, cut, total = 0, 0, np.zeros(env.n_agents)
    assert env.observations.tobytes() == reference.observations().tobytes()
    for _ in range(steps):
        actions = choose(rng, env.observations)
        env.step(actions)
        rewards, ends, last = reference.step(actions)
        assert env.observations.tobytes() == reference.observations().tobytes()
        assert env.rewards == pytest.approx(rewards, abs=1e-5)
        assert (env.terminated + 2 * env.truncated).tolist() == ends.tolist()
        for agent, (view, lead, ticks, court, opponent) in last.items():
            assert env.final_observations[agent].tobytes() == view.tobytes()
            assert (env.outcome.leads[agent], env.outcome.ticks[agent]) == (lead, ticks)
            assert env.outcome.opponents[court] == opponent
        ended, cut, total = ended + len(last), cut + int((ends == 2).sum()), total + rewards
    return ended, cut, total


def mixed(n):
    """Return opponents in runs and alone, all policies and agents among them."""
    few = np.array([0, 1, 2, 3, 4, 5, 6, SELF, 7, 8, 1, 1, 5, 5, 5, SELF, SELF, 2, 4, 3], np.int32)
    return np.resize(few, n)
