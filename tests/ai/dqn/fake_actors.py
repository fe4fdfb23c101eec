"""Actors without a game: each plays numbers that depend on all that it is given, and can be made to fail. Workers import it."""

import os
import signal
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ai.dqn.actor import CollectStats, Plan
from ai.dqn.collectors.base import CollectShape
from game.policies.bank import Bank

GROUPS, ROWS, COURTS, OBSERVATIONS, STEPS, PARAMETERS = 3, 10, 2, 5, 4, 1000
SHAPE = CollectShape(GROUPS, ROWS, COURTS, OBSERVATIONS, STEPS)


@dataclass(frozen=True)
class Trick:
    """What an actor of ``group`` does in the middle of a round while ``marker`` exists, which it takes away if it ``is_once``."""

    name: str
    marker: Path
    group: int = 1
    is_once: bool = True

    def play(self) -> None:
        if not self.marker.exists():
            return
        if self.is_once:
            self.marker.unlink()
        if self.name == "sleep":
            time.sleep(3600)
        if self.name == "raise":
            raise ZeroDivisionError("a court")
        os.kill(os.getpid(), {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}[self.name])


@dataclass(frozen=True)
class MakeFake:
    trick: Trick | None = None

    def __call__(self, group):
        return Fake(group, self.trick if self.trick and self.trick.group == group else None)


class Fake:
    """Plays a congruential generator; the state grows as a real one does with its opponents' memories."""

    def __init__(self, group, trick):
        self.group = group
        self.trick = trick
        self.number = np.full(1, group + 1, np.uint64)
        self.memory = np.zeros(0, np.float32)

    def collect(self, plan, columns, row):
        self.memory = np.append(self.memory, plan.parameters[:1])
        for step in range(STEPS + 1):
            at = (row + step) % columns.shape[1]
            columns.observations[self.group, at] = self.number[0] % np.uint64(1 << 20)
            if step == STEPS:
                break
            if step == STEPS // 2 and self.trick is not None:
                self.trick.play()
            columns.actions[self.group, at] = self.number[0] >> np.uint64(60)
            columns.rewards[self.group, at] = self.memory.sum() + plan.epsilons[self.group] + plan.parameters[-1]
            columns.flags[self.group, at] = plan.opponents[self.group]
            self.number = self.number * np.uint64(6364136223846793005) + np.uint64(1442695040888963407)
        is_whole = bool((plan.parameters == plan.parameters[0]).all())
        by_opponent = np.full((len(plan.bank.table), 2), self.group)
        return CollectStats(
            int(is_whole), float(plan.bank.reals.sum()), len(self.memory), by_opponent, np.zeros(2, np.uint8)
        )

    def state(self):
        return {"number": self.number.copy(), "memory": self.memory.copy()}

    def restore(self, state):
        self.number = state["number"].copy()
        self.memory = state["memory"].copy()


class Spy(Fake):
    """Tells in its numbers what the process is like."""

    def __init__(self, group):
        super().__init__(group, None)

    def collect(self, plan, columns, row):
        light = not any(name in sys.modules for name in ("torch", "pytest", "PySide6", "pygame"))
        names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
        seen = (
            light,
            all(os.environ.get(name) == "1" for name in names),
            signal.getsignal(signal.SIGINT) is signal.SIG_IGN,
            threading.current_thread() is threading.main_thread(),
        )
        return CollectStats(os.getpid(), 0.0, 0, np.array([seen], np.int64), np.zeros(1, np.uint8))


def plan(number, *, bank=1):
    """Return the plan of a round; all of it but the bank changes with ``number``."""
    table = np.zeros((bank, 5), np.int64)
    reals = np.arange(3 * bank, dtype=np.float32)
    numbers = dict.fromkeys(Plan._fields, 0.25 * number)
    arrays = {
        "parameters": np.full(PARAMETERS, number, np.float32),
        "bank": Bank(table, np.zeros(1, np.int32), reals),
        "opponents": np.full((GROUPS, COURTS), number, np.int32),
        "epsilons": np.full((GROUPS, COURTS), 1.0 / (1 + number), np.float32),
    }
    return Plan(**{**numbers, **arrays})
