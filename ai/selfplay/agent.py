"""One learner of the population: its role, its network, its courts."""

from collections.abc import Mapping
from concurrent.futures import Executor
from functools import reduce
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ai.dqn.columns import group_sizes
from ai.errors import TrainingError
from ai.selfplay import SelfPlayConfig
from ai.selfplay.algorithm import Algorithm, Arrays, Courts, Floats, LearnStats, linear
from ai.selfplay.ppo import Ppo
from ai.selfplay.pqn import Pqn
from ai.selfplay.roles import Role
from ai.selfplay.rollout import CourtGroup, Opposition, RolloutStats, renumbered
from ai.trainer import Json, Opponent
from game.policies.dense import DensePolicy
from game.seeding import pair_seed
from game.spec import GameSpec
from game.vector import SELF

_COUNTS: Final = ("steps", "since_snapshot", "since_start", "restarts")

_AVERAGE: Final = "average"
_YOUNG_SHARE: Final = 0.2
"""Of what has been learned so far, the share that an average reaches back at most: the beginning is forgotten soon."""


class Agent:
    """A learner and the groups of courts that it plays, a thread a group."""

    def __init__(
        self, config: SelfPlayConfig, role: Role, game: GameSpec, seed: int, magnitudes: Floats, threads: Executor
    ) -> None:
        self.role = role
        self.steps = 0
        """All that its agents have made."""
        self.since_snapshot = 0
        self.since_start = 0
        """Steps since it began, for the first time or again."""
        self.restarts = 0
        self.parent: int | None = None
        """The number of the snapshot that it goes on from."""
        self.learned = LearnStats({}, 0)
        """From the last rollout."""
        self._config, self._game, self._seed, self._threads = config, game, seed, threads
        groups, courts = group_sizes(config.courts)
        self._selves = round(config.self_share * courts) if role is Role.MAIN else 0
        self.shape = (groups, courts - self._selves)
        """Groups, and courts of each that are not played against itself."""
        self._courts = Courts(game, groups, courts + self._selves, magnitudes)
        rng = np.random.default_rng([seed, 0])
        self._algorithm: Algorithm = (
            Ppo(config, self._courts, rng, threads) if config.algorithm == "ppo" else Pqn(config, self._courts, rng)
        )
        self._average = self._algorithm.parameters
        self._groups: list[CourtGroup] = []
        self._kept: list[Arrays] = []

    @property
    def rollout_size(self) -> int:
        """Steps of a rollout."""
        return self._courts.groups * self._courts.agents * self._config.rollout_steps

    @property
    def self_share(self) -> float:
        """Share of its courts that it plays against itself."""
        return self._selves / (self._selves + self.shape[1])

    @property
    def parameters(self) -> Floats:
        """A copy of the parameters as a player: the average of those of late (see ``_follow``)."""
        return self._average.copy()

    @property
    def player(self) -> DensePolicy:
        """The player that it is now."""
        return self.player_of(self.parameters)

    def player_of(self, parameters: Floats) -> DensePolicy:
        """Return the player that a network of these parameters is."""
        return self._algorithm.policy(parameters)

    def train(self, opposition: Opposition, opponents: NDArray[np.int32], done: float) -> RolloutStats:
        """Play a rollout and learn from it; ``opponents`` [groups, courts] come with the next episodes."""
        config = self._config
        self._face(opposition, opponents)
        self._algorithm.begin(done)
        share = linear(1.0, config.shaping_end, done)
        shaping = (share * config.hit_reward, share * config.miss_penalty)

        def collect(group: int) -> RolloutStats:
            return self._algorithm.collect(group, self._groups[group], shaping)

        stats = reduce(RolloutStats.plus, self._threads.map(collect, range(len(self._groups))))
        self.learned = self._algorithm.learn(done)
        self.steps += stats.steps
        self.since_snapshot += stats.steps
        self.since_start += stats.steps
        self._follow(stats.steps)
        return stats

    def _follow(self, steps: int) -> None:
        """Let the average move towards what was learned in ``steps`` steps.

        Source: B. T. Polyak, A. B. Juditsky: "Acceleration of Stochastic Approximation by Averaging", 1992; exponential, as the
        learner goes on. A network in training swings about where it is going, and loses to selves that the average beats.
        """
        reach = min(self._config.average_steps, _YOUNG_SHARE * self.since_start)
        weight = np.float32(min(1.0, steps / max(1.0, reach)))
        self._average += weight * (self._algorithm.parameters - self._average)

    def _face(self, opposition: Opposition, opponents: NDArray[np.int32]) -> None:
        """Bring the opponents onto the courts; the first time there are courts only then."""
        rules = (self._config.episode_points, self._config.frame_skip)
        rows = np.concatenate([np.full((len(opponents), self._selves), SELF, np.int32), opponents], axis=1)
        if not self._groups:
            self._groups = [
                CourtGroup(self._game, opposition, row, pair_seed(self._seed, 1 + group), rules)
                for group, row in enumerate(rows)
            ]
            for group, kept in zip(self._groups, self._kept, strict=bool(self._kept)):
                group.restore(kept)
            self._kept = []
        for group, row in zip(self._groups, rows, strict=True):
            group.face(opposition, row)

    def drop(self, policy: int) -> None:
        """Renumber the opponents: ``policy`` is leaving the bank."""
        for group in self._groups:
            group.drop(policy)
        self._kept = [
            {**kept, **{name: renumbered(kept[name], policy) for name in ("opponents", "following")}}
            for kept in self._kept
        ]

    def restart(self, parameters: Floats | None, parent: int | None) -> None:
        """Begin again, with these parameters, those of a snapshot's descendant, or first ones."""
        self._algorithm.restart(parameters)
        self._begin()
        self.parent = parent
        self.restarts += 1

    def _begin(self) -> None:
        """Begin the average with what the learner begins with."""
        self.since_start = 0
        self._average = self._algorithm.parameters

    def state(self) -> tuple[dict[str, NDArray[np.generic]], dict[str, Json]]:
        """Return everything that changes: arrays and numbers."""
        arrays, numbers = self._algorithm.state()
        kept = [group.state() for group in self._groups] or self._kept
        courts = {f"courts-{index}/{name}": array for index, each in enumerate(kept) for name, array in each.items()}
        counts: dict[str, Json] = {name: getattr(self, name) for name in _COUNTS}
        return {**arrays, **courts, _AVERAGE: self._average.copy()}, {
            **counts,
            "parent": self.parent,
            "groups": len(kept),
            "algorithm": numbers,
        }

    def restore(self, arrays: Arrays, numbers: Mapping[str, Json]) -> None:
        """Go back to ``state``; ``TrainingError`` if it is of another agent."""
        algorithm, groups = numbers.get("algorithm"), numbers.get("groups")
        counts = [numbers.get(name) for name in _COUNTS]
        if (
            not isinstance(algorithm, dict)
            or groups not in (0, self._courts.groups)
            or not all(isinstance(count, int) for count in counts)
        ):
            raise TrainingError("the checkpoint's learners do not fit this configuration: start a new run")
        courts: list[Arrays] = [
            _part(arrays, f"courts-{index}") for index in range(self._courts.groups if groups else 0)
        ]
        self._check(courts)
        own = {name: array for name, array in arrays.items() if "/" not in name and name != _AVERAGE}
        self._algorithm.restore(own, algorithm)
        average = arrays.get(_AVERAGE)
        if average is None or average.shape != self._average.shape:
            raise TrainingError("the checkpoint has no average of this network: resume from another one")
        self._average = average.astype(np.float32)
        for name, count in zip(_COUNTS, counts, strict=True):
            setattr(self, name, count)
        parent = numbers.get("parent")
        self.parent = parent if isinstance(parent, int) else None
        self._kept = courts
        self._groups = []

    def _check(self, courts: list[Arrays]) -> None:
        """Raise ``TrainingError`` for other courts; what else can be wrong with them shows when they are played."""
        for each in courts:
            opponents = each.get("opponents", np.zeros(0))
            selves, others = int((opponents == SELF).sum()), int((opponents != SELF).sum())
            if (selves, others) != (self._selves, self.shape[1]):
                raise TrainingError(
                    f"the checkpoint's courts do not fit ({selves} against itself and {others} others, not {self._selves} and "
                    f"{self.shape[1]}): start a new run"
                )

    def begin_with(self, player: Opponent) -> None:
        """Begin with the network of a player; ``TrainingError`` if it is another network, or values are learned."""
        if not isinstance(self._algorithm, Ppo):
            raise TrainingError(f"start_from is '{player.name}'; it works with algorithm ppo alone, leave it out")
        self._algorithm.begin_with(player.policy, player.name)
        self._begin()

    def close(self) -> None:
        """Free what is held."""
        self._algorithm.close()


def _part(arrays: Arrays, name: str) -> dict[str, NDArray[np.generic]]:
    """Return the arrays of a part, by their own names."""
    prefix = f"{name}/"
    return {key.removeprefix(prefix): array for key, array in arrays.items() if key.startswith(prefix)}
