"""Rollouts: groups of courts that a learner plays, on its own seat or on both, and writes down."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ai.errors import TrainingError
from ai.selfplay.matchmaking import CURRENT
from game import seeding
from game.policies.bank import Bank
from game.spec import GameSpec
from game.vector import VectorEnv


class Opposition(NamedTuple):
    """Who can play the right seats: a bank whose first policy is the main agent as it is, then the members of the pool."""

    bank: Bank
    holds: NDArray[np.int32]
    """1 for each policy that decides once a step, as learners do; 0: at every tick."""


class RolloutStats(NamedTuple):
    """What happened in a rollout."""

    steps: int
    """Of all agents."""
    episodes: int
    reward_sum: float
    """Of the left seats."""
    episode_ticks: int
    by_opponent: NDArray[np.int64]
    """Episodes won, drawn and played against each policy of the bank, [policies, 3]."""

    def plus(self, other: "RolloutStats") -> "RolloutStats":
        """Return the sums."""
        return RolloutStats(
            self.steps + other.steps,
            self.episodes + other.episodes,
            self.reward_sum + other.reward_sum,
            self.episode_ticks + other.episode_ticks,
            self.by_opponent + other.by_opponent,
        )


class CourtGroup:
    """The courts that one thread steps together; which thread it is changes no bit."""

    def __init__(
        self, game: GameSpec, opposition: Opposition, opponents: NDArray[np.int32], seed: int, rules: tuple[int, int]
    ) -> None:
        """``rules`` = (points of an episode, ticks of a step)."""
        points, frame_skip = rules
        self.env = VectorEnv(game, opposition.bank, opponents, seed, points=points, frame_skip=frame_skip)
        self.env.set_opponents(opposition.bank, opponents, opposition.holds)
        streams = range(len(opponents), len(opponents) + self.env.n_agents)  # behind those of the courts' own seeds
        self.randoms = np.array(
            [seeding.stream_state(np.uint64(seed), np.uint64(stream)) for stream in streams], np.uint64
        )

    @property
    def n_agents(self) -> int:
        """Number of learning seats."""
        return self.env.n_agents

    def face(self, opposition: Opposition, following: NDArray[np.int32]) -> None:
        """Let the policies of ``opposition`` play: who is on a court stays there for its episode, then comes ``following``."""
        self.env.set_opponents(opposition.bank, self.env.courts.opponents.copy(), opposition.holds)
        self.env.set_following(following)

    def drop(self, policy: int) -> None:
        """Renumber the opponents, see ``renumbered``."""
        for opponents in (self.env.courts.opponents, self.env.courts.following):
            opponents[:] = renumbered(opponents, policy)

    def state(self) -> dict[str, NDArray[np.generic]]:
        """Return copies of everything that changes, but for the opposition."""
        return {**self.env.state(), "explore": self.randoms.copy()}

    def restore(self, state: Mapping[str, NDArray[np.generic]]) -> None:
        """Go back to ``state``; ``TrainingError`` if it is of other courts. The opposition is to be faced anew."""
        kept = dict(state)
        try:
            randoms, memories = kept.pop("explore"), kept.pop("memories").astype(np.float32)
            if randoms.shape != self.randoms.shape or len(memories) != len(self.env.courts.memories):
                raise ValueError(f"there are {randoms.shape} agents and {len(memories)} blocks")
            missing = self.state().keys() - state.keys()
            if missing:
                raise ValueError(f"{min(missing)} is missing")
            self.env.restore(kept)
        except (KeyError, ValueError, AttributeError) as error:
            raise TrainingError(f"the checkpoint's courts do not fit ({error}): start a new run") from error
        self.randoms[:] = randoms
        self.env.courts = self.env.courts._replace(memories=memories)


def renumbered(opponents: NDArray[np.generic], policy: int) -> NDArray[np.int32]:
    """Return who plays when ``policy`` has left the bank: the main agent takes its courts, those behind it move up."""
    before = opponents.astype(np.int32)
    return np.where(before == policy, np.int32(CURRENT), before - (before > policy)).astype(np.int32)
