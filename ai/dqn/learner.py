"""The learner: it lets actors play, learns from what they saw, measures how good it has become, and keeps the best."""

import functools
import math
from collections import deque
from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ai.anchors import Ladder
from ai.dense.observing import observed_magnitudes
from ai.dqn import DqnConfig, schedules
from ai.dqn.actor import ActorSpec, CollectStats, Plan, make_actor
from ai.dqn.collectors.base import Collector, CollectShape, Taken
from ai.dqn.columns import group_sizes
from ai.dqn.learning import ALL, Learning, LearnStats, ReplayLearning, RolloutLearning
from ai.dqn.making import engine_settings, make_collector, make_engine, network_of, replay_settings
from ai.dqn.opponents import Opponents
from ai.dqn.replay import Replay
from ai.errors import TrainingCancelled, TrainingError
from ai.trainer import Champion, LearnerState, StepReport, TrainContext
from game.policies.dense import DensePolicy
from game.seeding import pair_seed

_ACTORS: Final = 1
_NETWORK: Final = 2
_REPLAY: Final = 3
"""Which of the run's streams of random numbers is whose."""

_NUMBERS: Final = ("iteration", "steps", "episodes", "updates", "evaluated", "remembered", "best_score")
_WAIT_S: Final = 0.05
_VERSIONS: Final = 4096
"""Plans of which it is remembered how many updates they are behind."""
_UPDATES_A_LOOK: Final = 256
"""Updates between two looks at whether the run is cancelled."""

_MOST_UPDATES: Final = 16
"""Updates of an asynchronous learner between two looks at what has arrived."""


class DqnLearner:
    """One run of value learning; see ``ai.dqn.learning`` for the two algorithms."""

    def __init__(self, config: DqnConfig, context: TrainContext) -> None:
        self._config = config
        self._context = context
        game = context.game
        self._opponents_known = context.opponents(config.opponents)
        self._ladder = Ladder(context, context.opponents(config.ladder), config.evaluation_pairs)
        self._shape = group_sizes(config.courts)
        self._network = network_of(config, game)
        self._opponents = Opponents(self._opponents_known, config.past_share, self._shape, self._network)
        self._iteration = self._steps = self._episodes = self._updates = 0
        self._published = deque[int](maxlen=_VERSIONS)
        self._version = 0
        self._has_news = True
        self._evaluated = self._remembered = 0
        self._best_score = -1.0
        self._visited = np.zeros(0, np.uint8)
        rng = np.random.default_rng([context.seed, _NETWORK])
        magnitudes = observed_magnitudes(
            context.game, self._opponents.bank, config.frame_skip, pair_seed(context.seed, _NETWORK)
        )
        start = (self._network.initial(rng, magnitudes), self._network.step_scales(magnitudes))
        self._engine = make_engine(config, self._network, start, engine_settings(config), context.say)
        try:
            self._collector = self._new_collector()
        except BaseException:
            self._engine.close()
            raise
        try:
            self._learning = self._new_learning()
        except BaseException:
            self.close()
            raise

    # What it is made of

    def _new_collector(self) -> Collector:
        config, context = self._config, self._context
        groups, courts = self._shape
        steps = config.rollout_steps
        rows = 2 * (steps + 1) if config.algorithm == "pqn" else config.buffer_size // config.courts
        shape = CollectShape(groups, rows, courts, context.game.n_observations, steps)
        specs = [
            ActorSpec(
                game=context.game.name,
                network=self._network,
                group=group,
                courts=courts,
                seed=pair_seed(pair_seed(context.seed, _ACTORS), group),
                frame_skip=config.frame_skip,
                points=config.episode_points,
                rollout_steps=steps,
            )
            for group in range(groups)
        ]
        return make_collector(config, context, functools.partial(make_actor, specs), shape)

    def _new_learning(self) -> Learning:
        config, seed = self._config, self._context.seed
        if config.algorithm == "pqn":
            return RolloutLearning(
                config, self._engine, self._collector.columns, np.random.default_rng([seed, _REPLAY])
            )
        return ReplayLearning(
            config, self._engine, Replay(self._collector.columns, replay_settings(config), pair_seed(seed, _REPLAY))
        )

    @property
    def policy(self) -> DensePolicy:
        """The player that the network is now."""
        return self._network.policy(self._engine.parameters)

    # Training

    def step(self) -> StepReport:
        """Play and learn for an iteration, ``report_steps`` steps."""
        tally, stats = _Tally(self._opponents.names), LearnStats()
        goal = self._steps + self._iteration_steps
        is_asynchronous = self._config.mode == "ultra"
        while self._steps < goal and not self._is_over:
            self._stop_if_cancelled()
            if is_asynchronous:
                self._arrivals(tally, stats)
            else:
                self._round(tally, stats)
        self._iteration += 1
        self._visited = tally.visited_with(self._visited)
        values = {**tally.values(self._context.game.tick_s), **stats.values(), **self._facts(tally, stats)}
        work = {"steps": tally.steps, "episodes": tally.episodes, "updates": stats.updates}
        champion = self._look(values)
        return StepReport(self._iteration, self._expected, values, work, champion)

    def _round(self, tally: "_Tally", stats: LearnStats) -> None:
        """Let the actors play a round while the network learns from the rounds before."""
        self._publish(self._learning.row())
        while self._learn(stats, most=_UPDATES_A_LOOK) == _UPDATES_A_LOOK:
            self._stop_if_cancelled()
        for taken in self._collector.take(_WAIT_S):
            self._accept(taken, tally)

    def _arrivals(self, tally: "_Tally", stats: LearnStats) -> None:
        """Take what asynchronous actors have played meanwhile, and learn; neither waits for the other.

        When more updates are owed than those of two rounds, nothing is taken until they are made: the actors' ring fills, and
        they wait. When none is owed, there is nothing new to learn from.
        """
        if self._has_news:
            self._publish(0)
        round_updates = self._config.courts * self._config.rollout_steps / self._config.steps_per_update
        is_behind = self._learning.owed > 2.0 * max(1.0, round_updates) and self._config.algorithm == "dqn"
        if not is_behind:
            for taken in self._collector.take(_WAIT_S if self._learning.owed < 1.0 else 0.0):
                self._accept(taken, tally)
                if self._config.algorithm == "pqn":  # a whole rollout is learned from before the next one begins
                    self._learn(stats, most=ALL)
        self._learn(stats, most=_MOST_UPDATES)

    def _publish(self, row: int) -> None:
        """Let actors play by the newest parameters, and remember of how many updates these are."""
        self._collector.publish(self._plan(), row)
        self._published.append(self._updates)
        self._version += 1
        self._has_news = False

    def _learn(self, stats: LearnStats, *, most: int) -> int:
        """Make up to ``most`` updates that are due; return how many it were."""
        before = stats.updates
        self._learning.learn(stats, self._done, self._steps, most=most)
        made = stats.updates - before
        self._updates += made
        self._has_news |= made > 0
        return made

    def _stop_if_cancelled(self) -> None:
        if self._context.control.is_cancelled:
            raise TrainingCancelled

    def _accept(self, taken: Taken, tally: "_Tally") -> None:
        steps = self._config.rollout_steps * self._shape[1]
        self._learning.accept(taken.group, taken.chunk)
        if taken.chunk is not None:
            taken.chunk.release()
        tally.add(taken.stats, steps)
        self._has_news = True
        tally.note_lag(self._updates - self._updates_of(taken.version))
        self._steps += steps
        self._episodes += taken.stats.episodes

    def _updates_of(self, version: int) -> int:
        """Return the updates behind the parameters of a plan; of a plan long ago those of the oldest that is remembered."""
        return self._published[max(0, len(self._published) - 1 - (self._version - version))]

    def _plan(self) -> Plan:
        config, done = self._config, self._done
        if self._steps // config.snapshot_steps > self._remembered:
            self._remembered = self._steps // config.snapshot_steps
            self._opponents.remember(self._engine.parameters)
        hit_reward, miss_penalty = schedules.shaping(config, done)
        return Plan(
            parameters=self._engine.parameters,
            bank=self._opponents.bank,
            opponents=self._opponents.courts(self._iteration),
            epsilons=schedules.epsilons(config, self._shape, done),
            hit_reward=hit_reward,
            miss_penalty=miss_penalty,
        )

    # How far it is

    @property
    def _iteration_steps(self) -> int:
        """Steps of an iteration: whole rounds."""
        a_round = self._config.courts * self._config.rollout_steps
        return a_round * max(1, round(self._config.report_steps / a_round))

    @property
    def _done(self) -> float:
        """Share of the training that is over."""
        config = self._config
        if config.episodes:
            return min(1.0, self._episodes / config.episodes)
        return min(1.0, self._steps / config.steps)

    @property
    def _is_over(self) -> bool:
        config = self._config
        return self._episodes >= config.episodes if config.episodes else self._steps >= config.steps

    @property
    def _expected(self) -> int | None:
        if self._config.episodes:
            return self._iteration if self._is_over else None
        if self._is_over:
            return self._iteration
        return self._iteration + math.ceil((self._config.steps - self._steps) / self._iteration_steps)

    def _facts(self, tally: "_Tally", stats: LearnStats) -> dict[str, float]:
        return {
            "lag": tally.mean_lag,
            "coverage": float(self._visited.mean()) if len(self._visited) else 0.0,
            "epsilon": float(schedules.epsilons(self._config, self._shape, self._done).mean()),
            "total_steps": float(self._steps),
            "buffer": float(self._learning.buffered),
            "replay_ratio": stats.samples / max(1, tally.steps),
            "restarts": float(self._collector.deaths),
            "dropped": float(self._collector.dropped),
        }

    def _look(self, values: dict[str, float]) -> Champion | None:
        """Evaluate the network when it is due, and return it if it is better than any before."""
        due = self._steps // self._config.evaluate_steps
        if due <= self._evaluated and not self._is_over:
            return None
        self._evaluated = due
        policy = self.policy
        found = self._ladder.evaluate(policy)
        for player, rate in zip(self._ladder.players, found.win_rates, strict=True):
            values[f"win_rate/{player.name}"] = rate
        score = values["score"] = sum(found.win_rates) / len(found.win_rates)
        values["elo"] = found.elo
        if score <= self._best_score:
            return None
        self._best_score = score
        return Champion(policy, score)

    # Checkpoints

    def state(self) -> LearnerState:
        """Return everything that the next step depends on."""
        learning, numbers = self._learning.state()
        parts: dict[str, Mapping[str, NDArray[np.generic]]] = {
            "engine": self._engine.state(),
            "learning": learning,
            "actors": self._collector.state(),
            "opponents": self._opponents.state(),
            "coverage": {"visited": self._visited},
        }
        arrays = {f"{part}/{name}": array for part, kept in parts.items() for name, array in kept.items()}
        return LearnerState(arrays, {**numbers, **{name: getattr(self, f"_{name}") for name in _NUMBERS}})

    def restore(self, state: LearnerState) -> None:
        """Go back to ``state``; see ``Learner.restore``."""
        missing = [name for name in _NUMBERS if not isinstance(state.numbers.get(name), int | float)]
        if missing:
            raise TrainingError(f"the checkpoint lacks {', '.join(missing)}: resume from another one")
        self._engine.restore(_part(state, "engine"))
        try:
            self._learning.restore(_part(state, "learning"), state.numbers)
            self._visited = _part(state, "coverage")["visited"].astype(np.uint8)
        except (KeyError, ValueError) as error:
            raise TrainingError(f"the checkpoint does not fit this configuration ({error}): start a new run") from error
        self._collector.restore(_part(state, "actors"))
        self._opponents.restore(_part(state, "opponents"))
        for name in _NUMBERS:
            value = state.numbers[name]
            setattr(self, f"_{name}", float(str(value)) if name == "best_score" else int(str(value)))

    def close(self) -> None:
        """End the actors and free what is held."""
        self._collector.close()
        self._engine.close()


class _Tally:
    """What happened in an iteration."""

    def __init__(self, opponents: tuple[str, ...]) -> None:
        self._opponents = opponents
        self.steps = self.episodes = 0
        self._reward = 0.0
        self._ticks = 0
        self._lags: list[int] = []
        self._played = np.zeros((len(opponents), 2), np.int64)
        self._visited: NDArray[np.uint8] = np.zeros(0, np.uint8)

    @property
    def mean_lag(self) -> float:
        """Updates that were made between the parameters that played a round and its arrival, on average."""
        return sum(self._lags) / max(1, len(self._lags))

    def note_lag(self, updates: int) -> None:
        """Take in by how many updates a round was behind."""
        self._lags.append(updates)

    def add(self, stats: CollectStats, steps: int) -> None:
        """Take in what happened in a round of a group."""
        self.steps += steps
        self.episodes += stats.episodes
        self._reward += stats.reward_sum
        self._ticks += stats.episode_ticks
        self._played += stats.by_opponent[: len(self._opponents)]
        self._visited = self.visited_with(stats.visited)

    def visited_with(self, other: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the cells that were visited here or there."""
        if not len(self._visited) or not len(other):
            return other if len(other) else self._visited
        return self._visited | other

    def values(self, tick_s: float) -> dict[str, float]:
        """Return the metrics; what did not happen is left out."""
        if not self.episodes:
            return {}
        rates = {
            f"training_win_rate/{name}": float(won / played)
            for name, (won, played) in zip(self._opponents, self._played.tolist(), strict=True)
            if played
        }
        return {"reward": self._reward / self.episodes, "episode_s": self._ticks * tick_s / self.episodes, **rates}


def _part(state: LearnerState, name: str) -> dict[str, NDArray[np.generic]]:
    """Return the arrays of a part of the state, by their own names."""
    prefix = f"{name}/"
    return {key.removeprefix(prefix): array for key, array in state.arrays.items() if key.startswith(prefix)}
