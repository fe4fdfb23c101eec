"""Steps a second of Q-learning from end to end, in every mode, against a straightforward loop with one court."""

import time
from collections.abc import Mapping
from functools import partial
from typing import Final

from ai.dqn import TRAINER, DqnConfig
from ai.dqn.learner import DqnLearner
from benchmarks.field import GAME
from benchmarks.learners import learner_of
from benchmarks.suite import Row, at_least

_MEASURED_S: Final = 8.0
_QUICK_S: Final = 3.0
_NEVER: Final = 10**12
_ENDLESS: Final[Mapping[str, object]] = {"steps": _NEVER, "evaluate_steps": _NEVER}

ONE_COURT: Final[Mapping[str, object]] = {
    "mode": "single",
    "courts": 1,
    "rollout_steps": 1,
    "steps_per_update": 10,
    "batch_size": 128,
    "learning_starts": 1000,
    "buffer_size": 10_000,
    "report_steps": 4096,
}
"""A step, then maybe an update, as in a textbook: a batch of 128 every ten steps."""


class _Throughput:
    title = "Q-learning end to end (playing and learning), 64-64 network, steps of all courts a second"

    def rows(self, *, is_quick: bool) -> list[Row]:
        """Measure the loop with one court, then both algorithms in every mode."""
        seconds = _QUICK_S if is_quick else _MEASURED_S
        loop = steps_per_s({**ONE_COURT}, None, 1, seconds)
        rows = [Row("dqn, single, one court, one step at a time", loop, "steps/s")]
        for preset in ("quick", "fast"):
            algorithm = TRAINER.configure({}, preset).model_dump()["algorithm"]
            found = {}
            for mode, workers in (("single", 1), ("parallel", 1), ("parallel", 2), ("ultra", 1), ("ultra", 2)):
                name = f"{algorithm} ({preset}), {mode}" + (f", {workers} actors" if mode != "single" else "")
                found[mode, workers] = steps_per_s({"mode": mode}, preset, workers, seconds)
                rows.append(Row(name, found[mode, workers], "steps/s"))
            best = max(found["ultra", 1], found["ultra", 2])
            rows.append(at_least(f"{algorithm} ({preset}): ultra / one court", best / loop, "times", 50.0))
            if algorithm == "pqn":
                rows.append(at_least(f"{algorithm} ({preset}): best of all", max(found.values()), "steps/s", 500_000.0))
        return rows


def steps_per_s(values: Mapping[str, object], preset: str | None, workers: int, seconds: float) -> float:
    """Return the steps a second of a learner once it learns, over about ``seconds``."""
    config = TRAINER.configure({**_ENDLESS, **values}, preset)
    assert isinstance(config, DqnConfig)
    with learner_of(GAME, partial(DqnLearner, config), seed=1, workers=workers) as learner:
        for _ in range(2):  # processes start, the buffer fills
            learner.step()
        steps, begin = 0, time.perf_counter()
        while time.perf_counter() - begin < seconds:
            steps += learner.step().work["steps"]
        return steps / (time.perf_counter() - begin)


BENCHMARK = _Throughput()
