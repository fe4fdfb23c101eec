"""Fitness functions for the evaluation pool: honest ones, and one for each way to fail. Workers import it: keep it light."""

import os
import signal
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Descent:
    """One step of gradient descent of each member's linear model: its loss, and its new weights."""

    rate: float = 0.1

    def __call__(self, data, generation, part):
        x, y = data["x"], data["y"]
        weights = generation["weight"][part.start : part.stop]
        losses = np.zeros(len(part))
        learned = weights.copy()
        for place, weight in enumerate(weights):
            error = x @ weight - y
            losses[place] = (error**2).mean()
            learned[place] -= self.rate * (error @ x) / len(y)
        return {"loss": losses, "weight": learned}


@dataclass(frozen=True)
class Killed:
    """Ends its process at member ``member``: while ``marker`` exists, which it takes away first, or always without one."""

    member: int
    marker: Path | None = None
    owner: int = field(default_factory=os.getpid)

    def __call__(self, data, generation, part):
        if self.member in part and os.getpid() != self.owner and (self.marker is None or self.marker.exists()):
            if self.marker is not None:
                self.marker.unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        return Descent()(data, generation, part)


class Process:
    """Tells what the process is like that evaluates."""

    def __call__(self, data, generation, part):
        heavy = [name for name in ("torch", "numba", "pytest", "PySide6", "pydantic", "neat") if name in sys.modules]
        limits = [os.environ.get(name) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")]
        return {
            "pid": np.full(len(part), os.getpid()),
            "heavy": np.full(len(part), len(heavy)),
            "one_thread": np.full(len(part), limits == ["1"] * 3),
            "deaf": np.full(len(part), signal.getsignal(signal.SIGINT) is signal.SIG_IGN),
            "on_main": np.full(len(part), threading.current_thread() is threading.main_thread()),
        }


@dataclass(frozen=True)
class Writer:
    """Writes where nothing is to be written."""

    name: str

    def __call__(self, data, generation, part):
        {**data, **generation}[self.name][0] = 7
        return {"loss": np.zeros(len(part))}


class Raises:
    """A fault of the fitness function."""

    def __call__(self, data, generation, part):
        raise ZeroDivisionError(f"member {part.start}")


class Unreadable:
    """Can be pickled, but not be read again."""

    def __setstate__(self, state):
        raise AttributeError("no such thing here")

    def __getstate__(self):
        return {"x": 1}

    def __call__(self, data, generation, part):
        return {"loss": np.zeros(len(part))}


@dataclass(frozen=True)
class Sleeper:
    """Sleeps for ever at generations whose first number is above 0, after it has left a file in ``folder``."""

    folder: Path

    def __call__(self, data, generation, part):
        if generation["weight"][0, 0] > 0:
            Path(self.folder, str(os.getpid())).touch()
            time.sleep(3600)
        return Descent()(data, generation, part)
