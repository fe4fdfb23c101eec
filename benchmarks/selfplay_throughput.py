"""Steps a second of self-play from end to end, against stable-baselines3's PPO with the same network in the same run."""

import importlib.util
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, TypeAlias

import numpy as np

from ai.selfplay import TRAINER, SelfPlayConfig
from ai.selfplay.learner import SelfPlayLearner
from benchmarks.field import GAME
from benchmarks.learners import learner_of
from benchmarks.suite import Row, at_least
from game.executors.base import usable_cores

Rate: TypeAlias = Callable[[float], float]
"""Measures steps a second for so many seconds."""

_MEASURED_S: Final = 10.0
_QUICK_S: Final = 3.0
_ROUNDS: Final = 3
_FACTOR: Final = 10.0
_OURS: Final = "selfplay, ppo, preset standard"
_PEER: Final = "stable-baselines3 PPO"
_NEVER: Final = 10**12
_POOL: Final = 8
"""Snapshots that are there when the measurement begins: they cost more than playing oneself, as each is a network of its own.

The learner decides at every ``frame_skip``-th tick; opponents at every tick, unless ``hold_decisions`` is set, which it is
neither by default nor by a preset.
"""

_ENDLESS: Final[Mapping[str, object]] = {"steps": _NEVER, "evaluate_steps": _NEVER, "gate_steps": _NEVER}
_FILLING: Final[Mapping[str, object]] = {"snapshot_steps": 65_536, "pool_size": _POOL}
"""Snapshots come more often than the presets say, so that the pool is full soon; they go on coming while it is measured."""

_PACE_OF_OPPONENTS: Final = "as seldom as the learner" if SelfPlayConfig().hold_decisions else "at every tick"
_OPPONENT: Final = "tracker"
"""Of the environment of others, whose face has no self-play."""


class _Throughput:
    title = (
        "Self-play end to end (playing and learning, without evaluations), one trunk 64-64 with layer normalisation, agents' "
        f"decisions a second; opponents of the pool decide {_PACE_OF_OPPONENTS}"
    )

    def rows(self, *, is_quick: bool) -> list[Row]:
        """Measure our presets; then take turns with stable-baselines3's PPO, with its own numbers and with ours."""
        seconds, workers = (_QUICK_S, usable_cores()) if is_quick else (_MEASURED_S, usable_cores())
        rows = [
            Row(f"selfplay, {_algorithm(preset)}, preset {preset}, {workers} threads", rate, "steps/s")
            for preset in ("quick", "fast")
            for rate in [steps_per_s(preset, workers, seconds)]
        ]
        with learner_of(GAME, partial(SelfPlayLearner, _config("standard")), 1, workers) as learner:
            _fill(learner)
            turns: dict[str, Rate] = {_OURS: partial(_pace, learner), **_peers()}
            rates = np.array([[rate(seconds) for rate in turns.values()] for _ in range(1 if is_quick else _ROUNDS)])
        rows += [Row(name, float(np.median(found)), "steps/s") for name, found in zip(turns, rates.T, strict=True)]
        for name, found in list(zip(turns, rates.T, strict=True))[1:]:
            rows.append(
                at_least(f"selfplay (standard) / {name}", float(np.median(rates[:, 0] / found)), "times", _FACTOR)
            )
        return rows


def steps_per_s(preset: str, workers: int, seconds: float) -> float:
    """Return the steps a second of a learner whose pool is full, without its evaluations, over about ``seconds``."""
    with learner_of(GAME, partial(SelfPlayLearner, _config(preset)), 1, workers) as learner:
        _fill(learner)
        return _pace(learner, seconds)


def _config(preset: str) -> SelfPlayConfig:
    config = TRAINER.configure({**_ENDLESS, **_FILLING}, preset)
    assert isinstance(config, SelfPlayConfig)
    return config


def _fill(learner: SelfPlayLearner) -> None:
    while len(learner.population.pool.snapshots) < _POOL:
        learner.step()


def _pace(learner: SelfPlayLearner, seconds: float) -> float:
    steps, begin = 0, time.perf_counter()
    while time.perf_counter() - begin < seconds:
        steps += learner.step().work["steps"]
    return steps / (time.perf_counter() - begin)


def _peers() -> dict[str, Rate]:
    """Return what measures stable-baselines3's PPO; nothing, and a sentence, where it is not installed."""
    if importlib.util.find_spec("stable_baselines3") is None:
        sys.stderr.write("  stable-baselines3 is left out: pip install -r requirements-bench.txt\n")
        return {}
    import gymnasium
    import torch

    from benchmarks.outside.sb3 import LockstepEnv, ppo_steps_per_s
    from game.env import VectorMatchEnv, environment_id

    config = _config("standard")
    rules: dict[str, Any] = {
        "opponent": _OPPONENT,
        "points": config.episode_points,
        "frame_skip": config.frame_skip,
        "hit_reward": config.hit_reward,
    }

    def own_numbers(seconds: float) -> float:
        torch.set_num_threads(1)  # an update of 64 samples is too small to share
        return ppo_steps_per_s(gymnasium.make(environment_id(GAME), **rules), config.hidden, seconds)

    def our_numbers(threads: int, seconds: float) -> float:
        torch.set_num_threads(threads)
        many = LockstepEnv(VectorMatchEnv(config.courts, GAME.name, **rules))
        return ppo_steps_per_s(many, config.hidden, seconds, _ours(config))

    lockstep = f"{_PEER}, our numbers, {config.courts} courts in lockstep, torch with"
    found: dict[str, Rate] = {f"{_PEER}, its own numbers, one environment": own_numbers}
    for threads in sorted({1, usable_cores()}):
        found[f"{lockstep} {threads} threads"] = partial(our_numbers, threads)
    return found


def _ours(config: SelfPlayConfig) -> dict[str, float]:
    """Return what our preset's numbers are called there."""
    return {
        "n_steps": config.rollout_steps,
        "batch_size": config.minibatch_size,
        "n_epochs": config.epochs,
        "learning_rate": config.learning_rate,
        "gamma": config.gamma**config.frame_skip,
        "gae_lambda": config.trace_lambda,
        "ent_coef": config.entropy_weight,
        "clip_range": config.clip_range,
        "max_grad_norm": config.max_grad_norm,
    }


def _algorithm(preset: str) -> str:
    return str(TRAINER.configure({}, preset).model_dump()["algorithm"])


BENCHMARK = _Throughput()
