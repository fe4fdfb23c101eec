"""The actor: one group of courts, played greedily by the network but for random actions, and written down.

An actor needs no torch: it runs the compiled network. Which process runs it changes nothing: the same plans give the same bits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ai.dense import kernels as dense
from ai.dense.blas import use_one_blas_thread
from ai.dqn import kernels, sampling
from ai.dqn.columns import Columns
from ai.dqn.network import Network
from ai.errors import TrainingError
from game import seeding
from game.games import game as game_named
from game.policies.bank import Bank, read_only
from game.vector import VectorEnv


@dataclass(frozen=True)
class ActorSpec:
    """What an actor is; it can be sent to another process."""

    game: str
    network: Network
    group: int
    courts: int
    seed: int
    """The group's own, in [0, 2**63)."""
    frame_skip: int
    points: int
    rollout_steps: int


class Plan(NamedTuple):
    """How the actors of all groups are to play from now on."""

    parameters: NDArray[np.float32]
    bank: Bank
    """The opponents."""
    opponents: NDArray[np.int32]
    """Who plays each court's right seat, [groups, courts]."""
    epsilons: NDArray[np.float32]
    """Share of random actions on each court, [groups, courts]."""
    hit_reward: float
    miss_penalty: float


class CollectStats(NamedTuple):
    """What happened in a round of one group."""

    episodes: int
    reward_sum: float
    episode_ticks: int
    """Ticks of the episodes that have ended."""
    by_opponent: NDArray[np.int64]
    """Episodes won and played against each policy of the bank, [policies, 2]."""
    visited: NDArray[np.uint8]
    """1 for each cell of the game's coverage grid that was visited since the group began."""


class Actor:
    """Plays the courts of one group."""

    def __init__(self, spec: ActorSpec) -> None:
        use_one_blas_thread()
        self.spec = spec
        self._game = game_named(spec.game)
        self._env: VectorEnv | None = None
        self._kept: dict[str, NDArray[np.generic]] = {}
        self._bank: Bank | None = None
        network = spec.network
        self._sizes = np.array(network.sizes, np.int64)
        self._head = np.zeros(network.folded_size, np.float32)
        self._activations = np.zeros(spec.courts * sum(network.sizes[1:]), np.float32)
        self._norms = np.zeros(network.norms_size(spec.courts), np.float32)
        self._actions = np.zeros(spec.courts, np.int32)
        names = self._game.observations
        self._grid = np.array([(names.index(name), cells) for name, cells in self._game.coverage], np.int64).reshape(
            -1, 2
        )
        self._visited = np.zeros(int(self._grid[:, 1].prod()), np.uint8)
        streams = range(spec.courts, 2 * spec.courts)  # behind those of the courts' own seeds
        self._randoms = np.array(
            [seeding.stream_state(np.uint64(spec.seed), np.uint64(stream)) for stream in streams], np.uint64
        )

    def collect(self, plan: Plan, columns: Columns, row: int) -> CollectStats:
        """Play ``rollout_steps`` steps and write them to this group's part of ``columns``, from ``row`` on."""
        spec, group = self.spec, self.spec.group
        env = self._environment(plan)
        parameters = np.array(plan.parameters)
        dense.fold_head(parameters, self._sizes, int(spec.network.is_dueling), self._head)
        by_opponent = np.zeros((len(plan.bank.table), 2), np.int64)
        sums = np.zeros(3)
        mine = (columns.observations[group], columns.actions[group], columns.rewards[group], columns.flags[group])
        rows = columns.shape[1]
        mine[0][row] = env.observations
        kernels.collect(
            env.courts,
            env.bank,
            (np.float32(plan.hit_reward), np.float32(plan.miss_penalty)),
            (parameters, self._head, self._sizes),
            (np.array(plan.epsilons[group]), self._randoms),
            mine,
            (row, spec.rollout_steps),
            env.outcome,
            (env.work, self._activations, self._norms, self._actions),
            (by_opponent, sums),
        )
        env.observations[:] = mine[0][(row + spec.rollout_steps) % rows]
        self._look(mine[0], row)
        reward_sum, episodes, ticks = sums.tolist()
        return CollectStats(int(episodes), reward_sum, int(ticks), by_opponent, self._visited.copy())

    def _look(self, observations: NDArray[np.float32], row: int) -> None:
        """Mark the visited cells, once in four steps: a state changes little between two."""
        for step in range(0, self.spec.rollout_steps, 4):
            sampling.visit(observations[(row + step) % len(observations)], self._grid, self._visited)

    def _environment(self, plan: Plan) -> VectorEnv:
        """Return the courts, with the opponents of ``plan``."""
        opponents = plan.opponents[self.spec.group]
        if self._env is None:
            spec = self.spec
            self._env = VectorEnv(
                self._game, read_only(plan.bank), opponents, spec.seed, points=spec.points, frame_skip=spec.frame_skip
            )
            try:
                self._env.restore(self._kept)
            except ValueError as error:
                raise TrainingError(f"the checkpoint's courts do not fit ({error}): start a new run") from error
        if self._bank is not plan.bank or (opponents != self._env.courts.opponents).any():
            self._env.set_opponents(read_only(plan.bank), opponents)
            self._bank = plan.bank
        return self._env

    def state(self) -> dict[str, NDArray[np.generic]]:
        """Return copies of everything that changes; empty before the first collection."""
        courts = self._kept if self._env is None else self._env.state()
        if not courts:
            return {}
        return {**courts, "explore": self._randoms.copy(), "visited": self._visited.copy()}

    def restore(self, state: Mapping[str, NDArray[np.generic]]) -> None:
        """Go back to ``state``, and collect next what would have come then; ``TrainingError`` if it is of other courts."""
        kept = dict(state)
        if kept:
            for name, target in (("explore", self._randoms), ("visited", self._visited)):
                array = kept.pop(name, None)
                if array is None or array.shape != target.shape:
                    raise TrainingError(f"the checkpoint's courts do not fit at '{name}': start a new run")
                target[:] = array
        self._kept = kept
        self._env = None


def make_actor(specs: Sequence[ActorSpec], group: int) -> Actor:
    """Return the actor of a group."""
    return Actor(specs[group])
