"""How soon our Q-learning beats the tracker, against learners of others on the same environment, seed by seed."""

import importlib.util
import statistics
import sys
from functools import partial
from typing import Final

import numpy as np

from ai.dqn import TRAINER, DqnConfig
from ai.dqn.learner import DqnLearner
from benchmarks.field import GAME
from benchmarks.learners import learner_of
from benchmarks.outside.watch import BOT, SHARE, Env, Peer, Task, Watch
from benchmarks.suite import Row, at_least

TASK: Final = Task(frame_skip=8, points=1, hit_reward=0.5, miss_penalty=0.0, hidden=(64, 64))
"""What everybody trains on: the single-file DQN learned sooner with 4 ticks a step than with 2, PPO never by points alone."""

OURS: Final = "ours (dqn, preset quick, one process)"

_OUR_LIMIT_S: Final = 120.0
_MARGIN: Final = 1.25
_LEAST_LIMIT_S: Final = 20.0
_REPORT_STEPS: Final = 16_384
_NEVER: Final = 10**12


class _Peers:
    title = (
        f"Q-learning and learners of others on one environment, 64-64 ReLU: seconds of training until {SHARE:.0%} of 100 pairs "
        f"are won against {BOT}"
    )

    def rows(self, *, is_quick: bool) -> list[Row]:
        """Train ours on every seed, then each peer, for as long as the ratio that is wanted takes, and some more."""
        seeds = (1,) if is_quick else (1, 2, 3)
        _ours(0, limit_s=0.0)  # compiles kernels where that has not been done
        watches = [_ours(seed, _OUR_LIMIT_S) for seed in seeds]
        rows = [_row(OURS, seed, watch) for seed, watch in zip(seeds, watches, strict=True)]
        ours = statistics.median(watch.spent_s for watch in watches)
        has_reached = sum(watch.has_reached for watch in watches) > len(watches) // 2
        rows.append(Row(f"{OURS}, median", ours, "s", f"< {_OUR_LIMIT_S:g}", has_reached))
        for peer in _peers() if has_reached else ():
            limit_s = max(_LEAST_LIMIT_S, _MARGIN * peer.factor * ours)
            watches = [_theirs(peer, seed, limit_s) for seed in seeds]
            rows += [_row(peer.name, seed, watch) for seed, watch in zip(seeds, watches, strict=True)]
            rows.append(_ratio(peer, watches, ours))
        return rows


def _peers() -> tuple[Peer, ...]:
    """Return the learners of others; none, and a sentence, where they are not installed."""
    if importlib.util.find_spec("stable_baselines3") is None:
        sys.stderr.write("  learners of others are left out: pip install -r requirements-bench.txt\n")
        return ()
    import torch

    from benchmarks.outside.sb3 import SB3_DQN, SB3_PPO
    from benchmarks.outside.single_file_dqn import SINGLE_FILE_DQN

    torch.set_num_threads(1)  # an update is too small to share
    return (SB3_DQN, SB3_PPO, SINGLE_FILE_DQN)


def _row(name: str, seed: int, watch: Watch) -> Row:
    missed = "" if watch.has_reached else f": not within, best {watch.best:.0%}"
    return Row(f"{name}, seed {seed}{missed}", watch.spent_s, "s")


def _ratio(peer: Peer, watches: list[Watch], ours: float) -> Row:
    """Return how many times sooner ours was, in the median; where most were stopped, at least that many."""
    is_bound = sum(watch.has_reached for watch in watches) <= len(watches) // 2
    least = ", at least" if is_bound else ""
    median = statistics.median(watch.spent_s for watch in watches)
    return at_least(f"{peer.name}: median / ours{least}", median / ours, "times", peer.factor)


def _tell(name: str, seed: int, line: str) -> None:
    sys.stderr.write(f"  {name}, seed {seed}: {line}\n")


def _theirs(peer: Peer, seed: int, limit_s: float) -> Watch:
    import gymnasium

    import game.env as faces

    def make() -> Env:
        return gymnasium.make(
            faces.environment_id(GAME),
            opponent=BOT,
            points=TASK.points,
            frame_skip=TASK.frame_skip,
            hit_reward=TASK.hit_reward,
            miss_penalty=TASK.miss_penalty,
        )

    env = make()
    env.reset()
    env.step(np.int64(0))  # loads the kernels, which is no training
    watch = Watch(limit_s, lambda line: _tell(peer.name, seed, line))
    peer.train(make, TASK, seed, watch)
    return watch


def _ours(seed: int, limit_s: float) -> Watch:
    """Train by the preset ``quick``, our DQN, in one process, on what the peers train on."""
    watch = Watch(limit_s, lambda line: _tell(OURS, seed, line))
    config = TRAINER.configure(
        {
            "mode": "single",
            "opponents": (BOT,),
            "ladder": (BOT,),
            "hidden": TASK.hidden,
            "frame_skip": TASK.frame_skip,
            "episode_points": TASK.points,
            "hit_reward": TASK.hit_reward,
            "miss_penalty": TASK.miss_penalty,
            "report_steps": _REPORT_STEPS,
            "evaluate_steps": _NEVER,
            "checkpoint_buffer": False,
        },
        "quick",
    )
    assert isinstance(config, DqnConfig)
    with learner_of(GAME, partial(DqnLearner, config), seed) as learner:
        watch.start()
        steps, is_over = 0.0, False
        while not is_over:
            steps += learner.step().work["steps"]
            is_over = watch.is_over(lambda: learner.policy, int(steps))
    return watch


BENCHMARK = _Peers()
