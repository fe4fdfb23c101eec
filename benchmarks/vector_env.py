"""How many steps a second the vectorised environment makes on one core, observations and rewards written."""

import time
from typing import Final

import numpy as np

from benchmarks.field import GAME, dense
from benchmarks.suite import Row, at_least
from game.policies.bank import Policy, build_bank
from game.policies.scripted import ScriptedPolicy
from game.vector import VectorEnv

_COURTS: Final = 1024
_TARGET: Final = 10e6
_REPEATS: Final = 5


class _VectorEnv:
    title = "Vectorised environment alone, one core, random actions held for 8 steps, observations and rewards written"

    def rows(self, *, is_quick: bool) -> list[Row]:
        """Measure against bots and a network, one tick a step, then four, then fewer courts."""
        steps = 500 if is_quick else 2000
        bots: list[Policy] = [ScriptedPolicy.of(GAME, name) for name in ("tracker", "predictor")]
        mix = steps_per_s(bots, _COURTS, 1, steps)
        return [
            at_least(f"{_COURTS:,} courts, tracker and predictor", mix, "steps/s", _TARGET),
            Row(f"{_COURTS:,} courts, a dense 8-16-3 network", steps_per_s([dense(1)], _COURTS, 1, steps), "steps/s"),
            Row(f"{_COURTS:,} courts, bots, 4 ticks a step", steps_per_s(bots, _COURTS, 4, steps // 4), "steps/s"),
            Row("64 courts, bots", steps_per_s(bots, 64, 1, steps * 4), "steps/s"),
            Row("1 court, tracker", steps_per_s(bots[:1], 1, 1, steps * 8), "steps/s"),
        ]


def steps_per_s(policies: list[Policy], courts: int, frame_skip: int, steps: int) -> float:
    """Return the median over repeats of steps of all courts together, a second of processor time."""
    opponents = (np.arange(courts) * len(policies) // courts).astype(np.int32)
    env = VectorEnv(GAME, build_bank(policies), opponents, 1, frame_skip=frame_skip)
    actions = np.random.default_rng(0).integers(0, GAME.n_actions, (16, courts)).astype(np.int32)
    env.step(actions[0])
    rates = []
    for _ in range(_REPEATS):
        begin = time.process_time()
        for step in range(steps):
            env.step(actions[step // 8 % len(actions)])
        rates.append(steps * courts / (time.process_time() - begin))
    return float(np.median(rates))


BENCHMARK = _VectorEnv()
