"""Steps a second of self-play from end to end, against stable-baselines3's PPO with the same network in the same run."""

import importlib.util
import sys
import time
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from ai.selfplay import TRAINER, SelfPlayConfig
from ai.selfplay.learner import SelfPlayLearner
from benchmarks.field import GAME
from benchmarks.learners import learner_of
from benchmarks.suite import Row, at_least
from game.executors.base import usable_cores

if TYPE_CHECKING:
    from benchmarks.outside.watch import Env

_MEASURED_S: Final = 10.0
_QUICK_S: Final = 3.0
_FACTOR: Final = 10.0
_NEVER: Final = 10**12
_POOL: Final = 8
"""Snapshots that are there when the measurement begins: past selves decide at every tick, which costs more than oneself."""

_ENDLESS: Final[Mapping[str, object]] = {"steps": _NEVER, "evaluate_steps": _NEVER, "gate_steps": _NEVER}
_FILLING: Final[Mapping[str, object]] = {"snapshot_steps": 65_536, "pool_size": _POOL}
_OPPONENT: Final = "tracker"
"""Of the environment of others, whose face has no self-play."""


class _Throughput:
    title = "Self-play end to end (playing and learning), one trunk 64-64 with layer normalisation, agents' decisions a second"

    def rows(self, *, is_quick: bool) -> list[Row]:
        """Measure our presets, then stable-baselines3's PPO with its own numbers and with ours."""
        seconds = _QUICK_S if is_quick else _MEASURED_S
        workers = usable_cores()
        ours = {preset: steps_per_s(preset, workers, seconds) for preset in ("standard", "quick", "fast")}
        rows = [
            Row(f"selfplay, {_algorithm(preset)}, preset {preset}, {workers} threads", rate, "steps/s")
            for preset, rate in ours.items()
        ]
        for name, rate in _peers(seconds):
            rows.append(Row(f"stable-baselines3 PPO, {name}", rate, "steps/s"))
            rows.append(at_least(f"selfplay (standard) / {name}", ours["standard"] / rate, "times", _FACTOR))
        return rows


def steps_per_s(preset: str, workers: int, seconds: float, values: Mapping[str, object] | None = None) -> float:
    """Return the steps a second of a learner whose pool is full, without its evaluations, over about ``seconds``."""
    config = TRAINER.configure({**_ENDLESS, **_FILLING, **(values or {})}, preset)
    assert isinstance(config, SelfPlayConfig)
    with learner_of(GAME, partial(SelfPlayLearner, config), seed=1, workers=workers) as learner:
        while len(learner.population.pool.snapshots) < _POOL:
            learner.step()
        steps, begin = 0, time.perf_counter()
        while time.perf_counter() - begin < seconds:
            steps += learner.step().work["steps"]
        return steps / (time.perf_counter() - begin)


def _peers(seconds: float) -> list[tuple[str, float]]:
    """Return the rates of stable-baselines3's PPO; none, and a sentence, where it is not installed."""
    if importlib.util.find_spec("stable_baselines3") is None:
        sys.stderr.write("  stable-baselines3 is left out: pip install -r requirements-bench.txt\n")
        return []
    import gymnasium
    import torch

    from benchmarks.outside.sb3 import LockstepEnv, ppo_steps_per_s
    from game.env import VectorMatchEnv, environment_id

    config = TRAINER.configure({}, "standard")
    assert isinstance(config, SelfPlayConfig)
    rules: dict[str, Any] = {
        "opponent": _OPPONENT,
        "points": config.episode_points,
        "frame_skip": config.frame_skip,
        "hit_reward": config.hit_reward,
    }
    torch.set_num_threads(1)  # an update of 64 samples is too small to share
    env: Env = gymnasium.make(environment_id(GAME), **rules)
    found = [("its own numbers, one environment", ppo_steps_per_s(env, config.hidden, seconds))]
    many = LockstepEnv(VectorMatchEnv(config.courts, GAME.name, **rules))
    rates = []
    for threads in sorted({1, usable_cores()}):
        torch.set_num_threads(threads)
        rates.append(ppo_steps_per_s(many, config.hidden, seconds, _ours(config)))
    return [*found, (f"our numbers, {config.courts} courts in lockstep, the better number of threads", max(rates))]


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
