"""Measuring for a second or two what this machine does: one actor's steps, and updates by engine and size of the batch."""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from time import perf_counter
from typing import Final, Literal, Protocol

import numpy as np

from ai.dqn import DqnConfig, schedules
from ai.dqn.actor import Actor, ActorSpec, Plan
from ai.dqn.columns import group_sizes, new_columns
from ai.dqn.demand import learned_at_once
from ai.dqn.engine import Engine
from ai.dqn.making import engine_settings, make_engine, network_of, replay_settings
from ai.dqn.replay import Replay
from ai.errors import TrainingError
from game.policies.bank import build_bank
from game.policies.scripted import ScriptedPolicy
from game.spec import GameSpec

_SEED: Final = 1
_MOST_STEPS: Final = 2**20
"""Steps that the buffer of a measurement keeps: as much as the caches of a processor do not hold."""
_WARM_UPDATES: Final = 6
"""The first ones compile, allocate, or are captured as a graph."""
_LEAST_UPDATES: Final = 3


@dataclass(frozen=True)
class Candidate:
    """What may compute the updates."""

    engine: Literal["compiled", "torch"]
    device: Literal["cpu", "cuda"]
    precision: Literal["float32", "bfloat16"] = "float32"

    @property
    def text(self) -> str:
        """What people call it."""
        return f"{self.engine} on {self.device}" + (f", {self.precision}" if self.precision != "float32" else "")


@dataclass(frozen=True)
class UpdateTime:
    """Seconds of one update of ``samples``, with drawing them."""

    candidate: Candidate
    samples: int
    seconds: float
    values_s: float = 0.0
    """Seconds that the values of one observation take, where returns are computed from them (pqn)."""


@dataclass(frozen=True)
class Refusal:
    """A candidate that cannot compute here."""

    candidate: Candidate
    reason: str


@dataclass(frozen=True)
class Speeds:
    """What was measured."""

    actor_steps_per_s: float
    updates: tuple[UpdateTime, ...]
    refusals: tuple[Refusal, ...] = ()
    """Of those there are no updates."""

    def update(self, candidate: Candidate, samples: int) -> UpdateTime:
        """Return an update that was measured."""
        return next(each for each in self.updates if (each.candidate, each.samples) == (candidate, samples))


class Probe(Protocol):
    """Measures; tests have one of their own."""

    def __call__(
        self, config: DqnConfig, game: GameSpec, candidates: Sequence[tuple[Candidate, Sequence[int]]]
    ) -> Speeds:
        """Return the speeds with each candidate at some numbers of samples."""
        ...


@dataclass(frozen=True)
class Measurement:
    """The real ``Probe``. About ``seconds`` in all once the kernels are compiled."""

    seconds: float = 2.0
    clock: Callable[[], float] = perf_counter

    def __call__(
        self, config: DqnConfig, game: GameSpec, candidates: Sequence[tuple[Candidate, Sequence[int]]]
    ) -> Speeds:
        """See ``Probe``."""
        share = self.seconds / (2 + sum(len(sizes) for _, sizes in candidates))
        replay, rate = self._play(config, game, 2 * share)
        updates: list[UpdateTime] = []
        refusals: list[Refusal] = []
        for candidate, sizes in candidates:
            try:
                with closing(_engine(candidate, config, game)) as engine:
                    updates += self._updates(candidate, (engine, replay), config, sizes, share)
            except TrainingError as error:
                refusals.append(Refusal(candidate, str(error)))
        return Speeds(rate, tuple(updates), tuple(refusals))

    def _play(self, config: DqnConfig, game: GameSpec, seconds: float) -> tuple[Replay, float]:
        """Let one actor play; return what it has played, and its steps a second."""
        spec, plan = _actor(config, game)
        rows = max(4 * config.rollout_steps + config.n_step, min(config.buffer_size, _MOST_STEPS) // spec.courts)
        columns = new_columns((1, rows, spec.courts), game.n_observations)
        replay, actor = Replay(columns, replay_settings(config), _SEED), Actor(spec)
        for _ in range(2 + config.n_step // config.rollout_steps):
            actor.collect(plan, columns, replay.row())
            replay.extend(0, config.rollout_steps)
        played, begin = 0, self.clock()
        while (taken := self.clock() - begin) < seconds or not played:
            actor.collect(plan, columns, replay.row())
            replay.extend(0, config.rollout_steps)
            played += config.rollout_steps * spec.courts
        return replay, played / max(taken, 1e-9)

    def _updates(
        self, candidate: Candidate, on: tuple[Engine, Replay], config: DqnConfig, sizes: Sequence[int], seconds: float
    ) -> list[UpdateTime]:
        """Return an update of each size, ``seconds`` measured each."""
        engine, replay = on
        values_s = self._values_s(engine, replay, config, seconds) if config.algorithm == "pqn" else 0.0
        return [
            UpdateTime(candidate, size, self._update_s(engine, replay, config, size, seconds), values_s)
            for size in sizes
        ]

    def _update_s(self, engine: Engine, replay: Replay, config: DqnConfig, samples: int, seconds: float) -> float:
        """Return the seconds of one update."""

        def update() -> None:
            batch, places = replay.draw(samples, config.priority_correction)
            if config.algorithm == "pqn":
                engine.fit(batch.observations, batch.actions, batch.returns, 0.0)
            else:
                replay.learn_priorities(places, engine.update(batch, 0.0).errors)

        return self._seconds(update, seconds)

    def _values_s(self, engine: Engine, replay: Replay, config: DqnConfig, seconds: float) -> float:
        rows = learned_at_once(config)
        observations = replay.draw(rows, 1.0)[0].observations
        return self._seconds(lambda: engine.values(observations), seconds) / rows

    def _seconds(self, work: Callable[[], object], seconds: float) -> float:
        """Return the mean time of ``work``, done for about ``seconds``: who else works on this machine counts."""
        for _ in range(_WARM_UPDATES):
            work()
        times = 0
        begin = self.clock()
        while (taken := self.clock() - begin) < seconds or times < _LEAST_UPDATES:
            work()
            times += 1
        return max(taken / times, 1e-9)


def _actor(config: DqnConfig, game: GameSpec) -> tuple[ActorSpec, Plan]:
    """Return one actor of the training, and its plan: against the game's own bots, as the league is not asked."""
    courts = group_sizes(config.courts)[1]
    network = network_of(config, game)
    bots = [bot.name for bot in game.bots]
    names = [name for name in config.opponents if name in bots] or bots
    hit_reward, miss_penalty = schedules.shaping(config, 0.0)
    plan = Plan(
        parameters=network.initial(np.random.default_rng(_SEED)),
        bank=build_bank([ScriptedPolicy.of(game, name) for name in names]),
        opponents=np.resize(np.arange(len(names), dtype=np.int32), (1, courts)),
        epsilons=np.full((1, courts), config.epsilon_end, np.float32),
        hit_reward=hit_reward,
        miss_penalty=miss_penalty,
    )
    spec = ActorSpec(
        game.name, network, 0, courts, _SEED, config.frame_skip, config.episode_points, config.rollout_steps
    )
    return spec, plan


def _engine(candidate: Candidate, config: DqnConfig, game: GameSpec) -> Engine:
    network = network_of(config, game)
    fixed = {"engine": candidate.engine, "device": candidate.device, "precision": candidate.precision}
    start = (network.initial(np.random.default_rng(_SEED)), network.step_scales(None))
    return make_engine(config.model_copy(update=fixed), network, start, engine_settings(config), _say_nothing)


def _say_nothing(_line: str) -> None:
    pass
