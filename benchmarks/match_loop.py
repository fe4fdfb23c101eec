"""The compiled match loop against the same rules in plain Python, and against the arithmetic limit."""

import time
from collections.abc import Callable
from typing import Final

import numpy as np
from numba import njit

from benchmarks.field import GAME, dense, graph, pairing
from benchmarks.suite import Row, at_least
from game.batch import play_batch
from game.policies.bank import Policy, build_bank
from game.policies.dense import DensePolicy
from game.policies.graph import GraphPolicy
from tests.oracle.policies import NeatPlayer, NumpyDense
from tests.oracle.rally import OracleMatch

_PAIRS: Final = 1024
_ROUNDS: Final = 5

Decide = Callable[[list[float]], int]


class _MatchLoop:
    title = "Match loop on one core, both policies and all contact metrics included"

    def rows(self, *, is_quick: bool) -> list[Row]:
        """Alternate kernels and plain Python on the same matches; report the median of the paired ratios."""
        pairs = _PAIRS // 4 if is_quick else _PAIRS
        nets, graphs = (dense(1), dense(2)), (graph(1), graph(2))
        rows = [
            *_against_oracle("two dense 8-16-3 nets", nets, [NumpyDense(net).decide for net in nets], pairs, 300.0),
            *_against_oracle(
                "two graphs of 20 connections", graphs, [NeatPlayer(net).decide for net in graphs], pairs, 500.0
            ),
        ]
        multiply_add, divide = _arithmetic()
        for name, policies in (("dense", nets), ("graph", graphs)):
            limit = 1.0 / sum(_multiply_adds(p) / multiply_add + _divisions(p) / divide for p in policies)
            rate = _ticks_per_s(policies, pairs)
            rows.append(Row(f"{name}: arithmetic limit of the policies alone", limit / 1e6, "M ticks/s"))
            rows.append(Row(f"{name}: share of that limit", 100 * rate / limit, "%"))
        return rows


def _against_oracle(
    name: str, policies: tuple[Policy, Policy], decide: list[Decide], pairs: int, least: float
) -> list[Row]:
    kernel, oracle = [], []
    for _ in range(_ROUNDS):
        kernel.append(_ticks_per_s(policies, pairs))
        oracle.append(_oracle_ticks_per_s(decide))
    ratios = [fast / slow for fast, slow in zip(kernel, oracle, strict=True)]
    return [
        Row(f"{name}: compiled", float(np.median(kernel)) / 1e6, "M ticks/s"),
        Row(f"{name}: plain Python", float(np.median(oracle)) / 1e3, "k ticks/s"),
        at_least(f"{name}: ratio", float(np.median(ratios)), "x", least),
    ]


def _ticks_per_s(policies: tuple[Policy, Policy], pairs: int) -> float:
    bank, rows = build_bank(policies), pairing(0, 1, pairs)
    play_batch(GAME, bank, rows[:2])
    begin = time.perf_counter()
    results = play_batch(GAME, bank, rows)
    return float(results["ticks"].sum() / (time.perf_counter() - begin))


def _oracle_ticks_per_s(decide: list[Decide]) -> float:
    match = OracleMatch(int(pairing(0, 1, 1)["seed"][0]), 5, number=float)
    ticks = 0
    begin = time.perf_counter()
    while not match.is_over:
        match.step(decide[0](match.observe(0)), decide[1](match.observe(1)))
        ticks += 1
    return ticks / (time.perf_counter() - begin)


def _multiply_adds(policy: Policy) -> int:
    if isinstance(policy, DensePolicy):
        return sum(weight.size for weight in policy.weights)
    return len(policy.weight) if isinstance(policy, GraphPolicy) else 0


def _divisions(policy: Policy) -> int:
    """Return the divisions of the rational activations, one a hidden node."""
    if isinstance(policy, DensePolicy):
        return sum(len(bias) for bias in policy.biases[:-1])
    return int(np.count_nonzero(policy.activation == 2)) if isinstance(policy, GraphPolicy) else 0


@njit(error_model="numpy")
def _multiply_add_loop(x: np.ndarray, repeats: int) -> float:
    """Eight independent chains a lane, in registers: multiply and add, no fused operation, as the kernels do."""
    total = np.float32(0.0)
    for _ in range(repeats):
        for i in range(len(x)):
            v = x[i]
            a = v * v + v
            b = a * v + a
            c = b * v + b
            d = c * v + c
            e = v * a + b
            f = e * b + c
            g = f * c + d
            h = g * d + e
            x[i] = (h * np.float32(1e-3) + g) * np.float32(1e-3)
        total += x[0]
    return float(total)


@njit(error_model="numpy")
def _divide_loop(x: np.ndarray, repeats: int) -> float:
    for _ in range(repeats):
        for i in range(len(x)):
            x[i] = x[i] / (np.float32(1.0) + abs(x[i]))
    return float(x[0])


def _arithmetic() -> tuple[float, float]:
    """Return float32 multiply-adds and divisions a second of one core, measured with the same compiler."""
    x = np.full(64, 0.5, np.float32)
    _multiply_add_loop(x, 1)
    _divide_loop(x, 1)
    repeats = 200_000
    begin = time.perf_counter()
    _multiply_add_loop(x, repeats)
    middle = time.perf_counter()
    _divide_loop(np.full(64, 0.5, np.float32), repeats)
    end = time.perf_counter()
    return 10 * 64 * repeats / (middle - begin), 64 * repeats / (end - middle)


BENCHMARK: Final = _MatchLoop()
