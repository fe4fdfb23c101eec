"""One update of a Q-network: the compiled engine against torch, on one core, and on CUDA where there is a GPU."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, TypeAlias

import numpy as np
import torch

from ai.dqn.compiled_engine import CompiledEngine
from ai.dqn.engine import Batch, Engine, EngineSettings
from ai.dqn.network import Network, Parameters
from ai.dqn.torch_engine import TorchEngine
from benchmarks.suite import Row
from game.games.rally import GAME

_HIDDEN: Final = ((64, 64), (256, 256))
_BATCHES: Final = (128, 512, 2048)
_ROUNDS: Final = 9
_ROUND_S: Final = 0.1
_SETTINGS: Final = EngineSettings()

_MakeEngine: TypeAlias = Callable[[Network, Parameters, EngineSettings], Engine]


class _DqnEngine:
    title = (
        "one update of double DQN, dueling: the engines, medians; a ratio is torch's time over the compiled engine's"
    )

    def rows(self, *, is_quick: bool) -> list[Row]:
        """Let the engines take turns on the same batches; report medians of times and of the paired ratios."""
        rows = []
        for hidden in _HIDDEN:
            for batch in _BATCHES:
                rows += _compared(hidden, batch, 1 if is_quick else _ROUNDS)
        return rows


def _compared(hidden: Sequence[int], count: int, rounds: int) -> list[Row]:
    """Return the rows of one network and one size of batches."""
    rng = np.random.default_rng(1)
    network = Network((GAME.n_observations, *hidden, GAME.n_actions))
    parameters, batch = network.initial(rng), _batch(network, count, rng)
    engines = {name: make(network, parameters, _SETTINGS) for name, make in _engines().items()}
    times = np.array([[_seconds(engine, batch) for engine in engines.values()] for _ in range(rounds)])
    for engine in engines.values():
        engine.close()
    shape = f"{'-'.join(str(width) for width in hidden)}, batch {count:,}"
    compiled = times[:, 0]
    rows = [Row(f"{shape}: compiled", 1e6 * float(np.median(compiled)), "us")]
    for name, torch_times in zip(list(engines)[1:], times.T[1:], strict=True):
        rows.append(Row(f"{shape}: {name}", 1e6 * float(np.median(torch_times)), "us"))
        rows.append(Row(f"{shape}: ratio of {name}", float(np.median(torch_times / compiled)), "x"))
    return rows


def _engines() -> dict[str, _MakeEngine]:
    """Return what makes the engines: compiled, torch on the CPU, torch on CUDA where there is a GPU."""
    engines: dict[str, _MakeEngine] = {"compiled": CompiledEngine, "torch": TorchEngine}
    if torch.cuda.is_available():
        engines["torch on CUDA"] = partial(TorchEngine, device="cuda")
        engines["torch on CUDA, bfloat16"] = partial(TorchEngine, device="cuda", precision="bfloat16")
    return engines


def _seconds(engine: Engine, batch: Batch) -> float:
    """Return the mean seconds of an update, over about as long for every engine: other work on the machine slows all."""
    for _ in range(5):
        engine.update(batch, 1e-4)
    updates, begin = 0, time.perf_counter()
    while (taken := time.perf_counter() - begin) < _ROUND_S:
        engine.update(batch, 1e-4)
        updates += 1
    return taken / updates


def _batch(network: Network, count: int, rng: np.random.Generator) -> Batch:
    """Return transitions of random numbers, one in ten the last of its episode."""
    width, actions = network.sizes[0], network.sizes[-1]
    return Batch(
        rng.standard_normal((count, width), np.float32),
        rng.integers(0, actions, count).astype(np.int32),
        rng.standard_normal(count, np.float32),
        np.where(rng.random(count) < 0.1, 0.0, 0.97).astype(np.float32),
        rng.standard_normal((count, width), np.float32),
        np.ones(count, np.float32),
    )


BENCHMARK: Final = _DqnEngine()
